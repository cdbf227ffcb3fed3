//! Two units with SIP between them: a circuit at either end.

use super::stand::{Settings, Stand};
use crate::config::Standard;

/// The unit where calls come in, and the one where they go out.
pub(super) struct Pair {
    pub(super) near: Stand,
    pub(super) far: Stand,
}

impl Pair {
    /// Two units that send each other ISUP.
    pub(super) fn new(standard: Standard) -> Self {
        Self::with(
            standard,
            Settings {
                trunk: "isup = \"mandatory\"\ntrusted = true",
                ..Settings::default()
            },
        )
    }

    /// The same with settings of both.
    pub(super) fn with(standard: Standard, settings: Settings) -> Self {
        let swapped = Settings {
            swapped: true,
            ..settings
        };
        Self {
            near: Stand::new(standard, settings),
            far: Stand::new(standard, swapped),
        }
    }

    /// Carries SIP to and fro until neither has anything to say.
    pub(super) fn carry(&mut self) {
        loop {
            if let Some(octets) = self.near.unheard() {
                self.far.user_says(octets);
            } else if let Some(octets) = self.far.unheard() {
                self.near.user_says(octets);
            } else {
                return;
            }
        }
    }

    /// Both ladders, when nothing was left unsaid and every circuit is idle.
    pub(super) fn over(self) -> String {
        let (near, far) = (self.near.over(), self.far.over());
        format!("The first gateway\n{near}\nThe second gateway\n{far}")
    }
}

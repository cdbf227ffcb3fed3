//! All profiles of a configuration, by name and by trunk.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::{DEFAULT, Missing, Profile};
use crate::config::profile::ProfileTable;
use crate::config::{Config, Environment, Refusal};

/// The files of `config/profiles`.
const BUILTIN: &[(&str, &str)] = &[
    (
        DEFAULT,
        include_str!("../../../config/profiles/rfc3398.toml"),
    ),
    (
        "q1912-5",
        include_str!("../../../config/profiles/q1912-5.toml"),
    ),
];

/// Profiles that cannot be used. The check of the configuration finds these first and says where
/// in the file they are.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// A file of `config/profiles` is wrong.
    #[error(transparent)]
    File(#[from] Refusal),
    /// A row is in no profile.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// A trunk or a profile names one that there is not.
    #[error("there is no profile `{name}`, named by {by}")]
    Unknown {
        /// The name.
        name: String,
        /// Who names it.
        by: String,
    },
    /// A profile inherits itself, perhaps by way of others.
    #[error("profile `{0}` inherits itself")]
    Circle(String),
}

/// All profiles of a configuration.
#[derive(Debug, Clone)]
pub struct Profiles {
    all: BTreeMap<Arc<str>, Arc<Profile>>,
    /// Of each trunk group.
    groups: Vec<Arc<Profile>>,
    /// Of each SIP trunk that names one.
    trunks: Vec<Option<Arc<Profile>>>,
    default: Arc<Profile>,
}

/// The names of the profiles that come with the gateway.
pub fn builtin_names() -> impl Iterator<Item = &'static str> + Clone {
    BUILTIN.iter().map(|(name, _)| *name)
}

/// The profiles that come with the gateway.
///
/// # Errors
/// None in practice: a test reads their files.
pub fn builtin() -> Result<Profiles, ProfileError> {
    Profiles::of_tables(&[])
}

/// The shipped tables, read once.
fn shipped() -> Result<&'static [ProfileTable], Refusal> {
    static SHIPPED: OnceLock<Vec<ProfileTable>> = OnceLock::new();
    if let Some(tables) = SHIPPED.get() {
        return Ok(tables);
    }
    let read = |(name, text): &(&str, &str)| {
        let file = format!("config/profiles/{name}.toml");
        crate::config::profile::read(&file, text, &Environment::new())
    };
    let tables = BUILTIN.iter().map(read).collect::<Result<_, _>>()?;
    Ok(SHIPPED.get_or_init(|| tables))
}

impl Profiles {
    /// The profiles of a configuration, and those that come with the gateway.
    ///
    /// # Errors
    /// [`ProfileError`] for the first that cannot be used; a configuration that was read has none.
    pub fn new(config: &Config) -> Result<Self, ProfileError> {
        let mut profiles = Self::of_tables(&config.profiles)?;
        let named = |name: &str, by: &str| {
            let found = profiles.all.get(name).cloned();
            found.ok_or_else(|| ProfileError::Unknown {
                name: name.to_owned(),
                by: format!("`{by}`"),
            })
        };
        let groups = config.trunk_groups.iter();
        let groups = groups.map(|group| named(&group.profile, &group.name));
        let groups = groups.collect::<Result<_, _>>()?;
        let trunks = config.sip_trunks.iter().map(|trunk| {
            let name = trunk.profile.as_deref();
            name.map(|name| named(name, &trunk.name)).transpose()
        });
        let trunks = trunks.collect::<Result<_, _>>()?;
        (profiles.groups, profiles.trunks) = (groups, trunks);
        Ok(profiles)
    }

    fn of_tables(configured: &[ProfileTable]) -> Result<Self, ProfileError> {
        let tables: Vec<&ProfileTable> = shipped()?.iter().chain(configured).collect();
        let mut all = BTreeMap::new();
        for table in &tables {
            let profile = Profile::compile(&chain(&tables, table)?)?;
            all.insert(Arc::clone(profile.name()), Arc::new(profile));
        }
        let default = all
            .get(DEFAULT)
            .cloned()
            .ok_or_else(|| ProfileError::Unknown {
                name: DEFAULT.to_owned(),
                by: "the gateway".to_owned(),
            })?;
        Ok(Self {
            all,
            groups: Vec::new(),
            trunks: Vec::new(),
            default,
        })
    }

    /// The profile of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<Profile>> {
        self.all.get(name)
    }

    /// All names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.all.keys().map(|name| &**name)
    }

    /// The profile of a call: that of its SIP trunk where it names one, else that of its trunk
    /// group once there is one, else the default. By their places in the configuration.
    #[must_use]
    pub fn of(&self, sip_trunk: Option<usize>, group: Option<usize>) -> &Arc<Profile> {
        let own = sip_trunk.and_then(|trunk| self.trunks.get(trunk)?.as_ref());
        own.or_else(|| self.groups.get(group?))
            .unwrap_or(&self.default)
    }
}

/// What a profile inherits unless it says otherwise; the root inherits nothing.
pub(crate) fn parent(table: &ProfileTable) -> Option<&str> {
    match &table.inherit {
        Some(name) => Some(name),
        None => (table.name != DEFAULT).then_some(DEFAULT),
    }
}

/// A profile with all that it inherits, the root first.
fn chain<'a>(
    tables: &[&'a ProfileTable],
    leaf: &'a ProfileTable,
) -> Result<Vec<&'a ProfileTable>, ProfileError> {
    let mut chain = vec![leaf];
    let mut here = leaf;
    while let Some(name) = parent(here) {
        here = tables
            .iter()
            .find(|table| table.name == name)
            .ok_or_else(|| ProfileError::Unknown {
                name: name.to_owned(),
                by: format!("profile `{}`", here.name),
            })?;
        if chain.iter().any(|table| table.name == here.name) {
            return Err(ProfileError::Circle(here.name.clone()));
        }
        chain.push(here);
    }
    chain.reverse();
    Ok(chain)
}

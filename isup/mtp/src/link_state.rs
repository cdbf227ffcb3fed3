//! What a link tells of itself: the state with its reasons, and the changes as they happen.

use std::fmt;
use std::time::{Duration, Instant};

use crate::{NetworkIndicator, PointCode, Slc, mtp2, mtp3};

/// State of a signalling link as level 3 sees it (Q.704 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Activity {
    /// Not activated.
    Inactive,
    /// Level 2 aligns and proves.
    Aligning,
    /// In service at level 2; the signalling link test has not passed yet.
    Testing,
    /// Available for user traffic unless blocked or inhibited.
    Active,
    /// Failed; T17 runs before the next attempt.
    Waiting,
}

impl fmt::Display for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inactive => "inactive",
            Self::Aligning => "aligning",
            Self::Testing => "testing",
            Self::Active => "active",
            Self::Waiting => "waiting",
        })
    }
}

/// A timer of either level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimerName {
    /// A level 2 timer.
    Level2(mtp2::Timer),
    /// A level 3 timer.
    Level3(mtp3::Timer),
}

impl fmt::Display for TimerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Level2(timer) => write!(f, "MTP2 {timer}"),
            Self::Level3(timer) => write!(f, "MTP3 {timer}"),
        }
    }
}

/// What happened to a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimerEvent {
    /// Started, or started again, for this long.
    Started(Duration),
    /// Stopped before it ran out.
    Stopped,
    /// Ran out.
    Expired,
}

/// Why a link left service or did not reach it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// Level 2 gave the link up.
    Level2(mtp2::FailureReason),
    /// Two signalling link tests in a row failed (Q.707 §2.2).
    LinkTest,
    /// The neighbour declared the link failed (changeover order received).
    FarEnd,
    /// Deactivated by management.
    Management,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Level2(reason) => reason.fmt(f),
            Self::LinkTest => f.write_str("two signalling link tests failed"),
            Self::FarEnd => f.write_str("changeover ordered by the neighbour"),
            Self::Management => f.write_str("deactivated by management"),
        }
    }
}

/// A sign of a usual mistake in the configuration of this node or of its neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hint {
    /// Messages carry another network indicator.
    NetworkIndicator {
        /// Bits of the indicator seen, 0 to 3.
        seen: u8,
        /// Bits of the one configured.
        configured: u8,
    },
    /// A link test comes from another point than the configured neighbour.
    AdjacentPointCode {
        /// OPC seen.
        seen: PointCode,
        /// The neighbour configured.
        configured: PointCode,
    },
    /// A link test is meant for another point than this one.
    OwnPointCode {
        /// DPC seen.
        seen: PointCode,
        /// The point code configured.
        configured: PointCode,
    },
    /// A link test carries another signalling link code: links crossed or numbered differently.
    LinkCode {
        /// SLC seen.
        seen: Slc,
        /// The SLC configured.
        configured: Slc,
    },
    /// Signal units arrive, but in error: line coding, inverted or restricted timeslot, or no
    /// signalling link on this timeslot at all.
    OnlyErrors,
    /// The far end stays silent: nothing but idle line.
    Silence,
}

impl Hint {
    pub(crate) fn network_indicator(seen: NetworkIndicator, configured: NetworkIndicator) -> Self {
        Self::NetworkIndicator {
            seen: seen.code(),
            configured: configured.code(),
        }
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NetworkIndicator { seen, configured } => {
                let (seen, configured) = (
                    NetworkIndicator::from_code(seen),
                    NetworkIndicator::from_code(configured),
                );
                write!(
                    f,
                    "the far end sends network indicator {seen}, configured is {configured}"
                )
            }
            Self::AdjacentPointCode { seen, configured } => {
                write!(
                    f,
                    "the link test comes from {seen}, configured neighbour is {configured}"
                )
            }
            Self::OwnPointCode { seen, configured } => {
                write!(
                    f,
                    "the link test is addressed to {seen}, this point is {configured}"
                )
            }
            Self::LinkCode { seen, configured } => {
                write!(
                    f,
                    "the link test carries SLC {seen}, configured is {configured}"
                )
            }
            Self::OnlyErrors => f.write_str("signal units arrive only in error"),
            Self::Silence => f.write_str("no signal unit ever arrived"),
        }
    }
}

/// Something happened at a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkChange {
    /// Level 2 (link state control) changed its state.
    Level2 {
        /// State before.
        from: mtp2::State,
        /// State now.
        to: mtp2::State,
    },
    /// Level 3 changed its view of the link.
    Activity {
        /// State before.
        from: Activity,
        /// State now.
        to: Activity,
        /// Why, when it is a failure.
        cause: Option<Cause>,
    },
    /// Processor outage at this end or the far end began (true) or ended (false).
    Blocked(bool),
    /// The link was inhibited (true) or uninhibited (false).
    Inhibited(bool),
    /// Inhibition or its end was refused or not answered.
    InhibitionDenied,
    /// The transmission queue passed the onset (true) or abatement (false) threshold.
    Congested(bool),
    /// So many messages for the link were given up where the standard has no way to save them:
    /// sent, but not acknowledged when no changeover acknowledgement came (Q.704 §5.6, §5.7.2), or
    /// without another route (§5.3.3).
    Discarded(usize),
    /// A timer was started, stopped or ran out.
    Timer(TimerName, TimerEvent),
    /// A management or test message went out; acronym of the Recommendation.
    Sent(&'static str),
    /// A management or test message came in; acronym of the Recommendation.
    Received(&'static str),
    /// A sign of a misconfiguration was seen for the first time since the link was activated.
    Hint(Hint),
}

impl fmt::Display for LinkChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on = |on: bool| if on { "begins" } else { "ends" };
        match self {
            Self::Level2 { from, to } => write!(f, "level 2: {from} -> {to}"),
            Self::Activity {
                from,
                to,
                cause: None,
            } => write!(f, "{from} -> {to}"),
            Self::Activity {
                from,
                to,
                cause: Some(cause),
            } => {
                write!(f, "{from} -> {to}: {cause}")
            }
            Self::Blocked(state) => write!(f, "processor outage {}", on(*state)),
            Self::Inhibited(state) => write!(f, "inhibition {}", on(*state)),
            Self::InhibitionDenied => f.write_str("inhibition or its end was denied"),
            Self::Congested(state) => write!(f, "congestion {}", on(*state)),
            Self::Discarded(count) => write!(f, "messages given up: {count}"),
            Self::Timer(timer, TimerEvent::Started(duration)) => {
                write!(f, "{timer} started ({duration:?})")
            }
            Self::Timer(timer, TimerEvent::Stopped) => write!(f, "{timer} stopped"),
            Self::Timer(timer, TimerEvent::Expired) => write!(f, "{timer} expired"),
            Self::Sent(acronym) => write!(f, "{acronym} sent"),
            Self::Received(acronym) => write!(f, "{acronym} received"),
            Self::Hint(hint) => write!(f, "check the configuration: {hint}"),
        }
    }
}

/// Why a link is in the state it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkState {
    /// Level 3's view.
    pub activity: Activity,
    /// Level 2's state.
    pub level2: mtp2::State,
    /// Carries user traffic now: active, neither blocked nor inhibited.
    pub available: bool,
    /// Processor outage at either end.
    pub blocked: bool,
    /// Inhibited at this end or the far end.
    pub inhibited: bool,
    /// When the state was entered; `None` before the node was started.
    pub since: Option<Instant>,
    /// The change that led here, timers aside.
    pub last_event: Option<LinkChange>,
    /// The last failure.
    pub last_failure: Option<Cause>,
    /// Timers that run, and until when.
    pub timers: Vec<(TimerName, Instant)>,
    /// Signs of misconfiguration seen since the link was last activated or in service.
    pub hints: Vec<Hint>,
    /// What level 2 counted since the start.
    pub counters: mtp2::Counters,
}

impl fmt::Display for LinkState {
    /// One line for humans: state, what is awaited, last event, hints.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (level 2: {})", self.activity, self.level2)?;
        if self.blocked {
            f.write_str(", blocked by processor outage")?;
        }
        if self.inhibited {
            f.write_str(", inhibited")?;
        }
        for (timer, _) in &self.timers {
            write!(f, ", {timer} runs")?;
        }
        if let Some(event) = &self.last_event {
            write!(f, "; last event: {event}")?;
        }
        if let Some(cause) = self.last_failure {
            write!(f, "; last failure: {cause}")?;
        }
        for hint in &self.hints {
            write!(f, "; check: {hint}")?;
        }
        Ok(())
    }
}

//! The demo's two configurations: the gateway's and the lab's.

use std::net::SocketAddr;

use crate::config::{self, Config, Environment, Refusal};
use crate::recorder::Source;

/// Numbers of the demo, from ranges kept for fiction.
pub mod numbers {
    /// Echoes what it hears.
    pub const ECHO: &str = "+49305550001";
    /// Is busy.
    pub const BUSY: &str = "+49305550004";
    /// An announcement without answer.
    pub const ANNOUNCEMENT: &str = "+49305550005";
    /// Rings for ever.
    pub const RING: &str = "+49305550003";
    /// Calls the SIP user.
    pub const CALLER: &str = "+49305550007";
    /// Nobody has it.
    pub const UNALLOCATED: &str = "+49305550099";
    /// The SIP user.
    pub const SIP_USER: &str = "+49305550100";
}

/// The timeslots of an E1 that carry circuits.
pub const TIMESLOTS: &str = "1-15,17-31";

/// Where everything of a demo listens and writes.
#[derive(Debug, Clone)]
pub struct Places {
    /// The gateway's SIP address.
    pub sip: SocketAddr,
    /// The SIP user's address.
    pub user: SocketAddr,
    /// First and last UDP port of the gateway's RTP.
    pub rtp: (u16, u16),
    /// Call records.
    pub records: Option<std::path::PathBuf>,
    /// Capture.
    pub capture: Option<std::path::PathBuf>,
}

/// The gateway's file.
#[must_use]
pub fn gateway(places: &Places) -> Source {
    let file = |section: &str, path: &Option<std::path::PathBuf>| match path {
        Some(path) => format!("[{section}]\nfile = {:?}\n", path.display().to_string()),
        None => String::new(),
    };
    let text = format!(
        r#"# What `isthmus demo` runs: one E1 to an exchange, one SIP user.
[gateway]
mask_numbers = false
drain = "2s"
seed = 1

[sip]
listen = "udp:{sip}"

[rtp]
address = "127.0.0.1"
ports = "{first}-{last}"
jitter_min = "60ms"

{records}{capture}
[[span]]
name = "e1"
driver = "emulator"
path = "in-process"
role = "listen"

[[linkset]]
name = "to-exchange"
point_code = "2-10-1"
adjacent = "2-10-5"
link = [{{ span = "e1", timeslot = 16, slc = 0 }}]

[[trunk_group]]
name = "exchange"
linkset = "to-exchange"
span = "e1"
timeslots = "1-15,17-31"
country_code = "49"
tones = "de"

[[sip_trunk]]
name = "user"
address = "{user}"
isup = "optional"
reliable = "supported"
codecs = ["pcma"]

[[rule]]
name = "berlin"
prefix = "+4930555"
from = ["user"]
to = ["exchange"]

[[rule]]
name = "sip-user"
prefix = "+493055501"
from = ["exchange"]
to = ["user"]
"#,
        sip = places.sip,
        user = places.user,
        first = places.rtp.0,
        last = places.rtp.1,
        records = file("records", &places.records),
        capture = file("capture", &places.capture),
    );
    Source {
        text,
        environment: Environment::new(),
        ..Source::default()
    }
}

/// The gateway's configuration.
///
/// # Errors
/// None in practice: a test reads it.
pub fn gateway_config(source: &Source) -> Result<Config, Refusal> {
    Config::parse("demo", &source.text, &source.environment)
}

/// The lab's configuration.
///
/// # Errors
/// None in practice: a test reads it.
pub fn lab_config() -> Result<lab::config::Config, Refusal> {
    lab_config_with(TIMESLOTS)
}

/// The lab's configuration with circuits on these timeslots.
///
/// # Errors
/// When they are none.
pub fn lab_config_with(timeslots: &str) -> Result<lab::config::Config, Refusal> {
    let text = LAB.replace(TIMESLOTS, timeslots);
    config::lab::parse("demo lab", &text, &Environment::new())
}

const LAB: &str = r#"
[lab]
name = "exchange"
country = "de"
country_code = "49"

[[span]]
name = "e1"
driver = "emulator"
path = "in-process"
role = "connect"

[[linkset]]
name = "to-gateway"
point_code = "2-10-5"
adjacent = "2-10-1"
link = [{ span = "e1", timeslot = 16, slc = 0 }]

[[circuits]]
linkset = "to-gateway"
span = "e1"
timeslots = "1-15,17-31"

[[subscriber]]
number = "+49305550001"
behaviour = "echo"
answer_after = "7s"

[[subscriber]]
number = "+49305550003"
behaviour = "ring"

[[subscriber]]
number = "+49305550004"
behaviour = "busy"

[[subscriber]]
number = "+49305550005"
behaviour = "announcement"
duration = "3s"
cause = 31

[[subscriber]]
number = "+49305550007"
behaviour = "caller"
calls = "+49305550100"

[[subscriber]]
number = "+49305550099"
behaviour = "unallocated"
"#;

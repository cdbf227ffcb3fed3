//! ISUP without I/O: the lossless codec of Q.763 and ANSI T1.113.
//!
//! [`Message`] keeps the octets of a message as they came and reads [`parameter`]s from them on
//! demand; [`cause`] is the table of Q.850.
//!
//! ```
//! use isup::{Cause, Location, Message, MessageType};
//!
//! let release = Message::new(MessageType::Rel).with(Cause::new(16, Location::PublicNetworkRemoteUser));
//! assert_eq!(release.to_vec(), [0x0C, 0x02, 0x00, 0x02, 0x84, 0x90]);
//! ```

pub mod cause;
pub mod circuit;
pub mod explain;
pub mod hex;
pub mod json;
pub mod message;
pub mod node;
pub mod parameter;

mod cic;
mod error;
mod variant;

pub use cause::Location;
pub use cic::{Cic, CircuitId};
pub use error::{DecodeError, EncodeError, PointsTo};
pub use explain::{Begins, decode_tree};
pub use message::{Mask, Message, MessageType};
pub use parameter::{
    Describe, Digits, DigitsError, Field, MOST_DIGITS, Parameter, ParameterCode, ST, Value,
    address::*, ansi::*, application::*, bearer::*, call::*, cause::*, circuit::*,
    compatibility::*, network::*, number::*, redirection::*, service::*, user::*,
};
pub use variant::{UnknownVariant, Variant};

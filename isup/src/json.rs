//! Messages as JSON, by serde: every accepted message goes there and comes back octet by octet.
//!
//! ```json
//! { "message": "RLC", "code": 16, "variant": "itu", "parameters": [
//!     { "name": "cause indicators", "code": 18, "part": "optional", "content": "8490",
//!       "fields": [ { "name": "cause value", "value": 16, "meaning": "normal call clearing" } ] } ] }
//! ```
//!
//! The octets are in `content`, which may be changed; `name` and `fields` tell what they mean and
//! are not read. A message that is not laid out as this crate would do it (pointers in another
//! order, unused octets) also has its `octets`: they count, and must agree with the parameters.

use serde::{Deserialize, Serialize};

use crate::{
    cic::Cic,
    error::{DecodeError, EncodeError},
    explain::{self, Begins},
    hex::{self, HexError},
    message::{Message, MessageType, Part, PartKind},
    parameter::{self, Field, ParameterCode, Value},
    variant::Variant,
};

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JsonMessage {
    /// The acronym, "IAM"; for the reader.
    #[serde(default)]
    pub message: String,
    /// The message type octet.
    pub code: u8,
    /// The variant.
    #[serde(default)]
    pub variant: Variant,
    /// The circuit identification code, when it stands before the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cic: Option<u16>,
    /// The parameters in the order of [`Message::parts`].
    #[serde(default)]
    pub parameters: Vec<JsonParameter>,
    /// What follows the message type of a message without parameters, in hexadecimal figures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The octets after the end of the message, in hexadecimal figures.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub trailing: String,
    /// All octets from the message type octet on, where the rest does not tell their layout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub octets: Option<String>,
}

/// A parameter of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JsonParameter {
    /// The name in the Recommendation; for the reader.
    #[serde(default)]
    pub name: String,
    /// The parameter name octet.
    pub code: u8,
    /// The part of the message it stands in.
    pub part: JsonPart,
    /// The content in hexadecimal figures.
    pub content: String,
    /// What the content means; for the reader.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<JsonField>,
    /// Why the content could not be read; for the reader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrong: Option<String>,
}

/// The part of a message, as [`PartKind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JsonPart {
    /// Mandatory fixed.
    Fixed,
    /// Mandatory variable.
    Variable,
    /// Optional.
    Optional,
}

/// A field of a parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JsonField {
    /// The name in the Recommendation.
    pub name: String,
    /// Its value.
    pub value: JsonValue,
    /// The meaning of a coded value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meaning: Option<String>,
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum JsonValue {
    /// An indicator.
    Flag(bool),
    /// A number or a code.
    Number(u64),
    /// Digits, characters, or octets as hexadecimal figures.
    Text(String),
    /// Fields that belong together.
    Group(Vec<JsonField>),
}

/// Why JSON is not a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// Hexadecimal figures are wrong.
    #[error("{what}: {error}")]
    Hex {
        /// Where they stand.
        what: String,
        /// What is wrong.
        error: HexError,
    },
    /// The message cannot carry a parameter.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The octets are no message.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// `octets` is another message than the rest says.
    #[error("octets and {what} do not agree: remove octets to have the message laid out anew")]
    Disagree {
        /// What disagrees.
        what: String,
    },
}

impl JsonMessage {
    /// The JSON of octets.
    ///
    /// # Errors
    /// When the parts of the message cannot be told apart.
    pub fn decode(octets: &[u8], variant: Variant, begins: Begins) -> Result<Self, DecodeError> {
        let (cic, message) = explain::decode(octets, variant, begins)?;
        Ok(Self {
            cic: cic.map(|Cic(cic)| cic),
            ..Self::from(&message)
        })
    }

    /// The octets, from the circuit identification code on when there is one.
    ///
    /// # Errors
    /// When this is no message that can be sent, see [`JsonError`].
    pub fn encode(&self) -> Result<Vec<u8>, JsonError> {
        let message = self.to_message()?;
        Ok(match self.cic {
            Some(cic) => message.encode_sif(Cic(cic)),
            None => message.to_vec(),
        })
    }

    /// The message.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn to_message(&self) -> Result<Message, JsonError> {
        let Some(octets) = &self.octets else {
            return self.laid_out();
        };
        let message = Message::decode_variant(&read("octets", octets)?, self.variant)?;
        let octets_say = Self::from(&message);
        let disagree = |what: &str| {
            Err(JsonError::Disagree {
                what: what.to_owned(),
            })
        };
        if octets_say.code != self.code {
            return disagree("code");
        }
        let content = |all: &[JsonParameter]| {
            all.iter()
                .map(|p| (p.code, hex::read(&p.content)))
                .collect::<Vec<_>>()
        };
        if content(&octets_say.parameters) != content(&self.parameters) {
            return disagree("parameters");
        }
        Ok(message)
    }

    /// The message laid out from its parameters in their order.
    fn laid_out(&self) -> Result<Message, JsonError> {
        let kind = MessageType::from_code(self.code);
        let mut octets = vec![self.code];
        match &self.body {
            Some(body) => octets.extend(read("body", body)?),
            None => {
                let mut message = Message::new_variant(kind, self.variant);
                for parameter in &self.parameters {
                    let code = ParameterCode(parameter.code);
                    let content = read(code.name(), &parameter.content)?;
                    match parameter.part {
                        JsonPart::Optional => message.push_content(code, &content)?,
                        JsonPart::Fixed | JsonPart::Variable => {
                            message.set_content(code, &content)?;
                        }
                    }
                }
                message.check()?;
                octets = message.to_vec();
            }
        }
        octets.extend(read("trailing", &self.trailing)?);
        Ok(Message::decode_variant(&octets, self.variant)?)
    }
}

fn read(what: &str, figures: &str) -> Result<Vec<u8>, JsonError> {
    hex::read(figures).map_err(|error| JsonError::Hex {
        what: what.to_owned(),
        error,
    })
}

impl From<&Message> for JsonMessage {
    fn from(message: &Message) -> Self {
        let kind = message.message_type();
        let mut json = Self {
            message: kind.acronym().to_owned(),
            code: kind.code(),
            variant: message.variant(),
            cic: None,
            parameters: message.parts().map(JsonParameter::from).collect(),
            body: message.opaque().map(hex::write),
            trailing: hex::write(message.trailing()),
            octets: None,
        };
        if json.laid_out().as_ref() != Ok(message) {
            json.octets = Some(hex::write(message.octets()));
        }
        json
    }
}

impl From<Part<'_>> for JsonParameter {
    fn from(part: Part<'_>) -> Self {
        let described = parameter::row(part.code).map(|row| (row.describe)(part.content));
        let (fields, wrong) = match described {
            None => (Vec::new(), None),
            Some(Ok(fields)) => (fields.iter().map(JsonField::from).collect(), None),
            Some(Err(error)) => (Vec::new(), Some(error.based(part.offset).to_string())),
        };
        Self {
            name: part.code.name().to_owned(),
            code: part.code.0,
            part: match part.kind {
                PartKind::Fixed => JsonPart::Fixed,
                PartKind::Variable => JsonPart::Variable,
                PartKind::Optional => JsonPart::Optional,
            },
            content: hex::write(part.content),
            fields,
            wrong,
        }
    }
}

impl From<&Field> for JsonField {
    fn from(Field { name, value }: &Field) -> Self {
        let (value, meaning) = match value {
            Value::Flag(set) => (JsonValue::Flag(*set), None),
            Value::Number(number) => (JsonValue::Number(*number), None),
            Value::Coded(code, meaning) => (
                JsonValue::Number(u64::from(*code)),
                Some((*meaning).to_owned()),
            ),
            Value::Digits(digits) => (JsonValue::Text(digits.to_string()), None),
            Value::Text(text) => (JsonValue::Text(text.clone()), None),
            Value::Octets(octets) => (JsonValue::Text(hex::write(octets)), None),
            Value::Group(fields) => (
                JsonValue::Group(fields.iter().map(Self::from).collect()),
                None,
            ),
        };
        Self {
            name: (*name).to_owned(),
            value,
            meaning,
        }
    }
}

//! Compatibility information (§3.33, §3.41): what an exchange shall do with a message or a
//! parameter that it does not know (Q.764 §2.9.5).

use super::{Describe, Field, Parameter, ParameterCode};
use crate::error::DecodeError;

bitflags::bitflags! {
    /// First instruction octet of a message (§3.33). Bits A to E are the same for a parameter.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct MessageInstruction: u8 {
        /// Bit A: interpreted at end nodes only; clear: also at transit exchanges.
        const END_NODE_INTERPRETATION = 1 << 0;
        /// Bit B: release the call.
        const RELEASE_CALL = 1 << 1;
        /// Bit C: send notification (confusion message).
        const SEND_NOTIFICATION = 1 << 2;
        /// Bit D: discard the message; clear: pass it on.
        const DISCARD_MESSAGE = 1 << 3;
        /// Bit E: where passing on is not possible, discard; clear: release the call.
        const PASS_ON_NOT_POSSIBLE_DISCARD = 1 << 4;
    }
}

bitflags::bitflags! {
    /// First instruction octet of a parameter (§3.41).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct ParameterInstruction: u8 {
        /// Bit A: interpreted at end nodes only; clear: also at transit exchanges.
        const END_NODE_INTERPRETATION = 1 << 0;
        /// Bit B: release the call.
        const RELEASE_CALL = 1 << 1;
        /// Bit C: send notification (confusion message).
        const SEND_NOTIFICATION = 1 << 2;
        /// Bit D: discard the message.
        const DISCARD_MESSAGE = 1 << 3;
        /// Bit E: discard the parameter; clear: pass it on.
        const DISCARD_PARAMETER = 1 << 4;
        /// Bits GF 01: where passing on is not possible, discard the message.
        const PASS_ON_NOT_POSSIBLE_DISCARD_MESSAGE = 1 << 5;
        /// Bits GF 10: where passing on is not possible, discard the parameter.
        const PASS_ON_NOT_POSSIBLE_DISCARD_PARAMETER = 1 << 6;
    }
}

/// The extension bit: set in the last octet of an instruction.
const LAST: u8 = 0x80;

/// Message compatibility information (§3.33).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageCompatibilityInformation {
    /// The instruction for narrowband exchanges.
    pub instruction: MessageInstruction,
    /// Broadband/narrowband interworking, bits GF: 0 pass on, 1 discard message, 2 release call.
    pub broadband: u8,
    /// Further instruction octets, as they came.
    pub more: Vec<u8>,
}

impl Parameter for MessageCompatibilityInformation {
    const CODE: ParameterCode = ParameterCode::MESSAGE_COMPATIBILITY_INFORMATION;

    fn decode(content: &[u8]) -> Result<Self, DecodeError> {
        let (&first, more) = content.split_first().ok_or(DecodeError::Length {
            parameter: Self::CODE,
            offset: 0,
            found: 0,
            expected: "at least 1",
        })?;
        Ok(Self {
            instruction: MessageInstruction::from_bits_truncate(first),
            broadband: first >> 5 & 3,
            more: more.to_vec(),
        })
    }

    fn encode(&self, to: &mut Vec<u8>) {
        let last = if self.more.is_empty() { LAST } else { 0 };
        to.push(self.instruction.bits() & 0x1F | (self.broadband & 3) << 5 | last);
        to.extend_from_slice(&self.more);
    }
}

impl Describe for MessageCompatibilityInformation {
    fn describe(&self) -> Vec<Field> {
        use MessageInstruction as I;
        let has = |flag| self.instruction.contains(flag);
        let mut fields = vec![
            Field::flag("end node interpretation", has(I::END_NODE_INTERPRETATION)),
            Field::flag("release call", has(I::RELEASE_CALL)),
            Field::flag("send notification", has(I::SEND_NOTIFICATION)),
            Field::flag("discard message", has(I::DISCARD_MESSAGE)),
            Field::flag(
                "discard where pass on is not possible",
                has(I::PASS_ON_NOT_POSSIBLE_DISCARD),
            ),
            Field::number("broadband/narrowband interworking", self.broadband),
        ];
        if !self.more.is_empty() {
            fields.push(Field::octets("further octets", &self.more));
        }
        fields
    }
}

/// The instruction for one parameter in [`ParameterCompatibilityInformation`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpgradedParameter {
    /// The parameter that the instruction is about.
    pub parameter: ParameterCode,
    /// The instruction for narrowband exchanges.
    pub instruction: ParameterInstruction,
    /// Further instruction octets (broadband/narrowband interworking), as they came.
    pub more: Vec<u8>,
}

/// Parameter compatibility information (§3.41): an instruction for each parameter it names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParameterCompatibilityInformation(pub Vec<UpgradedParameter>);

impl ParameterCompatibilityInformation {
    /// The instruction for a parameter; `None` when this says nothing about it.
    #[must_use]
    pub fn of(&self, parameter: ParameterCode) -> Option<ParameterInstruction> {
        self.0
            .iter()
            .find(|upgraded| upgraded.parameter == parameter)
            .map(|u| u.instruction)
    }
}

impl Parameter for ParameterCompatibilityInformation {
    const CODE: ParameterCode = ParameterCode::PARAMETER_COMPATIBILITY_INFORMATION;

    fn decode(content: &[u8]) -> Result<Self, DecodeError> {
        let mut all = Vec::new();
        let mut rest = content;
        while let Some((&name, after)) = rest.split_first() {
            // The instruction ends with the first octet whose extension bit is set.
            let length = after
                .iter()
                .position(|octet| octet & LAST != 0)
                .map_or(after.len(), |at| at + 1);
            let (instruction, after) = after.split_at(length);
            let (&first, more) = instruction.split_first().ok_or(DecodeError::Length {
                parameter: Self::CODE,
                offset: content.len(),
                found: content.len(),
                expected: "an instruction octet after each parameter name",
            })?;
            all.push(UpgradedParameter {
                parameter: ParameterCode(name),
                instruction: ParameterInstruction::from_bits_truncate(first),
                more: more.to_vec(),
            });
            rest = after;
        }
        Ok(Self(all))
    }

    fn encode(&self, to: &mut Vec<u8>) {
        for upgraded in &self.0 {
            let last = if upgraded.more.is_empty() { LAST } else { 0 };
            to.extend([upgraded.parameter.0, upgraded.instruction.bits() | last]);
            to.extend_from_slice(&upgraded.more);
        }
    }
}

impl Describe for ParameterCompatibilityInformation {
    fn describe(&self) -> Vec<Field> {
        use ParameterInstruction as I;
        let one = |upgraded: &UpgradedParameter| {
            let has = |flag| upgraded.instruction.contains(flag);
            let code = upgraded.parameter;
            let mut fields = vec![
                Field::coded("upgraded parameter", code.0, code.name()),
                Field::flag("end node interpretation", has(I::END_NODE_INTERPRETATION)),
                Field::flag("release call", has(I::RELEASE_CALL)),
                Field::flag("send notification", has(I::SEND_NOTIFICATION)),
                Field::flag("discard message", has(I::DISCARD_MESSAGE)),
                Field::flag("discard parameter", has(I::DISCARD_PARAMETER)),
                Field::number("pass on not possible", upgraded.instruction.bits() >> 5 & 3),
            ];
            if !upgraded.more.is_empty() {
                fields.push(Field::octets("further octets", &upgraded.more));
            }
            Field::group("instruction", fields)
        };
        self.0.iter().map(one).collect()
    }
}

//! Parameters of circuit supervision: range and status, circuit group supervision message type,
//! circuit state.

use super::{
    Describe, Field, Parameter, ParameterCode,
    coded::{coded, indicators},
    first_octets,
};
use crate::error::DecodeError;

/// Range and status (§3.43): a row of circuits, and one bit for each of them in some messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeAndStatus {
    /// Circuits after the one that the message names: the row has `range` + 1 circuits.
    pub range: u8,
    /// The status octets; bit A of the first belongs to the circuit that the message names.
    /// Empty in GRS and CQM.
    pub status: Vec<u8>,
}

impl RangeAndStatus {
    /// A row of `range` + 1 circuits without status, for GRS and CQM.
    #[must_use]
    pub const fn range(range: u8) -> Self {
        Self {
            range,
            status: Vec::new(),
        }
    }

    /// A row of `range` + 1 circuits with all status bits 0, for CGB, CGU, their
    /// acknowledgements and GRA.
    #[must_use]
    pub fn cleared(range: u8) -> Self {
        Self {
            range,
            status: vec![0; (usize::from(range) + 1).div_ceil(8)],
        }
    }

    /// Circuits in the row.
    #[must_use]
    pub fn circuits(&self) -> usize {
        usize::from(self.range) + 1
    }

    /// The status bit of the circuit `place` after the first; false where there is no octet for it.
    #[must_use]
    pub fn status(&self, place: usize) -> bool {
        self.status
            .get(place / 8)
            .is_some_and(|octet| octet & (1 << (place % 8)) != 0)
    }

    /// Sets the status bit of the circuit `place` after the first, if the row reaches so far.
    pub fn set_status(&mut self, place: usize, status: bool) {
        if let Some(octet) = self.status.get_mut(place / 8) {
            let bit = 1 << (place % 8);
            *octet = if status { *octet | bit } else { *octet & !bit };
        }
    }
}

impl Parameter for RangeAndStatus {
    const CODE: ParameterCode = ParameterCode::RANGE_AND_STATUS;

    fn decode(content: &[u8]) -> Result<Self, DecodeError> {
        let [range] = first_octets(Self::CODE, content)?;
        let status = content.get(1..).unwrap_or_default();
        let needed = (usize::from(range) + 1).div_ceil(8);
        if !status.is_empty() && status.len() < needed {
            return Err(DecodeError::Length {
                parameter: Self::CODE,
                offset: 0,
                found: content.len(),
                expected: "the range octet, and no status or one bit for each circuit of the range",
            });
        }
        Ok(Self {
            range,
            status: status.to_vec(),
        })
    }

    fn encode(&self, to: &mut Vec<u8>) {
        to.push(self.range);
        to.extend_from_slice(&self.status);
    }
}

impl Describe for RangeAndStatus {
    fn describe(&self) -> Vec<Field> {
        let mut fields = vec![Field::number("range", self.range)];
        if !self.status.is_empty() {
            let bits = (0..self.circuits()).map(|place| if self.status(place) { '1' } else { '0' });
            fields.push(Field::text("status, first circuit first", bits.collect()));
        }
        fields
    }
}

coded! {
    /// Circuit group supervision message type indicator (§3.13, bits BA).
    SupervisionType {
        Maintenance = 0 => "maintenance oriented",
        HardwareFailure = 1 => "hardware failure oriented",
    }
}

indicators! {
    /// Circuit group supervision message type (§3.13).
    CircuitGroupSupervisionType(u8) = CIRCUIT_GROUP_SUPERVISION_MESSAGE_TYPE {
        fn kind, with_kind: SupervisionType = 0, 2 => "message type indicator";
    }
}

impl CircuitGroupSupervisionType {
    /// Maintenance oriented.
    pub const MAINTENANCE: Self = Self::from_bits_retain(0);
    /// Hardware failure oriented.
    pub const HARDWARE_FAILURE: Self = Self::from_bits_retain(1);
}

coded! {
    /// Call processing state (§3.14, bits DC), or equipped or not where that is 0.
    CallProcessingState {
        NotIdleOrUnequipped = 0 => "transient or unequipped",
        IncomingBusy = 1 => "circuit incoming busy",
        OutgoingBusy = 2 => "circuit outgoing busy",
        Idle = 3 => "idle",
    }
}

coded! {
    /// Blocking of one kind on a circuit (§3.14, bits BA maintenance, bits FE hardware).
    BlockingState {
        None = 0 => "no blocking (active)",
        Local = 1 => "locally blocked",
        Remote = 2 => "remotely blocked",
        Both = 3 => "locally and remotely blocked",
    }
}

/// The state of one circuit (§3.14), one octet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CircuitState(pub u8);

impl CircuitState {
    /// Transient: neither idle nor in a stable state (bits DCBA 0000).
    pub const TRANSIENT: Self = Self(0x00);
    /// Unequipped (bits DCBA 0011).
    pub const UNEQUIPPED: Self = Self(0x03);

    /// A circuit in this call processing state with these blockings.
    #[must_use]
    pub const fn new(
        call: CallProcessingState,
        maintenance: BlockingState,
        hardware: BlockingState,
    ) -> Self {
        Self((call.code() & 3) << 2 | maintenance.code() & 3 | (hardware.code() & 3) << 4)
    }

    /// The call processing state, bits DC.
    #[must_use]
    pub const fn call(self) -> CallProcessingState {
        CallProcessingState::from_code(self.0 >> 2 & 3)
    }

    /// The maintenance blocking state, bits BA, where there is a call processing state.
    #[must_use]
    pub const fn maintenance_blocking(self) -> BlockingState {
        BlockingState::from_code(self.0 & 3)
    }

    /// The hardware blocking state, bits FE.
    #[must_use]
    pub const fn hardware_blocking(self) -> BlockingState {
        BlockingState::from_code(self.0 >> 4 & 3)
    }
}

/// Circuit state indicator (§3.14): the states of a row of circuits, first circuit first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CircuitStateIndicator(pub Vec<CircuitState>);

impl Parameter for CircuitStateIndicator {
    const CODE: ParameterCode = ParameterCode::CIRCUIT_STATE_INDICATOR;

    fn decode(content: &[u8]) -> Result<Self, DecodeError> {
        let [_] = first_octets(Self::CODE, content)?;
        Ok(Self(content.iter().copied().map(CircuitState).collect()))
    }

    fn encode(&self, to: &mut Vec<u8>) {
        to.extend(self.0.iter().map(|state| state.0));
    }
}

impl Describe for CircuitStateIndicator {
    fn describe(&self) -> Vec<Field> {
        let state = |state: &CircuitState| {
            let fields = match *state {
                CircuitState(octet) if octet & 0xF == 0 => {
                    vec![Field::coded("state", octet, "transient")]
                }
                CircuitState(octet) if octet & 0xF == 3 => {
                    vec![Field::coded("state", octet, "unequipped")]
                }
                state => {
                    let call = state.call();
                    let maintenance = state.maintenance_blocking();
                    let hardware = state.hardware_blocking();
                    vec![
                        Field::coded("call processing state", call.code(), call.name()),
                        Field::coded(
                            "maintenance blocking",
                            maintenance.code(),
                            maintenance.name(),
                        ),
                        Field::coded("hardware blocking", hardware.code(), hardware.name()),
                    ]
                }
            };
            Field::group("circuit", fields)
        };
        self.0.iter().map(state).collect()
    }
}

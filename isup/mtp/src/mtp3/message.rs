//! Signalling network management and test messages (Q.704 §15, Q.707 §5; T1.111.4, T1.111.7).

use bytes::{BufMut, Bytes, BytesMut};
use nom::IResult;
use nom::bytes::complete::take;
use nom::number::complete::{le_u16, le_u24, u8 as octet};

use crate::{PointCode, Slc, Sls, Standard};

/// A management or test message: what follows the routing label.
///
/// ITU messages about a link name it by the SLC in place of the SLS; ANSI messages carry the SLC
/// in the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Management {
    /// Changeover order: the last accepted FSN.
    Coo(Slc, u8),
    /// Changeover acknowledgement.
    Coa(Slc, u8),
    /// Emergency changeover order: the FSN is not known.
    Eco(Slc),
    /// Emergency changeover acknowledgement.
    Eca(Slc),
    /// Changeback declaration with its changeback code.
    Cbd(Slc, u8),
    /// Changeback acknowledgement.
    Cba(Slc, u8),
    /// Transfer controlled: destination and congestion status.
    Tfc(PointCode, u8),
    /// Transfer prohibited.
    Tfp(PointCode),
    /// Transfer restricted.
    Tfr(PointCode),
    /// Transfer allowed.
    Tfa(PointCode),
    /// Signalling route set test for a prohibited destination.
    Rst(PointCode),
    /// Signalling route set test for a restricted destination.
    Rsr(PointCode),
    /// Link inhibit.
    Lin(Slc),
    /// Link uninhibit.
    Lun(Slc),
    /// Link inhibit acknowledgement.
    Lia(Slc),
    /// Link uninhibit acknowledgement.
    Lua(Slc),
    /// Link inhibit denied.
    Lid(Slc),
    /// Link force uninhibit.
    Lfu(Slc),
    /// Link local inhibit test.
    Llt(Slc),
    /// Link remote inhibit test.
    Lrt(Slc),
    /// Traffic restart allowed.
    Tra,
    /// User part unavailable: destination, service indicator, cause.
    Upu(PointCode, u8, u8),
}

/// A signalling link test message or its acknowledgement (Q.707 §2, §5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkTestMessage {
    /// SLTA rather than SLTM.
    pub acknowledgement: bool,
    /// Link under test.
    pub slc: Slc,
    /// 1 to 15 octets.
    pub pattern: Bytes,
}

/// Most octets of a test pattern.
pub const LARGEST_PATTERN: usize = 15;

impl Management {
    /// H1 (high nibble) and H0 (low nibble).
    const fn heading(&self) -> u8 {
        match self {
            Self::Coo(..) => 0x11,
            Self::Coa(..) => 0x21,
            Self::Cbd(..) => 0x51,
            Self::Cba(..) => 0x61,
            Self::Eco(_) => 0x12,
            Self::Eca(_) => 0x22,
            Self::Tfc(..) => 0x23,
            Self::Tfp(_) => 0x14,
            Self::Tfr(_) => 0x34,
            Self::Tfa(_) => 0x54,
            Self::Rst(_) => 0x15,
            Self::Rsr(_) => 0x25,
            Self::Lin(_) => 0x16,
            Self::Lun(_) => 0x26,
            Self::Lia(_) => 0x36,
            Self::Lua(_) => 0x46,
            Self::Lid(_) => 0x56,
            Self::Lfu(_) => 0x66,
            Self::Llt(_) => 0x76,
            Self::Lrt(_) => 0x86,
            Self::Tra => 0x17,
            Self::Upu(..) => 0x1A,
        }
    }

    /// The Recommendation's acronym.
    pub const fn acronym(&self) -> &'static str {
        match self {
            Self::Coo(..) => "COO",
            Self::Coa(..) => "COA",
            Self::Cbd(..) => "CBD",
            Self::Cba(..) => "CBA",
            Self::Eco(_) => "ECO",
            Self::Eca(_) => "ECA",
            Self::Tfc(..) => "TFC",
            Self::Tfp(_) => "TFP",
            Self::Tfr(_) => "TFR",
            Self::Tfa(_) => "TFA",
            Self::Rst(_) => "RST",
            Self::Rsr(_) => "RSR",
            Self::Lin(_) => "LIN",
            Self::Lun(_) => "LUN",
            Self::Lia(_) => "LIA",
            Self::Lua(_) => "LUA",
            Self::Lid(_) => "LID",
            Self::Lfu(_) => "LFU",
            Self::Llt(_) => "LLT",
            Self::Lrt(_) => "LRT",
            Self::Tra => "TRA",
            Self::Upu(..) => "UPU",
        }
    }

    /// What the routing label carries in place of the SLS: the SLC of the link meant, else 0.
    pub const fn sls(&self) -> Sls {
        match self {
            Self::Coo(slc, _) | Self::Coa(slc, _) | Self::Cbd(slc, _) | Self::Cba(slc, _) => {
                Sls(slc.0)
            }
            Self::Eco(slc)
            | Self::Eca(slc)
            | Self::Lin(slc)
            | Self::Lun(slc)
            | Self::Lia(slc)
            | Self::Lua(slc)
            | Self::Lid(slc)
            | Self::Lfu(slc)
            | Self::Llt(slc)
            | Self::Lrt(slc) => Sls(slc.0),
            _ => Sls(0),
        }
    }

    /// The octets after the routing label.
    pub fn encode(&self, standard: Standard) -> Bytes {
        let ansi = standard == Standard::Ansi;
        let mut out = BytesMut::with_capacity(6);
        out.put_u8(self.heading());
        match *self {
            Self::Coo(slc, fsn) | Self::Coa(slc, fsn) => {
                if ansi {
                    out.put_u16_le(u16::from(slc.0 & 0xF) | u16::from(fsn & 0x7F) << 4);
                } else {
                    out.put_u8(fsn & 0x7F);
                }
            }
            Self::Cbd(slc, code) | Self::Cba(slc, code) => {
                if ansi {
                    out.put_u16_le(u16::from(slc.0 & 0xF) | u16::from(code) << 4);
                } else {
                    out.put_u8(code);
                }
            }
            Self::Eco(slc)
            | Self::Eca(slc)
            | Self::Lin(slc)
            | Self::Lun(slc)
            | Self::Lia(slc)
            | Self::Lua(slc)
            | Self::Lid(slc)
            | Self::Lfu(slc)
            | Self::Llt(slc)
            | Self::Lrt(slc) => {
                if ansi {
                    out.put_u8(slc.0 & 0xF);
                }
            }
            Self::Tfp(code)
            | Self::Tfr(code)
            | Self::Tfa(code)
            | Self::Rst(code)
            | Self::Rsr(code) => put_destination(&mut out, standard, code, 0),
            Self::Tfc(code, status) => {
                put_destination(&mut out, standard, code, status);
                if ansi {
                    out.put_u8(status & 3);
                }
            }
            Self::Upu(code, user, cause) => {
                put_destination(&mut out, standard, code, 0);
                out.put_u8(user & 0xF | cause << 4);
            }
            Self::Tra => {}
        }
        out.freeze()
    }

    /// Reads a message; `None` when the heading is unknown or the octets end early.
    pub fn decode(standard: Standard, sls: Sls, body: &[u8]) -> Option<Self> {
        let (rest, heading) = octet::<_, nom::error::Error<&[u8]>>(body).ok()?;
        let link = || match standard {
            Standard::Itu => Some(Slc(sls.0 & 0xF)),
            Standard::Ansi => rest.first().map(|octet| Slc(octet & 0xF)),
        };
        // SLC and a number: FSN or changeback code.
        let numbered = || match standard {
            Standard::Itu => rest.first().map(|&number| (Slc(sls.0 & 0xF), number)),
            Standard::Ansi => {
                let (_, word) = le_u16::<_, nom::error::Error<&[u8]>>(rest).ok()?;
                Some((Slc((word & 0xF) as u8), (word >> 4) as u8))
            }
        };
        let destination = || Some(parse_destination(standard, rest).ok()?.1);
        Some(match heading {
            0x11 => numbered().map(|(slc, fsn)| Self::Coo(slc, fsn & 0x7F))?,
            0x21 => numbered().map(|(slc, fsn)| Self::Coa(slc, fsn & 0x7F))?,
            0x51 => numbered().map(|(slc, code)| Self::Cbd(slc, code))?,
            0x61 => numbered().map(|(slc, code)| Self::Cba(slc, code))?,
            0x12 => Self::Eco(link()?),
            0x22 => Self::Eca(link()?),
            0x23 => {
                let (rest, (code, bits)) = parse_destination(standard, rest).ok()?;
                let status = match standard {
                    Standard::Itu => bits,
                    Standard::Ansi => rest.first().copied().unwrap_or(0) & 3,
                };
                Self::Tfc(code, status)
            }
            0x14 => Self::Tfp(destination()?.0),
            0x34 => Self::Tfr(destination()?.0),
            0x54 => Self::Tfa(destination()?.0),
            0x15 => Self::Rst(destination()?.0),
            0x25 => Self::Rsr(destination()?.0),
            0x16 => Self::Lin(link()?),
            0x26 => Self::Lun(link()?),
            0x36 => Self::Lia(link()?),
            0x46 => Self::Lua(link()?),
            0x56 => Self::Lid(link()?),
            0x66 => Self::Lfu(link()?),
            0x76 => Self::Llt(link()?),
            0x86 => Self::Lrt(link()?),
            0x17 => Self::Tra,
            0x1A => {
                let (rest, (code, _)) = parse_destination(standard, rest).ok()?;
                let last = *rest.first()?;
                Self::Upu(code, last & 0xF, last >> 4)
            }
            _ => return None,
        })
    }
}

/// Appends a destination; ITU keeps `bits` in the two bits above it.
fn put_destination(out: &mut BytesMut, standard: Standard, code: PointCode, bits: u8) {
    match standard {
        Standard::Itu => {
            out.put_u16_le((code.value() & 0x3FFF) as u16 | u16::from(bits & 3) << 14);
        }
        Standard::Ansi => out.put_uint_le(u64::from(code.value()), 3),
    }
}

fn parse_destination(standard: Standard, input: &[u8]) -> IResult<&[u8], (PointCode, u8)> {
    match standard {
        Standard::Itu => {
            let (rest, word) = le_u16(input)?;
            let code = PointCode::of_bits(standard, word.into());
            Ok((rest, (code, (word >> 14) as u8)))
        }
        Standard::Ansi => {
            let (rest, code) = le_u24(input)?;
            Ok((rest, (PointCode::of_bits(standard, code), 0)))
        }
    }
}

impl LinkTestMessage {
    /// The Recommendation's acronym.
    pub const fn acronym(&self) -> &'static str {
        if self.acknowledgement { "SLTA" } else { "SLTM" }
    }

    /// The octets after the routing label.
    pub fn encode(&self, standard: Standard) -> Bytes {
        let length = self.pattern.len().min(LARGEST_PATTERN);
        let mut out = BytesMut::with_capacity(2 + length);
        out.put_u8(if self.acknowledgement { 0x21 } else { 0x11 });
        let low = if standard == Standard::Ansi {
            self.slc.0 & 0xF
        } else {
            0
        };
        out.put_u8((length as u8) << 4 | low);
        out.extend(self.pattern.iter().take(length));
        out.freeze()
    }

    /// Reads a message; `None` when the heading is unknown or the octets end early.
    pub fn decode(sls: Sls, body: &Bytes) -> Option<Self> {
        fn parts(input: &[u8]) -> IResult<&[u8], (u8, &[u8])> {
            let (rest, heading) = octet(input)?;
            let (rest, length) = octet(rest)?;
            let (rest, pattern) = take(usize::from(length >> 4))(rest)?;
            Ok((rest, (heading, pattern)))
        }
        let (_, (heading, pattern)) = parts(body).ok()?;
        let acknowledgement = match heading {
            0x11 => false,
            0x21 => true,
            _ => return None,
        };
        let pattern = body.slice_ref(pattern);
        Some(Self {
            acknowledgement,
            slc: Slc(sls.0 & 0xF),
            pattern,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_survives_both_formats() {
        for standard in [Standard::Itu, Standard::Ansi] {
            let (slc, code) = (Slc(9), PointCode::of_bits(standard, 0x2AAA));
            for message in [
                Management::Coo(slc, 77),
                Management::Coa(slc, 127),
                Management::Eco(slc),
                Management::Eca(slc),
                Management::Cbd(slc, 200),
                Management::Cba(slc, 1),
                Management::Tfc(code, 2),
                Management::Tfp(code),
                Management::Tfr(code),
                Management::Tfa(code),
                Management::Rst(code),
                Management::Rsr(code),
                Management::Lin(slc),
                Management::Lun(slc),
                Management::Lia(slc),
                Management::Lua(slc),
                Management::Lid(slc),
                Management::Lfu(slc),
                Management::Llt(slc),
                Management::Lrt(slc),
                Management::Tra,
                Management::Upu(code, 5, 1),
            ] {
                let octets = message.encode(standard);
                let decoded = Management::decode(standard, message.sls(), &octets);
                assert_eq!(decoded.as_ref(), Some(&message));
            }
        }
    }

    #[test]
    fn known_octets() {
        assert_eq!(
            Management::Coo(Slc(3), 5).encode(Standard::Itu).as_ref(),
            [0x11, 5]
        );
        assert_eq!(
            Management::Coo(Slc(3), 5).encode(Standard::Ansi).as_ref(),
            [0x11, 0x53, 0]
        );
        assert_eq!(Management::Tra.encode(Standard::Itu).as_ref(), [0x17]);
        let tfp = Management::Tfp(PointCode::itu(0x1234)).encode(Standard::Itu);
        assert_eq!(tfp.as_ref(), [0x14, 0x34, 0x12]);
        let test = LinkTestMessage {
            acknowledgement: false,
            slc: Slc(2),
            pattern: Bytes::from_static(&[0xAA, 0x55]),
        };
        assert_eq!(
            test.encode(Standard::Itu).as_ref(),
            [0x11, 0x20, 0xAA, 0x55]
        );
        assert_eq!(
            LinkTestMessage::decode(Sls(2), &test.encode(Standard::Itu)),
            Some(test)
        );
    }
}

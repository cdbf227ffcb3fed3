//! One end of a continuity check on a timeslot, tick by tick (Q.764 §2.1.8).

use serde::{Deserialize, Serialize};
use tdm::{Law, TICK_OCTETS};

use super::{Change, CheckTone, Detector, LEVEL, Transponder};
use crate::level::Dbm0;
use crate::tone::Oscillator;

/// A tone that comes back louder is no proof of a good circuit: Q.724 clause 7 wants -18 to
/// -6 dBm0 accepted.
pub const LOUDEST: Dbm0 = Dbm0(-4.0);
/// What nothing at all is told as.
pub const SILENCE: Dbm0 = Dbm0(-90.0);

/// How the far end gives the check tone back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Return {
    /// It joins the two directions: four wires, and every digital circuit.
    #[default]
    Loop,
    /// It answers 2000 Hz with 1780 Hz: two wires somewhere.
    Transponder,
}

/// What an end of the check does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Gives the far end's tone back.
    Answer(Return),
    /// Sends the check tone and looks for its return.
    Check(Return),
}

/// What came back of the check tone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Heard {
    /// It was there long enough, at its frequency and within its limits of level.
    pub good: bool,
    /// Its level; that of all that was heard last where no tone was. Never below [`SILENCE`].
    pub level: Dbm0,
}

/// One end of a continuity check on one timeslot. Neither it nor its parts allocate.
#[derive(Debug, Clone)]
pub struct Continuity {
    law: Law,
    end: End,
}

#[derive(Debug, Clone)]
enum End {
    /// What was received last.
    Loop([u8; TICK_OCTETS]),
    Transponder(Transponder),
    Check {
        tone: Oscillator,
        detector: Detector,
        heard: Heard,
    },
}

impl Continuity {
    /// An end that has heard nothing yet, on a timeslot of this law.
    #[must_use]
    pub fn new(mode: Mode, law: Law) -> Self {
        let end = match mode {
            Mode::Answer(Return::Loop) => End::Loop([law.idle(); TICK_OCTETS]),
            Mode::Answer(Return::Transponder) => End::Transponder(Transponder::new(law)),
            Mode::Check(back) => {
                let expected = match back {
                    Return::Loop => CheckTone::Check2010,
                    Return::Transponder => CheckTone::Return1780,
                };
                let tone = CheckTone::Check2010.frequency();
                End::Check {
                    tone: Oscillator::new(tone, LEVEL.peak(law)),
                    detector: Detector::new(expected, law),
                    heard: Heard {
                        good: false,
                        level: SILENCE,
                    },
                }
            }
        };
        Self { law, end }
    }

    /// Companding law of the timeslot.
    #[must_use]
    pub const fn law(&self) -> Law {
        self.law
    }

    /// What to send in the next tick: the check tone, or what answers what was received last.
    pub fn transmit(&mut self, sent: &mut [u8; TICK_OCTETS]) {
        let law = self.law;
        match &mut self.end {
            End::Loop(received) => sent.copy_from_slice(received),
            End::Transponder(transponder) if transponder.answering() => {
                let mut answer = [0; TICK_OCTETS];
                transponder.transmit(&mut answer);
                encode(&answer, sent, law);
            }
            End::Transponder(_) => sent.fill(law.idle()),
            End::Check { tone, .. } => {
                let play = core::array::from_fn(|_| tone.next_sample().round() as i16);
                encode(&play, sent, law);
            }
        }
    }

    /// Takes what was received. The moment the check tone is recognised it says so, once.
    pub fn receive(&mut self, received: &[u8; TICK_OCTETS]) -> Option<Heard> {
        let law = self.law;
        let samples = || received.map(|octet| law.decode(octet));
        match &mut self.end {
            End::Loop(kept) => {
                *kept = *received;
                None
            }
            End::Transponder(transponder) => {
                transponder.receive(&samples());
                None
            }
            End::Check {
                detector, heard, ..
            } => {
                if heard.good {
                    return None;
                }
                let samples = samples();
                heard.level = Dbm0(Dbm0::of(&samples, law).0.max(SILENCE.0));
                detector.push(&samples, &mut |change| {
                    if let Change::Recognised { level, .. } = change
                        && level.0 <= LOUDEST.0
                    {
                        *heard = Heard { good: true, level };
                    }
                });
                heard.good.then_some(*heard)
            }
        }
    }

    /// What a check has heard of its tone so far; `None` from an end that answers.
    #[must_use]
    pub const fn heard(&self) -> Option<Heard> {
        match &self.end {
            End::Check { heard, .. } => Some(*heard),
            End::Loop(_) | End::Transponder(_) => None,
        }
    }
}

fn encode(samples: &[i16; TICK_OCTETS], sent: &mut [u8; TICK_OCTETS], law: Law) {
    for (octet, &sample) in sent.iter_mut().zip(samples) {
        *octet = law.encode(sample);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a check of `back` has heard after 300 ms of a tone.
    fn heard(back: Return, frequency: f32, level: f32, law: Law) -> Heard {
        let mut check = Continuity::new(Mode::Check(back), law);
        let mut tone = Oscillator::new(frequency, Dbm0(level).peak(law));
        let mut told = 0;
        for _ in 0..30 {
            let received = core::array::from_fn(|_| law.encode(tone.next_sample().round() as i16));
            told += u32::from(check.receive(&received).is_some());
        }
        let heard = check.heard().unwrap();
        assert_eq!(told, u32::from(heard.good), "told once");
        heard
    }

    #[test]
    fn only_a_tone_within_its_limits_passes() {
        for law in [Law::ALaw, Law::MuLaw] {
            for (back, frequency, level, good) in [
                (Return::Loop, 2010.0, -12.0, true),
                (Return::Loop, 2000.0, -18.0, true),
                (Return::Loop, 2010.0, -6.0, true),
                (Return::Loop, 2010.0, -22.0, false),
                (Return::Loop, 2010.0, -2.0, false),
                (Return::Loop, 1780.0, -12.0, false),
                (Return::Transponder, 1780.0, -12.0, true),
                (Return::Transponder, 2010.0, -12.0, false),
            ] {
                let heard = heard(back, frequency, level, law);
                assert_eq!(
                    heard.good, good,
                    "{law:?} {back:?} {frequency} Hz: {heard:?}"
                );
                assert!((heard.level.0 - level).abs() < 1.0, "{heard:?}");
            }
        }
    }

    #[test]
    fn a_loop_gives_every_octet_back() {
        let mut answer = Continuity::new(Mode::Answer(Return::Loop), Law::ALaw);
        let received = core::array::from_fn(|n| n as u8 ^ 0xA5);
        let mut sent = [0; TICK_OCTETS];
        assert_eq!(answer.receive(&received), None);
        answer.transmit(&mut sent);
        assert_eq!(sent, received);
        assert_eq!(answer.heard(), None);
    }

    /// Both ends on one circuit, a tick of delay each way.
    fn both(checking: Return, answering: Return) -> Heard {
        let law = Law::ALaw;
        let mut check = Continuity::new(Mode::Check(checking), law);
        let mut answer = Continuity::new(Mode::Answer(answering), law);
        let (mut there, mut back) = ([law.idle(); TICK_OCTETS], [law.idle(); TICK_OCTETS]);
        for _ in 0..20 {
            let (arrived, returned) = (there, back);
            check.receive(&returned);
            check.transmit(&mut there);
            answer.receive(&arrived);
            answer.transmit(&mut back);
        }
        check.heard().unwrap()
    }

    #[test]
    fn each_kind_of_return_is_told_from_the_other() {
        for back in [Return::Loop, Return::Transponder] {
            let heard = both(back, back);
            assert!(
                heard.good && (heard.level.0 - LEVEL.0).abs() < 0.5,
                "{heard:?}"
            );
        }
        assert!(!both(Return::Loop, Return::Transponder).good);
        assert!(!both(Return::Transponder, Return::Loop).good);
    }

    #[test]
    fn an_open_circuit_is_heard_as_silence() {
        let law = Law::MuLaw;
        let mut check = Continuity::new(Mode::Check(Return::Loop), law);
        let idle = [law.idle(); TICK_OCTETS];
        assert_eq!(check.receive(&idle), None);
        let heard = check.heard().unwrap();
        assert_eq!((heard.good, heard.level), (false, SILENCE));
    }
}

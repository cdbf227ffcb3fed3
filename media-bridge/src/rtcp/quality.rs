//! How a received stream sounds: bursts and gaps of loss (RFC 3611 §4.7.2, A.2), and the
//! E-model's rating from them (G.107, G.113).

/// Packets received between two losses, at least, for the two not to be of one burst (RFC 3611
/// §4.7.2).
pub const GMIN: u8 = 16;

/// Rating without any impairment but the line's own noise (G.107, default values).
const R_BEST: f32 = 93.2;
/// Robustness of G.711 against random loss: with concealment as in its Appendix I, and without
/// (G.113 Appendix I).
const BPL_CONCEALED: f32 = 25.1;
const BPL_BARE: f32 = 4.3;

/// Packet by packet: what was received, lost or discarded, as transitions between the states of
/// RFC 3611 A.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Losses {
    received: u32,
    burst_losses: u32,
    lost: u32,
    discarded: u32,
    c11: u32,
    c13: u32,
    c14: u32,
    c22: u32,
    c23: u32,
    c33: u32,
}

/// Rates and densities in 256ths, durations in milliseconds (RFC 3611 §4.7.1, §4.7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rates {
    /// Packets that never came.
    pub loss: u8,
    /// Packets that came too late.
    pub discard: u8,
    /// Both, within bursts.
    pub burst_density: u8,
    /// Both, within gaps.
    pub gap_density: u8,
    /// Mean length of bursts.
    pub burst_ms: u16,
    /// Mean length of gaps.
    pub gap_ms: u16,
}

impl Losses {
    /// A packet came in time.
    pub fn received(&mut self) {
        self.received += 1;
    }

    /// Packets never came.
    pub fn lost(&mut self, packets: u32) {
        self.lost += packets;
        // More than a minute of them in a row says nothing more about bursts.
        for _ in 0..packets.min(3_000) {
            self.missed();
        }
    }

    /// A packet came too late to be heard.
    pub fn discarded(&mut self) {
        self.discarded += 1;
        self.missed();
    }

    /// A packet that was taken for lost came in time after all, out of order.
    pub fn found(&mut self) {
        self.lost = self.lost.saturating_sub(1);
    }

    fn missed(&mut self) {
        let gap = std::mem::take(&mut self.received);
        if gap >= u32::from(GMIN) {
            if self.burst_losses == 1 {
                self.c14 += 1;
            } else {
                self.c13 += 1;
            }
            self.burst_losses = 1;
            self.c11 += gap;
        } else {
            self.burst_losses += 1;
            if gap == 0 {
                self.c33 += 1;
            } else {
                self.c23 += 1;
                self.c22 += gap - 1;
            }
        }
    }

    /// The rates so far, of packets of `packet_ms`.
    #[must_use]
    pub fn rates(&self, packet_ms: u32) -> Rates {
        let Self {
            c11,
            c13,
            c14,
            c22,
            c23,
            c33,
            ..
        } = *self;
        // What was received since the last loss is a gap that has not ended.
        let c11 = c11 + self.received;
        let (c31, c32) = (c13, c23);
        let total = c11 + c14 + c13 + c22 + c23 + c31 + c32 + c33;
        let p32 = ratio(c32, c31 + c32 + c33);
        let p23 = if c22 + c23 < 1 {
            1.0
        } else {
            1.0 - ratio(c22, c22 + c23)
        };
        let bursts = self.lost + self.discarded > 0 && c13 + c23 + c33 > 0;
        let gap_ms = (c11 + c14 + c13)
            .saturating_mul(packet_ms)
            .checked_div(c13.max(1))
            .unwrap_or(0);
        let all_ms = total
            .saturating_mul(packet_ms)
            .checked_div(c13.max(1))
            .unwrap_or(0);
        Rates {
            loss: octet(256.0 * ratio(self.lost, total)),
            discard: octet(256.0 * ratio(self.discarded, total)),
            burst_density: if bursts {
                octet(256.0 * p23 / (p23 + p32))
            } else {
                0
            },
            gap_density: octet(256.0 * ratio(c14, c11 + c14)),
            burst_ms: if bursts {
                milliseconds(all_ms.saturating_sub(gap_ms))
            } else {
                0
            },
            gap_ms: milliseconds(gap_ms),
        }
    }

    /// Part of the packets that were not heard, 0.0 to 1.0.
    #[must_use]
    pub fn missing(&self) -> f32 {
        let heard = self.received + self.c11 + self.c22 + self.c23;
        let missing = self.lost + self.discarded;
        ratio(missing, heard + missing)
    }

    /// How much longer runs of losses are than random loss would have them: 1.0 or more (G.107
    /// §3.5, `BurstR`).
    #[must_use]
    pub fn burst_ratio(&self) -> f32 {
        let missing = (self.lost + self.discarded) as f32;
        let runs = missing - self.c33 as f32;
        if runs < 1.0 {
            return 1.0;
        }
        (missing / runs * (1.0 - self.missing())).max(1.0)
    }
}

fn ratio(part: u32, whole: u32) -> f32 {
    if whole == 0 {
        0.0
    } else {
        part as f32 / whole as f32
    }
}

fn octet(value: f32) -> u8 {
    value.clamp(0.0, 255.0) as u8
}

fn milliseconds(value: u32) -> u16 {
    u16::try_from(value).unwrap_or(u16::MAX)
}

/// The rating of a stream of G.711: R of G.107, from the packets missing, the shape of their loss
/// and the delay one way, mouth to ear, in milliseconds.
#[must_use]
pub fn rating(losses: &Losses, one_way_ms: f32, concealed: bool) -> f32 {
    let missing = 100.0 * losses.missing();
    let bpl = if concealed { BPL_CONCEALED } else { BPL_BARE };
    let loss = 95.0 * missing / (missing / losses.burst_ratio() + bpl);
    (R_BEST - loss - delay_impairment(one_way_ms)).clamp(0.0, 100.0)
}

/// Impairment by delay without echo: the usual approximation of G.107 §7.4's curve.
fn delay_impairment(ms: f32) -> f32 {
    0.024 * ms + 0.11 * (ms - 177.3).max(0.0)
}

/// Mean opinion score of a rating, 1.0 to 4.5 (G.107 Annex B).
#[must_use]
pub fn mos(r: f32) -> f32 {
    if r <= 0.0 {
        1.0
    } else if r >= 100.0 {
        4.5
    } else {
        (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(pattern: &str, times: usize) -> Losses {
        let mut losses = Losses::default();
        for packet in pattern.repeat(times).chars() {
            match packet {
                '.' => losses.received(),
                'x' => losses.lost(1),
                _ => losses.discarded(),
            }
        }
        losses
    }

    #[test]
    fn a_stream_without_loss_is_rated_best() {
        let losses = played(".", 1_000);
        assert_eq!(losses.rates(20).loss, 0);
        assert_eq!(losses.rates(20).burst_ms, 0);
        let r = rating(&losses, 0.0, true);
        assert!((r - 93.2).abs() < 0.01);
        assert!((mos(r) - 4.41).abs() < 0.01, "{}", mos(r));
    }

    /// Values of G.107's E-model for G.711 with Appendix I concealment and random loss.
    #[test]
    fn random_loss_lowers_the_rating_as_the_e_model_says() {
        // Every 50th packet: 2 %. Ie,eff = 95 * 2 / (2 + 25.1) = 7.0.
        let two = played(&format!("{}x", ".".repeat(49)), 20);
        assert!((two.missing() - 0.02).abs() < 1e-6);
        assert!((rating(&two, 0.0, true) - (93.2 - 7.01)).abs() < 0.1);
        assert!((rating(&two, 0.0, false) - (93.2 - 30.16)).abs() < 0.1);
        // 200 ms one way: 4.8 + 2.5.
        assert!((rating(&two, 200.0, true) - (93.2 - 7.01 - 7.30)).abs() < 0.1);
        assert_eq!(two.rates(20).loss, 5);
    }

    #[test]
    fn bursts_are_told_from_gaps() {
        // A burst of 10 lost packets in 200, and single losses far from them.
        let pattern = format!("{}{}{}x", ".".repeat(100), "x".repeat(10), ".".repeat(89));
        let losses = played(&pattern, 10);
        let rates = losses.rates(20);
        assert_eq!(rates.loss, 14, "11 of 200");
        assert!(rates.burst_density > 240, "{rates:?}");
        assert!((180..=240).contains(&rates.burst_ms), "{rates:?}");
        assert!(losses.burst_ratio() > 3.0, "{}", losses.burst_ratio());
        let random = played(&format!("{}x", ".".repeat(19)), 100);
        assert!((losses.missing() - random.missing()).abs() < 0.01);
        assert!(rating(&losses, 0.0, true) < rating(&random, 0.0, true) - 3.0);
    }

    #[test]
    fn late_packets_are_discards() {
        let losses = played(&format!("{}d", ".".repeat(99)), 10);
        assert_eq!((losses.rates(20).discard, losses.rates(20).loss), (2, 0));
    }

    #[test]
    fn mos_stays_on_its_scale() {
        for r in 0..=110 {
            assert!((1.0..=4.5).contains(&mos(r as f32)));
        }
    }
}

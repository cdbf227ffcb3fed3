//! Level 2 timers at 64 kbit/s (Q.703 §12.3; T1.111.3 §12.3).

use crate::timers::{figures, timers};

timers! {
    "MTP2",
    /// A level 2 timer.
    Timer,
    /// Configured level 2 timer values.
    Timers {
        /// Aligned ready: waiting for the far end to finish proving.
        T1 "T1" "Q.703 §12.3" itu figures(45_000, 40_000, 50_000), ansi figures(13_000, 12_900, 16_000);
        /// Not aligned: waiting for any SIO, SIN or SIE.
        T2 "T2" "Q.703 §12.3" itu figures(50_000, 5_000, 150_000), ansi figures(11_500, 5_000, 23_000);
        /// Aligned: waiting for SIN or SIE.
        T3 "T3" "Q.703 §12.3" itu figures(1_500, 1_000, 2_000), ansi figures(11_500, 5_000, 14_000);
        /// Normal proving period, 2^16 octet times in ITU networks.
        T4n "T4n" "Q.703 §12.3" itu figures(8_200, 7_500, 9_500), ansi figures(2_300, 2_070, 2_530);
        /// Emergency proving period, 2^12 octet times in ITU networks.
        T4e "T4e" "Q.703 §12.3" itu figures(500, 400, 600), ansi figures(600, 540, 660);
        /// Interval between SIBs while congested.
        T5 "T5" "Q.703 §12.3" itu figures(100, 80, 120), ansi figures(100, 80, 120);
        /// Longest congestion of the far end.
        T6 "T6" "Q.703 §12.3" itu figures(4_000, 3_000, 6_000), ansi figures(4_000, 3_000, 6_000);
        /// Excessive delay of acknowledgement.
        T7 "T7" "Q.703 §12.3" itu figures(1_250, 500, 2_000), ansi figures(1_250, 500, 2_000);
    }
}

//! Level 3 timers (Q.704 §16.8, Q.707 §5.5).
//!
//! T1.111.4 numbers and ranges agree for T1 to T17 and the link test; its own T18 to T28 serve
//! procedures (transfer restart waiting) that ITU networks do not have and are not modelled; a
//! transfer point restarts by ITU's T18 and T20 in both.

use crate::timers::{figures, timers};

timers! {
    "MTP3",
    /// A level 3 timer.
    Timer,
    /// Configured level 3 timer values.
    Timers {
        /// Delay against mis-sequencing in a time-controlled changeover.
        T1 "T1" "Q.704 §16.8" itu figures(800, 500, 1_200), ansi figures(800, 500, 1_200);
        /// Waiting for a changeover acknowledgement.
        T2 "T2" "Q.704 §16.8" itu figures(1_400, 700, 2_000), ansi figures(1_400, 700, 2_000);
        /// Delay against mis-sequencing in a time-controlled diversion (changeback).
        T3 "T3" "Q.704 §16.8" itu figures(800, 500, 1_200), ansi figures(800, 500, 1_200);
        /// Waiting for a changeback acknowledgement, first attempt.
        T4 "T4" "Q.704 §16.8" itu figures(800, 500, 1_200), ansi figures(800, 500, 1_200);
        /// Waiting for a changeback acknowledgement, second attempt.
        T5 "T5" "Q.704 §16.8" itu figures(800, 500, 1_200), ansi figures(800, 500, 1_200);
        /// Delay against mis-sequencing in controlled rerouting.
        T6 "T6" "Q.704 §16.8" itu figures(800, 500, 1_200), ansi figures(800, 500, 1_200);
        /// Repetition of a transfer prohibited message is not needed before this time.
        T8 "T8" "Q.704 §16.8" itu figures(1_000, 800, 1_200), ansi figures(1_000, 800, 1_200);
        /// Interval of signalling route set test messages.
        T10 "T10" "Q.704 §16.8" itu figures(45_000, 30_000, 60_000), ansi figures(45_000, 30_000, 60_000);
        /// Waiting for an uninhibit acknowledgement.
        T12 "T12" "Q.704 §16.8" itu figures(1_200, 800, 1_500), ansi figures(1_200, 800, 1_500);
        /// Waiting for an answer to a force uninhibit.
        T13 "T13" "Q.704 §16.8" itu figures(1_200, 800, 1_500), ansi figures(1_200, 800, 1_500);
        /// Waiting for an inhibit acknowledgement.
        T14 "T14" "Q.704 §16.8" itu figures(2_500, 2_000, 3_000), ansi figures(2_500, 2_000, 3_000);
        /// Delay before a failed link is aligned again.
        T17 "T17" "Q.704 §16.8" itu figures(1_200, 800, 1_500), ansi figures(1_200, 800, 1_500);
        /// First phase of a transfer point's restart: links come up and routing information
        /// arrives. The Recommendation leaves the value to the network, below T20.
        T18 "T18" "Q.704 §16.8" itu figures(20_000, 2_000, 58_000), ansi figures(20_000, 2_000, 58_000);
        /// A TRA is not answered by another within this time after the last.
        T19 "T19" "Q.704 §16.8" itu figures(68_000, 67_000, 69_000), ansi figures(68_000, 67_000, 69_000);
        /// The whole of a transfer point's restart.
        T20 "T20" "Q.704 §16.8" itu figures(60_000, 59_000, 61_000), ansi figures(60_000, 59_000, 61_000);
        /// An adjacent signalling point that became accessible has this long to send TRA.
        T21 "T21" "Q.704 §16.8" itu figures(64_000, 63_000, 65_000), ansi figures(64_000, 63_000, 65_000);
        /// Interval of the local inhibit test.
        T22 "T22" "Q.704 §16.8" itu figures(240_000, 180_000, 360_000), ansi figures(105_000, 90_000, 120_000);
        /// Interval of the remote inhibit test.
        T23 "T23" "Q.704 §16.8" itu figures(240_000, 180_000, 360_000), ansi figures(105_000, 90_000, 120_000);
        /// Signalling link test: waiting for SLTA.
        TestT1 "Q.707 T1" "Q.707 §5.5" itu figures(8_000, 4_000, 12_000), ansi figures(8_000, 4_000, 12_000);
        /// Signalling link test: interval of the periodic test.
        TestT2 "Q.707 T2" "Q.707 §5.5" itu figures(60_000, 30_000, 90_000), ansi figures(60_000, 30_000, 90_000);
    }
}

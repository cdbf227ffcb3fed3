//! spandsp, which shares no line with this project, as the judge of our signals, and ours of its.
//!
//! `judge.c` beside this file is a separate program: it is built here with the C compiler and
//! Debian's `libspandsp-dev`, and takes and gives raw samples. What is missing is said loudly, and
//! fails the test when `CI` or `ISTHMUS_REQUIRE_PEERS` is set.

mod conceal;
mod dtmf;
mod echo;
mod judge;
mod modem;
#[path = "../judge/program.rs"]
mod program;

//! Level 2: the tables of its machines, and two links joined by a line.

mod pair;
mod preventive;
mod q781;
mod tables;

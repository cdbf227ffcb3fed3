//! MTP levels 2 and 3, without I/O.

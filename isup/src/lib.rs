//! ISUP (Q.763, Q.764), without I/O.

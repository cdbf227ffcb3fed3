//! States and events of both halves, written down.

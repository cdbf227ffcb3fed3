//! The media bridge: RTP to timeslots and back.

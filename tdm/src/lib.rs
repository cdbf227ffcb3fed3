//! Spans, timeslots, alarms, HDLC and companding.

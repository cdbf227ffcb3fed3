//! Call transfer: REFER within a call (RFC 3515), to a number or into another call (RFC 3891).

use std::time::Instant;

use sipx_sip::Method;

use super::{Bodies, CallId, CallState, PeerError, SipPeer};

impl SipPeer {
    /// Asks the peer to call `to`, a URI, in this one's place. What becomes of it comes by NOTIFY,
    /// for as long as the call stands.
    ///
    /// # Errors
    /// When the call is not answered.
    pub fn refer(&mut self, now: Instant, id: CallId, to: &str) -> Result<(), PeerError> {
        if self.state(id) != Some(CallState::Confirmed) {
            return Err(self.wrong_state(id, "an answered call"));
        }
        let headers = [("Refer-To".to_owned(), format!("<{to}>"))];
        let refer = self.in_dialog(id, Method::Refer, &headers, &Bodies::default());
        let refer = refer.map_err(|source| PeerError::Build {
            what: "REFER",
            source,
        })?;
        self.start(now, id, refer);
        self.flush(now);
        Ok(())
    }

    /// How another call names this one, as the value of a header component of a URI
    /// (RFC 3891 §6.1, RFC 3261 §19.1.1); none before there is a dialog.
    #[must_use]
    pub fn replaces(&self, id: CallId) -> Option<String> {
        let call = self.calls.get(&id)?;
        let remote = call.remote_tag.as_deref()?;
        let (call_id, local) = (&call.call_id, &call.local_tag);
        let call_id = call_id.replace('@', "%40");
        Some(format!(
            "{call_id}%3Bto-tag%3D{remote}%3Bfrom-tag%3D{local}"
        ))
    }
}

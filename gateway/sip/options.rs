//! OPTIONS: what the endpoint can do (RFC 3261 §11).

use std::time::Instant;

use sipx_sip::message::Request;
use sipx_sip::transaction::TransactionKey;

use super::core::Core;
use super::{Flow, message};

impl Core {
    /// 200 with Allow, Accept and Supported, within a dialog and outside.
    pub(super) fn on_options(
        &mut self,
        now: Instant,
        key: &TransactionKey,
        request: &Request,
        local_tag: Option<&str>,
        flow: Flow,
    ) {
        let headers = vec![
            (
                "Contact".to_owned(),
                self.contact(flow, request.uri.scheme().is_secure()),
            ),
            ("Allow".to_owned(), message::ALLOW.to_owned()),
            ("Accept".to_owned(), message::ACCEPT.to_owned()),
            ("Accept-Encoding".to_owned(), "identity".to_owned()),
            ("Accept-Language".to_owned(), "en".to_owned()),
            ("Supported".to_owned(), message::EXTENSIONS.join(", ")),
        ];
        self.answer(now, key, request, 200, local_tag, &headers);
    }
}

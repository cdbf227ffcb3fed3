//! What the SIP far ends and the name server say, and what they are told.

use std::time::Duration;

use bytes::Bytes;

use super::super::sip_far_end::{Dialog, Heard, With};
use super::{SAYING, SECOND, SIP, Stand};
use crate::iwu::Input;
use crate::sip::Flow;
use crate::sip::location::{Answer, Record};

impl Stand {
    /// The SIP user calls the number in the PSTN.
    pub(in crate::iwu::tests) fn invite(&mut self, with: With) -> Dialog {
        self.invite_to(self.numbers.pstn.0, with)
    }

    pub(in crate::iwu::tests) fn invite_to(&mut self, number: &str, with: With) -> Dialog {
        self.calls += 1;
        let call_id = format!("flow-{}@127.0.0.1", self.calls);
        let mut dialog = Dialog::calling(number, self.numbers.sip.0, &call_id);
        self.request(&mut dialog, "INVITE", &with);
        dialog
    }

    /// The SIP user says something in a dialog.
    pub(in crate::iwu::tests) fn request(
        &mut self,
        dialog: &mut Dialog,
        method: &str,
        with: &With,
    ) {
        let octets = dialog.request(method, with);
        self.user(octets);
    }

    /// A request that the gateway answers at once with this.
    pub(in crate::iwu::tests) fn request_answered(
        &mut self,
        dialog: &mut Dialog,
        method: &str,
        with: &With,
        status: &str,
    ) -> Heard {
        self.request(dialog, method, with);
        self.expect(status)
    }

    /// The SIP user answers a request.
    pub(in crate::iwu::tests) fn respond(
        &mut self,
        request: &Heard,
        status: &str,
        tag: &str,
        with: &With,
    ) {
        let octets = request.response(status, tag, with);
        self.user(octets);
    }

    /// The SIP user acknowledges a refusal.
    pub(in crate::iwu::tests) fn acknowledge(&mut self, dialog: &Dialog, refusal: &Heard) {
        let octets = dialog.ack_of_refusal(refusal);
        self.user(octets);
    }

    fn user(&mut self, octets: Vec<u8>) {
        self.user_says(octets.into());
    }

    /// A datagram of the SIP user.
    pub(in crate::iwu::tests) fn user_says(&mut self, octets: Bytes) {
        let (own, user) = self.addresses;
        let flow = Flow::udp(own.parse().unwrap(), user.parse().unwrap());
        self.input(Input::Sip(flow, octets));
        self.pass(SAYING);
    }

    /// The second trunk answers a request.
    pub(in crate::iwu::tests) fn second_responds(
        &mut self,
        request: &Heard,
        status: &str,
        tag: &str,
        with: &With,
    ) {
        let octets: Bytes = request.response(status, tag, with).into();
        let flow = Flow::udp(SIP.parse().unwrap(), SECOND.parse().unwrap());
        self.input(Input::Sip(flow, octets));
        self.pass(SAYING);
    }

    /// The second trunk says something in a dialog.
    pub(in crate::iwu::tests) fn second_requests(
        &mut self,
        dialog: &mut Dialog,
        method: &str,
        with: &With,
    ) {
        let octets: Bytes = dialog.request(method, with).into();
        let flow = Flow::udp(SIP.parse().unwrap(), SECOND.parse().unwrap());
        self.input(Input::Sip(flow, octets));
    }

    /// The second trunk acknowledges a refusal.
    pub(in crate::iwu::tests) fn second_acknowledges(&mut self, dialog: &Dialog, refusal: &Heard) {
        let octets: Bytes = dialog.ack_of_refusal(refusal).into();
        let flow = Flow::udp(SIP.parse().unwrap(), SECOND.parse().unwrap());
        self.input(Input::Sip(flow, octets));
        self.pass(SAYING);
    }

    /// The next message of the gateway to a SIP far end; every 100 is passed over.
    pub(in crate::iwu::tests) fn expect(&mut self, start: &str) -> Heard {
        self.expect_at(start).1
    }

    /// The same, and where it went.
    pub(in crate::iwu::tests) fn expect_at(&mut self, start: &str) -> (String, Heard) {
        loop {
            let Some((flow, heard)) = self.sip.pop_front() else {
                panic!("no {start} came\n{}", self.ladder());
            };
            if heard.line().starts_with("100 ") && start != "100" {
                continue;
            }
            if !heard.line().starts_with(start) {
                panic!("{} in place of {start}\n{}", heard.line(), self.ladder());
            }
            return (flow.remote.to_string(), heard);
        }
    }

    /// The next message of the gateway to a SIP far end, whatever it is.
    pub(in crate::iwu::tests) fn next_sip(&mut self) -> Option<Heard> {
        Some(self.sip.pop_front()?.1)
    }

    /// Nothing was said that the script did not ask for.
    pub(in crate::iwu::tests) fn quiet(&mut self) {
        self.sip
            .retain(|(_, heard)| !heard.line().starts_with("100 "));
        let sip: Vec<_> = self.sip.iter().map(|(_, heard)| heard.line()).collect();
        let isup: Vec<_> = self
            .isup
            .iter()
            .map(|(_, message)| message.message_type())
            .collect();
        if !sip.is_empty() || !isup.is_empty() {
            panic!("{sip:?}, {isup:?} besides\n{}", self.ladder());
        }
    }

    /// What the gateway said last that nobody has heard.
    pub(in crate::iwu::tests) fn unheard(&mut self) -> Option<Bytes> {
        Some(self.sip.pop_front()?.1.octets())
    }

    /// The name server is asked for this, and answers; nothing when it does not.
    pub(in crate::iwu::tests) fn name_server(&mut self, asked: &[&str], answer: Option<&[Record]>) {
        let mut questions = std::mem::take(&mut self.questions);
        questions.sort();
        let texts: Vec<String> = questions.iter().map(ToString::to_string).collect();
        assert_eq!(texts, asked, "{}", self.ladder());
        for question in questions {
            let answer = answer.map(|records| Answer {
                records: records.to_vec(),
                life: Duration::from_secs(100),
            });
            self.input(Input::Resolved(question, answer));
        }
    }
}

//! Link management joined with level 2: what each reports to the other (Q.704 §12, Q.707).

use std::time::Instant;

use bytes::Bytes;

use super::changeover::Order;
use super::link_activity;
use super::link_test;
use super::linkset::LinkIndex;
use super::message::LinkTestMessage;
use super::signalling_point::{Mtp, Owner, SignallingLink};
use crate::label::service;
use crate::link_state::{Activity, LinkChange, TimerName};
use crate::mtp2::{self, Indication};
use crate::{Message, Output, RoutingLabel, ServiceInformation, Sls, Standard};

/// Octets of a test pattern: the number of the test, marked.
const PATTERN_MARK: [u8; 4] = *b"SLTM";

pub(super) fn pattern(number: u32) -> Bytes {
    let mut octets = PATTERN_MARK.to_vec();
    octets.extend(number.to_be_bytes());
    Bytes::from(octets)
}

pub(super) fn number(pattern: &[u8]) -> Option<u32> {
    let number = pattern.strip_prefix(&PATTERN_MARK)?;
    Some(u32::from_be_bytes(number.try_into().ok()?))
}

impl Mtp {
    /// Takes what level 2 of every link has to say until all are silent.
    pub(super) fn settle(&mut self, now: Instant) {
        loop {
            let mut silent = true;
            for index in 0..self.links.len() {
                while let Some(output) = self.link(index).level2.poll_output() {
                    silent = false;
                    self.level2_output(now, index, output);
                }
            }
            if silent {
                return;
            }
        }
    }

    fn level2_output(&mut self, now: Instant, index: LinkIndex, output: mtp2::Output) {
        match output {
            mtp2::Output::SignalUnit(unit) => {
                let id = self.link(index).id;
                self.outputs.push_back(Output::SignalUnit(id, unit));
            }
            mtp2::Output::Message(octets) => self.discriminate(now, index, &octets),
            mtp2::Output::State { from, to } => {
                self.tell(index, LinkChange::Level2 { from, to });
            }
            mtp2::Output::Timer(timer, event) => {
                self.tell(index, LinkChange::Timer(TimerName::Level2(timer), event));
            }
            mtp2::Output::Congested(on) => {
                self.tell(index, LinkChange::Congested(on));
                self.link_congestion(index, on);
            }
            mtp2::Output::Indication(indication) => match indication {
                Indication::InService => {
                    self.link(index).last_accepted = None;
                    self.activity(now, index, link_activity::Event::Level2InService);
                }
                Indication::OutOfService(reason) => {
                    let link = self.link(index);
                    link.last_accepted = Some(link.level2.last_accepted());
                    let event = link_activity::Event::Level2OutOfService(reason);
                    self.activity(now, index, event);
                    self.processor_outage(now, index, |link| link.remote_outage = false);
                }
                Indication::RemoteProcessorOutage => {
                    self.processor_outage(now, index, |link| link.remote_outage = true);
                }
                Indication::RemoteProcessorRecovered => {
                    self.processor_outage(now, index, |link| link.remote_outage = false);
                }
            },
        }
    }

    pub(super) fn activity(&mut self, now: Instant, index: LinkIndex, event: link_activity::Event) {
        let from = self.link(index).activity;
        let (to, actions, cause) = link_activity::step(from, event);
        let link = self.link(index);
        link.activity = to;
        if cause.is_some() {
            link.last_failure = cause;
        }
        if from != to {
            link.since = Some(now);
            self.tell(index, LinkChange::Activity { from, to, cause });
        }
        for action in actions {
            use link_activity::Action as A;
            match action {
                A::StartLevel2 => self.start_level2(now, index),
                A::StopLevel2 => {
                    let link = self.link(index);
                    link.level2.request(now, mtp2::Request::Stop);
                    link.last_accepted = Some(link.level2.last_accepted());
                }
                A::StartTest => {
                    let link = self.link(index);
                    if !link.local_outage && !link.remote_outage {
                        self.link_test(now, index, link_test::Event::Start);
                    }
                }
                A::StopTest => self.link_test(now, index, link_test::Event::Stop),
                A::Start(timer) => self.start_timer(now, Owner::Link(index), timer),
                A::Stop(timer) => self.stop_timer(Owner::Link(index), timer),
                A::Available => {
                    self.link(index).hints.clear();
                    self.check_availability(now, index);
                }
                A::Unavailable => {
                    let order = if event == link_activity::Event::ChangeoverOrdered {
                        Order::FarEnd
                    } else {
                        Order::OwnEnd
                    };
                    self.link_failed(now, index, order);
                }
            }
        }
    }

    /// Aligns; by the emergency procedure when the link failed before and its linkset has no
    /// other (Q.703 §7.2, Q.704 §12.2).
    fn start_level2(&mut self, now: Instant, index: LinkIndex) {
        let linkset = self.link(index).linkset;
        let links = self.linkset(linkset).links.clone();
        let alone = !links.iter().any(|&other| self.available(other));
        let link = self.link(index);
        let emergency = alone && link.last_failure.is_some();
        let request = if emergency {
            mtp2::Request::Emergency
        } else {
            mtp2::Request::EmergencyCeases
        };
        link.level2.request(now, request);
        if link.local_outage {
            link.level2
                .request(now, mtp2::Request::LocalProcessorOutage);
        }
        link.level2.request(now, mtp2::Request::Start);
    }

    pub(super) fn link_test(&mut self, now: Instant, index: LinkIndex, event: link_test::Event) {
        let (next, actions) = self.link(index).test.step(event);
        self.link(index).test = next;
        for action in actions {
            use link_test::Action as A;
            match action {
                A::SendSltm(number) => self.send_link_test(now, index, false, pattern(number)),
                A::Start(timer) => self.start_timer(now, Owner::Link(index), timer),
                A::Stop(timer) => self.stop_timer(Owner::Link(index), timer),
                A::Passed => self.activity(now, index, link_activity::Event::TestPassed),
                A::Failed => self.activity(now, index, link_activity::Event::TestFailed),
            }
        }
    }

    /// Sends SLTM or SLTA over the link itself.
    pub(super) fn send_link_test(
        &mut self,
        now: Instant,
        index: LinkIndex,
        acknowledgement: bool,
        pattern: Bytes,
    ) {
        let slc = self.link(index).slc;
        let linkset = self.link(index).linkset;
        let dpc = self.linkset(linkset).adjacent;
        let standard = self.config.standard;
        let test = LinkTestMessage {
            acknowledgement,
            slc,
            pattern,
        };
        let message = Message {
            sio: ServiceInformation {
                network_indicator: self.config.network_indicator,
                priority: if standard == Standard::Ansi { 3 } else { 0 },
                service: match standard {
                    Standard::Itu => service::TESTING,
                    Standard::Ansi => service::TESTING_SPECIAL,
                },
            },
            label: RoutingLabel {
                dpc,
                opc: self.config.point_code,
                sls: Sls(slc.0),
            },
            body: test.encode(standard),
        };
        self.tell(index, LinkChange::Sent(test.acronym()));
        self.link(index).level2.send(now, message.encode(standard));
    }

    /// An outage began or ended at one of the ends.
    pub(super) fn processor_outage(
        &mut self,
        now: Instant,
        index: LinkIndex,
        change: impl FnOnce(&mut SignallingLink),
    ) {
        let link = self.link(index);
        let before = link.local_outage || link.remote_outage;
        change(link);
        let after = link.local_outage || link.remote_outage;
        if before != after {
            self.tell(index, LinkChange::Blocked(after));
            self.check_availability(now, index);
            // A test could not pass: it waits for the end of the outage.
            if matches!(
                self.link(index).activity,
                Activity::Testing | Activity::Active
            ) {
                let event = if after {
                    link_test::Event::Stop
                } else {
                    link_test::Event::Start
                };
                self.link_test(now, index, event);
            }
        }
    }

    /// Lets traffic management know when the link's availability changed while level 2 stays in
    /// service.
    pub(super) fn check_availability(&mut self, now: Instant, index: LinkIndex) {
        let link = self.link(index);
        let available = link.activity == Activity::Active
            && !link.local_outage
            && !link.remote_outage
            && !link.inhibition.inhibited();
        if available == link.available || link.activity != Activity::Active {
            return;
        }
        if available {
            self.link_available(now, index);
        } else {
            self.link_withdrawn(now, index);
        }
    }
}

//! Bridges come, get their RTP side, and go.

use super::bridge::Bridge;
use super::{Change, GOODBYES, Shard, refuse};
use crate::command::{BridgeId, Event, Open, Refusal, Rtp, RtpPort, Spent};

impl Shard {
    pub(super) fn open(&mut self, mut open: Box<Open>, events: &mut dyn FnMut(Event)) {
        let (id, law) = (open.bridge, open.law);
        let found = self.search(id);
        let index = self.place_of(open.span, open.timeslot);
        let place = index.and_then(|index| Some((index, self.places.get_mut(index)?)));
        let refusal = match (found, place) {
            (Ok(_), _) => Some(Refusal::BridgeExists),
            (_, None) => Some(Refusal::UnknownSpan(open.span)),
            (_, Some((_, place))) if place.bridge.is_some() => {
                Some(Refusal::TimeslotBusy(open.timeslot.number()))
            }
            (Err(at), Some((index, place))) => {
                self.bridges.insert(at, (id, index));
                let statistics = open.statistics.take().unwrap_or_default();
                place.idle = None;
                place.bridge = Some(Bridge::new(id, law, open.path, statistics));
                None
            }
        };
        match refusal {
            Some(refusal) => refuse(id, refusal, events),
            None => {
                self.statistics.bridges += 1;
                self.statistics.bridges_opened += 1;
                events(Event::Opened { bridge: id });
            }
        }
        events(Event::Spent(Spent::Open(open)));
    }

    pub(super) fn attach(
        &mut self,
        id: BridgeId,
        mut rtp: Box<Rtp>,
        events: &mut dyn FnMut(Event),
    ) {
        let port = rtp.port;
        let place = self.find(id);
        let holder = self.ports.get(usize::from(port.0)).copied();
        let refusal = match (place, holder) {
            (None, _) => Some(Refusal::UnknownBridge),
            (_, None) => Some(Refusal::UnknownPort(port)),
            (Some(place), Some(Some(holder))) if holder != place => Some(Refusal::PortBusy(port)),
            (Some(place), _) => {
                let bridge = self.places.get(place).and_then(|at| at.bridge.as_ref());
                self.release(bridge.and_then(Bridge::port));
                if let Some(holder) = self.ports.get_mut(usize::from(port.0)) {
                    *holder = Some(place);
                }
                self.changed.push((port, Change::Attached));
                let place = self.places.get_mut(place);
                if let Some(bridge) = place.and_then(|place| place.bridge.as_mut()) {
                    bridge.attach(&mut rtp, events);
                }
                None
            }
        };
        if let Some(refusal) = refusal {
            refuse(id, refusal, events);
        }
        events(Event::Spent(Spent::Rtp(rtp)));
    }

    pub(super) fn close(&mut self, id: BridgeId, events: &mut dyn FnMut(Event)) {
        let Ok(at) = self.search(id) else {
            refuse(id, Refusal::UnknownBridge, events);
            return;
        };
        let now = self.now;
        let (_, place) = self.bridges.remove(at);
        let Some(place) = self.places.get_mut(place) else {
            return;
        };
        if let Some(mut bridge) = place.bridge.take() {
            place.idle = Some(bridge.law());
            self.statistics.bridges -= 1;
            let goodbye = now.and_then(|now| bridge.goodbye(now));
            let room = GOODBYES - self.goodbyes.len();
            self.goodbyes.extend(goodbye.into_iter().take(room));
            self.release(bridge.port());
            bridge.send_boxes_home(events);
            let (tones, statistics) = bridge.close();
            for tone in tones.into_iter().flatten() {
                events(Event::Spent(Spent::Tone(tone)));
            }
            events(Event::Closed {
                bridge: id,
                statistics,
            });
        }
    }

    /// A bridge leaves its port.
    fn release(&mut self, port: Option<RtpPort>) {
        let Some(port) = port else { return };
        if let Some(holder) = self.ports.get_mut(usize::from(port.0)) {
            *holder = None;
            self.changed.push((port, Change::Released));
        }
    }
}

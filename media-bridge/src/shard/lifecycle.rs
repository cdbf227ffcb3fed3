//! Bridges come, get their RTP side, and go.

use super::bridge::Bridge;
use super::{Change, GOODBYES, Shard, refuse};
use crate::command::{BridgeId, Event, Open, Refusal, Rtp, RtpPort, Spent};

impl Shard {
    pub(super) fn open(&mut self, mut open: Box<Open>, events: &mut dyn FnMut(Event)) {
        let (id, law) = (open.bridge, open.law);
        let exists = self.find(id).is_some();
        let place = self.place_of(open.span, open.timeslot);
        let refusal = match place.and_then(|place| self.places.get_mut(place)) {
            _ if exists => Some(Refusal::BridgeExists),
            None => Some(Refusal::UnknownSpan(open.span)),
            Some(place) if place.bridge.is_some() => {
                Some(Refusal::TimeslotBusy(open.timeslot.number()))
            }
            Some(place) => {
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
                self.release_ports(place);
                if let Some(holder) = self.ports.get_mut(usize::from(port.0)) {
                    *holder = Some(place);
                }
                self.changed.push((port, Change::Attached));
                let bridge = self
                    .places
                    .get_mut(place)
                    .and_then(|place| place.bridge.as_mut());
                if let Some(bridge) = bridge {
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
        let Some(place) = self.find(id) else {
            refuse(id, Refusal::UnknownBridge, events);
            return;
        };
        let now = self.now;
        let Some(holder) = self.places.get_mut(place) else {
            return;
        };
        let bridge = holder.bridge.take();
        if let Some(mut bridge) = bridge {
            holder.idle = Some(bridge.law());
            self.statistics.bridges -= 1;
            let goodbye = now.and_then(|now| bridge.goodbye(now));
            let room = GOODBYES - self.goodbyes.len();
            self.goodbyes.extend(goodbye.into_iter().take(room));
            bridge.send_boxes_home(events);
            self.release_ports(place);
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

    fn release_ports(&mut self, place: usize) {
        for (port, holder) in (0..).map(RtpPort).zip(&mut self.ports) {
            if *holder == Some(place) {
                *holder = None;
                self.changed.push((port, Change::Released));
            }
        }
    }
}

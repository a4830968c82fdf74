//! What happens in a step: the events of both ends, and the packets between them where those can be captured.

use super::moment::Moment;
use super::place::{lacks_packet, places};
use crate::capture::Note;
use crate::event::{Event, Events};
use crate::session::Context;
use crate::session::capture::{DirectCapture, Seen};
use crate::sys;
use crate::text::language::Phrase;

/// What is said where no packets can be captured, in a line.
const NO_NETWORK: Phrase = Phrase::new(
    "No private network ({}): states only, packets implied.",
    "Sem rede própria ({}): só estados, pacotes deduzidos.",
);
const NO_CAPTURE: Phrase = Phrase::new(
    "No capture here ({}): states only, packets implied.",
    "Sem captura aqui ({}): só estados, pacotes deduzidos.",
);

/// Collects events and packets.
pub(super) struct Observer {
    capture: Option<DirectCapture>,
    has_repetition: bool,
}

impl Observer {
    /// Captures the packets of the sockets of `context`, if the demo has a network of its own; says why it does not.
    pub(super) fn new(context: &mut Context) -> (Self, Option<(Phrase, sys::Error)>) {
        let refused = match context.own_network.take() {
            Some(Err(error)) => Some((NO_NETWORK, error)),
            // Without events nobody knows whose packets they are, and nobody sees them.
            _ if !context.events.enabled() => None,
            _ => match open(context) {
                Ok(capture) => return (Self { capture: Some(capture), has_repetition: false }, None),
                Err(error) => Some((NO_CAPTURE, error)),
            },
        };
        (Self { capture: None, has_repetition: false }, refused)
    }

    /// Whether packets are captured.
    pub(super) const fn has_packets(&self) -> bool {
        self.capture.is_some()
    }

    /// Whether a segment was sent again.
    pub(super) const fn has_repetition(&self) -> bool {
        self.has_repetition
    }

    /// Takes the events held back since the last look; returns whether anything happened.
    pub(super) fn look(&mut self, events: &Events, moments: &mut Vec<Moment>) -> bool {
        let held = events.take_held();
        let mut any = !held.is_empty();
        if let Some(capture) = &mut self.capture {
            for (_, event) in &held {
                capture.learn(event);
            }
            any |= capture.read();
        }
        moments.extend(held.into_iter().map(|(ts, event)| Moment { ts, event, note: None }));
        any
    }

    /// Adds the packets seen so far where their times say. Those of a socket that no event told of yet are lost.
    pub(super) fn add_packets(&mut self, moments: &mut Vec<Moment>) {
        let seen = self.capture.as_mut().map(DirectCapture::take).unwrap_or_default();
        for Seen { at, event, note } in seen {
            self.has_repetition |= note == Some(Note::Retransmission);
            let place = moments.iter().rposition(|moment| moment.ts <= at).map_or(0, |before| before + 1);
            // Packets stay in the order in which they were sent.
            let last = moments.iter().rposition(|moment| matches!(moment.event, Event::Packet { .. }));
            let place = place.max(last.map_or(0, |last| last + 1));
            moments.insert(place, Moment { ts: at, event, note });
        }
    }

    /// Whether each change of state has its packet, where packets are captured.
    pub(super) fn is_whole(&self, moments: &[Moment]) -> bool {
        let lacks = |(moment, place)| lacks_packet(moment, place);
        self.capture.is_none() || !moments.iter().zip(places(moments)).any(lacks)
    }

    /// How many packets there were.
    pub(super) fn totals(&mut self) -> Option<Event> {
        self.capture.as_mut().map(DirectCapture::totals)
    }
}

fn open(context: &mut Context) -> sys::Result<DirectCapture> {
    let (capture, watch) = DirectCapture::open(context.events.detailed())?;
    context.sockets = context.sockets.clone().captured(watch);
    Ok(capture)
}

//! The events of both ends of a conversation, and the packets between them, in the order of cause and effect. Pure.
//!
//! Each end is observed by itself, so an effect may be observed before its cause, and a packet before the change of state that
//! sent it. Here a packet stands between the state that its sender entered with it and the one that it took its receiver to
//! (RFC 9293, figure 5), and an event follows the event of the other end that caused it.

use super::causes::{causes, is_other_end};
use super::moment::Moment;
use super::place::{Place, places};
use crate::event::Event;

/// Puts moments in the order of cause and effect; those of one socket stay in theirs. An effect that was observed before its
/// cause gets the time of that. `grouped`, one conversation goes on as long as it can before another one does.
pub(super) fn causal(moments: Vec<Moment>, grouped: bool) -> Vec<Moment> {
    let order = Order { places: places(&moments), moments: &moments };
    let mut pending: Vec<usize> = (0..moments.len()).collect();
    let mut sequence: Vec<usize> = Vec::with_capacity(moments.len());
    while !pending.is_empty() {
        let is_due = |at: &usize| order.is_due(&pending, pending[*at]);
        let goes_on = |at: &usize| {
            let last = sequence.last().map(|last| &moments[*last].event);
            grouped && last.is_some_and(|last| are_of_one_conversation(last, &moments[pending[*at]].event))
        };
        let due = || (0..pending.len()).filter(is_due);
        // Ends that wait for each other are told as they were observed.
        let next = due().find(goes_on).or_else(|| due().next()).unwrap_or(0);
        sequence.push(pending.remove(next));
    }
    let mut moments: Vec<Option<Moment>> = moments.into_iter().map(Some).collect();
    let mut ordered: Vec<Moment> = Vec::with_capacity(sequence.len());
    for at in sequence {
        let Some(mut moment) = moments[at].take() else { continue };
        moment.ts = ordered.last().map_or(moment.ts, |before| moment.ts.max(before.ts));
        ordered.push(moment);
    }
    ordered
}

/// Moments and where their changes of state stand among the packets.
struct Order<'a> {
    moments: &'a [Moment],
    places: Vec<Option<Place>>,
}

impl Order<'_> {
    /// Whether nothing that is pending has to come before a moment.
    fn is_due(&self, pending: &[usize], at: usize) -> bool {
        let event = &self.moments[at].event;
        pending.iter().all(|&other| {
            let before = &self.moments[other].event;
            let is_earlier = other < at && are_of_one_socket(before, event);
            !is_earlier && !causes(before, event) && !self.precedes(other, at)
        })
    }

    /// Whether the packets between two ends say that one moment comes before the other.
    fn precedes(&self, one: usize, other: usize) -> bool {
        let earlier = self.rank(one).is_some_and(|one| self.rank(other).is_some_and(|other| one < other));
        earlier && are_of_one_conversation(&self.moments[one].event, &self.moments[other].event)
    }

    /// Where a packet, or a change of state that has one, stands in its conversation.
    fn rank(&self, at: usize) -> Option<usize> {
        match (&self.moments[at].event, self.places[at]) {
            (Event::Packet { .. }, _) => Some(3 * at + 1),
            (_, Some(Place::Before(packet))) => Some(3 * packet),
            (_, Some(Place::After(packet))) => Some(3 * packet + 2),
            (_, None) => None,
        }
    }
}

/// Whether two events are of the same two ends.
fn are_of_one_conversation(one: &Event, other: &Event) -> bool {
    let (Some(one), Some(other)) = (one.socket(), other.socket()) else { return false };
    is_other_end(one, other)
        || one.peer.is_some() && one.local.is_some() && (&one.local, &one.peer) == (&other.local, &other.peer)
}

/// Whether two events are of the same socket. Packets belong to both ends, and wait for neither by themselves.
fn are_of_one_socket(one: &Event, other: &Event) -> bool {
    let is_packet = |event: &Event| matches!(event, Event::Packet { .. });
    !is_packet(one) && !is_packet(other) && one.conn().is_some() && one.conn() == other.conn()
}

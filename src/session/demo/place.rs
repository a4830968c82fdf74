//! Where the changes of state of both ends stand among the packets between them. Pure.

use super::causes::is_other_end;
use super::moment::Moment;
use crate::capture::moves;
use crate::event::{Dir, Event, Op, State, Subject};
use std::collections::HashMap;

/// The place of a change of state, by the number of the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Entering the state sent the packet.
    Before(usize),
    /// The packet caused it.
    After(usize),
}

/// The place of each moment; `None` of what no packet belongs to.
pub(super) fn places(moments: &[Moment]) -> Vec<Option<Place>> {
    // The last place of each socket: what it does later stands later.
    let mut last: HashMap<u32, Place> = HashMap::new();
    let place = |moment: &Moment| {
        let Event::State { socket, from, to, op, .. } = &moment.event else { return None };
        let after = last.get(&socket.conn).copied();
        let found = moments.iter().enumerate().find_map(|(at, packet)| {
            let place = caused(packet, socket, *from, *to, *op)?;
            let place = if place == Dir::Out { Place::Before(at) } else { Place::After(at) };
            may_follow(after, place).then_some(place)
        })?;
        last.insert(socket.conn, found);
        Some(found)
    };
    moments.iter().map(place).collect()
}

/// Whether a change of state of TCP has a packet that was not seen yet: each but the first and the last ones of a socket.
pub(super) fn lacks_packet(moment: &Moment, place: Option<Place>) -> bool {
    let Event::State { socket, to, .. } = &moment.event else { return false };
    place.is_none()
        && socket.peer.is_some()
        && !matches!(to, State::Closed | State::Connected | State::Unconnected)
}

fn may_follow(last: Option<Place>, next: Place) -> bool {
    match (last, next) {
        (None, _) => true,
        (Some(Place::Before(last) | Place::After(last)), Place::After(next))
        | (Some(Place::Before(last)), Place::Before(next)) => next >= last,
        (Some(Place::After(last)), Place::Before(next)) => next > last,
    }
}

/// Whether a packet was sent or received with a change of state; which of both, seen from its socket.
fn caused(packet: &Moment, socket: &Subject, from: State, to: State, op: Op) -> Option<Dir> {
    let Event::Packet { socket: of, packet: fields } = &packet.event else { return None };
    let dir = match (fields.dir?, is_other_end(of, socket)) {
        (dir, false) if of.local == socket.local && of.peer == socket.peer => dir,
        (Dir::In, true) => Dir::Out,
        (Dir::Out, true) => Dir::In,
        _ => return None,
    };
    let flags = fields.flags.as_deref()?;
    let receives_reset = matches!(op, Op::ResetReceived | Op::Refused);
    let by_reset = flags.contains(&"RST") && to == State::Closed;
    if by_reset && (dir == Dir::In) != receives_reset {
        return None;
    }
    moves(dir, flags, packet.note, from, to).then_some(dir)
}

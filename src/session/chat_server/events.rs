//! What happens in the room, as events.

use crate::chat::{RoomEvent, RoomEventKind};
use crate::event::{Event, Events, Fault, Kind, MemberChange, Subject};
use crate::net::stream::ByteStream;
use crate::text::number::counted;

/// Emits what a client did.
pub(super) fn emit(events: &Events, stream: &ByteStream, event: &RoomEvent<'_>) {
    if events.enabled() {
        emit_of(events, &stream.socket_ref().subject(), event);
    }
}

/// Emits what the member behind `socket` did.
pub(super) fn emit_of(events: &Events, socket: &Subject, event: &RoomEvent<'_>) {
    if !events.enabled() {
        return;
    }
    let (socket, nick) = (socket.clone(), event.nick.map(str::to_owned));
    events.emit(match event.kind {
        RoomEventKind::Line(text) => {
            Event::Line { socket, nick, text: String::from_utf8_lossy(text).into_owned() }
        }
        RoomEventKind::Nick(before) => {
            let text = before.map(|before| format!("before: {before}"));
            Event::Member { socket, what: MemberChange::Nick, nick, text }
        }
        RoomEventKind::Skipped(lines) => {
            let text = Some(match lines {
                0 => "answers to its commands were omitted".to_owned(),
                _ => format!("{} omitted", counted(lines, "line was", "lines were")),
            });
            Event::Member { socket, what: MemberChange::Slow, nick, text }
        }
        RoomEventKind::Truncated(bytes) => Event::Warning {
            fault: Fault {
                kind: Kind::Data,
                op: Some("receive".into()),
                errno: None,
                conn: Some(socket.conn),
                peer: socket.peer,
                text: format!(
                    "a line was too long: its last {} dropped",
                    counted(bytes, "byte was", "bytes were")
                ),
            },
        },
    });
}

/// Emits that a client joined, left or is too slow.
pub(super) fn emit_change(
    events: &Events,
    stream: &ByteStream,
    what: MemberChange,
    nick: Option<String>,
    text: Option<String>,
) {
    if events.enabled() {
        let socket = stream.socket_ref().subject();
        events.emit(Event::Member { socket, what, nick, text });
    }
}

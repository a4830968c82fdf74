//! Rows of a ladder at every width.

use super::{Drawing, LadderOptions};
use crate::event::ladder::Ladder as _;
use crate::event::samples::{Fill, samples};
use crate::event::{Address, Dir, Event, PacketFields, Proto, Role, State, Subject};
use crate::event::{Op, Via};
use crate::output::Style;
use crate::text::language::Language;
use crate::text::shorten::columns;
use std::net::SocketAddr;

fn subject(role: Role) -> Subject {
    let address = |port| Some(Address::from(SocketAddr::from(([127, 0, 0, 1], port))));
    let (local, peer) = if role == Role::Client { (50000, 4333) } else { (4333, 50000) };
    Subject { conn: 1, proto: Proto::Tcp, local: address(local), peer: address(peer), role }
}

fn packet(payload: &[u8]) -> Event {
    let packet = PacketFields {
        dir: Some(Dir::Out),
        flags: Some(vec!["PSH", "ACK"]),
        seq: Some(1),
        len: u32::try_from(payload.len()).ok(),
        payload: payload.to_vec(),
        ..PacketFields::default()
    };
    Event::Packet { socket: subject(Role::Client), packet: Box::new(packet) }
}

/// What is drawn of events on a terminal so many columns wide.
fn drawn(width: usize, style: Style, events: &[Event]) -> String {
    let options = LadderOptions {
        language: Language::Portuguese,
        style,
        sentences: true,
        detail: true,
        width: Box::new(move || width),
    };
    let mut drawing = Drawing::new(options, Vec::new());
    drawing.begin("A lesson with a title that is longer than some terminals are wide", false).unwrap();
    for event in events {
        drawing.event(event).unwrap();
    }
    drawing.received(b"some text").unwrap();
    drawing.command("soquete connect --linger 0 --on-eof close localhost 4333", "an RST").unwrap();
    String::from_utf8(drawing.out.into_inner().unwrap()).unwrap()
}

fn conversation() -> Vec<Event> {
    let (op, via) = (Op::Connect, Via::Kernel);
    let state = |role, from, to| Event::State { socket: subject(role), from, to, op, via };
    let mut events = vec![
        state(Role::Client, State::Closed, State::SynSent),
        state(Role::Server, State::Listen, State::SynReceived),
        packet(b"a line\n"),
        packet("日本語 and more of it, so that it goes on below the arrow, in lines of its own".as_bytes()),
    ];
    events.extend(samples(Fill::Whole).into_iter().map(|record| record.event));
    events
}

#[test]
fn no_row_is_wider_than_the_terminal() {
    for width in 24..120 {
        let text = drawn(width, Style::Plain, &conversation());
        for line in text.lines() {
            assert!(columns(line) < width.min(81), "{width}: {line:?}");
        }
        assert!(text.contains("SYN-SENT"), "{width}: {text}");
    }
}

#[test]
fn what_a_peer_sent_commands_no_terminal() {
    let text = drawn(80, Style::Plain, &[packet(b"\x1b[2J\x07\xe2\x80\xae")]);
    assert!(!text.contains(['\x1b', '\x07', '\u{202e}']), "{text:?}");
}

#[test]
fn colours_change_no_text() {
    let coloured = drawn(80, Style::Coloured, &conversation());
    let bare: String = coloured
        .split('\x1b')
        .enumerate()
        .map(|(at, part)| if at == 0 { part } else { &part[part.find('m').unwrap() + 1..] })
        .collect();
    assert_eq!(bare, drawn(80, Style::Plain, &conversation()));
}

//! Drawings of conversations that are given as events.

use super::LadderBuilder;
use crate::event::{
    Address, Dir, Event, Op, PacketFields, Proto, Record, Role, SCHEMA_VERSION, State, Subject, Via,
};
use jiff::Timestamp;
use std::net::SocketAddr;

fn subject() -> Subject {
    let address = |port: u16| Some(Address::from(SocketAddr::from(([10, 0, 0, 1], port))));
    Subject { conn: 1, proto: Proto::Tcp, local: address(46212), peer: address(4333), role: Role::Client }
}

fn record(micros: i64, event: Event) -> Record {
    Record { v: SCHEMA_VERSION, seq: 1, ts: Timestamp::from_microsecond(micros).unwrap(), event }
}

fn state(micros: i64, from: State, to: State) -> Record {
    record(micros, Event::State { socket: subject(), from, to, op: Op::Connect, via: Via::Kernel })
}

fn packet(micros: i64, dir: Dir, flags: &[&'static str], note: &str, moved: &[(State, State)]) -> Record {
    let packet = PacketFields {
        dir: Some(dir),
        flags: Some(flags.to_vec()),
        seq: Some(0),
        len: Some(0),
        note: Some(note.to_owned()),
        moved: moved.to_vec(),
        ..PacketFields::default()
    };
    record(micros, Event::Packet { socket: subject(), packet: Box::new(packet) })
}

fn handshake() -> LadderBuilder {
    let (closed, sent, open) = (State::Closed, State::SynSent, State::Established);
    let mut builder = LadderBuilder::default();
    for record in [
        packet(0, Dir::Out, &["SYN"], "handshake 1/3", &[(closed, sent)]),
        packet(20, Dir::In, &["SYN", "ACK"], "handshake 2/3", &[(sent, open)]),
        packet(30, Dir::Out, &["ACK"], "handshake 3/3", &[]),
        // Observed after the call, and drawn after their packets.
        state(90, closed, sent),
        state(91, sent, open),
        packet(1_500_000, Dir::Out, &["SYN"], "retransmission", &[]),
    ] {
        builder.add(&record);
    }
    builder
}

#[test]
fn a_state_stands_after_the_packet_that_caused_it() {
    let text = handshake().finish().to_text();
    let drawn = [
        "                client                    #1 TCP                    server",
        "          10.0.0.1:46212                                         10.0.0.1:4333",
        "  0.00 ms              │─────── SYN seq 0 (handshake 1/3) ───────✗          │",
    ];
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..2], drawn[..2], "\n{text}");
    let order = [
        "SYN seq 0",
        "SYN-SENT ┤",
        "SYN ACK seq 0",
        "ESTABLISHED ┤",
        "ACK seq 0",
        "1.50 s …",
        "retransmission",
    ];
    let mut rest = text.as_str();
    for part in order {
        rest =
            rest.split_once(part).unwrap_or_else(|| panic!("{part} is missing or out of order:\n{text}")).1;
    }
    assert!(lines.iter().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn what_is_sent_again_got_lost_half_way() {
    let ladder = handshake().finish();
    assert!(ladder.to_text().lines().nth(2).unwrap().contains("✗ "), "{}", ladder.to_text());
    assert!(ladder.to_mermaid().contains("client-xserver: SYN seq 0"), "{}", ladder.to_mermaid());
    assert_eq!(ladder.to_svg().matches("class=\"cross\"").count(), 1);
}

#[test]
fn states_alone_imply_their_segments() {
    let mut builder = LadderBuilder::default();
    for (at, (from, to)) in [
        (State::Closed, State::SynSent),
        (State::SynSent, State::Established),
        (State::Established, State::FinWait1),
        (State::FinWait1, State::FinWait2),
        (State::FinWait2, State::TimeWait),
    ]
    .into_iter()
    .enumerate()
    {
        builder.add(&state(i64::try_from(at).unwrap(), from, to));
    }
    let mermaid = builder.finish().to_mermaid();
    let arrows: Vec<&str> = mermaid.lines().filter(|line| line.contains("-->>")).map(str::trim).collect();
    let expected = [
        "client-->>server: SYN",
        "server-->>client: SYN ACK",
        "client-->>server: ACK",
        "client-->>server: FIN",
        "server-->>client: ACK",
        "server-->>client: FIN",
        "client-->>server: ACK",
    ];
    assert_eq!(arrows, expected, "{mermaid}");
    assert!(mermaid.contains("No packets were captured"));
}

#[test]
fn hostile_words_do_not_leave_the_picture() {
    let mut builder = LadderBuilder::default();
    builder.add(&packet(0, Dir::In, &["SYN"], "</text><script>&\"", &[]));
    let svg = builder.finish().to_svg();
    assert!(!svg.contains("<script>") && svg.contains("&lt;script&gt;&amp;&quot;"), "{svg}");
}

//! The order of cause and effect, however both ends and the packets between them were observed.

use super::moment::Moment;
use super::order::causal;
use crate::capture::Note;
use crate::event::{Address, Dir, Event, Op, PacketFields, Proto, Role, State, Subject, Via};
use jiff::Timestamp;
use proptest::prelude::*;
use std::net::SocketAddr;

const CLIENT: [State; 5] =
    [State::SynSent, State::Established, State::FinWait1, State::FinWait2, State::TimeWait];
const SERVER: [State; 5] =
    [State::SynReceived, State::Established, State::CloseWait, State::LastAck, State::Closed];
/// The segments of an orderly connection, from the client's side.
const PACKETS: [(Dir, &[&str], Note); 7] = [
    (Dir::Out, &["SYN"], Note::Handshake(1)),
    (Dir::In, &["SYN", "ACK"], Note::Handshake(2)),
    (Dir::Out, &["ACK"], Note::Handshake(3)),
    (Dir::Out, &["FIN", "ACK"], Note::Close(1, 1)),
    (Dir::In, &["ACK"], Note::Close(2, 2)),
    (Dir::In, &["FIN", "ACK"], Note::Close(3, 3)),
    (Dir::Out, &["ACK"], Note::Close(4, 4)),
];

/// What was told: a state of the client or server, or a packet by its number.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Told {
    Client(State),
    Server(State),
    Packet(usize),
}
use Told::{Client, Packet, Server};

fn end(role: Role) -> Subject {
    let address = |port| Some(Address::from(SocketAddr::from(([127, 0, 0, 1], port))));
    let (conn, local, peer) = if role == Role::Client { (2, 1, 2) } else { (3, 2, 1) };
    Subject { conn, proto: Proto::Tcp, local: address(local), peer: address(peer), role }
}

fn states(role: Role, first: State, states: &[State]) -> Vec<(Event, Option<Note>)> {
    let from = std::iter::once(&first).chain(states);
    let event = |(&from, &to)| {
        let (socket, op, via) = (end(role), Op::FinReceived, Via::Kernel);
        (Event::State { socket, from, to, op, via }, None)
    };
    from.zip(states).map(event).collect()
}

fn packets() -> Vec<(Event, Option<Note>)> {
    let packet = |(number, (dir, flags, note)): (usize, (Dir, &[&'static str], Note))| {
        let flags = Some(flags.to_vec());
        let seq = u32::try_from(number).ok();
        let fields = PacketFields { dir: Some(dir), flags, seq, ..PacketFields::default() };
        (Event::Packet { socket: end(Role::Client), packet: Box::new(fields) }, Some(note))
    };
    PACKETS.into_iter().enumerate().map(packet).collect()
}

/// Takes events from several sources, each in its order, by turns.
fn observed(sources: Vec<Vec<(Event, Option<Note>)>>, turns: &[usize]) -> Vec<Moment> {
    let mut sources: Vec<_> = sources.into_iter().map(Vec::into_iter).collect();
    let mut turns = turns.iter().copied().chain(std::iter::repeat(0));
    let mut moments = Vec::new();
    while let Some(turn) = turns.next().filter(|_| sources.iter().any(|source| source.len() > 0)) {
        let count = sources.len();
        let next = (0..count).find_map(|more| sources[(turn + more) % count].next());
        let Some((event, note)) = next else { break };
        let ts = Timestamp::from_second(i64::try_from(moments.len()).unwrap()).unwrap();
        moments.push(Moment { ts, event, note });
    }
    moments
}

fn told(moments: &[Moment]) -> Vec<Told> {
    let one = |moment: &Moment| match &moment.event {
        Event::State { socket, to, .. } if socket.role == Role::Client => Client(*to),
        Event::State { to, .. } => Server(*to),
        Event::Packet { packet, .. } => Packet(packet.seq.unwrap() as usize),
        other => unreachable!("{other:?}"),
    };
    moments.iter().map(one).collect()
}

fn in_order(told: &[Told], chain: &[Told]) -> bool {
    let places: Vec<_> = chain.iter().map(|one| told.iter().position(|other| one == other)).collect();
    places.iter().all(Option::is_some) && places.is_sorted()
}

proptest! {
    #[test]
    fn a_conversation_is_told_in_its_order_however_it_was_observed(turns: Vec<usize>, grouped: bool) {
        let turns: Vec<_> = turns.into_iter().map(|turn| turn % 2).collect();
        let ends = vec![states(Role::Client, State::Closed, &CLIENT), states(Role::Server, State::Listen, &SERVER)];
        let ordered = causal(observed(ends, &turns), grouped);
        let told = told(&ordered);
        for chain in [
            [Client(State::SynSent), Server(State::SynReceived)],
            [Server(State::SynReceived), Client(State::Established)],
            [Client(State::Established), Server(State::Established)],
            [Client(State::FinWait1), Server(State::CloseWait)],
            [Server(State::CloseWait), Client(State::FinWait2)],
            [Server(State::LastAck), Client(State::TimeWait)],
            [Client(State::TimeWait), Server(State::Closed)],
        ] {
            prop_assert!(in_order(&told, &chain), "{chain:?}: {told:?}");
        }
        prop_assert!(ordered.is_sorted_by_key(|moment| moment.ts));
    }

    #[test]
    fn each_packet_stands_between_the_state_it_leaves_and_the_one_it_causes(turns: Vec<usize>, grouped: bool) {
        let turns: Vec<_> = turns.into_iter().map(|turn| turn % 3).collect();
        let client = states(Role::Client, State::Closed, &CLIENT);
        let server = states(Role::Server, State::Listen, &SERVER);
        let ordered = causal(observed(vec![packets(), client, server], &turns), grouped);
        let told = told(&ordered);
        let handshake = [
            Client(State::SynSent), Packet(0), Server(State::SynReceived), Packet(1), Client(State::Established),
            Packet(2), Server(State::Established), Client(State::FinWait1), Packet(3), Server(State::CloseWait),
            Packet(4), Client(State::FinWait2), Server(State::LastAck), Packet(5), Client(State::TimeWait), Packet(6), Server(State::Closed),
        ];
        prop_assert!(in_order(&told, &handshake), "{told:?}");
        prop_assert!(ordered.is_sorted_by_key(|moment| moment.ts));
    }
}

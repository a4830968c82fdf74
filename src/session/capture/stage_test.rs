//! The order of events and packets.

use super::dissect::{Connections, Details, Dissector};
use super::packet::CapturedPacket;
use super::sockets::Sockets;
use super::stage::Stage;
use super::{Shared, Wanted};
use crate::event::{Event, Op, PacketFields, Proto, Record, Role, Sink, State, Subject, Via};
use etherparse::PacketBuilder;
use jiff::Timestamp;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};

struct Printer(Sender<Record>);

impl Sink for Printer {
    fn write(&mut self, batch: &[Record]) -> io::Result<()> {
        for record in batch {
            self.0.send(record.clone()).map_err(io::Error::other)?;
        }
        Ok(())
    }

    fn finish(&mut self) {}
}

/// A stage, what it shares, and what it prints.
fn new_stage(quiet: bool) -> (Stage, Arc<Shared>, Receiver<Record>) {
    let (to, out) = channel();
    let shared = Arc::new(Shared::default());
    let dissector = Dissector::new(Connections::Own(Sockets::default()), Details::default());
    let printer = (Box::new(Printer(to)) as Box<dyn Sink>, None);
    let stage = Stage::new(printer, dissector, (None, None, None), Arc::clone(&shared), (true, quiet));
    (stage, shared, out)
}

/// Times of this test, milliseconds from its start.
#[derive(Clone, Copy)]
struct Clock(Timestamp);

impl Clock {
    fn at(self, ms: i64) -> Timestamp {
        self.0 + jiff::SignedDuration::from_millis(ms)
    }

    fn complete(self, shared: &Shared, ms: i64) {
        shared.complete_until.store(i64::try_from(self.at(ms).as_nanosecond()).unwrap(), Ordering::Release);
    }

    fn state(self, seq: u64, ms: i64, to: State) -> Record {
        let socket = Subject {
            conn: 1,
            proto: Proto::Tcp,
            local: Some(address(1).into()),
            peer: Some(address(2).into()),
            role: Role::Client,
        };
        let event = Event::State { socket, from: State::Closed, to, op: Op::Connect, via: Via::Kernel };
        Record { v: 1, seq, ts: self.at(ms), event }
    }

    fn packet(self, ms: i64, from: u16, to: u16) -> CapturedPacket {
        let mut bytes = Vec::new();
        let builder = PacketBuilder::ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64);
        builder.tcp(from, to, 1, 1).syn().write(&mut bytes, &[]).unwrap();
        CapturedPacket {
            at: self.at(ms),
            interface: 1,
            outgoing: false,
            protocol: 0x0800,
            vlan: None,
            segment_size: None,
            length: u32::try_from(bytes.len()).unwrap(),
            bytes,
            network: 0,
        }
    }
}

const fn address(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), port)
}

/// What was printed: number, and the state or the direction.
fn printed(from: &Receiver<Record>) -> Vec<(u64, String)> {
    let words = |record: Record| match record.event {
        Event::State { to, .. } => (record.seq, to.to_string()),
        Event::Packet { packet, .. } => {
            let PacketFields { dir, .. } = *packet;
            (record.seq, format!("{:?}", dir.unwrap()))
        }
        other => panic!("{other:?}"),
    };
    from.try_iter().map(words).collect()
}

#[test]
fn a_packet_that_is_read_late_stands_before_the_state_that_it_caused() {
    let (mut stage, shared, out) = new_stage(false);
    let clock = Clock(Timestamp::now());
    stage.write(&[clock.state(1, 2, State::SynSent), clock.state(2, 4, State::Established)]).unwrap();
    assert_eq!(printed(&out), [], "packets of before may come");
    assert!(stage.holds_until().is_some());
    let mut packets = vec![clock.packet(1, 1, 2), clock.packet(3, 2, 1), clock.packet(3, 7, 8)];
    shared.backlog.add(&mut packets);
    clock.complete(&shared, 3);
    stage.write(&[]).unwrap();
    let expected = [(1, "Out"), (2, "SYN-SENT"), (3, "In")].map(|(n, what)| (n, what.to_owned()));
    assert_eq!(printed(&out), expected, "and a packet of nobody is left out");
    clock.complete(&shared, 4);
    stage.write(&[]).unwrap();
    assert_eq!(printed(&out), [(4, "ESTABLISHED".to_owned())]);
    assert!(stage.holds_until().is_none());
}

#[test]
fn lost_events_leave_their_gap_and_a_reader_that_is_late_delays_nobody_for_long() {
    let (mut stage, _, out) = new_stage(false);
    let long_ago = Clock(Timestamp::now() - jiff::SignedDuration::from_secs(1));
    stage.write(&[long_ago.state(1, 0, State::SynSent), long_ago.state(5, 1, State::Established)]).unwrap();
    let numbers: Vec<_> = printed(&out).into_iter().map(|(seq, _)| seq).collect();
    assert_eq!(numbers.last(), Some(&5), "{numbers:?}");
}

#[test]
fn a_packet_that_is_read_too_late_has_the_time_of_the_record_before_it() {
    let (mut stage, shared, out) = new_stage(false);
    let long_ago = Clock(Timestamp::now() - jiff::SignedDuration::from_secs(1));
    stage.write(&[long_ago.state(1, 5, State::SynSent)]).unwrap();
    shared.backlog.add(&mut vec![long_ago.packet(1, 1, 2)]);
    stage.finish();
    let times: Vec<_> = out.try_iter().map(|record| record.ts).collect();
    assert_eq!(times, [long_ago.at(5); 2]);
}

#[test]
fn quiet_prints_nothing_but_errors() {
    let (mut stage, shared, out) = new_stage(true);
    let clock = Clock(Timestamp::now());
    shared.backlog.add(&mut vec![clock.packet(1, 1, 2)]);
    stage.write(&[clock.state(1, 2, State::SynSent)]).unwrap();
    stage.finish();
    assert_eq!(printed(&out), []);
    assert_eq!(Wanted::default().protos, [], "nothing of others is wanted before it is said");
}

#[test]
fn room_that_packets_took_is_given_back() {
    let (mut stage, shared, _out) = new_stage(true);
    let clock = Clock(Timestamp::now());
    let mut packet = clock.packet(1, 1, 2);
    packet.bytes.resize(65 << 20, 0);
    shared.backlog.add(&mut vec![packet]);
    assert!(!shared.backlog.has_room());
    stage.finish();
    assert!(shared.backlog.has_room());
}

//! One sample of each event, and every word an event may contain, for tests and documentation. Nothing at run time uses
//! it.

use super::{
    Address, BusChange, BusFields, ChildFields, ChildStep, Dir, Event, Fault, InfoFields, Kind, MemberChange,
    Op, Outcome, PacketFields, PacketOptions, Proto, Record, Role, SCHEMA_VERSION, Scope, State, Subject,
    TlsFields, TlsStep, Value, Verified, Via,
};
use jiff::Timestamp;
use serde::Serialize;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

/// Which fields of a sample are present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// Every field.
    Whole,
    /// Only the required ones.
    Bare,
}

impl Fill {
    fn maybe<T>(self, value: T) -> Option<T> {
        (self == Self::Whole).then_some(value)
    }
}

/// Lists one value of each variant; one left out does not compile.
macro_rules! one_of_each {
    ($type:ident: $($variant:ident { $($field:tt)* })*) => {{
        const _: fn(&$type) = |one| match one { $($type::$variant { .. } => (),)* };
        vec![$($type::$variant { $($field)* }),*]
    }};
}

/// Lists the words of an enum's variants; one left out does not compile.
macro_rules! words {
    ($type:ident: $($variant:ident)*) => {{
        const _: fn(&$type) = |one| match one { $($type::$variant => (),)* };
        vec![$(word($type::$variant)),*]
    }};
}

/// A record of each event, numbered from 1.
#[must_use]
pub fn samples(fill: Fill) -> Vec<Record> {
    let record = |(event, seq)| Record { v: SCHEMA_VERSION, seq, ts: Timestamp::UNIX_EPOCH, event };
    events(fill).into_iter().zip(1..).map(record).collect()
}

fn events(fill: Fill) -> Vec<Event> {
    let socket = || Subject {
        conn: 7,
        proto: Proto::Tcp,
        local: fill.maybe(loopback(50000)),
        peer: fill.maybe(SocketAddr::from((Ipv6Addr::LOCALHOST, 4333)).into()),
        role: Role::Client,
    };
    let address: SocketAddr = (Ipv4Addr::LOCALHOST, 4333).into();
    let words = || "two words".to_owned();
    one_of_each! { Event:
        State { socket: socket(), from: State::SynSent, to: State::Established, op: Op::Connect, via: Via::Kernel }
        Option {
            socket: socket(),
            name: "sndbuf",
            requested: fill.maybe(Value::Number(4096)),
            effective: Value::Number(8192),
        }
        Resolve { host: "example.com".to_owned(), address }
        Info { socket: socket(), info: InfoFields { delivery_rate: fill.maybe(1_000_000), ..InfoFields::default() } }
        Bind { socket: socket() }
        Listening {
            socket: socket(),
            backlog: fill.maybe(128),
            backlog_requested: fill.maybe(1024),
            scope: Scope::Loopback,
        }
        Accept { socket: socket(), pid: fill.maybe(812), uid: fill.maybe(1000) }
        Refuse { socket: socket(), reason: words() }
        Datagram { socket: socket(), dir: Dir::In, len: 5 }
        Data { socket: socket(), dir: Dir::In, len: 5, total: 12 }
        Member { socket: socket(), what: MemberChange::Nick, nick: fill.maybe(words()), text: fill.maybe(words()) }
        Line { socket: socket(), nick: fill.maybe(words()), text: words() }
        Tls { socket: socket(), what: TlsStep::Handshake, tls: Box::new(tls(fill)) }
        Packet { socket: socket(), packet: Box::new(packet(fill)) }
        Capture { captured: 93, dropped: 0, file: fill.maybe("a.pcapng".to_owned()) }
        Child {
            socket: socket(),
            what: ChildStep::Exit,
            child: ChildFields { pid: 4711, code: fill.maybe(143), signal: fill.maybe("SIGTERM".to_owned()) },
        }
        Proxy {
            socket: socket(),
            proxy: "socks5://localhost:1080".to_owned(),
            target: "localhost:4333".to_owned(),
            outcome: Outcome::Connected,
            text: fill.maybe(words()),
        }
        ProxyHeader {
            socket: socket(),
            dir: Dir::In,
            version: 2,
            source: fill.maybe((Ipv4Addr::LOCALHOST, 4333).into()),
            destination: fill.maybe((Ipv4Addr::LOCALHOST, 4333).into()),
        }
        Bus {
            what: BusChange::Undelivered,
            bus: BusFields {
                subject: "soquete.room.tea".to_owned(),
                url: "nats://localhost:4222".to_owned(),
                lines: fill.maybe(37),
                machine: fill.maybe("b:4333".to_owned()),
            },
        }
        Target {
            target: "localhost:4333".to_owned(),
            conn: fill.maybe(7),
            proto: Proto::Tcp,
            local: fill.maybe(address.into()),
            peer: fill.maybe(address.into()),
            outcome: Outcome::Open,
            attempt: fill.maybe(3),
            latency_us: fill.maybe(42),
            text: fill.maybe(words()),
        }
        Progress { socket: socket(), bytes_in: 1, bytes_out: 2, total: fill.maybe(4) }
        Summary {
            socket: socket(),
            bytes_in: 1,
            bytes_out: 2,
            duration_us: 3,
            rtt_us: fill.maybe(18),
            retransmits: fill.maybe(0),
            clean: true,
            joined: fill.maybe(8),
        }
        Warning { fault: fault(fill, Kind::Reset) }
        Error { fault: fault(fill, Kind::Refused) }
        Exit { code: 0, cause: "done".to_owned() }
    }
}

fn packet(fill: Fill) -> PacketFields {
    let options =
        PacketOptions { mss: Some(1460), ws: Some(7), sack_ok: true, sack: Some((1, 2)), ts: Some((3, 4)) };
    PacketFields {
        dir: Some(Dir::Out),
        flags: fill.maybe(vec!["SYN"]),
        seq: fill.maybe(0),
        ack: fill.maybe(0),
        win: fill.maybe(64240),
        len: fill.maybe(0),
        options: fill.maybe(options),
        ttl: fill.maybe(64),
        note: fill.maybe("handshake 1/3".to_owned()),
        segments: fill.maybe(2),
        segment_size: fill.maybe(1448),
        vlan: fill.maybe(42),
        carries: fill.maybe("icmp".to_owned()),
        seq_raw: fill.maybe(17),
        ack_raw: fill.maybe(18),
        hex: fill.maybe("4500".to_owned()),
        interface: fill.maybe("eth0".to_owned()),
        payload: Vec::new(),
        moved: Vec::new(),
    }
}

fn tls(fill: Fill) -> TlsFields {
    let word = |text: &str| fill.maybe(text.to_owned());
    TlsFields {
        version: word("1.3"),
        cipher: word("TLS_AES_256_GCM_SHA384"),
        group: word("X25519"),
        alpn: word("http/1.1"),
        sni: word("example.com"),
        subject: word("CN=example.com"),
        issuer: word("CN=Example CA"),
        names: word("example.com").into_iter().collect(),
        not_after: word("2027-11-22T00:00:00Z"),
        fingerprint: word("sha256:00"),
        verified: fill.maybe(Verified::System),
        reason: word("unknown_ca"),
        duration_us: fill.maybe(900),
    }
}

fn fault(fill: Fill, kind: Kind) -> Fault {
    Fault {
        kind,
        op: fill.maybe("connect".to_owned()),
        errno: fill.maybe("ECONNREFUSED".to_owned()),
        conn: fill.maybe(7),
        peer: fill.maybe(loopback(4333)),
        text: "connect 127.0.0.1:4333: Connection refused".to_owned(),
    }
}

/// Each field that takes one of a fixed set of words, with that set.
#[must_use]
pub fn vocabulary() -> Vec<(&'static str, Vec<String>)> {
    let states = words!(State: Closed Listen SynSent SynReceived Established FinWait1 FinWait2 CloseWait Closing
        LastAck TimeWait Unconnected Connected);
    vec![
        ("proto", words!(Proto: Tcp Udp Unix Vsock)),
        ("role", words!(Role: Listener Client Server)),
        ("from", states.clone()),
        ("to", states),
        (
            "op",
            words!(Op: Bind Listen Accept Connect SynReceived AckReceived Shutdown Close FinReceived ResetReceived
                Refused TimedOut),
        ),
        ("via", words!(Via: Kernel Table Implied)),
        ("scope", words!(Scope: Loopback Address Public)),
        ("dir", words!(Dir: In Out)),
        (
            "what",
            [
                words!(MemberChange: Join Leave Nick Slow),
                words!(TlsStep: Certificate Handshake CloseNotify Alert Truncated),
                words!(ChildStep: Start Exit),
                words!(BusChange: Connected Lost Restored Undelivered),
            ]
            .concat(),
        ),
        (
            "outcome",
            words!(Outcome: Open Closed TlsFailed Filtered Unresolved Failed Connected Disconnected Replied Refused
                NoAnswer NoMatch),
        ),
        (
            "kind",
            words!(Kind: Usage Resolve Refused Reset Unacknowledged Unreachable Timeout Address Permission
                Resources Option File Data EventsLost Waiting Tls Proxy Other),
        ),
        ("verified", words!(Verified: System Ca Pin None)),
    ]
}

/// The word of a variant without fields.
fn word(variant: impl Serialize) -> String {
    let shown = serde_json::to_value(variant).ok();
    shown.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

fn loopback(port: u16) -> Address {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_sample_leaves_nothing_out() {
        for record in samples(Fill::Whole) {
            assert!(!format!("{record:?}").contains("None"), "{record:?}");
        }
    }

    #[test]
    fn every_word_is_written_in_one_way() {
        for (field, words) in vocabulary() {
            assert!(words.iter().all(|w| !w.is_empty()), "{field}: {words:?}");
        }
        let states = State::ALL.map(State::name);
        assert_eq!(vocabulary()[2].1, states);
        let scopes = [Outcome::Open.name(), Outcome::Closed.name()];
        assert_eq!(vocabulary()[9].1[..2], scopes);
    }
}

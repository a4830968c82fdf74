//! The same sockets as `ss` shows, a few hundred of them.
#![allow(clippy::disallowed_methods)]

use super::rows;
use crate::support::{Door, Peer, peer};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::process::Command;

/// State, the two queues, our end, the other end.
type Line = (String, String, u64, u64, String, String);

fn ss(flags: &str) -> Option<Vec<Vec<String>>> {
    let program = peer("ss")?;
    let output = Command::new(program).arg(flags).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect())
}

/// The RFC's name for a state of `ss`.
fn state(name: &str, proto: &str) -> String {
    match (name, proto) {
        ("ESTAB", "udp" | "unix" | "unix-dgram") => "CONNECTED",
        ("ESTAB", _) => "ESTABLISHED",
        ("UNCONN", "unix") => "CLOSED",
        ("UNCONN", _) => "UNCONNECTED",
        ("SYN-RECV", _) => "SYN-RECEIVED",
        (other, _) => other,
    }
    .to_owned()
}

/// An end as this program writes it; `ss` writes `*` for a dual-stack `[::]` and appends the interface of some.
fn end(text: &str) -> String {
    let (host, port) = text.rsplit_once(':').unwrap();
    let host = host.split('%').next().unwrap();
    match (host, port) {
        (_, "*") => "-".into(),
        ("*", port) => format!("[::]:{port}"),
        (host, port) => format!("{host}:{port}"),
    }
}

fn lines_of_ss(flags: &str, proto: &str, ports: &BTreeSet<u16>) -> Option<Vec<Line>> {
    let mut lines: Vec<Line> = ss(flags)?
        .iter()
        .filter(|words| words[0] != "TIME-WAIT" && words[3..5].iter().any(|end| has_port(end, ports)))
        .map(|words| {
            let number = |at: usize| words[at].parse().unwrap();
            let name = state(&words[0], proto);
            (proto.to_owned(), name, number(1), number(2), end(&words[3]), end(&words[4]))
        })
        .collect();
    lines.sort();
    Some(lines)
}

fn has_port(end: &str, ports: &BTreeSet<u16>) -> bool {
    end.rsplit(':').next().and_then(|port| port.parse().ok()).is_some_and(|port| ports.contains(&port))
}

fn line(row: &Value) -> Line {
    let text = |field: &str| row[field].as_str().map_or_else(|| "-".to_owned(), str::to_owned);
    let queues =
        if row["state"] == "LISTEN" { ["accept_queue", "accept_max"] } else { ["recv_queue", "send_queue"] };
    let [first, second] = queues.map(|field| row[field].as_u64().unwrap());
    (text("proto"), text("state"), first, second, text("local"), text("peer"))
}

#[test]
fn tcp_as_ss_shows_it() {
    let (mut doors, mut peers, mut ports) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (bind, host, count) in [
        ("127.0.0.1:0", "127.0.0.1", 90),
        ("[::1]:0", "::1", 40),
        ("[::]:0", "127.0.0.1", 40),
        ("0.0.0.0:0", "127.0.0.1", 10),
    ] {
        let door = Door::open_at(bind.parse().unwrap());
        ports.insert(door.port());
        for number in 0..count {
            let mut client = Peer::connect(SocketAddr::new(host.parse().unwrap(), door.port()));
            if number % 3 == 0 {
                client.send(vec![0; 100 + number]);
            }
            if number % 5 != 0 {
                peers.push(door.accept());
            }
            peers.push(client);
        }
        doors.push(door);
    }
    let Some(theirs) = lines_of_ss("-Htan", "tcp", &ports) else { return };
    let list: Vec<String> = ports.iter().map(u16::to_string).collect();
    let mut ours: Vec<Line> = rows(format!("-t {}", list.join(" "))).iter().map(line).collect();
    ours.sort();
    assert!(ours.len() > 350, "{}", ours.len());
    assert_eq!(ours, theirs);
}

#[test]
fn udp_as_ss_shows_it() {
    let (mut sockets, mut ports) = (Vec::new(), BTreeSet::new());
    for (bind, host) in
        [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("::", "127.0.0.1"), ("0.0.0.0", "127.0.0.1")]
    {
        for _ in 0..10 {
            let server = UdpSocket::bind((bind, 0)).unwrap();
            let client = UdpSocket::bind((host, 0)).unwrap();
            let port = server.local_addr().unwrap().port();
            client.connect((host, port)).unwrap();
            client.send(b"waits").unwrap();
            ports.insert(port);
            sockets.extend([server, client]);
        }
    }
    let Some(theirs) = lines_of_ss("-Huan", "udp", &ports) else { return };
    let list: Vec<String> = ports.iter().map(u16::to_string).collect();
    let mut ours: Vec<Line> = rows(format!("-u {}", list.join(" "))).iter().map(line).collect();
    ours.sort();
    assert_eq!(ours.len(), sockets.len());
    assert_eq!(ours, theirs);
}

#[test]
fn unix_as_ss_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("door");
    let door = UnixListener::bind(&path).unwrap();
    let client = UnixStream::connect(&path).unwrap();
    let server = door.accept().unwrap().0;
    let (left, right) = UnixStream::pair().unwrap();
    let (here, there) = UnixDatagram::pair().unwrap();
    let named = UnixDatagram::bind(folder.path().join("box")).unwrap();
    let own = [
        door.as_fd(),
        client.as_fd(),
        server.as_fd(),
        left.as_fd(),
        right.as_fd(),
        here.as_fd(),
        there.as_fd(),
        named.as_fd(),
    ];
    let own: BTreeSet<u64> = own.iter().map(|fd| rustix::fs::fstat(fd).unwrap().st_ino).collect();
    let Some(theirs) = ss("-Hxan") else { return };
    let theirs: BTreeMap<u64, _> = theirs
        .iter()
        .map(|words| {
            let number = |at: usize| words[at].parse::<u64>().unwrap();
            let (kind, state_kind) = match words[0].as_str() {
                "u_str" => ("stream", "unix"),
                "u_dgr" => ("dgram", "unix-dgram"),
                _ => ("seqpacket", "unix"),
            };
            let seen = (
                kind.to_owned(),
                state(&words[1], state_kind),
                number(2),
                number(3),
                words[4].clone(),
                number(7),
            );
            (number(5), seen)
        })
        .filter(|(inode, _)| own.contains(inode))
        .collect();
    let ours: BTreeMap<u64, _> = rows("-x")
        .iter()
        .map(|row| {
            let text = |field: &str| row[field].as_str().map_or_else(|| "*".to_owned(), str::to_owned);
            let listens = row["state"] == "LISTEN";
            let queues = if listens { ["accept_queue", "accept_max"] } else { ["recv_queue", "send_queue"] };
            let [first, second] = queues.map(|field| row[field].as_u64().unwrap());
            let other = row["peer_inode"].as_u64().unwrap_or(0);
            (
                row["inode"].as_u64().unwrap(),
                (text("type"), text("state"), first, second, text("local"), other),
            )
        })
        .filter(|(inode, _)| own.contains(inode))
        .collect();
    assert_eq!(ours.len(), own.len());
    assert_eq!(ours, theirs);
}

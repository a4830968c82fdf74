//! One real socket in each of the eleven states, made without any privilege.
#![allow(unsafe_code)] // one option has no safe wrapper
#![allow(clippy::disallowed_methods)] // sockets to look at

use super::{row, rows};
use crate::support::{Door, Peer};
use serde_json::Value;
use socket2::{Domain, Socket, Type};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::time::Instant;

/// Waits until the socket between these ends is in `state`: what closes takes a moment.
fn settled(local: SocketAddr, peer: SocketAddr, state: &str) -> Value {
    let until = Instant::now() + crate::support::DEADLINE;
    loop {
        let rows = super::stat(format!("-t --local {local} --peer {peer}")).run().rows();
        let row = row(&rows, local, peer);
        if row["state"] == state {
            return row.clone();
        }
        assert!(Instant::now() < until, "{row} instead of {state}");
    }
}

fn pair() -> (Peer, Peer) {
    let door = Door::open();
    let client = Peer::connect(door.address());
    (client, door.accept())
}

/// A connection whose first end has sent all that fits, so that a FIN of its own stays unsent behind the data.
fn stuffed() -> (Peer, Peer) {
    let door = Door::narrow();
    let client = Peer::connect(door.address());
    let server = door.accept();
    client.stream().set_nonblocking(true).unwrap();
    let bytes = vec![0; 65536];
    while client.stream().write(&bytes).is_ok() {}
    (client, server)
}

#[test]
fn listen_and_established() {
    let door = Door::open();
    let client = Peer::connect(door.address());
    let rows = rows(format!("-t {}", door.port()));
    let listener = rows.iter().find(|row| row["state"] == "LISTEN").unwrap();
    assert_eq!((&listener["accept_queue"], &listener["accept_max"]), (&1.into(), &128.into()), "{listener}");
    assert_eq!(listener.get("recv_queue"), None, "a listener has no queue of bytes");
    let waiting = row(&rows, door.address(), client.local());
    assert_eq!(
        (&waiting["state"], &waiting["inode"]),
        (&"ESTABLISHED".into(), &0.into()),
        "nobody accepted it"
    );
}

#[test]
fn syn_sent() {
    let silent = crate::support::sockets::SilentPort::open();
    let client = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    client.set_nonblocking(true).unwrap();
    client.connect(&silent.address().into()).unwrap_err();
    let local = client.local_addr().unwrap().as_socket().unwrap();
    let row = settled(local, silent.address(), "SYN-SENT");
    assert_eq!(row["send_queue"], 1, "the SYN is not acknowledged: {row}");
}

#[test]
fn syn_received() {
    let door = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    door.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    let seconds: libc::c_int = 30;
    // SAFETY: the option takes an int, which outlives the call.
    let answer = unsafe {
        libc::setsockopt(
            door.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_DEFER_ACCEPT,
            (&raw const seconds).cast(),
            size_of::<libc::c_int>().try_into().unwrap(),
        )
    };
    assert_eq!(answer, 0, "{}", std::io::Error::last_os_error());
    door.listen(4).unwrap();
    let address = door.local_addr().unwrap().as_socket().unwrap();
    let client = Peer::connect(address);
    // The last ACK of the handshake does not count before data comes with it (TCP_DEFER_ACCEPT of tcp(7)).
    settled(address, client.local(), "SYN-RECEIVED");
    settled(client.local(), address, "ESTABLISHED");
}

#[test]
fn fin_wait_1() {
    let (client, _server) = stuffed();
    client.half_close();
    let row = settled(client.local(), client.peer(), "FIN-WAIT-1");
    assert!(row["send_queue"].as_u64().unwrap() > 0, "{row}");
}

#[test]
fn fin_wait_2_and_close_wait() {
    let (client, server) = pair();
    client.half_close();
    settled(client.local(), client.peer(), "FIN-WAIT-2");
    settled(server.local(), server.peer(), "CLOSE-WAIT");
}

#[test]
fn closing() {
    let (client, server) = stuffed();
    client.half_close();
    settled(client.local(), client.peer(), "FIN-WAIT-1");
    server.half_close();
    settled(client.local(), client.peer(), "CLOSING");
}

#[test]
fn last_ack() {
    let (client, server) = stuffed();
    server.half_close();
    settled(client.local(), client.peer(), "CLOSE-WAIT");
    client.half_close();
    settled(client.local(), client.peer(), "LAST-ACK");
}

#[test]
fn time_wait_and_the_orphan_before_it() {
    let (client, server) = pair();
    let (near, far) = (client.local(), client.peer());
    drop(client);
    let orphan = settled(near, far, "FIN-WAIT-2");
    assert_eq!(orphan["inode"], 0, "{orphan}");
    drop(server);
    settled(near, far, "TIME-WAIT");
    let rows = super::stat(format!("-te --local {near} --peer {far}")).run().rows();
    let row = row(&rows, near, far);
    assert_eq!(row["timer"], "time-wait", "{row}");
    assert!((1..=60_000).contains(&row["timer_ms"].as_u64().unwrap()), "{row}");
}

#[test]
fn closed_is_a_socket_bound_and_nothing_more() {
    let bound = crate::support::refusing_port();
    let run = super::stat(format!("-t --state CLOSED {}", bound.port())).run();
    // Kernels show these since 6.8.
    if let [row] = &run.rows()[..] {
        assert_eq!((&row["state"], &row["local"]), (&"CLOSED".into(), &bound.address().to_string().into()));
    }
    super::assert_no_match(&super::stat(format!("-t --state LISTEN {}", bound.port())).run());
}

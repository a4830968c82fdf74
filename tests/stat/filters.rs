//! Which sockets are shown.

use super::{LIVE, assert_no_match, live, row, rows, stat};
use crate::support::{Door, Peer};
use std::net::{SocketAddr, UdpSocket};

/// A listener with a client, on an address of loopback that no other test uses.
fn conversation(address: &str) -> (Door, Peer, Peer) {
    let door = Door::open_at(SocketAddr::new(address.parse().unwrap(), 0));
    let client = Peer::connect(door.address());
    let server = door.accept();
    (door, client, server)
}

#[test]
fn a_port_finds_the_listener_and_both_ends() {
    let (door, client, _server) = conversation("127.0.0.1");
    let port = door.port();
    for filter in
        [format!("{port}"), format!(":{port}"), format!("127.0.0.1:{port}"), format!("127.0.0.1 {port}")]
    {
        let rows = rows(&filter);
        assert_eq!(rows.len(), 3, "{filter}: {rows:#?}");
        assert_eq!(row(&rows, door.address(), client.local())["state"], "ESTABLISHED");
        assert_eq!(row(&rows, client.local(), door.address())["state"], "ESTABLISHED");
        let listener = rows.iter().find(|row| row["state"] == "LISTEN").unwrap();
        assert_eq!(listener["peer"], serde_json::Value::Null);
    }
}

#[test]
fn ipv6_and_dual_stack_sockets_are_found_by_their_port() {
    let door = Door::open_at("[::]:0".parse().unwrap());
    let client = Peer::connect(SocketAddr::new("127.0.0.1".parse().unwrap(), door.port()));
    let server = door.accept();
    let found = rows(door.port());
    assert_eq!(found.len(), 3, "{found:#?}");
    let mapped = row(&found, server.local(), server.peer());
    assert!(mapped["local"].as_str().unwrap().starts_with("[::ffff:127.0.0.1]:"), "{mapped}");
    assert_eq!(rows(format!("-6 {}", door.port())).len(), 2);
    assert_eq!(rows(format!("-4 {}", door.port())).len(), 1);
    let v6 = Peer::connect(SocketAddr::new("::1".parse().unwrap(), door.port()));
    assert_eq!(rows(format!("[::1]:{}", door.port())).len(), 2);
    drop((client, v6));
}

#[test]
fn one_end_may_be_asked_for() {
    let (door, client, _server) = conversation("127.0.0.1");
    let (port, near) = (door.port(), client.local().port());
    let count = |words: String| rows(words).len();
    assert_eq!(count(format!("--local {port}")), 2);
    assert_eq!(count(format!("--peer {port}")), 1);
    assert_eq!(count(format!("--local {port} --peer {near}")), 1);
    assert_eq!(count(format!("{port} --peer 127.0.0.1:{near}")), 1);
    assert_no_match(&stat(format!("{LIVE} --local {port} --peer {port}")).run());
}

#[test]
fn ranges_of_addresses_and_several_filters_are_alternatives() {
    let one = conversation("127.9.1.1");
    let other = conversation("127.9.1.2");
    let far = Door::open_at("127.9.2.1:0".parse().unwrap());
    let addresses = |words: &str| {
        let rows = rows(format!("{words} --state LISTEN"));
        let mut found: Vec<String> =
            rows.iter().map(|row| row["local"].as_str().unwrap().to_owned()).collect();
        found.sort();
        found
    };
    let [one, other, far] = [&one.0, &other.0, &far].map(|door| door.address().to_string());
    let both = [one.clone(), other.clone()];
    assert_eq!(addresses("127.9.1.0/24"), both);
    assert_eq!(addresses("127.9.1.0/30 127.9.2.1"), [one.clone(), other.clone(), far.clone()]);
    assert_eq!(addresses("127.9.1.1 127.9.1.2"), both);
    let port = far.rsplit(':').next().unwrap().to_owned();
    assert_eq!(addresses(&format!("127.9.0.0/16 {port}")), [far]);
}

#[test]
fn states_and_transports_are_picked() {
    let (door, _client, _server) = conversation("127.0.0.1");
    let port = door.port();
    let count = |words: &str| live(&stat(format!("{words} {port}")).run()).len();
    assert_eq!(count("-t"), 3);
    assert_eq!(count("-a"), 3);
    assert_eq!(count("-l"), 1);
    assert_eq!(count("--listening"), 1);
    assert_eq!(count("--state established"), 2);
    assert_eq!(count("--state LISTEN --state ESTAB"), 3);
    assert_eq!(count("--state listen,close_wait"), 1);
    assert_eq!(count("-u"), 0);
    assert_eq!(count("-x"), 0);
}

#[test]
fn datagram_sockets_wait_unconnected_or_have_a_peer() {
    #![allow(clippy::disallowed_methods)]
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (local, near) = (server.local_addr().unwrap(), client.local_addr().unwrap());
    client.connect(local).unwrap();
    client.send(b"hello").unwrap();
    let rows = rows(format!("-u {}", local.port()));
    let waiting = rows.iter().find(|row| row["local"] == local.to_string()).unwrap();
    assert_eq!((&waiting["proto"], &waiting["state"]), (&"udp".into(), &"UNCONNECTED".into()));
    assert!(waiting["recv_queue"].as_u64().unwrap() > 0, "the datagram waits: {waiting}");
    assert_eq!(row(&rows, near, local)["state"], "CONNECTED");
    assert_eq!(super::rows(format!("-lu {}", local.port())).len(), 1);
}

#[test]
fn a_family_of_addresses_leaves_those_without_one_out() {
    #![allow(clippy::disallowed_methods)]
    let _unix = std::os::unix::net::UnixDatagram::unbound().unwrap();
    let _doors = [Door::open(), Door::open_at("[::1]:0".parse().unwrap())];
    let protos = |words: &str| -> Vec<String> {
        rows(words).iter().map(|row| row["proto"].as_str().unwrap().to_owned()).collect()
    };
    assert!(protos("").iter().any(|proto| proto == "unix"));
    for family in ["-4", "-6"] {
        assert!(protos(family).iter().all(|proto| proto != "unix"), "{family}");
    }
    assert!(protos("-4 -x").iter().any(|proto| proto == "unix"), "it was asked for");
}

#[test]
fn nothing_that_matches_is_exit_1_and_a_wrong_filter_exit_2() {
    assert_no_match(&stat(format!("--state LISTEN {}", crate::support::refusing_port().port())).run());
    for words in
        ["70000", "10.0.0.0/40", "--state OPEN", "--local x:y", "--summary --watch", "--timeout 1s", "-la"]
    {
        let run = stat(words).run();
        assert_eq!((run.code, run.text()), (2, ""), "{words}: {run}");
    }
    let run = stat("-n nosuchhost.invalid").run();
    assert_eq!(run.code, 1, "{run}");
    run.error("resolve");
}

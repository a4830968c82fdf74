//! `--watch`: changes as they happen.
#![allow(clippy::disallowed_methods)]

use super::stat;
use crate::support::{DEADLINE, Door, Peer, Running};
use serde_json::Value;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// A watch over one address of loopback, which no other test uses, that has had its first look.
fn watch(address: &str, words: &str) -> (Running, IpAddr) {
    let running = stat(format!("--watch {words} {address}")).start();
    let ip: IpAddr = address.parse().unwrap();
    let until = Instant::now() + DEADLINE;
    while running.stdout().is_empty() {
        assert!(Instant::now() < until, "nothing is seen");
        let door = Door::open_at(SocketAddr::new(ip, 0));
        let mut left = Duration::from_millis(50);
        while running.stdout().is_empty() && !left.is_zero() {
            std::thread::park_timeout(Duration::from_millis(5));
            left = left.saturating_sub(Duration::from_millis(5));
        }
        drop(door);
    }
    (running, ip)
}

/// Whatever the state before was.
const ANY: &str = "any";

fn changes(running: Running, port: u16) -> Vec<(String, Value, Value)> {
    let run = running.terminate();
    let port = format!(":{port}");
    run.rows()
        .iter()
        .filter(|row| row["local"].as_str().unwrap().ends_with(&port))
        .map(|row| (row["change"].as_str().unwrap().to_owned(), row["from"].clone(), row["to"].clone()))
        .collect()
}

fn change(name: &str, from: &str, to: &str) -> (String, Value, Value) {
    let state = |name: &str| if name.is_empty() { Value::Null } else { name.into() };
    (name.into(), state(from), state(to))
}

fn wait(running: &Running, port: u16, from: &str, to: &str) {
    let state = |name: &str| if name.is_empty() { "null".into() } else { format!("{name:?}") };
    let from = if from == ANY { String::new() } else { format!("\"from\":{},", state(from)) };
    let until = Instant::now() + DEADLINE;
    let (own, states) = (format!(":{port}\",\"peer\""), format!("{from}\"to\":{}", state(to)));
    let seen = |line: &str| line.contains(&own) && line.contains(&states);
    while !String::from_utf8(running.stdout()).unwrap().lines().any(seen) {
        assert!(
            Instant::now() < until,
            "no {states} of {own}: {}",
            String::from_utf8_lossy(&running.stdout())
        );
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

#[test]
fn a_connection_is_followed_from_its_appearance_to_its_end() {
    let (running, ip) = watch("127.9.3.1", "-t");
    let door = Door::open_at(SocketAddr::new(ip, 0));
    wait(&running, door.port(), "", "LISTEN");
    let client = Peer::connect(door.address());
    let server = door.accept();
    let near = client.local().port();
    wait(&running, near, "", "ESTABLISHED");
    server.half_close();
    wait(&running, near, "ESTABLISHED", "CLOSE-WAIT");
    client.half_close();
    wait(&running, near, ANY, "");
    drop((client, server));
    let port = door.port();
    drop(door);
    wait(&running, port, "LISTEN", "");
    // LAST-ACK lasts microseconds on loopback; a look may fall into it.
    let mut seen = changes(running, near);
    let through_last_ack = change("changed", "CLOSE-WAIT", "LAST-ACK");
    let last = if seen.contains(&through_last_ack) { "LAST-ACK" } else { "CLOSE-WAIT" };
    seen.retain(|change| *change != through_last_ack);
    let expected = [
        change("appeared", "", "ESTABLISHED"),
        change("changed", "ESTABLISHED", "CLOSE-WAIT"),
        change("gone", last, ""),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn what_no_look_could_see_is_told_by_the_kernels_notice() {
    let (running, ip) = watch("127.9.3.2", "-t");
    let door = Door::open_at(SocketAddr::new(ip, 0));
    wait(&running, door.port(), "", "LISTEN");
    // Over before the next look: the notices have both ends, one leaves TIME-WAIT behind.
    let client = Peer::connect(door.address());
    let near = client.local().port();
    let server = door.accept();
    client.half_close();
    drop(server);
    drop(client);
    wait(&running, near, "", "TIME-WAIT");
    drop(running);
}

#[test]
fn only_changes_into_or_out_of_the_wanted_states_are_shown() {
    let (running, ip) = watch("127.9.3.3", "-t --state LISTEN");
    let door = Door::open_at(SocketAddr::new(ip, 0));
    wait(&running, door.port(), "", "LISTEN");
    let client = Peer::connect(door.address());
    drop(door.accept());
    drop(client);
    let port = door.port();
    drop(door);
    wait(&running, port, "LISTEN", "");
    assert_eq!(changes(running, port), [change("appeared", "", "LISTEN"), change("gone", "LISTEN", "")]);
}

#[test]
fn people_read_from_and_to_with_the_time_of_day() {
    let door = Door::open_at("127.9.3.7:0".parse().unwrap());
    let running = stat("--watch=5ms -t 127.9.3.7").human().start();
    let until = Instant::now() + DEADLINE;
    while !String::from_utf8(running.stdout()).unwrap().contains("appeared     → ESTABLISHED") {
        assert!(Instant::now() < until);
        let client = Peer::connect(door.address());
        std::thread::park_timeout(Duration::from_millis(30));
        drop(client);
    }
    let text = String::from_utf8(running.stdout()).unwrap();
    let line = text.lines().next().unwrap();
    assert!(line.as_bytes()[2] == b':' && line.contains(" tcp ") && line.contains(" ↔ "), "{line}");
}

/// A conversation that leaves FIN-WAIT-2 and TIME-WAIT behind, at one end or the other.
fn converse(door: &Door) -> (SocketAddr, SocketAddr) {
    let client = Peer::connect(door.address());
    let server = door.accept();
    let ends = (client.local(), client.peer());
    drop(server);
    drop(client);
    ends
}

#[test]
fn nothing_is_told_of_what_was_not_asked_for() {
    let (door, others) = (Door::open_at("127.9.3.4:0".parse().unwrap()), Door::open());
    let (port, address) = (door.port(), door.address());
    for filter in
        [format!("{port}"), format!("--local :{port}"), format!("--peer {address}"), "127.9.3.4".into()]
    {
        let running = stat(format!("--watch -t {filter}")).start();
        let until = Instant::now() + DEADLINE;
        while running.stdout().is_empty() {
            assert!(Instant::now() < until, "nothing is seen");
            converse(&door);
            std::thread::park_timeout(Duration::from_millis(20));
        }
        for _ in 0..60 {
            converse(&others);
        }
        let (near, far) = converse(&door);
        let end = if filter.starts_with("--peer") { near } else { far };
        running.wait_stdout(format!("\"local\":\"{end}\""));
        let run = running.terminate();
        let is_at_door = |row: &Value, side: &str| row[side] == address.to_string();
        for row in run.rows() {
            let (local, peer) = (is_at_door(&row, "local"), is_at_door(&row, "peer"));
            let wanted = match filter.split(' ').next() {
                Some("--local") => local,
                Some("--peer") => peer,
                _ => local || peer,
            };
            assert!(wanted, "{filter} and {row}");
        }
    }
}

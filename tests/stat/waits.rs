//! `--wait`: until the table looks as wanted.
#![allow(clippy::disallowed_methods)]

use super::stat;
use crate::support::{DEADLINE, Door, Peer, Soquete, refusing_port};
use std::time::Instant;

fn wait(condition: &str) -> Soquete {
    stat("--timeout 15s --wait").arg(condition)
}

#[test]
fn a_listener_is_waited_for() {
    let port = refusing_port();
    let running = wait(&format!("listen {}", port.port())).start();
    let late = stat("--timeout 100ms --wait").arg(format!("listen {}", port.port())).run();
    assert_eq!((late.code, late.text()), (3, ""), "{late}");
    late.error("timeout");
    let door = port.open();
    let run = running.finish();
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(run.rows()[0]["local"], door.address().to_string(), "the row that fulfils it: {run}");
}

#[test]
fn a_listener_on_every_address_serves_each_of_them() {
    let door = Door::open_at("0.0.0.0:0".parse().unwrap());
    let run = wait(&format!("listen 127.0.0.1:{}", door.port())).run();
    assert_eq!(run.code, 0, "{run}");
    let other = Door::open_at("127.9.4.1:0".parse().unwrap());
    let run = stat("--timeout 0 --wait").arg(format!("listen 127.0.0.1:{}", other.port())).run();
    assert_eq!(run.code, 3, "{run}");
}

#[test]
fn a_port_is_gone_when_nothing_but_time_wait_has_it() {
    let door = Door::open();
    let (client, port) = (Peer::connect(door.address()), door.port());
    let server = door.accept();
    let running = wait(&format!("gone {port}")).start();
    let late = stat("--timeout 100ms --wait").arg(format!("gone {port}")).run();
    assert_eq!(late.code, 3, "{late}");
    drop((door, server, client));
    let run = running.finish();
    assert_eq!((run.code, run.text()), (0, ""), "{run}");
}

#[test]
fn an_established_connection_is_waited_for() {
    let door = Door::open();
    let running = wait(&format!("established {}", door.address())).start();
    let client = Peer::connect(door.address());
    let run = running.finish();
    assert_eq!(run.code, 0, "{run}");
    assert!(run.rows().iter().all(|row| row["state"] == "ESTABLISHED"), "{run}");
    drop(client);
}

#[test]
fn a_number_of_sockets_is_waited_for() {
    let door = Door::open();
    let running = wait(&format!("count >= 4 {}", door.port())).arg("--state").arg("ESTABLISHED").start();
    let clients = [(); 2].map(|()| Peer::connect(door.address()));
    assert_eq!(running.finish().code, 0);
    let running = wait(&format!("count = 0 {}", door.port())).arg("--state=ESTABLISHED").start();
    for client in clients {
        let server = door.accept();
        client.reset();
        drop(server);
    }
    assert_eq!(running.finish().code, 0);
    let many = stat("--state LISTEN --timeout 0 --wait").arg(format!("count > 1 {}", door.port())).run();
    assert_eq!(many.code, 3, "{many}");
}

#[test]
fn a_wrong_condition_is_a_usage_error() {
    for condition in ["", "open 80", "listen", "count", "count >= many 80", "listen 80 x:y"] {
        let run = wait(condition).run();
        assert_eq!(run.code, 2, "{condition}: {run}");
        run.error("usage");
    }
}

#[test]
fn a_signal_ends_the_wait() {
    let running = stat("--wait").arg(format!("listen {}", refusing_port().address())).start();
    // A signal that comes before its handler stands ends any program (`SigCgt` of proc(5), a bit a signal).
    let status = format!("/proc/{}/status", running.pid());
    let caught = || {
        let status = std::fs::read_to_string(&status).unwrap();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap().trim();
        u64::from_str_radix(mask, 16).unwrap() >> (libc::SIGTERM - 1) & 1 == 1
    };
    let until = Instant::now() + DEADLINE;
    while !caught() {
        assert!(Instant::now() < until, "no handler");
    }
    running.terminate();
}

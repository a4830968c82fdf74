//! Socket options: what was asked for, what the kernel made of it, and what the other end sees of it.

mod support;

use serde_json::{Value, json};
use std::net::SocketAddr;
use std::process::Command;
use support::*;

/// The effective values of the option `name`, in the order of its sockets.
fn effective<'a>(run: &'a Run, name: &str) -> Vec<&'a Value> {
    let its = run.named("option").filter(|e| e["name"] == name);
    its.map(|e| &e["effective"]).collect()
}

/// A connection opened with these words that the peer ends at once.
fn connected(words: &str) -> (Run, Peer) {
    let door = Door::open();
    let client = soquete(&format!("connect {} {words}", door.address())).input("").start();
    let mut peer = door.accept();
    assert_eq!(peer.receive_all(), b"");
    peer.half_close();
    let run = client.finish();
    assert_eq!(run.code, 0, "{words}: {run}");
    (run, peer)
}

/// A server opened with these words that serves one client.
fn served(words: &str) -> Run {
    let server = soquete(&format!("listen --echo 127.0.0.1:0 {words}")).start();
    drop(Peer::connect(server.address()));
    let run = server.finish();
    assert_eq!(run.code, 0, "{words}: {run}");
    run
}

#[test]
fn every_option_is_read_back_on_a_client() {
    for (words, name, requested, effective) in [
        ("--nodelay", "nodelay", json!(true), json!(true)),
        ("--nodelay=false", "nodelay", json!(false), json!(false)),
        ("--keepalive", "keepalive", json!(true), json!(true)),
        ("--keepalive=30", "keepalive-idle", json!(30), json!(30)),
        ("--keepalive=30,5s", "keepalive-interval", json!(5), json!(5)),
        ("--keepalive=30,5,3", "keepalive-count", json!(3), json!(3)),
        ("--keepalive=,,4", "keepalive-count", json!(4), json!(4)),
        ("--linger 3", "linger", json!(3), json!(3)),
        ("--sndbuf 16k", "sndbuf", json!(16_384), json!(32_768)),
        ("--rcvbuf 16384", "rcvbuf", json!(16_384), json!(32_768)),
        ("--ttl 7", "ttl", json!(7), json!(7)),
        ("--tos 0x10", "tos", json!(16), json!(16)),
        ("--mss 1000", "mss", json!(1000), json!(1000)),
        ("--user-timeout 1500ms", "user-timeout", json!(1500), json!(1500)),
        ("--congestion reno", "congestion", json!("reno"), json!("reno")),
        ("--freebind", "freebind", json!(true), json!(true)),
        ("--reuseport", "reuseport", json!(true), json!(true)),
        ("--reuseaddr", "reuseaddr", json!(true), json!(true)),
    ] {
        let (run, _peer) = connected(words);
        let event = run.named("option").find(|e| e["name"] == name);
        let event = event.unwrap_or_else(|| panic!("{words} is not told: {run}"));
        assert_eq!(event["requested"], requested, "{words}: {run}");
        assert_eq!(event["effective"], effective, "{words}: {run}");
    }
}

#[test]
fn options_of_a_listener_hold_for_the_client_it_accepts() {
    let words = "-v --nodelay --keepalive=30,5,3 --sndbuf 16k --rcvbuf 16k --ttl 7 --congestion reno";
    let run = served(words);
    let client = run.event("accept").number("conn");
    let of_client = |name: &str| {
        let its = run.named("option").find(|e| e["conn"] == client && e["name"] == name);
        its.map(|e| e["effective"].clone())
    };
    for (name, value) in [
        ("nodelay", json!(true)),
        ("keepalive", json!(true)),
        ("sndbuf", json!(32_768)),
        ("rcvbuf", json!(32_768)),
        ("ttl", json!(7)),
        ("congestion", json!("reno")),
    ] {
        assert_eq!(of_client(name), Some(value), "{name}: {run}");
    }
}

#[test]
fn ipv6_has_its_own_names_for_ttl_and_tos() {
    let run = soquete("connect --ttl 9 --tos 8 --freebind ::1").arg(refusing_port().port().to_string()).run();
    assert_eq!(run.code, 1, "{run}");
    assert_eq!(effective(&run, "ttl"), [&json!(9)], "{run}");
    assert_eq!(effective(&run, "tos"), [&json!(8)], "{run}");
    assert_eq!(effective(&run, "freebind"), [&json!(true)], "{run}");
}

#[test]
fn a_backlog_is_capped_by_the_system_and_said() {
    let cap: u64 = std::fs::read_to_string("/proc/sys/net/core/somaxconn")
        .expect("the system's cap")
        .trim()
        .parse()
        .expect("a number");
    for (asked, given) in [(1024, cap.min(1024)), (100_000, cap.min(100_000)), (7, 7)] {
        let run = served(&format!("--backlog {asked}"));
        let listening = run.event("listening");
        assert_eq!(listening["backlog_requested"], asked, "{run}");
        assert_eq!(listening["backlog"], given, "{run}");
    }
    let run = served("");
    assert_eq!(run.event("listening")["backlog_requested"], 1024, "the default: {run}");
}

#[test]
fn reuseaddr_is_on_for_listeners_unless_switched_off() {
    assert_eq!(effective(&served(""), "reuseaddr")[0], true);
    assert_eq!(effective(&served("--reuseaddr=false"), "reuseaddr")[0], false);
    let (run, _peer) = connected("");
    assert!(effective(&run, "reuseaddr").is_empty(), "a client sets nothing unasked: {run}");
}

#[test]
fn reuseport_lets_two_listeners_share_a_port() {
    let first = soquete("listen -k --echo --reuseport 127.0.0.1:0").start();
    let second = soquete(&format!("listen -k --echo --reuseport {}", first.address())).start();
    assert_eq!(second.address(), first.address());
    first.terminate();
    second.terminate();
}

#[test]
fn an_ipv6_socket_takes_ipv4_too_only_if_asked() {
    let server = soquete("listen -k --echo [::]:0 --v6only=false").start();
    let mut four = Peer::connect(([127, 0, 0, 1], server.port()).into());
    four.send("4");
    assert_eq!(four.receive(1), b"4");
    drop(four);
    server.terminate();
    let server = soquete("listen -k --echo [::]:0 --v6only").start();
    let four = Peer::try_connect(([127, 0, 0, 1], server.port()).into());
    assert!(four.is_err(), "kept off");
    server.terminate();
}

#[test]
fn a_server_of_ipv6_alone_leaves_ipv4_alone() {
    for command in ["listen -k --echo", "chat-serve", "udp-serve --echo"] {
        for (flags, kept_off) in
            [("-6", true), ("-6 --public", true), ("-6 --v6only=false", false), ("", false)]
        {
            let place = if flags.contains("--public") { "0" } else { "[::]:0" };
            let server = soquete(&format!("{command} {flags} {place}")).start();
            assert!(server.address().is_ipv6(), "{command} {flags}");
            let four = SocketAddr::from(([127, 0, 0, 1], server.port()));
            let free =
                if command.starts_with("udp") { is_free(four) } else { Peer::try_connect(four).is_err() };
            assert_eq!(free, kept_off, "{command} {flags}");
            let run = server.terminate();
            let told: Vec<_> = run.named("option").filter(|e| e["name"] == "v6only").collect();
            assert_eq!(
                told.iter().filter(|e| e["effective"] == true).count(),
                usize::from(kept_off),
                "{run}"
            );
        }
    }
}

/// Whether a datagram socket can be bound to this address.
#[allow(clippy::disallowed_methods)] // the other end must not be made of the code under test
fn is_free(address: SocketAddr) -> bool {
    std::net::UdpSocket::bind(address).is_ok()
}

#[test]
fn a_linger_of_0_resets_the_peer() {
    let door = Door::open();
    let client = soquete(&format!("connect --linger 0 --on-eof close {}", door.address())).input("").start();
    door.accept().expect_reset();
    let run = client.finish();
    assert_eq!(run.code, 0, "{run}");
}

/// What `ss` says of the socket with this local address; `None` if there is no `ss`.
fn in_the_table(local: SocketAddr) -> Option<String> {
    let ss = peer("ss")?;
    let run = Command::new(ss).args(["-tnHmio", "src", &local.to_string()]).output().expect("ss runs");
    Some(String::from_utf8_lossy(&run.stdout).into_owned())
}

#[test]
fn the_kernels_table_shows_the_options_at_work() {
    let words = "--sndbuf 16k --rcvbuf 16k --congestion reno --keepalive=300,5,3";
    let door = Door::open();
    let client = soquete(&format!("connect {} {words}", door.address())).start();
    let peer = door.accept();
    client.wait_for("ESTABLISHED", |e| e.enters("ESTABLISHED"));
    let server = soquete(&format!("listen 127.0.0.1:0 {words}")).start();
    let of_server = Peer::connect(server.address());
    server.event("accept");
    for local in [peer.peer(), of_server.peer()] {
        let Some(row) = in_the_table(local) else { return };
        for part in ["rb32768", "tb32768", " reno ", "timer:(keepalive,"] {
            assert!(row.contains(part), "{part}: {row}");
        }
    }
    drop((peer, of_server));
    assert_eq!(client.close_and_finish().code, 0);
    assert_eq!(server.close_and_finish().code, 0);
}

#[test]
fn an_mss_is_what_the_peer_may_send() {
    let door = Door::open();
    let client = soquete(&format!("connect --mss 600 {}", door.address())).start();
    let peer = door.accept();
    let seen = socket2::SockRef::from(peer.stream()).tcp_mss().expect("its segment size");
    assert!(seen <= 600, "the peer's segments are of {seen} bytes");
    drop(peer);
    client.close_and_finish();
}

#[test]
fn a_type_of_service_is_one_byte() {
    let run = soquete("connect --tos 256 127.0.0.1 9").human().run();
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("255"), "{run}");
}

#[test]
fn a_user_timeout_gives_a_peer_up_that_takes_nothing() {
    let door = Door::narrow();
    let client = soquete(&format!("connect --user-timeout 500ms {}", door.address())).input(noise(1 << 20));
    let client = client.start();
    let peer = door.accept();
    let run = client.finish();
    assert_eq!(run.code, 1, "{run}");
    assert_eq!(run.event("error")["errno"], "ETIMEDOUT", "{run}");
    let last = run.named("state").last().expect("a state");
    assert_eq!((last.text("to"), last.text("op")), ("CLOSED", "timed-out"), "{run}");
    drop(peer);
}

#[test]
fn a_device_ties_a_socket_to_an_interface() {
    let door = Door::open();
    let client = soquete(&format!("connect --device lo {}", door.address())).input("").start();
    drop(door.accept());
    let run = client.finish();
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(effective(&run, "device"), [&json!("lo")], "{run}");
    two_machines(|near, far| {
        let door = far.run(|| Door::open_at(far.at(0)));
        let to = format!("connect {} --device", door.address());
        let elsewhere = near.run(|| soquete(&to).arg("lo").arg("--timeout=300ms").run());
        assert_ne!(elsewhere.code, 0, "nobody is there at that interface: {elsewhere}");
        let client = near.run(|| soquete(&to).arg(PLUG).input("").start());
        drop(door.accept());
        let run = client.finish();
        assert_eq!((run.code, effective(&run, "device")), (0, vec![&json!(PLUG)]), "{run}");
    });
}

#[test]
fn a_mark_is_set_by_root() {
    two_machines(|near, far| {
        let door = far.run(|| Door::open_at(far.at(0)));
        let line = format!("connect --mark 0x2a {}", door.address());
        let client = near.run(|| soquete(&line).input("").start());
        drop(door.accept());
        let run = client.finish();
        assert_eq!(run.code, 0, "{run}");
        assert_eq!(effective(&run, "mark"), [&json!(42)], "{run}");
    });
}

#[test]
fn freebind_binds_an_address_that_is_not_ours() {
    let server = soquete("listen -k --echo --freebind 192.0.2.1:0").start();
    assert_eq!(server.address().ip().to_string(), "192.0.2.1");
    server.terminate();
    let run = soquete("listen 192.0.2.1:0").run();
    assert_eq!(run.code, 5, "{run}");
    assert_eq!(run.error("address")["errno"], "EADDRNOTAVAIL", "{run}");
}

#[test]
fn an_option_the_kernel_refuses_is_an_error_that_names_it() {
    for (words, name) in [
        ("--congestion no-such-algorithm", "congestion"),
        ("--mss 1", "mss"),
        ("--mss 70000", "mss"),
        ("--ttl 0", "ttl"),
        ("--device no-such-device", "device"),
        ("--keepalive=40000", "keepalive"),
        ("--keepalive=30,5,200", "keepalive"),
    ] {
        for subcommand in ["connect 127.0.0.1:9", "listen 127.0.0.1:0", "connect --check 127.0.0.1:9"] {
            let run = soquete(&format!("{subcommand} {words}")).run();
            assert_eq!(run.code, 5, "{subcommand} {words}: {run}");
            let error = run.error("option");
            assert!(error.text("text").contains(name), "{subcommand} {words}: {run}");
            assert_eq!(run.named("state").count(), 0, "nothing was begun: {subcommand} {words}: {run}");
        }
    }
}

#[test]
fn what_needs_a_right_is_refused_to_nobody() {
    as_root(|| {
        for (words, name) in [("--mark 1", "mark"), ("--tos 0xe0 --mark 1", "mark")] {
            let run = soquete(&format!("connect 127.0.0.1:9 {words}")).user(NOBODY).run();
            assert_eq!(run.code, 5, "{words}: {run}");
            let error = run.error("option");
            assert!(error.text("text").contains(name) && error["errno"] == "EPERM", "{words}: {run}");
        }
    });
}

#[test]
fn values_that_cannot_be_meant_are_usage() {
    for words in [
        "--sndbuf lots",
        "--sndbuf -1",
        "--rcvbuf 9G",
        "--ttl 256",
        "--linger x",
        "--user-timeout soon",
        "--keepalive=1,2,3,4",
        "--keepalive=250ms",
        "--nodelay=maybe",
        "--backlog -1",
        "--tos 0xgg",
        "--max-conns 0",
    ] {
        let run = soquete(&format!("listen 127.0.0.1:0 {words}")).run();
        assert_eq!(run.code, 2, "{words}: {run}");
        let error = run.error("usage");
        let is_large = words == "--rcvbuf 9G";
        assert_eq!(
            error.text("text").contains("the maximum is 2147483647 bytes"),
            is_large,
            "{words}: {run}"
        );
    }
}

#[test]
fn people_read_of_the_usual_options_only_where_they_came_out_otherwise() {
    let most = std::fs::read_to_string("/proc/sys/net/core/somaxconn").expect("the kernel's limit");
    let most: u32 = most.trim().parse().expect("a number");
    let more = most + 1;
    for (asked, told) in [(more, true), (1, false)] {
        let server = soquete(&format!("listen -k --echo --backlog {asked} 127.0.0.1:0")).human().start();
        server.wait_stderr("listening on");
        let run = server.terminate();
        let line = format!("option backlog: requested {more}, effective {most}");
        assert_eq!(run.stderr.contains(&line), told, "{run}");
        assert_eq!(run.stderr.contains("option "), told, "{run}");
    }
}

//! `udp-serve --forward`: a socket a peer, replies from where the peer wrote to, peers that come and go.

mod support;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;
use support::*;

/// `udp-serve --forward` to `target`.
fn forward(target: impl std::fmt::Display, more: &str) -> Running {
    soquete(&format!("udp-serve 127.0.0.1:0 --forward {target} {more}")).start()
}

#[test]
fn each_peer_has_a_socket_and_gets_its_own_replies() {
    let target = Mail::open();
    let forwarding = forward(target.address(), "");
    let peers: Vec<_> = (0..20).map(|_| Mail::to(forwarding.address())).collect();
    for (number, peer) in peers.iter().enumerate() {
        peer.send(format!("ask {number}"));
    }
    let mut asked: Vec<_> = (0..20).map(|_| target.receive_from()).collect();
    asked.sort();
    asked.dedup_by_key(|(_, from)| *from);
    assert_eq!(asked.len(), 20, "each from a socket of its own");
    for (text, from) in asked {
        target.send_to([b"re: ", &text[..]].concat(), from);
    }
    for (number, peer) in peers.iter().enumerate() {
        let (reply, from) = peer.receive_from();
        assert_eq!(
            (String::from_utf8(reply).unwrap(), from),
            (format!("re: ask {number}"), forwarding.address())
        );
    }
    // The next datagram of a peer comes from the same socket, empty ones too.
    peers[0].send("");
    peers[0].send("again");
    let (empty, first) = target.receive_from();
    let (again, second) = target.receive_from();
    assert_eq!((empty.len(), again.as_slice(), first), (0, &b"again"[..], second));
    let run = forwarding.terminate();
    let listening = run.event("listening").number("conn");
    let clients = run.named("summary").filter(|s| s["role"] == "client");
    assert_eq!(clients.filter(|s| s.number("joined") == listening).count(), 20, "{run}");
    assert_eq!(run.states_of("client"), ["CLOSED", "UNCONNECTED", "CONNECTED", "CLOSED"], "{run}");
}

#[test]
fn a_reply_leaves_from_the_address_the_peer_wrote_to() {
    let target = Mail::open();
    let forwarding = soquete(&format!("udp-serve 0.0.0.0:0 --forward {}", target.address())).start();
    let there = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9)), forwarding.port());
    let peer = Mail::open();
    peer.send_to("hi", there);
    let (_, from) = target.receive_from();
    target.send_to("ho", from);
    assert_eq!(peer.receive_from(), (b"ho".to_vec(), there));
    forwarding.terminate();
}

#[test]
fn a_silent_peer_is_let_go_and_comes_back_from_another_socket() {
    let target = Mail::open();
    let forwarding = forward(target.address(), "--idle-timeout 300ms");
    let peer = Mail::to(forwarding.address());
    peer.send("one");
    let (_, first) = target.receive_from();
    let gone = |e: &Event| e.is("summary") && e["role"] == "client";
    assert_eq!(forwarding.wait_for("a summary", gone).address("local"), Some(first));
    peer.send("two");
    let (text, second) = target.receive_from();
    assert_eq!(text, b"two");
    target.send_to("yes", second);
    assert_eq!(peer.receive(), b"yes");
    forwarding.wait_for_many("summaries", 2, gone);
    forwarding.terminate();
}

#[test]
fn a_refusal_is_a_warning_and_the_server_goes_on() {
    let closed = Mail::open();
    let address = closed.address();
    drop(closed);
    let forwarding = forward(address, "");
    let peer = Mail::to(forwarding.address());
    peer.send("lost");
    let warning = forwarding.event("warning");
    assert_eq!((warning.text("kind"), warning.address("peer")), ("refused", Some(address)), "{warning}");
    peer.send("lost too");
    let sent = |e: &Event| e.is("datagram") && e["dir"] == "out" && e["role"] == "client";
    forwarding.wait_for_many("datagrams", 2, sent);
    let run = forwarding.terminate();
    assert_eq!(run.code, 143, "{run}");
}

#[test]
fn an_address_that_refuses_gives_way_to_the_next_one_of_the_name() {
    // localhost is ::1 first; this target has 127.0.0.1 alone.
    let target = Mail::open();
    let forwarding = forward(target.port(), "");
    for text in ["first", "second"] {
        let peer = Mail::to(forwarding.address());
        peer.send(text);
        let (got, from) = target.receive_from();
        assert_eq!(got, text.as_bytes());
        target.send_to("reply", from);
        assert_eq!(peer.receive(), b"reply");
    }
    let run = forwarding.terminate();
    assert_eq!(run.named("warning").count(), 0, "{run}");
}

#[test]
fn more_peers_than_there_is_room_for_take_the_place_of_silent_ones() {
    let target = Mail::open();
    // 64 descriptors are not for peers.
    let forwarding = soquete(&format!("udp-serve 127.0.0.1:0 --forward {}", target.address()))
        .shell("ulimit -n 84; exec \"$@\"")
        .start();
    let peers: Vec<_> = (0..60).map(|_| Mail::to(forwarding.address())).collect();
    for (number, peer) in peers.iter().enumerate() {
        peer.send(format!("{number}"));
        let (_, from) = target.receive_from();
        target.send_to("reply", from);
        assert_eq!(peer.receive(), b"reply");
    }
    let gone = |e: &Event| e.is("summary") && e["role"] == "client";
    forwarding.wait_for_many("peers let go", 40, gone);
    let run = forwarding.terminate();
    assert_eq!(run.named("warning").count(), 0, "{run}");
}

#[test]
fn access_rules_and_the_loop_guard_hold() {
    let target = Mail::open();
    let forwarding = forward(target.address(), "--deny 127.0.0.7");
    let denied = Mail::open_at(Ipv4Addr::new(127, 0, 0, 7));
    denied.send_to("no", forwarding.address());
    forwarding.event("refuse");
    Mail::to(forwarding.address()).send("yes");
    assert_eq!(target.receive(), b"yes");
    forwarding.terminate();
}

#[test]
fn many_datagrams_pass_both_ways_unchanged() {
    let echo = soquete("udp-serve 127.0.0.1:0 --echo").start();
    let forwarding = forward(echo.address(), "-q");
    drop(forwarding);
    let forwarding = forward(echo.address(), "");
    let peer = Mail::to(forwarding.address());
    peer.socket().set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    for round in 0..50_u32 {
        let sent: Vec<Vec<u8>> = (0..20_u32)
            .map(|n| vec![u8::try_from(n).unwrap(); usize::try_from(round * 20 + n * 60).unwrap()])
            .collect();
        for payload in &sent {
            peer.send(payload);
        }
        let received: Vec<_> = sent.iter().map(|_| peer.receive()).collect();
        assert_eq!(received, sent, "round {round}");
    }
    let long = vec![b'x'; 65_507];
    peer.send(&long);
    assert!(peer.receive() == long);
    forwarding.terminate();
    echo.terminate();
}

#[test]
fn socat_asks_through_it() {
    let Some(socat) = peer("socat") else { return };
    let upper = soquete("udp-serve 127.0.0.1:0 --upper").start();
    let forwarding = forward(upper.address(), "");
    let address = format!("UDP:{}", forwarding.address());
    let mut command = Command::new("sh");
    let run =
        command.args(["-c", "echo hello | \"$0\" -t 5 -T 5 - \"$1\" | head -1"]).arg(socat).arg(address);
    assert_eq!(run.output().expect("socat runs").stdout, b"HELLO\n");
    forwarding.terminate();
    upper.terminate();
}

#[test]
fn wrong_targets_are_usage_errors() {
    for (line, part) in [
        ("--forward tls:localhost:53", "not a target of datagrams"),
        ("--forward udp://localhost:53", "type --forward localhost:53"),
        ("--forward localhost:53 --echo", "cannot be used with"),
        ("--forward localhost:53 --count 3", "cannot be used with"),
    ] {
        let run = soquete(&format!("udp-serve 0 {line}")).human().run();
        assert_eq!(run.code, 2, "{line}: {run}");
        assert!(run.stderr.contains(part), "{line}: {run}");
    }
}

#[test]
fn a_unix_socket_is_a_target_and_one_that_came_back_is_reached() {
    let folder = Folder::new();
    let (address, path) = (folder.address("target"), folder.path("target"));
    let forwarding = forward(&address, "");
    let echo = || {
        let server = soquete("udp-serve --echo").arg(&address).start();
        server.event("listening");
        server
    };
    let first = echo();
    let peer = Mail::to(forwarding.address());
    peer.send("one");
    assert_eq!(peer.receive(), b"one");
    first.terminate();
    assert!(!path.exists(), "the server removes its file");
    let second = echo();
    // The datagram that finds the old socket closed is lost, as one to a closed port is.
    peer.send("lost");
    forwarding.wait_for("a refusal", |e| e.is("warning"));
    peer.send("two");
    assert_eq!(peer.receive(), b"two");
    second.terminate();
    forwarding.terminate();
}

//! One room over several machines: real rooms on a real nats-server.

mod support;

use support::nats::NatsServer;
use support::{Peer, Running, soquete};

fn room(nats: &NatsServer, flags: &str) -> Running {
    soquete(&format!("chat-serve 127.0.0.1:0 --bus {} --room tea {flags}", nats.url())).start()
}

/// Joins and waits until the room knows, so that whoever comes next comes next.
fn join(room: &Running) -> Peer {
    let peer = Peer::connect(room.address());
    let who = peer.local().to_string();
    room.wait_for("a member", |e| e.is("member") && e["what"] == "join" && e["peer"] == *who);
    peer
}

/// A line without the time before it.
fn said(line: &str) -> &str {
    let (_, rest) = line.split_at("[2026-11-21 23:24:25] ".len());
    rest.strip_suffix('\n').expect("a whole line")
}

#[test]
fn a_line_reaches_the_members_of_all_machines_once() {
    let Some(nats) = NatsServer::start("") else { return };
    let (one, other) = (room(&nats, ""), room(&nats, ""));
    let connected = one.event("bus");
    assert_eq!((connected.text("what"), connected.text("subject")), ("connected", "soquete.room.tea"));
    assert_eq!(connected.text("url"), nats.url());
    let (mut ana, mut bob, mut eva) = (join(&one), join(&other), join(&one));
    ana.send("hi\n");
    for reader in [&mut bob, &mut eva] {
        assert_eq!(said(&reader.receive_line()), format!("{}: hi", ana.local()));
    }
    bob.send("and back\n");
    for reader in [&mut ana, &mut eva] {
        assert_eq!(said(&reader.receive_line()), format!("{}: and back", bob.local()));
    }
}

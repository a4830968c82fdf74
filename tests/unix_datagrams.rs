//! Datagrams over UNIX sockets: answered at names of their own, shown with their peers, refused and dropped where they must be.

mod support;

use std::os::unix::net::UnixDatagram;
use support::*;

/// A datagram socket bound in a folder.
fn bind(folder: &Folder, name: &str) -> UnixDatagram {
    let socket = UnixDatagram::bind(folder.path(name)).expect("the name is free");
    socket.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    socket
}

fn receive(socket: &UnixDatagram) -> Vec<u8> {
    let mut bytes = vec![0; 70_000];
    let length = socket.recv(&mut bytes).expect("a datagram in time");
    bytes.truncate(length);
    bytes
}

#[test]
fn a_client_is_answered_at_a_name_of_its_own() {
    let folder = Folder::new();
    let abstract_name = folder.abstract_address();
    for at in [folder.address("s"), abstract_name] {
        let server = soquete(&format!("udp-serve --upper {at}")).start();
        server.event("listening");
        let run = soquete(&format!("udp-send --replies 2 {at} hello you")).run();
        assert_eq!((run.code, run.rows().len()), (0, 2), "{run}");
        let own = run.event("bind").text("local").to_owned();
        assert!(own.starts_with("unix:@"), "{run}");
        for (row, text) in run.rows().iter().zip(["HELLO", "YOU"]) {
            assert_eq!((&row["text"], &row["peer"]), (&text.into(), &at.as_str().into()), "{run}");
        }
        assert_eq!(run.states_of("client"), ["CLOSED", "CONNECTED", "CLOSED"], "{run}");
        let run = server.terminate();
        let came = run.named("datagram").filter(|e| e.text("dir") == "in" && e.text("peer") == own).count();
        assert_eq!(came, 2, "{run}");
        let summary = run.event("summary");
        assert_eq!((summary.number("bytes_in"), summary.number("bytes_out")), (8, 8), "{run}");
    }
    assert!(!folder.path("s").exists());
}

#[test]
fn many_datagrams_come_back_whole_and_in_order() {
    let folder = Folder::new();
    let at = folder.address("s");
    let server = soquete(&format!("udp-serve --echo {at}")).start();
    server.event("listening");
    let lines = (0..2000).map(|i| format!("line {i}")).collect::<Vec<_>>().join("\n") + "\n";
    let run = soquete(&format!("-q udp-send --keep-lf --replies 2000 --reply-wait 5s {at}"))
        .human()
        .input(&lines)
        .run();
    assert_eq!(run.code, 0, "{run}");
    assert!(run.text() == lines, "{} of {} bytes", run.text().len(), lines.len());
    server.terminate();
}

#[test]
fn the_longest_datagram_passes_and_a_longer_one_is_refused() {
    let folder = Folder::new();
    let peer = bind(&folder, "s");
    let bytes = noise(65_536);
    let run =
        soquete(&format!("udp-send --whole --reply-wait 0 {}", folder.address("s"))).input(&bytes).run();
    assert_eq!(run.code, 0, "{run}");
    assert!(receive(&peer) == bytes);
    let run = soquete(&format!("udp-send --whole --reply-wait 0 {}", folder.address("s")))
        .input(noise(65_537))
        .run();
    assert_eq!(run.code, 5, "{run}");
    assert!(run.error("data").text("text").contains("over a UNIX socket one holds 65536 bytes"), "{run}");
}

#[test]
fn a_datagram_too_long_for_the_server_is_said_to_be_cut() {
    let folder = Folder::new();
    let server = soquete(&format!("udp-serve {}", folder.address("s"))).start();
    server.event("listening");
    UnixDatagram::unbound()
        .expect("a socket")
        .send_to(&noise(100_000), folder.path("s"))
        .expect("the kernel takes it");
    let warning = server.wait_for("a warning", |e| e.is("warning"));
    assert!(warning.text("text").contains("too long"), "{warning}");
    server.terminate();
}

#[test]
fn a_peer_without_a_name_is_shown_and_told_once_not_to_be_answered() {
    let folder = Folder::new();
    let server = soquete(&format!("udp-serve --echo --count 3 {}", folder.address("s"))).start();
    server.event("listening");
    let unnamed = UnixDatagram::unbound().expect("a socket");
    for text in ["one", "two"] {
        unnamed.send_to(text.as_bytes(), folder.path("s")).expect("somebody receives");
    }
    let named = bind(&folder, "named");
    named.send_to(b"three", folder.path("s")).expect("somebody receives");
    assert_eq!(receive(&named), b"three");
    let run = server.finish();
    assert_eq!(run.code, 0, "{run}");
    let rows = run.rows();
    assert_eq!((&rows[0]["text"], &rows[0]["peer"]), (&"one".into(), &serde_json::Value::Null), "{run}");
    assert_eq!(rows[2]["peer"], folder.address("named"), "{run}");
    let warnings: Vec<_> = run.named("warning").collect();
    assert_eq!(warnings.len(), 1, "{run}");
    assert!(warnings[0].text("text").contains("has no address"), "{run}");
}

#[test]
fn lines_typed_at_a_server_go_to_the_last_peer_or_to_all() {
    let folder = Folder::new();
    for to_all in [false, true] {
        let flag = if to_all { "--to-all" } else { "" };
        let mut server = soquete(&format!("udp-serve {flag} {}", folder.address("s"))).start();
        server.event("listening");
        let (first, last) = (bind(&folder, "first"), bind(&folder, "last"));
        for peer in [&first, &last] {
            peer.send_to(b"here\n", folder.path("s")).expect("somebody receives");
        }
        server.wait_for_many("both", 2, |e| e.is("datagram"));
        server.write("hello\n");
        assert_eq!(receive(&last), b"hello");
        if to_all {
            assert_eq!(receive(&first), b"hello");
        }
        server.terminate();
        for name in ["first", "last"] {
            std::fs::remove_file(folder.path(name)).expect("the test's own");
        }
    }
}

#[test]
fn a_peer_that_does_not_read_costs_the_others_nothing_but_a_moment() {
    let folder = Folder::new();
    let server = soquete(&format!("udp-serve --echo {}", folder.address("s"))).start();
    server.event("listening");
    let (stuck, other) = (bind(&folder, "stuck"), bind(&folder, "other"));
    for _ in 0..2000 {
        stuck.send_to(&noise(2000), folder.path("s")).expect("somebody receives");
    }
    let began = std::time::Instant::now();
    other.send_to(b"hello", folder.path("s")).expect("somebody receives");
    assert_eq!(receive(&other), b"hello");
    assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
    let warning = server.wait_for("a warning", |e| e.is("warning"));
    assert_eq!(warning.text("errno"), "EAGAIN");
    server.terminate();
}

#[test]
fn a_check_has_three_answers() {
    let folder = Folder::new();
    let none = soquete(&format!("udp-send --check {}", folder.address("none"))).run();
    assert_eq!((none.code, &none.rows()[0]["outcome"]), (1, &"refused".into()), "{none}");
    let silent = bind(&folder, "silent");
    let run = soquete(&format!("udp-send --check --reply-wait 200ms {}", folder.address("silent"))).run();
    assert_eq!((run.code, &run.rows()[0]["outcome"]), (3, &"no-answer".into()), "{run}");
    drop(silent);
    let dead = soquete(&format!("udp-send {} hi", folder.address("silent"))).run();
    assert_eq!(dead.code, 1, "{dead}");
    let server = soquete(&format!("udp-serve --echo {}", folder.address("s"))).start();
    server.event("listening");
    let run = soquete(&format!("udp-send --check {}", folder.address("s"))).run();
    let row = &run.rows()[0];
    assert_eq!((run.code, &row["outcome"]), (0, &"replied".into()), "{run}");
    assert_eq!((&row["host"], row.get("port")), (&folder.address("s").as_str().into(), None), "{run}");
    server.terminate();
}

#[test]
fn a_server_of_datagrams_owns_its_file_as_one_of_streams_does() {
    let folder = Folder::new();
    drop(bind(&folder, "s"));
    let at = folder.address("s");
    let server = soquete(&format!("udp-serve --echo {at}")).start();
    server.event("listening");
    for command in ["udp-serve", "listen"] {
        let run = soquete(&format!("{command} {at}")).run();
        assert_eq!(run.code, 5, "{run}");
        assert!(run.error("address").text("text").contains("used by soquete("), "{run}");
    }
    let stream = soquete(&format!("connect {at}")).run();
    assert_eq!(stream.code, 1, "{stream}");
    server.terminate();
    assert!(!folder.path("s").exists());
}

#[test]
fn descriptors_that_a_peer_sends_are_not_taken() {
    use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix, sendmsg_addr};
    let folder = Folder::new();
    let server = soquete(&format!("udp-serve {}", folder.address("s"))).start();
    server.event("listening");
    let held = || std::fs::read_dir(format!("/proc/{}/fd", server.pid())).expect("it runs").count();
    let before = held();
    let (peer, to) =
        (UnixDatagram::unbound().expect("a socket"), SocketAddrUnix::new(folder.path("s")).expect("a path"));
    let gifts = [std::io::stderr(), std::io::stderr(), std::io::stderr()];
    let gifts: Vec<_> = gifts.iter().map(std::os::fd::AsFd::as_fd).collect();
    for _ in 0..20 {
        let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        assert!(control.push(SendAncillaryMessage::ScmRights(&gifts)));
        let bytes = [std::io::IoSlice::new(b"x")];
        sendmsg_addr(&peer, &to, &bytes, &mut control, SendFlags::empty()).expect("somebody receives");
    }
    server.wait_for_many("all", 20, |e| e.is("datagram"));
    assert_eq!(held(), before);
    server.terminate();
}

//! The end of the peer: what becomes of an input that is still open, on one machine and on two.

mod support;

use rustix::process::Signal;
use std::fs::File;
use std::time::{Duration, Instant};
use support::netns::two_machines;
use support::{Door, Peer, Tty, noise, peer, pipe, soquete};

/// A client of this door whose standard input is a terminal.
fn on_terminal(line: &str) -> (support::Running, Tty) {
    let tty = Tty::open();
    let program = soquete(line).stdin(tty.stream()).start();
    (program, tty)
}

#[test]
fn a_file_sent_to_a_listener_on_a_terminal_ends_both() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("in");
    std::fs::write(&path, noise(300_000)).expect("a file");
    let (listener, _tty) = on_terminal("listen 127.0.0.1:0");
    let line = format!("connect {}", listener.address());
    let sender = soquete(&line).stdin(File::open(&path).expect("the file")).run();
    assert_eq!(sender.code, 0, "{sender}");
    let received = listener.finish();
    assert_eq!(received.code, 0, "{received}");
    assert!(received.stdout == noise(300_000), "all of it came");
}

#[test]
fn a_server_for_many_on_a_terminal_lets_a_client_go_that_has_said_all() {
    let (server, tty) = on_terminal("listen -k 127.0.0.1:0");
    let mut client = Peer::connect(server.address());
    client.send("question\n");
    server.wait_stdout("question\n");
    tty.keys("answer\n");
    assert_eq!(client.receive_line(), "answer\n");
    client.half_close();
    assert_eq!(client.receive_all(), b"", "the server sends FIN too");
    server.terminate();
}

#[test]
fn a_client_on_a_terminal_ends_with_its_server_unless_told_to_stay() {
    let door = Door::open();
    let (client, _tty) = on_terminal(&format!("connect {}", door.address()));
    let mut server = door.accept();
    server.half_close();
    assert_eq!(server.receive_all(), b"");
    assert_eq!(client.finish().code, 0);

    let (client, tty) = on_terminal(&format!("connect --on-peer-eof keep {}", door.address()));
    let mut server = door.accept();
    server.half_close();
    client.wait_for("CLOSE-WAIT", |e| e.enters("CLOSE-WAIT"));
    server.expect_silence(Duration::from_millis(300));
    tty.keys("late\n\u{4}");
    assert_eq!(server.receive_all(), b"late\n");
    assert_eq!(client.finish().code, 0);
}

#[test]
fn on_peer_eof_end_leaves_a_pipe_behind() {
    let door = Door::open();
    for line in ["connect", "multi-connect"] {
        let client = soquete(&format!("{line} --on-peer-eof end {}", door.address())).start();
        let mut server = door.accept();
        server.half_close();
        assert_eq!(server.receive_all(), b"", "{line}");
        let run = client.finish();
        assert_eq!(run.code, 0, "{run}");
    }
}

#[test]
fn standard_output_ends_with_the_peer_though_input_is_open() {
    for (line, listens) in [("connect", false), ("listen", true)] {
        let door = Door::open();
        let (mut reader, writer) = pipe();
        let address = if listens { "127.0.0.1:0".to_owned() } else { door.address().to_string() };
        let program = soquete(&format!("{line} {address}")).stdout(writer).start();
        let mut other = if listens { Peer::connect(program.address()) } else { door.accept() };
        other.send("last words");
        other.half_close();
        assert_eq!(reader.read_all(), b"last words", "{line}: the reader sees the end");
        program.wait_for("word that it waits", |e| e.is("warning") && e["kind"] == "waiting");
        assert_eq!(program.close_and_finish().code, 0);
        assert_eq!(other.receive_all(), b"");
    }
}

#[test]
fn a_client_that_left_keeps_no_place() {
    let server = soquete("listen -k --max-conns 1 --reject 127.0.0.1:0").start();
    for i in 0..20 {
        let mut client = Peer::connect(server.address());
        client.send(format!("{i}\n"));
        server.wait_stdout(format!("{i}\n"));
        drop(client);
    }
    let run = server.terminate();
    assert!(!run.events.iter().any(|e| e.is("refuse")), "{run}");
}

#[test]
fn a_peer_that_half_closes_first_gets_all_of_a_slow_pipe() {
    let mut server = soquete("listen 127.0.0.1:0").start();
    let mut client = Peer::connect(server.address());
    client.half_close();
    server.wait_for("CLOSE-WAIT", |e| e.enters("CLOSE-WAIT"));
    for word in ["one", "two", "three"] {
        server.write(word);
        assert_eq!(client.receive(word.len()), word.as_bytes());
        client.expect_silence(Duration::from_millis(300));
    }
    server.close_input();
    assert_eq!(client.receive_all(), b"");
    assert_eq!(server.finish().code, 0);
}

#[test]
fn listen_sends_lines_as_crlf_and_one_way_only() {
    for keep in ["", "-k "] {
        let mut server = soquete(&format!("listen {keep}--crlf --send-only 127.0.0.1:0")).start();
        let mut client = Peer::connect(server.address());
        client.send("not wanted");
        server.event("accept");
        server.write("a\nb\r\n");
        assert_eq!(client.receive(6), b"a\r\nb\r\n");
        client.half_close();
        server.close_input();
        assert_eq!(client.receive_all(), b"");
        let run = if keep.is_empty() { server.finish() } else { server.terminate() };
        assert_eq!(run.text(), "", "{run}");

        let mut server = soquete(&format!("listen {keep}--recv-only 127.0.0.1:0")).start();
        let mut client = Peer::connect(server.address());
        server.try_write("not to be sent");
        client.send("data");
        client.half_close();
        assert_eq!(client.receive_all(), b"");
        server.wait_stdout("data");
        let run = if keep.is_empty() { server.finish() } else { server.terminate() };
        assert_eq!(run.text(), "data", "{run}");
    }
    for line in
        ["listen --echo --send-only 0", "listen --discard --crlf 0", "listen --recv-only --send-only 0"]
    {
        assert_eq!(soquete(line).run().code, 2, "{line}");
    }
}

#[test]
fn a_peer_elsewhere_that_left_is_found_out_by_probes() {
    two_machines(|near, far| {
        far.sh("sysctl -qw net.ipv4.tcp_fin_timeout=1");
        let door = far.run(|| Door::open_at(far.at(0)));
        let client = near.run(|| soquete(&format!("connect {}", door.address())).start());
        drop(door.accept());
        let run = client.finish();
        assert_eq!(run.code, 0, "{run}");

        let server = near.run(|| soquete(&format!("listen -k --max-conns 1 {}", near.at(0))).start());
        for word in ["one\n", "two\n", "three\n"] {
            let mut client = far.run(|| Peer::connect(server.address()));
            client.send(word);
            server.wait_stdout(word);
        }
        server.terminate();
    });
}

#[test]
fn a_half_closed_peer_elsewhere_that_still_reads_gets_everything() {
    two_machines(|near, far| {
        far.sh("sysctl -qw net.ipv4.tcp_fin_timeout=1");
        let door = far.run(|| Door::open_at(far.at(0)));
        let mut client = near.run(|| soquete(&format!("connect {}", door.address())).start());
        let mut server = door.accept();
        server.half_close();
        client.wait_for("CLOSE-WAIT", |e| e.enters("CLOSE-WAIT"));
        server.expect_silence(Duration::from_secs(5));
        client.write("still here");
        client.close_input();
        assert_eq!(server.receive_all(), b"still here");
        assert_eq!(client.finish().code, 0);
    });
}

#[test]
fn a_half_closed_peer_behind_a_redirect_is_not_taken_for_gone() {
    let Some(_) = peer("nft") else { return };
    two_machines(|near, _| {
        let door = near.run(|| Door::open_at(([127, 0, 0, 1], 0).into()));
        let port = door.port();
        let other = if port == 7 { 8 } else { 7 };
        near.sh(&format!(
            "nft 'add table ip t; add chain ip t o {{ type nat hook output priority -100; }};
             add rule ip t o ip daddr 127.0.0.1 tcp dport {other} redirect to {port}'"
        ));
        let mut client = near.run(|| soquete(&format!("connect 127.0.0.1:{other}")).start());
        let mut server = door.accept();
        server.half_close();
        client.wait_for("CLOSE-WAIT", |e| e.enters("CLOSE-WAIT"));
        server.expect_silence(Duration::from_millis(500));
        client.write("all of it");
        client.close_input();
        assert_eq!(server.receive_all(), b"all of it");
        assert_eq!(client.finish().code, 0);
    });
}

#[test]
fn what_was_never_acknowledged_is_an_error() {
    two_machines(|near, far| {
        let door = far.run(|| Door::open_at(far.at(0)));
        let line = format!("connect --eof-wait 1s {}", door.address());
        let mut client = near.run(|| soquete(&line).start());
        let server = door.accept();
        server.half_close();
        client.wait_for("CLOSE-WAIT", |e| e.enters("CLOSE-WAIT"));
        far.pull_cable();
        client.write("lost!");
        let began = Instant::now();
        client.close_input();
        let run = client.finish();
        assert_eq!(run.code, 1, "{run}");
        assert!(began.elapsed() >= Duration::from_millis(900), "the deadline is waited for: {run}");
        let error = run.error("unacknowledged");
        assert!(error["text"].as_str().is_some_and(|t| t.contains("unacknowledged: 5 bytes")), "{run}");
        drop(server);
    });
}

#[test]
fn a_signal_ends_a_program_that_waits_for_its_pipe() {
    let door = Door::open();
    let client = soquete(&format!("connect {}", door.address())).start();
    let server = door.accept();
    server.half_close();
    client.wait_for("word that it waits", |e| e.is("warning") && e["kind"] == "waiting");
    client.signal(Signal::TERM);
    assert_eq!(client.finish().code, 143);
}

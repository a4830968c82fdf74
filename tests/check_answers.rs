//! `connect --check --expect` and `udp-send --check --expect`: more than an open port is asked for.

mod support;

use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use support::*;

/// A check of `words` that sends a question.
fn ask(words: &str, send: &str, expect: &str) -> Soquete {
    soquete(&format!("connect --check {words} --send")).arg(send).arg("--expect").arg(expect)
}

fn only_row(run: &Run) -> Value {
    let mut rows = run.rows();
    assert_eq!(rows.len(), 1, "{run}");
    rows.remove(0)
}

#[test]
fn a_port_is_open_if_the_answer_matches() {
    let server = soquete("listen -k 127.0.0.1:0 --upper").start();
    let run = ask(&server.address().to_string(), r"ping\r\n\x41", "^PING\r\nA$").run();
    assert_eq!((run.code, &only_row(&run)["outcome"]), (0, &"open".into()), "{run}");
    assert!(only_row(&run)["latency_us"].is_u64(), "{run}");
    let run = ask(&server.address().to_string(), "ping\u{1b}", "PONG").arg("-w").arg("300ms").run();
    let row = only_row(&run);
    assert_eq!((run.code, &row["outcome"]), (1, &"no-match".into()), "{run}");
    let reason = "open, but the answer did not match within 300ms: PING\u{241b}";
    assert_eq!(row["reason"], reason, "{run}");
    assert!(row.get("latency_us").is_none(), "{run}");
    let (silent, words) = (Door::open(), server.address());
    let words = format!("{words} {} -w 300ms", silent.address());
    let run = ask(&words, "ping", "PING").human().run();
    assert_eq!(run.code, 4, "{run}");
    assert!(
        run.text().contains("no-answer") && run.text().contains("open, but no answer within 300ms"),
        "{run}"
    );
    server.terminate();
}

#[test]
fn a_server_that_speaks_first_needs_no_question() {
    let server = soquete("listen -k 127.0.0.1:0 --respond").arg(r"220 ready\r\n").start();
    let run = soquete(&format!("check {} --expect ^220", server.address())).run();
    assert_eq!(run.code, 0, "{run}");
    let run = soquete(&format!("check {} --expect ^250", server.address())).run();
    let row = only_row(&run);
    assert_eq!(row["reason"], "open, but the answer did not match: 220 ready", "{run}");
    server.terminate();
}

#[test]
fn an_end_without_an_answer_and_a_reset_are_told() {
    for (is_reset, reason) in [
        (false, "open, but the peer closed the connection without an answer"),
        (true, "open, but Connection reset by peer"),
    ] {
        let door = Door::open();
        let run = ask(&door.address().to_string(), "hi", "x").start();
        let mut peer = door.accept();
        peer.receive(2);
        if is_reset {
            peer.reset();
        } else {
            drop(peer);
        }
        let run = run.finish();
        let row = only_row(&run);
        assert_eq!(
            (run.code, &row["outcome"], &row["reason"]),
            (1, &"no-answer".into(), &reason.into()),
            "{run}"
        );
    }
}

#[test]
fn an_answer_is_read_in_pieces_up_to_its_bound() {
    let door = Door::open();
    let run = ask(&door.address().to_string(), "x", "ready$").start();
    let mut peer = door.accept();
    for piece in ["re", "a", "d"] {
        peer.send(piece);
        pause(Duration::from_millis(20));
    }
    peer.send("y");
    assert_eq!(run.finish().code, 0);
    let server = soquete("listen -k 127.0.0.1:0 --send /dev/zero").start();
    let run = ask(&server.address().to_string(), "x", "never").run();
    let reason = only_row(&run)["reason"].to_string();
    assert!(reason.contains("did not match in 65536 bytes"), "{run}");
    server.terminate();
}

#[test]
fn a_question_longer_than_the_buffers_does_not_stop_the_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("question");
    std::fs::write(&path, noise(8 << 20)).expect("a file");
    let door = Door::narrow();
    let run = soquete(&format!("check {} --expect ok --send @{}", door.address(), path.display())).start();
    let mut peer = door.accept();
    peer.send("ok");
    assert_eq!(run.finish().code, 0);
    let run = soquete("check 127.0.0.1 9 --expect ok --send @/no/such/file").run();
    assert_eq!(run.code, 5, "{run}");
}

#[test]
fn open_is_not_ready_so_a_wait_goes_on() {
    let port = refusing_port();
    let address = port.address();
    let run = soquete(&format!("wait 15s {address} -w 200ms --send ping --expect PONG")).start();
    run.wait_for("a refusal", |e| e.is("target") && e["outcome"] == "closed");
    let (door, ready) = (port.open(), Arc::new(AtomicBool::new(false)));
    let is_ready = Arc::clone(&ready);
    std::thread::spawn(move || {
        loop {
            // The last of these ends with the test.
            let answer = if is_ready.load(Ordering::Relaxed) { "PONG" } else { "LOADING" };
            drop(door.accept().try_send(answer));
        }
    });
    run.wait_for("an answer that is not the one", |e| e.is("target") && e["outcome"] == "no-match");
    ready.store(true, Ordering::Relaxed);
    let run = run.finish();
    assert_eq!((run.code, &only_row(&run)["outcome"]), (0, &"open".into()), "{run}");
    let door = Door::open();
    let run = soquete(&format!("wait 400ms {} -w 100ms --expect x", door.address())).run();
    assert_eq!((run.code, &only_row(&run)["outcome"]), (3, &"no-answer".into()), "{run}");
}

#[test]
fn a_command_runs_once_the_answer_matches() {
    let server = soquete("listen -k 127.0.0.1:0 --upper").start();
    let words = server.address().to_string();
    let run = soquete(&format!("check {words} --send hi --expect HI -- echo ran")).run();
    assert!(run.code == 0 && run.text().ends_with("ran\n"), "{run}");
    let run = soquete(&format!("check {words} --send hi --expect HO -w 200ms -- echo ran")).run();
    assert!(run.code == 1 && !run.text().contains("ran"), "{run}");
    server.terminate();
}

#[test]
fn questions_are_asked_inside_tls_and_of_unix_sockets() {
    let folder = Folder::new();
    let at = folder.address("s");
    let server = soquete(&format!("listen -k --upper {at}")).start();
    server.event("listening");
    let run = ask(&at, "hello", "^HELLO$").run();
    assert_eq!((run.code, &only_row(&run)["host"]), (0, &at.as_str().into()), "{run}");
    server.terminate();
    if !cfg!(feature = "tls") {
        return;
    }
    let server = soquete("listen -k --upper --tls 127.0.0.1:0").start();
    let words = format!("--tls --tls-insecure -w 5s {}", server.address());
    let run = ask(&words, "hello", "^HELLO$").run();
    let row = only_row(&run);
    assert_eq!((run.code, &row["outcome"], &row["version"]), (0, &"open".into(), &"1.3".into()), "{run}");
    let run = ask(&format!("{words} -w 1s").replace("-w 5s ", ""), "hello", "^hello$").run();
    let row = only_row(&run);
    assert_eq!((run.code, &row["outcome"], &row["version"]), (1, &"no-match".into(), &"1.3".into()), "{run}");
    // The certificate is judged first.
    let run = ask(&words.replace("--tls-insecure ", ""), "hello", "^HELLO$").run();
    assert_eq!((run.code, &only_row(&run)["outcome"]), (1, &"tls-failed".into()), "{run}");
    server.terminate();
}

#[test]
fn wrong_questions_are_usage() {
    for (words, part) in [
        ("connect --check 127.0.0.1 9 --send hi", "--expect"),
        ("connect 127.0.0.1 9 --expect hi", "--check"),
        ("connect --check --until-closed 127.0.0.1 9 --expect hi", "--until-closed"),
        ("connect --check 127.0.0.1 9 --expect (", "not a regular expression"),
        (r"connect --check 127.0.0.1 9 --expect x --send \q", "not an escape"),
        ("udp-send --check 127.0.0.1 9 hi --expect [", "not a regular expression"),
        ("udp-send 127.0.0.1 9 hi --expect x", "--check"),
        ("udp-send 127.0.0.1 9 hi --wait 1s", "--check"),
    ] {
        let run = soquete(words).run();
        assert_eq!(run.code, 2, "{words}: {run}");
        let text = run.error("usage").text("text").to_owned();
        assert!(text.contains(part) && !text.contains('\n'), "{words}: {run}");
    }
}

#[test]
fn datagrams_must_match_too() {
    let server = soquete("udp-serve --upper 127.0.0.1:0").start();
    let words = format!("udp-send --check {} hello --reply-wait", server.address());
    let run = soquete(&format!("{words} 5s --expect ^HELLO$")).run();
    assert_eq!((run.code, &only_row(&run)["outcome"]), (0, &"replied".into()), "{run}");
    let run = soquete(&format!("{words} 200ms --expect ^hello$")).run();
    let row = only_row(&run);
    assert_eq!((run.code, &row["outcome"]), (1, &"no-match".into()), "{run}");
    assert_eq!(row["reason"], "replied, but the answer did not match: HELLO", "{run}");
    server.terminate();
    // The reply that matches counts, whatever came before it.
    let mail = Mail::open();
    let run = soquete(&format!("udp-send --check {} hi --reply-wait 5s --expect ok", mail.address())).start();
    let (_, from) = mail.receive_from();
    for reply in ["no", "ok"] {
        mail.send_to(reply, from);
    }
    assert_eq!(run.finish().code, 0);
}

#[test]
fn datagrams_are_waited_for() {
    let port = {
        let mail = Mail::open();
        mail.port()
    };
    let line =
        format!("udp-send --check --wait 15s 127.0.0.1 {port} hello --reply-wait 200ms --expect HELLO");
    let run = soquete(&line).start();
    run.wait_for("a refusal", |e| e.is("target") && e["outcome"] == "refused");
    let server = soquete(&format!("udp-serve --upper 127.0.0.1:{port}")).start();
    let run = run.finish();
    assert_eq!((run.code, &only_row(&run)["outcome"]), (0, &"replied".into()), "{run}");
    server.terminate();
    let folder = Folder::new();
    let at = folder.address("d");
    let run = soquete(&format!("udp-send --check --wait 15s {at} hello")).start();
    run.wait_for("a try", |e| e.is("target") && e["attempt"].is_u64());
    let server = soquete(&format!("udp-serve --echo {at}")).start();
    let run = run.finish();
    assert_eq!((run.code, &only_row(&run)["outcome"]), (0, &"replied".into()), "{run}");
    server.terminate();
    let mail = Mail::open();
    let line = format!("udp-send --check --wait 300ms {} hello --reply-wait 100ms", mail.address());
    let run = soquete(&line).run();
    assert_eq!((run.code, &only_row(&run)["outcome"]), (3, &"no-answer".into()), "{run}");
    run.error("timeout");
}

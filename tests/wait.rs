//! What a wait says while it goes on: one line in place on a terminal, at most one event a second elsewhere.

mod support;

use std::time::Duration;
use support::sockets::SilentPort;
use support::*;

/// Whether an event says how far a wait has come.
fn is_wait(event: &Event) -> bool {
    event.is("target") && event["attempt"].is_u64()
}

#[test]
fn a_wait_is_at_most_one_event_a_second() {
    let port = refusing_port();
    for words in ["", "--check", "--check -v", "-v"] {
        let run = soquete(&format!("connect {words} --wait 1500ms {}", port.address())).run();
        assert_eq!(run.code, 3, "{run}");
        let told: Vec<u64> = run.events.iter().filter(|e| is_wait(e)).map(|e| e.number("attempt")).collect();
        assert!(!told.is_empty() && told.len() <= 2 && told[0] == 1, "{told:?}: {run}");
        let first = run.event("target");
        assert_eq!((first.text("target"), first.text("outcome")), (&*port.address().to_string(), "closed"));
        assert!(first.text("text").starts_with("Connection refused"), "{run}");
        assert_eq!(run.named("state").count(), 0, "states of tries that failed: {run}");
    }
}

#[test]
fn the_try_that_works_tells_its_states_from_the_beginning() {
    for words in ["", "--check -v"] {
        let port = refusing_port();
        let mut run = soquete(&format!("connect {words} --wait 15s {}", port.address())).start();
        run.wait_for("a try that failed", is_wait);
        let door = port.open();
        let peer = door.accept();
        run.close_input();
        drop(peer);
        let run = run.finish();
        assert_eq!(run.code, 0, "{run}");
        assert_eq!(run.conns(), [1], "tries that failed take no number: {run}");
        assert_eq!(run.states(1)[..3], ["CLOSED", "SYN-SENT", "ESTABLISHED"], "{run}");
    }
}

#[test]
fn a_wait_for_an_answer_that_does_not_come_is_told_too() {
    let silent = SilentPort::open();
    for words in ["", "--check"] {
        let run = soquete(&format!("connect {words} --wait 15s -w 15s {}", silent.address())).start();
        let told = run.wait_for("a second without an answer", is_wait);
        assert_eq!((told.text("outcome"), told.number("attempt")), ("filtered", 1));
        run.terminate();
    }
}

#[test]
fn several_targets_are_told_by_the_first_that_is_missing() {
    let (door, port) = (Door::open(), refusing_port());
    let words = format!("--check --wait 300ms {} {}", door.address(), port.address());
    let run = soquete(&format!("connect {words}")).run();
    let told = run.event("target");
    assert!(is_wait(told) && told.text("target") == port.address().to_string(), "{run}");
    assert!(told.text("text").contains("1 of 2 open"), "{run}");
}

#[test]
fn quiet_waits_say_nothing() {
    let port = refusing_port();
    let run = soquete(&format!("connect --check -q --wait 300ms {}", port.address())).human().run();
    assert_eq!((run.code, run.stderr.lines().count()), (3, 1), "{run}");
}

#[test]
fn on_a_terminal_a_wait_is_one_line_that_leaves_no_trace() {
    for words in ["--recv-only", "--check"] {
        let port = refusing_port();
        let address = port.address().to_string();
        let screen = Terminal::start(&format!("connect {words} --wait 15s {address}"), &[]);
        screen.wait_text("closed, try 1, 15s left: Connection refused");
        screen.wait("a second line in place of the first", |screen| {
            let text = screen.contents();
            text.contains("14s left") && !text.contains("15s left") && text.lines().count() == 1
        });
        let door = port.open();
        let mut peer = door.accept();
        peer.try_send("a greeting\n").ok();
        drop(peer);
        assert_eq!(
            screen.finish_with_screen(|text| {
                assert!(!text.contains("try "), "{words}: {text}");
                let shown = if words == "--check" { "open" } else { "ESTABLISHED" };
                assert!(text.contains(shown), "{words}: {text}");
            }),
            0
        );
    }
}

#[test]
fn a_wait_that_fails_on_a_terminal_leaves_its_error() {
    let port = refusing_port();
    let screen = Terminal::start(&format!("connect --wait 300ms {}", port.address()), &[]);
    let code = screen.finish_with_screen(|text| {
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        assert!(lines.len() == 1 && lines[0].starts_with("soquete: connect"), "{text}");
    });
    assert_eq!(code, 3);
}

#[test]
fn a_bar_is_gone_at_the_end_and_quiet_leaves_nothing_else() {
    for _ in 0..10 {
        let door = Door::open();
        let tty = Tty::open();
        let file = tempfile::tempfile().expect("a temporary file");
        file.set_len(1 << 20).expect("its length");
        let line = format!("connect -q --progress --send-only {}", door.address());
        let client = soquete(&line).human().stdin(file).stderr(tty.stream()).start();
        let mut peer = door.accept();
        assert_eq!(peer.receive_all().len(), 1 << 20);
        drop(peer);
        assert_eq!(client.finish().code, 0);
        let written = tty.text_at_end();
        assert!(written.contains("B/s"), "there was a bar: {written:?}");
        assert_eq!(terminal::drawn(written.as_bytes()).trim(), "", "{written:?}");
    }
}

#[test]
fn a_connection_that_comes_late_is_waited_for_forever() {
    let port = refusing_port();
    let run = soquete(&format!("connect --check --wait forever {}", port.address())).start();
    let told = run.wait_for("a try that failed", is_wait);
    assert!(!told.text("text").contains("left"), "{told}");
    pause(Duration::from_millis(200));
    let _door = port.open();
    assert_eq!(run.finish().code, 0);
}

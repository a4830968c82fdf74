//! What goes to which stream, in which form: the global flags, colours, terminals.

mod support;

use serde_json::Value;
use std::time::Duration;
use support::events::{check_stream, read_all};
use support::*;

const ESCAPE: char = '\x1b';

/// One exchange through `connect` with these words more; the peer says `answer`.
fn exchange(words: &str, answer: &[u8]) -> Run {
    let door = Door::open();
    let client = soquete(&format!("connect {} {words}", door.address())).human().input("hi").start();
    let mut peer = door.accept();
    assert_eq!(peer.receive_all(), b"hi");
    peer.send(answer);
    drop(peer);
    let run = client.finish();
    assert_eq!(run.code, 0, "{run}");
    run
}

#[test]
fn global_flags_stand_before_or_after_the_subcommand() {
    let port = refusing_port();
    for line in [
        format!("--json connect {}", port.address()),
        format!("connect --json {}", port.address()),
        format!("connect {} --json", port.address()),
    ] {
        let run = soquete(&line).human().run();
        let events = read_all(run.stderr.as_bytes());
        check_stream(&events, 1);
    }
    let run = soquete(&format!("-q connect {}", port.address())).human().run();
    let after = soquete(&format!("connect {} -q", port.address())).human().run();
    assert_eq!((run.code, after.code), (1, 1));
    assert_eq!(run.stderr, after.stderr);
}

#[test]
fn stdout_carries_data_and_nothing_else() {
    for words in ["", "--json", "-v", "-v --json", "-q", "--color always"] {
        let run = exchange(words, b"answer");
        assert_eq!(run.text(), "answer", "{words}");
    }
}

#[test]
fn people_get_one_line_an_event() {
    let run = exchange("", b"answer");
    for part in ["ESTABLISHED", "FIN-WAIT-1", "TIME-WAIT", "ended cleanly"] {
        assert!(run.stderr.contains(part), "{part}: {run}");
    }
    assert!(!run.stderr.contains(ESCAPE), "no colour in a pipe: {run}");
    assert!(run.stderr.lines().all(|l| !l.trim().is_empty()), "no empty lines: {run}");
}

#[test]
fn quiet_leaves_errors_only() {
    let run = exchange("-q", b"answer");
    assert_eq!(run.stderr, "", "{run}");
    let port = refusing_port();
    let run = soquete(&format!("connect -q {}", port.address())).human().run();
    assert_eq!((run.code, run.stderr.lines().count()), (1, 1), "{run}");
    assert!(run.stderr.starts_with("soquete: "), "{run}");
    let run = soquete(&format!("connect -q --json {}", port.address())).human().run();
    let events = read_all(run.stderr.as_bytes());
    assert!(events.iter().any(|e| e.is("error")), "{run}");
    assert!(!events.iter().any(|e| e.is("state")), "{run}");
}

#[test]
fn quiet_and_verbose_exclude_each_other() {
    let run = soquete("-q -v demo").run();
    assert_eq!(run.code, 2, "{run}");
}

#[test]
fn verbose_adds_what_the_kernel_knows_and_how_names_resolved() {
    let door = Door::open();
    let client = soquete(&format!("connect -v localhost {}", door.port())).input("hi").start();
    assert_eq!(door.accept().receive_all(), b"hi");
    let run = client.finish();
    assert_eq!(run.code, 0, "{run}");
    let info = run.event("info");
    assert!(info.number("snd_mss") > 0, "{run}");
    for name in ["sndbuf", "rcvbuf", "congestion", "mss"] {
        let shown = run.named("option").find(|e| e["name"] == name).expect("options worth knowing");
        assert!(shown["requested"].is_null() && !shown["effective"].is_null(), "nobody asked for it: {run}");
    }
    let quiet = soquete(&format!("connect {}", refusing_port().address())).run();
    assert_eq!(quiet.named("info").count() + quiet.named("option").count(), 0, "{quiet}");
}

#[test]
fn events_go_to_standard_output_where_asked() {
    let door = Door::open();
    let run = soquete(&format!("connect --check --events - {}", door.address())).run();
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run}");
    let rows: Vec<Value> = run.rows();
    let (events, report): (Vec<_>, Vec<_>) = rows.into_iter().partition(|r| r["event"].is_string());
    assert_eq!(report.len(), 1, "{run}");
    let events: Vec<Event> = events.into_iter().map(Event).collect();
    check_stream(&events, 0);
}

#[test]
fn events_go_to_a_file_which_is_appended_to() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("events.jsonl");
    let port = refusing_port();
    for _ in 0..2 {
        let run = soquete(&format!("connect {} --events", port.address())).arg(&path).run();
        assert_eq!((run.code, run.stderr.as_str()), (1, ""), "{run}");
    }
    let events = read_all(&std::fs::read(&path).expect("the file"));
    let half = events.len() / 2;
    check_stream(&events[..half], 1);
    check_stream(&events[half..], 1);
}

#[test]
fn events_go_to_an_inherited_descriptor() {
    let (mut reader, writer) = pipe();
    let door = Door::open();
    let client = soquete(&format!("connect --events fd:9 {}", door.address()))
        .shell("exec \"$@\" 9>&1 >/dev/null")
        .stdout(writer)
        .input("")
        .start();
    drop(door.accept());
    let run = client.finish();
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run}");
    check_stream(&read_all(&reader.read_all()), 0);
}

#[test]
fn events_that_can_go_nowhere_are_this_machines_no() {
    for target in ["/no/such/folder/events", "fd:77", "/"] {
        let run = soquete(&format!("listen 0 --events {target}")).human().run();
        assert_eq!(run.code, 5, "{target}: {run}");
        assert!(run.stderr.starts_with("soquete: ") && run.stderr.lines().count() == 1, "{target}: {run}");
    }
    for target in ["fd:x", "fd:-1", "fd:"] {
        let run = soquete(&format!("listen 0 --events {target}")).human().run();
        assert_eq!(run.code, 2, "{target}: {run}");
    }
}

#[test]
fn a_wrong_command_line_is_json_too_where_json_is_asked_for() {
    let run = soquete("connect localhost 70000").run();
    assert_eq!(run.code, 2, "{run}");
    run.error("usage");
    let run = soquete("connect --no-such-flag").run();
    assert_eq!(run.code, 2, "{run}");
    run.error("usage");
}

#[test]
fn colour_is_for_terminals_and_those_who_ask() {
    for (words, env, terminal, coloured) in [
        ("", None, false, false),
        ("", None, true, true),
        ("", Some(("NO_COLOR", "1")), true, false),
        ("", Some(("NO_COLOR", "")), true, true),
        ("", Some(("TERM", "dumb")), true, false),
        ("--color never", None, true, false),
        ("--color always", None, false, true),
        ("--color always", Some(("NO_COLOR", "1")), false, true),
        ("--color auto", None, false, false),
    ] {
        let tty = Tty::open();
        let line = format!("listen 127.0.0.1:0 --accept-timeout 1ms {words}");
        let mut listener = soquete(&line).human().env("TERM", "xterm-256color");
        if let Some((name, value)) = env {
            listener = listener.env(name, value);
        }
        if terminal {
            listener = listener.stderr(tty.stream());
        }
        let run = listener.run();
        assert_eq!(run.code, 3, "{words} {env:?}: {run}");
        let said = if terminal { tty.text_at_end() } else { run.stderr.clone() };
        assert!(said.contains("LISTEN"), "{said}");
        assert_eq!(said.contains(ESCAPE), coloured, "{words} {env:?} on a terminal: {terminal}\n{said}");
    }
}

/// Moves the cursor, sets the title, rings, reorders, hides.
const HOSTILE: &[u8] = b"\x1b[2J\x1b]0;title\x07\x9b31m\r\xe2\x80\xae reversed\xe2\x80\x8b\x7f\x00 end\n";

#[test]
fn hostile_text_is_made_visible_on_a_terminal() {
    let (door, tty) = (Door::open(), Tty::open());
    let client = soquete(&format!("--color never connect {}", door.address())).stdout(tty.stream()).start();
    let mut peer = door.accept();
    peer.send(HOSTILE);
    drop(peer);
    assert_eq!(client.finish().code, 0);
    let shown = tty.text_at_end();
    assert!(shown.contains("end\r\n"), "{shown:?}");
    let bare = shown.replace("\r\n", "\n");
    let hidden = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202e}' | '\u{200b}' | '\u{fffd}');
    assert!(!bare.contains(hidden), "{bare:?}");
    assert!(bare.contains("title") && bare.contains("reversed"), "nothing is dropped: {bare:?}");
}

#[test]
fn an_error_cannot_command_the_terminal() {
    let run = soquete("listen 0 --send").arg("/no/\x1b[31msuch").human().run();
    assert_eq!(run.code, 5, "{run}");
    assert!(run.stderr.contains("/no/\u{241b}[31msuch") && !run.stderr.contains(ESCAPE), "{run}");
}

#[test]
fn hostile_text_is_made_visible_however_it_is_cut() {
    let (door, tty) = (Door::open(), Tty::open());
    let client = soquete(&format!("--color never connect {}", door.address())).stdout(tty.stream()).start();
    let mut peer = door.accept();
    let text = "é\u{202e}日\u{1b}[0m\n".as_bytes();
    for byte in text {
        peer.send([*byte]);
        pause(Duration::from_millis(2));
    }
    drop(peer);
    assert_eq!(client.finish().code, 0);
    assert_eq!(tty.text_at_end(), "é\\u{202e}日\u{241b}[0m\r\n");
}

#[test]
fn hostile_text_is_made_visible_for_a_server_of_many_too() {
    for words in ["", "-k", "-k --prefix"] {
        let tty = Tty::open();
        let server =
            soquete(&format!("--color never listen {words} 127.0.0.1:0")).stdout(tty.stream()).start();
        let mut client = Peer::connect(server.address());
        client.send(HOSTILE);
        drop(client);
        tty.wait("end\r\n");
        let shown = tty.text();
        assert!(!shown.contains(ESCAPE) && !shown.contains('\u{202e}'), "{words}: {shown:?}");
        drop(server);
    }
}

#[test]
fn a_pipe_gets_the_bytes_as_they_came() {
    let run = exchange("", HOSTILE);
    assert_eq!(run.stdout, HOSTILE);
    let run = exchange("--json", HOSTILE);
    assert_eq!(run.stdout, HOSTILE, "with --json too");
}

#[test]
fn hostile_arguments_do_not_reach_the_terminal_raw() {
    for words in ["connect", "connect --check"] {
        let run = soquete(words).arg("evil\x1b[31m.invalid").arg("80").human().run();
        assert_ne!(run.code, 0, "{run}");
        assert!(!run.stderr.contains(ESCAPE) && !run.text().contains(ESCAPE), "{run}");
    }
}

#[test]
fn a_terminal_as_input_is_read_by_lines_and_ends_with_its_end_character() {
    let (door, tty) = (Door::open(), Tty::open());
    let client = soquete(&format!("connect {}", door.address())).stdin(tty.stream()).start();
    let mut peer = door.accept();
    tty.keys("typed\n");
    assert_eq!(peer.receive_line(), "typed\n");
    tty.keys("\x04");
    assert_eq!(peer.receive_all(), b"", "FIN at the end of input");
    drop(peer);
    let run = client.finish();
    assert_eq!(run.code, 0, "{run}");
}

#[test]
fn a_peer_that_ends_ends_a_session_typed_at_a_terminal() {
    let (door, tty) = (Door::open(), Tty::open());
    let client = soquete(&format!("connect {}", door.address())).stdin(tty.stream()).start();
    let peer = door.accept();
    peer.half_close();
    let run = client.finish();
    assert_eq!(run.code, 0, "nobody has to press a key first: {run}");
    drop(peer);
}

#[test]
fn standard_input_stays_blocking_for_who_shares_it() {
    let (door, tty) = (Door::open(), Tty::open());
    let shared = tty.stream();
    let ours = shared.try_clone().expect("a descriptor");
    let mut client = soquete(&format!("connect {}", door.address())).stdin(shared).start();
    let peer = door.accept();
    client.wait_for("ESTABLISHED", |e| e.enters("ESTABLISHED"));
    tty.keys("x\n");
    let flags = rustix::fs::fcntl_getfl(&ours).expect("its flags");
    assert!(!flags.contains(rustix::fs::OFlags::NONBLOCK), "O_NONBLOCK leaks into the user's shell");
    drop(peer);
    client.close_input();
    client.finish();
    let flags = rustix::fs::fcntl_getfl(&ours).expect("its flags");
    assert!(!flags.contains(rustix::fs::OFlags::NONBLOCK), "O_NONBLOCK leaks into the user's shell");
}

#[test]
fn the_interrupt_key_ends_it_in_order() {
    let door = Door::open();
    for line in [format!("connect {}", door.address()), "listen -k 127.0.0.1:0".to_owned()] {
        let terminal = Terminal::start(&line, &[]);
        terminal.wait_text(if line.starts_with("connect") { "ESTABLISHED" } else { "listening on" });
        terminal.keys("\x03");
        terminal.wait_end();
        assert!(terminal.is_cooked(), "{line}");
        assert_eq!(terminal.finish(), 130, "{line}");
    }
}

#[test]
fn what_a_server_has_no_room_for_arrives_before_the_fin_that_follows_it() {
    // Some kernels let nobody else attach a filter to a socket.
    as_root(|| {
        for words in ["connect", "multi-connect --no-prefix"] {
            let server = Overrun::open();
            let client = soquete(&format!("{words} {}", server.address())).input("x\n").start();
            client.wait_for("the connection", |event| event["to"] == "ESTABLISHED");
            let mut peer = server.relent().accept();
            assert_eq!(peer.receive_all(), b"x\n", "{words}");
            peer.send("a:x\n");
            drop(peer);
            let run = client.finish();
            assert_eq!((run.code, run.text()), (0, "a:x\n"), "{words}: {run}");
        }
    });
}

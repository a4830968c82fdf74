//! Signals as the program's surroundings see them: shells, service managers, terminals with jobs, whoever started it.

mod support;

use rustix::process::Signal;
use std::time::{Duration, Instant};
use support::*;

const BINARY: &str = env!("CARGO_BIN_EXE_soquete");

// It dies of the signal that asked for the end.

#[test]
fn every_command_dies_of_the_signal_after_its_last_event() {
    let (door, port) = (Door::open(), refusing_port());
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        for (line, ready) in [
            (format!("connect {}", door.address()), "ESTABLISHED"),
            (format!("connect --wait 1m {}", port.address()), "target"),
            (format!("connect --check --wait 1m {}", port.address()), "target"),
            (format!("multi-connect {}", door.address()), "ESTABLISHED"),
            ("listen 127.0.0.1:0".to_owned(), "LISTEN"),
            ("listen -k --echo 127.0.0.1:0".to_owned(), "LISTEN"),
            ("chat-serve 127.0.0.1:0".to_owned(), "LISTEN"),
            ("udp-serve 127.0.0.1:0".to_owned(), "UNCONNECTED"),
        ] {
            let program = soquete(&line).shell("exec env --default-signal=HUP \"$@\"").start();
            program.wait_for(ready, |e| e.enters(ready) || e.is(ready));
            program.signal(signal);
            let run = program.finish();
            assert_eq!(run.signal, Some(signal.as_raw()), "{line}: {run}");
            assert_eq!(run.event("exit")["code"], code, "{line}: {run}");
        }
    }
}

#[test]
fn one_interrupt_ends_a_shells_loop() {
    let Some(bash) = peer("bash") else { return };
    let script = "for round in 1 2 3; do echo round $round; \"$0\" listen 127.0.0.1:0; done; echo after";
    let terminal = Terminal::start_program(&bash.to_string_lossy(), &["-c", script, BINARY]);
    terminal.wait_text("listening on");
    terminal.keys("\x03");
    terminal.wait_end();
    let shown = terminal.screen().contents();
    assert!(shown.contains("round 1") && !shown.contains("round 2") && !shown.contains("after"), "{shown}");
}

#[test]
fn a_command_that_was_asked_to_end_with_it_makes_no_difference() {
    let door = Door::open();
    let line = format!("connect --check {} -- sh -c", door.address());
    let program = soquete(&line).arg("echo up; exec sleep 60").start();
    program.wait_stdout("up");
    program.signal(Signal::TERM);
    let run = program.finish();
    assert_eq!(run.signal, Some(libc::SIGTERM), "{run}");
    assert_eq!(run.event("exit")["cause"], "SIGTERM", "{run}");
}

/// The program as process 1 of a namespace, and its process number out here.
fn as_process_1(line: &str) -> Option<(Running, rustix::process::Pid)> {
    let program = soquete(line).human().shell("exec unshare -rpf --kill-child \"$@\"").start();
    let children = format!("/proc/{0}/task/{0}/children", program.pid());
    let until = Instant::now() + DEADLINE;
    loop {
        let first = std::fs::read_to_string(&children).ok()?;
        if let Some(pid) = first.split_whitespace().next().and_then(|pid| pid.parse().ok()) {
            return Some((program, rustix::process::Pid::from_raw(pid)?));
        }
        if String::from_utf8_lossy(&program.stderr()).contains("unshare:") || Instant::now() > until {
            return None;
        }
        pause(Duration::from_millis(5));
    }
}

#[test]
fn as_process_1_it_exits_with_the_number() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let Some((program, pid)) = as_process_1("listen 127.0.0.1:0") else {
            return skip("no namespace of processes can be made");
        };
        program.wait_stderr("listening on");
        rustix::process::kill_process(pid, signal).expect("it runs");
        let run = program.finish();
        assert_eq!((run.code, run.signal), (code, None), "{run}");
    }
}

#[test]
fn as_process_1_a_second_signal_ends_it_at_once() {
    let door = Door::open();
    let line = format!("connect --check {} -- sh", door.address());
    let Some((program, pid)) = as_process_1(&line) else {
        return skip("no namespace of processes can be made");
    };
    let mut program = program;
    program.write("trap '' TERM; echo deaf; exec sleep 60\n");
    program.wait_stdout("deaf");
    rustix::process::kill_process(pid, Signal::TERM).expect("it runs");
    pause(Duration::from_millis(300));
    rustix::process::kill_process(pid, Signal::TERM).expect("it runs");
    let run = program.finish();
    assert_eq!((run.code, run.signal), (143, None), "{run}");
}

// A job in the background of a terminal.

/// The address at the end of a line on the screen, after `words`.
fn address_after(shown: &str, words: &str) -> Option<std::net::SocketAddr> {
    let rest = shown.split(words).nth(1)?;
    let address: String = rest.chars().take_while(|c| c.is_ascii_digit() || matches!(c, '.' | ':')).collect();
    address.parse().ok()
}

#[test]
fn a_server_in_the_background_of_a_terminal_is_not_stopped_when_a_client_comes() {
    let Some(bash) = peer("bash") else { return };
    for words in ["", "-k", "-k --prefix"] {
        let script = format!(
            "set -m; \"$0\" listen {words} 127.0.0.1:0 & read line; kill %1; wait %1; echo \"ended with $?\""
        );
        let terminal = Terminal::start_program(&bash.to_string_lossy(), &["-c", &script, BINARY]);
        let shown = terminal.wait_text("listening on 127.0.0.1:");
        let address = address_after(&shown, "listening on ").unwrap_or_else(|| panic!("{shown}"));
        let mut client = Peer::connect(address);
        client.send("from the client\n");
        terminal.wait_text("from the client");
        terminal.keys("for the shell\n");
        terminal.wait_text("ended with 143");
        assert_eq!(client.receive_all(), b"", "what is typed is the shell's");
        terminal.wait_end();
    }
}

#[test]
fn a_client_in_the_background_reads_the_terminal_once_it_is_in_the_foreground() {
    let Some(bash) = peer("bash") else { return };
    for command in ["connect", "multi-connect --no-prefix"] {
        let door = Door::open();
        let script = format!("set -m; \"$0\" {command} {} & read line; fg", door.address());
        let terminal = Terminal::start_program(&bash.to_string_lossy(), &["-c", &script, BINARY]);
        let mut server = door.accept();
        server.send("from the server\n");
        terminal.wait_text("from the server");
        terminal.keys("for the shell\n");
        // What the shell shows as it takes the job back.
        terminal.wait(command, |screen| screen.contents().matches(command).count() > 0);
        terminal.keys("for the server\n");
        assert_eq!(server.receive_line(), "for the server\n", "{command}");
        drop(server);
        terminal.wait_end();
    }
}

// What whoever started it left behind.

#[test]
fn a_commands_status_is_known_though_sigchld_was_ignored() {
    let door = Door::open();
    let run = soquete(&format!("connect --check {} -- sh -c", door.address()))
        .arg("exit 7")
        .shell("exec env --ignore-signal=CHLD \"$@\"")
        .run();
    assert_eq!(run.code, 7, "{run}");
}

#[test]
fn a_file_that_may_not_grow_is_5_and_not_an_end_by_a_signal() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let limited = "ulimit -f 2; exec \"$@\"";
    let door = Door::open();
    for line in [format!("connect {}", door.address()), "listen -k 127.0.0.1:0".to_owned()] {
        let (file, _) = program::to_file(folder.path(), "out");
        let run = soquete(&line).stdout(file).shell(limited).start();
        let mut peer = if line.starts_with("connect") { door.accept() } else { Peer::connect(run.address()) };
        peer.try_send(noise(1 << 16)).ok();
        let run = run.finish();
        assert_eq!((run.code, run.signal), (5, None), "{line}: {run}");
        assert_eq!(run.error("file")["errno"], "EFBIG", "{line}: {run}");
    }
    let (file, _) = program::to_file(folder.path(), "out");
    let run = soquete("connect --check 127.0.0.1 1-200").stdout(file).shell(limited).run();
    assert_eq!((run.code, run.signal), (5, None), "{run}");
    let events = folder.path().join("events");
    let run = soquete("connect --check 127.0.0.1 1-200 --events").arg(&events).shell(limited).run();
    assert_eq!((run.code, run.signal), (1, None), "the network's answer comes first: {run}");
    assert!(run.stderr.contains("File too large"), "{run}");
}

#[test]
fn a_command_gets_the_signals_as_they_were() {
    let door = Door::open();
    for (script, ignored) in [("exec \"$@\"", false), ("trap '' XFSZ; exec \"$@\"", true)] {
        let line = format!("connect --check {} -- grep SigIgn /proc/self/status", door.address());
        let run = soquete(&line).shell(script).run();
        let shown = String::from_utf8_lossy(&run.stdout).into_owned();
        let mask = shown.rsplit_once("SigIgn:").map(|(_, mask)| mask.trim()).unwrap_or_default();
        let mask = u64::from_str_radix(mask, 16).unwrap_or_else(|_| panic!("{run}"));
        assert_eq!(mask >> (libc::SIGXFSZ - 1) & 1 == 1, ignored, "{run}");
    }
}

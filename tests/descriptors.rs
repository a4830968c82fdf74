//! Descriptors that are passed on by number, files that say a server is ready, and what a command gets of ours.

mod support;

use std::fs;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::path::Path;
use support::*;

/// What is left on standard error as events.
fn told(run: &Run) -> Vec<Event> {
    events::read_all(run.stderr.as_bytes())
}

// `--ready-fd`, `--events fd:N`.

#[test]
fn a_number_nobody_passed_on_is_5_whatever_the_program_opens_itself() {
    for number in 3..24 {
        for (words, on) in [("--ready-fd ", "--ready-fd"), ("--events fd:", "--events fd:")] {
            // The shell closes what the test runner may have left open.
            let script = format!("exec \"$@\" {number}>&-");
            let line = format!("listen -k --echo {words}{number} --accept-timeout 100ms 127.0.0.1:0");
            let run = soquete(&line).shell(&script).run();
            assert_eq!(run.code, 5, "{run}");
            let events = told(&run);
            assert_eq!(events.len(), 2, "{run}");
            assert!(events[0].is("error") && events[0].text("text").contains(on), "{run}");
            assert_eq!((events[1].name(), events[1].number("code")), ("exit", 5), "{run}");
        }
    }
}

#[test]
fn a_number_that_cannot_be_written_to_or_is_taken_twice_is_5() {
    for (line, script) in [
        ("listen --ready-fd 3 0", "exec \"$@\" 3</dev/null"),
        ("listen --ready-fd 0 0", "exec \"$@\" </dev/null"),
        ("listen --ready-fd 1 0", "exec \"$@\" >&-"),
        ("chat-serve --ready-fd 3 127.0.0.1:0", "exec \"$@\" 3</dev/null"),
        ("udp-serve --ready-fd 3 127.0.0.1:0", "exec \"$@\" 3</dev/null"),
        ("stat --events fd:3", "exec \"$@\" 3</dev/null"),
        ("listen --events fd:3 --ready-fd 3 0", "exec \"$@\" 3>/dev/null"),
    ] {
        let run = soquete(line).human().shell(script).run();
        assert_eq!(run.code, 5, "{line}: {run}");
        assert_eq!(run.stderr.lines().count(), 1, "{line}: {run}");
    }
}

#[test]
fn descriptors_that_were_passed_on_are_written_to() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (ready, events) = (folder.path().join("ready"), folder.path().join("events"));
    let script = format!("exec \"$@\" 7>'{}' 8>'{}'", ready.display(), events.display());
    for command in ["listen -k --echo", "chat-serve", "udp-serve"] {
        let line = format!("{command} 127.0.0.1:0 --ready-fd 7 --events fd:8");
        let server = soquete(&line).shell(&script).start();
        let until = std::time::Instant::now() + DEADLINE;
        while !fs::read_to_string(&ready).is_ok_and(|text| text.ends_with('\n')) {
            assert!(std::time::Instant::now() < until, "{command}: no address");
        }
        let until = std::time::Instant::now() + DEADLINE;
        while holds(server.pid(), &ready) {
            assert!(std::time::Instant::now() < until, "{command}: it is not closed");
        }
        let address = fs::read_to_string(&ready).expect("a file");
        server.terminate();
        let events = events::read_all(&fs::read(&events).expect("a file"));
        let listening = events.iter().find(|e| e.is("listening") || e.is("bind")).expect("an address");
        assert_eq!(listening.text("local"), address.trim(), "{command}");
        events::check_stream(&events, 143);
        fs::remove_file(&ready).expect("a file");
    }
}

#[test]
fn events_that_cannot_go_where_they_were_wanted_end_as_events() {
    for target in ["/no/such/folder/file", "/dev/full", "fd:99"] {
        let run = soquete(&format!("stat -t --events {target}")).run();
        assert_eq!(run.code, 5, "{run}");
        let events = told(&run);
        let names: Vec<&str> = events.iter().map(Event::name).collect();
        assert_eq!(names, ["error", "exit"], "{run}");
        assert!(events[0]["kind"] == "file" && events[0].text("text").contains(target), "{run}");
        assert_eq!(events[1]["code"], 5, "{run}");
    }
}

/// Whether a process has this file open.
fn holds(pid: u32, file: &Path) -> bool {
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).expect("it runs");
    descriptors.flatten().any(|fd| fs::read_link(fd.path()).is_ok_and(|to| to == file))
}

// `--ready-file`.

#[test]
fn a_ready_file_is_written_through_no_link() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (victim, ready) = (folder.path().join("victim"), folder.path().join("ready"));
    fs::write(&victim, "precious").expect("a file");
    symlink(&victim, &ready).expect("a link");
    // Names that an unfinished file might get.
    let links = format!(
        "for n in \"$$\" \"$$.0\" \"$$.1\"; do ln -s victim '{}'.$n; done; exec \"$@\"",
        ready.display()
    );
    let line = "listen -k --echo 127.0.0.1:0 --ready-fd 1 --ready-file";
    let server = soquete(line).arg(&ready).shell(&links).start();
    server.wait_stdout("\n");
    assert_eq!(fs::read(&ready).expect("a file"), server.stdout());
    assert!(!fs::symlink_metadata(&ready).expect("a file").is_symlink());
    assert_eq!(fs::read_to_string(&victim).expect("a file"), "precious");
    server.terminate();
}

#[test]
fn a_ready_file_that_cannot_be_written_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let ready = folder.path().join("ready");
    let run = soquete("listen 127.0.0.1:0 --ready-file").arg(&ready).shell("ulimit -f 0; exec \"$@\"").run();
    assert_eq!(run.code, 5, "{run}");
    assert_eq!(run.error("file")["errno"], "EFBIG", "{run}");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[test]
fn a_pipe_is_not_replaced_by_a_ready_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let ready = folder.path().join("ready");
    let made = std::process::Command::new("mkfifo").arg(&ready).status().expect("mkfifo runs");
    assert!(made.success());
    let run = soquete("listen 127.0.0.1:0 --ready-file").arg(&ready).run();
    assert_eq!(run.code, 5, "{run}");
    assert!(fs::metadata(&ready).expect("it is there").file_type().is_fifo());
}

// What a command gets.

#[test]
fn a_command_gets_the_limit_we_were_started_with_and_none_of_our_descriptors() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let events = folder.path().join("events");
    let door = Door::open();
    let line = format!("connect --check {} --events fd:3 -- sh -c", door.address());
    let run = soquete(&line)
        .arg("ulimit -Sn; echo forged >&3")
        .shell(&format!("ulimit -Sn 100; exec \"$@\" 3>'{}'", events.display()))
        .run();
    assert_ne!(run.code, 0, "there is nothing to write to: {run}");
    assert!(run.text().ends_with("\n100\n"), "{run}");
    let events = fs::read_to_string(&events).expect("a file");
    assert!(!events.contains("forged") && events.contains("\"event\":\"exit\""), "{events}");
}

// A machine without descriptors.

#[test]
fn too_many_open_files_says_in_what_operation() {
    let port = refusing_port();
    for line in [
        "listen 127.0.0.1:0 --accept-timeout 1ms".to_owned(),
        "listen -k --echo 127.0.0.1:0 --accept-timeout 1ms".to_owned(),
        "listen -k 127.0.0.1:0 --accept-timeout 1ms".to_owned(),
        format!("connect {}", port.address()),
        format!("connect --check {}", port.address()),
        format!("multi-connect {}", port.address()),
        "chat-serve 127.0.0.1:0 --events /no/such".to_owned(),
        format!("chat-join {}", port.address()),
        "udp-serve 127.0.0.1:0 --idle-timeout 1ms".to_owned(),
        format!("udp-send {} x", port.address()),
        "stat -tp".to_owned(),
        "stat --wait count=0 --timeout 1ms".to_owned(),
        "demo".to_owned(),
    ] {
        for limit in 4..16 {
            let program = soquete(&line).human().arg("-q").shell(&format!("ulimit -n {limit}; exec \"$@\""));
            let run = program.run();
            for said in run.stderr.lines().filter(|said| said.contains("Too many open files")) {
                let (before, _) = said.split_once("Too many").expect("it was found");
                let operation = before.trim_start_matches("soquete: ").trim_start_matches("warning: ");
                assert!(operation.len() > 4 && operation.ends_with(": "), "{limit}: {run}");
                assert!(!said.contains("os error"), "{limit}: {run}");
            }
        }
    }
}

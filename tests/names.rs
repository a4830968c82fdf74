//! Names whose server does not answer: deadlines and Ctrl-C hold all the same.
#![allow(clippy::disallowed_methods)] // the other end must not be made of the code under test

mod support;

use rustix::process::Signal;
use std::fs;
use std::net::UdpSocket;
use std::path::Path;
use std::time::Duration;
use support::*;

/// A name server that takes questions and never answers, and the files that make programs ask it.
struct Silence {
    questions: UdpSocket,
    folder: tempfile::TempDir,
}

/// Runs a test on a machine of its own, which has one name server.
fn with_silence(test: impl FnOnce(&Silence) + Send) {
    two_machines(|near, _| near.run(|| test(&Silence::open())));
}

impl Silence {
    fn open() -> Self {
        let questions = UdpSocket::bind(("127.0.0.1", 53)).expect("a port of this machine alone");
        questions.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("resolv.conf"), "nameserver 127.0.0.1\n").expect("a file");
        fs::write(folder.path().join("nsswitch.conf"), "hosts: dns\n").expect("a file");
        Self { questions, folder }
    }

    fn soquete(&self, line: &str) -> Soquete {
        let mounts = ["resolv.conf", "nsswitch.conf"]
            .map(|name| format!("mount --bind {}/{name} /etc/{name}", self.folder.path().display()));
        let script = format!("exec unshare --mount sh -c '{} && exec \"$@\"' sh \"$@\"", mounts.join(" && "));
        soquete(line).shell(&script)
    }

    fn wait_for_question(&self) {
        self.questions.recv(&mut [0; 512]).expect("a question");
    }

    /// Of a program that has ended.
    fn forget_questions(&self) {
        self.questions.set_nonblocking(true).expect("a socket");
        while self.questions.recv(&mut [0; 512]).is_ok() {}
        self.questions.set_nonblocking(false).expect("a socket");
    }
}

#[test]
fn a_look_up_ends_at_the_deadline() {
    with_silence(|silence| {
        let run = silence.soquete("connect --timeout 300ms name.example 80").run();
        assert_eq!(run.code, 3, "{run}");
        assert_eq!(run.error("timeout").text("op"), "resolve", "{run}");
    });
}

#[test]
fn a_check_says_that_a_name_was_not_answered_for() {
    with_silence(|silence| {
        let run = silence.soquete("connect --check --timeout 300ms name.example 80").run();
        assert_eq!(run.code, 1, "{run}");
        assert_eq!(run.rows()[0]["outcome"], "unresolved", "{run}");
        let run = silence.soquete("connect --check --wait 300ms name.example 80").run();
        assert_eq!(run.code, 3, "{run}");
    });
}

/// A shell script that runs a program for which the file `hosts` of `folder` has all names there are.
fn with_hosts(folder: &Path, text: &str) -> String {
    let [hosts, order] = ["hosts", "nsswitch.conf"].map(|name| folder.join(name));
    fs::write(&hosts, text).expect("a file");
    fs::write(&order, "hosts: files\n").expect("a file");
    format!(
        "exec unshare --mount sh -c 'mount --bind {} /etc/hosts && mount --bind {} /etc/nsswitch.conf && exec \"$@\"' sh \"$@\"",
        hosts.display(),
        order.display()
    )
}

#[test]
fn servers_tell_how_their_own_name_resolved() {
    two_machines(|near, _| {
        let folder = tempfile::tempdir().expect("a folder");
        let script = with_hosts(folder.path(), "127.0.0.1 name.example\n");
        for (line, told) in [
            ("listen -v name.example 0 --accept-timeout 1ms", 1),
            ("listen name.example 0 --accept-timeout 1ms", 0),
            ("udp-serve -v name.example 0 --idle-timeout 1ms", 1),
        ] {
            let run = near.run(|| soquete(line).shell(&script).run());
            assert_eq!(run.code, 3, "{run}");
            assert_eq!(run.named("resolve").filter(|e| e["address"] == "127.0.0.1:0").count(), told, "{run}");
        }
    });
}

#[test]
fn wait_outlasts_a_name_that_is_not_known_yet() {
    two_machines(|near, _| {
        let folder = tempfile::tempdir().expect("a folder");
        let hosts = folder.path().join("hosts");
        let script = with_hosts(folder.path(), "");
        let door = near.run(Door::open);
        let line = format!("connect name.example {}", door.port());
        let run = near.run(|| soquete(&line).shell(&script).run());
        assert_eq!(run.code, 1, "{run}");
        run.error("resolve");
        let client = near.run(|| soquete(&line).arg("--wait=15s").shell(&script).input("x").start());
        pause(Duration::from_millis(300));
        fs::write(&hosts, "127.0.0.1 name.example\n").expect("a file");
        assert_eq!(door.accept().receive_all(), b"x");
        let run = client.finish();
        assert_eq!(run.code, 0, "{run}");
    });
}

#[test]
fn an_interrupt_ends_a_look_up() {
    with_silence(|silence| {
        for line in [
            "connect name.example 80",
            "connect --check name.example 80",
            "listen name.example 0",
            "udp-send name.example 9 hello",
            "udp-send --check name.example 9",
            "chat-join name.example",
            "multi-connect name.example:80",
            "stat name.example",
        ] {
            let program = silence.soquete(line).start();
            silence.wait_for_question();
            program.signal(Signal::INT);
            let run = program.finish();
            assert_eq!(run.code, 130, "{run}");
            silence.forget_questions();
        }
    });
}

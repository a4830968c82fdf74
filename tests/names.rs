//! Names whose server does not answer: deadlines and Ctrl-C hold all the same.
#![allow(clippy::disallowed_methods)] // the other end must not be made of the code under test

mod support;

use rustix::process::Signal;
use std::fs;
use std::net::UdpSocket;
use support::*;

/// A name server that takes questions and never answers, and the files that make programs ask it.
struct Silence {
    questions: UdpSocket,
    folder: tempfile::TempDir,
}

impl Silence {
    /// `None` where its port may not be taken, which is told.
    fn open(ip: &str) -> Option<Self> {
        if !is_root() {
            skip("only root may answer on port 53 and mount files");
            return None;
        }
        let questions = UdpSocket::bind((ip, 53)).expect("a loopback address of this test alone");
        questions.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("resolv.conf"), format!("nameserver {ip}\n")).expect("a file");
        fs::write(folder.path().join("nsswitch.conf"), "hosts: dns\n").expect("a file");
        Some(Self { questions, folder })
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
    let Some(silence) = Silence::open("127.0.53.1") else { return };
    let run = silence.soquete("connect --timeout 300ms name.example 80").run();
    assert_eq!(run.code, 3, "{run}");
    assert_eq!(run.error("timeout").text("op"), "resolve", "{run}");
}

#[test]
fn a_check_says_that_a_name_was_not_answered_for() {
    let Some(silence) = Silence::open("127.0.53.2") else { return };
    let run = silence.soquete("connect --check --timeout 300ms name.example 80").run();
    assert_eq!(run.code, 1, "{run}");
    assert_eq!(run.rows()[0]["outcome"], "unresolved", "{run}");
    let run = silence.soquete("connect --check --wait 300ms name.example 80").run();
    assert_eq!(run.code, 3, "{run}");
}

#[test]
fn an_interrupt_ends_a_look_up() {
    let Some(silence) = Silence::open("127.0.53.3") else { return };
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
}

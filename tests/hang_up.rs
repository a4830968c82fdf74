//! A terminal that is closed while a command runs on it (SIGHUP): the command ends in order, unless it was started to outlive it.

mod support;

use pty_process::blocking::{Command, Pty, open};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};
use support::*;

/// The program on a terminal that nobody reads, its events in a file. Dropped early it is killed.
struct OnTerminal {
    pty: Option<Pty>,
    child: Child,
    folder: tempfile::TempDir,
    deadline: Instant,
}

impl OnTerminal {
    /// Starts the program; `how` is what env(1) does with SIGHUP.
    fn start(line: &str, how: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (pty, pts) = open().expect("a terminal");
        let words =
            line.split_whitespace().map(|word| word.replace("FOLDER", &folder.path().to_string_lossy()));
        let child = Command::new("env")
            .args([how, env!("CARGO_BIN_EXE_soquete"), "--events"])
            .arg(folder.path().join("events"))
            .args(words)
            .env("TERM", "xterm-256color")
            .spawn(pts)
            .expect("the program starts");
        Self { pty: Some(pty), child, folder, deadline: Instant::now() + DEADLINE }
    }

    fn events(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("events")).unwrap_or_default()
    }

    fn wait(&self, what: &str, mut is_there: impl FnMut() -> bool) {
        while !is_there() {
            assert!(Instant::now() < self.deadline, "waited for {what}; its events are\n{}", self.events());
            pause(Duration::from_millis(5));
        }
    }

    fn wait_event(&self, part: &str) {
        self.wait(part, || self.events().contains(part));
    }

    fn shows_something(&self) -> bool {
        let pty = self.pty.as_ref().expect("a terminal that is there");
        let mut fds = [PollFd::new(pty, PollFlags::IN)];
        poll(&mut fds, Some(&Timespec::default())).expect("a terminal") > 0
    }

    fn hang_up(&mut self) {
        self.pty = None;
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a child has a pid");
        kill_process(pid, signal).expect("it runs");
    }

    /// Waits for the end; its status and its events.
    fn finish(mut self) -> (ExitStatus, String) {
        let mut ended = None;
        let until = self.deadline;
        while ended.is_none() {
            assert!(Instant::now() < until, "waited for the end; its events are\n{}", self.events());
            pause(Duration::from_millis(5));
            ended = self.child.try_wait().expect("a child can be waited for");
        }
        (ended.expect("it ended"), self.events())
    }

    /// What is left in its folder besides the events.
    fn left(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.folder.path()).expect("its folder");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        paths.filter(|path| !path.ends_with("events")).collect()
    }
}

impl Drop for OnTerminal {
    fn drop(&mut self) {
        // Both fail when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_terminal_that_is_closed_ends_every_command_in_order() {
    let (door, refusing) = (Door::open(), refusing_port());
    for (line, ready) in [
        ("--json listen 127.0.0.1:0".to_owned(), "\"listening\""),
        ("--json listen -k --echo unix:FOLDER/socket".to_owned(), "\"listening\""),
        (format!("--json connect {}", door.address()), "ESTABLISHED"),
        (format!("--json connect --wait 1m {}", refusing.address()), "\"target\""),
        ("--json udp-serve 127.0.0.1:0".to_owned(), "UNCONNECTED"),
        ("--json udp-serve unix:FOLDER/socket".to_owned(), "\"listening\""),
        ("--json chat-serve 127.0.0.1:0".to_owned(), "\"listening\""),
        (format!("--json chat-join {}", door.address()), "ESTABLISHED"),
        (format!("--json multi-connect {}", door.address()), "ESTABLISHED"),
        (format!("--json multi-connect --reconnect {}", refusing.address()), "\"target\""),
    ] {
        let mut program = OnTerminal::start(&line, "--default-signal=HUP");
        program.wait_event(ready);
        program.hang_up();
        program.wait_event("\"exit\"");
        program.wait("the end of the socket file", || program.left().is_empty());
        let (status, events) = program.finish();
        assert_eq!(status.signal(), Some(libc::SIGHUP), "{line}: {events}");
        let last = events.lines().last().unwrap_or_default();
        assert!(last.contains("\"exit\",\"code\":129,\"cause\":\"SIGHUP\""), "{line}: {events}");
    }
}

#[test]
fn a_view_of_sockets_and_a_lesson_end_with_their_terminal() {
    for line in ["--json stat --watch -t", "stat --top -t", "demo --speed 0.1"] {
        let mut program = OnTerminal::start(line, "--default-signal=HUP");
        // A watch may have nothing to show: its handlers are installed once the signal is caught.
        let status = format!("/proc/{}/status", program.child.id());
        program.wait("its handlers", || catches(&std::fs::read_to_string(&status).unwrap_or_default()));
        if !line.contains("--watch") {
            program.wait("its screen", || program.shows_something());
        }
        program.hang_up();
        let (status, events) = program.finish();
        assert_eq!(status.signal(), Some(libc::SIGHUP), "{line}: {events}");
    }
}

/// Whether a process with this status (proc(5)) catches SIGHUP.
fn catches(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or("0");
    u64::from_str_radix(mask.trim(), 16).expect("hexadecimal") >> (libc::SIGHUP - 1) & 1 == 1
}

#[test]
fn under_nohup_a_server_outlives_its_terminal_and_rests() {
    for line in ["--json listen -k --echo 127.0.0.1:0", "--json chat-serve 127.0.0.1:0"] {
        let mut program = OnTerminal::start(line, "--ignore-signal=HUP");
        program.wait_event("\"listening\"");
        let events = program.events();
        let listening =
            events.lines().map(Event::read).find(|e| e.is("listening")).expect("it was waited for");
        let address = listening.address("local").expect("an address");
        program.hang_up();
        let mut client = Peer::connect(address);
        client.send(b"still there?\n");
        client.half_close();
        client.receive_all();
        program.wait_event("CLOSE-WAIT");
        // Most of a second would be a loop that does not wait.
        let before = ticks(program.child.id());
        pause(Duration::from_millis(300));
        assert!(ticks(program.child.id()) - before < 10, "{line}: it does not rest");
        program.signal(Signal::HUP);
        let mut client = Peer::connect(address);
        client.send(b"still there?\n");
        client.half_close();
        client.receive_all();
        program.signal(Signal::TERM);
        let (status, events) = program.finish();
        assert_eq!(status.signal(), Some(libc::SIGTERM), "{line}: {events}");
    }
}

/// The processor time of a process in hundredths of a second (proc(5), fields 14 and 15).
fn ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    fields[11..13].iter().map(|field| field.parse::<u64>().expect("a number")).sum()
}

#[test]
fn a_command_that_prints_on_a_closed_terminal_under_nohup_ends_with_an_error_and_no_panic() {
    let door = Door::open();
    let line = format!("--json connect {}", door.address());
    let mut program = OnTerminal::start(&line, "--ignore-signal=HUP");
    let mut server = door.accept();
    program.wait_event("ESTABLISHED");
    program.hang_up();
    server.send("for a screen that is gone\n");
    let (status, events) = program.finish();
    assert_eq!(status.code(), Some(5), "{events}");
    assert!(events.contains("EIO"), "{events}");
}

//! A program that runs, and what is left of it when it is over.

use super::collect::{Collected, Missing};
use super::events::{Event, check_stream, read_all};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, pidfd_send_signal};
use std::fmt;
use std::io::Write;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdin, ExitStatus};
use std::time::Instant;

/// The number a shell has for an end: one by SIGINT, SIGTERM or SIGHUP, which ask a program to end, is 128 and the signal's
/// number; one by any other signal is no end a test wants, and negative.
pub fn code(status: ExitStatus) -> i32 {
    match status.signal() {
        Some(signal @ (libc::SIGINT | libc::SIGTERM | libc::SIGHUP)) => 128 + signal,
        Some(signal) => -signal,
        None => status.code().unwrap_or_default(),
    }
}

/// The program while it runs. Dropped early it is killed.
pub struct Running {
    pub(super) child: Child,
    pub(super) process: OwnedFd,
    /// The other end of standard input, if the test holds it.
    pub stdin: Option<ChildStdin>,
    pub(super) out: Collected,
    pub(super) err: Collected,
    pub(super) deadline: Instant,
    pub(super) line: String,
    pub(super) json: bool,
    pub(super) over: bool,
}

/// How a program ended, and all it printed.
pub struct Run {
    /// The exit status; 129, 130 and 143 if SIGHUP, SIGINT and SIGTERM ended it, negative if another signal did.
    pub code: i32,
    /// The signal that ended it.
    pub signal: Option<i32>,
    pub stdout: Vec<u8>,
    /// As it came; with `--json` the same as `events`.
    pub stderr: String,
    /// Empty without `--json`.
    pub events: Vec<Event>,
    line: String,
}

impl Running {
    /// The address of the first `listening` event.
    pub fn address(&self) -> SocketAddr {
        self.event("listening").address("local").expect("a listening socket has an address")
    }

    /// The port of the first `listening` event.
    pub fn port(&self) -> u16 {
        self.address().port()
    }

    /// Waits for the first event of this name.
    pub fn event(&self, name: &str) -> Event {
        self.wait_for(name, |e| e.is(name))
    }

    /// Waits for the first event that `is_it`; `what` names it should it not come.
    pub fn wait_for(&self, what: &str, is_it: impl Fn(&Event) -> bool) -> Event {
        self.wait_for_many(what, 1, is_it).remove(0)
    }

    /// Waits for `count` events that `are_they`; gives all such events so far.
    pub fn wait_for_many(&self, what: &str, count: usize, are_they: impl Fn(&Event) -> bool) -> Vec<Event> {
        let (mut seen, mut found) = (0, Vec::new());
        let answer = self.err.wait(self.deadline, |bytes| {
            while let Some(length) = bytes[seen..].iter().position(|b| *b == b'\n') {
                let line = std::str::from_utf8(&bytes[seen..seen + length]).expect("events are UTF-8");
                let event = Event::read(line);
                seen += length + 1;
                if are_they(&event) {
                    found.push(event);
                }
            }
            (found.len() >= count).then_some(())
        });
        match answer {
            Ok(()) => found,
            Err(why) => self.fail(&format!("waited for {count} of: {what}"), &why),
        }
    }

    /// Every event so far.
    pub fn events(&self) -> Vec<Event> {
        read_all(&self.err.bytes())
    }

    /// Waits until standard output holds `part`.
    pub fn wait_stdout(&self, part: impl AsRef<[u8]>) {
        self.wait_stream(&self.out, part.as_ref(), "standard output");
    }

    /// Waits until standard error holds `part`.
    pub fn wait_stderr(&self, part: impl AsRef<[u8]>) {
        self.wait_stream(&self.err, part.as_ref(), "standard error");
    }

    /// Standard output so far.
    pub fn stdout(&self) -> Vec<u8> {
        self.out.bytes()
    }

    /// Standard error so far.
    pub fn stderr(&self) -> Vec<u8> {
        self.err.bytes()
    }

    fn wait_stream(&self, stream: &Collected, part: &[u8], name: &str) {
        let answer = stream.wait(self.deadline, |b| b.windows(part.len()).any(|w| w == part).then_some(()));
        if let Err(why) = answer {
            self.fail(&format!("waited for {:?} on {name}", String::from_utf8_lossy(part)), &why);
        }
    }

    /// Types into standard input; for less than a pipe holds.
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let pipe = self.stdin.as_mut().expect("standard input is a pipe and still open");
        pipe.write_all(bytes.as_ref()).expect("the program reads its standard input");
    }

    /// Types into standard input if it is still open and read.
    pub fn try_write(&mut self, bytes: impl AsRef<[u8]>) {
        if let Some(pipe) = &mut self.stdin {
            drop(pipe.write_all(bytes.as_ref()));
        }
    }

    /// Types into standard input more than a pipe holds, in a thread, then ends it.
    pub fn write_in_background(&mut self, bytes: Vec<u8>) {
        let mut pipe = self.stdin.take().expect("standard input is a pipe and still open");
        std::thread::spawn(move || drop(pipe.write_all(&bytes)));
    }

    /// Ends standard input.
    pub fn close_input(&mut self) {
        self.stdin = None;
    }

    /// The process's number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        pidfd_send_signal(&self.process, signal).expect("the program still runs");
    }

    /// Waits for the end, standard input left as it is.
    pub fn finish(mut self) -> Run {
        if !self.ends() {
            self.fail("waited for the end", &Missing::Late);
        }
        let status = self.child.wait().expect("a child can be waited for");
        self.over = true;
        let stdout = self.out.wait_end(self.deadline);
        let stderr = self.err.wait_end(self.deadline);
        let (Ok(stdout), Ok(stderr)) = (stdout, stderr) else {
            self.fail("waited for the end of what it printed", &Missing::Late)
        };
        let code = code(status);
        let signal = status.signal();
        let events = if self.json { read_all(&stderr) } else { Vec::new() };
        let stderr = String::from_utf8(stderr).expect("standard error is UTF-8");
        let run = Run { code, signal, stdout, stderr, events, line: std::mem::take(&mut self.line) };
        assert!(code >= 0, "{run}");
        if self.json {
            check_stream(&run.events, code);
        }
        run
    }

    /// Waits for the end and gives the exit status alone, for a run whose events may have been dropped.
    pub fn wait_code(mut self) -> i32 {
        if !self.ends() {
            self.fail("waited for the end", &Missing::Late);
        }
        self.over = true;
        code(self.child.wait().expect("a child can be waited for"))
    }

    /// Ends standard input and waits for the end.
    pub fn close_and_finish(mut self) -> Run {
        self.close_input();
        self.finish()
    }

    /// Ends the program by SIGTERM; it must do so in order, and die of it.
    pub fn terminate(self) -> Run {
        self.signal(Signal::TERM);
        let run = self.finish();
        assert_eq!(run.signal, Some(libc::SIGTERM), "{run}");
        run
    }

    /// Whether the program ends before the deadline.
    fn ends(&self) -> bool {
        let mut fds = [PollFd::new(&self.process, PollFlags::IN)];
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            let left = Timespec {
                tv_sec: i64::try_from(left.as_secs()).unwrap_or(0),
                tv_nsec: left.subsec_nanos().into(),
            };
            match poll(&mut fds, Some(&left)) {
                Ok(ready) => return ready > 0,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => panic!("poll: {error}"),
            }
        }
    }

    fn fail(&self, what: &str, why: &Missing) -> ! {
        let why = match why {
            Missing::End => "the stream ended",
            Missing::Late => "the deadline passed",
        };
        let (out, err) = (self.out.bytes(), self.err.bytes());
        panic!(
            "{}\n{what}; {why}\n-- standard output ({} bytes):\n{}\n-- standard error:\n{}",
            self.line,
            out.len(),
            head(&out),
            String::from_utf8_lossy(&err)
        );
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.over {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

impl Run {
    /// Standard output as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).expect("standard output is UTF-8 here")
    }

    /// The lines of standard output as JSON.
    pub fn rows(&self) -> Vec<serde_json::Value> {
        let read = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        self.text().lines().map(read).collect()
    }

    /// Every event of this name.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Event> {
        self.events.iter().filter(move |e| e.is(name))
    }

    /// The first event of this name.
    pub fn event(&self, name: &str) -> &Event {
        self.events.iter().find(|e| e.is(name)).unwrap_or_else(|| panic!("no {name} event: {self}"))
    }

    /// The `error` event, of which there must be one of this kind.
    pub fn error(&self, kind: &str) -> &Event {
        let error = self.event("error");
        assert_eq!(error["kind"], kind, "{self}");
        error
    }

    /// Socket numbers in the order in which they appear.
    pub fn conns(&self) -> Vec<u64> {
        let mut conns = Vec::new();
        for conn in self.named("state").map(|e| e.number("conn")) {
            if !conns.contains(&conn) {
                conns.push(conn);
            }
        }
        conns
    }

    /// The states of one socket: where it began, then where each `state` event took it. Fails on a broken chain.
    pub fn states(&self, conn: u64) -> Vec<&str> {
        let mut states: Vec<&str> = Vec::new();
        for event in self.named("state").filter(|e| e["conn"] == conn) {
            match states.last() {
                None => states.push(event.text("from")),
                Some(&last) => assert_eq!(last, event.text("from"), "a broken chain: {self}"),
            }
            states.push(event.text("to"));
        }
        states
    }

    /// The states of the only socket with this role that was ever ESTABLISHED, or of the only one at all.
    pub fn states_of(&self, role: &str) -> Vec<&str> {
        let conn = self.named("state").filter(|e| e["role"] == role).map(|e| e.number("conn")).next();
        self.states(conn.unwrap_or_else(|| panic!("no {role} socket: {self}")))
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\nended with {}", self.line, self.code)?;
        writeln!(f, "-- standard output ({} bytes):\n{}", self.stdout.len(), head(&self.stdout))?;
        write!(f, "-- standard error:\n{}", self.stderr)
    }
}

/// The beginning of a long text.
fn head(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]).into_owned()
}

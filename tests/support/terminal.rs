//! The program on a terminal of the test's own: keys go in, and what its screen shows is looked at.

use super::collect::Collected;
use super::running::code;
use super::{DEADLINE, pause};
use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{LocalModes, tcgetattr, tcgetpgrp};
use std::cell::Cell;
use std::fs::File;
use std::io::Write;
use std::num::NonZero;
use std::os::fd::AsFd;
use std::process::Child;
use std::time::{Duration, Instant};

/// Lines and columns of the usual terminal.
const USUAL: (u16, u16) = (24, 80);

fn parser((rows, columns): (u16, u16), scrollback: usize) -> vt100::Parser {
    let positive = |size| NonZero::new(size).expect("a terminal has lines and columns");
    vt100::Parser::new(positive(rows), positive(columns), scrollback)
}

/// What a terminal that was written `bytes` shows.
pub fn drawn(bytes: &[u8]) -> String {
    let mut drawing = parser(USUAL, 0);
    drawing.process(bytes);
    drawing.screen().contents()
}

/// The program, started in the foreground of a terminal. Dropped early it is killed.
pub struct Terminal {
    pty: Pty,
    child: Child,
    shown: Collected,
    deadline: Instant,
    /// Lines and columns.
    size: Cell<(u16, u16)>,
}

impl Terminal {
    /// Starts the program with the words of `line` and then `more` as arguments.
    pub fn start(line: &str, more: &[&str]) -> Self {
        Self::start_in(line, more, "xterm-256color")
    }

    /// As [`Self::start`], on a terminal of this type.
    pub fn start_in(line: &str, more: &[&str], kind: &str) -> Self {
        let words: Vec<&str> = line.split_whitespace().chain(more.iter().copied()).collect();
        Self::start_as(env!("CARGO_BIN_EXE_soquete"), &words, kind, USUAL)
    }

    /// As [`Self::start`], on a terminal of this many lines and columns.
    pub fn start_sized(line: &str, size: (u16, u16)) -> Self {
        let words: Vec<&str> = line.split_whitespace().collect();
        Self::start_as(env!("CARGO_BIN_EXE_soquete"), &words, "xterm-256color", size)
    }

    /// Changes its size, which the program is told.
    pub fn resize(&self, rows: u16, columns: u16) {
        self.pty.resize(Size::new(rows, columns)).expect("its size");
        self.size.set((rows, columns));
    }

    /// Starts some program.
    pub fn start_program(program: &str, words: &[&str]) -> Self {
        Self::start_as(program, words, "xterm-256color", USUAL)
    }

    fn start_as(program: &str, words: &[&str], kind: &str, size: (u16, u16)) -> Self {
        let (pty, pts) = open().expect("a terminal");
        pty.resize(Size::new(size.0, size.1)).expect("its size");
        let reader = pty.as_fd().try_clone_to_owned().expect("a descriptor");
        let shown = Collected::start(File::from(reader));
        // Who started the tests may ignore SIGHUP, as nohup does.
        let child = Command::new("env")
            .arg("--default-signal=HUP")
            .arg(program)
            .args(words)
            .env_remove("NO_COLOR")
            .env("TERM", kind)
            .env("LC_ALL", "C.UTF-8")
            .spawn(pts)
            .expect("the program starts");
        Self { pty, child, shown, deadline: Instant::now() + DEADLINE, size: Cell::new(size) }
    }

    /// Types.
    pub fn keys(&self, keys: impl AsRef<[u8]>) {
        (&self.pty).write_all(keys.as_ref()).expect("the terminal takes keys");
    }

    /// Waits until the screen is as wanted; gives its text.
    pub fn wait(&self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) -> String {
        let answer = self.shown.wait(self.deadline, |bytes| {
            let mut drawing = parser(self.size.get(), 1000);
            drawing.process(bytes);
            wanted(drawing.screen()).then(|| drawing.screen().contents())
        });
        answer.unwrap_or_else(|why| {
            panic!(
                "waited for {what}: {why:?}; the screen shows\n{}\n{:?}",
                self.screen().contents(),
                String::from_utf8_lossy(&self.bytes())
            )
        })
    }

    /// Waits until some line of the screen holds `part`; gives the text of the screen.
    pub fn wait_text(&self, part: &str) -> String {
        self.wait(&format!("{part:?}"), |screen| screen.contents().contains(part))
    }

    /// Waits until the last thing written to the terminal holds `part`, for what is too much to draw a screen of.
    pub fn wait_last(&self, part: &str) {
        let held = |bytes: &[u8]| {
            let last = &bytes[bytes.len().saturating_sub(4096)..];
            last.windows(part.len()).any(|w| w == part.as_bytes()).then_some(())
        };
        assert!(self.shown.wait(self.deadline, held).is_ok(), "waited for {part:?}");
    }

    /// The most memory the program held so far, in KiB.
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("the program still runs");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its memory is told");
        peak.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// Waits until the job in the foreground is `program` and all its threads, more than one, wait for something.
    pub fn wait_asleep(&self, program: &str) {
        while !self.is_asleep(program) {
            assert!(Instant::now() < self.deadline, "waited for {program} to wait");
            pause(Duration::from_millis(5));
        }
    }

    fn is_asleep(&self, program: &str) -> bool {
        let read = |path: String| std::fs::read_to_string(path).unwrap_or_default();
        let Ok(job) = tcgetpgrp(&self.pty).map(|job| format!("/proc/{job}")) else { return false };
        let threads = std::fs::read_dir(format!("{job}/task")).into_iter().flatten().flatten();
        let states: Vec<_> =
            threads.map(|thread| read(format!("{}/status", thread.path().display()))).collect();
        read(format!("{job}/comm")).trim() == program
            && states.len() > 1
            && states.iter().all(|status| status.contains("State:\tS"))
    }

    /// The screen as it is.
    pub fn screen(&self) -> vt100::Screen {
        let mut drawing = parser(self.size.get(), 1000);
        drawing.process(&self.shown.bytes());
        drawing.screen().clone()
    }

    /// Everything written to the terminal.
    pub fn bytes(&self) -> Vec<u8> {
        self.shown.bytes()
    }

    /// Whether the terminal echoes and edits lines itself, as it did before the program started.
    pub fn is_cooked(&self) -> bool {
        let modes = tcgetattr(&self.pty).expect("a terminal's mode").local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a child has a pid");
        kill_process(pid, signal).expect("the program still runs");
    }

    /// Waits until the program and all it started are gone from the terminal.
    pub fn wait_end(&self) {
        let end = self.shown.wait_end(self.deadline);
        assert!(end.is_ok(), "waited for the end; the screen shows\n{}", self.screen().contents());
    }

    /// As [`Self::finish`], after a look at what is left on the screen.
    pub fn finish_with_screen(self, look: impl FnOnce(&str)) -> i32 {
        self.wait_end();
        look(&self.screen().contents());
        self.finish()
    }

    /// Waits until `part` is written to the terminal after its first `drawn` bytes.
    pub fn wait_more(&self, what: &str, drawn: usize, part: &str) {
        let held = |bytes: &[u8]| {
            let more = bytes.get(drawn..).unwrap_or_default();
            more.windows(part.len()).any(|w| w == part.as_bytes()).then_some(())
        };
        assert!(self.shown.wait(self.deadline, held).is_ok(), "waited for {what}");
    }

    /// Waits for the end; the exit status, and whether the terminal is cooked as it was before.
    pub fn finish_with_mode(mut self) -> (i32, bool) {
        self.wait_end();
        let code = code(self.child.wait().expect("a child can be waited for"));
        (code, self.is_cooked())
    }

    /// Waits for the end; the exit status as [`code`] has it.
    pub fn finish(mut self) -> i32 {
        self.wait_end();
        code(self.child.wait().expect("a child can be waited for"))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Both fail when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

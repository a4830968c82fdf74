//! Other programs as servers or clients of the program. Nothing waits for one longer than [`DEADLINE`]: who passes it
//! fails its test, and every program is killed when a test is done with it.

use super::{DEADLINE, pause, peer};
use crate::support::collect::Collected;
use std::io::Write;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Another program while it runs.
pub struct PeerProgram {
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    out: Collected,
    err: Collected,
}

/// How it ended, and what it printed.
#[derive(Debug)]
pub struct PeerRun {
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub out: String,
    pub err: String,
}

impl PeerProgram {
    /// Starts the words of a line, its input open; `None` after saying so if the program is missing.
    pub fn line(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        Self::start(words[0], &words[1..], None)
    }

    /// Starts it with these words and this input, which stays open if it is `None`; `None` after saying so if it is missing.
    pub fn start(name: &str, args: &[&str], input: Option<&[u8]>) -> Option<Self> {
        let mut child = Command::new(peer(name)?)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        let out = Collected::start(child.stdout.take().expect("a pipe"));
        let err = Collected::start(child.stderr.take().expect("a pipe"));
        let mut program = Self { name: name.to_owned(), input: child.stdin.take(), child, out, err };
        if let Some(bytes) = input {
            program.feed(bytes);
        }
        Some(program)
    }

    /// Writes all its input in a thread, then closes it.
    pub fn feed(&mut self, bytes: &[u8]) {
        let (mut pipe, bytes) = (self.input.take().expect("a pipe"), bytes.to_vec());
        std::thread::spawn(move || drop(pipe.write_all(&bytes)));
    }

    /// Writes a part of its input, few enough bytes for a pipe.
    pub fn write(&mut self, text: &str) {
        self.input.as_mut().expect("a pipe").write_all(text.as_bytes()).expect("it reads");
    }

    /// Closes its input.
    pub fn close_input(&mut self) {
        self.input = None;
    }

    /// Waits until its standard output contains `part`.
    pub fn wait(&self, part: &str) {
        let has = |bytes: &[u8]| bytes.windows(part.len()).any(|w| w == part.as_bytes()).then_some(());
        let found = self.out.wait(Instant::now() + DEADLINE, has);
        assert!(found.is_ok(), "{}: waited for {part:?}: {}", self.name, self.printed());
    }

    /// Waits for the first `len` bytes of its standard output.
    pub fn read(&self, len: usize) -> Vec<u8> {
        let enough = |bytes: &[u8]| bytes.get(..len).map(<[u8]>::to_vec);
        let found = self.out.wait(Instant::now() + DEADLINE, enough);
        found.unwrap_or_else(|_| panic!("{}: waited for {len} bytes: {}", self.name, self.printed()))
    }

    /// Waits for a whole line of either output in which `find` finds a port.
    pub fn port(&self, find: impl Fn(&str) -> Option<u16>) -> u16 {
        let until = Instant::now() + DEADLINE;
        let find = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).find_map(&find)
        };
        loop {
            if let Some(port) = find(&self.out.bytes()).or_else(|| find(&self.err.bytes())) {
                return port;
            }
            assert!(Instant::now() < until, "{} names no port: {}", self.name, self.printed());
            pause(Duration::from_millis(5));
        }
    }

    /// Closes its input, and waits for its end.
    pub fn finish(mut self) -> PeerRun {
        self.close_input();
        let until = Instant::now() + DEADLINE;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let stdout = self.out.wait_end(until);
        let (Ok(stdout), Ok(err)) = (stdout, self.err.wait_end(until)) else {
            panic!("{} does not end: {}", self.name, self.printed());
        };
        let code = self.status(until).code();
        PeerRun { code, out: text(&stdout), stdout, err: text(&err) }
    }

    fn status(&mut self, until: Instant) -> ExitStatus {
        loop {
            if let Some(status) = self.child.try_wait().expect("it is a child") {
                return status;
            }
            assert!(Instant::now() < until, "{} does not end: {}", self.name, self.printed());
            pause(Duration::from_millis(2));
        }
    }

    fn printed(&self) -> String {
        let (out, err) = (self.out.bytes(), self.err.bytes());
        let start = &out[..out.len().min(2000)];
        format!(
            "{} bytes {:?}, {:?}",
            out.len(),
            String::from_utf8_lossy(start),
            String::from_utf8_lossy(&err)
        )
    }
}

impl Drop for PeerProgram {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! Other programs as servers or clients of the program, killed when a test is done with them.

use super::{DEADLINE, peer};
use crate::support::collect::Collected;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// Another program while it runs.
pub struct PeerProgram {
    child: Child,
    out: Collected,
    err: Collected,
}

/// How it ended, and what it printed.
#[derive(Debug)]
pub struct PeerRun {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl PeerProgram {
    /// Starts it with these words and this input, which stays open if it is `None`; `None` after saying so if it is missing.
    pub fn start(name: &str, args: &[&str], input: Option<&[u8]>) -> Option<Self> {
        let mut child = Command::new(peer(name)?)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        if let (Some(input), Some(mut pipe)) = (input, child.stdin.take_if(|_| input.is_some())) {
            let bytes = input.to_vec();
            std::thread::spawn(move || drop(pipe.write_all(&bytes)));
        }
        let out = Collected::start(child.stdout.take().expect("a pipe"));
        let err = Collected::start(child.stderr.take().expect("a pipe"));
        Some(Self { child, out, err })
    }

    /// Waits for its end.
    pub fn finish(mut self) -> PeerRun {
        let until = Instant::now() + DEADLINE;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let out = text(self.out.wait_end(until).expect("it ends"));
        let err = text(self.err.wait_end(until).expect("it ends"));
        PeerRun { code: self.child.wait().expect("it ends").code(), out, err }
    }
}

impl Drop for PeerProgram {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

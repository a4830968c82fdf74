//! A terminal whose screen the test reads: streams of a program are put on it one by one.

use super::DEADLINE;
use super::collect::Collected;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::Instant;

/// The screen and keyboard.
pub struct Tty {
    keyboard: File,
    screen: Collected,
    line: PathBuf,
}

impl Tty {
    /// A terminal in the mode the kernel gives it: it echoes, edits lines, makes LF CR LF.
    pub fn open() -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&ours).expect("a terminal of our own");
        unlockpt(&ours).expect("a terminal of our own");
        let name = ptsname(&ours, Vec::new()).expect("a terminal has a name");
        let line = PathBuf::from(std::ffi::OsStr::from_bytes(name.to_bytes()));
        let keyboard = File::from(ours.try_clone().expect("a descriptor"));
        Self { keyboard, screen: Collected::start(File::from(ours)), line }
    }

    /// The program's side, for one of its streams. The screen ends when all are closed.
    pub fn stream(&self) -> File {
        let mut how = OpenOptions::new();
        how.read(true).write(true).custom_flags(libc::O_NOCTTY);
        how.open(&self.line).expect("the other side of the terminal")
    }

    /// Types.
    pub fn keys(&self, keys: &str) {
        (&self.keyboard).write_all(keys.as_bytes()).expect("the terminal takes keys");
    }

    /// Waits until the screen was written `part`.
    pub fn wait(&self, part: &str) {
        let deadline = Instant::now() + DEADLINE;
        let answer = self.screen.wait(deadline, |bytes| text(bytes).contains(part).then_some(()));
        answer.unwrap_or_else(|why| panic!("waited for {part:?}: {why:?}; the screen has {:?}", self.text()));
    }

    /// What was written to it so far.
    pub fn text(&self) -> String {
        text(&self.screen.bytes())
    }

    /// Everything written to it until the last program left.
    pub fn text_at_end(&self) -> String {
        let end = self.screen.wait_end(Instant::now() + DEADLINE);
        text(&end.unwrap_or_else(|why| panic!("waited for the end of the screen: {why:?}")))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

//! A pipe whose reading end the test holds: it reads when it likes, with a deadline, or goes away.

use super::DEADLINE;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{PipeReader, PipeWriter, Read};

/// The reading end.
pub struct Reader(PipeReader);

/// A pipe; the writing end is to be given to a program.
pub fn pipe() -> (Reader, PipeWriter) {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    (Reader(reader), writer)
}

impl Reader {
    /// Exactly `length` bytes.
    pub fn read(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        let mut at = 0;
        while at < length {
            let n = self.read_some(&mut bytes[at..]);
            assert!(n > 0, "the pipe ended after {at} of {length} bytes");
            at += n;
        }
        bytes
    }

    /// Everything until the writer closes it.
    pub fn read_all(&mut self) -> Vec<u8> {
        let (mut all, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
        loop {
            match self.read_some(&mut buffer) {
                0 => return all,
                n => all.extend_from_slice(&buffer[..n]),
            }
        }
    }

    /// Waits until there is something to read, and leaves it.
    pub fn wait_readable(&self) {
        let limit = Timespec { tv_sec: DEADLINE.as_secs().cast_signed(), tv_nsec: 0 };
        let ready = poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&limit)).expect("poll");
        assert!(ready > 0, "waited for something in a pipe");
    }

    fn read_some(&mut self, buffer: &mut [u8]) -> usize {
        self.wait_readable();
        self.0.read(buffer).expect("a pipe can be read")
    }
}

//! Whether anything moved in a network namespace since the last reading: the kernel's counters, far cheaper to read
//! than a table with 100,000 sockets is to walk. Used by `session::table`, which reads the table only when it may have
//! changed.

use rustix::io::{Errno, pread};
use std::fs::File;

/// Sockets in use, by kind; segments, openings and failures of TCP, datagrams of UDP (proc(5)).
const COUNTERS: [&str; 3] = ["/proc/net/sockstat", "/proc/net/sockstat6", "/proc/net/snmp"];
/// Longer than any of them; a rest beyond this is not compared.
const CAPACITY: usize = 8 * 1024;
/// Numbers of the whole machine among those of the namespace, which move all the time.
const FOREIGN: [&str; 4] = ["orphan", "alloc", "mem", "memory"];

/// The counters of the last reading.
///
/// No TCP socket becomes ESTABLISHED, or leaves that state, without a segment that is counted, and none appears or goes
/// without a change of a socket count. Two changes may be missed until something else moves: a socket that appears
/// while another of its kind goes, and a UDP socket that takes another peer. Read the table from time to time anyway.
#[derive(Debug, Default)]
pub struct ActivityCounters {
    files: Vec<File>,
    last: String,
}

impl ActivityCounters {
    /// Opens the counters; without any, [`Self::moved`] is always true.
    #[must_use]
    pub fn open() -> Self {
        Self {
            files: COUNTERS.iter().filter_map(|path| File::open(path).ok()).collect(),
            last: String::new(),
        }
    }

    /// Whether a counter differs from the last reading; true the first time.
    pub fn moved(&mut self) -> bool {
        let now = self.read().unwrap_or_default();
        let same = !now.is_empty() && now == self.last;
        self.last = now;
        !same
    }

    fn read(&self) -> Result<String, Errno> {
        let (mut all, mut buffer) = (String::new(), [0; CAPACITY]);
        for file in &self.files {
            let length = pread(file, &mut buffer, 0)?;
            let text = str::from_utf8(&buffer[..length]).unwrap_or_default();
            let mut words = text.split_ascii_whitespace();
            while let Some(word) = words.next() {
                if FOREIGN.contains(&word) {
                    words.next();
                } else {
                    all.push_str(word);
                    all.push(' ');
                }
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)] // plain sockets to move something
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn what_opens_closes_or_connects_moves_something() {
        let mut counters = ActivityCounters::open();
        assert!(counters.moved(), "the first time");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(counters.moved(), "a listener");
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(counters.moved(), "a connection");
        drop(client);
        assert!(counters.moved(), "a closed connection");
    }

    #[test]
    fn without_counters_everything_moves() {
        let mut counters = ActivityCounters::default();
        assert!(counters.moved() && counters.moved());
    }
}

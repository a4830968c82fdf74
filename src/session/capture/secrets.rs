//! The secrets of TLS sessions in the capture file. They decrypt only what follows them, so that packets wait from a
//! `ServerHello` on until the key log has its session's secrets.

use super::file::CaptureFile;
use super::packet::CapturedPacket;
use super::recent::Recent;
use crate::capture::{Packet, Payload};
use crate::sys::Result;
use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long packets wait for secrets.
const LONGEST: Duration = Duration::from_secs(1);
/// Bytes of packets that wait; with more they wait no longer.
const CAPACITY: usize = 32 << 20;
/// Connections whose `ClientHello` is remembered.
const CONNECTIONS: usize = 1024;
/// Sessions whose lines are remembered.
const SESSIONS: usize = 1024;

/// A session's client random in hexadecimal digits, as the key log has it.
type Session = String;

/// The key log of this program, and the packets that wait for it.
pub(super) struct Secrets {
    keylog: PathBuf,
    /// Bytes of the key log that were read.
    read: u64,
    lines: HashMap<Session, String>,
    /// By the addresses of the client and the server.
    hellos: Recent<(SocketAddr, SocketAddr), Session>,
    waiting: VecDeque<(CapturedPacket, Packet, Option<String>)>,
    /// Bytes of the packets that wait.
    bytes: usize,
    /// The session that packets wait for, and until when.
    wanted: Option<(Session, Instant)>,
}

impl Secrets {
    /// Those that are added to a key log from now on.
    pub(super) fn new(keylog: &Path) -> Self {
        Self {
            keylog: keylog.to_owned(),
            read: std::fs::metadata(keylog).map_or(0, |file| file.len()),
            lines: HashMap::new(),
            hellos: Recent::new(CONNECTIONS),
            waiting: VecDeque::new(),
            bytes: 0,
            wanted: None,
        }
    }

    /// Whether packets wait.
    pub(super) fn waits(&self) -> bool {
        self.wanted.is_some()
    }

    /// Saves a packet, or has it wait.
    pub(super) fn save(
        &mut self,
        file: &mut CaptureFile,
        captured: CapturedPacket,
        packet: Packet,
        comment: Option<String>,
    ) -> Result<()> {
        if self.wanted.is_none() {
            self.wanted = self.session(&captured, &packet).map(|session| (session, Instant::now() + LONGEST));
        }
        if self.wanted.is_none() {
            return file.save(&captured, comment.as_deref());
        }
        self.bytes += captured.bytes.len();
        self.waiting.push_back((captured, packet, comment));
        Ok(())
    }

    /// Saves the packets that wait no longer; all of them where `all` says so.
    pub(super) fn release(&mut self, file: &mut CaptureFile, all: bool) -> Result<()> {
        while let Some((session, until)) = &self.wanted {
            read_lines(&self.keylog, &mut self.read, &mut self.lines);
            let lines = self.lines.get(session).map_or("", String::as_str);
            if !is_complete(lines) && !all && Instant::now() < *until && self.bytes < CAPACITY {
                return Ok(());
            }
            if !lines.is_empty() {
                file.secrets(lines.as_bytes())?;
            }
            self.lines.remove(session);
            self.wanted = None;
            self.release_waiting(file)?;
        }
        Ok(())
    }

    /// Saves the packets up to the next `ServerHello`. The first one is that of the session whose wait is over.
    fn release_waiting(&mut self, file: &mut CaptureFile) -> Result<()> {
        let mut first = true;
        while let Some((captured, packet, comment)) = self.waiting.pop_front() {
            let next = if first { None } else { self.session(&captured, &packet) };
            first = false;
            if let Some(session) = next {
                self.wanted = Some((session, Instant::now() + LONGEST));
                self.waiting.push_front((captured, packet, comment));
                break;
            }
            self.bytes = self.bytes.saturating_sub(captured.bytes.len());
            file.save(&captured, comment.as_deref())?;
        }
        Ok(())
    }

    /// Remembers a `ClientHello`; returns the session of a `ServerHello` that answers one.
    fn session(&mut self, captured: &CapturedPacket, packet: &Packet) -> Option<Session> {
        matches!(packet.payload, Payload::Tcp(_)).then_some(())?;
        let (source, destination) = packet.ends()?;
        let hello = Hello::read(captured.network_bytes().get(packet.data_at..)?)?;
        match hello {
            Hello::Client(random) => {
                let hex = random.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
                *self.hellos.entry(&(source, destination)) = hex;
                None
            }
            // Once: a second one belongs to the same session.
            Hello::Server => {
                Some(std::mem::take(self.hellos.entry(&(destination, source)))).filter(|s| !s.is_empty())
            }
        }
    }
}

/// The beginning of a handshake (RFC 8446 4.1).
enum Hello<'a> {
    Client(&'a [u8]),
    Server,
}

impl<'a> Hello<'a> {
    /// Reads what a segment carries: a record of type 22 with a message of type 1 or 2; the random follows two bytes of version.
    fn read(data: &'a [u8]) -> Option<Self> {
        match (data.first()?, data.get(1)?, data.get(5)?) {
            (22, 3, 1) => Some(Hello::Client(data.get(11..43)?)),
            (22, 3, 2) => Some(Hello::Server),
            _ => None,
        }
    }
}

/// Reads the whole lines that were added to a key log: label, client random, secret. A FIFO or a device is left alone.
fn read_lines(keylog: &Path, from: &mut u64, lines: &mut HashMap<Session, String>) {
    let mut text = String::new();
    let mut read = || {
        std::fs::metadata(keylog).ok().filter(std::fs::Metadata::is_file)?;
        let mut file = File::open(keylog).ok()?;
        file.seek(SeekFrom::Start(*from)).ok()?;
        file.read_to_string(&mut text).ok()
    };
    // What cannot be read is not saved; the packets are.
    let _ = read();
    for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
        *from += line.len() as u64;
        if let Some(session) = line.split(' ').nth(1) {
            if lines.len() >= SESSIONS {
                lines.clear();
            }
            lines.entry(session.to_owned()).or_default().push_str(line);
        }
    }
}

/// Whether the lines of a session decrypt all of it: those of TLS 1.2, or all of TLS 1.3.
fn is_complete(lines: &str) -> bool {
    let has = |label: &str| lines.lines().any(|line| line.starts_with(label));
    has("CLIENT_RANDOM ") || (has("CLIENT_TRAFFIC_SECRET_0 ") && has("SERVER_TRAFFIC_SECRET_0 "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_once_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let (mut from, mut lines) = (0, HashMap::new());
        read_lines(&path, &mut from, &mut lines);
        std::fs::write(&path, "CLIENT_TRAFFIC_SECRET_0 aa 01\nSERVER_TRAFFIC_SEC").unwrap();
        read_lines(&path, &mut from, &mut lines);
        assert_eq!((from, is_complete(&lines["aa"])), (30, false));
        std::fs::write(
            &path,
            "CLIENT_TRAFFIC_SECRET_0 aa 01\nSERVER_TRAFFIC_SECRET_0 aa 02\nCLIENT_RANDOM bb 03\n",
        )
        .unwrap();
        read_lines(&path, &mut from, &mut lines);
        read_lines(&path, &mut from, &mut lines);
        assert_eq!(lines["aa"].lines().count(), 2);
        assert!(is_complete(&lines["aa"]) && is_complete(&lines["bb"]));
    }
}

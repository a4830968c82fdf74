//! The capture file.

use super::packet::CapturedPacket;
use crate::capture::{Interface, PcapWriter};
use crate::event::Kind;
use crate::sys::packet::Statistics;
use crate::sys::{Error, Result, fd, interface};
use jiff::Timestamp;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// `ARPHRD_NETROM` and other links are not told apart: what has a link header of 14 bytes is Ethernet.
const ETHERNET_HEADER: usize = 14;

/// Bytes that are written at once.
const BUFFER: usize = 256 << 10;

/// A pcapng file that is written.
pub(super) struct CaptureFile {
    writer: PcapWriter<BufWriter<File>>,
    name: String,
    snap: u32,
    /// The kernel's numbers of the interfaces in the file, with the length of their link header, in the order of the file.
    interfaces: Vec<(u32, bool)>,
}

impl CaptureFile {
    /// Creates the file, or claims standard output where the path is `-`: two streams there would be one that nothing reads.
    pub(super) fn create(path: &Path, snap: u32) -> Result<Self> {
        let name = path.display().to_string();
        let failed = |error: io::Error| Error::new("open", &name, error).about(Kind::File);
        let to = if path == Path::new("-") {
            if fd::is_terminal(fd::output()) {
                let error = io::Error::other("it is a terminal: redirect it, or name a file");
                return Err(Error::new("write packets to", "standard output", error).about(Kind::File));
            }
            fd::claim_output().map(File::from).map_err(failed)?
        } else {
            // Packets may hold private data.
            let open = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
            open.map_err(failed)?
        };
        let application = concat!("soquete ", env!("CARGO_PKG_VERSION"));
        let writer = PcapWriter::new(BufWriter::with_capacity(BUFFER, to), application).map_err(failed)?;
        Ok(Self { writer, name, snap, interfaces: Vec::new() })
    }

    /// Saves a packet.
    pub(super) fn save(&mut self, captured: &CapturedPacket, comment: Option<&str>) -> Result<()> {
        self.try_save(captured, comment).map_err(|error| self.failed(error))
    }

    fn try_save(&mut self, packet: &CapturedPacket, comment: Option<&str>) -> io::Result<()> {
        let ethernet = packet.network == ETHERNET_HEADER;
        let key = (packet.interface, ethernet);
        let known = self.interfaces.iter().position(|known| *known == key);
        if known.is_none() {
            let link = if ethernet { crate::capture::ETHERNET } else { crate::capture::RAW };
            let name = interface::name(packet.interface);
            self.writer.interface(&Interface { name, link }, self.snap)?;
            self.interfaces.push(key);
        }
        let index = known.unwrap_or(self.interfaces.len() - 1);
        let mut bytes = std::borrow::Cow::from(&packet.bytes[..]);
        let mut length = packet.length;
        if !ethernet {
            bytes = packet.bytes.get(packet.network..).unwrap_or_default().into();
            length = length.saturating_sub(u32::try_from(packet.network).unwrap_or_default());
        } else if let (Some(tag), true) = (packet.vlan, bytes.len() >= ETHERNET_HEADER) {
            // The kernel took the tag out of the frame (IEEE 802.1Q); it goes back between the addresses and the type.
            bytes.to_mut().splice(12..12, [0x81, 0].into_iter().chain(tag.to_be_bytes()));
            length += 4;
        }
        let nanoseconds = u64::try_from(packet.at.as_nanosecond()).unwrap_or_default();
        let index = u32::try_from(index).unwrap_or_default();
        // The direction of a packet on loopback is both.
        let outgoing = (packet.interface != 1).then_some(packet.outgoing);
        self.writer.packet(index, nanoseconds, &bytes, length, outgoing, comment)
    }

    /// Writes what is buffered: a reader of a pipe sees the packets as they come.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.writer.flush().map_err(|error| self.failed(error))
    }

    /// Adds the secrets of TLS sessions, for the packets that follow.
    pub(super) fn secrets(&mut self, keylog: &[u8]) -> Result<()> {
        self.writer.secrets(keylog).map_err(|error| self.failed(error))
    }

    /// Adds the counts of the capture to each interface, and writes what is buffered.
    pub(super) fn finish(&mut self, at: Timestamp, counts: Statistics) -> Result<()> {
        self.try_finish(at, counts).map_err(|error| self.failed(error))
    }

    fn try_finish(&mut self, at: Timestamp, counts: Statistics) -> io::Result<()> {
        let nanoseconds = u64::try_from(at.as_nanosecond()).unwrap_or_default();
        for index in 0..self.interfaces.len() {
            let index = u32::try_from(index).unwrap_or_default();
            self.writer.statistics(index, nanoseconds, counts.captured, counts.dropped)?;
        }
        self.writer.flush()
    }

    fn failed(&self, error: io::Error) -> Error {
        Error::new("write", &self.name, error).about(Kind::File)
    }
}

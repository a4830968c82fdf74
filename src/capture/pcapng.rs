//! Capture files as Wireshark opens them: pcapng (draft-ietf-opsawg-pcapng), little-endian, one interface a block, times in
//! nanoseconds.

use std::io::{self, Write};

/// `LINKTYPE_ETHERNET`, which loopback has as well.
pub const ETHERNET: u16 = 1;
/// `LINKTYPE_RAW`: packets begin with the network header.
pub const RAW: u16 = 101;

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const PACKET: u32 = 6;
const STATISTICS: u32 = 5;
const SECRETS: u32 = 10;
/// `TLS Key Log`, as its letters.
const TLS_KEY_LOG: u32 = 0x544c_534b;

const COMMENT: u16 = 1;
const NAME: u16 = 2;
const RESOLUTION: u16 = 9;
const APPLICATION: u16 = 4;
const FLAGS: u16 = 2;
const RECEIVED: u16 = 4;
const DROPPED: u16 = 5;

/// An interface of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// What its packets begin with.
    pub link: u16,
}

/// Writes blocks. A file whose writing ends at any block can be opened.
pub struct PcapWriter<W: Write> {
    to: W,
    block: Vec<u8>,
}

impl<W: Write> PcapWriter<W> {
    /// Begins a section.
    pub fn new(to: W, application: &str) -> io::Result<Self> {
        let mut writer = Self { to, block: Vec::new() };
        let body = |block: &mut Vec<u8>| {
            block.extend(0x1a2b_3c4d_u32.to_le_bytes());
            block.extend([1, 0, 0, 0]); // version 1.0
            block.extend((-1_i64).to_le_bytes()); // length unknown
            option(block, APPLICATION, application.as_bytes());
        };
        writer.write(SECTION, body)?;
        Ok(writer)
    }

    /// Adds an interface; they are numbered from 0 in the order they are added.
    pub fn interface(&mut self, interface: &Interface, snap: u32) -> io::Result<()> {
        self.write(INTERFACE, |block| {
            block.extend(interface.link.to_le_bytes());
            block.extend([0, 0]);
            block.extend(snap.to_le_bytes());
            option(block, NAME, interface.name.as_bytes());
            option(block, RESOLUTION, &[9]); // 10^-9 s
        })
    }

    /// Adds a packet of which `bytes` were captured; `nanoseconds` since 1970. `outgoing` is its direction, where it has one.
    pub fn packet(
        &mut self,
        interface: u32,
        nanoseconds: u64,
        bytes: &[u8],
        length: u32,
        outgoing: Option<bool>,
        comment: Option<&str>,
    ) -> io::Result<()> {
        self.write(PACKET, |block| {
            block.extend(interface.to_le_bytes());
            time(block, nanoseconds);
            block.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
            block.extend(length.to_le_bytes());
            block.extend(bytes);
            pad(block);
            if let Some(outgoing) = outgoing {
                option(block, FLAGS, &(if outgoing { 2_u32 } else { 1 }).to_le_bytes());
            }
            if let Some(comment) = comment {
                option(block, COMMENT, comment.as_bytes());
            }
        })
    }

    /// Adds secrets of TLS sessions, lines of an NSS key log; they decrypt the packets after them.
    pub fn secrets(&mut self, keylog: &[u8]) -> io::Result<()> {
        self.write(SECRETS, |block| {
            block.extend(TLS_KEY_LOG.to_le_bytes());
            block.extend(u32::try_from(keylog.len()).unwrap_or(u32::MAX).to_le_bytes());
            block.extend(keylog);
            pad(block);
        })
    }

    /// Adds the kernel's counts of an interface, at the end.
    pub fn statistics(
        &mut self,
        interface: u32,
        nanoseconds: u64,
        received: u64,
        dropped: u64,
    ) -> io::Result<()> {
        self.write(STATISTICS, |block| {
            block.extend(interface.to_le_bytes());
            time(block, nanoseconds);
            option(block, RECEIVED, &received.to_le_bytes());
            option(block, DROPPED, &dropped.to_le_bytes());
        })
    }

    /// Writes what is buffered below.
    pub fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }

    /// A block: its type, its length, what `body` adds, the end of its options, and its length again.
    fn write(&mut self, kind: u32, body: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        self.block.clear();
        self.block.extend(kind.to_le_bytes());
        self.block.extend([0; 4]);
        body(&mut self.block);
        if !matches!(kind, SECRETS) {
            self.block.extend([0; 4]); // opt_endofopt
        }
        let length = u32::try_from(self.block.len() + 4).unwrap_or(u32::MAX).to_le_bytes();
        self.block[4..8].copy_from_slice(&length);
        self.block.extend(length);
        self.to.write_all(&self.block)
    }
}

/// A time in two halves, the upper one first.
#[allow(clippy::cast_possible_truncation)] // halves
fn time(block: &mut Vec<u8>, nanoseconds: u64) {
    block.extend(((nanoseconds >> 32) as u32).to_le_bytes());
    block.extend((nanoseconds as u32).to_le_bytes());
}

fn option(block: &mut Vec<u8>, code: u16, value: &[u8]) {
    let value = &value[..value.len().min(usize::from(u16::MAX) - 3)];
    block.extend(code.to_le_bytes());
    block.extend(u16::try_from(value.len()).unwrap_or_default().to_le_bytes());
    block.extend(value);
    pad(block);
}

/// Options and packets are padded to 32 bits.
fn pad(block: &mut Vec<u8>) {
    block.resize(block.len().next_multiple_of(4), 0);
}

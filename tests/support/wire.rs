//! A TCP peer driven by hand, at the other end of a TUN device in a network of its own: it sends what the test says, and
//! acknowledges nothing by itself, so that a state lasts as long as wanted. Needs root.
#![allow(unsafe_code)]

use super::{DEADLINE, is_root, skip};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::process::Command;
use std::time::Instant;

pub const FIN: u8 = 0x01;
pub const SYN: u8 = 0x02;
pub const RST: u8 = 0x04;
pub const ACK: u8 = 0x10;
const PSH: u8 = 0x08;

const OURS: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 1);
const PEERS: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 2);
/// Lengths of the headers this peer sends, without options.
const IP: usize = 20;
const TCP: usize = 20;

/// The peer.
pub struct Wire {
    tun: File,
    port: u16,
    /// The port of the other end, once it was heard.
    theirs: u16,
    seq: u32,
    ack: u32,
}

/// Runs something, and the programs it starts, in a network where the peer is; `None` after saying so where that cannot
/// be made.
pub fn on_a_wire<T: Send>(run: impl FnOnce(&mut Wire) -> T + Send) -> Option<T> {
    if !is_root() {
        skip("only root can make a TUN device");
        return None;
    }
    let run = || match Wire::open() {
        Ok(mut wire) => Some(run(&mut wire)),
        Err(why) => {
            skip(&format!("no TUN device can be made ({why})"));
            None
        }
    };
    std::thread::scope(|scope| scope.spawn(run).join().expect("the test on the wire"))
}

impl Wire {
    fn open() -> io::Result<Self> {
        // SAFETY: the call takes an integer and affects this thread alone.
        if unsafe { libc::unshare(libc::CLONE_NEWNET) } != 0 {
            return Err(io::Error::last_os_error());
        }
        let tun = OpenOptions::new().read(true).write(true).open("/dev/net/tun")?;
        let mut request = [0_u8; 40]; // struct ifreq
        request[..4].copy_from_slice(b"tun0");
        request[16..18].copy_from_slice(&0x1001_u16.to_ne_bytes()); // IFF_TUN | IFF_NO_PI
        // SAFETY: TUNSETIFF reads and writes one struct ifreq, which lives through the call.
        if unsafe { libc::ioctl(tun.as_raw_fd(), 0x4004_54ca, request.as_mut_ptr()) } != 0 {
            return Err(io::Error::last_os_error());
        }
        for words in ["link set lo up", "addr add 10.9.0.1/24 dev tun0", "link set tun0 up"] {
            if !Command::new("ip").args(words.split(' ')).status()?.success() {
                return Err(io::Error::other(format!("ip {words} failed")));
            }
        }
        let port = 20_000 + u16::try_from(std::process::id() % 20_000).expect("small");
        Ok(Self { tun, port, theirs: 0, seq: 1000, ack: 0 })
    }

    /// Where the peer is.
    pub fn address(&self) -> SocketAddr {
        (PEERS, self.port).into()
    }

    /// Waits for a segment with all these flags; what else comes is taken notice of.
    pub fn receive(&mut self, flags: u8) {
        let deadline = Instant::now() + DEADLINE;
        let mut packet = [0; 2048];
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let left = Timespec { tv_sec: left.as_secs().try_into().expect("small"), tv_nsec: 0 };
            poll(&mut [PollFd::new(&self.tun, PollFlags::IN)], Some(&left)).expect("poll");
            assert!(Instant::now() < deadline, "no segment with the flags {flags:#x} came");
            let length = self.tun.read(&mut packet).expect("a packet");
            if self.take(&packet[..length]).is_some_and(|got| got & flags == flags) {
                return;
            }
        }
    }

    /// Takes notice of a packet; answers its flags if it is a segment to this peer.
    fn take(&mut self, packet: &[u8]) -> Option<u8> {
        let head = usize::from(packet.first()? & 0x0f) * 4;
        let segment = packet.get(head..)?;
        let port = |at: usize| Some(u16::from_be_bytes([*segment.get(at)?, *segment.get(at + 1)?]));
        if packet[0] >> 4 != 4 || packet[9] != 6 || port(2)? != self.port {
            return None;
        }
        let (flags, offset) = (*segment.get(13)?, usize::from(segment[12] >> 4) * 4);
        let length = u32::try_from(segment.len() - offset).ok()?;
        let seq = u32::from_be_bytes(*segment.get(4..)?.first_chunk()?);
        let end = seq.wrapping_add(length).wrapping_add(u32::from(flags & (SYN | FIN) != 0));
        self.theirs = port(0)?;
        self.ack = end;
        Some(flags)
    }

    /// Leaves bytes away: the next segment begins so much later.
    pub fn skip(&mut self, bytes: u32) {
        self.seq = self.seq.wrapping_add(bytes);
    }

    /// The next segment begins so much before the end of the last one.
    pub fn go_back(&mut self, bytes: u32) {
        self.seq = self.seq.wrapping_sub(bytes);
    }

    /// Sends a segment with these flags and this payload.
    pub fn send(&mut self, flags: u8, payload: &[u8]) {
        let mut packet = vec![0; IP + TCP];
        let length = u16::try_from(packet.len() + payload.len()).expect("short");
        packet[..4].copy_from_slice(&[0x45, 0, length.to_be_bytes()[0], length.to_be_bytes()[1]]);
        packet[8..10].copy_from_slice(&[64, 6]); // hops, TCP
        packet[12..16].copy_from_slice(&PEERS.octets());
        packet[16..20].copy_from_slice(&OURS.octets());
        packet[20..22].copy_from_slice(&self.port.to_be_bytes());
        packet[22..24].copy_from_slice(&self.theirs.to_be_bytes());
        packet[24..28].copy_from_slice(&self.seq.to_be_bytes());
        let ack = if flags & ACK == 0 { 0 } else { self.ack };
        packet[28..32].copy_from_slice(&ack.to_be_bytes());
        packet[32..36].copy_from_slice(&[0x50, flags | if payload.is_empty() { 0 } else { PSH }, 0xff, 0xff]);
        packet.extend(payload);
        let sum = checksum(&packet[..IP], 0);
        packet[10..12].copy_from_slice(&sum.to_be_bytes());
        let pseudo = packet[12..20].chunks(2).map(word).sum::<u32>() + 6 + u32::from(length) - 20;
        let sum = checksum(&packet[IP..], pseudo);
        packet[36..38].copy_from_slice(&sum.to_be_bytes());
        self.tun.write_all(&packet).expect("the device takes a packet");
        let counted = payload.len() + usize::from(flags & (SYN | FIN) != 0);
        self.seq = self.seq.wrapping_add(u32::try_from(counted).expect("short"));
    }
}

fn word(bytes: &[u8]) -> u32 {
    u32::from(bytes[0]) << 8 | bytes.get(1).copied().map_or(0, u32::from)
}

/// RFC 1071.
fn checksum(bytes: &[u8], begin: u32) -> u16 {
    let mut sum = begin + bytes.chunks(2).map(word).sum::<u32>();
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).expect("folded")
}

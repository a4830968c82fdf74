//! A packet socket and its ring, which the kernel fills block by block (Linux `packet_mmap.rst`).
#![allow(unsafe_code)]
#![allow(clippy::cast_possible_truncation)] // lengths and words of C structs, which are small

use super::filter::{Ports, program};
use super::frame::{Frame, Gso};
use crate::sys::error::{Error, Result};
use jiff::Timestamp;
use std::ffi::c_int;
use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

/// Bytes of a block: some hundreds of short packets.
const BLOCK: u32 = 64 << 10;
/// A block that is not full is delivered after this, milliseconds.
const RETIRE: u32 = 1;
/// `struct virtio_net_hdr`, before each frame.
const VNET: usize = 10;
/// `struct tpacket3_hdr` and the address after it, aligned (`TPACKET3_HDRLEN`).
const ADDRESS_AT: usize = size_of::<libc::tpacket3_hdr>().next_multiple_of(libc::TPACKET_ALIGNMENT);

/// A packet socket on every interface.
pub struct PacketSocket {
    fd: OwnedFd,
    map: NonNull<u8>,
    blocks: usize,
    /// The block that is read next.
    next: usize,
    snap: u32,
}

// SAFETY: the mapping belongs to this value alone; nothing in it is bound to a thread.
unsafe impl Send for PacketSocket {}

/// What the kernel counted since the socket was opened or last asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Packets that passed the filter, dropped ones among them.
    pub captured: u64,
    /// Packets for which the ring had no room.
    pub dropped: u64,
}

impl PacketSocket {
    /// Opens the socket with a ring of `size` bytes, which takes `snap` bytes of each packet of `ports`.
    ///
    /// Fails with EPERM without `CAP_NET_RAW`.
    pub fn open(ports: &Ports, snap: u32, size: u32) -> Result<Self> {
        let failed = |op: &'static str| move |error: io::Error| Error::new(op, "packets", error);
        let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        // SAFETY: no pointers; protocol 0 receives nothing until the socket is bound.
        let number =
            check(unsafe { libc::socket(libc::AF_PACKET, kind, 0) }).map_err(failed("socket for"))?;
        // SAFETY: the call has just returned it.
        let fd = unsafe { OwnedFd::from_raw_fd(number) };
        let blocks = (size / BLOCK).max(4);
        let request = libc::tpacket_req3 {
            tp_block_size: BLOCK,
            tp_block_nr: blocks,
            tp_frame_size: BLOCK / 4,
            tp_frame_nr: blocks * 4,
            tp_retire_blk_tov: RETIRE,
            tp_sizeof_priv: 0,
            tp_feature_req_word: 0,
        };
        set(&fd, libc::PACKET_VERSION, &(libc::tpacket_versions::TPACKET_V3 as c_int))
            .map_err(failed("option"))?;
        set(&fd, libc::PACKET_VNET_HDR, &1_i32).map_err(failed("option"))?;
        set(&fd, libc::PACKET_RX_RING, &request).map_err(failed("option"))?;
        let length = (blocks * BLOCK) as usize;
        // SAFETY: a new shared mapping of the ring, which the kernel made with this length.
        let map = unsafe {
            let protection = libc::PROT_READ | libc::PROT_WRITE;
            libc::mmap(std::ptr::null_mut(), length, protection, libc::MAP_SHARED, fd.as_raw_fd(), 0)
        };
        let map = NonNull::new(map.cast::<u8>()).filter(|_| map != libc::MAP_FAILED);
        let map = map.ok_or_else(io::Error::last_os_error).map_err(failed("mmap"))?;
        let socket = Self { fd, map, blocks: blocks as usize, next: 0, snap };
        socket.filter(ports)?;
        socket.bind().map_err(failed("bind"))?;
        Ok(socket)
    }

    /// Changes the ports of interest, for packets from now on.
    pub fn filter(&self, ports: &Ports) -> Result<()> {
        attach(self.fd.as_fd(), ports, self.snap)
    }

    /// A second descriptor of the socket, to change its filter from another thread.
    pub fn filter_handle(&self) -> Result<FilterHandle> {
        let fd = self.fd.try_clone().map_err(|e| Error::new("dup", "packets", e))?;
        Ok(FilterHandle { fd, snap: self.snap })
    }

    fn bind(&self) -> io::Result<()> {
        // SAFETY: a C struct of integers, for which zeros are valid.
        let mut address: libc::sockaddr_ll = unsafe { zeroed() };
        address.sll_family = libc::AF_PACKET as u16;
        address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
        let length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
        // SAFETY: the address lives through the call and has this length.
        check(unsafe { libc::bind(self.fd.as_raw_fd(), (&raw const address).cast(), length) }).map(drop)
    }

    /// Gives every packet of the blocks that are complete to `visit`, the oldest first.
    pub fn read(&mut self, mut visit: impl FnMut(Frame<'_>)) {
        while let Some(block) = self.complete_block() {
            let (count, first) = block.contents();
            let mut at = first;
            for _ in 0..count {
                let Some((frame, step)) = block.frame(at) else { break };
                visit(frame);
                if step == 0 {
                    break;
                }
                at += step;
            }
            block.status().store(libc::TP_STATUS_KERNEL, Ordering::Release);
            self.next = (self.next + 1) % self.blocks;
        }
    }

    fn complete_block(&self) -> Option<Block<'_>> {
        // SAFETY: the mapping has `blocks` blocks of this size and lives as long as `self`. The kernel does not touch a block
        // whose status says that it belongs to the user; the status itself is only accessed atomically.
        let block = unsafe { Block::new(self.map.add(self.next * BLOCK as usize)) };
        let theirs = block.status().load(Ordering::Acquire) & libc::TP_STATUS_USER == 0;
        (!theirs).then_some(block)
    }

    /// The kernel's counts since the last call.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        // SAFETY: a C struct of integers, for which zeros are valid.
        let mut counts: libc::tpacket_stats_v3 = unsafe { zeroed() };
        let mut length = size_of::<libc::tpacket_stats_v3>() as libc::socklen_t;
        // SAFETY: both pointers live through the call, and the length is the one of the struct.
        let answer = unsafe {
            let to = (&raw mut counts).cast();
            libc::getsockopt(
                self.fd.as_raw_fd(),
                libc::SOL_PACKET,
                libc::PACKET_STATISTICS,
                to,
                &raw mut length,
            )
        };
        if answer == 0 {
            Statistics { captured: counts.tp_packets.into(), dropped: counts.tp_drops.into() }
        } else {
            Statistics::default()
        }
    }
}

impl AsFd for PacketSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Drop for PacketSocket {
    fn drop(&mut self) {
        // SAFETY: the mapping was made with this length, and nothing borrows from it any more.
        unsafe { libc::munmap(self.map.as_ptr().cast(), self.blocks * BLOCK as usize) };
    }
}

/// Changes the filter of a packet socket.
pub struct FilterHandle {
    fd: OwnedFd,
    snap: u32,
}

impl FilterHandle {
    /// As [`PacketSocket::filter`].
    pub fn filter(&self, ports: &Ports) -> Result<()> {
        attach(self.fd.as_fd(), ports, self.snap)
    }
}

/// A block that belongs to us.
struct Block<'a> {
    start: NonNull<u8>,
    ring: std::marker::PhantomData<&'a ()>,
}

impl<'a> Block<'a> {
    /// # Safety
    /// `start` is a block of a ring that lives for `'a`.
    const unsafe fn new(start: NonNull<u8>) -> Self {
        Self { start, ring: std::marker::PhantomData }
    }

    fn status(&self) -> &AtomicU32 {
        let offset = size_of::<u32>() * 2; // version, offset to private data, and then the header, which begins with it
        // SAFETY: within the block and aligned, as blocks are pages; the kernel changes it meanwhile, hence atomic.
        unsafe { AtomicU32::from_ptr(self.start.add(offset).cast().as_ptr()) }
    }

    /// The number of packets, and where the first one is.
    fn contents(&self) -> (u32, usize) {
        // SAFETY: each block begins with this struct.
        let header = unsafe { self.start.cast::<libc::tpacket_block_desc>().read_volatile().hdr.bh1 };
        (header.num_pkts, header.offset_to_first_pkt as usize)
    }

    /// The packet at an offset, and how far the next one is; `None` where the numbers leave the block.
    fn frame(&self, at: usize) -> Option<(Frame<'a>, usize)> {
        let whole = BLOCK as usize;
        (at.checked_add(ADDRESS_AT + size_of::<libc::sockaddr_ll>())? <= whole).then_some(())?;
        // SAFETY: both structs lie within the block, as just tested, and frames are aligned to TPACKET_ALIGNMENT.
        let (header, address) = unsafe {
            let start = self.start.add(at);
            let header = start.cast::<libc::tpacket3_hdr>().read();
            (header, start.add(ADDRESS_AT).cast::<libc::sockaddr_ll>().read_unaligned())
        };
        let (link, network) = (at + usize::from(header.tp_mac), at + usize::from(header.tp_net));
        let end = link.checked_add(header.tp_snaplen as usize)?;
        (end <= whole && link >= at + VNET && network >= link).then_some(())?;
        // SAFETY: within the block, as just tested; the kernel leaves the block alone until its status is set back, which the
        // borrow of the ring prevents.
        let (vnet, bytes) = unsafe {
            let slice =
                |from: usize, to: usize| std::slice::from_raw_parts(self.start.add(from).as_ptr(), to - from);
            (slice(link - VNET, link), slice(link, end))
        };
        let size = u16::from_ne_bytes([vnet[4], vnet[5]]);
        let has_vlan = header.tp_status & libc::TP_STATUS_VLAN_VALID != 0;
        let frame = Frame {
            at: Timestamp::new(header.tp_sec.into(), i32::try_from(header.tp_nsec).ok()?).ok()?,
            interface: u32::try_from(address.sll_ifindex).unwrap_or_default(),
            outgoing: address.sll_pkttype == libc::PACKET_OUTGOING,
            protocol: u16::from_be(address.sll_protocol),
            vlan: has_vlan.then_some((header.hv1.tp_vlan_tci & 0xffff) as u16),
            gso: (vnet[1] != 0 && size > 0).then_some(Gso { size }),
            bytes,
            network: network - link,
            length: header.tp_len,
        };
        Some((frame, header.tp_next_offset as usize))
    }
}

fn attach(fd: BorrowedFd<'_>, ports: &Ports, snap: u32) -> Result<()> {
    let mut code = program(ports, snap);
    let filter =
        libc::sock_fprog { len: u16::try_from(code.len()).unwrap_or_default(), filter: code.as_mut_ptr() };
    set_at(fd, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &filter)
        .map_err(|e| Error::new("filter", "packets", e))
}

fn set<T>(fd: &OwnedFd, name: c_int, value: &T) -> io::Result<()> {
    set_at(fd.as_fd(), libc::SOL_PACKET, name, value)
}

fn set_at<T>(fd: BorrowedFd<'_>, level: c_int, name: c_int, value: &T) -> io::Result<()> {
    let length = size_of::<T>() as libc::socklen_t;
    // SAFETY: the kernel reads this many bytes of the value, which lives through the call.
    check(unsafe { libc::setsockopt(fd.as_raw_fd(), level, name, std::ptr::from_ref(value).cast(), length) })
        .map(drop)
}

fn check(answer: c_int) -> io::Result<c_int> {
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(answer) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;
    use std::time::{Duration, Instant};

    #[test]
    #[allow(clippy::disallowed_methods)] // a socket of this test, whose states nobody shows
    fn a_datagram_on_loopback_is_seen_once() {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        let to = receiver.local_addr().unwrap();
        let mut ports = Ports::default();
        ports.add(to.port());
        let Ok(mut socket) = PacketSocket::open(&ports, 160, 1 << 20) else {
            return; // no CAP_NET_RAW; tests/packets.rs says so where it matters
        };
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        sender.send_to(b"hello, ring", to).unwrap();
        let (mut seen, deadline) = (Vec::new(), Instant::now() + Duration::from_millis(300));
        while Instant::now() < deadline {
            socket.read(|frame| {
                assert_eq!((frame.interface, frame.outgoing, frame.gso), (1, false, None));
                seen.push(frame.packet().to_vec());
            });
            std::thread::park_timeout(Duration::from_millis(1));
        }
        assert_eq!(seen.len(), 1, "{seen:?}");
        assert!(seen[0].ends_with(b"hello, ring") && seen[0][0] >> 4 == 4);
        assert_eq!(socket.statistics(), Statistics { captured: 1, dropped: 0 });
    }
}

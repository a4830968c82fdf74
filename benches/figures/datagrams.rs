//! Batches of datagrams over one socket, as a short program in C sends and receives them: the bare echo loop that
//! `udp-serve --echo` is compared with, and the load, the flood and the sink of the sections `udp` and `receive`.

#![allow(unsafe_code)] // rustix has no recvmmsg

use crate::port;
use anyhow::{Context as _, Result, anyhow, ensure};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::connect;
use rustix::net::sockopt::{Timeout, set_socket_recv_buffer_size, set_socket_timeout};
use std::io;
use std::mem::{size_of, zeroed};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Datagrams received or sent with one call.
const BATCH: usize = 64;
/// Bytes of one buffer, longer than any datagram here.
const ROOM: usize = 2048;
/// Bytes of a datagram: a short message, as of a sensor or a log.
const LENGTH: usize = 64;
/// Datagrams in flight: few enough for the default receive buffer, so that none has to be lost.
const WINDOW: u64 = 128;
/// The length of a load: long compared with start-up and scheduling, short enough for many rounds.
const SPAN: Duration = Duration::from_secs(2);
/// A datagram that has not come back after this time is lost: it is thousands of round trips.
const PATIENCE: Duration = Duration::from_millis(500);
/// The receive buffer, bytes, where the kernel allows as much.
const QUEUE: usize = 4 << 20;
/// How often a sink checks whether its sender has ended.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// Buffers and headers for [`BATCH`] datagrams.
struct Batch {
    payloads: Vec<[u8; ROOM]>,
    names: Vec<libc::sockaddr_in>,
    parts: Vec<libc::iovec>,
    // Points into all the others, which never grow.
    headers: Vec<libc::mmsghdr>,
}

impl Batch {
    /// For a connected socket, or for one that answers any sender (`addressed`).
    fn new(addressed: bool) -> Self {
        // SAFETY: both are made of integers and pointers, for which zero is a value.
        let (name, header) = unsafe { (zeroed(), zeroed()) };
        let mut batch = Self {
            payloads: vec![[b'x'; ROOM]; BATCH],
            names: vec![name; BATCH],
            parts: Vec::with_capacity(BATCH),
            headers: vec![header; BATCH],
        };
        for payload in &mut batch.payloads {
            batch.parts.push(libc::iovec { iov_base: payload.as_mut_ptr().cast(), iov_len: ROOM });
        }
        for ((header, part), name) in batch.headers.iter_mut().zip(&mut batch.parts).zip(&mut batch.names) {
            header.msg_hdr.msg_iov = part;
            header.msg_hdr.msg_iovlen = 1;
            if addressed {
                header.msg_hdr.msg_name = (&raw mut *name).cast();
            }
        }
        batch
    }

    /// Receives a batch; `flags` say whether it waits for one, as in recvmmsg(2).
    #[allow(clippy::cast_possible_truncation)] // small numbers
    fn receive(&mut self, socket: &OwnedFd, flags: i32) -> io::Result<usize> {
        for (header, part) in self.headers.iter_mut().zip(&mut self.parts) {
            header.msg_hdr.msg_namelen = size_of::<libc::sockaddr_in>() as _;
            part.iov_len = ROOM;
        }
        let headers = self.headers.as_mut_ptr();
        // SAFETY: the headers point at buffers of the lengths they state, all owned by `self`.
        let count = unsafe {
            libc::recvmmsg(socket.as_raw_fd(), headers, BATCH as _, flags as _, std::ptr::null_mut())
        };
        usize::try_from(count).map_err(|_| io::Error::last_os_error())
    }

    /// Sends the first `count` with the lengths they have; returns how many were sent.
    fn send(&mut self, socket: &OwnedFd, count: usize) -> io::Result<usize> {
        let count = u32::try_from(count.min(BATCH)).map_err(io::Error::other)?;
        // SAFETY: as in `receive`; the kernel writes nothing but `msg_len`.
        let sent = unsafe { libc::sendmmsg(socket.as_raw_fd(), self.headers.as_mut_ptr(), count, 0) };
        usize::try_from(sent).map_err(|_| io::Error::last_os_error())
    }

    /// As [`Self::send`], each [`LENGTH`] bytes long.
    fn send_short(&mut self, socket: &OwnedFd, count: usize) -> io::Result<usize> {
        for part in &mut self.parts {
            part.iov_len = LENGTH;
        }
        self.send(socket, count)
    }
}

/// Echoes at 127.0.0.1:`port` until it is killed.
pub fn echo(port: u16) -> Result<()> {
    let socket = port::datagram_socket(port)?;
    set_socket_recv_buffer_size(&socket, QUEUE)?;
    let mut batch = Batch::new(true);
    loop {
        let count = batch.receive(&socket, libc::MSG_WAITFORONE).context("recvmmsg")?;
        for (part, header) in batch.parts.iter_mut().zip(&batch.headers[..count]) {
            part.iov_len = header.msg_len as usize;
        }
        ensure!(batch.send(&socket, count).context("sendmmsg")? == count, "a short answer fits");
    }
}

/// The result of a load.
pub struct Load {
    /// Echoes a second.
    pub rate: f64,
    /// Echoes.
    pub done: f64,
    /// Datagrams that did not come back.
    pub lost: u64,
}

/// Loads 127.0.0.1:`port` for the span, with the window full all the time.
pub fn load(port: u16) -> Result<Load> {
    let socket = connected(port)?;
    set_socket_recv_buffer_size(&socket, QUEUE)?;
    let patience = Timespec::try_from(PATIENCE)?;
    let mut batch = Batch::new(false);
    // `gone` is the value of `sent` when everything in flight was given up.
    let (mut sent, mut back, mut gone) = (0_u64, 0_u64, 0_u64);
    let start = Instant::now();
    let mut last = start;
    loop {
        if start.elapsed() < SPAN {
            while let room @ 1.. = WINDOW.saturating_sub(sent - back.max(gone)) {
                sent += batch.send_short(&socket, usize::try_from(room)?).context("sendmmsg")? as u64;
            }
        } else if sent == back.max(gone) {
            break;
        }
        let mut watched = [PollFd::new(&socket, PollFlags::IN)];
        if poll(&mut watched, Some(&patience))? == 0 {
            gone = sent;
            continue;
        }
        let count = batch.receive(&socket, libc::MSG_DONTWAIT).context("recvmmsg")?;
        let whole = batch.headers[..count].iter().all(|header| header.msg_len as usize == LENGTH);
        ensure!(whole, "an echo has another length");
        (back, last) = (back + count as u64, Instant::now());
    }
    ensure!(back > 0, "no datagram of {sent} came back");
    let done = f64::from(u32::try_from(back)?);
    Ok(Load { rate: done / (last - start).as_secs_f64(), done, lost: sent - back })
}

/// Sends datagrams without a pause from threads of this program, until dropped.
pub struct Flood {
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Flood {
    /// Starts `count` senders to 127.0.0.1:`port`, which do not read replies.
    pub fn start(port: u16, count: usize) -> Result<Self> {
        let mut flood = Self { over: Arc::default(), threads: Vec::with_capacity(count) };
        for _ in 0..count {
            let (socket, over) = (connected(port)?, Arc::clone(&flood.over));
            flood.threads.push(std::thread::spawn(move || {
                let mut batch = Batch::new(false);
                while !over.load(Ordering::Relaxed) {
                    // Refused once the server has ended.
                    let _ = batch.send_short(&socket, BATCH);
                }
            }));
        }
        Ok(flood)
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Sends at a rate.
pub struct Pace;

impl Pace {
    /// Sends `rate` datagrams a second to 127.0.0.1:`port` for a time; returns how many.
    pub fn send(port: u16, rate: u32, time: Duration) -> Result<u32> {
        let (socket, started, mut batch, mut sent) = (connected(port)?, Instant::now(), Batch::new(false), 0);
        loop {
            let elapsed = started.elapsed().min(time);
            let due = (u128::from(rate) * elapsed.as_micros() / 1_000_000) as usize;
            while sent < due {
                // Never refused: somebody receives there.
                sent += batch.send_short(&socket, BATCH.min(due - sent)).unwrap_or(0);
            }
            if elapsed == time {
                return Ok(u32::try_from(sent)?);
            }
            std::thread::park_timeout(Duration::from_micros(100));
        }
    }
}

/// A thread of this program that receives datagrams and counts them.
pub struct Sink {
    /// Where it listens on 127.0.0.1.
    pub port: u16,
    over: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<Taken>>,
}

/// The count of a sink.
pub struct Taken {
    /// Datagrams that arrived at its socket.
    pub arrived: u64,
    /// How many of them found the socket's queue full.
    pub dropped: u64,
}

impl Sink {
    /// Starts receiving on a free port.
    pub fn start() -> Result<Self> {
        let socket = port::datagram_socket(0)?;
        set_socket_recv_buffer_size(&socket, QUEUE)?;
        set_socket_timeout(&socket, Timeout::Recv, Some(CHECK_INTERVAL))?;
        let port = port::of(&socket)?;
        let over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&over);
        Ok(Self { port, over, thread: std::thread::spawn(move || drain(&socket, &seen)) })
    }

    /// Receives the rest, after the sender has ended.
    pub fn finish(self) -> Result<Taken> {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow!("the sink panicked"))?.context("recvmmsg")
    }
}

fn drain(socket: &OwnedFd, over: &AtomicBool) -> io::Result<Taken> {
    let mut batch = Batch::new(false);
    let mut taken = 0;
    loop {
        // Read first: everything sent before the end is in the queue by then.
        let last = over.load(Ordering::Relaxed);
        match batch.receive(socket, libc::MSG_WAITFORONE) {
            Ok(count) => taken += count as u64,
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
            Err(_) if last => break,
            Err(_) => {}
        }
    }
    let dropped = drops(socket)?;
    Ok(Taken { arrived: taken + dropped, dropped })
}

/// Datagrams a full queue did not take: the last number of `SO_MEMINFO` (`linux/sock_diag.h`, `SK_MEMINFO_DROPS`).
fn drops(socket: &OwnedFd) -> io::Result<u64> {
    let mut numbers = [0_u32; 9];
    #[allow(clippy::cast_possible_truncation)] // 36
    let mut length = size_of_val(&numbers) as libc::socklen_t;
    // SAFETY: both pointers are to writable memory, of the length given.
    let answer = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_MEMINFO,
            numbers.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(numbers[8].into()) }
}

fn connected(port: u16) -> Result<OwnedFd> {
    let socket = port::datagram_socket(0)?;
    connect(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, port))).context("connect")?;
    Ok(socket)
}

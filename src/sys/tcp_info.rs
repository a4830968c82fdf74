//! `TCP_INFO` (tcp(7)): what the kernel knows about an open TCP socket.
#![allow(unsafe_code)]

use super::diag::state_of;
use crate::event::{InfoFields, Proto, State};
use std::io;
use std::mem::{offset_of, size_of};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

/// The head of `struct tcp_info` of linux/tcp.h. Kernels give more or less of it; [`read`] keeps how much.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
struct Raw {
    state: u8,
    ca_state: u8,
    retransmits: u8,
    probes: u8,
    backoff: u8,
    options: u8,
    wscale: u8,
    flags: u8,
    rto: u32,
    ato: u32,
    snd_mss: u32,
    rcv_mss: u32,
    unacked: u32,
    sacked: u32,
    lost: u32,
    retrans: u32,
    fackets: u32,
    last_data_sent: u32,
    last_ack_sent: u32,
    last_data_recv: u32,
    last_ack_recv: u32,
    pmtu: u32,
    rcv_ssthresh: u32,
    rtt: u32,
    rttvar: u32,
    snd_ssthresh: u32,
    snd_cwnd: u32,
    advmss: u32,
    reordering: u32,
    rcv_rtt: u32,
    rcv_space: u32,
    total_retrans: u32,
    pacing_rate: u64,
    max_pacing_rate: u64,
    bytes_acked: u64,
    bytes_received: u64,
    segs_out: u32,
    segs_in: u32,
    notsent_bytes: u32,
    min_rtt: u32,
    data_segs_in: u32,
    data_segs_out: u32,
    delivery_rate: u64,
    busy_time: u64,
    rwnd_limited: u64,
    sndbuf_limited: u64,
    delivered: u32,
    delivered_ce: u32,
    bytes_sent: u64,
    bytes_retrans: u64,
}

/// An answer to `TCP_INFO`.
#[derive(Clone, Copy, Debug)]
pub struct TcpInfo {
    raw: Raw,
    length: usize,
}

/// Asks the kernel about a TCP socket in any state.
pub fn read(socket: BorrowedFd<'_>) -> io::Result<TcpInfo> {
    let mut raw = Raw::default();
    let length = ask(socket, &mut raw, size_of::<Raw>())?;
    Ok(TcpInfo { raw, length })
}

/// Asks for the state alone: one byte copied.
pub fn state(socket: BorrowedFd<'_>) -> io::Result<State> {
    let mut raw = Raw::default();
    ask(socket, &mut raw, 1)?;
    state_of(Proto::Tcp, raw.state).ok_or_else(|| io::Error::other(format!("unknown state {}", raw.state)))
}

/// Reads what the socket table gave, as long as its kernel made it.
pub(crate) fn decode(bytes: &[u8]) -> TcpInfo {
    let mut raw = Raw::default();
    let length = bytes.len().min(size_of::<Raw>());
    // SAFETY: both are valid for `length` bytes and do not overlap; any bytes make a valid `Raw`, which is integers.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), (&raw mut raw).cast::<u8>(), length) };
    TcpInfo { raw, length }
}

/// Bytes in the send queue: written and not acknowledged (`SIOCOUTQ`, tcp(7)).
pub fn unsent(socket: BorrowedFd<'_>) -> io::Result<u32> {
    let mut bytes: libc::c_int = 0;
    // SAFETY: SIOCOUTQ, the socket's name for TIOCOUTQ, writes one int.
    let answer = unsafe { libc::ioctl(socket.as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) };
    if answer == 0 { Ok(bytes.unsigned_abs()) } else { Err(io::Error::last_os_error()) }
}

fn ask(socket: BorrowedFd<'_>, raw: &mut Raw, room: usize) -> io::Result<usize> {
    let mut length = libc::socklen_t::try_from(room).map_err(io::Error::other)?;
    // SAFETY: `raw` is a plain C struct of integers with at least `length` bytes, and the kernel writes no more than that.
    let answer = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            std::ptr::from_mut(raw).cast(),
            &raw mut length,
        )
    };
    if answer == 0 { Ok(length as usize) } else { Err(io::Error::last_os_error()) }
}

impl TcpInfo {
    /// The state; `None` for one that no version of tcp(7) knows.
    #[must_use]
    pub fn state(&self) -> Option<State> {
        state_of(Proto::Tcp, self.raw.state)
    }

    /// A listener's accept queue in force (`sacked` on a listener).
    #[must_use]
    pub fn backlog(&self) -> u32 {
        self.raw.sacked
    }

    /// Smoothed round-trip time in microseconds; `None` before one was measured.
    #[must_use]
    pub fn rtt_us(&self) -> Option<u32> {
        (self.raw.rtt > 0).then_some(self.raw.rtt)
    }

    /// Segments retransmitted since the connection was opened.
    #[must_use]
    pub fn retransmits(&self) -> Option<u32> {
        self.has(offset_of!(Raw, total_retrans) + 4).then_some(self.raw.total_retrans)
    }

    /// Sequence numbers the peer acknowledged, our SYN (of an active opener) and FIN among them; bytes.
    #[must_use]
    pub fn bytes_acked(&self) -> Option<u64> {
        self.has(offset_of!(Raw, bytes_acked) + 8).then_some(self.raw.bytes_acked)
    }

    /// Payload received in order, bytes.
    #[must_use]
    pub fn bytes_received(&self) -> Option<u64> {
        self.has(offset_of!(Raw, bytes_received) + 8).then_some(self.raw.bytes_received)
    }

    /// Payload received, with one more for the peer's FIN, and payload sent, bytes; `None` where this kernel does not say
    /// (before 4.19).
    #[must_use]
    pub fn payload(&self) -> Option<(u64, u64)> {
        let known = self.has(offset_of!(Raw, bytes_retrans) + 8);
        known.then_some((self.raw.bytes_received, self.raw.bytes_sent.saturating_sub(self.raw.bytes_retrans)))
    }

    /// Probes of the peer that were not answered: keep-alive or of a closed window.
    #[must_use]
    pub fn probes(&self) -> u8 {
        self.raw.probes
    }

    /// How long ago the peer's last ACK arrived.
    #[must_use]
    pub fn silence(&self) -> Duration {
        Duration::from_millis(u64::from(self.raw.last_ack_recv))
    }

    /// Segments of ours known to have arrived, for a socket that connected and sent no data yet; `None` where this kernel
    /// does not say (before 4.18).
    ///
    /// The SYN counts once it is acknowledged (`tcp_clean_rtx_queue`). Where the peer's SYN crossed it (RFC 9293 3.5,
    /// simultaneous open) the ACK that leads from SYN-RECEIVED to ESTABLISHED counts once more
    /// (`tcp_rcv_state_process`): 2 means that SYN-RECEIVED was passed through, 1 that it was not.
    #[must_use]
    pub fn openings_delivered(&self) -> Option<u32> {
        let known = self.has(offset_of!(Raw, delivered) + 4) && self.raw.data_segs_out == 0;
        known.then_some(self.raw.delivered)
    }

    /// The fields events show.
    #[must_use]
    pub fn fields(&self) -> InfoFields {
        InfoFields {
            rtt_us: self.raw.rtt,
            rttvar_us: self.raw.rttvar,
            rto_us: self.raw.rto,
            snd_mss: self.raw.snd_mss,
            rcv_mss: self.raw.rcv_mss,
            pmtu: self.raw.pmtu,
            cwnd: self.raw.snd_cwnd,
            retransmits: self.raw.total_retrans,
            delivery_rate: self.has(offset_of!(Raw, delivery_rate) + 8).then_some(self.raw.delivery_rate),
        }
    }

    const fn has(&self, end: usize) -> bool {
        self.length >= end
    }
}

//! A server whose queues are full: it answers SYN with a cookie, and what comes then is dropped.
#![allow(clippy::disallowed_methods)] // the other end must not be made of the code under test

use super::sockets::Door;
use socket2::{Domain, SockFilter, Socket, Type};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Instructions of a classic socket filter (linux/filter.h), which sees a segment from its TCP header on.
const LOAD_BYTE: u16 = 0x30;
const LOAD_LENGTH: u16 = 0x80;
const AND: u16 = 0x54;
const SHIFT_RIGHT: u16 = 0x74;
const TO_X: u16 = 0x07;
const IF_ANY_BIT: u16 = 0x45;
const IF_EQUAL_X: u16 = 0x1d;
const RETURN: u16 = 0x06;

/// Where the header tells its length (in its high half, in words of 4 bytes) and its flags (RFC 9293, 3.1).
const LENGTH_AT: u32 = 12;
const FLAGS_AT: u32 = 13;
const FIN: u32 = 1;
const SYN: u32 = 2;

/// The port, with room for SYN and for a bare FIN only: of all segments the one that must not be the first to arrive.
pub struct Overrun {
    door: Socket,
    /// Stands in the queue of those whose ACK has not come, and fills it.
    queued: Socket,
}

impl Overrun {
    /// Opens it on a free port of a loopback address that the kernel remembers no round trips of: how soon it repeats what
    /// got lost depends on them (`tcp_no_metrics_save`, tcp(7)).
    pub fn open() -> Self {
        let socket = || Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let [.., high, low] = std::process::id().to_be_bytes();
        let door = socket();
        door.bind(&SocketAddr::from((Ipv4Addr::new(127, 77, high, low), 0)).into()).expect("a free port");
        let (keep, drop) = (u32::MAX, 0);
        let filter = [
            SockFilter::new(LOAD_BYTE, 0, 0, FLAGS_AT),
            SockFilter::new(IF_ANY_BIT, 7, 0, SYN),
            SockFilter::new(IF_ANY_BIT, 0, 5, FIN),
            SockFilter::new(LOAD_BYTE, 0, 0, LENGTH_AT),
            SockFilter::new(SHIFT_RIGHT, 0, 0, 2),
            SockFilter::new(AND, 0, 0, 0x3c),
            SockFilter::new(TO_X, 0, 0, 0),
            SockFilter::new(LOAD_LENGTH, 0, 0, 0),
            SockFilter::new(IF_EQUAL_X, 0, 1, 0),
            SockFilter::new(RETURN, 0, 0, keep),
            SockFilter::new(RETURN, 0, 0, drop),
        ];
        door.attach_filter(&filter).expect("a filter");
        // The queue holds one; the next SYN is answered with a cookie (tcp_syncookies, tcp(7)).
        door.listen(0).expect("listen");
        let queued = socket();
        queued.set_linger(Some(Duration::ZERO)).expect("no FIN of this one");
        queued.connect(&door.local_addr().expect("a bound socket has an address")).expect("SYN is answered");
        Self { door, queued }
    }

    pub fn address(&self) -> SocketAddr {
        self.door.local_addr().ok().and_then(|a| a.as_socket()).expect("a bound socket has an address")
    }

    /// Makes sure that no client comes in for a moment, and hears everything from then on.
    pub fn relent(self) -> Door {
        self.door.set_read_timeout(Some(Duration::from_millis(50))).expect("a deadline for accept");
        self.door.accept().expect_err("nothing but a FIN was there to let a client in");
        drop(self.queued);
        self.door.detach_filter().expect("no filter");
        Door::of(self.door.into())
    }
}

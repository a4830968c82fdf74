//! Requests as bytes: `struct inet_diag_req_v2` and its predecessor (`linux/inet_diag.h`). Pure. Used by its siblings.

use super::bytecode;
use super::channel::header;
use super::filter::Filter;
use super::netlink::{BY_FAMILY, DUMP, HEADER, TCP_OLD};
use super::row::InetRow;
use super::states::States;
use super::unix;
use crate::event::Proto;
use std::io;
use std::net::{IpAddr, SocketAddr};

/// Asks for one (`NLM_F_REQUEST`).
const ONE: u16 = 0x001;
/// Length of `struct inet_diag_req_v2`.
const REQUEST: usize = 56;
/// Length of `struct inet_diag_req`.
const REQUEST_OLD: usize = 60;
/// Length of `struct inet_diag_sockid`.
const SOCKET_ID: usize = 48;
/// "Any socket with these addresses", not one known by its cookie.
const NO_COOKIE: [u8; 8] = [0xff; 8];
/// `INET_DIAG_REQ_BYTECODE`.
const BYTECODE: u16 = 1;
/// Information, congestion control, type of service, traffic class, memory, shutdown: bits 2, 4, 5, 6, 7, 8 from 1.
const EXTENDED: u8 = 0b1111_1010;

/// Which IP families are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Families {
    /// IPv4 sockets.
    V4,
    /// IPv6 sockets, also those that carry IPv4.
    V6,
    /// Both.
    Both,
}

/// A query of one table.
#[derive(Clone, Debug)]
pub struct Query {
    /// The table.
    pub proto: Proto,
    /// The families; UNIX sockets have none.
    pub families: Families,
    /// The states.
    pub states: States,
    /// Which sockets; `None` for all. No UNIX socket passes any filter over addresses.
    pub filter: Option<Filter>,
    /// Whether rows bring [`super::Extended`].
    pub extended: bool,
}

impl Query {
    /// Every socket of the table that is in use.
    #[must_use]
    pub const fn all(proto: Proto) -> Self {
        Self { proto, families: Families::Both, states: States::LIVE, filter: None, extended: false }
    }

    /// Whether the family and the filter let a socket pass, as the kernel decides it.
    #[must_use]
    pub fn wants(&self, row: &InetRow<'_>) -> bool {
        let family = match self.families {
            Families::V4 => row.local.is_ipv4(),
            Families::V6 => row.local.is_ipv6(),
            Families::Both => true,
        };
        family && self.filter.as_ref().is_none_or(|filter| filter.matches(row.local, row.peer))
    }

    /// Whether no socket can answer it, so that the kernel need not be asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let has_names = || self.filter.as_ref().is_none_or(Filter::has_names);
        self.states.mask(self.proto) == 0 || (self.proto == Proto::Unix && !has_names())
    }

    /// The requests that together ask it, one after the other.
    pub(super) fn requests(&self) -> io::Result<Vec<Vec<u8>>> {
        if self.is_empty() {
            return Ok(Vec::new());
        }
        if self.proto == Proto::Unix {
            return Ok(vec![unix::dump(self.states, self.extended)]);
        }
        let program = self.filter.as_ref().map_or_else(|| Ok(Vec::new()), bytecode::compile)?;
        let families: &[i32] = match self.families {
            Families::V4 => &[libc::AF_INET],
            Families::V6 => &[libc::AF_INET6],
            Families::Both => &[libc::AF_INET, libc::AF_INET6],
        };
        Ok(families.iter().map(|family| self.dump(*family, &program)).collect())
    }

    /// The same as one request that walks the kernel's table once, where there is one.
    pub(super) fn single(&self) -> io::Result<Option<Vec<u8>>> {
        if self.is_empty() || self.proto != Proto::Tcp || self.families != Families::Both {
            return Ok(None);
        }
        let program = self.filter.as_ref().map_or_else(|| Ok(Vec::new()), bytecode::compile)?;
        Ok(Some(self.dump_old(&program)))
    }

    fn dump(&self, family: i32, program: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(header(BY_FAMILY, DUMP, REQUEST + attribute_size(program)));
        bytes.extend([low(family), low(protocol(self.proto)), self.extensions(), 0]);
        bytes.extend(self.states.mask(self.proto).to_ne_bytes());
        bytes.extend([0; SOCKET_ID]);
        attribute(&mut bytes, program);
        bytes
    }

    fn dump_old(&self, program: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(header(TCP_OLD, DUMP, REQUEST_OLD + attribute_size(program)));
        bytes.extend([low(libc::AF_UNSPEC), 0, 0, self.extensions()]);
        bytes.extend([0; SOCKET_ID]);
        bytes.extend(self.states.mask(Proto::Tcp).to_ne_bytes());
        bytes.extend(0_u32.to_ne_bytes()); // "tables to dump": never used
        attribute(&mut bytes, program);
        bytes
    }

    const fn extensions(&self) -> u8 {
        if self.extended { EXTENDED } else { 0 }
    }
}

/// Asks for the one socket between `local` and `peer`, on the interface of that number where it is not 0.
pub(super) fn exact(proto: Proto, local: SocketAddr, peer: SocketAddr, interface: u32) -> Vec<u8> {
    // `udp_dump_one` takes the two the other way round, "for historical reasons".
    let (source, destination) = if proto == Proto::Udp { (peer, local) } else { (local, peer) };
    let family = if local.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let mut bytes = Vec::with_capacity(HEADER + REQUEST);
    bytes.extend(header(BY_FAMILY, ONE, REQUEST));
    bytes.extend([low(family), low(protocol(proto)), 0, 0]);
    bytes.extend(u32::MAX.to_ne_bytes());
    bytes.extend(source.port().to_be_bytes());
    bytes.extend(destination.port().to_be_bytes());
    bytes.extend(address_bytes(source.ip()));
    bytes.extend(address_bytes(destination.ip()));
    bytes.extend(interface.to_ne_bytes());
    bytes.extend(NO_COOKIE);
    bytes
}

const fn protocol(proto: Proto) -> i32 {
    match proto {
        Proto::Tcp => libc::IPPROTO_TCP,
        Proto::Udp => libc::IPPROTO_UDP,
        Proto::Unix | Proto::Vsock => 0,
    }
}

#[allow(clippy::cast_sign_loss, clippy::cast_possible_truncation)] // families and protocols, all below 32
const fn low(number: i32) -> u8 {
    number as u8
}

fn attribute_size(program: &[u8]) -> usize {
    if program.is_empty() { 0 } else { 4 + program.len() }
}

/// Appends the filter's program, if there is one. Its length is a multiple of four and below 64 KiB.
fn attribute(bytes: &mut Vec<u8>, program: &[u8]) {
    if let Ok(length @ 5..) = u16::try_from(attribute_size(program)) {
        bytes.extend(length.to_ne_bytes());
        bytes.extend(BYTECODE.to_ne_bytes());
        bytes.extend(program);
    }
}

fn address_bytes(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => {
            let mut wide = [0; 16];
            wide[..4].copy_from_slice(&ip.octets());
            wide
        }
        IpAddr::V6(ip) => ip.octets(),
    }
}

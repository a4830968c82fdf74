//! Control messages (cmsg(3)): the local address of a datagram, the length of the segments of a payload, and ICMP errors.
//! Plain bytes, no `unsafe`.

use crate::event::Dir;
use std::mem::size_of;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// `struct cmsghdr`: length, level, type.
const HEAD: usize = size_of::<usize>() + 2 * size_of::<i32>();
/// The longest single message, an extended error (16 bytes) with the address of its sender (28), and the longest pair, an
/// IPv6 address and the length of segments.
const SPACE: usize = 64;
/// `struct in_pktinfo` and `struct in6_pktinfo`, ip(7) and ipv6(7).
const INFO_V4: usize = 12;
const INFO_V6: usize = 20;
/// `SO_EE_ORIGIN_ICMP` and `SO_EE_ORIGIN_ICMP6` of linux/errqueue.h.
const FROM_ICMP: [u8; 2] = [2, 3];

/// The local address of a datagram received, and the one its answer leaves from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The address the datagram was sent to, which may be a group or a broadcast address.
    pub to: IpAddr,
    /// The address an answer leaves from; `None` leaves the choice to the kernel.
    pub from: Option<IpAddr>,
    /// The interface an answer has to leave by, 0 for any.
    interface: u32,
}

impl Origin {
    /// Our address as an event names it, where the socket's own is `local`.
    pub(in crate::sys) fn local(self, dir: Dir, local: SocketAddr) -> Option<SocketAddr> {
        let ip = if dir == Dir::In { Some(self.to) } else { self.from };
        ip.map(|ip| SocketAddr::new(ip, local.port()))
    }
}

/// The control messages of one datagram, aligned as the kernel requires.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub(super) struct Control([u8; SPACE]);

/// A control message that was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ControlMessage {
    Origin(Origin),
    /// The payload holds datagrams of this many bytes each, the last one perhaps fewer (`UDP_GRO`, udp(7)).
    Segments(usize),
    /// The errno of an ICMP error.
    IcmpError(i32),
}

impl Control {
    pub(super) const LEN: usize = SPACE;

    pub(super) const fn empty() -> Self {
        Self([0; SPACE])
    }

    /// Replaces the contents by the source address of an answer to `origin`; returns the length in bytes, 0 if the kernel
    /// chooses the address.
    pub(super) fn leave_from(&mut self, origin: &Origin) -> usize {
        match origin.from {
            None => 0,
            Some(IpAddr::V4(ip)) => {
                // in_pktinfo: interface, local address, destination (of received datagrams alone).
                self.put(0, libc::IPPROTO_IP, libc::IP_PKTINFO, [&[0; 4], &ip.octets(), &[0; 4]])
            }
            Some(IpAddr::V6(ip)) => {
                let interface = origin.interface.to_ne_bytes();
                self.put(0, libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, [&ip.octets(), &interface, &[]])
            }
        }
    }

    /// Has the kernel split the payload into datagrams of `size` bytes (`UDP_SEGMENT`, udp(7)). The message follows the
    /// first `at` bytes; returns the length of both.
    pub(super) fn split_into(&mut self, at: usize, size: u16) -> usize {
        self.put(at, libc::SOL_UDP, libc::UDP_SEGMENT, [&size.to_ne_bytes(), &[], &[]])
    }

    fn put(&mut self, at: usize, level: i32, kind: i32, parts: [&[u8]; 3]) -> usize {
        let data: usize = parts.iter().map(|p| p.len()).sum();
        let head = [&(HEAD + data).to_ne_bytes()[..], &level.to_ne_bytes(), &kind.to_ne_bytes()];
        let mut at = at;
        for part in head.iter().chain(&parts) {
            self.0[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        aligned(at)
    }

    /// Decodes the first `len` bytes, as the kernel wrote them.
    pub(super) fn read(&self, len: usize) -> impl Iterator<Item = ControlMessage> {
        let mut rest = &self.0[..len.min(SPACE)];
        std::iter::from_fn(move || {
            loop {
                let length = usize::from_ne_bytes(*rest.first_chunk()?);
                let message = rest.get(HEAD..length)?;
                let level = number(rest, size_of::<usize>())?;
                let kind = number(rest, size_of::<usize>() + size_of::<i32>())?;
                rest = rest.get(aligned(length)..).unwrap_or_default();
                if let Some(decoded) = decode(level, kind, message) {
                    return Some(decoded);
                }
            }
        })
    }
}

const fn aligned(length: usize) -> usize {
    length.next_multiple_of(size_of::<usize>())
}

fn number(bytes: &[u8], at: usize) -> Option<i32> {
    Some(i32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn decode(level: i32, kind: i32, data: &[u8]) -> Option<ControlMessage> {
    match (level, kind) {
        (libc::IPPROTO_IP, libc::IP_PKTINFO) if data.len() >= INFO_V4 => {
            let address = |at: usize| Some(Ipv4Addr::from(*data.get(at..)?.first_chunk::<4>()?));
            let (from, to) = (address(4)?, address(8)?);
            let from = (!from.is_unspecified()).then_some(from.into());
            Some(ControlMessage::Origin(Origin { to: to.into(), from, interface: 0 }))
        }
        (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) if data.len() >= INFO_V6 => {
            let to = Ipv6Addr::from(*data.first_chunk::<16>()?);
            let from = (!to.is_multicast()).then_some(to.into());
            let interface = if to.is_unicast_link_local() { number(data, 16)?.cast_unsigned() } else { 0 };
            Some(ControlMessage::Origin(Origin { to: to.into(), from, interface }))
        }
        (libc::SOL_UDP, libc::UDP_GRO) => {
            Some(ControlMessage::Segments(usize::try_from(number(data, 0)?).ok()?))
        }
        (libc::IPPROTO_IP, libc::IP_RECVERR) | (libc::IPPROTO_IPV6, libc::IPV6_RECVERR) => {
            // sock_extended_err: errno, then the origin of the error.
            FROM_ICMP.contains(data.get(4)?).then_some(ControlMessage::IcmpError(number(data, 0)?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_answer_leaves_from_the_address_its_request_was_sent_to() {
        for (to, from) in [("10.0.0.7", Some("10.0.0.7")), ("fd00::7", Some("fd00::7")), ("ff02::1", None)] {
            let to: IpAddr = to.parse().unwrap();
            let from = from.map(|a| a.parse().unwrap());
            let mut control = Control::empty();
            let len = control.leave_from(&Origin { to, from, interface: 0 });
            let message = control.read(len).next();
            match from {
                // The destination is left empty, for the kernel to fill in.
                Some(IpAddr::V4(_)) => {
                    let to = Ipv4Addr::UNSPECIFIED.into();
                    assert_eq!(message, Some(ControlMessage::Origin(Origin { to, from, interface: 0 })));
                }
                Some(_) => {
                    assert_eq!(message, Some(ControlMessage::Origin(Origin { to, from, interface: 0 })));
                }
                None => assert_eq!((len, message), (0, None)),
            }
        }
    }

    proptest! {
        #[test]
        fn decoding_ends_for_any_bytes(bytes: [u8; SPACE / 2], len in 0..SPACE * 2) {
            let mut control = Control::empty();
            control.0[..SPACE / 2].copy_from_slice(&bytes);
            prop_assert!(control.read(len).count() <= SPACE);
        }
    }
}

//! Socket addresses in the kernel's form (`struct sockaddr`), for the headers of [`super::BatchReceiver`] and
//! [`super::BatchSender`].
#![allow(unsafe_code)]

use std::mem::{size_of, zeroed};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// `struct sockaddr_in` or `struct sockaddr_in6`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) union RawSockAddr {
    v4: libc::sockaddr_in,
    v6: libc::sockaddr_in6,
}

impl RawSockAddr {
    /// No address (`AF_UNSPEC`).
    pub(super) fn empty() -> Self {
        // SAFETY: both members are made of integers, for which zero is a value.
        unsafe { zeroed() }
    }

    /// Stores an address; returns its length in bytes.
    #[allow(clippy::cast_possible_truncation)] // families are small numbers
    pub(super) fn set(&mut self, address: SocketAddr) -> usize {
        *self = Self::empty();
        match address {
            SocketAddr::V4(address) => {
                self.v4 = libc::sockaddr_in {
                    sin_family: libc::AF_INET as libc::sa_family_t,
                    sin_port: address.port().to_be(),
                    sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(address.ip().octets()) },
                    sin_zero: [0; 8],
                };
                size_of::<libc::sockaddr_in>()
            }
            SocketAddr::V6(address) => {
                self.v6 = libc::sockaddr_in6 {
                    sin6_family: libc::AF_INET6 as libc::sa_family_t,
                    sin6_port: address.port().to_be(),
                    sin6_flowinfo: address.flowinfo(),
                    sin6_addr: libc::in6_addr { s6_addr: address.ip().octets() },
                    sin6_scope_id: address.scope_id(),
                };
                size_of::<libc::sockaddr_in6>()
            }
        }
    }

    /// The address the kernel wrote; `None` if it wrote none, or one of another family.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        // SAFETY: every bit pattern is a value of both members, and both begin with the family.
        let (v4, v6) = unsafe { (self.v4, self.v6) };
        match i32::from(v4.sin_family) {
            libc::AF_INET => {
                let ip = Ipv4Addr::from(v4.sin_addr.s_addr.to_ne_bytes());
                Some(SocketAddrV4::new(ip, u16::from_be(v4.sin_port)).into())
            }
            libc::AF_INET6 => {
                let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
                let port = u16::from_be(v6.sin6_port);
                Some(SocketAddrV6::new(ip, port, v6.sin6_flowinfo, v6.sin6_scope_id).into())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_address_is_read_back_as_it_was_written(v4: [u8; 4], v6: [u8; 16], port: u16, scope: u32) {
            let mut raw = RawSockAddr::empty();
            for address in [
                SocketAddr::from((v4, port)),
                SocketAddrV6::new(v6.into(), port, 0, scope).into(),
            ] {
                raw.set(address);
                prop_assert_eq!(raw.address(), Some(address));
            }
        }
    }

    #[test]
    fn an_empty_address_is_none() {
        assert_eq!(RawSockAddr::empty().address(), None);
    }
}

//! Socket addresses in the kernel's form (`struct sockaddr`), for the headers of [`super::BatchReceiver`] and
//! [`super::BatchSender`].
#![allow(unsafe_code)]

use crate::event::AddressRef;
use std::mem::{offset_of, size_of, zeroed};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// `struct sockaddr_in`, `struct sockaddr_in6` or `struct sockaddr_un`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) union RawSockAddr {
    v4: libc::sockaddr_in,
    v6: libc::sockaddr_in6,
    un: libc::sockaddr_un,
}

/// Bytes of `struct sockaddr_un` before the path.
const UN_HEAD: usize = offset_of!(libc::sockaddr_un, sun_path);
/// Bytes of a path or name.
const UN_PATH: usize = size_of::<libc::sockaddr_un>() - UN_HEAD;

impl RawSockAddr {
    /// No address (`AF_UNSPEC`).
    pub(super) fn empty() -> Self {
        // SAFETY: all members are made of integers, for which zero is a value.
        unsafe { zeroed() }
    }

    /// Stores an address of the internet or of a UNIX socket; returns its length in bytes, 0 of another family.
    #[allow(clippy::cast_possible_truncation)] // families are small numbers
    pub(super) fn set(&mut self, address: AddressRef<'_>) -> usize {
        let address = match address {
            AddressRef::Inet(address) => address,
            // A path is ended by a zero byte, a name begins with one.
            AddressRef::Path(path) => return self.set_unix(&[], path, 1),
            AddressRef::Abstract(name) => return self.set_unix(&[0], name, 0),
            AddressRef::Vsock { .. } => return 0,
        };
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

    /// Stores the name of a UNIX socket, cut to what there is room for: nothing bound is longer.
    #[allow(clippy::cast_possible_truncation)] // a small number
    fn set_unix(&mut self, before: &[u8], name: &[u8], after: usize) -> usize {
        *self = Self::empty();
        // SAFETY: writing a member of a union of integers; all of it was written before.
        let un = unsafe { &mut self.un };
        un.sun_family = libc::AF_UNIX as libc::sa_family_t;
        let bytes = before.iter().chain(name).take(UN_PATH - after);
        for (place, byte) in un.sun_path.iter_mut().zip(bytes) {
            *place = byte.cast_signed() as libc::c_char;
        }
        UN_HEAD + (before.len() + name.len()).min(UN_PATH - after) + after
    }

    /// The address of `length` bytes that the kernel wrote; `None` if it wrote none, or one of another family.
    pub(super) fn address(&self, length: usize) -> Option<AddressRef<'_>> {
        if length <= UN_HEAD {
            return None; // a UNIX socket without a name
        }
        // SAFETY: every bit pattern is a value of both members, and both begin with the family.
        let (v4, v6) = unsafe { (self.v4, self.v6) };
        match i32::from(v4.sin_family) {
            libc::AF_INET => {
                let ip = Ipv4Addr::from(v4.sin_addr.s_addr.to_ne_bytes());
                Some(AddressRef::Inet(SocketAddrV4::new(ip, u16::from_be(v4.sin_port)).into()))
            }
            libc::AF_INET6 => {
                let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
                let port = u16::from_be(v6.sin6_port);
                let address = SocketAddrV6::new(ip, port, v6.sin6_flowinfo, v6.sin6_scope_id);
                Some(AddressRef::Inet(address.into()))
            }
            libc::AF_UNIX => {
                // SAFETY: the path is `UN_PATH` bytes, of which every pattern is a value, and lives as long as `self`.
                let path =
                    unsafe { std::slice::from_raw_parts((&raw const self.un.sun_path).cast(), UN_PATH) };
                match path[..(length - UN_HEAD).min(UN_PATH)] {
                    [0, ref name @ ..] => Some(AddressRef::Abstract(name)),
                    ref path => Some(AddressRef::Path(path.split(|byte| *byte == 0).next().unwrap_or(path))),
                }
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
                let length = raw.set(address.into());
                prop_assert_eq!(raw.address(length), Some(address.into()));
            }
        }

        #[test]
        fn a_name_is_read_back_as_it_was_written(path in proptest::collection::vec(1u8.., 1..108), name: [u8; 9]) {
            let mut raw = RawSockAddr::empty();
            for address in [AddressRef::Path(&path), AddressRef::Abstract(&name), AddressRef::Abstract(&[])] {
                let length = raw.set(address);
                prop_assert_eq!(raw.address(length), Some(address));
            }
        }
    }

    #[test]
    fn an_empty_address_is_none() {
        assert_eq!(RawSockAddr::empty().address(0), None);
        assert_eq!(RawSockAddr::empty().address(28), None);
    }
}

//! Names and numbers of network interfaces (netdevice(7)), and which of them a socket is bound to.

use super::error::{Error, Result};
use crate::event::Kind;
use rustix::net::{AddressFamily, SocketFlags, SocketType, netdevice, socket_with};
use socket2::SockRef;
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;

/// The name of the interface with this number, or the number where no interface has it any more.
#[must_use]
pub fn name(index: u32) -> String {
    let socket = socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None);
    let name = socket.and_then(|socket| netdevice::index_to_name(&socket, index));
    name.unwrap_or_else(|_| index.to_string())
}

/// The number of the interface with this name; the error names it.
pub fn index(name: &str) -> Result<u32> {
    let socket = socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None);
    let index = socket.and_then(|socket| netdevice::name_to_index(&socket, name));
    index.map_err(|e| Error::new("interface", name, e).about(Kind::Address))
}

/// The number of the interface that a socket is bound to (`SO_BINDTODEVICE`, socket(7)), 0 for none.
pub(in crate::sys) fn bound(socket: BorrowedFd<'_>) -> u32 {
    let name = SockRef::from(&socket).device().ok().flatten();
    name.and_then(|name| index(&String::from_utf8_lossy(&name)).ok()).unwrap_or(0)
}

/// Whether an address is one of this machine's, whatever its port: whether a socket can be bound to it (bind(2)).
#[must_use]
pub fn has_address(mut address: SocketAddr) -> bool {
    address.set_port(0);
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = socket_with(family, SocketType::DGRAM, SocketFlags::CLOEXEC, None);
    socket.is_ok_and(|socket| rustix::net::bind(&socket, &address).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_interface_is_loopback_and_an_unknown_one_keeps_its_number() {
        assert_eq!(name(1), "lo");
        assert_eq!(name(4_000_000_000), "4000000000");
        assert_eq!(index("lo").unwrap(), 1);
        assert_eq!(index("nosuch0").unwrap_err().errno(), Some(libc::ENODEV));
    }

    #[test]
    fn loopback_is_ours_and_documentation_is_not() {
        for (ip, ours) in
            [("127.0.0.1", true), ("127.9.9.9", true), ("192.0.2.1", false), ("2001:db8::1", false)]
        {
            assert_eq!(has_address(SocketAddr::new(ip.parse().unwrap(), 7)), ours, "{ip}");
        }
    }
}

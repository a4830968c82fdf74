//! Names and numbers of network interfaces (netdevice(7)), and which of them a socket is bound to.

use super::error::{Error, Result};
use crate::event::Kind;
use rustix::net::{AddressFamily, SocketFlags, SocketType, netdevice, socket_with};
use socket2::SockRef;
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
}

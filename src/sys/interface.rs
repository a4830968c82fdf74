//! Names of network interfaces (netdevice(7)). Used by `cmd` for what it shows.

use rustix::net::{AddressFamily, SocketFlags, SocketType, netdevice, socket_with};

/// The name of the interface with this number, or the number where no interface has it any more.
#[must_use]
pub fn name(index: u32) -> String {
    let socket = socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None);
    let name = socket.and_then(|socket| netdevice::index_to_name(&socket, index));
    name.unwrap_or_else(|_| index.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_interface_is_loopback_and_an_unknown_one_keeps_its_number() {
        assert_eq!(name(1), "lo");
        assert_eq!(name(4_000_000_000), "4000000000");
    }
}

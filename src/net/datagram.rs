//! How much a datagram holds.

use crate::event::Address;

/// The most over IPv4, bytes: 65,535 less the headers of IP and UDP (RFC 791, RFC 768).
pub const LONGEST_V4: usize = 65_507;
/// The most over IPv6, whose length does not count its own header (RFC 8200).
pub const LONGEST_V6: usize = 65_527;

/// The most over a UNIX socket: what this program's own buffers hold. The kernel's limit is the send buffer (unix(7)).
pub const LONGEST_UNIX: usize = 65_536;

/// The most that every one of `addresses` takes, bytes.
#[must_use]
pub fn longest(addresses: &[Address]) -> usize {
    let of = |address: &Address| match address {
        Address::Inet(address) if address.is_ipv4() => LONGEST_V4,
        Address::Inet(_) => LONGEST_V6,
        Address::Unix(_) | Address::Vsock { .. } => LONGEST_UNIX,
    };
    addresses.iter().map(of).min().unwrap_or(LONGEST_V6)
}

/// The family whose datagrams hold `limit` bytes at most.
#[must_use]
pub const fn family(limit: usize) -> &'static str {
    match limit {
        LONGEST_V4 => "IPv4",
        LONGEST_UNIX => "a UNIX socket",
        _ => "IPv6",
    }
}

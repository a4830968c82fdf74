//! How much a datagram holds.

use std::net::SocketAddr;

/// The most over IPv4, bytes: 65,535 less the headers of IP and UDP (RFC 791, RFC 768).
pub const LONGEST_V4: usize = 65_507;
/// The most over IPv6, whose length does not count its own header (RFC 8200).
pub const LONGEST_V6: usize = 65_527;

/// The most that every one of `addresses` takes, bytes.
#[must_use]
pub fn longest(addresses: &[SocketAddr]) -> usize {
    if addresses.iter().any(SocketAddr::is_ipv4) { LONGEST_V4 } else { LONGEST_V6 }
}

/// The family whose datagrams hold `limit` bytes at most.
#[must_use]
pub const fn family(limit: usize) -> &'static str {
    if limit == LONGEST_V4 { "IPv4" } else { "IPv6" }
}

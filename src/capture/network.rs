//! The network header: addresses, the length of what it carries, and which fragment of a packet it is.

use etherparse::{
    IpAuthHeaderSlice, Ipv6FragmentHeaderSlice, Ipv6RawExtHeaderSlice, LaxIpv6Slice, LaxNetSlice, ip_number,
};
use std::net::{IpAddr, Ipv4Addr};

/// What the header of a packet says.
pub(super) struct Network {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) ttl: u8,
    pub(super) fragment: Option<Fragment>,
    /// Bytes of the header, extensions and options included.
    pub(super) before: usize,
    /// Bytes that it carries.
    pub(super) carried: u32,
}

/// A part of a packet that was too long for a link (RFC 791 3.2, RFC 8200 4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// The same of all parts.
    pub id: u32,
    /// Where its bytes are in the packet.
    pub offset: u32,
    /// How many they are.
    pub len: u32,
    /// More follow.
    pub more: bool,
}

/// Reads the header of a packet that is `length` bytes long.
pub(super) fn network(net: &LaxNetSlice<'_>, length: u32) -> Option<Network> {
    let (source, destination, ttl, whole, before): (IpAddr, IpAddr, u8, u32, usize) = match net {
        LaxNetSlice::Ipv4(v4) => {
            let header = v4.header();
            let whole = match u32::from(header.total_len()) {
                0 => length, // longer than the field can say (BIG TCP)
                whole => whole.min(length),
            };
            let before = header.slice().len();
            (header.source_addr().into(), header.destination_addr().into(), header.ttl(), whole, before)
        }
        LaxNetSlice::Ipv6(v6) => {
            let header = v6.header();
            let whole = match u32::from(header.payload_length()) {
                0 => length,
                payload => (payload + 40).min(length),
            };
            let before = header.slice().len() + v6.extensions().slice().len();
            (header.source_addr().into(), header.destination_addr().into(), header.hop_limit(), whole, before)
        }
        LaxNetSlice::Arp(arp) => {
            let address = |bytes: &[u8]| bytes.first_chunk::<4>().map(|bytes| Ipv4Addr::from(*bytes).into());
            (address(arp.sender_protocol_addr())?, address(arp.target_protocol_addr())?, 0, length, 28)
        }
    };
    let carried = whole.saturating_sub(u32::try_from(before).unwrap_or(u32::MAX));
    let fragment = match net {
        LaxNetSlice::Ipv4(v4) if v4.header().is_fragmenting_payload() => {
            let header = v4.header();
            let offset = u32::from(header.fragments_offset().value()) * 8;
            let id = header.identification().into();
            Some(Fragment { id, offset, len: carried, more: header.more_fragments() })
        }
        LaxNetSlice::Ipv6(v6) => fragment_v6(v6, carried),
        _ => None,
    };
    Some(Network { source, destination, ttl, fragment, before, carried })
}

/// Looks for the fragment header among the extensions. They are walked here because the iterator of `etherparse` 0.21
/// reads past the end of extensions that a packet names but does not hold.
fn fragment_v6(v6: &LaxIpv6Slice<'_>, carried: u32) -> Option<Fragment> {
    let (mut next, mut rest) = (v6.extensions().first_header()?, v6.extensions().slice());
    loop {
        let (after, len) = match next {
            ip_number::IPV6_FRAG => {
                let header = Ipv6FragmentHeaderSlice::from_slice(rest).ok()?;
                if header.is_fragmenting_payload() {
                    let offset = u32::from(header.fragment_offset().value()) * 8;
                    let (id, more) = (header.identification(), header.more_fragments());
                    return Some(Fragment { id, offset, len: carried, more });
                }
                (header.next_header(), header.slice().len())
            }
            ip_number::IPV6_HOP_BY_HOP | ip_number::IPV6_ROUTE | ip_number::IPV6_DEST_OPTIONS => {
                let header = Ipv6RawExtHeaderSlice::from_slice(rest).ok()?;
                (header.next_header(), header.slice().len())
            }
            ip_number::AUTH => {
                let header = IpAuthHeaderSlice::from_slice(rest).ok()?;
                (header.next_header(), header.slice().len())
            }
            _ => return None,
        };
        (next, rest) = (after, rest.get(len..)?);
    }
}

//! Netlink framing, pure: a buffer of bytes to messages and attributes (netlink(7)). Used by its siblings.
//!
//! Both readers take any bytes: they stop at the first length that does not fit.

use std::io;

/// Length of `struct nlmsghdr`.
pub(super) const HEADER: usize = 16;
/// Messages and attributes begin at multiples of this.
const ALIGN: usize = 4;
/// Length of `struct nlattr`.
const ATTRIBUTE: usize = 4;
/// The two high bits of an attribute's type are flags (`NLA_F_NESTED`, `NLA_F_NET_BYTEORDER`).
const TYPE_MASK: u16 = 0x3fff;

/// `SOCK_DIAG_BY_FAMILY`, the type of requests and of the rows that answer them.
pub(super) const BY_FAMILY: u16 = 20;
/// `TCPDIAG_GETSOCK`, the older type for TCP alone: it takes both families in one walk through the kernel's table.
pub(super) const TCP_OLD: u16 = 18;
/// Asks for all that match (`NLM_F_REQUEST | NLM_F_DUMP`).
pub(super) const DUMP: u16 = 0x301;

/// One message of an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    /// `nlmsg_type`.
    pub kind: u16,
    /// `nlmsg_flags`.
    pub flags: u16,
    /// `nlmsg_seq`, that of the request it answers.
    pub seq: u32,
    /// The bytes after the header.
    pub payload: &'a [u8],
}

impl Message<'_> {
    /// The error in a `NLMSG_ERROR` message, or in the last one of a dump; 0 is success.
    pub fn errno(&self) -> Option<io::Error> {
        match self.payload.first_chunk().map(|code| i32::from_ne_bytes(*code)) {
            Some(code) if code < 0 => Some(io::Error::from_raw_os_error(code.wrapping_neg())),
            _ => None,
        }
    }
}

/// The messages in `buffer`.
pub(super) fn messages(mut buffer: &[u8]) -> impl Iterator<Item = Message<'_>> {
    std::iter::from_fn(move || {
        let head: &[u8; HEADER] = buffer.first_chunk()?;
        let length = u32_at(head, 0) as usize;
        let payload = buffer.get(HEADER..length)?;
        let message =
            Message { kind: u16_at(head, 4), flags: u16_at(head, 6), seq: u32_at(head, 8), payload };
        buffer = buffer.get(length.next_multiple_of(ALIGN)..).unwrap_or_default();
        Some(message)
    })
}

/// The attributes in `bytes`, as (type, value).
pub(super) fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let head: &[u8; ATTRIBUTE] = bytes.first_chunk()?;
        let length = usize::from(u16_at(head, 0));
        let value = bytes.get(ATTRIBUTE..length)?;
        bytes = bytes.get(length.next_multiple_of(ALIGN)..).unwrap_or_default();
        Some((u16_at(head, 2) & TYPE_MASK, value))
    })
}

/// The number at `at`, in this machine's order.
pub(super) fn u16_at<const N: usize>(bytes: &[u8; N], at: usize) -> u16 {
    u16::from_ne_bytes([bytes[at], bytes[at + 1]])
}

/// As [`u16_at`], four bytes.
pub(super) fn u32_at<const N: usize>(bytes: &[u8; N], at: usize) -> u32 {
    u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_that_do_not_fit_end_the_reading() {
        for length in [0_u32, 15, 21, u32::MAX] {
            let mut bytes = [0_u8; 20];
            bytes[..4].copy_from_slice(&length.to_ne_bytes());
            assert_eq!(messages(&bytes).count(), 0, "{length}");
        }
        for length in [0_u16, 3, 9, u16::MAX] {
            let mut bytes = [0_u8; 8];
            bytes[..2].copy_from_slice(&length.to_ne_bytes());
            assert_eq!(attributes(&bytes).count(), 0, "{length}");
        }
    }

    #[test]
    fn an_odd_length_is_padded_to_the_next_one() {
        let mut bytes = Vec::new();
        for (kind, value) in [(1_u16, &b"x"[..]), (0x8002, b"yz")] {
            bytes.extend(u16::try_from(ATTRIBUTE + value.len()).unwrap().to_ne_bytes());
            bytes.extend(kind.to_ne_bytes());
            bytes.extend(value);
            bytes.resize(bytes.len().next_multiple_of(ALIGN), 0);
        }
        bytes.truncate(bytes.len() - 2);
        assert_eq!(attributes(&bytes).collect::<Vec<_>>(), [(1, &b"x"[..]), (2, &b"yz"[..])]);
    }
}

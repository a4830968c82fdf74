//! What the first bytes of a connection are: TLS, or something that is not.

/// The bytes that are kept of what a peer sends first: enough to recognise a protocol, too few to hold a secret.
pub(crate) const KEPT: usize = 16;

/// The first bytes are the start of a TLS `ClientHello`: a TLS client talks to a port that speaks none.
#[must_use]
pub fn is_client_hello(first: &[u8]) -> bool {
    matches!(first, [0x16, 0x03, 0x00..=0x04, _, _, 0x01, ..])
}

/// The version in a `ClientHello`, 0x0303 for TLS 1.2 and for 1.3, which names itself elsewhere.
pub(crate) fn hello_version(first: &[u8]) -> Option<u16> {
    let version = first.get(9..11).filter(|_| is_client_hello(first))?;
    Some(u16::from_be_bytes([version[0], version[1]]))
}

/// The start of a TLS record: a known content type and a version 3.x.
pub(crate) fn is_record(first: &[u8]) -> bool {
    matches!(first, [0x14..=0x18, 0x03, ..] | [0x14..=0x18])
}

/// The start of an SSL 2.0 `CLIENT-HELLO`, which very old clients send.
pub(crate) fn is_ssl2_hello(first: &[u8]) -> bool {
    matches!(first, [0x80..=0xff, _, 0x01, 0x00 | 0x03, ..])
}

/// The first bytes as text in quotes, or in hexadecimal digits.
pub(crate) fn quoted(first: &[u8]) -> String {
    if first.iter().all(|byte| matches!(byte, 0x20..=0x7e | b'\r' | b'\n' | b'\t')) {
        return format!("\"{}\"", first.escape_ascii());
    }
    first.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

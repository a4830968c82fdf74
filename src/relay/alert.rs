//! A plain connection to a server that speaks TLS: all that comes back is an alert.

use crate::sys::poll::{Interest, wait};
use crate::sys::socket::Socket;
use std::os::fd::AsFd;

/// The length of an alert as a record of its own (RFC 8446, sections 5.1 and 6).
pub(super) const LENGTH: usize = 7;

/// Waits for the first bytes, which stay where they are; returns whether they are an alert.
pub(super) fn comes_first(socket: &Socket) -> bool {
    let mut first = [0; LENGTH];
    // What fails here fails for the caller's next call too.
    wait(&[(socket.as_fd(), Interest::Reading)], None).is_ok()
        && socket.peek(&mut first).is_ok_and(|length| is_alert(&first[..length]))
}

/// Type, version, length, level, description.
const fn is_alert(bytes: &[u8]) -> bool {
    matches!(bytes, [21, 3, 0..=4, 0, 2, 1 | 2, _])
}

#[cfg(test)]
mod tests {
    use super::is_alert;

    #[test]
    fn an_alert_is_told_from_data() {
        assert!(is_alert(&[21, 3, 3, 0, 2, 2, 50]));
        for other in [&b"\x15\x03\x03\x00\x02\x02"[..], b"\x16\x03\x03\x00\x02\x02\x32", b"HTTP/1."] {
            assert!(!is_alert(other), "{other:?}");
        }
    }
}

//! Line ends as mail and other text protocols want them (RFC 5321, 2.3.8).

use crate::sys::splice::Filter;

/// Makes each line end CR LF; one that is so already stays.
#[must_use]
pub fn filter() -> Filter {
    let mut last = 0;
    Box::new(move |bytes, out| {
        for &byte in bytes {
            if byte == b'\n' && last != b'\r' {
                out.push(b'\r');
            }
            out.push(byte);
            last = byte;
        }
    })
}

//! Line ends of mail and other text protocols (RFC 5321, 2.3.8).

/// Makes each LF of a stream CR LF; a CR LF stays.
#[must_use]
pub fn filter() -> Box<dyn FnMut(&[u8], &mut Vec<u8>) + Send> {
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

//! Line ends of mail and other text protocols (RFC 5321, 2.3.8).

/// Makes each LF of a stream CR LF; a CR LF stays.
#[derive(Default)]
pub struct Crlf {
    last: u8,
}

impl Crlf {
    /// Appends `bytes` to `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for &byte in bytes {
            if byte == b'\n' && self.last != b'\r' {
                out.push(b'\r');
            }
            out.push(byte);
            self.last = byte;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_end_is_made_crlf_once_however_it_is_cut() {
        let (mut crlf, mut out) = (Crlf::default(), Vec::new());
        for part in ["a\nb\r", "\n", "\n", "c"] {
            crlf.push(part.as_bytes(), &mut out);
        }
        assert_eq!(out, b"a\r\nb\r\n\r\nc");
    }
}

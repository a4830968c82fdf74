//! Upper case for a stream, by the rules of Unicode.

use super::utf8::{Chunk, Utf8Chunks};

/// Turns bytes that arrive in chunks into upper case. Bytes that are not UTF-8 pass unchanged.
#[derive(Default)]
pub struct Upper(Utf8Chunks);

impl Upper {
    /// Appends `bytes` in upper case to `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.0.push(bytes, |chunk| raise(chunk, out));
    }

    /// Appends what was held back when the stream ends.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.0.finish(|chunk| raise(chunk, out));
    }
}

fn raise(chunk: Chunk<'_>, out: &mut Vec<u8>) {
    match chunk {
        Chunk::Text(text) if text.is_ascii() => {
            let start = out.len();
            out.extend_from_slice(text.as_bytes());
            out[start..].make_ascii_uppercase();
        }
        Chunk::Text(text) => out.extend_from_slice(text.to_uppercase().as_bytes()),
        Chunk::Invalid(bytes) => out.extend_from_slice(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_split_gives_the_same_bytes(text in "\\PC*", noise in proptest::collection::vec(any::<u8>(), 0..20), cut in 0usize..64) {
            let mut bytes = text.clone().into_bytes();
            bytes.extend_from_slice(&noise);
            let mut whole = Vec::new();
            let mut upper = Upper::default();
            upper.push(&bytes, &mut whole);
            upper.finish(&mut whole);
            let at = cut.min(bytes.len());
            let mut parts = Vec::new();
            let mut upper = Upper::default();
            upper.push(&bytes[..at], &mut parts);
            upper.push(&bytes[at..], &mut parts);
            upper.finish(&mut parts);
            prop_assert_eq!(&whole, &parts);
            if noise.is_empty() {
                prop_assert_eq!(String::from_utf8(whole).unwrap(), text.to_uppercase());
            }
        }
    }
}

//! Upper case for a stream: Unicode's, with characters cut by a read put together again.

/// Turns bytes that come in pieces into upper case. Bytes that are not UTF-8 pass unchanged.
#[derive(Default)]
pub struct Upper {
    /// The beginning of a character whose end has not come yet; at most three bytes.
    cut: Vec<u8>,
}

impl Upper {
    /// Appends `bytes` in upper case to `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let joined;
        let mut rest = if self.cut.is_empty() {
            bytes
        } else {
            self.cut.extend_from_slice(bytes);
            joined = std::mem::take(&mut self.cut);
            &joined
        };
        loop {
            match std::str::from_utf8(rest) {
                Ok(text) => return raise(text, out),
                Err(error) => {
                    let (good, bad) = rest.split_at(error.valid_up_to());
                    raise(std::str::from_utf8(good).unwrap_or_default(), out);
                    let Some(length) = error.error_len() else {
                        self.cut.extend_from_slice(bad);
                        return;
                    };
                    out.extend_from_slice(&bad[..length]);
                    rest = &bad[length..];
                }
            }
        }
    }

    /// What was held back when the stream ended.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.cut);
    }
}

fn raise(text: &str, out: &mut Vec<u8>) {
    if text.is_ascii() {
        let start = out.len();
        out.extend_from_slice(text.as_bytes());
        out[start..].make_ascii_uppercase();
    } else {
        out.extend_from_slice(text.to_uppercase().as_bytes());
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

//! UTF-8 that arrives in chunks: characters cut by a read are put together again. No memory is allocated.

/// Decodes one stream.
#[derive(Debug, Default)]
pub struct Utf8Chunks {
    /// The beginning of a character whose end has not arrived.
    held: [u8; 4],
    length: usize,
}

/// A part of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunk<'a> {
    /// Whole characters; none between two invalid parts.
    Text(&'a str),
    /// Bytes that are not UTF-8: the longest beginning of a character that is not continued, or one byte.
    Invalid(&'a [u8]),
}

impl Utf8Chunks {
    /// Passes `bytes` on in order, but for the beginning of a character at their end.
    pub fn push(&mut self, mut bytes: &[u8], mut take: impl FnMut(Chunk<'_>)) {
        while self.length > 0 {
            let Some((&first, rest)) = bytes.split_first() else { return };
            self.held[self.length] = first;
            match std::str::from_utf8(&self.held[..=self.length]) {
                Ok(character) => {
                    take(Chunk::Text(character));
                    (self.length, bytes) = (0, rest);
                }
                Err(error) if error.error_len().is_none() => (self.length, bytes) = (self.length + 1, rest),
                // What was held is not continued by this byte, which may begin something else.
                Err(_) => self.finish(&mut take),
            }
        }
        // `from_utf8` skips over ASCII by words, `utf8_chunks` does not.
        loop {
            let error = match std::str::from_utf8(bytes) {
                Ok(text) => return take(Chunk::Text(text)),
                Err(error) => error,
            };
            let (valid, invalid) = bytes.split_at(error.valid_up_to());
            take(Chunk::Text(std::str::from_utf8(valid).unwrap_or_default()));
            let Some(length) = error.error_len() else {
                self.length = invalid.len();
                return self.held[..self.length].copy_from_slice(invalid);
            };
            take(Chunk::Invalid(&invalid[..length]));
            bytes = &invalid[length..];
        }
    }

    /// Passes on what is held when the stream ends.
    pub fn finish(&mut self, mut take: impl FnMut(Chunk<'_>)) {
        let length = std::mem::take(&mut self.length);
        if length > 0 {
            take(Chunk::Invalid(&self.held[..length]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decoded(reads: &[&[u8]]) -> (String, Vec<u8>) {
        let (mut shown, mut bytes) = (String::new(), Vec::new());
        let mut take = |chunk: Chunk<'_>| match chunk {
            Chunk::Text(text) => {
                shown.push_str(text);
                bytes.extend_from_slice(text.as_bytes());
            }
            Chunk::Invalid(invalid) => {
                shown.push(char::REPLACEMENT_CHARACTER);
                bytes.extend_from_slice(invalid);
            }
        };
        let mut chunks = Utf8Chunks::default();
        for read in reads {
            chunks.push(read, &mut take);
        }
        chunks.finish(take);
        (shown, bytes)
    }

    proptest! {
        #[test]
        fn chunks_make_no_difference(
            bytes in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..40),
                "\\PC{0,20}".prop_map(String::into_bytes),
                proptest::collection::vec(prop::sample::select(&b"a\xc3\xa9\xe2\x82\xac\xf0\x9f\xa6\x80\xed\xff"[..]), 0..40),
            ],
            step in 1usize..6,
        ) {
            let (shown, same) = decoded(&bytes.chunks(step).collect::<Vec<_>>());
            prop_assert_eq!(shown, String::from_utf8_lossy(&bytes));
            prop_assert_eq!(same, bytes);
        }
    }
}

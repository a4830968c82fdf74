//! The result of a parser for the beginning of a message.

use std::fmt;

/// The state of a message of which some bytes have come.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed<T> {
    /// At least so many more bytes belong to it.
    Missing(usize),
    /// The message, and how many bytes it has.
    Whole(T, usize),
}

/// The reason why bytes are not the message that is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Takes bytes off the front of a message.
pub(super) struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// The message ends before the field: so many bytes are missing.
pub(super) struct Short(pub(super) usize);

impl<'a> Fields<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes were taken.
    pub(super) fn len(&self) -> usize {
        self.at
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Short> {
        let end = self.at + count;
        let taken = self.bytes.get(self.at..end).ok_or_else(|| Short(end - self.bytes.len()))?;
        self.at = end;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Short> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Short> {
        self.array().map(|[byte]| byte)
    }

    /// A field whose length, in bytes, stands before it.
    pub(super) fn counted(&mut self) -> Result<&'a [u8], Short> {
        let count = self.byte()?;
        self.take(count.into())
    }

    /// A field that ends before a NUL, which is taken as well; `None` if it has more than `limit` bytes.
    pub(super) fn until_nul(&mut self, limit: usize) -> Result<Option<&'a [u8]>, Short> {
        let rest = &self.bytes[self.at..];
        match rest.iter().take(limit + 1).position(|byte| *byte == 0) {
            Some(end) => {
                self.at += end + 1;
                Ok(Some(&rest[..end]))
            }
            None if rest.len() > limit => Ok(None),
            None => Err(Short(1)),
        }
    }
}

/// Runs a parser; a field that is short makes the message incomplete.
pub(super) fn parse<'a, T>(
    bytes: &'a [u8],
    read: impl FnOnce(&mut Fields<'a>) -> Result<Result<T, Malformed>, Short>,
) -> Result<Parsed<T>, Malformed> {
    let mut fields = Fields::new(bytes);
    match read(&mut fields) {
        Ok(message) => Ok(Parsed::Whole(message?, fields.len())),
        Err(Short(missing)) => Ok(Parsed::Missing(missing)),
    }
}

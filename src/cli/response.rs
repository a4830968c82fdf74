//! The word of `--respond`: TEXT with escapes, or `@FILE`.

use clap::builder::{OsStringValueParser, TypedValueParser, ValueParser};
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

/// What a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// These bytes; as they were typed in `word`.
    Text {
        /// What is sent.
        bytes: Vec<u8>,
        /// What was typed.
        word: OsString,
    },
    /// The contents of this file; `-` is standard input.
    File(PathBuf),
}

impl Response {
    /// Reads the word: `@FILE` as in curl, else text that knows `\r \n \t \0 \\ \xHH`.
    pub fn parse(word: OsString) -> Result<Self, String> {
        match word.as_bytes().strip_prefix(b"@") {
            Some([]) => {
                Err("the file's name is missing; type @FILE, or \\x40 for a text that begins with @".into())
            }
            Some(path) => Ok(Self::File(OsString::from_vec(path.to_vec()).into())),
            None => Ok(Self::Text { bytes: unescape(word.as_bytes())?, word }),
        }
    }

    pub(super) fn parser() -> ValueParser {
        ValueParser::new(OsStringValueParser::new().try_map(Self::parse))
    }
}

/// Replaces each escape by its byte.
fn unescape(text: &[u8]) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.iter().position(|b| *b == b'\\') {
        bytes.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        let (byte, length) = match rest {
            [b'r', ..] => (b'\r', 1),
            [b'n', ..] => (b'\n', 1),
            [b't', ..] => (b'\t', 1),
            [b'0', ..] => (0, 1),
            [b'\\', ..] => (b'\\', 1),
            [b'x', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                (digit(*high) << 4 | digit(*low), 3)
            }
            _ => {
                let shown: String = String::from_utf8_lossy(rest).chars().take(3).collect();
                return Err(format!(
                    "\\{shown} is not an escape; the escapes are \\r \\n \\t \\0 \\\\ and \\xHH, and \\\\ is a backslash"
                ));
            }
        };
        bytes.push(byte);
        rest = &rest[length..];
    }
    bytes.extend_from_slice(rest);
    Ok(bytes)
}

/// The value of a hexadecimal digit.
const fn digit(character: u8) -> u8 {
    match character {
        b'0'..=b'9' => character - b'0',
        _ => character.to_ascii_lowercase() - b'a' + 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(word: &str) -> Result<Vec<u8>, String> {
        match Response::parse(word.into())? {
            Response::Text { bytes, .. } => Ok(bytes),
            Response::File(path) => panic!("a file: {}", path.display()),
        }
    }

    #[test]
    fn escapes_are_bytes() {
        assert_eq!(text(r"a\r\n\t\0\\\x40\xfF").unwrap(), b"a\r\n\t\0\\@\xff");
        assert_eq!(text("").unwrap(), b"");
        assert_eq!(text(r"\\n").unwrap(), b"\\n");
        for word in [r"\q", r"\", r"a\x4", r"\xg0", r"\x"] {
            assert!(text(word).unwrap_err().contains("not an escape"), "{word}");
        }
    }

    #[test]
    fn an_at_sign_begins_a_file() {
        assert_eq!(Response::parse("@a b".into()), Ok(Response::File("a b".into())));
        assert_eq!(Response::parse("@-".into()), Ok(Response::File("-".into())));
        assert!(Response::parse("@".into()).is_err());
        assert_eq!(text("a@b").unwrap(), b"a@b");
    }
}

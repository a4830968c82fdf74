//! The fingerprint of a certificate: its SHA-256, by which it can be pinned.

use super::Error;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::str::FromStr;

const LEN: usize = 32;

/// The SHA-256 of a certificate's DER form. Printed as `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pin([u8; LEN]);

impl Pin {
    /// The fingerprint of a certificate.
    #[must_use]
    pub fn of(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }
}

impl FromStr for Pin {
    type Err = Error;

    /// Reads 64 hexadecimal digits, with or without colons between bytes and `sha256:` or `SHA256 Fingerprint=` before them.
    fn from_str(text: &str) -> Result<Self, Error> {
        let error = || {
            Error::usage(format!(
                "`{text}` is not a SHA-256 fingerprint: 64 hexadecimal digits, with or without colons"
            ))
        };
        let lower = text.trim().to_ascii_lowercase();
        let digits = ["sha256 fingerprint=", "sha256:"]
            .iter()
            .find_map(|prefix| lower.strip_prefix(prefix))
            .unwrap_or(&lower)
            .replace(':', "");
        if digits.len() != 2 * LEN || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(error());
        }
        let mut pin = [0; LEN];
        for (byte, pair) in pin.iter_mut().zip(digits.as_bytes().chunks(2)) {
            *byte = std::str::from_utf8(pair)
                .ok()
                .and_then(|s| u8::from_str_radix(s, 16).ok())
                .ok_or_else(error)?;
        }
        Ok(Self(pin))
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_spelling_is_read() {
        let pin = Pin::of(b"");
        let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let colons =
            hex.as_bytes().chunks(2).map(|p| std::str::from_utf8(p).unwrap()).collect::<Vec<_>>().join(":");
        assert_eq!(pin.to_string(), format!("sha256:{hex}"));
        for text in [
            hex.to_owned(),
            format!("sha256:{hex}"),
            colons.to_uppercase(),
            format!("SHA256:{colons}"),
            format!("sha256 Fingerprint={}", colons.to_uppercase()),
        ] {
            assert_eq!(text.parse(), Ok(pin), "{text}");
        }
        for text in ["", "sha256:", &hex[1..], &format!("{hex}0"), &hex.replace('e', "g"), "sha1:00"] {
            assert!(text.parse::<Pin>().is_err(), "{text}");
        }
    }
}

//! The response of Digest (RFC 7616 3.4.1), with `qop=auth`.

use md5::{Digest as _, Md5};
use sha2::Sha256;
use std::fmt::Write;

/// The hash of a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Algorithm {
    /// For programs that know nothing better.
    Md5,
    /// RFC 6234.
    Sha256,
}

/// What a response is computed from.
pub(super) struct Response<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) user: &'a str,
    pub(super) password: &'a str,
    pub(super) realm: &'a str,
    pub(super) method: &'a str,
    pub(super) uri: &'a str,
    pub(super) nonce: &'a str,
    /// The count of responses to this nonce, eight hexadecimal digits.
    pub(super) count: &'a str,
    /// The client's nonce.
    pub(super) client_nonce: &'a str,
}

impl Algorithm {
    pub(super) const ALL: [Self; 2] = [Self::Sha256, Self::Md5];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    /// Reads the parameter, which is MD5 where it is absent.
    pub(super) fn parse(name: Option<&str>) -> Option<Self> {
        let name = name.unwrap_or("MD5");
        Self::ALL.into_iter().find(|known| known.name().eq_ignore_ascii_case(name))
    }

    fn hash(self, text: &str) -> String {
        match self {
            Self::Md5 => hex(&Md5::digest(text.as_bytes())),
            Self::Sha256 => hex(&Sha256::digest(text.as_bytes())),
        }
    }
}

impl Response<'_> {
    pub(super) fn compute(&self) -> String {
        let hash = |text: String| self.algorithm.hash(&text);
        let secret = hash(format!("{}:{}:{}", self.user, self.realm, self.password));
        let request = hash(format!("{}:{}", self.method, self.uri));
        hash(format!("{secret}:{}:{}:{}:auth:{request}", self.nonce, self.count, self.client_nonce))
    }
}

/// Bytes in hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to memory cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_standard_are_computed() {
        // RFC 7616 3.9.1.
        for (algorithm, response) in [
            (Algorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
            (Algorithm::Sha256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let example = Response {
                algorithm,
                user: "Mufasa",
                password: "Circle of Life",
                realm: "http-auth@example.org",
                method: "GET",
                uri: "/dir/index.html",
                nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
                count: "00000001",
                client_nonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            };
            assert_eq!(example.compute(), response);
        }
        assert_eq!(Algorithm::parse(None), Some(Algorithm::Md5));
        assert_eq!(Algorithm::parse(Some("sha-256")), Some(Algorithm::Sha256));
        assert_eq!(Algorithm::parse(Some("SHA-256-sess")), None);
    }
}

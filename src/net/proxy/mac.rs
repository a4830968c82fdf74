//! Codes under a key of this run (HMAC with SHA-256, RFC 2104), and random bytes.

use hmac::{Hmac, Mac as _};
use rustix::rand::{GetRandomFlags, getrandom};
use sha2::Sha256;

/// A key that this process alone knows.
#[derive(Clone)]
pub(super) struct Key(Hmac<Sha256>);

impl Key {
    /// A new key. `None` if the system provides no random numbers.
    pub(in crate::net) fn random() -> Option<Self> {
        Hmac::new_from_slice(&random::<32>()?).ok().map(Self)
    }

    /// The code over `text`.
    pub(super) fn code(&self, text: &[u8]) -> [u8; 32] {
        self.0.clone().chain_update(text).finalize().into_bytes().into()
    }

    /// Whether two texts are the same, in constant time.
    pub(super) fn same(&self, ours: &[u8], theirs: &[u8]) -> bool {
        self.0.clone().chain_update(theirs).verify_slice(&self.code(ours)).is_ok()
    }
}

/// Random bytes, at most 256 (getrandom(2)). `None` if the system has none.
pub(in crate::net) fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let length = getrandom(&mut bytes[..], GetRandomFlags::empty()).ok()?;
    (length == N).then_some(bytes)
}

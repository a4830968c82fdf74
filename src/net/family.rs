//! Addresses of other families than the internet's, as people type them: `unix:PATH`, `unix:@NAME`, `vsock:CID:PORT`.

use super::ports::{AddrError, wrong};
use crate::event::{Address, UnixAddress};

/// Whether a word names a UNIX or vsock socket.
pub fn is_socket(word: &str) -> bool {
    word.starts_with("unix:") || word.starts_with("vsock:")
}

/// Reads such a word.
pub fn parse_socket(word: &str) -> Result<Address, AddrError> {
    let unix = |name: &str| -> std::sync::Arc<[u8]> { name.as_bytes().into() };
    if let Some(name) = word.strip_prefix("unix:@").filter(|name| !name.is_empty()) {
        return Ok(Address::Unix(UnixAddress::Abstract(unix(name))));
    }
    match word.split_once(':') {
        Some(("unix", "" | "@")) => wrong("the name is empty; type unix:PATH or unix:@NAME"),
        Some(("unix", path)) => Ok(Address::Unix(UnixAddress::Path(unix(path)))),
        Some((_, rest)) => match rest.split_once(':').map(|(cid, port)| (cid.parse(), port.parse())) {
            Some((Ok(cid), Ok(port))) => Ok(Address::Vsock { cid, port }),
            _ => wrong(format!("{word} is not vsock:CID:PORT; both are numbers")),
        },
        None => wrong(format!("{word} is not an address")),
    }
}

//! Proxies: SOCKS 4, 4a and 5 and HTTP, for clients and servers. Used by `cli` (types), `cmd` and `session`.
//!
//! The codecs are pure: a message is parsed from the bytes that have come, and the parser says how many more it certainly
//! needs. A client therefore reads no byte behind the handshake ([`client`]); a server may read ahead.

mod auth;
pub mod client;
pub mod http;
mod mac;
mod message;
pub mod socks4;
pub mod socks5;
mod url;

pub use auth::{Credentials, Users, lines as user_lines};
pub use message::{Malformed, Parsed};
pub use url::{ProxyUrl, Scheme};

pub(super) use mac::random;
pub(super) use url::percent_decoded;

//! Building blocks over sockets: addresses, names, listeners, connection races. Prints nothing.
//!
//! Uses `event`, `text` and `sys`.

pub mod accept;
pub mod acl;
pub mod address;
pub mod backoff;
pub mod bind;
pub mod bus;
pub mod condition;
pub mod connect;
pub mod datagram;
pub mod expect;
mod family;
pub mod passed;
pub mod pattern;
pub mod peer;
pub mod ports;
pub mod proxy;
pub mod proxy_header;
pub mod resolve;
pub mod service;
pub mod setback;
pub mod source;
pub mod stream;
pub mod tap;
pub mod targets;
#[cfg(feature = "tls")]
pub mod tls;
#[cfg(not(feature = "tls"))]
#[path = "tls/absent.rs"]
pub mod tls;
pub mod udp;

//! TLS 1.2 and 1.3 over any byte stream, by rustls with the `ring` provider. Prints nothing.
//!
//! A [`Connector`] or an [`Acceptor`] is built once from final values, which reads every file, and then serves any number of
//! connections. A handshake gives a [`Stream`] and a [`Handshake`], the facts of the event `tls`, or a [`Failure`] that
//! names what is wrong. The caller sets deadlines.
//!
//! Session tickets are neither sent nor used: each connection verifies its peer, and a peer that only sends has nothing
//! unread when it closes, which would make its kernel reset the connection.

mod accept;
mod certificate;
mod close;
mod connect;
mod der;
mod error;
mod explain;
mod failure;
mod handshake;
mod identity;
mod keylog;
mod options;
mod pem;
mod pin;
mod provider;
mod sniff;
mod stream;
mod verify;
mod verify_client;
mod verify_server;
mod wire;

pub use accept::Acceptor;
pub use certificate::Certificate;
pub use connect::Connector;
pub use error::Error;
pub use failure::{Failure, FailureKind};
pub use handshake::Handshake;
pub use options::{ClientOptions, ServerOptions, Version};
pub use pin::Pin;
pub use stream::{SharedStream, Stream, StreamError};

use crate::event::Verified;
/// The name a client verifies and sends (SNI).
pub use rustls::pki_types::ServerName;

/// The size of a connection's buffers each way once it carries bulk data. Smaller ones cost a third of the speed.
const BUFFER: usize = 256 * 1024;

#[cfg(test)]
mod tests;

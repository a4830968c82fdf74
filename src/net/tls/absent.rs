//! TLS in a build without it: the same names, of which no value that could speak TLS can exist.

#![allow(dead_code)] // what nothing can come of is neither made nor read

mod error;
mod options;
mod pin;

pub use error::Error;
pub use options::{ClientOptions, ServerOptions, Version};
pub use pin::Pin;

use crate::event::TlsFields;
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::task::{Context, Poll};

fn absent() -> Error {
    Error::usage("this build does not include TLS")
}

/// Would make TLS clients of connections.
#[derive(Clone)]
pub struct Connector(Infallible);

impl Connector {
    /// Fails.
    pub fn new(options: &ClientOptions) -> Result<Self, Error> {
        options.check().and(Err(absent()))
    }

    /// Never called.
    #[cfg(feature = "nats")]
    pub(in crate::net) fn configure(&self, _: async_nats::ConnectOptions) -> async_nats::ConnectOptions {
        match self.0 {}
    }

    /// Never called.
    pub fn name(&self, _: Option<&str>) -> Result<ServerName<'static>, Error> {
        match self.0 {}
    }

    /// Never called.
    #[allow(clippy::unused_async)] // as where it waits
    pub async fn connect<S>(&self, _: ServerName<'static>, _: S) -> Result<(Stream<S>, Handshake), Failure> {
        match self.0 {}
    }

    /// Never called.
    #[must_use]
    pub fn keylog_failed(&self) -> bool {
        match self.0 {}
    }
}

/// Would make TLS servers of connections.
#[derive(Clone)]
pub struct Acceptor(Infallible);

impl Acceptor {
    /// Fails.
    pub fn new(options: &ServerOptions) -> Result<Self, Error> {
        options.check().and(Err(absent()))
    }

    /// Never called.
    #[must_use]
    pub fn certificate(&self) -> Certificate {
        match self.0 {}
    }

    /// Never called.
    #[must_use]
    pub fn is_ephemeral(&self) -> bool {
        match self.0 {}
    }

    /// Never called.
    #[allow(clippy::unused_async)] // as where it waits
    pub async fn accept<S>(&self, _: S) -> Result<(Stream<S>, Handshake), Failure> {
        match self.0 {}
    }

    /// Never called.
    #[must_use]
    pub fn keylog_failed(&self) -> bool {
        match self.0 {}
    }
}

/// Would be what a certificate says.
pub struct Certificate(Infallible);

impl Certificate {
    /// Never called.
    #[must_use]
    pub fn fields(&self) -> TlsFields {
        match self.0 {}
    }
}

/// Would be the facts of a handshake.
pub struct Handshake(Infallible);

impl Handshake {
    /// Never called.
    #[must_use]
    pub fn fields(&self) -> TlsFields {
        match self.0 {}
    }
}

/// Would be why a handshake failed.
pub struct Failure {
    /// What it is about.
    pub kind: FailureKind,
    never: Infallible,
}

/// What a [`Failure`] is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The peer closed the connection before the end of the handshake.
    Closed,
    /// The connection broke.
    Io,
}

impl Failure {
    /// Never called.
    #[must_use]
    pub fn io(&self) -> &io::Error {
        match self.never {}
    }

    /// Never called.
    #[must_use]
    pub fn advice(&self) -> Option<String> {
        match self.never {}
    }

    /// Never called.
    #[must_use]
    pub fn fields(&self) -> TlsFields {
        match self.never {}
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.never {}
    }
}

/// Would be the name a client verifies.
pub struct ServerName<'a>(Infallible, PhantomData<&'a ()>);

/// Would be a stream through TLS.
pub struct Stream<S>(Infallible, PhantomData<S>);

impl<S> Stream<S> {
    /// Never called.
    #[must_use]
    pub fn get_ref(&self) -> &S {
        match self.0 {}
    }
}

/// Would be a [`Stream`] whose calls take `&self`.
pub struct SharedStream<S>(Infallible, PhantomData<S>);

impl<S> SharedStream<S> {
    /// Never called.
    #[allow(clippy::needless_pass_by_value)] // as where it is kept
    pub fn new(stream: Stream<S>) -> Self {
        match stream.0 {}
    }

    /// Never called.
    pub fn poll_receive(&self, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<usize>> {
        match self.0 {}
    }

    /// Never called.
    pub fn poll_send(&self, _: &mut Context<'_>, _: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match self.0 {}
    }

    /// Never called.
    pub fn poll_flush(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.0 {}
    }

    /// Never called.
    pub fn has_unsent(&self) -> bool {
        match self.0 {}
    }

    /// Never called.
    pub fn poll_shutdown(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.0 {}
    }
}

/// What would end a stream against the rules of TLS.
#[derive(Debug, PartialEq, Eq)]
pub enum StreamError {
    /// A FIN arrived without `close_notify`.
    Truncated,
    /// The peer sent a fatal alert.
    Alert(String, String),
    /// Bytes that are no TLS.
    Protocol(String),
}

impl StreamError {
    /// None: no error is one of TLS.
    #[must_use]
    pub fn of(_: &io::Error) -> Option<&Self> {
        None
    }
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("truncated"),
            Self::Alert(_, meaning) | Self::Protocol(meaning) => f.write_str(meaning),
        }
    }
}

impl std::error::Error for StreamError {}

//! NATS in a build without it: the same name, of which no value can exist.

use super::{Bus, Options, Received};
use crate::event::Kind;
use crate::sys::{Error, Result};
use std::convert::Infallible;
use std::io;

/// Would be a connection to a NATS server.
pub struct Nats(Infallible);

impl Nats {
    /// Fails.
    #[allow(clippy::unused_async)] // as where it waits
    pub async fn connect(_: &Options) -> Result<Self> {
        Err(Error::new("connect", "--bus", io::Error::other("this build does not include NATS"))
            .about(Kind::Usage))
    }
}

impl Bus for Nats {
    async fn subscribe(&self, _: Vec<String>) -> Result<()> {
        match self.0 {}
    }

    async fn publish(&self, _: String, _: Vec<u8>) {
        match self.0 {}
    }

    async fn receive(&self) -> Received {
        match self.0 {}
    }

    async fn recall(&self, _: &str, _: &mut dyn FnMut(Vec<u8>) -> bool) -> std::result::Result<(), String> {
        match self.0 {}
    }

    fn address(&self) -> String {
        match self.0 {}
    }
}

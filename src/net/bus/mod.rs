//! A message bus, by which the servers of one room hear each other. Prints nothing.
//!
//! [`Bus`] is what the engine of a room needs of one; `nats` is the one there is, behind the feature of the same name. A bus may
//! lose messages without notice: its users number them.

#[cfg(feature = "nats")]
mod nats;
#[cfg(not(feature = "nats"))]
#[path = "absent.rs"]
mod nats;
mod url;

pub use nats::Nats;
pub use url::{BusUrl, Login};

use super::tls::Connector;
use crate::sys::Result;
use std::path::PathBuf;
use std::time::Duration;

/// Where a bus is, and as whom to use it.
#[cfg_attr(not(feature = "nats"), allow(dead_code))] // nothing reads it there
pub struct Options {
    /// Its address.
    pub url: BusUrl,
    /// From the URL, a file or the environment.
    pub login: Option<Login>,
    /// A file with a user's JWT and key (`.creds`).
    pub creds: Option<PathBuf>,
    /// Verifies the server, where the system's roots do not.
    pub tls: Option<Connector>,
    /// How long to keep trying to connect.
    pub wait: Option<Duration>,
}

/// An event of a bus.
#[cfg_attr(not(feature = "nats"), allow(dead_code))] // nothing comes there
pub enum Received {
    /// A message of one of the subjects.
    Message(Vec<u8>),
    /// The connection is lost.
    Lost,
    /// It is back.
    Restored,
    /// So many messages were dropped, because they were not taken in time.
    Overrun(u64),
    /// The server complains.
    Complaint(String),
}

/// A message bus.
#[allow(async_fn_in_trait)] // all of it runs on one thread
pub trait Bus {
    /// Subscribes to subjects; returns once the bus has confirmed it.
    async fn subscribe(&self, subjects: Vec<String>) -> Result<()>;

    /// Sends a message; returns once it is written to the bus. It may get lost all the same.
    async fn publish(&self, subject: String, payload: Vec<u8>);

    /// Waits for something to come.
    async fn receive(&self) -> Received;

    /// The last messages of a subject, the newest first, for as long as `more` wants more. The error says why there are none.
    async fn recall(
        &self,
        subject: &str,
        more: &mut dyn FnMut(Vec<u8>) -> bool,
    ) -> std::result::Result<(), String>;

    /// The address of the server, without secrets.
    fn address(&self) -> String;
}

/// 16 random bytes; `None` if the system has none.
#[must_use]
pub fn random() -> Option<[u8; 16]> {
    super::proxy::random()
}

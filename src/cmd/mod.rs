//! The subcommands: each takes its arguments and a context, and answers how it ended. Uses everything but `output`.

pub mod chat_join;
pub mod chat_serve;
pub mod check;
pub mod completions;
pub mod connect;
mod connect_wait;
mod console;
pub mod demo;
mod demo_chat;
mod demo_many;
mod demo_udp;
pub mod listen;
mod many;
pub mod multi_connect;
mod ready;
mod retry;
mod serve;
pub mod stat;
pub(crate) mod stdout;
mod supply;
pub mod udp_send;
pub mod udp_serve;

use crate::cli::{EofArgs, ServerArgs};
use crate::event::Events;
use crate::event::report::Report;
use crate::exit::Exit;
use crate::net::addr::Endpoint;
use crate::net::listen::Place;
use crate::net::relay::{self, EndConfig, Relay, RelayEnd};
use crate::net::resolve::Lookup;
use crate::sys::echo::EchoedInterrupt;
use crate::sys::pump::Filter;
use crate::sys::signal::{Signal, Stop};
use crate::sys::socket::Sockets;
use crate::sys::wait::{For, wait};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a subcommand works with.
pub struct Context {
    /// Where events go.
    pub events: Events,
    /// Makes sockets.
    pub sockets: Sockets,
    /// The wish to end.
    pub stop: Stop,
    /// Whether Ctrl-C left the cursor in the middle of a line.
    pub echoed: Arc<EchoedInterrupt>,
    /// Takes the rows of a report.
    pub report: Box<dyn Report>,
    /// Whether scripts read the output.
    pub json: bool,
    /// Makes a peer's bytes safe for the terminal they go to; `None` if they do not go to one.
    pub visible: fn() -> Option<Filter>,
    /// Whether what is shown on standard output is coloured.
    pub colour: bool,
    /// The descriptor events go to, if it is a terminal.
    pub events_on_terminal: Option<RawFd>,
    /// Where a server tells that it is ready (`--ready-fd`).
    pub ready_fd: Option<OwnedFd>,
    /// How often progress is told.
    pub progress_every: Duration,
}

/// How a subcommand ended, and why in a few words.
#[derive(Debug)]
pub struct Outcome {
    /// Decides the exit status.
    pub exit: Exit,
    /// For the `exit` event.
    pub cause: String,
    /// Whether the cause is to be told as an error: an ending nobody asked for.
    pub told: bool,
}

/// The answer of a subcommand.
pub type Result = anyhow::Result<Outcome>;

impl Context {
    /// Rests until `then`, or until the program is asked to end.
    #[must_use]
    pub fn rest_until(&self, then: Instant) -> Option<Signal> {
        // If waiting itself fails the rest is short; the caller only tries again sooner.
        let _ = wait(&[(self.stop.as_fd(), For::Reading)], Some(then));
        self.stop.signal()
    }
}

impl Outcome {
    /// Everything was done.
    #[must_use]
    pub fn done() -> Self {
        Self::of(Exit::Done, "done")
    }

    /// Ended with `exit`, for a reason that needs no error line.
    pub fn of(exit: Exit, cause: impl Into<String>) -> Self {
        Self { exit, cause: cause.into(), told: false }
    }

    /// A deadline passed; told as an error.
    pub fn deadline(cause: impl Into<String>) -> Self {
        Self { exit: Exit::Deadline, cause: cause.into(), told: true }
    }

    /// A signal asked for the end.
    #[must_use]
    pub fn stopped(signal: Signal) -> Self {
        Self::of(Exit::Signalled(signal), signal.name())
    }
}

impl From<Relay> for Outcome {
    fn from(relay: Relay) -> Self {
        match relay {
            Relay::Ended(RelayEnd::Done) => Self::done(),
            Relay::OutputClosed => Self::of(Exit::Done, "the reader of standard output went away"),
            Relay::Ended(RelayEnd::Idle(limit)) => {
                Self::deadline(format!("idle timeout: nothing moved for {limit:?}"))
            }
            Relay::Ended(RelayEnd::EofWait(limit)) => Self::deadline(format!(
                "the peer was still open {limit:?} after the end of input (--eof-wait)"
            )),
            Relay::Stopped(signal) => Self::stopped(signal),
        }
    }
}

/// When a connection that is piped with `input` is over.
fn end_config(eof: &EofArgs, idle: Option<Duration>, input: BorrowedFd<'_>) -> EndConfig {
    EndConfig {
        on_eof: eof.on_eof,
        on_peer_eof: eof.on_peer_eof.unwrap_or_else(|| relay::on_peer_eof(input)),
        eof_wait: eof.eof_wait,
        idle,
        send_only: false,
    }
}

/// Where a server is to be reached, `endpoint` as it was read from `words`.
fn place(endpoint: Endpoint, words: &[String], server: &ServerArgs) -> Place {
    let (named, lookup) = (Endpoint::has_host(words), Lookup::from(&server.lookup));
    Place { endpoint, named, public: server.public, lookup }
}

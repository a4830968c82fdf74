//! The datagram client of `udp-send`: one thread sends datagrams, prints the replies, and handles ICMP errors.

mod check;
mod failover;
mod session;
mod wait;

use super::datagrams::{DatagramInput, InputConfig};
use super::{Context, Result, Stdio};
use crate::event::Address;
use crate::net::address::Target;
use crate::net::datagram::longest;
use crate::net::expect::Expect;
use crate::net::resolve::{Lookup, ResolveLimits};
use crate::net::source::reachable;
use crate::net::udp::UdpClientConfig;
use crate::sys;
use session::Session;
use std::time::Duration;

/// What a datagram client does.
pub struct Config {
    /// The host and port, or the UNIX socket, to send to.
    pub target: Target,
    /// Families and DNS.
    pub lookup: Lookup,
    /// How its socket is made.
    pub socket: UdpClientConfig,
    /// What is sent.
    pub payload: Payload,
    /// How many times all of it is sent.
    pub repeat: u64,
    /// The pause between two datagrams.
    pub interval: Option<Duration>,
    /// How long replies are awaited after the last datagram sent or received.
    pub reply_wait: Duration,
    /// The client ends after this many replies; fewer are a failure.
    pub replies: Option<u64>,
    /// What a reply to a check must match.
    pub expect: Option<Expect>,
    /// How long a check is repeated until there is such a reply; `None` for one check.
    pub wait: Option<Duration>,
    /// The input, and where replies are printed.
    pub stdio: Stdio,
}

/// What is sent.
pub enum Payload {
    /// A datagram each.
    Messages(Vec<Vec<u8>>),
    /// Standard input.
    Input(InputConfig),
}

/// Sends everything and prints the replies.
pub fn run(config: &Config, context: &mut Context) -> Result {
    let addresses = reachable(config.socket.source, addresses(config, context)?);
    let limit = longest(&addresses);
    let input = match &config.payload {
        Payload::Messages(messages) => {
            DatagramInput::messages(messages, limit, config.repeat, &config.target)?
        }
        Payload::Input(input) => {
            DatagramInput::open(*input, &config.stdio, limit, config.repeat, &config.target)?
        }
    };
    Session::open(config, addresses, input, context)?.run()
}

/// Tests whether the target replies; until it does, where that is to be waited for.
pub fn check(config: &Config, context: &mut Context) -> Result {
    if config.wait.is_some() { wait::run(config, context) } else { check::run(config, context) }
}

/// The addresses of the target.
fn addresses(config: &Config, context: &Context) -> sys::Result<Vec<Address>> {
    let limits = ResolveLimits { deadline: None, stop: &context.stop };
    limits.resolve_target(config.lookup, &config.target, &context.events)
}

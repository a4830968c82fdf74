//! The datagram server of `udp-serve`: one thread receives datagrams in batches and answers each batch before the next.
//!
//! There are no connections, and so nothing to make tasks of. After a few batches of one socket the server checks signals,
//! deadlines and the other sockets, so that no flood delays them. It waits by poll(2), and only while every queue is empty,
//! which costs a busy socket less than a registration with a reactor, which wakes for every datagram sent.

mod access;
mod answer;
mod commands;
mod forward;
mod listeners;
mod loop_guard;
mod peer_command;
mod recipients;
mod sender;
mod server;
mod server_loop;

pub use answer::Answer;
pub use commands::PeerCommands;
pub use forward::Forward;
pub use listeners::Membership;

use super::datagrams::{DatagramInput, InputConfig};
use super::ready::{self, Ready};
use super::{Context, Result, Stdio};
use crate::net::acl::AccessRules;
use crate::net::bind::BindTarget;
use crate::net::datagram::longest;
use crate::sys::limits;
use crate::sys::options::SocketOption;
use crate::sys::socket::Socket;
use server::UdpServer;
use server_loop::ServerLoop;
use std::time::Duration;

/// What a datagram server does.
pub struct Config {
    /// The addresses to bind; absent where the sockets were passed on.
    pub bind: Option<BindTarget>,
    /// The peers it serves.
    pub access: AccessRules,
    /// The multicast groups to join.
    pub groups: Vec<Membership>,
    /// Set before bind.
    pub options: Vec<SocketOption>,
    /// Where readiness is announced.
    pub ready: Ready,
    /// What each datagram is answered with.
    pub answer: Answer,
    /// A command for each peer instead, which answers.
    pub commands: Option<PeerCommands>,
    /// Where datagrams are forwarded to, instead of an answer of this server's.
    pub forward: Option<Forward>,
    /// Standard input, which is sent to the peers; absent if it is not read.
    pub input: Option<InputConfig>,
    /// Input goes to every recent peer, instead of the last one.
    pub to_all: bool,
    /// The server ends with its input.
    pub ends_with_input: bool,
    /// Datagrams are written to standard output.
    pub shows: bool,
    /// Each datagram written ends with a line feed.
    pub lines: bool,
    /// The server ends after this many datagrams.
    pub count: Option<u64>,
    /// The server ends when no datagram came for this long.
    pub idle_timeout: Option<Duration>,
    /// The input, and where datagrams are written.
    pub stdio: Stdio,
}

/// Serves until a signal, a deadline, the last datagram wanted, or the end of input.
pub fn run(config: &Config, context: &mut Context) -> Result {
    match &config.commands {
        Some(commands) => commands.line.check()?,
        None => drop(limits::raise_descriptors()),
    }
    let sockets = listeners::open(config, context)?;
    let limit = longest(&sockets.iter().filter_map(Socket::local).collect::<Vec<_>>());
    config.answer.expect_to_fit(limit)?;
    let open = |input| DatagramInput::open(input, &config.stdio, limit, 1, &"standard input");
    let input = config.input.map(open).transpose()?;
    ready::announce(&config.ready, &sockets, context)?;
    if let Some(forward) = &config.forward {
        return forward::run(config, forward, sockets, context);
    }
    let (stop, events) = (context.stop.clone(), context.events.clone());
    let server = UdpServer::new(config, &sockets, limit, context, &stop)?;
    ServerLoop { config, server, input, sockets: &sockets, stop: &stop, events: &events }.run()
}

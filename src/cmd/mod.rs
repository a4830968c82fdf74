//! The subcommands: each reads its arguments, configures an engine, runs it, and answers how it ended. Uses everything but
//! `output`, and no other command.

mod access;
pub mod chat_join;
pub mod chat_serve;
pub mod check;
pub mod completions;
pub mod connect;
mod connect_wait;
pub mod demo;
mod demo_chat;
mod demo_many;
mod demo_udp;
pub mod listen;
pub mod multi_connect;
pub mod stat;
pub mod udp_send;
pub mod udp_serve;

use crate::cli::{EofArgs, ServerArgs};
use crate::net::address::Endpoint;
use crate::net::bind::BindTarget;
use crate::net::resolve::Lookup;
use crate::relay::{self, EndConfig};
pub use crate::session::{Context, Outcome, Result};
pub(crate) use access::access_rules;
use std::os::fd::BorrowedFd;
use std::time::Duration;

/// When a connection that is piped with `input` is over.
pub(crate) fn end_config(eof: &EofArgs, idle: Option<Duration>, input: BorrowedFd<'_>) -> EndConfig {
    EndConfig {
        on_eof: eof.on_eof,
        on_peer_eof: eof.on_peer_eof.unwrap_or_else(|| relay::on_peer_eof(input)),
        eof_wait: eof.eof_wait,
        idle,
        send_only: false,
    }
}

/// Where a server is to be reached, `endpoint` as it was read from `words`.
pub(crate) fn bind_target(endpoint: Endpoint, words: &[String], server: &ServerArgs) -> BindTarget {
    let (named, lookup) = (Endpoint::has_host(words), Lookup::from(&server.lookup));
    BindTarget { endpoint, named, public: server.public, lookup }
}

//! The subcommands: each reads its arguments, configures an engine, runs it, and answers how it ended. Uses everything but
//! `output`, and no other command.

mod access;
mod bus;
mod capture;
pub mod chat_join;
pub mod chat_serve;
pub mod check;
mod command;
pub mod completions;
pub mod connect;
pub mod demo;
mod forward;
pub mod listen;
pub mod multi_connect;
mod passed;
mod proxy;
mod proxy_server;
mod response;
pub mod stat;
mod taps;
mod tls;
pub mod udp_send;
pub mod udp_serve;

use crate::cli::{ClientArgs, DatagramArgs, EofArgs, ServerArgs, TlsClientArgs};
use crate::net::address::{Endpoint, Target};
use crate::net::bind::BindTarget;
use crate::net::resolve::Lookup;
use crate::relay::{self, EndConfig};
pub(crate) use proxy::proxy_client;
pub(crate) use proxy_server::{expect_proxy, proxy_service};
pub(crate) use response::response;

use crate::session::datagrams::{DatagramSplit, InputConfig};
use crate::session::opening::Opening;
use crate::session::tls::TlsClient;
pub use crate::session::{Context, Outcome, Result};
pub(crate) use access::access_rules;
pub(crate) use bus::bus;
pub(crate) use capture::capture_config;
pub(crate) use command::{children, command_line};
pub(crate) use demo::language;
pub(crate) use forward::forward_to;
pub(crate) use passed::{bind_target_or_passed, expect_output, input_is_passed, ready};
use std::os::fd::BorrowedFd;
use std::time::Duration;
pub(crate) use taps::open_taps;
pub(crate) use tls::{keylog, tls_client, tls_server, tls_to_target};

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

/// How a client's streams are opened, through `tls` where it is given, and through the proxy of the flags.
/// `tls_args` say what of the certificate of a proxy is accepted.
pub(crate) fn opening(
    args: &ClientArgs,
    tls_args: &TlsClientArgs,
    tls: Option<TlsClient>,
) -> anyhow::Result<Opening> {
    Ok(Opening {
        options: args.socket.options(),
        source: args.source,
        lookup: Lookup::from(&args.lookup),
        proxy: proxy_client(&args.proxy, tls_args)?,
        tls,
        taps: None,
    })
}

/// Where a server is to be reached, `endpoint` as it was read from `words`.
pub(crate) fn bind_target(endpoint: Target, words: &[String], server: &ServerArgs) -> BindTarget {
    let (named, lookup) = (Endpoint::has_host(words), Lookup::from(&server.lookup));
    BindTarget { endpoint, named, public: server.public, lookup, socket_mode: server.socket_mode }
}

/// How standard input becomes datagrams.
fn input_config(args: DatagramArgs) -> InputConfig {
    let split = match args {
        DatagramArgs { per_read: true, .. } => DatagramSplit::Reads,
        DatagramArgs { keep_lf, crlf, .. } if keep_lf || crlf => DatagramSplit::LinesWithEnd,
        _ => DatagramSplit::Lines,
    };
    InputConfig { split, crlf: args.crlf }
}

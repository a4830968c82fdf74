//! The subcommands: each reads its arguments, configures an engine, runs it, and answers how it ended. Uses everything but
//! `output`, and no other command.

mod access;
pub mod chat_join;
pub mod chat_serve;
pub mod check;
pub mod completions;
pub mod connect;
pub mod demo;
pub mod listen;
pub mod multi_connect;
mod response;
pub mod stat;
mod taps;
mod tls;
pub mod udp_send;
pub mod udp_serve;

use crate::cli::{ClientArgs, DatagramArgs, EofArgs, ReadyArgs, ServerArgs};
use crate::net::address::{Endpoint, Target};
use crate::net::bind::BindTarget;
use crate::net::resolve::Lookup;
use crate::relay::{self, EndConfig};
pub(crate) use response::response;

use crate::session::datagrams::{DatagramSplit, InputConfig};
use crate::session::opening::Opening;
use crate::session::ready::Ready;
use crate::session::tls::TlsClient;
pub use crate::session::{Context, Outcome, Result};
pub(crate) use access::access_rules;
use std::os::fd::BorrowedFd;
use std::time::Duration;
pub(crate) use taps::open_taps;
pub(crate) use tls::{tls_client, tls_server};

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

/// How a client's streams are opened, through `tls` where it is given.
pub(crate) fn opening(args: &ClientArgs, tls: Option<TlsClient>) -> Opening {
    Opening {
        options: args.socket.options(),
        source: args.source,
        lookup: Lookup::from(&args.lookup),
        tls,
        taps: None,
    }
}

/// Where a server reports that it is ready.
pub(crate) fn ready(args: &ReadyArgs) -> Ready {
    Ready { file: args.ready_file.clone(), fd: args.ready_fd }
}

/// Where a server is to be reached, `endpoint` as it was read from `words`.
pub(crate) fn bind_target(endpoint: Target, words: &[String], server: &ServerArgs) -> BindTarget {
    let (named, lookup) = (Endpoint::has_host(words), Lookup::from(&server.lookup));
    BindTarget { endpoint, named, public: server.public, lookup }
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

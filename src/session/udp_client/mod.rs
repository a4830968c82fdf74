//! `udp-send`: one thread sends, prints what comes back, and notices what ICMP says.

mod check;
mod client;
mod failover;
mod session;

use super::datagram_source::{Cut, DatagramSource, TooLong};
use super::{Context, Result};
use crate::cli::UdpSend;
use crate::event::Kind;
use crate::net::address::{AddrError, Endpoint, reachable};
use crate::net::datagram::{family, longest};
use crate::net::resolve::Lookup;
use crate::sys;
use crate::sys::options::SocketOption;
use session::Session;
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt;

/// Runs `soquete udp-send`.
pub fn run(args: &UdpSend, context: &mut Context) -> Result {
    let (target, messages) = target(&args.words)?;
    if let (Some(flag), false) = (about_input(args), messages.is_empty()) {
        return Err(AddrError(format!("{flag} is about standard input; leave out the message")).into());
    }
    if args.check {
        return check::run(args, &target, messages, context);
    }
    let addresses = super::resolve::addresses(
        context,
        Lookup::from(&args.client.lookup),
        &target.host,
        target.port,
        None,
    )?;
    let addresses = reachable(args.client.source, addresses);
    let limit = longest(&addresses);
    let cut = match args.size {
        Some(size) => Cut::Pieces(size),
        None if args.whole => Cut::Whole,
        None => Cut::of(args.input),
    };
    let (source, input) = if messages.is_empty() {
        (DatagramSource::new(cut, limit, args.repeat).with_crlf(args.input.crlf), Some(super::pipe::input()?))
    } else {
        (source(messages, &target, limit, args.repeat)?, None)
    };
    let session = Session::open(args, &target, addresses, source, context)?;
    session.run(input)
}

/// The first flag given that has no meaning beside messages.
fn about_input(args: &UdpSend) -> Option<&'static str> {
    let flags = [
        (args.whole, "--whole"),
        (args.size.is_some(), "--size"),
        (args.input.per_read, "--per-read"),
        (args.input.keep_lf, "--keep-lf"),
        (args.input.crlf, "--crlf"),
    ];
    flags.into_iter().find_map(|(given, flag)| given.then_some(flag))
}

/// The target and the messages after it.
fn target(words: &[OsString]) -> std::result::Result<(Endpoint, &[OsString]), AddrError> {
    let front = words.iter().take(2).map(|w| w.to_string_lossy().into_owned());
    let (target, count) = Endpoint::parse_front(&front.collect::<Vec<_>>())?;
    Ok((target.into_target()?, &words[count..]))
}

fn source(messages: &[OsString], target: &Endpoint, limit: usize, times: u64) -> sys::Result<DatagramSource> {
    let messages = messages.iter().map(|m| m.as_bytes());
    DatagramSource::of(messages, limit, times).map_err(|e| refused(&e, target, limit))
}

/// The error for input that is too long.
fn refused(why: &TooLong, target: &Endpoint, limit: usize) -> sys::Error {
    let text = format!("{why}; over {} one holds {limit} bytes at most", family(limit));
    sys::Error::new("send", target, io::Error::other(text)).about(Kind::Data)
}

/// The options for a socket of this command.
fn options(args: &UdpSend) -> Vec<SocketOption> {
    let mut options = args.client.socket.options();
    options.extend(args.broadcast.then_some(SocketOption::Broadcast(true)));
    options.extend(args.multicast_ttl.map(|n| SocketOption::MulticastTtl(n.into())));
    options
}

//! `soquete udp-send`.

use super::{Context, Result};
use crate::cli::UdpSend;
use crate::net::address::{AddrError, Target};
use crate::net::resolve::Lookup;
use crate::net::udp::UdpClientConfig;
use crate::session::Stdio;
use crate::session::datagrams::{DatagramSplit, InputConfig};
use crate::session::udp_client::{self, Config, Payload};
use crate::sys::options::SocketOption;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

/// Runs the subcommand.
pub fn run(args: &UdpSend, context: &mut Context) -> Result {
    let config = config(args)?;
    if args.check { udp_client::check(&config, context) } else { udp_client::run(&config, context) }
}

fn config(args: &UdpSend) -> std::result::Result<Config, AddrError> {
    let (target, messages) = target(&args.words)?;
    if let (Some(flag), false) = (input_flag(args), messages.is_empty()) {
        return Err(AddrError(format!("{flag} applies to standard input; omit the message")));
    }
    Ok(Config {
        target,
        lookup: Lookup::from(&args.client.lookup),
        socket: UdpClientConfig {
            source: args.client.source,
            options: options(args),
            broadcast: args.broadcast,
        },
        payload: payload(args, messages),
        repeat: args.repeat,
        interval: args.interval,
        reply_wait: args.reply_wait,
        replies: args.replies,
        expect: args.expect.clone(),
        wait: args.wait,
        stdio: Stdio::default(),
    })
}

/// The target and the messages after it.
fn target(words: &[OsString]) -> std::result::Result<(Target, &[OsString]), AddrError> {
    let front = words.iter().take(2).map(|w| w.to_string_lossy().into_owned());
    let (target, count) = Target::parse_front(&front.collect::<Vec<_>>())?;
    Ok((target.into_target()?.of_datagrams()?, &words[count..]))
}

/// The messages, or standard input. Without messages a check sends an empty datagram.
fn payload(args: &UdpSend, messages: &[OsString]) -> Payload {
    if args.check && messages.is_empty() {
        return Payload::Messages(vec![Vec::new()]);
    }
    if !messages.is_empty() {
        return Payload::Messages(messages.iter().map(|m| m.as_bytes().to_vec()).collect());
    }
    let input = super::input_config(args.input);
    Payload::Input(match args.size {
        Some(size) => InputConfig { split: DatagramSplit::Pieces(size), ..input },
        None if args.whole => InputConfig { split: DatagramSplit::Whole, ..input },
        None => input,
    })
}

/// The first flag given that has no meaning beside messages.
fn input_flag(args: &UdpSend) -> Option<&'static str> {
    let flags = [
        (args.whole, "--whole"),
        (args.size.is_some(), "--size"),
        (args.input.per_read, "--per-read"),
        (args.input.keep_lf, "--keep-lf"),
        (args.input.crlf, "--crlf"),
    ];
    flags.into_iter().find_map(|(given, flag)| given.then_some(flag))
}

/// The options of its socket.
fn options(args: &UdpSend) -> Vec<SocketOption> {
    let mut options = args.client.socket.options();
    options.extend(args.broadcast.then_some(SocketOption::Broadcast(true)));
    options.extend(args.multicast_ttl.map(|n| SocketOption::MulticastTtl(n.into())));
    options
}

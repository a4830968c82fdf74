//! The flags of the packet view as values.

use super::keylog;
use crate::cli::{Cli, Command, PacketArgs, TlsClientArgs, TlsServerArgs};
use crate::session::capture::CaptureConfig;
use std::path::PathBuf;

/// What is captured, if anything is to be. The progress bar is drawn from events that are not shown.
pub(crate) fn capture_config(cli: &Cli, bar: bool) -> Option<CaptureConfig> {
    let args = packet_args(&cli.command)?;
    let wanted = args.packets.is_some() || args.pcap.is_some() || args.diagram.is_some();
    wanted.then(|| CaptureConfig {
        show: args.packets.is_some(),
        hex: args.packets.as_deref() == Some("hex"),
        detail: cli.global.verbose,
        quiet: cli.global.quiet && !bar,
        file: args.pcap.clone(),
        diagram: args.diagram.clone(),
        keylog: keylog_of(&cli.command),
        others: matches!(cli.command, Command::Stat(_)),
    })
}

/// Where the secrets of a command's TLS sessions are logged.
fn keylog_of(command: &Command) -> Option<PathBuf> {
    let server = |args: &TlsServerArgs| args.tls.then(|| keylog(&args.common)).flatten();
    let client = |args: &TlsClientArgs| args.tls.then(|| keylog(&args.common)).flatten();
    match command {
        Command::Listen(args) => server(&args.tls),
        Command::ChatServe(args) => server(&args.tls),
        Command::Connect(args) => client(&args.tls),
        Command::ChatJoin(args) => client(&args.tls),
        Command::MultiConnect(args) => client(&args.tls),
        _ => None,
    }
}

fn packet_args(command: &Command) -> Option<&PacketArgs> {
    Some(match command {
        Command::Listen(args) => &args.listener.socket.any.packets,
        Command::Connect(args) => &args.client.socket.any.packets,
        Command::ChatServe(args) => &args.listener.socket.any.packets,
        Command::ChatJoin(args) => &args.client.socket.any.packets,
        Command::MultiConnect(args) => &args.client.socket.any.packets,
        Command::UdpServe(args) => &args.own.socket.packets,
        Command::UdpSend(args) => &args.client.socket.packets,
        Command::Stat(args) => &args.packets,
        Command::Demo(_) | Command::Completions { .. } => return None,
    })
}

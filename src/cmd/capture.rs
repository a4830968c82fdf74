//! The flags of the packet view as values.

use super::keylog;
use crate::cli::{Cli, Command, PacketArgs};
use crate::session::capture::CaptureConfig;

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
        keylog: match &cli.command {
            Command::Listen(args) if args.tls.tls => keylog(&args.tls.common),
            Command::Connect(args) if args.tls.tls => keylog(&args.tls.common),
            _ => None,
        },
        others: matches!(cli.command, Command::Stat(_)),
    })
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
        Command::Demo | Command::Completions { .. } => return None,
    })
}

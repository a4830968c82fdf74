//! The flags of the packet view as values.

use crate::cli::{Command, PacketArgs};
use crate::session::capture::CaptureConfig;

/// What is captured, if anything is to be.
pub(crate) fn capture_config(command: &Command, detail: bool) -> Option<CaptureConfig> {
    let args = packet_args(command)?;
    let wanted = args.packets.is_some() || args.pcap.is_some() || args.diagram.is_some();
    wanted.then(|| CaptureConfig {
        show: args.packets.is_some(),
        hex: args.packets.as_deref() == Some("hex"),
        raw_numbers: detail,
        file: args.pcap.clone(),
        diagram: args.diagram.clone(),
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
        Command::Stat(_) | Command::Demo | Command::Completions { .. } => return None,
    })
}

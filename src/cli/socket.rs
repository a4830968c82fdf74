//! Flags shared by every subcommand that opens a socket.

use super::ProxyArgs;
use super::values::{Keepalive, byte, duration, mode, number, size, switch};
use crate::net::acl::AccessSpec;
use crate::net::resolve::Lookup;
use crate::net::source::Source;
use crate::sys::options::SocketOption;
use clap::builder::ArgPredicate;
use clap::{Arg, Args};
use std::path::PathBuf;
use std::time::Duration;

/// The packets of the program's own sockets.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Packets")]
pub struct PacketArgs {
    /// Show each packet between the states; =hex adds its bytes. Needs CAP_NET_RAW
    #[arg(long, value_name = "hex", num_args = 0..=1, require_equals = true, default_missing_value = "", value_parser = ["", "hex"], hide_possible_values = true)]
    pub packets: Option<String>,
    /// Save the packets in FILE, which Wireshark opens (pcapng); - is standard output
    ///
    /// With - standard output carries the packets and nothing else; the received data is in them.
    ///
    /// Each packet that changed a state has a comment with the change. With --tls-keylog the secrets of TLS sessions are saved
    /// too, so that Wireshark decrypts them.
    #[arg(long, value_name = "FILE")]
    pub pcap: Option<PathBuf>,
    /// Draw the conversations in FILE: .svg, .mmd (Mermaid) or text; - is standard output
    #[arg(long, value_name = "FILE")]
    pub diagram: Option<PathBuf>,
}

/// Options of any socket, set before bind or connect and read back.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Socket options")]
pub struct SocketArgs {
    /// Bind an address that is still in TIME-WAIT [listeners: on by default]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = switch)]
    pub reuseaddr: Option<bool>,
    /// Let several sockets share one address
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = switch)]
    pub reuseport: Option<bool>,
    /// Accept IPv6 only on an IPv6 socket
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = switch)]
    pub v6only: Option<bool>,
    /// Send buffer; the kernel doubles it
    #[arg(long, value_name = "BYTES", value_parser = size)]
    pub sndbuf: Option<usize>,
    /// Receive buffer; the kernel doubles it
    #[arg(long, value_name = "BYTES", value_parser = size)]
    pub rcvbuf: Option<usize>,
    /// Time to live, or hop limit, of packets sent
    #[arg(long, value_name = "N")]
    pub ttl: Option<u8>,
    /// Type of service, or traffic class, of packets sent
    #[arg(long, value_name = "N", value_parser = byte)]
    pub tos: Option<u8>,
    /// Use this network interface only
    #[arg(long, value_name = "NAME")]
    pub device: Option<String>,
    /// Mark packets for routing and filtering
    #[arg(long, value_name = "N", value_parser = number)]
    pub mark: Option<u32>,
    /// Bind addresses this machine does not have
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = switch)]
    pub freebind: Option<bool>,
    /// Packets.
    #[command(flatten)]
    pub packets: PacketArgs,
}

impl SocketArgs {
    /// The options asked for, in the order they are set.
    #[must_use]
    pub fn options(&self) -> Vec<SocketOption> {
        [
            self.reuseaddr.map(SocketOption::ReuseAddr),
            self.reuseport.map(SocketOption::ReusePort),
            self.v6only.map(SocketOption::V6Only),
            self.freebind.map(SocketOption::FreeBind),
            self.device.clone().map(SocketOption::Device),
            self.mark.map(SocketOption::Mark),
            self.sndbuf.map(SocketOption::SendBuffer),
            self.rcvbuf.map(SocketOption::ReceiveBuffer),
            self.ttl.map(|n| SocketOption::Ttl(n.into())),
            self.tos.map(|n| SocketOption::Tos(n.into())),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Options of a TCP socket, those of any socket among them.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Socket options")]
pub struct TcpSocketArgs {
    /// Send small segments at once (no Nagle)
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = switch)]
    pub nodelay: Option<bool>,
    /// Probe a silent peer: seconds before the first probe, between probes, and how many
    #[arg(long, value_name = "IDLE[,INTERVAL[,COUNT]]", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub keepalive: Option<Keepalive>,
    /// Make close wait for unsent data; 0 makes it send RST
    #[arg(long, value_name = "SECONDS")]
    pub linger: Option<u16>,
    /// Largest TCP segment
    #[arg(long, value_name = "N")]
    pub mss: Option<u32>,
    /// Abort the connection when data stays unacknowledged this long
    #[arg(long, value_name = "DUR", value_parser = duration)]
    pub user_timeout: Option<Duration>,
    /// Congestion control algorithm
    #[arg(long, value_name = "NAME")]
    pub congestion: Option<String>,
    /// Use Multipath TCP; a connection to a peer without it falls back to TCP, and an event reports it
    #[arg(long)]
    pub mptcp: bool,
    /// Those of any socket.
    #[command(flatten)]
    pub any: SocketArgs,
}

impl TcpSocketArgs {
    /// The options asked for, in the order they are set.
    #[must_use]
    pub fn options(&self) -> Vec<SocketOption> {
        let keepalive = self.keepalive.unwrap_or_default();
        let linger = self.linger.map(u64::from);
        let own = [
            self.mptcp.then_some(SocketOption::Multipath(true)),
            self.nodelay.map(SocketOption::NoDelay),
            self.keepalive.map(|_| SocketOption::Keepalive(true)),
            keepalive.idle.map(SocketOption::KeepIdle),
            keepalive.interval.map(SocketOption::KeepInterval),
            keepalive.count.map(SocketOption::KeepCount),
            linger.map(SocketOption::Linger),
            self.mss.map(SocketOption::Mss),
            self.user_timeout.map(SocketOption::UserTimeout),
            self.congestion.clone().map(SocketOption::Congestion),
        ];
        self.any.options().into_iter().chain(own.into_iter().flatten()).collect()
    }

    /// As [`Self::options`] for a server's socket, where `--reuseaddr` is on unless switched off.
    #[must_use]
    pub fn server_options(&self) -> Vec<SocketOption> {
        let mut args = self.clone();
        args.any.reuseaddr = Some(self.any.reuseaddr.unwrap_or(true));
        args.options()
    }
}

/// Which addresses a name stands for.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Addresses")]
pub struct LookupArgs {
    /// IPv4 only
    #[arg(short = '4', long = "ipv4", conflicts_with = "only_v6")]
    pub only_v4: bool,
    /// IPv6 only
    #[arg(short = '6', long = "ipv6")]
    pub only_v6: bool,
    /// No DNS: hosts are literal addresses
    #[arg(short = 'n', long = "numeric")]
    pub numeric: bool,
}

impl From<&LookupArgs> for Lookup {
    fn from(args: &LookupArgs) -> Self {
        Self { only_v4: args.only_v4, only_v6: args.only_v6, numeric: args.numeric }
    }
}

/// Where a server is reached.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Addresses")]
pub struct ServerArgs {
    /// Listen on every interface, in both families, instead of loopback
    #[arg(long)]
    pub public: bool,
    /// Permissions of the file of a UNIX socket, as with chmod [default: 0600]
    #[arg(long, value_name = "MODE", value_parser = mode, help_heading = "Addresses")]
    pub socket_mode: Option<u32>,
    /// Families and names.
    #[command(flatten)]
    pub lookup: LookupArgs,
    /// The peers it serves.
    #[command(flatten)]
    pub access: AccessArgs,
}

/// Which peers a server serves.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Access")]
pub struct AccessArgs {
    /// Serve these peers only: an address, a block as 10.0.0.0/8, a range as 10.0.0.1-10.0.0.9, or a host name; repeatable
    #[arg(long, value_name = "SPEC")]
    pub allow: Vec<AccessSpec>,
    /// Refuse these peers, even if allowed; repeatable
    #[arg(long, value_name = "SPEC")]
    pub deny: Vec<AccessSpec>,
    /// Allow the peers in FILE, one SPEC a line, # begins a comment; an empty file allows nobody
    #[arg(long, value_name = "FILE")]
    pub allow_file: Vec<PathBuf>,
    /// Refuse the peers in FILE, one SPEC a line
    #[arg(long, value_name = "FILE")]
    pub deny_file: Vec<PathBuf>,
}

/// Options of the listeners of a TCP server.
#[derive(Clone, Debug, Args)]
#[command(mut_arg("v6only", v6only_of_a_server), mut_arg("mptcp", |mptcp| mptcp.conflicts_with("PassedArgs")))]
pub struct ListenerArgs {
    /// Length of the accept queue; the kernel caps it
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1024,
        help_heading = "Socket options",
        conflicts_with = "PassedArgs"
    )]
    pub backlog: u32,
    /// How readiness is reported.
    #[command(flatten)]
    pub ready: ReadyArgs,
    /// Socket options.
    #[command(flatten)]
    pub socket: TcpSocketArgs,
}

/// Options of the socket of a UDP server.
#[derive(Clone, Debug, Args)]
#[command(mut_arg("v6only", v6only_of_a_server), mut_arg("reuseaddr", reuseaddr_of_datagrams))]
pub struct UdpServerArgs {
    /// How readiness is reported.
    #[command(flatten)]
    pub ready: ReadyArgs,
    /// Socket options.
    #[command(flatten)]
    pub socket: SocketArgs,
}

/// With `-6` a server accepts IPv6 only, also at `::`; an explicit `--v6only` overrides it.
fn v6only_of_a_server(v6only: Arg) -> Arg {
    v6only
        .default_value_if("only_v6", ArgPredicate::Equals("true".into()), "true")
        .help("Accept IPv6 only on an IPv6 socket [with -6: on by default]")
}

fn reuseaddr_of_datagrams(reuseaddr: Arg) -> Arg {
    reuseaddr.help("Share the address with other sockets that allow it too, as for multicast")
}

/// Options of the socket of a TCP client.
#[derive(Clone, Debug, Default, Args)]
pub struct ClientArgs {
    /// The proxy.
    #[command(flatten)]
    pub proxy: ProxyArgs,
    /// Local address: ADDR, ADDR:PORT or :PORT
    #[arg(long, value_name = "ADDR[:PORT]", help_heading = "Addresses")]
    pub source: Option<Source>,
    /// Families and names.
    #[command(flatten)]
    pub lookup: LookupArgs,
    /// Socket options.
    #[command(flatten)]
    pub socket: TcpSocketArgs,
}

/// Options of the socket of a UDP client.
#[derive(Clone, Debug, Default, Args)]
#[command(mut_arg("reuseaddr", reuseaddr_of_datagrams))]
pub struct UdpClientArgs {
    /// Local address: ADDR, ADDR:PORT or :PORT
    #[arg(long, value_name = "ADDR[:PORT]", help_heading = "Addresses")]
    pub source: Option<Source>,
    /// Families and names.
    #[command(flatten)]
    pub lookup: LookupArgs,
    /// Socket options.
    #[command(flatten)]
    pub socket: SocketArgs,
}

/// How a server reports that it is ready, besides its `listening` event.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Readiness")]
pub struct ReadyArgs {
    /// Write the addresses to this file once ready
    #[arg(long, value_name = "PATH")]
    pub ready_file: Option<PathBuf>,
    /// Write the addresses to this inherited descriptor once ready, and close it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    pub ready_fd: Option<i32>,
}

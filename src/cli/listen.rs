//! `soquete listen`.

use super::proxy::only_to_forward;
use super::values::duration;
use super::{
    ExecArgs, ForwardArgs, ForwardTarget, ListenerArgs, PassedArgs, ProxyKind, ProxyServerArgs, Response,
    ServerArgs, TapArgs, TlsServerArgs, UserArgs,
};
use crate::relay::{OnEof, OnPeerEof};
use clap::Args;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// Accept connections: TCP, or of a UNIX or vsock socket.
///
/// The first client is connected with standard input and output; the program ends when both sides are done. A bare port
/// listens on loopback in both families; --public or an address opens it to others.
///
/// With -k and no service, standard input goes to every client, and data from clients is printed as it arrives. A client
/// that falls 4 MiB of input behind holds the others up only while it takes 1 MiB a second or more; a slower one is
/// disconnected after about a second, with a reset.
///
/// A client that --allow and --deny leave out is reset before a byte is exchanged. It does not count for --max-conns and
/// does not end the program.
///
/// At unix:PATH or unix:@NAME (an abstract name, which is no file) clients of this machine are served. The file is made with mode
/// 0600 or --socket-mode and removed at the end. A socket file that no process has is replaced; one in use, and every
/// other file, is an error. --allow and --deny do not apply there: every user who may write to the socket may connect. A UNIX
/// connection has no reset: a client that is refused or disconnected sees an end.
///
/// With --echo, --upper, --respond, --discard and --send, --show prints what clients send. With --prefix each line is
/// tagged; one longer than 64 KiB is printed in pieces.
///
/// Taps are those of connect, where the format of a hex dump is described. The files are shared by all clients, whose
/// pieces are written whole: --output has the bytes as they arrived, without the tags of --prefix, and a hex dump says
/// which connection a piece is of.
///
/// With --tls a client has 10 seconds for its handshake; one that fails is closed with an alert and a warning, and harms no
/// other. Without -k the first client whose handshake succeeds is served. A FIN of a client without close_notify is a
/// truncation, an error of that connection.
///
/// With --exec or --sh-exec a command is run for each client. The connection itself is its standard input and output, with
/// TLS or a tap two pipes are; its standard error is that of this program. It finds the addresses in its environment:
/// SOQUETE_PEER_ADDR, SOQUETE_PEER_PORT, SOQUETE_LOCAL_ADDR, SOQUETE_LOCAL_PORT, SOQUETE_PROTO, SOQUETE_CONN (the number in
/// events), SOQUETE_TLS_SUBJECT (of a client's certificate), and as ncat names them NCAT_REMOTE_ADDR, NCAT_REMOTE_PORT,
/// NCAT_LOCAL_ADDR, NCAT_LOCAL_PORT, NCAT_PROTO. It inherits no other descriptor, and no signal is ignored in it.
///
/// A connection ends with its command, even if a process that the command left behind has it too. A connection that breaks
/// sends SIGHUP to the command's process group. At the end of this program, and with --idle-timeout, the group gets
/// SIGTERM, and SIGKILL after two seconds. Without -k the exit status is that of the command, 128 and the signal's number
/// where a signal ended it. A command that is not there is an error before the first client.
///
/// --forward joins each client with a connection of its own to TARGET, whose name is looked up each time. A half-close passes
/// through, each way; a reset on one side is a reset on the other; a target that cannot be reached within 10 seconds is a
/// reset of the client, with a warning. Socket options apply to both connections. Of a tls: target the certificate is
/// verified (--tls-ca, --tls-insecure); --tls-name, --tls-pin, --tls-cert and --alpn apply to the target as well, unless
/// --tls is there, with which they are the clients'.
///
/// --accept-proxy-header works with every service. A client without a well-formed header within 10 seconds is reset, with a
/// warning. Access rules apply to the peer's address, then to the client that the header names, which also tags lines with
/// --prefix and is passed on by --send-proxy-header.
///
/// --proxy-server serves SOCKS4, SOCKS4a, SOCKS5 and HTTP (CONNECT, and requests with an absolute URI, one a connection), told
/// apart by the first byte. A client has 10 seconds for its request. --auth and --auth-file admit users by Basic, Digest or
/// the passwords of SOCKS5; SOCKS4 has none. --allow-dest and --deny-dest apply to the addresses that a name stands for when
/// it is connected, and to no other; without them a client reaches what this machine reaches, its loopback addresses too.
///
/// With --activation, --fd or --inetd another program made the socket: a listener is served, and left to that program at
/// the end; a connection is the only client. Standard input and output that are the socket itself are not used: without a
/// service nothing is sent, and received data needs another standard output.
///
/// With --user the sockets are bound and files of the command line are read first, then every thread becomes that user,
/// then readiness is reported: the ready file is written as that user. The file of a UNIX socket is removed at the end if that
/// user may write to its directory; the next server replaces it otherwise.
///
/// A duration (DUR) is 250ms, 5s or 1m30s, a bare number is seconds; BYTES may be 64k, 1M, 1G.
#[derive(Debug, Args)]
#[command(
    override_usage = "soquete listen [OPTIONS] [HOST] <PORT> [-- <COMMAND>...]",
    after_help = EXAMPLES,
    mut_arg("proxy", only_to_forward),
    mut_group("ExecArgs", |group| group.conflicts_with_all(["on_eof", "eof_wait", "on_peer_eof", "progress"])),
)]
pub struct Listen {
    /// Where: PORT, HOST PORT, HOST:PORT, [V6]:PORT, unix:PATH, unix:@NAME or vsock:CID:PORT; port 0 takes a free one
    #[arg(value_name = "[HOST] PORT", required_unless_present = "PassedArgs", num_args = 1..=2)]
    pub address: Vec<String>,
    /// Keep accepting; clients are served at the same time
    #[arg(short, long)]
    pub keep_open: bool,
    /// Send standard input and print nothing; without -k, end once it is acknowledged
    #[arg(long, conflicts_with_all = ["recv_only", "ServiceArgs", "ExecArgs"])]
    pub send_only: bool,
    /// Do not read standard input
    #[arg(long, conflicts_with_all = ["ServiceArgs", "ExecArgs"])]
    pub recv_only: bool,
    /// Send line ends as CR LF
    #[arg(short = 'C', long, conflicts_with_all = ["recv_only", "ServiceArgs", "ExecArgs"])]
    pub crlf: bool,
    /// Tag each line from a client with its address
    #[arg(long, conflicts_with = "ExecArgs")]
    pub prefix: bool,
    /// Print what clients send to the service, escaped on a terminal
    #[arg(long, requires = "ServiceArgs")]
    pub show: bool,
    /// Serve at most N clients at once; others wait in the accept queue
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_conns: Option<u32>,
    /// Reset clients over --max-conns instead of letting them wait
    #[arg(long, requires = "max_conns")]
    pub reject: bool,
    /// End when there is no client for this long
    #[arg(long, value_name = "DUR", value_parser = duration)]
    pub accept_timeout: Option<Duration>,
    /// End a connection that is idle for this long
    #[arg(long, value_name = "DUR", value_parser = duration)]
    pub idle_timeout: Option<Duration>,
    /// Sockets of another program.
    #[command(flatten)]
    pub passed: PassedArgs,
    /// The user it becomes.
    #[command(flatten)]
    pub user: UserArgs,
    /// Families, names, reach.
    #[command(flatten)]
    pub server: ServerArgs,
    /// The service.
    #[command(flatten)]
    pub service: ServiceArgs,
    /// A command for each client.
    #[command(flatten)]
    pub exec: ExecArgs,
    /// The command of --exec and its arguments
    #[arg(last = true, value_name = "COMMAND", requires = "exec", help_heading = "Command")]
    pub command: Vec<OsString>,
    /// How the end of standard input and transfers are treated.
    #[command(flatten)]
    pub pipe: PipeArgs,
    /// Forwarding.
    #[command(flatten)]
    pub forward: ForwardArgs,
    /// Taps.
    #[command(flatten)]
    pub taps: TapArgs,
    /// The users and destinations of a proxy server.
    #[command(flatten)]
    pub proxy: ProxyServerArgs,
    /// TLS.
    #[command(flatten)]
    pub tls: TlsServerArgs,
    /// Its sockets.
    #[command(flatten)]
    pub listener: ListenerArgs,
}

/// A service instead of standard input and output.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Service")]
#[group(multiple = false, conflicts_with = "ExecArgs")]
pub struct ServiceArgs {
    /// Send data back
    #[arg(long)]
    pub echo: bool,
    /// Send data back in upper case
    #[arg(long)]
    pub upper: bool,
    /// Discard data
    #[arg(long)]
    pub discard: bool,
    /// Send TEXT, or the contents of FILE, then FIN. TEXT may contain \r \n \t \0 \\ \xHH; @- is standard input
    #[arg(long, value_name = "TEXT|@FILE", value_parser = Response::parser())]
    pub respond: Option<Response>,
    /// Send FILE, then FIN
    #[arg(long, value_name = "FILE")]
    pub send: Option<PathBuf>,
    /// Run a proxy: SOCKS4, SOCKS4a, SOCKS5 and HTTP on one port, or those of KIND
    #[arg(long, value_name = "KIND", num_args = 0..=1, require_equals = true, default_missing_value = "all")]
    pub proxy_server: Option<ProxyKind>,
    /// Forward each client to TARGET through a connection of its own: HOST:PORT, [V6]:PORT, PORT, unix:PATH, vsock:CID:PORT; prefix tls: for TLS
    #[arg(long, value_name = "TARGET", group = "speaks_tls")]
    pub forward: Option<ForwardTarget>,
}

/// How a transfer ends, and what is shown meanwhile.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Transfer")]
pub struct PipeArgs {
    /// How it ends.
    #[command(flatten)]
    pub eof: EofArgs,
    /// Show a bar with rate and remaining time (on a terminal); with -v the throughput of the last seconds too
    #[arg(long)]
    pub progress: bool,
}

/// What the end of either side means to a connection.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Transfer")]
pub struct EofArgs {
    /// What to do when standard input ends
    #[arg(long, value_name = "WHAT", default_value = "half-close")]
    pub on_eof: OnEof,
    /// Wait at most this long for the peer after standard input ended
    #[arg(long, value_name = "DUR", value_parser = duration)]
    pub eof_wait: Option<Duration>,
    /// What to do when the peer has finished sending and standard input is still open [default: end on a terminal, send the rest of a file, send a pipe until it ends or the peer is gone]
    #[arg(long, value_name = "WHAT", hide_possible_values = true)]
    pub on_peer_eof: Option<OnPeerEof>,
}

const EXAMPLES: &str = "\
Examples:
  soquete listen 4333                     talk to the first client
  soquete listen --public 1234 > out      receive a file from anywhere
  tar c dir | soquete listen 12987        serve a stream once
  soquete listen 1234 --send file         serve a file once
  soquete listen -k --echo 7000           an echo server for many clients
  soquete listen -k --respond @page.http 8080
                                          the same answer for every client
  soquete listen -k --echo --show --prefix 7000
                                          see what they send
  soquete listen -k --hex-dump dump 4333  keep every byte, with its time
  soquete listen -k --prefix 4333         read many clients, each line tagged
  soquete listen -k --max-conns 2 --reject --echo 7000
                                          reject the third client
  soquete listen -k --echo --public 7000 --allow 10.0.0.0/8 --deny 10.0.0.1
                                          serve one network but one host
  soquete listen -k --tls --tls-cert site.pem --respond @page.http 8443
                                          the same answer through TLS
  soquete listen -k 7000 --exec -- cat -n
                                          a command for each client
  soquete listen -k --max-conns 10 7000 --sh-exec 'read name; echo hello $name'
                                          a line of shell, ten at once
  soquete listen -k --upper unix:/run/user/1000/up --socket-mode 0666
                                          a UNIX socket that every user may use
  soquete listen -k --proxy-server --auth-file users --deny-dest 10.0.0.0/8 1080
                                          a SOCKS and HTTP proxy
  soquete listen -k --forward db.example:5432 5432
                                          forward a port
  soquete listen -k --tls --tls-cert site.pem --forward unix:/run/app --public 443
                                          TLS in front of a plain server
  soquete listen -k --user nobody --respond @page.http 80
                                          drop privileges once bound
  soquete listen -k --activation --echo   ExecStart= of a service with a .socket unit
  soquete listen --inetd --upper          the same for inetd, or with Accept=yes
  soquete listen 0 --ready-file addr      take a free port, say which";

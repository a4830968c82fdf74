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

/// Accept connections: TCP, UNIX or vsock.
///
/// The first client is connected with standard input and output; the program ends when both sides are done. A bare port
/// listens on loopback in both families; --public or an address opens it to others.
///
/// With -k and no service, standard input goes to every client, and data from clients is printed as it arrives. A client
/// that falls 4 MiB of input behind delays the others only while it takes at least 1 MiB a second; a slower one is
/// disconnected with a reset after about a second.
///
/// With --prefix each line is tagged; a line longer than 64 KiB is printed in pieces.
///
/// A client that --allow and --deny exclude is reset before a byte is exchanged. It does not count for --max-conns and
/// does not end the program.
///
/// With --exec or --sh-exec a command is run for each client, with the connection itself as its standard input and output;
/// with TLS or a tap, two pipes replace the connection. Standard error is that of this program. The command inherits no other
/// descriptor and no ignored signal. Its environment has the addresses: SOQUETE_PEER_ADDR, SOQUETE_PEER_PORT,
/// SOQUETE_LOCAL_ADDR, SOQUETE_LOCAL_PORT, SOQUETE_PROTO, SOQUETE_CONN (the number in events) and SOQUETE_TLS_SUBJECT (of
/// the client's certificate); for ncat compatibility also NCAT_REMOTE_ADDR, NCAT_REMOTE_PORT, NCAT_LOCAL_ADDR,
/// NCAT_LOCAL_PORT and NCAT_PROTO.
///
/// A connection ends when its command exits, even if a process that the command started still holds it. A broken connection
/// sends SIGHUP to the command's process group. When this program ends, or --idle-timeout expires, the group gets SIGTERM,
/// and SIGKILL after two seconds. Without -k the exit status is that of the command, or 128 plus the signal number if a
/// signal ended it. A command that does not exist is an error at start.
///
/// With --tls a client has 10 seconds for its handshake. A client that fails the handshake is closed with an alert and a
/// warning; other clients are not affected. Without -k the first client whose handshake succeeds is served. A FIN without
/// close_notify is a truncation, an error of that connection.
///
/// --forward connects to TARGET once for each client and looks its name up each time. A half-close passes through in both
/// directions; a reset on one side resets the other. If the target cannot be reached within 10 seconds, the client is
/// reset and a warning is printed. Socket options apply to both connections. The certificate of a tls: target is verified
/// (--tls-ca, --tls-insecure). Without --tls, the options --tls-name, --tls-pin, --tls-cert and --alpn apply to the target;
/// with --tls they apply to the clients.
///
/// --accept-proxy-header works with every service. A client that sends no well-formed header within 10 seconds is reset with
/// a warning. Access rules apply to the peer's address, then to the client address in the header; --prefix and
/// --send-proxy-header use the latter.
///
/// --proxy-server detects the protocol by the first byte: SOCKS4, SOCKS4a, SOCKS5, or HTTP (CONNECT, and one request with an
/// absolute URI per connection). A client has 10 seconds for its request. --auth and --auth-file check users by HTTP Basic
/// or Digest, or by SOCKS5 password; they refuse SOCKS4, which has no passwords. --allow-dest and --deny-dest apply to the
/// addresses that a name resolves to when the proxy connects. Without them a client can reach whatever this machine
/// can, including its loopback addresses.
///
/// At unix:PATH or unix:@NAME (an abstract name, not a file) the server accepts clients of this machine. The file is created
/// with mode 0600 or --socket-mode and removed at the end. A socket file that no process uses is replaced; a socket in
/// use, or any other file, is an error. --allow and --deny cannot be used without --accept-proxy-header: every user who may
/// write to the socket may connect. A UNIX connection has no reset: a client that is refused or disconnected sees the end of data.
///
/// Taps work as with connect, whose manual describes the format of a hex dump. All clients share the files, and each
/// piece is written whole: --output holds the bytes as they arrived, without the tags of --prefix; a hex dump names
/// the connection of each piece.
///
/// With --activation, --fd or --inetd another program made the socket. A listener is served, and left open for that
/// program at the end; a connection is the only client. If standard input or output is the socket itself, it is not used
/// for data: without a service nothing is sent, and received data needs another standard output.
///
/// With --user the program binds its sockets and reads the files of the command line, switches every thread to that user,
/// then reports readiness: the ready file is written as that user. The file of a UNIX socket is removed at the end if that
/// user may write to its directory; otherwise the next server replaces it.
///
/// A duration (DUR) is 250ms, 5s or 1m30s; a bare number is seconds. BYTES may be 64k, 1M, 1G.
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
    #[arg(long, conflicts_with_all = ["ServiceArgs", "ExecArgs", "on_eof", "eof_wait", "on_peer_eof"])]
    pub recv_only: bool,
    /// Send line ends as CR LF
    #[arg(short = 'C', long, conflicts_with_all = ["recv_only", "ServiceArgs", "ExecArgs"])]
    pub crlf: bool,
    /// Tag each line from a client with its address
    #[arg(long, conflicts_with_all = ["ExecArgs", "send_only"])]
    pub prefix: bool,
    /// Print what clients send to the service, escaped on a terminal
    #[arg(long, requires = "ServiceArgs", conflicts_with_all = ["ExecArgs", "proxy_server", "forward"])]
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
#[group(multiple = false, conflicts_with_all = ["ExecArgs", "on_eof", "eof_wait", "on_peer_eof", "progress"])]
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

impl ServiceArgs {
    /// Whether clients get a service.
    #[must_use]
    pub const fn is_any(&self) -> bool {
        let answers =
            self.echo || self.upper || self.discard || self.respond.is_some() || self.send.is_some();
        answers || self.proxy_server.is_some() || self.forward.is_some()
    }
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
    /// Action when standard input ends
    #[arg(long, value_name = "WHAT", default_value = "half-close")]
    pub on_eof: OnEof,
    /// Wait at most this long for the peer after standard input ended
    #[arg(long, value_name = "DUR", value_parser = duration)]
    pub eof_wait: Option<Duration>,
    /// Action when the peer has finished sending and standard input is still open [default: end on a terminal, send the rest of a file, send a pipe until it ends or the peer is gone]
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
                                          print what clients send
  soquete listen -k --hex-dump dump 4333  keep every byte, with its time
  soquete listen -k --prefix 4333         read many clients, each line tagged
  soquete listen -k --max-conns 2 --reject --echo 7000
                                          reject the third client
  soquete listen -k --echo --public 7000 --allow 10.0.0.0/8 --deny 10.0.0.1
                                          serve one network but one host
  soquete listen -k --tls --tls-cert site.pem --respond @page.http 8443
                                          the same response over TLS
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
  soquete listen 0 --ready-file addr      take a free port, write it to a file";

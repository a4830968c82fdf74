//! `soquete connect`.

use super::listen::PipeArgs;
use super::proxy::keep_through_proxy;
use super::values::{duration, patience};
use super::{ClientArgs, ExecArgs, Response, TapArgs, TlsClientArgs};
use crate::net::expect::Expect;
use clap::Args;
use std::ffi::OsString;
use std::time::Duration;

/// Open a connection, or test ports.
///
/// Standard input and output are connected with the peer. When standard input ends, FIN is sent, and reading goes on
/// until the peer closes. Every address of a name is tried, both families in parallel (RFC 8305).
///
/// A UNIX socket is the address unix:PATH, or unix:@NAME for an abstract name. Where nobody listens, and where there is no such
/// path, that is a refusal, exit status 1; a path that this user may not connect to is an error of this machine, 5. Data
/// counts as acknowledged there once the peer has read it.
///
/// With --check nothing is sent. Ports are lists such as 22,80,8000-8010; -1024 begins at 1, 8000- ends at 65535 and - is
/// all of them, as with nmap. Each port is one row on standard output with its target, what was found (open, closed,
/// filtered, unresolved, failed) and the time the answer took. With --json a row has the fields host, port, outcome,
/// address (that answered, or the last one tried), latency_us and reason; fields without a value are omitted, as the port of
/// a UNIX socket, whose host is unix:PATH. The exit
/// status is 0 if all ports are open, 4 if some are, 1 if none is. With --until-closed it is 0 once every port refuses
/// connections; a port that does not answer is not closed. A check that could not be made says nothing about the port: if
/// this machine cannot try, as from an address it does not have, the exit status is 5; for a name without address it is 1.
///
/// With --tls the end of standard input sends close_notify and FIN, and reading goes on. A FIN of the server without
/// close_notify is a truncation, exit status 1; so is a certificate that is not accepted, which is reported with the
/// fingerprint that --tls-pin would take. Before it closes, the program reads what the server still sends, for a second at
/// most. With --tls the byte counts of events are those of the connection, TLS records included.
///
/// Without --timeout the handshake may take 30 seconds. With --wait a server that ends or resets the connection during the
/// handshake, or does not answer it within 10 seconds, is tried again; one whose certificate is not accepted is not.
///
/// With --check --tls a port is open if the handshake succeeds and the certificate is accepted; otherwise it is tls-failed,
/// exit status as for closed. The row is followed by indented lines with the certificate's subject, issuer, names, days
/// left and fingerprint; with --json it has the fields of the event tls, and days_left, negative once it has expired.
///
/// With --check --expect a port is open if what the server sends, after TEXT of --send was sent, matches REGEX anywhere; with
/// --tls inside the session. At most 65536 bytes are read, for as long as --timeout allows (without it 2 seconds). The time is
/// then that of the answer. Otherwise the port is no-match, or no-answer if nothing came, exit status as for closed; with
/// --wait it is tested again. REGEX has the syntax of the Rust crate regex-lite and matches bytes: a point is one byte,
/// classes know ASCII, (?i) ignores case, (?m) lets ^ and $ match at lines, (?s) lets a point match a line feed.
///
/// With --repeat or --interval each try is a row, and the end is a row of statistics for each target: how many tries found it
/// open, the part that did not (loss), and of the others the shortest time, the median, the 99th percentile and the longest;
/// on a terminal a histogram of them too. Ctrl-C ends the tries; the statistics are still shown. With --json each row has a
/// field type: try (with its number, try, beside the fields above) or statistics, with host, port, tries, open, loss (0 to
/// 1), min_us, median_us, p99_us, max_us and histogram, a list of from_us, to_us and count. The exit status is 0 if every try
/// found every target open, 4 if some did, 1 if none did.
///
/// With --exec or --sh-exec the connection is the standard input and output of a command, with TLS or a tap through two
/// pipes. Its exit status becomes ours. soquete-listen(1) says what it finds in its environment, and how it ends.
///
/// With --proxy the states are those of the connection to the proxy, and the event proxy says what it answered. Its TLS, with
/// https://, is verified as that of --tls is; --tls-ca and --tls-insecure hold for both, --tls-pin and --tls-name for the
/// proxy where --tls is not there. Digest goes before Basic, SHA-256 before MD5.
///
/// With --check --proxy the proxy connects to each port, and its answer is what was found: closed if it says that the
/// connection was refused, filtered if it says that the host cannot be reached, or nothing in time, and failed, with its
/// reason, if it does not allow the connection or is not reached itself. The address of such a row is that of the proxy.
///
/// Taps see the bytes that are sent and received, inside TLS where there is any. A file that cannot be opened ends the
/// program at once with exit status 5; one that cannot be written is a warning, the connection goes on, and the exit status
/// is 5 at its end. --rate is for each connection and each way. --delay begins when a line was handed to the kernel.
///
/// A hex dump has a line for each piece that was moved: > for sent or < for received, the number of the connection, local
/// time, our address, -> or <-, the peer's address, and the number of bytes. Lines as of hexdump -C follow: the offset in
/// this direction of the connection, up to 16 bytes in hexadecimal, and their text, in which a byte that is not printable
/// ASCII is a dot.
///
/// With --fd another program opened the connection; its states are reported from the one it is in.
///
/// Other names: soquete check is soquete connect --check, and soquete wait DUR is soquete connect --check --wait DUR,
/// forever where DUR is left out.
///
/// A duration (DUR) is 250ms, 5s or 1m30s, a bare number is seconds; BYTES may be 64k, 1M, 1G.
#[derive(Debug, Args)]
#[command(
    override_usage = "soquete connect [OPTIONS] <HOST PORT>... [-- <COMMAND>...]",
    after_help = EXAMPLES,
    mut_arg("on_eof", keep_through_proxy),
    mut_group("ExecArgs", |group| group.conflicts_with_all(["on_eof", "eof_wait", "on_peer_eof", "progress"])),
)]
pub struct Connect {
    /// Where: HOST PORT, HOST:PORT, [V6]:PORT, PORT, unix:PATH, unix:@NAME or vsock:CID:PORT; with --check hosts and port lists
    #[arg(value_name = "HOST PORT", required_unless_present = "fd", num_args = 1..)]
    pub target: Vec<String>,
    /// Use the inherited connection of this descriptor number instead of an address
    #[arg(long, value_name = "N", help_heading = "Started by others", value_parser = clap::value_parser!(i32).range(0..), conflicts_with_all = BEFORE_CONNECT)]
    pub fd: Option<i32>,
    /// Run this once the ports are open (with --until-closed: are closed), or with --exec; soquete exits with its status
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
    /// Only test: one row a port, open, closed or filtered; with --tls the handshake as well
    #[arg(short = 'z', long, conflicts_with_all = ["TapArgs", "ExecArgs"])]
    pub check: bool,
    /// Give up after this long, all addresses and the TLS handshake together; with --check, each port
    #[arg(short = 'w', long, value_name = "DUR", value_parser = duration)]
    pub timeout: Option<Duration>,
    /// Keep trying for this long, or forever, until it works
    #[arg(long, value_name = "DUR", value_parser = patience)]
    pub wait: Option<Duration>,
    /// Wait until the ports refuse connections; a port that does not answer may still be open
    #[arg(long, conflicts_with_all = ["tls", "TapArgs", "ExecArgs"])]
    pub until_closed: bool,
    /// With --check: test N times, then report min, median, p99, max and loss of each target
    #[arg(long, value_name = "N", requires = "check", conflicts_with_all = ["wait", "until_closed"], value_parser = clap::value_parser!(u64).range(1..))]
    pub repeat: Option<u64>,
    /// Time from one test to the next [default: 200ms]; without --repeat test until interrupted
    #[arg(long, value_name = "DUR", requires = "check", conflicts_with_all = ["wait", "until_closed"], value_parser = duration)]
    pub interval: Option<Duration>,
    /// With --check: a port is open if the answer matches this regular expression
    #[arg(long, value_name = "REGEX", requires = "check", conflicts_with = "until_closed")]
    pub expect: Option<Expect>,
    /// Send this before the answer is expected; TEXT knows \r \n \t \0 \\ \xHH, @FILE sends a file
    #[arg(long, value_name = "TEXT|@FILE", requires = "expect", value_parser = Response::parser())]
    pub send: Option<Response>,
    /// Send standard input and end once it is acknowledged
    #[arg(long, conflicts_with_all = ["recv_only", "ExecArgs"])]
    pub send_only: bool,
    /// Do not read standard input
    #[arg(long, conflicts_with = "ExecArgs")]
    pub recv_only: bool,
    /// Send line ends as CR LF
    #[arg(short = 'C', long, conflicts_with = "ExecArgs")]
    pub crlf: bool,
    /// End when the connection is idle for this long
    #[arg(long, value_name = "DUR", value_parser = duration)]
    pub idle_timeout: Option<Duration>,
    /// A command for the connection.
    #[command(flatten)]
    pub exec: ExecArgs,
    /// How the end of standard input and transfers are treated.
    #[command(flatten)]
    pub pipe: PipeArgs,
    /// Taps.
    #[command(flatten)]
    pub taps: TapArgs,
    /// TLS.
    #[command(flatten)]
    pub tls: TlsClientArgs,
    /// Its socket.
    #[command(flatten)]
    pub client: ClientArgs,
}

impl Connect {
    /// Whether ports are only tested: asked for, or implied.
    #[must_use]
    pub fn is_check(&self) -> bool {
        self.check || self.until_closed || (!self.command.is_empty() && !self.exec.exec)
    }
}

/// What has a meaning only for a connection that is still to be opened.
const BEFORE_CONNECT: [&str; 14] = [
    "target",
    "proxy",
    "check",
    "wait",
    "until_closed",
    "source",
    "only_v4",
    "only_v6",
    "numeric",
    "mptcp",
    "reuseaddr",
    "reuseport",
    "v6only",
    "freebind",
];

const EXAMPLES: &str = "\
Examples:
  soquete connect example.com 80                talk to a server
  printf 'GET / HTTP/1.0\\r\\n\\r\\n' | soquete connect example.com 80
                                                ask, half-close, print the answer
  soquete connect host 1234 < file              send a file
  soquete connect host 12987 --recv-only | tar x
                                                receive a stream
  soquete connect --check host 22,80,8000-8010  test ports
  soquete connect --check a b 22                the same port of two hosts
  soquete connect --check --wait 30s db 5432 -- ./start
                                                run a command once a port is open
  soquete wait 30s db 5432 -- ./start           the same
  soquete check --repeat 100 --interval 50ms host 80
                                                latency: percentiles and a histogram
  soquete wait 30s --send 'PING\\r\\n' --expect PONG db 6379
                                                wait until it answers, not only accepts
  soquete connect --until-closed --wait 1m host 8080
                                                wait for a server to go away
  soquete connect --source 10.1.2.3 --timeout 5s host 42
                                                from one address, within 5 seconds
  soquete connect host 7000 --exec -- ./talk      a program talks to the server
  soquete check --tls example.com 443           test the handshake, report the certificate
  soquete connect --proxy socks5h://localhost:9050 example.com 80
                                                through a proxy that resolves the name
  soquete connect --output log --both --append-output example.com 25
                                                keep what is said
  soquete connect --hex-dump - --rate 64k host 1234 < file
                                                send a file slowly, and see its bytes
  soquete connect unix:/run/docker.sock         talk over a UNIX socket
  soquete wait 30s unix:/run/app.sock -- ./start
                                                wait until it accepts connections
  soquete connect --tls example.com 443         talk TLS, verified
  soquete connect --tls --tls-ca ca.pem --tls-name db.example 10.0.0.1 5433
                                                trust one root, verify another name";

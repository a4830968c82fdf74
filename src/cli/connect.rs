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
/// Standard input and output are connected with the peer. When standard input ends, FIN is sent, and reading continues
/// until the peer closes. Every address of a name is tried, both families in parallel (RFC 8305).
///
/// With --check nothing is sent. Ports are lists such as 22,80,8000-8010; as with nmap, -1024 begins at 1, 8000- ends at
/// 65535 and - is all of them. Each port is one row on standard output: the target, the outcome (open, closed, filtered,
/// unresolved, failed) and the response time. With --json a row has the fields host, port, outcome, address (that
/// answered, or the last one tried), latency_us and reason. Fields without a value are omitted: for a UNIX socket host is
/// unix:PATH and there is no port.
///
/// The exit status of --check is 0 if all ports are open, 4 if some are, 1 if none is. With --until-closed it is 0 once every
/// port refuses connections; a port that does not answer does not count as closed. It is 5 if this machine cannot make the
/// test, for example from an address it does not have, and 1 for a name without an address.
///
/// With --repeat or --interval each test is a row, and the report ends with a row of statistics for each target: how many
/// tests found it open, the loss (the share that did not), and the minimum, median, 99th percentile and maximum of the
/// response times; on a terminal also their histogram. Ctrl-C ends the tests; the statistics are still printed. With --json
/// each row has a field type. A row of type try has the field try, its number, beside the fields above. A row of type
/// statistics has host, port, tries, open, loss (0 to 1), min_us, median_us, p99_us, max_us and histogram, a list of
/// from_us, to_us and count. The exit status is 0 if every test found every target open, 4 if some did, 1 if none did.
///
/// With --check --expect a port is open if the data the server sends matches REGEX anywhere; TEXT of --send is sent first,
/// and with --tls both are inside the session. At most 65536 bytes are read. Connection, handshake and answer together may
/// take --timeout, by default 2 seconds; the time of the row is that of the answer. Otherwise the port is no-match, or
/// no-answer if nothing arrived, and the exit status is that of a closed port; with --wait it is tested again. REGEX has
/// the syntax of the Rust crate regex-lite and matches bytes: a dot is one byte, classes are ASCII, (?i) ignores case, (?m)
/// lets ^ and $ match at line ends, (?s) lets a dot match a line feed.
///
/// With --tls the end of standard input sends close_notify and FIN, and reading continues. A FIN from the server without
/// close_notify is a truncation, exit status 1. A certificate that is not accepted is exit status 1 as well; the error
/// names the fingerprint that --tls-pin takes. Before it closes, the program reads what the server still sends, for at most
/// a second. Byte counts of events include the TLS records.
///
/// Without --timeout the handshake may take 30 seconds. With --wait the program tries again if the server ends or resets the
/// connection during the handshake, or does not answer it within 10 seconds; it does not if the certificate is not accepted.
///
/// With --check --tls a port is open if the handshake succeeds and the certificate is accepted; otherwise it is tls-failed,
/// and the exit status is that of a closed port. Indented lines after the row show the certificate's subject, issuer, names,
/// days left and fingerprint. With --json the row has the fields of the event tls, and days_left, which is negative
/// once the certificate has expired.
///
/// With --exec or --sh-exec the connection is the standard input and output of a command; with TLS or a tap, two pipes
/// replace it. The program exits with the status of the command. soquete-listen(1) describes the command's environment and
/// how it ends.
///
/// With --proxy the state events are those of the connection to the proxy, and the event proxy shows its answer. The
/// certificate of an https:// proxy is verified as with --tls: --tls-ca and --tls-insecure apply to the proxy and the
/// server, --tls-pin and --tls-name to the proxy only without --tls. Digest is preferred to Basic, SHA-256 to MD5.
///
/// The address unix:PATH is a UNIX socket, unix:@NAME one with an abstract name. If nobody listens, or the path does not
/// exist, the connection is refused, exit status 1; a path that this user may not connect to is a local error, exit
/// status 5. Data counts as acknowledged once the peer has read it.
///
/// Taps see the bytes sent and received, inside TLS. A file that cannot be opened ends the program at once with exit
/// status 5. If a file cannot be written, a warning is printed, the connection continues, and the exit status is 5 at its
/// end. --rate limits each connection, each way. --delay begins when a line has been passed to the kernel.
///
/// A hex dump has a line for each piece that was moved: > for sent or < for received, the number of the connection, local
/// time, the local address, -> or <-, the peer's address, and the number of bytes. Lines in the format of hexdump -C
/// follow: the offset in this direction of the connection, up to 16 bytes in hexadecimal, and their text, with a dot for each
/// byte that is not printable ASCII.
///
/// With --fd another program opened the connection; its states are reported from the current one on.
///
/// Aliases: soquete check is soquete connect --check, and soquete wait DUR is soquete connect --check --wait DUR,
/// where DUR defaults to forever.
///
/// A duration (DUR) is 250ms, 5s or 1m30s; a bare number is seconds. BYTES may be 64k, 1M, 1G.
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
    #[arg(long, value_name = "N", help_heading = "Activation and privileges", value_parser = clap::value_parser!(i32).range(0..), conflicts_with_all = BEFORE_CONNECT)]
    pub fd: Option<i32>,
    /// Run COMMAND once the ports are open (with --until-closed: closed), or with --exec; exit with its status
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
    /// Test ports, one row each: open, closed or filtered; with --tls test the handshake too
    #[arg(short = 'z', long, conflicts_with_all = ["TapArgs", "ExecArgs"])]
    pub check: bool,
    /// Give up after this long, all addresses and the TLS handshake together; with --check, each port
    #[arg(short = 'w', long, value_name = "DUR", value_parser = duration)]
    pub timeout: Option<Duration>,
    /// Retry for this long, or forever, until it succeeds
    #[arg(long, value_name = "DUR", value_parser = patience)]
    pub wait: Option<Duration>,
    /// Wait until the ports refuse connections; a port that does not answer may still be open
    #[arg(long, conflicts_with_all = ["tls", "TapArgs", "ExecArgs"])]
    pub until_closed: bool,
    /// With --check: test N times, then report min, median, p99, max and loss of each target
    #[arg(long, value_name = "N", requires = "check", conflicts_with_all = ["wait", "until_closed"], value_parser = clap::value_parser!(u64).range(1..))]
    pub repeat: Option<u64>,
    /// Time between tests [default: 200ms]; without --repeat, test until interrupted
    #[arg(long, value_name = "DUR", requires = "check", conflicts_with_all = ["wait", "until_closed"], value_parser = duration)]
    pub interval: Option<Duration>,
    /// With --check: a port is open if the answer matches this regular expression
    #[arg(long, value_name = "REGEX", requires = "check", conflicts_with = "until_closed")]
    pub expect: Option<Expect>,
    /// Send TEXT first; it may contain \r \n \t \0 \\ \xHH, @FILE sends a file
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
                                                wait until the server answers
  soquete connect --until-closed --wait 1m host 8080
                                                wait for a server to go away
  soquete connect --source 10.1.2.3 --timeout 5s host 42
                                                from one address, within 5 seconds
  soquete connect host 7000 --exec -- ./talk      a program talks to the server
  soquete check --tls example.com 443           test the handshake, report the certificate
  soquete connect --proxy socks5h://localhost:9050 example.com 80
                                                through a proxy that resolves the name
  soquete connect --output log --both --append-output example.com 25
                                                record both directions
  soquete connect --hex-dump - --rate 64k host 1234 < file
                                                send a file slowly, with a hex dump
  soquete connect unix:/run/docker.sock         talk over a UNIX socket
  soquete wait 30s unix:/run/app.sock -- ./start
                                                wait until it accepts connections
  soquete connect --tls example.com 443         talk TLS, verified
  soquete connect --tls --tls-ca ca.pem --tls-name db.example 10.0.0.1 5433
                                                trust one root, verify another name";

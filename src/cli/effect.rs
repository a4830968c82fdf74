//! Flags that would have no effect beside others, where that depends on a value: the definitions of the flags say the rest.

use super::{Cli, Command, Connect, EofArgs, EventTarget, ForwardTarget, Global, Listen, Stat, TapArgs};
use crate::net::address::is_socket;
use crate::net::tap::DumpTarget;
use crate::relay::OnEof;
use clap::ArgMatches;
use clap::parser::ValueSource;
use std::path::PathBuf;

/// Identifiers of flags, and how they are typed.
type Flags = &'static [(&'static str, &'static str)];

/// Flags of a connection, which a test of ports has none of.
const OF_CONNECTION: Flags = &[
    ("fd", "--fd"),
    ("exec", "--exec"),
    ("sh_exec", "--sh-exec"),
    ("send_only", "--send-only"),
    ("recv_only", "--recv-only"),
    ("crlf", "--crlf"),
    ("idle_timeout", "--idle-timeout"),
    ("progress", "--progress"),
    ("on_eof", "--on-eof"),
    ("eof_wait", "--eof-wait"),
    ("on_peer_eof", "--on-peer-eof"),
    ("output", "--output"),
    ("hex_dump", "--hex-dump"),
    ("rate", "--rate"),
    ("delay", "--delay"),
];

/// Flags of a family that other sockets take without an effect.
const OF_FAMILY: Flags = &[("only_v4", "-4"), ("only_v6", "-6"), ("v6only", "--v6only")];

/// Flags of packets, which only internet sockets have.
const OF_PACKETS: Flags = &[("packets", "--packets"), ("pcap", "--pcap"), ("broadcast", "--broadcast")];

/// What `stat` shows of internet sockets only.
const OF_STAT: Flags = &[
    ("tcp", "--tcp"),
    ("udp", "--udp"),
    ("only_v4", "-4"),
    ("only_v6", "-6"),
    ("packets", "--packets"),
    ("pcap", "--pcap"),
    ("diagram", "--diagram"),
];

/// Rules for the addresses of clients.
const OF_CLIENTS: Flags =
    &[("allow", "--allow"), ("deny", "--deny"), ("allow_file", "--allow-file"), ("deny_file", "--deny-file")];

/// Flags of TLS, with clients or with a target that clients are forwarded to.
const OF_TLS: Flags = &[
    ("tls_pin", "--tls-pin"),
    ("tls_name", "--tls-name"),
    ("tls_cert", "--tls-cert"),
    ("alpn", "--alpn"),
    ("tls_min", "--tls-min"),
    ("tls_max", "--tls-max"),
    ("tls_keylog", "--tls-keylog"),
    ("tls_allow_truncated", "--tls-allow-truncated"),
];

/// The flags that the command line itself gives to the subcommand.
struct Given<'a>(&'a ArgMatches);

impl Given<'_> {
    fn first(&self, flags: Flags) -> Option<&'static str> {
        let is_typed = |id: &str| {
            self.0.ids().any(|known| known == id) && self.0.value_source(id) == Some(ValueSource::CommandLine)
        };
        flags.iter().find(|(id, _)| is_typed(id)).map(|(_, flag)| *flag)
    }

    /// Whether the file of a flag is standard output.
    fn is_output(&self, id: &str) -> bool {
        self.0.try_get_one::<PathBuf>(id).is_ok_and(|path| path.is_some_and(|path| path.as_os_str() == "-"))
    }
}

/// Says which flag has no effect beside which, if there is one.
pub(super) fn check(cli: &Cli, matches: &ArgMatches) -> Result<(), String> {
    let Some((_, matches)) = matches.subcommand() else { return Ok(()) };
    let command = match &cli.command {
        Command::Listen(args) => args.command.first().or(args.exec.sh_exec.as_ref()),
        Command::Connect(args) => args.command.first().or(args.exec.sh_exec.as_ref()),
        Command::UdpServe(args) => args.command.first().or(args.exec.sh_exec.as_ref()),
        _ => None,
    };
    if command.is_some_and(|command| command.is_empty()) {
        return Err("the command is empty".into());
    }
    let Global { quiet, brief, verbose, .. } = cli.global;
    // The definitions say it of flags on the same side of the subcommand.
    if [quiet, brief, verbose].into_iter().filter(|given| *given).count() > 1 {
        return Err("--quiet, --brief and --verbose cannot be used with each other".into());
    }
    let given = Given(matches);
    if given.is_output("pcap") {
        let other = if given.is_output("diagram") { Some("--diagram -") } else { None };
        let other =
            other.or_else(|| (cli.global.events == Some(EventTarget::Stdout)).then_some("--events -"));
        if let Some(other) = other {
            return Err(format!(
                "--pcap - cannot be used with {other}: standard output carries the packets and nothing else"
            ));
        }
    }
    match &cli.command {
        Command::Listen(args) => listen(args, &given),
        Command::Connect(args) => connect(args, &given),
        Command::UdpServe(args) => server(&args.address, &given),
        Command::UdpSend(args) => {
            if args.replies.is_some() && args.reply_wait.is_zero() {
                return Err("--replies cannot be used with --reply-wait 0, which waits for none".into());
            }
            let target = args.words.first().map(|word| word.to_string_lossy().into_owned());
            internet(target.as_slice(), &given)
        }
        Command::ChatServe(args) => taps(&args.taps).and_then(|()| server(&args.address, &given)),
        Command::ChatJoin(args) => {
            taps(&args.taps).and_then(|()| ending(&args.eof)).and_then(|()| internet(&args.address, &given))
        }
        Command::MultiConnect(args) => {
            let named: &[String] = if args.targets.is_empty() { &args.target } else { &[] };
            taps(&args.taps).and_then(|()| ending(&args.eof)).and_then(|()| internet(named, &given))
        }
        Command::Stat(args) => stat(args, &given),
        Command::Demo(_) | Command::Completions { .. } => Ok(()),
    }
}

fn listen(args: &Listen, given: &Given<'_>) -> Result<(), String> {
    taps(&args.taps)?;
    ending(&args.pipe.eof)?;
    if args.prefix && !args.show && args.service.is_any() {
        return Err("--prefix cannot be used with a service, which prints nothing; add --show".into());
    }
    if let Some(ForwardTarget { target, tls: false }) = &args.service.forward
        && let Some(flag) = given.first(OF_TLS).filter(|_| !args.tls.tls)
    {
        return Err(format!("{flag} cannot be used without TLS; add --tls or type --forward tls:{target}"));
    }
    if args.tls.tls_client_ca.is_some() && !args.tls.tls {
        return Err("--tls-client-ca cannot be used without --tls: it checks clients".into());
    }
    addresses(&args.address, given, OF_FAMILY)?;
    // The other connection may be an internet one, and a header may name an internet client.
    if args.service.forward.is_none() && args.service.proxy_server.is_none() {
        addresses(&args.address, given, OF_PACKETS)?;
    }
    if args.forward.accept_proxy_header { Ok(()) } else { addresses(&args.address, given, OF_CLIENTS) }
}

fn connect(args: &Connect, given: &Given<'_>) -> Result<(), String> {
    taps(&args.taps)?;
    ending(&args.pipe.eof)?;
    if args.is_check()
        && let Some(flag) = given.first(OF_CONNECTION)
    {
        return Err(if args.check || args.until_closed {
            let check = if args.check { "--check" } else { "--until-closed" };
            format!("{flag} cannot be used with {check}, which transfers nothing")
        } else {
            format!(
                "{flag} cannot be used with a command after --, which waits for a port; --exec runs it on the connection"
            )
        });
    }
    if args.fd.is_some() && args.timeout.is_some() && !args.tls.tls {
        return Err("--timeout cannot be used with --fd, whose connection is open already".into());
    }
    internet(&args.target, given)
}

fn stat(args: &Stat, given: &Given<'_>) -> Result<(), String> {
    let patterns = || args.filter.iter().chain(&args.local).chain(&args.peer);
    let Some(first) = patterns().next().filter(|_| patterns().all(|pattern| pattern.name.is_some())) else {
        return Ok(());
    };
    match given.first(OF_STAT) {
        Some(flag) => Err(format!("{flag} cannot be used with {first}, the name of a UNIX socket")),
        None => Ok(()),
    }
}

fn server(words: &[String], given: &Given<'_>) -> Result<(), String> {
    internet(words, given).and_then(|()| addresses(words, given, OF_CLIENTS))
}

fn internet(words: &[String], given: &Given<'_>) -> Result<(), String> {
    addresses(words, given, OF_FAMILY).and_then(|()| addresses(words, given, OF_PACKETS))
}

/// Fails where one of the flags is given, and every address is of a UNIX or vsock socket.
fn addresses(words: &[String], given: &Given<'_>, flags: Flags) -> Result<(), String> {
    let Some(first) = words.first().filter(|_| words.iter().all(|word| is_socket(word))) else {
        return Ok(());
    };
    match given.first(flags) {
        Some(flag) => {
            Err(format!("{flag} cannot be used with {first}: it applies to internet addresses only"))
        }
        None => Ok(()),
    }
}

/// After `close` nothing is read that a limit could bound.
fn ending(eof: &EofArgs) -> Result<(), String> {
    match (eof.on_eof, eof.eof_wait) {
        (OnEof::Close, Some(_)) => {
            Err("--eof-wait cannot be used with --on-eof close, which waits for nothing".into())
        }
        _ => Ok(()),
    }
}

fn taps(args: &TapArgs) -> Result<(), String> {
    match (&args.output, &args.hex_dump) {
        (None, Some(DumpTarget::Stderr)) if args.append_output => {
            Err("--append-output cannot be used with --hex-dump -, which is no file".into())
        }
        _ => Ok(()),
    }
}

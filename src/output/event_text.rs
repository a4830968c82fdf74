//! The text of each event for people, without its time.

use super::child::child;
use super::subject::subject;
use super::tls::tls;
use super::units::{bytes, latency, retransmits};
use super::{DisplayOptions, Style, explain};
use crate::event::{Dir, Event, MemberChange, Outcome, Role, Scope, Subject, Via};
use crate::text::number::counted;
use crate::text::sanitize;
use std::io::{self, Write};

/// Options set on every listener, shown only where the kernel changed the value.
const USUAL: [&str; 4] = ["backlog", "reuseaddr", "v6only", "mptcp"];

/// Appends the text of an event; `None` if it is a detail that is not to be shown.
pub(super) fn describe(event: &Event, display: DisplayOptions, out: &mut Vec<u8>) -> Option<()> {
    let (style, detail) = (display.style, display.detail);
    let written = match event {
        Event::State { .. } => state(event, display, out),
        Event::Option { name, requested, effective, .. }
            if !detail && USUAL.contains(name) && requested.as_ref() == Some(effective) =>
        {
            return None;
        }
        Event::Option { socket, name, requested, effective } => match requested {
            Some(requested) => {
                let socket = subject(socket);
                write!(out, "{socket} option {name}: requested {requested}, effective {effective}")
            }
            None => write!(out, "{} option {name}: {effective}", subject(socket)),
        },
        Event::Resolve { host, address } => write!(out, "{} is {}", sanitize::line(host), address.ip()),
        Event::Info { .. } => info(event, out),
        Event::Bind { socket } if detail => write!(out, "{} bound", subject(socket)),
        Event::Listening { .. } => listening(event, style, out),
        Event::Accept { socket, pid, uid } => {
            let of = |what, number: &Option<u32>| {
                part(what, number.filter(|_| detail).map(|n| n.to_string()).as_ref(), "")
            };
            let (pid, uid) = (of(", pid ", pid), of(", uid ", uid));
            write!(out, "{} {}{pid}{uid}", subject(socket), style.good("accepted"))
        }
        Event::Refuse { socket, reason } => {
            write!(out, "{} {} {}", subject(socket), style.warning("refused:"), sanitize::line(reason))
        }
        Event::Datagram { socket, dir, len } => {
            let way = if *dir == Dir::In { "received" } else { "sent" };
            write!(out, "{} {way} {}", subject(socket), bytes(*len as u64))
        }
        Event::Member { .. } => member(event, out),
        Event::Line { socket, nick, text } if detail => {
            write!(out, "{}{}: {}", subject(socket), part(" ", nick.as_ref(), ""), sanitize::line(text))
        }
        Event::ProxyHeader { .. } => proxy_header(event, out),
        Event::Tls { .. } => tls(event, display, out)?,
        Event::Packet { socket, packet } => super::packet::packet(socket, packet, display, out),
        Event::Capture { captured, dropped, file } => capture(*captured, *dropped, file.as_deref(), out),
        Event::Bus { .. } => super::bus::bus(event, style, out),
        Event::Child { .. } => child(event, style, out),
        Event::Proxy { .. } => proxy(event, style, out),
        Event::Target { attempt: Some(_), .. } => write!(out, "{}", waiting(event)?),
        // Checks are in the report.
        Event::Target { outcome, .. } if !detail && is_check(*outcome) => return None,
        Event::Target { .. } => target(event, display, out),
        Event::Progress { socket, bytes_in, bytes_out, .. } if detail || display.progress => {
            write!(out, "{} {} in, {} out so far", subject(socket), bytes(*bytes_in), bytes(*bytes_out))
        }
        Event::Summary { .. } => summary(event, style, out),
        Event::Exit { code, cause } if detail => write!(out, "exit {code}: {}", sanitize::line(cause)),
        Event::Bind { .. }
        | Event::Line { .. }
        | Event::Progress { .. }
        | Event::Exit { .. }
        | Event::Warning { .. }
        | Event::Error { .. } => return None,
    };
    // Writing to memory cannot fail.
    written.ok()
}

/// The state of a wait: `localhost:80 closed, try 12 (Connection refused; 7s left)`.
pub(super) fn waiting(event: &Event) -> Option<String> {
    let Event::Target { target, outcome, attempt: Some(attempt), text, .. } = event else { return None };
    let why = part(" (", text.as_ref(), ")");
    Some(format!("{} {}, try {attempt}{why}", sanitize::line(target), outcome.name()))
}

fn state(event: &Event, display: DisplayOptions, out: &mut Vec<u8>) -> io::Result<()> {
    let Event::State { socket, from, to, op, via } = event else { return Ok(()) };
    let style = display.style;
    let implied = if *via == Via::Implied { ", implied" } else { "" };
    let (before, after) = (style.state(*from), style.state(*to));
    if display.explain {
        let sentence = explain::sentence(socket.proto, socket.role, *from, *to, *op);
        let implied = style.dim(implied.trim_start_matches(','));
        return write!(out, "{:<9} {before:>12} → {after:<12} {sentence}{implied}", role(socket));
    }
    let why = style.dim(format!("({}{implied})", op.words()));
    write!(out, "{} {before:>12} → {after:<12} {why}", subject(socket))
}

fn info(event: &Event, out: &mut Vec<u8>) -> io::Result<()> {
    let Event::Info { socket, info } = event else { return Ok(()) };
    let [rtt, rttvar, rto] = [info.rtt_us, info.rttvar_us, info.rto_us].map(|us| latency(us.into()));
    write!(
        out,
        "{} rtt {rtt} ± {rttvar}, rto {rto}, cwnd {}, mss {}/{}, pmtu {}, {}",
        subject(socket),
        info.cwnd,
        info.snd_mss,
        info.rcv_mss,
        info.pmtu,
        retransmits(info.retransmits)
    )
}

fn listening(event: &Event, style: Style, out: &mut Vec<u8>) -> io::Result<()> {
    let Event::Listening { socket, backlog, scope, .. } = event else { return Ok(()) };
    let reach = match scope {
        Scope::Loopback => "this machine only",
        Scope::Address => "this address only",
        Scope::Public => "every interface",
    };
    let queue = backlog.map_or_else(String::new, |n| format!(", backlog {n}"));
    let local = socket.local.as_ref().map_or_else(String::new, |a| sanitize::line(&a.to_string()));
    write!(out, "#{} {} {local} ({reach}{queue})", socket.conn, style.good("listening on"))
}

fn member(event: &Event, out: &mut Vec<u8>) -> io::Result<()> {
    let Event::Member { socket, what, nick, text } = event else { return Ok(()) };
    let (socket, text) = (subject(socket), text.as_ref());
    let what = match (what, nick) {
        (MemberChange::Nick, Some(nick)) => {
            let nick = sanitize::line(nick);
            return write!(out, "{socket} is now known as {nick}{}", part(" (", text, ")"));
        }
        (MemberChange::Nick, None) => "changed its nick",
        (MemberChange::Join, _) => "joined",
        (MemberChange::Leave, _) => "left",
        (MemberChange::Slow, _) => "reads too slowly",
    };
    write!(out, "{socket}{} {what}{}", part(" ", nick.as_ref(), ""), part(": ", text, ""))
}

fn proxy(event: &Event, style: Style, out: &mut Vec<u8>) -> io::Result<()> {
    let Event::Proxy { socket, proxy, target, outcome, text } = event else { return Ok(()) };
    let word = match outcome {
        Outcome::Connected => style.good(outcome.name()),
        _ => style.warning(outcome.name()),
    };
    let (socket, proxy, target) = (subject(socket), sanitize::line(proxy), sanitize::line(target));
    write!(out, "{socket} {proxy} to {target}: {word}{}", part(" (", text.as_ref(), ")"))
}

fn proxy_header(event: &Event, out: &mut Vec<u8>) -> io::Result<()> {
    let Event::ProxyHeader { socket, dir, version, source, destination } = event else { return Ok(()) };
    let way = if *dir == Dir::In { "received" } else { "sent" };
    write!(out, "{} PROXY v{version} header {way}: ", subject(socket))?;
    match (source, destination) {
        (Some(source), Some(destination)) => write!(out, "{source} → {destination}"),
        _ => write!(out, "no addresses"),
    }
}

fn target(event: &Event, display: DisplayOptions, out: &mut Vec<u8>) -> io::Result<()> {
    let Event::Target { target, outcome, latency_us, local, text, .. } = event else { return Ok(()) };
    let word = match outcome {
        Outcome::Open | Outcome::Connected | Outcome::Replied => display.style.good(outcome.name()),
        _ => display.style.warning(outcome.name()),
    };
    write!(out, "{} {word}", sanitize::line(target))?;
    if let Some(local) = local {
        write!(out, " from {local}")?;
    }
    if let Some(us) = latency_us {
        write!(out, " {}", latency(*us))?;
    }
    if display.explain && *outcome == Outcome::Connected {
        write!(out, "  {}", explain::LOCAL_PORT)?;
    }
    out.write_all(part(" (", text.as_ref(), ")").as_bytes())
}

fn summary(event: &Event, style: Style, out: &mut Vec<u8>) -> io::Result<()> {
    let Event::Summary {
        socket,
        bytes_in,
        bytes_out,
        duration_us,
        rtt_us,
        retransmits: again,
        clean,
        joined,
    } = event
    else {
        return Ok(());
    };
    let end = if *clean { style.good("ended cleanly") } else { style.warning("did not end cleanly") };
    let (socket, received, sent) = (subject(socket), bytes(*bytes_in), bytes(*bytes_out));
    write!(out, "{socket} {end}: {received} in, {sent} out in {}", latency(*duration_us))?;
    if let Some(rtt) = rtt_us {
        write!(out, ", rtt {}", latency((*rtt).into()))?;
    }
    if let Some(again) = again.filter(|n| *n > 0) {
        write!(out, ", {}", retransmits(again))?;
    }
    joined.map_or(Ok(()), |other| write!(out, ", joined with #{other}"))
}

/// A text that may be absent, made visible, between `before` and `after`.
fn part(before: &str, text: Option<&String>, after: &str) -> String {
    text.map_or_else(String::new, |text| format!("{before}{}{after}", sanitize::line(text)))
}

const fn is_check(outcome: Outcome) -> bool {
    use Outcome::{Closed, Failed, Filtered, NoAnswer, Open, Refused, Replied, TlsFailed, Unresolved};
    matches!(
        outcome,
        Open | Closed | TlsFailed | Filtered | Unresolved | Failed | Replied | Refused | NoAnswer
    )
}

const fn role(socket: &Subject) -> &'static str {
    match socket.role {
        Role::Listener => "listener",
        Role::Client => "client",
        Role::Server => "server",
    }
}

fn capture(captured: u64, dropped: u64, file: Option<&str>, out: &mut Vec<u8>) -> io::Result<()> {
    let captured = counted(captured, "packet", "packets");
    write!(out, "{captured} captured, {dropped} dropped by the kernel")?;
    file.map_or(Ok(()), |file| write!(out, "; saved in {}", sanitize::line(file)))
}

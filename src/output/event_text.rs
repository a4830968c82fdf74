//! The text of each event for people, without its time and the number of its socket.

use super::child::child;
use super::named::Naming;
use super::part::part;
use super::proxy::{proxy, proxy_header};
use super::subject::address;
use super::tls::tls;
use super::units::{Bytes, Latency, retransmits};
use super::{DisplayOptions, Style, explain};
use crate::event::{Address, Dir, Event, InfoFields, MemberChange, Outcome, Role, Scope, Subject, Via};
use crate::text::number::counted;
use crate::text::sanitize;
use std::fmt;
use std::io::{self, Write};

/// Options set on every listener, shown only where the kernel changed the value.
const USUAL: [&str; 4] = ["backlog", "reuseaddr", "v6only", "mptcp"];

/// How a line is written.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) display: DisplayOptions,
    pub(super) naming: Naming<'a>,
    /// The columns it has.
    pub(super) room: usize,
}

/// Appends the text of an event; `None` if it is a detail that is not to be shown.
pub(super) fn describe(event: &Event, line: Line<'_>, out: &mut Vec<u8>) -> Option<()> {
    let display = line.display;
    let (style, detail) = (display.style, display.detail);
    let peer = match line.naming {
        Naming::Peer(peer) => Some(peer),
        Naming::Number | Naming::Birth => None,
    };
    let written = match event {
        Event::State { .. } => state(event, display, out),
        Event::Option { name, requested, effective, .. }
            if !detail && USUAL.contains(name) && requested.as_ref() == Some(effective) =>
        {
            return None;
        }
        Event::Option { name, requested, effective, .. } => match requested {
            Some(requested) => {
                write!(out, "option {name}: requested {requested}, effective {effective}")
            }
            None => write!(out, "option {name}: {effective}"),
        },
        Event::Resolve { host, address } => write!(out, "{} is {}", sanitize::line(host), address.ip()),
        Event::Info { info, .. } => informed(info, out),
        Event::Bind { socket } if detail => local(style.good("bound to"), socket, out),
        Event::Listening { .. } => listening(event, style, out),
        Event::Accept { pid, uid, .. } => {
            let of = |what, number: &Option<u32>| {
                part(what, number.filter(|_| detail).map(|n| n.to_string()).as_ref(), "")
            };
            let (pid, uid) = (of(", pid ", pid), of(", uid ", uid));
            write!(out, "{}{pid}{uid}", style.good("accepted"))
        }
        Event::Refuse { reason, .. } => refused(reason, style, peer, out),
        Event::Datagram { dir, len, .. } => datagram(*dir, *len, peer, out),
        Event::Data { dir, len, total, .. } => data(*dir, *len, *total, out),
        Event::Member { .. } => member(event, out),
        Event::Line { nick, text, .. } if detail => {
            write!(out, "{}said: {}", part("", nick.as_ref(), " "), sanitize::line(text))
        }
        Event::ProxyHeader { .. } => proxy_header(event, out),
        Event::Tls { .. } => tls(event, display, line.room, out)?,
        Event::Packet { packet, .. } => super::packet::packet(packet, display, peer, out),
        Event::Capture { captured, dropped, file } => capture(*captured, *dropped, file.as_deref(), out),
        Event::Bus { .. } => super::bus::bus(event, style, out),
        Event::Child { .. } => child(event, style, peer, out),
        Event::Proxy { .. } => proxy(event, style, out),
        Event::Target { attempt: Some(_), .. } => write!(out, "{}", waiting(event)?),
        // Checks are in the report.
        Event::Target { outcome, .. } if !detail && is_check(*outcome) => return None,
        Event::Target { .. } => target(event, display, out),
        Event::Progress { bytes_in, bytes_out, .. } if detail || display.progress => {
            write!(out, "{} in, {} out so far", Bytes(*bytes_in), Bytes(*bytes_out))
        }
        Event::Summary { .. } => summary(event, line, out),
        Event::Warning { fault } => {
            write!(out, "{} {}", style.warning("warning:"), sanitize::line(&fault.text))
        }
        Event::Exit { code, cause } if detail => write!(out, "exit {code}: {}", sanitize::line(cause)),
        Event::Bind { .. }
        | Event::Line { .. }
        | Event::Progress { .. }
        | Event::Exit { .. }
        | Event::Error { .. } => return None,
    };
    // Writing to memory cannot fail.
    written.ok()
}

/// The state of a wait: `localhost:80 closed, try 12, 7s left: Connection refused`. The reason is last, where a line may be cut.
pub(super) fn waiting(event: &Event) -> Option<String> {
    let Event::Target { target, outcome, attempt: Some(attempt), text, .. } = event else { return None };
    let text = text.as_deref().unwrap_or_default();
    let (reason, left) = match text.rsplit_once("; ") {
        Some((reason, left)) if left.ends_with(" left") => (reason, format!(", {left}")),
        _ => (text, String::new()),
    };
    let reason = part(": ", Some(reason.to_owned()).filter(|text| !text.is_empty()).as_ref(), "");
    Some(format!("{} {}, try {attempt}{left}{reason}", sanitize::line(target), outcome.name()))
}

fn state(event: &Event, display: DisplayOptions, out: &mut Vec<u8>) -> io::Result<()> {
    let Event::State { socket, from, to, op, via } = event else { return Ok(()) };
    let style = display.style;
    let (before, after) = (style.state(*from), style.state(*to));
    if let Some(language) = display.explain {
        let sentence = explain::sentence(socket.proto, socket.role, *from, *to, *op).say(language);
        write!(out, "{:<8} {before:<12} → {after:<12} {sentence}", role(socket))?;
        return match via {
            Via::Implied => write!(out, " ({})", style.dim(explain::IMPLIED.say(language))),
            Via::Kernel | Via::Table => Ok(()),
        };
    }
    write!(out, "{before:<12} → {after:<12} ")?;
    let cause = op.cause(*from, *to);
    match via {
        Via::Implied => write!(out, " {}", style.dim(format_args!("{cause}, implied"))),
        Via::Kernel | Via::Table => write!(out, " {}", style.dim(cause)),
    }
}

fn informed(info: &InfoFields, out: &mut Vec<u8>) -> io::Result<()> {
    let [rtt, rttvar, rto] = [info.rtt_us, info.rttvar_us, info.rto_us].map(|us| Latency(us.into()));
    let again = retransmits(info.retransmits);
    write!(out, "rtt {rtt} ± {rttvar}, rto {rto}, cwnd {}, {again}, ", info.cwnd)?;
    write!(out, "mss {}/{}, pmtu {}", info.snd_mss, info.rcv_mss, info.pmtu)
}

/// Appends words and the local address.
fn local(words: impl fmt::Display, socket: &Subject, out: &mut Vec<u8>) -> io::Result<()> {
    write!(out, "{words} ")?;
    if let Some(local) = &socket.local {
        address(local, out);
    }
    Ok(())
}

fn listening(event: &Event, style: Style, out: &mut Vec<u8>) -> io::Result<()> {
    let Event::Listening { socket, scope, .. } = event else { return Ok(()) };
    local(style.good("listening on"), socket, out)?;
    out.extend_from_slice(match scope {
        Scope::Loopback => b" (this machine only)",
        Scope::Address => b" (this address only)",
        Scope::Public => b" (every interface)",
    });
    Ok(())
}

fn refused(reason: &str, style: Style, peer: Option<&Address>, out: &mut Vec<u8>) -> io::Result<()> {
    match peer {
        Some(peer) => {
            write!(out, "{} ", style.warning("refused"))?;
            address(peer, out);
            write!(out, ": {}", sanitize::line(reason))
        }
        None => write!(out, "{} {}", style.warning("refused:"), sanitize::line(reason)),
    }
}

fn datagram(dir: Dir, len: usize, peer: Option<&Address>, out: &mut Vec<u8>) -> io::Result<()> {
    let (way, toward) = if dir == Dir::In { ("received", "from") } else { ("sent", "to") };
    write!(out, "{way} {}", Bytes(len as u64))?;
    if let Some(peer) = peer {
        write!(out, " {toward} ")?;
        address(peer, out);
    }
    Ok(())
}

fn data(dir: Dir, len: u64, total: u64, out: &mut Vec<u8>) -> io::Result<()> {
    let way = if dir == Dir::In { "received" } else { "sent" };
    write!(out, "{way} {}, {} so far", Bytes(len), Bytes(total))
}

fn member(event: &Event, out: &mut Vec<u8>) -> io::Result<()> {
    let Event::Member { what, nick, text, .. } = event else { return Ok(()) };
    let text = text.as_ref();
    let what = match (what, nick) {
        (MemberChange::Nick, Some(nick)) => {
            let nick = sanitize::line(nick);
            return write!(out, "is now known as {nick}{}", part(" (", text, ")"));
        }
        (MemberChange::Nick, None) => "changed its nick",
        (MemberChange::Join, _) => "joined",
        (MemberChange::Leave, _) => "left",
        (MemberChange::Slow, _) => "reads too slowly",
    };
    write!(out, "{}{what}{}", part("", nick.as_ref(), " "), part(": ", text, ""))
}

fn target(event: &Event, display: DisplayOptions, out: &mut Vec<u8>) -> io::Result<()> {
    let Event::Target { target, conn, outcome, latency_us, local, text, .. } = event else { return Ok(()) };
    let word = match outcome {
        Outcome::Open | Outcome::Connected | Outcome::Replied => display.style.good(outcome.name()),
        _ => display.style.warning(outcome.name()),
    };
    write!(out, "{} {word}", sanitize::line(target))?;
    // The line of its birth has the address otherwise.
    if let Some(local) = local.as_ref().filter(|_| conn.is_none() || display.explain.is_some()) {
        out.extend_from_slice(b" from ");
        address(local, out);
    }
    if let Some(us) = latency_us {
        write!(out, " in {}", Latency(*us))?;
    }
    if let Some(language) = display.explain.filter(|_| *outcome == Outcome::Connected) {
        write!(out, "  {}", explain::LOCAL_PORT.say(language))?;
    }
    out.write_all(part(" (", text.as_ref(), ")").as_bytes())
}

/// What does not fit is left out, `rtt` first; JSON has it, and so has a line of its own with `-v`.
fn summary(event: &Event, line: Line<'_>, out: &mut Vec<u8>) -> io::Result<()> {
    let Event::Summary {
        bytes_in, bytes_out, duration_us, rtt_us, retransmits: again, clean, joined, ..
    } = event
    else {
        return Ok(());
    };
    let style = line.display.style;
    let (end, width) = if *clean {
        (style.good("ended cleanly"), "ended cleanly".len())
    } else {
        (style.warning("did not end cleanly"), "did not end cleanly".len())
    };
    write!(out, "{end}")?;
    let start = out.len();
    write!(out, ": {} in, {} out, {}", Bytes(*bytes_in), Bytes(*bytes_out), Latency(*duration_us))?;
    let mut add = |text: fmt::Arguments<'_>| {
        let before = out.len();
        let written = out.write_fmt(text);
        // Bytes that continue a character take no column.
        let columns = out[start..].iter().filter(|b| **b & 0xc0 != 0x80).count();
        if width + columns > line.room {
            out.truncate(before);
        }
        written
    };
    if let Some(other) = joined {
        add(format_args!(", joined with #{other}"))?;
    }
    if let Some(again @ 1..) = again {
        let noun = if *again == 1 { "retransmit" } else { "retransmits" };
        add(format_args!(", {again} {noun}"))?;
    }
    rtt_us.map_or(Ok(()), |rtt| add(format_args!(", rtt {}", Latency(rtt.into()))))
}

const fn is_check(outcome: Outcome) -> bool {
    use Outcome::{
        Closed, Failed, Filtered, NoAnswer, NoMatch, Open, Refused, Replied, TlsFailed, Unresolved,
    };
    matches!(
        outcome,
        Open | Closed | TlsFailed | NoMatch | Filtered | Unresolved | Failed | Replied | Refused | NoAnswer
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

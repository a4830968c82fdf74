//! Events as lines for people.

use super::datagram::{self, Cache};
use super::progress::Progress;
use super::status_line::{self, StatusLine};
use super::{DisplayOptions, Style, explain};
use crate::event::number::counted;
use crate::event::{Dir, Event, Fault, MemberChange, Outcome, Record, Role, Scope, Sink, Subject, Via};
use crate::text::clock::local_zone;
use crate::text::sanitize;
use std::fs::File;
use std::io::{self, Write};

/// Options set on every listener, shown only where the kernel changed the value.
const USUAL: [&str; 3] = ["backlog", "reuseaddr", "v6only"];

/// Writes one line per event, a batch with one call.
pub(super) struct Human {
    display: DisplayOptions,
    to: File,
    lines: Vec<u8>,
    cache: Cache,
    bar: Progress,
    status_line: StatusLine,
}

impl Human {
    pub(super) fn new(display: DisplayOptions, to: File) -> Self {
        let (cache, bar, status_line) =
            (Cache::new(local_zone().clone()), Progress::default(), StatusLine::default());
        Self { display, to, lines: Vec::new(), cache, bar, status_line }
    }

    fn add(&mut self, record: &Record) {
        self.status_line.clear();
        if self.display.bar && self.bar.follow(&record.event) {
            return;
        }
        match &record.event {
            Event::Error { .. } => {}
            _ if self.display.quiet => return,
            event @ Event::Target { attempt: Some(_), .. } if self.display.terminal => {
                let time = self.cache.time(record.ts);
                return self
                    .status_line
                    .set(format!("{time} {}", status_line::waiting(event).unwrap_or_default()));
            }
            _ => {}
        }
        let plain = self.display.style == Style::Plain;
        if plain && datagram::human(record, &mut self.cache, &mut self.lines).is_some() {
            return;
        }
        self.add_any(record);
    }

    fn add_any(&mut self, record: &Record) {
        let style = self.display.style;
        match &record.event {
            Event::Error { fault } => {
                let _ = writeln!(self.lines, "{} {}", style.bad("soquete:"), fault_text(fault));
            }
            Event::Warning { fault } => {
                let _ = writeln!(self.lines, "{} {}", style.warning("soquete: warning:"), fault_text(fault));
            }
            event => {
                let start = self.lines.len();
                let time = self.cache.time(record.ts);
                let _ = write!(self.lines, "{} ", style.dim(time));
                if self.describe(event).is_some() {
                    self.lines.push(b'\n');
                } else {
                    self.lines.truncate(start);
                }
            }
        }
    }

    /// Appends the text of an event; `None` if it is a detail that is not to be shown.
    #[allow(clippy::too_many_lines)] // one arm per event: the match is the table of lines
    fn describe(&mut self, event: &Event) -> Option<()> {
        let (style, detail) = (self.display.style, self.display.detail);
        let out = &mut self.lines;
        let _ = match event {
            Event::State { socket, from, to, op, via } => {
                let implied = if *via == Via::Implied { ", implied" } else { "" };
                let why = format!("({}{implied})", op.words());
                let (from_state, to_state) = (*from, *to);
                let (from, to) = (style.state(*from), style.state(*to));
                if self.display.explain {
                    let sentence = explain::sentence(socket.proto, socket.role, from_state, to_state, *op);
                    write!(
                        out,
                        "{:<9} {from:>12} → {to:<12} {sentence}{}",
                        role_of(*socket),
                        style.dim(implied.trim_start_matches(','))
                    )
                } else {
                    write!(out, "{} {from:>12} → {to:<12} {}", subject(*socket), style.dim(why))
                }
            }
            Event::Option { socket, name, requested, effective } => {
                if !detail && USUAL.contains(name) && requested.as_ref() == Some(effective) {
                    return None;
                }
                match requested {
                    Some(asked) => {
                        write!(
                            out,
                            "{} option {name}: requested {asked}, effective {effective}",
                            subject(*socket)
                        )
                    }
                    None => write!(out, "{} option {name}: {effective}", subject(*socket)),
                }
            }
            Event::Resolve { host, address } => {
                write!(out, "{} is {}", sanitize::line(host), address.ip())
            }
            Event::Info { socket, info } => write!(
                out,
                "{} rtt {} ± {}, rto {}, cwnd {}, mss {}/{}, pmtu {}, {}",
                subject(*socket),
                latency(info.rtt_us.into()),
                latency(info.rttvar_us.into()),
                latency(info.rto_us.into()),
                info.cwnd,
                info.snd_mss,
                info.rcv_mss,
                info.pmtu,
                retransmits_of(info.retransmits)
            ),
            Event::Bind { socket } if detail => write!(out, "{} bound", subject(*socket)),
            Event::Listening { socket, backlog, scope, .. } => {
                let reach = match scope {
                    Scope::Loopback => "this machine only",
                    Scope::Address => "whoever reaches this address",
                    Scope::Public => "every interface",
                };
                let queue = backlog.map_or_else(String::new, |n| format!(", backlog {n}"));
                let local = socket.local.map_or_else(String::new, |a| a.to_string());
                write!(out, "#{} {} {local} ({reach}{queue})", socket.conn, style.good("listening on"))
            }
            Event::Accept { socket } => write!(out, "{} {}", subject(*socket), style.good("accepted")),
            Event::Refuse { socket, reason } => {
                write!(out, "{} {} {}", subject(*socket), style.warning("refused:"), sanitize::line(reason))
            }
            Event::Datagram { socket, dir, len } => {
                let way = if *dir == Dir::In { "received" } else { "sent" };
                write!(out, "{} {way} {}", subject(*socket), bytes(*len as u64))
            }
            Event::Member { socket, what: MemberChange::Nick, nick: Some(nick), text } => {
                let text = text.as_ref().map_or_else(String::new, |t| format!(" ({})", sanitize::line(t)));
                write!(out, "{} is now known as {}{text}", subject(*socket), sanitize::line(nick))
            }
            Event::Member { socket, what, nick, text } => {
                let what = match what {
                    MemberChange::Join => "joined",
                    MemberChange::Leave => "left",
                    MemberChange::Nick => "has another nick",
                    MemberChange::Slow => "reads too slowly",
                };
                let nick = nick.as_ref().map_or_else(String::new, |n| format!(" {}", sanitize::line(n)));
                let text = text.as_ref().map_or_else(String::new, |t| format!(": {}", sanitize::line(t)));
                write!(out, "{}{nick} {what}{text}", subject(*socket))
            }
            Event::Line { socket, nick, text } if detail => {
                let nick = nick.as_ref().map_or_else(String::new, |n| format!(" {}", sanitize::line(n)));
                write!(out, "{}{nick}: {}", subject(*socket), sanitize::line(text))
            }
            Event::Target { attempt: Some(_), .. } => write!(out, "{}", status_line::waiting(event)?),
            // Checks are in the report.
            Event::Target { outcome, .. } if !detail && is_check(*outcome) => return None,
            Event::Target { target, outcome, latency_us, local, text, .. } => {
                let word = match outcome {
                    Outcome::Open | Outcome::Connected | Outcome::Replied => style.good(outcome.name()),
                    _ => style.warning(outcome.name()),
                };
                let _ = write!(out, "{} {word}", sanitize::line(target));
                if let Some(local) = local {
                    let _ = write!(out, " from {local}");
                }
                if let Some(us) = latency_us {
                    let _ = write!(out, " {}", latency(*us));
                }
                if self.display.explain && *outcome == Outcome::Connected {
                    let _ = write!(out, "  {}", explain::LOCAL_PORT);
                }
                text.as_ref().map_or(Ok(()), |t| write!(out, " ({})", sanitize::line(t)))
            }
            Event::Progress { socket, bytes_in, bytes_out, .. } if detail || self.display.progress => {
                write!(out, "{} {} in, {} out so far", subject(*socket), bytes(*bytes_in), bytes(*bytes_out))
            }
            Event::Summary { socket, bytes_in, bytes_out, duration_us, rtt_us, retransmits, clean } => {
                let end =
                    if *clean { style.good("ended cleanly") } else { style.warning("did not end cleanly") };
                let _ = write!(
                    out,
                    "{} {end}: {} in, {} out",
                    subject(*socket),
                    bytes(*bytes_in),
                    bytes(*bytes_out)
                );
                let _ = write!(out, " in {}", latency(*duration_us));
                if let Some(rtt) = rtt_us {
                    let _ = write!(out, ", rtt {}", latency((*rtt).into()));
                }
                retransmits.filter(|n| *n > 0).map_or(Ok(()), |n| write!(out, ", {}", retransmits_of(n)))
            }
            Event::Exit { code, cause } if detail => write!(out, "exit {code}: {}", sanitize::line(cause)),
            Event::Bind { .. }
            | Event::Line { .. }
            | Event::Progress { .. }
            | Event::Exit { .. }
            | Event::Warning { .. }
            | Event::Error { .. } => return None,
        };
        Some(())
    }
}

impl Sink for Human {
    fn write(&mut self, batch: &[Record]) -> io::Result<()> {
        self.lines.clear();
        self.status_line.erase(&mut self.lines);
        for record in batch {
            self.add(record);
        }
        self.status_line.show(&self.to, &mut self.lines);
        if self.lines.is_empty() {
            return Ok(());
        }
        let (to, lines) = (&mut self.to, &self.lines);
        self.bar.suspend(|| to.write_all(lines))
    }

    fn finish(&mut self) {
        self.bar = Progress::default();
        self.lines.clear();
        self.status_line.erase(&mut self.lines);
        // A failure cannot be reported anywhere.
        let _ = self.to.write_all(&self.lines);
    }
}

const fn is_check(outcome: Outcome) -> bool {
    use Outcome::{Closed, Failed, Filtered, NoAnswer, Open, Refused, Replied, Unresolved};
    matches!(outcome, Open | Closed | Filtered | Unresolved | Failed | Replied | Refused | NoAnswer)
}

fn fault_text(fault: &Fault) -> String {
    sanitize::line(&fault.text)
}

/// The socket of an event, the local end first: `#2 127.0.0.1:50000 → 127.0.0.1:80`.
fn subject(socket: Subject) -> String {
    let arrow = if socket.role == Role::Client { " → " } else { " ← " };
    let mut text = Vec::with_capacity(64);
    text.push(b'#');
    datagram::number(socket.conn.into(), &mut text);
    if let Some(local) = socket.local {
        text.push(b' ');
        datagram::address(local, &mut text);
    }
    if let Some(peer) = socket.peer {
        text.extend_from_slice(arrow.as_bytes());
        datagram::address(peer, &mut text);
    }
    String::from_utf8(text).unwrap_or_default()
}

const fn role_of(socket: Subject) -> &'static str {
    match socket.role {
        Role::Listener => "listener",
        Role::Client => "client",
        Role::Server => "server",
    }
}

/// Bytes in the unit that fits.
pub(super) fn bytes(count: u64) -> String {
    match count {
        1 => "1 byte".into(),
        0..=9999 => format!("{count} bytes"),
        _ => indicatif::HumanBytes(count).to_string(),
    }
}

fn retransmits_of(count: u32) -> String {
    counted(count.into(), "retransmit", "retransmits")
}

/// Microseconds in the unit that fits.
#[allow(clippy::cast_precision_loss)] // shown with three digits
pub(super) fn latency(us: u64) -> String {
    match us {
        0..=999 => format!("{us} µs"),
        1000..=999_949 if us.is_multiple_of(1000) => format!("{} ms", us / 1000),
        1000..=999_949 => format!("{:.1} ms", us as f64 / 1e3),
        _ if us.is_multiple_of(1_000_000) => format!("{} s", us / 1_000_000),
        _ => format!("{:.2} s", us as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::super::datagram::tests::record;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_are_in_the_unit_that_fits_and_whole_where_they_are() {
        let shown = [529, 1005, 204_000, 999_949, 999_950, 1_000_000, 61_250_000].map(latency);
        assert_eq!(shown, ["529 µs", "1.0 ms", "204 ms", "999.9 ms", "1.00 s", "1 s", "61.25 s"]);
    }

    proptest! {
        #[test]
        fn both_printers_of_a_datagram_make_the_same_line(record in record()) {
            let style = Style::Plain;
            let display = DisplayOptions {
                json: false,
                detail: false,
                terminal: false,
                quiet: false,
                bar: false,
                progress: false,
                explain: false,
                style,
            };
            let to = File::open("/dev/null").unwrap();
            let mut human = Human::new(display, to);
            human.cache = Cache::new(jiff::tz::TimeZone::fixed(jiff::tz::offset(5)));
            human.add_any(&record);
            let usual = std::mem::take(&mut human.lines);
            human.add(&record);
            prop_assert_eq!(String::from_utf8(usual).unwrap(), String::from_utf8_lossy(&human.lines));
        }
    }
}

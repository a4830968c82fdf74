//! A frame of the live view of the socket table, drawn over the whole terminal.

use super::Style;
use super::sparkline::{bar, sparkline};
use crate::event::Address;
use crate::event::table::Queues;
use crate::event::top::{Frame, Mark, TopRow};
use crate::text::number::counted;
use crate::text::sanitize;
use crate::text::shorten::{columns, shorten};
use std::fmt::Write as _;

/// Columns of what has a fixed width: mark, transport, state, rates, round-trip time, and the spaces between all.
const FIXED: usize = 42;
/// A terminal of fewer columns shows no sockets.
const NARROWEST: usize = 60;
/// Lines above the sockets.
const HEAD: usize = 3;
/// Columns of `127.0.0.1:65432`.
const USUAL: usize = 15;
/// Columns of a sparkline where there is room.
const LONGEST_LINE: usize = 40;

/// The bytes that draw it.
#[must_use]
pub(super) fn draw(frame: &Frame, style: Style) -> String {
    let mut lines = vec![states(frame), totals(frame, style)];
    if frame.columns < NARROWEST {
        lines.push(shorten(&format!("terminal too narrow: {} columns", frame.columns), frame.columns));
    } else {
        let room = frame.lines.saturating_sub(HEAD);
        let is_long = frame.rows.len() > room;
        let rows = &frame.rows[..frame.rows.len().min(if is_long { room.saturating_sub(1) } else { room })];
        let widths = Widths::of(rows, frame);
        lines.push(style.dim(shorten(&widths.heading(), frame.columns)).to_string());
        lines.extend(rows.iter().map(|row| widths.row(row, style)));
        if is_long {
            lines.push(style.dim(format!("… {} more", frame.rows.len() - rows.len())).to_string());
        }
    }
    let mut drawn = String::new();
    for (at, line) in lines.iter().take(frame.lines).enumerate() {
        // The line is cleared before it is written: after its last column the cursor may stand on that.
        let _ = write!(drawn, "\x1b[{};1H\x1b[2K{line}", at + 1);
    }
    if lines.len() < frame.lines {
        let _ = write!(drawn, "\x1b[{};1H\x1b[J", lines.len() + 1);
    }
    drawn
}

fn states(frame: &Frame) -> String {
    let all = frame.counts.iter().map(|(_, count)| count).sum();
    let mut line = counted(all, "socket", "sockets");
    for (state, count) in &frame.counts {
        let _ = write!(line, "  {count} {state}");
    }
    shorten(&line, frame.columns)
}

fn totals(frame: &Frame, style: Style) -> String {
    let (incoming, outgoing) = (compact(frame.total.incoming), compact(frame.total.outgoing));
    let line = format!("in {incoming}/s  out {outgoing}/s  every {:?}  q quits", frame.every);
    let left = frame.columns.saturating_sub(columns(&line) + 2);
    match &frame.note {
        Some(note) if left > 0 => format!("{line}  {}", style.warning(shorten(note, left))),
        _ => shorten(&line, frame.columns),
    }
}

/// The columns whose width depends on the terminal and on what is in them.
struct Widths {
    local: usize,
    peer: usize,
    /// Of each of the two bars.
    bar: usize,
    line: usize,
    processes: usize,
}

impl Widths {
    fn of(rows: &[TopRow], frame: &Frame) -> Self {
        let widest = |width: &dyn Fn(&TopRow) -> usize, least: usize| {
            rows.iter().map(width).max().unwrap_or(0).max(least)
        };
        let room = frame.columns - FIXED;
        let (bar, line) = match frame.columns {
            ..100 => (2, 4),
            100..140 => (4, 8),
            _ => (8, 16),
        };
        let named =
            |row: &TopRow| row.processes.as_ref().map_or(0, |names| 1 + columns(&sanitize::line(names)));
        let processes = if frame.processes { widest(&named, 10).min(room / 4) } else { 0 };
        let left = room - 2 * bar - line - processes;
        let half = left / 2;
        // Columns that do not move when a socket comes.
        let least = half.min(USUAL);
        let (local, peer) = (
            widest(&|row| columns(&shown(row.local.as_ref())), least),
            widest(&|row| columns(&shown(row.peer.as_ref())), least),
        );
        let (local, peer) = match (local + peer <= left, local <= half, peer <= half) {
            (true, ..) => (local, peer),
            (_, true, _) => (local, left - local),
            (_, _, true) => (left - peer, peer),
            _ => (left - half, half),
        };
        let spare = left - local - peer;
        let more = if frame.processes { widest(&named, 10).saturating_sub(processes).min(spare) } else { 0 };
        let (processes, line) = (processes + more, (line + spare - more).min(LONGEST_LINE));
        Self { local, peer, bar, line, processes }
    }

    fn heading(&self) -> String {
        let Self { local, peer, line, .. } = self;
        let (queues, rtt) = (2 * self.bar + 1, line + 7);
        let title = if self.bar > 2 { "QUEUES" } else { "QUEUE" };
        let mut heading = format!(
            "{:<5} {:<12} {:<local$} {:<peer$} {:>5} {:>5} {title:<queues$} {:>rtt$}",
            "PROTO", "STATE", "LOCAL", "PEER", "IN/s", "OUT/s", "RTT"
        );
        if self.processes > 0 {
            heading.push_str(" PROCESSES");
        }
        heading
    }

    fn row(&self, row: &TopRow, style: Style) -> String {
        let mark = match row.mark {
            Mark::Gone => "-",
            _ if row.retransmits > 0 => "!",
            Mark::New => "+",
            Mark::Changed => "~",
            Mark::Same => " ",
        };
        let is_gone = row.mark == Mark::Gone;
        let plain = if is_gone { Style::Plain } else { style };
        let mark = if row.retransmits > 0 { plain.bad(mark) } else { plain.good(mark) };
        let (proto, state) = (row.proto.name(), plain.state(row.state));
        let (local, peer) = (tail(row.local.as_ref(), self.local), tail(row.peer.as_ref(), self.peer));
        let rate = |bytes: Option<u64>| bytes.map_or_else(|| "-".to_owned(), compact);
        let incoming = rate(row.rates.map(|rates| rates.incoming));
        let outgoing = rate(row.rates.map(|rates| rates.outgoing));
        let queues = plain.warning(queues(row, self.bar));
        let line = sparkline(row.rtts.iter().map(|us| u64::from(*us)), self.line);
        let rtt = row.rtts.last().filter(|_| !is_gone).map_or_else(|| "-".to_owned(), |us| round_trip(*us));
        let line = if row.rtts.is_empty() { " ".repeat(self.line) } else { line };
        let mut text = format!(
            "{mark}{proto:<4} {state:<12} {local} {peer} {incoming:>5} {outgoing:>5} {queues} {line} {rtt:>6}"
        );
        if let Some(names) = row.processes.as_ref().filter(|_| self.processes > 0) {
            let _ = write!(text, " {}", shorten(names, self.processes - 1));
        }
        if is_gone { style.dim(text).to_string() } else { text }
    }
}

/// Both bars: what is received, what is to be sent. A listener has one, as wide as both.
fn queues(row: &TopRow, width: usize) -> String {
    match row.queues {
        Queues::Accept { accept_queue, accept_max } => {
            bar(accept_queue.into(), accept_max.unwrap_or(0).into(), 2 * width + 1)
        }
        Queues::Data { recv_queue, send_queue } => {
            let (received, sent) = row.room.unwrap_or((0, 0));
            let received = bar(recv_queue.into(), received.into(), width);
            format!("{received} {}", bar(send_queue.into(), sent.into(), width))
        }
    }
}

/// An address, `*` where there is none.
fn shown(address: Option<&Address>) -> String {
    address.map_or_else(|| "*".into(), |address| sanitize::line(&address.to_string()))
}

/// An address of exactly `width` columns; of a long one the end, where the port is.
fn tail(address: Option<&Address>, width: usize) -> String {
    let mut text = shown(address);
    if columns(&text) > width {
        while columns(&text) >= width.max(1) {
            text.remove(0);
        }
        text.insert(0, '…');
    }
    let missing = width.saturating_sub(columns(&text));
    text.extend(std::iter::repeat_n(' ', missing));
    text
}

/// Bytes in at most four columns: `0`, `999`, `1.2K`, `12K`, `3.4M`; powers of 1024.
#[allow(clippy::cast_precision_loss)] // shown with two digits
fn compact(bytes: u64) -> String {
    if bytes < 1000 {
        return bytes.to_string();
    }
    let (mut value, mut unit) = (bytes as f64 / 1024.0, 0);
    while value >= 999.5 && unit < 5 {
        (value, unit) = (value / 1024.0, unit + 1);
    }
    let unit = ["K", "M", "G", "T", "P", "E"][unit];
    if value < 9.95 { format!("{value:.1}{unit}") } else { format!("{value:.0}{unit}") }
}

/// Microseconds in at most five columns: `529µs`, `1.5ms`, `204ms`, `1.2s`.
fn round_trip(us: u32) -> String {
    let value = f64::from(us);
    match us {
        ..1000 => format!("{us}µs"),
        1000..9_950 => format!("{:.1}ms", value / 1e3),
        9_950..999_500 => format!("{:.0}ms", value / 1e3),
        999_500..9_950_000 => format!("{:.1}s", value / 1e6),
        _ => format!("{:.0}s", value / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::top::Rates;
    use crate::event::{Proto, State};
    use proptest::prelude::*;
    use std::time::Duration;

    fn row(local: &str, mark: Mark) -> TopRow {
        TopRow {
            proto: Proto::Tcp,
            state: State::Established,
            local: Some(Address::Inet(local.parse().unwrap())),
            peer: Some(Address::Inet("[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:65432".parse().unwrap())),
            queues: Queues::Data { recv_queue: 5, send_queue: 900 },
            room: Some((1000, 1000)),
            rates: Some(Rates { incoming: 1_234_567, outgoing: 999 }),
            rtts: vec![100, 200, 61_000],
            retransmits: 0,
            processes: Some("a\u{1b}[2Jb(7)".into()),
            mark,
            inode: 1,
        }
    }

    fn screen(frame: &Frame) -> Vec<String> {
        let side = |length: usize| u16::try_from(length).unwrap().try_into().unwrap();
        let mut parser = vt100::Parser::new(side(frame.lines), side(frame.columns), 0);
        parser.process(draw(frame, Style::Coloured).as_bytes());
        parser.screen().contents().lines().map(str::to_owned).collect()
    }

    #[test]
    fn figures_are_short() {
        let shown = [0, 999, 1000, 12_345, 1_234_567, u64::MAX].map(compact);
        assert_eq!(shown, ["0", "999", "1.0K", "12K", "1.2M", "16E"]);
        let shown = [529, 1500, 9_960, 204_000, 999_900, 61_000_000].map(round_trip);
        assert_eq!(shown, ["529µs", "1.5ms", "10ms", "204ms", "1.0s", "61s"]);
    }

    #[test]
    fn of_a_long_address_the_port_is_seen() {
        let address = Address::Inet("192.168.100.200:65432".parse().unwrap());
        assert_eq!(tail(Some(&address), 15), "….100.200:65432");
        assert_eq!(tail(None, 4), "*   ");
    }

    #[test]
    fn a_frame_fits_eighty_columns() {
        let rows = vec![row("127.0.0.1:80", Mark::Same), row("10.0.0.1:443", Mark::Gone)];
        let counts = vec![(State::Established, 2)];
        let frame =
            Frame { columns: 80, lines: 24, rows, counts, every: Duration::from_secs(1), ..Frame::default() };
        let lines = screen(&frame);
        assert_eq!(lines[0], "2 sockets  2 ESTABLISHED");
        assert_eq!(lines[1], "in 0/s  out 0/s  every 1s  q quits");
        let line = " tcp  ESTABLISHED  127.0.0.1:80    …ee:ffff]:65432  1.2M   999 ▏  █▊  ▁▁█   61ms";
        assert_eq!(lines[3], line);
        assert!(lines[4].starts_with("-tcp  ESTABLISHED  10.0.0.1:443 "), "{lines:#?}");
    }

    proptest! {
        #[test]
        fn every_frame_stays_on_its_terminal(columns in 1usize..250, lines in 1usize..60, count in 0usize..80, processes: bool) {
            let rows: Vec<_> = (0..count).map(|n| row(&format!("10.0.0.{n}:{}", n * 800), Mark::New)).collect();
            let frame = Frame {
                columns, lines, rows, processes, note: Some("x".repeat(99)), counts: vec![(State::Listen, 3)],
                ..Frame::default()
            };
            let drawn = draw(&frame, Style::Plain);
            for line in drawn.split("\x1b[2K").skip(1) {
                let text = line.split('\x1b').next().unwrap();
                prop_assert!(super::columns(text) <= columns, "{} > {columns}: {text}", super::columns(text));
            }
            prop_assert!(!drawn.contains("\x1b[2Jb"));
        }
    }
}

//! The socket table for people: aligned columns under a heading, written row by row.
//!
//! The first rows are held back to measure the columns; a later row that is wider runs over, so that memory does not grow
//! with the table. TCP and UDP sockets form one table, UNIX sockets another.

use super::Style;
use super::units::{bytes, latency};
use crate::event::table::{ChangeRow, CountRow, ExtendedFields, Queues, SocketRow, UnixKind};
use crate::event::{Address, Proto};
use crate::text::clock::local_zone;
use crate::text::number::counted;
use crate::text::sanitize;
use std::fmt::{self, Write as _};
use std::io::{self, Write};
use unicode_width::UnicodeWidthStr;

/// Rows that determine the width of the columns.
const HELD: usize = 256;

/// A table being written.
pub(super) struct Table {
    style: Style,
    held: Vec<SocketRow>,
    widths: Option<Widths>,
    counting: bool,
    line: String,
}

/// The columns of one table.
#[derive(Clone, Copy)]
struct Widths {
    unix: bool,
    local: usize,
    peer: usize,
    queues: usize,
    processes: Option<usize>,
}

impl Table {
    pub fn new(style: Style) -> Self {
        Self { style, held: Vec::new(), widths: None, counting: false, line: String::new() }
    }

    /// Takes one socket.
    pub fn socket(&mut self, row: &SocketRow, out: &mut impl Write) -> io::Result<()> {
        let unix = row.proto == Proto::Unix;
        let other = |held: &SocketRow| (held.proto == Proto::Unix) != unix;
        if self.held.first().is_some_and(other) {
            self.settle(out)?;
        }
        if self.widths.is_some_and(|widths| widths.unix != unix) {
            self.widths = None;
            out.write_all(b"\n")?;
        }
        if let Some(widths) = self.widths {
            return self.write(row, widths, out);
        }
        self.held.push(row.clone());
        if self.held.len() < HELD { Ok(()) } else { self.settle(out) }
    }

    /// Writes the rows held back.
    pub fn settle(&mut self, out: &mut impl Write) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        let Some(first) = held.first() else { return Ok(()) };
        let widths = self.widths.unwrap_or_else(|| Widths::of(&held));
        if self.widths.is_none() {
            self.heading(first, widths, out)?;
            self.widths = Some(widths);
        }
        held.iter().try_for_each(|row| self.write(row, widths, out))
    }

    fn heading(&mut self, first: &SocketRow, widths: Widths, out: &mut impl Write) -> io::Result<()> {
        let Widths { unix, local, peer, queues, processes } = widths;
        let line = &mut self.line;
        line.clear();
        let _ = if unix {
            write!(
                line,
                "PROTO TYPE      STATE        {:<local$} {:<peer$} {:<queues$}",
                "INODE", "PEER", "QUEUES"
            )
        } else {
            write!(line, "PROTO STATE        {:<local$} {:<peer$} {:<queues$}", "LOCAL", "PEER", "QUEUES")
        };
        if let Some(width) = processes {
            let _ = write!(line, " {:<width$}", "PROCESSES");
        }
        line.push_str(if unix { " NAME" } else { "" });
        line.push_str(if first.extended.is_some() { " DETAILS" } else { "" });
        writeln!(out, "{}", self.style.dim(self.line.trim_end()))
    }

    fn write(&mut self, row: &SocketRow, widths: Widths, out: &mut impl Write) -> io::Result<()> {
        let Widths { unix, local, peer, queues, processes } = widths;
        let (state, line) = (self.style.state(row.state), &mut self.line);
        line.clear();
        let waiting = Cell(|f: &mut fmt::Formatter<'_>| show_queues(row.queues, f));
        let _ = if unix {
            let other = row.peer_inode.map_or_else(|| "*".into(), |inode| inode.to_string());
            let kind = row.kind.map_or("-", UnixKind::name);
            write!(line, "{:<5} {kind:<9} {state:<12} {:<local$} {other:<peer$} ", "unix", row.inode)
        } else {
            let (proto, near, far) = (row.proto.name(), shown(row.local.as_ref()), shown(row.peer.as_ref()));
            write!(line, "{proto:<5} {state:<12} {near:<local$} {far:<peer$} ")
        };
        pad(line, queues, waiting);
        if let Some(width) = processes {
            line.push(' ');
            let text = holders(row);
            line.push_str(&text);
            line.extend(std::iter::repeat_n(' ', width.saturating_sub(text.width())));
        }
        if let Some(Address::Unix(name)) = &row.local {
            let _ = write!(line, " {}", sanitize::line(&name.to_string()));
        }
        if let Some(extended) = &row.extended {
            let _ = write!(
                line,
                " uid {} inode {}",
                row.uid.map_or_else(|| "?".into(), |n| n.to_string()),
                row.inode
            );
            details(extended, line);
        }
        line.truncate(line.trim_end().len());
        line.push('\n');
        out.write_all(line.as_bytes())
    }

    /// One count, under a heading of its own.
    pub fn count(&mut self, row: &CountRow, out: &mut impl Write) -> io::Result<()> {
        if !std::mem::replace(&mut self.counting, true) {
            writeln!(out, "{}", self.style.dim("PROTO STATE          COUNT"))?;
        }
        writeln!(out, "{:<5} {:<12} {:>7}", row.proto.name(), self.style.state(row.state), row.count)
    }

    /// One change, with the time of day.
    pub fn change(&mut self, row: &ChangeRow, out: &mut impl Write) -> io::Result<()> {
        let (style, socket) = (self.style, &row.socket);
        let time = row.ts.to_zoned(local_zone().clone());
        write!(out, "{} {:<4} ", style.dim(time.strftime("%H:%M:%S%.3f")), socket.proto.name())?;
        match socket.from {
            Some(from) => write!(out, "{:<12}", style.state(from))?,
            None if socket.to.is_some() => write!(out, "{:<12}", style.good("appeared"))?,
            None => write!(out, "{:<12}", style.dim("unseen"))?,
        }
        match socket.to {
            Some(to) => write!(out, " → {:<12}", style.state(to))?,
            None => write!(out, " → {:<12}", style.warning("gone"))?,
        }
        match (&socket.local, &socket.peer) {
            (Some(Address::Unix(name)), _) => write!(out, " {}", sanitize::line(&name.to_string()))?,
            (local, None) => write!(out, " {}", shown(local.as_ref()))?,
            (local, Some(peer)) => write!(out, " {} ↔ {peer}", shown(local.as_ref()))?,
        }
        for process in row.processes.iter().flatten() {
            write!(out, " {}({})", sanitize::line(&process.name), process.pid)?;
        }
        writeln!(out)
    }
}

impl Widths {
    fn of(rows: &[SocketRow]) -> Self {
        let unix = rows[0].proto == Proto::Unix;
        let widest = |least: usize, width: &dyn Fn(&SocketRow) -> usize| {
            rows.iter().map(width).max().unwrap_or(0).max(least)
        };
        let mut text = String::new();
        let mut length = |cell: &dyn fmt::Display| {
            text.clear();
            let _ = write!(text, "{cell}");
            text.len()
        };
        let (mut local, mut peer, mut queues) = ("LOCAL".len(), "PEER".len(), "QUEUES".len());
        for row in rows {
            local = local.max(if unix { length(&row.inode) } else { length(&shown(row.local.as_ref())) });
            peer = peer.max(if unix {
                row.peer_inode.map_or(1, |n| length(&n))
            } else {
                length(&shown(row.peer.as_ref()))
            });
            queues = queues.max(length(&Cell(|f: &mut fmt::Formatter<'_>| show_queues(row.queues, f))));
        }
        let named = rows[0].processes.is_some();
        let processes = named.then(|| widest("PROCESSES".len(), &|row| holders(row).width()));
        Self { unix, local, peer, queues, processes }
    }
}

/// Text formatted when it is written.
struct Cell<F>(F);

impl<F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result> fmt::Display for Cell<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.0)(f)
    }
}

fn pad(line: &mut String, width: usize, cell: impl fmt::Display) {
    let start = line.len();
    let _ = write!(line, "{cell}");
    let written = line.len() - start;
    line.extend(std::iter::repeat_n(' ', width.saturating_sub(written)));
}

/// An address, `*` where there is none.
fn shown(address: Option<&Address>) -> &dyn fmt::Display {
    match address {
        Some(Address::Inet(address)) => address,
        Some(address) => address,
        None => &"*",
    }
}

/// The queues with their kind.
fn show_queues(queues: Queues, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match queues {
        Queues::Accept { accept_queue, accept_max: Some(max) } => {
            write!(f, "accept queue {accept_queue}/{max}")
        }
        Queues::Accept { accept_queue, accept_max: None } => write!(f, "accept queue {accept_queue}/?"),
        Queues::Data { recv_queue, send_queue } => write!(f, "recv {recv_queue} send {send_queue}"),
    }
}

/// `name(pid)` of each process, or the reason why there is none.
fn holders(row: &SocketRow) -> String {
    let mut text = String::new();
    for process in row.processes.iter().flatten() {
        let comma = if text.is_empty() { "" } else { "," };
        let _ = write!(text, "{comma}{}({})", sanitize::line(&process.name), process.pid);
    }
    match &row.processes_hidden {
        Some(reason) => format!("({reason})"),
        None if text.is_empty() => "-".into(),
        None => text,
    }
}

/// The fields of `-e`.
fn details(extended: &ExtendedFields, line: &mut String) {
    if let Some(info) = extended.info {
        let _ = write!(line, " rtt {} cwnd {}", latency(info.rtt_us.into()), info.cwnd);
        let _ = write!(line, " retransmits {} mss {}/{}", info.retransmits, info.snd_mss, info.rcv_mss);
    }
    if let (Some(timer), Some(left)) = (extended.timer, extended.timer_ms) {
        let _ = write!(line, " timer {} {}", timer.name(), latency(left * 1000));
        if let Some(fired @ 1..) = extended.timer_fired {
            let _ = write!(line, " (fired {})", counted(fired.into(), "time", "times"));
        }
    }
    if let Some(name) = &extended.congestion {
        let _ = write!(line, " {}", sanitize::line(name));
    }
    if let Some(memory) = extended.memory {
        let part = |taken: u32, room: u32| format!("{}/{}", bytes(taken.into()), bytes(room.into()));
        let _ = write!(line, " memory recv {}", part(memory.recv_memory, memory.recv_buffer));
        let _ = write!(line, " send {} drops {}", part(memory.send_memory, memory.send_buffer), memory.drops);
    }
    if let Some(true) = extended.v6only {
        line.push_str(" IPv6 only");
    }
    if let Some(tos) = extended.tos.filter(|tos| *tos != 0) {
        let _ = write!(line, " tos {tos:#x}");
    }
    if let Some(shut) = extended.shut {
        let _ = write!(line, " shut {shut}");
    }
    if let Some(name) = &extended.interface {
        let _ = write!(line, " on {}", sanitize::line(name));
    }
}

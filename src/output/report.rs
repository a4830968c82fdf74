//! Reports on standard output: aligned rows for people, JSON Lines for scripts.

use super::received::tint;
use super::statistics::{Statistics, target};
use super::table::Table as Sockets;
use super::tls::tls_details;
use super::top::draw;
use super::units::latency;
use super::{Style, json};
use crate::event::Outcome;
use crate::event::report::{CheckRow, DatagramRow, Report, Row};
use crate::event::top::Frame;
use crate::text::{Visible, sanitize};
use std::io::{self, BufWriter, Write};
use std::sync::Arc;

/// The report on standard output, which is a `terminal` or not. The first write opens that by `open`, so that a run without a
/// report holds no second descriptor of it.
#[must_use]
pub fn report(json: bool, style: Style, terminal: bool, open: Open) -> Box<dyn Report> {
    let out = BufWriter::with_capacity(1 << 16, LazyOutput { open, to: None });
    if json {
        return Box::new(Lines(out));
    }
    let (sockets, statistics) = (Sockets::new(style), Statistics::new(style, terminal));
    Box::new(Table { out, style, terminal, sockets, statistics, line: Vec::new() })
}

/// Opens standard output as a writer.
pub type Open = Arc<dyn Fn() -> io::Result<Box<dyn Write + Send>> + Send + Sync>;

/// Standard output, opened by the first write.
struct LazyOutput {
    open: Open,
    to: Option<Box<dyn Write + Send>>,
}

impl Write for LazyOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut to = match self.to.take() {
            Some(to) => to,
            None => (self.open)()?,
        };
        let written = to.write(bytes);
        self.to = Some(to);
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Lines(BufWriter<LazyOutput>);

impl Report for Lines {
    fn again(&self) -> Box<dyn Report> {
        report(true, Style::Plain, false, Arc::clone(&self.0.get_ref().open))
    }

    fn format(&mut self, row: &Row, out: &mut Vec<u8>) {
        // Neither memory nor a row can refuse to be written.
        let _ = json::line(row, out);
    }

    fn row(&mut self, row: &Row) -> io::Result<()> {
        json::line(row, &mut self.0)
    }

    fn frame(&mut self, _frame: &Frame) -> io::Result<()> {
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

struct Table {
    out: BufWriter<LazyOutput>,
    style: Style,
    terminal: bool,
    sockets: Sockets,
    statistics: Statistics,
    line: Vec<u8>,
}

// Writing to memory cannot fail.
impl Report for Table {
    fn again(&self) -> Box<dyn Report> {
        report(false, self.style, self.terminal, Arc::clone(&self.out.get_ref().open))
    }

    fn format(&mut self, row: &Row, out: &mut Vec<u8>) {
        match row {
            Row::Check(row) => self.check(row, out),
            Row::Statistics(row) => self.statistics.row(row, out),
            Row::Datagram(row) => self.datagram(row, out),
            Row::Socket(row) => drop(self.sockets.socket(row, out)),
            Row::Count(row) => drop(self.sockets.count(row, out)),
            Row::Change(row) => drop(self.sockets.change(row, out)),
        }
    }

    fn row(&mut self, row: &Row) -> io::Result<()> {
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        self.format(row, &mut line);
        let written = self.out.write_all(&line);
        self.line = line;
        written
    }

    fn frame(&mut self, frame: &Frame) -> io::Result<()> {
        self.out.write_all(draw(frame, self.style).as_bytes())?;
        self.out.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sockets.settle(&mut self.out)?;
        self.out.flush()
    }
}

impl Table {
    fn check(&self, row: &CheckRow, out: &mut Vec<u8>) {
        let target = target(&row.host, row.port);
        let word = match row.outcome {
            Outcome::Open | Outcome::Replied => self.style.good(row.outcome.name()),
            _ => self.style.warning(row.outcome.name()),
        };
        let time = row.latency_us.map_or_else(|| "-".into(), latency);
        let _ = write!(out, "{target:<28} {word:<10} {time:>9}");
        if let Some(reason) = row.reason.as_ref().filter(|_| row.outcome != Outcome::Closed) {
            let _ = write!(out, "  {}", sanitize::line(reason));
        }
        out.push(b'\n');
        if let Some(tls) = &row.tls {
            // Writing to memory cannot fail.
            let _ = tls_details(tls, out);
        }
    }

    /// The payload as it is; on a terminal nothing in it moves the cursor, and each begins on a line of its own.
    fn datagram(&self, row: &DatagramRow, out: &mut Vec<u8>) {
        if !self.terminal {
            return out.extend_from_slice(&row.payload);
        }
        let (mut visible, mut shown) = (Visible::default(), Vec::new());
        visible.push(&row.payload, &mut shown);
        visible.finish(&mut shown);
        match self.style {
            Style::Coloured => tint(&shown, out),
            Style::Plain => out.extend_from_slice(&shown),
        }
        if !row.payload.ends_with(b"\n") {
            out.push(b'\n');
        }
    }
}

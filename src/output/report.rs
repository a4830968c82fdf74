//! Reports on standard output: aligned rows for people, JSON Lines for scripts.

use super::human::latency;
use super::table::Table as Sockets;
use super::{Style, sanitize};
use crate::event::Outcome;
use crate::event::report::{CheckRow, Report, Row};
use std::io::{self, BufWriter, Stdout, Write};

/// A report writer over standard output.
#[must_use]
pub fn report(json: bool, style: Style) -> Box<dyn Report> {
    let out = BufWriter::with_capacity(1 << 16, io::stdout());
    if json { Box::new(Lines(out)) } else { Box::new(Table { out, style, sockets: Sockets::new(style) }) }
}

struct Lines(BufWriter<Stdout>);

impl Report for Lines {
    fn row(&mut self, row: &Row) -> io::Result<()> {
        serde_json::to_writer(&mut self.0, row)?;
        self.0.write_all(b"\n")
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

struct Table {
    out: BufWriter<Stdout>,
    style: Style,
    sockets: Sockets,
}

impl Report for Table {
    fn row(&mut self, row: &Row) -> io::Result<()> {
        match row {
            Row::Check(row) => self.check(row),
            Row::Socket(row) => self.sockets.socket(row, &mut self.out),
            Row::Count(row) => self.sockets.count(row, &mut self.out),
            Row::Change(row) => self.sockets.change(row, &mut self.out),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sockets.settle(&mut self.out)?;
        self.out.flush()
    }
}

impl Table {
    fn check(&mut self, row: &CheckRow) -> io::Result<()> {
        let host = sanitize::line(&row.host);
        let target = if host.contains(':') {
            format!("[{host}]:{}", row.port)
        } else {
            format!("{host}:{}", row.port)
        };
        let word = match row.outcome {
            Outcome::Open => self.style.good(row.outcome.name()),
            _ => self.style.wary(row.outcome.name()),
        };
        let time = row.latency_us.map_or_else(|| "-".into(), latency);
        write!(self.out, "{target:<28} {word:<10} {time:>9}")?;
        if let Some(reason) = row.reason.as_ref().filter(|_| row.outcome != Outcome::Closed) {
            write!(self.out, "  {}", sanitize::line(reason))?;
        }
        writeln!(self.out)
    }
}

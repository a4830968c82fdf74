//! Events as lines for people.

use super::columns::Columns;
use super::datagram::{self, Cache};
use super::event_file::EventFile;
use super::event_text::{Line, describe, waiting};
use super::named::{Named, Naming};
use super::progress::Progress;
use super::status_line::StatusLine;
use super::subject::birth;
use super::{DisplayOptions, Style};
use crate::event::{Event, MemberChange, Record, Sink};
use crate::text::clock::local_zone;
use crate::text::sanitize;
use std::io::{self, Write};

/// Writes one line per event, a batch with one call.
pub(super) struct Human {
    display: DisplayOptions,
    to: EventFile,
    lines: Vec<u8>,
    /// The text of one event.
    text: Vec<u8>,
    columns: Columns,
    cache: Cache,
    named: Named,
    bar: Progress,
    status_line: StatusLine,
}

impl Human {
    pub(super) fn new(display: DisplayOptions, to: EventFile) -> Self {
        Self {
            display,
            to,
            lines: Vec::new(),
            text: Vec::new(),
            columns: Columns::new(),
            cache: Cache::new(local_zone().clone()),
            named: Named::new(display.pairs),
            bar: Progress::new(display.detail),
            status_line: StatusLine::default(),
        }
    }

    fn add(&mut self, record: &Record) {
        self.status_line.clear();
        if self.display.bar && self.bar.follow(&record.event) {
            return;
        }
        match &record.event {
            Event::Error { .. } => {}
            _ if self.display.quiet => return,
            Event::Member { what, .. } if self.display.announced && *what != MemberChange::Slow => return,
            event @ Event::Target { attempt: Some(_), .. } if self.display.terminal => {
                self.text.clear();
                self.set_columns(record, Style::Plain);
                self.columns.whole(waiting(event).unwrap_or_default().as_bytes(), &mut self.text);
                let line = String::from_utf8_lossy(self.text.trim_ascii_end()).into_owned();
                return self.status_line.set(line);
            }
            _ => {}
        }
        self.add_any(record);
    }

    fn add_any(&mut self, record: &Record) {
        let event = &record.event;
        if let Event::Error { fault } = event {
            let (complaint, text) = (self.display.style.bad("soquete:"), sanitize::line(&fault.text));
            let _ = writeln!(self.lines, "{complaint} {text}");
            return;
        }
        let naming = event.socket().map_or(Naming::Number, |socket| self.named.naming(event, socket));
        if self.add_datagram(record, naming).is_some() {
            return;
        }
        self.set_columns(record, self.display.style);
        self.text.clear();
        // The addresses are all there is to say of a birth in brief.
        let is_birth = matches!(event, Event::State { .. } | Event::Accept { .. });
        let is_brief = self.display.brief && is_birth;
        if !is_brief {
            let line = Line { display: self.display, naming, room: self.columns.room() };
            if describe(event, line, &mut self.text).is_none() {
                return;
            }
        }
        if let Some(socket) = event.socket() {
            if naming == Naming::Birth {
                let start = self.text.len();
                birth(socket, &mut self.text);
                self.columns.whole(&self.text[start..], &mut self.lines);
                self.text.truncate(start);
            }
            self.named.written(event, socket, naming);
        }
        if !is_brief {
            self.columns.wrapped(&self.text, &mut self.lines);
        }
    }

    /// Adds a datagram the fast way, if it is of the usual kind.
    fn add_datagram(&mut self, record: &Record, naming: Naming<'_>) -> Option<()> {
        let is_usual = self.display.style == Style::Plain && naming != Naming::Birth;
        let socket = record.event.socket().filter(|_| is_usual)?;
        let names_peer = naming != Naming::Number;
        datagram::human(record, names_peer, self.display.detail, &mut self.cache, &mut self.lines)?;
        self.named.written(&record.event, socket, naming);
        Some(())
    }

    fn set_columns(&mut self, record: &Record, style: Style) {
        self.columns.set(record.ts, record.event.conn(), self.display.detail, style, &mut self.cache);
    }
}

impl Sink for Human {
    fn write(&mut self, batch: &[Record]) -> io::Result<()> {
        self.lines.clear();
        self.status_line.erase(&mut self.lines);
        for record in batch {
            self.add(record);
        }
        self.status_line.show(self.to.file(), &mut self.lines);
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

#[cfg(test)]
mod tests {
    use super::super::datagram::tests::record;
    use super::*;
    use crate::event::samples::{Fill, samples};
    use proptest::prelude::*;

    fn human(display: DisplayOptions) -> Human {
        Human::new(display, EventFile::plain(std::fs::File::open("/dev/null").unwrap()))
    }

    fn lines(human: &mut Human, record: &Record) -> String {
        human.lines.clear();
        human.add(record);
        String::from_utf8(human.lines.clone()).unwrap()
    }

    #[test]
    fn every_event_fits_80_columns_and_names_the_addresses_once() {
        for detail in [false, true] {
            let mut human =
                human(DisplayOptions { detail, progress: true, ..DisplayOptions::usual(Style::Plain) });
            let shown: String = samples(Fill::Whole).iter().map(|record| lines(&mut human, record)).collect();
            let pair = "client 127.0.0.1:50000 → [::1]:4333";
            assert_eq!(shown.matches(pair).count(), 1, "{shown}");
            for line in shown.lines().filter(|line| !line.starts_with("soquete: ")) {
                assert!(line.chars().count() <= 80, "{line}");
            }
        }
    }

    proptest! {
        #[test]
        fn both_printers_of_a_datagram_make_the_same_line(record in record()) {
            let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(5));
            let [mut usual, mut fast] = [Style::Coloured, Style::Plain].map(|style| human(DisplayOptions::usual(style)));
            for human in [&mut usual, &mut fast] {
                human.cache = Cache::new(zone.clone());
            }
            for _ in 0..2 {
                let usual = lines(&mut usual, &record).replace("\u{1b}[2m", "").replace("\u{1b}[0m", "");
                prop_assert_eq!(usual, lines(&mut fast, &record));
            }
        }
    }
}

//! Events as lines for people.

use super::datagram::{self, Cache};
use super::event_text::{describe, waiting};
use super::progress::Progress;
use super::status_line::StatusLine;
use super::{DisplayOptions, Style};
use crate::event::{Event, MemberChange, Record, Sink};
use crate::text::clock::local_zone;
use crate::text::sanitize;
use std::fs::File;
use std::io::{self, Write};

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
            Event::Member { what, .. } if self.display.announced && *what != MemberChange::Slow => return,
            event @ Event::Target { attempt: Some(_), .. } if self.display.terminal => {
                let time = self.cache.time(record.ts);
                return self.status_line.set(format!("{time} {}", waiting(event).unwrap_or_default()));
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
                let _ = writeln!(self.lines, "{} {}", style.bad("soquete:"), sanitize::line(&fault.text));
            }
            Event::Warning { fault } => {
                let _ = writeln!(
                    self.lines,
                    "{} {}",
                    style.warning("soquete: warning:"),
                    sanitize::line(&fault.text)
                );
            }
            event => {
                let start = self.lines.len();
                let time = self.cache.time(record.ts);
                let _ = write!(self.lines, "{} ", style.dim(time));
                if describe(event, self.display, &mut self.lines).is_some() {
                    self.lines.push(b'\n');
                } else {
                    self.lines.truncate(start);
                }
            }
        }
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

#[cfg(test)]
mod tests {
    use super::super::datagram::tests::record;
    use super::*;
    use proptest::prelude::*;

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
                explain: None,
                announced: false,
                ends: false,
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

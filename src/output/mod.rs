//! The only layer that prints: events and reports, for people and for scripts. Uses `event` and `text`.

mod bus;
mod child;
mod columns;
mod datagram;
mod event_file;
mod event_text;
mod explain;
mod human;
mod json;
mod ladder;
mod named;
mod packet;
mod part;
mod progress;
mod proxy;
mod received;
mod report;
mod sparkline;
mod statistics;
mod status_line;
mod style;
mod subject;
mod table;
mod throughput;
mod tls;
mod top;
mod units;

pub use ladder::{LadderOptions, ladder};
pub use received::Received;
pub use report::report;
pub use style::Style;

use crate::event::{Record, Sink};
use crate::text::language::Language;
use crate::text::sanitize;
use event_file::EventFile;
use std::fs::File;
use std::io::{self, Write};

/// How events are shown.
#[derive(Clone, Copy, Debug)]
pub struct DisplayOptions {
    /// JSON instead of text.
    pub json: bool,
    /// Details too.
    pub detail: bool,
    /// Events go to a terminal, where repeated attempts share one line.
    pub terminal: bool,
    /// Errors and the progress bar alone.
    pub quiet: bool,
    /// A progress bar instead of progress lines.
    pub bar: bool,
    /// Progress lines even without details.
    pub progress: bool,
    /// A sentence that explains each change of state, in this language.
    pub explain: Option<Language>,
    /// No members who join, leave and take nicks: the transcript on the same screen announces them.
    pub announced: bool,
    /// Each number is a pair of addresses, of datagrams too: sockets of other programs.
    pub pairs: bool,
    /// One line for the birth of a connection.
    pub brief: bool,
    /// Colours.
    pub style: Style,
}

#[cfg(test)]
impl DisplayOptions {
    /// Those of a pipe, without flags.
    const fn usual(style: Style) -> Self {
        Self {
            json: false,
            detail: false,
            terminal: false,
            quiet: false,
            bar: false,
            progress: false,
            explain: None,
            announced: false,
            pairs: false,
            brief: false,
            style,
        }
    }
}

/// The printer for events going to `to`.
#[must_use]
pub fn printer(display: DisplayOptions, to: File) -> Box<dyn Sink> {
    printer_over(display, EventFile::plain(to))
}

fn printer_over(display: DisplayOptions, to: EventFile) -> Box<dyn Sink> {
    if display.json { Box::new(json::Json::new(to)) } else { Box::new(human::Human::new(display, to)) }
}

/// As [`printer`], for a terminal: lines for which `is_due` returns true begin after a line feed.
#[must_use]
pub fn printer_on_terminal(
    display: DisplayOptions,
    to: File,
    is_due: impl Fn() -> bool + Send + 'static,
) -> Box<dyn Sink> {
    printer_over(display, EventFile::terminal(to, is_due))
}

/// Writes a line feed to standard error.
pub fn end_line() {
    // A closed terminal is no error.
    let _ = io::stderr().write_all(b"\n");
}

/// Prints text of the program itself, such as help or a completion script, on standard output.
pub fn text(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Prints an error on standard error when there is no event stream.
pub fn complain(text: &str) {
    // A failure cannot be reported anywhere.
    let _ = writeln!(io::stderr(), "soquete: {}", sanitize::line(text));
}

/// Prints the text of a usage error on standard error.
pub fn complain_raw(text: &str) {
    let _ = anstream::stderr().write_all(text.as_bytes());
}

/// Prints records on standard error when there is no event stream.
pub fn complain_json(records: &[Record]) {
    for record in records {
        let mut line = Vec::new();
        if json::line(record, &mut line).is_ok() {
            // A failure cannot be reported anywhere.
            let _ = io::stderr().write_all(&line);
        }
    }
}

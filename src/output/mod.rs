//! The only layer that prints: events and reports, for people and for scripts. Uses `event` and `text`.

mod after_echo;
mod datagram;
mod explain;
mod human;
mod json;
mod momentary;
mod progress;
mod report;
mod style;
mod table;

pub use report::report;
pub use style::Style;

use crate::event::{Record, Sink};
use crate::text::sanitize;
use std::fs::File;
use std::io::{self, Write};

/// How events are shown.
#[derive(Clone, Copy, Debug)]
pub struct DisplayOptions {
    /// JSON instead of lines for people.
    pub json: bool,
    /// Detail too.
    pub detail: bool,
    /// Whether they go to a terminal, where what repeats is one line.
    pub terminal: bool,
    /// Errors alone, and the bar.
    pub quiet: bool,
    /// A bar instead of progress lines.
    pub bar: bool,
    /// Progress lines without detail.
    pub progress: bool,
    /// A sentence beside each change of state.
    pub explain: bool,
    /// Colour.
    pub style: Style,
}

/// The printer for events going to `to`.
#[must_use]
pub fn printer(display: DisplayOptions, to: File) -> Box<dyn Sink> {
    if display.json { Box::new(json::Json::new(to)) } else { Box::new(human::Human::new(display, to)) }
}

/// As [`printer`] for events going to a terminal, which begin on a line of their own when `is_due` says so.
pub fn printer_on_terminal(
    display: DisplayOptions,
    to: File,
    is_due: impl Fn() -> bool + Send + 'static,
) -> io::Result<Box<dyn Sink>> {
    let line_feed_to = to.try_clone()?;
    let inner = printer(display, to);
    Ok(Box::new(after_echo::AfterEcho { inner, to: line_feed_to, is_due: Box::new(is_due) }))
}

/// Ends the line on standard error in which the cursor stands.
pub fn end_line() {
    // A terminal that is gone has no lines.
    let _ = io::stderr().write_all(b"\n");
}

/// Prints text made for this command itself: help, a completion script.
pub fn text(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Prints a last line on standard error when there is no event stream to carry it.
pub fn complain(text: &str) {
    // Nobody is left to tell if this fails.
    let _ = writeln!(io::stderr(), "soquete: {}", sanitize::line(text));
}

/// Prints text for somebody who typed nothing useful yet.
pub fn complain_raw(text: &str) {
    let _ = anstream::stderr().write_all(text.as_bytes());
}

/// Prints records on standard error when there is no event stream to carry them.
pub fn complain_json(records: &[Record]) {
    for record in records {
        let mut line = Vec::new();
        if json::line(record, &mut line).is_ok() {
            // Nobody is left to tell if this fails.
            let _ = io::stderr().write_all(&line);
        }
    }
}

//! Redraws a line on the screen after it was typed. For the console alone.

use crate::sys::{blocking, fd};
use crate::text::clock::Clock;
use rustix::termios::tcgetwinsize;
use unicode_width::UnicodeWidthChar as _;

/// The rows that the editor's line took, or `None` where the screen cannot be known to hold them all.
fn rows(line: &str) -> Option<u16> {
    let size = tcgetwinsize(fd::output()).ok()?;
    rows_on(line, size.ws_col).filter(|rows| *rows < size.ws_row)
}

/// The rows that `line` takes, written from the first of `columns`, and the row after a last one that is full: there the
/// editor places the cursor.
fn rows_on(line: &str, columns: u16) -> Option<u16> {
    let columns = usize::from(columns).max(1);
    let (mut row, mut column) = (1, 0);
    for c in line.chars() {
        // Of control characters and marks the width is known to the editor alone.
        let width = c.width().filter(|width| *width > 0)?;
        column += width;
        if column > columns {
            row += 1;
            column = width;
        }
    }
    row += u16::from(column == columns);
    Some(row)
}

/// Erases a line that the editor has ended.
pub(super) fn erase(prompt: &str, line: &str) {
    if let Some(rows) = rows(&format!("{prompt}{line}")) {
        write(&format!("\x1b[{rows}A\x1b[J"));
    }
}

/// Writes the time before a line that the editor has ended.
pub(super) fn stamp(prompt: &str, line: &str, clock: &mut Clock) {
    if let Some(rows) = rows(&format!("{prompt}{line}")) {
        let now = clock.now();
        let time = String::from_utf8_lossy(now.time());
        write(&format!("\x1b[{rows}A\x1b[J[{time}] {prompt}{line}\n"));
    }
}

fn write(text: &str) {
    // A terminal that is gone shows nothing.
    let _ = blocking::write_all(fd::output(), text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::rows_on;

    #[test]
    fn rows_are_those_of_the_editor() {
        for (line, rows) in [
            ("> ", Some(1)),
            ("> 1234567", Some(1)),
            ("> 12345678", Some(2)),
            ("> 123456789", Some(2)),
            ("> 漢字漢字漢", Some(2)),
            ("> 1漢字漢字漢", Some(2)),
            ("> a\tb", None),
            ("> e\u{301}", None),
        ] {
            assert_eq!(rows_on(line, 10), rows, "{line}");
        }
    }
}

//! The text of the event `child`.

use super::Style;
use super::subject::subject;
use crate::event::Event;
use std::io::{self, Write};

/// Appends the text.
pub(super) fn child(event: &Event, style: Style, out: &mut Vec<u8>) -> io::Result<()> {
    let Event::Child { socket, child, .. } = event else { return Ok(()) };
    let (socket, pid) = (subject(socket), child.pid);
    match (child.code, &child.signal) {
        (_, Some(signal)) => write!(out, "{socket} command {pid} {} {signal}", style.warning("killed by")),
        (Some(0), None) => write!(out, "{socket} command {pid} {}", style.good("exited with 0")),
        (Some(code), None) => {
            write!(out, "{socket} command {pid} {} {code}", style.warning("exited with"))
        }
        (None, None) => write!(out, "{socket} command {pid} started"),
    }
}

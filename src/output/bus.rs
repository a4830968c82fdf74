//! The text of the event `bus`.

use super::Style;
use crate::event::{BusChange, Event};
use crate::text::number::counted;
use crate::text::sanitize;
use std::io::{self, Write};

/// Appends the text.
pub(super) fn bus(event: &Event, style: Style, out: &mut Vec<u8>) -> io::Result<()> {
    let Event::Bus { what, bus } = event else { return Ok(()) };
    let on = format!("{} on {}", sanitize::line(&bus.subject), sanitize::line(&bus.url));
    match what {
        BusChange::Connected => write!(out, "bus {} {on}", style.good("connected:")),
        BusChange::Lost => write!(out, "bus {} {on}", style.warning("lost:")),
        BusChange::Restored => write!(out, "bus {} {on}", style.good("restored:")),
        BusChange::Undelivered => {
            let lines = counted(bus.lines.unwrap_or_default(), "line", "lines");
            let from = bus
                .machine
                .as_ref()
                .map_or("sent here".to_owned(), |machine| format!("from {}", sanitize::line(machine)));
            write!(out, "bus {} {lines} {from}", style.warning("undelivered:"))
        }
    }
}

//! The text of the events of proxies.

use super::Style;
use super::event_text::part;
use crate::event::{Dir, Event, Outcome};
use crate::text::sanitize;
use std::io::{self, Write};

/// Appends what a proxy answered.
pub(super) fn proxy(event: &Event, style: Style, out: &mut Vec<u8>) -> io::Result<()> {
    let Event::Proxy { proxy, target, outcome, text, .. } = event else { return Ok(()) };
    let word = match outcome {
        Outcome::Connected => style.good(outcome.name()),
        _ => style.warning(outcome.name()),
    };
    let (proxy, target) = (sanitize::line(proxy), sanitize::line(target));
    write!(out, "{proxy} to {target}: {word}{}", part(" (", text.as_ref(), ")"))
}

/// Appends what a PROXY header says.
pub(super) fn proxy_header(event: &Event, out: &mut Vec<u8>) -> io::Result<()> {
    let Event::ProxyHeader { dir, version, source, destination, .. } = event else { return Ok(()) };
    let way = if *dir == Dir::In { "received" } else { "sent" };
    write!(out, "PROXY v{version} header {way}: ")?;
    match (source, destination) {
        (Some(source), Some(destination)) => write!(out, "{source} → {destination}"),
        _ => write!(out, "no addresses"),
    }
}

//! The text of the event `child`.

use super::Style;
use super::subject::address;
use crate::event::{Address, Event};
use std::io::{self, Write};

/// Appends the text; the peer is one of many.
pub(super) fn child(
    event: &Event,
    style: Style,
    peer: Option<&Address>,
    out: &mut Vec<u8>,
) -> io::Result<()> {
    let Event::Child { child, .. } = event else { return Ok(()) };
    let pid = child.pid;
    match (child.code, &child.signal) {
        (_, Some(signal)) => write!(out, "command {pid} {} {signal}", style.warning("killed by"))?,
        (Some(0), None) => write!(out, "command {pid} {}", style.good("exited with 0"))?,
        (Some(code), None) => write!(out, "command {pid} {} {code}", style.warning("exited with"))?,
        (None, None) => write!(out, "command {pid} started")?,
    }
    if let Some(peer) = peer {
        out.extend_from_slice(b" for ");
        address(peer, out);
    }
    Ok(())
}

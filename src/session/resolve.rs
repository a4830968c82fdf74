//! Names looked up for a run: under its deadline, told under `-v`.

use super::Context;
use crate::event::{Event, Events};
use crate::net::address::Host;
use crate::net::resolve::{Lookup, ResolveLimits};
use crate::sys;
use std::net::SocketAddr;
use std::time::Instant;

/// The addresses of a host, told under `-v`. Ctrl-C ends the look-up.
pub fn addresses(
    context: &Context,
    lookup: Lookup,
    host: &Host,
    port: u16,
    deadline: Option<Instant>,
) -> sys::Result<Vec<SocketAddr>> {
    look_up(ResolveLimits { deadline, stop: &context.stop }, lookup, host, port, &context.events)
}

/// As [`addresses`], for a thread that has no context.
pub fn look_up(
    patience: ResolveLimits<'_>,
    lookup: Lookup,
    host: &Host,
    port: u16,
    events: &Events,
) -> sys::Result<Vec<SocketAddr>> {
    let found = patience.addresses(lookup, host, port)?;
    if events.detailed() && matches!(host, Host::Name(_)) {
        for &address in &found {
            events.emit(Event::Resolve { host: host.to_string(), address });
        }
    }
    Ok(found)
}

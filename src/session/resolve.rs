//! The resolver with the limits of a command: its deadline, and the request to stop.

use super::Context;
use crate::net::address::Host;
use crate::net::resolve::{Lookup, ResolveLimits};
use crate::sys;
use std::net::SocketAddr;
use std::time::Instant;

/// The addresses of a host; `resolve` events under `-v`.
pub fn addresses(
    context: &Context,
    lookup: Lookup,
    host: &Host,
    port: u16,
    deadline: Option<Instant>,
) -> sys::Result<Vec<SocketAddr>> {
    ResolveLimits { deadline, stop: &context.stop }.resolve(lookup, host, port, &context.events)
}

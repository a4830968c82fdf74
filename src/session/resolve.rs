//! The resolver of a command without a deadline, which the request to stop ends.

use super::Context;
use crate::net::address::Host;
use crate::net::resolve::{Lookup, ResolveLimits};
use crate::sys;
use std::net::SocketAddr;

/// The addresses of a host; `resolve` events under `-v`.
pub fn addresses(context: &Context, lookup: Lookup, host: &Host, port: u16) -> sys::Result<Vec<SocketAddr>> {
    ResolveLimits { deadline: None, stop: &context.stop }.resolve(lookup, host, port, &context.events)
}

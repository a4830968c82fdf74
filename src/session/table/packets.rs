//! The packets of the connections that match, instead of their sockets.

use super::Config;
use crate::event::Proto;
use crate::session::capture::Wanted;
use crate::session::{Context, Outcome, Result, stdout};
use crate::sys::Error;
use crate::sys::diag::{End, Filter, Prefix};
use crate::sys::poll::{Interest, wait};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// Between two looks whether standard output still takes packets.
const LOOK: Duration = Duration::from_millis(200);

/// Shows and saves packets until a signal, by the capture of the context.
pub fn run(config: &Config, context: &mut Context) -> Result {
    let Some(capture) = &context.capture else { return Ok(Outcome::done()) };
    let protos =
        config.tables().into_iter().filter(|proto| matches!(proto, Proto::Tcp | Proto::Udp)).collect();
    let filters = config.filter(context)?.into_iter().chain(family(config)).collect::<Vec<_>>();
    capture.follow(Wanted { filter: (!filters.is_empty()).then_some(Filter::All(filters)), protos })?;
    while context.stop.signal().is_none() {
        if let Some(error) = capture.output_error() {
            return Err(stdout::failure(error).into());
        }
        let next = Some(Instant::now() + LOOK);
        wait(&[(context.stop.as_fd(), Interest::Reading)], next).map_err(|e| Error::new("poll", "", e))?;
    }
    Ok(context.stop.signal().map_or_else(Outcome::done, Outcome::stopped))
}

/// The IP family that is asked for.
fn family(config: &Config) -> Option<Filter> {
    let every: IpAddr = match (config.lookup.only_v4, config.lookup.only_v6) {
        (true, false) => Ipv4Addr::UNSPECIFIED.into(),
        (false, true) => Ipv6Addr::UNSPECIFIED.into(),
        _ => return None,
    };
    Prefix::new(every, 0).map(|prefix| Filter::Local(End::within(prefix)))
}

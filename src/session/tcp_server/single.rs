//! The only client of a server, relayed by threads: no runtime is started for it.

use super::Config;
use crate::net::accept::{Acceptor, First};
use crate::net::passed::Entry;
use crate::relay;
use crate::session::pipe::{crlf, input, output, relay_config};
use crate::session::shared::{peer_tag, tagging};
use crate::session::{Context, Outcome, Result};
use std::time::Instant;

/// Relays the first client.
pub(super) fn run(config: &Config, entry: Entry, context: &Context) -> Result {
    let deadline = config.accept_timeout.map(|t| Instant::now() + t);
    let acceptor = Acceptor::new(None, config.access.clone(), context.events.clone());
    let client = match entry {
        Entry::Connection(client) => match acceptor.admit(client) {
            Some(client) => client,
            None => return Ok(super::refused()),
        },
        // They are closed then: later clients are refused by the kernel instead of waiting for nothing.
        Entry::Listeners(listeners) => match acceptor.accept_first(&listeners, deadline, &context.stop)? {
            First::Client(client) => client,
            First::Late => return Ok(config.nobody_came()),
            First::Stopped(signal) => return Ok(Outcome::stopped(signal)),
        },
    };
    client.emit_options();
    let input = if config.has_input { Some(input()?) } else { None };
    let output = if config.end.send_only { None } else { Some(output()?) };
    let mut relaying = relay_config(input, output, config.end, context);
    relaying.outgoing = crlf(config.crlf);
    if config.prefix {
        relaying.incoming = Some(tagging(peer_tag(&client), relaying.incoming.take()));
    }
    Ok(relay::run(client, relaying, &context.stop)?.into())
}

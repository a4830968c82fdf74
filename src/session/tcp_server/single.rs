//! The only client of a server, relayed by threads: no runtime is started for it.

use super::{Config, tag};
use crate::net::accept::{Acceptor, First};
use crate::net::crlf;
use crate::relay;
use crate::session::pipe::{input, output, relay_config};
use crate::session::{Context, Outcome, Result};
use crate::sys::socket::Socket;
use crate::sys::splice::Filter;
use std::time::Instant;

/// Relays the first client.
pub(super) fn run(config: &Config, listeners: Vec<Socket>, context: &Context) -> Result {
    let deadline = config.accept_timeout.map(|t| Instant::now() + t);
    let acceptor = Acceptor::new(None, config.access.clone(), context.events.clone());
    let client = match acceptor.accept_first(&listeners, deadline, &context.stop)? {
        First::Client(client) => client,
        First::Late => return Ok(config.nobody_came()),
        First::Stopped(signal) => return Ok(Outcome::stopped(signal)),
    };
    // Later clients are refused by the kernel instead of waiting for nothing.
    drop(listeners);
    client.emit_options();
    let input = if config.has_input { Some(input()?) } else { None };
    let output = if config.end.send_only { None } else { Some(output()?) };
    let mut relaying = relay_config(input, output, config.end, context);
    relaying.outgoing = config.crlf.then(crlf::filter);
    if config.prefix {
        relaying.incoming = Some(tagging(tag(&client), relaying.incoming.take()));
    }
    Ok(relay::run(client, relaying, &context.stop)?.into())
}

/// A filter that puts `tag` before each line, after `visible` made the line safe for a terminal.
fn tagging(tag: String, mut visible: Option<Filter>) -> Filter {
    let (mut at_start, mut shown) = (true, Vec::new());
    Box::new(move |bytes, out| {
        shown.clear();
        let bytes = match &mut visible {
            Some(visible) => {
                visible(bytes, &mut shown);
                &shown
            }
            None => bytes,
        };
        for line in bytes.split_inclusive(|b| *b == b'\n') {
            if std::mem::replace(&mut at_start, line.ends_with(b"\n")) {
                out.extend_from_slice(tag.as_bytes());
            }
            out.extend_from_slice(line);
        }
    })
}

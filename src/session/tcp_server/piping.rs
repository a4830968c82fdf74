//! Standard input and output for the clients of a server.

use super::Config;
use crate::event::{Event, Events};
use crate::relay::task::TaskConfig;
use crate::session::Context;
use crate::session::shared::{Framing, InputFanout, Piping, open_fanout};
use crate::session::stdout::Output;
use crate::sys::fd;
use std::rc::Rc;
use tokio::task::spawn_local;

/// Standard input and output for the clients of [`super::Service::Pipe`].
pub(super) fn piping(config: &Config, output: Output, context: &Context) -> Piping {
    let crlf = crate::session::pipe::crlf(config.crlf);
    let fanout = open_fanout(Framing::Bytes, crlf, config.has_input.then(fd::take_input));
    spawn_local(warn_of_failure(Rc::clone(&fanout), context.events.clone()));
    let total = fd::file_size(fd::input());
    let relay = TaskConfig {
        end: config.end,
        has_input: config.has_input,
        says_waiting: !config.keep_open,
        is_file: total.is_some(),
    };
    let (prefix, visible, events) = (config.prefix, context.visible, context.events.clone());
    let (alone, progress) = (!config.keep_open, (context.progress_every, total));
    let watch = Rc::default();
    Piping { output, watch, fanout, relay, prefix, visible, events, alone, progress }
}

/// Warns if standard input cannot be read to its end.
async fn warn_of_failure(fanout: Rc<InputFanout>, events: Events) {
    if let Some(error) = fanout.ended().await {
        events.emit(Event::Warning { fault: error.fault() });
    }
}

//! What a program does that another one started: sockets that were passed on, another user.

use super::{Context, bind_target};
use crate::cli::{PassedArgs, ReadyArgs, ServerArgs, UserArgs};
use crate::event::Kind;
use crate::net::address::{AddrError, Target};
use crate::net::bind::BindTarget;
use crate::session::ready::Ready;
use crate::sys;
use crate::sys::passed::refusal;
use crate::sys::user::User;

/// Where a server reports that it is ready, as which user.
pub(crate) fn ready(args: &ReadyArgs, user: &UserArgs) -> sys::Result<Ready> {
    let user = user.user.as_deref().map(User::lookup).transpose()?;
    Ok(Ready { user, file: args.ready_file.clone(), fd: args.ready_fd })
}

/// Fails where received data is to go to standard output, and that is the socket: it would be sent back. `advice` says what
/// to type instead.
pub(crate) fn expect_output(shows: bool, advice: &str, context: &Context) -> sys::Result<()> {
    match context.passed.iter().find(|socket| shows && socket.was_output) {
        Some(socket) => {
            let why = format!("it is also standard output, and received data would be sent back; {advice}");
            Err(refusal(&socket.name, why).about(Kind::Usage))
        }
        None => Ok(()),
    }
}

/// Whether standard input is a socket that was passed on, and no input.
pub(crate) fn input_is_passed(context: &Context) -> bool {
    context.passed.iter().any(|socket| socket.was_input)
}

/// Where a server is to be reached, as `parse` reads it from `words`; `None` where its sockets were passed on.
pub(crate) fn bind_target_or_passed(
    words: &[String],
    parse: impl FnOnce(&[String]) -> Result<Target, AddrError>,
    server: &ServerArgs,
    passed: &PassedArgs,
) -> Result<Option<BindTarget>, AddrError> {
    if passed.any() { Ok(None) } else { parse(words).map(|place| Some(bind_target(place, words, server))) }
}

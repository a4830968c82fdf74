//! Conversations on loopback within one process, for users that see sockets for the first time: both ends are the engines of
//! the other commands.
//!
//! A new lesson is a function of [`lessons`]; an end of a new kind, one of [`roles`].

mod lessons;
mod order;
mod roles;
mod stage;

use super::{Context, Outcome, Result};
use stage::Stage;

/// Runs all lessons.
pub fn run(context: &mut Context) -> Result {
    let mut stage = Stage::new(context);
    for lesson in [lessons::tcp, lessons::udp, lessons::chat, lessons::many] {
        lesson(&mut stage)?;
    }
    Ok(Outcome::done())
}

//! The end of a run whose connections were tapped.

use super::{Context, Outcome, Result};
use crate::exit::Exit;
use crate::net::tap::Taps;

/// Waits for the files of `taps`. One that could not be written is the error of a run that ended well otherwise.
pub fn conclude(outcome: Result, taps: Option<&Taps>, context: &Context) -> Result {
    let Some(taps) = taps else { return outcome };
    let written = taps.finish(&context.stop);
    let outcome = outcome?;
    match (written, context.stop.signal()) {
        _ if outcome.exit != Exit::Done => Ok(outcome),
        (Err(error), _) => Err(error.into()),
        (Ok(()), Some(signal)) => Ok(Outcome::stopped(signal)),
        (Ok(()), None) => Ok(outcome),
    }
}

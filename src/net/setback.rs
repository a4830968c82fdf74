//! The answer of an acceptor to an error of accept(2): go on at once where one client failed, pause where every client
//! would fail.

use crate::event::{Fault, Kind};
use crate::sys::error::Error;
use std::io;
use std::time::Duration;

/// The pause when this machine refuses: clients that end give their descriptors back, rules change.
pub const BACKOFF: Duration = Duration::from_millis(50);
/// Clients in a row that may be gone before they are accepted; more of them mean that this machine refuses.
const FEW: u32 = 16;

/// Failures of accept(2) since the last client was accepted; a new value for each client.
#[derive(Debug, Default)]
pub struct Setbacks {
    in_a_row: u32,
    warned: bool,
}

/// What to do before the next try.
#[derive(Debug)]
pub enum Then {
    /// Nothing: the next client may be accepted.
    Again,
    /// Wait for [`BACKOFF`]; the first time with a warning to emit.
    Rest(Option<Fault>),
}

impl Setbacks {
    /// Counts a failure of accept(2) at the address `on`.
    pub fn add(&mut self, error: io::Error, on: &str) -> Then {
        self.in_a_row += 1;
        let (exhausted, own) = (is_exhaustion(&error), is_of_one_client(&error));
        if own && self.in_a_row <= FEW {
            return Then::Again;
        }
        if std::mem::replace(&mut self.warned, true) {
            return Then::Rest(None);
        }
        let error = Error::new("accept", on, error);
        let mut fault = if exhausted { error.about(Kind::Resources) } else { error }.fault();
        fault.text.push_str(if exhausted { "; waiting for clients to disconnect" } else { "; trying again" });
        Then::Rest(Some(fault))
    }
}

/// This machine has no descriptor or memory left (accept(2)).
fn is_exhaustion(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM))
}

/// Errors of a connection that ended before it was accepted, or that a rule forbids (accept(2)).
fn is_of_one_client(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(
            libc::ECONNABORTED
                | libc::EINTR
                | libc::EPROTO
                | libc::ENETDOWN
                | libc::EHOSTUNREACH
                | libc::ENETUNREACH
                | libc::EPERM
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(setbacks: &mut Setbacks, errno: i32) -> Then {
        setbacks.add(io::Error::from_raw_os_error(errno), "[::1]:1")
    }

    #[test]
    fn clients_that_are_gone_cost_nothing_and_a_rule_that_stays_is_one_warning() {
        let mut setbacks = Setbacks::default();
        for errno in [libc::ECONNABORTED, libc::EPERM].into_iter().cycle().take(FEW as usize) {
            assert!(matches!(fail(&mut setbacks, errno), Then::Again));
        }
        let Then::Rest(Some(fault)) = fail(&mut setbacks, libc::EPERM) else { panic!("there is no warning") };
        assert_eq!(fault.text, "accept [::1]:1: Operation not permitted; trying again");
        assert!(matches!(fail(&mut setbacks, libc::EPERM), Then::Rest(None)));
    }

    #[test]
    fn a_lack_of_descriptors_is_a_pause_from_the_first_time_on() {
        let mut setbacks = Setbacks::default();
        let Then::Rest(Some(fault)) = fail(&mut setbacks, libc::EMFILE) else {
            panic!("there is no warning")
        };
        assert_eq!(fault.kind, Kind::Resources);
        assert!(matches!(fail(&mut setbacks, libc::EMFILE), Then::Rest(None)));
    }
}

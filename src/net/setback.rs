//! What an accept loop does about an error: go on at once where one client is to blame, rest where everybody is.

use crate::event::{Fault, Kind};
use crate::sys::error::Error;
use std::io;
use std::time::Duration;

/// How long accepting rests when this machine refuses: clients that leave give their descriptors back, rules change.
pub const BACKOFF: Duration = Duration::from_millis(50);
/// Clients in a row that may be gone before they are accepted; more of them are a machine that refuses.
const FEW: u32 = 16;

/// Failures of accept(2) since a client was last let in; made anew for each.
#[derive(Debug, Default)]
pub struct Setbacks {
    in_a_row: u32,
    told: bool,
}

/// What to do before the next try.
#[derive(Debug)]
pub enum Then {
    /// Nothing: another client may be luckier.
    Again,
    /// Wait for [`BACKOFF`], after this was told if it is the first time.
    Rest(Option<Fault>),
}

impl Setbacks {
    /// Accepting at address `on` failed.
    pub fn add(&mut self, error: io::Error, on: &str) -> Then {
        self.in_a_row += 1;
        let (exhausted, own) = (is_exhaustion(&error), is_the_clients_own(&error));
        if own && self.in_a_row <= FEW {
            return Then::Again;
        }
        if std::mem::replace(&mut self.told, true) {
            return Then::Rest(None);
        }
        let error = Error::new("accept", on, error);
        let mut fault = if exhausted { error.about(Kind::Resources) } else { error }.fault();
        fault.text.push_str(if exhausted { "; waiting for clients to leave" } else { "; trying again" });
        Then::Rest(Some(fault))
    }
}

/// This machine has no descriptor or memory left (accept(2)).
fn is_exhaustion(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM))
}

/// Errors of a connection that ended before it was accepted, or that a rule forbids (accept(2)).
fn is_the_clients_own(error: &io::Error) -> bool {
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
    fn clients_that_are_gone_cost_nothing_and_a_rule_that_stays_is_told_once() {
        let mut setbacks = Setbacks::default();
        for errno in [libc::ECONNABORTED, libc::EPERM].into_iter().cycle().take(FEW as usize) {
            assert!(matches!(fail(&mut setbacks, errno), Then::Again));
        }
        let Then::Rest(Some(fault)) = fail(&mut setbacks, libc::EPERM) else { panic!("it is told") };
        assert_eq!(fault.text, "accept [::1]:1: Operation not permitted; trying again");
        assert!(matches!(fail(&mut setbacks, libc::EPERM), Then::Rest(None)));
    }

    #[test]
    fn a_machine_without_descriptors_is_a_rest_from_the_first_time_on() {
        let mut setbacks = Setbacks::default();
        let Then::Rest(Some(fault)) = fail(&mut setbacks, libc::EMFILE) else { panic!("it is told") };
        assert_eq!(fault.kind, Kind::Resources);
        assert!(matches!(fail(&mut setbacks, libc::EMFILE), Then::Rest(None)));
    }
}

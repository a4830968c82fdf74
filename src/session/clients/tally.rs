//! The outcome of a run with many targets.

use super::target::TargetEnd;
use crate::exit::Exit;
use crate::session::Outcome;
use crate::text::number::counted;

/// How many targets ended how.
#[derive(Default)]
pub(super) struct Tally {
    fine: usize,
    late: usize,
    failed: usize,
    /// The exit status if every failure so far was this machine's own.
    local: Option<Exit>,
}

impl Tally {
    pub(super) fn count(&mut self, end: &TargetEnd) {
        match end {
            TargetEnd::Fine | TargetEnd::Stopped => self.fine += 1,
            TargetEnd::Late(_) => self.late += 1,
            TargetEnd::Failed(error) => {
                let exit = Exit::of_kind(error.kind());
                self.local =
                    (exit == Exit::Local && (self.failed == 0 || self.local.is_some())).then_some(exit);
                self.failed += 1;
            }
        }
    }

    pub(super) fn outcome(&self) -> Outcome {
        let total = self.fine + self.late + self.failed;
        let cause = format!("{} of {} ended cleanly", self.fine, counted(total as u64, "target", "targets"));
        match (self.fine, self.late, self.failed) {
            (_, 0, 0) => Outcome::done(),
            (_, _, 0) => Outcome::of(Exit::Deadline, cause),
            (0, 0, _) => Outcome::of(self.local.unwrap_or(Exit::Network), cause),
            _ => Outcome::of(Exit::Partial, cause),
        }
    }
}

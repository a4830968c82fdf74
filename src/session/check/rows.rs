//! Where the answers of a round go.

use super::super::{Context, stdout};
use super::probe::Finding;
use crate::sys;

/// To the report as they are known, or kept until the last round is known to be the last.
pub(super) enum Rows {
    Told,
    Kept(Vec<Finding>),
}

impl Rows {
    /// Takes an answer, in the order of the targets.
    pub(super) fn put(&mut self, finding: Finding, context: &mut Context) -> std::io::Result<()> {
        match self {
            Self::Told => context.report.row(&finding.row()),
            Self::Kept(kept) => {
                kept.push(finding);
                Ok(())
            }
        }
    }

    /// What was kept.
    pub(super) fn kept(&self) -> &[Finding] {
        if let Self::Kept(kept) = self { kept } else { &[] }
    }

    /// Tells what was kept, events first: the report may go to the same terminal. `states` says whether those of the
    /// sockets were told.
    pub(super) fn tell(self, states: bool, context: &mut Context) -> sys::Result<()> {
        for finding in self.kept() {
            context.events.emit(finding.event(states));
        }
        context.events.flush();
        self.kept()
            .iter()
            .try_for_each(|finding| context.report.row(&finding.row()))
            .and_then(|()| context.report.flush())
            .map_err(stdout::failure)
    }
}

//! Where the findings of a round go.

use super::super::{Context, stdout};
use super::finding::Finding;
use crate::sys;

/// To the report as they are known, or held until the round is known to be the last.
pub(super) enum Rows {
    Direct,
    Held(Vec<Finding>),
}

impl Rows {
    /// Takes a finding, in the order of the targets.
    pub(super) fn push(&mut self, finding: Finding, context: &mut Context) -> std::io::Result<()> {
        match self {
            Self::Direct => context.report.row(&finding.row()),
            Self::Held(held) => {
                held.push(finding);
                Ok(())
            }
        }
    }

    /// The findings held.
    pub(super) fn held(&self) -> &[Finding] {
        if let Self::Held(held) = self { held } else { &[] }
    }

    /// Writes the findings held, events first: the report may go to the same terminal. `observed` says whether the
    /// sockets emitted their states.
    pub(super) fn write(self, observed: bool, context: &mut Context) -> sys::Result<()> {
        for finding in self.held() {
            context.events.emit(finding.event(observed));
        }
        context.events.flush();
        self.held()
            .iter()
            .try_for_each(|finding| context.report.row(&finding.row()))
            .and_then(|()| context.report.flush())
            .map_err(stdout::failure)
    }
}

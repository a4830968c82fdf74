//! Where the findings of a round go.

use super::super::{Context, stdout};
use super::finding::Finding;
use crate::event::Outcome;
use crate::scan::Latencies;
use crate::sys;

/// To the report as they are known, counted there over many rounds, or held until the round is known to be the last.
pub(super) enum Rows {
    Direct,
    Counted(Counted),
    Held(Vec<Finding>),
}

/// The rounds so far.
pub(super) struct Counted {
    /// Of each target.
    pub(super) latencies: Vec<Latencies>,
    /// The number of the round, from 1.
    pub(super) number: u64,
    /// The target whose finding is next.
    pub(super) next: usize,
}

impl Rows {
    /// Takes a finding, in the order of the targets.
    pub(super) fn push(&mut self, finding: Finding, context: &mut Context) -> std::io::Result<()> {
        match self {
            Self::Direct => context.report.row(&finding.row(None)),
            Self::Counted(counted) => {
                let latency = finding.latency_us().filter(|_| finding.outcome == Outcome::Open);
                if let Some(latencies) = counted.latencies.get_mut(counted.next) {
                    latencies.count(latency);
                }
                counted.next += 1;
                context.report.row(&finding.row(Some(counted.number)))
            }
            Self::Held(held) => {
                held.push(finding);
                Ok(())
            }
        }
    }

    /// Begins another round of those that are counted.
    pub(super) const fn begin_round(&mut self) {
        if let Self::Counted(counted) = self {
            counted.number += 1;
            counted.next = 0;
        }
    }

    /// The rounds begun that are counted.
    pub(super) const fn number(&self) -> u64 {
        if let Self::Counted(counted) = self { counted.number } else { 0 }
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
            .try_for_each(|finding| context.report.row(&finding.row(None)))
            .and_then(|()| context.report.flush())
            .map_err(stdout::failure)
    }
}

//! The rows of one piece of work: each of our subjects beside each peer.

use crate::table::{Goal, Ratio, Table, median};
use anyhow::Result;

/// A program, or a way to run one.
pub trait Subject: Copy {
    fn title(self) -> &'static str;
    fn is_ours(self) -> bool;
}

/// Figures of one run.
#[derive(Clone, Copy)]
pub struct Sample {
    /// Something a second.
    pub rate: f64,
    /// CPU seconds for one, where that is measured.
    pub cpu: f64,
}

/// Adds the rows. `goal` is the ratio to a peer that ours is to reach.
pub fn compare<S: Subject>(
    table: &mut Table,
    work: &str,
    subjects: &[S],
    samples: Vec<Result<Vec<Sample>>>,
    goal: impl Fn(S) -> f64,
    describe: impl Fn(Sample) -> String,
) {
    let middle = |samples: &[Sample]| {
        let of = |figure: fn(&Sample) -> f64| median(&samples.iter().map(figure).collect::<Vec<_>>());
        let (rate, cpu) = (of(|s| s.rate).unwrap_or_default(), of(|s| s.cpu).unwrap_or_default());
        describe(Sample { rate, cpu })
    };
    let (ours, peers): (Vec<_>, Vec<_>) =
        subjects.iter().copied().zip(samples).partition(|(subject, _)| subject.is_ours());
    for (subject, own) in &ours {
        let row = format!("{work}: {}", subject.title());
        let own = match own {
            Ok(own) => own,
            Err(error) => {
                table.fail(&row, error);
                continue;
            }
        };
        for (peer, theirs) in &peers {
            match theirs {
                Ok(theirs) => {
                    let pairs = own.iter().zip(theirs).map(|(ours, theirs)| (ours.rate, theirs.rate));
                    let their = format!("{} {}", peer.title(), middle(theirs));
                    let goal = Goal::AtLeast(goal(*peer));
                    table.compare(&row, middle(own), their, Ratio::of(pairs), goal);
                }
                Err(error) => table.skip(&row, &format!("{}: {error:#}", peer.title())),
            }
        }
    }
}

//! What one run measures with, shared by all sections, and the order in which subjects take turns.

use crate::feed::Manner;
use anyhow::Result;
use std::path::PathBuf;
use tempfile::TempDir;

/// What every section is given.
pub struct Plan {
    /// Our binary, as the release profile builds it.
    pub soquete: PathBuf,
    /// Length of one transfer.
    pub bytes: u64,
    /// Pairs of runs behind every ratio.
    pub rounds: usize,
    /// How the measured pipes are fed.
    pub manner: Manner,
    /// Holds the files of this run.
    pub folder: TempDir,
}

impl Plan {
    /// The file that is sent.
    pub fn input(&self) -> PathBuf {
        self.folder.path().join("input")
    }

    /// The file that is received into.
    pub fn output(&self) -> PathBuf {
        self.folder.path().join("output")
    }
}

/// Samples every subject once a round, one after the other, so that a change of the machine's mood meets all of them.
/// The first round is thrown away: it warms caches, memory and the CPU's frequency. A subject that fails is not asked again.
pub fn in_turns<T: Copy, S>(
    rounds: usize,
    subjects: &[T],
    mut sample: impl FnMut(T) -> Result<S>,
) -> Vec<Result<Vec<S>>> {
    let mut kept: Vec<Result<Vec<S>>> = subjects.iter().map(|_| Ok(Vec::with_capacity(rounds))).collect();
    for round in 0..=rounds {
        for (&subject, kept) in subjects.iter().zip(&mut kept) {
            let Ok(samples) = kept else { continue };
            match sample(subject) {
                Ok(sample) if round > 0 => samples.push(sample),
                Ok(_) => {}
                Err(error) => *kept = Err(error),
            }
        }
    }
    kept
}

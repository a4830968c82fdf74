//! One target in the order of answers.

use std::collections::VecDeque;

/// The answers of one target that are not printed yet, and whether the others wait for it.
pub(super) struct Place {
    pub(super) state: PlaceState,
    /// The line that the next answer is to.
    pub(super) next: u64,
    held: VecDeque<(u64, Vec<u8>)>,
    /// The last bytes are a piece of a line that goes on.
    pub(super) open: bool,
    /// The target waits for us.
    pub(super) paused: bool,
}

/// Whether the others wait for a target.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PlaceState {
    /// They wait for its answers.
    Awaited,
    /// It let a round pass; its answers are printed as they come.
    Late,
    /// It is not connected.
    Away,
}

impl Place {
    pub(super) fn new() -> Self {
        Self { state: PlaceState::Awaited, next: 0, held: VecDeque::new(), open: false, paused: false }
    }

    /// Whether no answer waits for its turn.
    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Holds the answer to the line `round`.
    pub(super) fn hold(&mut self, round: u64, text: &[u8]) {
        self.held.push_back((round, text.to_vec()));
    }

    /// Adds to the last answer that is held; `false` if there is none.
    pub(super) fn extend(&mut self, text: &[u8]) -> bool {
        self.held.back_mut().map(|(_, held)| held.extend_from_slice(text)).is_some()
    }

    /// Takes the next answer, if it is to the line `round` or an earlier one.
    pub(super) fn take(&mut self, round: u64) -> Option<Vec<u8>> {
        self.held.pop_front_if(|(line, _)| *line <= round).map(|(_, text)| text)
    }
}

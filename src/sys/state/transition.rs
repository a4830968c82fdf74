//! What a single step between two states is owed to.

use crate::event::{Op, State};

/// The state our FIN leads to.
pub(super) const fn after_our_fin(from: State) -> Option<State> {
    match from {
        State::Established => Some(State::FinWait1),
        State::CloseWait => Some(State::LastAck),
        _ => None,
    }
}

/// Which segment or call a single step is owed to; `op` where it was ours.
pub(super) const fn op_of_transition(from: State, to: State, op: Op) -> Op {
    match (from, to) {
        (State::Closed, State::SynSent) | (State::SynSent, State::Established) => Op::Connect,
        (State::Listen | State::SynSent, State::SynReceived) => Op::SynReceived,
        (State::SynReceived, State::Established)
        | (State::FinWait1, State::FinWait2)
        | (State::Closing, State::TimeWait) => Op::AckReceived,
        (State::LastAck, State::Closed) if !matches!(op, Op::ResetReceived | Op::TimedOut) => Op::AckReceived,
        (State::Established, State::CloseWait)
        | (State::FinWait1, State::Closing)
        | (State::FinWait2, State::TimeWait) => Op::FinReceived,
        (_, State::FinWait1 | State::LastAck) if !matches!(op, Op::Close) => Op::Shutdown,
        _ => op,
    }
}

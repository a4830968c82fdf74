//! The segments that changes of state imply, where none were captured (RFC 9293 figure 5).

use super::{Side, Step, What};
use crate::event::{Role, State};

/// Segments with their senders.
type Segments<'a> = &'a [(Side, &'a str)];

/// The steps with a segment before each change of state that one caused, and after each that sent one.
pub(super) fn implied(steps: &[Step]) -> Vec<Step> {
    let mut drawn = Vec::new();
    for step in steps {
        let What::State { side, from, to } = step.what else { continue };
        let packet = |from: Side, words: &str| Step {
            at: step.at,
            what: What::Packet { from, words: words.to_owned(), note: None, lost: false, implied: true },
        };
        let other = side.other();
        let (before, after): (Segments<'_>, Segments<'_>) = match (from, to) {
            (_, State::SynSent) => (&[(side, "SYN")], &[]),
            (State::SynSent, State::Established) => (&[(other, "SYN ACK")], &[(side, "ACK")]),
            (_, State::SynReceived) => (&[(other, "SYN")], &[(side, "SYN ACK")]),
            (State::SynReceived, State::Established)
            | (_, State::FinWait2)
            | (State::LastAck, State::Closed) => (&[(other, "ACK")], &[]),
            (_, State::FinWait1 | State::LastAck) => (&[(side, "FIN")], &[]),
            (_, State::CloseWait | State::Closing) | (State::FinWait2, State::TimeWait) => {
                (&[(other, "FIN")], &[(side, "ACK")])
            }
            _ => (&[], &[]),
        };
        drawn.extend(before.iter().map(|(from, words)| packet(*from, words)));
        drawn.push(step.clone());
        drawn.extend(after.iter().map(|(from, words)| packet(*from, words)));
    }
    drawn
}

/// The segment that an end sends as it goes from one state to another, for a reader who has the states of both ends.
#[must_use]
pub const fn implied_segment(role: Role, to: State) -> Option<&'static str> {
    match (to, role) {
        (State::SynSent, _) => Some("SYN"),
        (State::SynReceived, _) => Some("SYN ACK"),
        (State::Established, Role::Client) | (State::CloseWait | State::TimeWait, _) => Some("ACK"),
        (State::FinWait1 | State::LastAck, _) => Some("FIN"),
        _ => None,
    }
}

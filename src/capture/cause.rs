//! Which packet moved a socket from one state to another (RFC 9293 figure 5). Pure.

use super::note::Note;
use crate::event::{Dir, State};

/// Whether a segment of this kind can be the one that moved its socket `from` a state `to` another.
#[must_use]
#[allow(clippy::match_same_arms)] // each is a step of the figure
pub fn moves(dir: Dir, flags: &[&str], note: Option<Note>, from: State, to: State) -> bool {
    let has = |flag| flags.contains(&flag);
    let step = |n| note == Some(Note::Handshake(n));
    let closes = |n| matches!(note, Some(Note::Close(first, last)) if (first..=last).contains(&n));
    match (dir, from, to) {
        (Dir::Out, _, State::SynSent) | (Dir::In, _, State::SynReceived) => step(1),
        (Dir::In, State::SynReceived, State::Established) => step(3),
        (Dir::In, _, State::Established) => step(2),
        (Dir::Out, _, State::FinWait1 | State::LastAck) | (Dir::In, _, State::CloseWait) => has("FIN"),
        (Dir::In, _, State::FinWait2) => closes(2),
        (Dir::In, State::Closing, State::TimeWait) | (Dir::In, State::LastAck, State::Closed) => {
            closes(4) || has("RST")
        }
        (Dir::In, _, State::TimeWait | State::Closing) => has("FIN"),
        (_, _, State::Closed) => has("RST"),
        _ => false,
    }
}

/// What a segment that arrives does to a socket in `state`: steps that a busy program may see late.
#[must_use]
pub fn follows(dir: Dir, flags: &[&str], note: Option<Note>, state: State) -> Vec<(State, State)> {
    let steps = [
        (State::SynSent, State::Established),
        (State::FinWait1, State::FinWait2),
        (State::FinWait2, State::TimeWait),
        (State::Established, State::CloseWait),
        (State::LastAck, State::Closed),
    ];
    let mut state = state;
    let mut taken = Vec::new();
    for (from, to) in steps.into_iter().filter(|_| dir == Dir::In) {
        if from == state && moves(dir, flags, note, from, to) {
            taken.push((from, to));
            state = to;
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_of_an_orderly_connection_has_its_packet() {
        use State::*;
        let packets: [(Dir, &[&str], Note); 4] = [
            (Dir::Out, &["SYN"], Note::Handshake(1)),
            (Dir::In, &["SYN", "ACK"], Note::Handshake(2)),
            (Dir::Out, &["FIN", "ACK"], Note::Close(1, 1)),
            (Dir::In, &["FIN", "ACK"], Note::Close(2, 3)),
        ];
        let steps = [
            (Closed, SynSent),
            (SynSent, Established),
            (Established, FinWait1),
            (FinWait1, FinWait2),
            (FinWait2, TimeWait),
        ];
        let moved = packets.map(|(dir, flags, note)| {
            steps.iter().filter(|(from, to)| moves(dir, flags, Some(note), *from, *to)).count()
        });
        assert_eq!(moved, [1, 1, 1, 2]);
        let close = |n, flags: &[&str], state| follows(Dir::In, flags, Some(Note::Close(n, n)), state);
        let (dir, flags, note) = packets[1];
        assert_eq!(follows(dir, flags, Some(note), SynSent), [(SynSent, Established)]);
        assert_eq!(close(2, &["ACK"], FinWait1), [(FinWait1, FinWait2)]);
        assert_eq!(close(3, &["FIN", "ACK"], FinWait2), [(FinWait2, TimeWait)]);
        assert_eq!(close(2, &["ACK"], Established), []);
        let (dir, flags, note) = packets[3];
        assert_eq!(follows(dir, flags, Some(note), FinWait1), [(FinWait1, FinWait2), (FinWait2, TimeWait)]);
        assert!(moves(Dir::In, &["RST"], None, Established, Closed));
        assert!(!moves(Dir::In, &["ACK"], None, Established, Closed));
    }
}

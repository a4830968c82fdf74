//! Answers in the order of the targets: which are printed now, which are held, for which target the others wait, and until
//! when. Pure.

mod place;

use place::{Place, PlaceState};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The places of all targets, and the one whose answer is to be printed next.
///
/// Lines of input are counted from 0; the answers to one are a round. A round begins when the one before it is over.
pub(super) struct Order {
    places: Vec<Place>,
    patience: Duration,
    /// Lines of input so far.
    asked: u64,
    /// The round, and the target in it, whose answer is next, and when the round began.
    round: u64,
    turn: usize,
    since: Instant,
    /// Targets that the others wait for, and bytes held for their turn.
    awaited: usize,
    held: usize,
    /// The target in the middle of whose line the output is, whether it was printed since [`Self::advance`], and when.
    speaker: Option<usize>,
    spoke: bool,
    said: Instant,
    /// Text of other targets meanwhile that is printed out of turn.
    aside: VecDeque<(usize, Vec<u8>)>,
}

impl Order {
    /// Places for `count` targets, each of which may hold up a round for `patience`.
    pub(super) fn new(count: usize, patience: Duration, now: Instant) -> Self {
        Self {
            places: std::iter::repeat_with(Place::new).take(count).collect(),
            patience,
            asked: 0,
            round: 0,
            turn: 0,
            since: now,
            awaited: count,
            held: 0,
            speaker: None,
            spoke: false,
            said: now,
            aside: VecDeque::new(),
        }
    }

    /// Reports how many lines of input were read.
    pub(super) fn asked(&mut self, lines: u64, now: Instant) {
        if lines > self.asked {
            if self.round == self.asked {
                self.since = now;
            }
            self.asked = lines;
        }
    }

    /// Takes a line of a target that was sent `heard` lines so far, or a piece of one that is not `whole` with it; text
    /// that may be printed at once goes to `out`.
    pub(super) fn answer(&mut self, index: usize, heard: u64, line: &[u8], whole: bool, out: &mut Vec<u8>) {
        let place = &mut self.places[index];
        let goes_on = std::mem::replace(&mut place.open, !whole);
        if goes_on || place.next >= heard {
            // Not asked for, a greeting or one more line of an answer: it stays where it is in the target's text.
            if place.extend(line) {
                self.held += line.len();
            } else {
                self.print_aside(index, line, out);
            }
            return;
        }
        let round = place.next;
        place.next += 1;
        if (round, index) < (self.round, self.turn) {
            return self.print_aside(index, line, out);
        }
        place.hold(round, line);
        self.held += line.len();
        if place.state == PlaceState::Late {
            self.set_state(index, PlaceState::Awaited);
        }
    }

    /// Prints text out of turn, but not in the middle of another target's line.
    fn print_aside(&mut self, index: usize, line: &[u8], out: &mut Vec<u8>) {
        if self.speaker == Some(index) || (self.speaker.is_none() && self.aside.is_empty()) {
            return self.print(index, line, out);
        }
        match self.aside.iter_mut().find(|(other, _)| *other == index) {
            Some((_, text)) => text.extend_from_slice(line),
            None => self.aside.push_back((index, line.to_vec())),
        }
        self.held += line.len();
    }

    /// Prints the last text there is of a target.
    fn print(&mut self, index: usize, text: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(text);
        let place = &self.places[index];
        self.speaker = (place.open && place.is_empty()).then_some(index);
        self.spoke = true;
    }

    /// The target is disconnected; the others no longer wait for it.
    pub(super) fn leave(&mut self, index: usize) {
        self.set_state(index, PlaceState::Away);
        self.places[index].open = false;
        self.speaker = self.speaker.filter(|speaker| *speaker != index);
    }

    /// Every target is disconnected.
    pub(super) fn leave_all(&mut self) {
        (0..self.places.len()).for_each(|index| self.leave(index));
    }

    /// The target is connected; the first line it will be sent is `line`. One that was away has to catch up first.
    pub(super) fn enter(&mut self, index: usize, line: u64) {
        self.places[index].next = line;
        if self.places[index].state == PlaceState::Away {
            self.set_state(index, PlaceState::Late);
        }
    }

    /// Goes on as far as answers are there or need not be waited for; returns until when the next one is waited for.
    pub(super) fn advance(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<Instant> {
        if std::mem::take(&mut self.spoke) {
            self.said = now;
        }
        loop {
            if let Some(speaker) = self.speaker {
                let due = self.said + self.patience;
                if self.places[speaker].paused {
                    return None;
                } else if now < due {
                    return Some(due);
                }
                self.speaker = None;
            }
            if let Some((index, text)) = self.aside.pop_front() {
                self.held -= text.len();
                self.print(index, &text, out);
                continue;
            }
            if self.round == self.asked {
                return None;
            }
            if self.awaited == 0 && self.held == 0 {
                (self.round, self.turn) = (self.asked, 0);
                return None;
            }
            let place = &mut self.places[self.turn];
            if let Some(text) = place.take(self.round) {
                self.held -= text.len();
                self.print(self.turn, &text, out);
            } else if place.state == PlaceState::Awaited && place.next <= self.round {
                if place.paused {
                    return None;
                }
                let due = self.since + self.patience;
                if now < due {
                    return Some(due);
                }
                self.set_state(self.turn, PlaceState::Late);
            }
            self.turn += 1;
            if self.turn == self.places.len() {
                (self.round, self.turn, self.since) = (self.round + 1, 0, now);
            }
        }
    }

    /// Whether a target has to wait before more of its text is taken, since all together hold more than `limit` bytes: all
    /// but the target whose turn it is.
    pub(super) fn has_to_wait(&self, index: usize, limit: usize) -> bool {
        self.held > limit && !self.is_on(index)
    }

    /// Whether the next text to be printed is this target's.
    pub(super) fn is_on(&self, index: usize) -> bool {
        self.turn() == Some(index) && self.places[index].is_empty()
    }

    /// The target whose text is to be printed next, if there is one.
    pub(super) fn turn(&self) -> Option<usize> {
        self.speaker.or_else(|| (self.round < self.asked).then_some(self.turn))
    }

    /// The target is silent because it waits for us: its time stops.
    pub(super) fn pause(&mut self, index: usize) {
        self.places[index].paused = true;
    }

    /// The target need not wait any more; its time begins now.
    pub(super) fn resume(&mut self, index: usize, now: Instant) {
        self.places[index].paused = false;
        if self.turn() == Some(index) {
            (self.since, self.said) = (now, now);
        }
    }

    fn set_state(&mut self, index: usize, state: PlaceState) {
        let place = &mut self.places[index];
        self.awaited -= usize::from(place.state == PlaceState::Awaited);
        self.awaited += usize::from(state == PlaceState::Awaited);
        place.state = state;
    }
}

#[cfg(test)]
#[path = "order_test.rs"]
mod tests;

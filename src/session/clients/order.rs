//! Answers in the order of the targets: what is printed now, what is held, for whom is waited and until when. Pure.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The seats of all targets, and the one whose answer is to be printed next.
///
/// Lines of input are counted from 0; the answers to one are a round. A round begins when the one before it is over.
pub(super) struct Order {
    seats: Vec<Place>,
    patience: Duration,
    /// Lines of input so far.
    asked: u64,
    /// The round, and the seat in it, whose answer is next, and when the round began.
    round: u64,
    turn: usize,
    since: Instant,
    /// Seats that are waited for, and bytes held for their turn.
    awaited: usize,
    held: usize,
    /// The seat in the middle of whose line the output is, whether it spoke since the order was moved on last, and when
    /// that was.
    speaker: Option<usize>,
    spoke: bool,
    said: Instant,
    /// What others say meanwhile without being waited for.
    aside: VecDeque<(usize, Vec<u8>)>,
}

struct Place {
    stance: ReaderState,
    /// The line that the next answer is to.
    next: u64,
    held: VecDeque<(u64, Vec<u8>)>,
    /// Its last word is a piece of a line that goes on.
    open: bool,
    /// It waits for us.
    paused: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ReaderState {
    /// Its answers are waited for.
    Awaited,
    /// It let a round pass; its answers are taken as they come.
    Late,
    /// There is no connection.
    Away,
}

impl Order {
    /// Seats for `count` targets, each of which may hold a round up for `patience`.
    pub(super) fn new(count: usize, patience: Duration, now: Instant) -> Self {
        let seat = || Place {
            stance: ReaderState::Awaited,
            next: 0,
            held: VecDeque::new(),
            open: false,
            paused: false,
        };
        Self {
            seats: std::iter::repeat_with(seat).take(count).collect(),
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

    /// So many lines of input were read.
    pub(super) fn asked(&mut self, lines: u64, now: Instant) {
        if lines > self.asked {
            if self.round == self.asked {
                self.since = now;
            }
            self.asked = lines;
        }
    }

    /// A line came from a target that was sent `heard` lines so far, or a piece of one that is not `whole` with it; what
    /// may be printed at once goes to `out`.
    pub(super) fn answer(&mut self, seat: usize, heard: u64, line: &[u8], whole: bool, out: &mut Vec<u8>) {
        let who = &mut self.seats[seat];
        let goes_on = std::mem::replace(&mut who.open, !whole);
        if goes_on || who.next >= heard {
            // Nobody asked for it, a greeting or one more line of an answer: it keeps its place in what the target says.
            match who.held.back_mut() {
                Some((_, text)) => {
                    text.extend_from_slice(line);
                    self.held += line.len();
                }
                None => self.say(seat, line, out),
            }
            return;
        }
        let round = who.next;
        who.next += 1;
        if (round, seat) < (self.round, self.turn) {
            return self.say(seat, line, out);
        }
        who.held.push_back((round, line.to_vec()));
        self.held += line.len();
        if who.stance == ReaderState::Late {
            self.take(seat, ReaderState::Awaited);
        }
    }

    /// Prints what comes out of turn, but not in the middle of another one's line.
    fn say(&mut self, seat: usize, line: &[u8], out: &mut Vec<u8>) {
        if self.speaker == Some(seat) || (self.speaker.is_none() && self.aside.is_empty()) {
            return self.print(seat, line, out);
        }
        match self.aside.iter_mut().find(|(other, _)| *other == seat) {
            Some((_, text)) => text.extend_from_slice(line),
            None => self.aside.push_back((seat, line.to_vec())),
        }
        self.held += line.len();
    }

    /// Prints the last that is there of a seat.
    fn print(&mut self, seat: usize, text: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(text);
        let who = &self.seats[seat];
        self.speaker = (who.open && who.held.is_empty()).then_some(seat);
        self.spoke = true;
    }

    /// The target's connection is gone; nobody waits for it.
    pub(super) fn leave(&mut self, seat: usize) {
        self.take(seat, ReaderState::Away);
        self.seats[seat].open = false;
        self.speaker = self.speaker.filter(|speaker| *speaker != seat);
    }

    /// Every connection is gone.
    pub(super) fn leave_all(&mut self) {
        (0..self.seats.len()).for_each(|seat| self.leave(seat));
    }

    /// The target is connected; the first line it will be sent is `line`. One that was away has to catch up first.
    pub(super) fn enter(&mut self, seat: usize, line: u64) {
        self.seats[seat].next = line;
        if self.seats[seat].stance == ReaderState::Away {
            self.take(seat, ReaderState::Late);
        }
    }

    /// Moves on as far as answers are there or need not be waited for; until when the next one is waited for.
    pub(super) fn advance(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<Instant> {
        if std::mem::take(&mut self.spoke) {
            self.said = now;
        }
        loop {
            if let Some(speaker) = self.speaker {
                let due = self.said + self.patience;
                if self.seats[speaker].paused {
                    return None;
                } else if now < due {
                    return Some(due);
                }
                self.speaker = None;
            }
            if let Some((seat, text)) = self.aside.pop_front() {
                self.held -= text.len();
                self.print(seat, &text, out);
                continue;
            }
            if self.round == self.asked {
                return None;
            }
            if self.awaited == 0 && self.held == 0 {
                (self.round, self.turn) = (self.asked, 0);
                return None;
            }
            let seat = &mut self.seats[self.turn];
            if seat.held.front().is_some_and(|(line, _)| *line <= self.round) {
                let (_, text) = seat.held.pop_front().unwrap_or_default();
                self.held -= text.len();
                self.print(self.turn, &text, out);
            } else if seat.stance == ReaderState::Awaited && seat.next <= self.round {
                if seat.paused {
                    return None;
                }
                let due = self.since + self.patience;
                if now < due {
                    return Some(due);
                }
                self.take(self.turn, ReaderState::Late);
            }
            self.turn += 1;
            if self.turn == self.seats.len() {
                (self.round, self.turn, self.since) = (self.round + 1, 0, now);
            }
        }
    }

    /// Whether a target is to wait with what it says, since all together hold more than `limit` bytes: everyone but the one
    /// that is waited for.
    pub(super) fn has_to_wait(&self, seat: usize, limit: usize) -> bool {
        self.held > limit && !self.is_on(seat)
    }

    /// Whether the next to be printed is this target's.
    pub(super) fn is_on(&self, seat: usize) -> bool {
        self.turn() == Some(seat) && self.seats[seat].held.is_empty()
    }

    /// Whose words are to be printed next, if anybody's.
    pub(super) fn turn(&self) -> Option<usize> {
        self.speaker.or_else(|| (self.round < self.asked).then_some(self.turn))
    }

    /// The target says nothing because it waits for us: nobody's patience runs out.
    pub(super) fn pause(&mut self, seat: usize) {
        self.seats[seat].paused = true;
    }

    /// The target may speak; what it is waited for begins now.
    pub(super) fn resume(&mut self, seat: usize, now: Instant) {
        self.seats[seat].paused = false;
        if self.turn() == Some(seat) {
            (self.since, self.said) = (now, now);
        }
    }

    fn take(&mut self, seat: usize, stance: ReaderState) {
        let seat = &mut self.seats[seat];
        self.awaited -= usize::from(seat.stance == ReaderState::Awaited);
        self.awaited += usize::from(stance == ReaderState::Awaited);
        seat.stance = stance;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PATIENCE: Duration = Duration::from_secs(1);

    /// An order with a clock of its own: each answer is sent when all lines asked so far were.
    struct Scene {
        order: Order,
        now: Instant,
        asked: u64,
        out: Vec<u8>,
    }

    impl Scene {
        fn new(count: usize) -> Self {
            let now = Instant::now();
            Self { order: Order::new(count, PATIENCE, now), now, asked: 0, out: Vec::new() }
        }

        fn ask(&mut self) {
            self.asked += 1;
            self.order.asked(self.asked, self.now);
        }

        fn answer(&mut self, seat: usize, text: &str) {
            self.order.answer(seat, self.asked, text.as_bytes(), true, &mut self.out);
        }

        fn piece(&mut self, seat: usize, text: &str) {
            self.order.answer(seat, self.asked, text.as_bytes(), false, &mut self.out);
        }

        fn printed(&mut self) -> String {
            self.order.advance(self.now, &mut self.out);
            String::from_utf8(std::mem::take(&mut self.out)).unwrap()
        }
    }

    #[test]
    fn answers_wait_for_their_turn() {
        let mut scene = Scene::new(3);
        scene.ask();
        scene.answer(2, "c");
        scene.answer(1, "b");
        assert_eq!(scene.printed(), "");
        scene.answer(0, "a");
        assert_eq!(scene.printed(), "abc");
    }

    #[test]
    fn a_silent_target_costs_its_patience_once() {
        let mut scene = Scene::new(3);
        scene.ask();
        scene.answer(0, "a");
        scene.answer(2, "c");
        assert_eq!(scene.printed(), "a");
        let due = scene.order.advance(scene.now, &mut scene.out);
        assert_eq!(due, Some(scene.now + PATIENCE));
        scene.now += PATIENCE;
        assert_eq!(scene.printed(), "c");
        scene.ask();
        scene.answer(0, "A");
        scene.answer(2, "C");
        assert_eq!(scene.printed(), "AC", "it is not waited for again");
        scene.answer(1, "b");
        assert_eq!(scene.printed(), "b", "late, not lost");
        scene.answer(1, "B");
        scene.ask();
        scene.answer(2, "3");
        scene.answer(1, "2");
        scene.answer(0, "1");
        assert_eq!(scene.printed(), "B123", "it caught up");
    }

    #[test]
    fn who_is_gone_is_not_waited_for_and_what_it_said_stays() {
        let mut scene = Scene::new(3);
        scene.ask();
        scene.answer(1, "b");
        scene.order.leave(1);
        scene.order.leave(2);
        assert_eq!(scene.printed(), "");
        scene.answer(0, "a");
        assert_eq!(scene.printed(), "ab");
        scene.ask();
        scene.order.enter(2, 1);
        scene.answer(0, "A");
        assert_eq!(scene.printed(), "A", "who is back has to catch up first");
        scene.answer(2, "C");
        assert_eq!(scene.printed(), "C");
    }

    #[test]
    fn what_nobody_asked_for_is_printed_at_once_or_after_what_is_held() {
        let mut scene = Scene::new(2);
        scene.answer(1, "hello");
        assert_eq!(scene.printed(), "hello");
        scene.ask();
        scene.answer(1, "b");
        scene.answer(1, "more");
        assert_eq!(scene.printed(), "");
        scene.answer(0, "a");
        assert_eq!(scene.printed(), "abmore");
    }

    #[test]
    fn the_one_whose_turn_it_is_never_has_to_wait() {
        let mut scene = Scene::new(2);
        scene.ask();
        scene.ask();
        scene.answer(1, "bbbb");
        assert!(scene.order.has_to_wait(1, 3) && !scene.order.has_to_wait(0, 3));
    }

    #[test]
    fn pieces_of_a_line_are_one_answer_and_nothing_comes_between() {
        let mut scene = Scene::new(3);
        scene.ask();
        scene.ask();
        scene.piece(0, "a1");
        scene.answer(1, "b");
        scene.answer(1, "B");
        assert_eq!(scene.printed(), "a1");
        assert!(!scene.order.has_to_wait(0, 1) && scene.order.has_to_wait(1, 1));
        scene.piece(2, "c1");
        scene.order.enter(2, 2);
        scene.piece(0, "a2");
        scene.answer(0, "a3");
        assert_eq!(scene.printed(), "a2a3bc1");
        scene.answer(2, "c2");
        scene.answer(0, "A");
        assert_eq!(scene.printed(), "c2AB");
    }

    #[test]
    fn what_others_say_out_of_turn_waits_for_the_end_of_a_line() {
        let mut scene = Scene::new(3);
        scene.piece(0, "a1");
        scene.piece(1, "b1");
        scene.answer(2, "c");
        scene.answer(1, "b2");
        assert_eq!(scene.printed(), "a1");
        scene.answer(0, "a2");
        scene.answer(2, "c2");
        assert_eq!(scene.printed(), "a2b1b2cc2");
        assert_eq!(scene.order.held, 0);
    }

    #[test]
    fn a_line_that_stops_in_its_middle_holds_others_up_once() {
        let mut scene = Scene::new(2);
        scene.ask();
        scene.piece(0, "a1");
        scene.answer(1, "b");
        assert_eq!(scene.printed(), "a1");
        scene.order.pause(0);
        scene.now += PATIENCE;
        assert_eq!(scene.printed(), "", "it waits for us");
        scene.order.resume(0, scene.now);
        assert_eq!(scene.printed(), "");
        scene.now += PATIENCE;
        assert_eq!(scene.printed(), "b");
        scene.piece(0, "a2");
        scene.order.leave(0);
        scene.answer(1, "B");
        assert_eq!(scene.printed(), "a2B");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_everyones_lines_keep_their_order(moves in proptest::collection::vec((0usize..4, 0usize..8), 1..200)) {
            let mut scene = Scene::new(4);
            let mut said = [0u32; 4];
            let mut printed = String::new();
            for (seat, what) in moves {
                match what {
                    0 => scene.ask(),
                    1 => scene.now += PATIENCE / 2,
                    2 => scene.order.leave(seat),
                    3 => scene.order.enter(seat, scene.asked),
                    _ => {
                        let text = format!("{seat}:{} ", said[seat]);
                        if what < 6 { scene.answer(seat, &text) } else { scene.piece(seat, &text) }
                        said[seat] += 1;
                    }
                }
                printed += &scene.printed();
            }
            for seat in 0..4 {
                scene.order.leave(seat);
            }
            printed += &scene.printed();
            prop_assert_eq!(scene.order.held, 0);
            for (seat, count) in said.iter().enumerate() {
                let tag = format!("{seat}:");
                let lines: Vec<u32> = printed.split_whitespace().filter_map(|l| l.strip_prefix(&tag)?.parse().ok()).collect();
                prop_assert_eq!(lines, (0..*count).collect::<Vec<_>>());
            }
        }
    }
}

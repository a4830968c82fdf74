//! Answers in the order of the targets: what is printed now, what is held, for whom is waited and until when. Pure.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The seats of all targets, and the one whose answer is to be printed next.
///
/// Lines of input are counted from 0; the answers to one are a round. A round begins when the one before it is over.
pub(super) struct Order {
    seats: Vec<Seat>,
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
}

struct Seat {
    stance: Stance,
    /// The line that the next answer is to.
    next: u64,
    held: VecDeque<(u64, Vec<u8>)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stance {
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
        let seat = || Seat { stance: Stance::Awaited, next: 0, held: VecDeque::new() };
        Self {
            seats: std::iter::repeat_with(seat).take(count).collect(),
            patience,
            asked: 0,
            round: 0,
            turn: 0,
            since: now,
            awaited: count,
            held: 0,
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

    /// A line came from a target that was sent `heard` lines so far; what may be printed at once goes to `out`.
    pub(super) fn answer(&mut self, seat: usize, heard: u64, line: &[u8], out: &mut Vec<u8>) {
        let who = &mut self.seats[seat];
        if who.next >= heard {
            // Nobody asked for it, a greeting or one more line of an answer: it keeps its place in what the target says.
            match who.held.back_mut() {
                Some((_, text)) => {
                    text.extend_from_slice(line);
                    self.held += line.len();
                }
                None => out.extend_from_slice(line),
            }
            return;
        }
        let round = who.next;
        who.next += 1;
        if (round, seat) < (self.round, self.turn) {
            return out.extend_from_slice(line);
        }
        who.held.push_back((round, line.to_vec()));
        self.held += line.len();
        if who.stance == Stance::Late {
            self.take(seat, Stance::Awaited);
        }
    }

    /// The target's connection is gone; nobody waits for it.
    pub(super) fn leave(&mut self, seat: usize) {
        self.take(seat, Stance::Away);
    }

    /// Every connection is gone.
    pub(super) fn leave_all(&mut self) {
        (0..self.seats.len()).for_each(|seat| self.leave(seat));
    }

    /// The target is connected; the first line it will be sent is `line`. One that was away has to catch up first.
    pub(super) fn enter(&mut self, seat: usize, line: u64) {
        self.seats[seat].next = line;
        if self.seats[seat].stance == Stance::Away {
            self.take(seat, Stance::Late);
        }
    }

    /// Moves on as far as answers are there or need not be waited for; until when the next one is waited for.
    pub(super) fn advance(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<Instant> {
        while self.round < self.asked {
            if self.awaited == 0 && self.held == 0 {
                (self.round, self.turn) = (self.asked, 0);
                break;
            }
            let seat = &mut self.seats[self.turn];
            if seat.held.front().is_some_and(|(line, _)| *line <= self.round) {
                let (_, text) = seat.held.pop_front().unwrap_or_default();
                self.held -= text.len();
                out.extend_from_slice(&text);
            } else if seat.stance == Stance::Awaited && seat.next <= self.round {
                let due = self.since + self.patience;
                if now < due {
                    return Some(due);
                }
                self.take(self.turn, Stance::Late);
            }
            self.turn += 1;
            if self.turn == self.seats.len() {
                (self.round, self.turn, self.since) = (self.round + 1, 0, now);
            }
        }
        None
    }

    /// Whether a target that holds something itself is to wait, since all together hold more than `limit` bytes. The one
    /// whose turn it is holds nothing, so it never waits.
    pub(super) fn holds_more(&self, seat: usize, limit: usize) -> bool {
        self.held > limit && !self.seats[seat].held.is_empty()
    }

    fn take(&mut self, seat: usize, stance: Stance) {
        let seat = &mut self.seats[seat];
        self.awaited -= usize::from(seat.stance == Stance::Awaited);
        self.awaited += usize::from(stance == Stance::Awaited);
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
            self.order.answer(seat, self.asked, text.as_bytes(), &mut self.out);
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
        assert!(scene.order.holds_more(1, 3) && !scene.order.holds_more(0, 3));
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_everyones_lines_keep_their_order(moves in proptest::collection::vec((0usize..4, 0usize..6), 1..200)) {
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
                        scene.answer(seat, &format!("{seat}:{} ", said[seat]));
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

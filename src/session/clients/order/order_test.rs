//! The order of answers, with a clock of its own.

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

    fn answer(&mut self, index: usize, text: &str) {
        self.order.answer(index, self.asked, text.as_bytes(), true, &mut self.out);
    }

    fn piece(&mut self, index: usize, text: &str) {
        self.order.answer(index, self.asked, text.as_bytes(), false, &mut self.out);
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
        for (index, what) in moves {
            match what {
                0 => scene.ask(),
                1 => scene.now += PATIENCE / 2,
                2 => scene.order.leave(index),
                3 => scene.order.enter(index, scene.asked),
                _ => {
                    let text = format!("{index}:{} ", said[index]);
                    if what < 6 { scene.answer(index, &text) } else { scene.piece(index, &text) }
                    said[index] += 1;
                }
            }
            printed += &scene.printed();
        }
        for index in 0..4 {
            scene.order.leave(index);
        }
        printed += &scene.printed();
        prop_assert_eq!(scene.order.held, 0);
        for (index, count) in said.iter().enumerate() {
            let tag = format!("{index}:");
            let lines: Vec<u32> = printed.split_whitespace().filter_map(|l| l.strip_prefix(&tag)?.parse().ok()).collect();
            prop_assert_eq!(lines, (0..*count).collect::<Vec<_>>());
        }
    }
}

//! What the room does about readers that fall behind, case by case.

use super::lag::RESERVE;
use super::testing::{STAMP, address, hear, join, rules, send, take};
use super::*;
use std::io::{self, ErrorKind, IoSlice};
use std::time::Duration;

/// Lets a second go by, and more, in which nobody takes anything.
fn a_second(room: &mut Room) {
    for step in 0..25 {
        room.review(Duration::from_millis(step * 50), |_, written| written);
    }
}

#[test]
fn one_read_of_many_empty_lines_does_not_push_others_over_their_limit() {
    let mut room = Room::new(Rules { slow_limit: 100_000, ..rules() });
    let (a, b) = (join(&mut room, 1), join(&mut room, 2));
    let flood = vec![b'\n'; 65536];
    let mut input = &flood[..];
    let mut lines = 0;
    loop {
        let verdict = room.receive(a, &mut input, STAMP, &mut |_| ());
        assert!(room.held() < 200_000);
        lines += hear(&mut room, b).lines().count();
        room.trim();
        match verdict {
            Verdict::Pause => assert!(!input.is_empty()),
            other => break assert_eq!((other, lines), (Verdict::Stay, 65536)),
        }
    }
}

#[test]
fn a_reader_that_takes_nothing_is_cut_off_once_it_had_its_second_and_memory_stays() {
    let limit = 300_000;
    let mut room = Room::new(Rules { slow_limit: limit, ..rules() });
    let (a, b, c) = (join(&mut room, 1), join(&mut room, 2), join(&mut room, 3));
    let line = format!("{}\n", "x".repeat(999));
    let taken = |room: &mut Room| {
        send(room, a, &line);
        assert!(!hear(room, b).is_empty());
        room.trim();
        take(room, c, 0).1
    };
    while !room.is_pressed() {
        assert_eq!(taken(&mut room), Flow::Blocked);
    }
    room.review(Duration::ZERO, |_, written| written);
    assert!(room.crowded(), "it may have had no turn yet");
    room.review(Duration::from_millis(100), |_, written| written);
    while !room.crowded() {
        assert_eq!(taken(&mut room), Flow::Blocked, "it is not known to be slow");
        assert!(room.held() < limit + RESERVE + 200_000);
    }
    a_second(&mut room);
    assert!(!room.crowded(), "a slow one holds nobody");
    assert_eq!(taken(&mut room), Flow::TooSlow);
    room.leave(c, Some("too slow"), STAMP, &mut |_| ());
    assert!(!room.is_measured());
    assert_eq!(take(&mut room, c, 1000), (vec![], Flow::Done), "nothing is written to a member who left");
}

#[test]
fn who_asks_and_never_reads_is_cut_off() {
    let mut room = Room::new(rules());
    let a = join(&mut room, 1);
    let mut asked = 0;
    while send(&mut room, a, "/help\n") == Verdict::Stay {
        asked += 1;
        assert!(asked < 10_000);
    }
    assert_eq!(send(&mut room, a, "/help\n"), Verdict::TooSlow);
}

#[test]
fn talkers_wait_a_moment_for_a_reader_that_is_behind() {
    let mut room = Room::new(Rules { slow_limit: 10_000, ..rules() });
    let (a, b) = (join(&mut room, 1), join(&mut room, 2));
    while !room.crowded() {
        send(&mut room, a, "a line of text\n");
        assert_ne!(take(&mut room, b, 1).1, Flow::TooSlow);
    }
    take(&mut room, b, 3000);
    assert!(!room.crowded());
    while !room.crowded() {
        send(&mut room, a, "a line of text\n");
        take(&mut room, b, 0);
    }
    a_second(&mut room);
    assert!(!room.crowded(), "one that does not catch up holds nobody");
}

#[test]
fn a_reader_that_takes_nothing_makes_the_talkers_wait_once() {
    let mut room = Room::new(Rules { slow: SlowPolicy::Drop, slow_limit: 10_000, ..rules() });
    let (a, b) = (join(&mut room, 1), join(&mut room, 2));
    let mut waits = 0;
    for _ in 0..10_000 {
        send(&mut room, a, "a line of text\n");
        take(&mut room, b, 0);
        if room.crowded() {
            a_second(&mut room);
            waits += 1;
        }
    }
    assert_eq!(waits, 1, "the first time it fell behind");
}

#[test]
fn the_record_of_the_room_has_a_limit_of_its_own_and_holds_no_notice() {
    let mut room = Room::new(Rules { slow_limit: 1000, ..rules() });
    let (a, record) = (join(&mut room, 1), room.listen_in(address(4333)));
    let line = format!("{}\n", "x".repeat(999));
    let mut skipped = 0;
    let mut tell = |news: RoomEvent<'_>| skipped += usize::from(matches!(news.what, What::Skipped(_)));
    for n in 0..8192 {
        send(&mut room, a, &line);
        let write = |_: &[IoSlice<'_>]| Err(ErrorKind::WouldBlock.into());
        assert_eq!(room.flush(record, STAMP, &mut tell, write).unwrap(), Flow::Blocked);
        if room.crowded() {
            a_second(&mut room);
        }
        room.trim();
        assert!(room.held() < 5 << 20, "line {n}");
    }
    assert_eq!(skipped, 2, "once in 4 MiB");
    let text = hear(&mut room, record);
    assert!(text.lines().all(|l| l.ends_with('x')), "lines that were said and nothing else");
}

#[test]
fn a_would_block_leaves_everything_for_later() {
    let mut room = Room::new(rules());
    let (a, b) = (join(&mut room, 1), join(&mut room, 2));
    send(&mut room, a, "x\n");
    let mut first = true;
    let mut calls = 0;
    let flow = room.flush(b, STAMP, &mut |_| (), |slices| {
        calls += 1;
        if std::mem::take(&mut first) {
            return Err(io::Error::from(ErrorKind::Interrupted));
        }
        assert_eq!(slices.len(), 1);
        Err(ErrorKind::WouldBlock.into())
    });
    assert_eq!((flow.unwrap(), calls), (Flow::Blocked, 2));
    assert_eq!(hear(&mut room, b), "[] 127.0.0.1:1: x\n");
}

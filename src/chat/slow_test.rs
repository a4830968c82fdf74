//! Readers of a room that fall behind, case by case.

use super::testing::{STAMP, join, label, read, rules, send, take};
use super::*;
use crate::fanout::RESERVE;
use std::io::{self, ErrorKind, IoSlice};
use std::time::Duration;

/// Lets more than a second pass in which no member takes anything.
fn a_second(room: &mut Room) {
    for step in 0..25 {
        room.measure_lag(Duration::from_millis(step * 50), |_, written| written);
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
        lines += read(&mut room, b).lines().count();
        room.trim();
        match verdict {
            Received::Part => assert!(!input.is_empty()),
            other => break assert_eq!((other, lines), (Received::All, 65536)),
        }
    }
}

#[test]
fn a_stalled_reader_is_disconnected_after_a_second_and_memory_is_bounded() {
    let limit = 300_000;
    let mut room = Room::new(Rules { slow_limit: limit, ..rules() });
    let (a, b, c) = (join(&mut room, 1), join(&mut room, 2), join(&mut room, 3));
    let line = format!("{}\n", "x".repeat(999));
    let taken = |room: &mut Room| {
        send(room, a, &line);
        assert!(!read(room, b).is_empty());
        room.trim();
        take(room, c, 0).1
    };
    while !room.is_pressed() {
        assert_eq!(taken(&mut room), Flushed::Blocked);
    }
    room.measure_lag(Duration::ZERO, |_, written| written);
    assert!(room.blocks_senders(), "it may have had no turn yet");
    room.measure_lag(Duration::from_millis(100), |_, written| written);
    while !room.blocks_senders() {
        assert_eq!(taken(&mut room), Flushed::Blocked, "it is not known to be slow");
        assert!(room.held() < limit + RESERVE + 200_000);
    }
    a_second(&mut room);
    assert!(!room.blocks_senders(), "a slow reader blocks nobody");
    assert_eq!(taken(&mut room), Flushed::TooSlow);
    room.leave(c, Some("too slow"), STAMP, &mut |_| ());
    assert!(!room.is_measured());
    assert_eq!(take(&mut room, c, 1000), (vec![], Flushed::All), "nothing is written to a member that left");
}

#[test]
fn a_member_that_asks_and_never_reads_is_disconnected() {
    let mut room = Room::new(rules());
    let a = join(&mut room, 1);
    let mut asked = 0;
    while send(&mut room, a, "/help\n") == Received::All {
        asked += 1;
        assert!(asked < 10_000);
    }
    assert_eq!(send(&mut room, a, "/help\n"), Received::TooSlow);
}

#[test]
fn senders_wait_for_a_reader_that_is_behind_until_it_is_slow() {
    let mut room = Room::new(Rules { slow_limit: 10_000, ..rules() });
    let (a, b) = (join(&mut room, 1), join(&mut room, 2));
    while !room.blocks_senders() {
        send(&mut room, a, "a line of text\n");
        assert_ne!(take(&mut room, b, 1).1, Flushed::TooSlow);
    }
    take(&mut room, b, 3000);
    assert!(!room.blocks_senders());
    while !room.blocks_senders() {
        send(&mut room, a, "a line of text\n");
        take(&mut room, b, 0);
    }
    a_second(&mut room);
    assert!(!room.blocks_senders(), "a reader that does not catch up blocks nobody");
}

#[test]
fn a_stalled_reader_makes_the_senders_wait_once() {
    let mut room = Room::new(Rules { slow: SlowPolicy::Drop, slow_limit: 10_000, ..rules() });
    let (a, b) = (join(&mut room, 1), join(&mut room, 2));
    let mut waits = 0;
    for _ in 0..10_000 {
        send(&mut room, a, "a line of text\n");
        take(&mut room, b, 0);
        if room.blocks_senders() {
            a_second(&mut room);
            waits += 1;
        }
    }
    assert_eq!(waits, 1, "the first time it fell behind");
}

#[test]
fn the_transcript_has_a_limit_of_its_own_and_holds_no_notice() {
    let mut room = Room::new(Rules { slow_limit: 1000, ..rules() });
    let (a, transcript) = (join(&mut room, 1), room.join_transcript(&label(4333)));
    let line = format!("{}\n", "x".repeat(999));
    let mut skipped = 0;
    let mut report =
        |event: RoomEvent<'_>| skipped += usize::from(matches!(event.kind, RoomEventKind::Skipped(_)));
    for n in 0..8192 {
        send(&mut room, a, &line);
        let write = |_: &[IoSlice<'_>]| Err(ErrorKind::WouldBlock.into());
        assert_eq!(room.flush(transcript, STAMP, &mut report, write).unwrap(), Flushed::Blocked);
        if room.blocks_senders() {
            a_second(&mut room);
        }
        room.trim();
        assert!(room.held() < 5 << 20, "line {n}");
    }
    assert_eq!(skipped, 2, "once in 4 MiB");
    let text = read(&mut room, transcript);
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
    assert_eq!((flow.unwrap(), calls), (Flushed::Blocked, 2));
    assert_eq!(read(&mut room, b), "[] 127.0.0.1:1: x\n");
}

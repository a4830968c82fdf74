//! What the room does, case by case, and the hands that the model's tests use too.

use super::*;
use std::io::{self, ErrorKind, IoSlice};
use std::net::SocketAddr;

pub(super) const STAMP: &str = "2026-11-21 23:24:25";

pub(super) fn rules() -> Rules {
    Rules {
        raw: false,
        announce: false,
        history: 0,
        max_clients: 100,
        max_line: 4096,
        slow: Slow::Disconnect,
        slow_limit: 1 << 20,
    }
}

pub(super) fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

pub(super) fn join(room: &mut Room, port: u16) -> Id {
    room.join(address(port), STAMP).unwrap()
}

pub(super) fn send(room: &mut Room, id: Id, text: &str) -> Verdict {
    room.receive(id, &mut text.as_bytes(), STAMP, &mut |_| ())
}

/// Lets `id` take up to `most` bytes.
pub(super) fn take(room: &mut Room, id: Id, most: usize) -> (Vec<u8>, Flow) {
    let mut got = Vec::new();
    let write = |slices: &[IoSlice<'_>]| {
        let before = got.len();
        for slice in slices {
            got.extend_from_slice(&slice[..slice.len().min(most - got.len())]);
        }
        if got.len() == before { Err(ErrorKind::WouldBlock.into()) } else { Ok(got.len() - before) }
    };
    let flow = room.flush(id, STAMP, &mut |_| (), write).unwrap();
    (got, flow)
}

fn hear(room: &mut Room, id: Id) -> String {
    let (bytes, flow) = take(room, id, usize::MAX);
    assert_eq!(flow, Flow::Done);
    String::from_utf8_lossy(&bytes).replace(&format!("[{STAMP}]"), "[]")
}

#[test]
fn a_line_reaches_the_others_with_time_and_address() {
    let mut room = Room::new(rules());
    let (a, b) = (join(&mut room, 50000), join(&mut room, 50001));
    send(&mut room, a, "hello\r\nhalf");
    assert_eq!(hear(&mut room, a), "");
    assert_eq!(take(&mut room, b, 1000).0, b"[2026-11-21 23:24:25] 127.0.0.1:50000: hello\n");
    room.leave(a, None, STAMP, &mut |_| ());
    assert_eq!(hear(&mut room, b), "[] 127.0.0.1:50000: half\n");
}

#[test]
fn nicks_show_and_are_unique() {
    let mut room = Room::new(rules());
    let (a, b) = (join(&mut room, 1), join(&mut room, 2));
    send(&mut room, a, "/nick ana\nhi\n/nick 10.0.0.1\n/nick\n");
    let told = hear(&mut room, a);
    assert!(
        told.starts_with("[] * you are ana (127.0.0.1:1) now\n[] * that nick is refused: it looks"),
        "{told}"
    );
    assert_eq!(hear(&mut room, b), "[] ana (127.0.0.1:1): hi\n");
    send(&mut room, b, "/nick ANA\n/nick Operator\n");
    assert_eq!(hear(&mut room, b), "[] * that nick is refused: it is another's\n".repeat(2));
    send(&mut room, a, "/nick Ana\n/nick eva\n");
    send(&mut room, b, "/nick ana\n");
    assert_eq!(hear(&mut room, b), "[] * you are ana (127.0.0.1:2) now\n");
    room.leave(a, None, STAMP, &mut |_| ());
    send(&mut room, b, "/nick eva\n");
    assert_eq!(hear(&mut room, b), "[] * you are eva (127.0.0.1:2) now\n");
}

#[test]
fn who_help_and_wrong_commands_are_answered_to_the_asker_alone() {
    let mut room = Room::new(rules());
    let (a, b) = (join(&mut room, 1), join(&mut room, 2));
    send(&mut room, a, "/who\n");
    assert_eq!(hear(&mut room, a), "[] * 2 here\n[] * 127.0.0.1:1, you\n[] * 127.0.0.1:2\n");
    send(&mut room, a, "/help\n/slap\u{1b} ana\n//x\n");
    let told = hear(&mut room, a);
    assert!(told.contains("/nick NAME") && told.contains("no command /slap\\u{1b};"), "{told}");
    assert_eq!(hear(&mut room, b), "[] 127.0.0.1:1: /x\n");
}

#[test]
fn quit_ends_the_input() {
    let mut room = Room::new(rules());
    let (a, b) = (join(&mut room, 1), join(&mut room, 2));
    assert_eq!(send(&mut room, a, "bye\n/quit\nlate\nlater"), Verdict::Quit);
    room.leave(a, None, STAMP, &mut |_| ());
    assert_eq!(hear(&mut room, b), "[] 127.0.0.1:1: bye\n");
}

#[test]
fn coming_and_going_is_announced_to_the_others() {
    let mut room = Room::new(Rules { announce: true, ..rules() });
    let (a, b) = (join(&mut room, 1), join(&mut room, 2));
    send(&mut room, b, "/nick eva\n");
    room.leave(b, Some("connection reset"), STAMP, &mut |_| ());
    let told = hear(&mut room, a);
    let eva = "eva (127.0.0.1:2)";
    assert_eq!(
        told,
        format!(
            "[] * 127.0.0.1:2 joined\n[] * 127.0.0.1:2 is {eva} now\n[] * {eva} left: connection reset\n"
        )
    );
}

#[test]
fn the_one_too_many_reads_why() {
    let mut room = Room::new(Rules { max_clients: 2, ..rules() });
    room.join_operator(address(4333), false);
    let a = join(&mut room, 1);
    join(&mut room, 2);
    let why = room.join(address(3), STAMP).unwrap_err();
    assert_eq!(why, format!("[{STAMP}] * the room is full: 2 are here\n"));
    room.leave(a, None, STAMP, &mut |_| ());
    join(&mut room, 3);
}

#[test]
fn a_newcomer_is_told_the_last_lines() {
    let mut room = Room::new(Rules { history: 2, ..rules() });
    let a = join(&mut room, 1);
    assert_eq!(hear(&mut room, a), "");
    send(&mut room, a, "one\ntwo\nthree\n");
    let b = join(&mut room, 2);
    assert_eq!(hear(&mut room, b), "[] 127.0.0.1:1: two\n[] 127.0.0.1:1: three\n");
    for n in 0..100_000 {
        send(&mut room, a, &format!("{n}\n"));
        hear(&mut room, b);
        room.trim();
    }
    assert!(room.held() < 200_000, "{} bytes are held", room.held());
    let c = join(&mut room, 3);
    assert_eq!(hear(&mut room, c), "[] 127.0.0.1:1: 99998\n[] 127.0.0.1:1: 99999\n");
}

#[test]
fn the_history_of_a_room_where_people_come_and_go_is_bounded() {
    let mut room = Room::new(Rules { history: 2, announce: true, ..rules() });
    let a = join(&mut room, 1);
    send(&mut room, a, "hello\n");
    for port in 2..20_000 {
        let visitor = join(&mut room, port);
        room.leave(visitor, None, STAMP, &mut |_| ());
        hear(&mut room, a);
        room.trim();
    }
    assert!(room.held() < 200_000, "{} bytes are held", room.held());
    let b = join(&mut room, 1);
    assert_eq!(hear(&mut room, b), "[] * 127.0.0.1:19999 joined\n[] * 127.0.0.1:19999 left\n");
}

#[test]
fn a_broker_adds_and_takes_nothing() {
    let mut room = Room::new(Rules { raw: true, announce: true, max_line: 10, ..rules() });
    let (a, b) = (join(&mut room, 1), join(&mut room, 2));
    send(&mut room, a, "/who\r\n\0\n0123456789abc\nend");
    assert_eq!(hear(&mut room, a), "");
    room.leave(a, None, STAMP, &mut |_| ());
    assert_eq!(hear(&mut room, b), "/who\r\n\0\n0123456789\nend\n");
}

#[test]
fn a_line_too_long_is_cut_and_its_sender_told() {
    let mut room = Room::new(Rules { max_line: 4, ..rules() });
    let (a, b) = (join(&mut room, 1), join(&mut room, 2));
    let mut news = Vec::new();
    room.receive(a, &mut &b"12345678\n"[..], STAMP, &mut |n| news.push(format!("{:?}", n.what)));
    assert_eq!(news, ["Shortened(4)", "Line([49, 50, 51, 52])"]);
    assert_eq!(hear(&mut room, a), "[] * your line was too long: the last 4 bytes were dropped\n");
    assert_eq!(hear(&mut room, b), "[] 127.0.0.1:1: 1234\n");
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
fn a_reader_that_takes_nothing_is_cut_off_and_memory_stays() {
    let limit = 300_000;
    let mut room = Room::new(Rules { slow_limit: limit, ..rules() });
    let (a, b, c) = (join(&mut room, 1), join(&mut room, 2), join(&mut room, 3));
    for n in 0.. {
        send(&mut room, a, &format!("{n}\n"));
        assert!(!hear(&mut room, b).is_empty());
        room.trim();
        assert!(room.held() < limit + 200_000);
        match take(&mut room, c, 0).1 {
            Flow::TooSlow => break,
            flow => assert_eq!(flow, Flow::Blocked),
        }
    }
    room.leave(c, Some("too slow"), STAMP, &mut |_| ());
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
    room.review();
    room.review();
    assert!(!room.crowded(), "one that does not catch up holds nobody");
}

#[test]
fn a_reader_that_takes_nothing_makes_the_talkers_wait_once() {
    let mut room = Room::new(Rules { slow: Slow::Drop, slow_limit: 10_000, ..rules() });
    let (a, b) = (join(&mut room, 1), join(&mut room, 2));
    let mut waits = 0;
    for _ in 0..10_000 {
        send(&mut room, a, "a line of text\n");
        take(&mut room, b, 0);
        while room.crowded() {
            room.review();
            waits += 1;
        }
    }
    assert_eq!(waits, 2, "two reviews of the first time it fell behind");
}

#[test]
fn the_record_of_the_room_has_a_limit_of_its_own_and_holds_no_notice() {
    let mut room = Room::new(Rules { slow_limit: 1000, ..rules() });
    let (a, record) = (join(&mut room, 1), room.listen_in(address(4333)));
    let line = format!("{}\n", "x".repeat(999));
    let mut skipped = 0;
    let mut tell = |news: News<'_>| skipped += usize::from(matches!(news.what, What::Skipped(_)));
    for n in 0..8192 {
        send(&mut room, a, &line);
        let write = |_: &[IoSlice<'_>]| Err(ErrorKind::WouldBlock.into());
        assert_eq!(room.flush(record, STAMP, &mut tell, write).unwrap(), Flow::Blocked);
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

//! Lines, nicks, commands and announcements of a room, case by case.

use super::testing::{STAMP, join, label, read, rules, send, take};
use super::*;

#[test]
fn a_line_reaches_the_others_with_time_and_label() {
    let mut room = Room::new(rules());
    let (a, b) = (join(&mut room, 50000), join(&mut room, 50001));
    send(&mut room, a, "hello\r\nhalf");
    assert_eq!(read(&mut room, a), "");
    assert_eq!(take(&mut room, b, 1000).0, b"[2026-11-21 23:24:25] 127.0.0.1:50000: hello\n");
    room.leave(a, None, STAMP, &mut |_| ());
    assert_eq!(read(&mut room, b), "[] 127.0.0.1:50000: half\n");
}

#[test]
fn nicks_show_and_are_unique() {
    let mut room = Room::new(rules());
    let (a, b) = (join(&mut room, 1), join(&mut room, 2));
    send(&mut room, a, "/nick ana\nhi\n/nick 10.0.0.1\n/nick\n");
    let told = read(&mut room, a);
    assert!(told.starts_with("[] * you are now ana (127.0.0.1:1)\n[] * invalid nick: it looks"), "{told}");
    assert_eq!(read(&mut room, b), "[] ana (127.0.0.1:1): hi\n");
    send(&mut room, b, "/nick ANA\n/nick Operator\n");
    assert_eq!(read(&mut room, b), "[] * that nick is already taken\n".repeat(2));
    send(&mut room, a, "/nick Ana\n/nick eva\n");
    send(&mut room, b, "/nick ana\n");
    assert_eq!(read(&mut room, b), "[] * you are now ana (127.0.0.1:2)\n");
    room.leave(a, None, STAMP, &mut |_| ());
    send(&mut room, b, "/nick eva\n");
    assert_eq!(read(&mut room, b), "[] * you are now eva (127.0.0.1:2)\n");
}

#[test]
fn the_answer_to_a_command_goes_to_its_sender_alone() {
    let mut room = Room::new(rules());
    let (a, b) = (join(&mut room, 1), join(&mut room, 2));
    send(&mut room, a, "/who\n");
    assert_eq!(read(&mut room, a), "[] * 2 here\n[] * 127.0.0.1:1, you\n[] * 127.0.0.1:2\n");
    send(&mut room, a, "/help\n/slap\u{1b} ana\n//x\n");
    let told = read(&mut room, a);
    assert!(told.contains("/nick NAME") && told.contains("unknown command /slap\\u{1b};"), "{told}");
    assert_eq!(read(&mut room, b), "[] 127.0.0.1:1: /x\n");
}

#[test]
fn quit_ends_the_input() {
    let mut room = Room::new(rules());
    let (a, b) = (join(&mut room, 1), join(&mut room, 2));
    assert_eq!(send(&mut room, a, "bye\n/quit\nlate\nlater"), Received::Quit);
    room.leave(a, None, STAMP, &mut |_| ());
    assert_eq!(read(&mut room, b), "[] 127.0.0.1:1: bye\n");
}

#[test]
fn joining_and_leaving_is_announced_to_the_others() {
    let mut room = Room::new(Rules { announce: true, ..rules() });
    let (a, b) = (join(&mut room, 1), join(&mut room, 2));
    send(&mut room, b, "/nick eva\n");
    room.leave(b, Some("connection reset"), STAMP, &mut |_| ());
    let told = read(&mut room, a);
    let eva = "eva (127.0.0.1:2)";
    assert_eq!(
        told,
        format!(
            "[] * 127.0.0.1:2 joined\n[] * 127.0.0.1:2 is now {eva}\n[] * {eva} left: connection reset\n"
        )
    );
}

#[test]
fn a_client_too_many_reads_the_reason() {
    let mut room = Room::new(Rules { max_clients: 2, ..rules() });
    room.join_operator(&label(4333), false);
    let a = join(&mut room, 1);
    join(&mut room, 2);
    let why = room.join(&label(3), STAMP).unwrap_err();
    assert_eq!(why, "the room is full: 2 are connected");
    assert_eq!(room.refusal(&why, STAMP), format!("[{STAMP}] * {why}\n").into_bytes());
    room.leave(a, None, STAMP, &mut |_| ());
    join(&mut room, 3);
}

#[test]
fn a_new_member_gets_the_last_lines() {
    let mut room = Room::new(Rules { history: 2, ..rules() });
    let a = join(&mut room, 1);
    assert_eq!(read(&mut room, a), "");
    send(&mut room, a, "one\ntwo\nthree\n");
    let b = join(&mut room, 2);
    assert_eq!(read(&mut room, b), "[] 127.0.0.1:1: two\n[] 127.0.0.1:1: three\n");
    for n in 0..100_000 {
        send(&mut room, a, &format!("{n}\n"));
        read(&mut room, b);
        room.trim();
    }
    assert!(room.held() < 200_000, "{} bytes are held", room.held());
    let c = join(&mut room, 3);
    assert_eq!(read(&mut room, c), "[] 127.0.0.1:1: 99998\n[] 127.0.0.1:1: 99999\n");
}

#[test]
fn the_history_of_many_joins_and_leaves_is_bounded() {
    let mut room = Room::new(Rules { history: 2, announce: true, ..rules() });
    let a = join(&mut room, 1);
    send(&mut room, a, "hello\n");
    for port in 2..20_000 {
        let visitor = join(&mut room, port);
        room.leave(visitor, None, STAMP, &mut |_| ());
        read(&mut room, a);
        room.trim();
    }
    assert!(room.held() < 200_000, "{} bytes are held", room.held());
    let b = join(&mut room, 1);
    assert_eq!(read(&mut room, b), "[] * 127.0.0.1:19999 joined\n[] * 127.0.0.1:19999 left\n");
}

#[test]
fn a_raw_room_relays_bytes_unchanged() {
    let mut room = Room::new(Rules { raw: true, announce: true, max_line: 10, ..rules() });
    let (a, b) = (join(&mut room, 1), join(&mut room, 2));
    send(&mut room, a, "/who\r\n\0\n0123456789abc\nend");
    assert_eq!(read(&mut room, a), "");
    room.leave(a, None, STAMP, &mut |_| ());
    assert_eq!(read(&mut room, b), "/who\r\n\0\n0123456789\nend\n");
}

#[test]
fn a_line_too_long_is_truncated_with_a_notice_to_its_sender() {
    let mut room = Room::new(Rules { max_line: 4, ..rules() });
    let (a, b) = (join(&mut room, 1), join(&mut room, 2));
    let mut events = Vec::new();
    room.receive(a, &mut &b"12345678\n"[..], STAMP, &mut |event| events.push(format!("{:?}", event.kind)));
    assert_eq!(events, ["Truncated(4)", "Line([49, 50, 51, 52])"]);
    assert_eq!(read(&mut room, a), "[] * your line was too long: the last 4 bytes were dropped\n");
    assert_eq!(read(&mut room, b), "[] 127.0.0.1:1: 1234\n");
}

//! The chat over real sockets: what clients of all kinds read and write.

mod support;

use rustix::process::Signal;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::time::Instant;
use support::{DEADLINE, Peer, Running, join, peer, soquete, two_machines};

fn room(flags: &str) -> Running {
    soquete(&format!("chat-serve 127.0.0.1:0 {flags}")).start()
}

/// A line without the time before it, whose shape is checked.
fn said(line: &str) -> &str {
    let (stamp, rest) = line.split_at("[2026-11-21 23:24:25] ".len());
    let shape: String = stamp.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "[0000-00-00 00:00:00] ", "{line}");
    rest.strip_suffix('\n').expect("a whole line")
}

#[test]
fn a_line_reaches_every_other_client_with_local_time_and_address() {
    let room = soquete("chat-serve 127.0.0.1:0").env("TZ", "America/Sao_Paulo").start();
    let (mut a, mut b, mut c) = (join(&room), join(&room), join(&room));
    let before = jiff::Timestamp::now();
    a.send("olá\n");
    let line = b.receive_line();
    assert_eq!(line, c.receive_line());
    assert_eq!(said(&line), format!("{}: olá", a.local()));
    let zone = jiff::tz::TimeZone::get("America/Sao_Paulo").unwrap();
    let time = jiff::civil::DateTime::strptime("[%Y-%m-%d %H:%M:%S]", &line[..21]).unwrap();
    let time = time.to_zoned(zone).unwrap().timestamp();
    assert!((time.as_second() - before.as_second()).abs() <= 10, "{line}");
    b.send("x\n");
    assert_eq!(said(&a.receive_line()), format!("{}: x", b.local()), "a sender does not hear itself");
    let text = room.terminate().text().to_owned();
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.starts_with(&line), "the transcript is what clients read");
}

#[test]
fn lines_are_cut_at_line_ends_however_they_are_sent() {
    let room = room("");
    let (mut a, mut b) = (join(&room), join(&room));
    a.stream().set_nodelay(true).unwrap();
    for byte in b"one\r\ntwo\n\nth" {
        a.send([*byte]);
    }
    a.send("ree\nfour\nfive");
    a.half_close();
    let who = a.local();
    for text in ["one", "two", "", "three", "four", "five"] {
        assert_eq!(said(&b.receive_line()), format!("{who}: {text}"));
    }
    assert_eq!(a.receive_all(), b"", "who has sent FIN has left");
}

#[test]
fn controls_in_a_line_are_visible_to_every_client() {
    let room = room("");
    let (mut a, mut b) = (join(&room), join(&room));
    a.send(b"\x00\xff\x9b1m\x1b[2J\x1b]0;t\x07\rspoof\ttab \xe2\x80\xaetxt\xc2\x9b ol\xc3\xa1\r\n");
    let seen = "␀\\xff\\x9b1m␛[2J␛]0;t␇␍spoof\ttab \\u{202e}txt\\u{9b} olá";
    let heard = b.receive_line();
    assert_eq!(said(&heard), format!("{}: {seen}", a.local()));
    let line = room.wait_for("a line", |e| e.is("line"));
    assert_eq!(line.text("text"), seen);
    assert_eq!(room.terminate().text(), heard, "the transcript is what clients read");
}

#[test]
fn what_languages_and_emoji_are_written_with_stays_in_a_line() {
    let room = room("");
    let (mut a, mut b) = (join(&room), join(&room));
    let text = "می\u{200c}خواهم 👩\u{200d}💻 \u{2764}\u{fe0f}";
    a.send(format!("{text}\n"));
    assert_eq!(said(&b.receive_line()), format!("{}: {text}", a.local()));
}

#[test]
fn invisible_characters_are_visible_on_a_terminal() {
    let room = room("");
    let mut a = join(&room);
    let ana = support::Terminal::start("chat-join -q", &[&room.address().to_string()]);
    room.wait_for_many("members", 2, |e| e.is("member") && e["what"] == "join");
    a.send("o\u{34f}p\u{fe00}e\u{1bca0}r\u{1d173} \u{2764}\u{fe0f}\n");
    ana.wait_text("o\\u{34f}p\\u{fe00}e\\u{1bca0}r\\u{1d173} \u{2764}");
}

#[test]
fn thousands_of_lines_in_one_write_arrive_in_order() {
    let room = room("");
    let (mut a, b, c) = (join(&room), join(&room), join(&room));
    let lines: Vec<String> = (0..5000).map(|n| format!("line {n}\n")).collect();
    a.send(lines.concat());
    let who = a.local();
    for reader in [b, c] {
        let mut text = BufReader::new(reader.stream()).lines();
        for line in &lines {
            let heard = text.next().unwrap().unwrap() + "\n";
            assert_eq!(said(&heard), format!("{who}: {}", line.trim_end()));
        }
    }
}

#[test]
fn everybody_talks_and_every_line_comes_once_and_in_its_senders_order() {
    const CLIENTS: usize = 60;
    const LINES: usize = 40;
    let room = room("");
    let mut clients: Vec<Peer> = (0..CLIENTS).map(|_| Peer::connect(room.address())).collect();
    room.wait_for_many("members", CLIENTS, |e| e.is("member") && e["what"] == "join");
    for n in 0..LINES {
        for client in &mut clients {
            client.send(format!("{n}\n"));
        }
    }
    let all: Vec<String> = clients.iter().map(|c| c.local().to_string()).collect();
    for client in &mut clients {
        let own = client.local().to_string();
        let mut next = std::collections::HashMap::new();
        for _ in 0..(CLIENTS - 1) * LINES {
            let line = client.receive_line();
            let (who, n) = said(&line).rsplit_once(": ").unwrap();
            let expected = next.entry(who.to_owned()).or_insert(0);
            assert_eq!(n.parse(), Ok(*expected), "{line}");
            *expected += 1;
        }
        assert!(!next.contains_key(&own), "its own lines came back");
        assert_eq!(next.len(), all.len() - 1);
    }
}

#[test]
fn members_take_nicks_and_ask_who_is_here() {
    let room = room("--announce");
    let (mut a, mut b) = (join(&room), join(&room));
    assert_eq!(said(&a.receive_line()), format!("* {} joined", b.local()));
    a.send("/nick ana\nhi\n/nick 10.0.0.1\n/who\n/help\n");
    let ana = format!("ana ({})", a.local());
    assert_eq!(said(&a.receive_line()), format!("* you are now {ana}"));
    assert_eq!(said(&a.receive_line()), "* invalid nick: it looks like an address");
    assert_eq!(said(&a.receive_line()), "* 2 here");
    assert_eq!(said(&a.receive_line()), format!("* {ana}, you"));
    assert_eq!(said(&a.receive_line()), format!("* {}", b.local()));
    assert!(said(&a.receive_line()).contains("/nick NAME"));
    assert_eq!(said(&b.receive_line()), format!("* {} is now {ana}", a.local()));
    assert_eq!(said(&b.receive_line()), format!("{ana}: hi"));
    let nick = room.wait_for("a nick", |e| e.is("member") && e["what"] == "nick");
    assert_eq!(nick.text("nick"), "ana");
    let line = room.wait_for("a line", |e| e.is("line"));
    assert_eq!((line.text("nick"), line.text("text")), ("ana", "hi"));
    assert_eq!(line.address("peer"), Some(a.local()));
    a.half_close();
    assert_eq!(said(&b.receive_line()), format!("* {ana} left"));
    let leave = room.wait_for("a leave", |e| e.is("member") && e["what"] == "leave");
    assert_eq!(leave.text("nick"), "ana");
}

#[test]
fn nicks_that_look_like_an_address_or_anothers_are_refused() {
    let room = room("");
    let (mut a, mut b) = (join(&room), join(&room));
    a.send(
        "/nick ana\n/nick 127.0.0.1\u{ff1a}50000\n/nick 0x7f000001\n/nick 127.0.0.1-80\n/nick 127.O.0.1\n",
    );
    assert!(a.receive_line().contains("* you are now "));
    for _ in 0..4 {
        assert!(a.receive_line().contains("* invalid nick: "));
    }
    b.send("/nick \u{ff41}\u{ff4e}\u{ff41}\n");
    assert_eq!(said(&b.receive_line()), "* that nick is already taken");
    a.send("/nick \u{e9}\n");
    assert!(a.receive_line().contains("* you are now "));
    b.send("/nick e\u{301}\n");
    assert_eq!(said(&b.receive_line()), "* that nick is already taken");
}

#[test]
fn nicks_of_look_alike_letters_are_refused() {
    let room = room("");
    let (mut a, mut b) = (join(&room), join(&room));
    a.send("/nick \u{3bf}perator\n/nick p\u{430}co\n/nick 0perator\n/nick paco\n");
    let mixed = "* invalid nick: it mixes scripts whose letters look alike";
    for answer in [mixed, mixed, "* that nick is already taken"] {
        assert_eq!(said(&a.receive_line()), answer);
    }
    assert!(a.receive_line().contains("* you are now "));
    b.send("/nick \u{440}\u{430}\u{441}\u{43e}\n");
    assert_eq!(said(&b.receive_line()), "* that nick is already taken");
}

#[test]
fn a_nick_taken_twice_is_told_once_and_a_change_names_both() {
    let room = room("--announce");
    let (mut a, mut b) = (join(&room), join(&room));
    b.send("/nick eva\n/nick eva\n/nick Eva\nhi\n");
    let who = b.local();
    assert!(a.receive_line().ends_with(" joined\n"));
    assert_eq!(said(&a.receive_line()), format!("* {who} is now eva ({who})"));
    assert_eq!(said(&a.receive_line()), format!("* eva ({who}) is now Eva ({who})"));
    assert_eq!(said(&a.receive_line()), format!("Eva ({who}): hi"));
    for answer in ["you are now eva (", "you are now eva (", "you are now Eva ("] {
        assert!(b.receive_line().contains(answer));
    }
    let nicks = room.wait_for_many("nicks", 2, |e| e.is("member") && e["what"] == "nick");
    assert_eq!((nicks[1].text("nick"), nicks[1].text("text")), ("Eva", "before: eva"));
}

#[test]
fn one_is_not_many() {
    let room = room("--max-line 3 --max-clients 1");
    let mut a = join(&room);
    a.send("1234\n");
    assert_eq!(said(&a.receive_line()), "* your line was too long: the last 1 byte was dropped");
    let why = Peer::connect(room.address()).receive_line();
    assert_eq!(said(&why), "* the room is full: 1 is connected");
}

#[test]
fn quit_closes_in_order_even_with_input_unread() {
    let room = room("");
    let (mut a, mut b) = (join(&room), join(&room));
    b.send("before\n");
    assert!(a.receive_line().ends_with(": before\n"));
    a.send("bye\n/quit\nnever said\n");
    assert_eq!(a.receive_all(), b"", "FIN, not RST");
    assert!(b.receive_line().ends_with(": bye\n"));
    b.half_close();
    assert_eq!(b.receive_all(), b"");
}

#[test]
fn the_one_too_many_reads_why_and_is_closed() {
    let room = room("--max-clients 2");
    let (a, _b) = (join(&room), join(&room));
    let mut late = Peer::connect(room.address());
    late.send("hello?\n");
    let why = String::from_utf8(late.receive_all()).unwrap();
    assert_eq!(said(&why), "* the room is full: 2 are connected");
    let refuse = room.event("refuse");
    assert_eq!(refuse.text("reason"), "the room is full: 2 are connected");
    drop(a);
    room.wait_for("a leave", |e| e.is("member") && e["what"] == "leave");
    join(&room);
}

#[test]
fn a_line_too_long_is_cut_and_told() {
    let room = room("--max-line 10");
    let (mut a, mut b) = (join(&room), join(&room));
    a.send("0123456789\r\n0123456789abcdef\nnext\n");
    let who = a.local();
    for text in ["0123456789", "0123456789", "next"] {
        assert_eq!(said(&b.receive_line()), format!("{who}: {text}"));
    }
    assert_eq!(said(&a.receive_line()), "* your line was too long: the last 6 bytes were dropped");
    assert_eq!(room.event("warning").text("kind"), "data");
}

#[test]
fn newcomers_read_the_last_lines() {
    let room = room("--history 2");
    let (mut a, mut b) = (join(&room), join(&room));
    a.send("one\ntwo\nthree\n");
    for _ in 0..3 {
        b.receive_line();
    }
    let mut late = join(&room);
    assert!(late.receive_line().ends_with(": two\n"));
    assert!(late.receive_line().ends_with(": three\n"));
    let run = soquete("chat-join").arg(room.address().to_string()).run();
    assert_eq!(run.text().lines().count(), 2, "{run}");
}

#[test]
fn newcomers_read_no_more_lines_than_the_history_holds_whoever_came_and_went() {
    let room = room("--history 3 --announce");
    let mut a = join(&room);
    a.send("hello\n");
    for _ in 0..10 {
        let visitor = join(&room);
        let who = visitor.local().to_string();
        visitor.half_close();
        room.wait_for("a leave", |e| e.is("member") && e["what"] == "leave" && e["peer"] == *who);
    }
    a.send("bye\n");
    room.wait_for("a line", |e| e.is("line") && e["text"] == "bye");
    let run = soquete("chat-join").arg(room.address().to_string()).run();
    let lines: Vec<&str> = run.text().lines().map(|line| line.split_once("] ").unwrap().1).collect();
    assert_eq!(lines.len(), 3, "{run}");
    assert!(lines[0].ends_with(" joined") && lines[1].ends_with(" left"), "{run}");
    assert_eq!(lines[2], format!("{}: bye", a.local()));
}

#[test]
fn a_raw_room_is_a_broker() {
    let room = room("--raw");
    let (mut a, mut b) = (join(&room), join(&room));
    a.send("/who\r\n\0\x1b\nlast");
    a.half_close();
    assert_eq!(b.receive(14), b"/who\r\n\0\x1b\nlast\n");
    assert_eq!(room.terminate().stdout, b"/who\r\n\0\x1b\nlast\n");
}

#[test]
fn a_raw_room_that_is_full_turns_away_without_a_word() {
    let room = room("--raw --max-clients 1");
    let _a = join(&room);
    let mut late = Peer::connect(room.address());
    assert_eq!(late.receive_all(), b"", "FIN, and nothing before it");
    assert_eq!(room.event("refuse").text("reason"), "the room is full: 1 is connected");
}

#[test]
fn flags_that_exclude_each_other_are_refused() {
    let run = soquete("chat-serve --raw --announce 0").run();
    assert_eq!(run.code, 2, "{run}");
    for flags in ["--max-clients 0", "--max-line 0", "--slow-limit 100", "--slow wait"] {
        assert_eq!(soquete(&format!("chat-serve {flags} 0")).run().code, 2, "{flags}");
    }
    assert_eq!(soquete("chat-join --nick 10.0.0.1").run().code, 2);
}

#[test]
fn nodelay_is_told_where_it_was_asked_for() {
    for (flag, told) in [("", 0), ("--nodelay", 1), ("--nodelay=false", 1)] {
        let room = room(flag);
        room.address();
        let run = room.terminate();
        assert_eq!(run.named("option").filter(|e| e["name"] == "nodelay").count(), told, "{run}");
    }
}

#[test]
fn a_hundred_resets_take_only_their_own_along() {
    let room = room("");
    let (mut a, mut b) = (join(&room), join(&room));
    for n in 0..100 {
        let mut client = Peer::connect(room.address());
        if n % 10 == 0 {
            client.send("half a line");
        }
        client.reset();
    }
    room.wait_for_many("leaves", 100, |e| e.is("member") && e["what"] == "leave");
    a.send("still here\n");
    while !b.receive_line().ends_with(": still here\n") {}
}

#[test]
fn the_end_of_the_room_is_an_orderly_end_for_all() {
    let room = room("");
    let (mut a, mut b) = (join(&room), join(&room));
    a.send("last\n");
    assert!(b.receive_line().ends_with(": last\n"));
    let run = room.terminate();
    assert_eq!((a.receive_all(), b.receive_all()), (vec![], vec![]), "FIN, not RST");
    assert_eq!(run.named("summary").count(), 2, "{run}");
}

#[test]
fn the_lines_of_a_pipe_go_to_the_room() {
    for (flags, from) in [("", ": "), ("--raw", "")] {
        let mut room = soquete(&format!("chat-serve 127.0.0.1:0 {flags}")).stdin(Stdio::piped()).start();
        let mut a = join(&room);
        room.write("one\ntw");
        assert!(a.receive_line().ends_with(&format!("{from}one\n")));
        a.send("x\n");
        room.wait_stdout("x\n");
        room.write("o\nlast");
        assert!(a.receive_line().ends_with(&format!("{from}two\n")), "a line is not split");
        room.close_input();
        assert!(a.receive_line().ends_with(&format!("{from}last\n")), "the unfinished line is said");
        a.send("y\n");
        room.wait_stdout("y\n");
        let run = room.terminate();
        let said: Vec<_> = run.text().lines().map(|line| line.rsplit(' ').next().unwrap()).collect();
        assert_eq!(said, ["one", "x", "two", "last", "y"]);
    }
}

#[test]
fn a_program_that_writes_to_the_room_is_no_member() {
    let room = soquete("chat-serve 127.0.0.1:0 --announce --max-clients 1").stdin(Stdio::piped()).start();
    let mut a = join(&room);
    a.send("/who\n/nick operator\n");
    let lines: Vec<_> = (0..3).map(|_| a.receive_line()).collect();
    assert!(lines[0].ends_with("* 1 here\n"), "{lines:?}");
    assert!(lines[2].contains("taken"), "{lines:?}");
    let mut b = Peer::connect(room.address());
    assert!(b.receive_line().ends_with("the room is full: 1 is connected\n"));
    let run = room.terminate();
    assert!(!run.text().contains("operator"), "{run}");
}

#[test]
fn a_reader_of_the_transcript_that_goes_away_is_a_quiet_end() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let room = soquete("chat-serve 127.0.0.1:0").stdout(writer).start();
    let mut a = join(&room);
    a.send("one\n");
    reader.read_exact(&mut [0; 30]).unwrap();
    drop(reader);
    // A closed pipe is noticed only by writing to it.
    a.send("two\n");
    assert_eq!(a.receive_all(), b"");
    let run = room.finish();
    assert_eq!((run.code, run.named("error").count()), (0, 0), "{run}");
}

#[test]
fn a_transcript_nobody_reads_holds_nobody_up() {
    let (reader, writer) = std::io::pipe().unwrap();
    let room = soquete("chat-serve 127.0.0.1:0 --slow-limit 256k").stdout(writer).start();
    let (mut a, mut b) = (join(&room), join(&room));
    let line = format!("{}\n", "x".repeat(1000));
    for _ in 0..6000 {
        a.send(&line);
        b.receive_line();
    }
    room.wait_for("a warning", |e| e.is("warning") && e["kind"] == "data");
    drop(reader);
}

#[test]
fn the_transcript_is_whole_however_little_readers_may_be_behind() {
    const LINES: usize = 40_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("transcript");
    let file = std::fs::File::create(&path).unwrap();
    let room = soquete("chat-serve 127.0.0.1:0 --slow-limit 1k").stdout(file).start();
    let mut a = Peer::connect(room.address());
    a.send(format!("{}\n", "x".repeat(99)).repeat(LINES));
    a.half_close();
    a.receive_all();
    // On a busy machine this process reads events too slowly to get them all.
    room.signal(Signal::TERM);
    assert_eq!(room.wait_code(), 143);
    let text = std::fs::read_to_string(path).unwrap();
    assert_eq!(text.lines().filter(|line| line.ends_with("xxx")).count(), LINES);
    assert_eq!(text.lines().count(), LINES, "and nothing else");
}

#[test]
fn a_stalled_reader_is_cut_off_and_the_others_hear_all() {
    let room = room("--slow-limit 64k");
    let (mut a, mut b) = (join(&room), join(&room));
    let mut stalled = Peer::connect_narrow(room.address());
    room.wait_for_many("members", 3, |e| e.is("member") && e["what"] == "join");
    let line = format!("{}\n", "x".repeat(1000));
    let slow = |room: &Running| room.events().iter().any(|e| e.is("member") && e["what"] == "slow");
    let begun = Instant::now();
    while !slow(&room) {
        assert!(begun.elapsed() < DEADLINE, "nobody was cut off");
        for _ in 0..500 {
            a.send(&line);
            assert!(b.receive_line().ends_with("xxx\n"));
        }
    }
    let leave = room.wait_for("a leave", |e| e.is("member") && e["what"] == "leave");
    assert_eq!(leave.address("peer"), Some(stalled.local()), "{leave}");
    assert_eq!(leave.text("text"), "it reads too slowly");
    stalled.expect_reset();
    a.send("on\n");
    assert!(b.receive_line().ends_with(": on\n"));
}

#[test]
fn a_slow_reader_may_skip_instead_and_reads_whole_lines() {
    let room = room("--slow drop --slow-limit 64k");
    let (mut a, mut b) = (join(&room), join(&room));
    let slow = Peer::connect_narrow(room.address());
    room.wait_for_many("members", 3, |e| e.is("member") && e["what"] == "join");
    let begun = Instant::now();
    let mut sent = 0;
    while !room.events().iter().any(|e| e.is("member") && e["what"] == "slow") {
        assert!(begun.elapsed() < DEADLINE, "nobody skipped");
        for _ in 0..500 {
            a.send(format!("{sent} {}\n", "x".repeat(1000)));
            b.receive_line();
            sent += 1;
        }
    }
    a.send("end\n");
    a.half_close();
    let mut text = String::new();
    let mut reader = BufReader::new(slow.stream());
    let (mut last, mut missed, mut heard) = (None, 0, 0);
    loop {
        text.clear();
        reader.read_line(&mut text).expect("the connection stays");
        let line = said(&text);
        if let Some(rest) = line.strip_prefix("* you read too slowly: ") {
            missed = rest.split(' ').next().unwrap().parse().unwrap();
        } else if line.ends_with(": end") {
            break;
        } else {
            let n: usize = line.split(' ').nth(1).unwrap().parse().unwrap();
            assert!(last < Some(n), "{n} after {last:?}");
            (last, heard) = (Some(n), heard + 1);
        }
    }
    assert!(missed > 0);
    assert_eq!(heard + missed, sent, "what was left out was told");
}

#[test]
fn a_stalled_reader_that_skips_holds_the_others_once() {
    const LINES: usize = 40_000;
    let room = room("--slow drop --slow-limit 64k");
    let (mut a, b) = (join(&room), join(&room));
    let _stalled = Peer::connect_narrow(room.address());
    room.wait_for_many("members", 3, |e| e.is("member") && e["what"] == "join");
    let begun = Instant::now();
    let talk = std::thread::spawn(move || a.send(format!("{}\n", "x".repeat(99)).repeat(LINES)));
    let mut lines = BufReader::new(b.stream()).lines();
    for _ in 0..LINES {
        lines.next().unwrap().unwrap();
    }
    talk.join().unwrap();
    // Once is a tenth of a second; once in every 64 KiB would be eight seconds.
    assert!(begun.elapsed().as_secs() < 4, "{:?}", begun.elapsed());
}

#[test]
fn a_talker_faster_than_the_readers_loses_none_of_them() {
    const LINES: usize = 200_000;
    let room = room("--slow-limit 512k");
    let (a, b, c) = (join(&room), join(&room), join(&room));
    let mut talker = a.twin();
    let talk = std::thread::spawn(move || {
        let block = format!("{}\n", "x".repeat(99)).repeat(1000);
        for _ in 0..LINES / 1000 {
            talker.send(&block);
        }
        talker.half_close();
    });
    let readers = [b, c].map(|reader| {
        std::thread::spawn(move || {
            let mut buffer = vec![0; 1024];
            let mut lines = 0;
            while lines < LINES {
                let n = reader.stream().read(&mut buffer).expect("the reader is not cut off");
                assert!(n > 0, "the reader is not closed after {lines} lines");
                lines += memchr::memchr_iter(b'\n', &buffer[..n]).count();
            }
            lines
        })
    });
    talk.join().unwrap();
    assert_eq!(readers.map(|r| r.join().unwrap()), [LINES; 2]);
    drop(a);
}

#[test]
fn chat_join_in_a_pipe_passes_lines_both_ways_and_ends_as_connect_does() {
    let room = room("");
    let mut b = join(&room);
    let mut ana = soquete("chat-join --nick ana").arg(room.address().to_string()).start();
    ana.wait_stdout("you are now ana");
    ana.write("hello\nhalf");
    let line = b.receive_line();
    assert!(said(&line).starts_with("ana (127.0.0.1:") && line.ends_with("): hello\n"), "{line}");
    b.send(b"\x1b[31mraw\xff\n");
    ana.wait_stdout("␛[31mraw\\xff\n");
    let run = ana.close_and_finish();
    assert_eq!(run.code, 0, "{run}");
    assert!(b.receive_line().ends_with("): half\n"));
}

#[test]
fn chat_join_prints_what_comes_without_waiting_for_a_line_end() {
    let door = support::Door::open();
    let ana = soquete("chat-join").arg(door.address().to_string()).start();
    let mut server = door.accept();
    for part in [&b"a"[..], b"bc", b"d", b"\x1b[31mraw\xff\xcd\x8f"] {
        server.send(part);
        ana.wait_stdout(part);
    }
    server.half_close();
    assert_eq!(ana.close_and_finish().code, 0);
}

#[test]
fn the_usual_port_is_4333_and_a_host_alone_is_enough() {
    two_machines(|near, far| {
        let room = near.run(|| soquete("chat-serve --public").start());
        assert_eq!(room.port(), 4333);
        let words = format!("chat-join {}", near.v4);
        let run = far.run(|| soquete(&words).input("hello from far\n").run());
        assert_eq!(run.code, 0, "{run}");
        assert_eq!(run.event("summary").address("peer"), Some(near.at(4333)), "{run}");
        room.wait_stdout(": hello from far\n");
        room.terminate();
    });
}

#[test]
fn a_line_among_the_events_cannot_command_the_terminal() {
    let room = soquete("chat-serve -v 127.0.0.1:0").human().start();
    room.wait_stderr("listening on ");
    let told = String::from_utf8(room.stderr()).unwrap();
    let address = told.split("listening on ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    let mut a = Peer::connect(address.parse().unwrap());
    a.send("\u{1b}[2J\u{202e}gone\n");
    room.wait_stderr(": \u{241b}[2J\\u{202e}gone\n");
    let run = room.terminate();
    assert!(!run.stderr.contains('\u{1b}') && !run.stderr.contains('\u{202e}'), "{run}");
}

#[test]
fn netcat_and_telnet_take_part() {
    let (Some(nc), Some(telnet)) = (peer("nc"), peer("telnet")) else { return };
    let room = room("");
    let mut b = join(&room);
    let port = room.port().to_string();
    for program in [nc, telnet] {
        let mut child = std::process::Command::new(&program)
            .args(["127.0.0.1", &port])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let out = support::collect::Collected::start(child.stdout.take().unwrap());
        std::io::Write::write_all(&mut stdin, b"from a peer\n").unwrap();
        let line = b.receive_line();
        assert!(line.ends_with(": from a peer\n"), "{line:?}");
        b.send("to a peer\n");
        let heard = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains(": to a peer").then_some(());
        out.wait(Instant::now() + DEADLINE, heard).expect("the peer prints what was said");
        std::io::Write::write_all(&mut stdin, b"/quit\n").unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

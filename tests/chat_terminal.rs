//! The chat on real terminals: what a person sees, and in what state the terminal is left.

mod support;

use rustix::process::Signal;
use support::{Door, Peer, Running, Terminal, peer, soquete};
use vt100::Screen;

fn room(flags: &str) -> Running {
    soquete(&format!("chat-serve 127.0.0.1:0 {flags}")).start()
}

fn join(room: &Running, flags: &[&str]) -> Terminal {
    let address = room.address().to_string();
    let terminal = Terminal::start("chat-join", &[&[address.as_str()], flags].concat());
    terminal.wait("a prompt", |s| last_line(s) == ">");
    terminal
}

fn wait_members(room: &Running, count: usize) {
    room.wait_for_many("members", count, |e| e.is("member") && e["what"] == "join");
}

/// The last line of the screen that is not empty.
fn last_line(screen: &Screen) -> String {
    screen.contents().trim_end().lines().last().unwrap_or_default().trim_end().to_owned()
}

/// The row of the screen that holds `part`, and the column where it begins.
fn find(screen: &Screen, part: &str) -> Option<(u16, u16)> {
    let columns = screen.size().1;
    (0..).zip(screen.rows(0, columns.get())).find_map(|(row, text)| {
        let start = text.find(part)?;
        Some((row, u16::try_from(text[..start].chars().count()).ok()?))
    })
}

#[test]
fn incoming_lines_leave_a_half_typed_line_alone() {
    let room = room("");
    let ana = join(&room, &["-q"]);
    let mut eva = Peer::connect(room.address());
    wait_members(&room, 2);
    ana.keys("half a li");
    ana.wait_text("> half a li");
    for line in ["first", "second", "third"] {
        eva.send(format!("{line}\n"));
    }
    let done = |s: &Screen| s.contents().contains("third") && last_line(s) == "> half a li";
    let text = ana.wait("three lines above the prompt", done);
    let eva_is = eva.local().to_string();
    assert_eq!(text.lines().filter(|l| l.contains(&eva_is)).count(), 3, "{text}");
    assert_eq!(text.matches("half a li").count(), 1, "{text}");
    ana.keys("ne\r");
    assert!(eva.receive_line().ends_with(": half a line\n"));
    ana.keys("\u{4}");
    assert_eq!(ana.finish(), 0);
}

#[test]
fn lines_typed_and_lines_heard_do_not_mix() {
    const LINES: usize = 200;
    let room = room("");
    let ana = join(&room, &["-q"]);
    let mut eva = Peer::connect(room.address());
    wait_members(&room, 2);
    let mut talker = eva.twin();
    let talk = std::thread::spawn(move || {
        for n in 0..LINES {
            talker.send(format!("heard {n}\n"));
            std::thread::yield_now();
        }
    });
    for n in 0..20 {
        ana.keys(format!("typed {n}\r"));
        assert!(eva.receive_line().ends_with(&format!(": typed {n}\n")));
    }
    talk.join().unwrap();
    ana.keys("end");
    let done = |s: &Screen| s.contents().contains("heard 199") && last_line(s) == "> end";
    let text = ana.wait("everything", done);
    for line in text.lines().filter(|l| !l.is_empty()) {
        let said = line.strip_prefix('[').and_then(|line| line.get("23:24:25] ".len()..)).unwrap_or(line);
        assert!(said.starts_with("> ") || said.contains(": heard "), "{text}");
    }
}

#[test]
fn events_do_not_break_the_prompt_either() {
    let room = room("");
    let ana = join(&room, &["-v"]);
    ana.keys("typing");
    ana.wait("states above the prompt", |s| {
        s.contents().contains("ESTABLISHED") && last_line(s) == "> typing"
    });
    ana.keys("\u{15}\u{4}");
    let shown =
        ana.wait("the last state", |s| s.contents().contains("TIME-WAIT") || s.contents().contains("CLOSED"));
    assert!(!shown.contains("> #"), "{shown}");
    assert_eq!(ana.finish(), 0);
}

#[test]
fn each_sender_has_a_colour_of_its_own() {
    let room = room("");
    let ana = join(&room, &["-q"]);
    let (mut eva, mut bob) = (Peer::connect(room.address()), Peer::connect(room.address()));
    wait_members(&room, 3);
    eva.send("one\n");
    ana.wait_text(": one");
    bob.send("two\n");
    ana.wait_text(": two");
    eva.send("/nick eva\nthree\n");
    ana.wait_text(": three");
    let screen = ana.screen();
    let colour = |part: &str| {
        let (row, column) = find(&screen, part).unwrap_or_else(|| panic!("{part} is not shown"));
        screen.cell(row, column).unwrap().fgcolor()
    };
    let (eva, bob) = (eva.local().to_string(), bob.local().to_string());
    assert_ne!(colour(&eva), vt100::Color::Default);
    assert_ne!(colour(&eva), colour(&bob));
    assert_eq!(colour(&format!("eva ({eva})")), colour(&eva), "a nick changes no colour");
    assert_eq!(colour(": three"), vt100::Color::Default);
}

#[test]
fn colours_can_be_switched_off() {
    let room = room("");
    let ana = join(&room, &["-q", "--color", "never"]);
    let mut eva = Peer::connect(room.address());
    wait_members(&room, 2);
    eva.send("one\n");
    ana.wait_text(": one");
    let screen = ana.screen();
    let (row, column) = find(&screen, &eva.local().to_string()).unwrap();
    assert_eq!(screen.cell(row, column).unwrap().fgcolor(), vt100::Color::Default);
}

#[test]
fn hostile_text_is_made_visible() {
    let room = room("");
    let ana = join(&room, &["-q"]);
    let mut eva = Peer::connect(room.address());
    wait_members(&room, 2);
    eva.send("\u{1b}[2J\u{1b}]0;title\u{7}\rspoof \u{202e}txt\u{9b}31m\n");
    eva.send(b"bytes \xff\x00\n");
    let text = ana.wait_text("bytes \\xff");
    assert!(text.contains("␛[2J␛]0;title␇␍spoof \\u{202e}txt\\u{9b}31m"), "{text}");
    assert!(text.contains("bytes \\xff␀"), "{text}");
}

/// The text of a line of the screen after `[23:24:25] `; `None` for lines without a time.
fn after_time(line: &str) -> Option<&str> {
    let (time, said) = line.strip_prefix('[')?.split_once("] ")?;
    (time.len() == 8 && time.bytes().all(|b| b.is_ascii_digit() || b == b':')).then_some(said)
}

#[test]
fn every_line_has_its_time_and_none_has_todays_date() {
    let room = room("");
    let ana = join(&room, &["-q"]);
    let mut eva = Peer::connect(room.address());
    wait_members(&room, 2);
    eva.send("hi\n");
    ana.wait_text(": hi");
    // A line that just fills its row, and one of several rows.
    for typed in ["hello".to_owned(), "a".repeat(78), "漢字".repeat(50)] {
        ana.keys(format!("{typed}\r"));
        assert!(eva.receive_line().ends_with(&format!(": {typed}\n")));
    }
    ana.keys("end");
    let text = ana.wait("the last line", |s| last_line(s) == "> end");
    let said: Vec<_> = text.lines().filter_map(after_time).collect();
    assert_eq!(said.len(), 4, "{text}");
    assert_eq!(said[..2], [&format!("{}: hi", eva.local()), "> hello"], "{text}");
    assert!(said[2].starts_with("> aaa") && said[3].starts_with("> 漢字漢"), "{text}");
    assert_eq!(text.matches("> ").count(), 4, "no line is left as it was typed:\n{text}");
}

#[test]
fn ctrl_c_clears_a_half_typed_line_first_and_ends_after() {
    let room = room("");
    let ana = join(&room, &["-q"]);
    let mut eva = Peer::connect(room.address());
    wait_members(&room, 2);
    ana.keys("half a line that must not be said ".repeat(3));
    ana.wait("three rows", |s| last_line(s).ends_with("said"));
    ana.keys("\u{3}");
    let text = ana.wait("an empty line", |s| last_line(s) == ">");
    assert!(!text.contains("half"), "{text}");
    ana.keys("more\r");
    assert!(eva.receive_line().ends_with(": more\n"));
    ana.keys("\u{3}");
    assert_eq!(ana.finish(), 130);
}

#[test]
fn an_empty_line_is_not_said() {
    let room = room("");
    let ana = join(&room, &["-q"]);
    let mut eva = Peer::connect(room.address());
    wait_members(&room, 2);
    ana.keys("\r\r\rhello\r");
    assert!(eva.receive_line().ends_with(": hello\n"));
    ana.keys("end");
    let text = ana.wait("the last line", |s| last_line(s) == "> end");
    assert_eq!(text.lines().filter(|line| !line.is_empty()).count(), 2, "{text}");
}

#[test]
fn tab_completes_commands_and_nicks() {
    let room = room("--announce");
    let ana = join(&room, &["-q"]);
    let mut eva = Peer::connect(room.address());
    eva.send("/nick evaristo\n");
    ana.wait_text("evaristo (");
    ana.keys("/w\t");
    ana.wait("a command", |s| last_line(s) == "> /who");
    ana.keys("\u{15}ev\t");
    ana.wait("a nick", |s| last_line(s) == "> evaristo:");
    ana.keys("hi to EV\t");
    ana.wait("a nick", |s| last_line(s) == "> evaristo: hi to evaristo");
    // What comes after Tab is shown at once: nothing waits for a key.
    eva.send("heard\n");
    ana.wait("a line above the prompt", |s| {
        s.contents().contains(": heard\n") && last_line(s).ends_with("evaristo")
    });
    ana.keys("\r");
    while !eva.receive_line().ends_with(": evaristo: hi to evaristo \n") {}
}

#[test]
fn the_commands_are_named_once() {
    let room = room("");
    let ana = join(&room, &[]);
    let mut eva = Peer::connect(room.address());
    wait_members(&room, 2);
    ana.keys("hello\r");
    assert!(eva.receive_line().ends_with(": hello\n"));
    eva.send("hi\n");
    assert_eq!(ana.wait_text(": hi").matches("/help").count(), 1);
    let quiet = join(&room, &["-q"]);
    eva.send("again\n");
    assert_eq!(quiet.wait_text(": again").matches("/help").count(), 0);
}

#[test]
fn lines_come_back_from_the_history() {
    let room = room("");
    let ana = join(&room, &["-q"]);
    let mut eva = Peer::connect(room.address());
    wait_members(&room, 2);
    ana.keys("hello\r");
    assert!(eva.receive_line().ends_with(": hello\n"));
    ana.keys("\u{1b}[A");
    ana.wait("the line again", |s| last_line(s) == "> hello");
    ana.keys(" again\r");
    assert!(eva.receive_line().ends_with(": hello again\n"));
}

#[test]
fn lines_typed_faster_than_they_are_read_are_all_said() {
    let room = room("");
    let ana = join(&room, &["-q"]);
    let mut eva = Peer::connect(room.address());
    wait_members(&room, 2);
    ana.keys("one\rtwo\rthree\r\u{4}");
    for text in ["one", "two", "three"] {
        assert!(eva.receive_line().ends_with(&format!(": {text}\n")));
    }
    assert_eq!(ana.finish(), 0, "Ctrl-D right after a line ends the input");
}

#[test]
fn keys_that_are_no_text_end_nothing() {
    let room = room("");
    let ana = join(&room, &["-q"]);
    let mut eva = Peer::connect(room.address());
    wait_members(&room, 2);
    ana.keys("half");
    ana.wait_text("> half");
    ana.keys(b"\xff");
    ana.wait("the line again", |s| s.contents().contains("not UTF-8") && last_line(s) == "> half");
    ana.keys(" a line\r");
    assert!(eva.receive_line().ends_with(": half a line\n"));
    ana.keys("\u{4}");
    assert_eq!(ana.finish(), 0);
}

#[test]
fn a_prompt_without_a_line_end_is_shown() {
    let door = Door::open();
    let ana = Terminal::start("chat-join -q", &[&door.address().to_string()]);
    let mut server = door.accept();
    server.send("your name? ");
    ana.wait_text("your name?");
    ana.keys("ana\r");
    assert_eq!(server.receive_line(), "ana\n");
}

#[test]
fn a_line_that_never_ends_is_shown_in_pieces_and_takes_no_memory() {
    let door = Door::open();
    let ana = Terminal::start("chat-join -q", &[&door.address().to_string()]);
    let mut server = door.accept();
    ana.wait("a prompt", |s| last_line(s) == ">");
    let before = ana.peak_memory();
    let block = "x".repeat(1 << 20);
    for _ in 0..24 {
        server.send(&block);
    }
    server.send("the end");
    ana.wait_last("the end");
    let grown = ana.peak_memory() - before;
    assert!(grown < 12 << 10, "{grown} KiB for a line of 24 MiB");
}

/// Ends a session with `end` and looks at what is left.
fn leaves_the_terminal_as_it_was(end: impl FnOnce(&Terminal, Running) -> Option<Running>, code: i32) {
    let room = room("");
    let ana = join(&room, &["-q"]);
    wait_members(&room, 1);
    assert!(!ana.is_cooked(), "the editor reads keys");
    ana.keys("half");
    ana.wait_text("> half");
    let _room = end(&ana, room);
    ana.wait_end();
    assert!(ana.is_cooked(), "the terminal edits lines again");
    let paste_marks = ana.bytes().windows(8).rfind(|w| w.starts_with(b"\x1b[?2004")).map(|w| w[7]);
    let shown = String::from_utf8_lossy(&ana.bytes()).into_owned();
    assert_eq!(paste_marks, Some(b'l'), "pasting is as it was: {shown:?}");
    assert_eq!(ana.screen().cursor_position().1, 0, "a shell's prompt begins on a line of its own");
    assert_eq!(ana.finish(), code, "{shown:?}");
}

#[test]
fn the_end_of_input_leaves_the_terminal_as_it_was() {
    let end = |ana: &Terminal, room| {
        ana.keys("\u{15}\u{4}");
        Some(room)
    };
    leaves_the_terminal_as_it_was(end, 0);
}

#[test]
fn ctrl_c_leaves_the_terminal_as_it_was() {
    let end = |ana: &Terminal, room| {
        ana.keys("\u{3}");
        ana.wait("an empty line", |s| last_line(s) == ">");
        ana.keys("\u{3}");
        Some(room)
    };
    leaves_the_terminal_as_it_was(end, 130);
}

#[test]
fn a_signal_leaves_the_terminal_as_it_was() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129)] {
        let end = |ana: &Terminal, room| {
            ana.signal(signal);
            Some(room)
        };
        leaves_the_terminal_as_it_was(end, code);
    }
}

/// Whether whoever started the tests had this signal ignored, as a shell does for what it runs in the background; a
/// program that is started so leaves it ignored, and goes on.
fn is_ignored(signal: Signal) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").expect("it is there");
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).expect("a mask");
    let mask = u64::from_str_radix(mask.trim(), 16).expect("hexadecimal");
    mask >> (signal.as_raw() - 1) & 1 == 1
}

#[test]
fn a_signal_that_ends_it_at_once_leaves_the_terminal_as_it_was() {
    let all = [Signal::QUIT, Signal::ABORT, Signal::ALARM, Signal::USR1, Signal::USR2];
    for signal in all.into_iter().filter(|signal| !is_ignored(*signal)) {
        let end = |ana: &Terminal, room| {
            ana.signal(signal);
            Some(room)
        };
        leaves_the_terminal_as_it_was(end, -signal.as_raw());
    }
}

#[test]
fn the_operators_terminal_is_left_as_it_was_too() {
    let desk = Terminal::start("chat-serve 127.0.0.1:0", &[]);
    desk.wait("a prompt", |s| last_line(s) == ">");
    assert!(!desk.is_cooked());
    desk.signal(Signal::HUP);
    desk.wait_end();
    assert!(desk.is_cooked());
    assert_eq!(desk.finish(), 129);
}

#[test]
fn the_end_of_the_room_leaves_the_terminal_as_it_was() {
    let end = |_: &Terminal, room: Running| {
        room.terminate();
        None
    };
    leaves_the_terminal_as_it_was(end, 0);
}

#[test]
fn a_reset_leaves_the_terminal_as_it_was() {
    let door = Door::open();
    let ana = Terminal::start("chat-join -q", &[&door.address().to_string()]);
    ana.wait("a prompt", |s| last_line(s) == ">");
    door.accept().reset();
    ana.wait_end();
    assert!(ana.is_cooked());
    assert_eq!(ana.finish(), 1, "a reset is never a success");
}

#[test]
fn a_connection_that_breaks_is_told_even_when_quiet() {
    let door = Door::open();
    let ana = Terminal::start("chat-join -q", &[&door.address().to_string()]);
    ana.wait("a prompt", |s| last_line(s) == ">");
    door.accept().reset();
    ana.wait_text("Connection reset by peer");
    ana.wait_end();
    assert_eq!(ana.screen().cursor_position().1, 0);
    assert_eq!(ana.finish(), 1);
}

#[test]
fn a_room_that_closes_is_told_even_when_quiet() {
    let door = Door::open();
    let ana = Terminal::start("chat-join -q", &[&door.address().to_string()]);
    ana.wait("a prompt", |s| last_line(s) == ">");
    drop(door.accept());
    ana.wait_text("* the server closed the connection");
    ana.wait_end();
    assert_eq!(ana.screen().cursor_position().1, 0);
    assert_eq!(ana.finish(), 0);
}

#[test]
fn who_ends_the_input_is_not_told_that_the_room_closes() {
    let room = room("");
    let ana = join(&room, &["-q"]);
    ana.keys("\u{4}");
    ana.wait_end();
    let text = ana.screen().contents();
    assert!(!text.contains("closed"), "{text}");
}

/// Ctrl-C leaves the cursor at the begin of a line, whatever is printed after it.
fn ctrl_c_ends_the_line(line: &str, kind: &str, ready: &str) {
    let door = Door::open();
    let address =
        if line.starts_with("listen") { "127.0.0.1:0".to_owned() } else { door.address().to_string() };
    let terminal = Terminal::start_in(line, &[&address], kind);
    let _server = (!line.starts_with("listen")).then(|| door.accept());
    terminal.keys(format!("{ready}\n"));
    terminal.wait_text(ready);
    if !line.contains("-q") {
        terminal.wait("a state", |s| s.contents().contains("LISTEN") || s.contents().contains("ESTABLISHED"));
    }
    terminal.keys("\u{3}");
    terminal.wait_end();
    let screen = terminal.screen();
    assert_eq!(screen.cursor_position().1, 0, "{line}: {}", screen.contents());
    let after = screen.contents();
    let after = after.split("^C").nth(1).expect("it is echoed");
    assert!(after.is_empty() || after.starts_with('\n'), "{line}: {after}");
}

#[test]
fn ctrl_c_ends_the_line_in_which_it_is_echoed() {
    for line in ["chat-join -q", "connect -q", "connect", "listen"] {
        ctrl_c_ends_the_line(line, "dumb", "typed");
    }
}

#[test]
fn a_dumb_terminal_is_served_as_a_pipe_is() {
    let room = room("");
    let ana = Terminal::start_in("chat-join -q", &[&room.address().to_string()], "dumb");
    let mut eva = Peer::connect(room.address());
    wait_members(&room, 2);
    eva.send("hi\u{1b}[2J\n");
    ana.wait_text(": hi␛[2J");
    ana.keys("hello\n");
    assert!(eva.receive_line().ends_with(": hello\n"));
    ana.keys("\u{4}");
    assert_eq!(ana.finish(), 0);
}

#[test]
fn the_operator_reads_and_talks_at_the_servers_terminal() {
    let desk = Terminal::start("chat-serve 127.0.0.1:0 --announce", &[]);
    let text = desk.wait("an address", |s| s.contents().contains("listening on 127.0.0.1:"));
    let address = text.split("listening on ").nth(1).unwrap().split(' ').next().unwrap();
    let mut eva = Peer::connect(address.parse().unwrap());
    desk.wait_text(" joined");
    desk.keys("wel");
    eva.send("hi\n");
    desk.wait("a line above the prompt", |s| s.contents().contains(": hi") && last_line(s) == "> wel");
    desk.keys("come\r");
    let said = eva.receive_line();
    assert!(said.ends_with(&format!("operator ({address}): welcome\n")), "{said}");
    desk.keys("/who\r");
    let text = desk.wait_text("* 2 here");
    assert_eq!(text.matches(": welcome").count(), 0, "the operator's own line is not repeated:\n{text}");
    desk.keys("/quit\r");
    desk.wait_text("* /quit is a command for clients");
    desk.keys("\u{4}");
    assert!(eva.receive_line().ends_with(") left\n"));
    eva.send("still here\n");
    let text = desk.wait_text(": still here");
    assert_eq!(text.matches(" joined").count(), 1, "a join is announced once:\n{text}");
    desk.keys("\u{3}");
    assert_eq!(desk.finish(), 130, "Ctrl-C is a signal again");
}

#[test]
fn an_operator_whose_output_is_a_file_has_the_whole_transcript_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let (ready, log) = (folder.path().join("ready"), folder.path().join("log"));
    let script = format!(
        "exec {} chat-serve -q 127.0.0.1:0 --ready-file {} > {}",
        env!("CARGO_BIN_EXE_soquete"),
        ready.display(),
        log.display()
    );
    let desk = Terminal::start_program("sh", &["-c", &script]);
    let address = wait_file(&ready, "\n").trim().parse().unwrap();
    let mut eva = Peer::connect(address);
    eva.send("hi\n");
    wait_file(&log, ": hi\n");
    desk.keys("welcome\n");
    assert!(eva.receive_line().ends_with("): welcome\n"));
    desk.keys("\u{3}");
    assert_eq!(desk.finish(), 130);
    wait_file(&log, ": welcome\n");
}

/// Waits until a file holds `part`; gives its text.
fn wait_file(path: &std::path::Path, part: &str) -> String {
    let begun = std::time::Instant::now();
    loop {
        match std::fs::read_to_string(path) {
            Ok(text) if text.contains(part) => return text,
            last => assert!(begun.elapsed() < support::DEADLINE, "waited for {part:?}: {last:?}"),
        }
        std::thread::yield_now();
    }
}

/// A room that is held by the test, and somebody in it who has said `kill me` and then pressed `keys`.
fn in_the_middle_of(keys: &str) -> (Terminal, Peer) {
    let door = Door::open();
    let ana = Terminal::start("chat-join -q", &[&door.address().to_string()]);
    let mut server = door.accept();
    ana.wait("a prompt", |s| last_line(s) == ">");
    ana.keys("kill me\r");
    assert_eq!(server.receive_line(), "kill me\n");
    ana.wait("a prompt", |s| last_line(s) == ">");
    ana.keys(keys);
    if keys.starts_with('\u{12}') {
        ana.wait_text("(reverse-i-search)`ki'");
    }
    (ana, server)
}

/// Keys after which the editor waits for another.
const UNFINISHED_KEYS: [&str; 6] = ["\u{12}ki", "\u{16}", "\u{1b}", "\u{1b}[", "\u{1b}2", "\u{18}"];

#[test]
fn lines_that_come_in_the_middle_of_keys_are_shown_soon() {
    let hear = |keys: &str| {
        let (ana, mut server) = in_the_middle_of(keys);
        server.send("heard one\nheard two\n");
        let text = ana.wait(&format!("lines after {keys:?}"), |s| {
            s.contents().contains("heard two\n") && last_line(s).starts_with('>')
        });
        assert_eq!(text.matches("heard").count(), 2, "each once, after {keys:?}:\n{text}");
        ana.keys("\u{7}\u{5}\u{15}more\r");
        assert!(server.receive_line().ends_with("more\n"), "keys are taken again");
        server.send("heard three\n");
        ana.wait_text("heard three");
        drop(server);
        assert_eq!(ana.finish(), 0);
    };
    at_once(hear);
}

/// Runs `test` for all unfinished keys at the same time.
fn at_once(test: impl Fn(&str) + Sync) {
    std::thread::scope(|scope| {
        for keys in UNFINISHED_KEYS {
            let test = &test;
            scope.spawn(move || test(keys));
        }
    });
}

/// Ends a session by `end` in the middle of keys, with lines that were not shown yet.
fn shows_the_last_words(keys: &str, end: impl FnOnce(&Terminal, Peer), code: i32) {
    let (ana, mut server) = in_the_middle_of(keys);
    server.send("last words 1\nlast words 2\n");
    wait_received(&server);
    end(&ana, server);
    ana.wait_end();
    let text = ana.screen().contents();
    assert!(text.contains("last words 1\nlast words 2"), "after {keys:?}:\n{text}");
    assert!(ana.is_cooked());
    assert_eq!(ana.finish(), code, "after {keys:?}:\n{text}");
}

#[test]
fn the_last_lines_are_shown_when_the_server_ends_in_the_middle_of_keys() {
    at_once(|keys| shows_the_last_words(keys, |_, server| drop(server), 0));
}

#[test]
fn the_last_lines_are_shown_when_a_signal_or_ctrl_c_comes_in_the_middle_of_keys() {
    for keys in ["\u{12}ki", "\u{1b}2", "\u{18}"] {
        let terminate = |ana: &Terminal, _server: Peer| {
            ana.signal(Signal::TERM);
            ana.wait_end();
        };
        shows_the_last_words(keys, terminate, 143);
    }
    let interrupt = |ana: &Terminal, _server: Peer| {
        // The first one clears what the search has found.
        ana.keys("\u{3}");
        ana.wait("an empty line", |s| last_line(s) == ">");
        ana.keys("\u{3}");
        ana.wait_end();
    };
    shows_the_last_words("\u{12}ki", interrupt, 130);
}

/// Waits until the program has read all it was sent, as the kernel's table of sockets tells.
fn wait_received(server: &Peer) {
    let end = format!(":{:04X} ", server.peer().port());
    let begun = std::time::Instant::now();
    let is_read = || {
        let table = std::fs::read_to_string("/proc/net/tcp").expect("a table");
        let of_program =
            |line: &&str| line.split_once(": ").is_some_and(|(_, rest)| rest[8..].starts_with(&end));
        table.lines().find(of_program).is_some_and(|line| line.contains(" 00000000:00000000 "))
    };
    while !is_read() {
        assert!(begun.elapsed() < support::DEADLINE, "the program reads");
        std::thread::yield_now();
    }
}

#[test]
fn the_operator_reads_the_last_lines_too() {
    let desk = Terminal::start("chat-serve 127.0.0.1:0", &[]);
    let text = desk.wait("an address", |s| s.contents().contains("listening on 127.0.0.1:"));
    let address = text.split("listening on ").nth(1).unwrap().split(' ').next().unwrap();
    let (mut eva, mut bob) =
        (Peer::connect(address.parse().unwrap()), Peer::connect(address.parse().unwrap()));
    bob.send("here\n");
    desk.wait_text(": here");
    desk.keys("welcome\r");
    while !bob.receive_line().contains("welcome") {}
    desk.keys("\u{12}wel");
    desk.wait_text("(reverse-i-search)`wel'");
    eva.send("said while searching\n");
    while !bob.receive_line().contains("searching") {}
    desk.signal(Signal::TERM);
    desk.wait_end();
    assert!(desk.screen().contents().contains("said while searching"), "{}", desk.screen().contents());
    assert_eq!(desk.finish(), 143);
}

#[test]
fn a_flood_in_the_middle_of_a_search_makes_nobody_too_slow() {
    let room = room("--slow-limit 1M");
    let ana = join(&room, &["-q"]);
    let mut eva = Peer::connect(room.address());
    wait_members(&room, 2);
    ana.keys("kill me\r");
    assert!(eva.receive_line().ends_with(": kill me\n"));
    ana.keys("\u{12}ki");
    ana.wait_text("(reverse-i-search)`ki'");
    let line = format!("{}\n", "f".repeat(300));
    for _ in 0..50 {
        eva.send(line.repeat(100));
    }
    eva.send("the end\n");
    ana.wait_last(": the end");
    ana.keys("\u{5}\u{15}\u{4}");
    ana.wait_end();
    assert_eq!(ana.finish(), 0);
}

#[test]
fn after_a_stop_the_prompt_is_back_with_what_was_typed() {
    if peer("bash").is_none() {
        return;
    }
    let door = Door::open();
    let shell = Terminal::start_program("bash", &["--norc", "--noprofile", "-i"]);
    shell.keys("PS1='shell: '\n");
    shell.wait("a shell", |s| last_line(s) == "shell:");
    shell.keys(format!("{} chat-join -q {}\n", env!("CARGO_BIN_EXE_soquete"), door.address()));
    let mut server = door.accept();
    shell.wait("a prompt", |s| last_line(s) == ">");
    shell.keys("half");
    for n in 0..15 {
        shell.wait("the typed text", |s| last_line(s) == "> half" && s.cursor_position().1 == 6);
        shell.keys("\u{1a}");
        shell.wait("the shell again", |s| last_line(s) == "shell:");
        shell.keys(format!("echo stopped-$(({n}+100))\n"));
        shell.wait_text(&format!("\nstopped-{}", n + 100));
        shell.keys("clear; fg\n");
        shell.wait("the typed text", |s| last_line(s) == "> half");
        wait_raw(&shell);
    }
    server.send("heard\n");
    shell.wait("a line above the prompt", |s| s.contents().contains("heard") && last_line(s) == "> half");
    shell.keys(" a line\r");
    assert_eq!(server.receive_line(), "half a line\n");
}

/// Waits until the terminal passes keys on.
fn wait_raw(terminal: &Terminal) {
    let begun = std::time::Instant::now();
    while terminal.is_cooked() {
        assert!(begun.elapsed() < support::DEADLINE, "the terminal edits lines");
        std::thread::yield_now();
    }
}

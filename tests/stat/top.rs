//! `stat --top`: the live view on terminals of several sizes, what it shows of traffic, and how it leaves the terminal.

use super::{Terminal, stat};
use crate::support::{Door, Peer};
use rustix::process::Signal;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU8, Ordering};
use vt100::Screen;

/// A listener at an address of this test alone: at that of others there may be sockets in TIME-WAIT.
fn door() -> Door {
    static TESTS: AtomicU8 = AtomicU8::new(0);
    // As long as 127.0.0.1, for the width of the columns.
    let last = 2 + TESTS.fetch_add(1, Ordering::Relaxed) % 8;
    Door::open_at((Ipv4Addr::new(127, 0, 0, last), 0).into())
}

/// The live view of one listener and its clients, a frame every 100 ms.
fn top(door: &Door, flags: &str, rows: u16, columns: u16) -> Terminal {
    Terminal::start_sized(&format!("stat --top=100ms {flags} {}", door.address()), (rows, columns))
}

fn line_of<'a>(screen: &'a str, part: &str) -> Option<&'a str> {
    screen.lines().find(|line| line.contains(part))
}

/// The line of the connection whose own end is that of `peer`.
fn own_line(screen: &Screen, peer: &Peer) -> Option<String> {
    let own = format!("{} ", peer.local());
    screen.contents().lines().find(|line| line.contains(&format!("ESTABLISHED  {own}"))).map(str::to_owned)
}

#[test]
fn sockets_have_a_line_each_on_terminals_of_any_size() {
    let door = door();
    let client = Peer::connect(door.address());
    let _server = door.accept();
    for (rows, columns) in [(24, 80), (50, 200), (24, 120)] {
        let terminal = top(&door, "--state LISTEN,ESTABLISHED", rows, columns);
        let screen = terminal.wait("both ends", |s| {
            s.alternate_screen() && s.hide_cursor() && s.contents().contains("3 sockets")
        });
        let lines: Vec<&str> = screen.lines().collect();
        assert_eq!(lines[0], "3 sockets  1 LISTEN  2 ESTABLISHED", "{screen}");
        assert_eq!(lines[1], "in 0/s  out 0/s  every 100ms  q quits", "{screen}");
        let titles: Vec<&str> = lines[2].split_whitespace().collect();
        assert_eq!(titles[..6], ["PROTO", "STATE", "LOCAL", "PEER", "IN/s", "OUT/s"], "{screen}");
        assert_eq!(lines.len(), 6, "{screen}");
        let listener = line_of(&screen, "tcp  LISTEN").expect("its line");
        assert!(listener.contains(&door.address().to_string()), "{screen}");
        let own = line_of(&screen, &format!("ESTABLISHED  {} ", client.local())).expect("its line");
        assert!(own.contains('▁') || own.contains('█'), "a round-trip line: {screen}");
        assert!(own.ends_with('s'), "a round-trip time: {screen}");
        terminal.keys("q");
        assert_eq!(terminal.finish(), 0);
    }
}

#[test]
fn what_moves_has_rates_and_goes_first() {
    let door = door();
    let idle = Peer::connect(door.address());
    let _idle_server = door.accept();
    let busy = Peer::connect(door.address());
    let mut server = door.accept();
    let terminal = top(&door, "-t --state ESTABLISHED", 24, 80);
    terminal.wait("all of them", |s| s.contents().contains("4 sockets"));
    std::thread::spawn(move || while server.try_send([b'x'; 4096]).is_ok() {});
    let reader = busy.twin();
    std::thread::spawn(move || std::io::copy(&mut reader.stream(), &mut std::io::sink()));
    let moved = |s: &Screen| {
        let lines: Vec<String> = s.contents().lines().map(str::to_owned).collect();
        let rated =
            |line: &str| line.split_whitespace().any(|word| word.ends_with(['M', 'G']) && word.len() < 5);
        lines.len() > 6 && rated(&lines[3]) && rated(&lines[4]) && !rated(&lines[5]) && !rated(&lines[6])
    };
    let screen = terminal.wait("both ends of what moves, first", moved);
    let lines: Vec<&str> = screen.lines().collect();
    assert!(lines[3..5].iter().any(|line| line.contains(&busy.local().to_string())), "{screen}");
    assert!(!lines[3..5].iter().any(|line| line.contains(&format!(" {} ", idle.local()))), "{screen}");
    assert!(!lines[1].starts_with("in 0/s"), "{screen}");
    busy.half_close();
    terminal.keys("q");
    assert_eq!(terminal.finish(), 0);
}

#[test]
fn queues_are_bars() {
    let door = door();
    let client = Peer::connect(door.address());
    let mut server = door.accept();
    let terminal = top(&door, "-t --state LISTEN,ESTABLISHED", 50, 200);
    let before = terminal.wait("the client", |s| own_line(s, &client).is_some());
    server.stream().set_nonblocking(true).expect("a socket of the test");
    while server.try_send([b'x'; 8192]).is_ok() {}
    let is_full = |s: &Screen| own_line(s, &client).is_some_and(|line| line.contains("██"));
    terminal.wait("a full queue", is_full);
    assert!(!before.lines().any(|line| line.contains("██ ")), "{before}");
    let _waiting: Vec<Peer> = (0..60).map(|_| Peer::connect(door.address())).collect();
    let listener =
        |s: &Screen| s.contents().lines().any(|line| line.contains("tcp  LISTEN") && line.contains("██"));
    terminal.wait("a half-full accept queue", listener);
    terminal.keys("q");
    assert_eq!(terminal.finish(), 0);
}

#[test]
fn sockets_that_come_and_go_are_marked() {
    let door = door();
    let terminal = top(&door, "", 24, 80);
    terminal.wait("the listener", |s| s.contents().contains("1 LISTEN"));
    let client = Peer::connect(door.address());
    let server = door.accept();
    let local = client.local().to_string();
    // Marks last for one frame: they are looked for in all that was drawn.
    terminal.wait_more("a new one", 0, "+\u{1b}[0mtcp  \u{1b}[32mESTABLISHED");
    client.half_close();
    terminal.wait_more("another state", 0, "~\u{1b}[0mtcp  \u{1b}[33mFIN-WAIT-2");
    server.reset();
    terminal.wait_more("one that is gone", 0, "\u{1b}[2m-tcp  FIN-WAIT-2");
    terminal
        .wait("the listener alone", |s| s.contents().contains("1 socket ") && !s.contents().contains(&local));
    terminal.keys("Q");
    assert_eq!(terminal.finish(), 0);
}

#[test]
fn filters_and_processes_apply() {
    let door = door();
    let _client = Peer::connect(door.address());
    let terminal = top(&door, "-t -p --state LISTEN", 24, 120);
    let screen = terminal.wait("the listener", |s| s.contents().contains("1 socket "));
    assert!(screen.contains("PROCESSES") && !screen.contains("ESTABLISHED"), "{screen}");
    let listener = screen.lines().nth(3).expect("its line");
    assert!(listener.contains(&format!("({})", std::process::id())), "{screen}");
    terminal.keys("q");
    assert_eq!(terminal.finish(), 0);
}

#[test]
fn another_size_is_drawn_at_once() {
    let door = door();
    let clients: Vec<Peer> = (0..30).map(|_| Peer::connect(door.address())).collect();
    let line = format!("stat --top=60s -t {}", door.address());
    let terminal = Terminal::start_sized(&line, (24, 80));
    let screen = terminal.wait("a full screen", |s| s.contents().contains("more"));
    assert_eq!(screen.lines().count(), 24, "{screen}");
    assert!(screen.lines().all(|line| line.chars().count() <= 80), "{screen}");
    terminal.resize(100, 200);
    let screen = terminal.wait("all of them", |s| s.contents().lines().count() > 60);
    assert!(!screen.contains("more") && screen.contains(&clients[29].local().to_string()), "{screen}");
    terminal.resize(10, 40);
    terminal.wait("the excuse", |s| s.contents().contains("terminal too narrow: 40 columns"));
    terminal.keys("q");
    assert_eq!(terminal.finish(), 0);
}

#[test]
fn however_it_ends_the_terminal_is_as_before() {
    let door = door();
    for (end, code) in [("q", 0), ("\u{3}", 130), ("TERM", 143), ("HUP", 129), ("QUIT", -3)] {
        let terminal = top(&door, "", 24, 80);
        terminal.wait("a frame", |s| s.alternate_screen() && s.contents().contains("LISTEN"));
        assert!(!terminal.is_cooked(), "keys are passed on");
        match end {
            "TERM" => terminal.signal(Signal::TERM),
            "HUP" => terminal.signal(Signal::HUP),
            "QUIT" => terminal.signal(Signal::QUIT),
            keys => terminal.keys(keys),
        }
        terminal.wait("the screen before", |s| !s.alternate_screen() && !s.hide_cursor());
        let ended = terminal.finish_with_mode();
        assert_eq!(ended, (code, true), "{end:?}");
    }
}

#[test]
fn a_stop_and_its_end_draw_again() {
    let door = door();
    let line = format!("stat --top=60s {}", door.port());
    let terminal = Terminal::start_sized(&line, (24, 80));
    terminal.wait("a frame", |s| s.contents().contains("1 LISTEN"));
    let drawn = terminal.bytes().len();
    terminal.signal(Signal::STOP);
    terminal.signal(Signal::CONT);
    terminal.wait_more("another frame", drawn, "1 LISTEN");
    terminal.keys("q");
    assert_eq!(terminal.finish(), 0);
}

#[test]
fn without_a_terminal_it_is_usage_and_names_the_way() {
    for words in ["--top", "--top=1s -t 9", "--top --summary", "--top --watch", "--top --wait listen\u{a0}9"]
    {
        let run = stat(words).human().run();
        assert_eq!(run.code, 2, "{words}: {run}");
        assert_eq!(run.stderr.lines().count(), 1, "{words}: {run}");
        assert!(words != "--top" || run.stderr.contains("--watch"), "{words}: {run}");
        assert!(!run.text().contains('\u{1b}'), "{words}: {run}");
    }
    let terminal = Terminal::start_sized("stat --top --json", (24, 80));
    terminal.wait_text("--watch");
    assert_eq!(terminal.finish(), 2);
}

//! `demo` for people: the ladder of a lesson, in both languages, for root and for nobody, with packets and without.

#[path = "documents/commands.rs"]
mod commands;
mod support;

use commands::{accepted, commands};
use std::time::Instant;
use support::*;
use unicode_width::UnicodeWidthStr;

const LESSONS: [&str; 9] =
    ["tcp", "udp", "chat", "many", "refused", "half-close", "reset", "time-wait", "backlog"];
/// What only a captured segment or datagram says, lesson by lesson, in order.
const CAPTURED: [(&str, &[&str]); 9] = [
    (
        "tcp",
        &[
            "├ LISTEN",
            "CLOSED ┤",
            "SYN-SENT ┤",
            "SYN seq 0 (handshake 1/3)",
            "├ SYN-RECEIVED",
            "SYN ACK seq 0 ack 1 (handshake 2/3)",
            "ESTABLISHED ┤",
            "ACK 1 (handshake 3/3)",
            "├ ESTABLISHED",
            "PSH ACK seq 1 \"Hello, world\\n\"",
            "◀──────── PSH ACK seq 1 \"Hello, world\\n\"",
            "FIN-WAIT-1 ┤",
            "FIN ACK seq 14",
            "├ CLOSE-WAIT",
            "├ LAST-ACK",
            "◀",
            "TIME-WAIT ┤",
            "4/4",
            "├ CLOSED",
            "TIME-WAIT",
        ],
    ),
    (
        "udp",
        &[
            "├ UNCONNECTED",
            "CONNECTED ┤",
            "UDP \"Hello, datagram\\n\"",
            "◀",
            "CLOSED ┤",
            "◀",
            "ICMP port unreachable",
        ],
    ),
    (
        "chat",
        &[
            "\"Hello, room\\n\"",
            "◀",
            "Hello,",
            "room\\n\"",
            "\"Hello to you\\n\"",
            "◀",
            "Hello",
            "to you\\n\"",
        ],
    ),
    (
        "many",
        &["\"hello, servers\\n\"", "\"HELLO, SERVERS\\n\"", "\"hello, servers\\n\"", "\"HELLO, SERVERS\\n\""],
    ),
    ("refused", &["SYN-SENT ┤", "SYN seq 0", "◀", "RST ACK seq 1 ack 1", "CLOSED ┤"]),
    (
        "half-close",
        &[
            "FIN-WAIT-1 ┤",
            "FIN ACK",
            "├ CLOSE-WAIT",
            "ACK 13",
            "FIN-WAIT-2 ┤",
            "\"A late answer\\n\"",
            "├ LAST-ACK",
        ],
    ),
    ("reset", &["CLOSED ┤", "▶", "ESTABLISHED ┤", "CLOSED ┤", "RST ACK", "▶│", "├ CLOSED"]),
    ("time-wait", &["TIME-WAIT ┤", "├ TIME-WAIT", "tcp   TIME-WAIT", "tcp   TIME-WAIT"]),
    (
        "backlog",
        &[
            "SYN seq 0 (handshake 1/3)",
            "SYN seq 0 (handshake 1/3)",
            "SYN seq 0 (handshake 1/3)",
            "SYN seq 0 (retrans",
            "accept queue 2/1",
            "SYN-SENT",
            "├ CLOSED",
            "RST ACK",
        ],
    ),
];

/// The text after these parts, which stand in it in this order.
fn in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        rest =
            rest.split_once(part).unwrap_or_else(|| panic!("{part:?} is missing or out of order:\n{text}")).1;
    }
}

/// Fails unless a ladder was drawn that fits a terminal.
fn fits(run: &Run) {
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run}");
    for line in run.text().lines() {
        assert!(line.width() < 80, "{line:?} is {} columns wide: {run}", line.width());
    }
}

/// Every lesson in both languages at once, by a user.
fn all_lessons(user: Option<u32>) -> Vec<(&'static str, &'static str, Run)> {
    let start = |(lesson, lang): (&'static str, &'static str)| {
        let program = soquete(&format!("demo {lesson} --lang {lang}")).human();
        let program = if let Some(user) = user { program.user(user) } else { program };
        (lesson, lang, program.input("").start())
    };
    let both = LESSONS.into_iter().flat_map(|lesson| [(lesson, "en"), (lesson, "pt")]);
    let running: Vec<_> = both.map(start).collect();
    running.into_iter().map(|(lesson, lang, program)| (lesson, lang, program.finish())).collect()
}

fn captured_lessons(user: Option<u32>) {
    for (lesson, lang, run) in all_lessons(user) {
        fits(&run);
        let text = run.text();
        let (_, captured) = CAPTURED.iter().find(|(name, _)| *name == lesson).expect("each is there");
        in_order(text, captured);
        assert!(!text.contains("implied") && !text.contains("deduzido") && !text.contains('╌'), "{run}");
        let (title, sentence, totals) = match lang {
            "en" => ("Lesson ", "Now try:", "packets captured, 0 dropped by the kernel"),
            _ => ("Lição ", "Agora experimente:", "pacotes capturados, 0 descartados pelo kernel"),
        };
        in_order(text, &[title, lesson, sentence, "\n   soquete ", totals, "soquete demo: "]);
    }
}

#[test]
fn every_lesson_is_drawn_with_its_packets_in_both_languages() {
    with_namespaces(|| captured_lessons(None));
}

#[test]
fn nobody_needs_any_privilege_for_packets() {
    as_root(|| {
        let probe = std::process::Command::new("setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups", "unshare", "--user", "--net", "true"])
            .status();
        if !probe.is_ok_and(|status| status.success()) {
            return skip("an ordinary user may not make user namespaces here");
        }
        captured_lessons(Some(NOBODY));
    });
}

#[test]
fn where_no_network_can_be_made_states_alone_are_drawn_and_a_line_says_so() {
    let runs = sandbox::without_calls(&[libc::SYS_unshare], libc::EPERM, || all_lessons(None));
    for (lesson, lang, run) in runs {
        fits(&run);
        let text = run.text();
        let (said, implied) = match lang {
            "en" => (
                "\n No private network (Operation not permitted): states only, packets implied.\n",
                "(implied)",
            ),
            _ => (
                "\n Sem rede própria (Operation not permitted): só estados, pacotes deduzidos.\n",
                "(deduzido)",
            ),
        };
        assert!(text.contains(said) && text.contains(implied), "{run}");
        let words = ["seq 0", "handshake 1/3", "──▶", "◀──", "packets captured", "pacotes capturados"];
        assert!(!words.iter().any(|word| text.contains(word)), "a packet that nobody saw: {run}");
        if lesson == "tcp" {
            let steps = [
                "SYN-SENT ┤",
                "╌ SYN ",
                "├ SYN-RECEIVED",
                "◀╌",
                "SYN ACK ",
                "ESTABLISHED ┤",
                "╌ ACK ",
                "Hello, world",
            ];
            in_order(text, &steps);
        }
    }
}

/// Ubuntu permits an ordinary user the namespace and nothing in it.
#[test]
fn a_network_that_does_not_work_is_not_entered() {
    let run = sandbox::without_argument(libc::SYS_ioctl, 1, SIOCSIFFLAGS, || soquete("demo").human().run());
    fits(&run);
    in_order(run.text(), &["No private network (Operation not permitted)", "SYN (implied)", "├ CLOSED"]);
}

/// `SIOCSIFFLAGS` of <linux/sockios.h>.
const SIOCSIFFLAGS: i64 = 0x8914;

#[test]
fn a_system_without_packet_sockets_shows_states_alone() {
    let run = sandbox::without_argument(libc::SYS_socket, 0, libc::AF_PACKET.into(), || {
        soquete("demo").human().run()
    });
    fits(&run);
    let said = ["No private network", "No capture here"].iter().any(|said| run.text().contains(said));
    assert!(said && run.text().contains("(Operation not permitted): states only"), "{run}");
    in_order(run.text(), &["SYN (implied)", "├ CLOSED"]);
}

#[test]
fn without_packets_events_say_so_and_hold_none() {
    let run = sandbox::without_calls(&[libc::SYS_unshare], libc::EPERM, || soquete("demo").run());
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(run.event("warning")["kind"], "permission", "{run}");
    assert_eq!(run.named("packet").count() + run.named("capture").count(), 0, "{run}");
}

#[test]
fn a_packet_event_stands_between_the_state_it_leaves_and_the_one_it_causes() {
    with_namespaces(|| {
        let run = soquete("demo tcp").run();
        assert_eq!(run.code, 0, "{run}");
        let place = |what: &str, is_it: &dyn Fn(&Event) -> bool| {
            run.events.iter().position(is_it).unwrap_or_else(|| panic!("{what}: {run}"))
        };
        let state = |role: &str, to: &str| {
            place(to, &|e| e.is("state") && e["role"] == role && e["peer"].is_string() && e.enters(to))
        };
        let packet = |flags: &str, note: &str| {
            place(note, &|e| {
                let noted = e["note"].as_str().is_some_and(|text| text.starts_with(note));
                e.is("packet") && e["flags"] == flags && noted
            })
        };
        let order = [
            state("client", "SYN-SENT"),
            packet("SYN", "handshake 1/3"),
            state("server", "SYN-RECEIVED"),
            packet("SYN ACK", "handshake 2/3"),
            state("client", "ESTABLISHED"),
            packet("ACK", "handshake 3/3"),
            state("server", "ESTABLISHED"),
            state("client", "FIN-WAIT-1"),
            packet("FIN ACK", "close 1/4"),
            state("server", "CLOSE-WAIT"),
            state("server", "LAST-ACK"),
            state("client", "TIME-WAIT"),
            packet("ACK", "close 4/4"),
            state("server", "CLOSED"),
        ];
        assert!(order.is_sorted(), "{order:?}: {run}");
        assert_eq!(run.event("capture")["dropped"], 0, "{run}");
        assert_eq!(run.event("capture")["captured"], run.named("packet").count(), "{run}");
    });
}

#[test]
fn the_language_is_that_of_the_environment() {
    for (variables, portuguese) in [
        (&[("LC_ALL", "pt_BR.UTF-8")][..], true),
        (&[("LC_ALL", "pt_PT")], true),
        (&[("LC_ALL", ""), ("LC_MESSAGES", "pt_BR"), ("LANG", "C")], true),
        (&[("LC_ALL", ""), ("LC_MESSAGES", ""), ("LANG", "pt_BR.UTF-8")], true),
        (&[("LC_ALL", "C"), ("LANG", "pt_BR.UTF-8")], false),
        (&[("LC_ALL", ""), ("LC_MESSAGES", "POSIX"), ("LANG", "pt_BR.UTF-8")], false),
        (&[("LC_ALL", "de_DE.UTF-8")], false),
    ] {
        let program = soquete("demo refused").human();
        let program = variables.iter().fold(program, |program, (name, value)| program.env(name, value));
        let run = program.run();
        fits(&run);
        assert_eq!(run.text().contains("Lição refused"), portuguese, "{run}");
        assert_eq!(run.text().contains("Chegou um RST"), portuguese, "{run}");
    }
    let run = soquete("demo refused --lang en --events -").human().env("LC_ALL", "pt_BR").run();
    assert!(run.code == 0 && run.text().contains("An RST arrived"), "{run}");
    let run = soquete("demo refused --events -").human().env("LC_ALL", "pt_BR").run();
    let events = run.text().lines().filter(|line| line.contains(" #"));
    assert!(events.clone().count() > 2 && events.clone().all(|line| line.width() <= 80), "{run}");
    assert!(run.code == 0 && run.text().contains("→ CLOSED       Chegou um RST"), "{run}");
}

#[test]
fn brief_leaves_the_sentences_out_and_verbose_adds_windows() {
    let run = soquete("demo refused -b").human().run();
    fits(&run);
    assert!(run.text().contains("SYN-SENT ┤") && !run.text().contains("asks to open"), "{run}");
    with_namespaces(|| {
        let run = soquete("demo refused -v").human().run();
        fits(&run);
        in_order(run.text(), &["SYN seq 0", " win ", " mss ", "sack"]);
    });
}

#[test]
fn events_go_where_they_are_asked_for_beside_the_ladder() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("events");
    let run = soquete("demo refused --events").arg(&file).human().run();
    fits(&run);
    let events = std::fs::read_to_string(&file).expect("a file");
    assert!(events.contains("SYN-SENT     → CLOSED") && run.text().contains("CLOSED ┤"), "{events}\n{run}");
}

#[test]
fn a_value_that_makes_no_sense_is_a_usage_error() {
    for words in [
        "--speed 0",
        "--speed x",
        "--speed -1",
        "--speed nan",
        "--speed inf",
        "--speed 101",
        "--lang xx",
        "nosuch",
    ] {
        let run = soquete(&format!("demo {words}")).human().run();
        assert_eq!((run.code, run.text()), (2, ""), "{words}: {run}");
    }
}

#[test]
fn what_a_lesson_says_to_try_is_a_command() {
    for (_, _, run) in all_lessons(None) {
        let lines = run.text().lines().filter(|line| line.starts_with("   soquete "));
        let shown: Vec<_> =
            lines.flat_map(|line| commands(line.trim().split("  ").next().unwrap_or_default())).collect();
        assert!(shown.len() >= 2, "{run}");
        for words in shown {
            accepted(&words).unwrap_or_else(|why| panic!("{why}"));
        }
    }
}

/// Presses a key again and again until the screen holds `part`.
fn press_until(terminal: &Terminal, part: &str) {
    let begun = Instant::now();
    while !terminal.screen().contents().contains(part) {
        assert!(begun.elapsed() < DEADLINE, "waited for {part:?}:\n{}", terminal.screen().contents());
        terminal.keys(" ");
        pause(std::time::Duration::from_millis(15));
    }
}

#[test]
fn on_a_terminal_each_key_goes_on_at_once() {
    let begun = Instant::now();
    // Without a key each pause takes from four seconds to half a minute.
    let terminal = Terminal::start("demo refused --speed 0.1", &[]);
    terminal.wait_text("Any key continues, q quits.");
    let shown = terminal.screen().contents();
    assert!(!shown.contains("Lesson"), "there is time to read: {shown}");
    for part in ["Lesson refused", "SYN-SENT", "asks to open", "CLOSED ┤ An RST", "Now try:", "Other lessons"]
    {
        press_until(&terminal, part);
    }
    terminal.keys(" ");
    terminal.wait_end();
    assert!(terminal.is_cooked(), "the terminal is as it was");
    assert_eq!(terminal.finish(), 0);
    assert!(begun.elapsed() < DEADLINE);
}

#[test]
fn a_screen_of_80_by_24_holds_a_lesson() {
    with_namespaces(|| {
        let terminal = Terminal::start("demo refused --speed 100", &[]);
        terminal.wait_end();
        let screen = terminal.screen().contents();
        assert_eq!(terminal.finish(), 0, "{screen}");
        assert_eq!(masked(&screen).trim_end(), REFUSED.trim_end(), "{screen}");
    });
}

#[test]
fn screens_of_other_sizes_hold_it_too_in_colours_of_any_theme() {
    with_namespaces(|| {
        for (rows, columns) in [(24, 60), (50, 200)] {
            let terminal = Terminal::start_sized("demo refused --lang pt --speed 100", (rows, columns));
            terminal.wait_end();
            let screen = terminal.screen();
            let text = screen.contents();
            in_order(&text, &["SYN seq 0", "(handshake 1/3)", "RST ACK", "CLOSED ┤", "Agora experimente:"]);
            assert!(text.lines().all(|line| line.width() < usize::from(columns.min(80))), "{text}");
            for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
                let cell = screen.cell(row, column).expect("a cell of the screen");
                assert_eq!(cell.bgcolor(), vt100::Color::Default);
                assert!(matches!(cell.fgcolor(), vt100::Color::Default | vt100::Color::Idx(1..=6)));
            }
            assert!(!screen.hide_cursor(), "the cursor is seen");
            assert_eq!(terminal.finish(), 0, "{text}");
        }
    });
}

/// A screen without its ports: each digit of one is `#`.
fn masked(screen: &str) -> String {
    let mut parts = screen.split("127.0.0.1:");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let port = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        text += "127.0.0.1:";
        text += &"#".repeat(port);
        text.push_str(&part[port..]);
    }
    text
}

const REFUSED: &str = "
 Any key continues, q quits.

 Lesson refused: a client connects to a port where nobody listens

 client 127.0.0.1:#####                                  server 127.0.0.1:#####
       CLOSED ┤                                                  │
     SYN-SENT ┤ connect() sent a SYN: the client asks to open a  │
              │ connection.                                      │
              │─────────── SYN seq 0 (handshake 1/3) ───────────▶│
              │◀───────────── RST ACK seq 1 ack 1 ───────────────│
       CLOSED ┤ An RST arrived: no socket listens there.         │

 Now try:
   soquete connect localhost 4333               the same
   soquete connect --check localhost 4333,8080  a test of ports

 2 packets captured, 0 dropped by the kernel

 Other lessons of soquete demo: tcp, udp, chat, many, half-close, reset,
 time-wait, backlog, all
";

#[test]
fn the_readme_shows_what_is_drawn() {
    with_namespaces(|| {
        for (readme, line) in
            [(include_str!("../README.md"), "demo"), (include_str!("../README.pt-BR.md"), "demo --lang pt")]
        {
            let command = format!("$ soquete {line}\n");
            let shown = readme.split(&command).nth(1).and_then(|rest| rest.split("\n```").next());
            let run = soquete(line).human().run();
            fits(&run);
            assert_eq!(masked(run.text().trim_matches('\n')), masked(shown.unwrap_or_default()), "{run}");
        }
    });
}

#[test]
fn q_ends_it_in_order() {
    let terminal = Terminal::start("demo --speed 0.1", &[]);
    terminal.wait_text("Any key");
    terminal.keys("q");
    terminal.wait_end();
    assert!(terminal.is_cooked(), "the terminal is as it was");
    assert_eq!(terminal.finish(), 0);
}

#[test]
fn an_interrupt_ends_it_in_order() {
    let terminal = Terminal::start("demo --speed 0.1 --lang pt", &[]);
    terminal.wait_text("Qualquer tecla");
    press_until(&terminal, "Lição tcp");
    terminal.keys("\x03");
    terminal.wait_end();
    assert!(terminal.is_cooked(), "the terminal is as it was");
    assert_eq!(terminal.finish(), 130);
}

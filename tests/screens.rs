//! What a person sees: whole screens of each command that prints events, on a small and on a wide terminal. Times, ports and
//! measured values are masked, and so is `implied`, which depends on how fast the kernel was.

mod support;

use rustix::process::Signal;
use support::*;
use terminal::Terminal;

/// Lines and columns.
const SIZES: [(u16, u16); 2] = [(24, 80), (50, 200)];

/// The screen with what differs from run to run masked.
fn masked(screen: &str) -> String {
    let lines = screen.trim_end().lines().map(|line| {
        let line = line.trim_end().replace(", implied", "");
        let (time, text) = line.split_at_checked(12).unwrap_or(("", &line));
        let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        let (time, text) = if shape == "00:00:00.000" { ("hh:mm:ss.mmm", text) } else { ("", line.as_str()) };
        format!("{time}{}", values(&ports(text)))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Ports of loopback addresses as PORT.
fn ports(text: &str) -> String {
    ["127.0.0.1:", "127.0.0.2:"].iter().fold(text.to_owned(), |text, host| {
        let mut parts = text.split(host);
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| {
            text + host + "PORT" + part.trim_start_matches(|c: char| c.is_ascii_digit())
        })
    })
}

/// Numbers before a unit of time as N, and the unit.
fn values(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let is_time = |word: &str| ["µs", "ms", "s"].contains(&word.trim_end_matches(','));
    let is_number = |word: &str| word.parse::<f64>().is_ok();
    let shown = words.iter().enumerate().map(|(at, word)| match words.get(at + 1) {
        Some(next) if is_number(word) && is_time(next) => "N",
        _ if at > 0 && is_time(word) && is_number(words[at - 1]) => {
            if word.ends_with(',') {
                "TIME,"
            } else {
                "TIME"
            }
        }
        _ => word,
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// Checks the screen; no line of events is wider than 80 columns on any terminal, and every colour is one of the sixteen that a
/// light and a dark theme have, never a background nor the bright black that some themes hide.
fn check(terminal: &Terminal, size: (u16, u16), expected: &str) {
    let screen = terminal.screen();
    let text = screen.contents();
    assert_eq!(masked(&text), expected.trim(), "on {size:?}:\n{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    for (row, column) in (0..size.0).flat_map(|row| (0..size.1).map(move |column| (row, column))) {
        let cell = screen.cell(row, column).expect("a cell of the screen");
        assert_eq!(cell.bgcolor(), vt100::Color::Default);
        assert!(matches!(cell.fgcolor(), vt100::Color::Default | vt100::Color::Idx(1..=6)));
    }
}

/// The colours of the cells that show `word`, one for each line that is it.
fn colours(terminal: &Terminal, word: &str) -> Vec<vt100::Color> {
    let screen = terminal.screen();
    let rows = screen.rows(0, screen.size().1.get()).enumerate().filter(|(_, text)| text.trim_end() == word);
    let cell = |row: usize| screen.cell(u16::try_from(row).expect("a row"), 0).expect("a cell").fgcolor();
    rows.map(|(row, _)| cell(row)).collect()
}

fn address_of(terminal: &Terminal) -> String {
    let text = terminal.wait("an address", |screen| screen.contents().contains("(this machine only)"));
    let rest = text.split("listening on ").nth(1).expect("it was waited for");
    rest.split(' ').next().expect("an address").to_owned()
}

#[test]
fn a_connection_names_its_addresses_once_and_what_came_has_a_colour() {
    for size in SIZES {
        let server = soquete("listen -k --echo 127.0.0.1:0").start();
        let screen = Terminal::start_sized(&format!("connect {}", server.address()), size);
        screen.wait_text("ESTABLISHED");
        screen.keys("hello\n");
        screen.wait("the echo", |screen| screen.contents().matches("hello").count() == 2);
        let colours = colours(&screen, "hello");
        assert_eq!(colours, [vt100::Color::Default, vt100::Color::Idx(5)], "what was typed, and what came");
        screen.keys("\u{4}");
        screen.wait_text("ended cleanly");
        check(
            &screen,
            size,
            "
hh:mm:ss.mmm    #1 client 127.0.0.1:PORT → 127.0.0.1:PORT
hh:mm:ss.mmm    #1 CLOSED       → SYN-SENT      SYN sent
hh:mm:ss.mmm    #1 SYN-SENT     → ESTABLISHED   SYN-ACK received
hello
hello
hh:mm:ss.mmm    #1 ESTABLISHED  → FIN-WAIT-1    FIN sent
hh:mm:ss.mmm    #1 FIN-WAIT-1   → FIN-WAIT-2    ACK received
hh:mm:ss.mmm    #1 FIN-WAIT-2   → TIME-WAIT     FIN received
hh:mm:ss.mmm    #1 ended cleanly: 6 B in, 6 B out, N TIME, rtt N TIME",
        );
        assert_eq!(screen.finish(), 0);
    }
}

#[test]
fn an_event_after_text_without_a_line_feed_has_a_line_of_its_own() {
    let door = Door::open();
    for (line, begins) in [("connect", ""), ("listen", "from"), ("listen -k", "from")] {
        let address = if begins.is_empty() { door.address().to_string() } else { "127.0.0.1:0".to_owned() };
        let screen = Terminal::start(&format!("{line} {address}"), &[]);
        let mut peer = match begins {
            "" => door.accept(),
            _ => Peer::connect(address_of(&screen).parse().expect("an address")),
        };
        peer.send("login: ");
        screen.wait_text("login:");
        screen.keys("ann\n");
        assert_eq!(peer.receive_line(), "ann\n");
        peer.send("no line feed");
        screen.wait_text("no line feed");
        peer.half_close();
        let shown = screen.wait("the end", |s| s.contents().contains("CLOSE-WAIT "));
        let lines: Vec<&str> = shown.lines().collect();
        let at = lines.iter().position(|line| *line == "login: ann").unwrap_or_else(|| panic!("{shown}"));
        assert_eq!(lines[at + 1], "no line feed", "{shown}");
        assert!(masked(lines[at + 2]).starts_with("hh:mm:ss.mmm "), "{shown}");
        assert!(lines[at + 2].contains("ESTABLISHED  → CLOSE-WAIT"), "{shown}");
        screen.signal(Signal::TERM);
    }
}

#[test]
fn a_server_of_many_clients_has_the_number_in_every_line() {
    for size in SIZES {
        let screen = Terminal::start_sized("listen -k --echo 127.0.0.1:0", size);
        let address = address_of(&screen).parse().expect("an address");
        for number in 2..4 {
            let mut client = Peer::connect(address);
            screen.wait_text(&format!("#{number} accepted"));
            client.send(b"hi\n");
            client.half_close();
            assert_eq!(client.receive_all(), b"hi\n");
            screen.wait_text(&format!("#{number} ended cleanly"));
        }
        screen.signal(Signal::TERM);
        screen.wait_end();
        let client = |number| {
            format!(
                "
hh:mm:ss.mmm    #{number} server 127.0.0.1:PORT ← 127.0.0.1:PORT
hh:mm:ss.mmm    #{number} LISTEN       → SYN-RECEIVED  SYN received
hh:mm:ss.mmm    #{number} SYN-RECEIVED → ESTABLISHED   ACK received
hh:mm:ss.mmm    #{number} accepted
hh:mm:ss.mmm    #{number} ESTABLISHED  → CLOSE-WAIT    FIN received
hh:mm:ss.mmm    #{number} CLOSE-WAIT   → LAST-ACK      FIN sent
hh:mm:ss.mmm    #{number} LAST-ACK     → CLOSED        ACK received
hh:mm:ss.mmm    #{number} ended cleanly: 3 B in, 3 B out, N TIME, rtt N TIME"
            )
        };
        let listener = |text: &str| format!("\nhh:mm:ss.mmm    #1 {text}");
        let expected = [
            listener("CLOSED       → LISTEN        listen"),
            listener("listening on 127.0.0.1:PORT (this machine only)"),
            client(2),
            client(3),
            listener("LISTEN       → CLOSED        close"),
        ];
        check(&screen, size, &expected.concat());
    }
}

#[test]
fn brief_is_the_addresses_and_the_summary() {
    for size in SIZES {
        let screen = Terminal::start_sized("listen -b -k --echo --deny 127.0.0.2 127.0.0.1:0", size);
        let address = address_of(&screen);
        assert_eq!(soquete(&format!("connect -q {address}")).human().input("hi\n").run().text(), "hi\n");
        screen.wait_text("#2 ended cleanly");
        soquete(&format!("connect -q --source 127.0.0.2 {address}")).human().run();
        screen.wait_text("#3 did not end cleanly");
        check(
            &screen,
            size,
            "
hh:mm:ss.mmm    #1 listening on 127.0.0.1:PORT (this machine only)
hh:mm:ss.mmm    #2 server 127.0.0.1:PORT ← 127.0.0.1:PORT
hh:mm:ss.mmm    #2 ended cleanly: 3 B in, 3 B out, N TIME, rtt N TIME
hh:mm:ss.mmm    #3 refused 127.0.0.2:PORT: denied by --deny 127.0.0.2
hh:mm:ss.mmm    #3 did not end cleanly: 0 B in, 0 B out, N TIME, rtt N TIME",
        );
    }
}

#[test]
fn datagrams_name_the_peer_of_a_server_and_not_that_of_a_client() {
    for size in SIZES {
        let server = Terminal::start_sized("udp-serve --echo 127.0.0.1:0", size);
        let line = format!("udp-send --replies 1 {} hello", address_of(&server));
        let client = Terminal::start_sized(&line, size);
        client.wait_end();
        check(
            &client,
            size,
            "
hh:mm:ss.mmm    #1 client 127.0.0.1:PORT → 127.0.0.1:PORT
hh:mm:ss.mmm    #1 CLOSED       → UNCONNECTED   connect
hh:mm:ss.mmm    #1 UNCONNECTED  → CONNECTED     connect
hh:mm:ss.mmm    #1 sent 5 B
hh:mm:ss.mmm    #1 received 5 B
hello
hh:mm:ss.mmm    #1 CONNECTED    → CLOSED        close
hh:mm:ss.mmm    #1 ended cleanly: 5 B in, 5 B out, N TIME",
        );
        server.wait_text("sent 5 B");
        check(
            &server,
            size,
            "
hh:mm:ss.mmm    #1 CLOSED       → UNCONNECTED   bind
hh:mm:ss.mmm    #1 listening on 127.0.0.1:PORT (this machine only)
hh:mm:ss.mmm    #1 received 5 B from 127.0.0.1:PORT
hh:mm:ss.mmm    #1 sent 5 B to 127.0.0.1:PORT",
        );
    }
}

#[test]
fn a_target_that_refuses_is_an_error_after_its_states() {
    let port = refusing_port();
    for size in SIZES {
        let screen = Terminal::start_sized(&format!("multi-connect {}", port.address()), size);
        screen.wait_end();
        check(
            &screen,
            size,
            "
hh:mm:ss.mmm    #1 client 127.0.0.1:PORT → 127.0.0.1:PORT
hh:mm:ss.mmm    #1 CLOSED       → SYN-SENT      SYN sent
hh:mm:ss.mmm    #1 SYN-SENT     → CLOSED        refused
soquete: connect 127.0.0.1:PORT: Connection refused",
        );
    }
}

#[test]
fn a_room_names_its_members_by_their_numbers() {
    for size in SIZES {
        let screen = Terminal::start_sized("chat-serve --events - 127.0.0.1:0", size);
        let room = address_of(&screen);
        let member = soquete(&format!("connect -q {room}")).human().input("/nick ann\n").start();
        screen.wait_text("is now known as ann");
        let text = masked(&screen.screen().contents());
        for line in [
            "#1 listening on 127.0.0.1:PORT (this machine only)",
            "#2 server 127.0.0.1:PORT ← 127.0.0.1:PORT",
            "#2 joined",
            "#2 is now known as ann",
        ] {
            assert!(text.contains(&format!("hh:mm:ss.mmm    {line}")), "{line}: {text}");
        }
        drop(member);
    }
}

#[test]
fn events_come_before_the_bytes_they_announce_where_both_go_to_one_pipe() {
    for _ in 0..20 {
        let server = soquete("udp-serve --echo 127.0.0.1:0").start();
        let line = format!("udp-send --replies 1 {} hello", server.address());
        let program = env!("CARGO_BIN_EXE_soquete");
        let run = std::process::Command::new("sh").args(["-c", &format!("{program} {line} 2>&1")]).output();
        let text = String::from_utf8(run.expect("a shell").stdout).expect("text");
        let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("no {part:?} in {text}"));
        assert!(at("received 5 B\n") < at("hello"), "{text}");
        assert!(!text.contains('\u{1b}'), "a pipe has no colour: {text}");
    }
}

/// Checks a screen of 80 columns that shows these lines, in this order, byte counts and process numbers masked as N; each pair of
/// addresses is named once.
fn check_lines(terminal: &Terminal, expected: &str) {
    let text = terminal.screen().contents();
    assert!(text.lines().all(|line| line.starts_with("soquete: ") || line.chars().count() <= 80), "{text}");
    let mut lines = text.lines().map(|line| counts(&masked(line)));
    for line in expected.trim().lines() {
        assert!(lines.any(|shown| shown == line), "no {line:?} in its place:\n{text}");
    }
    for pair in text.lines().filter(|line| line.contains(" → 127.0.0.1:") || line.contains(" ← 127.0.0.1:"))
    {
        let pair = pair.split_at(13).1.trim();
        assert_eq!(text.matches(pair).count(), 1, "{pair}:\n{text}");
    }
}

/// Numbers before `B` and after `command` as N.
fn counts(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let is_number = |word: &str| word.parse::<u64>().is_ok();
    let shown = words.iter().enumerate().map(|(at, word)| {
        let counts = words.get(at + 1) == Some(&"B") || at > 0 && words[at - 1] == "command";
        if counts && is_number(word) { "N" } else { word }
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[cfg(feature = "tls")]
#[test]
fn a_handshake_is_a_line_between_the_states() {
    let server = Terminal::start("listen -k --echo --tls 127.0.0.1:0", &[]);
    let client = Terminal::start(&format!("connect --tls --tls-insecure {}", address_of(&server)), &[]);
    client.wait_text("not verified");
    client.keys("\u{4}");
    client.wait_text("ended cleanly");
    server.wait_text("#2 ended cleanly");
    check_lines(
        &client,
        "
hh:mm:ss.mmm    #1 client 127.0.0.1:PORT → 127.0.0.1:PORT
hh:mm:ss.mmm    #1 SYN-SENT     → ESTABLISHED   SYN-ACK received
hh:mm:ss.mmm    #1 TLS 1.3 AES_256_GCM_SHA384, CN=localhost, not verified
hh:mm:ss.mmm    #1 ESTABLISHED  → FIN-WAIT-1    FIN sent
hh:mm:ss.mmm    #1 ended cleanly: N B in, N B out, N TIME, rtt N TIME",
    );
    check_lines(
        &server,
        "
hh:mm:ss.mmm    #1 certificate for this run; clients verify it with
hh:mm:ss.mmm    #2 server 127.0.0.1:PORT ← 127.0.0.1:PORT
hh:mm:ss.mmm    #2 accepted
hh:mm:ss.mmm    #2 TLS 1.3 AES_256_GCM_SHA384
hh:mm:ss.mmm    #2 ended cleanly: N B in, N B out, N TIME, rtt N TIME",
    );
}

#[test]
fn a_proxy_is_a_line_on_both_sides() {
    let target = soquete("listen -k --echo 127.0.0.1:0").start();
    let server = Terminal::start("listen -k --proxy-server 127.0.0.1:0", &[]);
    let line =
        format!("connect --on-eof half-close --proxy socks5h://{} {}", address_of(&server), target.address());
    let client = Terminal::start(&line, &[]);
    client.wait_text("connected");
    client.keys("\u{4}");
    client.wait_text("ended cleanly");
    check_lines(
        &client,
        "
hh:mm:ss.mmm    #1 client 127.0.0.1:PORT → 127.0.0.1:PORT
hh:mm:ss.mmm    #1 socks5h://127.0.0.1:PORT to 127.0.0.1:PORT: connected
hh:mm:ss.mmm    #1 ended cleanly: N B in, N B out, N TIME, rtt N TIME",
    );
    server.wait("both ends", |s| s.contents().matches("joined with").count() == 2);
    check_lines(
        &server,
        "
hh:mm:ss.mmm    #2 server 127.0.0.1:PORT ← 127.0.0.1:PORT
hh:mm:ss.mmm    #3 client 127.0.0.1:PORT → 127.0.0.1:PORT
hh:mm:ss.mmm    #2 socks5 to 127.0.0.1:PORT: connected",
    );
}

#[test]
fn a_command_has_a_line_for_its_start_and_its_end() {
    let server = Terminal::start("listen -k 127.0.0.1:0 --sh-exec", &["cat; exit 3"]);
    let mut client = Peer::connect(address_of(&server).parse().expect("an address"));
    client.send("hi\n");
    client.half_close();
    assert_eq!(client.receive_all(), b"hi\n");
    server.wait_text("#2 ended cleanly");
    check_lines(
        &server,
        "
hh:mm:ss.mmm    #2 server 127.0.0.1:PORT ← 127.0.0.1:PORT
hh:mm:ss.mmm    #2 command N started
hh:mm:ss.mmm    #2 command N exited with 3
hh:mm:ss.mmm    #2 ended cleanly: N B in, N B out, N TIME, rtt N TIME",
    );
}

#[cfg(feature = "capture")]
#[test]
fn packets_stand_in_columns_between_the_states() {
    as_root(|| {
        let server = soquete("listen -k --echo 127.0.0.1:0").start();
        let screen = Terminal::start(&format!("connect --packets {}", server.address()), &[]);
        screen.wait_text("ESTABLISHED");
        screen.keys("hi\n");
        screen.wait("the echo", |s| s.contents().lines().filter(|line| *line == "hi").count() == 2);
        screen.keys("\u{4}");
        screen.wait_text("packets captured");
        check_lines(
            &screen,
            "
hh:mm:ss.mmm    #1 client 127.0.0.1:PORT → 127.0.0.1:PORT
hh:mm:ss.mmm    #1 SYN-SENT     → ESTABLISHED   SYN-ACK received
hh:mm:ss.mmm    #1 → PSH ACK  1..4           N B
hh:mm:ss.mmm    #1 ← PSH ACK  1..4           N B",
        );
    });
}

//! `multi-connect`: one line to many servers, their lines back, and what happens when some of them misbehave.

mod support;

use rustix::process::Signal;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use support::sockets::SilentPort;
use support::*;

/// A server in a thread that answers every line of every client.
struct Answerer {
    address: SocketAddr,
    /// The addresses of the clients that came.
    clients: mpsc::Receiver<SocketAddr>,
}

impl Answerer {
    /// Answers `line` with `TAG:line`.
    fn start(tag: &'static str) -> Self {
        Self::pausing(tag, Duration::ZERO)
    }

    /// As [`Self::start`], every answer this much late.
    #[allow(clippy::disallowed_methods)] // the other end must not be made of the code under test
    fn pausing(tag: &'static str, pause: Duration) -> Self {
        let door = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        // Hundreds come at once, and those for whom there is no room come late: their SYN is repeated after a second.
        rustix::net::listen(&door, 1_000).expect("a longer queue");
        let (came, clients) = mpsc::channel();
        let address = door.local_addr().expect("a bound socket has an address");
        thread::spawn(move || {
            for client in door.incoming().flatten() {
                let peer = client.peer_addr();
                if peer.is_ok_and(|peer| came.send(peer).is_err()) {
                    return;
                }
                thread::spawn(move || answer(&client, tag, pause));
            }
        });
        Self { address, clients }
    }
}

#[allow(clippy::disallowed_methods)] // the pause is what is played
fn answer(mut client: &TcpStream, tag: &str, pause: Duration) {
    let mut lines = BufReader::new(client);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
        thread::sleep(pause);
        let answer = [tag.as_bytes(), b":", &line].concat();
        if client.write_all(&answer).is_err() {
            return;
        }
        line.clear();
    }
}

fn multi(flags: &str, targets: &[SocketAddr]) -> Soquete {
    let mut line = format!("multi-connect {flags}");
    for target in targets {
        let _ = write!(line, " {target}");
    }
    soquete(&line)
}

fn outcomes<'a>(run: &'a Run, outcome: &'a str) -> Vec<&'a Event> {
    run.named("target").filter(|e| e["outcome"] == outcome).collect()
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn each_line_goes_to_all_and_each_answer_is_tagged() {
    let servers = [Answerer::start("a"), Answerer::start("b"), Answerer::start("c")];
    let targets: Vec<SocketAddr> = servers.iter().map(|s| s.address).collect();
    let run = multi("", &targets).input("one\ntwo\nlast").run();
    assert_eq!(run.code, 0, "{run}");
    let mut expected = Vec::new();
    for (target, tag) in targets.iter().zip(["a", "b", "c"]) {
        expected.extend(["one", "two", "last"].map(|line| format!("[{target}] {tag}:{line}")));
    }
    expected.sort_unstable();
    assert_eq!(sorted(run.text()), expected, "{run}");
    assert!(run.stdout.ends_with(b"\n"), "a last line without line feed gets one: {run}");
}

#[test]
fn every_connection_has_a_local_port_of_its_own_and_tells_it() {
    let servers = [Answerer::start("a"), Answerer::start("b"), Answerer::start("c")];
    let targets: Vec<SocketAddr> = servers.iter().map(|s| s.address).collect();
    let run = multi("", &targets).input("x\n").run();
    let connected = outcomes(&run, "connected");
    assert_eq!(connected.len(), 3, "{run}");
    for server in &servers {
        let seen = server.clients.recv_timeout(DEADLINE).expect("the client came");
        let event = connected.iter().find(|e| e.address("peer") == Some(server.address));
        let event = event.unwrap_or_else(|| panic!("no target event for {}: {run}", server.address));
        assert_eq!(event.address("local"), Some(seen), "{run}");
        assert_eq!(event.text("target"), server.address.to_string());
        assert!(event.number("latency_us") > 0, "{run}");
        let states = run.states(event.number("conn"));
        assert_eq!(states[..3], ["CLOSED", "SYN-SENT", "ESTABLISHED"], "{run}");
    }
    let locals: BTreeSet<_> = connected.iter().map(|e| e.text("local")).collect();
    assert_eq!(locals.len(), 3, "three connections, three local addresses: {run}");
    assert_eq!(outcomes(&run, "disconnected").len(), 3, "{run}");
}

#[test]
fn lists_ranges_and_names_are_targets_and_tags_are_as_typed() {
    let (one, other) = (Answerer::start("a"), Answerer::start("b"));
    let line = format!("multi-connect localhost:{},{}", one.address.port(), other.address.port());
    let run = soquete(&line).input("x\n").run();
    assert_eq!(run.code, 0, "{run}");
    let mut expected = [
        format!("[localhost:{}] a:x", one.address.port()),
        format!("[localhost:{}] b:x", other.address.port()),
    ];
    expected.sort();
    assert_eq!(sorted(run.text()), expected, "{run}");
    let port = one.address.port();
    let run = soquete(&format!("multi-connect 127.0.0.1 {port}-{port}")).input("x\n").run();
    assert_eq!(run.text(), format!("[127.0.0.1:{port}] a:x\n"), "{run}");
}

#[test]
fn five_hundred_targets_come_from_one_file() {
    let server = Answerer::start("a");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let list = folder.path().join("targets");
    let mut text = String::from("# five hundred times the same\n\n");
    for _ in 0..250 {
        let _ = writeln!(text, "{} # one", server.address);
        let _ = writeln!(text, "{} {}", server.address.ip(), server.address.port());
    }
    std::fs::write(&list, text).expect("a file");
    let run = soquete("multi-connect --targets").arg(&list).input("x\n").run();
    assert_eq!(run.code, 0, "{run}");
    let expected = format!("[{}] a:x\n", server.address).repeat(500);
    assert_eq!(run.text(), expected, "{run}");
    assert_eq!(outcomes(&run, "connected").len(), 500);
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_target() {
    let server = Answerer::start("a");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let list = folder.path().join("targets");
    std::fs::write(&list, format!("\u{feff}{}\r\n", server.address)).expect("a file");
    let run = soquete("multi-connect --targets").arg(&list).input("x\n").run();
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(run.text(), format!("[{}] a:x\n", server.address), "{run}");
}

#[test]
fn a_wrong_list_of_targets_says_where() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let list = folder.path().join("targets");
    std::fs::write(&list, "localhost:1\nlocalhost\n").expect("a file");
    let run = soquete("multi-connect --targets").arg(&list).run();
    assert_eq!(run.code, 2, "{run}");
    assert!(run.error("usage").text("text").contains("targets:2: localhost has no port"), "{run}");
    let run = soquete("multi-connect --targets").arg(folder.path().join("none")).run();
    assert_eq!(run.code, 5, "{run}");
    let run = soquete("multi-connect --targets -").run();
    assert_eq!(run.code, 2, "{run}");
    let run = soquete("multi-connect").run();
    assert_eq!(run.code, 2, "{run}");
}

#[test]
fn a_dash_is_not_every_port() {
    for line in ["multi-connect -", "multi-connect localhost -"] {
        let run = soquete(line).input("").run();
        assert_eq!(run.code, 2, "{run}");
        assert_eq!(run.named("target").count(), 0, "{run}");
        let text = run.error("usage").text("text");
        assert!(text.contains("HOST:PORT") && text.contains("--targets FILE"), "{run}");
    }
}

#[test]
fn some_failures_are_4_and_nothing_but_failures_is_1() {
    let (good, bad) = (Answerer::start("a"), refusing_port());
    let run = multi("", &[bad.address(), good.address]).input("x\n").run();
    assert_eq!(run.code, 4, "{run}");
    assert_eq!(run.text(), format!("[{}] a:x\n", good.address), "{run}");
    assert_eq!(run.error("refused")["errno"], "ECONNREFUSED", "{run}");
    let closed = outcomes(&run, "closed");
    assert_eq!(closed[0].text("target"), bad.address().to_string(), "{run}");
    let run = multi("", &[bad.address()]).input("x\n").run();
    assert_eq!(run.code, 1, "{run}");
}

#[test]
fn an_option_the_kernel_refuses_ends_it_all() {
    let good = Answerer::start("a");
    let run = multi("--congestion nonesuch", &[good.address]).run();
    assert_eq!(run.code, 5, "{run}");
    assert_eq!(run.named("error").count(), 1, "{run}");
    let run = multi("--nodelay --ttl 9", &[good.address]).run();
    assert_eq!(run.code, 0, "{run}");
    let set: Vec<&str> = run.named("option").map(|e| e.text("name")).collect();
    assert_eq!(set, ["ttl", "nodelay"], "{run}");
}

#[test]
fn a_dead_target_delays_nobody_and_its_deadline_is_its_own() {
    let (good, dead) = (Answerer::start("a"), SilentPort::open());
    // No deadline within this test: whoever waits for the dead one waits for ever.
    let mut running = multi("", &[dead.address(), good.address]).start();
    running.write("x\n");
    running.wait_stdout(format!("[{}] a:x\n", good.address));
    running.terminate();
    let run = multi("--timeout 300ms", &[dead.address(), good.address]).input("x\n").run();
    assert_eq!(run.code, 4, "{run}");
    assert_eq!(run.text(), format!("[{}] a:x\n", good.address), "{run}");
    assert_eq!(run.error("timeout").text("op"), "connect", "{run}");
    let run = multi("--timeout 300ms", &[dead.address()]).run();
    assert_eq!(run.code, 1, "all failed, a deadline or not: {run}");
}

#[test]
fn a_reset_is_a_failure_and_what_came_before_it_is_printed() {
    let (good, door) = (Answerer::start("a"), Door::open());
    let running = multi("", &[door.address(), good.address]).input("x\n").start();
    let mut client = door.accept();
    assert_eq!(client.receive_line(), "x\n");
    client.send("whole\nhalf");
    running.wait_stdout("whole\n");
    client.reset();
    let run = running.finish();
    assert_eq!(run.code, 4, "{run}");
    assert_eq!(run.error("reset")["op"], "recv", "{run}");
    let mut expected = [
        format!("[{}] whole", door.address()),
        format!("[{}] half", door.address()),
        format!("[{}] a:x", good.address),
    ];
    expected.sort();
    assert_eq!(sorted(run.text()), expected, "{run}");
    let gone = outcomes(&run, "disconnected");
    assert!(gone.iter().any(|e| e.text("text").contains("reset")), "{run}");
}

#[test]
fn a_reset_after_the_targets_fin_is_a_failure_too() {
    let door = Door::open();
    let mut running = multi("", &[door.address()]).start();
    let client = door.accept();
    client.half_close();
    running.wait_for("CLOSE-WAIT", |e| e.enters("CLOSE-WAIT"));
    client.reset();
    running.try_write("lost\n");
    let run = running.finish();
    assert_eq!(run.code, 1, "{run}");
    run.error("reset");
}

#[test]
fn lines_of_many_never_tear() {
    const LINES: usize = 300;
    let doors: Vec<Door> = (0..12).map(|_| Door::open()).collect();
    let targets: Vec<SocketAddr> = doors.iter().map(Door::address).collect();
    let running = multi("", &targets).start();
    let talkers: Vec<_> = doors
        .iter()
        .zip("abcdefghijkl".chars())
        .map(|(door, letter)| {
            let mut client = door.accept();
            thread::spawn(move || {
                let lines: String =
                    (0..LINES).map(|i| letter.to_string().repeat(i % 90 + 1) + "\n").collect();
                // Seven bytes cut lines in every way.
                for part in lines.as_bytes().chunks(7) {
                    client.send(part);
                }
                client.half_close();
                client.receive_all();
            })
        })
        .collect();
    let run = running.close_and_finish();
    for talker in talkers {
        talker.join().expect("a talker");
    }
    assert_eq!(run.code, 0, "{run}");
    for (target, letter) in targets.iter().zip("abcdefghijkl".chars()) {
        let tag = format!("[{target}] ");
        let lines: Vec<&str> = run.text().lines().filter_map(|l| l.strip_prefix(&tag)).collect();
        let expected: Vec<String> = (0..LINES).map(|i| letter.to_string().repeat(i % 90 + 1)).collect();
        assert_eq!(lines, expected, "of {letter}");
    }
    assert_eq!(run.text().lines().count(), LINES * 12);
}

/// What the kernel and the program do not have room for, from a thread, once everything was asked.
fn answer_from_a_thread(door: &Door, bytes: Vec<u8>) -> thread::JoinHandle<()> {
    let mut client = door.accept();
    thread::spawn(move || {
        client.receive_all();
        client.send(bytes);
    })
}

#[test]
fn a_line_of_a_mebibyte_is_whole_and_a_longer_one_is_told() {
    for (length, pieces) in [(70_000, 1), (1 << 20, 1), ((1 << 20) + 1, 2), (5 << 20, 5)] {
        let door = Door::open();
        let running = multi("", &[door.address()]).input("").start();
        let sending = answer_from_a_thread(&door, [&vec![b'q'; length][..], b"\nnext\n"].concat());
        let run = running.finish();
        sending.join().expect("a sender");
        let tag = format!("[{}] ", door.address());
        let mut lines: Vec<&str> = run.text().lines().filter_map(|line| line.strip_prefix(&tag)).collect();
        assert_eq!(lines.pop(), Some("next"));
        assert_eq!(lines.len(), pieces, "of {length}");
        assert_eq!(lines.concat(), "q".repeat(length));
        let warnings: Vec<&str> = run.named("warning").map(|e| e.text("text")).collect();
        assert_eq!(warnings.len(), usize::from(pieces > 1), "one for a line: {warnings:?}");
        assert!(warnings.iter().all(|w| w.contains("1048576") && w.contains(&door.address().to_string())));
    }
}

#[test]
fn a_long_line_is_one_answer_and_nothing_comes_between_its_pieces() {
    let (big, small) = (Door::open(), Answerer::start("a"));
    let running = multi("--ordered=20s", &[big.address(), small.address]).input("one\ntwo\n").start();
    let mut client = big.accept();
    let talking = thread::spawn(move || {
        assert_eq!(client.receive_line() + &client.receive_line(), "one\ntwo\n");
        for letter in ["b", "c"] {
            client.send(letter.repeat(3 << 20) + "\n");
        }
        client.half_close();
    });
    let run = running.finish();
    talking.join().expect("a server");
    let (b, s) = (format!("[{}] ", big.address()), format!("[{}] a:", small.address));
    let said: String = run
        .text()
        .lines()
        .map(|line| match (line.strip_prefix(&b), line.strip_prefix(&s)) {
            (Some(piece), _) => &piece[..1],
            (_, Some(answer)) => answer,
            _ => panic!("{line:.60}"),
        })
        .collect();
    assert_eq!(said, "bbboneccctwo");
    assert_eq!(run.code, 0);
}

#[test]
fn long_lines_of_many_are_whole_in_bounded_memory() {
    const LENGTH: usize = 1 << 20;
    for flags in ["", "--ordered=20s"] {
        let doors: Vec<Door> = (0..100).map(|_| Door::open()).collect();
        let targets: Vec<SocketAddr> = doors.iter().map(Door::address).collect();
        let running = multi(flags, &targets).input("x\n").start();
        let pid = running.pid();
        let memory = thread::spawn(move || peak_memory(pid));
        let sending: Vec<_> = doors
            .iter()
            .map(|door| answer_from_a_thread(door, [&vec![b'q'; LENGTH][..], b"\n"].concat()))
            .collect();
        let run = running.finish();
        for one in sending {
            one.join().expect("a sender");
        }
        assert_eq!(run.code, 0, "{flags}");
        let tags: Vec<&str> =
            run.text().lines().filter_map(|line| line.split_once(' ')).map(|l| l.0).collect();
        let mut expected: Vec<String> = targets.iter().map(|target| format!("[{target}]")).collect();
        let in_order = tags == expected;
        assert!(in_order || flags.is_empty(), "{tags:?} is not {expected:?}");
        expected.sort();
        let mut tags = tags;
        tags.sort_unstable();
        assert_eq!(tags, expected, "{flags}: one whole line of each");
        assert_eq!(run.named("warning").count(), 0, "{flags}");
        let peak = memory.join().expect("a watcher");
        assert!((1..64 << 10).contains(&peak), "{flags}: {peak} KiB in memory");
    }
}

#[test]
fn long_lines_that_stop_halfway_do_not_stop_those_of_others() {
    let doors: Vec<Door> = (0..9).map(|_| Door::open()).collect();
    let targets: Vec<SocketAddr> = doors.iter().map(Door::address).collect();
    let running = multi("", &targets).start();
    let mut halfway: Vec<_> = doors[..8].iter().map(Door::accept).collect();
    for client in &mut halfway {
        client.send(vec![b'h'; 200_000]);
    }
    let mut whole = doors[8].accept();
    whole.send([&vec![b'w'; 200_000][..], b"\n"].concat());
    running.wait_stdout(format!("{}\n", "w".repeat(200_000)));
    let warning = running.wait_for("a warning", |e| e.is("warning") && e["kind"] == "data");
    assert!(warning.text("text").contains("slowly"), "{warning}");
    drop((halfway, whole));
    running.close_and_finish();
}

#[test]
fn a_long_line_that_is_typed_is_passed_on_before_its_end() {
    let door = Door::open();
    let mut running = multi("", &[door.address()]).start();
    let mut client = door.accept();
    running.write(vec![b'x'; 100_000]);
    assert!(client.receive(64 << 10).iter().all(|byte| *byte == b'x'));
    running.write("\n");
    running.close_input();
    assert_eq!(client.receive_all().len(), 100_001 - (64 << 10));
    drop(client);
    running.finish();
}

#[test]
fn without_prefix_lines_are_still_whole() {
    let (one, other) = (Door::open(), Door::open());
    let mut running = multi("--no-prefix", &[one.address(), other.address()]).start();
    let (mut a, mut b) = (one.accept(), other.accept());
    a.send("aaa");
    b.send("b\n");
    running.wait_stdout("b\n");
    a.send("AAA\n");
    running.wait_stdout("aaaAAA\n");
    running.close_input();
    drop((a, b));
    let run = running.finish();
    assert_eq!(run.text(), "b\naaaAAA\n", "{run}");
}

/// Both ends of a terminal nobody looks at.
fn terminal() -> (std::fs::File, std::fs::File) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&screen).and_then(|()| unlockpt(&screen)).expect("its other end");
    let name = ptsname(&screen, Vec::new()).expect("its name").into_string().expect("a path");
    let inside = std::fs::File::options().read(true).write(true).open(name).expect("its other end");
    (screen.into(), inside)
}

#[test]
fn hostile_text_is_visible_on_a_terminal_and_raw_in_a_pipe() {
    let hostile = b"\x1b[2Jh\xc3\xb6flich\x07 \xe2\x80\xae.\n";
    let door = Door::open();
    let (screen, inside) = terminal();
    let running = multi("--color never", &[door.address()]).stdout(inside).start();
    let mut client = door.accept();
    client.send(hostile);
    let mut shown = String::new();
    BufReader::new(screen).read_line(&mut shown).expect("a line on the screen");
    let tag = format!("[{}] ", door.address());
    assert_eq!(shown, format!("{tag}\u{241b}[2Jhöflich\u{2407} \\u{{202e}}.\r\n"));
    drop(client);
    running.close_and_finish();
    let running = multi("", &[door.address()]).input("").start();
    let mut client = door.accept();
    client.send(hostile);
    drop(client);
    assert_eq!(running.finish().stdout, [tag.as_bytes(), hostile].concat());
}

#[test]
fn lines_typed_on_a_terminal_reach_those_who_are_left() {
    let (leaving, staying) = (Door::open(), Answerer::start("a"));
    let (mut keyboard, inside) = terminal();
    let running = multi("", &[leaving.address(), staying.address]).stdin(inside).start();
    keyboard.write_all(b"one\n").expect("typing");
    let mut client = leaving.accept();
    assert_eq!(client.receive_line(), "one\n");
    drop(client);
    running.wait_for("the end of one", |e| e["outcome"] == "disconnected");
    keyboard.write_all(b"two\n").expect("typing");
    running.wait_stdout(format!("[{}] a:two\n", staying.address));
    // Ctrl-D on an empty line.
    keyboard.write_all(b"\x04").expect("typing");
    let run = running.finish();
    assert_eq!(run.code, 0, "{run}");
}

#[test]
fn empty_input_connects_and_reads_to_the_end() {
    let door = Door::open();
    let running = multi("", &[door.address()]).stdin(std::process::Stdio::null()).start();
    let mut client = door.accept();
    assert_eq!(client.receive_all(), b"", "FIN comes at once");
    client.send("still here\n");
    drop(client);
    let run = running.finish();
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(run.text(), format!("[{}] still here\n", door.address()));
}

#[test]
fn the_end_of_input_is_treated_as_asked() {
    let door = Door::open();
    let run = thread::scope(|scope| {
        let kept = scope.spawn(|| {
            let mut client = door.accept();
            assert_eq!(client.receive_line(), "x\n");
            client.send("kept\n");
            drop(client);
            let mut client = door.accept();
            assert_eq!(client.receive_all(), b"x\n");
            client.receive_all();
        });
        let run = multi("--on-eof keep", &[door.address()]).input("x\n").run();
        assert_eq!(run.code, 0, "{run}");
        assert_eq!(run.text(), format!("[{}] kept\n", door.address()), "{run}");
        let run = multi("--on-eof close", &[door.address()]).input("x\n").run();
        kept.join().expect("the server");
        run
    });
    assert_eq!((run.code, run.text()), (0, ""), "{run}");
}

#[test]
fn waiting_is_bounded_after_the_end_of_input_and_in_silence() {
    for (flags, words) in
        [("--eof-wait 200ms", "--eof-wait"), ("--idle-timeout 200ms --on-eof keep", "idle timeout")]
    {
        let door = Door::open();
        let running = multi(flags, &[door.address()]).input("x\n").start();
        let client = door.accept();
        let run = running.finish();
        drop(client);
        assert_eq!(run.code, 3, "{run}");
        assert!(run.error("timeout").text("text").contains(words), "{run}");
    }
}

#[test]
fn signals_close_in_order_and_print_what_is_there() {
    let door = Door::open();
    let running = multi("", &[door.address()]).start();
    let mut client = door.accept();
    client.send("whole\nhalf");
    running.wait_stdout("whole\n");
    running.signal(Signal::INT);
    assert_eq!(client.receive_all(), b"", "FIN, not RST");
    drop(client);
    let run = running.finish();
    assert_eq!(run.code, 130, "{run}");
    let tag = format!("[{}] ", door.address());
    assert!(run.text().starts_with(&format!("{tag}whole\n")), "{run}");
    let running = multi("--reconnect", &[door.address(), refusing_port().address()]).start();
    let client = door.accept();
    running.terminate();
    drop(client);
}

#[test]
fn a_reader_of_stdout_that_leaves_is_a_quiet_end() {
    let server = Answerer::start("a");
    let running = multi("", &[server.address]).shell(r#""$@" | head -n 1"#).start();
    let mut stdin = running.stdin.as_ref().expect("a pipe");
    let until = Instant::now() + DEADLINE;
    // Whether it is told by the second line or a later one, the program ends and reads no more.
    while stdin.write_all(b"x\n").is_ok() {
        assert!(Instant::now() < until, "it goes on though nobody reads");
    }
    let run = running.finish();
    assert_eq!(run.text(), format!("[{}] a:x\n", server.address), "{run}");
    assert_eq!(run.named("error").count(), 0, "{run}");
}

#[test]
fn a_target_that_never_reads_is_let_go_and_costs_bounded_memory() {
    const LINES: usize = 1_200_000;
    let (stuck, good) = (Door::narrow(), Answerer::start("a"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let input = folder.path().join("input");
    let text: String = (0..LINES).fold(String::new(), |mut text, i| {
        let _ = writeln!(text, "this is line number {i:09}");
        text
    });
    std::fs::write(&input, &text).expect("a file");
    let running = multi("-w 5s", &[stuck.address(), good.address])
        .stdin(std::fs::File::open(&input).expect("a file"))
        .deadline(Duration::from_mins(2))
        .start();
    let mut stalled = stuck.accept();
    let pid = running.pid();
    let memory = thread::spawn(move || peak_memory(pid));
    let run = running.finish();
    stalled.expect_reset();
    assert_eq!(run.code, 4, "{run}");
    assert!(run.error("data").text("text").contains("too slowly"), "{run}");
    let tag = format!("[{}] a:", good.address);
    let mut answers = run.text().lines();
    assert!(
        text.lines().all(|line| answers.next().and_then(|l| l.strip_prefix(&tag)) == Some(line)),
        "the other one has every line"
    );
    let peak = memory.join().expect("a watcher");
    assert!(peak < 64 << 10, "{peak} KiB in memory");
}

#[test]
fn a_target_that_is_slow_but_reads_is_waited_for() {
    const LENGTH: usize = 32 << 20;
    let doors = [Door::open(), Door::open()];
    let text = "0123456789abcde\n".repeat(LENGTH / 16);
    let running = multi("", &doors.each_ref().map(Door::address)).input(&text).deadline(DEADLINE * 3).start();
    let [mut slow, mut fast] = doors.each_ref().map(Door::accept);
    let fast = thread::spawn(move || fast.receive_all().len());
    let mut taken = 0;
    while taken < LENGTH {
        // Four mebibytes a second, when a fourth of that is enough to stay.
        taken += slow.receive((LENGTH - taken).min(400 << 10)).len();
        pause(Duration::from_millis(100));
    }
    assert_eq!(fast.join().expect("a reader"), LENGTH);
    drop(slow);
    let run = running.finish();
    assert_eq!((run.code, run.named("error").count()), (0, 0), "{run}");
}

#[test]
fn what_nobody_reads_from_stdout_costs_bounded_memory() {
    let doors = [Door::open(), Door::open(), Door::open()];
    let targets: Vec<SocketAddr> = doors.iter().map(Door::address).collect();
    let (unread, stdout) = std::io::pipe().expect("a pipe");
    let running = multi("", &targets).stdout(stdout).start();
    let pid = running.pid();
    let memory = thread::spawn(move || peak_memory(pid));
    let flood = b"flood line\n".repeat(10_000);
    let clients: Vec<_> = doors.iter().map(Door::accept).collect();
    for client in &clients {
        let mut stream = client.stream();
        stream.set_write_timeout(Some(Duration::from_millis(500))).expect("a time limit");
        // Until nothing more is taken: buffers everywhere are full.
        while stream.write_all(&flood).is_ok() {}
    }
    drop(unread);
    running.close_and_finish();
    let peak = memory.join().expect("a watcher");
    assert!((1..32 << 10).contains(&peak), "{peak} KiB in memory");
}

/// The most memory a process held while it lived, KiB.
#[allow(clippy::disallowed_methods)] // a sample now and then
fn peak_memory(pid: u32) -> u64 {
    let mut peak = 0;
    while let Ok(status) = std::fs::read_to_string(format!("/proc/{pid}/status")) {
        let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
        let Some(now) = line.and_then(|l| l.trim().strip_suffix(" kB")?.parse().ok()) else { break };
        peak = now;
        thread::sleep(Duration::from_millis(20));
    }
    peak
}

#[test]
fn a_lone_slow_target_is_waited_for() {
    let door = Door::narrow();
    let text = "0123456789abcde\n".repeat(600_000);
    let running = multi("", &[door.address()]).input(&text).start();
    let mut client = door.accept();
    // It stalls for longer than a target that holds others up may, then takes everything.
    #[allow(clippy::disallowed_methods)]
    thread::sleep(Duration::from_millis(1500));
    assert_eq!(client.receive_all().len(), text.len());
    drop(client);
    let run = running.finish();
    assert_eq!(run.code, 0, "{run}");
}

#[test]
fn a_target_that_is_not_there_yet_gets_what_was_typed_meanwhile() {
    let (good, late) = (Answerer::start("a"), refusing_port());
    let target = late.address();
    let mut running = multi("--reconnect", &[target, good.address]).start();
    running.write("one\ntwo\n");
    running.wait_stdout(format!("[{}] a:two\n", good.address));
    running.wait_for("a failure", |e| e.is("warning") && e["kind"] == "refused");
    running.wait_for("a further one", |e| e.is("target") && e["attempt"].is_u64());
    let door = late.open();
    let mut client = door.accept();
    assert_eq!(client.receive_line() + &client.receive_line(), "one\ntwo\n");
    running.write("three\n");
    running.close_input();
    assert_eq!(client.receive_all(), b"three\n");
    client.send("bye\n");
    drop(client);
    let run = running.finish();
    assert_eq!(run.code, 0, "{run}");
    assert!(run.text().contains(&format!("[{target}] bye\n")), "{run}");
    assert_eq!(run.named("error").count(), 0, "what was overcome is no error: {run}");
}

#[test]
fn attempts_that_fail_again_are_told_once_a_second_for_all_targets() {
    let (first, second) = (refusing_port(), refusing_port());
    let running = multi("--reconnect", &[first.address(), second.address()]).start();
    running.wait_for_many("attempts", 2, |e| e.is("target") && e["attempt"].is_u64());
    running.signal(Signal::TERM);
    let run = running.finish();
    for target in [first.address(), second.address()] {
        let its = |e: &&Event| e["target"] == target.to_string() && e["attempt"].is_null();
        assert_eq!(run.named("target").filter(its).count(), 1, "the first failure of each: {run}");
    }
    assert_eq!(run.named("warning").count(), 2, "{run}");
    assert_eq!(run.named("state").count(), 4, "states of the first attempts alone: {run}");
    let times: Vec<jiff::Timestamp> = run
        .named("target")
        .filter(|e| e["attempt"].is_u64())
        .map(|e| e.text("ts").parse().expect("a time"))
        .collect();
    for pair in times.windows(2) {
        assert!(pair[0].duration_until(pair[1]).as_millis() >= 990, "{run}");
    }
}

#[test]
fn input_that_ended_with_nothing_to_send_ends_the_attempts() {
    let (dead, good) = (refusing_port(), Answerer::start("a"));
    let run = multi("--reconnect", &[dead.address()]).input("").run();
    assert_eq!(run.code, 1, "{run}");
    assert_eq!(run.error("refused")["errno"], "ECONNREFUSED", "{run}");
    let run = multi("--reconnect", &[dead.address(), good.address]).input("").run();
    assert_eq!(run.code, 4, "{run}");
    let mut running = multi("--reconnect", &[dead.address()]).start();
    running.wait_for("a failure", |e| e.is("warning"));
    running.close_input();
    assert_eq!(running.finish().code, 1);
}

#[test]
fn a_target_that_comes_back_begins_with_a_whole_line() {
    let door = Door::narrow();
    let line = |i: usize| format!("line {i:06}\n");
    let text: String = (0..150_000).map(line).collect();
    let running = multi("--reconnect", &[door.address()]).input(&text).start();
    let mut client = door.accept();
    client.receive(4000);
    client.reset();
    let mut client = door.accept();
    let rest = String::from_utf8(client.receive_all()).expect("text");
    drop(client);
    let run = running.finish();
    assert_eq!(run.code, 0, "{run}");
    assert!(rest.starts_with("line ") && text.ends_with(&rest), "a whole line, then every other: {rest:.40}");
    assert_eq!(outcomes(&run, "connected").len(), 2, "{run}");
    assert_eq!(run.event("warning")["kind"], "reset", "{run}");
}

#[test]
fn a_target_that_closes_is_connected_again_until_the_input_ends() {
    let door = Door::open();
    let mut running = multi("--reconnect", &[door.address()]).start();
    for round in ["one\n", "two\n"] {
        let mut client = door.accept();
        running.write(round);
        assert_eq!(client.receive_line(), round);
        client.send(round);
        drop(client);
        running.wait_stdout(round);
    }
    let mut client = door.accept();
    running.close_input();
    assert_eq!(client.receive_all(), b"");
    drop(client);
    let run = running.finish();
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(outcomes(&run, "disconnected").len(), 3, "{run}");
}

#[test]
fn lines_too_many_for_a_target_that_is_down_are_dropped_and_told() {
    let (good, late) = (Answerer::start("a"), refusing_port());
    let target = late.address();
    let running = multi("--reconnect --no-prefix", &[target, good.address]).start();
    // Of these a fifth is more than is kept for it.
    let lines = 250_000;
    let text: String = (0..lines).fold(String::new(), |mut text, i| {
        let _ = writeln!(text, "line number {i:09}");
        text
    });
    let mut stdin = running.stdin.as_ref().expect("a pipe");
    stdin.write_all(text.as_bytes()).expect("the program reads");
    running.wait_stdout(format!("line number {:09}\n", lines - 1));
    let door = late.open();
    let client = door.accept();
    let mut got = Vec::new();
    client.stream().take(1 << 20).read_to_end(&mut got).expect("the kept part");
    let got = String::from_utf8(got).expect("text");
    assert!(got.starts_with("line number "), "a whole line: {got:.40}");
    let first: u64 = got.lines().next().and_then(|l| l[12..].parse().ok()).expect("a number");
    let warning = running.wait_for("a warning", |e| e.is("warning") && e["kind"] == "data");
    assert!(warning.text("text").contains(&format!("{first} lines")), "{warning}, first {first}");
    drop(running);
}

#[test]
fn giving_up_is_bounded_with_reconnect_too() {
    let bad = refusing_port();
    let run = multi("--reconnect --timeout 700ms", &[bad.address()]).input("x\n").run();
    assert_eq!(run.code, 1, "{run}");
    assert_eq!(run.error("refused")["errno"], "ECONNREFUSED", "{run}");
    assert_eq!(run.named("warning").count(), 1, "{run}");
}

#[test]
fn a_target_is_not_given_up_before_its_time() {
    let late = refusing_port();
    let target = late.address();
    let running = multi("--reconnect --timeout 5s", &[target]).input("x\n").start();
    // Waits double from 100 ms: before the sixth attempt at most 3.1 s are gone, and the next wait may pass the 5 s.
    running.wait_for("attempts", |e| e.is("target") && e["attempt"].as_u64() >= Some(5));
    let door = late.open();
    let mut client = door.accept();
    assert_eq!(client.receive_all(), b"x\n");
    drop(client);
    let run = running.finish();
    assert_eq!(run.code, 0, "{run}");
    let bad = refusing_port();
    let began = Instant::now();
    let run = multi("--reconnect --timeout 900ms", &[bad.address()]).input("x\n").run();
    assert!(began.elapsed() >= Duration::from_millis(900), "given up after {:?}: {run}", began.elapsed());
    assert_eq!(run.error("refused")["errno"], "ECONNREFUSED", "{run}");
}

#[test]
fn answers_come_in_the_order_of_the_targets() {
    let slow = Answerer::pausing("slow", Duration::from_millis(150));
    let fast = Answerer::start("fast");
    let dead = refusing_port();
    let run = multi("--ordered", &[slow.address, dead.address(), fast.address]).input("1\n2\nlast").run();
    assert_eq!(run.code, 4, "{run}");
    let expected: String = ["1", "2", "last"]
        .map(|n| format!("[{}] slow:{n}\n[{}] fast:{n}\n", slow.address, fast.address))
        .concat();
    assert_eq!(run.text(), expected, "{run}");
}

#[test]
fn a_silent_target_holds_the_order_up_once() {
    let (silent, fast) = (Door::open(), Answerer::start("fast"));
    let mut running = multi("--ordered=1s", &[silent.address(), fast.address]).start();
    let mut client = silent.accept();
    let began = Instant::now();
    running.write("1\n");
    running.wait_stdout("fast:1\n");
    assert!(began.elapsed() >= Duration::from_secs(1), "it was waited for");
    // And then not any more: a second for each of these would take longer than any test may.
    for number in 2..40 {
        running.write(format!("{number}\n"));
        running.wait_stdout(format!("fast:{number}\n"));
    }
    client.send("late 1\n");
    running.wait_stdout(format!("[{}] late 1\n", silent.address()));
    running.close_input();
    client.receive_all();
    drop(client);
    assert_eq!(running.finish().code, 0);
}

#[test]
fn a_thousand_connections_answer_one_line() {
    let server = soquete("listen -k --echo 127.0.0.1:0").start();
    let target = server.address();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let list = folder.path().join("targets");
    std::fs::write(&list, format!("{target}\n").repeat(1000)).expect("a file");
    let run = soquete("-q multi-connect --targets").arg(&list).input("hello\n").human().run();
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(run.text(), format!("[{target}] hello\n").repeat(1000));
    server.terminate();
}

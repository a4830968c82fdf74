//! `demo`: what both ends say, in the order of cause and effect.

mod support;

use rustix::process::Signal;
use std::collections::HashMap;
use support::{Run, soquete};

const LESSONS: &[&str] =
    &["tcp", "udp", "chat", "many", "refused", "half-close", "reset", "time-wait", "backlog"];

/// What goes to standard output, addresses and times left out.
fn lines(run: &Run) -> Vec<String> {
    let text = |line: &str| line.rsplit("] ").next().unwrap_or_default().to_owned();
    run.text().lines().map(text).collect()
}

#[test]
fn quiet_leaves_what_is_said_and_the_socket_table() {
    for (lesson, said) in [
        ("tcp", &["Hello, world", "PROTO", "LISTEN", "TIME-WAIT"][..]),
        ("udp", &["Hello, datagram", "no socket has"]),
        ("chat", &[": Hello, room", ": Hello to you"]),
        ("many", &["HELLO, SERVERS", "HELLO, SERVERS", "HELLO, SERVERS"]),
    ] {
        let run = soquete(&format!("-q demo {lesson}")).human().run();
        assert_eq!(run.code, 0, "{run}");
        let mut lines = lines(&run);
        let others = lines.pop().expect("there is a last line");
        assert!(others.starts_with("Other lessons of soquete demo: "), "{run}");
        assert!(others.ends_with(", all") && !others.contains(&format!(" {lesson},")), "{run}");
        assert_eq!(lines.len(), said.len(), "{run}");
        assert!(lines.iter().zip(said).all(|(line, said)| line.contains(said)), "{run}");
        assert_eq!(run.stderr, "", "{run}");
    }
}

#[test]
fn the_first_lesson_is_shown_where_none_is_named_and_an_unknown_one_lists_them() {
    let run = soquete("-q demo").human().run();
    assert_eq!((run.code, lines(&run)[0].as_str()), (0, "Hello, world"), "{run}");
    let run = soquete("demo nonsense").human().run();
    assert_eq!(run.code, 2, "{run}");
    assert!(LESSONS.iter().all(|lesson| run.stderr.contains(lesson)), "{run}");
    let run = soquete("demo udp --json").run();
    assert_eq!(run.code, 0, "{run}");
    assert!(run.text().lines().all(|line| line.starts_with('{')), "{run}");
}

#[test]
fn all_lessons_come_in_turn_under_their_titles() {
    let run = soquete("-q demo all").human().run();
    assert_eq!(run.code, 0, "{run}");
    let text = run.text();
    let titles: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("Lesson ")?.split(':').next()).collect();
    assert_eq!(titles, LESSONS, "{run}");
}

#[test]
fn an_effect_follows_its_cause_at_the_other_end() {
    for (lesson, clients) in [("tcp", 1), ("chat", 2), ("many", 3)] {
        in_order(&soquete(&format!("demo {lesson}")).run(), clients);
    }
}

fn in_order(run: &Run, expected: usize) {
    assert_eq!(run.code, 0, "{run}");
    let mut entered: HashMap<(&str, &str, &str), usize> = HashMap::new();
    for (at, event) in
        run.named("state").enumerate().filter(|(_, e)| e["proto"] == "tcp" && e["peer"].is_string())
    {
        let text = |name: &str| event[name].as_str().expect("it is a text");
        entered.insert((text("local"), text("peer"), text("to")), at);
    }
    let clients: Vec<_> = entered.keys().filter(|(.., to)| *to == "SYN-SENT").copied().collect();
    assert_eq!(clients.len(), expected, "{run}");
    for (local, peer, _) in clients {
        let (client, server) = (|to| entered[&(local, peer, to)], |to| entered[&(peer, local, to)]);
        let order = [
            client("SYN-SENT"),
            server("SYN-RECEIVED"),
            client("ESTABLISHED"),
            server("ESTABLISHED"),
            client("FIN-WAIT-1"),
            server("CLOSE-WAIT"),
            client("FIN-WAIT-2"),
            client("TIME-WAIT"),
            server("CLOSED"),
        ];
        assert!(order.is_sorted(), "{order:?}: {run}");
        assert!(server("LAST-ACK") < client("TIME-WAIT"), "{run}");
    }
    let times: Vec<&str> = run.named("state").filter_map(|e| e["ts"].as_str()).collect();
    assert!(times.is_sorted(), "{times:?}");
}

/// The states that the ends of a lesson enter, in order: one word for each, of a listener, a server's end or a client's.
fn entered(lesson: &str) -> (Run, Vec<String>) {
    let run = soquete(&format!("demo {lesson}")).run();
    assert_eq!(run.code, 0, "{run}");
    let states = run.named("state").map(|e| {
        let text = |name: &str| e[name].as_str().expect("it is a text");
        let end = if e["peer"].is_string() || text("role") == "client" { text("role") } else { "listener" };
        format!("{end} {}", text("to"))
    });
    let states = states.collect();
    (run, states)
}

const HANDSHAKE: [&str; 5] =
    ["listener LISTEN", "client SYN-SENT", "server SYN-RECEIVED", "client ESTABLISHED", "server ESTABLISHED"];

fn close(first: &str, last: &str) -> Vec<String> {
    let states = [(first, "FIN-WAIT-1"), (last, "CLOSE-WAIT"), (first, "FIN-WAIT-2"), (last, "LAST-ACK")];
    let ends = [(first, "TIME-WAIT"), (last, "CLOSED")];
    states.into_iter().chain(ends).map(|(end, state)| format!("{end} {state}")).collect()
}

#[test]
fn datagrams_need_no_handshake_and_get_no_goodbye() {
    let (run, states) = entered("udp");
    let client = ["client UNCONNECTED", "client CONNECTED", "client CLOSED"];
    // The second client asks a port that no socket has.
    let expected = [&["listener UNCONNECTED"][..], &client, &["listener CLOSED"], &client].concat();
    assert_eq!(states, expected, "{run}");
}

#[test]
fn a_refused_client_is_all_there_is() {
    let (run, states) = entered("refused");
    assert_eq!(states, ["client SYN-SENT", "client CLOSED"], "{run}");
    assert_eq!(run.named("state").last().expect("a state")["op"], "refused", "{run}");
}

#[test]
fn an_answer_comes_after_the_question_is_over() {
    let (run, mut states) = entered("half-close");
    states.retain(|state| state != "listener CLOSED");
    assert_eq!(states[..5], HANDSHAKE, "{run}");
    assert_eq!(states[5..], close("client", "server"), "{run}");
    let run = soquete("-q demo half-close").human().run();
    assert_eq!((run.code, lines(&run)[0].as_str()), (0, "A late answer"), "{run}");
}

#[test]
fn a_reset_ends_both_at_once_and_leaves_nothing() {
    let (run, states) = entered("reset");
    assert_eq!(states[..5], HANDSHAKE, "{run}");
    assert_eq!(states[5..], ["client CLOSED", "server CLOSED", "listener CLOSED"], "{run}");
    assert!(run.named("state").any(|e| e["op"] == "reset-received"), "{run}");
    assert!(!run.text().contains("TIME-WAIT") && run.text().contains("LISTEN"), "{run}");
}

#[test]
fn who_closes_first_keeps_the_port() {
    let (run, mut states) = entered("time-wait");
    states.retain(|state| state != "listener CLOSED");
    let (one, other) = states.split_at(11);
    assert_eq!(
        (&one[..5], &other[..5]),
        (&HANDSHAKE.map(String::from)[..], &HANDSHAKE.map(String::from)[..])
    );
    assert_eq!((&one[5..], &other[5..]), (&*close("client", "server"), &*close("server", "client")), "{run}");
    let ports: Vec<u64> = run
        .named("listening")
        .filter_map(|e| e["local"].as_str()?.rsplit(':').next()?.parse().ok())
        .collect();
    let text = run.text();
    let rows: Vec<&str> = text.lines().filter(|line| line.contains("TIME-WAIT")).collect();
    assert_eq!((rows.len(), ports.len()), (2, 2), "{run}");
    for (row, end, port) in [(rows[0], "peer", ports[0]), (rows[1], "local", ports[1])] {
        assert!(row.contains(&format!("\"{end}\":\"127.0.0.1:{port}\"")), "{run}");
    }
}

#[test]
fn a_full_queue_leaves_the_next_client_without_an_answer() {
    let (run, states) = entered("backlog");
    let served = ["client SYN-SENT", "client ESTABLISHED"];
    let expected = [&["listener LISTEN"][..], &served, &served, &["client SYN-SENT", "client CLOSED"]];
    let end = ["listener CLOSED", "client CLOSED", "client CLOSED"];
    assert_eq!(states, [expected.concat().as_slice(), &end].concat(), "{run}");
    let run = soquete("-q demo backlog").human().run();
    assert!(run.text().contains("accept queue 2/1") && run.text().contains("SYN-SENT"), "{run}");
}

#[test]
fn a_signal_ends_it_in_order() {
    let demo = soquete("demo").start();
    demo.wait_for("a connection", |e| e.is("state") && e.enters("ESTABLISHED"));
    demo.signal(Signal::INT);
    let run = demo.finish();
    assert_eq!(run.code, 130, "{run}");
    assert_eq!(run.event("exit")["code"], 130, "{run}");
    for listener in run.named("listening") {
        let closed = |e: &&support::Event| e["conn"] == listener["conn"] && e.enters("CLOSED");
        assert!(run.named("state").any(|e| closed(&e)), "{run}");
    }
}

#[test]
fn a_machine_that_says_no_is_said_to() {
    let run = soquete("-q demo").human().shell("ulimit -n 12; exec \"$@\"").run();
    assert_eq!(run.code, 5, "{run}");
    assert!(run.stderr.contains("Too many open files"), "{run}");
}

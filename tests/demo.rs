//! `demo`: what both ends say, in the order of cause and effect.

mod support;

use rustix::process::Signal;
use std::collections::HashMap;
use support::{Run, soquete};

const LESSONS: &[&str] = &["tcp", "udp", "chat", "many"];

/// What goes to standard output, addresses and times left out.
fn lines(run: &Run) -> Vec<String> {
    let text = |line: &str| line.rsplit("] ").next().unwrap_or_default().to_owned();
    run.text().lines().map(text).collect()
}

#[test]
fn what_is_said_comes_in_order_with_and_without_events() {
    for (lesson, said) in [
        ("tcp", &["Hello, world", "PROTO", "LISTEN", "TIME-WAIT"][..]),
        ("udp", &["Hello, datagram"]),
        ("chat", &[": Hello, room", ": Hello to you"]),
        ("many", &["HELLO, SERVERS", "HELLO, SERVERS", "HELLO, SERVERS"]),
    ] {
        for words in [format!("demo {lesson}"), format!("-q demo {lesson}")] {
            let run = soquete(&words).human().run();
            assert_eq!(run.code, 0, "{run}");
            let mut lines = lines(&run);
            let others = lines.pop().expect("there is a last line");
            assert!(others.starts_with("Other lessons of soquete demo: "), "{run}");
            assert!(others.ends_with(", all") && !others.contains(&format!(" {lesson},")), "{run}");
            assert_eq!(lines.len(), said.len(), "{run}");
            assert!(lines.iter().zip(said).all(|(line, said)| line.contains(said)), "{run}");
            assert_eq!(run.stderr.is_empty(), words.contains("-q"), "{run}");
        }
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

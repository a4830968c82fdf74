//! `soquete connect --check`, `--wait`, `--until-closed`, and the command that runs once the condition holds.

mod support;

use rustix::process::Signal;
use serde_json::Value;
use std::net::{Ipv6Addr, SocketAddr};
use support::sockets::{RefusingPort, SilentPort};
use support::*;

fn check(words: &str) -> Soquete {
    soquete(&format!("connect --check {words}"))
}

/// A try of a wait that was refused.
fn is_refusal(event: &Event) -> bool {
    event.is("target") && event["outcome"] == "closed" && event["attempt"].is_u64()
}

fn outcomes(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|r| r["outcome"].as_str().expect("an outcome")).collect()
}

#[test]
fn an_open_port_is_open_with_its_latency() {
    let door = Door::open();
    for flag in ["--check", "-z"] {
        let run = soquete(&format!("connect {flag} 127.0.0.1 {}", door.port())).run();
        assert_eq!(run.code, 0, "{run}");
        let rows = run.rows();
        assert_eq!(rows.len(), 1, "{run}");
        assert_eq!(rows[0]["host"], "127.0.0.1");
        assert_eq!(rows[0]["port"], door.port());
        assert_eq!(rows[0]["outcome"], "open");
        assert!(rows[0]["latency_us"].is_u64(), "{run}");
        let target = run.event("target");
        assert_eq!(target["outcome"], "open", "{run}");
    }
}

#[test]
fn a_closed_port_is_closed_and_none_is_one() {
    let port = refusing_port();
    let run = check(&port.address().to_string()).run();
    assert_eq!((run.code, outcomes(&run.rows())), (1, vec!["closed"]), "{run}");
}

#[test]
fn a_port_that_does_not_answer_is_filtered() {
    // By itself the kernel gives up after minutes.
    let port = SilentPort::open();
    let run = check(&format!("-w 300ms {}", port.address())).run();
    assert_eq!((run.code, outcomes(&run.rows())), (1, vec!["filtered"]), "{run}");
}

#[test]
fn some_open_is_four() {
    let (door, port) = (Door::open(), refusing_port());
    let run = check(&format!("127.0.0.1 {},{}", door.port(), port.port())).run();
    assert_eq!((run.code, outcomes(&run.rows())), (4, vec!["open", "closed"]), "{run}");
}

#[test]
fn rows_come_in_the_order_of_the_targets_whatever_answers_first() {
    let (door, silent, port) = (Door::open(), SilentPort::open(), refusing_port());
    let words = format!("-w 300ms 127.0.0.1 {},{},{}", silent.port(), port.port(), door.port());
    let run = check(&words).run();
    assert_eq!((run.code, outcomes(&run.rows())), (4, vec!["filtered", "closed", "open"]), "{run}");
    let ports: Vec<u64> = run.rows().iter().filter_map(|r| r["port"].as_u64()).collect();
    assert_eq!(ports, [silent.port(), port.port(), door.port()].map(u64::from), "{run}");
}

#[test]
fn hosts_and_ports_multiply() {
    let door = Door::open();
    let p = door.port();
    let run = check(&format!("127.0.0.1 127.0.0.2 {p},{p}")).run();
    let rows: Vec<String> = run.rows().iter().map(|r| format!("{} {}", r["host"], r["outcome"])).collect();
    let expected = ["127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.2"];
    for (row, host) in rows.iter().zip(expected) {
        assert!(row.contains(host), "{run}");
    }
    assert_eq!(rows.len(), 4, "{run}");
    let run = check(&format!("127.0.0.1:{p} localhost:{p}")).run();
    assert_eq!((run.code, outcomes(&run.rows())), (0, vec!["open", "open"]), "{run}");
}

#[test]
fn ranges_are_whole_and_in_order() {
    let run = check("127.0.0.1 1-300").run();
    let ports: Vec<u64> = run.rows().iter().filter_map(|r| r["port"].as_u64()).collect();
    assert_eq!(ports, (1..=300).collect::<Vec<_>>());
    assert_eq!(run.named("target").count(), 300);
}

#[test]
fn ports_are_checked_in_parallel() {
    // One after the other they would take longer than any test may.
    let silent: Vec<SilentPort> = (0..50).map(|_| SilentPort::open()).collect();
    let ports: Vec<String> = silent.iter().map(|s| s.port().to_string()).collect();
    let run = check(&format!("-w 500ms 127.0.0.1 {}", ports.join(","))).run();
    assert_eq!(outcomes(&run.rows()), vec!["filtered"; 50], "{run}");
}

#[test]
fn either_family_makes_a_name_open() {
    let door = Door::open();
    let run = check(&format!("localhost {}", door.port())).run();
    assert_eq!((run.code, outcomes(&run.rows())), (0, vec!["open"]), "{run}");
    assert_eq!(run.rows()[0]["address"], door.address().to_string(), "{run}");
    let run = check(&format!("-6 localhost {}", door.port())).run();
    assert_eq!((run.code, outcomes(&run.rows())), (1, vec!["closed"]), "{run}");
}

#[test]
fn a_name_is_closed_where_one_family_refuses_and_the_other_is_silent() {
    // A port that is free in both families, taken at random.
    let (port, _silent) = std::iter::repeat_with(|| {
        let port = refusing_port();
        let six = SocketAddr::new(Ipv6Addr::LOCALHOST.into(), port.port());
        Some((port, SilentPort::open_at(six)?))
    })
    .take(100)
    .find_map(|pair| pair)
    .expect("a port");
    let run = check(&format!("-w 300ms localhost {}", port.port())).run();
    assert_eq!((run.code, outcomes(&run.rows())), (1, vec!["closed"]), "{run}");
}

#[test]
fn a_network_without_a_way_there_is_filtered() {
    two_machines(|near, _| {
        let run = near.run(|| check("192.0.2.1 9").run());
        assert_eq!((run.code, outcomes(&run.rows())), (1, vec!["filtered"]), "{run}");
        assert_eq!(run.rows()[0]["reason"], "Network is unreachable", "{run}");
    });
}

#[test]
fn a_name_without_an_address_is_a_row_too() {
    let door = Door::open();
    let run = check(&format!("no-such-host.invalid:80 127.0.0.1:{}", door.port())).run();
    assert_eq!((run.code, outcomes(&run.rows())), (4, vec!["unresolved", "open"]), "{run}");
    let run = check("no-such-host.invalid 80").run();
    assert_eq!(run.code, 1, "{run}");
}

#[test]
fn people_get_a_table() {
    let (door, port) = (Door::open(), refusing_port());
    let words = format!("127.0.0.1 {},{}", door.port(), port.port());
    let run = check(&words).human().run();
    let lines: Vec<Vec<&str>> = run.text().lines().map(|l| l.split_whitespace().collect()).collect();
    assert_eq!(lines.len(), 2, "{run}");
    assert_eq!(lines[0][..2], [door.address().to_string().as_str(), "open"], "{run}");
    assert_eq!(lines[1][..2], [port.address().to_string().as_str(), "closed"], "{run}");
}

#[test]
fn wait_until_it_opens_then_run_a_command_whose_status_is_ours() {
    let port = refusing_port();
    let run = check(&format!("--wait 15s {} -- sh -c", port.address())).arg("echo started; exit 7").start();
    run.wait_for("a refusal", is_refusal);
    let _door = port.open();
    let run = run.finish();
    assert_eq!(run.code, 7, "{run}");
    assert!(run.text().ends_with("started\n"), "{run}");
}

#[test]
fn a_command_runs_at_once_where_the_condition_holds_and_not_where_it_does_not() {
    let (door, port) = (Door::open(), refusing_port());
    let run = check(&format!("{} -- echo yes", door.address())).run();
    assert_eq!(run.code, 0, "{run}");
    assert!(run.text().ends_with("yes\n"), "{run}");
    let run = check(&format!("{} -- echo yes", port.address())).run();
    assert_eq!(run.code, 1, "{run}");
    assert!(!run.text().contains("yes"), "{run}");
    let run = check(&format!("127.0.0.1 {},{} -- echo yes", door.port(), port.port())).run();
    assert_eq!(run.code, 4, "{run}");
    assert!(!run.text().contains("yes"), "{run}");
}

#[test]
fn a_command_that_is_missing_or_killed_is_said_as_shells_do() {
    let door = Door::open();
    let run = check(&format!("{} -- /no/such/command", door.address())).run();
    assert_eq!(run.code, 5, "{run}");
    run.error("file");
    let run = check(&format!("{} -- sh -c", door.address())).arg("kill -KILL $$").run();
    assert_eq!(run.code, 128 + 9, "{run}");
}

#[test]
fn a_command_gets_its_arguments_and_standard_input_untouched() {
    let door = Door::open();
    let run = check(&format!("-q {} -- sh -c", door.address()))
        .arg("printf '%s|' \"$@\"; cat")
        .arg("sh")
        .arg("--json")
        .arg("a b")
        .human()
        .input("typed")
        .run();
    assert_eq!(run.code, 0, "{run}");
    assert!(run.text().ends_with("--json|a b|typed"), "{run}");
}

#[test]
fn wait_that_is_over_is_a_deadline() {
    let port = refusing_port();
    let run = check(&format!("--wait 300ms {} -- echo yes", port.address())).run();
    assert_eq!(run.code, 3, "{run}");
    run.error("timeout");
    assert_eq!(outcomes(&run.rows()), vec!["closed"], "the last answer is still told: {run}");
}

#[test]
fn wait_needs_every_target() {
    let (door, port) = (Door::open(), refusing_port());
    let words = format!("--wait 15s 127.0.0.1 {},{}", door.port(), port.port());
    let run = check(&words).start();
    run.wait_for("a refusal", is_refusal);
    let _door = port.open();
    let run = run.finish();
    assert_eq!((run.code, outcomes(&run.rows())), (0, vec!["open", "open"]), "{run}");
}

#[test]
fn until_closed_waits_for_a_server_to_go_away() {
    let door = Door::open();
    let address = door.address();
    for flag in ["--until-closed", "--check --until-closed"] {
        let door = Door::open();
        let run = soquete(&format!("connect {flag} --wait 15s {} -- echo gone", door.address())).start();
        run.wait_for("an open port", |e| e.is("target") && e["outcome"] == "open");
        drop(door);
        let run = run.finish();
        assert_eq!(run.code, 0, "{flag}: {run}");
        assert!(run.text().ends_with("gone\n"), "{flag}: {run}");
    }
    let run = soquete(&format!("connect --until-closed --wait 300ms {address}")).run();
    assert_eq!(run.code, 3, "{run}");
    let port: RefusingPort = refusing_port();
    let run = soquete(&format!("connect --until-closed {}", port.address())).run();
    assert_eq!(run.code, 0, "{run}");
}

#[test]
fn until_closed_without_a_limit_waits_on() {
    let door = Door::open();
    let run = soquete(&format!("connect --until-closed {}", door.address())).start();
    run.wait_for("a third round", |e| e.is("target") && e.number("attempt") >= 3);
    drop(door);
    assert_eq!(run.finish().code, 0);
}

#[test]
fn a_signal_ends_a_wait_in_order() {
    let port = refusing_port();
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let run = check(&format!("--wait 30s {}", port.address())).start();
        run.wait_for("a refusal", is_refusal);
        run.signal(signal);
        let run = run.finish();
        assert_eq!(run.code, code, "{run}");
    }
}

#[test]
fn a_signal_ends_a_check_that_waits_for_answers() {
    let silent = SilentPort::open();
    let run = check(&format!("-v -w 15s {}", silent.address())).start();
    run.wait_for("SYN-SENT", |e| e.enters("SYN-SENT"));
    run.signal(Signal::TERM);
    let run = run.finish();
    assert_eq!(run.code, 143, "{run}");
    assert!(run.named("state").any(|e| e["from"] == "SYN-SENT" && e.enters("CLOSED")), "{run}");
}

#[test]
fn a_signal_reaches_the_command() {
    let door = Door::open();
    let run = check(&format!("{} -- sh -c", door.address()))
        .arg("trap 'echo asked; exit 9' TERM; echo ready; while :; do :; done")
        .start();
    run.wait_stdout("ready\n");
    run.signal(Signal::TERM);
    let run = run.finish();
    assert_eq!(run.code, 9, "{run}");
    assert!(run.text().ends_with("asked\n"), "{run}");
}

#[test]
fn a_check_says_what_is_wrong_with_its_targets() {
    for (words, part) in [
        ("127.0.0.1", "has no port"),
        ("127.0.0.1 70000", "out of range"),
        ("127.0.0.1 0", "port 0"),
        ("127.0.0.1 90-80", "ends before its start"),
        ("127.0.0.1 80,nosuchservice", "nosuchservice"),
    ] {
        let run = check(words).run();
        assert_eq!(run.code, 2, "{words}: {run}");
        assert!(run.error("usage").text("text").contains(part), "{words}: {run}");
    }
}

#[test]
fn a_port_that_does_not_answer_is_not_known_to_be_closed() {
    // Its SYN is lost: the accept queue is full, so the kernel drops it.
    let silent = SilentPort::open();
    let words = format!("connect --until-closed -w 200ms --wait 15s {}", silent.address());
    let run = soquete(&words).start();
    run.wait_for("a lost SYN", |e| e.is("target") && e["outcome"] == "filtered");
    let door = silent.relent();
    run.wait_for("an open port", |e| e.is("target") && e["outcome"] == "open");
    drop(door);
    let run = run.finish();
    assert_eq!((run.code, outcomes(&run.rows())), (0, vec!["closed"]), "{run}");
    let silent = SilentPort::open();
    let run = soquete(&format!("connect --until-closed --wait 300ms {}", silent.address())).run();
    assert_eq!((run.code, outcomes(&run.rows())), (3, vec!["filtered"]), "{run}");
}

#[test]
fn a_check_tells_states_only_when_asked() {
    let (door, port) = (Door::open(), refusing_port());
    let words = format!("{} {}", door.address(), port.address());
    let run = check(&words).run();
    let names: Vec<&str> = run.events.iter().map(Event::name).collect();
    assert_eq!(names, ["target", "target", "exit"], "{run}");
    let run = check(&format!("-v {words}")).run();
    assert!(run.named("state").any(|e| e.enters("ESTABLISHED")), "{run}");
    let run = check(&words).human().run();
    assert_eq!(run.stderr, "", "{run}");
}

#[test]
fn what_could_not_be_tried_is_not_closed() {
    let door = Door::open();
    for (words, code) in [
        ("--source 1.2.3.4", 5),
        ("--source 1.2.3.4 --until-closed -- echo ran", 5),
        ("-6 --until-closed -- echo ran", 1),
        ("-6 --until-closed --wait 300ms -- echo ran", 3),
    ] {
        let (flags, command) = words.split_once(" -- ").map_or((words, ""), |(flags, rest)| (flags, rest));
        let run = soquete(&format!("connect -z {flags} {} -- {command}", door.address())).run();
        assert_eq!(run.code, code, "{words}: {run}");
        assert!(!run.text().contains("ran"), "{words}: {run}");
    }
}

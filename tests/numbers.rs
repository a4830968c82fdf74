//! Numbers and addresses in what people read: the unit that fits, one and many told apart, brackets once, the limits that
//! were asked for.

mod support;

use support::sockets::SilentPort;
use support::*;

#[test]
fn an_unanswered_check_names_the_limit_that_was_asked_for() {
    let port = SilentPort::open();
    for (flags, limit) in
        [("--timeout 300ms", "300ms"), ("--wait 400ms", "400ms"), ("--wait 300ms --timeout 2s", "300ms")]
    {
        let run = soquete(&format!("connect --check {flags} {}", port.address())).run();
        let rows = run.rows();
        let reason = rows.last().expect("a row")["reason"].as_str().expect("a reason").to_owned();
        assert_eq!(reason, format!("no answer within {limit}"), "{flags}: {run}");
    }
}

#[test]
fn one_target_is_no_targets() {
    let port = refusing_port();
    let run = soquete(&format!("connect --check {}", port.address())).run();
    assert_eq!(run.event("exit")["cause"], "0 of 1 target open", "{run}");
}

#[test]
fn the_details_of_a_connection_have_units_that_fit() {
    let door = Door::open();
    let client = soquete(&format!("-v connect {}", door.address())).human().input("hi\n").start();
    let mut peer = door.accept();
    assert_eq!(peer.receive_all(), b"hi\n");
    drop(peer);
    let run = client.finish();
    let line =
        run.stderr.lines().find(|line| line.contains(" rto ")).unwrap_or_else(|| panic!("no rto: {run}"));
    let rto = line.split(" rto ").nth(1).and_then(|rest| rest.split(',').next()).expect("a time");
    assert!(rto.ends_with(" ms") && !rto.contains("000"), "{line}");
    assert!(line.contains("0 retransmits"), "{line}");
}

#[test]
fn a_line_of_an_ipv6_target_has_its_brackets_once() {
    let door = Door::open_at("[::1]:0".parse().expect("an address"));
    let client = soquete(&format!("multi-connect {}", door.address())).input("").start();
    let mut peer = door.accept();
    peer.send(b"hi\n");
    assert_eq!(peer.receive_all(), b"");
    drop(peer);
    let run = client.finish();
    assert_eq!(run.text(), format!("{} hi\n", door.address()), "{run}");
}

//! Commands of `udp-serve`, one for each peer.

mod support;

use std::time::{Duration, Instant};
use support::*;

/// `udp-serve` with a line of shell for each peer.
fn shell(more: &str, line: &str) -> Running {
    soquete(&format!("udp-serve 127.0.0.1 0 {more} --sh-exec")).arg(line).start()
}

fn ends(run: &Run) -> Vec<u64> {
    run.named("child").filter(|e| e["what"] == "exit").map(|e| e.number("code")).collect()
}

#[test]
fn each_peer_has_a_command_of_its_own_and_each_write_is_a_datagram() {
    let server = shell(
        "",
        "n=0; while read line; do n=$((n+1)); echo \"$n $line $NCAT_REMOTE_PORT $SOQUETE_PROTO\"; done",
    );
    let peers: Vec<Mail> = (0..20).map(|_| Mail::to(server.address())).collect();
    for round in 1..3 {
        for peer in &peers {
            peer.send(format!("round{round}\n"));
        }
        for peer in &peers {
            assert_eq!(peer.receive(), format!("{round} round{round} {} udp\n", peer.port()).into_bytes());
        }
    }
    let run = server.terminate();
    assert_eq!(ends(&run), [143; 20], "{run}");
    let starts = run.named("child").filter(|e| e["what"] == "start");
    let peers: std::collections::BTreeSet<_> = starts.map(|e| e.text("peer").to_owned()).collect();
    assert_eq!(peers.len(), 20, "{run}");
}

#[test]
fn datagrams_are_whole_up_to_the_longest() {
    let server = soquete("udp-serve 127.0.0.1 0 --exec -- head -c 60000").start();
    let peer = Mail::to(server.address());
    let payload = noise(60_000);
    peer.send(&payload);
    let mut received = Vec::new();
    while received.len() < payload.len() {
        received.extend(peer.receive());
    }
    assert!(received == payload);
    // It ended; the next datagram starts another.
    server.wait_for("an exit", |e| e.is("child") && e["what"] == "exit");
    peer.send("again");
    server.wait_for_many("starts", 2, |e| e.is("child") && e["what"] == "start");
    server.terminate();
}

#[test]
fn what_is_written_at_once_and_too_long_for_one_datagram_is_several() {
    let server = shell("", "read go; dd if=/dev/zero bs=100000 count=1 2>/dev/null");
    let peer = Mail::to(server.address());
    peer.send("go\n");
    assert_eq!([peer.receive().len(), peer.receive().len()], [65_507, 100_000 - 65_507]);
    server.terminate();
}

#[test]
fn after_the_last_datagram_wanted_the_answer_is_still_sent() {
    let server = soquete("udp-serve 127.0.0.1 0 --count 1 --exec -- sort").start();
    let peer = Mail::to(server.address());
    peer.send("b\na\n");
    assert_eq!(peer.receive(), b"a\nb\n");
    let run = server.finish();
    assert_eq!((run.code, ends(&run)), (0, vec![0]), "{run}");
}

#[test]
fn an_idle_command_is_let_go_and_the_server_goes_on() {
    let server = shell("--idle-timeout 200ms", "cat; exit 3");
    let peer = Mail::to(server.address());
    for _ in 0..2 {
        peer.send("x");
        assert_eq!(peer.receive(), b"x");
        pause(Duration::from_millis(500));
    }
    let run = server.terminate();
    assert_eq!(ends(&run), [3, 3], "{run}");
    let server = shell("--idle-timeout 100ms", "trap '' TERM; while :; do sleep 1; done");
    let peer = Mail::to(server.address());
    peer.send("x");
    let exit = server.wait_for("an exit", |e| e.is("child") && e["what"] == "exit");
    assert_eq!((exit.number("code"), exit.text("signal")), (137, "SIGKILL"));
    server.terminate();
}

#[test]
fn their_number_is_bounded_and_a_command_that_does_not_read_delays_nobody() {
    let server = shell("--max-conns 2", "read line; echo \"$line\"; sleep 100");
    let peers: Vec<Mail> = (0..3).map(|_| Mail::to(server.address())).collect();
    for peer in &peers {
        peer.send("hello\n");
    }
    for peer in &peers[..2] {
        assert_eq!(peer.receive(), b"hello\n");
    }
    let refused = server.event("refuse");
    assert_eq!(refused.text("peer"), peers[2].address().to_string());
    // Its pipe is full soon.
    for _ in 0..200 {
        peers[0].send(noise(4000));
    }
    let began = Instant::now();
    let run = server.terminate();
    assert!(began.elapsed() < Duration::from_millis(1900), "{:?}", began.elapsed());
    assert_eq!(ends(&run), [143, 143], "{run}");
}

#[test]
fn a_command_that_is_not_there_is_known_before_the_first_datagram() {
    let run = soquete("udp-serve 0 --exec -- nosuch").run();
    assert_eq!(run.code, 5, "{run}");
    assert!(run.named("listening").next().is_none(), "{run}");
    for line in ["udp-serve 0 --exec", "udp-serve 0 --echo --exec -- cat", "udp-serve 0 --max-conns 2"] {
        assert_eq!(soquete(line).run().code, 2, "{line}");
    }
}

//! `soquete connect`: one connection piped with standard input and output.

mod support;

use std::time::{Duration, Instant};
use support::sockets::SilentPort;
use support::*;

/// `connect` towards a door, with more words.
fn connect_to(door: &Door, more: &str) -> Soquete {
    soquete(&format!("connect {} {more}", door.address()))
}

#[test]
fn input_goes_out_and_what_comes_back_is_printed() {
    let door = Door::open();
    let client = connect_to(&door, "").input("question\n").start();
    let mut peer = door.accept();
    assert_eq!(peer.receive_all(), b"question\n");
    peer.send("answer\n");
    drop(peer);
    let run = client.finish();
    assert_eq!((run.code, run.text()), (0, "answer\n"), "{run}");
    let summary = run.event("summary");
    assert_eq!((summary.number("bytes_in"), summary.number("bytes_out")), (7, 9), "{run}");
    assert_eq!(summary["clean"], true, "{run}");
}

#[test]
fn every_way_to_write_an_address_connects() {
    let (four, six) = (Door::open(), Door::open_at("[::1]:0".parse().expect("an address")));
    let (p4, p6) = (four.port(), six.port());
    for (words, door) in [
        (format!("127.0.0.1 {p4}"), &four),
        (format!("127.0.0.1:{p4}"), &four),
        (format!("localhost {p4}"), &four),
        (format!("LOCALHOST:{p4}"), &four),
        (format!("{p4}"), &four),
        (format!(":{p4}"), &four),
        (format!("-4 localhost {p4}"), &four),
        (format!("-n 127.0.0.1 {p4}"), &four),
        (format!("::1 {p6}"), &six),
        (format!("[::1]:{p6}"), &six),
        (format!("[::1] {p6}"), &six),
        (format!("-6 localhost {p6}"), &six),
        (format!("{p6}"), &six),
    ] {
        let client = soquete(&format!("connect {words}")).input("").start();
        assert_eq!(door.accept().receive_all(), b"", "{words}");
        let run = client.finish();
        assert_eq!(run.code, 0, "{words}: {run}");
    }
}

#[test]
fn a_family_that_is_not_wanted_is_not_tried() {
    let door = Door::open();
    let run = soquete(&format!("connect -6 127.0.0.1 {}", door.port())).run();
    assert_eq!(run.code, 1, "{run}");
    run.error("resolve");
    let run = soquete(&format!("connect -6 localhost {}", door.port())).run();
    assert_eq!(run.code, 1, "{run}");
    run.error("refused");
}

#[test]
fn a_short_message_reaches_a_reader_of_the_pipe_at_once() {
    for _ in 0..20 {
        let door = Door::open();
        let (mut reader, writer) = pipe();
        let client = connect_to(&door, "").stdout(writer).start();
        let mut peer = door.accept();
        for word in ["one\n", "two\n", "three\n"] {
            peer.send(word);
            assert_eq!(reader.read(word.len()), word.as_bytes());
        }
        drop(peer);
        assert_eq!(client.close_and_finish().code, 0);
    }
}

#[test]
fn an_answer_that_comes_long_after_the_end_of_input_is_printed() {
    let door = Door::open();
    let client = connect_to(&door, "").input("question").start();
    let mut peer = door.accept();
    assert_eq!(peer.receive_all(), b"question");
    pause(Duration::from_millis(1200));
    peer.send("late answer");
    drop(peer);
    let run = client.finish();
    assert_eq!((run.code, run.text()), (0, "late answer"), "{run}");
}

#[test]
fn a_server_that_closes_ends_it_though_input_is_open() {
    let door = Door::open();
    let client = connect_to(&door, "").start();
    let mut peer = door.accept();
    peer.send("bye");
    drop(peer);
    let run = client.finish();
    assert_eq!((run.code, run.text()), (0, "bye"), "{run}");
}

#[test]
fn a_server_that_only_half_closes_still_gets_what_is_typed() {
    let door = Door::open();
    let mut client = connect_to(&door, "").start();
    let mut peer = door.accept();
    peer.half_close();
    client.wait_for("CLOSE-WAIT", |e| e.enters("CLOSE-WAIT"));
    pause(Duration::from_millis(300));
    client.write("still here");
    client.close_input();
    assert_eq!(peer.receive_all(), b"still here");
    let run = client.finish();
    assert_eq!(run.code, 0, "{run}");
}

#[test]
fn on_eof_keep_sends_no_fin() {
    let door = Door::open();
    let client = connect_to(&door, "--on-eof keep").input("x").start();
    let mut peer = door.accept();
    assert_eq!(peer.receive(1), b"x");
    peer.expect_silence(Duration::from_millis(300));
    peer.send("y");
    drop(peer);
    let run = client.finish();
    assert_eq!((run.code, run.text()), (0, "y"), "{run}");
}

#[test]
fn on_eof_close_leaves_at_once() {
    let door = Door::open();
    let client = connect_to(&door, "--on-eof close").input("x").start();
    let mut peer = door.accept();
    assert_eq!(peer.receive_all(), b"x");
    let run = client.finish();
    assert_eq!(run.code, 0, "{run}");
}

#[test]
fn eof_wait_bounds_the_reading() {
    let door = Door::open();
    let began = Instant::now();
    let client = connect_to(&door, "--eof-wait 300ms").input("x").start();
    let mut peer = door.accept();
    assert_eq!(peer.receive_all(), b"x");
    let run = client.finish();
    assert_eq!(run.code, 3, "{run}");
    assert!(began.elapsed() >= Duration::from_millis(300), "{run}");
    run.error("timeout");
}

#[test]
fn send_only_leaves_once_all_is_acknowledged() {
    let door = Door::open();
    let data = noise(300_000);
    let client = connect_to(&door, "--send-only").input(&data).start();
    let mut peer = door.accept();
    peer.send("not wanted");
    assert!(peer.receive(data.len()) == data, "what came is what was sent");
    let run = client.finish();
    assert_eq!((run.code, run.text()), (0, ""), "{run}");
    assert_eq!(peer.receive_all(), b"", "FIN came");
}

#[test]
fn recv_only_does_not_read_standard_input() {
    let door = Door::open();
    let client = connect_to(&door, "--recv-only").input("not to be sent").start();
    let mut peer = door.accept();
    peer.send("data");
    peer.half_close();
    assert_eq!(peer.receive_all(), b"");
    let run = client.finish();
    assert_eq!((run.code, run.text()), (0, "data"), "{run}");
}

#[test]
fn crlf_ends_lines_as_mail_servers_want_it() {
    for flag in ["--crlf", "-C"] {
        let door = Door::open();
        let client = connect_to(&door, flag).input("HELO me\nQUIT\r\nlast").start();
        assert_eq!(door.accept().receive_all(), b"HELO me\r\nQUIT\r\nlast", "{flag}");
        assert_eq!(client.finish().code, 0);
    }
}

#[test]
fn a_line_end_that_comes_in_two_parts_is_one() {
    let door = Door::open();
    let mut client = connect_to(&door, "--crlf").start();
    let mut peer = door.accept();
    client.write("one\r");
    assert_eq!(peer.receive(4), b"one\r");
    client.write("\ntwo\n");
    client.close_input();
    assert_eq!(peer.receive_all(), b"\ntwo\r\n");
    drop(peer);
    assert_eq!(client.finish().code, 0);
}

#[test]
fn localhost_asks_nobody_however_it_is_written() {
    let door = Door::open();
    for name in ["localhost", "LOCALHOST", "LocalHost"] {
        let client = soquete(&format!("connect -n {name} {}", door.port())).input("x").start();
        assert_eq!(door.accept().receive_all(), b"x", "{name}");
        assert_eq!(client.finish().code, 0, "{name}");
    }
}

#[test]
fn wait_outlasts_a_network_that_is_not_there() {
    two_machines(|near, far| {
        let door = far.run(|| Door::open_at(far.at(0)));
        near.pull_cable();
        let words = format!("connect --wait 15s {}", door.address());
        let unreachable = near.run(|| soquete(&words.replace("--wait 15s", "")).run());
        assert_eq!(unreachable.error("unreachable")["errno"], "ENETUNREACH", "{unreachable}");
        let client = near.run(|| soquete(&words).input("x").start());
        // Attempts that find no way are not told.
        pause(Duration::from_millis(300));
        near.sh(&format!("ip link set {PLUG} up"));
        assert_eq!(door.accept().receive_all(), b"x");
        assert_eq!(client.finish().code, 0);
    });
}

#[test]
fn silence_for_too_long_is_a_deadline() {
    let door = Door::open();
    let client = connect_to(&door, "--idle-timeout 300ms").start();
    let peer = door.accept();
    let run = client.finish();
    assert_eq!(run.code, 3, "{run}");
    run.error("timeout");
    drop(peer);
}

#[test]
fn data_either_way_puts_the_idle_timeout_off() {
    let door = Door::open();
    let mut client = connect_to(&door, "--idle-timeout 2s").start();
    let mut peer = door.accept();
    // Longer than the limit in all, far shorter each.
    for _ in 0..2 {
        pause(Duration::from_millis(600));
        peer.send("tick");
        pause(Duration::from_millis(600));
        client.write("tock");
    }
    client.close_input();
    assert_eq!(peer.receive_all(), b"tocktock");
    drop(peer);
    let run = client.finish();
    assert_eq!((run.code, run.text()), (0, "ticktick"), "{run}");
}

#[test]
fn no_answer_is_a_deadline() {
    let port = SilentPort::open();
    for flag in ["--timeout 300ms", "-w 0.3", "--wait 300ms"] {
        let began = Instant::now();
        let run = soquete(&format!("connect {flag} {}", port.address())).run();
        assert_eq!(run.code, 3, "{flag}: {run}");
        run.error("timeout");
        let took = began.elapsed();
        assert!(took >= Duration::from_millis(290) && took < Duration::from_secs(5), "{flag}: {took:?}");
    }
}

#[test]
fn one_deadline_holds_for_all_addresses_of_a_name() {
    let (_six, four) = silent_in_both_families();
    let run = soquete(&format!("connect --timeout 700ms localhost {}", four.port())).run();
    assert_eq!(run.code, 3, "{run}");
    let tried: Vec<_> = run.named("state").filter(|e| e.enters("SYN-SENT")).collect();
    assert_eq!(tried.len(), 2, "both families are tried: {run}");
}

fn silent_in_both_families() -> (SilentPort, SilentPort) {
    loop {
        let four = SilentPort::open();
        let six = format!("[::1]:{}", four.port()).parse().expect("an address");
        if let Some(six) = SilentPort::open_at(six) {
            return (six, four);
        }
    }
}

#[test]
fn a_silent_family_is_overtaken_by_the_other() {
    loop {
        let door = Door::open();
        let silent = format!("[::1]:{}", door.port()).parse().expect("an address");
        let Some(silent) = SilentPort::open_at(silent) else { continue };
        // The kernel by itself tries a silent address for minutes.
        let client = soquete(&format!("connect localhost {}", door.port())).input("x").start();
        assert_eq!(door.accept().receive_all(), b"x");
        let run = client.finish();
        assert_eq!(run.code, 0, "{run}");
        let sockets = run.conns();
        assert_eq!(sockets.len(), 2, "the loser is told too: {run}");
        assert_eq!(run.states(sockets[0]), ["CLOSED", "SYN-SENT", "CLOSED"], "{run}");
        drop(silent);
        return;
    }
}

#[test]
fn wait_keeps_trying_until_the_port_opens() {
    let port = refusing_port();
    let client = soquete(&format!("connect --wait 15s {}", port.address())).input("x").start();
    client.wait_for("a refusal", |e| e["outcome"] == "closed");
    let door = port.open();
    assert_eq!(door.accept().receive_all(), b"x");
    let run = client.finish();
    assert_eq!(run.code, 0, "{run}");
}

#[test]
fn wait_gives_up_at_its_deadline() {
    let port = refusing_port();
    let run = soquete(&format!("connect --wait 300ms {}", port.address())).run();
    assert_eq!(run.code, 3, "{run}");
    run.error("timeout");
}

#[test]
fn the_source_is_what_was_asked_for() {
    let door = Door::open();
    let client = connect_to(&door, "--source 127.0.0.3").input("").start();
    let peer = door.accept();
    assert_eq!(peer.peer().ip().to_string(), "127.0.0.3");
    drop(peer);
    assert_eq!(client.finish().code, 0);
    let free = refusing_port().port();
    let client = connect_to(&door, &format!("--source :{free}")).input("").start();
    let peer = door.accept();
    assert_eq!(peer.peer().port(), free);
    drop(peer);
    let run = client.finish();
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(run.event("bind").address("local").map(|a| a.port()), Some(free), "{run}");
}

#[test]
fn a_source_that_is_not_ours_is_this_machines_no() {
    let door = Door::open();
    let run = connect_to(&door, "--source 192.0.2.1").run();
    assert_eq!(run.code, 5, "{run}");
    assert_eq!(run.error("address")["errno"], "EADDRNOTAVAIL", "{run}");
    let run = connect_to(&door, "--source ::1").run();
    assert_eq!(run.code, 5, "{run}");
    run.error("address");
}

#[test]
fn a_name_without_an_address_is_the_networks_no() {
    let run = soquete("connect no-such-host.invalid 80").run();
    assert_eq!(run.code, 1, "{run}");
    assert!(run.error("resolve").text("text").contains("no-such-host.invalid"), "{run}");
    let run = soquete("connect -n example.com 80").run();
    assert_eq!(run.code, 1, "{run}");
    run.error("resolve");
}

#[test]
fn a_refusal_is_one_line_without_asking_for_more() {
    let port = refusing_port();
    let run = soquete(&format!("connect {}", port.address())).human().run();
    assert_eq!(run.code, 1, "{run}");
    let said: Vec<&str> = run.stderr.lines().filter(|l| l.starts_with("soquete: ")).collect();
    assert_eq!(said.len(), 1, "{run}");
    assert!(said[0].contains("refused") && said[0].contains(&port.address().to_string()), "{run}");
}

#[test]
fn progress_is_told_while_a_transfer_runs() {
    let door = Door::open();
    let mut client = connect_to(&door, "--progress").start();
    let mut peer = door.accept();
    client.write("some");
    peer.receive(4);
    peer.send("answer");
    let progress = client.event("progress");
    assert_eq!((progress.number("bytes_in"), progress.number("bytes_out")), (6, 4));
    drop(peer);
    assert_eq!(client.finish().code, 0);
}

#[test]
fn a_progress_bar_appears_on_a_terminal() {
    let (door, tty) = (Door::open(), Tty::open());
    let mut client = connect_to(&door, "--progress").human().stderr(tty.stream()).start();
    let mut peer = door.accept();
    client.write("some");
    peer.receive(4);
    tty.wait("B/s");
    drop(peer);
    assert_eq!(client.finish().code, 0);
}

#[test]
fn with_details_data_is_told_of_but_not_each_piece_of_much() {
    let door = Door::open();
    let mut client = connect_to(&door, "-v").start();
    let mut peer = door.accept();
    client.write("some");
    peer.receive(4);
    let sent = client.event("data");
    assert_eq!((sent.text("dir"), sent.number("len"), sent.number("total")), ("out", 4, 4), "{sent}");
    for n in 0..50 {
        peer.send(format!("{n:02}\n"));
        client.wait_stdout(format!("{n:02}\n"));
    }
    drop(peer);
    let run = client.finish();
    let summary = run.event("summary").clone();
    let received: Vec<_> = run.named("data").filter(|data| data["dir"] == "in").collect();
    assert_eq!(received.iter().map(|data| data.number("len")).sum::<u64>(), 150, "{run}");
    assert_eq!(received.last().unwrap().number("total"), summary.number("bytes_in"), "{run}");
    let seconds = summary.number("duration_us") / 1_000_000 + 1;
    assert!(received.len() as u64 <= 10 * seconds, "{run}");
}

#[test]
fn without_details_data_is_not_told_of() {
    let door = Door::open();
    let client = connect_to(&door, "").input("some").start();
    let mut peer = door.accept();
    peer.receive_all();
    drop(peer);
    assert_eq!(client.finish().named("data").count(), 0);
}

#[test]
fn details_of_a_progress_bar_are_the_throughput_of_the_last_seconds() {
    for (flags, is_shown) in [("--progress -v", true), ("--progress", false)] {
        let (door, tty) = (Door::open(), Tty::open());
        let mut client = connect_to(&door, flags).human().stderr(tty.stream()).start();
        let mut peer = door.accept();
        for _ in 0..8 {
            client.write("some");
            peer.receive(4);
            pause(Duration::from_millis(110));
        }
        tty.wait("32 B");
        drop(peer);
        assert_eq!(client.finish().code, 0);
        assert_eq!(tty.text_at_end().contains('█'), is_shown, "{}", tty.text());
    }
}

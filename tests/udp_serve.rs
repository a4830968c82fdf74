//! `udp-serve`: who is heard, what is shown, who is answered from where, and what ends it.

mod support;

use rustix::process::Signal;
use serde_json::json;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use support::*;

/// A server of 127.0.0.1 on a free port.
fn serve(flags: &str) -> Running {
    soquete(&format!("udp-serve 127.0.0.1:0 {flags}")).start()
}

/// The address a server printed for people.
fn shown_address(server: &Running) -> SocketAddr {
    server.wait_stderr(" (this machine only");
    let shown = String::from_utf8(server.stderr()).expect("text");
    let rest = shown.split("listening on ").nth(1).expect("it was waited for");
    rest.split(' ').next().and_then(|a| a.parse().ok()).expect("an address")
}

#[test]
fn an_answer_longer_than_a_datagram_is_refused_at_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("answer");
    std::fs::write(&file, vec![b'x'; 65_508]).expect("a file");
    let run = soquete("udp-serve -4 0 --respond").arg(format!("@{}", file.display())).human().run();
    assert_eq!(run.code, 5, "{run}");
    assert!(run.stderr.contains("65507"), "{run}");
}

#[test]
fn payload_goes_to_standard_output_as_it_is() {
    let server = soquete("udp-serve 127.0.0.1:0 --count 4").human().start();
    let mail = Mail::to(shown_address(&server));
    for payload in [&b"one\n"[..], b"", b"\x1b[2J\xff\0", b"end"] {
        mail.send(payload);
    }
    let run = server.finish();
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(run.stdout, b"one\n\x1b[2J\xff\0end");
    assert_eq!(run.stderr.matches(" received ").count(), 4, "{run}");
}

#[test]
fn each_datagram_is_one_event_with_its_peer() {
    let server = serve("--echo --count 2");
    let address = server.address();
    let mails = [Mail::to(address), Mail::to(address)];
    mails[0].send("one");
    assert_eq!(mails[0].receive(), b"one");
    mails[1].send("three");
    assert_eq!(mails[1].receive(), b"three");
    let run = server.finish();
    let told: Vec<_> = run.named("datagram").collect();
    let expected = [("in", 0, 3), ("out", 0, 3), ("in", 1, 5), ("out", 1, 5)];
    assert_eq!(told.len(), expected.len(), "{run}");
    for (event, (dir, mail, len)) in told.iter().zip(expected) {
        assert_eq!((event.text("dir"), event.number("len")), (dir, len), "{event}");
        let ends = (event.address("local"), event.address("peer"));
        assert_eq!(ends, (Some(address), Some(mails[mail].address())), "{event}");
    }
    assert_eq!(run.states_of("server"), ["CLOSED", "UNCONNECTED", "CLOSED"]);
    let summary = run.event("summary");
    assert_eq!((summary.number("bytes_in"), summary.number("bytes_out")), (8, 8), "{run}");
}

#[test]
fn listening_has_no_backlog() {
    let server = serve("--echo");
    let event = server.event("listening");
    assert_eq!((event["backlog"].as_u64(), event.text("scope")), (None, "loopback"), "{event}");
    server.terminate();
}

#[test]
fn a_bare_port_is_loopback_in_both_families() {
    let server = soquete("udp-serve 0 --upper").start();
    let listening = server.wait_for_many("listening", 2, |e| e.is("listening"));
    let addresses: Vec<_> = listening.iter().filter_map(|e| e.address("local")).collect();
    assert!(addresses.iter().all(|a| a.ip().is_loopback()), "{addresses:?}");
    assert_eq!(addresses[0].port(), addresses[1].port());
    for address in addresses {
        let mail = Mail::to(address);
        mail.send("grüße");
        assert_eq!(mail.receive(), "GRÜSSE".as_bytes(), "{address}");
    }
    server.terminate();
}

#[test]
fn the_longest_and_the_empty_datagram_come_back() {
    for (place, longest) in [("127.0.0.1:0", 65_507), ("[::1]:0", 65_527)] {
        let server = soquete(&format!("udp-serve {place} --echo")).start();
        let mail = Mail::to(server.address());
        for length in [longest, 0, 1, longest] {
            let payload = noise(length);
            mail.send(&payload);
            assert!(mail.receive() == payload, "{length} bytes to {place}");
        }
        server.terminate();
    }
}

#[test]
fn answers_leave_from_the_address_that_was_written_to() {
    for place in ["0.0.0.0:0", "[::]:0"] {
        let server = soquete(&format!("udp-serve {place} --echo")).start();
        assert_eq!(server.event("listening").text("scope"), "public");
        let port = server.port();
        let mut targets: Vec<SocketAddr> =
            [1, 2, 77].map(|last| (Ipv4Addr::new(127, 0, 0, last), port).into()).into();
        if place.starts_with('[') {
            targets.push((Ipv6Addr::LOCALHOST, port).into());
        }
        for target in targets {
            // A connected socket hears nobody but the address it wrote to.
            let mail = Mail::to(target);
            mail.send("who am I");
            assert_eq!(mail.receive(), b"who am I", "{target}");
            let is_it = |e: &Event| {
                let local = e.address("local").map(|a| a.ip().to_canonical());
                e.is("datagram") && e.text("dir") == "out" && local == Some(target.ip())
            };
            server.wait_for("an answer from there", is_it);
        }
        server.terminate();
    }
}

#[test]
fn everybody_gets_the_response() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("answer");
    std::fs::write(&file, b"from a file\n").expect("a file");
    let file = file.to_str().expect("a path of text");
    for (answer, expected) in [
        ("pong", &b"pong"[..]),
        (&format!("@{file}"), b"from a file\n"),
        ("", b""),
        (r"\x40a\r\n\t\0\\\xfF", b"@a\r\n\t\0\\\xff"),
    ] {
        let server = soquete("udp-serve 127.0.0.1:0 --respond").arg(answer).start();
        let mail = Mail::to(server.address());
        mail.send("ping");
        assert_eq!(mail.receive(), expected);
        let run = server.terminate();
        assert_eq!(run.named("warning").count(), 0, "{run}");
    }
    // Nobody means the name of a file for an answer.
    let server = soquete("udp-serve 127.0.0.1:0 --respond").arg(file).start();
    let advice = server.event("warning");
    assert!(advice.text("text").contains(&format!("@{file}")), "{advice}");
    let mail = Mail::to(server.address());
    mail.send("ping");
    assert_eq!(mail.receive(), file.as_bytes());
    server.terminate();
    let server = soquete("udp-serve 127.0.0.1:0 --respond @-").input("from a pipe").start();
    let mail = Mail::to(server.address());
    mail.send("ping");
    assert_eq!(mail.receive(), b"from a pipe");
    server.terminate();
    let long = folder.path().join("long");
    std::fs::write(&long, vec![b'x'; 70_000]).expect("a file");
    let run = soquete("udp-serve 127.0.0.1:0 --respond").arg(format!("@{}", long.display())).run();
    assert_eq!(run.code, 5, "{run}");
    assert!(run.error("data").text("text").contains("65507"), "{run}");
    let run = soquete("udp-serve 127.0.0.1:0 --respond @/nonexistent/answer").run();
    assert_eq!((run.code, run.error("file")["errno"].as_str()), (5, Some("ENOENT")), "{run}");
}

#[test]
fn what_grew_too_long_in_upper_case_harms_nobody() {
    let server = serve("--upper");
    let mail = Mail::to(server.address());
    // Each of these is three bytes and becomes six.
    mail.send("ΐ".repeat(21_000));
    mail.send("short");
    assert_eq!(mail.receive(), b"SHORT");
    server.wait_for("a warning", |e| e.is("warning") && e["errno"] == "EMSGSIZE");
    server.terminate();
}

#[test]
fn json_shows_text_or_base64() {
    let server = serve("--count 3");
    let mail = Mail::to(server.address());
    for payload in [&b"hi \"you\"\n"[..], b"\xff\x00", b""] {
        mail.send(payload);
    }
    let (local, peer) = (server.address().to_string(), mail.address().to_string());
    let run = server.finish();
    assert_eq!(
        run.rows(),
        [
            json!({"local": local, "peer": peer, "len": 9, "text": "hi \"you\"\n"}),
            json!({"local": local, "peer": peer, "len": 2, "base64": "/wA="}),
            json!({"local": local, "peer": peer, "len": 0, "text": ""}),
        ],
        "{run}"
    );
}

#[test]
fn json_shows_answered_datagrams_too() {
    let server = serve("--echo --count 1");
    Mail::to(server.address()).send("x");
    let run = server.finish();
    assert_eq!(run.rows()[0]["text"], "x", "{run}");
}

#[test]
fn count_is_exact() {
    let server = serve("--upper --count 100");
    let mail = Mail::to(server.address());
    // They wait together, so that a batch could take more than is wanted.
    for i in 0..200 {
        if mail.socket().send(format!("d{i}").as_bytes()).is_err() {
            break; // the server has ended already
        }
    }
    let run = server.finish();
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(run.rows().len(), 100);
    let answers = mail.receive_texts(100);
    assert_eq!((answers[0].as_str(), answers[99].as_str()), ("D0", "D99"));
    assert!(mail.is_empty());
}

#[test]
fn silence_ends_it_after_idle_timeout() {
    let started = Instant::now();
    let server = serve("--echo --idle-timeout 300ms");
    let mail = Mail::to(server.address());
    mail.send("x");
    mail.receive();
    let run = server.finish();
    assert_eq!(run.code, 3, "{run}");
    assert!(run.error("timeout").text("text").contains("300ms"), "{run}");
    assert!(started.elapsed() >= Duration::from_millis(300));
    assert_eq!(run.states_of("server"), ["CLOSED", "UNCONNECTED", "CLOSED"]);
}

#[test]
fn a_peer_that_is_gone_stops_nothing() {
    let server = serve("--echo");
    let stays = Mail::to(server.address());
    for _ in 0..20 {
        // Gone before the answer: ICMP says so to the server.
        Mail::to(server.address()).send("bye");
        stays.send("still here?");
        assert_eq!(stays.receive(), b"still here?");
    }
    let run = server.terminate();
    assert_eq!(run.named("error").count(), 0, "{run}");
}

#[test]
fn two_servers_do_not_share_a_port_unless_asked_to() {
    let first = serve("--echo");
    let place = first.address().to_string();
    let run = soquete(&format!("udp-serve {place}")).run();
    assert_eq!((run.code, run.error("address")["errno"].as_str()), (5, Some("EADDRINUSE")), "{run}");
    first.terminate();
    let first = serve("--echo --reuseport");
    let place = first.address().to_string();
    let second = soquete(&format!("udp-serve {place} --echo --reuseport")).start();
    assert_eq!(second.address(), first.address());
    first.terminate();
    second.terminate();
}

#[test]
fn readiness_is_told_by_file_and_descriptor() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ready");
    let server = soquete("udp-serve 0 --echo --ready-fd 9 --ready-file")
        .arg(&file)
        .shell("exec 9>&1; exec \"$@\"")
        .start();
    server.wait_stdout("[::1]:");
    let port = server.port();
    let expected = format!("127.0.0.1:{port}\n[::1]:{port}\n");
    server.wait_stdout(&expected);
    assert_eq!(std::fs::read_to_string(file).expect("it is there"), expected);
    server.terminate();
}

#[test]
fn options_are_read_back_and_a_wrong_one_is_an_error() {
    let server = serve("--echo --rcvbuf 100000 --ttl 7 --tos 0x10");
    let mail = Mail::to(server.address());
    mail.send("x");
    mail.receive();
    let run = server.terminate();
    let option = |name: &str| {
        let event = run.named("option").find(|e| e.text("name") == name);
        event.map(|e| (e["requested"].clone(), e["effective"].clone())).expect("an option")
    };
    assert_eq!(option("rcvbuf"), (json!(100_000), json!(200_000)));
    assert_eq!(option("ttl"), (json!(7), json!(7)));
    assert_eq!(option("tos"), (json!(16), json!(16)));
    let run = soquete("udp-serve 127.0.0.1:0 --device nosuch0").run();
    assert_eq!(run.code, 5, "{run}");
    run.error("option");
}

#[test]
fn options_of_tcp_are_not_offered() {
    let flags =
        ["--nodelay", "--keepalive", "--linger 1", "--mss 1000", "--user-timeout 1s", "--congestion reno"];
    for command in ["udp-serve 127.0.0.1:0", "udp-send 127.0.0.1 9 x"] {
        let help =
            soquete(&format!("{} --help", command.split(' ').next().unwrap_or_default())).human().run();
        for flag in flags.iter().chain(&["--backlog 1"]) {
            let run = soquete(&format!("{command} {flag}")).run();
            assert_eq!(run.code, 2, "{command} {flag}: {run}");
            run.error("usage");
            let name = flag.split(' ').next().unwrap_or_default();
            assert!(!help.text().contains(name), "{command} --help has {name}");
        }
        assert!(help.text().contains("--rcvbuf"), "{help}");
    }
}

#[test]
fn a_datagram_from_the_servers_own_address_is_not_answered() {
    let server = soquete("udp-serve 0.0.0.0:0 --echo --reuseaddr").start();
    let port = server.port();
    // One of this machine's addresses with the server's port: where its answers would come back to it.
    let own = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).expect("a socket");
    own.set_reuse_address(true).expect("an option");
    let address = SocketAddr::from(([127, 0, 0, 2], port));
    bind(&own, address);
    for _ in 0..2 {
        own.send_to(b"forged", &SocketAddr::from(([127, 0, 0, 1], port)).into()).expect("a datagram");
    }
    server.wait_for_many("both", 2, |e| e.is("datagram"));
    let warning = server.event("warning");
    assert_eq!(warning.address("peer"), Some(address), "{warning}");
    let mail = Mail::to(([127, 0, 0, 1], port).into());
    mail.send("honest");
    assert_eq!(mail.receive(), b"honest");
    let run = server.terminate();
    let out = run.named("datagram").filter(|e| e.text("dir") == "out").count();
    assert_eq!((out, run.named("warning").count()), (1, 1), "{run}");
}

#[allow(clippy::disallowed_methods)] // the other end must not be made of the code under test
fn bind(socket: &socket2::Socket, address: SocketAddr) {
    socket.bind(&address.into()).unwrap_or_else(|e| panic!("bind {address}: {e}"));
}

/// Sends a datagram of UDP with any port as its sender's, from 127.0.0.1; only root may.
fn forge(from: u16, to: SocketAddr, text: &str) {
    let raw = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::RAW, Some(socket2::Protocol::UDP));
    let length = u16::try_from(8 + text.len()).expect("a short one");
    // Without a checksum (RFC 768).
    let mut datagram: Vec<u8> = [from, to.port(), length, 0].into_iter().flat_map(u16::to_be_bytes).collect();
    datagram.extend_from_slice(text.as_bytes());
    raw.expect("root may").send_to(&datagram, &to.into()).expect("the kernel takes it");
}

#[test]
fn forged_senders_start_no_endless_exchange() {
    if !is_root() {
        return skip("only root can forge a datagram");
    }
    for flags in ["--echo", "--upper", "--respond x"] {
        let server = serve(flags);
        let address = server.address();
        let senders = [address.port(), 7, 13, 17, 19, 37];
        for from in senders {
            forge(from, address, "forged");
        }
        let mail = Mail::to(address);
        mail.send("honest");
        mail.receive();
        let run = server.terminate();
        let count = |dir: &str| run.named("datagram").filter(|e| e.text("dir") == dir).count();
        assert_eq!((count("in"), count("out")), (senders.len() + 1, 1), "{flags}: {run}");
        // Once for itself and once for all the others.
        assert_eq!(run.named("warning").count(), 2, "{flags}: {run}");
    }
}

/// A sender of `count` lines of one length, which leave it together.
fn send_numbers(to: SocketAddr, count: usize) {
    let lines: Vec<String> = (1..).take(count).map(|i| format!("{i:05}\n")).collect();
    let run = soquete(&format!("udp-send {to} --reply-wait 0")).input(lines.concat()).run();
    assert_eq!(run.code, 0, "{run}");
}

#[test]
fn datagrams_that_come_together_are_told_apart() {
    const COUNT: usize = 3000;
    // What waits for a server that sleeps is more than its queue could hold one by one.
    let server = serve(&format!("--count {} --rcvbuf 200k", COUNT + 1));
    let address = server.address();
    server.signal(Signal::STOP);
    send_numbers(address, COUNT / 2);
    let last = Mail::to(address);
    last.send("in between");
    send_numbers(address, COUNT / 2 + 100);
    server.signal(Signal::CONT);
    let run = server.finish();
    assert_eq!(run.code, 0, "{run}");
    let rows = run.rows();
    let number = |i: usize| format!("{i:05}");
    let half = COUNT / 2;
    let expected = (1..=half).map(number).chain(["in between".to_owned()]).chain((1..=half).map(number));
    assert!(rows.iter().map(|row| row["text"].as_str().expect("text").to_owned()).eq(expected), "{run}");
    let peers: Vec<_> = [0, half, half + 1].map(|i| rows[i]["peer"].clone()).into();
    assert!(rows[..half].iter().all(|row| row["peer"] == peers[0] && row["len"] == 5));
    assert!(rows[half + 1..].iter().all(|row| row["peer"] == peers[2]));
    assert!(peers[1] == last.address().to_string() && peers[0] != peers[2], "{peers:?}");
    let told: Vec<_> = run.named("datagram").map(|e| (e["peer"].clone(), e.number("len"))).collect();
    let shown: Vec<_> =
        rows.iter().map(|row| (row["peer"].clone(), row["len"].as_u64().expect("a length"))).collect();
    assert_eq!(told, shown);
    assert_eq!(run.event("summary").number("bytes_in"), 5 * COUNT as u64 + 10, "{run}");
}

#[test]
fn each_of_many_that_come_together_is_answered() {
    let server = soquete("udp-serve 0.0.0.0:0 --upper").start();
    // They leave with one call, the shorter one with the others (UDP_SEGMENT). The client hears 127.0.0.5 alone.
    let words = format!("udp-send 127.0.0.5 {} onex twox tre --replies 3", server.port());
    server.signal(Signal::STOP);
    let client = soquete(&words).start();
    client.wait_for_many("all sent", 3, |e| e.is("datagram"));
    server.signal(Signal::CONT);
    let said = client.finish();
    let replies: Vec<_> = said.rows().iter().map(|row| row["text"].clone()).collect();
    assert_eq!(replies, ["ONEX", "TWOX", "TRE"], "{said}");
    let run = server.terminate();
    let told: Vec<_> = run.named("datagram").map(|e| (e.text("dir").to_owned(), e.number("len"))).collect();
    let expected = [("in", 4), ("in", 4), ("in", 3), ("out", 4), ("out", 4), ("out", 3)];
    assert_eq!(told, expected.map(|(dir, len)| (dir.to_owned(), len)), "{run}");
}

#[test]
fn a_group_is_joined_on_its_interface() {
    let group = Ipv4Addr::new(239, 1, 2, 3);
    // Beside loopback a group has a socket of its own; where every address is heard, it is heard there.
    for (place, doors) in [("0", 3), ("--public 0", 2)] {
        let server = soquete(&format!("udp-serve {place} --respond heard --join {group}%lo")).start();
        let listening = server.wait_for_many("listening", doors, |e| e.is("listening"));
        let port = listening[0].address("local").expect("an address").port();
        let mail = Mail::open();
        socket2::SockRef::from(mail.socket()).set_multicast_if_v4(&Ipv4Addr::LOCALHOST).expect("loopback");
        mail.send_to("anybody?", (group, port).into());
        let heard = server.wait_for("a datagram", |e| e.is("datagram") && e.text("dir") == "in");
        assert_eq!(heard.address("local"), Some((group, port).into()), "{heard}");
        let (answer, from) = mail.receive_from();
        assert_eq!(answer, b"heard");
        assert_eq!(from, (Ipv4Addr::LOCALHOST, port).into());
        server.terminate();
    }
}

#[test]
fn a_group_of_ipv6_is_joined_on_its_interface() {
    two_machines(|near, far| {
        let group = format!("ff02::7:7%{PLUG}");
        let line = format!("udp-serve 0 --respond heard --join {group}");
        let server = near.run(|| soquete(&line).start());
        let listening = server.wait_for_many("listening", 3, |e| e.is("listening"));
        let joined = listening.iter().any(|e| e.text("local").starts_with("[ff02::7:7%"));
        assert!(joined, "{listening:?}");
        let line = format!("udp-send {group} {} anybody --replies 1", server.port());
        let run = far.run(|| soquete(&line).run());
        assert_eq!(run.code, 0, "{run}");
        let reply = &run.rows()[0];
        assert_eq!(reply["text"], "heard", "{run}");
        assert!(reply["peer"].as_str().is_some_and(|a| a.starts_with("[fe80::1%")), "{run}");
        let heard = server.wait_for("a datagram", |e| e.is("datagram") && e.text("dir") == "in");
        assert!(heard.text("local").starts_with("[ff02::7:7"), "{heard}");
        server.terminate();
    });
}

#[test]
fn a_group_of_one_link_needs_an_interface() {
    let run = soquete("udp-serve 0 --join ff02::1").human().run();
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("ff02::1%IFACE"), "{run}");
    let run = soquete("udp-serve 0 --join 224.0.0.1%nosuch0").run();
    assert_eq!(run.code, 5, "{run}");
    let run = soquete("udp-serve 0 --join 10.0.0.1").human().run();
    assert_eq!(run.code, 2, "{run}");
}

#[test]
fn nothing_is_lost_with_a_window_of_128() {
    const TOTAL: usize = 30_000;
    let server =
        soquete("udp-serve 127.0.0.1:0 --echo").human().arg("-q").stderr(std::process::Stdio::null());
    let folder = tempfile::tempdir().expect("a folder");
    let ready = folder.path().join("ready");
    let fifo = std::process::Command::new("mkfifo").arg(&ready).status().expect("mkfifo runs");
    assert!(fifo.success());
    let server = server
        .shell("exec 9>\"$READY\"; exec \"$@\" --ready-fd 9")
        .env("READY", ready.to_str().expect("text"));
    let server = server.start();
    let address = std::fs::read_to_string(&ready).expect("the address");
    let mail = Mail::to(address.trim().parse().expect("an address"));
    let (mut sent, mut received) = (0, 0);
    while received < TOTAL {
        while sent < TOTAL && sent - received < 128 {
            mail.send(sent.to_le_bytes());
            sent += 1;
        }
        assert_eq!(mail.receive(), received.to_le_bytes(), "in order and whole");
        received += 1;
    }
    server.terminate();
}

#[test]
fn a_flood_starves_neither_signals_nor_events() {
    let server = serve("--echo");
    let (address, over) = (server.address(), Arc::new(AtomicBool::new(false)));
    let flood = {
        let over = Arc::clone(&over);
        thread::spawn(move || {
            let mail = Mail::open();
            while !over.load(Ordering::Relaxed) {
                let _ = mail.socket().send_to(&[0; 16], address);
            }
        })
    };
    server.wait_for_many("a thousand datagrams", 1000, |e| e.is("datagram"));
    let asked = Instant::now();
    server.signal(Signal::INT);
    // Events may have been dropped, which the stream says, so it is not read as one without gaps.
    let code = server.wait_code();
    over.store(true, Ordering::Relaxed);
    flood.join().expect("it only sends");
    assert_eq!(code, 130);
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
}

#[test]
fn a_reader_that_goes_away_is_a_quiet_end() {
    let server = soquete("udp-serve 127.0.0.1:0").human().shell("\"$@\" | head -c 4").start();
    let mail = Mail::to(shown_address(&server));
    mail.send("one\n");
    server.wait_stdout("one\n");
    while mail.socket().send(b"two\n").is_ok() {
        thread::yield_now();
    }
    let run = server.finish();
    assert_eq!(run.text(), "one\n");
    assert!(!run.stderr.contains("soquete: "), "{run}");
}

#[test]
fn a_stuck_reader_does_not_hold_off_a_signal() {
    let (mut reader, writer) = pipe();
    let server = soquete("udp-serve 127.0.0.1:0").stdout(writer).start();
    let mail = Mail::to(server.address());
    let (sent, began) = (AtomicBool::new(false), Instant::now());
    // More than a pipe holds.
    while began.elapsed() < DEADLINE && !sent.load(Ordering::Relaxed) {
        for _ in 0..8 {
            mail.send(vec![b'x'; 60_000]);
        }
        sent.store(server.events().iter().filter(|e| e.is("datagram")).count() >= 2, Ordering::Relaxed);
    }
    server.signal(Signal::TERM);
    assert_eq!(server.wait_code(), 143);
    assert!(!reader.read(1).is_empty());
}

#[test]
fn controls_are_visible_on_a_terminal() {
    let screen = Terminal::start("udp-serve 127.0.0.1:0 --count 3", &[]);
    let shown = screen.wait_text("listening on");
    let address = shown.split("listening on ").nth(1).and_then(|t| t.split(' ').next());
    let mail = Mail::to(address.and_then(|a| a.parse().ok()).expect("an address"));
    for payload in [&b"\x1b[2Jclear"[..], b"cut \xe2\x82", b"next"] {
        mail.send(payload);
    }
    let text = screen.wait_text("next");
    assert!(text.contains("\u{241b}[2Jclear\n") && text.contains("cut \\xe2\\x82\n"), "{text}");
    assert_eq!(screen.finish(), 0);
}

#[test]
fn the_netcat_of_openbsd_is_answered() {
    let Some(nc) = peer("nc.openbsd") else { return };
    let server = serve("--upper");
    let address = server.address();
    let mut client = std::process::Command::new(nc)
        .args(["-u", "-w", "1", &address.ip().to_string(), &address.port().to_string()])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("nc starts");
    std::io::Write::write_all(&mut client.stdin.take().expect("a pipe"), b"hello\n").expect("nc reads");
    let output = client.wait_with_output().expect("nc ends");
    assert_eq!(output.stdout, b"HELLO\n");
    server.terminate();
}

#[test]
fn a_wrong_command_line_says_what_to_do() {
    for (line, part) in [
        ("udp-serve", "--help"),
        ("udp-serve 0 --echo --upper", "--echo"),
        ("udp-serve 0 --count 0", "--count"),
        ("udp-serve 70000", "0 to 65535"),
        ("udp-serve 0 --idle-timeout soon", "250ms"),
    ] {
        let run = soquete(line).human().run();
        assert_eq!(run.code, 2, "{line}: {run}");
        assert!(run.stderr.contains(part) && run.stderr.lines().count() == 1, "{line}: {run}");
    }
}

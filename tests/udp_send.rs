//! `udp-send`: what is one datagram, what comes back, and what the exit status says about it.

mod support;

use rustix::process::Signal;
use serde_json::json;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};
use support::*;

/// Sends to `mail` and leaves.
fn send_to(mail: &Mail, flags: &str) -> Soquete {
    soquete(&format!("udp-send {} --reply-wait 0 {flags}", mail.address()))
}

/// A port where nobody listens: one that was free a moment ago, out of tens of thousands.
fn closed_port() -> u16 {
    Mail::open().port()
}

/// A server in a thread that answers each datagram, as often as `answers` says, this much later.
#[allow(clippy::disallowed_methods)] // the pause is what is played
fn answerer(pause: Duration, answers: usize) -> SocketAddr {
    let mail = Mail::open();
    let address = mail.address();
    thread::spawn(move || {
        for _ in 0..answers {
            let (payload, from) = mail.receive_from();
            thread::sleep(pause);
            mail.send_to(payload.to_ascii_uppercase(), from);
        }
    });
    address
}

#[test]
fn a_check_without_a_route_is_a_row_too() {
    two_machines(|near, _| {
        let run = near.run(|| soquete("udp-send --check 192.0.2.1 9").run());
        assert_eq!(run.code, 1, "{run}");
        assert_eq!(run.rows()[0]["outcome"], "refused", "{run}");
        assert_eq!(run.named("summary").count(), 0, "nothing ended that never began: {run}");
    });
}

#[test]
fn each_message_is_one_datagram() {
    let mail = Mail::open();
    let run = send_to(&mail, "").arg("one two").arg("").arg("three\n").run();
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(mail.receive_texts(3), ["one two", "", "three\n"]);
    assert_eq!(run.states_of("client"), ["CLOSED", "UNCONNECTED", "CONNECTED", "CLOSED"]);
    let told: Vec<_> = run.named("datagram").map(|e| (e.text("dir"), e.number("len"))).collect();
    assert_eq!(told, [("out", 7), ("out", 0), ("out", 6)], "{run}");
    assert_eq!(run.event("summary").number("bytes_out"), 13, "{run}");
}

#[test]
fn each_line_is_one_datagram() {
    let mail = Mail::open();
    let run = send_to(&mail, "").input("one\n\ntwo\r\nlast").run();
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(mail.receive_texts(4), ["one", "", "two\r", "last"]);
    assert!(mail.is_empty());
}

#[test]
fn line_ends_and_reads_stay_where_that_is_wanted() {
    let mail = Mail::open();
    for (flags, expected) in [
        ("--keep-lf", &["one\n", "\n", "two\r\n", "last"][..]),
        ("--crlf", &["one\r\n", "\r\n", "two\r\n", "last"]),
        ("-C --keep-lf", &["one\r\n", "\r\n", "two\r\n", "last"]),
        ("--whole --crlf", &["one\r\n\r\ntwo\r\nlast"]),
    ] {
        let run = send_to(&mail, flags).input("one\n\ntwo\r\nlast").run();
        assert_eq!(run.code, 0, "{flags}: {run}");
        assert_eq!(mail.receive_texts(expected.len()), expected, "{flags}");
    }
    let mut sender = send_to(&mail, "--per-read").start();
    for read in ["one\n\ntwo", "\r\nlast\n", "\n"] {
        sender.write(read);
        assert_eq!(mail.receive(), read.as_bytes());
    }
    assert_eq!(sender.close_and_finish().code, 0);
    assert!(mail.is_empty());
}

#[test]
fn a_read_that_is_too_long_is_refused() {
    let mail = Mail::open();
    let zeros = std::fs::File::open("/dev/zero").expect("zeros without end");
    let run = send_to(&mail, "--per-read").stdin(zeros).run();
    assert_eq!(run.code, 5, "{run}");
    assert!(run.error("data").text("text").contains("65507"), "{run}");
    assert!(mail.is_empty());
}

#[test]
fn lines_of_one_length_stay_datagrams_of_their_own() {
    let mail = Mail::open();
    let lines: Vec<String> = (100..300).map(|i| format!("{i}\n")).collect();
    let run = send_to(&mail, "").input(lines.concat()).run();
    assert_eq!(run.code, 0, "{run}");
    let received = mail.receive_texts(lines.len());
    assert!(received.iter().zip(&lines).all(|(got, line)| *got == line.trim_end()), "{received:?}");
    assert_eq!(run.named("datagram").count(), lines.len());
}

#[test]
fn bytes_that_are_no_text_pass() {
    let mail = Mail::open();
    let run = send_to(&mail, "").input(b"\xff\0\xfe\n\x80").run();
    assert_eq!(run.code, 0, "{run}");
    assert_eq!((mail.receive(), mail.receive()), (b"\xff\0\xfe".to_vec(), b"\x80".to_vec()));
}

#[test]
fn no_input_sends_nothing() {
    let mail = Mail::open();
    let started = Instant::now();
    let run = soquete(&format!("udp-send {} --reply-wait 1m", mail.address())).run();
    assert_eq!(run.code, 0, "{run}");
    assert!(mail.is_empty() && started.elapsed() < DEADLINE);
}

#[test]
fn whole_is_one_and_size_cuts() {
    let mail = Mail::open();
    send_to(&mail, "--whole").input("one\ntwo\n").run();
    assert_eq!(mail.receive(), b"one\ntwo\n");
    send_to(&mail, "--whole").run();
    assert_eq!(mail.receive(), b"");
    send_to(&mail, "--size 3").input("abc\ndefg").run();
    assert_eq!(mail.receive_texts(3), ["abc", "\nde", "fg"]);
    assert!(mail.is_empty());
    let big = noise(65_507);
    let run = send_to(&mail, "--whole").input(&big).run();
    assert!(run.code == 0 && mail.receive() == big, "{run}");
}

#[test]
fn too_long_is_refused_with_the_limit() {
    let mail = Mail::open();
    let long = vec![b'x'; 65_508];
    for flags in ["", "--whole"] {
        let run = send_to(&mail, flags).input(&long).run();
        assert_eq!(run.code, 5, "{flags}: {run}");
        let text = run.error("data").text("text").to_owned();
        assert!(text.contains("65507") && text.contains("IPv4"), "{text}");
    }
    let run = send_to(&mail, "").arg(String::from_utf8(long.clone()).expect("text")).run();
    assert_eq!(run.code, 5, "{run}");
    let run = send_to(&mail, "--size 65508").input(&long).run();
    assert_eq!(run.code, 5, "{run}");
    assert!(mail.is_empty(), "nothing of it is sent");
    let input = [b"first\n".to_vec(), long.clone(), b"\nthird\n".to_vec()].concat();
    let run = send_to(&mail, "").input(input).run();
    assert!(run.error("data").text("text").contains("line 2"), "{run}");
    let six = Mail::open_at(Ipv6Addr::LOCALHOST);
    let run = send_to(&six, "--whole").input(&long).run();
    assert!(run.code == 0 && six.receive() == long, "{run}");
    let run = send_to(&six, "--whole").input(vec![b'x'; 65_528]).run();
    assert!(run.error("data").text("text").contains("65527"), "{run}");
    let run = soquete("udp-send localhost 9 --size 0").human().run();
    assert!(run.code == 2 && run.stderr.contains("65507"), "{run}");
}

#[test]
fn replies_are_the_bytes_received() {
    let address = answerer(Duration::ZERO, 2);
    let run = soquete(&format!("udp-send {address} --replies 2 hello you")).human().run();
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(run.text(), "HELLOYOU");
}

#[test]
fn json_shows_replies_as_objects() {
    let address = answerer(Duration::ZERO, 1);
    let run = soquete(&format!("udp-send {address} --replies 1 hi")).run();
    let rows = run.rows();
    assert_eq!((&rows[0]["text"], &rows[0]["len"]), (&json!("HI"), &json!(2)), "{run}");
    assert_eq!(rows[0]["peer"], address.to_string(), "{run}");
    assert_eq!(rows[0]["local"], run.event("summary")["local"], "{run}");
}

#[test]
fn a_late_reply_is_waited_for() {
    let address = answerer(Duration::from_millis(500), 1);
    let run = soquete(&format!("udp-send {address}")).human().input("late").run();
    assert_eq!((run.code, run.text()), (0, "LATE"), "{run}");
    let address = answerer(Duration::from_millis(500), 1);
    let run = soquete(&format!("udp-send {address} --reply-wait 100ms")).human().input("later").run();
    assert_eq!((run.code, run.text()), (0, ""), "{run}");
}

#[test]
fn waiting_counts_from_the_last_reply() {
    // Each answer comes within the wait, all of them together do not.
    let address = answerer(Duration::from_millis(300), 3);
    let run = soquete(&format!("udp-send {address} --reply-wait 600ms a b c")).human().run();
    assert_eq!((run.code, run.text()), (0, "ABC"), "{run}");
}

#[test]
fn fewer_replies_than_wanted_is_a_deadline() {
    let address = answerer(Duration::ZERO, 1);
    let run = soquete(&format!("udp-send {address} --replies 2 --reply-wait 200ms a b")).run();
    assert_eq!(run.code, 3, "{run}");
    assert!(run.error("timeout").text("text").contains("1 of 2"), "{run}");
}

#[test]
fn enough_replies_end_it_with_input_open() {
    let address = answerer(Duration::ZERO, 5);
    let mut client = soquete(&format!("udp-send {address} --replies 2")).start();
    client.write("a\nb\n");
    let run = client.finish();
    assert_eq!((run.code, run.rows().len()), (0, 2), "{run}");
}

#[test]
fn replies_come_while_input_is_open() {
    let address = answerer(Duration::ZERO, 2);
    let mut client = soquete(&format!("udp-send {address}")).human().start();
    client.write("one\n");
    client.wait_stdout("ONE");
    client.write("two\n");
    client.wait_stdout("ONETWO");
    let run = client.close_and_finish();
    assert_eq!(run.code, 0, "{run}");
}

#[test]
fn refused_is_1_and_one_line() {
    for line in [
        format!("udp-send 127.0.0.1 {} x", closed_port()),
        format!("udp-send 127.0.0.1 {} x --reply-wait 0", closed_port()),
        format!("udp-send 127.0.0.1 {} x -q --reply-wait 1m", closed_port()),
        format!("udp-send localhost {} x --replies 3", closed_port()),
    ] {
        let run = soquete(&line).human().run();
        assert_eq!(run.code, 1, "{run}");
        let told: Vec<_> = run.stderr.lines().filter(|l| l.starts_with("soquete:")).collect();
        assert!(told.len() == 1 && told[0].contains("Connection refused"), "{run}");
    }
    let run = soquete(&format!("udp-send 127.0.0.1 {}", closed_port())).input("a\nb\nc\n").run();
    assert_eq!(run.code, 1, "{run}");
    assert_eq!(run.error("refused")["errno"], "ECONNREFUSED", "{run}");
    assert_eq!(run.named("datagram").count(), 3, "each was tried: {run}");
    assert_eq!(run.event("summary")["clean"], false, "{run}");
}

#[test]
fn a_refusal_is_warned_of_once_and_remembered() {
    let port = closed_port();
    let mut client = soquete(&format!("udp-send 127.0.0.1 {port}")).start();
    client.write("lost\n");
    client.wait_for("a warning", |e| e.is("warning") && e["kind"] == "refused");
    client.write("lost too\n");
    client.wait_for_many("two datagrams", 2, |e| e.is("datagram"));
    // Somebody moves in, and is served; the loss stays a loss.
    #[allow(clippy::disallowed_methods)] // the other end
    let server = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).expect("the port is free");
    client.write("found\n");
    let mut buffer = [0; 16];
    let (length, from) = server.recv_from(&mut buffer).expect("a datagram");
    server.send_to(&buffer[..length], from).expect("it goes back");
    client.wait_stdout("found");
    let run = client.close_and_finish();
    assert_eq!(run.code, 1, "{run}");
    assert_eq!(run.named("warning").count(), 1, "{run}");
}

#[test]
fn another_address_takes_over_where_one_refuses() {
    // Only one family of localhost has somebody.
    for ip in [Ipv4Addr::LOCALHOST.into(), std::net::IpAddr::from(Ipv6Addr::LOCALHOST)] {
        let mail = Mail::open_at(ip);
        let line = format!("udp-send localhost {} --replies 1", mail.port());
        let mut client = soquete(&line).start();
        client.write("one\ntwo\n");
        assert_eq!(mail.receive(), b"one", "{ip}");
        let (second, from) = mail.receive_from();
        assert_eq!(second, b"two");
        client.write("three\n");
        assert_eq!(mail.receive(), b"three");
        mail.send_to("thanks", from);
        let run = client.finish();
        assert_eq!(run.code, 0, "{run}");
        assert_eq!(run.rows()[0]["text"], "thanks");
        assert_eq!(run.named("error").count() + run.named("warning").count(), 0, "{run}");
        assert!(mail.is_empty(), "nothing came twice");
    }
}

#[test]
fn repeat_sends_everything_again_and_interval_waits_between() {
    let mail = Mail::open();
    send_to(&mail, "--repeat 3 a b").run();
    assert_eq!(mail.receive_texts(6), ["a", "b", "a", "b", "a", "b"]);
    send_to(&mail, "--repeat 2").input("x\ny").run();
    assert_eq!(mail.receive_texts(4), ["x", "y", "x", "y"]);
    let started = Instant::now();
    send_to(&mail, "--repeat 3 --interval 150ms ping").run();
    assert!(started.elapsed() >= Duration::from_millis(300));
    assert_eq!(mail.receive_texts(3), ["ping"; 3]);
    assert!(mail.is_empty());
}

#[test]
fn the_local_end_can_be_chosen() {
    let mail = Mail::open();
    let port = closed_port();
    let run = send_to(&mail, &format!("--source 127.0.0.2:{port} hi")).run();
    assert_eq!(mail.receive_from(), (b"hi".to_vec(), (Ipv4Addr::new(127, 0, 0, 2), port).into()), "{run}");
    let run = send_to(&mail, "--source ::1 hi").run();
    assert_eq!(run.code, 5, "{run}");
    run.error("address");
}

#[test]
fn options_are_read_back() {
    let mail = Mail::open();
    let flags = "--ttl 9 --tos 16 --sndbuf 100000 --broadcast --multicast-ttl 3 hi";
    let run = send_to(&mail, flags).run();
    assert_eq!(run.code, 0, "{run}");
    let effective = |name: &str| {
        let event = run.named("option").find(|e| e.text("name") == name);
        event.map(|e| e["effective"].clone()).expect("an option")
    };
    assert_eq!(effective("ttl"), 9);
    assert_eq!(effective("tos"), 16);
    assert_eq!(effective("sndbuf"), 200_000);
    assert_eq!(effective("broadcast"), true);
    assert_eq!(effective("multicast-ttl"), 3);
    assert_eq!(mail.receive(), b"hi");
}

#[test]
fn a_broadcast_address_wants_to_be_asked_for() {
    #[allow(clippy::disallowed_methods)] // the other end
    let socket = UdpSocket::bind("0.0.0.0:0").expect("a free port");
    socket.set_read_timeout(Some(DEADLINE)).expect("a deadline");
    let port = socket.local_addr().expect("bound").port();
    let run = soquete(&format!("udp-send 127.255.255.255 {port} hi --reply-wait 0")).run();
    assert_eq!(run.code, 5, "{run}");
    assert!(run.error("permission").text("text").contains("--broadcast"), "{run}");
    let line = format!("udp-send --broadcast 127.255.255.255 {port} hi --replies 1");
    let client = soquete(&line).start();
    let mut buffer = [0; 8];
    let (length, from) = socket.recv_from(&mut buffer).expect("a datagram");
    assert_eq!(&buffer[..length], b"hi");
    socket.send_to(b"me", from).expect("an answer from another address");
    let run = client.finish();
    assert_eq!((run.code, &run.rows()[0]["text"]), (0, &json!("me")), "{run}");
    assert_eq!(run.states_of("client"), ["CLOSED", "UNCONNECTED", "CLOSED"]);
}

#[test]
fn a_group_is_reached_and_answers_come_from_its_members() {
    let group = Ipv4Addr::new(239, 9, 9, 9);
    #[allow(clippy::disallowed_methods)] // the other end
    let member = UdpSocket::bind((group, 0)).expect("a free port");
    member.join_multicast_v4(&group, &Ipv4Addr::LOCALHOST).expect("loopback");
    member.set_read_timeout(Some(DEADLINE)).expect("a deadline");
    let port = member.local_addr().expect("bound").port();
    let line = format!("udp-send --multicast-ttl 0 --source 127.0.0.1 {group} {port} hi --replies 1");
    let client = soquete(&line).start();
    let (_, from) = member.recv_from(&mut [0; 8]).expect("a datagram");
    let other = Mail::open();
    other.send_to("me", from);
    let run = client.finish();
    assert_eq!((run.code, &run.rows()[0]["peer"]), (0, &json!(other.address().to_string())), "{run}");
}

#[test]
fn check_has_three_answers_the_same_however_much_is_told() {
    let silent = Mail::open();
    let closed = closed_port();
    for flags in ["", "-v", "-q"] {
        let replied = answerer(Duration::ZERO, 1);
        for (address, outcome, code) in [
            (replied, "replied", 0),
            ((Ipv4Addr::LOCALHOST, closed).into(), "refused", 1),
            (silent.address(), "no-answer", 3),
        ] {
            let line = format!("udp-send --check {address} --reply-wait 200ms {flags}");
            let client = soquete(&line);
            // Quiet, there is not even an exit event.
            let client = if flags == "-q" { client.stderr(std::process::Stdio::null()) } else { client };
            let run = client.run();
            assert_eq!(run.code, code, "{run}");
            let rows = run.rows();
            assert_eq!(rows.len(), 1, "{run}");
            let row = &rows[0];
            assert_eq!((&row["outcome"], &row["port"]), (&json!(outcome), &json!(address.port())), "{run}");
            assert_eq!(row["latency_us"].is_u64(), outcome != "no-answer", "{run}");
            if flags != "-q" {
                let target = run.event("target");
                assert_eq!((target.text("outcome"), target.text("proto")), (outcome, "udp"), "{run}");
            }
        }
    }
    let line = format!("udp-send -z 127.0.0.1 {closed}");
    let [plain, detailed] = ["", "-v"].map(|v| soquete(&format!("{line} {v}")).human().run());
    let words = |run: &Run| run.text().split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    assert_eq!(words(&plain), format!("127.0.0.1:{closed} refused"));
    assert_eq!(words(&plain), words(&detailed));
}

#[test]
fn check_asks_every_address_and_sends_what_it_is_given() {
    let mail = Mail::open();
    let client =
        soquete(&format!("udp-send --check localhost {} hello --reply-wait 5s", mail.port())).start();
    let (question, from) = mail.receive_from();
    assert_eq!(question, b"hello");
    mail.send_to("yes", from);
    let run = client.finish();
    assert_eq!((run.code, &run.rows()[0]["address"]), (0, &json!(mail.address().to_string())), "{run}");
    let run = soquete("udp-send --check no-such-host.invalid 9").run();
    assert_eq!((run.code, &run.rows()[0]["outcome"]), (1, &json!("unresolved")), "{run}");
}

#[test]
fn check_asks_again_where_questions_get_lost() {
    let mail = Mail::open();
    let line = format!("udp-send --check {} --repeat 3 --interval 100ms --reply-wait 5s", mail.address());
    let client = soquete(&line).start();
    let (first, second) = (mail.receive(), mail.receive_from());
    assert_eq!((first, &second.0[..]), (Vec::new(), &b""[..]));
    mail.send_to("", second.1);
    let run = client.finish();
    assert_eq!((run.code, &run.rows()[0]["outcome"]), (0, &json!("replied")), "{run}");
}

#[test]
fn a_signal_ends_it_in_order() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let mail = Mail::open();
        let client = soquete(&format!("udp-send {} hi --reply-wait 1m", mail.address())).start();
        mail.receive();
        client.signal(signal);
        let run = client.finish();
        assert_eq!(run.code, code, "{run}");
        assert_eq!(run.states_of("client").last(), Some(&"CLOSED"), "{run}");
    }
}

#[test]
fn a_wrong_command_line_is_2() {
    for (line, part) in [
        ("udp-send", "--help"),
        ("udp-send localhost", "PORT"),
        ("udp-send localhost 0 x", "1 to 65535"),
        ("udp-send localhost 9 x --whole", "standard input"),
        ("udp-send localhost 9 x --per-read", "standard input"),
        ("udp-send localhost 9 x --keep-lf", "standard input"),
        ("udp-send localhost 9 x --crlf", "standard input"),
        ("udp-send --whole --size 5 9", "--size"),
        ("udp-send --whole --per-read 9", "--per-read"),
        ("udp-send --whole --keep-lf 9", "--keep-lf"),
        ("udp-send --size 5 --crlf 9", "--crlf"),
        ("udp-send --per-read --crlf 9", "--crlf"),
        ("udp-send --check --per-read 9", "--per-read"),
        ("udp-send --repeat 0 9 x", "--repeat"),
        ("udp-send --check --replies 1 9", "--replies"),
    ] {
        let run = soquete(line).human().run();
        assert_eq!(run.code, 2, "{line}: {run}");
        assert!(run.stderr.contains(part) && run.stderr.lines().count() == 1, "{line}: {run}");
    }
}

#[test]
fn the_netcat_of_openbsd_hears_it() {
    let Some(nc) = peer("nc.openbsd") else { return };
    let port = closed_port();
    let mut server = std::process::Command::new(nc)
        .args(["-u", "-l", "127.0.0.1", &port.to_string()])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("nc starts");
    // nc says nothing when it is ready: asked until it does not refuse.
    let asked = Instant::now();
    let sent = || soquete(&format!("udp-send 127.0.0.1 {port} hello --reply-wait 0")).run().code == 0;
    while !sent() {
        assert!(asked.elapsed() < DEADLINE, "nc does not listen");
    }
    let mut heard = [0; 5];
    let mut out = server.stdout.take().expect("a pipe");
    std::io::Read::read_exact(&mut out, &mut heard).expect("nc prints");
    assert_eq!(&heard, b"hello");
    server.kill().expect("it runs");
    server.wait().expect("it ends");
}

#[test]
fn a_check_tells_of_its_own_socket_with_details_alone() {
    let server = soquete("udp-serve --echo 127.0.0.1:0").start();
    for (flags, told) in [("", false), ("-v", true)] {
        let run = soquete(&format!("udp-send --check {} {flags}", server.address())).run();
        assert_eq!((run.code, run.named("target").count()), (0, 1), "{run}");
        assert_eq!(run.named("state").count() > 0, told, "{run}");
    }
}

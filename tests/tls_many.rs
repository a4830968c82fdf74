//! TLS where there are many: checks, `multi-connect`, chats, and servers whose clients stall.

#![cfg(feature = "tls")]

mod support;

use std::time::{Duration, Instant};
use support::pki::Pki;
use support::*;

fn file(pki: &Pki, name: &str) -> String {
    pki.path(name).display().to_string()
}

/// A server with the certificate `name`.
fn server(pki: &Pki, name: &str, line: &str) -> Running {
    soquete(&format!("{line} --tls --tls-cert {}", file(pki, name))).start()
}

fn trust(pki: &Pki) -> String {
    format!("--tls --tls-ca {}", file(pki, "ca.pem"))
}

#[test]
fn a_check_reports_the_certificate_and_what_is_wrong_with_it() {
    let pki = Pki::new();
    let good = server(&pki, "server.pem", "listen -k --echo 127.0.0.1 0");
    let old = server(&pki, "expired.pem", "listen -k --echo 127.0.0.1 0");
    let plain = soquete("listen -k --discard 127.0.0.1 0").start();
    let silent = Door::open();
    let ports = [good.port(), old.port(), plain.port(), silent.port()];
    let list = ports.map(|port| port.to_string()).join(",");
    let began = Instant::now();
    let run = soquete(&format!("connect --check {} -w 1s 127.0.0.1 {list}", trust(&pki))).run();
    assert!(began.elapsed() < Duration::from_secs(5), "the targets are tested at the same time");
    assert_eq!(run.code, 4, "{run}");
    let rows = run.rows();
    let words: Vec<_> = rows.iter().map(|row| row["outcome"].as_str().unwrap_or_default()).collect();
    assert_eq!(words, ["open", "tls-failed", "tls-failed", "tls-failed"], "{run}");
    assert_eq!((&rows[0]["version"], &rows[0]["verified"]), (&"1.3".into(), &"ca".into()), "{run}");
    assert_eq!((&rows[0]["subject"], &rows[0]["issuer"]), (&"CN=server".into(), &"CN=Test CA".into()));
    assert_eq!(rows[0]["names"], serde_json::json!(["localhost", "127.0.0.1", "example.org"]));
    assert!(rows[0]["days_left"].as_i64().is_some_and(|days| days > 20_000), "{run}");
    assert!(rows[0]["cipher"].as_str().is_some_and(|cipher| cipher.starts_with("TLS_")), "{run}");
    assert!(rows[1]["reason"].as_str().is_some_and(|why| why.contains("expired on 2020-01-01")), "{run}");
    assert!(rows[1]["days_left"].as_i64().is_some_and(|days| days < 0), "{run}");
    assert!(rows[1]["fingerprint"].as_str().is_some_and(|pin| pin.starts_with("sha256:")), "{run}");
    assert_eq!(rows[3]["reason"], "no answer to the TLS handshake within 1s", "{run}");

    let human = soquete(&format!("check {} 127.0.0.1 {}", trust(&pki), good.port())).human().run();
    assert_eq!(human.code, 0, "{human}");
    assert!(
        human.text().contains("  subject  CN=server\n") && human.text().contains(" days left\n"),
        "{human}"
    );
    assert!(human.text().lines().all(|line| line.chars().count() <= 80), "{human}");
    let wrong =
        soquete(&format!("check {} --tls-name a.example 127.0.0.1 {}", trust(&pki), good.port())).run();
    assert_eq!((wrong.code, &wrong.rows()[0]["outcome"]), (1, &"tls-failed".into()), "{wrong}");
}

#[test]
fn a_check_waits_until_the_handshake_succeeds() {
    let pki = Pki::new();
    let starting = Door::open();
    let port = starting.port();
    let check = soquete(&format!("check {} --wait 20s 127.0.0.1 {port} -- echo ready", trust(&pki))).start();
    // The port is open before TLS is there.
    drop(starting.accept());
    drop(starting);
    let _up = server(&pki, "server.pem", &format!("listen -k --echo 127.0.0.1 {port}"));
    let run = check.finish();
    assert_eq!(run.code, 0, "{run}");
    assert!(run.text().contains("ready\n"), "{run}");
}

#[test]
fn waiting_repeats_a_handshake_that_the_server_broke_off() {
    let pki = Pki::new();
    let starting = Door::open();
    let port = starting.port();
    let waiting =
        soquete(&format!("connect {} --wait 20s 127.0.0.1 {port}", trust(&pki))).input("hi\n").start();
    drop(starting.accept());
    drop(starting);
    let _up = server(&pki, "server.pem", &format!("listen -k --echo 127.0.0.1 {port}"));
    let run = waiting.finish();
    assert_eq!((run.code, run.text()), (0, "hi\n"), "{run}");
    // One that is not accepted stays so.
    let other =
        soquete(&format!("connect --tls --tls-ca {} --wait 20s 127.0.0.1 {port}", file(&pki, "other.crt")));
    let began = Instant::now();
    let run = other.input("").run();
    assert_eq!(run.code, 1, "{run}");
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn many_targets_are_verified_by_their_own_names() {
    let pki = Pki::new();
    let good = server(&pki, "server.pem", "listen -k --echo localhost 0");
    let wrong = server(&pki, "other.pem", "listen -k --echo localhost 0");
    let stalled = Door::open();
    let line = format!(
        "multi-connect {} -w 2s --eof-wait 5s localhost:{} localhost:{} {}",
        trust(&pki),
        good.port(),
        wrong.port(),
        stalled.address()
    );
    let run = soquete(&line).input("hello\n").run();
    assert_eq!(run.code, 4, "{run}");
    assert_eq!(run.text(), format!("[localhost:{}] hello\n", good.port()), "{run}");
    let errors: Vec<_> = run.named("error").map(|e| e.text("text").to_owned()).collect();
    assert!(errors.iter().any(|text| text.contains("not for localhost")), "{run}");
    assert_eq!(errors.len(), 2, "{run}");
}

#[test]
fn a_chat_goes_through_tls_and_serves_many_while_others_stall() {
    const EACH: usize = 100;
    let pki = Pki::new();
    let room = server(&pki, "server.pem", "chat-serve 127.0.0.1 0");
    let port = room.port();
    let stalled: Vec<Peer> = (0..EACH).map(|_| Peer::connect(room.address())).collect();
    let listener = soquete(&format!("chat-join {} 127.0.0.1 {port} --nick ana", trust(&pki))).start();
    listener.wait_stdout("you are now ana");
    let line = format!("chat-join {} 127.0.0.1 {port} --on-eof half-close", trust(&pki));
    let began = Instant::now();
    let members: Vec<_> = (0..EACH).map(|n| soquete(&line).input(format!("line {n}\n")).start()).collect();
    for n in 0..EACH {
        listener.wait_stdout(format!(": line {n}\n"));
    }
    assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
    for member in members {
        assert_eq!(member.finish().code, 0);
    }
    assert_eq!(room.events().iter().filter(|e| e.is("member") && e["what"] == "join").count(), EACH + 1);
    drop(stalled);
    assert_eq!(listener.close_and_finish().code, 0);
    room.terminate();
}

#[test]
fn a_slow_reader_of_a_chat_gets_every_byte_through_tls() {
    const LINES: usize = 3000;
    let pki = Pki::new();
    let room = server(&pki, "server.pem", "chat-serve 127.0.0.1 0 --raw --slow-limit 64M");
    let port = room.port();
    // Nobody reads its standard output at first: pipe, sockets and TLS fill.
    let (mut reader, writer) = pipe();
    let slow = soquete(&format!("chat-join {} 127.0.0.1 {port} -q", trust(&pki))).stdout(writer).start();
    room.wait_for("member", |e| e.is("member") && e["what"] == "join");
    let lines: Vec<String> = (0..LINES).map(|n| format!("{n:04} {}\n", "x".repeat(2000))).collect();
    let text = lines.concat();
    let sender = soquete(&format!("connect {} 127.0.0.1 {port} --send-only", trust(&pki))).input(&text).run();
    assert_eq!(sender.code, 0, "{sender}");
    assert!(reader.read(text.len()) == text.as_bytes(), "the text is complete and in order");
    drop(slow);
    room.terminate();
}

#[test]
fn a_server_and_a_client_that_a_signal_ends_close_in_order() {
    let pki = Pki::new();
    for line in ["chat-serve 127.0.0.1 0", "listen -k --echo 127.0.0.1 0", "listen -k 127.0.0.1 0"] {
        let listening = server(&pki, "server.pem", line);
        let client = |what: &str| {
            let client = soquete(&format!("{what} {} 127.0.0.1:{}", trust(&pki), listening.port())).start();
            client.wait_for("handshake", |e| e.is("tls") && e["what"] == "handshake");
            client
        };
        let clients = ["connect", "chat-join", "multi-connect"].map(client);
        listening.wait_for_many("handshakes", 3, |e| e.is("tls") && e["what"] == "handshake");
        let interrupted = client("connect");
        listening.wait_for_many("handshakes", 4, |e| e.is("tls") && e["what"] == "handshake");
        interrupted.terminate();
        listening.wait_for("its end", |e| e.is("tls") && e["what"] == "close-notify");
        let run = listening.terminate();
        assert!(run.named("warning").next().is_none(), "{run}");
        for client in clients {
            let run = client.close_and_finish();
            assert_eq!(run.code, 0, "{line}: {run}");
        }
    }
}

#[test]
fn an_interrupted_response_is_truncated() {
    let pki = Pki::new();
    let file = pki.write("long", &"x".repeat(32 << 20));
    let listening = server(&pki, "server.pem", &format!("listen -k --send {} 127.0.0.1 0", file.display()));
    let (mut reader, writer) = pipe();
    let line = format!("connect {} 127.0.0.1 {}", trust(&pki), listening.port());
    let client = soquete(&line).stdout(writer).start();
    assert_eq!(reader.read(1000).len(), 1000);
    listening.terminate();
    assert!(reader.read_all().len() < 32 << 20);
    let run = client.finish();
    assert_eq!(run.code, 1, "{run}");
}

#[test]
fn the_first_client_whose_handshake_is_done_is_the_one() {
    let pki = Pki::new();
    let listening = server(&pki, "server.pem", "listen 127.0.0.1 0 --respond hi");
    let stalled: Vec<Peer> = (0..20).map(|_| Peer::connect(listening.address())).collect();
    let began = Instant::now();
    let run = soquete(&format!("connect {} 127.0.0.1 {}", trust(&pki), listening.port())).input("").run();
    assert_eq!((run.code, run.text()), (0, "hi"), "{run}");
    assert_eq!(listening.finish().code, 0);
    assert!(began.elapsed() < Duration::from_secs(8), "no client waited for another's handshake");
    drop(stalled);
}

#[test]
fn half_of_200_clients_never_finish_and_delay_nobody() {
    let pki = Pki::new();
    let listening = server(&pki, "server.pem", "listen -k --respond hi 127.0.0.1 0");
    let stalled: Vec<Peer> = (0..100).map(|_| Peer::connect(listening.address())).collect();
    let line = format!("connect {} 127.0.0.1 {}", trust(&pki), listening.port());
    let clients: Vec<_> = (0..100).map(|_| soquete(&line).input("").start()).collect();
    for client in clients {
        let run = client.finish();
        assert_eq!((run.code, run.text()), (0, "hi"), "{run}");
    }
    let late = |e: &Event| e.is("warning") && e["op"] == "tls handshake" && e["kind"] == "timeout";
    listening.wait_for_many("late handshakes", 100, late);
    drop(stalled);
    listening.terminate();
}

#[test]
fn hostile_names_of_a_certificate_never_reach_a_terminal() {
    let pki = Pki::new();
    pki.hostile("hostile", "\u{1b}]0;owned\u{7}\n\u{202e}evil\u{9b}31m");
    let listening = server(&pki, "hostile.pem", "listen -k --echo localhost 0");
    let port = listening.port();
    for line in [
        format!("connect {} -v localhost {port}", trust(&pki)),
        format!("connect --tls --tls-insecure -v localhost {port}"),
        format!("check {} localhost {port}", trust(&pki)),
        format!("connect {} --tls-name other.example localhost {port}", trust(&pki)),
    ] {
        let human = soquete(&line).human().input("").run();
        let shown = format!("{}{}", human.text(), human.stderr);
        assert!(shown.contains('\u{241b}') || line.contains("--tls-name"), "{human}");
        let hidden = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!shown.chars().any(hidden), "{line}: {shown:?}");
        let json = soquete(&line).input("").run();
        assert!(!json.stderr.chars().any(hidden), "{line}: {json}");
    }
    listening.terminate();
}

//! TLS on `connect` and `listen`: against ourselves, and against openssl.

#![cfg(feature = "tls")]

mod support;

use std::time::{Duration, Instant};
use support::peer_program::PeerProgram;
use support::pki::Pki;
use support::*;

/// A path of the certificates' folder as a word of a command line.
fn file(pki: &Pki, name: &str) -> String {
    pki.path(name).display().to_string()
}

/// `listen --tls` with the server's certificate, on the port it took.
fn server(pki: &Pki, more: &str) -> Running {
    soquete(&format!("listen --tls --tls-cert {} 127.0.0.1 0 {more}", file(pki, "server.pem"))).start()
}

/// `connect --tls` that trusts the tests' root.
fn client(pki: &Pki, port: u16, more: &str) -> Soquete {
    soquete(&format!("connect --tls --tls-ca {} 127.0.0.1 {port} {more}", file(pki, "ca.pem")))
}

#[test]
fn both_ends_report_the_handshake_and_the_end_in_order() {
    let pki = Pki::new();
    let mut listening = server(&pki, "--alpn irc,echo");
    let port = listening.port();
    listening.write("from the server\n");
    listening.close_input();
    let run = client(&pki, port, "--alpn echo --tls-name localhost").input("from the client\n").run();
    let served = listening.finish();
    assert_eq!((run.code, run.text()), (0, "from the server\n"), "{run}");
    assert_eq!((served.code, served.text()), (0, "from the client\n"), "{served}");
    for run in [&run, &served] {
        let tls: Vec<_> = run.named("tls").collect();
        assert_eq!(
            tls.iter().map(|e| e.text("what")).collect::<Vec<_>>(),
            ["handshake", "close-notify"],
            "{run}"
        );
        assert_eq!((tls[0].text("version"), tls[0].text("alpn")), ("1.3", "echo"), "{run}");
        assert_eq!(tls[0].text("sni"), "localhost", "{run}");
        assert!(tls[0].number("duration_us") > 0, "{run}");
    }
    let tls = run.event("tls");
    assert_eq!((tls.text("verified"), tls.text("subject")), ("ca", "CN=server"), "{run}");
    assert_eq!(tls["names"], serde_json::json!(["localhost", "127.0.0.1", "example.org"]), "{run}");
    assert_eq!(served.event("tls").text("verified"), "none", "{served}");
}

#[test]
fn a_late_answer_comes_after_the_half_close() {
    let pki = Pki::new();
    let mut listening = server(&pki, "");
    let client = client(&pki, listening.port(), "").input("question\n").start();
    listening.wait_stdout("question\n");
    listening.wait_for("close-notify", |e| e.is("tls") && e["what"] == "close-notify");
    listening.write("late answer\n");
    listening.close_input();
    let run = client.finish();
    assert_eq!((run.code, run.text()), (0, "late answer\n"), "{run}");
    assert_eq!(listening.finish().code, 0);
}

#[test]
fn megabytes_pass_both_ways_unchanged() {
    let pki = Pki::new();
    let listening = server(&pki, "-k --echo");
    let data = noise(3 << 20);
    let run = client(&pki, listening.port(), "").input(&data).run();
    assert_eq!((run.code, run.stdout == data), (0, true), "{} bytes", run.stdout.len());
    let crlf = client(&pki, listening.port(), "--crlf").input("a\nb\n").run();
    assert_eq!((crlf.code, crlf.text()), (0, "a\r\nb\r\n"), "{crlf}");
    listening.terminate();
}

#[test]
fn every_service_works_through_tls() {
    let pki = Pki::new();
    for (service, input, output) in [
        ("--upper", "shout\n", "SHOUT\n"),
        ("--respond hello", "", "hello"),
        ("--discard", "gone\n", ""),
        ("--send /proc/version", "", &std::fs::read_to_string("/proc/version").expect("a file")),
    ] {
        let listening = server(&pki, &format!("-k {service}"));
        let run = client(&pki, listening.port(), "").input(input).run();
        assert_eq!((run.code, run.text()), (0, output), "{service}: {run}");
        listening.terminate();
    }
}

#[test]
fn a_certificate_that_is_not_accepted_is_explained_with_its_pin() {
    let pki = Pki::new();
    let listening = server(&pki, "-k --echo");
    let port = listening.port();
    let unknown = soquete(&format!("connect --tls 127.0.0.1 {port}")).input("secret\n").run();
    assert_eq!((unknown.code, unknown.text()), (1, ""), "{unknown}");
    let text = unknown.error("tls").text("text").to_owned();
    assert!(text.starts_with(&format!("tls handshake 127.0.0.1:{port}: ")), "{text}");
    let pin = text.split("--tls-pin ").nth(1).expect("a pin").split(' ').next().expect("a word");
    let pinned = soquete(&format!("connect --tls --tls-pin {pin} 127.0.0.1 {port}")).input("hi\n").run();
    assert_eq!((pinned.code, pinned.text()), (0, "hi\n"), "{pinned}");
    assert_eq!(pinned.event("tls").text("verified"), "pin");

    let other = "sha256:".to_owned() + &"5a".repeat(32);
    let refused = soquete(&format!("connect --tls --tls-pin {other} 127.0.0.1 {port}")).input("").run();
    assert_eq!(refused.code, 1, "{refused}");
    let text = refused.error("tls").text("text");
    assert!(text.contains("not the pinned one") && text.contains(pin), "{text}");

    let named = client(&pki, port, "--tls-name wrong.example").input("").run();
    assert_eq!(named.code, 1, "{named}");
    let text = named.error("tls").text("text");
    assert!(text.contains("for localhost, 127.0.0.1, example.org, not for wrong.example"), "{text}");
    assert_eq!(named.event("tls").text("what"), "alert", "{named}");

    let careless = soquete(&format!("connect --tls --tls-insecure 127.0.0.1 {port}")).input("hi\n").run();
    assert_eq!((careless.code, careless.text()), (0, "hi\n"), "{careless}");
    assert_eq!(careless.event("warning")["kind"], "tls", "{careless}");
    assert_eq!(careless.event("tls").text("verified"), "none");
    listening.terminate();
}

#[test]
fn a_certificate_made_for_the_run_is_trusted_by_its_pin() {
    let listening = soquete("listen --tls 127.0.0.1 0 --respond hi").input("").start();
    let made = listening.wait_for("certificate", |e| e.is("tls") && e["what"] == "certificate");
    let line = format!("connect --tls --tls-pin {} 127.0.0.1 {}", made.text("fingerprint"), listening.port());
    let run = soquete(&line).input("").run();
    assert_eq!((run.code, run.text()), (0, "hi"), "{run}");
    assert_eq!(listening.finish().code, 0);
    let human = soquete("listen --tls 0").human().input("").start();
    human.wait_stderr("certificate for this run; clients verify it with\n    --tls-pin ");
    drop(human);
}

#[test]
fn a_client_certificate_is_demanded_and_reported() {
    let pki = Pki::new();
    let listening = server(&pki, &format!("-k --echo --tls-client-ca {}", file(&pki, "ca.pem")));
    let port = listening.port();
    let (cert, key) = (file(&pki, "client.crt"), file(&pki, "client.key"));
    let run = client(&pki, port, &format!("--tls-cert {cert} --tls-key {key}")).input("hi\n").run();
    assert_eq!((run.code, run.text()), (0, "hi\n"), "{run}");
    let shaken = listening.wait_for("handshake", |e| e.is("tls") && e["what"] == "handshake");
    assert_eq!((shaken.text("subject"), shaken.text("verified")), ("CN=client", "ca"));
    let none = client(&pki, port, "").input("").run();
    assert_eq!(none.code, 1, "{none}");
    assert!(none.error("tls").text("text").contains("certificate_required"), "{none}");
    // A self-signed certificate is its own authority where the server was given it.
    let (cert, key) = (file(&pki, "ca.pem"), file(&pki, "ca.key"));
    let run = client(&pki, port, &format!("--tls-cert {cert} --tls-key {key}")).input("hi\n").run();
    assert_eq!((run.code, run.text()), (0, "hi\n"), "{run}");
    listening.terminate();
}

#[test]
fn who_speaks_no_tls_harms_nobody() {
    let pki = Pki::new();
    let listening = server(&pki, "--on-peer-eof end");
    let mut plain = Peer::connect(listening.address());
    plain.send("GET / HTTP/1.0\r\n\r\n");
    let warning = listening.event("warning");
    assert!(warning.text("text").contains("the client does not speak TLS"), "{}", warning.text("text"));
    let run = client(&pki, listening.port(), "").input("hi\n").run();
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(listening.close_and_finish().text(), "hi\n");

    let door = Door::open();
    let asking = client(&pki, door.port(), "").input("").start();
    let mut peer = door.accept();
    peer.send("220 mail.example ESMTP\r\n");
    let run = asking.finish();
    assert_eq!(run.code, 1, "{run}");
    let text = run.error("tls").text("text");
    assert!(text.contains("the server does not speak TLS: its first bytes are \"220 mail"), "{text}");
}

#[test]
fn a_plain_client_is_told_that_the_server_speaks_tls() {
    let pki = Pki::new();
    let listening = server(&pki, "-k --echo");
    let run = soquete(&format!("connect {}", listening.address())).input("hello\n").run();
    assert_eq!(run.code, 1, "{run}");
    let text = run.error("tls").text("text");
    assert!(text.contains("the server speaks TLS") && text.contains("--tls"), "{text}");
    // Data that only begins so is data.
    let alike = b"\x15\x03\x03\x00\x02\x02\x32 and more";
    let door = Door::open();
    let plain = soquete(&format!("connect {}", door.address())).input("").start();
    door.accept().send(alike);
    let run = plain.finish();
    assert_eq!((run.code, run.stdout.as_slice()), (0, &alike[..]), "{run}");
    listening.terminate();
}

#[test]
fn half_a_handshake_holds_nobody_up() {
    let pki = Pki::new();
    let listening = server(&pki, "-k --echo --max-conns 2");
    let silent = Peer::connect(listening.address());
    listening.event("accept");
    let run = client(&pki, listening.port(), "").input("hi\n").run();
    assert_eq!((run.code, run.text()), (0, "hi\n"), "{run}");
    drop(silent);
    listening.terminate();
}

#[test]
fn the_deadline_covers_the_handshake() {
    let pki = Pki::new();
    let door = Door::open();
    let began = Instant::now();
    let run = client(&pki, door.port(), "-w 300ms").input("").run();
    assert_eq!(run.code, 3, "{run}");
    assert_eq!(run.error("timeout").text("op"), "tls handshake");
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_client_that_only_sends_ends_when_all_is_acknowledged() {
    let pki = Pki::new();
    let listening = server(&pki, "--on-peer-eof end");
    let run = client(&pki, listening.port(), "--send-only").input("all of it\n").run();
    assert_eq!((run.code, run.text()), (0, ""), "{run}");
    assert_eq!(listening.finish().text(), "all of it\n");
    let listening = server(&pki, "--on-peer-eof end");
    let run = client(&pki, listening.port(), "--on-eof close").input("all of it\n").run();
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(listening.finish().text(), "all of it\n");
}

#[test]
fn a_receiver_sends_nothing_and_limits_end_the_wait() {
    let pki = Pki::new();
    let listening = server(&pki, "-k --respond hello");
    let run = client(&pki, listening.port(), "--recv-only").start().close_and_finish();
    assert_eq!((run.code, run.text()), (0, "hello"), "{run}");
    listening.terminate();
    let listening = server(&pki, "-k --discard");
    let idle = client(&pki, listening.port(), "--idle-timeout 200ms").start().finish();
    assert_eq!(idle.code, 3, "{idle}");
    let late = client(&pki, listening.port(), "--on-eof keep --eof-wait 200ms").input("x").run();
    assert_eq!(late.code, 3, "{late}");
    listening.terminate();
}

#[test]
fn wrong_options_and_files_are_told_before_a_connection() {
    let pki = Pki::new();
    let ca = file(&pki, "ca.pem");
    for (line, code) in [
        (format!("connect --tls --tls-insecure --tls-ca {ca} 127.0.0.1 1"), 2),
        ("connect --tls --tls-min 1.3 --tls-max 1.2 127.0.0.1 1".into(), 2),
        ("connect --tls --tls-pin 00 127.0.0.1 1".into(), 2),
        ("connect --tls-insecure 127.0.0.1 1".into(), 2),
        ("connect --until-closed --tls 127.0.0.1 1".into(), 2),
        ("connect --tls --tls-ca /nonexistent/ca.pem 127.0.0.1 1".into(), 5),
        ("listen --tls --tls-cert /nonexistent/c.pem 127.0.0.1 0".into(), 5),
        (format!("listen --tls --tls-cert {ca} 127.0.0.1 0"), 5),
    ] {
        let run = soquete(&line).input("").run();
        assert_eq!(run.code, code, "{line}: {run}");
        assert_eq!(run.named("state").count(), 0, "{line}");
    }
}

#[test]
fn secrets_are_logged_where_the_environment_says() {
    let pki = Pki::new();
    let listening = server(&pki, "--respond hi");
    let log = file(&pki, "keys.log");
    let run = client(&pki, listening.port(), "").env("SSLKEYLOGFILE", &log).input("").run();
    assert_eq!(run.code, 0, "{run}");
    let text = std::fs::read_to_string(&log).expect("a key log");
    assert!(text.contains("CLIENT_TRAFFIC_SECRET_0 "), "{text}");
    assert_eq!(listening.finish().code, 0);
}

/// `openssl s_server` and the port it took.
fn openssl_server(pki: &Pki, more: &str) -> Option<(PeerProgram, u16)> {
    let cert = file(pki, "server.pem");
    let line = format!("openssl s_server -accept 127.0.0.1:0 -cert {cert} -key {cert} {more}");
    let server = PeerProgram::line(&line)?;
    let port = server.port(|line| line.strip_prefix("ACCEPT 127.0.0.1:")?.parse().ok());
    Some((server, port))
}

#[test]
fn openssl_serves_us_in_both_versions() {
    let pki = Pki::new();
    for version in ["1.2", "1.3"] {
        let Some((_server, port)) = openssl_server(&pki, "-www") else { return };
        let line = format!("--tls-min {version} --tls-max {version}");
        let run = client(&pki, port, &line).input("GET / HTTP/1.0\r\n\r\n").run();
        assert_eq!(run.code, 0, "{run}");
        assert!(run.text().starts_with("HTTP/1.0 200 ok"), "{run}");
        assert_eq!(run.event("tls").text("version"), version, "{run}");
        // It closes both directions at once, and answers our close_notify by RST.
        let mut asking = client(&pki, port, &format!("{line} --on-peer-eof end")).start();
        asking.write("GET / HTTP/1.0\r\n\r\n");
        let run = asking.finish();
        assert_eq!((run.code, run.text().starts_with("HTTP/1.0 200 ok")), (0, true), "{run}");
    }
}

#[test]
fn openssl_reads_all_of_a_client_that_only_sends() {
    let pki = Pki::new();
    // It sends session tickets that nobody reads, which must not make a reset of the close.
    let Some((mut server, port)) = openssl_server(&pki, "-rev") else { return };
    server.close_input();
    for _ in 0..5 {
        let run = client(&pki, port, "--send-only").input("line\n").run();
        assert_eq!(run.code, 0, "{run}");
        assert_eq!(run.event("summary")["clean"], true, "{run}");
    }
}

#[test]
fn openssl_is_served() {
    let pki = Pki::new();
    let listening = server(&pki, "-k --upper");
    let ca = file(&pki, "ca.pem");
    let line = format!(
        "openssl s_client -quiet -verify_return_error -CAfile {ca} -verify_hostname localhost -connect 127.0.0.1:{}",
        listening.port()
    );
    let Some(mut openssl) = PeerProgram::line(&line) else { return };
    openssl.write("shout\n");
    openssl.wait("SHOUT\n");
    // Killed, it ends by FIN without close_notify.
    drop(openssl);
    let truncated = listening.wait_for("truncated", |e| e.is("tls") && e["what"] == "truncated");
    assert_eq!(truncated.text("role"), "server");
    listening.terminate();
}

#[test]
fn a_fin_without_close_notify_is_a_truncation() {
    let pki = Pki::new();
    for (more, code) in [("", 1), ("--tls-allow-truncated", 0)] {
        let Some((server, port)) = openssl_server(&pki, "-rev") else { return };
        let mut running = client(&pki, port, &format!("{more} --on-peer-eof end")).start();
        // Killed with bytes unread, it would reset the connection.
        running.write("ab\n");
        running.wait_stdout("ba\n");
        drop(server);
        let run = running.finish();
        assert_eq!(run.code, code, "{run}");
        let last = run.named("tls").last().expect("there are two").text("what");
        assert_eq!(last, "truncated", "{run}");
        if code == 1 {
            assert!(run.error("tls").text("text").contains("without close_notify"), "{run}");
        }
    }
}

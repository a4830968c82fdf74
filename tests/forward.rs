//! `listen --forward`: half-closes, resets, slow and dead targets, TLS, PROXY headers; against haproxy, curl, socat, nc.

mod support;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
#[cfg(feature = "tls")]
use support::pki::Pki;
use support::sockets::SilentPort;
use support::*;

/// `listen -k --forward` to `target`.
fn forward(target: impl std::fmt::Display, more: &str) -> Running {
    soquete(&format!("listen -k --forward {target} 127.0.0.1 0 {more}")).start()
}

/// A client of `forwarding`, and its target's end.
fn joined(forwarding: &Running, door: &Door) -> (Peer, Peer) {
    let client = Peer::connect(forwarding.address());
    (client, door.accept())
}

/// A client that connects there is reset, before its connect returns or after.
fn expect_reset(address: SocketAddr) {
    match Peer::try_connect(address) {
        Ok(mut client) => client.expect_reset(),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
}

#[test]
fn both_legs_report_their_states_and_the_summaries_join_them() {
    let door = Door::open();
    let forwarding = soquete(&format!("listen --forward {} 127.0.0.1 0", door.address())).start();
    let (mut client, mut target) = joined(&forwarding, &door);
    client.send("ping");
    assert_eq!(target.receive(4), b"ping");
    target.send("pong");
    client.half_close();
    target.half_close();
    assert_eq!((client.receive_all(), target.receive_all()), (b"pong".to_vec(), Vec::new()));
    let run = forwarding.finish();
    assert_eq!(run.code, 0, "{run}");
    let summaries: Vec<_> = run.named("summary").collect();
    let pairs: Vec<_> = summaries.iter().map(|s| (s.number("conn"), s.number("joined"))).collect();
    assert_eq!(pairs.len(), 2, "{run}");
    assert_eq!(pairs[0], (pairs[1].1, pairs[1].0), "{run}");
    for summary in summaries {
        assert_eq!((summary.number("bytes_in"), summary.number("bytes_out")), (4, 4), "{run}");
        assert_eq!(summary["clean"], true, "{run}");
        assert!(run.states(summary.number("conn")).contains(&"ESTABLISHED"), "{run}");
    }
    assert!(run.states_of("client").contains(&"SYN-SENT"), "{run}");
}

#[test]
fn a_half_close_passes_each_way_and_the_late_answer_arrives() {
    let door = Door::open();
    let forwarding = forward(door.address(), "");
    for client_first in [true, false] {
        let (client, target) = joined(&forwarding, &door);
        let (mut first, mut last) = if client_first { (client, target) } else { (target, client) };
        first.send("first");
        first.half_close();
        assert_eq!(last.receive_all(), b"first");
        first.expect_silence(Duration::from_millis(100));
        last.send(noise(1 << 20));
        last.half_close();
        assert_eq!(first.receive_all(), noise(1 << 20));
    }
    assert_eq!(forwarding.terminate().named("warning").count(), 0);
}

#[test]
fn the_leg_that_is_reset_by_us_ends_closed() {
    let door = Door::open();
    let forwarding = forward(door.address(), "");
    let (mut client, mut target) = joined(&forwarding, &door);
    client.send("x");
    target.receive(1);
    client.reset();
    target.expect_reset();
    let run = forwarding.terminate();
    for (role, op) in [("server", "reset-received"), ("client", "close")] {
        let states: Vec<_> = run.named("state").filter(|s| s.text("role") == role).collect();
        let last = states.last().unwrap_or_else(|| panic!("no states: {run}"));
        assert_eq!((last.text("to"), last.text("op")), ("CLOSED", op), "{run}");
    }
    let ours: Vec<_> = run.named("state").filter(|s| s.text("role") == "client").collect();
    assert_eq!(ours.last().map(|s| s.text("via")), Some("implied"), "no table is asked: {run}");
    assert_eq!(run.named("summary").filter(|s| s["clean"] == false).count(), 2, "{run}");
}

#[test]
fn a_reset_on_one_side_is_a_reset_on_the_other() {
    let door = Door::open();
    let forwarding = forward(door.address(), "");
    for (of_client, half_closed, blocked) in [
        (true, false, false),
        (false, false, false),
        (true, true, false),
        (false, true, false),
        (true, false, true),
        (false, false, true),
    ] {
        let (client, target) = joined(&forwarding, &door);
        let (mut resetting, mut other) = if of_client { (client, target) } else { (target, client) };
        resetting.send("x");
        other.receive(1);
        if half_closed {
            resetting.half_close();
            assert_eq!(other.receive_all(), b"");
        }
        if blocked {
            fill(&resetting);
        }
        resetting.reset();
        if half_closed {
            let began = Instant::now();
            while other.try_send("x").is_ok() {
                assert!(began.elapsed() < DEADLINE, "waited for RST");
                std::thread::yield_now();
            }
        } else {
            other.expect_reset();
        }
    }
    let warnings = forwarding.terminate();
    assert_eq!(warnings.named("warning").filter(|w| w["kind"] == "reset").count(), 6, "{warnings}");
}

/// Sends until nothing more is taken.
fn fill(peer: &Peer) -> usize {
    let (mut sent, mut stream) = (0, peer.stream());
    stream.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
    let block = vec![7; 64 << 10];
    while let Ok(count) = stream.write(&block) {
        sent += count;
    }
    sent
}

#[test]
fn an_answer_before_a_reset_reaches_the_client() {
    let door = Door::open();
    let forwarding = forward(door.address(), "");
    let (mut client, mut target) = joined(&forwarding, &door);
    client.send(noise(100_000));
    // The target answers without reading: its close is a reset.
    target.wait_readable();
    target.send("413 too large");
    drop(target);
    let mut answer = vec![0; 13];
    client.stream().read_exact(&mut answer).expect("the answer");
    assert_eq!(answer, b"413 too large");
    client.expect_reset();
    forwarding.terminate();
}

#[test]
fn a_target_that_cannot_be_reached_resets_the_client_alone() {
    let refusing = refusing_port();
    let forwarding = forward(refusing.address(), "");
    expect_reset(forwarding.address());
    let warning = forwarding.event("warning");
    let text = format!("connect {}: Connection refused", refusing.address());
    assert_eq!((warning.text("kind"), warning.text("text")), ("refused", text.as_str()));
    let door = refusing.open();
    let (mut client, mut target) = joined(&forwarding, &door);
    client.send("now");
    assert_eq!(target.receive(3), b"now");
    forwarding.terminate();

    let refusing = refusing_port();
    let once = soquete(&format!("listen --forward {} 127.0.0.1 0", refusing.address())).start();
    expect_reset(once.address());
    let run = once.finish();
    assert_eq!(run.code, 1, "{run}");
    assert_eq!(run.error("refused").text("op"), "connect", "{run}");
}

#[test]
fn a_silent_target_delays_no_other_client_and_a_client_that_leaves_ends_the_attempt() {
    let silent = SilentPort::open();
    let forwarding = forward(silent.address(), "");
    let clients: Vec<_> = (0..20).map(|_| Peer::connect(forwarding.address())).collect();
    let syn = |e: &Event| e.is("state") && e.text("to") == "SYN-SENT";
    forwarding.wait_for_many("attempts", 20, syn);
    clients.into_iter().for_each(Peer::reset);
    forwarding.wait_for_many("warnings", 20, |e| e.is("warning") && e["kind"] == "reset");
    forwarding.terminate();
}

#[test]
fn megabytes_pass_unchanged_both_ways_at_once() {
    let door = Door::open();
    let forwarding = forward(door.address(), "");
    let (client, target) = joined(&forwarding, &door);
    let data = noise(24 << 20);
    std::thread::scope(|scope| {
        for peer in [&client, &target] {
            let (mut sender, mut receiver) = (peer.twin(), peer.twin());
            let data = &data;
            scope.spawn(move || {
                sender.send(data);
                sender.half_close();
            });
            scope.spawn(move || assert!(receiver.receive_all() == *data, "other bytes"));
        }
    });
    forwarding.terminate();
}

#[test]
fn a_slow_side_slows_the_other_in_bounded_memory() {
    let door = Door::narrow();
    let forwarding = forward(door.address(), "--sndbuf 64k --rcvbuf 64k");
    let pairs: Vec<_> = (0..40).map(|_| joined(&forwarding, &door)).collect();
    std::thread::scope(|scope| {
        for (client, _) in &pairs {
            scope.spawn(|| fill(client));
        }
    });
    let memory = kilobytes(forwarding.pid(), "VmRSS:");
    assert!(memory < 60_000, "{memory} kB");
    // Slow, and then to the end.
    let (mut client, mut target) = pairs.into_iter().next().unwrap();
    client.half_close();
    assert!(target.receive_all().iter().all(|byte| *byte == 7));
    target.half_close();
    client.receive_all();
    forwarding.terminate();
}

fn kilobytes(pid: u32, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status.lines().find(|line| line.starts_with(field)).expect("a field");
    line.split_whitespace().nth(1).and_then(|word| word.parse().ok()).expect("a number")
}

#[test]
fn an_idle_client_is_ended() {
    let door = Door::open();
    let forwarding = forward(door.address(), "--idle-timeout 300ms");
    let (mut client, mut target) = joined(&forwarding, &door);
    assert_eq!((client.receive_all(), target.receive_all()), (Vec::new(), Vec::new()));
    let text = forwarding.event("warning").text("text").to_owned();
    assert!(text.starts_with("idle timeout "), "{text}");
    forwarding.terminate();
}

#[test]
fn a_unix_target_that_answers_and_closes_is_no_failure() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("target");
    let listener = UnixListener::bind(&path).expect("a socket");
    let forwarding = forward(format!("unix:{}", path.display()), "");
    let mut client = Peer::connect(forwarding.address());
    let (mut target, _) = listener.accept().expect("a client");
    client.send("ask");
    let mut asked = [0; 3];
    target.read_exact(&mut asked).expect("a question");
    target.write_all(&noise(1 << 20)).expect("an answer");
    drop(target);
    assert_eq!((&asked, client.receive_all()), (b"ask", noise(1 << 20)));
    client.half_close();
    forwarding.wait_for_many("summaries", 2, |e| e.is("summary"));
    let run = forwarding.terminate();
    assert_eq!(run.named("warning").count(), 0, "{run}");
}

#[test]
fn a_signal_in_the_middle_of_a_transfer_is_no_end_of_the_stream() {
    let door = Door::narrow();
    let forwarding = forward(door.address(), "--sndbuf 64k");
    let (mut client, mut target) = joined(&forwarding, &door);
    fill(&client);
    forwarding.terminate();
    client.expect_reset();
    target.expect_reset();
}

#[test]
#[cfg(feature = "tls")]
fn tls_stands_on_either_side() {
    let pki = Pki::new();
    let file = |name: &str| pki.path(name).display().to_string();
    let (ca, cert) = (file("ca.pem"), file("server.pem"));
    let secure = soquete(&format!("listen -k --echo --tls --tls-cert {cert} 127.0.0.1 0")).start();
    let data = noise(2 << 20);
    // Plain in, TLS out.
    let target = format!("tls:localhost:{}", secure.port());
    let out = forward(&target, &format!("--tls-ca {ca}"));
    let run = soquete(&format!("connect 127.0.0.1 {}", out.port())).input(&data).run();
    assert_eq!((run.code, run.stdout == data), (0, true), "{run}");
    // TLS in, TLS out.
    let both = forward(&target, &format!("--tls-ca {ca} --tls --tls-cert {cert}"));
    let connect = format!("connect --tls --tls-ca {ca} 127.0.0.1 {}", both.port());
    let run = soquete(&connect).input(&data).run();
    assert_eq!((run.code, run.stdout == data), (0, true), "{run}");
    assert_eq!(both.wait_for_many("handshakes", 2, |e| e.is("tls") && e["what"] == "handshake").len(), 2);
    // A certificate that is not accepted resets the client.
    let distrusting = forward(&target, "");
    expect_reset(distrusting.address());
    assert_eq!(distrusting.event("warning").text("kind"), "tls");
    for running in [out, both, distrusting, secure] {
        assert_eq!(running.terminate().code, 143);
    }
}

#[test]
fn wrong_targets_are_usage_errors() {
    for (line, part) in [
        ("--forward http://localhost:8088/", "type --forward localhost:8088"),
        ("--forward https://localhost/x", "type --forward tls:localhost:"),
        ("--forward localhost", "has no port"),
        ("--forward localhost:0", "port 0"),
        ("--forward localhost:1 --echo", "cannot be used with"),
        ("--forward localhost:1 --tls-insecure", "--forward tls:localhost:1"),
        ("--forward localhost:1 --send-proxy-header 3", "invalid value"),
        ("--send-proxy-header 1", "--forward"),
        ("--tls-pin 00", "pin"),
    ] {
        let run = soquete(&format!("listen 0 {line}")).human().run();
        assert_eq!(run.code, 2, "{line}: {run}");
        assert!(run.stderr.contains(part), "{line}: {run}");
    }
}

#[test]
fn a_header_names_the_client_to_the_next_hop() {
    let inner = soquete("listen -k --accept-proxy-header --prefix 127.0.0.1 0").input("").start();
    for version in [1, 2] {
        let outer = forward(inner.address(), &format!("--send-proxy-header {version}"));
        let mut client = Peer::connect(outer.address());
        client.send("hello\n");
        inner.wait_stdout(format!("[{}] hello\n", client.local()));
        let sent = outer.event("proxy-header");
        assert_eq!((sent.text("dir"), sent.number("version")), ("out", version));
        assert_eq!(sent.address("source"), Some(client.local()));
        assert_eq!(sent.address("destination"), Some(outer.address()));
        let of_version = |e: &Event| e.is("proxy-header") && e["version"] == version;
        let received = inner.wait_for("a header", of_version);
        assert_eq!((received.text("dir"), received.address("source")), ("in", Some(client.local())));
        outer.terminate();
    }
    inner.terminate();
}

#[test]
fn a_header_in_pieces_is_read_and_passed_on() {
    let door = Door::open();
    let forwarding = forward(door.address(), "--accept-proxy-header --send-proxy-header 1");
    let header = "PROXY TCP4 192.0.2.7 192.0.2.8 4711 443\r\n";
    let mut client = Peer::connect(forwarding.address());
    for byte in header.bytes() {
        client.send([byte]);
    }
    client.send("data");
    client.half_close();
    assert_eq!(door.accept().receive_all(), format!("{header}data").into_bytes());
    // A proxy's own connection is named by its own ends.
    let mut client = Peer::connect(forwarding.address());
    client.send(b"\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00data");
    let line = door.accept().receive_line();
    assert!(
        line.starts_with(&format!("PROXY TCP4 127.0.0.1 127.0.0.1 {} ", client.local().port())),
        "{line}"
    );
    forwarding.terminate();
}

#[test]
fn a_malformed_header_resets_that_client_alone() {
    let serving = soquete("listen -k --accept-proxy-header --echo 127.0.0.1 0").start();
    for (bytes, part) in [
        (&b"GET / HTTP/1.0\r\n"[..], "no PROXY header"),
        (b"PROXY TCP4 1.2.3.4\r\n", "malformed PROXY header"),
        (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff", "too long"),
    ] {
        let mut client = Peer::connect(serving.address());
        client.send(bytes);
        client.expect_reset();
        let told = |e: &Event| e.is("warning") && e.text("text").contains(part);
        let warning = serving.wait_for(part, told);
        assert_eq!(warning.address("peer"), Some(client.local()), "{warning}");
        assert_eq!((warning.text("op"), warning.text("kind")), ("proxy header", "data"));
    }
    let mut client = Peer::connect(serving.address());
    client.send("PROXY TC");
    client.half_close();
    serving.wait_for("truncated", |e| e.is("warning") && e.text("text").contains("truncated"));
    let mut client = Peer::connect(serving.address());
    client.send("PROXY UNKNOWN\r\nok");
    assert_eq!(client.receive(2), b"ok");
    serving.terminate();
}

#[test]
fn access_rules_apply_to_the_client_a_header_names() {
    let serving = soquete("listen -k --accept-proxy-header --echo --deny 192.0.2.0/24 127.0.0.1 0").start();
    let mut client = Peer::connect(serving.address());
    client.send("PROXY TCP4 192.0.2.7 127.0.0.1 1 2\r\nx");
    client.expect_reset();
    assert!(serving.event("refuse").text("reason").contains("192.0.2.0/24"));
    let mut client = Peer::connect(serving.address());
    client.send("PROXY TCP4 198.51.100.7 127.0.0.1 1 2\r\nx");
    assert_eq!(client.receive(1), b"x");
    let run = serving.terminate();
    assert_eq!(run.named("warning").count(), 0, "{run}");
}

#[test]
fn curl_is_understood() {
    let Some(curl) = peer("curl") else { return };
    let page = r"--respond HTTP/1.0\x20200\x20OK\r\nContent-Length:\x202\r\n\r\nhi";
    let serving = soquete(&format!("listen -k --accept-proxy-header {page} 127.0.0.1 0")).start();
    let url = format!("http://{}/", serving.address());
    let run = Command::new(curl).args(["-sS", "--haproxy-protocol", &url]).output().expect("curl runs");
    assert_eq!(run.stdout, b"hi", "{run:?}");
    let header = serving.event("proxy-header");
    assert_eq!(
        (header.number("version"), header.address("source")),
        (1, serving.event("accept").address("peer"))
    );
    serving.terminate();
}

/// haproxy with this configuration, once it listens; killed when dropped.
struct Haproxy(std::process::Child);

impl Haproxy {
    fn start(program: &std::path::Path, port: u16, bind: &str, server: &str) -> Self {
        let text = format!(
            "defaults\n mode tcp\n timeout connect 5s\n timeout client 20s\n timeout server 20s\n\
             listen t\n bind 127.0.0.1:{port} {bind}\n server s {server}\n"
        );
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("haproxy.cfg");
        std::fs::write(&file, text).expect("a configuration");
        let child = Command::new(program).arg("-db").arg("-f").arg(&file).stderr(Stdio::null()).spawn();
        let haproxy = Self(child.expect("haproxy runs"));
        let began = Instant::now();
        while Peer::try_connect((Ipv4Addr::LOCALHOST, port).into()).is_err() {
            assert!(began.elapsed() < DEADLINE, "haproxy does not listen");
            std::thread::yield_now();
        }
        haproxy
    }
}

impl Drop for Haproxy {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn haproxy_sends_and_accepts_headers() {
    let Some(program) = peer("haproxy") else { return };
    for (send, version) in [("send-proxy", 1), ("send-proxy-v2", 2)] {
        // haproxy → accept; forward → haproxy, whose inner server reads what haproxy says.
        let inner = soquete("listen -k --accept-proxy-header --echo 127.0.0.1 0").start();
        let port = Door::open().port();
        let _haproxy = Haproxy::start(&program, port, "accept-proxy", &format!("{} {send}", inner.address()));
        let outer = forward(format!("127.0.0.1:{port}"), &format!("--send-proxy-header {version}"));
        let mut client = Peer::connect(outer.address());
        client.send("through three");
        assert_eq!(client.receive(13), b"through three");
        let header = inner
            .wait_for("a header", |e| e.is("proxy-header") && e.address("source") == Some(client.local()));
        assert_eq!(
            (header.number("version"), header.address("destination")),
            (version, Some(outer.address()))
        );
        outer.terminate();
        inner.terminate();
    }
}

#[test]
fn socat_and_nc_stand_at_either_end() {
    let (Some(socat), Some(nc)) = (peer("socat"), peer("nc")) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let serving = soquete("listen -k --upper 127.0.0.1 0").start();
    let forwarding = forward(serving.address(), "");
    let data = noise(300_000).iter().map(|byte| b'a' + byte % 26).collect::<Vec<_>>();
    let file = folder.path().join("data");
    std::fs::write(&file, &data).expect("a file");
    let (address, port) = (format!("TCP:{}", forwarding.address()), forwarding.port().to_string());
    for command in [
        Command::new(socat).args(["-t", "9", "-", &address]),
        Command::new(nc).args(["-N", "127.0.0.1", &port]),
    ] {
        let input = std::fs::File::open(&file).expect("a file");
        let run = command.stdin(input).output().expect("the peer runs");
        assert!(run.stdout == data.to_ascii_uppercase(), "{command:?}: {} bytes", run.stdout.len());
    }
    forwarding.terminate();
}

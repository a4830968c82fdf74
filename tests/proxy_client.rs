//! `--proxy` of the clients: against our own server, other people's, and answers that are scripted.

mod support;

use std::net::SocketAddr;
use std::time::{Duration, Instant};
use support::peer_program::PeerProgram;
#[cfg(feature = "tls")]
use support::pki::Pki;
use support::sockets::SilentPort;
use support::*;

const SCHEMES: [&str; 5] = ["socks4", "socks4a", "socks5", "socks5h", "http"];

fn proxy_server(more: &str) -> Running {
    soquete(&format!("listen -k --proxy-server 127.0.0.1 0 {more}")).start()
}

fn upper() -> Running {
    soquete("listen -k --upper 127.0.0.1 0").start()
}

/// `connect` through a proxy, which half-closes as it does without one.
fn connect(proxy: &str, target: impl std::fmt::Display) -> Soquete {
    soquete(&format!("connect --on-eof half-close --proxy {proxy} {target}"))
}

#[test]
fn every_scheme_leads_to_the_target() {
    let (proxy, echo) = (proxy_server(""), upper());
    for scheme in SCHEMES {
        let url = format!("{scheme}://{}", proxy.address());
        let run = connect(&url, format!("localhost:{}", echo.port())).input("shout\n").run();
        assert_eq!((run.code, run.text()), (0, "SHOUT\n"), "{scheme}: {run}");
        let event = run.named("proxy").last().expect("a proxy event");
        assert_eq!((event.text("proxy"), event.text("outcome")), (url.as_str(), "connected"), "{run}");
        assert_eq!(event.text("target"), format!("localhost:{}", echo.port()));
        assert_eq!(event.address("peer"), Some(proxy.address()), "{run}");
    }
    proxy.terminate();
    echo.terminate();
}

#[test]
fn through_a_proxy_the_end_of_input_keeps_the_connection() {
    let (proxy, door) = (proxy_server(""), Door::open());
    for (more, half_closes) in [("", false), ("--on-eof half-close", true)] {
        let line = format!("connect {more} --proxy http://{} {}", proxy.address(), door.address());
        let client = soquete(&line).input("question\n").start();
        let mut target = door.accept();
        assert_eq!(target.receive_line(), "question\n");
        if half_closes {
            assert_eq!(target.receive_all(), b"");
        } else {
            target.expect_silence(Duration::from_millis(300));
        }
        target.send("answer\n");
        drop(target);
        let run = client.finish();
        assert_eq!((run.code, run.text()), (0, "answer\n"), "{run}");
    }
    proxy.terminate();
}

/// Starts a client whose proxy answers with these bytes, each after so many of the client's.
fn scripted(scheme: &str, more: &str, answers: &[(usize, &[u8])]) -> Run {
    let door = Door::open();
    let line = format!("connect -w 10s {more} --proxy {scheme}://{} 127.0.0.1:80", door.address());
    let client = soquete(&line).input("").start();
    let mut proxy = door.accept();
    for (length, answer) in answers {
        proxy.receive(*length);
        proxy.send(answer);
    }
    drop(proxy);
    client.finish()
}

#[test]
fn refusals_are_named() {
    let rejected: &[u8] = b"\0\x5b\0\0\0\0\0\0";
    let socks5 = |code: u8| [5, code, 0, 1, 0, 0, 0, 0, 0, 0];
    let http = |answer: &'static [u8]| vec![(53, answer)];
    for (scheme, answers, text, outcome, kind) in [
        ("socks4", vec![(9, rejected)], "socks4 proxy: request rejected or failed", "refused", "refused"),
        (
            "socks4a",
            vec![(9, &b"\0\x5d\0\0\0\0\0\0"[..])],
            "socks4a proxy: request rejected: identd",
            "refused",
            "proxy",
        ),
        ("socks5", vec![(3, b"\x05\xff")], "socks5 proxy: authentication required", "refused", "proxy"),
        (
            "socks5",
            vec![(3, b"\x05\0"), (10, &socks5(2))],
            "socks5 proxy: connection not allowed by ruleset",
            "refused",
            "proxy",
        ),
        (
            "socks5h",
            vec![(3, b"\x05\0"), (10, &socks5(5))],
            "socks5h proxy: connection refused",
            "refused",
            "refused",
        ),
        (
            "socks5h",
            vec![(3, b"\x05\0"), (10, &socks5(4))],
            "socks5h proxy: host unreachable",
            "refused",
            "unreachable",
        ),
        (
            "socks5",
            vec![(3, b"\x05\0"), (10, &socks5(99))],
            "socks5 proxy: unknown reply 99",
            "refused",
            "proxy",
        ),
        (
            "socks5",
            vec![(3, b"HTTP/1.1 400\r\n")],
            "socks5 proxy: the answer is not SOCKS5",
            "failed",
            "proxy",
        ),
        (
            "socks5",
            vec![(3, &b""[..])],
            "socks5 proxy: the proxy closed the connection before it answered",
            "failed",
            "proxy",
        ),
        ("http", http(b"HTTP/1.1 403 Forbidden\r\n\r\n"), "http proxy: 403 Forbidden", "refused", "proxy"),
        ("http", http(b"HTTP/1.1 502 Bad\r\n\r\n"), "http proxy: 502 Bad", "refused", "unreachable"),
        (
            "http",
            http(b"HTTP/1.1 200"),
            "http proxy: the proxy closed the connection before it answered",
            "failed",
            "proxy",
        ),
        ("http", http(b"\x05\0"), "http proxy: the answer is not HTTP/1", "failed", "proxy"),
        (
            "http",
            http(b"HTTP/1.1 407 x\r\n\r\n"),
            "http proxy: 407 authentication required",
            "refused",
            "proxy",
        ),
    ] {
        let run = scripted(scheme, "", &answers);
        assert_eq!(run.code, 1, "{text}: {run}");
        assert!(run.error(kind).text("text").starts_with(text), "not {text}: {run}");
        assert_eq!(run.event("proxy").text("outcome"), outcome, "{run}");
    }
}

#[test]
fn the_first_words_of_the_target_may_come_with_the_answer() {
    for (scheme, answers) in [
        ("socks4", vec![(9, &b"\0\x5a\0\0\0\0\0\0welcome\n"[..])]),
        ("socks5", vec![(3, &b"\x05\0"[..]), (10, b"\x05\0\0\x01\0\0\0\0\0\0welcome\n")]),
        ("http", vec![(53, &b"HTTP/1.1 200 OK\r\nX: y\r\n\r\nwelcome\n"[..])]),
    ] {
        let run = scripted(scheme, "", &answers);
        assert_eq!(run.text(), "welcome\n", "{scheme}: {run}");
    }
}

#[test]
fn a_silent_proxy_meets_the_deadline_and_an_absent_one_is_refused() {
    let door = Door::open();
    let began = Instant::now();
    for scheme in ["socks5", "http"] {
        let line = format!("connect -w 300ms --proxy {scheme}://{} 127.0.0.1:80", door.address());
        let run = soquete(&line).input("").run();
        assert_eq!(run.code, 3, "{run}");
        run.error("timeout");
    }
    let silent = SilentPort::open();
    let line = format!("connect -w 300ms --proxy socks5://{} 127.0.0.1:80", silent.address());
    let run = soquete(&line).input("").run();
    assert_eq!((run.code, run.error("timeout").text("op")), (3, "connect"), "{run}");
    assert!(began.elapsed() < Duration::from_secs(10));
    let nobody = refusing_port();
    let run = connect(&format!("socks5://{}", nobody.address()), "127.0.0.1:80").input("").run();
    assert_eq!(run.code, 1, "{run}");
    assert!(run.error("refused").text("text").contains("(socks5 proxy)"), "{run}");
}

#[test]
fn a_proxy_is_waited_for() {
    let (nobody, echo) = (refusing_port(), upper());
    let address: SocketAddr = nobody.address();
    let line =
        format!("connect --wait 20s --on-eof half-close --proxy socks5://{address} {}", echo.address());
    let client = soquete(&line).input("shout\n").start();
    client.wait_for("a try", |e| e.is("target") && e["attempt"].as_u64() >= Some(1));
    drop(nobody);
    let proxy = soquete(&format!("listen -k --proxy-server {address}")).start();
    let run = client.finish();
    assert_eq!((run.code, run.text()), (0, "SHOUT\n"), "{run}");
    proxy.terminate();
    echo.terminate();
}

#[test]
fn a_target_behind_a_proxy_is_waited_for_and_a_wrong_password_is_not() {
    let proxy = proxy_server("--auth me:pw");
    for scheme in ["socks5", "socks5h", "http"] {
        let nobody = refusing_port();
        let address = nobody.address();
        let url = format!("{scheme}://me:pw@{}", proxy.address());
        let line = format!("connect --wait 20s --on-eof half-close --proxy {url} {address}");
        let client = soquete(&line).input("shout\n").start();
        client.wait_for("a try", |e| e.is("target") && e["attempt"].as_u64() >= Some(1));
        drop(nobody);
        let echo = soquete(&format!("listen -k --upper {address}")).start();
        let run = client.finish();
        assert_eq!((run.code, run.text()), (0, "SHOUT\n"), "{run}");
        echo.terminate();
        let line = format!("connect --wait 20s --proxy {scheme}://me:no@{} {address}", proxy.address());
        let began = Instant::now();
        let run = soquete(&line).input("").run();
        assert!(run.code == 1 && began.elapsed() < Duration::from_secs(10), "{run}");
        run.error("proxy");
    }
    proxy.terminate();
}

#[test]
fn a_port_is_checked_through_a_proxy() {
    let (proxy, echo, nobody) = (proxy_server(""), upper(), refusing_port());
    let (open, closed) = (echo.address(), nobody.address());
    for scheme in ["socks4", "socks5", "socks5h", "http"] {
        let url = format!("{scheme}://{}", proxy.address());
        let ports = format!("127.0.0.1 {},{}", open.port(), closed.port());
        let run = soquete(&format!("connect --check --proxy {url} {ports}")).input("").run();
        assert_eq!(run.code, 4, "{url}: {run}");
        let found: Vec<_> = run.named("target").map(|e| e.text("outcome")).collect();
        assert!(["open", "closed"].iter().all(|outcome| found.contains(outcome)), "{url}: {run}");
    }
    let url = format!("socks5://{}", proxy.address());
    let run = soquete(&format!("connect --wait 9s --proxy {url} {open} -- true")).run();
    assert_eq!(run.code, 0, "{run}");
    proxy.terminate();
    let strict = proxy_server("--deny-dest 127.0.0.1");
    let run = soquete(&format!("check --proxy socks5://{} {open}", strict.address())).run();
    let target = run.event("target");
    assert_eq!((run.code, target.text("outcome")), (1, "failed"), "{run}");
    assert!(target.text("text").contains("not allowed by ruleset"), "{run}");
    strict.terminate();
    let silent = Door::open();
    let run = soquete(&format!("check --timeout 300ms --proxy socks5://{} {open}", silent.address())).run();
    assert_eq!((run.code, run.event("target").text("outcome")), (1, "filtered"), "{run}");
    let run = soquete(&format!("check --proxy socks5://{closed} {open}")).run();
    assert_eq!((run.code, run.event("target").text("outcome")), (1, "failed"), "no proxy: {run}");
    echo.terminate();
}

#[test]
fn a_wait_through_a_proxy_ends_at_its_deadline() {
    let (silent, proxy, nobody) = (Door::open(), proxy_server(""), refusing_port());
    for url in [silent.address(), proxy.address()] {
        let began = Instant::now();
        let run = soquete(&format!("connect --wait 1s --proxy socks5://{url} {}", nobody.address()))
            .input("")
            .run();
        assert!(run.code == 3 && began.elapsed() < Duration::from_secs(4), "{run}");
    }
    proxy.terminate();
}

#[test]
fn the_user_comes_from_the_url_a_file_or_the_environment() {
    let (proxy, echo) = (proxy_server("--auth me:top:secret"), upper());
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("user");
    std::fs::write(&file, "me:top:secret\n").expect("a file");
    for scheme in ["socks5", "socks5h", "http"] {
        let url = |user: &str| format!("{scheme}://{user}{}", proxy.address());
        let with_file = format!("{} --proxy-auth-file {}", url(""), file.display());
        for run in [
            connect(&url("me:top%3Asecret@"), echo.address()).input("shout\n").run(),
            connect(&with_file, echo.address()).input("shout\n").run(),
            connect(&url(""), echo.address())
                .env("SOQUETE_PROXY_AUTH", "me:top:secret")
                .input("shout\n")
                .run(),
        ] {
            assert_eq!((run.code, run.text()), (0, "SHOUT\n"), "{scheme}: {run}");
            assert!(!run.stderr.contains("secret"), "{run}");
        }
        for run in [
            connect(&url("me:wrong@"), echo.address()).input("").run(),
            connect(&url(""), echo.address()).input("").run(),
        ] {
            assert_eq!(run.code, 1, "{run}");
            let text = run.error("proxy").text("text");
            assert!(text.contains("rejected") || text.contains("authentication required"), "{run}");
            assert!(!run.stderr.contains("wrong"), "{run}");
        }
    }
    let run = proxy.terminate();
    assert!(!run.stderr.contains("secret"), "{run}");
    echo.terminate();
}

#[test]
#[cfg(feature = "tls")]
fn tls_runs_inside_and_around_the_proxy() {
    let pki = Pki::new();
    let (cert, ca) = (pki.path("server.pem").display().to_string(), pki.path("ca.pem").display().to_string());
    let target = soquete(&format!("listen -k --tls --tls-cert {cert} --upper 127.0.0.1 0")).start();
    let plain = upper();
    let (inside, around) = (proxy_server(""), proxy_server(&format!("--tls --tls-cert {cert}")));
    for scheme in SCHEMES {
        let more = format!("{scheme}://{} --tls --tls-ca {ca}", inside.address());
        let run = connect(&more, target.address()).input("shout\n").run();
        assert_eq!((run.code, run.text()), (0, "SHOUT\n"), "{scheme}: {run}");
    }
    let data = noise(3 << 20);
    let https = format!("https://localhost:{} --tls-ca {ca}", around.port());
    let echo = soquete("listen -k --echo 127.0.0.1 0").start();
    let run = connect(&https, echo.address()).input(&data).run();
    assert!(run.code == 0 && run.stdout == data, "{run}");
    let run = connect(&format!("{https} --tls"), target.address()).input("shout\n").run();
    assert_eq!((run.code, run.text()), (0, "SHOUT\n"), "TLS in TLS: {run}");
    assert_eq!(run.named("tls").filter(|e| e.text("what") == "handshake").count(), 2, "{run}");
    // The proxy is verified.
    let run = connect(&format!("https://localhost:{}", around.port()), plain.address()).input("").run();
    assert_eq!(run.code, 1, "{run}");
    run.error("tls");
    for server in [target, plain, inside, around, echo] {
        server.terminate();
    }
}

#[test]
fn chat_join_and_multi_connect_go_through_a_proxy() {
    let (proxy, room) = (proxy_server("--auth me:pw"), soquete("chat-serve --announce 127.0.0.1 0").start());
    let url = format!("socks5h://me:pw@{}", proxy.address());
    let line = format!("chat-join --nick ana --proxy {url} localhost {}", room.port());
    let mut ana = soquete(&line).start();
    ana.write("hello\n");
    room.wait_for("a line", |e| e.is("member") && e.text("what") == "nick");
    ana.terminate();
    let targets = [upper(), upper(), upper()];
    let ports: Vec<String> = targets.iter().map(|t| t.port().to_string()).collect();
    let line = format!(
        "multi-connect --on-eof half-close --proxy http://me:pw@{} localhost:{}",
        proxy.address(),
        ports.join(",")
    );
    let run = soquete(&line).input("shout\n").run();
    assert_eq!(run.code, 0, "{run}");
    for port in &ports {
        assert!(run.text().contains(&format!("[localhost:{port}] SHOUT\n")), "{run}");
    }
    let line = format!("multi-connect --proxy http://{} localhost:{}", proxy.address(), ports.join(","));
    let run = soquete(&line).input("shout\n").run();
    assert_eq!(run.code, 1, "{run}");
    proxy.terminate();
    room.terminate();
    for target in targets {
        target.terminate();
    }
}

#[test]
fn a_signal_ends_the_wait_for_a_proxy() {
    let door = Door::open();
    let line = format!("connect --proxy http://{} 127.0.0.1:80", door.address());
    let client = soquete(&line).start();
    let mut proxy = door.accept();
    proxy.receive(53);
    let run = client.terminate();
    assert_eq!(run.code, 143, "{run}");
}

#[test]
fn a_server_forwards_through_a_proxy() {
    let (proxy, echo) = (proxy_server("--auth me:pw"), upper());
    let line = format!(
        "listen -k 127.0.0.1 0 --forward localhost:{} --proxy socks5h://me:pw@{}",
        echo.port(),
        proxy.address()
    );
    let forward = soquete(&line).start();
    let run = soquete(&format!("connect {}", forward.address())).input("shout\n").run();
    assert_eq!((run.code, run.text()), (0, "SHOUT\n"), "{run}");
    assert_eq!(forward.event("proxy").text("outcome"), "connected");
    for server in [forward, proxy, echo] {
        server.terminate();
    }
    let run = soquete("listen -k --echo --proxy socks5://h:1 0").run();
    assert_eq!(run.code, 2, "{run}");
}

#[test]
fn a_challenge_is_answered_once_more_without_being_asked() {
    let (proxy, echo) = (proxy_server("--auth me:pw"), upper());
    let line = format!(
        "multi-connect --on-eof half-close --reconnect --timeout 2s --proxy http://me:pw@{} {}",
        proxy.address(),
        echo.address()
    );
    let mut client = soquete(&line).start();
    client.write("one\n");
    client.wait_stdout("ONE\n");
    let address = echo.address();
    echo.terminate();
    let echo = soquete(&format!("listen -k --upper {address}")).start();
    client.wait_for_many("a second connection", 2, |e| e.is("target") && e["outcome"] == "connected");
    client.terminate();
    let run = proxy.terminate();
    let refused = run.named("proxy").filter(|e| e.text("text").contains("no user name")).count();
    assert_eq!(refused, 1, "{run}");
    echo.terminate();
}

/// A proxy of another program on a port that was free, and its address.
fn other(name: &str, args: impl Fn(&SocketAddr) -> Vec<String>) -> Option<(PeerProgram, SocketAddr)> {
    // They cannot say which port they took, so one that is free is chosen for them.
    let address = refusing_port().address();
    let words = args(&address);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Some((PeerProgram::start(name, &words, None)?, address))
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn other_proxies_serve_us() {
    let echo = upper();
    let check = |scheme: &str, user: &str, address: SocketAddr| {
        // These drop everything at a FIN, which is why the connection is kept; the end comes by a signal.
        let line = format!("connect --wait 20s --proxy {scheme}://{user}{address} {}", echo.address());
        let mut client = soquete(&line).start();
        client.write("shout\n");
        client.wait_stdout("SHOUT\n");
        let run = client.terminate();
        assert_eq!(run.event("proxy").text("outcome"), "connected", "{run}");
    };
    let refused = |scheme: &str, user: &str, address: SocketAddr| {
        let line = format!("connect --wait 20s --proxy {scheme}://{user}{address} {}", echo.address());
        let run = soquete(&line).input("").run();
        assert_eq!(run.code, 1, "{run}");
        run.error("proxy");
    };
    let ncat = |more: &str| {
        let more = more.to_owned();
        other("ncat", move |at| words(&format!("-l --proxy-type http {more} {} {}", at.ip(), at.port())))
    };
    if let Some((_ncat, address)) = ncat("") {
        check("http", "", address);
    }
    if let Some((_ncat, address)) = ncat("--proxy-auth me:pw") {
        check("http", "me:pw@", address);
        refused("http", "me:wrong@", address);
        refused("http", "", address);
    }
    if let Some((_microsocks, address)) =
        other("microsocks", |at| words(&format!("-i {} -p {}", at.ip(), at.port())))
    {
        check("socks5", "", address);
        check("socks5h", "", address);
    }
    if let Some((_microsocks, address)) =
        other("microsocks", |at| words(&format!("-i {} -p {} -u me -P pw", at.ip(), at.port())))
    {
        check("socks5", "me:pw@", address);
        refused("socks5", "me:wrong@", address);
        refused("socks5", "", address);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("tinyproxy.conf");
    for (user, more) in [("", ""), ("me:pw@", "BasicAuth me pw\n")] {
        let tinyproxy = other("tinyproxy", |at| {
            let text =
                format!("Port {}\nListen {}\nTimeout 60\nLogLevel Critical\n{more}", at.port(), at.ip());
            std::fs::write(&config, text).expect("a file");
            words(&format!("-d -c {}", config.display()))
        });
        let Some((_tinyproxy, address)) = tinyproxy else { return };
        check("http", user, address);
        if !user.is_empty() {
            refused("http", "me:wrong@", address);
        }
    }
    echo.terminate();
}

#[test]
fn wrong_flags_are_told_before_a_connection() {
    for (line, code) in [
        ("connect --proxy localhost:1 127.0.0.1 1", 2),
        ("connect --proxy ftp://me:secret@localhost:1 127.0.0.1 1", 2),
        ("connect --proxy http://me:secret@localhost:1/x 127.0.0.1 1", 2),
        ("connect --proxy socks4://me:secret@localhost:1 127.0.0.1 1", 2),
        ("connect --proxy http://me:sec%ret@localhost:1 127.0.0.1 1", 2),
        ("connect --proxy socks5://localhost:1 --check unix:/x", 2),
        ("connect --proxy http://me:secret@localhost:1 --check unix:/x", 2),
        // A password without its host looks like a port.
        ("connect -n --proxy http://me:54321 127.0.0.1 1", 1),
        ("connect -n -v --wait 1s --proxy http://me:54321 127.0.0.1 1", 3),
        ("connect -n --check --proxy http://me:54321 127.0.0.1 1", 1),
        ("connect --proxy http://me:543210 127.0.0.1 1", 2),
        ("connect --proxy socks5://localhost:1 --tls-insecure 127.0.0.1 1", 2),
        ("connect --proxy socks5://localhost:1 unix:/x", 2),
        ("connect --proxy http://me:secret@localhost:1 http://h:1/", 2),
        ("connect --proxy-auth-file /nonexistent 127.0.0.1 1", 2),
        ("connect --proxy socks5://h:1 --proxy-auth-file /nonexistent 127.0.0.1 1", 5),
        ("connect --proxy socks5://me:secret@h:1 --proxy-auth-file /dev/null 127.0.0.1 1", 2),
        ("connect --proxy socks5://h:1 --proxy-auth-file /dev/null 127.0.0.1 1", 2),
    ] {
        let run = soquete(line).input("").run();
        assert_eq!(run.code, code, "{line}: {run}");
        let is_told = ["secret", "54321"].iter().any(|word| run.stderr.contains(word));
        assert!(run.named("state").count() == 0 && !is_told, "{line}: {run}");
    }
    let run = soquete("connect --proxy socks5://h:1 127.0.0.1 1").env("SOQUETE_PROXY_AUTH", "secret").run();
    assert!(run.code == 2 && !run.stderr.contains("secret"), "{run}");
}

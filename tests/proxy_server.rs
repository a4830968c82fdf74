//! `listen --proxy-server`: SOCKS and HTTP on one port, for curl, ncat and hostile clients.

mod support;

use std::net::SocketAddr;
use std::time::{Duration, Instant};
use support::peer_program::{PeerProgram, PeerRun};
#[cfg(feature = "tls")]
use support::pki::Pki;
use support::*;

fn proxy(more: &str) -> Running {
    soquete(&format!("listen -k --proxy-server 127.0.0.1 0 {more}")).start()
}

/// A web server that answers every request with `hello`.
fn web() -> Running {
    let page = "HTTP/1.1 200 OK\\r\\nContent-Length: 6\\r\\nConnection: keep-alive\\r\\n\\r\\nhello\\n";
    soquete("listen -k 127.0.0.1 0 --respond").arg(page).start()
}

fn curl(line: &str) -> Option<PeerRun> {
    let words: Vec<&str> = ["-sS", "-m", "20"].into_iter().chain(line.split_whitespace()).collect();
    Some(PeerProgram::start("curl", &words, Some(b""))?.finish())
}

/// Sends bytes to a server and gives all that it answers.
fn ask(address: SocketAddr, bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut client = Peer::connect(address);
    client.send(bytes);
    client.receive_all()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn curl_gets_through_by_every_protocol() {
    let (proxy, web) = (proxy(""), web());
    for scheme in ["socks4", "socks4a", "socks5", "socks5h", "http"] {
        for how in ["", "-p"] {
            let line = format!("{how} -x {scheme}://{} http://127.0.0.1:{}/a", proxy.address(), web.port());
            let Some(run) = curl(&line) else { return };
            assert_eq!((run.code, run.out.as_str()), (Some(0), "hello\n"), "{line}: {run:?}");
        }
    }
    let seen = proxy.wait_for_many("proxy", 10, |e| e.is("proxy"));
    for (event, name) in seen.iter().step_by(2).zip(["socks4", "socks4", "socks5", "socks5", "http"]) {
        assert_eq!((event.text("proxy"), event.text("outcome")), (name, "connected"), "{event}");
        assert_eq!(event.text("target"), web.address().to_string());
    }
    let run = proxy.terminate();
    for role in ["server", "client"] {
        let legs = run.named("state").filter(|e| e.text("role") == role && e.text("to") == "ESTABLISHED");
        assert_eq!(legs.count(), 10, "both legs tell their states: {run}");
    }
    web.terminate();
}

#[test]
fn curl_asks_for_names_and_the_proxy_resolves_them() {
    let (proxy, web) = (proxy(""), web());
    for (scheme, name) in [("socks4a", "socks4a"), ("socks5h", "socks5h"), ("http", "http")] {
        let line = format!("-x {scheme}://{} http://localhost:{}/", proxy.address(), web.port());
        let Some(run) = curl(&line) else { return };
        assert_eq!(run.out, "hello\n", "{line}: {run:?}");
        let is_it = |e: &Event| e.is("proxy") && e.text("proxy") == name;
        let event = proxy.wait_for("proxy", is_it);
        assert_eq!(event.text("target"), format!("localhost:{}", web.port()));
    }
    proxy.terminate();
    web.terminate();
}

#[test]
fn curl_logs_in_by_basic_and_digest_and_passwords_stay_secret() {
    let (proxy, web) = (proxy("--auth me:top:secret --auth you:other"), web());
    for method in ["--proxy-basic", "--proxy-digest", "--proxy-anyauth"] {
        for how in ["", "-p"] {
            let line = |user: &str| {
                let (proxy, port) = (proxy.address(), web.port());
                format!("{method} {how} -x http://{proxy} -U {user} http://127.0.0.1:{port}/")
            };
            let Some(run) = curl(&line("me:top:secret")) else { return };
            assert_eq!((run.code, run.out.as_str()), (Some(0), "hello\n"), "{method} {how}: {run:?}");
            let status = "-o /dev/null -w %{http_code},%{http_connect}";
            let wrong = curl(&format!("{status} {}", line("me:secret"))).expect("it was there");
            let meant = if how.is_empty() { "407,000" } else { "000,407" };
            assert_eq!(wrong.out, meant, "{method} {how}: {wrong:?}");
        }
    }
    for (user, code) in [("you:other", Some(0)), ("you:top", Some(97))] {
        let line = format!("-x socks5://{user}@{} http://127.0.0.1:{}/", proxy.address(), web.port());
        assert_eq!(curl(&line).expect("it was there").code, code, "{user}");
    }
    let run = proxy.terminate();
    assert!(!run.stderr.contains("secret") && !run.stderr.contains("other"), "{run}");
    assert!(run.named("proxy").any(|e| e.text("outcome") == "refused"), "{run}");
    web.terminate();
}

#[test]
fn ncat_gets_through_with_and_without_a_password() {
    let (echo, open, closed) =
        (soquete("listen -k --upper 127.0.0.1 0").start(), proxy(""), proxy("--auth me:pw"));
    let target = echo.port().to_string();
    for (kind, user) in [("socks4", ""), ("socks5", ""), ("http", ""), ("socks5", "me:pw"), ("http", "me:pw")]
    {
        let address = if user.is_empty() { open.address() } else { closed.address() }.to_string();
        let mut args = vec!["--proxy", &address, "--proxy-type", kind];
        if !user.is_empty() {
            args.extend(["--proxy-auth", user]);
        }
        args.extend(["127.0.0.1", &target]);
        let Some(ncat) = PeerProgram::start("ncat", &args, Some(b"shout\n")) else { return };
        let run = ncat.finish();
        assert_eq!(run.out, "SHOUT\n", "{kind} {user}: {run:?}");
    }
    for server in [echo, open, closed] {
        server.terminate();
    }
}

#[test]
fn early_data_reaches_the_target_and_a_half_close_passes() {
    let (proxy, door) = (proxy(""), Door::open());
    let port = door.port().to_be_bytes();
    let socks4 = [&[4, 1, port[0], port[1], 127, 0, 0, 1, 0][..], b"early"].concat();
    let socks5 = [&[5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, port[0], port[1]][..], b"early"].concat();
    let http = format!("CONNECT 127.0.0.1:{} HTTP/1.1\r\n\r\nearly", door.port()).into_bytes();
    for (request, answer) in [(socks4, 8), (socks5, 12), (http, 39)] {
        let mut client = Peer::connect(proxy.address());
        client.send(&request);
        let mut target = door.accept();
        assert_eq!(target.receive(5), b"early");
        let answer = client.receive(answer);
        assert!(answer[..2] == [0, 90] || answer[..2] == [5, 0] || answer.starts_with(b"HTTP/1.1 200"));
        client.half_close();
        assert_eq!(target.receive_all(), b"");
        target.send("late");
        drop(target);
        assert_eq!(client.receive_all(), b"late");
    }
    proxy.terminate();
}

#[test]
fn a_reset_of_the_target_resets_the_client() {
    let (proxy, door) = (proxy(""), Door::open());
    let mut client = Peer::connect(proxy.address());
    client.send(format!("CONNECT {} HTTP/1.1\r\n\r\n", door.address()));
    let target = door.accept();
    client.receive(39);
    target.reset();
    client.expect_reset();
    proxy.event("warning");
    proxy.terminate();
}

#[test]
fn hostile_requests_are_answered_and_harm_nobody() {
    let (proxy, web) = (proxy(""), web());
    let refusing = refusing_port();
    let long = "x".repeat(40 << 10);
    for (request, answer) in [
        ("\x16\x03\x01\x02".to_owned(), ""),
        ("hello\r\n\r\n".to_owned(), "HTTP/1.1 400"),
        ("GET / HTTP/1.1\r\nHost: h\r\n\r\n".to_owned(), "HTTP/1.1 400"),
        ("GET http://h/ HTTP/9\r\n\r\n".to_owned(), "HTTP/1.1 400"),
        ("GET http://h/\r\n\r\n".to_owned(), "HTTP/1.1 400"),
        ("GET http://u:p@h/ HTTP/1.1\r\n\r\n".to_owned(), "HTTP/1.1 400"),
        (
            "POST http://h/ HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
            "HTTP/1.1 400",
        ),
        (
            "POST http://h/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".to_owned(),
            "HTTP/1.1 400",
        ),
        (format!("GET http://h/{long} HTTP/1.1\r\n\r\n"), "HTTP/1.1 431"),
        ("BREW http://h/ HTTP/1.1\r\n\r\n".to_owned(), "HTTP/1.1 405"),
        ("GET https://h/ HTTP/1.1\r\n\r\n".to_owned(), "HTTP/1.1 501"),
        ("CONNECT h HTTP/1.1\r\n\r\n".to_owned(), "HTTP/1.1 400"),
        (format!("CONNECT {} HTTP/1.1\r\n\r\n", refusing.address()), "HTTP/1.1 502"),
        ("CONNECT no.such.name.invalid:80 HTTP/1.1\r\n\r\n".to_owned(), "HTTP/1.1 502"),
        ("\x05\x01\x00\x05\x02\x00\x01\x7f\x00\x00\x01\x00\x50".to_owned(), "\x05\x00\x05\x07"),
        ("\x05\x01\x07".to_owned(), "\x05\u{ff}"),
        ("\x04\x02\x00\x50\x7f\x00\x00\x01\x00".to_owned(), "\x00\x5b"),
    ] {
        // Each char is one byte here.
        let bytes: Vec<u8> = request.chars().map(|c| c as u8).collect();
        let meant: Vec<u8> = answer.chars().map(|c| c as u8).collect();
        let answer = ask(proxy.address(), bytes);
        assert!(answer.starts_with(&meant), "{:.80}: {:.200}", request, text(&answer));
    }
    let page = ask(proxy.address(), format!("GET http://{}/ HTTP/1.1\r\n\r\n", web.address()));
    assert!(text(&page).ends_with("\r\n\r\nhello\n"), "{}", text(&page));
    proxy.terminate();
    web.terminate();
}

#[test]
fn a_request_that_never_comes_ends_after_ten_seconds_and_delays_nobody() {
    let (proxy, web) = (proxy(""), web());
    let mut slow: Vec<Peer> = ["", "GET http://h/ HTTP/1.1\r\n", "\x05", "\x04\x01"]
        .into_iter()
        .map(|beginning| {
            let mut client = Peer::connect(proxy.address());
            client.send(beginning);
            client
        })
        .collect();
    let began = Instant::now();
    let page = ask(proxy.address(), format!("GET http://{}/ HTTP/1.1\r\n\r\n", web.address()));
    assert!(text(&page).ends_with("hello\n") && began.elapsed() < Duration::from_secs(8));
    assert_eq!(slow[0].receive_all(), b"");
    assert!(text(&slow[1].receive_all()).starts_with("HTTP/1.1 408"));
    assert!(began.elapsed() > Duration::from_secs(9));
    assert_eq!((slow[2].receive_all().len(), slow[3].receive_all().len()), (0, 0));
    proxy.terminate();
    web.terminate();
}

#[test]
fn two_hundred_clients_that_say_half_of_it_harm_nobody() {
    let (proxy, web) = (proxy("--max-conns 300"), web());
    let halves = ["C", "CONNECT 127.0.0.1:1 HT", "\x05\x01", "\x04\x01\x00\x50"];
    let stalled: Vec<Peer> = (0..200)
        .map(|number| {
            let mut client = Peer::connect(proxy.address());
            client.send(halves[number % halves.len()]);
            client
        })
        .collect();
    let began = Instant::now();
    for _ in 0..50 {
        let page = ask(proxy.address(), format!("GET http://{}/ HTTP/1.0\r\n\r\n", web.address()));
        assert!(text(&page).ends_with("hello\n"), "{}", text(&page));
    }
    assert!(began.elapsed() < Duration::from_secs(9));
    drop(stalled);
    proxy.terminate();
    web.terminate();
}

#[test]
fn destinations_obey_their_rules_on_the_address_that_is_connected() {
    let web = web();
    let port = web.port().to_be_bytes();
    let socks5 = [&[5, 1, 0, 5, 1, 0, 3, 9][..], b"localhost", &port].concat();
    let socks4 = [4, 1, port[0], port[1], 127, 0, 0, 1, 0];
    let http = format!("CONNECT localhost:{} HTTP/1.1\r\n\r\n", web.port());
    for (rules, rule) in [
        ("--deny-dest 127.0.0.0/8 --deny-dest ::1", "denied by --deny-dest"),
        ("--allow-dest 10.0.0.0/8", "no --allow-dest rule matches"),
    ] {
        let proxy = proxy(rules);
        assert_eq!(ask(proxy.address(), &socks5)[2..4], [5, 2]);
        assert_eq!(ask(proxy.address(), socks4)[..2], [0, 91]);
        // These are this machine as well.
        for this_machine in ["0.0.0.0", "[::]", "[::ffff:0.0.0.0]", "[::ffff:127.0.0.1]"] {
            let request = format!("CONNECT {this_machine}:{} HTTP/1.1\r\n\r\n", web.port());
            assert!(text(&ask(proxy.address(), request)).starts_with("HTTP/1.1 403 "), "{this_machine}");
        }
        let answer = text(&ask(proxy.address(), &http));
        assert!(answer.starts_with("HTTP/1.1 403 ") && !answer.contains("127.0.0.0"), "{answer}");
        for event in proxy.wait_for_many("proxy", 7, |e| e.is("proxy")) {
            assert_eq!(event.text("outcome"), "refused");
            assert!(event.text("text").contains(rule), "{event}");
        }
        let run = proxy.terminate();
        assert!(!run.named("state").any(|e| e.text("role") == "client"), "{run}");
    }
    // Of the addresses of a name, those that are allowed are tried, and no other.
    let proxy = proxy("--deny-dest ::1 --allow-dest localhost");
    assert_eq!(ask(proxy.address(), &socks5)[2..4], [5, 0]);
    let run = proxy.terminate();
    assert!(!run.named("state").any(|e| e["peer"].as_str().is_some_and(|p| p.starts_with("[::1]"))), "{run}");
    web.terminate();
}

#[test]
fn a_request_is_passed_on_with_its_body_and_nothing_behind_it() {
    let (proxy, door) = (proxy(""), Door::open());
    let head =
        "Host: elsewhere\r\nProxy-Connection: keep-alive\r\nConnection: x-hop\r\nX-Hop: 1\r\nX-End: 2\r\n";
    let length = "Content-Length: 4\r\n\r\nbody";
    let chunked = "Transfer-Encoding: chunked\r\n\r\n4;x=y\r\nbody\r\n0\r\nT: 1\r\n\r\n";
    for body in [length, chunked] {
        let mut client = Peer::connect(proxy.address());
        let next = "GET http://never/ HTTP/1.1\r\n\r\n";
        client.send(format!("PUT http://{}/p?q HTTP/1.1\r\n{head}{body}{next}", door.address()));
        let mut target = door.accept();
        let (fields, body) = body.split_once("\r\n\r\n").expect("two parts");
        let meant = format!(
            "PUT /p?q HTTP/1.1\r\nHost: {}\r\nX-End: 2\r\n{fields}\r\nVia: 1.1 soquete\r\nConnection: close\r\n\r\n{body}",
            door.address()
        );
        assert_eq!(text(&target.receive(meant.len())), meant);
        target.send(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 Fine\r\nKeep-Alive: 5\r\nContent-Length: 3\r\n\r\nyes",
        );
        target.expect_silence(Duration::from_millis(100));
        // The connection to the server is left open by it, and the client's ends all the same.
        let answer = text(&client.receive_all());
        let meant = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 Fine\r\nContent-Length: 3\r\nVia: 1.1 soquete\r\nConnection: close\r\n\r\nyes";
        assert_eq!(answer, meant);
    }
    proxy.terminate();
}

#[test]
fn responses_end_where_they_should() {
    let (proxy, door) = (proxy(""), Door::open());
    let ask = |method: &str, response: &str| {
        let mut client = Peer::connect(proxy.address());
        client.send(format!("{method} http://{}/ HTTP/1.1\r\n\r\n", door.address()));
        let mut target = door.accept();
        while target.receive_line() != "\r\n" {}
        target.send(response);
        (client, target)
    };
    for (method, response) in [
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"),
        ("GET", "HTTP/1.1 304 Same\r\nContent-Length: 100\r\n\r\n"),
        ("GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
    ] {
        let (mut client, _target) = ask(method, response);
        let answer = text(&client.receive_all());
        let body = response.split_once("\r\n\r\n").expect("two parts").1;
        assert!(answer.ends_with(&format!("\r\n\r\n{body}")), "{answer}");
    }
    let (mut client, target) = ask("GET", "HTTP/1.0 200 OK\r\n\r\nto the end");
    drop(target);
    assert!(text(&client.receive_all()).ends_with("\r\n\r\nto the end"));
    // One that breaks off is no success.
    let (mut client, target) = ask("GET", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    drop(target);
    client.expect_reset();
    // What is no HTTP is no response, nor is nothing.
    for response in ["SSH-2.0-x\r\n", ""] {
        let (mut client, target) = ask("GET", response);
        target.half_close();
        let answer = text(&client.receive_all());
        assert!(answer.starts_with("HTTP/1.1 502 "), "{response}: {answer}");
    }
    proxy.terminate();
}

#[test]
fn megabytes_pass_through_a_tunnel_and_a_request() {
    let (proxy, echo) = (proxy(""), soquete("listen -k --echo 127.0.0.1 0").start());
    let data = noise(5 << 20);
    let line = format!("connect --on-eof half-close --proxy http://{} {}", proxy.address(), echo.address());
    let run = soquete(&line).input(&data).run();
    assert!(run.code == 0 && run.stdout == data, "{run}");
    let folder = tempfile::tempdir().expect("a folder");
    let (page, upload) = (folder.path().join("page"), folder.path().join("upload"));
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", data.len());
    std::fs::write(&page, [head.as_bytes(), &data].concat()).expect("a file");
    std::fs::write(&upload, &data).expect("a file");
    let web = soquete(&format!("listen -k 127.0.0.1 0 --send {}", page.display())).start();
    let got = folder.path().join("got");
    let line = format!(
        "-x http://{} -T {} -o {} http://{}/",
        proxy.address(),
        upload.display(),
        got.display(),
        web.address()
    );
    if let Some(run) = curl(&line) {
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(std::fs::read(&got).expect("a file") == data);
    }
    for server in [proxy, echo, web] {
        server.terminate();
    }
}

#[test]
fn the_only_client_of_a_server_that_is_refused_is_no_success() {
    let refusing = refusing_port();
    for (more, request) in [
        ("", format!("CONNECT {} HTTP/1.1\r\n\r\n", refusing.address())),
        ("--allow-dest 192.0.2.1", "GET http://127.0.0.1:1/ HTTP/1.1\r\n\r\n".to_owned()),
        ("--auth me:pw", "GET http://127.0.0.1:1/ HTTP/1.1\r\n\r\n".to_owned()),
        ("", "no request".to_owned()),
    ] {
        let proxy = soquete(&format!("listen --proxy-server 127.0.0.1 0 {more}")).start();
        ask(proxy.address(), &request);
        let run = proxy.finish();
        assert_eq!(run.code, 1, "{request}: {run}");
        run.error("proxy");
    }
}

#[test]
fn a_kind_limits_the_protocols() {
    let http = soquete("listen -k --proxy-server=http 127.0.0.1 0").start();
    assert_eq!(ask(http.address(), [5, 1, 0]), b"");
    assert!(text(&ask(http.address(), "GET / HTTP/1.1\r\n\r\n")).starts_with("HTTP/1.1 400"));
    let socks = soquete("listen -k --proxy-server=socks 127.0.0.1 0").start();
    assert_eq!(ask(socks.address(), "GET http://h/ HTTP/1.1\r\n\r\n"), b"");
    assert_eq!(ask(socks.address(), [5, 1, 9]), [5, 0xff]);
    http.terminate();
    socks.terminate();
}

#[test]
fn users_come_from_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("users");
    std::fs::write(&file, "# staff\nme:pw\n\nyou:#x\n").expect("a file");
    let proxy = proxy(&format!("--auth-file {}", file.display()));
    let log_in = |user: &str, password: &str| {
        let count = |text: &str| u8::try_from(text.len()).expect("short");
        let mut bytes = vec![5, 1, 2, 1, count(user)];
        bytes.extend(user.bytes().chain([count(password)]).chain(password.bytes()));
        let mut client = Peer::connect(proxy.address());
        client.send(bytes);
        client.receive(4)
    };
    assert_eq!(log_in("you", "#x"), [5, 2, 1, 0]);
    assert_eq!(log_in("you", "pw"), [5, 2, 1, 1]);
    assert_eq!(ask(proxy.address(), [5, 1, 0]), [5, 0xff]);
    let answer = text(&ask(proxy.address(), "GET http://h/ HTTP/1.1\r\n\r\n"));
    assert!(answer.starts_with("HTTP/1.1 407 ") && answer.contains("algorithm=SHA-256"), "{answer}");
    proxy.terminate();
    std::fs::write(&file, "me\n").expect("a file");
    for (line, code) in [
        (format!("listen -k --proxy-server --auth-file {} 0", file.display()), 2),
        ("listen -k --proxy-server --auth-file /nonexistent 0".to_owned(), 5),
        ("listen -k --proxy-server --auth nocolon 0".to_owned(), 2),
        ("listen -k --auth me:pw 0".to_owned(), 2),
        ("listen -k --allow-dest 10.0.0.1 0".to_owned(), 2),
        ("listen -k --proxy-server --deny-dest 10.0.0 0".to_owned(), 2),
        ("listen -k --proxy-server --echo 0".to_owned(), 2),
        ("listen -k --echo --auth me:pw 0".to_owned(), 2),
        ("listen -k --proxy-server=ftp 0".to_owned(), 2),
    ] {
        let run = soquete(&line).run();
        assert_eq!(run.code, code, "{line}: {run}");
        assert!(!run.stderr.contains("me:pw") && !run.stderr.contains("nocolon"), "{run}");
    }
}

#[test]
#[cfg(feature = "tls")]
fn curl_speaks_tls_to_the_proxy() {
    let pki = Pki::new();
    let (cert, ca) = (pki.path("server.pem"), pki.path("ca.pem"));
    let (proxy, web) = (proxy(&format!("--tls --tls-cert {} --auth me:pw", cert.display())), web());
    for how in ["", "-p"] {
        let line = format!(
            "{how} --proxy-cacert {} -U me:pw -x https://localhost:{} http://127.0.0.1:{}/",
            ca.display(),
            proxy.port(),
            web.port()
        );
        let Some(run) = curl(&line) else { return };
        assert_eq!((run.code, run.out.as_str()), (Some(0), "hello\n"), "{run:?}");
    }
    proxy.terminate();
    web.terminate();
}

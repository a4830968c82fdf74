//! Access rules: which clients are served, which are reset or dropped before a byte is exchanged, and what events say.

mod support;

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use support::*;

/// An address of loopback that the rules of these tests deny.
const DENIED: &str = "127.0.0.2";

/// A client from [`DENIED`] is reset without a byte.
fn expect_refusal(server: SocketAddr) {
    // The reset may be faster than connect(2) or send(2), and the kernel reports it once.
    if let Ok(mut client) = Peer::try_connect_from(DENIED, server) {
        match client.try_send("x") {
            Ok(()) => client.expect_reset(),
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
    }
}

fn is_of(event: &Event, ip: &str) -> bool {
    event.address("peer").is_some_and(|peer| peer.ip().to_canonical().to_string() == ip)
}

/// A denied client has states, the refusal and the summary, and no other event.
fn expect_no_accept(run: &Run, ip: &str) {
    let told: Vec<_> = run.events.iter().filter(|e| is_of(e, ip)).collect();
    assert!(told.iter().any(|e| e.is("refuse")), "{run}");
    assert!(told.iter().all(|e| e.is("refuse") || e.is("state") || e.is("summary")), "{run}");
    assert!(told.iter().filter(|e| e.is("summary")).all(|e| e.number("bytes_in") == 0), "{run}");
}

fn ask(mut client: Peer, words: &str) -> Vec<u8> {
    client.send(words);
    client.half_close();
    client.receive_all()
}

#[test]
fn a_plain_listener_waits_for_the_next_after_one_it_denies() {
    let server = soquete("listen 127.0.0.1:0 --deny 127.0.0.2").input("hello\n").start();
    expect_refusal(server.address());
    expect_refusal(server.address());
    assert_eq!(ask(Peer::connect(server.address()), "served"), b"hello\n");
    let run = server.finish();
    assert_eq!((run.code, run.stdout.as_slice()), (0, b"served".as_slice()), "{run}");
    assert_eq!(run.named("refuse").count(), 2, "{run}");
    assert_eq!(run.named("accept").count(), 1, "{run}");
    assert_eq!(run.event("refuse")["reason"], "denied by --deny 127.0.0.2", "{run}");
    expect_no_accept(&run, DENIED);
}

#[test]
fn a_denied_client_goes_from_established_to_closed_by_our_reset() {
    let server = soquete("listen -k --echo 127.0.0.1:0 --deny 127.0.0.2").start();
    expect_refusal(server.address());
    server.wait_for("its end", |e| e.enters("CLOSED") && is_of(e, DENIED));
    let run = server.terminate();
    let states: Vec<_> = run.named("state").filter(|e| is_of(e, DENIED)).map(|e| e.text("to")).collect();
    assert_eq!(states, ["SYN-RECEIVED", "ESTABLISHED", "CLOSED"], "{run}");
}

#[test]
fn a_denied_client_takes_no_place() {
    for reject in ["", "--reject"] {
        let line = format!("listen -k --echo --max-conns 1 {reject} --deny 127.0.0.2 127.0.0.1:0");
        let server = soquete(&line).start();
        expect_refusal(server.address());
        let mut first = Peer::connect(server.address());
        first.send("x");
        assert_eq!(first.receive(1), b"x", "{line}");
        // The only place is taken, and still it does not wait for one.
        expect_refusal(server.address());
        first.half_close();
        assert_eq!(first.receive_all(), b"", "{line}");
        assert_eq!(ask(Peer::connect(server.address()), "y"), b"y", "{line}");
        let run = server.terminate();
        expect_no_accept(&run, DENIED);
        let reasons: Vec<_> = run.named("refuse").map(|e| e.text("reason")).collect();
        assert_eq!(reasons, ["denied by --deny 127.0.0.2"; 2], "{run}");
    }
}

#[test]
fn with_rules_too_clients_over_the_limit_wait_and_are_served_later() {
    let server = soquete("listen -k --echo --max-conns 1 --allow 127.0.0.1 127.0.0.1:0").start();
    let first = Peer::connect(server.address());
    server.event("accept");
    let mut waiting: Vec<_> = (0..3).map(|_| Peer::connect(server.address())).collect();
    for client in &mut waiting {
        client.send("patient");
        client.half_close();
    }
    waiting[0].expect_silence(Duration::from_millis(200));
    drop(first);
    for client in &mut waiting {
        assert_eq!(client.receive_all(), b"patient");
    }
    drop(waiting);
    let late = Peer::connect(server.address());
    server.wait_for_many("all clients", 5, |e| e.is("accept"));
    let mut unserved = Peer::connect(server.address());
    server.wait_for_many("one more than is served", 6, |e| e.is("accept"));
    server.terminate();
    unserved.expect_reset();
    drop(late);
}

#[test]
fn a_denied_client_is_none_for_the_accept_timeout() {
    for keep in ["", "-k"] {
        let server =
            soquete(&format!("listen {keep} 127.0.0.1:0 --accept-timeout 1s --deny 127.0.0.2")).start();
        expect_refusal(server.address());
        let run = server.finish();
        assert_eq!(run.code, 3, "{run}");
        expect_no_accept(&run, DENIED);
    }
}

#[test]
fn with_an_allow_rule_the_rest_is_denied_and_deny_wins() {
    let server =
        soquete("listen -k --echo 127.0.0.1:0 --allow 127.0.0.0/30 --deny 127.0.0.3-127.0.0.9").start();
    let from = |ip: &str| Peer::try_connect_from(ip, server.address());
    for allowed in ["127.0.0.1", "127.0.0.2"] {
        assert_eq!(ask(from(allowed).expect("a connection"), "x"), b"x", "{allowed}");
    }
    for denied in ["127.0.0.3", "127.0.0.4", "127.0.0.10"] {
        if let Ok(mut client) = from(denied) {
            client.expect_reset();
        }
    }
    server.wait_for_many("three refusals", 3, |e| e.is("refuse"));
    let run = server.terminate();
    let reasons: Vec<_> = run.named("refuse").map(|e| e.text("reason")).collect();
    let by_range = "denied by --deny 127.0.0.3-127.0.0.9";
    assert_eq!(reasons, [by_range, by_range, "no --allow rule matches"], "{run}");
}

#[test]
fn rules_hold_in_both_families_and_localhost_is_loopback_alone() {
    let server = soquete("listen -k --echo 0 --allow localhost --deny ::1").start();
    let port = server.port();
    assert_eq!(ask(Peer::connect((Ipv4Addr::LOCALHOST, port).into()), "x"), b"x");
    expect_refusal((Ipv4Addr::LOCALHOST, port).into());
    let v6 = SocketAddr::new("::1".parse().expect("an address"), port);
    if let Ok(mut client) = Peer::try_connect(v6) {
        client.expect_reset();
    }
    let refused = server.wait_for("the IPv6 client", |e| e.is("refuse") && is_of(e, "::1"));
    assert_eq!(refused["reason"], "denied by --deny ::1");
    server.terminate();
}

#[test]
fn a_client_over_ipv4_of_an_ipv6_socket_is_judged_as_ipv4() {
    let server = soquete("listen -k --echo [::ffff:127.0.0.1]:0 --v6only=false --deny 127.0.0.2/32").start();
    let v4 = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port()));
    expect_refusal(v4);
    assert_eq!(ask(Peer::connect(v4), "x"), b"x");
    let run = server.terminate();
    expect_no_accept(&run, DENIED);
    let server = soquete("listen -k --echo [::ffff:127.0.0.1]:0 --v6only=false --deny ::/0").start();
    assert_eq!(ask(Peer::connect((Ipv4Addr::LOCALHOST, server.port()).into()), "x"), b"x");
    server.terminate();
}

#[test]
fn a_denied_client_never_enters_the_room() {
    let server = soquete("chat-serve 127.0.0.1:0 --announce --deny 127.0.0.2").start();
    let mut guest = Peer::connect(server.address());
    server.event("member");
    expect_refusal(server.address());
    let mut other = Peer::connect(server.address());
    other.send("hello\n");
    while !guest.receive_line().ends_with(": hello\n") {}
    drop((guest, other));
    let run = server.terminate();
    expect_no_accept(&run, DENIED);
    assert!(!String::from_utf8_lossy(&run.stdout).contains(DENIED), "{run}");
}

#[test]
fn datagrams_of_denied_peers_are_neither_shown_nor_answered_nor_counted() {
    let server = soquete("udp-serve 127.0.0.1:0 --echo --count 2 --deny 127.0.0.2").start();
    let denied: Vec<_> = (0..2).map(|_| Mail::open_at(denied_ip())).collect();
    let allowed = Mail::open();
    for mail in &denied {
        (0..5).for_each(|_| mail.send_to("no", server.address()));
    }
    allowed.send_to("yes", server.address());
    assert_eq!(allowed.receive(), b"yes");
    denied[0].send_to("no", server.address());
    allowed.send_to("again", server.address());
    assert_eq!(allowed.receive(), b"again");
    let run = server.finish();
    assert_eq!(run.code, 0, "{run}");
    assert!(denied.iter().all(Mail::is_empty), "{run}");
    let text = String::from_utf8_lossy(&run.stdout);
    assert!(text.lines().count() == 2 && !text.contains(DENIED), "{run}");
    assert!(run.named("datagram").all(|e| is_of(e, "127.0.0.1")), "{run}");
    assert_eq!(run.event("summary").number("bytes_in"), 8, "{run}");
    // One for both of its ports.
    assert_eq!(run.named("refuse").count(), 1, "{run}");
    let refused = run.event("refuse");
    assert_eq!(refused.address("peer"), Some(denied[0].address()), "{run}");
    assert_eq!(refused["reason"], "denied by --deny 127.0.0.2", "{run}");
}

fn denied_ip() -> IpAddr {
    DENIED.parse().expect("an address")
}

#[test]
fn a_denied_peer_gets_no_lines_and_does_not_end_silence() {
    let mut server = soquete("udp-serve 127.0.0.1:0 --deny 127.0.0.2 --idle-timeout 1s").start();
    let (allowed, denied) = (Mail::open(), Mail::open_at(denied_ip()));
    allowed.send_to("hello\n", server.address());
    server.event("datagram");
    denied.send_to("me too\n", server.address());
    server.event("refuse");
    server.write("answer\n");
    assert_eq!(allowed.receive(), b"answer");
    // Were they datagrams to it, the server would never be idle.
    let (over, address) = (AtomicBool::new(false), server.address());
    let run = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Relaxed) {
                denied.send_to("awake\n", address);
                pause(Duration::from_millis(100));
            }
        });
        let run = server.finish();
        over.store(true, Relaxed);
        run
    });
    assert_eq!(run.code, 3, "{run}");
    let shown = String::from_utf8_lossy(&run.stdout);
    assert!(shown.lines().count() == 1 && shown.contains("hello"), "{run}");
    assert!(denied.is_empty(), "{run}");
}

#[test]
fn files_hold_rules_and_comments() {
    let folder = tempfile::tempdir().expect("a folder");
    let (allow, deny) = (folder.path().join("allow"), folder.path().join("deny"));
    std::fs::write(&allow, "# all of loopback\n\n127.0.0.0/8   # IPv4\r\n::1\n").expect("a file");
    std::fs::write(&deny, "127.0.0.2\n").expect("a file");
    let line = "listen -k --echo 127.0.0.1:0 --allow-file";
    let server = soquete(line).arg(&allow).arg("--deny-file").arg(&deny).start();
    expect_refusal(server.address());
    assert_eq!(ask(Peer::connect(server.address()), "x"), b"x");
    let run = server.terminate();
    let reason = format!("denied by --deny-file {}:1 127.0.0.2", deny.display());
    assert_eq!(run.event("refuse").text("reason"), reason, "{run}");
    // A list that is empty allows nobody; it does not become no list.
    std::fs::write(&allow, "# nobody yet\n").expect("a file");
    let server = soquete(line).arg(&allow).start();
    expect_refusal(server.address());
    server.terminate();
}

#[test]
fn a_wrong_rule_is_an_error_before_the_server_listens() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = folder.path().join("rules");
    std::fs::write(&rules, "10.0.0.0/8\n# here:\n10.0.0.0/33\n").expect("a file");
    let rules = rules.display();
    for server in ["listen 0", "listen -k --echo 0", "chat-serve localhost 0", "udp-serve 0"] {
        for (words, code, text) in [
            ("--allow 10.0.0.0/33".to_owned(), 2, "type ADDRESS/BITS".to_owned()),
            ("--deny 10.0".to_owned(), 2, "type an address, a block (10.0.0.0/8)".to_owned()),
            (format!("--deny-file {rules}"), 2, format!("{rules}:3: 10.0.0.0/33 is not a block; type")),
            (format!("--allow-file {rules}"), 2, format!("{rules}:3: ")),
            ("--allow-file /no/such/file".to_owned(), 5, "open /no/such/file: No such file".to_owned()),
            ("--deny-file /".to_owned(), 5, "open /: Is a directory".to_owned()),
            ("-n --deny host.example".to_owned(), 1, "resolve host.example: not a literal".to_owned()),
        ] {
            let run = soquete(&format!("{server} {words}")).run();
            assert_eq!(run.code, code, "{server} {words}: {run}");
            let error = run.event("error");
            assert!(error.text("text").contains(&text), "{server} {words}: {error}");
            assert!(!error.text("text").contains("did you mean"), "{server} {words}: {error}");
            assert_eq!(run.named("listening").count(), 0, "{server} {words}: {run}");
        }
    }
}

#[test]
fn clients_have_no_access_rules() {
    for line in ["connect localhost 1 --allow ::1", "udp-send localhost 1 x --deny ::1"] {
        assert_eq!(soquete(line).run().code, 2, "{line}");
    }
}

#[test]
fn another_machine_is_denied_by_its_block_or_on_its_link() {
    two_machines(|near, far| {
        let link = |number: u8, port: u16| format!("[fe80::{number}%{PLUG}]:{port}");
        for (rule, refused, served) in [
            ("--deny 10.77.0.2/31", near.at(0).to_string(), near.at_v6(0).to_string()),
            ("--allow 10.77.0.0/24", near.at_v6(0).to_string(), near.at(0).to_string()),
            ("--deny fd77::/64", near.at_v6(0).to_string(), link(1, 0)),
            ("--deny fe80::%cable/64", link(1, 0), near.at_v6(0).to_string()),
            ("--deny fe80::2%cable", link(1, 0), near.at(0).to_string()),
            ("--deny fe80::2%lo", String::new(), link(1, 0)),
        ] {
            for (place, code) in [(refused, 1), (served, 0)] {
                if place.is_empty() {
                    continue;
                }
                let server = near.run(|| soquete(&format!("listen -k --echo {place} {rule}")).start());
                let port = server.port();
                let place = format!("{}:{port}", place.trim_end_matches(":0"));
                let client = far.run(|| soquete(&format!("connect {place}")).input("x").run());
                assert_eq!(client.code, code, "{rule} {place}: {client}");
                let run = server.terminate();
                assert_eq!(run.named("accept").count(), usize::from(code == 0), "{rule}: {run}");
                assert_eq!(run.named("refuse").count(), usize::from(code == 1), "{rule}: {run}");
            }
        }
    });
}

//! `--mptcp`: Multipath TCP, with a peer that speaks it and one that does not.
#![allow(clippy::disallowed_methods)] // the other end is not made of the code under test

mod support;

use socket2::{Domain, Protocol, Socket, Type};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use support::{DEADLINE, Door, Event, Peer, Run, noise, skip, soquete, with_namespaces};

/// Whether this kernel makes such sockets; says so if not.
fn is_there() -> bool {
    let there = raw().is_ok();
    if !there {
        skip("this kernel has no Multipath TCP, or net.mptcp.enabled is 0");
    }
    there
}

fn raw() -> std::io::Result<Socket> {
    Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::MPTCP))
}

/// A client of the test's own that speaks it.
fn connect(address: SocketAddr) -> TcpStream {
    let socket = raw().unwrap();
    socket.connect_timeout(&address.into(), DEADLINE).unwrap_or_else(|e| panic!("connect {address}: {e}"));
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    socket.into()
}

/// What the `option` events of the sockets with this role say of Multipath TCP.
fn told(run: &Run, role: &str) -> Vec<bool> {
    let of_role = |e: &&Event| e["name"] == "mptcp" && e["role"] == role;
    run.named("option").filter(of_role).map(|e| e["effective"].as_bool().expect("a switch")).collect()
}

fn is_clean(run: &Run) -> bool {
    run.event("summary")["clean"] == true
}

#[test]
fn both_ends_speak_it_and_see_each_other_end() {
    if !is_there() {
        return;
    }
    let bytes = noise(3 << 20);
    let server = soquete("listen 127.0.0.1:0 --mptcp --echo").start();
    let client = soquete(&format!("connect --mptcp {}", server.address())).input(&bytes).start().finish();
    assert_eq!((client.code, client.stdout == bytes), (0, true), "{client}");
    let server = server.finish();
    assert_eq!(server.code, 0, "{server}");
    // Of a socket as it was made, and of the connection.
    assert_eq!(told(&client, "client"), [true, true], "{client}");
    assert_eq!(told(&server, "listener"), [true], "{server}");
    assert_eq!(told(&server, "server"), [true], "{server}");
    assert!(is_clean(&client), "{client}");
    assert!(is_clean(&server), "{server}");
    assert_eq!(client.states_of("client")[..3], ["CLOSED", "SYN-SENT", "ESTABLISHED"]);
    assert_eq!(*server.states_of("server").last().unwrap(), "CLOSED");
}

#[test]
fn input_alone_arrives_whole() {
    if !is_there() {
        return;
    }
    let bytes = noise(1 << 20);
    let server = soquete("listen 127.0.0.1:0 --mptcp --recv-only").start();
    let line = format!("connect --mptcp --send-only {}", server.address());
    let client = soquete(&line).input(&bytes).start().finish();
    assert_eq!(client.code, 0, "{client}");
    let server = server.finish();
    assert_eq!((server.code, server.stdout == bytes), (0, true), "{server}");
}

#[test]
fn a_peer_of_another_make_is_served() {
    if !is_there() {
        return;
    }
    let server = soquete("listen 127.0.0.1:0 --mptcp -k --upper").start();
    let mut client = connect(server.address());
    client.write_all(b"multipath").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "MULTIPATH");
    drop(client);
    server.event("summary");
    let run = server.terminate();
    assert_eq!(told(&run, "server"), [true], "{run}");
}

#[test]
fn a_peer_without_it_is_served_by_tcp_and_that_is_told() {
    if !is_there() {
        return;
    }
    let server = soquete("listen 127.0.0.1:0 --mptcp --upper").start();
    let mut client = Peer::connect(server.address());
    client.send(b"plain");
    client.half_close();
    assert_eq!(client.receive_all(), b"PLAIN");
    let run = server.finish();
    assert_eq!((run.code, told(&run, "server"), is_clean(&run)), (0, vec![false], true), "{run}");

    let door = Door::open();
    let client = soquete(&format!("connect --mptcp {}", door.address())).human().input("x").start();
    let mut server = door.accept();
    assert_eq!(server.receive_all(), b"x");
    drop(server);
    let run = client.finish();
    assert_eq!(run.code, 0, "{run}");
    assert!(run.stderr.contains("option mptcp: requested on, effective off"), "{run}");
}

#[test]
fn a_reset_is_no_success() {
    if !is_there() {
        return;
    }
    let server = soquete("listen 127.0.0.1:0 --mptcp -k --echo --deny 127.0.0.1").start();
    let client = soquete(&format!("connect --mptcp {}", server.address())).input("x").start().finish();
    assert_eq!(client.code, 1, "{client}");
    client.error("reset");
    server.terminate();
}

#[test]
fn every_subcommand_over_tcp_takes_it() {
    if !is_there() {
        return;
    }
    let room = soquete("chat-serve 127.0.0.1:0 --raw --mptcp").start();
    let address = room.address();
    let mut member = connect(address);
    room.wait_for("a member", |e| e.is("member"));
    let joined = soquete(&format!("chat-join --mptcp {address}")).input("from one\n").start();
    let mut line = [0; 9];
    member.read_exact(&mut line).unwrap();
    assert_eq!(&line, b"from one\n");
    drop(member);
    room.terminate();
    assert_eq!(told(&joined.finish(), "client"), [true, true]);

    let server = soquete("listen 127.0.0.1:0 -k --mptcp --upper").start();
    let address = server.address();
    let run = soquete(&format!("multi-connect --mptcp {address}")).input("many\n").start().finish();
    assert_eq!((run.code, run.text()), (0, &*format!("[{address}] MANY\n")), "{run}");
    let run = soquete(&format!("check --mptcp {address}")).run();
    assert_eq!(run.code, 0, "{run}");
    server.terminate();
    for line in ["udp-serve --mptcp 0", "udp-send --mptcp localhost 9 x"] {
        assert_eq!(soquete(line).human().run().code, 2, "{line}");
    }
}

#[test]
fn what_it_refuses_is_an_error() {
    if !is_there() {
        return;
    }
    let run = soquete("connect --mptcp --user-timeout 5s 127.0.0.1 9").run();
    assert_eq!(run.code, 5, "{run}");
    assert!(run.error("option").text("text").contains("user-timeout 5000: Protocol not available"), "{run}");
    let run = soquete("listen --mptcp unix:@soquete-mptcp-test --echo").run();
    assert_eq!(run.code, 5, "{run}");
    assert!(run.error("option").text("text").contains("mptcp on: Protocol not supported"), "{run}");
}

#[test]
fn a_kernel_that_does_not_speak_it_is_an_error() {
    with_namespaces(|| {
        // A network of its own, where it can be switched off; a kernel without it refuses the same.
        let script = r#"exec unshare --net sh -c 'echo 0 >/proc/sys/net/mptcp/enabled; exec "$@"' sh "$@""#;
        for line in ["listen --mptcp 0 --echo", "connect --mptcp 127.0.0.1 9"] {
            let run = soquete(line).shell(script).run();
            assert_eq!(run.code, 5, "{run}");
            let text = run.error("option").text("text").to_owned();
            assert!(text.starts_with("option mptcp on: ") && text.contains("net.mptcp.enabled"), "{text}");
        }
    });
}

/// So that a test that cannot run is not taken for one that passed: the address is of this machine.
#[test]
fn the_test_sees_what_the_kernel_has() {
    let enabled = std::fs::read_to_string("/proc/sys/net/mptcp/enabled").unwrap_or_default();
    let socket = raw().and_then(|s| s.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()));
    assert_eq!(socket.is_ok(), enabled.trim() == "1");
}

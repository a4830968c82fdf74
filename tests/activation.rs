//! Sockets that another program made: systemd's protocol, `--fd`, inetd.
#![allow(clippy::disallowed_methods)] // the sockets that are passed on are another program's

mod support;

use rustix::fs::{OFlags, fcntl_getfl};
use socket2::{Domain, Socket, Type};
use std::io::{ErrorKind, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::process::Stdio;
use support::{Event, Peer, Run, Running, soquete};

/// Has a shell pass standard input on as descriptor 3, as a service manager would.
const PASS: &str = r#"exec 3<&0 </dev/null; export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=web; exec "$@""#;
/// As [`PASS`] for `--fd 3`.
const PASS_FD: &str = r#"exec 3<&0 </dev/null; exec "$@""#;

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("an address");
    (listener, address)
}

/// A connection: the peer's end, and the one to pass on.
fn connection() -> (Peer, TcpStream) {
    let (listener, address) = listener();
    let peer = Peer::connect(address);
    (peer, listener.accept().expect("the peer has connected").0)
}

fn copy<T: Into<OwnedFd>>(socket: T) -> OwnedFd {
    socket.into()
}

/// All that a connection gives; `None` if it is reset.
fn received(peer: &Peer) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    match peer.stream().read_to_end(&mut bytes) {
        Ok(_) => Some(bytes),
        Err(error) if error.kind() == ErrorKind::ConnectionReset => None,
        Err(error) => panic!("waited for an end: {error}"),
    }
}

fn echoes(address: SocketAddr) {
    let mut client = Peer::connect(address);
    client.send(b"hello\n");
    client.half_close();
    assert_eq!(client.receive_all(), b"hello\n");
}

/// The states of a socket that came in a state of its own: none before that is made up.
fn states_from(run: &Run, role: &str) -> Vec<String> {
    let conn = run.named("state").find(|e| e["role"] == role).expect("a state").number("conn");
    run.states(conn).into_iter().map(str::to_owned).collect()
}

#[test]
fn a_listener_of_the_service_manager_is_served_and_left_to_it() {
    let (listener, address) = listener();
    let server = soquete("listen --activation -k --echo")
        .shell(PASS)
        .stdin(copy(listener.try_clone().unwrap()))
        .start();
    let listening = server.event("listening");
    assert_eq!((listening.address("local"), listening["role"].as_str()), (Some(address), Some("listener")));
    assert!(listening["backlog_requested"].is_null(), "{listening}");
    echoes(address);
    echoes(address);
    let run = server.terminate();
    let of_listener = run.named("state").filter(|e| e["role"] == "listener").count();
    assert_eq!(of_listener, 0, "it listened before, and does so still: {run}");
    assert!(!fcntl_getfl(&listener).unwrap().contains(OFlags::NONBLOCK), "left as it was found");
    let _client = Peer::connect(address);
    listener.accept().expect("the listener lives on");
}

#[test]
fn a_listener_that_nobody_else_has_is_told_to_be_closed() {
    let (listener, address) = listener();
    let server = soquete("listen --activation -k --echo").shell(PASS).stdin(copy(listener)).start();
    echoes(address);
    let run = server.terminate();
    let end: Vec<_> = run.named("state").filter(|e| e["role"] == "listener").collect();
    assert_eq!(end.len(), 1, "{run}");
    assert_eq!((end[0].text("to"), end[0].text("via")), ("CLOSED", "table"));
}

#[test]
fn every_socket_that_is_passed_on_is_served() {
    let ((one, first), (other, second)) = (listener(), listener());
    let script = r#"exec 3<&0 4<&1 </dev/null >/dev/null; export LISTEN_PID=$$ LISTEN_FDS=2; exec "$@""#;
    let server =
        soquete("listen --activation -k --upper").shell(script).stdin(copy(one)).stdout(copy(other)).start();
    let told = server.wait_for_many("both listeners", 2, |e| e.is("listening"));
    assert_eq!(told.iter().filter_map(|e| e.address("local")).collect::<Vec<_>>(), [first, second]);
    for address in [first, second] {
        let mut client = Peer::connect(address);
        client.send(b"a");
        client.half_close();
        assert_eq!(client.receive_all(), b"A");
    }
    server.terminate();
}

#[test]
fn without_k_the_first_client_of_a_passed_listener_is_the_only_one() {
    let (listener, address) = listener();
    let server =
        soquete("listen --activation").shell(PASS).stdin(copy(listener.try_clone().unwrap())).start();
    let mut client = Peer::connect(address);
    client.send(b"to standard output");
    client.half_close();
    assert_eq!(client.receive_all(), b"");
    let run = server.finish();
    assert_eq!((run.code, run.text()), (0, "to standard output"), "{run}");
}

#[test]
fn sockets_of_another_kind_are_refused_by_name() {
    let datagrams = || copy(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    let unbound = || copy(Socket::new(Domain::IPV4, Type::STREAM, None).unwrap());
    let pipe = || copy(std::io::pipe().unwrap().0);
    let check = |line: &str, socket: OwnedFd, what: &str| {
        let run = soquete(line).shell(PASS).stdin(socket).run();
        assert_eq!(run.code, 5, "{run}");
        let text = run.error("file").text("text").to_owned();
        assert!(text.contains("descriptor 3 (web)") && text.contains(what), "{text}");
    };
    check("listen --activation -k --echo", datagrams(), "a UDP datagram socket");
    check("listen --activation -k --echo", unbound(), "a TCP socket that neither listens nor is connected");
    check("listen --activation -k --echo", pipe(), "a pipe, not a socket");
    check("udp-serve --activation --echo", copy(listener().0), "a listening TCP socket");
    check("chat-serve --activation", copy(connection().1), "a connected TCP socket");
}

#[test]
fn sockets_that_are_not_there_are_an_error() {
    for (variables, why) in [
        ("", "LISTEN_FDS or LISTEN_PID is not set"),
        ("LISTEN_FDS=1", "LISTEN_FDS or LISTEN_PID is not set"),
        ("LISTEN_FDS=1 LISTEN_PID=1", "another process"),
        ("LISTEN_FDS=0 LISTEN_PID=$$", "LISTEN_FDS is 0"),
        ("LISTEN_FDS=2x LISTEN_PID=$$", "not a number of sockets"),
        ("LISTEN_FDS=3 LISTEN_PID=$$", "Bad file descriptor"),
    ] {
        let run =
            soquete("listen --activation -k --echo").shell(&format!("{variables} exec \"$@\"")).human().run();
        assert_eq!(run.code, 5, "{run}");
        assert!(run.stderr.contains(why) && run.stderr.lines().count() == 1, "{run}");
    }
    let run = soquete("listen --fd 77 --echo").human().run();
    assert_eq!((run.code, run.stderr.contains("descriptor 77: Bad file descriptor")), (5, true), "{run}");
}

#[test]
fn an_address_beside_a_passed_socket_is_a_mistake() {
    for line in [
        "listen --activation 4333",
        "listen --fd 3 --inetd",
        "listen --fd 3 --public",
        "listen --fd 3 --backlog 5",
        "chat-serve --inetd 4333",
        "udp-serve --activation 4333",
        "connect --fd 3 localhost 80",
        "connect --fd 3 --check",
        "listen",
        "connect",
    ] {
        let run = soquete(line).human().run();
        assert_eq!(run.code, 2, "{line}: {run}");
    }
}

#[test]
fn a_connection_that_was_accepted_elsewhere_is_the_client() {
    for (line, sent) in [("listen --fd 3 --upper", "HI"), ("listen --activation --upper -k", "HI")] {
        let (mut client, socket) = connection();
        let server = soquete(line).shell(PASS).stdin(copy(socket)).start();
        let accept = server.event("accept");
        assert_eq!(accept.address("peer"), Some(client.local()));
        client.send(b"hi");
        client.half_close();
        assert_eq!(client.receive_all(), sent.as_bytes());
        let run = server.finish();
        assert_eq!(run.code, 0, "{run}");
        assert_eq!(states_from(&run, "server"), ["ESTABLISHED", "CLOSE-WAIT", "LAST-ACK", "CLOSED"]);
        assert_eq!(run.event("summary")["clean"], true, "{run}");
    }
}

#[test]
fn a_connection_that_the_rules_leave_out_is_reset() {
    let (client, socket) = connection();
    let run =
        soquete("listen --fd 3 --echo --deny 127.0.0.1").shell(PASS_FD).stdin(copy(socket)).start().finish();
    assert_eq!((run.code, run.named("refuse").count(), run.named("accept").count()), (0, 1, 0), "{run}");
    assert!(received(&client).is_none(), "reset");
}

#[test]
fn a_connection_that_was_opened_elsewhere_is_piped() {
    let (mut server, socket) = connection();
    let script = r#"exec 3<&0 </dev/null; printf question | "$@""#;
    let client = soquete("connect --fd 3").shell(script).stdin(copy(socket)).start();
    assert_eq!(server.receive_all(), b"question");
    server.send(b"answer");
    server.half_close();
    let run = client.finish();
    assert_eq!((run.code, run.text()), (0, "answer"), "{run}");
    let states = states_from(&run, "client");
    assert_eq!((&states[0][..], &states[1][..]), ("ESTABLISHED", "FIN-WAIT-1"), "{states:?}");
}

#[test]
fn a_connection_that_was_opened_elsewhere_gets_a_command_and_no_proxy() {
    let (mut server, socket) = connection();
    let client = soquete("connect --fd 3 --exec -- tr a-z A-Z").shell(PASS_FD).stdin(copy(socket)).start();
    server.send(b"question");
    server.half_close();
    assert_eq!(server.receive_all(), b"QUESTION");
    assert_eq!(client.finish().code, 0);
    for line in ["connect --fd 3 --proxy http://localhost:1", "connect --fd 3 -- true"] {
        let run = soquete(line).shell(PASS_FD).stdin(copy(connection().1)).run();
        assert_eq!(run.code, 2, "{line}: {run}");
    }
}

#[test]
fn connect_takes_no_listener() {
    let run = soquete("connect --fd 3").shell(PASS_FD).stdin(copy(listener().0)).run();
    assert_eq!(run.code, 5, "{run}");
    assert!(run.error("file").text("text").contains("a listening TCP socket"), "{run}");
}

#[test]
fn datagrams_and_chats_come_through_passed_sockets() {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = socket.local_addr().unwrap();
    let server = soquete("udp-serve --activation --upper --count 1").shell(PASS).stdin(copy(socket)).start();
    let client = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    client.set_read_timeout(Some(support::DEADLINE)).unwrap();
    client.send_to(b"datagram", address).unwrap();
    let mut buffer = [0; 99];
    let n = client.recv(&mut buffer).expect("an answer");
    assert_eq!(&buffer[..n], b"DATAGRAM");
    assert_eq!(server.finish().code, 0);

    let (listener, address) = listener();
    let server = soquete("chat-serve --raw --activation").shell(PASS).stdin(copy(listener)).start();
    let (mut one, mut other) = (Peer::connect(address), Peer::connect(address));
    server.wait_for_many("both members", 2, |e| e.is("member") && e["what"] == "join");
    one.send(b"a line\n");
    assert_eq!(other.receive(7), b"a line\n");
    server.terminate();
}

/// Starts the program as inetd does: the socket is all three standard streams.
fn under_inetd(line: &str, socket: &OwnedFd) -> Running {
    let copy = || Stdio::from(socket.try_clone().unwrap());
    soquete(line).human().stdin(copy()).stdout(copy()).stderr(copy()).start()
}

#[test]
fn under_inetd_nothing_but_data_reaches_the_socket() {
    let folder = tempfile::tempdir().unwrap();
    let events = folder.path().join("events");
    for (line, code, answer) in [
        ("listen --inetd --echo".to_owned(), 0, "data"),
        ("listen --inetd --echo -v --json".to_owned(), 0, "data"),
        (format!("listen --inetd --upper --json --events {}", events.display()), 0, "DATA"),
        ("listen --inetd --echo --json --events -".to_owned(), 0, "data"),
        ("listen --inetd".to_owned(), 2, ""),
        ("listen --inetd --respond @-".to_owned(), 2, ""),
        ("listen --inetd --no-such-flag".to_owned(), 2, ""),
        ("listen --inetd --respond @/no/such/file".to_owned(), 5, ""),
        ("chat-serve --inetd".to_owned(), 5, ""),
    ] {
        let (mut client, socket) = connection();
        client.send(b"data");
        client.half_close();
        let server = under_inetd(&line, &copy(socket));
        let run = server.finish();
        assert_eq!(run.code, code, "{line}: {run}");
        let received = received(&client).unwrap_or_default();
        assert_eq!(String::from_utf8_lossy(&received), answer, "{line}");
    }
    let told: Vec<Event> = support::events::read_all(&std::fs::read(&events).unwrap());
    assert!(told.iter().any(|e| e.is("accept")) && told.iter().any(|e| e.is("summary")), "{told:?}");
}

#[test]
fn a_listener_of_inetd_is_served() {
    let (listener, address) = listener();
    let socket = copy(listener.try_clone().unwrap());
    let server = under_inetd("listen --inetd -k --echo --accept-timeout 1s", &socket);
    echoes(address);
    assert_eq!(server.finish().code, 3, "accept timeout");
    let _client = Peer::connect(address);
    listener.accept().expect("the listener is still inetd's");
}

#[test]
fn datagrams_and_chats_of_inetd_are_served() {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = socket.local_addr().unwrap();
    let server = under_inetd("udp-serve --inetd --upper --count 1 -v", &copy(socket));
    let client = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    client.set_read_timeout(Some(support::DEADLINE)).unwrap();
    client.send_to(b"one", address).unwrap();
    let mut buffer = [0; 9];
    let (n, from) = client.recv_from(&mut buffer).expect("an answer");
    assert_eq!((&buffer[..n], from), (&b"ONE"[..], address));
    assert_eq!(server.finish().code, 0);

    let (listener, address) = listener();
    let server = under_inetd("chat-serve --inetd --raw", &copy(listener));
    let (mut one, mut other) = (Peer::connect(address), Peer::connect(address));
    other.send(b"here\n");
    assert_eq!(one.receive(5), b"here\n");
    one.send(b"a line\n");
    assert_eq!(other.receive(7), b"a line\n");
    server.terminate();
}

#[test]
fn a_connection_that_was_reset_meanwhile_is_no_success() {
    let (peer, socket) = connection();
    peer.reset();
    let run = soquete("listen --fd 3 --echo").shell(PASS_FD).stdin(copy(socket)).start().finish();
    assert_eq!(run.code, 1, "{run}");
    run.error("reset");
}

#[test]
#[cfg(feature = "tls")]
fn passed_connections_speak_tls() {
    let (opened, accepted) = {
        let (listener, address) = listener();
        (TcpStream::connect(address).unwrap(), listener.accept().unwrap().0)
    };
    let server = soquete("listen --fd 3 --tls --upper").shell(PASS_FD).stdin(copy(accepted)).start();
    let script = r#"exec 3<&0 </dev/null; printf secret | "$@""#;
    let client =
        soquete("connect --fd 3 --tls --tls-insecure").shell(script).stdin(copy(opened)).start().finish();
    assert_eq!((client.code, client.text()), (0, "SECRET"), "{client}");
    let server = server.finish();
    assert_eq!(server.code, 0, "{server}");
    assert!(server.named("tls").any(|e| e["what"] == "handshake"), "{server}");
}

#[test]
fn a_number_has_one_use() {
    let run = soquete("listen --activation --echo --ready-fd 3")
        .shell(PASS)
        .stdin(copy(listener().0))
        .start()
        .finish();
    assert_eq!(run.code, 5, "{run}");
    assert!(
        run.stderr.contains("--ready-fd 3: that descriptor is a socket to serve; choose another"),
        "{run}"
    );
}

#[test]
fn unix_sockets_are_served_and_their_files_stay() {
    use std::io::Write;
    use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let listener = UnixListener::bind(place("stream")).unwrap();
    let server = soquete("listen --activation -k --upper").shell(PASS).stdin(copy(listener)).start();
    let mut client = UnixStream::connect(place("stream")).unwrap();
    client.set_read_timeout(Some(support::DEADLINE)).unwrap();
    client.write_all(b"stream").unwrap();
    client.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "STREAM");
    server.terminate();

    let socket = UnixDatagram::bind(place("datagrams")).unwrap();
    let server = soquete("udp-serve --activation --upper").shell(PASS).stdin(copy(socket)).start();
    let client = UnixDatagram::bind(place("client")).unwrap();
    client.set_read_timeout(Some(support::DEADLINE)).unwrap();
    client.send_to(b"datagram", place("datagrams")).unwrap();
    let mut buffer = [0; 9];
    let n = client.recv(&mut buffer).expect("an answer");
    assert_eq!(&buffer[..n], b"DATAGRAM");
    server.terminate();
    assert!(place("stream").exists() && place("datagrams").exists(), "they are another program's");
}

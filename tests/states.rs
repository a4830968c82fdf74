//! Every scenario a TCP socket can go through: our `state` events equal the kernel's record of that socket, and what
//! lasted was seen, not implied.

mod support;

use rustix::process::Signal;
use support::sandbox::in_sandbox;
use support::sockets::SilentPort;
use support::wire::{ACK, FIN, RST, SYN, Wire, on_a_wire};
use support::*;

/// More than the smallest receive buffer takes, and little enough for the kernel to keep unsent.
const MORE_THAN_ITS_ROOM: usize = 64 << 10;

/// The only socket of a `connect` that came about.
fn client_of(run: &Run) -> u64 {
    run.named("state").find(|e| e.enters("ESTABLISHED")).expect("a connection").number("conn")
}

/// Fails unless every entry into these states was seen: they lasted.
fn expect_seen(run: &Run, conn: u64, lasting: &[&str]) {
    for state in lasting {
        let entries = run.named("state").filter(|e| e["conn"] == conn && e.text("to") == *state);
        for entry in entries {
            assert_ne!(entry["via"], "implied", "{state} lasted and was not seen: {run}");
        }
    }
}

fn connect_to(door: &Door) -> Soquete {
    soquete(&format!("connect {}", door.address()))
}

/// Begins a recording of what goes on at a door, and opens it.
fn recorded_door() -> (Kernel, Door) {
    let door = Door::open();
    (Kernel::watch_port(door.port()), door)
}

/// Begins a recording, and a listener that is in it from its beginning.
fn recorded_listener(line: &str) -> (Kernel, Running) {
    let kernel = Kernel::watch();
    let server = soquete(line).start();
    kernel.narrow(server.port());
    (kernel, server)
}

fn server_of(run: &Run) -> u64 {
    run.event("accept").number("conn")
}

const ACTIVE_OPEN: [&str; 3] = ["CLOSED", "SYN-SENT", "ESTABLISHED"];
const PASSIVE_OPEN: [&str; 3] = ["LISTEN", "SYN-RECEIVED", "ESTABLISHED"];

fn after<'a>(open: &[&'a str], then: &[&'a str]) -> Vec<&'a str> {
    open.iter().chain(then).copied().collect()
}

/// A client that says something and closes before its peer does, as the kernel recorded it.
fn close_first(start: impl FnOnce(Soquete) -> Running) -> Run {
    let (mut kernel, door) = recorded_door();
    let client = start(connect_to(&door).input("hi\n"));
    let mut peer = door.accept();
    assert_eq!(peer.receive_all(), b"hi\n");
    client.wait_for("FIN-WAIT-2", |e| e.enters("FIN-WAIT-2"));
    drop(peer);
    let run = client.finish();
    assert_eq!(run.code, 0, "{run}");
    let states = kernel.confirm(&run, client_of(&run));
    assert_eq!(states, after(&ACTIVE_OPEN, &["FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT"]), "{run}");
    run
}

#[test]
fn who_connects_and_closes_first_ends_in_time_wait() {
    let run = close_first(Soquete::start);
    let conn = client_of(&run);
    expect_seen(&run, conn, &["ESTABLISHED", "FIN-WAIT-2", "TIME-WAIT"]);
}

#[test]
fn who_connects_and_closes_last_ends_closed() {
    let (mut kernel, door) = recorded_door();
    let mut client = connect_to(&door).start();
    let mut peer = door.accept();
    client.wait_for("ESTABLISHED", |e| e.enters("ESTABLISHED"));
    peer.half_close();
    client.wait_for("CLOSE-WAIT", |e| e.enters("CLOSE-WAIT"));
    client.write("late\n");
    assert_eq!(peer.receive(5), b"late\n");
    client.close_input();
    assert_eq!(peer.receive_all(), b"");
    let run = client.finish();
    assert_eq!(run.code, 0, "{run}");
    let conn = client_of(&run);
    assert_eq!(
        kernel.confirm(&run, conn),
        after(&ACTIVE_OPEN, &["CLOSE-WAIT", "LAST-ACK", "CLOSED"]),
        "{run}"
    );
    expect_seen(&run, conn, &["ESTABLISHED", "CLOSE-WAIT"]);
}

#[test]
fn a_listener_goes_from_closed_to_listen_and_back() {
    let (mut kernel, server) = recorded_listener("listen -k --echo 0");
    let run = server.terminate();
    let listeners: Vec<u64> = run.named("listening").map(|e| e.number("conn")).collect();
    assert_eq!(listeners.len(), 2, "one socket a family: {run}");
    for conn in listeners {
        assert_eq!(kernel.confirm(&run, conn), ["CLOSED", "LISTEN", "CLOSED"], "{run}");
    }
}

#[test]
fn who_is_connected_to_and_closes_last_ends_closed() {
    let (mut kernel, mut server) = recorded_listener("listen 0");
    let peer = Peer::connect(server.address());
    server.event("accept");
    peer.half_close();
    server.wait_for("CLOSE-WAIT", |e| e.enters("CLOSE-WAIT"));
    server.close_input();
    let run = server.finish();
    assert_eq!(run.code, 0, "{run}");
    kernel.confirm_all(&run);
    let conn = server_of(&run);
    assert_eq!(run.states(conn), after(&PASSIVE_OPEN, &["CLOSE-WAIT", "LAST-ACK", "CLOSED"]));
    expect_seen(&run, conn, &["ESTABLISHED", "CLOSE-WAIT"]);
}

#[test]
fn who_is_connected_to_and_closes_first_ends_in_time_wait() {
    let (mut kernel, mut server) = recorded_listener("listen 0");
    let mut peer = Peer::connect(server.address());
    server.close_input();
    assert_eq!(peer.receive_all(), b"");
    server.wait_for("FIN-WAIT-2", |e| e.enters("FIN-WAIT-2"));
    drop(peer);
    let run = server.finish();
    assert_eq!(run.code, 0, "{run}");
    kernel.confirm_all(&run);
    let conn = server_of(&run);
    assert_eq!(run.states(conn), after(&PASSIVE_OPEN, &["FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT"]));
    expect_seen(&run, conn, &["FIN-WAIT-2", "TIME-WAIT"]);
}

#[test]
fn both_at_once_pass_through_closing() {
    let door = Door::narrow();
    let mut kernel = Kernel::watch_port(door.port());
    // Its FIN waits behind data that the peer has no room for, so both FINs are out before either is answered.
    let client = connect_to(&door).input(noise(MORE_THAN_ITS_ROOM)).start();
    let mut peer = door.accept();
    client.wait_for("FIN-WAIT-1", |e| e.enters("FIN-WAIT-1"));
    peer.half_close();
    client.wait_for("CLOSING", |e| e.enters("CLOSING"));
    assert_eq!(peer.receive_all().len(), MORE_THAN_ITS_ROOM);
    let run = client.finish();
    assert_eq!(run.code, 0, "{run}");
    let conn = client_of(&run);
    assert_eq!(
        kernel.confirm(&run, conn),
        after(&ACTIVE_OPEN, &["FIN-WAIT-1", "CLOSING", "TIME-WAIT"]),
        "{run}"
    );
    expect_seen(&run, conn, &["FIN-WAIT-1", "CLOSING", "TIME-WAIT"]);
}

#[test]
fn a_fin_that_waits_for_room_holds_fin_wait_1() {
    let door = Door::narrow();
    let mut kernel = Kernel::watch_port(door.port());
    let client = connect_to(&door).input(noise(MORE_THAN_ITS_ROOM)).start();
    let mut peer = door.accept();
    client.wait_for("FIN-WAIT-1", |e| e.enters("FIN-WAIT-1"));
    assert_eq!(peer.receive_all().len(), MORE_THAN_ITS_ROOM);
    client.wait_for("FIN-WAIT-2", |e| e.enters("FIN-WAIT-2"));
    drop(peer);
    let run = client.finish();
    let conn = client_of(&run);
    assert_eq!(
        kernel.confirm(&run, conn),
        after(&ACTIVE_OPEN, &["FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT"]),
        "{run}"
    );
    expect_seen(&run, conn, &["FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT"]);
}

#[test]
fn a_fin_that_waits_for_room_holds_last_ack() {
    let door = Door::narrow();
    let mut kernel = Kernel::watch_port(door.port());
    let client = connect_to(&door).input(noise(MORE_THAN_ITS_ROOM)).start();
    let mut peer = door.accept();
    peer.half_close();
    client.wait_for("LAST-ACK", |e| e.enters("LAST-ACK") || e.enters("CLOSING"));
    assert_eq!(peer.receive_all().len(), MORE_THAN_ITS_ROOM);
    let run = client.finish();
    assert_eq!(run.code, 0, "{run}");
    let conn = client_of(&run);
    let states = kernel.confirm(&run, conn);
    expect_seen(&run, conn, &["CLOSE-WAIT", "LAST-ACK", "FIN-WAIT-1", "CLOSING"]);
    assert!(states.last().is_some_and(|s| s == "CLOSED" || s == "TIME-WAIT"), "{run}");
}

#[test]
fn a_reset_goes_straight_to_closed() {
    let (mut kernel, door) = recorded_door();
    let client = connect_to(&door).start();
    let peer = door.accept();
    client.wait_for("ESTABLISHED", |e| e.enters("ESTABLISHED"));
    peer.reset();
    let run = client.finish();
    assert_eq!(run.code, 1, "{run}");
    assert_eq!(kernel.confirm(&run, client_of(&run)), after(&ACTIVE_OPEN, &["CLOSED"]), "{run}");
}

#[test]
fn a_reset_right_after_the_handshake_still_passed_established() {
    let (mut kernel, door) = recorded_door();
    for _ in 0..40 {
        let client = connect_to(&door).start();
        door.accept().reset();
        let run = client.finish();
        assert_eq!(run.code, 1, "{run}");
        assert_eq!(kernel.confirm(&run, run.conns()[0]), after(&ACTIVE_OPEN, &["CLOSED"]), "{run}");
    }
}

#[test]
fn a_peer_that_closes_without_reading_resets() {
    let (mut kernel, door) = recorded_door();
    let mut client = connect_to(&door).start();
    let peer = door.accept();
    client.write("unread\n");
    peer.wait_readable();
    drop(peer);
    let run = client.finish();
    assert_eq!(run.code, 1, "{run}");
    assert_eq!(kernel.confirm(&run, client_of(&run)), after(&ACTIVE_OPEN, &["CLOSED"]), "{run}");
}

#[test]
fn a_reset_after_the_peers_fin_leaves_close_wait() {
    let (mut kernel, door) = recorded_door();
    let client = connect_to(&door).start();
    let peer = door.accept();
    peer.half_close();
    client.wait_for("CLOSE-WAIT", |e| e.enters("CLOSE-WAIT"));
    peer.reset();
    let run = client.finish();
    assert_eq!(run.code, 1, "{run}");
    let conn = client_of(&run);
    assert_eq!(kernel.confirm(&run, conn), after(&ACTIVE_OPEN, &["CLOSE-WAIT", "CLOSED"]), "{run}");
    expect_seen(&run, conn, &["CLOSE-WAIT", "CLOSED"]);
}

#[test]
fn a_reset_after_our_fin_leaves_fin_wait_2() {
    let (mut kernel, door) = recorded_door();
    let client = connect_to(&door).input("bye\n").start();
    let mut peer = door.accept();
    assert_eq!(peer.receive_all(), b"bye\n");
    client.wait_for("FIN-WAIT-2", |e| e.enters("FIN-WAIT-2"));
    peer.reset();
    let run = client.finish();
    assert_eq!(run.code, 1, "{run}");
    let conn = client_of(&run);
    assert_eq!(
        kernel.confirm(&run, conn),
        after(&ACTIVE_OPEN, &["FIN-WAIT-1", "FIN-WAIT-2", "CLOSED"]),
        "{run}"
    );
    expect_seen(&run, conn, &["FIN-WAIT-2", "CLOSED"]);
}

#[test]
fn a_reset_while_our_fin_waits_leaves_fin_wait_1() {
    let door = Door::narrow();
    let mut kernel = Kernel::watch_port(door.port());
    let client = connect_to(&door).input(noise(MORE_THAN_ITS_ROOM)).start();
    let peer = door.accept();
    client.wait_for("FIN-WAIT-1", |e| e.enters("FIN-WAIT-1"));
    peer.reset();
    let run = client.finish();
    assert_eq!(run.code, 1, "{run}");
    let conn = client_of(&run);
    assert_eq!(kernel.confirm(&run, conn), after(&ACTIVE_OPEN, &["FIN-WAIT-1", "CLOSED"]), "{run}");
    expect_seen(&run, conn, &["FIN-WAIT-1", "CLOSED"]);
}

#[test]
fn a_reset_of_the_client_closes_the_server() {
    let (mut kernel, server) = recorded_listener("listen 0");
    let peer = Peer::connect(server.address());
    server.event("accept");
    peer.reset();
    let run = server.finish();
    assert_eq!(run.code, 1, "{run}");
    kernel.confirm_all(&run);
    assert_eq!(run.states(server_of(&run)), after(&PASSIVE_OPEN, &["CLOSED"]));
}

#[test]
fn linger_0_resets_on_close() {
    let (mut kernel, door) = recorded_door();
    let client = connect_to(&door).arg("--linger=0").arg("--on-eof=close").input("").start();
    door.accept().expect_reset();
    let run = client.finish();
    assert_eq!(kernel.confirm(&run, client_of(&run)), after(&ACTIVE_OPEN, &["CLOSED"]), "{run}");
}

#[test]
fn leaving_with_unread_data_resets() {
    let (mut kernel, door) = recorded_door();
    let (mut reader, writer) = pipe();
    let client = connect_to(&door).stdout(writer).start();
    let mut peer = door.accept();
    peer.send(b"wanted");
    assert_eq!(reader.read(6), b"wanted");
    drop(reader);
    while peer.try_send(noise(1 << 16)).is_ok() {}
    let run = client.finish();
    assert_eq!(run.code, 0, "a reader that goes away is a quiet end: {run}");
    kernel.confirm(&run, client_of(&run));
}

#[test]
fn a_refused_connection_goes_back_to_closed() {
    let port = refusing_port();
    let mut kernel = Kernel::watch_port(port.port());
    let run = soquete(&format!("connect {}", port.address())).run();
    assert_eq!(run.code, 1, "{run}");
    let conn = run.conns()[0];
    assert_eq!(kernel.confirm(&run, conn), ["CLOSED", "SYN-SENT", "CLOSED"], "{run}");
    let last = run.named("state").last().expect("a state");
    assert_eq!(last["op"], "refused", "{run}");
}

#[test]
fn a_syn_without_an_answer_stays_in_syn_sent() {
    let port = SilentPort::open();
    let mut kernel = Kernel::watch_port(port.port());
    let run = soquete(&format!("connect --timeout 300ms {}", port.address())).run();
    assert_eq!(run.code, 3, "{run}");
    let conn = run.conns()[0];
    assert_eq!(kernel.confirm(&run, conn), ["CLOSED", "SYN-SENT", "CLOSED"], "{run}");
    expect_seen(&run, conn, &["SYN-SENT", "CLOSED"]);
}

#[test]
fn a_syn_the_kernel_gives_up_times_out() {
    let port = SilentPort::open();
    let mut kernel = Kernel::watch_port(port.port());
    let run = soquete(&format!("connect --user-timeout 500ms {}", port.address())).run();
    assert_eq!(run.event("error")["errno"], "ETIMEDOUT", "{run}");
    assert_eq!(kernel.confirm(&run, run.conns()[0]), ["CLOSED", "SYN-SENT", "CLOSED"], "{run}");
    let last = run.named("state").last().expect("a state");
    assert_eq!((last.text("op"), last.text("via")), ("timed-out", "kernel"), "{run}");
}

#[test]
fn a_second_syn_that_is_answered_establishes() {
    let port = SilentPort::open();
    let mut kernel = Kernel::watch_port(port.port());
    let client = soquete(&format!("connect {}", port.address())).input("").start();
    client.wait_for("SYN-SENT", |e| e.enters("SYN-SENT"));
    let door = port.relent();
    let mut peer = door.accept();
    assert_eq!(peer.receive_all(), b"");
    drop(peer);
    let run = client.finish();
    assert_eq!(run.code, 0, "{run}");
    let conn = client_of(&run);
    assert_eq!(
        kernel.confirm(&run, conn),
        after(&ACTIVE_OPEN, &["FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT"]),
        "{run}"
    );
    expect_seen(&run, conn, &["SYN-SENT", "ESTABLISHED"]);
}

#[test]
fn the_loser_of_a_race_between_families_is_told_too() {
    let (mut kernel, door) = recorded_door();
    let client = soquete(&format!("connect localhost {}", door.port())).input("").start();
    let mut peer = door.accept();
    assert_eq!(peer.receive_all(), b"");
    drop(peer);
    let run = client.finish();
    assert_eq!(run.code, 0, "{run}");
    kernel.confirm_all(&run);
}

#[test]
fn a_client_that_left_before_it_was_accepted_was_established() {
    let (mut kernel, server) = recorded_listener("listen -k --echo --max-conns 1 127.0.0.1:0");
    let first = Peer::connect(server.address());
    server.event("accept");
    let second = Peer::connect(server.address());
    second.reset();
    let mut third = Peer::connect(server.address());
    third.send("x");
    third.half_close();
    drop(first);
    assert_eq!(third.receive_all(), b"x");
    drop(third);
    let run = finish_when_over(server, 3);
    kernel.confirm_all(&run);
    let accepted: Vec<u64> = run.named("accept").map(|e| e.number("conn")).collect();
    assert_eq!(run.states(accepted[1]), after(&PASSIVE_OPEN, &["CLOSED"]), "{run}");
    expect_seen(&run, accepted[2], &["CLOSE-WAIT"]);
}

#[test]
fn a_client_turned_away_is_reset() {
    let (mut kernel, server) = recorded_listener("listen -k --echo --max-conns 1 --reject 127.0.0.1:0");
    let first = Peer::connect(server.address());
    server.event("accept");
    // The reset may be faster than connect(2).
    if let Ok(mut second) = Peer::try_connect(server.address()) {
        second.expect_reset();
    }
    server.event("refuse");
    drop(first);
    let run = finish_when_over(server, 2);
    kernel.confirm_all(&run);
    let refused = run.event("refuse").number("conn");
    assert_eq!(run.states(refused), after(&PASSIVE_OPEN, &["CLOSED"]), "{run}");
}

/// Ends a `-k` server by SIGTERM once this many clients are over.
fn finish_when_over(server: Running, clients: usize) -> Run {
    let over =
        |e: &Event| e.is("state") && e["role"] == "server" && (e.enters("CLOSED") || e.enters("TIME-WAIT"));
    server.wait_for_many("the end of each client", clients, over);
    server.terminate()
}

#[test]
fn many_clients_with_every_kind_of_ending_are_told_one_by_one() {
    let (mut kernel, server) = recorded_listener("listen -k --echo 127.0.0.1:0");
    let address = server.address();
    let clients: Vec<Peer> = (0..24).map(|_| Peer::connect(address)).collect();
    let threads: Vec<_> = clients
        .into_iter()
        .enumerate()
        .map(|(number, mut client)| {
            std::thread::spawn(move || match number % 4 {
                0 => client.reset(),
                1 => {
                    client.send("word");
                    client.half_close();
                    assert_eq!(client.receive_all(), b"word");
                }
                2 => {
                    client.send("unread");
                    client.wait_readable();
                }
                _ => drop(client),
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("a client that got what it asked for");
    }
    let run = finish_when_over(server, 24);
    kernel.confirm_all(&run);
}

#[test]
fn a_signal_closes_in_order_and_tells_the_last_states() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let (mut kernel, door) = recorded_door();
        let client = connect_to(&door).start();
        let mut peer = door.accept();
        client.wait_for("ESTABLISHED", |e| e.enters("ESTABLISHED"));
        client.signal(signal);
        assert_eq!(peer.receive_all(), b"", "FIN, not RST");
        drop(peer);
        let run = client.finish();
        assert_eq!(run.code, code, "{run}");
        let states = run.states(client_of(&run));
        assert!(states.contains(&"FIN-WAIT-1"), "{run}");
        assert!(matches!(states.last(), Some(&("FIN-WAIT-2" | "TIME-WAIT"))), "{run}");
        if states.last() == Some(&"TIME-WAIT") {
            kernel.confirm(&run, client_of(&run));
        }
    }
}

#[test]
fn both_ends_of_the_demo_are_told() {
    ["tcp", "udp", "chat", "many"].into_iter().for_each(both_ends_are_told);
}

fn both_ends_are_told(lesson: &str) {
    let mut kernel = Kernel::watch();
    let run = soquete(&format!("demo {lesson}")).run();
    assert_eq!(run.code, 0, "{run}");
    let tcp: Vec<u64> =
        run.named("state").filter(|e| e["proto"] == "tcp").map(|e| e.number("conn")).collect();
    for conn in run.conns().into_iter().filter(|c| tcp.contains(c)) {
        kernel.confirm(&run, conn);
    }
    for connected in run.named("state").filter(|e| e.enters("ESTABLISHED")) {
        let conn = connected.number("conn");
        let last = run.named("summary").filter(|e| e["conn"] == conn).last();
        assert_eq!(last.map(|e| e["clean"] == true), Some(true), "#{conn} has no clean end: {run}");
    }
    let untold = run
        .events
        .iter()
        .filter(|e| e["conn"].is_u64())
        .find(|e| !run.named("state").any(|s| s["conn"] == e["conn"]));
    assert!(untold.is_none(), "a socket without states: {untold:?}");
}

#[test]
fn checks_tell_the_states_of_each_attempt() {
    let (mut kernel, door) = recorded_door();
    let run = soquete(&format!("connect -v --check {}", door.address())).run();
    assert_eq!(run.code, 0, "{run}");
    kernel.confirm_all(&run);
    drop(door);
    let port = refusing_port();
    let mut kernel = Kernel::watch_port(port.port());
    let run = soquete(&format!("connect -v --check {}", port.address())).run();
    assert_eq!(run.code, 1, "{run}");
    kernel.confirm_all(&run);
}

#[test]
fn ipv6_sockets_go_through_the_same_states() {
    let (mut kernel, server) = recorded_listener("listen --echo ::1 0");
    let client = soquete(&format!("connect {}", server.address())).input("six\n").run();
    assert_eq!(client.stdout, b"six\n", "{client}");
    let server = server.finish();
    kernel.confirm_all(&client);
    kernel.confirm_all(&server);
}

#[test]
fn sockets_bound_to_a_device_go_through_the_same_states() {
    let (mut kernel, server) = recorded_listener("listen --device lo --echo 127.0.0.1:0");
    let client = soquete(&format!("connect --device lo {}", server.address())).input("hi\n").run();
    assert_eq!((client.code, client.stdout.as_slice()), (0, b"hi\n".as_slice()), "{client}");
    let server = server.finish();
    kernel.confirm_all(&client);
    kernel.confirm_all(&server);
    let ended = client.states(client_of(&client));
    assert_eq!(ended.last(), Some(&"TIME-WAIT"), "{client}");
    assert_eq!(client.event("summary")["clean"], true, "{client}");
}

#[test]
fn where_sock_diag_is_refused_the_files_of_proc_tell_the_end() {
    let run = close_first(|client| in_sandbox(|| client.start()));
    expect_seen(&run, client_of(&run), &["ESTABLISHED", "FIN-WAIT-2"]);
    assert_eq!(run.event("summary")["clean"], true, "{run}");
}

/// A conversation whose peer closes as soon as it was told the end: so short that the last steps are often over before
/// anybody can look.
fn converse(door: &Door, start: impl FnOnce(Soquete) -> Running) -> Run {
    let client = start(connect_to(door).input("hi\n"));
    assert_eq!(door.accept().receive_all(), b"hi\n");
    let run = client.finish();
    assert_eq!((run.code, &run.event("summary")["clean"]), (0, &true.into()), "{run}");
    run
}

#[test]
fn where_sock_diag_is_refused_no_state_is_made_up() {
    let (mut kernel, door) = recorded_door();
    let mut told = 0;
    for _ in 0..40 {
        let run = converse(&door, |client| in_sandbox(|| client.start()));
        let (conn, way) = (client_of(&run), after(&ACTIVE_OPEN, &["FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT"]));
        assert!(way.starts_with(&run.states(conn)), "{run}");
        // On a machine with very many sockets a look may be left out.
        if run.states(conn).len() == way.len() {
            kernel.confirm(&run, conn);
            told += 1;
        }
    }
    assert!(told > 0, "the files of /proc were never read to the end");
}

#[test]
fn where_no_table_can_be_read_what_is_not_known_is_not_told() {
    if !is_root() {
        return skip("only root can hide /proc");
    }
    let hide = r#"exec unshare -m sh -c 'mount -t tmpfs none /proc && exec "$@"' sh "$@""#;
    let door = Door::open();
    for _ in 0..20 {
        let run = converse(&door, |client| in_sandbox(|| client.shell(hide).start()));
        let states = run.states(client_of(&run));
        let way = after(&ACTIVE_OPEN, &["FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT"]);
        assert!(way.starts_with(&states), "{run}");
    }
}

const CROSSED_OPEN: [&str; 4] = ["CLOSED", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED"];

/// A client whose SYN is on the wire, and the record of it.
fn whose_syn_is_out(wire: &mut Wire) -> (Kernel, Running) {
    let kernel = Kernel::watch_port(wire.address().port());
    let client = soquete(&format!("connect {}", wire.address())).input("").start();
    wire.receive(SYN);
    client.wait_for("SYN-SENT", |e| e.enters("SYN-SENT"));
    (kernel, client)
}

#[test]
fn syns_that_cross_lead_through_syn_received() {
    on_a_wire(|wire| {
        let (mut kernel, client) = whose_syn_is_out(wire);
        wire.send(SYN, b"");
        wire.receive(SYN | ACK);
        let held = client.wait_for("SYN-RECEIVED", |e| e.enters("SYN-RECEIVED"));
        assert_eq!((held.text("via"), held.text("op")), ("kernel", "syn-received"), "{held}");
        wire.send(ACK, b"");
        wire.receive(FIN);
        wire.send(FIN | ACK, b"");
        wire.receive(ACK);
        let run = client.finish();
        assert_eq!(run.code, 0, "{run}");
        let states = kernel.confirm(&run, client_of(&run));
        assert_eq!(states, after(&CROSSED_OPEN, &["FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT"]), "{run}");
    });
}

#[test]
fn syns_that_cross_too_fast_to_be_seen_are_implied() {
    on_a_wire(|wire| {
        let (mut kernel, client) = whose_syn_is_out(wire);
        wire.send(SYN, b"");
        wire.send(ACK, b"");
        wire.receive(FIN);
        wire.send(FIN | ACK, b"");
        let run = client.finish();
        let states = kernel.confirm(&run, client_of(&run));
        assert!(states.iter().any(|state| state == "SYN-RECEIVED"), "{run}");
    });
}

#[test]
fn a_reset_in_syn_received_leads_to_closed_without_established() {
    on_a_wire(|wire| {
        let (mut kernel, client) = whose_syn_is_out(wire);
        wire.send(SYN, b"");
        wire.receive(SYN | ACK);
        wire.send(RST, b"");
        let run = client.finish();
        assert_eq!(run.code, 1, "{run}");
        let states = kernel.confirm(&run, run.conns()[0]);
        assert_eq!(states, ["CLOSED", "SYN-SENT", "SYN-RECEIVED", "CLOSED"], "{run}");
    });
}

#[test]
fn an_attempt_given_up_in_syn_received_is_told_as_the_kernel_has_it() {
    on_a_wire(|wire| {
        let mut kernel = Kernel::watch_port(wire.address().port());
        let client = soquete(&format!("connect --timeout 400ms {}", wire.address())).start();
        wire.receive(SYN);
        wire.send(SYN, b"");
        wire.receive(SYN | ACK);
        client.wait_for("SYN-RECEIVED", |e| e.enters("SYN-RECEIVED"));
        let run = client.finish();
        assert_eq!(run.code, 3, "{run}");
        wire.send(RST | ACK, b"");
        let conn = run.conns()[0];
        let told = run.states(conn);
        let way = ["CLOSED", "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1"];
        assert!(told == way || told == [&way[..], &["CLOSED"]].concat(), "{run}");
        if told.last() == Some(&"CLOSED") {
            kernel.confirm(&run, conn);
        }
    });
}

#[test]
fn a_socket_connected_to_itself_passes_syn_received() {
    let port = refusing_port().address().port();
    let itself = format!("127.0.0.77:{port}");
    let mut kernel = Kernel::watch_port(port);
    let run = soquete(&format!("connect {itself} --source {itself}")).run();
    assert_eq!(run.code, 1, "nobody listens there: {run}");
    let states = kernel.confirm(&run, client_of(&run));
    assert_eq!(states, after(&CROSSED_OPEN, &["CLOSED"]), "{run}");
}

#[test]
fn nobody_sees_the_same_states_as_root() {
    as_root(|| {
        let mut kernel = Kernel::watch();
        let server = soquete("listen --echo 0").user(NOBODY).start();
        kernel.narrow(server.port());
        let client = soquete(&format!("connect {}", server.address())).user(NOBODY).input("hi\n").run();
        assert_eq!((client.code, client.stdout.as_slice()), (0, b"hi\n".as_slice()), "{client}");
        let server = server.finish();
        kernel.confirm_all(&client);
        kernel.confirm_all(&server);
        assert_eq!(
            client.states(client_of(&client)),
            after(&ACTIVE_OPEN, &["FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT"])
        );
    });
}

#[test]
fn samples_of_the_socket_table_agree_too() {
    let (mut kernel, door) = (Kernel::sample(), Door::open());
    let client = connect_to(&door).input("hi\n").start();
    let mut peer = door.accept();
    assert_eq!(peer.receive_all(), b"hi\n");
    client.wait_for("FIN-WAIT-2", |e| e.enters("FIN-WAIT-2"));
    drop(peer);
    let run = client.finish();
    kernel.confirm(&run, client_of(&run));
}

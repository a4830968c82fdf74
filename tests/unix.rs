//! Servers and clients of UNIX sockets: the file, its mode and its end, who is served, what is refused, the states.

mod support;

use rustix::process::Signal;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use support::*;

fn connect(path: &std::path::Path) -> UnixStream {
    let stream = UnixStream::connect(path).expect("somebody listens");
    stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    stream
}

fn receive_all(stream: &mut UnixStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("an end in time");
    bytes
}

#[test]
fn a_server_and_a_client_are_piped_and_tell_their_states() {
    let folder = Folder::new();
    let at = folder.address("s");
    let server = soquete(&format!("listen {at}")).input("from the server").start();
    let listening = server.event("listening");
    assert_eq!((listening.text("local"), listening.text("proto")), (at.as_str(), "unix"));
    let client = soquete(&format!("connect {at}")).input("from the client").run();
    let server = server.finish();
    assert_eq!((client.code, client.text()), (0, "from the server"), "{client}");
    assert_eq!((server.code, server.text()), (0, "from the client"), "{server}");
    assert_eq!(client.states_of("client"), ["CLOSED", "CONNECTED", "CLOSED"], "{client}");
    assert_eq!(server.states_of("listener"), ["CLOSED", "LISTEN", "CLOSED"], "{server}");
    assert_eq!(server.states_of("server"), ["CLOSED", "CONNECTED", "CLOSED"], "{server}");
    for run in [&client, &server] {
        let summary = run.event("summary");
        assert_eq!((summary.number("bytes_in"), summary.number("bytes_out")), (15, 15), "{run}");
        assert_eq!(summary.0["clean"], true, "{run}");
    }
    let accept = server.event("accept");
    assert_eq!(accept.number("uid"), u64::from(rustix::process::geteuid().as_raw()), "{server}");
    assert!(accept.number("pid") > 0 && !folder.path("s").exists(), "{server}");
}

#[test]
fn a_server_makes_its_file_with_a_mode_and_removes_it_at_its_end() {
    let folder = Folder::new();
    for (flags, mode, signal) in [
        ("", 0o600, Signal::TERM),
        ("--socket-mode 0666", 0o666, Signal::INT),
        ("--socket-mode 770", 0o770, Signal::TERM),
    ] {
        let server = soquete(&format!("listen -k --echo {flags} {}", folder.address("s"))).start();
        server.event("listening");
        let found = fs::metadata(folder.path("s")).expect("the file is there");
        assert!(found.file_type().is_socket());
        assert_eq!(found.permissions().mode() & 0o777, mode, "{flags}");
        server.signal(signal);
        let run = server.finish();
        assert_eq!(run.signal, Some(signal.as_raw()), "{run}");
        assert!(!folder.path("s").exists(), "{run}");
    }
}

#[test]
fn a_server_leaves_a_file_that_is_not_its_own_any_more() {
    let folder = Folder::new();
    let server = soquete(&format!("listen -k --echo {}", folder.address("s"))).start();
    server.event("listening");
    fs::remove_file(folder.path("s")).expect("the file is there");
    let other = UnixListener::bind(folder.path("s")).expect("the name is free");
    server.terminate();
    assert!(folder.path("s").exists());
    drop(other);
}

#[test]
fn a_socket_that_nobody_has_is_replaced_and_nothing_else() {
    let folder = Folder::new();
    drop(UnixListener::bind(folder.path("dead")).expect("a socket"));
    let server = soquete(&format!("listen -k --echo {}", folder.address("dead"))).start();
    server.event("listening");
    connect(&folder.path("dead")).write_all(b"x").expect("it is served");
    server.terminate();

    fs::write(folder.path("file"), "precious").expect("a file");
    std::os::unix::fs::symlink(folder.path("file"), folder.path("link")).expect("a link");
    for name in ["file", "link", "."] {
        let run = soquete(&format!("listen {}", folder.address(name))).run();
        let error = run.error("file");
        assert_eq!(run.code, 5, "{run}");
        assert!(error.text("text").contains(&folder.address(name)), "{run}");
        assert!(error.text("text").contains("exists and is not a socket"), "{run}");
    }
    assert_eq!(fs::read(folder.path("file")).expect("it is still there"), b"precious");
}

#[test]
fn a_socket_in_use_is_refused_and_its_holder_named_and_not_disturbed() {
    let folder = Folder::new();
    let abstract_name = folder.abstract_address();
    for at in [folder.address("s"), abstract_name] {
        let first = soquete(&format!("listen {at}")).start();
        first.event("listening");
        let second = soquete(&format!("listen {at}")).run();
        let error = second.error("address");
        assert_eq!((second.code, error.text("errno")), (5, "EADDRINUSE"), "{second}");
        let holder = format!("used by soquete({})", first.pid());
        assert!(error.text("text").ends_with(&holder), "{second}");
        // Its only client is still to come: the test of the second was none.
        let client = soquete(&format!("connect {at}")).input("hi").start();
        first.wait_stdout("hi");
        assert_eq!(first.close_and_finish().code, 0);
        assert_eq!(client.finish().code, 0);
    }
}

#[test]
fn of_many_servers_that_race_for_a_dead_socket_one_has_it() {
    let folder = Folder::new();
    for _ in 0..5 {
        drop(UnixListener::bind(folder.path("s")).expect("a socket"));
        let servers: Vec<_> =
            (0..6).map(|_| soquete(&format!("listen -k --echo {}", folder.address("s"))).start()).collect();
        let (mut serving, mut refused) = (Vec::new(), 0);
        for server in servers {
            if server.wait_for("an answer", |e| e.is("listening") || e.is("error")).is("listening") {
                serving.push(server);
            } else {
                refused += 1;
                assert_eq!(server.finish().code, 5);
            }
        }
        assert_eq!((serving.len(), refused), (1, 5));
        let mut client = connect(&folder.path("s"));
        client.write_all(b"x").expect("it is served");
        client.shutdown(std::net::Shutdown::Write).expect("a half-close");
        assert_eq!(receive_all(&mut client), b"x");
        serving.pop().expect("one").terminate();
        assert!(!folder.path("s").exists());
    }
}

#[test]
fn two_hundred_clients_are_served_at_once() {
    let folder = Folder::new();
    let server = soquete(&format!("listen -k --upper {}", folder.address("s"))).start();
    server.event("listening");
    let mut clients: Vec<_> = (0..200).map(|_| connect(&folder.path("s"))).collect();
    server.wait_for_many("clients", 200, |e| e.is("accept"));
    for (i, client) in clients.iter_mut().enumerate() {
        client.write_all(format!("client {i}").as_bytes()).expect("it is served");
        client.shutdown(std::net::Shutdown::Write).expect("a half-close");
    }
    for (i, client) in clients.iter_mut().enumerate() {
        assert_eq!(receive_all(client), format!("CLIENT {i}").as_bytes());
    }
    drop(clients);
    server.wait_for_many("ends", 200, |e| e.is("summary"));
    let run = server.terminate();
    assert_eq!(run.named("summary").filter(|e| e.0["clean"] == true).count(), 200, "{run}");
}

#[test]
fn what_cannot_be_is_one_error_with_its_status() {
    let folder = Folder::new();
    let long = format!("unix:/{}", "a".repeat(120));
    let none = folder.address("none");
    let nowhere = folder.address("no/such");
    for (line, code, part) in [
        (format!("connect {none}"), 1, "No such file or directory"),
        (format!("connect {nowhere}"), 1, "No such file or directory"),
        (format!("connect {long}"), 5, "107 bytes"),
        ("connect unix:@soquete-nobody-is-here".into(), 1, "Connection refused"),
        (format!("connect {}", folder.address(".")), 1, "Connection refused"),
        (format!("listen {nowhere}"), 5, "its directory does not exist"),
        (format!("listen {long}"), 5, "107 bytes"),
        (format!("listen --ttl 5 {none}"), 5, "option ttl 5"),
        (format!("listen --nodelay {none}"), 5, "does not support the option"),
        (format!("listen --public {none}"), 2, "--public"),
        (format!("connect --source :0 {none}"), 2, "--source"),
        (format!("udp-send --source :0 {none} x"), 2, "--source"),
        (format!("udp-serve --join 224.0.0.1 {none}"), 2, "--join"),
        ("listen --socket-mode 0666 0".into(), 2, "--socket-mode"),
        (format!("listen --socket-mode 888 {none}"), 2, "is not a mode"),
        ("listen unix:".into(), 2, "the name is empty"),
        ("listen unix:@".into(), 2, "the name is empty"),
        (format!("connect {none} 80"), 2, "omit 80"),
        ("connect vsock:x:1".into(), 2, "vsock:CID:PORT"),
    ] {
        let run = soquete(&line).human().run();
        assert_eq!(run.code, code, "{run}");
        assert!(run.stderr.contains(part), "{line}: {run}");
        assert_eq!(run.stderr.lines().filter(|l| l.starts_with("soquete: ")).count(), 1, "{run}");
    }
    assert!(!folder.path("none").exists());
}

#[test]
fn a_socket_of_another_user_is_this_machines_refusal() {
    if !is_root() {
        return skip("only root becomes another user");
    }
    let folder = Folder::new();
    fs::set_permissions(folder.path("."), fs::Permissions::from_mode(0o755)).expect("the folder is ours");
    let server = soquete(&format!("listen -k --echo {}", folder.address("s"))).start();
    server.event("listening");
    let run = soquete(&format!("connect {}", folder.address("s"))).user(NOBODY).run();
    assert_eq!(run.code, 5, "{run}");
    assert!(run.error("permission").text("text").contains("write permission"), "{run}");
    let run = soquete(&format!("listen {}", folder.address("other"))).user(NOBODY).run();
    assert_eq!(run.code, 5, "{run}");
    server.terminate();
}

#[test]
fn a_file_that_the_new_user_may_not_remove_is_a_warning() {
    if !is_root() {
        return skip("only root becomes another user");
    }
    let folder = Folder::new();
    for (mode, warned) in [(0o755, true), (0o1777, true), (0o777, false)] {
        fs::set_permissions(folder.path("."), fs::Permissions::from_mode(mode)).expect("the folder is ours");
        let server = soquete(&format!("listen -k --echo --user nobody {}", folder.address("s"))).start();
        server.event("listening");
        let run = server.terminate();
        let told = run.named("warning").any(|e| e.text("text").contains("no permission to remove this file"));
        assert_eq!((told, folder.path("s").exists()), (warned, warned), "{mode:o}: {run}");
    }
}

#[test]
fn one_client_talks_to_unix_and_tcp_targets_at_once() {
    let folder = Folder::new();
    let unix = soquete(&format!("listen -k --upper {}", folder.address("s"))).start();
    let tcp = soquete("listen -k --upper 127.0.0.1:0").start();
    unix.event("listening");
    let mut client = soquete(&format!("multi-connect {} {}", folder.address("s"), tcp.address())).start();
    client.write("hi\n");
    client.wait_stdout(format!("[{}] HI\n", folder.address("s")));
    client.wait_stdout(format!("[{}] HI\n", tcp.address()));
    let run = client.close_and_finish();
    assert_eq!(run.code, 0, "{run}");
    unix.terminate();
    tcp.terminate();
}

#[test]
fn readiness_names_the_socket() {
    let folder = Folder::new();
    let ready = folder.path("ready");
    let server =
        soquete(&format!("listen -k --echo {} --ready-file {}", folder.address("s"), ready.display()))
            .start();
    server.event("listening");
    let said = wait_for_file(&ready);
    assert_eq!(said, format!("{}\n", folder.address("s")));
    server.terminate();
}

/// The contents of a file that appears whole.
fn wait_for_file(path: &std::path::Path) -> String {
    let deadline = std::time::Instant::now() + DEADLINE;
    loop {
        match fs::read_to_string(path) {
            Ok(text) => return text,
            Err(error) => assert!(std::time::Instant::now() < deadline, "{}: {error}", path.display()),
        }
        pause(std::time::Duration::from_millis(5));
    }
}

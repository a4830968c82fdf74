//! The program as a service: real super-servers, the service manager's socket, another user.
#![allow(clippy::disallowed_methods)] // the sockets of other programs

mod support;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::{DEADLINE, NOBODY, Peer, Running, as_root, is_root, pause, peer, soquete};

/// The program, as others start it.
const BINARY: &str = env!("CARGO_BIN_EXE_soquete");

/// Another server of the test's own, in a process group that ends with it.
struct Server(Child);

impl Server {
    fn start(command: &mut Command) -> Self {
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(quiet.process_group(0).spawn().unwrap_or_else(|e| panic!("{command:?}: {e}")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let group = rustix::process::Pid::from_child(&self.0);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let _ = self.0.wait();
    }
}

/// A port that was free a moment ago, for servers that take none of their own choice.
fn free_port() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|l| l.local_addr()).expect("a free port")
}

/// Connects once somebody listens there.
fn connect(address: SocketAddr) -> Peer {
    let deadline = Instant::now() + DEADLINE;
    loop {
        match Peer::try_connect(address) {
            Ok(peer) => return peer,
            Err(error) if Instant::now() >= deadline => panic!("connect {address}: {error}"),
            Err(_) => pause(Duration::from_millis(10)),
        }
    }
}

fn answers(address: SocketAddr) {
    let mut client = connect(address);
    client.send(b"hello\n");
    client.half_close();
    assert_eq!(String::from_utf8_lossy(&client.receive_all()), "HELLO\n");
}

#[test]
fn systemd_socket_activate_starts_servers() {
    let Some(activate) = peer("systemd-socket-activate") else { return };
    let address = free_port();
    let words = ["listen", "--activation", "-k", "--upper"];
    let _server =
        Server::start(Command::new(&activate).arg("-l").arg(address.to_string()).arg(BINARY).args(words));
    answers(address);
    answers(address);

    let address = free_port();
    let accept = ["-a", "-l", &address.to_string()];
    let _server =
        Server::start(Command::new(&activate).args(accept).arg(BINARY).args(&words[..2]).arg("--upper"));
    answers(address);
    answers(address);
}

#[test]
fn inetd_starts_servers() {
    let Some(inetd) = peer("inetd") else { return };
    let folder = tempfile::tempdir().unwrap();
    let user = if is_root() { "root".to_owned() } else { std::env::var("USER").unwrap_or_default() };
    let (nowait, wait) = (free_port(), free_port());
    let line = |address: SocketAddr, how: &str, words: &str| {
        let port = address.port();
        format!("127.0.0.1:{port} stream tcp {how} {user} {BINARY} soquete listen --inetd --upper {words}\n")
    };
    let config = folder.path().join("inetd.conf");
    let lines = line(nowait, "nowait", "-v") + &line(wait, "wait", "-k --accept-timeout 1s");
    fs::write(&config, lines).unwrap();
    let _server = Server::start(Command::new(inetd).args(["-d", "-i"]).arg(&config));
    for address in [nowait, wait, nowait, wait] {
        answers(address);
    }
}

#[test]
fn socat_hands_its_connections_over() {
    let Some(socat) = peer("socat") else { return };
    let address = free_port();
    let listen = format!("TCP-LISTEN:{},bind=127.0.0.1,fork,reuseaddr", address.port());
    let run = |options: &str| format!("EXEC:{BINARY} listen --inetd --upper{options}");
    let server = Server::start(Command::new(&socat).arg(&listen).arg(run(",nofork")));
    answers(address);
    answers(address);
    drop(server);
    // Without nofork the socket is socat's own, of the family unix(7).
    let _server = Server::start(Command::new(&socat).arg(&listen).arg(run("")));
    answers(address);
}

/// A socket of a service manager, and what to call it in the environment.
fn manager_at(path: &Path) -> UnixDatagram {
    let manager = UnixDatagram::bind(path).unwrap();
    manager.set_read_timeout(Some(DEADLINE)).unwrap();
    manager
}

fn told(manager: &UnixDatagram) -> String {
    let mut buffer = [0; 4096];
    let n = manager.recv(&mut buffer).expect("a notification");
    String::from_utf8_lossy(&buffer[..n]).into_owned()
}

#[test]
fn the_service_manager_is_told_of_the_beginning_and_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let manager = manager_at(&path);
    for line in ["listen -k --echo 0", "chat-serve 0", "udp-serve 0"] {
        let server = soquete(line).env("NOTIFY_SOCKET", path.to_str().unwrap()).start();
        assert_eq!(told(&manager), "READY=1", "{line}");
        // It listens by now.
        assert!(
            server.events().iter().any(|e| e.is("listening")) || server.event("listening").is("listening")
        );
        server.terminate();
        assert_eq!(told(&manager), "STOPPING=1", "{line}");
    }
}

#[test]
fn the_service_manager_may_be_an_abstract_name() {
    let name = format!("soquete-test-{}", std::process::id());
    let address = std::os::unix::net::SocketAddr::from_abstract_name(&name).unwrap();
    let manager = UnixDatagram::bind_addr(&address).unwrap();
    manager.set_read_timeout(Some(DEADLINE)).unwrap();
    let server = soquete("listen -k --echo 0").env("NOTIFY_SOCKET", &format!("@{name}")).start();
    assert_eq!(told(&manager), "READY=1");
    server.terminate();
    assert_eq!(told(&manager), "STOPPING=1");
}

#[test]
fn a_service_manager_that_is_not_there_is_a_warning() {
    for path in ["/no/such/socket", "relative", "@no-such-name"] {
        let server = soquete("listen -k --echo 0").env("NOTIFY_SOCKET", path).start();
        let warning = server.event("warning");
        assert!(warning.text("text").starts_with(&format!("notify NOTIFY_SOCKET {path}: ")), "{warning}");
        let mut client = Peer::connect(server.address());
        client.send(b"x");
        assert_eq!(client.receive(1), b"x", "it serves all the same");
        server.terminate();
    }
}

/// The ids and groups of every thread of a program: `Uid`, `Gid` and `Groups` of `/proc/PID/task/TID/status`.
fn credentials(server: &Running) -> Vec<[String; 3]> {
    let threads = fs::read_dir(format!("/proc/{}/task", server.pid())).expect("it runs");
    let of_thread = |path: &Path| {
        let status = fs::read_to_string(path.join("status")).ok()?;
        let line = |name: &str| {
            let rest = status.lines().find_map(|l| l.strip_prefix(name)).expect("a known line");
            rest.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        Some([line("Uid:"), line("Gid:"), line("Groups:")])
    };
    threads.filter_map(|thread| of_thread(&thread.ok()?.path())).collect()
}

#[test]
fn every_thread_becomes_another_user_once_the_socket_is_bound() {
    as_root(|| {
        let folder = tempfile::tempdir().unwrap();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        fs::set_permissions(folder.path(), open).unwrap();
        let ids = |id: u32| [id; 4].map(|id| id.to_string()).join(" ");
        for (line, user, uid, gid) in [
            ("listen -k --echo --public 1 --device lo", "nobody", NOBODY, NOBODY),
            ("listen -k --echo 0", "nobody:daemon", NOBODY, 1),
            ("listen -k 0", "12345:54321", 12345, 54321),
            ("chat-serve 0", "nobody:65534", NOBODY, NOBODY),
            ("udp-serve --echo 0", "nobody", NOBODY, NOBODY),
        ] {
            let ready = folder.path().join("ready");
            let _ = fs::remove_file(&ready);
            let line = format!("{line} --user {user} --ready-file {}", ready.display());
            // A port below 1024 in a network of its own, where it is free.
            let server = if line.contains("--public 1") {
                soquete(&line)
                    .shell(r#"exec unshare --net sh -c 'ip link set lo up; exec "$@"' sh "$@""#)
                    .start()
            } else {
                soquete(&line).start()
            };
            server.event("listening");
            let deadline = Instant::now() + DEADLINE;
            while !ready.exists() {
                assert!(Instant::now() < deadline, "no ready file");
                pause(Duration::from_millis(5));
            }
            let threads = credentials(&server);
            assert!(!threads.is_empty());
            for thread in threads {
                assert_eq!(thread, [ids(uid), ids(gid), String::new()], "{line}");
            }
            let owner = std::os::unix::fs::MetadataExt::uid(&fs::metadata(&ready).unwrap());
            assert_eq!(owner, uid, "the ready file is the new user's");
            server.terminate();
        }
    });
}

#[test]
fn the_service_manager_hears_a_server_that_may_not_reach_it_any_more() {
    as_root(|| {
        let folder = tempfile::tempdir().unwrap(); // root's alone
        let path = folder.path().join("notify");
        let manager = manager_at(&path);
        let line = "listen -k --echo 0 --user nobody";
        let server = soquete(line).env("NOTIFY_SOCKET", path.to_str().unwrap()).start();
        assert_eq!(told(&manager), "READY=1");
        let run = server.terminate();
        assert_eq!((told(&manager), run.named("warning").count()), ("STOPPING=1".to_owned(), 0), "{run}");
    });
}

#[test]
fn a_user_that_cannot_be_become_is_an_error_before_a_client_comes() {
    let fails = |line: &str, user: Option<u32>, why: &str| {
        let command = soquete(line);
        let command = if let Some(id) = user { command.user(id) } else { command };
        let run = command.run();
        assert_eq!(run.code, 5, "{run}");
        assert!(run.error("permission").text("text").contains(why), "{run}");
        run
    };
    let run = fails("listen 0 --echo --user no-such-user", None, "user no-such-user: no such user");
    assert_eq!(run.named("bind").count(), 0, "nothing was bound: {run}");
    fails("listen 0 --echo --user root:no-such-group", None, "no such group");
    fails("udp-serve 0 --echo --user 4000000000", None, "add :GROUP");
    for wrong in
        ["listen 0 --user", "listen 0 --user :root", "listen 0 --user root:", "listen 0 --user a:b:c"]
    {
        assert_eq!(soquete(wrong).human().run().code, 2, "{wrong}");
    }
    let nobody = if is_root() { Some(NOBODY) } else { None };
    fails(
        "listen 0 --echo --user root",
        nobody,
        "user root: Operation not permitted; only root may switch to another user",
    );
    fails("chat-serve 0 --user nobody", nobody, "Operation not permitted");
}

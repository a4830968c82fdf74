//! Commands on connections: `listen` and `connect` with `--exec` and `--sh-exec`.

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
#[cfg(feature = "tls")]
use support::pki::Pki;
use support::*;

/// `listen` with a line of shell for each client.
fn shell(more: &str, line: &str) -> Running {
    soquete(&format!("listen 127.0.0.1 0 {more} --sh-exec")).arg(line).start()
}

/// One client that sends `bytes` and FIN; what it gets, to the end.
fn ask(server: &Running, bytes: &[u8]) -> Vec<u8> {
    let mut peer = Peer::connect(server.address());
    peer.send(bytes);
    peer.half_close();
    peer.receive_all()
}

/// Whether a process is there, and no zombie.
fn lives(pid: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    !status.is_empty() && !status.contains("State:\tZ")
}

/// The children of a process, zombies among them.
fn children(pid: u32) -> String {
    let of = |task: fs::DirEntry| fs::read_to_string(task.path().join("children")).unwrap_or_default();
    fs::read_dir(format!("/proc/{pid}/task")).unwrap().map(|task| of(task.unwrap())).collect()
}

fn ends(run: &Run) -> Vec<(u64, String)> {
    let exits = run.named("child").filter(|e| e["what"] == "exit");
    exits.map(|e| (e.number("code"), e.text("signal").to_owned())).collect()
}

#[test]
fn the_words_after_the_dashes_have_the_socket_and_its_states_are_told() {
    let server = soquete("listen 127.0.0.1 0 --exec -- cat -n").start();
    assert_eq!(ask(&server, b"a\nb\n"), b"     1\ta\n     2\tb\n");
    let run = server.finish();
    assert_eq!((run.code, ends(&run)), (0, vec![(0, String::new())]), "{run}");
    let states = run.states_of("server");
    assert_eq!(states[..4], ["LISTEN", "SYN-RECEIVED", "ESTABLISHED", "CLOSE-WAIT"], "{run}");
    assert_eq!(states.last(), Some(&"CLOSED"), "{run}");
    let summary = run.named("summary").find(|e| e["role"] == "server").unwrap();
    assert_eq!((summary.number("bytes_in"), summary.number("bytes_out")), (4, 18), "{run}");
    assert_eq!(summary["clean"], true, "{run}");
}

#[test]
fn a_half_close_reaches_the_command_and_its_late_answer_comes() {
    for (line, input, output) in [
        ("sort", "c\na\nb\n", "a\nb\nc\n"),
        ("wc -c", "12345", "5\n"),
        ("cat >/dev/null; sleep 0.3; echo late", "x", "late\n"),
    ] {
        let server = shell("", line);
        assert_eq!(String::from_utf8_lossy(&ask(&server, input.as_bytes())).trim_start(), output, "{line}");
        assert_eq!(server.finish().code, 0);
    }
}

#[test]
fn the_commands_status_is_ours() {
    for (line, code, signal) in
        [("exit 3", 3, ""), ("kill -9 $$", 137, "SIGKILL"), ("kill $$", 143, "SIGTERM")]
    {
        let server = shell("", line);
        let _ = Peer::connect(server.address()).receive_all();
        let run = server.finish();
        assert_eq!((run.code, run.signal), (code, None), "{run}");
        assert_eq!(ends(&run), [(u64::try_from(code).unwrap(), signal.to_owned())], "{run}");
    }
}

#[test]
fn the_environment_names_both_ends() {
    let line = "echo $SOQUETE_PEER_ADDR $SOQUETE_PEER_PORT $SOQUETE_LOCAL_ADDR $SOQUETE_LOCAL_PORT $SOQUETE_PROTO \
                $SOQUETE_CONN ${SOQUETE_TLS_SUBJECT-none}; \
                echo $NCAT_REMOTE_ADDR $NCAT_REMOTE_PORT $NCAT_LOCAL_ADDR $NCAT_LOCAL_PORT $NCAT_PROTO";
    let server =
        soquete("listen 127.0.0.1 0 --sh-exec").arg(line).env("SOQUETE_TLS_SUBJECT", "stale").start();
    let mut peer = Peer::connect(server.address());
    let ends = format!("127.0.0.1 {} 127.0.0.1 {}", peer.local().port(), server.port());
    let told = String::from_utf8(peer.receive_all()).unwrap();
    let run = server.finish();
    let conn = run.event("child").number("conn");
    assert_eq!(told, format!("{ends} tcp {conn} none\n{ends} TCP\n"), "{run}");
}

#[test]
fn the_environment_names_the_client_that_a_proxy_speaks_for() {
    let line = "echo $SOQUETE_PEER_ADDR $SOQUETE_PEER_PORT $NCAT_REMOTE_ADDR $NCAT_REMOTE_PORT";
    let server = soquete("listen 127.0.0.1 0 --accept-proxy-header --sh-exec").arg(line).start();
    let mut peer = Peer::connect(server.address());
    peer.send("PROXY TCP4 198.51.100.7 203.0.113.9 4711 80\r\n");
    let told = String::from_utf8(peer.receive_all()).unwrap();
    let run = server.finish();
    assert_eq!(told, "198.51.100.7 4711 198.51.100.7 4711\n", "{run}");
}

#[test]
fn a_command_inherits_nothing_but_its_connection_and_standard_error() {
    let line = "for fd in /proc/self/fd/*; do echo ${fd##*/}; done; grep -E 'SigIgn|SigBlk' /proc/self/status; \
                ulimit -Sn; cut -d' ' -f5 /proc/$$/stat; echo $$";
    let server = soquete("listen -k 127.0.0.1 0 --sh-exec")
        .arg(line)
        .shell("ulimit -Sn 512; trap '' HUP USR1 INT XFSZ; exec 7</etc/passwd 8>/dev/null; exec \"$@\"")
        .start();
    // Another client's connection is not inherited either.
    let _other = Peer::connect(server.address());
    let told = String::from_utf8(ask(&server, b"")).unwrap();
    let mut lines = told.lines();
    // The glob itself is read by one.
    let open: Vec<&str> = lines.by_ref().take_while(|line| !line.contains("Sig")).collect();
    assert!(open.iter().all(|fd| matches!(*fd, "0" | "1" | "2" | "3")), "{told}");
    assert!(told.contains("SigBlk:\t0000000000000000"), "{told}");
    let ignored = told.lines().find_map(|line| line.strip_prefix("SigIgn:\t")).unwrap();
    // 32 and 33 are glibc's own.
    assert_eq!(u64::from_str_radix(ignored, 16).unwrap() & !(3 << 31), 0, "{told}");
    let rest: Vec<&str> = told.lines().skip_while(|line| !line.contains("SigIgn")).skip(1).collect();
    assert_eq!(rest[0], "512", "{told}");
    assert_eq!(rest[1].trim(), rest[2], "a process group of its own: {told}");
    server.terminate();
}

#[test]
fn an_answer_is_not_lost_to_a_request_that_was_not_read() {
    let server = shell("-k", "printf 'HTTP/1.0 200 OK\\r\\n\\r\\nhello'");
    for _ in 0..20 {
        let mut peer = Peer::connect(server.address());
        peer.send("GET / HTTP/1.0\r\n\r\n".repeat(100));
        assert_eq!(peer.receive_all(), b"HTTP/1.0 200 OK\r\n\r\nhello");
    }
    server.terminate();
}

#[test]
fn a_client_that_leaves_hangs_its_command_up_and_frees_its_place() {
    let server = shell("-k --max-conns 1", "echo ready; sleep 100");
    let mut peer = Peer::connect(server.address());
    assert_eq!(peer.receive_line(), "ready\n");
    peer.reset();
    let exit = server.wait_for("an exit", |e| e.is("child") && e["what"] == "exit");
    assert_eq!((exit.number("code"), exit.text("signal")), (129, "SIGHUP"));
    assert_eq!(Peer::connect(server.address()).receive_line(), "ready\n");
    let run = server.terminate();
    assert!(run.named("warning").any(|e| e["kind"] == "reset"), "{run}");
    assert!(run.named("state").any(|e| e["op"] == "reset-received"), "{run}");
}

#[test]
fn a_reset_is_an_error_to_the_command_and_no_end_of_input() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("said");
    let line = format!("trap '' HUP; echo ready; cat 2>/dev/null >/dev/null; echo $? >{}", file.display());
    let server = shell("", &line);
    let mut peer = Peer::connect(server.address());
    assert_eq!(peer.receive_line(), "ready\n");
    peer.send("half of it");
    peer.reset();
    let run = server.finish();
    assert_eq!(fs::read_to_string(&file).unwrap(), "1\n", "{run}");
}

/// The states of the connection of one client to `line`, as the kernel recorded them.
fn recorded(line: &str, client: impl FnOnce(Peer)) -> Vec<String> {
    let mut kernel = Kernel::watch();
    let server = shell("", line);
    kernel.narrow(server.port());
    client(Peer::connect(server.address()));
    let run = server.finish();
    let conn = run.event("accept").number("conn");
    kernel.confirm(&run, conn).split_off(3)
}

#[test]
fn the_states_are_the_kernels_whatever_the_command_does_to_its_socket() {
    let line = "perl -e '$| = 1; print \"hi\\n\"; shutdown(STDOUT, 1); <STDIN>; sleep 1'";
    let states = recorded(line, |mut peer| {
        assert_eq!(peer.receive_all(), b"hi\n");
        pause(Duration::from_millis(300));
    });
    assert_eq!(states, ["FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT"]);
    let line = "perl -e '$| = 1; <STDIN>; print \"hi\\n\"; shutdown(STDOUT, 1); sleep 1'";
    let states = recorded(line, |mut peer| {
        peer.half_close();
        assert_eq!(peer.receive_all(), b"hi\n");
    });
    assert_eq!(states, ["CLOSE-WAIT", "LAST-ACK", "CLOSED"]);
    let states = recorded("echo hi; sleep 9", |mut peer| {
        assert_eq!(peer.receive_line(), "hi\n");
        peer.reset();
    });
    assert_eq!(states, ["CLOSED"]);
    let states = recorded("read end; echo hi; sleep 9", |mut peer| {
        peer.half_close();
        assert_eq!(peer.receive_line(), "hi\n");
        peer.reset();
    });
    assert_eq!(states, ["CLOSE-WAIT", "CLOSED"]);
    let states = recorded("echo hi", |mut peer| assert_eq!(peer.receive_all(), b"hi\n"));
    assert_eq!(states, ["FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT"]);
}

#[test]
fn a_command_that_ignores_its_input_ends_in_order() {
    let server = shell("", "sleep 0.3; echo done");
    let mut peer = Peer::connect(server.address());
    let mut writer = peer.twin();
    // More than the buffers hold: the rest is refused once the connection is closed.
    let sending = std::thread::spawn(move || drop(writer.try_send(noise(64 << 20))));
    assert_eq!(peer.receive(5), b"done\n");
    assert_eq!(server.finish().code, 0);
    sending.join().unwrap();
}

#[test]
fn a_process_left_behind_does_not_hold_the_connection() {
    let server = shell("", "sleep 15 2>/dev/null & echo $!");
    let mut peer = Peer::connect(server.address());
    let left = String::from_utf8(peer.receive_all()).unwrap();
    drop(peer);
    let run = server.finish();
    assert_eq!(run.code, 0, "{run}");
    assert!(!lives(left.trim()), "it is ended with us");
    let server = shell("-k", "sleep 15 2>/dev/null & echo $!");
    let lefts = [ask(&server, b""), ask(&server, b"")].map(|left| String::from_utf8(left).unwrap());
    server.wait_for_many("exits", 2, |e| e.is("child") && e["what"] == "exit");
    assert!(lefts.iter().all(|left| lives(left.trim())), "it is left alone until our end");
    server.terminate();
    assert!(!lefts.iter().any(|left| lives(left.trim())), "{lefts:?}");
}

#[test]
fn a_hundred_at_once_and_none_becomes_a_zombie() {
    let server = soquete("listen -k 127.0.0.1 0 --exec -- cat").start();
    let mut peers: Vec<Peer> = (0..100).map(|_| Peer::connect(server.address())).collect();
    for (number, peer) in peers.iter_mut().enumerate() {
        peer.send(format!("{number}\n"));
    }
    for (number, peer) in peers.iter_mut().enumerate() {
        assert_eq!(peer.receive_line(), format!("{number}\n"));
        peer.half_close();
        assert_eq!(peer.receive_all(), b"");
    }
    server.wait_for_many("exits", 100, |e| e.is("child") && e["what"] == "exit");
    assert_eq!(children(server.pid()), "");
    server.terminate();
}

#[test]
fn at_the_end_groups_get_sigterm_and_those_that_ignore_it_sigkill() {
    let line = "trap '' TERM; sleep 60 & echo $$ $!; wait";
    let server = shell("-k", line);
    let mut peer = Peer::connect(server.address());
    let pids = peer.receive_line();
    let began = Instant::now();
    let run = server.terminate();
    assert!((1500..9000).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
    assert_eq!(ends(&run), [(137, "SIGKILL".to_owned())], "{run}");
    assert!(pids.split_whitespace().all(|pid| !lives(pid)), "{pids}");
    let server = shell("-k", "sleep 60 & echo $!; sleep 60");
    let mut peer = Peer::connect(server.address());
    let left = peer.receive_line();
    let began = Instant::now();
    let run = server.terminate();
    assert!(began.elapsed() < Duration::from_millis(1900), "{:?}", began.elapsed());
    assert_eq!(ends(&run), [(143, "SIGTERM".to_owned())], "{run}");
    assert!(!lives(left.trim()), "{left}");
}

#[test]
fn a_stopped_command_is_ended_too() {
    let server = shell("-k", "echo ready; kill -STOP $$");
    let mut peer = Peer::connect(server.address());
    assert_eq!(peer.receive_line(), "ready\n");
    assert_eq!(ends(&server.terminate()), [(143, "SIGTERM".to_owned())]);
}

#[test]
fn a_command_that_is_not_there_is_known_before_the_first_client() {
    for line in ["listen 0 --exec -- nosuch", "listen -k 0 --exec -- /nosuch/x", "listen 0 --exec -- /etc"] {
        let run = soquete(line).run();
        assert_eq!(run.code, 5, "{run}");
        assert!(run.named("listening").next().is_none(), "{run}");
        let error = run.error("file").text("text").to_owned();
        assert!(error.starts_with("run ") && error.contains(line.rsplit(' ').next().unwrap()), "{run}");
    }
    for line in
        ["listen 0 --exec", "listen 0 -- cat", "listen 0 --exec --echo -- cat", "connect 1 --exec -z -- cat"]
    {
        assert_eq!(soquete(line).run().code, 2, "{line}");
    }
}

#[test]
fn a_command_that_went_away_resets_its_clients_and_harms_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("once");
    let write = || {
        fs::write(&path, "#!/bin/sh\necho hi\n").unwrap();
        Command::new("chmod").arg("+x").arg(&path).status().unwrap();
    };
    write();
    let server = soquete("listen -k 127.0.0.1 0 --exec --").arg(&path).start();
    assert_eq!(ask(&server, b""), b"hi\n");
    fs::remove_file(&path).unwrap();
    // Before connect(2) returns, or after.
    match Peer::try_connect(server.address()) {
        Ok(mut peer) => peer.expect_reset(),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    let warning = server.event("warning");
    assert!(warning.text("text").contains(&path.display().to_string()), "{warning:?}");
    write();
    assert_eq!(ask(&server, b""), b"hi\n");
    server.terminate();
}

#[test]
fn an_idle_connection_ends_its_command() {
    let server = shell("-k --idle-timeout 300ms", "cat");
    let mut peer = Peer::connect(server.address());
    for _ in 0..4 {
        peer.send("x");
        assert_eq!(peer.receive(1), b"x");
        pause(Duration::from_millis(150));
    }
    assert_eq!(peer.receive_all(), b"");
    let run = server.terminate();
    assert_eq!(ends(&run), [(143, "SIGTERM".to_owned())], "{run}");
    assert!(run.named("warning").any(|e| e["kind"] == "timeout"), "{run}");
    let server = shell("--idle-timeout 300ms", "cat");
    let _peer = Peer::connect(server.address());
    let run = server.finish();
    assert_eq!(run.code, 3, "a deadline passed, whatever the command made of it: {run}");
    assert_eq!(ends(&run), [(143, "SIGTERM".to_owned())], "{run}");
}

#[test]
fn a_large_transfer_passes_whole_both_ways() {
    let data = noise(8 << 20);
    let server = soquete("listen 127.0.0.1 0 --exec -- cat").start();
    let mut peer = Peer::connect(server.address());
    let mut writer = peer.twin();
    let sent = data.clone();
    let sending = std::thread::spawn(move || {
        writer.send(&sent);
        writer.half_close();
    });
    assert!(peer.receive_all() == data);
    sending.join().unwrap();
    let run = server.finish();
    let summary = run.named("summary").find(|e| e["role"] == "server").unwrap();
    assert_eq!(summary.number("bytes_in"), 8 << 20, "{run}");
    assert_eq!(summary.number("bytes_out"), 8 << 20, "{run}");
}

#[test]
fn connect_runs_a_command_too() {
    let door = Door::open();
    let line = format!("connect {} --sh-exec", door.address());
    let client = soquete(&line).arg("read line; echo \"got $line from $NCAT_REMOTE_PORT\"; exit 7").start();
    let mut peer = door.accept();
    peer.send("hello\n");
    assert_eq!(peer.receive_line(), format!("got hello from {}\n", door.port()));
    assert_eq!(peer.receive_all(), b"");
    drop(peer);
    let run = client.finish();
    assert_eq!(run.code, 7, "{run}");
    assert_eq!(run.states_of("client").last(), Some(&"TIME-WAIT"), "{run}");
    let run = soquete(&format!("connect {} --exec -- nosuch", door.address())).run();
    assert_eq!(run.code, 5, "{run}");
    assert!(run.named("state").next().is_none(), "{run}");
    let client = soquete(&format!("connect {} --exec -- sleep 100", door.address())).start();
    client.wait_for("a start", |e| e.is("child"));
    assert_eq!(ends(&client.terminate()), [(143, "SIGTERM".to_owned())]);
}

#[test]
#[cfg(feature = "tls")]
fn through_tls_the_bytes_pass_through_pipes() {
    let pki = Pki::new();
    let file = |name: &str| pki.path(name).display().to_string();
    let listen = format!(
        "listen -k --tls --tls-cert {} --tls-client-ca {} 127.0.0.1 0 --sh-exec",
        file("server.pem"),
        file("ca.pem")
    );
    let server = soquete(&listen).arg("echo $SOQUETE_TLS_SUBJECT; sort").start();
    let client = |more: &str| {
        soquete(&format!(
            "connect --tls --tls-ca {} --tls-cert {} 127.0.0.1 {} {more}",
            file("ca.pem"),
            file("client.pem"),
            server.port()
        ))
    };
    let run = client("").input("b\na\n").run();
    assert_eq!((run.code, run.text()), (0, "CN=client\na\nb\n"), "{run}");
    // A command on each side.
    let run = client("--sh-exec").arg("read subject; echo x; exit 6").run();
    assert_eq!(run.code, 6, "{run}");
    // A client that goes on sending to a command that has ended gets its answer.
    let ended = server.terminate();
    assert_eq!(ends(&ended), [(0, String::new()), (0, String::new())], "{ended}");
    let server =
        soquete(&format!("listen --tls --tls-cert {} 127.0.0.1 0 --exec -- cat", file("server.pem")));
    let server = server.start();
    let data = noise(4 << 20);
    let run = soquete(&format!("connect --tls --tls-ca {} 127.0.0.1 {}", file("ca.pem"), server.port()))
        .input(&data)
        .run();
    assert!(run.code == 0 && run.stdout == data, "{} bytes", run.stdout.len());
    assert_eq!(server.finish().code, 0);
}

#[test]
fn a_truncation_hangs_a_command_up_before_its_input_ends() {
    let Some(openssl) = peer("openssl") else { return };
    // One process, since a shell whose child dies of the signal first says so among the events. At the end of its input it
    // would exit with 0.
    let server = soquete("listen -k --tls 127.0.0.1 0 --sh-exec").arg("echo ready; exec cat").start();
    let mut client = Command::new(openssl)
        .args(["s_client", "-quiet", "-connect", &server.address().to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(client.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    // The kernel closes its socket, without close_notify.
    client.kill().unwrap();
    client.wait().unwrap();
    let exit = server.wait_for("an exit", |e| e.is("child") && e["what"] == "exit");
    assert_eq!((exit.number("code"), exit.text("signal")), (129, "SIGHUP"));
    let run = server.terminate();
    assert!(run.named("warning").any(|e| e["kind"] == "tls"), "{run}");
}

#[test]
fn a_process_left_behind_that_writes_on_does_not_hold_a_pipe() {
    let server = soquete("listen --tls 127.0.0.1 0 --sh-exec").arg("yes 2>/dev/null & echo $!").start();
    let run = soquete(&format!("connect --tls --tls-insecure 127.0.0.1 {}", server.port())).run();
    assert_eq!(run.code, 0, "{run}");
    assert!(run.stdout.contains(&b'\n'), "{run}");
    assert_eq!(server.finish().code, 0);
}

#[test]
fn a_tap_sees_what_passes_to_a_command_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("both");
    let server = soquete("listen 127.0.0.1 0 --both --output").arg(&file).arg("--exec").arg("--").arg("sort");
    let server = server.start();
    assert_eq!(ask(&server, b"b\na\n"), b"a\nb\n");
    let run = server.finish();
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(fs::read(&file).unwrap(), b"b\na\na\nb\n");
}

#[test]
fn commands_that_are_being_started_end_too() {
    for _ in 0..5 {
        let server = shell("-k", "exec sleep 61.4142");
        let peers: Vec<Peer> = (0..30).map(|_| Peer::connect(server.address())).collect();
        server.wait_for("a start", |e| e.is("child"));
        let run = server.terminate();
        let starts = run.named("child").filter(|e| e["what"] == "start");
        let left: Vec<String> =
            starts.map(|e| e.number("pid").to_string()).filter(|pid| lives(pid)).collect();
        assert_eq!(left, Vec::<String>::new(), "{run}");
        drop(peers);
    }
    let line = |process: fs::DirEntry| fs::read(process.path().join("cmdline")).unwrap_or_default();
    let mut all = fs::read_dir("/proc").unwrap().map(|process| line(process.unwrap()));
    assert!(!all.any(|line| line == b"sleep\x0061.4142\0"));
}

/// The answer of another program as a client of `address`.
fn talk(program: &Path, args: &[&str], input: &str) -> String {
    let line = format!("printf '{input}' | timeout 15 \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &line, "sh"]).arg(program).args(args).stderr(Stdio::null());
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

#[test]
fn a_unix_socket_is_handed_over_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let server = soquete(&format!("listen unix:{} --sh-exec", path.display()))
        .arg("echo $SOQUETE_PROTO $SOQUETE_LOCAL_ADDR $NCAT_LOCAL_PORT; sort")
        .start();
    server.event("listening");
    let mut peer = std::os::unix::net::UnixStream::connect(&path).unwrap();
    peer.write_all(b"b\na\n").unwrap();
    peer.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    peer.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, format!("unix {}\na\nb\n", path.display()));
    let run = server.finish();
    assert_eq!((run.code, ends(&run)), (0, vec![(0, String::new())]), "{run}");
}

#[test]
fn real_clients_talk_to_a_command() {
    let server = soquete("listen -k 127.0.0.1 0 --exec -- sort").start();
    let port = server.port().to_string();
    let socat = format!("TCP4:127.0.0.1:{port}");
    for (name, args) in [
        ("nc", vec!["-N", "127.0.0.1", &port]),
        ("ncat", vec!["127.0.0.1", &port]),
        ("socat", vec!["-t5", "-", &socat]),
    ] {
        let Some(program) = peer(name) else { continue };
        assert_eq!(talk(&program, &args, "b\\na\\n"), "a\nb\n", "{name}");
    }
    server.terminate();
}

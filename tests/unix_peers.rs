//! UNIX sockets between this program and nc, ncat, socat and curl, from either end.

mod support;

use std::io::Write as _;
use std::path::Path;
use support::peer_program::PeerProgram;
use support::*;

const NETCATS: [&str; 3] = ["nc.openbsd", "ncat", "socat"];

fn client(name: &str, path: &str) -> Vec<String> {
    match name {
        "socat" => vec!["-t10".into(), "-".into(), format!("UNIX-CONNECT:{path}")],
        "nc.openbsd" => vec!["-N".into(), "-U".into(), path.into()],
        _ => vec!["-U".into(), path.into()],
    }
}

fn server(name: &str, path: &str) -> Vec<String> {
    match name {
        "socat" => vec!["-t10".into(), "-".into(), format!("UNIX-LISTEN:{path}")],
        "nc.openbsd" => vec!["-N".into(), "-l".into(), "-U".into(), path.into()],
        _ => vec!["-l".into(), "-U".into(), path.into()],
    }
}

/// Starts one of them; its input is a pipe.
fn start(name: &str, args: &[String]) -> Option<PeerProgram> {
    PeerProgram::start(name, &args.iter().map(String::as_str).collect::<Vec<_>>(), None)
}

/// What one of them received, which has to end well.
fn received(other: PeerProgram) -> Vec<u8> {
    let run = other.finish();
    assert_eq!(run.code, Some(0), "{run:?}");
    run.stdout
}

fn wait_for_socket(path: &str) {
    let deadline = std::time::Instant::now() + DEADLINE;
    while !Path::new(path).exists() {
        assert!(std::time::Instant::now() < deadline, "{path} does not appear");
        pause(std::time::Duration::from_millis(5));
    }
}

#[test]
fn every_netcat_reaches_our_server_with_whole_files_both_ways() {
    let (there, back) = (noise(1_500_000), noise(1_000_001));
    for name in NETCATS {
        let folder = Folder::new();
        let path = folder.path("s").display().to_string();
        let ours = soquete(&format!("listen unix:{path}")).input(&back).start();
        ours.event("listening");
        let Some(mut other) = start(name, &client(name, &path)) else { continue };
        other.feed(&there);
        let run = ours.finish();
        assert_eq!(run.code, 0, "{name}: {run}");
        assert!(run.stdout == there, "{name}: {} of {} bytes", run.stdout.len(), there.len());
        assert!(received(other) == back, "{name}");
    }
}

#[test]
fn we_reach_the_server_of_every_netcat() {
    let (there, back) = (noise(1_500_000), noise(1_000_001));
    for name in NETCATS {
        let folder = Folder::new();
        let path = folder.path("s").display().to_string();
        let Some(mut other) = start(name, &server(name, &path)) else { continue };
        wait_for_socket(&path);
        other.feed(&back);
        let ours = soquete(&format!("connect --wait 10s unix:{path}")).input(&there).run();
        assert_eq!(ours.code, 0, "{name}: {ours}");
        assert!(ours.stdout == back, "{name}: {} of {} bytes", ours.stdout.len(), back.len());
        assert!(received(other) == there, "{name}");
    }
}

#[test]
fn abstract_names_are_those_of_socat() {
    let folder = Folder::new();
    let name = folder.path("abstract").display().to_string();
    let ours = soquete(&format!("listen unix:@{name}")).input("ours").start();
    ours.event("listening");
    let Some(mut other) = start("socat", &["-".into(), format!("ABSTRACT-CONNECT:{name}")]) else { return };
    other.feed(b"theirs");
    let run = ours.finish();
    assert_eq!((run.code, run.text()), (0, "theirs"), "{run}");
    assert_eq!(received(other), b"ours");
}

#[test]
fn curl_asks_our_server_over_its_socket() {
    let folder = Folder::new();
    let path = folder.path("s").display().to_string();
    let answer = r"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nyes";
    let server = soquete("listen -k --respond").arg(answer).arg(format!("unix:{path}")).start();
    server.event("listening");
    for _ in 0..20 {
        let args = ["-s", "--unix-socket", &path, "http://here/"].map(str::to_owned);
        let Some(other) = start("curl", &args) else { return };
        assert_eq!(received(other), b"yes");
    }
    server.terminate();
}

#[test]
fn datagrams_pass_both_ways_with_socat() {
    let folder = Folder::new();
    let [ours, theirs] = ["ours", "theirs"].map(|name| folder.path(name).display().to_string());
    let server = soquete(&format!("udp-serve --upper unix:{ours}")).start();
    server.event("listening");
    let Some(mut other) =
        start("socat", &["-t1".into(), "-".into(), format!("UNIX-SENDTO:{ours},bind={theirs}")])
    else {
        return;
    };
    other.write("hello");
    other.wait("HELLO");
    assert_eq!(received(other), b"HELLO");
    server.terminate();
    let there = folder.path("there").display().to_string();
    let other =
        start("socat", &["-u".into(), format!("UNIX-RECV:{there}"), "-".into()]).expect("it was there");
    wait_for_socket(&there);
    let run = soquete(&format!("udp-send --reply-wait 0 unix:{there} one two")).run();
    assert_eq!(run.code, 0, "{run}");
    other.wait("onetwo");
}

#[test]
fn a_room_on_a_unix_socket_is_for_any_client() {
    let folder = Folder::new();
    let path = folder.path("room").display().to_string();
    let server = soquete(&format!("chat-serve unix:{path}")).start();
    server.event("listening");
    let Some(mut nc) = start("nc.openbsd", &["-N".into(), "-U".into(), path.clone()]) else { return };
    server.wait_for_many("a member", 1, |e| e.is("member") && e.text("what") == "join");
    let mut ours = soquete(&format!("chat-join --nick ana unix:{path}")).start();
    server.wait_for("a nick", |e| e.is("member") && e.text("what") == "nick");
    nc.write("hello from nc\n");
    ours.wait_stdout("unix:#2: hello from nc\n");
    ours.write("hello back\n");
    nc.wait("ana (unix:#3): hello back\n");
    assert_eq!(ours.close_and_finish().code, 0);
    nc.finish();
    server.terminate();
    assert!(!Path::new(&path).exists());
}

#[test]
fn a_member_that_does_not_read_costs_the_others_nothing() {
    let folder = Folder::new();
    let path = folder.path("room").display().to_string();
    let server = soquete(&format!("chat-serve --slow-limit 64k unix:{path}")).start();
    server.event("listening");
    let stuck = std::os::unix::net::UnixStream::connect(&path).expect("somebody listens");
    server.event("member");
    let reader = soquete(&format!("connect unix:{path}")).start();
    server.wait_for_many("both", 2, |e| e.is("member"));
    let mut talker = std::os::unix::net::UnixStream::connect(&path).expect("somebody listens");
    for i in 0..1000 {
        talker.write_all(format!("{i} {}\n", "x".repeat(1000)).as_bytes()).expect("it is read");
    }
    reader.wait_stdout("999 xxx");
    server.wait_for("the end of the slow one", |e| e.is("member") && e.text("what") == "slow");
    drop((stuck, talker));
    assert_eq!(reader.close_and_finish().code, 0);
    server.terminate();
}

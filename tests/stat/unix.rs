//! UNIX sockets by name: those that have it, and those connected to them.
#![allow(clippy::disallowed_methods)]

use super::{assert_no_match, rows, stat};
use crate::support::{DEADLINE, Folder};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};
use std::time::{Duration, Instant};

/// A name as rows have it.
fn bare(address: &str) -> &str {
    address.strip_prefix("unix:").unwrap()
}

/// Local name and state of each row, sorted.
fn found(words: &str) -> Vec<(String, String)> {
    let word = |value: &serde_json::Value| value.as_str().unwrap_or("none").to_owned();
    let mut found: Vec<_> =
        rows(words).iter().map(|row| (word(&row["local"]), word(&row["state"]))).collect();
    found.sort();
    found
}

#[test]
fn a_name_finds_its_sockets_and_those_connected_to_them() {
    let folder = Folder::new();
    let (place, other) = (folder.address("s"), folder.address("other"));
    let door = UnixListener::bind(folder.path("s")).unwrap();
    let _other = UnixListener::bind(folder.path("other")).unwrap();
    let _client = UnixStream::connect(folder.path("s")).unwrap();
    let (_server, _) = door.accept().unwrap();
    let row = |local: &str, state: &str| (local.to_owned(), state.to_owned());
    let (client, server) = (row("none", "CONNECTED"), row(bare(&place), "CONNECTED"));
    let (listener, second) = (row(bare(&place), "LISTEN"), row(bare(&other), "LISTEN"));
    for (words, meant) in [
        (place.clone(), vec![client.clone(), server.clone(), listener.clone()]),
        (format!("-x {place}"), vec![client.clone(), server.clone(), listener.clone()]),
        (format!("-l {place}"), vec![listener.clone()]),
        (format!("--local {place}"), vec![server.clone(), listener.clone()]),
        (format!("--peer {place}"), vec![client.clone()]),
        (format!("--state CONNECTED {place}"), vec![client, server]),
        (format!("{other} {place} -l"), vec![second.clone(), listener.clone()]),
        (format!("{place} {other} 1 -l"), vec![second, listener]),
    ] {
        let mut meant = meant;
        meant.sort();
        assert_eq!(found(&words), meant, "{words}");
    }
    for words in
        [folder.address("none"), folder.address(""), format!("{place}x"), format!("-x --peer {other}")]
    {
        assert_no_match(&stat(&words).run());
    }
}

#[test]
fn an_abstract_name_is_no_path() {
    let folder = Folder::new();
    let name = folder.abstract_address();
    let bytes = name.strip_prefix("unix:@").unwrap();
    let _socket = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(bytes).unwrap()).unwrap();
    assert_eq!(found(&name), [(bare(&name).to_owned(), "UNCONNECTED".to_owned())]);
    assert_no_match(&stat(format!("unix:{bytes}")).run());
}

#[test]
fn a_socket_of_a_name_is_waited_for() {
    let folder = Folder::new();
    let wait = |condition: &str| {
        stat("--timeout 15s --wait").arg(format!("{condition} {}", folder.address("s"))).start()
    };
    let (listening, established) = (wait("listen"), wait("established"));
    let late = stat("--timeout 0 --wait").arg(format!("listen {}", folder.address("s"))).run();
    assert_eq!((late.code, late.text()), (3, ""), "{late}");
    let door = UnixListener::bind(folder.path("s")).unwrap();
    let run = listening.finish();
    assert_eq!((run.code, run.rows().len()), (0, 1), "{run}");
    let client = UnixStream::connect(folder.path("s")).unwrap();
    let server = door.accept().unwrap();
    let run = established.finish();
    assert_eq!((run.code, &run.rows()[0]["state"]), (0, &"CONNECTED".into()), "{run}");
    let gone = wait("gone");
    drop((client, server, door));
    let run = gone.finish();
    assert_eq!((run.code, run.text()), (0, ""), "{run}");
}

#[test]
fn changes_of_a_name_are_shown() {
    let folder = Folder::new();
    let running = stat(format!("--watch {}", folder.address("s"))).start();
    let until = Instant::now() + DEADLINE;
    // What is made before the first look is no change.
    while !running.stdout().windows(8).any(|part| part == b"\"LISTEN\"") {
        assert!(Instant::now() < until, "nothing is seen");
        let _ = std::fs::remove_file(folder.path("s"));
        let door = UnixListener::bind(folder.path("s")).unwrap();
        std::thread::park_timeout(Duration::from_millis(300));
        drop(door);
    }
    let run = running.terminate();
    assert!(run.rows().iter().all(|row| row["local"] == bare(&folder.address("s"))), "{run}");
    assert!(run.rows().iter().any(|row| row["change"] == "appeared" && row["to"] == "LISTEN"), "{run}");
}

//! Who holds a socket, and what is said where that may not be known.
#![allow(clippy::disallowed_methods)] // a socket to give away

use super::{rows, stat};
use crate::support::{Door, NOBODY, as_root, soquete};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

#[test]
fn the_process_that_holds_a_socket_is_named() {
    let server = soquete("listen 127.0.0.1:0").start();
    let found = rows(format!("-tlp {}", server.port()));
    let processes = serde_json::json!([{"pid": server.pid(), "name": "soquete"}]);
    assert_eq!(found[0]["processes"], processes, "{found:#?}");
    let run = stat(format!("-tlp {}", server.port())).human().run();
    assert!(run.text().contains(&format!("soquete({})", server.pid())), "{run}");
    drop(server);
}

#[test]
fn the_name_of_a_process_cannot_command_the_terminal() {
    let door = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = door.local_addr().unwrap().port();
    let mut holder = Command::new("sh")
        .args(["-c", r"printf 'a\033[31mb' > /proc/$$/comm; echo ready >&2; read line"])
        .stdin(Stdio::piped())
        .stdout(OwnedFd::from(door.try_clone().unwrap()))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = [0; 6];
    std::io::Read::read_exact(holder.stderr.as_mut().unwrap(), &mut ready).unwrap();
    let run = stat(format!("-tlp {port}")).human().run();
    assert!(run.text().contains(&format!("a\u{241b}[31mb({})", holder.id())), "{run}");
    let found = rows(format!("-tlp {port}"));
    let processes = found[0]["processes"].as_array().unwrap();
    assert!(processes.iter().any(|p| p["pid"] == holder.id() && p["name"] == "a\u{1b}[31mb"), "{found:#?}");
    assert!(processes.iter().any(|p| p["pid"] == std::process::id()), "{found:#?}");
    drop(holder.stdin.take());
    holder.wait().unwrap();
}

#[test]
fn processes_that_may_not_be_seen_are_a_reason() {
    as_root(|| {
        let door = Door::open();
        let asked = || stat(format!("-tlp {}", door.port())).user(NOBODY);
        let run = asked().run();
        let row = &run.rows()[0];
        assert_eq!(row["processes"], serde_json::json!([]), "{run}");
        assert!(row["processes_hidden"].as_str().unwrap().starts_with("permission denied"), "{run}");
        let run = asked().human().run();
        assert!(run.text().contains("(permission denied for "), "{run}");
    });
}

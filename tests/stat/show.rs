//! How sockets are shown: aligned for people, typed for scripts, never as commands to a terminal.
#![allow(clippy::disallowed_methods)]

use super::{LIVE, live, row, rows, stat};
use crate::support::{Door, NOBODY, Peer, is_root};
use std::os::unix::net::UnixDatagram;

#[test]
fn people_get_a_heading_and_columns_that_line_up() {
    let door = Door::open();
    let client = Peer::connect(door.address());
    let run = stat(format!("-t {LIVE} {}", door.port())).human().run();
    let lines: Vec<&str> = run.text().lines().collect();
    assert_eq!(lines.len(), 4, "{run}");
    let column = |title: &str| lines[0].find(title).unwrap_or_else(|| panic!("no {title} in {}", lines[0]));
    let (local, queues) = (column("LOCAL"), column("QUEUES"));
    assert!(column("PROTO") < column("STATE") && column("STATE") < local && column("PEER") < queues);
    for line in &lines[1..] {
        assert_eq!(line[local..].find("127.0.0.1:"), Some(0), "{run}");
        assert!(line[queues..].starts_with("accept queue ") || line[queues..].starts_with("recv "), "{run}");
        assert!(!line.ends_with(' '), "{line:?}");
    }
    let listener = lines.iter().find(|line| line.contains("LISTEN")).unwrap();
    assert!(listener.ends_with("accept queue 1/128"), "{listener}");
    assert!(run.text().contains(&client.local().to_string()));
}

#[test]
fn rows_have_typed_fields() {
    let door = Door::open();
    let mut client = Peer::connect(door.address());
    let server = door.accept();
    client.send(b"12345");
    let found = rows(format!("-t {}", door.port()));
    let line = row(&found, server.local(), server.peer());
    let inode = rustix::fs::fstat(server.stream()).unwrap().st_ino;
    let expected = serde_json::json!({
        "proto": "tcp", "local": server.local().to_string(), "peer": server.peer().to_string(), "state": "ESTABLISHED",
        "recv_queue": 5, "send_queue": 0, "uid": rustix::process::getuid().as_raw(), "inode": inode,
    });
    assert_eq!(*line, expected);
}

#[test]
fn extended_rows_tell_of_the_connection() {
    let door = Door::open();
    let client = Peer::connect(door.address());
    let server = door.accept();
    let own = socket2::SockRef::from(client.stream());
    own.set_keepalive(true).unwrap();
    let found = rows(format!("-te {}", door.port()));
    let line = row(&found, client.local(), client.peer());
    for field in ["rtt_us", "cwnd", "snd_mss", "recv_buffer", "send_buffer"] {
        assert!(line[field].as_u64().unwrap() > 0, "{field} of {line}");
    }
    assert_eq!(line["retransmits"], 0, "{line}");
    assert_eq!(line["recv_buffer"], own.recv_buffer_size().unwrap());
    assert_eq!((&line["timer"], &line["timer_fired"]), (&"keepalive".into(), &0.into()), "{line}");
    let name = own.tcp_congestion().unwrap();
    assert!(name.starts_with(line["congestion"].as_str().unwrap().as_bytes()), "{line}");
    let listener = found.iter().find(|row| row["state"] == "LISTEN").unwrap();
    assert_eq!(listener.get("rtt_us"), None, "a listener has no round trips: {listener}");
    drop(server);
    let run = stat(format!("-te {}", door.port())).human().run();
    assert!(run.text().contains("cwnd") && run.text().contains("timer"), "{run}");
}

#[test]
fn a_path_cannot_command_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a\u{1b}[31m\u{202e}b\nc");
    let socket = UnixDatagram::bind(&path).unwrap();
    let run = stat("-x").human().run();
    let shown = run.text().lines().find(|line| line.contains("[31m")).expect("the socket's line");
    assert!(shown.contains("a\u{241b}[31m\\u{202e}b\u{240a}c"), "{shown:?}");
    assert!(!run.text().contains('\u{1b}'));
    let inode = rustix::fs::fstat(&socket).unwrap().st_ino;
    let found = rows("-x");
    let line = found.iter().find(|row| row["inode"] == inode).unwrap();
    assert_eq!(line["local"], path.to_str().unwrap());
    assert_eq!(
        (&line["proto"], &line["type"], &line["state"]),
        (&"unix".into(), &"dgram".into(), &"UNCONNECTED".into())
    );
}

#[test]
fn a_summary_counts_by_state() {
    let door = Door::open();
    let clients: Vec<Peer> = (0..5).map(|_| Peer::connect(door.address())).collect();
    let found = rows(format!("--summary {LIVE} {}", door.port()));
    let expected = [("LISTEN", 1), ("ESTABLISHED", 10)]
        .map(|(state, count)| serde_json::json!({"proto": "tcp", "state": state, "count": count}));
    assert_eq!(found, expected);
    let run = stat(format!("--summary {LIVE} {}", door.port())).human().run();
    let words: Vec<Vec<&str>> = run.text().lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        words,
        [vec!["PROTO", "STATE", "COUNT"], vec!["tcp", "LISTEN", "1"], vec!["tcp", "ESTABLISHED", "10"]]
    );
    drop(clients);
    super::assert_no_match(
        &stat(format!("--summary --state LISTEN {}", crate::support::refusing_port().port())).run(),
    );
}

#[test]
fn no_privilege_is_needed() {
    let door = Door::open();
    let asked = stat(format!("-t {}", door.port()));
    let run = if is_root() { asked.user(NOBODY) } else { asked }.run();
    assert_eq!((run.code, live(&run).len()), (0, 1), "{run}");
}

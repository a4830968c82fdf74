//! `--diagram`: conversations as ladders, from packets where they may be captured and from states elsewhere.

mod support;

use std::fs;
use support::*;

/// A conversation of two lines with an echo server, drawn to a file of this ending.
fn drawn(ending: &str) -> (Run, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("conversation").with_extension(ending);
    let door = Door::open();
    let client =
        soquete(&format!("connect {} --diagram", door.address())).arg(&file).input("hello\n").start();
    let mut peer = door.accept();
    assert_eq!(peer.receive_all(), b"hello\n");
    peer.send(b"HELLO\n");
    drop(peer);
    let run = client.finish();
    (run, fs::read_to_string(&file).unwrap_or_default())
}

/// Fails unless these stand in the text in this order.
fn in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        rest =
            rest.split_once(part).unwrap_or_else(|| panic!("{part:?} is missing or out of order:\n{text}")).1;
    }
}

#[test]
fn packets_and_the_states_that_they_cause_are_drawn_in_order() {
    with_namespaces(|| {
        let (run, text) = drawn("txt");
        assert_eq!(run.code, 0, "{run}");
        let steps = [
            "SYN seq 0 (handshake 1/3)",
            "SYN-SENT ┤",
            "SYN ACK",
            "ESTABLISHED ┤",
            "handshake 3/3",
            "6 bytes",
            "FIN",
        ];
        in_order(&text, &steps);
        in_order(&text, &["FIN ACK", "FIN-WAIT-1 ┤", "FIN-WAIT-2 ┤", "TIME-WAIT ┤"]);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(!text.contains("implied"), "{text}");
    });
}

#[test]
fn a_picture_and_a_mermaid_diagram_say_the_same() {
    let (run, svg) = drawn("svg");
    assert_eq!(run.code, 0, "{run}");
    assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>\n"), "{svg}");
    in_order(&svg, &["SYN", ">SYN-SENT<", ">ESTABLISHED<", "FIN", ">FIN-WAIT-1<", ">TIME-WAIT<"]);
    let (run, mermaid) = drawn("mmd");
    assert_eq!(run.code, 0, "{run}");
    let steps = [
        "sequenceDiagram\n",
        "client-",
        "SYN",
        "Note left of client: SYN-SENT",
        "Note left of client: TIME-WAIT",
    ];
    in_order(&mermaid, &steps);
}

#[test]
fn without_the_right_to_capture_states_alone_are_drawn_and_that_is_said() {
    as_root(|| {
        let door = Door::open();
        let program =
            soquete(&format!("connect {} --diagram -", door.address())).user(NOBODY).input("").start();
        drop(door.accept());
        let run = program.finish();
        assert_eq!(run.code, 0, "{run}");
        assert_eq!(run.event("warning")["kind"], "permission", "{run}");
        in_order(
            run.text(),
            &["╌ SYN ╌", "SYN-SENT ┤", "╌ SYN ACK ╌", "ESTABLISHED ┤", "No packets were captured"],
        );
    });
}

#[test]
fn a_file_that_cannot_be_written_is_5() {
    let door = Door::open();
    let run = soquete(&format!("connect {} --diagram /nowhere/a.svg", door.address())).run();
    assert_eq!(run.code, 5, "{run}");
    run.error("file");
    let program = soquete(&format!("connect {} --diagram /dev/full", door.address())).input("").start();
    drop(door.accept());
    let run = program.finish();
    assert_eq!(run.code, 5, "{run}");
    assert!(run.error("file").text("text").contains("write /dev/full"), "{run}");
}

//! `--brief`: one line for the birth and one for the end of each connection.

mod support;

use support::*;

#[test]
fn a_connection_is_told_at_its_birth_and_at_its_end() {
    let server = soquete("listen -k --echo 127.0.0.1:0 -b").start();
    let run = soquete(&format!("--brief connect {}", server.address())).input("hi\n").run();
    assert_eq!((run.code, run.text()), (0, "hi\n"), "{run}");
    let names = |run: &Run| run.events.iter().map(|event| event.text("event").to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&run), ["state", "summary", "exit"], "{run}");
    assert!(run.event("state").enters("ESTABLISHED"), "{run}");
    server.wait_for("the end of the client", |event| event["event"] == "summary");
    let ended = server.terminate();
    assert_eq!(names(&ended), ["listening", "accept", "summary", "exit"], "{ended}");
}

#[test]
fn what_goes_wrong_is_told_and_brief_is_not_detailed() {
    let refused = refusing_port();
    let run = soquete(&format!("connect -b {}", refused.address())).run();
    assert_eq!(run.code, 1, "{run}");
    run.error("refused");
    for flag in ["-q", "-v"] {
        assert_eq!(soquete(&format!("connect -b {flag} 127.0.0.1 1")).run().code, 2);
    }
}

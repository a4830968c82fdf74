//! Standard input of `udp-serve`: whom lines go to, what a datagram of it is, and what its end means.

mod support;

use std::fs::File;
use std::process::Stdio;
use support::*;

/// A server of 127.0.0.1 on a free port.
fn serve(flags: &str) -> Running {
    soquete(&format!("udp-serve 127.0.0.1:0 {flags}")).start()
}

/// Waits until the server has heard a datagram of `mail`.
fn wait_heard(server: &Running, mail: &Mail, len: u64) {
    let peer = Some(mail.socket().local_addr().expect("it is bound"));
    let is_it = |e: &Event| {
        e.is("datagram") && e.text("dir") == "in" && e.number("len") == len && e.address("peer") == peer
    };
    server.wait_for("a datagram of that peer", is_it);
}

#[test]
fn a_line_goes_to_the_peer_that_spoke_last() {
    let mut server = serve("");
    let [a, b] = [Mail::to(server.address()), Mail::to(server.address())];
    a.send("a");
    wait_heard(&server, &a, 1);
    server.write("one\n");
    assert_eq!(a.receive(), b"one");
    b.send("bb");
    wait_heard(&server, &b, 2);
    server.write("two\nthree\n\n");
    assert_eq!(b.receive_texts(3), ["two", "three", ""]);
    a.send("aaa");
    wait_heard(&server, &a, 3);
    server.write("four\n");
    assert_eq!(a.receive(), b"four");
    assert!(a.is_empty() && b.is_empty());
    let run = server.terminate();
    assert_eq!(run.rows().len(), 3, "{run}");
    let out: Vec<u64> =
        run.named("datagram").filter(|e| e.text("dir") == "out").map(|e| e.number("len")).collect();
    assert_eq!(out, [3, 3, 5, 0, 4], "{run}");
    assert_eq!(run.event("summary").number("bytes_out"), 15, "{run}");
}

#[test]
fn an_answer_leaves_from_the_address_that_was_written_to() {
    let mut server = soquete("udp-serve 0.0.0.0:0").start();
    // A connected socket hears nobody but the address it wrote to.
    let mail = Mail::to(([127, 0, 0, 77], server.port()).into());
    mail.send("x");
    server.wait_for("a datagram", |e| e.is("datagram"));
    server.write("from there\n");
    assert_eq!(mail.receive(), b"from there");
    server.terminate();
}

#[test]
fn input_waits_for_the_first_peer() {
    let server = soquete("udp-serve 127.0.0.1:0").input("one\ntwo").start();
    let mail = Mail::to(server.address());
    mail.send("here");
    assert_eq!(mail.receive_texts(2), ["one", "two"]);
    // The end of input is not the end of the server.
    mail.send("still there?");
    wait_heard(&server, &mail, 12);
    assert!(mail.is_empty());
    server.terminate();
}

#[test]
fn to_all_goes_to_everybody_who_spoke() {
    let mut server = soquete("udp-serve 0 --to-all").start();
    let doors = server.wait_for_many("listening", 2, |e| e.is("listening"));
    let mails: Vec<Mail> =
        doors.iter().chain(&doors).filter_map(|e| e.address("local")).map(Mail::to).collect();
    for mail in &mails {
        mail.send("here");
    }
    server.wait_for_many("four datagrams", 4, |e| e.is("datagram"));
    server.write("hello\nall\n");
    for mail in &mails {
        assert_eq!(mail.receive_texts(2), ["hello", "all"]);
    }
    server.terminate();
}

#[test]
fn line_ends_and_reads_are_kept_where_that_is_wanted() {
    for (flags, input, expected) in [
        ("", "a\r\nb\nc", &["a\r", "b", "c"][..]),
        ("--keep-lf", "a\r\nb\nc", &["a\r\n", "b\n", "c"]),
        ("--crlf", "a\r\nb\nc", &["a\r\n", "b\r\n", "c"]),
        ("-C --keep-lf", "\n", &["\r\n"]),
        ("--per-read", "a\r\nb\n\nc", &["a\r\nb\n\nc"]),
    ] {
        let server = soquete(&format!("udp-serve 127.0.0.1:0 --send-only {flags}")).input(input).start();
        let mail = Mail::to(server.address());
        // Input is read when somebody spoke, so that it has all come by then.
        pipe_holds(&server, input.len());
        mail.send("?");
        assert_eq!(mail.receive_texts(expected.len()), expected, "{flags}");
        let run = server.finish();
        assert!(run.code == 0 && mail.is_empty(), "{flags}: {run}");
    }
}

/// Waits until this many bytes wait in the server's standard input.
fn pipe_holds(server: &Running, length: usize) {
    let pipe = File::open(format!("/proc/{}/fd/0", server.pid())).expect("its standard input");
    let begun = std::time::Instant::now();
    while rustix::io::ioctl_fionread(&pipe).expect("a pipe") < length as u64 {
        assert!(begun.elapsed() < DEADLINE, "the pipe does not fill");
        std::thread::yield_now();
    }
}

#[test]
fn send_only_prints_nothing_and_ends_with_its_input() {
    let server = soquete("udp-serve 127.0.0.1:0 --send-only").input("one\ntwo\n").start();
    let mail = Mail::to(server.address());
    mail.send("not to be shown");
    assert_eq!(mail.receive_texts(2), ["one", "two"]);
    let run = server.finish();
    assert_eq!((run.code, run.text()), (0, ""), "{run}");
}

#[test]
fn recv_only_and_services_leave_standard_input_alone() {
    for flags in ["--recv-only", "--echo"] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("input");
        std::fs::write(&path, "not to be sent\n").expect("a file");
        let input = File::open(&path).expect("the same file");
        let ours = input.try_clone().expect("a descriptor");
        let server = soquete(&format!("udp-serve 127.0.0.1:0 {flags} --count 2")).stdin(input).start();
        let mail = Mail::to(server.address());
        mail.send("x");
        mail.send("x");
        let run = server.finish();
        assert_eq!(run.code, 0, "{run}");
        assert_eq!(rustix::fs::tell(&ours).expect("a position"), 0, "{flags}: it was read");
    }
}

#[test]
fn an_input_without_anything_does_not_end_the_server() {
    for (what, server) in [
        ("closed", soquete("udp-serve 127.0.0.1:0").shell("exec \"$@\" <&-")),
        ("null", soquete("udp-serve 127.0.0.1:0").stdin(Stdio::null())),
        ("a folder", soquete("udp-serve 127.0.0.1:0").stdin(File::open("/").expect("the root"))),
    ] {
        let server = server.start();
        let mail = Mail::to(server.address());
        for text in ["1", "22", "333"] {
            mail.send(text);
            wait_heard(&server, &mail, text.len() as u64);
        }
        let run = server.terminate();
        assert_eq!(run.rows().len(), 3, "{what}: {run}");
        let warned = run.named("warning").filter(|e| e["kind"] == "file").count();
        assert_eq!(warned, usize::from(what == "a folder"), "{what}: {run}");
    }
}

#[test]
fn what_waits_is_sent_before_the_count_ends_it() {
    for (input, expected) in [("pong\n", &["pong"][..]), ("one\ntwo", &["one", "two"]), ("", &[])] {
        let server = soquete("udp-serve 127.0.0.1:0 --count 1").start();
        let mut server = server;
        server.write(input);
        let mail = Mail::to(server.address());
        mail.send("ping");
        let run = server.finish();
        assert_eq!(run.code, 0, "{run}");
        assert_eq!(mail.receive_texts(expected.len()), expected, "{run}");
        assert!(mail.is_empty());
    }
}

#[test]
fn what_is_too_long_is_an_error_and_never_cut() {
    for flags in ["", "--per-read"] {
        let input = File::open("/dev/zero").expect("zeros without end");
        let server = soquete(&format!("udp-serve 127.0.0.1:0 {flags}")).stdin(input).start();
        let mail = Mail::to(server.address());
        mail.send("x");
        let run = server.finish();
        assert_eq!(run.code, 5, "{run}");
        assert!(run.error("data").text("text").contains("65507"), "{run}");
        assert!(mail.is_empty(), "{run}");
    }
}

#[test]
fn lines_ends_each_datagram_on_standard_output() {
    let server = soquete("udp-serve 127.0.0.1:0 --lines --count 4").human().start();
    server.wait_stderr(" (this machine only");
    let shown = String::from_utf8(server.stderr()).expect("text");
    let address = shown.split("listening on ").nth(1).and_then(|rest| rest.split(' ').next());
    let mail = Mail::to(address.and_then(|a| a.parse().ok()).expect("an address"));
    for payload in ["a", "b\n", "", "c\nd"] {
        mail.send(payload);
    }
    let run = server.finish();
    assert_eq!(run.text(), "a\nb\n\nc\nd\n", "{run}");
    let server = serve("--lines --count 1");
    Mail::to(server.address()).send("a");
    let run = server.finish();
    assert_eq!((run.text().lines().count(), run.rows()[0]["text"].as_str()), (1, Some("a")), "{run}");
}

#[test]
fn a_job_in_the_background_of_a_terminal_goes_on_without_input() {
    let binary = env!("CARGO_BIN_EXE_soquete");
    let script = format!("set -m; {binary} --color never udp-serve -4 0 --count 3 & wait; echo ended $?");
    let screen = Terminal::start_program("sh", &["-c", &script]);
    let shown = screen.wait_text("listening on");
    let address = shown.split("listening on ").nth(1).and_then(|t| t.split(' ').next());
    let mail = Mail::to(address.and_then(|a| a.parse().ok()).expect("an address"));
    mail.send("first datagram");
    screen.wait_text("first datagram");
    screen.keys("for whoever is in front\n");
    screen.wait_text("in front");
    mail.send("second datagram");
    screen.wait_text("second datagram");
    mail.send("third datagram");
    screen.wait_text("ended 0");
    assert!(mail.is_empty());
    assert_eq!(screen.finish(), 0);
}

#[test]
fn lines_typed_at_a_terminal_are_sent() {
    let screen = Terminal::start("udp-serve -4 0 --count 2", &[]);
    let shown = screen.wait_text("listening on");
    let address = shown.split("listening on ").nth(1).and_then(|t| t.split(' ').next());
    let mail = Mail::to(address.and_then(|a| a.parse().ok()).expect("an address"));
    mail.send("hello");
    screen.wait_text("hello");
    screen.keys("hello yourself\n");
    assert_eq!(mail.receive(), b"hello yourself");
    mail.send("bye");
    assert_eq!(screen.finish(), 0);
}

#[test]
fn flags_that_contradict_each_other_are_usage() {
    for (flags, part) in [
        ("--echo --to-all", "--to-all"),
        ("--upper --per-read", "--per-read"),
        ("--respond x --keep-lf", "--keep-lf"),
        ("--echo --crlf", "--crlf"),
        ("--echo --send-only", "--send-only"),
        ("--echo --recv-only", "--recv-only"),
        ("--echo --lines", "--lines"),
        ("--send-only --recv-only", "--recv-only"),
        ("--send-only --lines", "--lines"),
        ("--recv-only --to-all", "--to-all"),
        ("--recv-only --crlf", "--crlf"),
        ("--per-read --crlf", "--crlf"),
        ("--per-read --keep-lf", "--keep-lf"),
    ] {
        let run = soquete(&format!("udp-serve 0 {flags}")).human().run();
        assert_eq!(run.code, 2, "{flags}: {run}");
        assert!(run.stderr.contains(part) && run.stderr.lines().count() == 1, "{flags}: {run}");
    }
}

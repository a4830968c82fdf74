//! Taps: copies of what connections carry, hex dumps, a rate, a pause between lines, `--show`.

mod support;

#[path = "taps/dumped.rs"]
mod dumped;

use dumped::{Dumped, dumped};
use rustix::process::Signal;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
#[cfg(feature = "tls")]
use support::pki::Pki;
use support::*;

/// A temporary folder, and a path in it.
fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("file");
    (folder, path)
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn text(path: &Path) -> String {
    String::from_utf8(read(path)).expect("text")
}

#[test]
fn the_copy_has_what_standard_output_has() {
    let (_folder, path) = folder();
    let data = noise(300_000);
    let server = soquete("listen 127.0.0.1 0 --output").arg(&path).input("").start();
    let mut client = Peer::connect(server.address());
    client.send(&data);
    client.half_close();
    let run = server.finish();
    assert_eq!((run.code, run.stdout == data, read(&path) == data), (0, true, true), "{run}");
    assert_eq!(run.event("summary")["clean"], true, "{run}");

    let door = Door::open();
    let client =
        soquete(&format!("connect 127.0.0.1 {} --output", door.port())).arg(&path).input("ask").start();
    let mut peer = door.accept();
    assert_eq!(peer.receive_all(), b"ask");
    peer.send("answer");
    drop(peer);
    let run = client.finish();
    assert_eq!((run.code, run.text(), text(&path)), (0, "answer", "answer".to_owned()), "{run}");
}

#[test]
fn both_directions_are_copied_in_order_and_files_are_emptied_or_appended_to() {
    let (_folder, path) = folder();
    let server = soquete("listen -k --upper 127.0.0.1 0").start();
    let line = format!("connect 127.0.0.1 {} --both --output", server.port());
    let talk = |more: &str| {
        let mut run = soquete(&line).arg(&path).arg("--crlf");
        if !more.is_empty() {
            run = run.arg(more);
        }
        run.input("abc\n").run()
    };
    for (more, copied) in
        [("", "abc\r\nABC\r\n"), ("", "abc\r\nABC\r\n"), ("--append-output", "abc\r\nABC\r\nabc\r\nABC\r\n")]
    {
        let run = talk(more);
        assert_eq!((run.code, run.text(), text(&path).as_str()), (0, "ABC\r\n", copied), "{more}: {run}");
    }
    server.terminate();
}

#[test]
fn netcats_are_copied_and_dumped() {
    for (program, flags) in [("nc", &["-N"][..]), ("ncat", &[][..])] {
        let Some(nc) = peer(program) else { continue };
        let (folder, path) = folder();
        let dump = folder.path().join("dump");
        let server = soquete("listen 127.0.0.1 0 --both --output").arg(&path).arg("--hex-dump").arg(&dump);
        let mut server = server.start();
        let (address, port) = ("127.0.0.1", server.port().to_string());
        let mut client = Command::new(nc);
        let client = client.args(flags).args([address, &port]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut client = client.spawn().expect("it starts");
        std::io::Write::write_all(&mut client.stdin.take().expect("a pipe"), b"question\x1b\n")
            .expect("a write");
        server.wait_stdout("question");
        server.write("answer\n");
        server.close_input();
        let said = client.wait_with_output().expect("it ends");
        let run = server.finish();
        assert_eq!((run.code, said.stdout.as_slice()), (0, &b"answer\n"[..]), "{program}: {run}");
        assert_eq!(text(&path), "question\x1b\nanswer\n", "{program}");
        let dump = text(&dump);
        assert!(dump.contains("  |question..|\n") && dump.contains("  |answer.|\n"), "{dump}");
        assert_eq!(dumped(&dump).pieces, 2, "{dump}");
    }
}

#[test]
fn a_dump_holds_every_byte_of_both_directions() {
    let (folder, path) = folder();
    let (sent, data) = (noise(70_001), noise(200_000));
    let reply = folder_file(&folder, "reply", &data);
    let server = soquete("listen 127.0.0.1 0 --send").arg(reply).arg("--hex-dump").arg(&path).start();
    let run = soquete(&format!("connect 127.0.0.1 {}", server.port())).input(&sent).run();
    assert!(run.code == 0 && run.stdout == data, "{run}");
    let run = server.finish();
    let Dumped { streams, .. } = dumped(&text(&path));
    let client = run.event("accept").number("conn");
    assert!(streams[&(client, '<')] == sent && streams[&(client, '>')] == data, "{run}");
    let accepted = run.event("accept");
    let (local, peer) = (accepted.text("local"), accepted.text("peer"));
    let dump = text(&path);
    assert!(dump.contains(&format!(" {local} -> {peer} ")), "{}", &dump[..200]);
    assert!(dump.contains(&format!(" {local} <- {peer} ")), "{}", &dump[..200]);
    assert!(dump.is_ascii() && !dump.bytes().any(|b| b.is_ascii_control() && b != b'\n'));
}

fn folder_file(folder: &tempfile::TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("a file");
    path
}

#[test]
fn a_dump_may_go_to_standard_error() {
    let server = soquete("listen -k --echo 127.0.0.1 0").start();
    let run =
        soquete(&format!("connect -q --hex-dump - 127.0.0.1 {}", server.port())).human().input("hi\n").run();
    assert_eq!((run.code, run.text()), (0, "hi\n"), "{run}");
    let Dumped { streams, pieces } = dumped(&run.stderr);
    assert_eq!((pieces, &streams[&(1, '>')][..], &streams[&(1, '<')][..]), (2, &b"hi\n"[..], &b"hi\n"[..]));
    server.terminate();
}

#[test]
fn a_rate_holds_each_way() {
    let data = noise(128 << 10);
    let server = soquete("listen -k --echo 127.0.0.1 0").start();
    let began = Instant::now();
    let run = soquete(&format!("connect --rate 64k 127.0.0.1 {}", server.port())).input(&data).run();
    assert!(run.code == 0 && run.stdout == data, "{run}");
    assert!(began.elapsed() > Duration::from_millis(1900), "{:?}", began.elapsed());
    server.terminate();

    let slow = soquete("listen -k --echo --rate 64k 127.0.0.1 0").start();
    let began = Instant::now();
    let run = soquete(&format!("connect 127.0.0.1 {}", slow.port())).input(&data).run();
    assert!(run.code == 0 && run.stdout == data, "{run}");
    assert!(began.elapsed() > Duration::from_millis(1900), "{:?}", began.elapsed());
    slow.terminate();
}

#[test]
fn a_client_that_a_rate_slows_is_not_taken_for_a_slow_one() {
    let mut server = soquete("listen -k --rate 256k 127.0.0.1 0").start();
    server.write_in_background(noise(8 << 20));
    let mut behind = Peer::connect(server.address());
    server.event("accept");
    assert_eq!(behind.receive(100_000).len(), 100_000);
    // It is at the end of what was read, and waits for more, which the first one holds up.
    let _starving = Peer::connect(server.address());
    server.wait_for_many("two clients", 2, |e| e.is("accept"));
    pause(Duration::from_millis(2500));
    assert_eq!(behind.receive(200_000).len(), 200_000, "it still gets its share");
    let run = server.terminate();
    assert_eq!(run.named("warning").count(), 0, "{run}");
}

#[test]
fn lines_are_sent_with_a_pause_between() {
    const DELAY: Duration = Duration::from_millis(200);
    let door = Door::open();
    let line = format!("connect --delay 200ms --send-only 127.0.0.1 {}", door.port());
    let client = soquete(&line).input("one\ntwo\nthree").start();
    let mut peer = door.accept();
    let mut last: Option<Instant> = None;
    for line in ["one\n", "two\n", "three"] {
        assert_eq!(peer.receive(line.len()), line.as_bytes());
        let now = Instant::now();
        if let Some(last) = last {
            // The first may have been read late.
            assert!(now - last > DELAY / 2, "{line:?} came {:?} after the one before", now - last);
        }
        last = Some(now);
    }
    assert_eq!(peer.receive_all(), b"");
    drop(peer);
    assert_eq!(client.finish().code, 0);
}

#[test]
fn services_show_what_they_receive() {
    let (folder, _) = folder();
    let file = folder_file(&folder, "reply", b"reply\n");
    for (service, answer) in [
        ("--echo".to_owned(), "say \x1b[31m\n"),
        ("--upper".to_owned(), "SAY \x1b[31M\n"),
        ("--discard".to_owned(), ""),
        ("--respond answer".to_owned(), "answer"),
        (format!("--send {}", file.display()), "reply\n"),
    ] {
        let server = soquete(&format!("listen {service} --show 127.0.0.1 0")).start();
        let mut client = Peer::connect(server.address());
        client.send("say \x1b[31m\n");
        client.half_close();
        assert_eq!(client.receive_all(), answer.as_bytes(), "{service}");
        let run = server.finish();
        assert_eq!((run.code, run.text()), (0, "say \x1b[31m\n"), "{service}: {run}");
    }
}

#[test]
fn what_is_shown_is_tagged_and_safe_on_a_terminal() {
    let terminal = Terminal::start("listen -k --echo --show --prefix 127.0.0.1 0", &[]);
    let text = terminal.wait_text("(this machine only");
    let address = text.split("listening on ").nth(1).and_then(|rest| rest.split(' ').next());
    let mut client = Peer::connect(address.and_then(|a| a.parse().ok()).expect("an address"));
    client.send("hostile \x1b]0;title\x07 \u{202e}text\n");
    client.half_close();
    client.receive_all();
    terminal.wait_text(&format!("[{}] hostile ", client.local()));
    let bytes = terminal.bytes();
    let shown = String::from_utf8_lossy(&bytes);
    assert!(!shown.contains("\x1b]0") && !shown.contains('\u{202e}') && !shown.contains('\x07'), "{shown:?}");
    terminal.signal(Signal::TERM);
    terminal.finish();
}

#[test]
fn many_clients_share_a_file_in_whole_pieces() {
    const CLIENTS: usize = 8;
    const LINES: usize = 300;
    let (folder, path) = folder();
    let dump = folder.path().join("dump");
    let server = soquete("listen -k --recv-only --prefix 127.0.0.1 0 --output")
        .arg(&path)
        .arg("--hex-dump")
        .arg(&dump)
        .start();
    let address = server.address();
    let line =
        |client: usize, number: usize| format!("client {client} line {number} {}\n", "x".repeat(number));
    let threads: Vec<_> = (0..CLIENTS)
        .map(|client| {
            std::thread::spawn(move || {
                let mut peer = Peer::connect(address);
                let mut all = String::new();
                for number in 0..LINES {
                    peer.send(line(client, number));
                    all += &line(client, number);
                }
                peer.half_close();
                peer.receive_all();
                (peer.local(), all)
            })
        })
        .collect();
    server.wait_for_many("all ends", CLIENTS, |e| e.is("summary"));
    server.signal(Signal::INT);
    let run = server.finish();
    assert_eq!(run.signal, Some(libc::SIGINT), "{run}");
    let accepted: Vec<_> = run.named("accept").map(|e| (e.address("peer"), e.number("conn"))).collect();
    let Dumped { streams, .. } = dumped(&text(&dump));
    let mut copied: Vec<u8> = read(&path);
    let mut expected = Vec::new();
    for thread in threads {
        let (local, all) = thread.join().expect("a client");
        let conn = accepted.iter().find(|(peer, _)| *peer == Some(local)).expect("it was accepted").1;
        assert_eq!(String::from_utf8_lossy(&streams[&(conn, '<')]), all);
        expected.extend_from_slice(all.as_bytes());
    }
    copied.sort_unstable();
    expected.sort_unstable();
    assert!(copied == expected, "{} of {} bytes", copied.len(), expected.len());
}

#[test]
#[cfg(feature = "tls")]
fn taps_are_inside_tls() {
    let pki = Pki::new();
    let (folder, path) = folder();
    let dump = folder.path().join("dump");
    let (cert, ca) = (pki.path("server.pem").display().to_string(), pki.path("ca.pem").display().to_string());
    let line = format!("listen -k --upper --tls --tls-cert {cert} 127.0.0.1 0 --rate 1M --hex-dump");
    let server = soquete(&line).arg(&dump).start();
    let line = format!("connect --tls --tls-ca {ca} 127.0.0.1 {} --both --output", server.port());
    let run = soquete(&line).arg(&path).input("secret\n").run();
    assert_eq!((run.code, run.text(), text(&path).as_str()), (0, "SECRET\n", "secret\nSECRET\n"), "{run}");
    server.terminate();
    let Dumped { streams, .. } = dumped(&text(&dump));
    let all: Vec<_> =
        streams.iter().map(|((_, way), bytes)| (*way, String::from_utf8_lossy(bytes).into_owned())).collect();
    assert_eq!(all, [('<', "secret\n".to_owned()), ('>', "SECRET\n".to_owned())]);
}

#[test]
fn multi_connect_copies_every_target_untagged() {
    let (_folder, path) = folder();
    let server = soquete("listen -k --upper 127.0.0.1 0").start();
    let at = server.address();
    let run = soquete(&format!("multi-connect {at} {at} --output")).arg(&path).input("one\ntwo\n").run();
    assert_eq!((run.code, text(&path).as_str()), (0, "ONE\nTWO\nONE\nTWO\n"), "{run}");
    assert_eq!(run.text().matches(&format!("[{at}] TWO\n")).count(), 2, "{run}");
    server.terminate();
}

#[test]
fn both_ends_of_a_chat_can_be_tapped() {
    let (folder, path) = folder();
    let own = folder.path().join("own");
    let room = soquete("chat-serve 127.0.0.1 0 --delay 5ms --output").arg(&path).start();
    let mut eva = Peer::connect(room.address());
    room.wait_for_many("eva", 1, |e| e.is("member") && e["what"] == "join");
    let line = format!("chat-join 127.0.0.1 {} --nick ana --both --output", room.port());
    let mut ana = soquete(&line).arg(&own).start();
    ana.write("hello\n");
    assert!(eva.receive_line().contains("ana ("));
    eva.send("you too\n");
    ana.wait_stdout("you too\n");
    let run = ana.close_and_finish();
    assert_eq!(run.code, 0, "{run}");
    let own = text(&own);
    assert!(
        own.starts_with("/nick ana\n") && own.contains("hello\n") && own.ends_with(": you too\n"),
        "{own}"
    );
    room.terminate();
    assert_eq!(text(&path), "/nick ana\nhello\nyou too\n");
}

#[test]
fn a_console_works_over_a_tapped_connection() {
    let (_folder, path) = folder();
    let room = soquete("chat-serve 127.0.0.1 0").start();
    let mut eva = Peer::connect(room.address());
    room.wait_for_many("eva", 1, |e| e.is("member") && e["what"] == "join");
    let address = room.address().to_string();
    let ana = Terminal::start("chat-join -q", &[&address, "--both", "--output", &path.display().to_string()]);
    ana.wait_last(">");
    ana.keys("typed\r");
    assert!(eva.receive_line().ends_with(": typed\n"));
    eva.send("heard \x1b[31m\n");
    ana.wait_text("heard ");
    ana.keys("\u{4}");
    assert_eq!(ana.finish(), 0);
    let copy = text(&path);
    assert!(copy.starts_with("typed\n") && copy.contains(": heard "), "{copy}");
    room.terminate();
}

#[test]
fn a_dump_is_shown_above_the_prompt_of_a_console() {
    let room = soquete("chat-serve 127.0.0.1 0").start();
    let mut eva = Peer::connect(room.address());
    room.wait_for_many("eva", 1, |e| e.is("member") && e["what"] == "join");
    let address = room.address().to_string();
    let ana = Terminal::start("chat-join -q", &[&address, "--hex-dump", "-"]);
    ana.wait_last(">");
    ana.keys("half");
    ana.wait_last("> half");
    eva.send("heard\n");
    ana.wait("the dump above the prompt", |screen| {
        let text = screen.contents();
        let last = text.trim_end().lines().last().unwrap_or_default().trim_end();
        text.contains(": heard.|") && text.contains("00000000  5b ") && last == "> half"
    });
    ana.keys("\u{15}\u{4}");
    assert_eq!(ana.finish(), 0);
    room.terminate();
}

#[test]
fn standard_output_ends_with_the_peer_where_there_is_a_tap() {
    let door = Door::open();
    let (mut reader, writer) = pipe();
    let line = format!("connect --rate 1M --on-peer-eof keep 127.0.0.1 {}", door.port());
    let client = soquete(&line).stdout(writer).start();
    let mut peer = door.accept();
    peer.send("bye\n");
    peer.half_close();
    assert_eq!(reader.read_all(), b"bye\n");
    assert_eq!(client.close_and_finish().code, 0);
}

#[test]
fn a_file_that_cannot_be_opened_is_an_error_at_start() {
    for flags in ["--output /nonexistent/file", "--hex-dump /nonexistent/file", "--output /proc"] {
        for line in [
            "listen 127.0.0.1 0",
            "connect 127.0.0.1 1",
            "multi-connect 127.0.0.1:1",
            "chat-serve 0",
            "chat-join 1",
        ] {
            let run = soquete(&format!("{line} {flags}")).run();
            assert_eq!(run.code, 5, "{run}");
            let error = run.error("file").text("text");
            let path = flags.split(' ').nth(1).expect("a path");
            assert!(error.starts_with(&format!("open {path}: ")), "{error}");
            assert_eq!(run.named("state").count(), 0, "{run}");
        }
    }
}

#[test]
fn a_full_disk_ends_the_copy_but_not_the_conversation() {
    let server = soquete("listen -k --upper 127.0.0.1 0").start();
    let mut client = soquete(&format!("connect 127.0.0.1 {} --output /dev/full", server.port())).start();
    client.write("one\n");
    client.wait_stdout("ONE\n");
    let warning = client.event("warning");
    assert_eq!(warning.text("text"), "write /dev/full: No space left on device", "{warning}");
    client.write("two\n");
    client.wait_stdout("TWO\n");
    let run = client.close_and_finish();
    assert_eq!((run.code, run.text()), (5, "ONE\nTWO\n"), "{run}");
    assert_eq!(run.error("file").text("errno"), "ENOSPC", "{run}");
    assert_eq!(run.named("warning").count(), 1, "{run}");
    server.terminate();
}

#[test]
fn flags_that_make_no_sense_are_a_usage_error() {
    for line in [
        "listen 0 --both",
        "listen 0 --append-output",
        "listen 0 --append-output --rate 1k",
        "listen 0 --show",
        "listen 0 --rate 0",
        "listen 0 --rate fast",
        "listen 0 --delay soon",
        "listen 0 --output -",
        "listen 0 --output same --hex-dump same",
        "connect --check 1 --output file",
        "connect 1 --rate 1k -- true",
        "connect --until-closed 1 --hex-dump -",
        "udp-serve 0 --output file",
        "udp-send 1 hi --rate 1k",
        "stat --hex-dump -",
    ] {
        let run = soquete(line).run();
        assert_eq!(run.code, 2, "{run}");
    }
    assert!(!Path::new("same").exists() && !Path::new("file").exists());
}

#[test]
fn a_signal_in_the_middle_loses_no_byte_of_the_copy() {
    let (_folder, path) = folder();
    let door = Door::open();
    let client = soquete(&format!("connect 127.0.0.1 {} --output", door.port())).arg(&path).start();
    let mut peer = door.accept();
    let data = noise(1 << 20);
    let sending = std::thread::spawn(move || {
        // Bounded, because the test holds what comes out.
        for _ in 0..64 {
            if peer.try_send(&data).is_err() {
                break;
            }
        }
        peer
    });
    client.wait_stdout(&noise(1 << 20)[..1000]);
    client.signal(Signal::INT);
    let run = client.finish();
    drop(sending.join().expect("the peer ends"));
    assert_eq!(run.signal, Some(libc::SIGINT), "{run}");
    let copy = read(&path);
    assert_eq!(copy.len() as u64, run.event("summary").number("bytes_in"), "every byte that was received");
    assert!(
        copy.starts_with(&run.stdout),
        "standard output has {} bytes of {}",
        run.stdout.len(),
        copy.len()
    );
}

#[test]
fn a_pipe_that_nobody_reads_holds_up_its_connections_alone() {
    let (_folder, path) = folder();
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR)
        .expect("a pipe");
    let server = soquete("listen -k --discard 127.0.0.1 0 --output").arg(&path).start();
    let mut first = Peer::connect(server.address());
    // More than the queue and the buffers of the socket hold.
    let mut twin = first.twin();
    let sending = std::thread::spawn(move || drop(twin.try_send(noise(24 << 20))));
    server.event("accept");
    let _second = Peer::connect(server.address());
    server.wait_for_many("another client", 2, |e| e.is("accept"));
    let mut reader = std::fs::File::open(&path).expect("the pipe has a writer");
    let mut copy = vec![0; 24 << 20];
    std::io::Read::read_exact(&mut reader, &mut copy).expect("all that was sent");
    assert!(copy == noise(24 << 20));
    sending.join().expect("it was sent");
    first.half_close();
    first.receive_all();
    // What is left waits for its reader only until a signal, and then not for long.
    server.signal(Signal::TERM);
    assert_eq!(server.finish().signal, Some(libc::SIGTERM));
}

#[test]
fn a_pipe_without_a_reader_does_not_keep_the_program() {
    let (_folder, path) = folder();
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR)
        .expect("a pipe");
    let server = soquete("listen -k --echo 127.0.0.1 0 --output").arg(&path).start();
    let mut client = Peer::connect(server.address());
    client.send("hi");
    assert_eq!(client.receive(2), b"hi");
    server.signal(Signal::TERM);
    assert_eq!(server.finish().signal, Some(libc::SIGTERM));
}

#[test]
fn a_tapped_sender_needs_no_standard_output() {
    let door = Door::open();
    let line = format!("connect --send-only --rate 1M {}", door.address());
    let client = soquete(&line).shell("exec \"$@\" >&-").input("x").start();
    assert_eq!(door.accept().receive_all(), b"x");
    assert_eq!(client.finish().code, 0);
}

//! `soquete listen`: what clients get, how many of them, and when it ends.

mod support;

use rustix::process::Signal;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use support::*;

/// A server for many on one address, with more words.
fn server(more: &str) -> Running {
    soquete(&format!("listen -k 127.0.0.1:0 {more}")).start()
}

/// What a client that says `words` and half-closes hears.
fn ask(address: SocketAddr, words: impl AsRef<[u8]>) -> Vec<u8> {
    let mut client = Peer::connect(address);
    client.send(words);
    client.half_close();
    client.receive_all()
}

#[test]
fn the_first_client_is_piped_and_then_it_ends() {
    let mut server = soquete("listen 0").start();
    let mut client = Peer::connect(server.address());
    client.send("to you\n");
    server.wait_stdout("to you\n");
    server.write("to me\n");
    server.close_input();
    assert_eq!(client.receive_all(), b"to me\n");
    drop(client);
    let run = server.finish();
    assert_eq!((run.code, run.text()), (0, "to you\n"), "{run}");
}

#[test]
fn who_comes_after_the_first_is_refused_and_not_left_waiting() {
    let server = soquete("listen 0").start();
    let address = server.address();
    let first = Peer::connect(address);
    server.wait_for("the end of the listener", |e| e["role"] == "listener" && e.enters("CLOSED"));
    assert!(Peer::try_connect(address).is_err(), "nobody listens any more");
    drop(first);
    assert_eq!(server.close_and_finish().code, 0);
}

#[test]
fn a_bare_port_is_loopback_in_both_families_on_one_port() {
    let server = soquete("listen -k --echo 0").start();
    let listening = server.wait_for_many("two listeners", 2, |e| e.is("listening"));
    let addresses: Vec<SocketAddr> = listening.iter().filter_map(|e| e.address("local")).collect();
    assert!(addresses.iter().all(|a| a.ip().is_loopback() && a.port() != 0), "{addresses:?}");
    assert_eq!(addresses[0].port(), addresses[1].port());
    assert_ne!(addresses[0].is_ipv4(), addresses[1].is_ipv4());
    assert!(listening.iter().all(|e| e["scope"] == "loopback"));
    for address in addresses {
        assert_eq!(ask(address, "hi"), b"hi", "{address}");
    }
    server.terminate();
}

#[test]
fn other_addresses_are_named() {
    for (words, count, scope) in [
        ("127.0.0.2 0", 1, "loopback"),
        ("0.0.0.0:0", 1, "public"),
        ("[::]:0", 1, "public"),
        ("--public 0", 2, "public"),
        ("-4 0", 1, "loopback"),
        ("-6 0", 1, "loopback"),
        ("--public -4 0", 1, "public"),
        ("localhost 0", 2, "loopback"),
    ] {
        let server = soquete(&format!("listen -k --echo {words}")).start();
        let listening = server.wait_for_many(words, count, |e| e.is("listening"));
        assert!(listening.iter().all(|e| e["scope"] == scope), "{words}: {listening:?}");
        let run = server.terminate();
        assert_eq!(run.named("listening").count(), count, "{words}: {run}");
    }
}

#[test]
fn the_first_line_says_who_can_reach_it() {
    for (words, said) in [("0", "this machine only"), ("--public 0", "every interface")] {
        let server = soquete(&format!("listen {words}")).human().start();
        server.wait_stderr(said);
        server.signal(Signal::TERM);
        let run = server.finish();
        let line = run.stderr.lines().find(|l| l.contains("listening on")).expect("a line about it");
        assert!(line.contains(said), "{run}");
    }
}

#[test]
fn a_ready_file_holds_the_real_addresses() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("ready");
    let server = soquete("listen -k --echo 0 --ready-file").arg(&path).start();
    server.wait_for_many("two listeners", 2, |e| e.is("listening"));
    let port = server.port();
    // A probe that is answered comes after the file was written.
    assert_eq!(ask(server.address(), "x"), b"x");
    let text = std::fs::read_to_string(&path).expect("the file is there");
    let addresses: Vec<SocketAddr> = text.lines().map(|l| l.parse().expect("an address a line")).collect();
    assert_eq!(addresses.len(), 2, "{text}");
    assert!(addresses.iter().all(|a| a.port() == port), "{text}");
    server.terminate();
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("the folder").flatten().collect();
    assert!(left.len() <= 1, "nothing unfinished lies around: {left:?}");
}

#[test]
fn a_ready_descriptor_is_told_and_closed() {
    let (mut reader, writer) = pipe();
    let server = soquete("listen -k --echo 127.0.0.1:0 --ready-fd 7")
        .shell("exec \"$@\" 7>&1 >/dev/null")
        .stdout(writer)
        .start();
    let told = String::from_utf8(reader.read_all()).expect("text");
    assert_eq!(told.trim_end(), server.address().to_string());
    server.terminate();
}

#[test]
fn a_ready_file_that_cannot_be_written_is_this_machines_no() {
    let run = soquete("listen 0 --ready-file /no/such/folder/ready").run();
    assert_eq!(run.code, 5, "{run}");
    run.error("file");
    let run = soquete("listen 0 --ready-fd 77").run();
    assert_eq!(run.code, 5, "{run}");
}

#[test]
fn clients_are_served_at_the_same_time() {
    let server = server("--echo");
    let silent = Peer::connect(server.address());
    server.event("accept");
    assert_eq!(ask(server.address(), "second"), b"second");
    drop(silent);
    server.terminate();
}

#[test]
fn what_is_typed_goes_to_all_and_what_they_send_to_stdout() {
    let mut server = server("");
    let mut clients: Vec<Peer> = (0..3).map(|_| Peer::connect(server.address())).collect();
    server.wait_for_many("three clients", 3, |e| e.is("accept"));
    server.write("to all\n");
    for client in &mut clients {
        assert_eq!(client.receive_line(), "to all\n");
    }
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(format!("from {number}\n"));
    }
    for number in 0..3 {
        server.wait_stdout(format!("from {number}\n"));
    }
    let run = server.terminate();
    let mut lines: Vec<&str> = run.text().lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["from 0", "from 1", "from 2"], "{run}");
}

#[test]
fn lines_are_tagged_with_their_client_and_never_torn() {
    let server = server("--prefix");
    let mut clients: Vec<Peer> = (0..4).map(|_| Peer::connect(server.address())).collect();
    for round in 0..50 {
        for client in &mut clients {
            client.send(format!("begin {round} "));
        }
        for client in &mut clients {
            client.send("end\n");
        }
    }
    let tags: Vec<String> = clients.iter().map(|c| format!("[{}] ", c.local())).collect();
    for mut client in clients {
        client.send("unfinished");
    }
    for tag in &tags {
        server.wait_stdout(format!("{tag}unfinished\n"));
    }
    let run = server.terminate();
    for tag in &tags {
        let its: Vec<&str> = run.text().lines().filter_map(|l| l.strip_prefix(tag.as_str())).collect();
        let expected: Vec<String> = (0..50).map(|r| format!("begin {r} end")).collect();
        assert_eq!(its[..50], expected, "{tag}");
        assert_eq!(its[50..], ["unfinished"], "{tag}");
    }
    assert_eq!(run.text().lines().count(), 4 * 51, "nothing but whole tagged lines: {run}");
}

#[test]
fn a_prefix_works_for_a_single_client_too() {
    let server = soquete("listen --prefix 127.0.0.1:0").input("").start();
    let mut client = Peer::connect(server.address());
    client.send("one\ntwo\n");
    let tag = format!("[{}] ", client.local());
    drop(client);
    let run = server.finish();
    assert_eq!(run.text(), format!("{tag}one\n{tag}two\n"), "{run}");
}

#[test]
fn echo_gives_back_what_came() {
    let data = noise(1_000_000);
    let server = soquete("listen --echo 127.0.0.1:0").start();
    let mut client = Peer::connect(server.address());
    let mut writing = client.twin();
    let sent = data.clone();
    let writer = std::thread::spawn(move || {
        writing.send(sent);
        writing.half_close();
    });
    assert!(client.receive_all() == data, "what came back is what was sent");
    writer.join().expect("all was sent");
    let run = server.finish();
    assert_eq!((run.code, run.text()), (0, ""), "a service prints nothing: {run}");
}

#[test]
fn upper_answers_in_upper_case_however_characters_are_cut() {
    let server = server("--upper");
    let words = "höher, straße, ñ, ığ, 日本 and ascii\n";
    assert_eq!(ask(server.address(), words), words.to_uppercase().into_bytes());
    let mut client = Peer::connect(server.address());
    for byte in words.as_bytes() {
        client.send([*byte]);
    }
    client.half_close();
    assert_eq!(client.receive_all(), words.to_uppercase().into_bytes());
    let bytes = b"not \xff utf-8 \xc3(";
    assert_eq!(ask(server.address(), bytes), b"NOT \xff UTF-8 \xc3(");
    server.terminate();
}

#[test]
fn discard_says_nothing() {
    let server = server("--discard");
    assert_eq!(ask(server.address(), noise(500_000)), b"");
    let run = server.terminate();
    assert_eq!(run.text(), "", "{run}");
    assert_eq!(run.event("summary").number("bytes_in"), 500_000, "{run}");
}

#[test]
fn respond_sends_the_same_to_everybody_and_half_closes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let page = folder.path().join("page.http");
    let text = "HTTP/1.0 200 OK\r\n\r\nhello\n";
    std::fs::write(&page, text).expect("a file");
    let file = format!("@{}", page.display());
    for answer in [&file, text, r"HTTP/1.0 200 OK\r\n\r\n\x68ello\n"] {
        let server = soquete("listen -k 127.0.0.1:0 --respond").arg(answer).start();
        for _ in 0..2 {
            let mut client = Peer::connect(server.address());
            assert_eq!(client.receive_all(), text.as_bytes());
            client.send("GET / HTTP/1.0\r\n\r\n");
        }
        let run = server.terminate();
        assert_eq!(run.named("warning").count(), 0, "{run}");
    }
    // Nobody means the name of a file for an answer.
    let server = soquete("listen 127.0.0.1:0 --respond").arg(&page).start();
    let advice = server.event("warning");
    assert!(advice.text("text").contains(&file), "{advice}");
    assert_eq!(Peer::connect(server.address()).receive_all(), page.as_os_str().as_encoded_bytes());
    assert_eq!(server.finish().code, 0);
}

#[test]
fn respond_takes_its_answer_from_standard_input() {
    let server = soquete("listen 127.0.0.1:0 --respond @-").input("from a pipe\n").start();
    assert_eq!(Peer::connect(server.address()).receive_all(), b"from a pipe\n");
    assert_eq!(server.finish().code, 0);
}

#[test]
fn respond_with_what_is_no_escape_is_usage() {
    for (answer, part) in
        [(r"a\qb", r"\qb"), ("@", "name"), (r"\x4", "not an escape"), ("ends with \\", "not an escape")]
    {
        let run = soquete("listen 127.0.0.1:0 --respond").arg(answer).human().run();
        assert_eq!(run.code, 2, "{run}");
        assert!(run.stderr.contains(part) && run.stderr.lines().count() == 1, "{run}");
    }
}

#[test]
fn respond_answers_a_client_that_talks_without_resetting_it() {
    let server = soquete("listen -k 127.0.0.1:0 --respond answer").start();
    for _ in 0..20 {
        let mut client = Peer::connect(server.address());
        client.send("a request that nobody reads");
        assert_eq!(client.receive_all(), b"answer");
    }
    server.terminate();
}

#[test]
fn who_is_there_for_long_is_not_nobody() {
    let server = server("--echo --accept-timeout 400ms");
    let mut client = Peer::connect(server.address());
    server.event("accept");
    pause(Duration::from_secs(1));
    client.send("still served");
    client.half_close();
    assert_eq!(client.receive_all(), b"still served");
    drop(client);
    let run = server.finish();
    assert_eq!(run.code, 3, "nobody came after: {run}");
}

#[test]
fn a_request_that_comes_after_the_answer_resets_nobody() {
    let server = soquete("listen -k 127.0.0.1:0 --respond answer").start();
    let mut client = Peer::connect(server.address());
    server.wait_for("FIN-WAIT-2", |e| e.enters("FIN-WAIT-2"));
    client.send("late");
    assert_eq!(client.receive_all(), b"answer", "it is still listened to");
    drop(client);
    server.wait_for("an orderly end", |e| e.enters("TIME-WAIT"));
    server.terminate();
}

#[test]
fn send_serves_a_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (path, data) = (folder.path().join("data"), noise(3_000_000));
    std::fs::write(&path, &data).expect("a file");
    let server = soquete("listen 127.0.0.1:0 --send").arg(&path).start();
    assert!(Peer::connect(server.address()).receive_all() == data, "the file came whole");
    let run = server.finish();
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(run.event("summary").number("bytes_out"), data.len() as u64, "{run}");
}

#[test]
fn a_file_that_is_not_there_is_said_before_anybody_comes() {
    for words in ["--send /no/such/file", "--respond @/no/such/file", "--send /"] {
        let run = soquete(&format!("listen 0 {words}")).run();
        assert_eq!(run.code, 5, "{words}: {run}");
        run.error("file");
        assert_eq!(run.named("listening").count(), 0, "{words}: {run}");
    }
}

#[test]
fn services_do_not_read_standard_input() {
    let server = soquete("listen -k --echo 127.0.0.1:0").input("").start();
    assert_eq!(ask(server.address(), "x"), b"x");
    assert_eq!(ask(server.address(), "y"), b"y");
    server.terminate();
}

#[test]
fn who_is_over_the_limit_waits_and_is_served_later() {
    let server = server("--echo --max-conns 1");
    let first = Peer::connect(server.address());
    server.event("accept");
    let mut second = Peer::connect(server.address());
    second.send("patient");
    second.half_close();
    second.expect_silence(Duration::from_millis(300));
    drop(first);
    assert_eq!(second.receive_all(), b"patient");
    drop(second);
    let run = server.terminate();
    assert_eq!(run.named("refuse").count(), 0, "{run}");
}

#[test]
fn every_interface_and_one_address_contradict_each_other() {
    for line in [
        "listen --public 127.0.0.1 0",
        "listen --public localhost 0",
        "udp-serve --public 127.0.0.1:0",
        "chat-serve --public ::1 0",
    ] {
        let run = soquete(line).human().run();
        assert_eq!(run.code, 2, "{run}");
        assert!(run.stderr.contains("--public means every interface"), "{run}");
    }
}

#[test]
fn the_places_are_for_whichever_family_comes() {
    let server = soquete("listen -k 0 --echo --max-conns 1").start();
    let port = server.port();
    for address in [format!("[::1]:{port}"), format!("127.0.0.1:{port}"), format!("127.0.0.1:{port}")] {
        assert_eq!(ask(address.parse().expect("an address"), "x"), b"x", "{address}");
    }
    server.terminate();
}

#[test]
fn a_listener_that_cannot_listen_ends_with_the_others() {
    // Both sockets take the port, and then only one may listen on it.
    let run = soquete("listen -k 0 --public --v6only=false --accept-timeout 5s").run();
    assert_eq!(run.code, 5, "{run}");
    assert_eq!(run.event("error")["errno"], "EADDRINUSE", "{run}");
}

#[test]
fn who_is_over_the_limit_is_rejected_if_asked_and_both_sides_see_it() {
    let server = server("--echo --max-conns 2 --reject");
    let mut kept: Vec<Peer> = (0..2).map(|_| Peer::connect(server.address())).collect();
    server.wait_for_many("two clients", 2, |e| e.is("accept"));
    // The reset may be faster than connect(2).
    if let Ok(mut third) = Peer::try_connect(server.address()) {
        third.expect_reset();
    }
    let refused = server.event("refuse");
    assert!(refused.text("reason").contains("--max-conns"), "{refused}");
    kept[0].send("x");
    assert_eq!(kept[0].receive(1), b"x", "the others stay");
    drop(kept);
    let over = |e: &Event| e.is("state") && e["role"] == "server" && e.enters("CLOSED");
    server.wait_for_many("the end of all three", 3, over);
    assert_eq!(ask(server.address(), "again"), b"again");
    server.terminate();
}

#[test]
fn nobody_coming_is_a_deadline() {
    for words in ["0", "-k 0", "--echo 0", "-k --echo 0"] {
        let run = soquete(&format!("listen --accept-timeout 300ms {words}")).run();
        assert_eq!(run.code, 3, "{words}: {run}");
        run.error("timeout");
    }
}

#[test]
fn an_idle_client_ends_a_listener_for_one_and_not_one_for_many() {
    for words in ["", "--echo"] {
        let server = soquete(&format!("listen --idle-timeout 300ms {words} 127.0.0.1:0")).start();
        let client = Peer::connect(server.address());
        let run = server.finish();
        assert_eq!(run.code, 3, "{words}: {run}");
        drop(client);
    }
    let server = server("--echo --idle-timeout 300ms");
    let mut client = Peer::connect(server.address());
    assert_eq!(client.receive_all(), b"", "closed");
    let warning = server.event("warning");
    assert_eq!(warning["kind"], "timeout", "{warning}");
    assert_eq!(ask(server.address(), "next"), b"next");
    server.terminate();
}

#[test]
fn a_second_listener_on_a_port_is_this_machines_no() {
    let server = server("--echo");
    let run = soquete(&format!("listen {}", server.address())).run();
    assert_eq!(run.code, 5, "{run}");
    let error = run.error("address");
    assert_eq!((error.text("errno"), error.text("op")), ("EADDRINUSE", "bind"), "{run}");
    assert!(error.text("text").contains(&server.address().to_string()), "{run}");
    let run = soquete(&format!("listen {}", server.port())).run();
    assert_eq!(run.code, 5, "one family taken is taken: {run}");
    server.terminate();
}

#[test]
fn a_port_in_time_wait_is_taken_again_at_once() {
    let mut server = soquete("listen 127.0.0.1:0").start();
    let address = server.address();
    let mut client = Peer::connect(address);
    server.close_input();
    assert_eq!(client.receive_all(), b"");
    drop(client);
    let run = server.finish();
    assert_eq!(run.states_of("server").last(), Some(&"TIME-WAIT"), "{run}");
    let server = soquete(&format!("listen --echo {address}")).start();
    assert_eq!(ask(server.address(), "again"), b"again");
    assert_eq!(server.finish().code, 0);
    let mut server = soquete(&format!("listen {address}")).start();
    let mut client = Peer::connect(server.address());
    server.close_input();
    assert_eq!(client.receive_all(), b"");
    drop(client);
    assert_eq!(server.finish().code, 0);
    let run = soquete(&format!("listen --reuseaddr=false {address}")).run();
    assert_eq!(run.code, 5, "switched off, TIME-WAIT is in the way: {run}");
}

#[test]
fn a_full_backlog_leaves_the_next_client_without_an_answer() {
    let server = server("--echo --max-conns 1 --backlog 2");
    let address = server.address();
    let backlog = server.event("listening");
    assert_eq!((backlog.number("backlog"), backlog.number("backlog_requested")), (2, 2));
    let first = Peer::connect(address);
    server.event("accept");
    let waiting: Vec<Peer> = (0..3).map(|_| Peer::connect(address)).collect();
    assert!(Peer::connect_within(address, Duration::from_millis(300)).is_err(), "2 + 1 wait, no more");
    drop((first, waiting));
    server.terminate();
}

#[test]
fn a_file_on_standard_input_is_sent_to_the_first_client() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (path, data) = (folder.path().join("data"), noise(2_000_000));
    std::fs::write(&path, &data).expect("a file");
    let file = std::fs::File::open(&path).expect("the file");
    let server = soquete("listen 127.0.0.1:0").stdin(file).start();
    assert!(Peer::connect(server.address()).receive_all() == data, "the file came whole");
    assert_eq!(server.finish().code, 0);
}

#[test]
fn the_end_of_input_does_not_end_a_server_for_many() {
    let mut server = server("");
    server.write("early words are for those who are there\n");
    server.close_input();
    let mut client = Peer::connect(server.address());
    client.send("still open\n");
    server.wait_stdout("still open\n");
    drop(client);
    server.terminate();
}

#[test]
fn a_client_that_reads_nothing_does_not_hold_the_others() {
    let mut server = server("");
    let mut stalled = Peer::connect_narrow(server.address());
    let mut lively = Peer::connect(server.address());
    server.wait_for_many("two clients", 2, |e| e.is("accept"));
    let data = noise(600_000);
    let reader = std::thread::spawn(move || {
        let got = lively.receive(600_000);
        (lively, got)
    });
    server.write_in_background(data.clone());
    let (mut lively, got) = reader.join().expect("all of it came");
    assert!(got == data, "what came is what was typed");
    lively.send("alive\n");
    server.wait_stdout("alive\n");
    assert!(!stalled.receive(1).is_empty());
    server.terminate();
}

#[test]
fn an_unfinished_line_is_printed_once_its_sender_half_closed() {
    let server = server("--prefix");
    let mut client = Peer::connect(server.address());
    client.send("unfinished");
    client.half_close();
    server.wait_stdout(format!("[{}] unfinished\n", client.local()));
    server.terminate();
}

#[test]
fn one_client_is_all_of_both_families() {
    let server = soquete("listen 0 --echo").start();
    let listening = server.wait_for_many("both families", 2, |e| e.is("listening"));
    let [v4, v6] = [0, 1].map(|i| listening[i].address("local").expect("a listener has an address"));
    let mut first = Peer::connect(v4);
    first.send("one\n");
    assert_eq!(first.receive_line(), "one\n");
    assert!(Peer::try_connect(v6).is_err(), "the other door is closed");
    first.send("two\n");
    assert_eq!(first.receive_line(), "two\n");
    first.half_close();
    assert_eq!(first.receive_all(), b"");
    assert_eq!(server.finish().code, 0);
}

#[test]
fn a_named_pipe_is_sent_as_it_is_written_and_waited_for_in_vain() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RWXU).expect("a named pipe");
    let writer = {
        let path = path.clone();
        std::thread::spawn(move || std::fs::write(path, "hello").expect("a reader comes"))
    };
    let server = soquete("listen 127.0.0.1:0 --send").arg(&path).start();
    let mut client = Peer::connect(server.address());
    assert_eq!(client.receive_all(), b"hello");
    drop(client);
    assert_eq!(server.finish().code, 0);
    writer.join().expect("the writer is done");
    let server = soquete("listen 127.0.0.1:0 --send").arg(&path).start();
    let _client = Peer::connect(server.address());
    server.event("accept");
    server.terminate();
    let waiting = soquete(&format!("listen 127.0.0.1:0 --respond @{}", path.display())).start();
    let begun = Instant::now();
    while !has_thread(waiting.pid(), "input") {
        assert!(begun.elapsed() < DEADLINE, "it does not wait for a writer");
        std::thread::yield_now();
    }
    waiting.terminate();
}

fn has_thread(pid: u32, name: &str) -> bool {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("the program still runs");
    let comm = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm"));
    tasks.flatten().any(|task| comm(task).is_ok_and(|comm| comm.trim_end() == name))
}

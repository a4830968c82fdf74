//! The exit status table, each code with each of its causes, and the streams at the program's birth and death.

mod support;

use rustix::process::Signal;
use std::fs::File;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;
use support::sockets::SilentPort;
use support::*;

fn connect_to(door: &Door) -> Soquete {
    soquete(&format!("connect {}", door.address()))
}

// The network said no: 1.

#[test]
fn refused_is_1() {
    let port = refusing_port();
    let run = soquete(&format!("connect {}", port.address())).run();
    assert_eq!(run.code, 1, "{run}");
    assert_eq!(run.error("refused")["errno"], "ECONNREFUSED", "{run}");
}

#[test]
fn reset_is_1_and_never_a_success() {
    let door = Door::open();
    let client = connect_to(&door).start();
    let peer = door.accept();
    client.wait_for("ESTABLISHED", |e| e.enters("ESTABLISHED"));
    peer.reset();
    let run = client.finish();
    assert_eq!(run.code, 1, "{run}");
    assert_eq!(run.error("reset")["errno"], "ECONNRESET", "{run}");
    assert_eq!(run.event("summary")["clean"], false, "{run}");
    let server = soquete("listen 0").start();
    Peer::connect(server.address()).reset();
    let run = server.finish();
    assert_eq!(run.code, 1, "{run}");
    run.error("reset");
}

#[test]
fn unreachable_is_1() {
    two_machines(|near, _| {
        let run = near.run(|| soquete("connect 192.0.2.1 9").run());
        assert_eq!(run.code, 1, "{run}");
        assert_eq!(run.error("unreachable")["errno"], "ENETUNREACH", "{run}");
    });
}

#[test]
fn a_name_that_is_not_found_is_1() {
    let run = soquete("connect no-such-host.invalid 80").run();
    assert_eq!(run.code, 1, "{run}");
    run.error("resolve");
    let run = soquete("listen no-such-host.invalid 0").run();
    assert_eq!(run.code, 1, "{run}");
}

// Usage: 2, one line that says what to do.

#[test]
fn a_wrong_command_line_is_2_and_one_line_that_says_what_to_do() {
    for (line, part) in [
        ("connect localhost 70000", "0 to 65535"),
        ("listen 70000", "0 to 65535"),
        ("connect 80 localhost", "localhost 80"),
        ("connect localhost", "localhost PORT"),
        ("connect localhost nosuchservice", "service"),
        ("connect localhost 80 81", "unexpected \"81\""),
        ("connect", "--help"),
        ("listen", "--help"),
        ("listen 1 2 3", "--help"),
        ("listen --echo --upper 0", "--echo"),
        ("listen --reject 0", "--max-conns"),
        ("connect --send-only --recv-only 80", "--recv-only"),
        ("connect --on-eof never 80", "half-close"),
        ("connect --timeout soon 80", "250ms"),
        ("connect --no-such-flag 80", "--no-such-flag"),
        ("no-such-command", "no-such-command"),
        ("connect unix:", "unix:PATH"),
        ("connect -4 -6 80", "--ipv6"),
        ("connect localhost:", "the port is empty; type a number"),
        ("connect --check localhost:", "the port is empty"),
        ("connect *:80", "* is not a host"),
        ("listen *:80", "--public"),
        ("udp-serve vsock:1:80", "unix:PATH"),
        ("udp-send vsock:1:80 x", "unix:PATH"),
        ("udp-send --check vsock:1:80", "unix:PATH"),
        ("connect --device= 1", "the name is empty"),
        ("connect --congestion= 1", "the name is empty"),
        ("connect --timeout -1 1", "\"-1\" is not a duration"),
        ("connect --mark 0x1ffffffff 1", "from 0 to 4294967295"),
        ("connect --user-timeout 0.0001 1", "the minimum is 1ms"),
        ("connect --check --repeat 99999999999999999999 1", "it is too large"),
        ("connect --packets=all 1", "--packets=hex"),
        ("listen --tls --tls-name= 0", "the name is empty"),
        ("listen --sh-exec= 0", "the command is empty"),
        ("stat --local=", "the filter is empty"),
        ("stat /run/x", "unix:/run/x"),
        ("stat unix:", "unix:PATH"),
        ("stat vsock:1:2", "vsock"),
    ] {
        let run = soquete(line).human().run();
        assert_eq!(run.code, 2, "{line}: {run}");
        assert_eq!(run.stderr.lines().count(), 1, "{line}: {run}");
        assert!(run.stderr.starts_with("soquete: ") && run.stderr.contains(part), "{line}: {run}");
        assert_eq!(run.text(), "", "{line}: {run}");
    }
}

#[test]
fn a_flag_that_cannot_act_is_2_and_named_with_what_it_conflicts_with() {
    for (line, flag, other) in [
        ("listen --echo --prefix 0", "--prefix", "service"),
        ("listen --forward 1 --prefix 0", "--prefix", "service"),
        ("listen --send-only --prefix 0", "--prefix", "--send-only"),
        ("listen --echo --progress 0", "--progress", "--echo"),
        ("listen --discard --on-eof close 0", "--on-eof", "--discard"),
        ("listen --respond x --eof-wait 1s 0", "--eof-wait", "--respond"),
        ("listen --proxy-server --on-peer-eof end 0", "--on-peer-eof", "--proxy-server"),
        ("listen --forward 1 --show 0", "--show", "--forward"),
        ("listen --show --exec 0 -- cat", "--show", "--exec"),
        ("listen --recv-only --on-eof keep 0", "--on-eof", "--recv-only"),
        ("listen --on-eof close --eof-wait 1s 0", "--eof-wait", "--on-eof close"),
        ("listen --forward 1 --alpn x 0", "--alpn", "--forward tls:localhost:1"),
        ("listen --forward tls:1 --tls-client-ca f 0", "--tls-client-ca", "--tls"),
        ("listen --hex-dump - --append-output 0", "--append-output", "--hex-dump -"),
        ("listen --pcap - --diagram - 0", "--diagram -", "--pcap -"),
        ("--events - stat --pcap - 1", "--events -", "--pcap -"),
        ("listen -4 unix:@x", "-4", "unix:@x"),
        ("listen --allow 127.0.0.1 unix:@x", "--allow", "unix:@x"),
        ("listen --packets vsock:1:2", "--packets", "vsock:1:2"),
        ("chat-serve --v6only unix:@x", "--v6only", "unix:@x"),
        ("chat-join -6 unix:@x", "-6", "unix:@x"),
        ("chat-join --on-eof close --eof-wait 1s", "--eof-wait", "--on-eof close"),
        ("udp-serve --deny ::1 unix:@x", "--deny", "unix:@x"),
        ("udp-send --broadcast unix:@x hello", "--broadcast", "unix:@x"),
        ("udp-send --replies 1 --reply-wait 0 1 hello", "--replies", "--reply-wait 0"),
        ("stat -t unix:@x", "--tcp", "unix:@x"),
        ("stat -4 --peer unix:@x", "-4", "unix:@x"),
        ("stat --packets unix:@x", "--packets", "unix:@x"),
        ("stat --packets -p", "--packets", "--processes"),
        ("stat --packets -x", "--packets", "--unix"),
        ("stat --pcap f --state LISTEN", "--pcap", "--state"),
        ("stat --diagram f --watch", "--diagram", "--watch"),
        ("stat --diagram f --summary", "--diagram", "--summary"),
        ("connect --proxy https://localhost:1 --alpn x 1", "--alpn", "--tls"),
        ("connect --proxy socks5://localhost:1 --tls-min 1.3 1", "--tls-min", "--tls"),
        ("multi-connect -4 unix:@x unix:@y", "-4", "unix:@x"),
        ("multi-connect --reconnect --on-peer-eof end 1", "--on-peer-eof", "--reconnect"),
        ("connect -4 unix:@x", "-4", "unix:@x"),
        ("connect --check -4 unix:@x", "-4", "unix:@x"),
        ("connect --on-eof close --eof-wait 1s 1", "--eof-wait", "--on-eof close"),
        ("connect --recv-only --crlf 1", "--crlf", "--recv-only"),
        ("connect --fd 0 --timeout 1s", "--timeout", "--fd"),
        ("connect --fd 0 --proxy-auth-file f", "--proxy-auth-file", "--fd"),
        ("connect --check --send-only 1", "--send-only", "--check"),
        ("connect --check --recv-only 1", "--recv-only", "--check"),
        ("connect --check --crlf 1", "--crlf", "--check"),
        ("connect --check --on-eof keep 1", "--on-eof", "--check"),
        ("connect --check --eof-wait 1s 1", "--eof-wait", "--check"),
        ("connect --check --idle-timeout 1s 1", "--idle-timeout", "--check"),
        ("connect --check --progress 1", "--progress", "--check"),
        ("connect --check --output f 1", "--output", "--check"),
        ("connect --check --exec 1 -- cat", "--exec", "--check"),
        ("check --crlf 1", "--crlf", "--check"),
        ("connect --until-closed --progress 1", "--progress", "--until-closed"),
        ("connect --crlf 1 -- true", "--crlf", "after --"),
        ("connect --rate 1k 1 -- true", "--rate", "after --"),
        ("-q connect -v 1", "--quiet", "--verbose"),
    ] {
        let run = soquete(line).human().run();
        assert_eq!(run.code, 2, "{line}: {run}");
        assert_eq!(run.stderr.lines().count(), 1, "{line}: {run}");
        let said = run.stderr.starts_with("soquete: ") && run.stderr.contains(" cannot be used with");
        assert!(said && run.stderr.contains(flag) && run.stderr.contains(other), "{line}: {run}");
        assert_eq!(run.text(), "", "{line}: {run}");
    }
}

#[test]
fn a_conflict_names_the_flags_that_were_typed_alone() {
    let run = soquete("listen --show --exec 0 -- cat").human().run();
    assert!(!run.stderr.contains("--sh-exec"), "{run}");
}

#[test]
fn a_switch_may_be_repeated_and_a_value_may_not() {
    let (port, door) = (refusing_port(), Door::open());
    let at = port.address();
    for (line, code) in [
        (format!("connect --json --json -n -n -4 -4 {at}"), 1),
        (format!("--json connect --json {at}"), 1),
        (format!("connect -q -q --recv-only --recv-only {at}"), 1),
        (format!("connect --nodelay --nodelay=false --keepalive --keepalive {at}"), 1),
        (format!("connect --check --check -z {at}"), 1),
        (format!("udp-send -n -n --broadcast --broadcast --reply-wait 0 {at} x"), 0),
        ("listen -k -k --echo --echo --reuseaddr --reuseaddr --accept-timeout 0 0".to_owned(), 3),
        ("listen --proxy-server --proxy-server=http --accept-timeout 0 0".to_owned(), 3),
        ("udp-serve --echo --echo --idle-timeout 0 0".to_owned(), 3),
        (format!("stat -l -l -t -t --summary --summary {}", door.address()), 0),
        (format!("connect --timeout 1s --timeout 2s {at}"), 2),
    ] {
        let run = soquete(&line).human().run();
        assert_eq!(run.code, code, "{line}: {run}");
        assert_eq!(run.stderr.contains("multiple times"), code == 2, "{line}: {run}");
    }
}

#[test]
fn a_mistake_is_told_on_stderr_wherever_events_go() {
    let folder = Folder::new();
    let events = folder.path("events");
    for line in ["connect localhost", "listen --public 127.0.0.1 0", "connect --no-such-flag 1"] {
        let run = soquete(line).human().arg("--events").arg(&events).run();
        assert_eq!((run.code, run.stderr.lines().count()), (2, 1), "{line}: {run}");
        assert!(run.stderr.starts_with("soquete: "), "{line}: {run}");
    }
    for to in ["fd:2", "/dev/stderr"] {
        let run = soquete("connect localhost --events").human().arg(to).run();
        assert_eq!((run.code, run.stderr.lines().count()), (2, 1), "once at {to}: {run}");
    }
    let told = std::fs::read_to_string(events).expect("the events");
    assert!(told.contains("localhost has no port") && told.contains("--public"), "{told}");
}

#[test]
fn a_time_of_nothing_is_0s() {
    for line in ["listen --accept-timeout 0 0", "udp-serve --idle-timeout 0 0"] {
        let run = soquete(line).human().run();
        assert_eq!(run.code, 3, "{line}: {run}");
        assert!(run.stderr.contains(" for 0s\n"), "{line}: {run}");
    }
}

#[test]
fn no_command_at_all_is_2_and_shows_what_there_is() {
    let run = soquete("").human().run();
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("listen") && run.stderr.contains("connect"), "{run}");
}

// A deadline passed: 3.

#[test]
fn a_deadline_that_passes_is_3() {
    let (door, silent, refusing) = (Door::open(), SilentPort::open(), refusing_port());
    for line in [
        format!("connect -w 200ms {}", silent.address()),
        format!("connect --wait 200ms {}", refusing.address()),
        format!("connect --idle-timeout 200ms --recv-only {}", door.address()),
        format!("connect --eof-wait 200ms {}", door.address()),
        format!("connect --check --wait 200ms {}", refusing.address()),
        format!("connect --until-closed --wait 200ms {}", door.address()),
        "listen --accept-timeout 200ms 0".to_owned(),
        "listen -k --accept-timeout 200ms 0".to_owned(),
    ] {
        let run = soquete(&line).run();
        assert_eq!(run.code, 3, "{line}: {run}");
        run.error("timeout");
    }
}

// Some of several targets: 4.

#[test]
fn some_of_several_is_4() {
    let (door, port) = (Door::open(), refusing_port());
    let run = soquete(&format!("connect --check {} {}", door.address(), port.address())).run();
    assert_eq!(run.code, 4, "{run}");
}

// This machine said no: 5.

#[test]
fn an_address_in_use_is_5() {
    let door = Door::open();
    let run = soquete(&format!("listen {}", door.address())).run();
    assert_eq!(run.code, 5, "{run}");
    assert_eq!(run.error("address")["errno"], "EADDRINUSE", "{run}");
}

#[test]
fn a_privileged_port_is_5_and_says_what_to_do() {
    as_root(|| {
        // A new network begins with the usual rule, whatever the machine's own is.
        two_machines(|near, _| {
            let listen = || soquete("listen 127.0.0.1:7").user(NOBODY);
            let run = near.run(|| listen().run());
            assert_eq!(run.code, 5, "{run}");
            assert_eq!(run.error("permission")["errno"], "EACCES", "{run}");
            let run = near.run(|| listen().human().run());
            assert_eq!(run.stderr.lines().count(), 1, "{run}");
            assert!(run.stderr.contains("1024"), "a port that would do is named: {run}");
        });
    });
}

#[test]
fn a_file_that_cannot_be_opened_or_written_is_5() {
    for line in [
        "listen --send /no/such/file 0",
        "listen --ready-file /no/such/folder/file 0",
        "listen --events /no/such/folder/file 0",
    ] {
        let run = soquete(line).human().run();
        assert_eq!(run.code, 5, "{line}: {run}");
        let said: Vec<&str> = run.stderr.lines().filter(|l| l.starts_with("soquete: ")).collect();
        assert!(said.len() == 1 && said[0].contains("/no/such/"), "{line}: {run}");
    }
}

#[test]
fn a_full_disk_is_5() {
    let full = || File::options().write(true).open("/dev/full").expect("/dev/full");
    let door = Door::open();
    let client = connect_to(&door).stdout(full()).start();
    let mut peer = door.accept();
    peer.send("too much");
    let run = client.finish();
    assert_eq!(run.code, 5, "{run}");
    assert_eq!(run.error("file")["errno"], "ENOSPC", "{run}");
    let server = soquete("listen -k 127.0.0.1:0").stdout(full()).start();
    let mut client = Peer::connect(server.address());
    client.send("too much");
    let run = server.finish();
    assert_eq!(run.code, 5, "{run}");
    let run = soquete(&format!("connect --check {}", door.address())).stdout(full()).run();
    assert_eq!(run.code, 5, "{run}");
    let run = soquete("completions bash").human().stdout(full()).run();
    assert_eq!(run.code, 5, "{run}");
    let run = soquete("--help").human().stdout(full()).run();
    assert_eq!(run.code, 5, "{run}");
}

#[test]
fn a_closed_standard_output_is_5_where_something_is_to_be_written() {
    let door = Door::open();
    for line in [
        format!("connect {}", door.address()),
        "listen 127.0.0.1:0".to_owned(),
        "listen -k 127.0.0.1:0".to_owned(),
    ] {
        let server = soquete(&line).shell("exec \"$@\" >&-").start();
        let mut client = None;
        if line.starts_with("listen 127") {
            client = Some(Peer::connect(server.address()));
        }
        let run = server.finish();
        assert_eq!(run.code, 5, "{line}: {run}");
        drop(client);
    }
    let client = connect_to(&door).arg("--send-only").shell("exec \"$@\" >&-").input("x").start();
    let mut sent = Vec::new();
    while sent != b"x" {
        sent = door.accept().receive_all();
    }
    assert_eq!(client.finish().code, 0, "nothing to write, nothing missing");
}

#[test]
fn a_report_that_goes_nowhere_is_5() {
    let door = Door::open();
    for line in [&format!("connect --check {}", door.address()), "completions bash", "--help"] {
        let run = soquete(line).human().shell("exec \"$@\" >&-").run();
        assert_eq!(run.code, 5, "{line}: {run}");
    }
}

#[test]
fn services_do_not_need_standard_streams() {
    let server = soquete("listen -k --echo 127.0.0.1:0").shell("exec \"$@\" <&- >&-").start();
    let mut client = Peer::connect(server.address());
    client.send("x");
    assert_eq!(client.receive(1), b"x");
    server.terminate();
}

#[test]
fn a_closed_standard_input_is_an_end_of_input() {
    for words in ["", "--recv-only"] {
        let door = Door::open();
        let client = soquete(&format!("connect {} {words}", door.address()));
        let client = client.shell("exec \"$@\" <&-").start();
        let mut peer = door.accept();
        peer.send("data");
        peer.half_close();
        assert_eq!(peer.receive_all(), b"", "{words}");
        let run = client.finish();
        assert_eq!((run.code, run.text()), (0, "data"), "{words}: {run}");
    }
}

#[test]
fn a_closed_standard_error_loses_events_and_nothing_else() {
    let door = Door::open();
    let client = connect_to(&door).human().shell("exec \"$@\" 2>&-").input("x").start();
    let mut peer = door.accept();
    assert_eq!(peer.receive_all(), b"x");
    peer.send("y");
    drop(peer);
    let run = client.finish();
    assert_eq!((run.code, run.text(), run.stderr.as_str()), (0, "y", ""), "{run}");
}

#[test]
fn an_empty_standard_input_is_an_end_of_input() {
    let door = Door::open();
    let client = connect_to(&door).stdin(Stdio::null()).start();
    let mut peer = door.accept();
    assert_eq!(peer.receive_all(), b"");
    peer.send("answer");
    drop(peer);
    let run = client.finish();
    assert_eq!((run.code, run.text()), (0, "answer"), "{run}");
    let server = soquete("listen 127.0.0.1:0").stdin(Stdio::null()).start();
    let mut client = Peer::connect(server.address());
    client.send("words");
    assert_eq!(client.receive_all(), b"");
    drop(client);
    let run = server.finish();
    assert_eq!((run.code, run.text()), (0, "words"), "{run}");
}

// A reader of standard output that goes away is a quiet end.

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let door = Door::open();
    let (mut reader, writer) = pipe();
    let client = connect_to(&door).human().stdout(writer).start();
    let mut peer = door.accept();
    let talker = std::thread::spawn(move || while peer.try_send(noise(1 << 16)).is_ok() {});
    assert_eq!(reader.read(1000).len(), 1000);
    drop(reader);
    let run = client.finish();
    talker.join().expect("the talker was told to stop");
    assert_eq!(run.code, 0, "{run}");
    assert!(!run.stderr.contains("soquete:"), "no complaint: {run}");
}

#[test]
fn a_reader_that_goes_away_ends_it_though_the_peer_is_silent() {
    let door = Door::open();
    let (mut reader, writer) = pipe();
    let client = connect_to(&door).input("question").stdout(writer).start();
    let mut peer = door.accept();
    peer.send("all there is\n");
    assert_eq!(reader.read(13), b"all there is\n");
    assert_eq!(peer.receive_all(), b"question");
    drop(reader);
    let run = client.finish();
    assert_eq!((run.code, run.named("error").count()), (0, 0), "{run}");
    drop(peer);
}

#[test]
fn a_reader_that_goes_away_ends_other_relays_though_their_peers_are_silent() {
    for (server, client) in [
        ("listen 127.0.0.1:0 --tls", "connect --tls --tls-insecure"),
        ("listen 127.0.0.1:0", "multi-connect"),
    ] {
        let mut server = soquete(server).start();
        let (mut reader, writer) = pipe();
        let client = format!("{client} {}", server.address());
        let client = soquete(&client).stdin(Stdio::null()).stdout(writer).start();
        server.write("all there is\n");
        while !reader.read(1).ends_with(b"\n") {}
        drop(reader);
        let run = client.finish();
        assert_eq!((run.code, run.named("error").count()), (0, 0), "{run}");
        assert_eq!(run.event("exit")["cause"], "the reader of standard output closed it", "{run}");
    }
    let (mut reader, writer) = pipe();
    let server = soquete("listen -k 127.0.0.1:0").stdin(Stdio::null()).stdout(writer).start();
    let mut client = Peer::connect(server.address());
    client.send("all there is\n");
    assert_eq!(reader.read(13), b"all there is\n");
    drop(reader);
    let run = server.finish();
    assert_eq!((run.code, run.named("error").count()), (0, 0), "{run}");
    drop(client);
}

#[test]
fn a_reader_that_goes_away_does_not_cut_the_input() {
    let question = noise(8 << 20);
    for flags in ["", " --output /dev/null"] {
        let door = Door::open();
        let (mut reader, writer) = pipe();
        let line = format!("connect {}{flags}", door.address());
        let mut client = soquete(&line).stdout(writer).start();
        let mut peer = door.accept();
        client.write("begin");
        assert_eq!(peer.receive(5), b"begin");
        peer.send("all there is\n");
        assert_eq!(reader.read(13), b"all there is\n");
        drop(reader);
        client.write_in_background(question.clone());
        peer.send("and more\n");
        assert_eq!(peer.receive(question.len()).len(), question.len());
        assert_eq!(peer.receive_all(), b"", "{line}");
        let run = client.finish();
        assert_eq!((run.code, run.named("error").count()), (0, 0), "{line}: {run}");
        assert_eq!(run.event("exit")["cause"], "the reader of standard output closed it", "{run}");
    }
}

#[test]
fn a_reader_that_goes_away_does_not_wait_for_an_input_without_end() {
    let door = Door::open();
    let (mut reader, writer) = pipe();
    // Nobody ends this input.
    let client = connect_to(&door).stdout(writer).start();
    let mut peer = door.accept();
    peer.send("all there is\n");
    assert_eq!(reader.read(13), b"all there is\n");
    drop(reader);
    peer.send("and more\n");
    let run = client.finish();
    assert_eq!((run.code, run.named("error").count()), (0, 0), "{run}");
}

#[test]
fn a_reader_that_was_never_there_is_a_quiet_end() {
    let door = Door::open();
    for line in ["--help", "completions bash", "stat -t", &format!("connect --check {}", door.address())] {
        let (reader, writer) = pipe();
        drop(reader);
        let run = soquete(&format!("-q {line}")).human().stdout(writer).run();
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{line}: {run}");
    }
}

#[test]
fn a_shell_pipeline_into_head_ends_quietly() {
    for line in ["--help", "completions bash", "connect --check 127.0.0.1 1-2000"] {
        let run = Command::new("bash")
            .args(["-c", "set -o pipefail; \"$0\" \"$@\" | head -n 1", env!("CARGO_BIN_EXE_soquete"), "-q"])
            .args(line.split(' '))
            .output()
            .expect("bash runs");
        let said = String::from_utf8_lossy(&run.stderr);
        assert_eq!(String::from_utf8_lossy(&run.stdout).lines().count(), 1, "{line}");
        assert!(said.is_empty(), "{line}: {said}");
        // The checks found nothing open before the reader left, or were cut short: both are no complaint.
        assert!(matches!(run.status.code(), Some(0 | 1 | 4)), "{line}: {:?}", run.status);
    }
}

#[test]
fn a_server_for_many_ends_quietly_when_its_reader_goes_away() {
    let (mut reader, writer) = pipe();
    let server = soquete("listen -k 127.0.0.1:0").stdout(writer).start();
    let mut client = Peer::connect(server.address());
    client.send("one\n");
    assert_eq!(reader.read(4), b"one\n");
    drop(reader);
    while client.try_send("two\n").is_ok() {
        pause(Duration::from_millis(5));
    }
    let run = server.finish();
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(run.named("error").count(), 0, "{run}");
}

// Ended by a signal: 130, 143.

#[test]
fn signals_end_every_command_in_order() {
    let (door, refusing, silent) = (Door::open(), refusing_port(), SilentPort::open());
    for (signal, code, cause) in [(Signal::INT, 130, "SIGINT"), (Signal::TERM, 143, "SIGTERM")] {
        for (line, ready) in [
            (format!("connect {}", door.address()), "ESTABLISHED"),
            (format!("connect {}", silent.address()), "SYN-SENT"),
            (format!("connect --wait 1m {}", refusing.address()), "closed"),
            ("listen 0".to_owned(), "LISTEN"),
            ("listen -k 0".to_owned(), "LISTEN"),
            ("listen -k --echo 0".to_owned(), "LISTEN"),
        ] {
            let program = soquete(&line).start();
            program.wait_for(ready, |e| e.enters(ready) || e["outcome"] == ready);
            program.signal(signal);
            let run = program.finish();
            assert_eq!(run.code, code, "{line}: {run}");
            assert_eq!(run.event("exit")["cause"], cause, "{line}: {run}");
            for conn in run.conns() {
                let states = run.states(conn);
                let last = states.last().expect("states");
                assert!(
                    ["CLOSED", "TIME-WAIT", "FIN-WAIT-2"].contains(last),
                    "{line}: the last state of a socket is told, {last}: {run}"
                );
            }
        }
    }
}

#[test]
fn a_signal_that_comes_twice_at_once_is_one_wish_to_end() {
    for _ in 0..10 {
        let door = Door::open();
        let client = connect_to(&door).start();
        client.wait_for("ESTABLISHED", |e| e.enters("ESTABLISHED"));
        client.signal(Signal::TERM);
        client.signal(Signal::TERM);
        let run = client.finish();
        assert_eq!(run.code, 143, "{run}");
        assert_eq!(run.states(1).last(), Some(&"FIN-WAIT-2"), "{run}");
    }
}

#[test]
fn a_signal_that_comes_again_later_ends_at_once() {
    let door = Door::open();
    let line = format!("connect --check {} -- sh -c", door.address());
    let program = soquete(&line).arg("trap '' TERM; echo deaf; exec sleep 2").start();
    program.wait_stdout("deaf");
    program.signal(Signal::TERM);
    pause(Duration::from_millis(300));
    program.signal(Signal::TERM);
    assert_eq!(program.wait_code(), 143, "not what its command, which is deaf, ends with");
}

#[test]
fn a_signal_ends_a_server_with_clients_by_fin() {
    let server = soquete("listen -k --echo 127.0.0.1:0").start();
    let mut clients: Vec<Peer> = (0..5).map(|_| Peer::connect(server.address())).collect();
    server.wait_for_many("five clients", 5, |e| e.is("accept"));
    server.signal(Signal::INT);
    for client in &mut clients {
        assert_eq!(client.receive_all(), b"", "FIN, not RST");
    }
    drop(clients);
    let run = server.finish();
    assert_eq!(run.code, 130, "{run}");
    assert_eq!(run.named("summary").count(), 5, "{run}");
}

#[test]
fn a_signal_during_a_transfer_ends_it_soon() {
    let door = Door::narrow();
    let client = connect_to(&door).input(noise(1 << 22)).start();
    let peer = door.accept();
    client.wait_for("ESTABLISHED", |e| e.enters("ESTABLISHED"));
    let began = std::time::Instant::now();
    client.signal(Signal::TERM);
    let run = client.finish();
    assert_eq!(run.code, 143, "{run}");
    assert!(began.elapsed() < Duration::from_secs(5), "a peer that takes nothing holds it: {run}");
    drop(peer);
}

#[test]
fn a_second_program_on_the_same_pipe_is_not_disturbed() {
    let mut shell = Command::new("sh")
        .args([
            "-c",
            "\"$0\" listen --accept-timeout 100ms 0 2>/dev/null; cat",
            env!("CARGO_BIN_EXE_soquete"),
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("sh runs");
    let mut typed = shell.stdin.take().expect("a pipe");
    typed.write_all(b"for the next one\n").expect("the shell reads");
    drop(typed);
    let mut heard = String::new();
    shell.stdout.take().expect("a pipe").read_to_string(&mut heard).expect("text");
    shell.wait().expect("the shell ends");
    assert_eq!(heard, "for the next one\n", "a listener nobody came to reads nothing");
}

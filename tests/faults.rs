//! What goes wrong in networks and at this end of them: resets at every stage, half-closes, crowds, stalls, limits.

mod support;

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};
use support::*;

fn connect_to(door: &Door) -> Soquete {
    soquete(&format!("connect {}", door.address()))
}

// The peer resets at every stage.

#[test]
fn events_that_cannot_be_written_where_they_were_wanted_are_5() {
    let run = soquete("stat -t --events /dev/full").run();
    assert_eq!(run.code, 5, "{run}");
    assert!(run.stderr.contains("/dev/full: No space left on device"), "{run}");
}

#[test]
fn a_reset_is_told_at_every_stage() {
    // Before a byte, after one came, after one went, with our FIN out, with its own FIN out, with both ways busy.
    type Stage = fn(&mut Peer, &mut Running);
    let stages: [(&str, Stage); 6] = [
        ("at once", |_, client| drop(client.wait_for("ESTABLISHED", |e| e.enters("ESTABLISHED")))),
        ("after data came", |peer, client| {
            peer.send("data");
            client.wait_stdout("data");
        }),
        ("after data went", |peer, client| {
            client.write("data");
            peer.receive(4);
        }),
        ("after our FIN", |peer, client| {
            client.close_input();
            peer.receive_all();
            client.wait_for("FIN-WAIT-2", |e| e.enters("FIN-WAIT-2"));
        }),
        ("after its FIN", |peer, client| {
            peer.half_close();
            client.wait_for("CLOSE-WAIT", |e| e.enters("CLOSE-WAIT"));
        }),
        ("while it stalls", |peer, client| {
            client.write_in_background(noise(1 << 22));
            peer.receive(1);
        }),
    ];
    for (stage, until) in stages {
        let door = Door::open();
        let mut client = connect_to(&door).start();
        let mut peer = door.accept();
        until(&mut peer, &mut client);
        peer.reset();
        let run = client.finish();
        assert_eq!(run.code, 1, "{stage}: {run}");
        run.error("reset");
        assert_eq!(run.event("summary")["clean"], false, "{stage}: {run}");
    }
}

#[test]
fn what_came_before_a_reset_is_printed() {
    let door = Door::open();
    let client = connect_to(&door).start();
    let mut peer = door.accept();
    let data = noise(50_000);
    peer.send(&data);
    client.wait_stdout(&data[49_000..]);
    peer.reset();
    let run = client.finish();
    assert_eq!(run.code, 1, "{run}");
    assert!(run.stdout == data, "{} of {} bytes", run.stdout.len(), data.len());
}

#[test]
fn a_server_for_many_survives_every_reset() {
    let mut server = soquete("listen -k 127.0.0.1:0").start();
    for round in 0..10 {
        let mut client = Peer::connect(server.address());
        client.send(format!("round {round}\n"));
        server.wait_stdout(format!("round {round}\n"));
        client.reset();
    }
    let mut last = Peer::connect(server.address());
    last.send("still there?\n");
    server.wait_stdout("still there?\n");
    server.write("yes\n");
    assert_eq!(last.receive_line(), "yes\n");
    drop(last);
    let run = server.terminate();
    assert_eq!(run.named("warning").filter(|e| e["kind"] == "reset").count(), 10, "{run}");
    assert_eq!(run.named("error").count(), 0, "{run}");
}

// Half-closes, and answers that come late.

#[test]
fn either_side_may_finish_first_and_hear_the_other_out() {
    let mut server = soquete("listen 127.0.0.1:0").start();
    let mut client = soquete(&format!("connect {}", server.address())).start();
    client.write("request");
    client.close_input();
    server.wait_stdout("request");
    pause(Duration::from_millis(700));
    server.write("late answer");
    server.close_input();
    let (client, server) = (client.finish(), server.finish());
    assert_eq!((client.code, client.text()), (0, "late answer"), "{client}");
    assert_eq!((server.code, server.text()), (0, "request"), "{server}");

    let mut server = soquete("listen 127.0.0.1:0").start();
    let mut client = soquete(&format!("connect {}", server.address())).start();
    server.write("greeting");
    server.close_input();
    client.wait_stdout("greeting");
    pause(Duration::from_millis(700));
    client.write("late reply");
    client.close_input();
    let (client, server) = (client.finish(), server.finish());
    assert_eq!((client.code, client.text()), (0, "greeting"), "{client}");
    assert_eq!((server.code, server.text()), (0, "late reply"), "{server}");
}

#[test]
fn a_client_of_many_that_half_closes_still_hears_what_is_typed() {
    let mut server = soquete("listen -k 127.0.0.1:0").start();
    let mut client = Peer::connect(server.address());
    client.send("done talking\n");
    client.half_close();
    server.wait_stdout("done talking\n");
    server.wait_for("CLOSE-WAIT", |e| e.enters("CLOSE-WAIT"));
    pause(Duration::from_millis(300));
    server.write("late word\n");
    assert_eq!(client.receive_line(), "late word\n");
    server.terminate();
}

// Crowds.

#[test]
fn two_hundred_clients_at_once_are_all_served() {
    let server = soquete("listen -k --echo 127.0.0.1:0").start();
    let address = server.address();
    let mut clients: Vec<Peer> = (0..200).map(|_| Peer::connect(address)).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(format!("client {number}\n"));
    }
    for (number, client) in clients.iter_mut().enumerate() {
        assert_eq!(client.receive_line(), format!("client {number}\n"));
    }
    for client in &mut clients {
        client.half_close();
        assert_eq!(client.receive_all(), b"");
    }
    drop(clients);
    let run = server.terminate();
    assert_eq!(run.named("accept").count(), 200);
    let clean = run.named("summary").filter(|e| e["clean"] == true).count();
    assert_eq!(clean, 200, "{run}");
}

#[test]
fn two_hundred_clients_write_to_one_stdout_and_nothing_is_lost() {
    let server = soquete("listen -k --prefix 127.0.0.1:0").start();
    let address = server.address();
    let threads: Vec<_> = (0..8)
        .map(|_| {
            std::thread::spawn(move || {
                for _ in 0..25 {
                    let mut client = Peer::connect(address);
                    for line in 0..5 {
                        client.send(format!("line {line}\n"));
                    }
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("all was sent");
    }
    let over = |e: &Event| e.is("summary") && e["role"] == "server";
    server.wait_for_many("the end of each client", 200, over);
    let run = server.terminate();
    assert_eq!(run.text().lines().count(), 1000);
    assert!(run.text().lines().all(|l| l.starts_with("[127.0.0.1:") && l.contains("] line ")));
}

/// Sets the number below which the descriptors of a program must lie.
fn limit_descriptors(program: &Running, current: u64) {
    let pid = Pid::from_raw(program.pid().try_into().expect("a number")).expect("a process");
    let maximum = getrlimit(Resource::Nofile).maximum;
    prlimit(Some(pid), Resource::Nofile, Rlimit { current: Some(current), maximum }).expect("it is ours");
}

#[test]
fn a_plain_listener_out_of_descriptors_waits_for_its_client_too() {
    let server = soquete("listen 127.0.0.1:0").input("hello").start();
    let address = server.address();
    let open = format!("/proc/{}/fd", server.pid());
    let free =
        (0..100).find(|n| !std::path::Path::new(&open).join(n.to_string()).exists()).expect("a number");
    limit_descriptors(&server, free);
    let mut client = Peer::connect(address);
    let warning = server.event("warning");
    assert_eq!((warning.text("kind"), warning.text("errno")), ("resources", "EMFILE"), "{warning}");
    limit_descriptors(&server, 100);
    client.half_close();
    assert_eq!(client.receive_all(), b"hello");
    assert_eq!(server.wait_code(), 0);
}

#[test]
fn out_of_descriptors_it_waits_warns_once_and_goes_on() {
    let server = soquete("listen -k --echo 127.0.0.1:0").shell("ulimit -n 40; exec \"$@\"").start();
    let address = server.address();
    let mut clients: Vec<Peer> = (0..80).map(|_| Peer::connect(address)).collect();
    let warning = server.event("warning");
    assert_eq!((warning.text("kind"), warning.text("errno")), ("resources", "EMFILE"), "{warning}");
    // It goes on trying, many times in a second, and does not say so each time.
    pause(Duration::from_millis(400));
    let warnings = server.events().iter().filter(|e| e.is("warning")).count();
    assert_eq!(warnings, 1, "told {warnings} times");
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(format!("{number}\n"));
        client.half_close();
    }
    // Each that leaves makes room for one that waits.
    for (number, client) in clients.iter_mut().enumerate() {
        assert_eq!(client.receive_all(), format!("{number}\n").into_bytes());
    }
    drop(clients);
    let mut late = Peer::connect(address);
    late.send("still there?");
    late.half_close();
    assert_eq!(late.receive_all(), b"still there?");
    let run = server.terminate();
    assert_eq!(run.named("accept").count(), 81, "{run}");
    let warnings = run.named("warning").filter(|e| e["kind"] == "resources").count();
    assert!((1..=5).contains(&warnings), "told {warnings} times: {run}");
}

#[test]
fn a_check_of_many_ports_fits_into_few_descriptors() {
    let run = soquete("connect --check 127.0.0.1 1-400").shell("ulimit -n 40; exec \"$@\"").run();
    assert_eq!(run.rows().len(), 400, "{run}");
    assert!(run.rows().iter().all(|r| r["outcome"] != "failed"), "{run}");
}

// Readers that stall.

/// Clients whose events are more than wait for a reader (65,536, and a few hundred in a pipe): each makes a dozen at least,
/// which a test makes sure of.
const FLOOD: usize = 6000;

/// Has [`FLOOD`] clients answered by an echo server whose events nobody reads.
fn flood(server: &Running) {
    server.wait_stdout("\n");
    let address = String::from_utf8_lossy(&server.stdout()).trim().parse().expect("an address");
    for number in 0..FLOOD {
        let mut client = Peer::connect(address);
        let word = format!("client {number}");
        client.send(&word);
        client.half_close();
        assert_eq!(client.receive_all(), word.into_bytes());
    }
}

#[test]
fn nobody_reading_the_events_does_not_stop_the_data() {
    let (reader, writer) = pipe();
    let server = soquete("listen -v -k --echo --ready-fd 1 127.0.0.1:0").stderr(writer);
    let server = server.deadline(4 * DEADLINE).start();
    flood(&server);
    let began = Instant::now();
    server.signal(rustix::process::Signal::TERM);
    assert_eq!(server.wait_code(), 143);
    assert!(began.elapsed() < Duration::from_secs(8), "it ended after {:?}", began.elapsed());
    drop(reader);
}

#[test]
fn events_that_were_lost_are_counted_and_told_and_the_end_is_not_among_them() {
    let (mut reader, writer) = pipe();
    let server = soquete("listen -v -k --echo --ready-fd 1 127.0.0.1:0").stderr(writer);
    let server = server.deadline(4 * DEADLINE).start();
    flood(&server);
    server.signal(rustix::process::Signal::TERM);
    let events = events::read_all(&reader.read_all());
    assert_eq!(server.wait_code(), 143);
    let (mut seen, mut lost) = (0, 0);
    for event in &events {
        let gap = event.number("seq") - seen - 1;
        let told = if event["kind"] == "events-lost" { number_in(event.text("text")) } else { 0 };
        assert_eq!(gap, told, "a loss is counted where it was, and only a loss: {event}");
        (seen, lost) = (event.number("seq"), lost + told);
    }
    assert!(seen >= 12 * FLOOD as u64, "{seen} events are a dozen a client");
    assert!(lost > 0, "the queue was full");
    let end = events.last().expect("events");
    assert!(end.is("exit") && end["code"] == 143, "{end}");
}

/// The number a text begins with.
fn number_in(text: &str) -> u64 {
    text.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or_else(|| panic!("no number in {text}"))
}

#[test]
fn a_slow_reader_of_stdout_slows_the_sender_and_loses_nothing() {
    let door = Door::open();
    let (mut reader, writer) = pipe();
    let client = connect_to(&door).stdout(writer).start();
    // More than the kernel keeps for the two sockets (tcp_rmem, tcp_wmem) and the pipe.
    let data = noise(48 << 20);
    let (mut peer, sent) = (door.accept(), data.clone());
    let sender = std::thread::spawn(move || peer.send(sent));
    pause(Duration::from_millis(400));
    assert!(!sender.is_finished(), "48 MiB are not kept in memory");
    let mut got = Vec::new();
    while got.len() < data.len() {
        let part = (data.len() - got.len()).min(700_001);
        got.extend(reader.read(part));
    }
    sender.join().expect("all was sent");
    assert!(got == data, "what came is what was sent");
    assert_eq!(client.close_and_finish().code, 0);
}

#[test]
fn a_server_for_many_with_a_slow_reader_keeps_bounded_memory() {
    let (reader, writer) = pipe();
    let server = soquete("listen -k 127.0.0.1:0").stdout(writer).start();
    let mut clients: Vec<Peer> = (0..4).map(|_| Peer::connect(server.address())).collect();
    server.wait_for_many("four clients", 4, |e| e.is("accept"));
    let data = noise(1 << 20);
    let threads: Vec<_> = clients
        .drain(..)
        .map(|mut client| {
            let data = data.clone();
            std::thread::spawn(move || {
                client.stream().set_write_timeout(Some(Duration::from_millis(300))).expect("a deadline");
                let mut taken = 0;
                while taken < 64 << 20 && client.try_send(&data).is_ok() {
                    taken += data.len();
                }
                taken
            })
        })
        .collect();
    let taken: usize = threads.into_iter().map(|t| t.join().expect("a client")).sum();
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("it still runs");
    let resident = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).expect("its size");
    let kilobytes: u64 = resident.split_whitespace().next().and_then(|n| n.parse().ok()).expect("a number");
    assert!(kilobytes < 64 << 10, "{kilobytes} kB resident after {taken} bytes");
    drop(reader);
}

// Bytes.

#[test]
fn sixty_four_mebibytes_go_both_ways_bit_by_bit() {
    let (there, mut back) = (noise(64 << 20), noise(64 << 20));
    back.reverse();
    let server = soquete("listen 127.0.0.1:0").input(&back).start();
    let client = soquete(&format!("connect {}", server.address())).input(&there).start();
    let (client, server) = (client.finish(), server.finish());
    assert_eq!((client.code, server.code), (0, 0));
    assert!(client.stdout == back, "{} bytes back", client.stdout.len());
    assert!(server.stdout == there, "{} bytes there", server.stdout.len());
    assert_eq!(client.event("summary").number("bytes_in"), 64 << 20);
    assert_eq!(server.event("summary").number("bytes_in"), 64 << 20);
}

#[test]
fn a_file_goes_to_a_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = noise(20_000_003);
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    fs::write(&from, &data).expect("a file");
    let server =
        soquete("listen 127.0.0.1:0").stdin(Stdio::null()).stdout(File::create(&to).expect("a file"));
    let server = server.start();
    let client =
        soquete(&format!("connect {}", server.address())).stdin(File::open(&from).expect("the file"));
    let client = client.run();
    assert_eq!((client.code, server.finish().code), (0, 0));
    assert!(fs::read(&to).expect("the file") == data, "the file came whole");
}

#[test]
fn a_file_is_sent_from_where_it_stands_and_left_at_its_end() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("file");
    fs::write(&path, "skipped, sent").expect("a file");
    let mut file = File::open(&path).expect("the file");
    file.seek(SeekFrom::Start(9)).expect("a file can be sought");
    let door = Door::open();
    let client = connect_to(&door).stdin(file.try_clone().expect("a descriptor")).start();
    assert_eq!(door.accept().receive_all(), b"sent");
    assert_eq!(client.finish().code, 0);
    assert_eq!(file.stream_position().expect("a position"), 13, "the next reader goes on from there");
}

#[test]
fn output_is_appended_where_the_shell_says_so() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("log");
    fs::write(&path, "before\n").expect("a file");
    for words in ["connect", "listen", "listen -k"] {
        let file = OpenOptions::new().append(true).open(&path).expect("the file");
        let data = noise(300_000);
        let length = fs::metadata(&path).expect("the file").len();
        if words == "connect" {
            let door = Door::open();
            let client = connect_to(&door).stdin(Stdio::null()).stdout(file).start();
            door.accept().send(&data);
            assert_eq!(client.finish().code, 0);
        } else {
            let server = soquete(&format!("{words} 127.0.0.1:0")).stdin(Stdio::null()).stdout(file).start();
            Peer::connect(server.address()).send(&data);
            server.event("summary");
            if words == "listen" {
                assert_eq!(server.finish().code, 0);
            } else {
                server.terminate();
            }
        }
        let all = fs::read(&path).expect("the file");
        let length = usize::try_from(length).expect("a small file");
        assert!(all.starts_with(b"before\n") && all[length..] == data, "{words}: {} bytes", all.len());
    }
}

#[test]
fn a_file_is_overwritten_from_where_it_stands() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("out");
    let mut file = File::create(&path).expect("a file");
    file.write_all(b"head:").expect("a file can be written");
    let door = Door::open();
    let client =
        connect_to(&door).stdin(Stdio::null()).stdout(file.try_clone().expect("a descriptor")).start();
    door.accept().send(b"body");
    assert_eq!(client.finish().code, 0);
    file.write_all(b":tail").expect("a file can be written");
    let mut text = String::new();
    File::open(&path).expect("the file").read_to_string(&mut text).expect("text");
    assert_eq!(text, "head:body:tail", "the position is shared with who started it");
}

#[test]
fn devices_and_sockets_are_streams_too() {
    let door = Door::open();
    let null = OpenOptions::new().write(true).open("/dev/null").expect("/dev/null");
    let client = connect_to(&door).stdin(Stdio::null()).stdout(null).start();
    door.accept().send(noise(3_000_000));
    let run = client.finish();
    assert_eq!((run.code, run.event("summary").number("bytes_in")), (0, 3_000_000), "{run}");

    let (mut ours, theirs) = std::os::unix::net::UnixStream::pair().expect("a pair of sockets");
    ours.set_read_timeout(Some(DEADLINE)).expect("a deadline");
    let door = Door::open();
    let as_stdio = |s: &std::os::unix::net::UnixStream| {
        Stdio::from(std::os::fd::OwnedFd::from(s.try_clone().expect("a descriptor")))
    };
    let client = connect_to(&door).stdin(as_stdio(&theirs)).stdout(as_stdio(&theirs)).start();
    drop(theirs);
    let mut peer = door.accept();
    ours.write_all(b"from the socket").expect("a socket can be written");
    assert_eq!(peer.receive(15), b"from the socket");
    peer.send("to the socket");
    drop(peer);
    let mut heard = String::new();
    ours.read_to_string(&mut heard).expect("text");
    assert_eq!((client.finish().code, heard.as_str()), (0, "to the socket"));
}

#[test]
fn standard_input_that_does_not_block_is_waited_for() {
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    rustix::io::ioctl_fionbio(&reader, true).expect("a pipe can be made so");
    let door = Door::open();
    let client = connect_to(&door).stdin(reader).start();
    let mut peer = door.accept();
    pause(Duration::from_millis(100));
    writer.write_all(b"later").expect("it is read");
    assert_eq!(peer.receive(5), b"later");
    drop(writer);
    assert_eq!(peer.receive_all(), b"");
    drop(peer);
    assert_eq!(client.finish().code, 0);
}

#[test]
fn standard_output_that_does_not_block_loses_nothing() {
    let (mut reader, writer) = pipe();
    rustix::io::ioctl_fionbio(&writer, true).expect("a pipe can be made so");
    let door = Door::open();
    let client = connect_to(&door).stdin(Stdio::null()).stdout(writer).start();
    let data = noise(5_000_000);
    let (mut peer, sent) = (door.accept(), data.clone());
    let sender = std::thread::spawn(move || peer.send(sent));
    pause(Duration::from_millis(200));
    assert!(reader.read_all() == data, "what came is what was sent");
    sender.join().expect("all was sent");
    assert_eq!(client.finish().code, 0);
}

//! `--packets`, `--pcap` and `stat --packets`: against tcpdump, tshark, and the states beside them.

#[path = "packets/shark.rs"]
mod shark;
mod support;

use rustix::process::Signal;
use shark::Tcpdump;
use std::collections::BTreeMap;
use std::path::Path;
use support::wire::{ACK, FIN, SYN, on_a_wire};
use support::*;

/// The packets of a run, of TCP alone.
fn segments(run: &Run) -> Vec<&Event> {
    run.named("packet").filter(|p| p["flags"].is_string()).collect()
}

fn notes(run: &Run) -> Vec<&str> {
    segments(run).iter().map(|p| p.text("note")).filter(|note| !note.is_empty()).collect()
}

/// Where an event of a run stands, that is of `name` and satisfies `is_it`.
fn place(run: &Run, name: &str, is_it: impl Fn(&Event) -> bool) -> usize {
    let found = run.events.iter().position(|e| e.is(name) && is_it(e));
    found.unwrap_or_else(|| panic!("no such {name} in {run}"))
}

#[test]
fn each_packet_stands_once_and_before_the_state_that_it_caused() {
    with_namespaces(|| {
        let mut server = soquete("listen 127.0.0.1 0 --packets").start();
        let client =
            soquete(&format!("connect 127.0.0.1 {} --packets", server.port())).input("hello\n").start();
        server.wait_stdout("hello\n");
        server.wait_for("the FIN of the client", |e| e.enters("CLOSE-WAIT"));
        server.close_input();
        let (client, server) = (client.finish(), server.finish());
        for run in [&client, &server] {
            assert_eq!(run.code, 0, "{run}");
            let seen = segments(run);
            let starts: Vec<_> = seen.iter().map(|p| p.text("flags")).take(3).collect();
            assert_eq!(starts, ["SYN", "SYN ACK", "ACK"], "{run}");
            let mut numbers: Vec<_> = seen
                .iter()
                .map(|p| {
                    (p.text("dir"), p.text("flags"), p["tcp_seq"].clone(), p["ack"].clone(), p["len"].clone())
                })
                .map(|fields| format!("{fields:?}"))
                .collect();
            let all = numbers.len();
            numbers.sort();
            numbers.dedup();
            assert_eq!(numbers.len(), all, "a packet stands twice: {run}");
            assert_eq!(run.event("capture").number("captured"), all as u64, "{run}");
            assert_eq!(run.event("capture").number("dropped"), 0, "{run}");
            assert!(notes(run).starts_with(&["handshake 1/3", "handshake 2/3", "handshake 3/3"]), "{run}");
            assert!(notes(run).last().is_some_and(|note| note.ends_with("/4")), "{run}");
            assert!(run.events.is_sorted_by_key(|e| e.text("ts").to_owned()), "{run}");
        }
        let syn = |dir: &'static str| move |p: &Event| p["flags"] == "SYN" && p["dir"] == dir;
        let fin = |dir: &'static str| move |p: &Event| p.text("flags").contains("FIN") && p["dir"] == dir;
        let before = |run: &Run, packet: usize, state: &str| {
            let state = place(run, "state", |e| e["to"] == state);
            assert!(packet < state, "{run}");
        };
        before(&client, place(&client, "packet", syn("out")), "SYN-SENT");
        before(&client, place(&client, "packet", |p| p["flags"] == "SYN ACK"), "ESTABLISHED");
        before(&client, place(&client, "packet", fin("out")), "FIN-WAIT-1");
        before(&client, place(&client, "packet", fin("in")), "TIME-WAIT");
        before(&server, place(&server, "packet", syn("in")), "SYN-RECEIVED");
        before(&server, place(&server, "packet", fin("in")), "CLOSE-WAIT");
        before(&server, place(&server, "packet", fin("out")), "LAST-ACK");
    });
}

#[test]
fn packets_are_those_of_tcpdump() {
    if peer("tcpdump").is_none() || !shark::is_there() {
        return;
    }
    two_machines(|near, far| {
        let folder = tempfile::tempdir().unwrap();
        let theirs = folder.path().join("theirs.pcap");
        let mut server = far.run(|| soquete(&format!("listen {} --discard", far.at(0))).start());
        let filter = format!("tcp port {}", server.port());
        let tcpdump = Tcpdump::start(near, &theirs, &filter);
        let line = format!("connect {} --packets -v", far.at(server.port()));
        let run = near.run(|| soquete(&line).input(noise(100_000)).run());
        server.close_input();
        assert_eq!((run.code, server.finish().code), (0, 0), "{run}");
        let ours: Vec<String> = segments(&run)
            .iter()
            .map(|p| {
                let flags = p.text("flags").split(' ').map(flag).sum::<u32>();
                let ack = p["ack"].as_u64().unwrap_or(0);
                format!("{}|{ack}|{flags:#06x}|{}", p.number("tcp_seq"), p.number("len"))
            })
            .collect();
        tcpdump.finish(ours.len());
        let names = ["tcp.seq", "tcp.ack", "tcp.flags", "tcp.len"];
        let theirs: Vec<String> =
            shark::fields(&theirs, "tcp", &names).into_iter().map(|row| row.join("|")).collect();
        assert_eq!(ours, theirs);
        assert!(ours.len() > 8, "{ours:?}");
        assert!(segments(&run).iter().all(|p| p["interface"] == PLUG && p["seq_raw"].is_u64()), "{run}");
    });
}

fn flag(name: &str) -> u32 {
    let names = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"];
    1 << names.iter().position(|n| *n == name).unwrap_or_else(|| panic!("no flag {name}"))
}

/// What tshark says of a segment of a file, in our words.
fn analysis(file: &Path) -> Vec<Vec<&'static str>> {
    const WORDS: [(&str, &str); 9] = [
        ("tcp.analysis.retransmission", "sent again"),
        ("tcp.analysis.out_of_order", "sent again"),
        ("tcp.analysis.lost_segment", "hole"),
        ("tcp.analysis.duplicate_ack", "duplicate ACK"),
        ("tcp.analysis.zero_window", "zero window"),
        ("tcp.analysis.window_update", "window update"),
        ("tcp.analysis.keep_alive", "keep-alive"),
        ("tcp.analysis.keep_alive_ack", "keep-alive ACK"),
        ("tcp.analysis.zero_window_probe", "zero window probe"),
    ];
    let rows = shark::fields(file, "tcp", &WORDS.map(|(name, _)| name));
    let words = |row: Vec<String>| {
        let mut said: Vec<_> =
            row.iter().zip(WORDS).filter(|(field, _)| !field.is_empty()).map(|(_, (_, word))| word).collect();
        said.dedup();
        said
    };
    rows.into_iter().map(words).collect()
}

/// Our note of a segment in the words of [`analysis`].
fn noted(packet: &Event) -> Option<&str> {
    Some(match packet.text("note") {
        "retransmission" | "out of order" => "sent again",
        "previous segment not captured" => "hole",
        note if note.starts_with("duplicate ACK") => "duplicate ACK",
        note if note.is_empty() || note.contains('/') => return None,
        note => note,
    })
}

/// Compares our notes of a run with tshark's analysis of the file that the same run wrote.
fn compare(run: &Run, file: &Path) {
    let theirs = analysis(file);
    let ours: Vec<_> = segments(run).into_iter().map(noted).collect();
    assert_eq!(ours.len(), theirs.len(), "{run}");
    let mut differences = Vec::new();
    for (number, (our, their)) in ours.iter().zip(&theirs).enumerate() {
        let agree = match our {
            Some(word) => their.contains(word),
            None => their.is_empty(),
        };
        if !agree {
            differences.push((number + 1, *our, their.clone()));
        }
    }
    assert!(differences.is_empty(), "ours and tshark's: {differences:?}\n{run}");
}

#[test]
fn losses_are_told_as_tshark_tells_them() {
    if !shark::is_there() || peer("nft").is_none() {
        return;
    }
    two_machines(|near, far| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.pcapng");
        // One segment a packet, and some of them are lost behind the place where packets are captured.
        far.sh(&format!("ip link set {PLUG} gso_max_segs 1"));
        near.sh("nft add table inet t
             nft 'add chain inet t lost { type filter hook prerouting priority 0; }'
             nft 'add rule inet t lost meta length > 1000 numgen random mod 25 0 drop'");
        let bytes = noise(400_000);
        let payload = folder.path().join("payload");
        std::fs::write(&payload, &bytes).unwrap();
        let mut server =
            far.run(|| soquete(&format!("listen {} --send {}", far.at(0), payload.display())).start());
        let port = server.port();
        let line = format!("connect {} --recv-only --packets --pcap {}", far.at(port), file.display());
        let run = near.run(|| soquete(&line).run());
        server.close_input();
        assert_eq!((run.code, run.stdout == bytes), (0, true), "{}", run.stderr);
        shark::assert_sound(&file);
        let said: BTreeMap<_, usize> =
            segments(&run).into_iter().filter_map(noted).fold(BTreeMap::new(), |mut all, word| {
                *all.entry(word).or_default() += 1;
                all
            });
        assert!(said.contains_key("sent again"), "{said:?}");
        // tshark decides by time which duplicate ACKs and repetitions count; the sum of differences is small.
        let theirs = analysis(&file);
        let counts = |word: &str| theirs.iter().filter(|words| words.contains(&word)).count();
        for word in ["sent again", "duplicate ACK"] {
            let (ours, theirs) = (said.get(word).copied().unwrap_or_default(), counts(word));
            assert!(ours.abs_diff(theirs) * 10 <= theirs.max(10), "{word}: {ours}, tshark {theirs}");
        }
    });
}

#[test]
fn what_comes_in_another_order_is_told_as_tshark_tells_it() {
    if !shark::is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.pcapng");
    let run = on_a_wire(|wire| {
        let line = format!("connect {} --recv-only --packets --pcap {}", wire.address(), file.display());
        let client = soquete(&line).start();
        wire.receive(SYN);
        wire.send(SYN | ACK, b"");
        wire.receive(ACK);
        wire.send(ACK, b"first ");
        wire.receive(ACK);
        wire.skip(7);
        wire.send(ACK, b"third ");
        wire.receive(ACK);
        wire.go_back(13);
        wire.send(ACK, b"second ");
        wire.receive(ACK);
        wire.go_back(7);
        wire.send(ACK, b"second ");
        wire.receive(ACK);
        wire.skip(6);
        wire.send(FIN | ACK, b"");
        wire.receive(FIN);
        wire.send(ACK, b"");
        client.finish()
    });
    let Some(run) = run else { return };
    assert_eq!((run.code, run.text()), (0, "first second third "), "{run}");
    let said: Vec<_> = segments(&run).into_iter().filter(|p| p["dir"] == "in").filter_map(noted).collect();
    assert_eq!(said, ["hole", "sent again", "sent again"], "{run}");
    assert!(notes(&run).contains(&"out of order") && notes(&run).contains(&"duplicate ACK 1"), "{run}");
    shark::assert_sound(&file);
    compare(&run, &file);
}

#[test]
fn a_closed_window_and_its_probes_are_told_as_tshark_tells_them() {
    if !shark::is_there() {
        return;
    }
    two_machines(|near, far| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.pcapng");
        let door = far.run(|| Door::open_at(far.at(0)));
        let line = format!("connect {} --packets --pcap {}", far.at(door.port()), file.display());
        let mut client = near.run(|| soquete(&line).start());
        let mut reader = far.run(|| door.accept());
        client.write_in_background(noise(8_000_000));
        client.wait_for("zero window", |e| e.is("packet") && e["note"] == "zero window");
        client.wait_for("a probe", |e| e.is("packet") && e["note"] == "zero window probe");
        reader.receive(4_000_000);
        client.wait_for("window update", |e| e.is("packet") && e["note"] == "window update");
        reader.receive(4_000_000);
        client.close_input();
        reader.half_close();
        let run = client.finish();
        assert_eq!(run.code, 0, "{}", run.error("x"));
        shark::assert_sound(&file);
        let merged = segments(&run).into_iter().filter(|p| p["segments"].as_u64().is_some_and(|n| n > 1));
        let merged: Vec<_> = merged.collect();
        assert!(!merged.is_empty(), "no super-segment: {run}");
        for packet in merged {
            let (len, size) = (packet.number("len"), packet.number("segment_size"));
            assert_eq!(packet.number("segments"), len.div_ceil(size), "{packet}");
        }
        let words = ["zero window", "window update"];
        let theirs = analysis(&file);
        for (number, packet) in segments(&run).into_iter().enumerate() {
            if let Some(word) = noted(packet).filter(|word| words.contains(word)) {
                assert!(theirs[number].contains(&word), "{}: {packet} is {:?}", number + 1, theirs[number]);
            }
        }
    });
}

#[test]
fn keep_alives_are_told_as_tshark_tells_them() {
    if !shark::is_there() {
        return;
    }
    with_namespaces(|| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.pcapng");
        let door = Door::open();
        let line = format!("connect {} --keepalive=1s --packets --pcap {}", door.address(), file.display());
        let mut client = soquete(&line).start();
        let mut far = door.accept();
        far.send("x\n");
        client.wait_for("its answer", |e| e.is("packet") && e["note"] == "keep-alive ACK");
        client.close_input();
        far.half_close();
        let run = client.finish();
        assert_eq!(run.code, 0, "{run}");
        assert!(notes(&run).contains(&"keep-alive"), "{run}");
        compare(&run, &file);
    });
}

#[test]
fn datagrams_and_the_errors_they_meet_are_shown() {
    with_namespaces(|| {
        let mail = Mail::open();
        let run = soquete(&format!("udp-send {} hello --packets --reply-wait 0", mail.address())).run();
        assert_eq!(run.code, 0, "{run}");
        let sent = run.event("packet");
        assert_eq!((sent.text("proto"), sent.text("dir"), sent.number("len")), ("udp", "out", 5), "{run}");
        let closed = refusing_port();
        let run = soquete(&format!("udp-send --check {} --packets", closed.address())).run();
        assert_eq!(run.code, 1, "{run}");
        let icmp = run.named("packet").find(|p| p["carries"] == "icmp").expect("an ICMP error");
        assert_eq!((icmp.text("dir"), icmp.text("note")), ("in", "port unreachable"), "{run}");
    });
}

#[test]
fn a_file_has_comments_where_a_packet_moved_a_state() {
    if !shark::is_there() {
        return;
    }
    with_namespaces(|| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.pcapng");
        let mut server = soquete("listen 127.0.0.1 0").start();
        let line = format!("connect -q 127.0.0.1 {} --pcap {}", server.port(), file.display());
        let client = soquete(&line).input("hello\n").start();
        server.wait_stdout("hello\n");
        server.wait_for("the FIN of the client", |e| e.enters("CLOSE-WAIT"));
        server.close_input();
        let client = client.wait_code();
        assert_eq!((client, server.finish().code), (0, 0));
        shark::assert_sound(&file);
        let said = shark::comments(&file).join(";");
        for step in [
            "CLOSED → SYN-SENT",
            "SYN-SENT → ESTABLISHED",
            "ESTABLISHED → FIN-WAIT-1",
            "FIN-WAIT-1 → FIN-WAIT-2",
            "FIN-WAIT-2 → TIME-WAIT",
        ] {
            assert_eq!(said.matches(step).count(), 1, "{step}: {said}");
        }
        let interfaces = shark::fields(&file, "", &["frame.interface_name", "tcp.len"]);
        assert!(interfaces.iter().all(|row| row[0] == "lo"), "{interfaces:?}");
    });
}

#[test]
fn a_file_goes_through_a_pipe_and_a_full_disk_costs_the_file_alone() {
    with_namespaces(|| {
        let door = Door::open();
        let piped = soquete(&format!("connect {} --pcap -", door.address())).input("hello\n").start();
        let mut far = door.accept();
        assert_eq!(far.receive_all(), b"hello\n");
        far.send("an answer, which is in the packets alone\n");
        far.half_close();
        let run = piped.finish();
        assert_eq!(run.code, 0, "{run}");
        assert_eq!(run.stdout[..4], [0x0a, 0x0d, 0x0d, 0x0a], "a section header block");
        if shark::is_there() {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("piped.pcapng");
            std::fs::write(&file, &run.stdout).unwrap();
            shark::assert_sound(&file);
            assert!(shark::fields(&file, "tcp", &["tcp.len"]).len() >= 6);
        }

        let left = soquete(&format!("connect {} --pcap -", door.address()));
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let left = left.input(noise(300_000)).stdout(writer).start();
        let mut far = door.accept();
        assert_eq!(
            far.receive_all(),
            noise(300_000),
            "a reader of the packets that goes away costs nothing else"
        );
        far.half_close();
        let run = left.finish();
        assert_eq!(run.code, 0, "{run}");

        let full =
            soquete(&format!("connect {} --pcap /dev/full", door.address())).input(noise(300_000)).start();
        let mut far = door.accept();
        assert_eq!(far.receive_all(), noise(300_000));
        far.send("answer\n");
        far.half_close();
        let run = full.finish();
        assert_eq!((run.code, run.text()), (5, "answer\n"), "{run}");
        assert_eq!(run.error("file")["errno"], "ENOSPC", "{run}");
        assert_eq!(run.event("summary")["clean"], true, "{run}");
    });
}

#[test]
fn a_file_decrypts_itself_where_the_secrets_are_logged() {
    if !shark::is_there() {
        return;
    }
    with_namespaces(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        for version in ["1.2", "1.3"] {
            for (logged, at_server) in [(true, false), (true, true), (false, false)] {
                let (file, keys) = (path("a.pcapng"), path("keys"));
                let capture = if logged {
                    format!("--pcap {file} --tls-keylog {keys}")
                } else {
                    format!("--pcap {file}")
                };
                let (ours, theirs) = if at_server { ("", capture.as_str()) } else { (capture.as_str(), "") };
                let mut server = soquete(&format!("listen 127.0.0.1 0 --tls {theirs}")).start();
                let line = format!(
                    "connect 127.0.0.1 {} --tls --tls-insecure --tls-max {version} {ours}",
                    server.port()
                );
                let client = soquete(&line).input("a secret question\n").start();
                server.wait_stdout("a secret question\n");
                server.write("a secret answer\n");
                server.close_input();
                let client = client.finish();
                assert_eq!((client.code, client.text()), (0, "a secret answer\n"), "{client}");
                assert_eq!(server.finish().code, 0);
                shark::assert_sound(Path::new(&file));
                let text = shark::decrypted(Path::new(&file));
                let both = text.contains("a secret question") && text.contains("a secret answer");
                assert_eq!(both, logged, "TLS {version}, at the server: {at_server}: {text}");
                let mode =
                    std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
                assert_eq!(mode & 0o777, 0o600);
            }
        }
    });
}

#[test]
fn nobody_is_told_how_to_get_the_right() {
    as_root(|| {
        let run = soquete("connect 127.0.0.1 9 --packets").user(NOBODY).human().run();
        assert_eq!((run.code, run.stderr.lines().count()), (5, 1), "{run}");
        for part in ["soquete: ", "packets", "CAP_NET_RAW", "setcap", "--cap-add NET_RAW", "demo"] {
            assert!(run.stderr.contains(part), "{part}: {run}");
        }
    });
}

#[test]
fn a_file_that_cannot_be_made_is_an_error_before_anything_is_opened() {
    with_namespaces(|| {
        let run = soquete("connect 127.0.0.1 9 --pcap /nonexistent/a.pcapng").human().run();
        assert_eq!(run.code, 5, "{run}");
        assert_eq!(
            run.stderr,
            "soquete: open /nonexistent/a.pcapng: No such file or directory; check the path\n"
        );
    });
}

#[test]
fn clients_of_a_server_have_their_own_numbers() {
    with_namespaces(|| {
        let server = soquete("listen 127.0.0.1 0 -k --echo --packets").start();
        let address = server.address();
        let mut clients: Vec<_> = (0..3).map(|_| Peer::connect(address)).collect();
        for (number, client) in clients.iter_mut().enumerate() {
            client.send("x".repeat(number + 1));
            assert_eq!(client.receive(number + 1).len(), number + 1);
        }
        for client in &mut clients {
            client.half_close();
            client.receive_all();
        }
        let ends = server.wait_for_many("the end of each", 3, |e| e.is("summary"));
        let run = server.terminate();
        for end in ends {
            let own: Vec<_> = segments(&run)
                .into_iter()
                .filter(|p| p["conn"] == end["conn"] && p["peer"] == end["peer"])
                .collect();
            let syn = own.iter().filter(|p| p.text("note") == "handshake 1/3").count();
            assert_eq!(syn, 1, "{end}: {run}");
            let bytes: u64 = own.iter().filter(|p| p["dir"] == "in").map(|p| p.number("len")).sum();
            assert_eq!(bytes, end.number("bytes_in"), "{run}");
        }
    });
}

#[test]
fn checks_show_their_packets() {
    with_namespaces(|| {
        let (door, closed) = (Door::open(), refusing_port());
        let line = format!("connect --check 127.0.0.1 {},{} --packets", door.port(), closed.port());
        let run = soquete(&line).run();
        assert_eq!(run.code, 4, "{run}");
        for (port, answer) in [(door.port(), "SYN ACK"), (closed.port(), "RST ACK")] {
            let of = |p: &&Event| p.text("peer").ends_with(&format!(":{port}"));
            let flags: Vec<_> =
                segments(&run).into_iter().filter(of).map(|p| p.text("flags")).take(2).collect();
            assert_eq!(flags, ["SYN", answer], "{run}");
        }
    });
}

#[test]
fn neighbour_discovery_of_the_peer_is_shown() {
    two_machines(|near, far| {
        for (address, what) in [(far.at(0), "arp"), (far.at_v6(0), "nd")] {
            let mut server = far.run(|| soquete(&format!("listen {address}")).start());
            near.sh(&format!("ip neigh flush dev {PLUG}"));
            far.sh(&format!("ip neigh flush dev {PLUG}"));
            let line = format!("connect {} --packets", server.address());
            let run = near.run(|| soquete(&line).input("x\n").start());
            server.wait_stdout("x\n");
            server.close_input();
            let run = run.finish();
            assert_eq!((run.code, server.finish().code), (0, 0), "{run}");
            let asked = place(&run, "packet", |p| p["carries"] == what && p["dir"] == "out");
            let told = place(&run, "packet", |p| p["carries"] == what && p["dir"] == "in");
            let syn = place(&run, "packet", |p| p["flags"] == "SYN");
            assert!(asked < told && told < syn, "{run}");
            let question = format!("who has {}?", address.ip());
            assert!(run.events[asked].text("note").starts_with(&question), "{run}");
            let answer = format!("{} is at ", address.ip());
            assert!(run.events[told].text("note").starts_with(&answer), "{run}");
        }
    });
}

#[test]
fn fragments_belong_to_their_datagram() {
    two_machines(|near, far| {
        for (here, there) in [(near.at(0), far.at(0)), (near.at_v6(0), far.at_v6(0))] {
            let server = far.run(|| soquete(&format!("udp-serve {there} --packets")).start());
            let to = server.event("bind").address("local").expect("an address");
            let line = format!("udp-send --size 4000 --source {} {to} --reply-wait 0 --packets", here.ip());
            let run = near.run(|| soquete(&line).input(vec![b'x'; 4000]).run());
            server.wait_for("the datagram", |e| e.is("datagram") && e["len"] == 4000);
            let server = server.terminate();
            for (run, dir) in [(&run, "out"), (&server, "in")] {
                let seen: Vec<_> = run.named("packet").filter(|p| p["dir"] == dir).collect();
                let first = seen.iter().find(|p| p["carries"].is_null()).expect("the first part");
                assert_eq!((first.number("len"), first.text("proto")), (4000, "udp"), "{run}");
                let rest = seen.iter().filter(|p| p["carries"] == "fragment").count();
                assert_eq!(rest, 2, "{run}");
                assert!(seen.last().is_some_and(|p| p.text("note").ends_with("the last")), "{run}");
            }
        }
    });
}

#[test]
fn packets_of_others_are_shown_by_filter_and_saved() {
    with_namespaces(|| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.pcapng");
        let (wanted, unwanted) = (Door::open(), Door::open());
        let line = format!("stat --packets {} --pcap {}", wanted.port(), file.display());
        let stat = soquete(&line).start();
        // The file begins when it captures; a first packet shows that the filter is in place.
        let mut seen = 0;
        let deadline = std::time::Instant::now() + DEADLINE;
        while seen == 0 {
            assert!(std::time::Instant::now() < deadline, "no packet");
            let client = Peer::connect(unwanted.address());
            client.half_close();
            drop(Peer::connect(wanted.address()));
            drop((wanted.accept(), unwanted.accept()));
            seen = String::from_utf8_lossy(&stat.stdout()).matches("handshake 1/3").count();
        }
        stat.signal(Signal::INT);
        let run = stat.finish();
        assert_eq!(run.code, 130, "{run}");
        let events: Vec<_> = run.text().lines().map(Event::read).collect();
        let packets: Vec<_> = events.iter().filter(|e| e.is("packet")).collect();
        assert!(
            packets.iter().all(|p| p.text("local").ends_with(&format!(":{}", wanted.port()))
                || p.text("peer").ends_with(&format!(":{}", wanted.port()))),
            "{run}"
        );
        assert_eq!(packets[0]["conn"], 1, "{run}");
        assert_eq!(packets.len(), events.len(), "packets alone go to standard output");
        let total = run.event("capture");
        assert_eq!(total.number("captured"), packets.len() as u64, "{run}");
        if shark::is_there() {
            shark::assert_sound(&file);
            assert_eq!(shark::fields(&file, "", &["frame.number"]).len(), packets.len());
        }
    });
}

//! One room over several machines: real rooms on a real nats-server.

mod support;

use rustix::process::Signal;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use support::nats::{NatsClient, NatsServer};
use support::{DEADLINE, Peer, Running, join, soquete};

const SUBJECT: &str = "soquete.room.tea";

fn room(nats: &NatsServer, flags: &str) -> Running {
    soquete(&format!("chat-serve 127.0.0.1:0 --bus {} --room tea {flags}", nats.url())).start()
}

/// A line without the time before it.
fn said(line: &str) -> &str {
    let (_, rest) = line.split_at("[2026-11-21 23:24:25] ".len());
    rest.strip_suffix('\n').expect("a whole line")
}

/// Asks who is there until `count` are, within `limit`; returns the list.
fn who(member: &mut Peer, count: usize, limit: Duration) -> Vec<String> {
    let until = Instant::now() + limit;
    loop {
        member.send("/who\n");
        let here = loop {
            let head = member.receive_line();
            let count = said(&head).strip_prefix("* ").and_then(|head| head.strip_suffix(" here"));
            // What was announced meanwhile comes first.
            if let Some(count) = count.and_then(|count| count.parse::<usize>().ok()) {
                break count;
            }
        };
        let list: Vec<String> = (0..here).map(|_| said(&member.receive_line()).to_owned()).collect();
        if here == count {
            return list;
        }
        assert!(Instant::now() < until, "waited for {count}: {list:?}");
        support::pause(Duration::from_millis(50)); // the network's time, not readiness of ours
    }
}

fn bus_event(room: &Running, what: &str) -> support::Event {
    room.wait_for(what, |e| e.is("bus") && e["what"] == what)
}

#[test]
fn a_line_reaches_the_members_of_all_machines_once() {
    let Some(nats) = NatsServer::start("") else { return };
    let (one, other) = (room(&nats, ""), room(&nats, ""));
    let connected = one.event("bus");
    assert_eq!((connected.text("what"), connected.text("subject")), ("connected", SUBJECT));
    assert_eq!(connected.text("url"), nats.url());
    let (mut ana, mut bob, mut eva) = (join(&one), join(&other), join(&one));
    ana.send("hi\n");
    for reader in [&mut bob, &mut eva] {
        assert_eq!(said(&reader.receive_line()), format!("{}: hi", ana.local()));
    }
    bob.send("and back\n");
    for reader in [&mut ana, &mut eva] {
        assert_eq!(said(&reader.receive_line()), format!("{}: and back", bob.local()));
    }
}

#[test]
fn three_machines_keep_the_order_of_each_sender() {
    const LINES: usize = 2000;
    let Some(nats) = NatsServer::start("") else { return };
    let rooms = [room(&nats, ""), room(&nats, ""), room(&nats, "")];
    let mut members: Vec<Peer> = rooms.iter().map(join).collect();
    for member in &mut members {
        who(member, 3, DEADLINE);
    }
    let names: Vec<String> = members.iter().map(|member| member.local().to_string()).collect();
    for member in &members {
        let mut speaker = member.twin();
        std::thread::spawn(move || {
            for number in 0..LINES {
                speaker.send(format!("{number}\n"));
            }
        });
    }
    for (reader, own) in members.iter_mut().zip(&names) {
        let mut next = std::collections::BTreeMap::new();
        for _ in 0..2 * LINES {
            let line = reader.receive_line();
            let (name, number) = said(&line).rsplit_once(": ").unwrap();
            assert_ne!(name, own, "nobody hears itself");
            let expected: &mut usize = next.entry(name.to_owned()).or_default();
            assert_eq!(number, expected.to_string(), "{line}");
            *expected += 1;
        }
        assert_eq!(next.len(), 2);
    }
}

#[test]
fn members_and_nicks_are_those_of_all_machines() {
    let Some(nats) = NatsServer::start("") else { return };
    let (one, other) = (room(&nats, "--announce"), room(&nats, "--announce"));
    let mut ana = join(&one);
    ana.send("/nick ana\n");
    assert!(ana.receive_line().contains("you are now ana"));
    let mut bob = join(&other);
    assert_eq!(said(&ana.receive_line()), format!("* {} joined", bob.local()));
    let mut list = who(&mut bob, 2, DEADLINE);
    let until = Instant::now() + DEADLINE;
    while list[1] == format!("* {}", ana.local()) && Instant::now() < until {
        list = who(&mut bob, 2, DEADLINE); // the nick comes a message later
    }
    assert_eq!(list, [format!("* {}, you", bob.local()), format!("* ana ({})", ana.local())]);
    for taken in ["ana", "Ana", "аnа"] {
        bob.send(format!("/nick {taken}\n"));
        let answer = bob.receive_line();
        assert!(answer.contains("already taken") || answer.contains("invalid nick"), "{answer}");
    }
    bob.send("/nick bob\n");
    assert!(bob.receive_line().contains("you are now bob"));
    assert_eq!(said(&ana.receive_line()), format!("* {0} is now bob ({0})", bob.local()));
    bob.send("hello\n");
    assert_eq!(said(&ana.receive_line()), format!("bob ({}): hello", bob.local()));
    // A room that starts later knows all the same.
    let third = room(&nats, "");
    let mut eva = join(&third);
    who(&mut eva, 3, DEADLINE);
    eva.send("/nick bob\n");
    assert!(eva.receive_line().contains("already taken"));
    for reader in [&mut ana, &mut bob] {
        assert_eq!(said(&reader.receive_line()), format!("* {} joined", eva.local()));
    }
    bob.send("/quit\n");
    assert_eq!(said(&ana.receive_line()), format!("* bob ({}) left", bob.local()));
    who(&mut eva, 2, DEADLINE);
    eva.send("/nick bob\n");
    assert!(eva.receive_line().contains("you are now bob"), "a nick is free once its holder left");
    // The end of a room is the end of its members.
    third.terminate();
    who(&mut ana, 1, Duration::from_secs(2));
}

#[test]
fn a_machine_that_dies_is_forgotten_within_ten_seconds() {
    let Some(nats) = NatsServer::start("") else { return };
    let (one, other) = (room(&nats, ""), room(&nats, ""));
    let (mut ana, mut bob) = (join(&one), join(&other));
    bob.send("/nick bob\n");
    bob.receive_line();
    who(&mut ana, 2, DEADLINE);
    // Stopped, it keeps its connection, and says nothing any more.
    other.signal(Signal::STOP);
    let died = Instant::now();
    who(&mut ana, 1, Duration::from_secs(10));
    assert!(died.elapsed() > Duration::from_secs(4), "one late message is no death");
    ana.send("/nick bob\n");
    assert!(ana.receive_line().contains("you are now bob"));
    // Back to life, its younger claim loses: ana's is younger, so ana is the one who is told.
    other.signal(Signal::CONT);
    let told = ana.receive_line();
    assert!(told.contains("bob (") && told.contains("took the nick bob first"), "{told}");
    who(&mut ana, 2, DEADLINE);
}

#[test]
fn a_bus_that_is_lost_leaves_a_room_that_heals() {
    let Some(mut nats) = NatsServer::start("") else { return };
    let (one, other) = (room(&nats, ""), room(&nats, ""));
    let (mut ana, mut eva, mut bob) = (join(&one), join(&one), join(&other));
    who(&mut bob, 3, DEADLINE);
    nats.kill();
    for (room, members) in [(&one, vec![&mut ana, &mut eva]), (&other, vec![&mut bob])] {
        bus_event(room, "lost");
        for member in members {
            let told = member.receive_line();
            assert!(said(&told).starts_with("* connection to the bus lost"), "{told}");
        }
    }
    ana.send("meanwhile\n");
    assert!(eva.receive_line().contains("meanwhile"), "local talk goes on");
    bob.send("alone\n");
    nats.resume();
    for room in [&one, &other] {
        bus_event(room, "restored");
    }
    for (member, text) in [(&mut eva, "alone"), (&mut ana, "alone"), (&mut bob, "meanwhile")] {
        assert_eq!(said(&member.receive_line()), "* connection to the bus restored");
        let line = member.receive_line();
        assert!(line.ends_with(&format!(": {text}\n")), "{line}");
    }
    ana.send("after\n");
    for member in [&mut eva, &mut bob] {
        assert!(member.receive_line().ends_with(": after\n"));
    }
    who(&mut bob, 3, DEADLINE);
    let run = one.terminate();
    assert!(!run.named("bus").any(|e| e["what"] == "undelivered"), "{run}");
}

#[test]
fn a_server_killed_in_the_middle_of_talk_loses_and_doubles_nothing() {
    const LINES: usize = 4000;
    let Some(mut nats) = NatsServer::start("") else { return };
    let (one, other) = (room(&nats, ""), room(&nats, ""));
    let (ana, mut bob) = (join(&one), join(&other));
    who(&mut bob, 2, DEADLINE);
    let mut speaker = ana.twin();
    let talk = std::thread::spawn(move || {
        for number in 0..LINES {
            speaker.send(format!("{number}\n"));
            if number % 20 == 0 {
                support::pause(Duration::from_millis(4));
            }
        }
    });
    let (mut next, mut notices) = (0, Vec::new());
    while next < LINES {
        let line = bob.receive_line();
        if let Some(notice) = said(&line).strip_prefix("* ") {
            notices.push(notice.to_owned());
        } else {
            let number = said(&line).rsplit_once(": ").unwrap().1;
            assert_eq!(number, next.to_string(), "{line} {notices:?}");
            next += 1;
        }
        if next == 500 && notices.is_empty() {
            nats.kill();
            nats.resume();
        }
    }
    talk.join().unwrap();
    assert!(notices.iter().all(|notice| notice.starts_with("connection to the bus ")), "{notices:?}");
}

#[test]
fn what_was_not_delivered_is_told_as_a_number() {
    const LINES: usize = 3000;
    let Some(mut nats) = NatsServer::start("") else { return };
    let (one, other) = (room(&nats, "--slow-limit 64k"), room(&nats, "--slow-limit 4M"));
    let (mut ana, mut bob) = (join(&one), join(&other));
    who(&mut bob, 2, DEADLINE);
    nats.kill();
    bus_event(&one, "lost");
    bus_event(&other, "lost");
    for number in 0..LINES {
        ana.send(format!("{number} {}\n", "x".repeat(100)));
    }
    one.wait_for("the last line", |e| e.is("line") && e.text("text").starts_with("2999 "));
    nats.resume();
    let unsent = one.wait_for("unsent lines", |e| e.is("bus") && e["what"] == "undelivered");
    let mut lines: usize = one
        .events()
        .iter()
        .filter(|e| e.is("bus") && e["what"] == "undelivered")
        .map(|e| usize::try_from(e.number("lines")).unwrap())
        .sum();
    assert!(unsent.number("lines") > 0 && unsent["machine"].is_null());
    let lost = other.wait_for("lost lines", |e| e.is("bus") && e["what"] == "undelivered");
    let told = usize::try_from(lost.number("lines")).unwrap();
    assert!(told >= 1000 && lost.text("machine").ends_with(&format!(":{}", one.port())), "{lost:?}");
    let (mut heard, mut notice) = (Vec::new(), String::new());
    while heard.last().is_none_or(|&last| last < LINES - 1) {
        let line = bob.receive_line();
        if let Some(text) = said(&line).strip_prefix("* ") {
            notice.push_str(text);
        } else {
            let (_, text) = said(&line).rsplit_once(": ").unwrap();
            heard.push(text.split(' ').next().unwrap().parse::<usize>().unwrap());
        }
    }
    assert!(notice.contains(&format!("{told} lines from ")), "{notice}");
    assert_eq!(told + heard.len(), LINES);
    assert!(heard.is_sorted_by(|a, b| a < b));
    // Both ends count the same.
    while lines < told {
        let all = one.wait_for_many("unsent lines", 1, |e| e.is("bus") && e["what"] == "undelivered");
        lines = all.iter().map(|e| usize::try_from(e.number("lines")).unwrap()).sum();
    }
    assert_eq!(lines, told);
}

#[test]
fn parts_that_join_again_have_one_holder_of_a_nick() {
    let Some(mut nats) = NatsServer::start("") else { return };
    let (one, other) = (room(&nats, ""), room(&nats, ""));
    let (mut ana, mut thief) = (join(&one), join(&other));
    who(&mut ana, 2, DEADLINE);
    nats.kill();
    for (room, member) in [(&one, &mut ana), (&other, &mut thief)] {
        bus_event(room, "lost");
        member.receive_line();
    }
    ana.send("/nick ana\n");
    assert!(ana.receive_line().contains("you are now ana"));
    support::pause(Duration::from_millis(20)); // what makes the other claim the younger one
    thief.send("/nick ana\n");
    assert!(thief.receive_line().contains("you are now ana"));
    nats.resume();
    let mut told = thief.receive_line();
    if told.contains("connection to the bus restored") {
        told = thief.receive_line();
    }
    let winner = format!("ana ({}) took the nick ana first", ana.local());
    assert!(told.contains(&winner) && told.contains(&format!("you are now {}", thief.local())), "{told}");
    other.wait_for("the loss", |e| e.is("member") && e["what"] == "nick" && e["nick"].is_null());
    thief.send("here\n");
    loop {
        let line = ana.receive_line();
        if line.ends_with(": here\n") {
            assert_eq!(said(&line), format!("{}: here", thief.local()));
            break;
        }
        assert!(
            line.contains("connection to the bus restored"),
            "the older claim keeps the nick in peace: {line}"
        );
    }
    assert_eq!(who(&mut ana, 2, DEADLINE)[0], format!("* ana ({}), you", ana.local()));
}

/// A machine that only the test knows.
fn message(kind: &str, fields: &Value) -> Vec<u8> {
    let mut message = json!({ "v": 1, "kind": kind, "origin": "aaaaaaaaaaaaaaaa", "machine": "fake:1" });
    message.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    message.to_string().into_bytes()
}

fn line(text: &str) -> Value {
    json!({ "time": "2026-11-27 03:44:00Z", "address": "10.0.0.1:5", "text": text, "member": 1 })
}

#[test]
fn a_gap_is_asked_for_and_what_is_gone_is_counted() {
    let Some(nats) = NatsServer::start("") else { return };
    let one = room(&nats, "");
    let mut ana = join(&one);
    let mut fake = NatsClient::connect(&nats, &["soquete.room.tea.again.aaaaaaaaaaaaaaaa"]);
    let say = |fake: &mut NatsClient, first: u64, texts: &[&str]| {
        let lines: Vec<Value> = texts.iter().map(|text| line(text)).collect();
        fake.publish(SUBJECT, &message("lines", &json!({ "first": first, "lines": lines })));
    };
    say(&mut fake, 1, &["one"]);
    assert_eq!(said(&ana.receive_line()), "10.0.0.1:5: one");
    say(&mut fake, 4, &["four"]);
    say(&mut fake, 1, &["one"]);
    let asked: Value = serde_json::from_str(&fake.receive().1).unwrap();
    assert_eq!((&asked["kind"], &asked["first"], &asked["count"]), (&json!("again"), &json!(2), &json!(2)));
    let answer = json!({ "first": 2, "next": 5, "lines": [line("two"), line("three")] });
    let to = format!("{SUBJECT}.to.{}", asked["origin"].as_str().unwrap());
    fake.publish(&to, &message("lines", &answer));
    for text in ["two", "three", "four"] {
        assert_eq!(said(&ana.receive_line()), format!("10.0.0.1:5: {text}"));
    }
    // Nobody answers.
    say(&mut fake, 42, &["later"]);
    fake.flush();
    assert_eq!(said(&ana.receive_line()), "* 37 lines from fake:1 lost");
    assert_eq!(said(&ana.receive_line()), "10.0.0.1:5: later");
    let lost = bus_event(&one, "undelivered");
    assert_eq!((lost.number("lines"), lost.text("machine")), (37, "fake:1"));
}

#[test]
fn hostile_messages_change_nothing() {
    let Some(nats) = NatsServer::start("max_payload: 2MB") else { return };
    let one = room(&nats, "--max-line 100");
    let mut ana = join(&one);
    ana.send("/nick ana\n");
    ana.receive_line();
    let mut bob = join(&one);
    let mut hostile = NatsClient::connect(&nats, &["soquete.room.tea"]);
    ana.send("first\n");
    bob.receive_line();
    let own: Value = serde_json::from_str(&hostile.receive().1).unwrap();
    let mut entry = line("forged");
    let mut wrong: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"\0\xff\x1b[2J".to_vec(),
        b"null".to_vec(),
        vec![b'['; 500_000],
        vec![b'x'; (1 << 20) + 1],
        own.to_string().into_bytes(),
        own.to_string().replace("\"v\":1", "\"v\":2").into_bytes(),
        own.to_string().replace("\"first\":", "\"first\":1000000").into_bytes(),
        message("lines", &json!({ "first": 0, "lines": [line("x")] })),
        message("lines", &json!({ "first": 1, "lines": vec![line("x"); 5000] })),
        message("again", &json!({ "first": 1, "count": 9_007_199_254_740_992_u64 })),
        message("members", &json!({ "part": 9, "parts": 3, "count": 0, "members": [] })),
        message("nonsense", &json!({})),
    ];
    for (field, value) in [
        ("nick", json!("operator")),
        ("nick", json!("a\u{1b}[31m")),
        ("nick", json!("x".repeat(500))),
        ("address", json!("10.0.0.1:5: x\nspoof")),
        ("address", json!("\u{202e}")),
        ("address", json!("")),
        ("member", json!(-1)),
        ("text", json!(7)),
    ] {
        entry[field] = value;
        wrong.push(message("lines", &json!({ "first": 1, "lines": [entry] })));
        entry = line("forged");
    }
    for payload in &wrong {
        hostile.publish(SUBJECT, payload);
        for below in ["presence", "again.aaaaaaaaaaaaaaaa", "to.aaaaaaaaaaaaaaaa"] {
            hostile.publish(&format!("{SUBJECT}.{below}"), payload);
        }
        let to_us = format!("{SUBJECT}.to.{}", own["origin"].as_str().unwrap());
        hostile.publish(&to_us, payload);
    }
    hostile.flush();
    // A nick that is taken is not had by saying so, and controls in a text are made visible.
    let mut spoof = line("\u{1b}[2J\nline two");
    spoof["nick"] = json!("ana");
    let many = "y".repeat(5000);
    let lines = json!({ "first": 1, "lines": [spoof, line(&many)] });
    hostile.publish(SUBJECT, &message("lines", &lines));
    assert_eq!(said(&bob.receive_line()), "10.0.0.1:5: ␛[2J␊line two");
    assert_eq!(said(&bob.receive_line()), format!("10.0.0.1:5: {}", "y".repeat(100)));
    let warned = one.wait_for("a warning", |e| e.is("warning"));
    assert!(warned.text("text").contains("ignored"), "{warned:?}");
    ana.send("last\n");
    assert_eq!(said(&bob.receive_line()), format!("ana ({}): last", ana.local()));
    let run = one.terminate();
    assert_eq!((run.code, run.named("bus").count()), (143, 1), "{run}");
}

#[test]
fn history_outlives_every_room_where_the_server_has_jetstream() {
    let Some(mut nats) = NatsServer::with_jetstream() else { return };
    let one = room(&nats, "--history 3");
    let mut ana = join(&one);
    ana.send("/nick ana\n");
    ana.receive_line();
    let name = format!("ana ({})", ana.local());
    for number in 1..=5 {
        ana.send(format!("{number}\n"));
    }
    one.wait_for("the last line", |e| e.is("line") && e["text"] == "5");
    let run = one.terminate();
    assert_eq!(run.named("warning").count(), 0, "{run}");
    nats.kill();
    nats.resume();
    let again = room(&nats, "--history 3");
    let mut bob = join(&again);
    for number in 3..=5 {
        assert_eq!(said(&bob.receive_line()), format!("{name}: {number}"));
    }
    bob.send("6\n");
    let mut eva = join(&again);
    for number in 4..=5 {
        assert_eq!(said(&eva.receive_line()), format!("{name}: {number}"));
    }
    assert!(eva.receive_line().ends_with(": 6\n"));
    assert_eq!(again.terminate().text().lines().count(), 1, "the past is not said again");
}

#[test]
fn without_jetstream_the_history_of_this_machine_is_said_once() {
    let Some(nats) = NatsServer::start("") else { return };
    let one = room(&nats, "--history 3");
    let mut ana = join(&one);
    ana.send("hi\n");
    one.event("line");
    assert!(join(&one).receive_line().ends_with(": hi\n"));
    let run = one.terminate();
    let warned: Vec<_> = run.named("warning").collect();
    assert_eq!(warned.len(), 1, "{run}");
    assert!(warned[0].text("text").contains("the server has no JetStream"), "{run}");
}

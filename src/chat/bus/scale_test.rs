//! Many machines in virtual time: what presence costs, and when a dead machine is forgotten. `docs/scale.md` shows the same
//! figures. All machines speak; one hears all the others, which are alike.

use super::envelope::Subject;
use super::link::{Link, LinkConfig, Now};
use crate::chat::remote::{RemoteId, RemoteName};
use crate::chat::{MemberId, Room, Rules, SlowPolicy};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

const RULES: Rules = Rules {
    raw: false,
    announce: false,
    history: 0,
    max_clients: usize::MAX,
    max_line: 4096,
    slow: SlowPolicy::Disconnect,
    slow_limit: 1 << 20,
};
const PAGE: &str = include_str!("../../../docs/scale.md");
/// Members of a machine.
const MEMBERS: usize = 10;
/// Each machine looks at the time so often, and starts at another time of this step.
const TICK: u64 = 500;
const STEP: u64 = 50;

struct Machine {
    room: Room,
    link: Link,
    /// When it dies without a word.
    dies: u64,
}

/// Messages to the bus, and the bytes in them.
#[derive(Clone, Copy, Debug, Default)]
struct Traffic {
    messages: usize,
    bytes: usize,
}

fn now(millis: u64) -> Now {
    let wall = Timestamp::from_millisecond(1_800_000_000_000 + i64::try_from(millis).unwrap()).unwrap();
    Now { uptime: Duration::from_millis(millis), wall }
}

fn machine(number: usize, members: usize) -> Machine {
    let mut room = Room::new(RULES);
    for member in 0..members {
        let id = room.join(&format!("10.{}.{}.7:50{member:03}", number / 250, number % 250), "t").unwrap();
        let line = format!("/nick user{number:04}-{member:04}\n");
        room.receive(id, &mut line.as_bytes(), "t", &mut |_| ());
    }
    let random = std::array::from_fn(|at| u8::try_from((number >> at) & 1).unwrap());
    let config =
        LinkConfig { machine: format!("host{number:04}:4333"), random, limit: 1 << 20, max_line: 4096 };
    Machine { room, link: Link::new(&config), dies: u64::MAX }
}

/// Runs machines from one time to another. What is for all is heard by the first one; answers and questions arrive where they
/// are sent to.
fn run(machines: &mut [Machine], from: u64, to: u64, mut at_step: impl FnMut(u64, &mut Machine)) -> Traffic {
    let mut traffic = Traffic::default();
    let names: BTreeMap<String, usize> =
        machines.iter().enumerate().map(|(number, machine)| (machine.link.origin.clone(), number)).collect();
    for millis in (from..to).step_by(usize::try_from(STEP).unwrap()) {
        for number in 0..machines.len() {
            let start = (number as u64 * 7 * STEP) % 2000;
            if millis < start || !(millis - start).is_multiple_of(TICK) || machines[number].dies <= millis {
                continue;
            }
            let Machine { room, link, .. } = &mut machines[number];
            if millis == start {
                link.greet(room, now(millis));
            }
            link.tick(room, now(millis), &mut |event| panic!("{event:?}"));
            deliver(machines, number, &names, millis, &mut traffic);
        }
        at_step(millis, &mut machines[0]);
    }
    traffic
}

fn deliver(
    machines: &mut [Machine],
    from: usize,
    names: &BTreeMap<String, usize>,
    millis: u64,
    traffic: &mut Traffic,
) {
    while let Some(message) = machines[from].link.next_message() {
        traffic.messages += 1;
        traffic.bytes += message.payload.len();
        let to = match &message.subject {
            Subject::Room | Subject::Presence => 0,
            Subject::Again(origin) | Subject::To(origin) => names[origin],
        };
        let Machine { room, link, dies } = &mut machines[to];
        if to != from && *dies > millis {
            link.receive(&message.payload, room, now(millis), &mut |event| panic!("{event:?}"));
            if to != 0 {
                deliver(machines, to, names, millis, traffic);
            }
        }
    }
}

fn check_rows(rows: &[String]) {
    let missing = rows.iter().filter(|row| !PAGE.lines().any(|line| line == **row));
    let missing: Vec<_> = missing.map(String::as_str).collect();
    assert!(missing.is_empty(), "docs/scale.md lacks these rows:\n{}", missing.join("\n"));
}

/// A row of the page: machines, what they send each second in messages and bytes, what arrives at all of them together, and
/// how long the dead are still listed.
fn presence(count: usize) -> String {
    const QUIET: u64 = 10_000;
    const WATCHED: u64 = 10_000;
    const DEAD: usize = 8;
    let mut machines: Vec<_> = (0..count).map(|number| machine(number, MEMBERS)).collect();
    run(&mut machines, 0, QUIET, |_, _| ());
    assert_eq!(machines[0].room.remote_count(), (count - 1) * MEMBERS, "all are known");
    let traffic = run(&mut machines, QUIET, QUIET + WATCHED, |_, _| ());
    let end = QUIET + WATCHED;
    // At all times between two of their messages.
    for (step, machine) in machines[1..=DEAD].iter_mut().enumerate() {
        machine.dies = end + step as u64 * 12 * STEP;
    }
    let dead: Vec<(u64, u32)> = machines[1..=DEAD]
        .iter()
        .map(|machine| (machine.dies, machines[0].link.peers.by_origin[&machine.link.origin].id))
        .collect();
    let mut listed: BTreeMap<u32, u64> = BTreeMap::new();
    run(&mut machines, end, end + 12_000, |millis, first| {
        for &(died, id) in dead.iter().filter(|(_, id)| first.room.remotes_of(*id) > 0) {
            listed.insert(id, (millis + STEP).saturating_sub(died));
        }
    });
    assert_eq!(machines[0].room.remote_count(), (count - 1 - DEAD) * MEMBERS, "the dead are forgotten");
    let (soonest, latest) = (listed.values().min().unwrap(), listed.values().max().unwrap());
    assert!(*latest < 10_000);
    let seconds = usize::try_from(WATCHED / 1000).unwrap();
    let (messages, bytes) = (traffic.messages / seconds, traffic.bytes / seconds);
    let [all_messages, all_bytes] = [messages, bytes].map(|each| each * (count - 1));
    let show = |millis: u64| format!("{}.{}", millis / 1000, millis % 1000 / 100);
    format!(
        "| {count} | {messages} | {bytes} | {all_messages} | {all_bytes} | {} to {} s |",
        show(*soonest),
        show(*latest)
    )
}

#[test]
fn the_page_has_the_figures_of_presence() {
    check_rows(&[10, 100, 1000].map(presence));
}

/// A list of so many members, in bytes.
fn list(members: usize) -> usize {
    let mut machine = machine(1, members);
    let now = now(0);
    machine.link.tick(&mut machine.room, now, &mut |_| ());
    while machine.link.next_message().is_some() {}
    machine.link.answer_who("0000000000000000", &machine.room);
    std::iter::from_fn(|| machine.link.next_message()).map(|message| message.payload.len()).sum()
}

/// Lines in one message, in bytes a line.
fn lines(count: usize) -> usize {
    let mut machine = machine(1, 1);
    let text = format!("{}\n", "x".repeat(40)).repeat(count);
    let id: MemberId = machine.room.present().next().unwrap().id;
    let link = &mut machine.link;
    machine.room.receive(id, &mut text.as_bytes(), "t", &mut |event| link.happened(&event, now(0)));
    machine.link.next_message().unwrap().payload.len() / count
}

#[test]
fn the_page_has_the_figures_of_messages() {
    check_rows(&[
        format!("| list of 1,000 members | {} |", list(1000)),
        format!("| one line of 40 characters | {} |", lines(1)),
        format!("| each of 32 lines of 40 characters | {} |", lines(32)),
    ]);
}

#[test]
fn who_lists_no_more_members_asks_for_none() {
    let mut machines = [machine(0, 0), machine(1, MEMBERS)];
    let room = &mut machines[0].room;
    for member in 0.. {
        if room.remotes_are_full() {
            break;
        }
        let name = RemoteName { address: "10.0.0.1:1", nick: "", claimed: 0, wins_tie: false };
        room.know_remote(RemoteId { machine: u32::MAX, member }, name);
    }
    run(&mut machines, 0, 5_000, |_, _| ());
    let quiet = run(&mut machines, 5_000, 25_000, |_, _| ());
    assert_eq!(machines[0].room.remotes_of(0), 0, "it is full");
    assert_eq!(quiet.messages, 2 * 10, "each says that it is there, nobody asks");
}

/// Set for the process in which the memory is measured alone.
const ALONE: &str = "SOQUETE_TEST_MEMORY";

#[test]
#[allow(clippy::print_stdout)] // to the process that asked
fn a_member_of_another_machine_takes_200_bytes_at_most() {
    const NAME: &str = "chat::bus::scale_test::a_member_of_another_machine_takes_200_bytes_at_most";
    if std::env::var_os(ALONE).is_some() {
        return println!("bytes: {}", memory(20_000));
    }
    let program = std::env::current_exe().unwrap();
    let run = Command::new(program).args(["--exact", NAME, "--nocapture"]).env(ALONE, "1").output().unwrap();
    let output = String::from_utf8(run.stdout).unwrap();
    let bytes = output.lines().find_map(|line| line.split_once("bytes: ")?.1.parse::<usize>().ok());
    assert!(bytes.is_some_and(|bytes| (50..=200).contains(&bytes)), "{output}");
}

/// Bytes for each of so many members with a nick.
fn memory(members: u32) -> usize {
    let (mut room, mut before) = (Room::new(RULES), 0);
    for number in 0..members {
        if number == 100 {
            // The code is in memory now.
            before = resident();
        }
        let address = format!("10.20.{}.{}:50000", number / 250, number % 250);
        let nick = format!("user-{number:06}");
        let name = RemoteName { address: &address, nick: &nick, claimed: 1, wins_tie: true };
        room.know_remote(RemoteId { machine: 1, member: number }, name);
    }
    assert_eq!(room.remote_count(), members as usize);
    (resident() - before) / members as usize
}

/// Bytes of memory of this process (proc(5)).
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

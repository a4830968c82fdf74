//! Machines on a bus that loses and doubles messages: everybody hears everything once and in order, or a number.

use super::envelope::Subject;
use super::link::{Link, LinkConfig, LinkEvent, Now};
use crate::chat::{MemberId, Room, RoomEvent, Rules, SlowPolicy};
use jiff::Timestamp;
use std::time::Duration;

const RULES: Rules = Rules {
    raw: false,
    announce: false,
    history: 0,
    max_clients: usize::MAX,
    max_line: 100,
    slow: SlowPolicy::Disconnect,
    slow_limit: 1 << 20,
};

struct Machine {
    room: Room,
    link: Link,
    member: MemberId,
    heard: Vec<u8>,
    lost: u64,
}

impl Machine {
    fn new(number: u8, limit: u64) -> Self {
        let mut room = Room::new(RULES);
        let member = room.join(&format!("10.0.0.{number}:1"), "t").unwrap();
        let config = LinkConfig {
            machine: format!("m{number}"),
            random: [number; 16],
            limit,
            max_line: RULES.max_line,
        };
        Self { room, link: Link::new(&config), member, heard: Vec::new(), lost: 0 }
    }

    fn say(&mut self, text: &str, now: Now) {
        let line = format!("{text}\n");
        let to_others = &mut self.link;
        let mut report = |event: RoomEvent<'_>| to_others.happened(&event, now);
        self.room.set_time(now.wall.as_millisecond());
        self.room.receive(self.member, &mut line.as_bytes(), "t", &mut report);
    }

    fn step(&mut self, payload: Option<&[u8]>, now: Now) {
        let lost = &mut self.lost;
        let mut report = |event| {
            if let LinkEvent::Lost { lines, .. } = event {
                *lost += lines;
            }
        };
        match payload {
            Some(payload) => self.link.receive(payload, &mut self.room, now, &mut report),
            None => self.link.tick(&mut self.room, now, &mut report),
        }
        let heard = &mut self.heard;
        let write = |slices: &[std::io::IoSlice<'_>]| {
            for slice in slices {
                heard.extend_from_slice(slice);
            }
            Ok(slices.iter().map(|slice| slice.len()).sum())
        };
        self.room.flush(self.member, "t", &mut |_| (), write).unwrap();
    }

    /// The texts that the member read of one speaker.
    fn texts(&self, address: &str) -> Vec<u32> {
        let text = String::from_utf8(self.heard.clone()).unwrap();
        let said = format!("] {address}: ");
        text.lines().filter_map(|line| line.split_once(&said)?.1.parse().ok()).collect()
    }
}

fn now(millis: u64) -> Now {
    let wall = Timestamp::from_millisecond(1_800_000_000_000 + i64::try_from(millis).unwrap()).unwrap();
    Now { uptime: Duration::from_millis(millis), wall }
}

/// Runs three machines, whose messages meet `fate`: how often each arrives.
fn run(machines: &mut [Machine], lines: u32, mut fate: impl FnMut(&Subject, u32) -> usize) {
    for machine in machines.iter_mut() {
        machine.link.greet(&machine.room, now(0));
    }
    for round in 0..lines + 100 {
        let now = now(u64::from(round) * 100);
        for from in 0..machines.len() {
            if round < lines {
                machines[from].say(&round.to_string(), now);
            }
            if round % 5 == 0 {
                machines[from].step(None, now);
            }
            while let Some(message) = machines[from].link.next_message() {
                for (_, machine) in machines.iter_mut().enumerate().filter(|(to, _)| *to != from) {
                    let concerned = machine.link.subjects().contains(&message.subject);
                    let times = if round < lines && concerned {
                        fate(&message.subject, round)
                    } else {
                        usize::from(concerned)
                    };
                    for _ in 0..times {
                        machine.step(Some(&message.payload), now);
                    }
                }
            }
        }
    }
}

fn machines(limit: u64) -> [Machine; 3] {
    [Machine::new(1, limit), Machine::new(2, limit), Machine::new(3, limit)]
}

#[test]
fn a_bus_that_loses_and_doubles_is_healed() {
    const LINES: u32 = 300;
    let (mut machines, mut state) = (machines(1 << 20), 7_u64);
    run(&mut machines, LINES, |subject, _| {
        if *subject != Subject::Room {
            return 1;
        }
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        [1, 1, 0, 2][usize::try_from(state >> 62).unwrap()]
    });
    for (number, machine) in machines.iter().enumerate() {
        assert_eq!(machine.lost, 0);
        for other in (0..3).filter(|other| *other != number) {
            let heard = machine.texts(&format!("10.0.0.{}:1", other + 1));
            // Lines before the first one received are not missing.
            let first = heard[0];
            assert!(first < 5 && heard.iter().copied().eq(first..LINES), "{heard:?}");
        }
    }
}

#[test]
fn what_nobody_has_any_more_is_counted() {
    const LINES: u32 = 4000;
    let mut machines = machines(4000);
    // Nothing arrives in the middle, of which about forty lines are kept.
    run(&mut machines, LINES, |_, round| usize::from(!(10..LINES - 10).contains(&round)));
    for (number, machine) in machines.iter().enumerate() {
        let heard: usize = (1..=3)
            .filter(|other| *other != number + 1)
            .map(|other| {
                let heard = machine.texts(&format!("10.0.0.{other}:1"));
                assert!(
                    heard.is_sorted_by(|a, b| a < b) && heard.last() == Some(&(LINES - 1)),
                    "{} {:?}",
                    heard.len(),
                    heard
                );
                heard.len()
            })
            .sum();
        assert!(machine.lost > 0);
        assert_eq!(heard as u64 + machine.lost, u64::from(2 * LINES));
    }
}

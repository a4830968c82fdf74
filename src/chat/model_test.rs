//! The room against a model that keeps a full copy of what each member is to read.

use super::testing::{STAMP, join, label, rules, send, take};
use super::*;
use crate::text::sanitize::visible_controls;
use proptest::prelude::*;
use std::time::Duration;

#[derive(Clone, Debug)]
enum Step {
    Join,
    Send(prop::sample::Index, Vec<u8>),
    Nick(prop::sample::Index, u8),
    Take(prop::sample::Index, usize),
    Leave(prop::sample::Index),
    Trim,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = any::<prop::sample::Index>;
    let byte = prop_oneof![4 => Just(b'\n'), 1 => Just(b'\r'), 1 => any::<u8>(), 9 => b'a'..b'e'];
    let bytes = proptest::collection::vec(byte, 0..40);
    let step = prop_oneof![
        2 => Just(Step::Join),
        8 => (who(), bytes).prop_map(|(i, b)| Step::Send(i, b)),
        2 => (who(), 0..3_u8).prop_map(|(i, n)| Step::Nick(i, n)),
        6 => (who(), 0..200_usize).prop_map(|(i, n)| Step::Take(i, n)),
        1 => who().prop_map(Step::Leave),
        1 => Just(Step::Trim),
    ];
    proptest::collection::vec(step, 0..80)
}

/// A member as the model sees it.
struct Model {
    id: MemberId,
    label: String,
    unfinished: Vec<u8>,
    expected: Vec<u8>,
    got: Vec<u8>,
}

impl Model {
    fn ends_line(&mut self) -> Vec<u8> {
        let mut line = std::mem::take(&mut self.unfinished);
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        [format!("[{STAMP}] {}: ", self.label).as_bytes(), &visible_controls(&line), b"\n"].concat()
    }
}

fn tell_others(models: &mut [Model], speaker: usize, line: &[u8]) {
    for (_, other) in models.iter_mut().enumerate().filter(|(at, _)| *at != speaker) {
        other.expected.extend_from_slice(line);
    }
}

fn say(models: &mut [Model], speaker: usize, bytes: &[u8]) {
    for &byte in bytes {
        if byte == b'\n' {
            let line = models[speaker].ends_line();
            tell_others(models, speaker, &line);
        } else {
            models[speaker].unfinished.push(byte);
        }
    }
}

fn apply(room: &mut Room, models: &mut Vec<Model>, port: &mut u16, step: Step) -> Result<(), TestCaseError> {
    let at =
        |i: prop::sample::Index, models: &Vec<Model>| (!models.is_empty()).then(|| i.index(models.len()));
    match step {
        Step::Join => {
            *port += 1;
            let (id, label) = (join(room, *port), label(*port));
            models.push(Model { id, label, unfinished: vec![], expected: vec![], got: vec![] });
        }
        Step::Send(i, bytes) => {
            let Some(i) = at(i, models) else { return Ok(()) };
            // Commands have tests of their own.
            let bytes: Vec<u8> = bytes.into_iter().filter(|b| *b != b'/').collect();
            say(models, i, &bytes);
            prop_assert_eq!(room.receive(models[i].id, &mut &bytes[..], STAMP, &mut |_| ()), Received::All);
        }
        Step::Nick(i, name) => {
            let Some(i) = at(i, models) else { return Ok(()) };
            let name = format!("{name}{i}n");
            say(models, i, b"\n");
            send(room, models[i].id, &format!("\n/nick {name}\n"));
            let label = models[i].label.rsplit(['(', ' ']).next().unwrap_or_default().trim_end_matches(')');
            models[i].label = format!("{name} ({label})");
            let notice = format!("[{STAMP}] * you are now {}\n", models[i].label);
            let taken =
                models.iter().enumerate().any(|(o, m)| o != i && m.label.starts_with(&format!("{name} ")));
            prop_assert!(!taken, "the model takes no nick twice");
            models[i].expected.extend_from_slice(notice.as_bytes());
        }
        Step::Take(i, most) => {
            let Some(i) = at(i, models) else { return Ok(()) };
            let bytes = take(room, models[i].id, most).0;
            models[i].got.extend(bytes);
            let model = &models[i];
            prop_assert!(model.expected.starts_with(&model.got));
        }
        Step::Leave(i) => {
            let Some(i) = at(i, models) else { return Ok(()) };
            if !models[i].unfinished.is_empty() {
                let line = models[i].ends_line();
                tell_others(models, i, &line);
            }
            let gone = models.swap_remove(i);
            room.leave(gone.id, None, STAMP, &mut |_| ());
            prop_assert_eq!(take(room, gone.id, 1000).0, Vec::<u8>::new());
        }
        Step::Trim => room.trim(),
    }
    Ok(())
}

proptest! {
    #[test]
    fn every_line_reaches_every_other_member_once_and_in_order(steps in steps()) {
        let mut room = Room::new(rules());
        let (mut models, mut port) = (Vec::new(), 0);
        for step in steps {
            // A nick of the model holds its owner's index, and a member that leaves changes the indexes.
            if matches!(step, Step::Leave(_)) && models.iter().any(|m: &Model| m.label.contains(' ')) {
                continue;
            }
            apply(&mut room, &mut models, &mut port, step)?;
        }
        for mut model in models {
            model.got.extend(take(&mut room, model.id, usize::MAX).0);
            prop_assert_eq!(String::from_utf8_lossy(&model.got), String::from_utf8_lossy(&model.expected));
        }
    }

    #[test]
    fn a_reader_that_skips_gets_whole_lines_in_order(
        takes in proptest::collection::vec((1..30_usize, 0..400_usize), 1..60),
        limit in 100_u64..2000,
    ) {
        let mut room = Room::new(Rules { slow: SlowPolicy::Drop, slow_limit: limit, ..rules() });
        let (a, b) = (join(&mut room, 1), join(&mut room, 2));
        let (mut said, mut got) = (0, Vec::new());
        for (lines, most) in takes {
            for _ in 0..lines {
                let text = format!("{said}\n");
                said += 1;
                while room.receive(a, &mut text.as_bytes(), STAMP, &mut |_| ()) == Received::Part {}
            }
            got.extend(take(&mut room, b, most).0);
            for step in 0..25 {
                room.measure_lag(Duration::from_millis(step * 50), |_, written| written);
            }
            room.trim();
        }
        got.extend(take(&mut room, b, usize::MAX).0);
        let text = String::from_utf8(got).unwrap();
        let frame = format!("[{STAMP}] 127.0.0.1:1: ");
        let notice = format!("[{STAMP}] * you read too slowly: ");
        let (mut heard, mut last, mut missed) = (0, None, 0);
        for line in text.split_terminator('\n') {
            if let Some(n) = line.strip_prefix(&frame) {
                let n: usize = n.parse().unwrap();
                prop_assert!(last < Some(n), "in order");
                last = Some(n);
                heard += 1;
            } else {
                let rest = line.strip_prefix(&notice);
                prop_assert!(rest.is_some(), "{}", line);
                let count = rest.unwrap().split(' ').next().unwrap();
                missed = count.parse::<usize>().unwrap();
            }
        }
        prop_assert_eq!(heard + missed, said);
    }
}

//! Conversations as a capture sees them.

use super::flow::{Flow, Relative};
use super::note::Note;
use super::packet::{Flags, Options, Segment};

/// A segment by words: `S`, `F`, `R`, `A`.
fn segment(flags: &str, seq: u32, ack: u32, len: u32) -> Segment {
    let has = |flag| flags.contains(flag);
    Segment {
        source: 1,
        destination: 2,
        seq,
        ack,
        flags: Flags { syn: has('S'), fin: has('F'), rst: has('R'), ack: has('A'), ..Flags::default() },
        window: if has('0') { 0 } else { 100 },
        len,
        options: Options { window_scale: has('S').then_some(7), ..Options::default() },
    }
}

/// A flow after the handshake of client 0 (numbers from 999) and server 1 (numbers from 4,999).
fn open() -> Flow {
    let mut flow = Flow::default();
    let notes: Vec<_> = [(0, "S", 999, 0), (1, "SA", 4999, 1000), (0, "A", 1000, 5000)]
        .map(|(side, flags, seq, ack)| flow.follow(side, &segment(flags, seq, ack, 0)).note)
        .into();
    assert_eq!(notes, (1..=3).map(|step| Some(Note::Handshake(step))).collect::<Vec<_>>());
    flow
}

fn notes(flow: &mut Flow, segments: &[(usize, &str, u32, u32, u32)]) -> Vec<Option<Note>> {
    segments
        .iter()
        .map(|(side, flags, seq, ack, len)| flow.follow(*side, &segment(flags, *seq, *ack, *len)).note)
        .collect()
}

#[test]
fn numbers_count_from_the_syn_and_windows_are_scaled_after_it() {
    let mut flow = Flow::default();
    let syn = flow.follow(0, &segment("S", u32::MAX, 0, 0));
    assert_eq!((syn.seq, syn.ack, syn.window), (0, None, 100));
    flow.follow(1, &segment("SA", 7, 0, 0));
    let data = flow.follow(0, &segment("A", 0, 8, 10));
    assert_eq!(
        data,
        Relative { seq: 1, ack: Some(1), window: 12_800, sack: None, note: Some(Note::Handshake(3)) }
    );
}

#[test]
fn a_connection_whose_start_was_not_seen_counts_from_1() {
    let mut flow = Flow::default();
    let first = flow.follow(0, &segment("A", 500, 900, 20));
    assert_eq!((first.seq, first.ack, first.note), (1, Some(1), None));
    let answer = flow.follow(1, &segment("A", 900, 520, 0));
    assert_eq!((answer.seq, answer.ack, answer.note, answer.window), (1, Some(21), None, 100));
}

#[test]
fn a_close_has_four_steps_that_segments_may_join() {
    let mut flow = open();
    let four = [
        (0, "FA", 1000, 5000, 0),
        (1, "A", 5000, 1001, 0),
        (1, "FA", 5000, 1001, 0),
        (0, "A", 1001, 5001, 0),
    ];
    let steps = |pairs: &[(u8, u8)]| pairs.iter().map(|(a, b)| Some(Note::Close(*a, *b))).collect::<Vec<_>>();
    assert_eq!(notes(&mut flow, &four), steps(&[(1, 1), (2, 2), (3, 3), (4, 4)]));
    let mut flow = open();
    let three = [(0, "FA", 1000, 5000, 0), (1, "FA", 5000, 1001, 0), (0, "A", 1001, 5001, 0)];
    assert_eq!(notes(&mut flow, &three), steps(&[(1, 1), (2, 3), (4, 4)]));
    assert_eq!(Note::Close(2, 3).to_string(), "close 2+3/4");
}

#[test]
fn what_was_sent_before_is_a_retransmission_unless_it_fills_a_hole() {
    let mut flow = open();
    let sent = [
        (0, "A", 1000, 5000, 10),
        (0, "A", 1020, 5000, 10),
        (0, "A", 1010, 5000, 10),
        (0, "A", 1000, 5000, 10),
    ];
    let expected = [None, Some(Note::Hole), Some(Note::OutOfOrder), Some(Note::Retransmission)];
    assert_eq!(notes(&mut flow, &sent), expected);
    assert_eq!(flow.follow(0, &segment("S", 999, 0, 0)).note, Some(Note::Retransmission));
}

#[test]
fn repeated_acknowledgements_are_counted_and_windows_watched() {
    let mut flow = open();
    let sent = [
        (0, "A", 1000, 5000, 10),
        (1, "A", 5000, 1000, 0),
        (1, "A", 5000, 1000, 0),
        (1, "A0", 5000, 1010, 0),
        (0, "A", 1010, 5000, 1),
        (1, "A", 5000, 1010, 0),
    ];
    let expected = [
        None,
        Some(Note::DuplicateAck(1)),
        Some(Note::DuplicateAck(2)),
        Some(Note::ZeroWindow),
        Some(Note::ZeroWindowProbe),
        Some(Note::WindowUpdate),
    ];
    assert_eq!(notes(&mut flow, &sent), expected);
}

#[test]
fn keep_alives_and_their_answers_are_told_apart() {
    let mut flow = open();
    let sent =
        [(0, "A", 1000, 5000, 4), (1, "A", 5000, 1004, 0), (0, "A", 1003, 5000, 0), (1, "A", 5000, 1004, 0)];
    assert_eq!(notes(&mut flow, &sent), [None, None, Some(Note::KeepAlive), Some(Note::KeepAliveAck)]);
}

#[test]
fn any_numbers_are_followed() {
    use proptest::prelude::*;
    proptest!(|(segments in prop::collection::vec((0..2usize, any::<[bool; 4]>(), any::<[u32; 2]>(), 0..70_000u32), 0..40))| {
        let mut flow = Flow::default();
        for (side, [s, f, r, a], [seq, ack], len) in segments {
            let flags: String = [(s, 'S'), (f, 'F'), (r, 'R'), (a, 'A')].iter().filter(|f| f.0).map(|f| f.1).collect();
            let relative = flow.follow(side, &segment(&flags, seq, ack, len));
            prop_assert_eq!(relative.ack.is_some(), a);
        }
    });
}

//! The policy against a connection made up for each case, and against histories made up at random.

use super::*;
use crate::relay::terms::*;
use proptest::prelude::*;
use std::cell::Cell;

/// A connection whose answers are set by hand.
#[derive(Clone, Debug)]
struct Fake {
    moved: Cell<u64>,
    sent: Cell<u64>,
    first_unacked: bool,
    unacked: u64,
    fin_acked: bool,
    awaits_last_ack: bool,
    silence: Duration,
    closed: bool,
    probed: bool,
    resets: bool,
    presence: Presence,
    input: bool,
}

impl Fake {
    fn calm() -> Self {
        Self {
            moved: Cell::new(0),
            sent: Cell::new(0),
            first_unacked: false,
            unacked: 0,
            fin_acked: false,
            awaits_last_ack: false,
            silence: Duration::ZERO,
            closed: false,
            probed: false,
            resets: false,
            presence: Presence::Here,
            input: false,
        }
    }
}

impl Connection for Fake {
    fn moved(&self) -> u64 {
        self.moved.get()
    }
    fn sent(&self) -> u64 {
        self.sent.get()
    }
    fn first_data_unacked(&self) -> bool {
        self.first_unacked
    }
    fn unacked(&self) -> u64 {
        self.unacked
    }
    fn fin_acked(&self) -> bool {
        self.fin_acked
    }
    fn awaits_last_ack(&self) -> bool {
        self.awaits_last_ack
    }
    fn silence(&self) -> Duration {
        self.silence
    }
    fn is_closed(&self) -> bool {
        self.closed
    }
    fn was_probed(&self) -> bool {
        self.probed
    }
    fn resets_on_close(&self) -> bool {
        self.resets
    }
    fn presence(&self) -> Presence {
        self.presence
    }
    fn has_input(&self) -> bool {
        self.input
    }
}

fn config() -> EndConfig {
    EndConfig {
        on_eof: OnEof::HalfClose,
        on_peer_eof: OnPeerEof::KeepWhilePresent,
        eof_wait: None,
        idle: None,
        send_only: false,
    }
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// Steps until the policy waits or ends; gives all it said.
fn said(policy: &mut RelayPolicy, now: Instant, connection: &Fake) -> Vec<Step> {
    let mut said = Vec::new();
    loop {
        let step = policy.step(now, connection);
        said.push(step);
        if !matches!(step, Step::SendFin | Step::StopInput | Step::ProbePeer | Step::SayWaiting) {
            return said;
        }
    }
}

fn last(policy: &mut RelayPolicy, now: Instant, connection: &Fake) -> Step {
    *said(policy, now, connection).last().expect("there is always a step")
}

const DONE: Step = Step::End(RelayEnd::Done);

#[test]
fn the_end_of_input_is_a_fin_and_an_answer_is_waited_for() {
    let (now, mut connection) = (Instant::now(), Fake::calm());
    let mut policy = RelayPolicy::new(config(), true, now);
    assert_eq!(said(&mut policy, now, &connection), [Step::Wait(None)]);
    connection.first_unacked = true;
    policy.input_ended(now);
    assert!(matches!(said(&mut policy, now, &connection)[..], [Step::Wait(Some(_))]), "FIN waits");
    connection.first_unacked = false;
    assert_eq!(said(&mut policy, now, &connection), [Step::SendFin, Step::Wait(None)]);
    assert_eq!(said(&mut policy, now + seconds(3600), &connection), [Step::Wait(None)]);
    policy.peer_ended(now + seconds(3600));
    assert_eq!(last(&mut policy, now + seconds(3600), &connection), DONE);
}

#[test]
fn without_a_reader_of_the_output_the_input_is_sent_as_far_as_it_goes() {
    let (now, unread) = (Instant::now(), Step::End(RelayEnd::OutputClosed));
    let (idle, busy) = (Fake::calm(), Fake { input: true, unacked: 1, ..Fake::calm() });
    let waits = |step| matches!(step, Step::Wait(Some(_)));
    let mut pipe = RelayPolicy::new(config(), true, now);
    pipe.output_read_by(OutputReader::Left);
    assert_eq!(last(&mut pipe, now, &busy), Step::Wait(None), "the input is open");
    pipe.output_read_by(OutputReader::Missed);
    assert!(waits(last(&mut pipe, now, &idle)) && waits(last(&mut pipe, now + seconds(2), &busy)));
    assert_eq!(last(&mut pipe, now + seconds(3), &busy), unread, "it may be endless");
    let mut file = RelayPolicy::new(config(), true, now).of_file(true);
    file.output_read_by(OutputReader::Missed);
    for second in 0..60 {
        busy.sent.set(1 + second);
        assert!(waits(last(&mut file, now + seconds(second), &busy)), "it is sent to its end");
    }
    file.input_ended(now + seconds(60));
    assert!(matches!(said(&mut file, now + seconds(60), &busy)[..], [Step::SendFin, Step::Wait(Some(_))]));
    assert_eq!(last(&mut file, now + seconds(60), &idle), unread);
    let stalled = Fake { unacked: 1, ..Fake::calm() };
    let mut file = RelayPolicy::new(config(), true, now).of_file(true);
    file.output_read_by(OutputReader::Missed);
    assert!(waits(last(&mut file, now, &stalled)));
    assert_eq!(last(&mut file, now + seconds(10), &stalled), Step::Unacked(1));
}

#[test]
fn a_terminal_ends_with_its_peer_and_a_file_does_not() {
    let now = Instant::now();
    let ends = EndConfig { on_peer_eof: OnPeerEof::End, ..config() };
    let mut policy = RelayPolicy::new(ends, true, now);
    policy.peer_ended(now);
    assert_eq!(said(&mut policy, now, &Fake::calm()), [Step::StopInput, Step::SendFin, DONE]);
    let keeps = EndConfig { on_peer_eof: OnPeerEof::Keep, ..config() };
    let mut policy = RelayPolicy::new(keeps, true, now);
    policy.peer_ended(now);
    let gone = Fake { presence: Presence::Left, ..Fake::calm() };
    assert!(matches!(last(&mut policy, now + seconds(9), &gone), Step::Wait(_)));
    let closed = Fake { closed: true, ..gone };
    assert_eq!(last(&mut policy, now + seconds(9), &closed), Step::Broken);
}

#[test]
fn a_pipe_is_sent_while_the_peer_is_here_and_no_longer() {
    let now = Instant::now();
    let mut policy = RelayPolicy::new(config(), true, now);
    policy.peer_ended(now);
    let mut connection = Fake::calm();
    assert!(matches!(said(&mut policy, now, &connection)[..], [Step::Wait(Some(_))]));
    let late = now + seconds(2);
    assert!(matches!(said(&mut policy, late, &connection)[..], [Step::SayWaiting, Step::Wait(_)]));
    assert!(matches!(said(&mut policy, late, &connection)[..], [Step::Wait(_)]), "it is said once");
    for presence in [Presence::Left, Presence::Unseen] {
        connection.presence = presence;
        connection.input = true;
        assert!(matches!(policy.step(late, &connection), Step::Wait(_)), "with more at hand sending fails");
        connection.input = false;
        let mut policy = policy_seen(late);
        assert_eq!(said(&mut policy, late, &connection), [Step::StopInput, Step::SendFin, DONE]);
    }
}

/// A policy that saw its peer here after the peer's FIN.
fn policy_seen(now: Instant) -> RelayPolicy {
    let mut policy = RelayPolicy::new(config(), true, now);
    policy.peer_ended(now);
    assert!(matches!(policy.step(now, &Fake::calm()), Step::Wait(_)));
    policy
}

#[test]
fn a_peer_elsewhere_is_probed_and_gone_only_when_the_probe_says_so() {
    let now = Instant::now();
    let mut policy = RelayPolicy::new(config(), true, now);
    policy.peer_ended(now);
    let unseen = Fake { presence: Presence::Unseen, ..Fake::calm() };
    assert!(matches!(said(&mut policy, now, &unseen)[..], [Step::ProbePeer, Step::Wait(_)]));
    assert!(matches!(last(&mut policy, now + seconds(600), &unseen), Step::Wait(_)), "it may still read");
    let closed = Fake { closed: true, ..unseen };
    assert_eq!(policy.step(now, &closed), Step::Broken, "a reset nobody probed for");
    let probed = Fake { probed: true, ..closed };
    assert_eq!(policy.step(now, &probed), Step::Gone);
    assert_eq!(policy.step(now, &Fake { unacked: 1, ..probed.clone() }), Step::Broken);
    assert_eq!(policy.step(now, &Fake { input: true, ..probed }), Step::Broken);
}

#[test]
fn what_was_never_acknowledged_is_no_success() {
    let now = Instant::now();
    let bounded = EndConfig { eof_wait: Some(seconds(3)), ..config() };
    let lost = Fake { unacked: 5, awaits_last_ack: true, ..Fake::calm() };
    let mut policy = RelayPolicy::new(bounded, true, now);
    policy.input_ended(now);
    policy.peer_ended(now);
    assert!(matches!(last(&mut policy, now + seconds(2), &lost), Step::Wait(Some(_))));
    assert_eq!(last(&mut policy, now + seconds(3), &lost), Step::Unacked(5));
    let mut policy = RelayPolicy::new(config(), true, now);
    policy.input_ended(now);
    policy.peer_ended(now);
    assert!(matches!(last(&mut policy, now + seconds(300), &lost), Step::Wait(Some(_))), "it is heard of");
    let silent = Fake { silence: SILENCE_LIMIT, ..lost };
    assert_eq!(last(&mut policy, now + seconds(300), &silent), Step::Unacked(5));
    let only_fin = Fake { unacked: 0, ..silent };
    assert_eq!(last(&mut policy, now + seconds(300), &only_fin), DONE);
}

#[test]
fn close_and_send_only_wait_for_the_acknowledgement() {
    let now = Instant::now();
    for config in [EndConfig { on_eof: OnEof::Close, ..config() }, EndConfig { send_only: true, ..config() }]
    {
        let mut policy = RelayPolicy::new(config, true, now);
        policy.input_ended(now);
        let sent = Fake { unacked: 1, ..Fake::calm() };
        assert!(matches!(said(&mut policy, now, &sent)[..], [Step::SendFin, Step::Wait(Some(_))]));
        assert!(matches!(last(&mut policy, now + seconds(20), &sent), Step::Wait(Some(_))));
        let acked = Fake { fin_acked: true, ..Fake::calm() };
        assert_eq!(policy.step(now, &acked), DONE);
    }
}

fn history() -> impl Strategy<Value = Vec<(u8, u64)>> {
    prop::collection::vec((0u8..8, 0u64..2000), 1..40)
}

fn any_config() -> impl Strategy<Value = (EndConfig, bool)> {
    let on_eof = prop_oneof![Just(OnEof::HalfClose), Just(OnEof::Keep), Just(OnEof::Close)];
    let on_peer_eof =
        prop_oneof![Just(OnPeerEof::End), Just(OnPeerEof::Keep), Just(OnPeerEof::KeepWhilePresent)];
    let time = prop::option::of((1u64..60).prop_map(Duration::from_secs));
    (on_eof, on_peer_eof, time.clone(), time, any::<bool>(), any::<bool>()).prop_map(
        |(on_eof, on_peer_eof, eof_wait, idle, send_only, has_input)| {
            (EndConfig { on_eof, on_peer_eof, eof_wait, idle, send_only }, has_input)
        },
    )
}

proptest! {
    /// Whatever happens in whatever order: FIN is sent once and never before the first data is acknowledged, the peer is
    /// probed and the waiting said once, a wait is never over before it began, and what was not acknowledged is no success
    /// once both sides have ended.
    #[test]
    fn every_history_keeps_the_rules((config, has_input) in any_config(), history in history()) {
        let mut now = Instant::now();
        let mut policy = RelayPolicy::new(config, has_input, now);
        let mut connection = Fake::calm();
        let (mut input_open, mut peer_open) = (has_input, true);
        let (mut fins, mut probes, mut notices, mut stops) = (0, 0, 0, 0);
        for (what, millis) in history {
            now += Duration::from_millis(millis);
            match what {
                0 if input_open => { input_open = false; policy.input_ended(now); }
                1 if peer_open => { peer_open = false; policy.peer_ended(now); }
                2 => connection.unacked = millis % 3,
                3 => connection.first_unacked = !connection.first_unacked,
                4 => connection.presence = [Presence::Here, Presence::Left, Presence::Unseen][(millis % 3) as usize],
                5 => connection.input = input_open && millis % 2 == 0,
                6 => connection.moved.set(connection.moved.get() + millis),
                _ => connection.awaits_last_ack = !connection.awaits_last_ack,
            }
            for step in said(&mut policy, now, &connection) {
                match step {
                    Step::SendFin => { fins += 1; prop_assert!(!connection.first_unacked); }
                    Step::StopInput => { stops += 1; prop_assert!(input_open && !peer_open); input_open = false; }
                    Step::ProbePeer => probes += 1,
                    Step::SayWaiting => { notices += 1; prop_assert!(input_open && !peer_open && !connection.input); }
                    Step::Wait(until) => prop_assert!(until.is_none_or(|until| until >= now)),
                    Step::End(RelayEnd::Done) if !input_open && !peer_open && config.on_eof != OnEof::Close => {
                        prop_assert_eq!(connection.unacked, 0);
                    }
                    Step::Unacked(bytes) => prop_assert!(bytes > 0 && !input_open),
                    Step::End(_) | Step::Gone | Step::Broken => {}
                }
            }
            prop_assert!(fins <= 1 && probes <= 1 && notices <= 1 && stops <= 1);
        }
    }
}

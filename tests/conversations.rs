//! Conversations made up at random, with every kind of ending at every moment: our `state` events equal the kernel's
//! record of each socket, whoever was faster.
//!
//! `SOQUETE_SEED=N` begins with another conversation, `SOQUETE_CONVERSATIONS=N` holds more of them.

mod support;

use std::time::Duration;
use support::*;

/// One step of either side.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The peer sends a little.
    Say,
    /// The peer sends more than buffers hold, or as much as is taken within a moment.
    Shout,
    /// The peer reads what is there.
    Listen,
    /// The peer sends FIN.
    HalfClose,
    /// The program's input gets a line.
    Type,
    /// The program's input ends.
    EndInput,
    /// Some microseconds pass.
    Wait(u32),
    /// The peer closes: by FIN, or by RST if something is unread.
    Close,
    /// The peer sends RST.
    Reset,
}

/// Numbers that look like chance, the same for one seed (splitmix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }

    fn step(&mut self) -> Step {
        match self.next(16) {
            0 | 1 => Step::Say,
            2 => Step::Shout,
            3 | 4 => Step::Listen,
            5 | 6 => Step::HalfClose,
            7 | 8 => Step::Type,
            9 | 10 => Step::EndInput,
            11 => Step::Close,
            12 => Step::Reset,
            _ => Step::Wait(u32::try_from(self.next(3000)).unwrap_or_default()),
        }
    }

    /// A few steps; the last ends the connection.
    fn conversation(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        for _ in 0..self.next(7) {
            match self.step() {
                Step::Close | Step::Reset => break,
                step => steps.push(step),
            }
        }
        steps.push(if self.next(3) == 0 { Step::Reset } else { Step::Close });
        steps.push(Step::EndInput);
        steps
    }
}

fn play(steps: &[Step], program: &mut Running, peer: Peer) {
    peer.hurry(Duration::from_millis(20));
    let mut peer = Some(peer);
    for step in steps {
        // What fails here failed because the program or the network was faster: part of the story.
        match (step, &mut peer) {
            (Step::Say, Some(peer)) => drop(peer.try_send("words\n")),
            (Step::Shout, Some(peer)) => drop(peer.try_send(noise(3 << 20))),
            (Step::Listen, Some(peer)) => drop(std::io::Read::read(&mut peer.stream(), &mut [0; 4096])),
            (Step::HalfClose, Some(peer)) => drop(peer.stream().shutdown(std::net::Shutdown::Write)),
            (Step::Type, _) => program.try_write("typed\n"),
            (Step::EndInput, _) => program.close_input(),
            (Step::Wait(micros), _) => pause(Duration::from_micros((*micros).into())),
            (Step::Close, _) => peer = None,
            (Step::Reset, _) => drop(peer.take().map(Peer::reset)),
            _ => {}
        }
    }
}

/// Told if the test fails meanwhile.
struct Story(String);

impl Drop for Story {
    fn drop(&mut self) {
        if std::thread::panicking() {
            note(&format!("the conversation was {}", self.0));
        }
    }
}

fn variable(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

#[test]
fn whatever_is_said_the_states_are_those_of_the_kernel() {
    let (first, count) = (variable("SOQUETE_SEED", 1), variable("SOQUETE_CONVERSATIONS", 60));
    for seed in first..first + count {
        let mut chance = Chance(seed);
        let steps = chance.conversation();
        let _story = Story(format!("SOQUETE_SEED={seed} {steps:?}"));
        let (mut kernel, mut program, peer) = if chance.next(2) == 0 {
            let door = Door::open();
            let kernel = Kernel::watch_port(door.port());
            let program = soquete(&format!("connect {}", door.address())).start();
            let peer = door.accept();
            (kernel, program, peer)
        } else {
            let kernel = Kernel::watch();
            let program = soquete("listen 127.0.0.1:0").start();
            kernel.narrow(program.port());
            let peer = Peer::connect(program.address());
            (kernel, program, peer)
        };
        play(&steps, &mut program, peer);
        let run = program.finish();
        kernel.confirm_all(&run);
        let reset = run.named("state").any(|e| e["op"] == "reset-received");
        assert_eq!(run.code, i32::from(reset), "a reset is 1, and nothing else here is: {run}");
    }
}

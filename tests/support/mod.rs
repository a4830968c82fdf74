//! The harness of the integration tests: the real binary against real sockets. Each test file takes what it needs.
//!
//! ```ignore
//! let mut server = soquete("listen 0 --echo").start();
//! let mut client = Peer::connect(server.address());
//! client.send(b"hi\n");
//! client.half_close();
//! assert_eq!(client.receive_all(), b"hi\n");
//! let run = server.finish();
//! assert_eq!(run.code, 0, "{run}");
//! ```
//!
//! Every program has a deadline: one that passes it is killed and fails its test with all it printed. Every line of a
//! JSON event stream is checked (`events`).
#![allow(dead_code, unused_imports)] // each test file uses a part

pub mod collect;
pub mod datagrams;
pub mod events;
pub mod folder;
pub mod kernel;
pub mod nats;
pub mod netns;
pub mod overrun;
pub mod peer_program;
pub mod peers;
pub mod pipe;
pub mod pki;
pub mod privilege;
pub mod program;
pub mod room;
pub mod running;
pub mod sandbox;
pub mod sockets;
pub mod terminal;
pub mod tty;
pub mod watchdog;
pub mod wire;

pub use datagrams::Mail;
pub use events::Event;
pub use folder::Folder;
pub use kernel::Kernel;
pub use netns::{Machine, PLUG, one_machine, two_machines};
pub use overrun::Overrun;
pub use peers::peer;
pub use pipe::pipe;
pub use privilege::{as_root, with_namespaces};
pub use program::{Soquete, soquete};
pub use room::join;
pub use running::{Run, Running};
pub use sockets::{Door, Peer, refusing_port};
pub use terminal::Terminal;
pub use tty::Tty;

use std::io::Write;
use std::time::Duration;

/// How long anything in a test may take before the test counts as failed; generous, because machines are busy.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Bytes that compress badly and repeat late, the same on every run (a 64-bit linear congruential generator).
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        bytes.extend_from_slice(&(state ^ (state >> 29)).to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// The user and group `nobody` of every Linux.
pub const NOBODY: u32 = 65534;

/// Whether the tests run as root, as those about other users and kernel records need to know.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether a missing helper fails a test instead of skipping it: `SOQUETE_REQUIRE_PEERS=1`.
pub fn must_not_skip() -> bool {
    std::env::var_os("SOQUETE_REQUIRE_PEERS").is_some_and(|v| v == "1")
}

/// Says that a test, or a part of it, cannot run here; fails where nothing may be skipped. `.ci/run` counts these lines.
pub fn skip(why: &str) {
    assert!(!must_not_skip(), "{why}, and SOQUETE_REQUIRE_PEERS=1 forbids to skip");
    let thread = std::thread::current();
    note(&format!("skipped: {}: {why}", thread.name().unwrap_or("a part of a test")));
}

/// Says something that must be seen although the test passes: the test runner keeps what macros print to itself.
pub fn note(what: &str) {
    // In one piece: other tests write there at the same time.
    let _ = std::io::stderr().write_all(format!("{what}\n").as_bytes());
}

/// Lets time pass that is part of the story: an answer that comes late, a peer that is silent. Never for readiness.
#[allow(clippy::disallowed_methods)] // a pause is what is wanted
pub fn pause(time: Duration) {
    std::thread::sleep(time);
}

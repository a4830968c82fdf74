//! The referee of our `state` events: what the kernel itself says sockets went through.
//!
//! As root it is the `sock:inet_sock_set_state` tracepoint, which records every change, in an instance of tracefs of our
//! own. Elsewhere the socket table is sampled, which sees what lasted. Sockets are told apart by their address pair:
//! the process a record names is whoever was on the processor, on loopback often the other end.

use super::privilege::in_user_namespace;
use super::{DEADLINE, Run, is_root, note, skip};
use sampler::Sampler;
use std::net::SocketAddr;
use std::sync::Once;
use std::time::{Duration, Instant};
use tracepoint::Tracepoint;

mod sampler;
mod tracepoint;

/// One change of one socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub local: SocketAddr,
    pub peer: SocketAddr,
    pub from: &'static str,
    pub to: &'static str,
    /// Of a clock that only goes forward.
    pub at: Duration,
}

/// Records what sockets go through from its start on.
pub enum Kernel {
    Tracepoint(Tracepoint),
    Sampler(Sampler),
}

impl Kernel {
    /// Starts to record every socket; the first time it says how.
    pub fn watch() -> Self {
        Self::start(None)
    }

    /// Starts to record sockets with this port at either end.
    pub fn watch_port(port: u16) -> Self {
        Self::start(Some(port))
    }

    fn start(port: Option<u16>) -> Self {
        static SAID: Once = Once::new();
        match Tracepoint::start(port) {
            Ok(tracepoint) => {
                SAID.call_once(|| note("states are compared with the tracepoint sock:inet_sock_set_state"));
                Self::Tracepoint(tracepoint)
            }
            Err(why) => {
                if is_root() && !in_user_namespace() {
                    skip(&format!("the tracepoint cannot be read ({why})"));
                }
                SAID.call_once(|| note("states are compared with samples of the socket table"));
                Self::Sampler(Sampler::start())
            }
        }
    }

    /// Records by sampling, also where there is a tracepoint.
    pub fn sample() -> Self {
        Self::Sampler(Sampler::start())
    }

    /// From now on only sockets with this port at either end matter.
    pub fn narrow(&self, port: u16) {
        if let Self::Tracepoint(tracepoint) = self {
            tracepoint.narrow(port);
        }
    }

    /// Fails unless the socket `conn` of `run` went through exactly the states that the kernel recorded, in order, and
    /// those that lasted were seen; answers them.
    ///
    /// Where TIME-WAIT begins, and where a socket is closed in FIN-WAIT-2, a stand-in takes over, and the record of the
    /// socket itself ends with CLOSED.
    pub fn confirm(&mut self, run: &Run, conn: u64) -> Vec<String> {
        let states = run.states(conn);
        let (local, peer) = pair_of(run, conn);
        match self {
            Self::Tracepoint(tracepoint) => {
                let told = as_the_kernel_tells(&states);
                let changes = tracepoint.changes_until_over(local, peer, Instant::now() + DEADLINE);
                let recorded = chain_of(&changes);
                assert_eq!(told, recorded, "ours (left) and the kernel's record of {local} {peer}: {run}");
                expect_lasting_seen(&changes, run, conn);
            }
            Self::Sampler(sampler) => {
                let seen = sampler.chain(local, peer);
                let mut ours = states.iter();
                let all_told = seen.iter().all(|s| ours.any(|o| o == s));
                assert!(all_told, "the socket table had {seen:?}, ours are {states:?}: {run}");
            }
        }
        states.iter().map(|s| (*s).to_owned()).collect()
    }

    /// As [`Self::confirm`] for every socket of a run.
    pub fn confirm_all(&mut self, run: &Run) {
        for conn in run.conns() {
            self.confirm(run, conn);
        }
    }
}

/// The addresses of a socket, unspecified where it has none; from its last `state` event, when it had all.
fn pair_of(run: &Run, conn: u64) -> (SocketAddr, SocketAddr) {
    let last = run.named("state").filter(|e| e["conn"] == conn).last().expect("a socket with states");
    let local = last.address("local").unwrap_or_else(|| panic!("a socket with an address: {last}"));
    let nowhere = if local.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    (local, last.address("peer").unwrap_or_else(|| nowhere.parse().expect("an address")))
}

fn as_the_kernel_tells<'a>(states: &[&'a str]) -> Vec<&'a str> {
    let mut told: Vec<&str> = states.iter().map(|s| if *s == "TIME-WAIT" { "CLOSED" } else { s }).collect();
    told.dedup();
    if told.last() == Some(&"FIN-WAIT-2") {
        told.push("CLOSED");
    }
    told
}

fn chain_of(changes: &[Change]) -> Vec<&'static str> {
    let mut chain: Vec<&'static str> = Vec::new();
    for change in changes {
        if chain.is_empty() {
            // connect(2) enters SYN-SENT before it has chosen a port; that change has another pair.
            chain.extend((change.from == "SYN-SENT").then_some("CLOSED"));
            chain.push(change.from);
        }
        chain.push(change.to);
    }
    chain
}

/// Longer than a busy machine keeps a thread waiting; what lasted as long was there to be seen.
const LASTING: Duration = Duration::from_millis(200);

fn expect_lasting_seen(changes: &[Change], run: &Run, conn: u64) {
    for pair in changes.windows(2).filter(|pair| pair[1].at.saturating_sub(pair[0].at) > LASTING) {
        let state = pair[0].to;
        let entry = run.named("state").find(|e| e["conn"] == conn && e.text("to") == state);
        let via = entry.map(|e| e.text("via"));
        assert_ne!(via, Some("implied"), "{state} lasted {:?}: {run}", pair[1].at.saturating_sub(pair[0].at));
    }
}

//! `stat`: the socket table against what the test arranged, against `ss`, and against one socket in each state.

#[path = "../support/mod.rs"]
mod support;

mod changes;
mod filters;
mod oracle;
mod processes;
mod sandbox;
mod show;
mod states;
mod top;
mod unix;
mod waits;

use serde_json::Value;
use std::fmt::Display;
use support::{Run, Soquete, Terminal, soquete};

/// `stat` with these words.
fn stat(words: impl Display) -> Soquete {
    soquete(&format!("stat {words}"))
}

/// Runs `stat`, which must find something. A port taken at random may have had connections a minute ago: what rests in
/// TIME-WAIT is left out.
fn rows(words: impl Display) -> Vec<Value> {
    let run = stat(words).run();
    assert_eq!(run.code, 0, "{run}");
    live(&run)
}

fn live(run: &Run) -> Vec<Value> {
    let mut rows = run.rows();
    rows.retain(|row| row["state"] != "TIME-WAIT");
    rows
}

/// A filter that leaves them out, too.
const LIVE: &str = "--state LISTEN,ESTABLISHED,CLOSED";

/// The row of the socket between these ends.
fn row(rows: &[Value], local: impl Display, peer: impl Display) -> &Value {
    let (local, peer) = (local.to_string(), peer.to_string());
    let found = rows.iter().find(|row| row["local"] == *local && row["peer"] == *peer);
    found.unwrap_or_else(|| panic!("no row {local} {peer} in {rows:#?}"))
}

/// Nothing on standard output, and the exit status of no match.
fn assert_no_match(run: &Run) {
    assert_eq!((run.code, run.text()), (1, ""), "{run}");
}

//! Conversations as time-sequence diagrams: two lifelines, the client's left, with the states of each end and an arrow for
//! each segment. Pure: events in, a drawing out, as text of 80 columns, Mermaid or SVG.

mod arrow;
mod build;
mod implied;
#[cfg(test)]
mod ladder_test;
mod mermaid;
mod svg;
mod text;

pub use arrow::arrow;
pub use build::{LadderBuilder, packet_words};
pub use implied::implied_segment;

use crate::event::{Proto, State};

/// The steps that are drawn of one conversation; more are counted.
const STEPS: usize = 400;
/// The conversations that are drawn; more are counted.
const CONVERSATIONS: usize = 24;
/// A silence that is longer is folded, microseconds.
const FOLD: i64 = 200_000;

/// The conversations of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ladder {
    /// In the order they began.
    pub conversations: Vec<Conversation>,
    /// How many more there were.
    pub left_out: usize,
    /// Whether packets were captured; without them the segments are implied by the states.
    pub has_packets: bool,
}

/// What two sockets said to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// The number of our socket.
    pub conn: u32,
    /// Transport.
    pub proto: Proto,
    /// The address of the client.
    pub client: String,
    /// The address of the server.
    pub server: String,
    /// In the order of cause and effect.
    pub steps: Vec<Step>,
    /// How many more steps there were.
    pub left_out: usize,
}

/// One of the two lifelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The client's.
    Left,
    /// The server's.
    Right,
}

/// One step, microseconds after the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: i64,
    /// What.
    pub what: What,
}

/// What happens in a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A segment or datagram crosses.
    Packet {
        /// Whose it is.
        from: Side,
        /// Its flags and numbers: `SYN seq 0`.
        words: String,
        /// What else is to be said: `handshake 1/3`.
        note: Option<String>,
        /// It never arrived, as far as is known.
        lost: bool,
        /// It was not captured: the states say that it must have been.
        implied: bool,
    },
    /// An end enters a state.
    State {
        /// Which end.
        side: Side,
        /// The state that it leaves.
        from: State,
        /// The state that it enters.
        to: State,
    },
}

impl Side {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }
}

impl Ladder {
    /// As text of 80 columns.
    #[must_use]
    pub fn to_text(&self) -> String {
        text::text(self)
    }

    /// As a Mermaid sequence diagram.
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        mermaid::mermaid(self)
    }

    /// As a picture.
    #[must_use]
    pub fn to_svg(&self) -> String {
        svg::svg(self)
    }

    /// What is missing in the drawing, in a sentence each.
    fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if !self.has_packets {
            remarks.push("No packets were captured: dashed arrows are implied by the states.".to_owned());
        }
        if self.left_out > 0 {
            remarks.push(format!("{} more conversations are not drawn.", self.left_out));
        }
        remarks
    }
}

/// A time after the first step, in the unit that people read: `0.014 ms`, `1.250 s`.
fn after(micros: i64) -> String {
    #[allow(clippy::cast_precision_loss)] // times of a run, far below 2^52 microseconds
    let (millis, seconds) = (micros as f64 / 1e3, micros as f64 / 1e6);
    if micros >= 10_000_000 {
        format!("{seconds:.1} s")
    } else if micros >= 1_000_000 {
        format!("{seconds:.2} s")
    } else {
        format!("{millis:.2} ms")
    }
}

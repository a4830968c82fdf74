//! The decisions of a port check, pure: the order of targets and answers, which answer counts, how it came out.

mod latencies;
mod order;
mod tally;

pub use latencies::Latencies;
pub use order::{Block, Group, InOrder, blocks, targets};
pub use tally::{Tally, Verdict, Wanted, says_more};

//! The stripped release binary.

use crate::plan::Plan;
use crate::table::{Goal, Ratio, Table};
use anyhow::Context as _;

/// Bytes with every feature, and with none.
const BOUND: f64 = if cfg!(all(feature = "tls", feature = "capture", feature = "nats")) { 7e6 } else { 4e6 };

/// Looks at the file that all the other sections run.
pub fn run(table: &mut Table, plan: &Plan) {
    let work = "stripped release binary";
    match plan.soquete.metadata().context("look at the binary") {
        Ok(about) => {
            #[allow(clippy::cast_precision_loss)] // a few megabytes
            let size = about.len() as f64;
            let ratio = Ratio::of([(size, BOUND)]);
            table.compare(
                work,
                format!("{:.2} MB", size / 1e6),
                format!("bound {:.0} MB", BOUND / 1e6),
                ratio,
                Goal::AtMost(1.0),
            );
        }
        Err(error) => table.fail(work, &error),
    }
}

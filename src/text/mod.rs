//! Text as people may see it. Pure: no sockets, no clock, nothing of ours; for whoever shows a peer's bytes.
//!
//! - `hidden`: the one table of characters that are not shown as they are.
//! - `sanitize`: text made visible by that table.

pub mod hidden;
pub mod sanitize;
pub mod upper;

pub use sanitize::Visible;

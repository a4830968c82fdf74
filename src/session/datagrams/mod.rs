//! What the datagram server and the datagram client share: standard input as datagrams, datagrams on standard output.

mod input;
mod output;
mod source;

pub use input::{DatagramInput, InputConfig};
pub use output::DatagramOutput;
pub use source::{DatagramSource, DatagramSplit};

//! The kernel's socket table, asked through `NETLINK_SOCK_DIAG` (`sock_diag`(7)): our own encoder and decoder.
//!
//! [`lookup`] answers what became of one connection, also after its descriptor was closed. No privilege is needed.
//! Nothing here prints; `sys::socket` and `cmd` use it.

mod channel;
mod decode;
mod find;
mod netlink;
mod request;
mod states;

pub use decode::{Timer, TimerKind};
pub use find::{Diag, Found, lookup};
pub use states::state_of;

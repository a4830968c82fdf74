//! The kernel's socket table, asked through `NETLINK_SOCK_DIAG` (`sock_diag`(7)): our own encoder and decoder.
//!
//! [`lookup`] finds one connection, also after its descriptor was closed. [`Tables`] reads whole tables, a row at a
//! time, of TCP, UDP and UNIX sockets; the kernel applies the filters. No privilege is needed. `sys::state`, `net` and
//! `session` use it.
//!
//! Encoding (`request`, `bytecode`) and decoding (`netlink`, `decode`, `unix`, `proc_net`) are pure: values to bytes,
//! bytes to values, whatever the bytes. `channel` alone makes system calls.

mod activity;
mod bytecode;
mod channel;
mod decode;
mod destroy_events;
mod filter;
mod find;
mod found;
mod meminfo;
mod netlink;
mod proc_find;
mod proc_net;
mod request;
mod row;
mod states;
mod tables;
mod unix;

pub use activity::ActivityCounters;
pub use decode::{Progress, rows};
pub use destroy_events::{DestroyEvents, Destroyed};
pub use filter::{End, Filter, Prefix};
pub use find::{Diag, lookup, lookup_cheaply};
pub use found::Found;
pub use proc_net::file_rows;
pub use request::{Families, Query};
pub use row::{Extended, InetRow, Row, Timer, UnixName, UnixRow};
pub use states::{States, state_of};
pub use tables::{Dumped, Source, Tables};

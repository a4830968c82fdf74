//! One connection looked up in the files of `/proc/net`, for where `sock_diag` is refused. Used by `find`.
//!
//! The kernel hands these files out a page at a time: a socket that moves within the table between two pages may be on
//! neither, so that only two readings that miss it say that it is not there. A long table takes long to read: a caller that
//! asks about every socket that closes gets no answer now and then.

use super::filter::{End, Filter, Prefix};
use super::found::{Found, is_between};
use super::proc_net;
use super::request::{Families, Query};
use super::row::Row;
use super::states::States;
use crate::event::Proto;
use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Readings that must miss a socket before it counts as gone.
const READINGS: usize = 2;
/// A reading that takes longer than this is followed by none for [`BACKOFF`] times as long.
const SHORT: Duration = Duration::from_millis(2);
const BACKOFF: u32 = 9;

/// As [`find`], unless that takes long.
///
/// # Errors
/// As there; `WouldBlock` while the last reading is too recent for what it cost.
pub(super) fn find_cheaply(proto: Proto, local: SocketAddr, peer: SocketAddr) -> io::Result<Option<Found>> {
    static NEXT: Mutex<Option<Instant>> = Mutex::new(None);
    let mut next = NEXT.lock().unwrap_or_else(PoisonError::into_inner);
    let began = Instant::now();
    if next.is_some_and(|next| began < next) {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    let found = find(proto, local, peer);
    let took = began.elapsed();
    *next = (took > SHORT).then(|| Instant::now() + took * BACKOFF);
    found
}

/// Looks for the socket between exactly these addresses, in canonical form.
///
/// # Errors
/// The files cannot be read.
pub(super) fn find(proto: Proto, local: SocketAddr, peer: SocketAddr) -> io::Result<Option<Found>> {
    let end = |a: SocketAddr| End { prefix: Some(Prefix::exact(a.ip())), ports: Some((a.port(), a.port())) };
    // A socket of IPv4 may be one of IPv6 that carries it.
    let families = if local.is_ipv4() { Families::Both } else { Families::V6 };
    let filter = Filter::All(vec![Filter::Local(end(local)), Filter::Peer(end(peer))]);
    let query = Query { families, states: States::EVERY, filter: Some(filter), ..Query::all(proto) };
    let mut found = None;
    for _ in 0..READINGS {
        proc_net::read(&query, &mut |row| {
            if let Row::Inet(row) = row
                && is_between(row, local, peer)
            {
                found = Some(Found::from(*row));
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        if found.is_some() {
            break;
        }
    }
    Ok(found)
}

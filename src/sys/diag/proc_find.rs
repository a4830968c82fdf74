//! One connection looked up in the files of `/proc/net`, for where `sock_diag` is refused. Used by `find`.
//!
//! The kernel hands these files out a page at a time: a socket that moves within the table between two pages may be on
//! neither, so that only two readings that miss it say that it is not there.

use super::decode::Table;
use super::filter::{End, Filter, Prefix};
use super::find::{Found, is_between};
use super::proc_net;
use super::request::{Families, Query};
use super::row::Row;
use super::states::States;
use crate::event::Proto;
use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;

/// Readings that must miss a socket before it is called gone.
const READINGS: usize = 2;

/// Looks for the socket between exactly these addresses, in canonical form.
///
/// # Errors
/// The files cannot be read.
pub(super) fn find(proto: Proto, local: SocketAddr, peer: SocketAddr) -> io::Result<Option<Found>> {
    let end = |a: SocketAddr| End { prefix: Some(Prefix::exact(a.ip())), ports: Some((a.port(), a.port())) };
    // A socket of IPv4 may be one of IPv6 that carries it.
    let families = if local.is_ipv4() { Families::Both } else { Families::V6 };
    let filter = Filter::All(vec![Filter::Local(end(local)), Filter::Peer(end(peer))]);
    let query =
        Query { families, states: States::EVERY, filter: Some(filter), ..Query::all(Table::Inet(proto)) };
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

//! The process that holds an address in use (bind(2), listen(2)). Looked up when the error is printed, never before.
//! Used by `error`.

use super::diag::{End, Filter, Query, Row, States, Tables, UnixName};
use super::process::{self, Holders};
use crate::event::{Proto, State, UnixAddress};
use std::net::{IpAddr, SocketAddr};
use std::ops::ControlFlow;

/// Processes that are named; a server of many processes has one listener.
const NAMED: usize = 3;

/// What could not be bound.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    /// An internet address, for IPv6 alone or for IPv4 as well.
    Inet { proto: Proto, address: SocketAddr, v6only: bool },
    /// A UNIX socket's.
    Unix(UnixAddress),
}

/// The processes in the way, as `nginx(812), nginx(813) and 2 more`; `None` where they cannot be seen.
pub(super) fn names(wanted: &Wanted) -> Option<String> {
    let inodes = inodes(wanted)?;
    let holders = process::holders(inodes.iter().copied()).ok()?;
    Some(list(&holders, &inodes)).filter(|text| !text.is_empty())
}

/// The sockets in the way. A listener is what stands in a server's way, beside it its connections do not.
fn inodes(wanted: &Wanted) -> Option<Vec<u32>> {
    let (proto, filter) = match wanted {
        Wanted::Inet { proto, address, .. } => (*proto, Some(Filter::Local(End::port(address.port())))),
        Wanted::Unix(_) => (Proto::Unix, None),
    };
    // Extended rows say whether a socket is for IPv6 alone.
    let query = Query { states: States::EVERY, filter, extended: true, ..Query::all(proto) };
    let (mut listening, mut others) = (Vec::new(), Vec::new());
    let visit = &mut |row: &Row<'_>, _| {
        if let Some((state, inode)) = wanted.meets(row) {
            if state == State::Listen { &mut listening } else { &mut others }.push(inode);
        }
        ControlFlow::Continue(())
    };
    Tables::new().dump(&query, visit).ok()?;
    Some(if listening.is_empty() { others } else { listening })
}

impl Wanted {
    /// The state and inode of a row whose address and this one are, or hold, the same.
    fn meets(&self, row: &Row<'_>) -> Option<(State, u32)> {
        match (self, row) {
            (Self::Inet { address, v6only, .. }, Row::Inet(row)) => {
                let other_only = row.extended.v6only.unwrap_or(false);
                let (own, other) = (address.ip().to_canonical(), row.local.ip().to_canonical());
                let same = own == other || holds(own, *v6only, other) || holds(other, other_only, own);
                same.then_some((row.state, row.inode))
            }
            (Self::Unix(address), Row::Unix(row)) => {
                let same = match (address, &row.name) {
                    (UnixAddress::Path(own), UnixName::Path(other))
                    | (UnixAddress::Abstract(own), UnixName::Abstract(other)) => **own == **other,
                    _ => false,
                };
                same.then_some((row.state, row.inode))
            }
            _ => None,
        }
    }
}

/// Whether `every` is the unspecified address and stands for `one` too.
fn holds(every: IpAddr, v6only: bool, one: IpAddr) -> bool {
    every.is_unspecified() && (every.is_ipv4() == one.is_ipv4() || (every.is_ipv6() && !v6only))
}

fn list(holders: &Holders, inodes: &[u32]) -> String {
    let mut found: Vec<_> = inodes.iter().flat_map(|inode| holders.of(*inode)).collect();
    found.sort_by_key(|process| process.pid);
    found.dedup_by_key(|process| process.pid);
    let name =
        |process: &&process::Process| format!("{}({})", String::from_utf8_lossy(&process.name), process.pid);
    let named: Vec<String> = found.iter().take(NAMED).map(name).collect();
    match found.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    fn holds(every: &str, v6only: bool, one: &str) -> bool {
        super::holds(every.parse().unwrap(), v6only, one.parse().unwrap())
    }

    #[test]
    fn the_unspecified_address_holds_its_family_and_an_open_ipv6_one_both() {
        assert!(holds("0.0.0.0", false, "127.0.0.1"));
        assert!(!holds("0.0.0.0", false, "::1"));
        assert!(holds("::", false, "127.0.0.1") && holds("::", true, "::1"));
        assert!(!holds("::", true, "127.0.0.1"));
        assert!(!holds("127.0.0.1", false, "127.0.0.1"));
    }
}

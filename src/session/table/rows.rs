//! Rows of the socket table as rows of a report.

use crate::event::table::{ExtendedFields, ProcessRow, SocketRow};
use crate::event::{Address, EscapedBytes, Proto, State, UnixAddress};
use crate::sys::diag::{Extended, InetRow, Row, Timer, UnixName, UnixRow};
use crate::sys::interface;
use crate::sys::process::Holders;
use crate::text::number::counted;

/// The optional columns of a row.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a> {
    /// The holders of all sockets, where processes are shown.
    pub holders: Option<&'a Holders>,
    /// Whether all that the kernel says is shown.
    pub extended: bool,
    /// The source of the row, if it is not `sock_diag`.
    pub source: Option<&'static str>,
}

/// A row of the report.
pub(super) fn socket(row: &Row<'_>, columns: Columns<'_>) -> SocketRow {
    let mut made = match row {
        Row::Inet(row) => inet(row, columns),
        Row::Unix(row) => unix(row, columns),
    };
    if let Some(holders) = columns.holders {
        let processes = processes(holders, made.inode);
        if processes.is_empty() && made.inode != 0 && holders.hidden() > 0 {
            let hidden = counted(holders.hidden() as u64, "process", "processes");
            made.processes_hidden = Some(format!("permission denied for {hidden}"));
        }
        made.processes = Some(processes);
    }
    made
}

fn inet(row: &InetRow<'_>, columns: Columns<'_>) -> SocketRow {
    let (local, peer) = ends(row);
    SocketRow {
        proto: row.proto,
        kind: None,
        local,
        peer,
        peer_inode: None,
        state: row.state,
        queues: row.queues,
        uid: Some(row.uid),
        inode: row.inode,
        processes: None,
        processes_hidden: None,
        extended: columns.extended.then(|| Box::new(extended(row))),
        source: columns.source,
    }
}

fn unix(row: &UnixRow<'_>, columns: Columns<'_>) -> SocketRow {
    let cookie = (row.cookie != 0).then_some(row.cookie);
    let more = || ExtendedFields { memory: row.memory, cookie, ..ExtendedFields::default() };
    SocketRow {
        proto: Proto::Unix,
        kind: Some(row.kind),
        local: unix_address(row.name),
        peer: None,
        peer_inode: row.peer,
        state: row.state,
        queues: row.queues,
        uid: row.uid,
        inode: row.inode,
        processes: None,
        processes_hidden: None,
        extended: columns.extended.then(|| Box::new(more())),
        source: columns.source,
    }
}

/// Both ends; an unspecified peer is none.
pub(super) fn ends(row: &InetRow<'_>) -> (Option<Address>, Option<Address>) {
    let none = row.peer.port() == 0 && row.peer.ip().is_unspecified();
    (Some(Address::Inet(row.local)), (!none).then_some(Address::Inet(row.peer)))
}

/// What a UNIX socket is bound to, if it is.
pub(super) fn unix_address(name: UnixName<'_>) -> Option<Address> {
    let address = match name {
        UnixName::Unnamed => return None,
        UnixName::Path(path) => UnixAddress::Path(path.into()),
        UnixName::Abstract(name) => UnixAddress::Abstract(name.into()),
    };
    Some(Address::Unix(address))
}

/// The processes that hold a socket.
pub(super) fn processes(holders: &Holders, inode: u32) -> Vec<ProcessRow> {
    holders.of(inode).map(|p| ProcessRow { pid: p.pid, name: EscapedBytes(&p.name).to_string() }).collect()
}

fn extended(row: &InetRow<'_>) -> ExtendedFields {
    let Extended { congestion, memory, tos, traffic_class, shutdown, v6only, .. } = row.extended;
    // A listener's TCP_INFO says nothing of a connection.
    let info = row.extended.tcp_info().filter(|_| row.state != State::Listen);
    let millis = |timer: Timer| u64::try_from(timer.left.as_millis()).unwrap_or(u64::MAX);
    ExtendedFields {
        info: info.map(|info| info.fields()),
        timer: row.timer.map(|running| running.kind),
        timer_ms: row.timer.map(millis),
        timer_fired: row.timer.map(|running| running.fired),
        congestion: congestion.map(|name| EscapedBytes(name).to_string()),
        memory,
        tos: tos.or(traffic_class),
        v6only: v6only.filter(|_| row.local.is_ipv6()),
        shut: [None, Some("receive"), Some("send"), Some("both")][usize::from(shutdown & 3)],
        interface: (row.interface != 0).then(|| interface::name(row.interface)),
        cookie: (row.cookie != 0).then_some(row.cookie),
    }
}

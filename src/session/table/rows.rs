//! The kernel's rows as rows of a report.

use crate::event::Proto;
use crate::event::State;
use crate::event::table::{ExtendedFields, MemoryFields, Name, ProcessRow, SocketRow, Transport};
use crate::sys::diag::{self, Extended, InetRow, Memory, Row, Timer, TimerKind, UnixKind, UnixName, UnixRow};
use crate::sys::interface;
use crate::sys::process::Holders;
use crate::text::number::counted;
use std::fmt::Write;

/// What a row shows beside what every row shows.
#[derive(Clone, Copy)]
pub(super) struct Shown<'a> {
    /// Who holds what, when processes are wanted.
    pub holders: Option<&'a Holders>,
    /// `-e`.
    pub extended: bool,
    /// Where rows come from, if not from the usual place.
    pub source: Option<&'static str>,
}

/// A row of the report.
pub(super) fn socket(row: &Row<'_>, shown: Shown<'_>) -> SocketRow {
    let mut made = match row {
        Row::Inet(row) => inet(row, shown),
        Row::Unix(row) => unix(row, shown),
    };
    if let Some(holders) = shown.holders {
        let processes = processes(holders, made.inode);
        if processes.is_empty() && made.inode != 0 && holders.hidden() > 0 {
            let hidden = counted(holders.hidden() as u64, "process", "processes");
            made.processes_hidden = Some(format!("permission denied for {hidden}"));
        }
        made.processes = Some(processes);
    }
    made
}

fn inet(row: &InetRow<'_>, shown: Shown<'_>) -> SocketRow {
    let (local, peer) = names(row);
    SocketRow {
        proto: transport(row.proto),
        kind: None,
        local,
        peer,
        peer_inode: None,
        state: row.state,
        queues: queues(row.queues),
        uid: Some(row.uid),
        inode: row.inode,
        processes: None,
        processes_hidden: None,
        extended: shown.extended.then(|| Box::new(extended(row))),
        source: shown.source,
    }
}

fn unix(row: &UnixRow<'_>, shown: Shown<'_>) -> SocketRow {
    let cookie = (row.cookie != 0).then_some(row.cookie);
    let more = || ExtendedFields { memory: row.memory.map(memory), cookie, ..ExtendedFields::default() };
    SocketRow {
        proto: Transport::Unix,
        kind: Some(kind(row.kind)),
        local: unix_name(row.name),
        peer: None,
        peer_inode: row.peer,
        state: row.state,
        queues: queues(row.queues),
        uid: row.uid,
        inode: row.inode,
        processes: None,
        processes_hidden: None,
        extended: shown.extended.then(|| Box::new(more())),
        source: shown.source,
    }
}

/// Both ends; the other one is none where it is unspecified.
pub(super) fn names(row: &InetRow<'_>) -> (Option<Name>, Option<Name>) {
    let none = row.peer.port() == 0 && row.peer.ip().is_unspecified();
    (Some(Name::Inet(row.local)), (!none).then_some(Name::Inet(row.peer)))
}

pub(super) const fn transport(proto: Proto) -> Transport {
    match proto {
        Proto::Tcp => Transport::Tcp,
        Proto::Udp => Transport::Udp,
    }
}

/// The name of a UNIX socket as text.
pub(super) fn unix_name(name: UnixName<'_>) -> Option<Name> {
    match name {
        UnixName::Unnamed => None,
        UnixName::Path(path) => Some(Name::Unix(text(path))),
        UnixName::Abstract(name) => Some(Name::Unix(format!("@{}", text(name)))),
    }
}

/// The processes that hold a socket.
pub(super) fn processes(holders: &Holders, inode: u32) -> Vec<ProcessRow> {
    holders.of(inode).map(|p| ProcessRow { pid: p.pid, name: text(&p.name) }).collect()
}

/// Bytes as text; what is no UTF-8 as `\xff`.
fn text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a string does not fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

const fn kind(kind: UnixKind) -> &'static str {
    match kind {
        UnixKind::Stream => "stream",
        UnixKind::Datagram => "dgram",
        UnixKind::Packet => "seqpacket",
    }
}

const fn queues(queues: diag::Queues) -> crate::event::table::Queues {
    use crate::event::table::Queues;
    match queues {
        diag::Queues::Accept { waiting, max } => Queues::Accept { accept_queue: waiting, accept_max: max },
        diag::Queues::Data { recv, send } => Queues::Data { recv_queue: recv, send_queue: send },
    }
}

fn extended(row: &InetRow<'_>) -> ExtendedFields {
    let Extended { congestion, memory: taken, tos, traffic_class, shutdown, v6only, .. } = row.extended;
    // A listener's TCP_INFO says nothing of a connection.
    let info = row.extended.tcp_info().filter(|_| row.state != State::Listen);
    let millis = |timer: Timer| u64::try_from(timer.left.as_millis()).unwrap_or(u64::MAX);
    ExtendedFields {
        info: info.map(|info| info.fields()),
        timer: row.timer.map(|running| timer(running.kind)),
        timer_ms: row.timer.map(millis),
        timer_fired: row.timer.map(|running| running.fired),
        congestion: congestion.map(text),
        memory: taken.map(memory),
        tos: tos.or(traffic_class),
        v6only: v6only.filter(|_| row.local.is_ipv6()),
        shut: [None, Some("receive"), Some("send"), Some("both")][usize::from(shutdown & 3)],
        interface: (row.interface != 0).then(|| interface::name(row.interface)),
        cookie: (row.cookie != 0).then_some(row.cookie),
    }
}

const fn timer(kind: TimerKind) -> &'static str {
    match kind {
        TimerKind::Retransmit => "retransmit",
        TimerKind::Keepalive => "keepalive",
        TimerKind::TimeWait => "time-wait",
        TimerKind::Probe => "probe",
    }
}

const fn memory(memory: Memory) -> MemoryFields {
    MemoryFields {
        recv_memory: memory.received,
        recv_buffer: memory.receive_buffer,
        send_memory: memory.sending,
        send_buffer: memory.send_buffer,
        forward_memory: memory.forward,
        queued_memory: memory.queued,
        option_memory: memory.options,
        backlog_memory: memory.backlog,
        drops: memory.drops,
    }
}

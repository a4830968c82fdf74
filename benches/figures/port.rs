//! Free ports, and the socket table for when a server of somebody else is ready.

use crate::proc::{Process, until};
use anyhow::{Context as _, Result};
use rustix::net::{AddressFamily, SocketAddrAny, SocketType, bind, getsockname};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::path::Path;

/// A TCP port of 127.0.0.1 that nobody holds (now).
pub fn free() -> Result<u16> {
    let holder = socket()?;
    bind(&holder, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).context("bind")?;
    of(&holder)
}

/// A UDP port of 127.0.0.1 that nobody holds (now).
pub fn free_for_datagrams() -> Result<u16> {
    of(&datagram_socket(0)?)
}

/// The port that a socket is bound to.
pub fn of(socket: &OwnedFd) -> Result<u16> {
    let address: SocketAddrAny = getsockname(socket).context("getsockname")?;
    Ok(SocketAddr::try_from(address).context("address")?.port())
}

/// An IPv4 TCP socket.
pub fn socket() -> Result<OwnedFd> {
    rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).context("socket")
}

/// A UDP socket on `port` of 127.0.0.1; 0 takes a free one.
pub fn datagram_socket(port: u16) -> Result<OwnedFd> {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::DGRAM, None).context("socket")?;
    bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, port))).context("bind")?;
    Ok(socket)
}

/// A listener on a free port of 127.0.0.1.
pub fn listener() -> Result<OwnedFd> {
    let listener = socket()?;
    bind(&listener, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).context("bind")?;
    rustix::net::listen(&listener, 4096).context("listen")?;
    Ok(listener)
}

/// Waits until the kernel's table shows a listener on `port`.
pub fn listening(port: u16, server: &Process) -> Result<()> {
    until(server, || Ok(has(["/proc/net/tcp", "/proc/net/tcp6"], port, "0A")?.then_some(())))
}

/// Waits until proc(5)'s table shows a listener at this path: the flags in its fourth column hold `SO_ACCEPTCON`.
pub fn listening_at(path: &Path, server: &Process) -> Result<()> {
    until(server, || {
        let text = std::fs::read_to_string("/proc/net/unix").context("read /proc/net/unix")?;
        let (path, listens) = (path.display().to_string(), "00010000");
        let is_it =
            |line: &str| line.ends_with(&path) && line.split_ascii_whitespace().nth(3) == Some(listens);
        Ok(text.lines().any(is_it).then_some(()))
    })
}

/// Waits until the kernel's table shows a UDP socket of no peer on `port`.
pub fn receiving(port: u16, server: &Process) -> Result<()> {
    until(server, || Ok(has(["/proc/net/udp", "/proc/net/udp6"], port, "07")?.then_some(())))
}

/// Once nothing waits in the UDP socket on `port`: how many datagrams found its queue full, the columns `rx_queue` and `drops`
/// of proc(5)'s table.
pub fn drops_if_empty(port: u16) -> Option<u32> {
    let (table, ending) = (std::fs::read_to_string("/proc/net/udp").ok()?, format!(":{port:04X}"));
    let columns = |line: &'_ str| line.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let row =
        table.lines().map(columns).find(|row| row.get(1).is_some_and(|local| local.ends_with(&ending)))?;
    let waiting = row.get(4)?.split(':').nth(1)?;
    (u64::from_str_radix(waiting, 16) == Ok(0)).then(|| row.last()?.parse().ok())?
}

/// Reads proc(5)'s tables: columns `sl local_address rem_address st …`, state 0A is LISTEN, and 07 is a UDP socket that
/// is bound and not connected.
fn has(tables: [&str; 2], port: u16, state: &str) -> Result<bool> {
    let ending = format!(":{port:04X}");
    for table in tables {
        let text = std::fs::read_to_string(table).with_context(|| format!("read {table}"))?;
        let found = text.lines().any(|line| {
            let mut columns = line.split_ascii_whitespace().skip(1);
            columns.next().is_some_and(|local| local.ends_with(&ending)) && columns.nth(1) == Some(state)
        });
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

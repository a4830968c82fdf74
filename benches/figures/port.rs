//! Free ports, and the socket table for when a server of somebody else is ready.

use crate::proc::{Process, until};
use anyhow::{Context as _, Result};
use rustix::net::{AddressFamily, SocketAddrAny, SocketType, bind, getsockname};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;

/// A TCP port of 127.0.0.1 that nobody holds (now).
pub fn free() -> Result<u16> {
    let holder = socket()?;
    bind(&holder, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).context("bind")?;
    let address: SocketAddrAny = getsockname(&holder).context("getsockname")?;
    Ok(SocketAddr::try_from(address).context("address")?.port())
}

/// An IPv4 TCP socket.
pub fn socket() -> Result<OwnedFd> {
    rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).context("socket")
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
    until(server, || Ok(has_listener(port)?.then_some(())))
}

/// Reads `proc_net_tcp(5)`: columns `sl local_address rem_address st …`, state 0A is LISTEN.
fn has_listener(port: u16) -> Result<bool> {
    let ending = format!(":{port:04X}");
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let text = std::fs::read_to_string(table).with_context(|| format!("read {table}"))?;
        let found = text.lines().any(|line| {
            let mut columns = line.split_ascii_whitespace().skip(1);
            columns.next().is_some_and(|local| local.ends_with(&ending)) && columns.nth(1) == Some("0A")
        });
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

//! One long stream over TCP: its two ends, in this program.

use crate::port;
use anyhow::{Context as _, Result, anyhow, ensure};
use rustix::net::{RecvFlags, Shutdown, accept, connect, recv, shutdown};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::Instant;

/// What is written at once.
const BLOCK: usize = 512 << 10;

/// Seconds from the first write of `bytes` bytes to 127.0.0.1:`port` until `target`, a listener behind it, has received the
/// end. `begin` talks to the server at the port before that.
pub fn pass(
    target: OwnedFd,
    port: u16,
    bytes: u64,
    begin: impl FnOnce(&OwnedFd) -> Result<()>,
) -> Result<f64> {
    // Stays connected until the client has seen the end that comes back.
    let receiver = std::thread::spawn(move || discard(&accept(&target)?));
    let client = port::socket()?;
    connect(&client, &SocketAddr::from((Ipv4Addr::LOCALHOST, port))).context("connect")?;
    begin(&client)?;
    let start = Instant::now();
    let (block, mut left) = (vec![7; BLOCK], bytes);
    while left > 0 {
        let length = usize::try_from(left).map_or(BLOCK, |left| left.min(BLOCK));
        left -= rustix::io::write(&client, &block[..length]).context("write")? as u64;
    }
    shutdown(&client, Shutdown::Write).context("shutdown")?;
    let arrived = receiver.join().map_err(|_| anyhow!("the receiver panicked"))??;
    let wall = start.elapsed().as_secs_f64();
    discard(&client)?;
    ensure!(arrived == bytes, "{arrived} of {bytes} bytes arrived");
    Ok(wall)
}

/// Receives to the end, without touching the bytes; returns their number.
fn discard(socket: &OwnedFd) -> Result<u64> {
    let (mut room, mut total) = (vec![0_u8; 1 << 20], 0);
    loop {
        match recv(socket, &mut room[..], RecvFlags::TRUNC).context("recv")?.1 {
            0 => return Ok(total),
            length => total += length as u64,
        }
    }
}

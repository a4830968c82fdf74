//! A bare client of many servers, one thread, one epoll instance, nothing else: what `multi-connect` is held against.

use anyhow::{Context as _, Result, ensure};
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, Shutdown, SocketFlags, SocketType, connect, shutdown, socket_with};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;

/// Output that is written together.
const BATCH: usize = 64 << 10;

/// Opens `count` connections to 127.0.0.1:`port`, sends what standard input holds over each, then FIN, and prints what
/// comes back with a tag, a read for a line.
pub fn talk(port: u16, count: usize) -> Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let epoll = epoll::create(CreateFlags::CLOEXEC).context("epoll_create")?;
    let mut connections: Vec<Option<OwnedFd>> = Vec::with_capacity(count);
    for index in 0..count {
        let socket = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::NONBLOCK, None)?;
        match connect(&socket, &address) {
            Ok(()) | Err(Errno::INPROGRESS) => {}
            Err(error) => return Err(error).context("connect"),
        }
        epoll::add(&epoll, &socket, EventData::new_u64(index as u64), EventFlags::OUT)?;
        connections.push(Some(socket));
    }
    let mut line = Vec::new();
    std::io::stdin().read_to_end(&mut line)?;
    let tag = format!("[{address}] ");
    let (mut ready, mut buffer, mut out) = (Vec::with_capacity(1024), vec![0; 1 << 16], Vec::new());
    let mut left = count;
    while left > 0 {
        ready.clear();
        epoll::wait(&epoll, spare_capacity(&mut ready), None)?;
        for event in &ready {
            let mark = event.data;
            let slot = &mut connections[usize::try_from(mark.u64())?];
            let Some(socket) = slot else { continue };
            let flags = event.flags;
            if flags.contains(EventFlags::OUT) {
                ensure!(rustix::io::write(&*socket, &line)? == line.len(), "a short line fits a socket");
                shutdown(&*socket, Shutdown::Write)?;
                epoll::modify(&epoll, &*socket, mark, EventFlags::IN)?;
                continue;
            }
            match rustix::io::read(&*socket, &mut buffer)? {
                0 => {
                    *slot = None;
                    left -= 1;
                }
                n => {
                    out.extend_from_slice(tag.as_bytes());
                    out.extend_from_slice(&buffer[..n]);
                }
            }
        }
        if out.len() >= BATCH || left == 0 {
            std::io::stdout().write_all(&out)?;
            out.clear();
        }
    }
    Ok(())
}

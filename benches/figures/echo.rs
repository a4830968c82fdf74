//! A bare echo server, one thread, one epoll instance, nothing else: what `listen -k --echo` is held against.

use anyhow::{Context as _, Result};
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::net::{
    AddressFamily, SocketFlags, SocketType, accept_with, bind, listen, socket_with,
    sockopt::set_socket_reuseaddr,
};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::{AsRawFd as _, OwnedFd};

/// The listener's mark among the connections, which are marked by their descriptor.
const LISTENER: u64 = u64::MAX;

/// Serves 127.0.0.1:`port` until it is killed.
pub fn serve(port: u16) -> Result<()> {
    let listener = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::NONBLOCK, None)?;
    set_socket_reuseaddr(&listener, true)?;
    bind(&listener, &SocketAddr::from((Ipv4Addr::LOCALHOST, port))).context("bind")?;
    listen(&listener, 4096).context("listen")?;
    let epoll = epoll::create(CreateFlags::CLOEXEC).context("epoll_create")?;
    epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
    let mut open: Vec<Option<OwnedFd>> = Vec::new();
    let mut ready = Vec::with_capacity(256);
    let mut buffer = vec![0; 1 << 16];
    loop {
        ready.clear();
        epoll::wait(&epoll, spare_capacity(&mut ready), None)?;
        for event in &ready {
            let mark = event.data.u64();
            if mark == LISTENER {
                take_all(&listener, &epoll, &mut open)?;
            } else if let Some(slot) = usize::try_from(mark).ok().and_then(|index| open.get_mut(index))
                && slot.as_ref().is_some_and(|connection| !echo(connection, &mut buffer))
            {
                *slot = None;
            }
        }
    }
}

/// Accepts whoever waits.
fn take_all(listener: &OwnedFd, epoll: &OwnedFd, open: &mut Vec<Option<OwnedFd>>) -> Result<()> {
    while let Ok(connection) = accept_with(listener, SocketFlags::NONBLOCK) {
        let index = usize::try_from(connection.as_raw_fd())?;
        epoll::add(epoll, &connection, EventData::new_u64(index as u64), EventFlags::IN)?;
        if open.len() <= index {
            open.resize_with(index + 1, || None);
        }
        open[index] = Some(connection);
    }
    Ok(())
}

/// Sends back what is there; false once the connection is over.
fn echo(connection: &OwnedFd, buffer: &mut [u8]) -> bool {
    match rustix::io::read(connection, &mut *buffer) {
        Ok(count) if count > 0 => rustix::io::write(connection, &buffer[..count]) == Ok(count),
        _ => false,
    }
}

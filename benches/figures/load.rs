//! Connection churn: so many clients at once, each connects, sends a line, reads it back, goes, and comes again.

use anyhow::{Context as _, Result, ensure};
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::sockopt::{set_socket_linger, socket_error};
use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// Clients at once.
const CLIENTS: usize = 64;
/// Long beside start-up and scheduling noise, short enough for many rounds.
const SPAN: Duration = Duration::from_secs(2);
/// A short line, as a request might be.
const LINE: [u8; 64] = [b'x'; 64];

/// What the clients saw.
pub struct Load {
    /// Connections a second.
    pub rate: f64,
    /// Connections served.
    pub done: f64,
    /// Connections that were refused, reset or cut short.
    pub failed: u64,
    /// 99 of 100 connections took at most this long, seconds.
    pub p99: f64,
}

struct Client {
    socket: OwnedFd,
    start: Instant,
    /// Bytes of the line that are still to come back; `None` before it is sent.
    missing: Option<usize>,
}

enum Step {
    Going,
    Done,
    Failed,
}

/// Loads 127.0.0.1:`port` for the span.
pub fn generate(port: u16) -> Result<Load> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let epoll = epoll::create(CreateFlags::CLOEXEC).context("epoll_create")?;
    let start = Instant::now();
    let mut clients = (0..CLIENTS).map(|index| arrive(&epoll, index, address)).collect::<Result<Vec<_>>>()?;
    let mut times = Vec::new();
    let mut failed = 0;
    let mut ready = Vec::with_capacity(CLIENTS);
    while start.elapsed() < SPAN {
        ready.clear();
        let patience = Timespec { tv_sec: 1, tv_nsec: 0 };
        epoll::wait(&epoll, spare_capacity(&mut ready), Some(&patience))?;
        for event in &ready {
            let index = usize::try_from(event.data.u64())?;
            match advance(&epoll, index, &mut clients[index]) {
                Step::Going => continue,
                Step::Done => times.push(clients[index].start.elapsed().as_secs_f64()),
                Step::Failed => failed += 1,
            }
            // The old socket closes here, which takes it out of epoll.
            clients[index] = arrive(&epoll, index, address)?;
        }
    }
    let span = start.elapsed().as_secs_f64();
    ensure!(!times.is_empty(), "no connection was served in {span:.1} s, {failed} failed");
    times.sort_by(f64::total_cmp);
    let done = f64::from(u32::try_from(times.len())?);
    Ok(Load { rate: done / span, done, failed, p99: times[times.len() * 99 / 100] })
}

fn arrive(epoll: &OwnedFd, index: usize, address: SocketAddr) -> Result<Client> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).context("socket")?;
    // Closing by reset leaves no TIME-WAIT: the ports last for any number of rounds.
    set_socket_linger(&socket, Some(Duration::ZERO)).context("SO_LINGER")?;
    let start = Instant::now();
    match connect(&socket, &address) {
        Ok(()) | Err(Errno::INPROGRESS) => {}
        Err(error) => return Err(error).context("connect"),
    }
    epoll::add(epoll, &socket, EventData::new_u64(index as u64), EventFlags::OUT)?;
    Ok(Client { socket, start, missing: None })
}

fn advance(epoll: &OwnedFd, index: usize, client: &mut Client) -> Step {
    let Some(missing) = client.missing.as_mut() else {
        if !matches!(socket_error(&client.socket), Ok(Ok(())))
            || rustix::io::write(&client.socket, &LINE) != Ok(LINE.len())
        {
            return Step::Failed;
        }
        client.missing = Some(LINE.len());
        return match epoll::modify(epoll, &client.socket, EventData::new_u64(index as u64), EventFlags::IN) {
            Ok(()) => Step::Going,
            Err(_) => Step::Failed,
        };
    };
    match rustix::io::read(&client.socket, &mut [0; LINE.len()]) {
        Err(Errno::AGAIN) => Step::Going,
        Ok(count) if count > 0 => {
            *missing = missing.saturating_sub(count);
            if *missing == 0 { Step::Done } else { Step::Going }
        }
        _ => Step::Failed,
    }
}

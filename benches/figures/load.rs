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

/// One thing a client says, and the answer that it waits for.
#[derive(Clone)]
pub struct Exchange {
    pub say: Vec<u8>,
    pub until: Until,
}

/// Where an answer ends.
#[derive(Clone, Copy)]
pub enum Until {
    /// After so many bytes.
    Length(usize),
    /// After an empty line, as a head of HTTP.
    EmptyLine,
}

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
    /// The exchange under way; `None` before the first.
    exchange: Option<usize>,
    /// What came of its answer: the number of bytes, and the last four.
    came: usize,
    last: [u8; 4],
}

enum Step {
    Going,
    Done,
    Failed,
}

/// Loads 127.0.0.1:`port`, which echoes, for the span.
pub fn generate(port: u16) -> Result<Load> {
    generate_after(port, &[])
}

/// As [`generate`]; each client has `before` done before it sends its line.
pub fn generate_after(port: u16, before: &[Exchange]) -> Result<Load> {
    let mut exchanges = before.to_vec();
    exchanges.push(Exchange { say: LINE.to_vec(), until: Until::Length(LINE.len()) });
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
            match advance(&epoll, index, &mut clients[index], &exchanges) {
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
    Ok(Client { socket, start, exchange: None, came: 0, last: [0; 4] })
}

fn advance(epoll: &OwnedFd, index: usize, client: &mut Client, exchanges: &[Exchange]) -> Step {
    let Some(current) = client.exchange else {
        if !matches!(socket_error(&client.socket), Ok(Ok(()))) {
            return Step::Failed;
        }
        let waits = epoll::modify(epoll, &client.socket, EventData::new_u64(index as u64), EventFlags::IN);
        return if waits.is_ok() { client.say(0, exchanges) } else { Step::Failed };
    };
    let mut room = [0; 512];
    let received = match rustix::io::read(&client.socket, &mut room) {
        Err(Errno::AGAIN) => return Step::Going,
        Ok(count) if count > 0 => &room[..count],
        _ => return Step::Failed,
    };
    client.came += received.len();
    for byte in &received[received.len().saturating_sub(4)..] {
        client.last.rotate_left(1);
        client.last[3] = *byte;
    }
    let is_whole = match exchanges[current].until {
        Until::Length(length) => client.came >= length,
        Until::EmptyLine => client.last == *b"\r\n\r\n",
    };
    match is_whole {
        false => Step::Going,
        true if current + 1 == exchanges.len() => Step::Done,
        true => client.say(current + 1, exchanges),
    }
}

impl Client {
    fn say(&mut self, number: usize, exchanges: &[Exchange]) -> Step {
        (self.exchange, self.came, self.last) = (Some(number), 0, [0; 4]);
        let say = &exchanges[number].say;
        if rustix::io::write(&self.socket, say) == Ok(say.len()) { Step::Going } else { Step::Failed }
    }
}

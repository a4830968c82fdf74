//! Many clients in one room, some of whom talk: one thread, one epoll instance, every line counted where it arrives.

use anyhow::{Context as _, Result, bail, ensure};
use memchr::memchr_iter;
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::sockopt::{set_socket_linger, set_tcp_nodelay};
use rustix::net::{RecvFlags, SendFlags, connect, recv, send};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// A line, its end included.
const LINE: usize = 50;
/// Lines a talker may write, one call each, before others have their turn.
const BURST: usize = 8;
/// Nothing arriving for this long means that the rest is lost.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two probes of who has joined.
const PROBE: Duration = Duration::from_millis(20);
/// Nothing arriving for this long means that all who joined are at rest.
const REST: Duration = Duration::from_millis(300);

/// Who is there and what they do.
#[derive(Clone, Copy)]
pub struct Crowd {
    /// Clients, those of the other fields among them.
    pub clients: usize,
    /// How many talk; as many in each room.
    pub talkers: usize,
    /// Lines each of them says, a write for each line.
    pub lines: usize,
    /// How many never read.
    pub stalled: usize,
}

/// What the server speaks.
#[derive(Clone, Copy, PartialEq)]
pub enum Speech {
    /// Plain lines, not echoed.
    Lines,
    /// The NATS protocol, everybody subscribed to one subject.
    Nats,
}

/// What each line that is said holds once, and nothing else that a server sends.
const MARK: u8 = b'~';

/// What was heard.
pub struct Heard {
    /// Lines that arrived, over all clients.
    pub deliveries: f64,
    /// From the first write to the last arrival, seconds.
    pub seconds: f64,
}

struct Client {
    socket: OwnedFd,
    /// Deliveries still to come.
    missing: usize,
    /// Lines still to say, and how much of the first is written.
    unsaid: usize,
    written: usize,
    /// The last bytes that came.
    tail: Vec<u8>,
}

/// A crowd that has joined a room.
pub struct Joined {
    clients: Vec<Client>,
    crowd: Crowd,
    speech: Speech,
    epoll: OwnedFd,
    /// Rooms that hear nothing of each other; clients are dealt out among them in turn.
    rooms: usize,
}

impl Joined {
    /// Connects everybody to 127.0.0.1:`port` and waits until the room knows them all.
    pub fn enter(port: u16, crowd: Crowd, speech: Speech) -> Result<Self> {
        Self::enter_all(&[port], 1, crowd, speech)
    }

    /// The same with servers on several ports, which are as many `rooms`, or one.
    pub fn enter_all(ports: &[u16], rooms: usize, crowd: Crowd, speech: Speech) -> Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC).context("epoll_create")?;
        let mut joined = Self { clients: Vec::with_capacity(crowd.clients), crowd, speech, epoll, rooms };
        for (index, &port) in (0..crowd.clients).zip(ports.iter().cycle()) {
            joined.connect(index, SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        }
        joined.settle()?;
        Ok(joined)
    }

    fn connect(&mut self, index: usize, address: SocketAddr) -> Result<()> {
        let socket = crate::port::socket()?;
        // Closing by reset leaves no TIME-WAIT: the ports last for any number of rounds.
        set_socket_linger(&socket, Some(Duration::ZERO)).context("SO_LINGER")?;
        set_tcp_nodelay(&socket, true).context("TCP_NODELAY")?;
        connect(&socket, &address).with_context(|| format!("connect client {index}"))?;
        if self.speech == Speech::Nats {
            let greeting = b"CONNECT {\"verbose\":false,\"echo\":false}\r\nSUB foo 1\r\nPING\r\n";
            ensure!(send(&socket, greeting, SendFlags::NOSIGNAL)? == greeting.len(), "a short greeting");
        }
        rustix::io::ioctl_fionbio(&socket, true).context("FIONBIO")?;
        if index < self.crowd.clients - self.crowd.stalled {
            epoll::add(&self.epoll, &socket, EventData::new_u64(index as u64), EventFlags::IN)?;
        }
        self.clients.push(Client { socket, missing: 0, unsaid: 0, written: 0, tail: Vec::new() });
        Ok(())
    }

    /// Waits until every reader has read the last of what is said while people join.
    fn settle(&mut self) -> Result<()> {
        let readers = self.crowd.clients - self.crowd.stalled;
        let last: &[u8] = if self.speech == Speech::Nats { b"PONG\r\n" } else { b"!\n" };
        let heard = |c: &Client, word: &[u8]| c.tail.windows(word.len()).any(|part| part == word);
        let askers = if self.speech == Speech::Lines { self.rooms } else { 0 };
        let begun = Instant::now();
        let mut buffer = vec![0; 1 << 16];
        let mut all_in = self.speech == Speech::Nats;
        loop {
            self.hear_a_while(&mut buffer, PROBE)?;
            let mut others = self.clients[askers..readers].iter();
            if all_in && others.clone().all(|c| heard(c, last)) {
                while self.hear_a_while(&mut buffer, REST)? {
                    ensure!(begun.elapsed() < crate::proc::DEADLINE, "the room never rests");
                }
                return Ok(());
            }
            ensure!(begun.elapsed() < crate::proc::DEADLINE, "not everybody could join");
            if !all_in {
                // The first client of each room asks until all have heard it, then says the last word once.
                all_in = others.all(|c| heard(c, b"?\n"));
                let word: &[u8] = if all_in { last } else { b"?\n" };
                for asker in &self.clients[..askers] {
                    send(&asker.socket, word, SendFlags::NOSIGNAL).context("send a probe")?;
                }
            }
        }
    }

    /// Hears until nothing comes for a while; whether something came.
    fn hear_a_while(&mut self, buffer: &mut [u8], wait: Duration) -> Result<bool> {
        let (mut ready, mut came) = (Vec::with_capacity(1024), false);
        let wait = Timespec::try_from(wait)?;
        while epoll::wait(&self.epoll, spare_capacity(&mut ready), Some(&wait))? > 0 {
            came = true;
            for event in ready.drain(..) {
                let client = &mut self.clients[usize::try_from(event.data.u64())?];
                let (count, _) =
                    recv(&client.socket, &mut *buffer, RecvFlags::empty()).context("a client was cut off")?;
                ensure!(count > 0, "a client was closed");
                client.tail.extend_from_slice(&buffer[..count]);
                client.tail.drain(..client.tail.len().saturating_sub(16));
            }
        }
        Ok(came)
    }

    /// Everybody talks as they are meant to; ends when every line arrived everywhere it should. May be done again.
    pub fn talk(&mut self) -> Result<Heard> {
        let Crowd { talkers, lines, .. } = self.crowd;
        for (index, client) in self.clients.iter_mut().enumerate() {
            let talks = index < talkers;
            client.unsaid = if talks { lines } else { 0 };
            client.missing = (talkers / self.rooms - usize::from(talks)) * lines;
        }
        let said = [&[MARK][..], &[b'x'; LINE - 2], b"\n"].concat();
        let line = match self.speech {
            Speech::Lines => said,
            Speech::Nats => [format!("PUB foo {LINE}\r\n").as_bytes(), &said, b"\r\n"].concat(),
        };
        for (index, client) in self.clients[..self.crowd.talkers].iter().enumerate() {
            let flags = EventFlags::IN | EventFlags::OUT;
            epoll::modify(&self.epoll, &client.socket, EventData::new_u64(index as u64), flags)?;
        }
        let readers = self.crowd.clients - self.crowd.stalled;
        let mut waiting = self.clients[..readers].iter().filter(|c| c.missing > 0).count();
        let wanted: usize = self.clients[..readers].iter().map(|c| c.missing).sum();
        let mut ready = Vec::with_capacity(1024);
        let mut buffer = vec![0; 1 << 20];
        let (begun, wait) = (Instant::now(), Timespec::try_from(PATIENCE)?);
        while waiting > 0 {
            ready.clear();
            if epoll::wait(&self.epoll, spare_capacity(&mut ready), Some(&wait))? == 0 {
                let missing: usize = self.clients[..readers].iter().map(|c| c.missing).sum();
                bail!("{missing} of {wanted} deliveries never came");
            }
            for event in &ready {
                let index = usize::try_from(event.data.u64())?;
                let client = &mut self.clients[index];
                let flags = event.flags;
                if flags.contains(EventFlags::OUT) && client.say(&line)? {
                    epoll::modify(&self.epoll, &client.socket, event.data, EventFlags::IN)?;
                }
                if flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR) {
                    waiting -= usize::from(client.hear(&mut buffer)?);
                }
            }
        }
        #[allow(clippy::cast_precision_loss)] // far below 2^52
        Ok(Heard { deliveries: wanted as f64, seconds: begun.elapsed().as_secs_f64() })
    }
}

impl Client {
    /// Says some lines; whether that was all.
    fn say(&mut self, line: &[u8]) -> Result<bool> {
        for _ in 0..BURST {
            if self.unsaid == 0 {
                return Ok(true);
            }
            match send(&self.socket, &line[self.written..], SendFlags::NOSIGNAL) {
                Ok(count) => self.written += count,
                Err(Errno::AGAIN) => return Ok(false),
                Err(error) => return Err(error).context("a talker was cut off"),
            }
            if self.written < line.len() {
                return Ok(false);
            }
            (self.written, self.unsaid) = (0, self.unsaid - 1);
        }
        Ok(self.unsaid == 0)
    }

    /// Hears what is there; whether the last delivery came with it.
    fn hear(&mut self, buffer: &mut [u8]) -> Result<bool> {
        let count = match recv(&self.socket, &mut *buffer, RecvFlags::empty()) {
            Ok((count, _)) => count,
            Err(Errno::AGAIN) => return Ok(false),
            Err(error) => return Err(error).context("a client was cut off"),
        };
        ensure!(count > 0, "a client was closed");
        let before = self.missing;
        self.missing = before.saturating_sub(memchr_iter(MARK, &buffer[..count]).count());
        Ok(before > 0 && self.missing == 0)
    }
}

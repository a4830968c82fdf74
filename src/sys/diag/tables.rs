//! Whole tables, a row at a time: asked of the kernel, or read from `/proc/net` where that is refused.
//! Used by `session::table` and `sys::holder`.

use super::channel::Channel;
use super::decode::{self, Progress};
use super::filter::Filter;
use super::proc_net;
use super::request::Query;
use super::row::{Row, Visit};
use super::states::States;
use crate::event::{Proto, UnixAddress};
use rustix::net::RecvFlags;
use std::collections::HashSet;
use std::io;
use std::ops::ControlFlow;

/// The source of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// `sock_diag`(7).
    Diag,
    /// The files of `/proc/net` (proc(5)): no backlogs, no cookies, nothing extended.
    ProcNet,
}

/// How a dump went.
#[derive(Debug)]
pub struct Dumped {
    /// The source of the rows.
    pub source: Source,
    /// Why `sock_diag` was not the source.
    pub refused: Option<io::Error>,
    /// The table changed during the dump: rows may be missing or doubled.
    pub interrupted: bool,
}

/// The socket tables of a network namespace; keeps its socket to the kernel between dumps.
#[derive(Debug, Default)]
pub struct Tables {
    channel: Option<Channel>,
}

impl Tables {
    /// Opens nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { channel: None }
    }

    /// Gives every row that answers `query`, and its source, to `visit`, until that breaks off. Memory does not grow with
    /// the number of rows.
    ///
    /// A dump that the kernel calls interrupted is asked again if no row was seen yet, and reported otherwise.
    ///
    /// # Errors
    /// A filter that is too long, exhausted descriptors or memory; any other refusal of `sock_diag` leads to
    /// `/proc/net`, and an error there is returned.
    pub fn dump(
        &mut self,
        query: &Query,
        visit: &mut dyn FnMut(&Row<'_>, Source) -> ControlFlow<()>,
    ) -> io::Result<Dumped> {
        let peers = self.peers(query)?;
        let is_peer = |inode, name: &UnixAddress| peers.contains(&(inode, name));
        let mut seen = false;
        let mut counting = |row: &Row<'_>| {
            seen = true;
            match row {
                // Streams and datagrams share numbers, so that the kernel's mask may let too many pass.
                Row::Unix(row) if !query.states.has(row.state) => ControlFlow::Continue(()),
                // The kernel knows no filter of names.
                Row::Unix(row) if query.filter.as_ref().is_some_and(|f| !f.matches_unix(row, &is_peer)) => {
                    ControlFlow::Continue(())
                }
                // Not every kernel filters timewait sockets and requests as it does full sockets.
                Row::Inet(row) if !query.wants(row) || !query.states.has(row.state) => {
                    ControlFlow::Continue(())
                }
                row => visit(row, Source::Diag),
            }
        };
        match self.ask(query, &mut counting) {
            Ok(progress) => {
                let interrupted = progress.interrupted;
                Ok(Dumped { source: Source::Diag, refused: None, interrupted })
            }
            Err(error) if seen || !is_refusal(&error) => Err(error),
            Err(error) => {
                proc_net::read(query, &mut |row| visit(row, Source::ProcNet))?;
                Ok(Dumped { source: Source::ProcNet, refused: Some(error), interrupted: false })
            }
        }
    }

    /// The sockets that have the names of other ends, by inode: a row says no more of its peer than that.
    fn peers<'a>(&mut self, query: &'a Query) -> io::Result<HashSet<(u32, &'a UnixAddress)>> {
        let names = query.filter.as_ref().map(Filter::peer_names).unwrap_or_default();
        let mut peers = HashSet::new();
        if query.proto != Proto::Unix || names.is_empty() || query.is_empty() {
            return Ok(peers);
        }
        let all = Query { states: States::EVERY, ..Query::all(Proto::Unix) };
        let asked = self.ask(&all, &mut |row| {
            if let Row::Unix(row) = row {
                let own = names.iter().filter(|name| row.name.is(name));
                peers.extend(own.map(|name| (row.inode, *name)));
            }
            ControlFlow::Continue(())
        });
        match asked {
            // The other source is asked for the rows then, and knows no peers.
            Err(error) if !is_refusal(&error) => Err(error),
            _ => Ok(peers),
        }
    }

    fn ask(&mut self, query: &Query, visit: &mut Visit<'_>) -> io::Result<Progress> {
        if let Some(mut request) = query.single()? {
            let mut seen = false;
            let answer = self.ask_one(query, &mut request, &mut |row| {
                seen = true;
                visit(row)
            });
            if seen || answer.is_ok() {
                return answer;
            }
        }
        let mut all = Progress::default();
        for mut request in query.requests()? {
            let progress = self.ask_one(query, &mut request, visit)?;
            all.interrupted |= progress.interrupted;
            if progress.stopped {
                return Ok(Progress { stopped: true, ..all });
            }
        }
        Ok(all)
    }

    /// One request, repeated while it is interrupted before its first row.
    fn ask_one(&mut self, query: &Query, request: &mut [u8], visit: &mut Visit<'_>) -> io::Result<Progress> {
        let mut seen = false;
        loop {
            let progress = self.exchange(query, request, &mut |row| {
                seen = true;
                visit(row)
            })?;
            if seen || !progress.interrupted {
                return Ok(progress);
            }
        }
    }

    /// One dump to its end. A channel whose answer was not read to the end is closed, not used again.
    fn exchange(&mut self, query: &Query, request: &mut [u8], visit: &mut Visit<'_>) -> io::Result<Progress> {
        let mut channel = self.channel.take().map_or_else(|| Channel::open(0), Ok)?;
        channel.send(request)?;
        let mut all = Progress::default();
        loop {
            let progress = decode::rows(query.proto, channel.receive(RecvFlags::empty())?, visit)?;
            all.interrupted |= progress.interrupted;
            if progress.stopped {
                return Ok(Progress { stopped: true, ..all });
            }
            if progress.done {
                self.channel = Some(channel);
                return Ok(Progress { done: true, ..all });
            }
        }
    }
}

/// Whether another source may answer: after every error but one of this process's own limits.
pub(super) fn is_refusal(error: &io::Error) -> bool {
    let ours = [libc::EMFILE, libc::ENFILE, libc::ENOMEM, libc::ENOBUFS];
    error.raw_os_error().is_some_and(|errno| !ours.contains(&errno))
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)] // plain sockets to look for
mod tests {
    use super::super::{End, Families, Filter, InetRow, Prefix, States, UnixName, UnixRow};
    use super::*;
    use crate::event::table::Queues;
    use crate::event::{Proto, State};
    use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
    use std::os::fd::AsFd;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr as UnixAddr, UnixDatagram, UnixListener, UnixStream};

    const TCP: Proto = Proto::Tcp;
    const UDP: Proto = Proto::Udp;

    fn inode(fd: impl AsFd) -> u32 {
        rustix::fs::fstat(fd).unwrap().st_ino.try_into().unwrap()
    }

    /// A row without what it borrows and without what changes from look to look.
    fn still<'a>(row: &InetRow<'_>) -> InetRow<'a> {
        let queues = match row.queues {
            Queues::Accept { accept_queue, .. } => Queues::Accept { accept_queue, accept_max: None },
            data @ Queues::Data { .. } => data,
        };
        InetRow { extended: super::super::Extended::default(), timer: None, cookie: 0, queues, ..*row }
    }

    fn inet(query: &Query, source: Source) -> Vec<InetRow<'static>> {
        let mut rows = Vec::new();
        let mut visit = |row: &Row<'_>| {
            if let Row::Inet(row) = row {
                rows.push(still(row));
            }
            ControlFlow::Continue(())
        };
        match source {
            Source::Diag => {
                let dumped = Tables::new().dump(query, &mut |row, _| visit(row)).unwrap();
                assert_eq!(dumped.source, Source::Diag, "{:?}", dumped.refused);
            }
            Source::ProcNet => proc_net::read(query, &mut visit).unwrap(),
        }
        rows
    }

    /// Sockets of every kind these tests can make without privilege.
    struct Zoo {
        listeners: Vec<TcpListener>,
        streams: Vec<TcpStream>,
        udp: Vec<UdpSocket>,
    }

    impl Zoo {
        fn new() -> Self {
            let mut zoo = Self { listeners: Vec::new(), streams: Vec::new(), udp: Vec::new() };
            for (bind, host) in
                [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("::", "127.0.0.1"), ("127.0.0.2", "127.0.0.2")]
            {
                let listener = TcpListener::bind((bind, 0)).unwrap();
                let client = TcpStream::connect((host, listener.local_addr().unwrap().port())).unwrap();
                zoo.streams.push(listener.accept().unwrap().0);
                zoo.streams.push(client);
                zoo.listeners.push(listener);
                let udp = UdpSocket::bind((bind, 0)).unwrap();
                let far = UdpSocket::bind((host, 0)).unwrap();
                far.connect((host, udp.local_addr().unwrap().port())).unwrap();
                zoo.udp.extend([udp, far]);
            }
            zoo
        }

        fn inodes(&self) -> Vec<u32> {
            let tcp = self.listeners.iter().map(inode).chain(self.streams.iter().map(inode));
            tcp.chain(self.udp.iter().map(inode)).collect()
        }

        fn rows(&self, query: &Query, source: Source) -> Vec<InetRow<'static>> {
            let own = self.inodes();
            let mut rows = inet(query, source);
            rows.retain(|row| own.contains(&row.inode));
            rows.sort_by_key(|row| row.inode);
            rows
        }

        /// The rows both sources agree on. `/proc/net` goes on by position, so a read skips rows when other programs'
        /// sockets come and go meanwhile; it is read again then.
        fn agreed(&self, query: &Query) -> Vec<InetRow<'static>> {
            for _ in 0..100 {
                let (diag, files) = (self.rows(query, Source::Diag), self.rows(query, Source::ProcNet));
                if diag == files {
                    return diag;
                }
            }
            assert_eq!(self.rows(query, Source::Diag), self.rows(query, Source::ProcNet), "{query:?}");
            Vec::new()
        }
    }

    #[test]
    fn both_sources_show_every_socket_alike() {
        let zoo = Zoo::new();
        for (table, count) in [(TCP, 12), (UDP, 8)] {
            assert_eq!(zoo.agreed(&Query::all(table)).len(), count);
        }
        let query = Query::all(TCP);
        for stream in &zoo.streams {
            let row = *zoo.rows(&query, Source::Diag).iter().find(|row| row.inode == inode(stream)).unwrap();
            assert_eq!((row.local, row.peer), (stream.local_addr().unwrap(), stream.peer_addr().unwrap()));
            assert_eq!((row.state, row.uid), (State::Established, rustix::process::getuid().as_raw()));
        }
    }

    #[test]
    fn the_kernel_filters_as_the_filter_says() {
        let zoo = Zoo::new();
        let ports: Vec<u16> = zoo.listeners.iter().map(|l| l.local_addr().unwrap().port()).collect();
        let port = End::port;
        let range = |ip: &str, length| End::within(Prefix::new(ip.parse().unwrap(), length).unwrap());
        let one = End {
            prefix: Some(Prefix::exact("127.0.0.1".parse().unwrap())),
            ports: Some((ports[0], ports[0])),
        };
        let filters = [
            (Filter::either(port(ports[0])), 3),
            (Filter::either(port(ports[2])), 3),
            (Filter::Local(port(ports[1])), 2),
            (Filter::Peer(port(ports[1])), 1),
            (Filter::Peer(range("127.0.0.0", 8)), 6),
            (Filter::Local(range("127.0.0.2", 32)), 2),
            (Filter::either(range("::1", 128)), 3),
            (Filter::either(one), 3),
            (Filter::All(vec![Filter::Local(one), Filter::Peer(range("::", 0))]), 0),
            (Filter::Any(vec![]), 0),
            (Filter::All(vec![]), 12),
            (
                Filter::All(vec![
                    Filter::Any(vec![Filter::either(port(ports[0])), Filter::either(port(ports[3]))]),
                    Filter::Any(vec![Filter::Local(range("127.0.0.2", 31)), Filter::Peer(port(ports[0]))]),
                ]),
                3,
            ),
        ];
        for (filter, count) in filters {
            let query = Query { filter: Some(filter.clone()), ..Query::all(TCP) };
            assert_eq!(zoo.agreed(&query).len(), count, "{filter:?}");
        }
    }

    #[test]
    fn the_kernel_filters_port_ranges() {
        let zoo = Zoo::new();
        let port = zoo.listeners[0].local_addr().unwrap().port();
        let prefix = Some(Prefix::exact("127.0.0.1".parse().unwrap()));
        for ports in [(0, port), (port, u16::MAX), (port - 1, port + 1), (port, port), (port, port - 1)] {
            for end in [End { prefix: None, ports: Some(ports) }, End { prefix, ports: Some(ports) }] {
                let query = Query { filter: Some(Filter::either(end)), ..Query::all(TCP) };
                zoo.agreed(&query);
            }
        }
    }

    #[test]
    fn families_and_states_are_picked() {
        let zoo = Zoo::new();
        let count =
            |table, families, states| zoo.agreed(&Query { families, states, ..Query::all(table) }).len();
        let listen = States::NONE.with(State::Listen);
        assert_eq!(count(TCP, Families::V4, States::LIVE), 3 + 3 + 1);
        assert_eq!(count(TCP, Families::V6, States::LIVE), 3 + 2);
        assert_eq!(count(TCP, Families::Both, listen), 4);
        assert_eq!(count(UDP, Families::Both, States::NONE.with(State::Connected)), 4);
        assert_eq!(count(UDP, Families::Both, listen), 0);
    }

    #[test]
    fn a_socket_bound_and_nothing_more_is_closed() {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        let query = Query { states: States::EVERY, ..Query::all(TCP) };
        let found = inet(&query, Source::Diag).into_iter().find(|row| row.inode == inode(&socket));
        let Some(row) = found else { return }; // a kernel before 6.8 does not show them
        assert_eq!((row.state, Some(row.local)), (State::Closed, socket.local_addr().unwrap().as_socket()));
        assert!(inet(&Query::all(TCP), Source::Diag).iter().all(|row| row.inode != inode(&socket)));
    }

    #[test]
    fn a_dump_may_be_left_and_the_next_one_is_whole() {
        let zoo = Zoo::new();
        let mut tables = Tables::new();
        let mut seen = 0;
        tables
            .dump(&Query::all(TCP), &mut |_, _| {
                seen += 1;
                ControlFlow::Break(())
            })
            .unwrap();
        assert_eq!(seen, 1);
        for _ in 0..2 {
            let mut own = zoo.inodes();
            let visit = &mut |row: &Row<'_>| {
                if let Row::Inet(row) = row {
                    own.retain(|inode| *inode != row.inode);
                }
                ControlFlow::Continue(())
            };
            tables.dump(&Query::all(TCP), &mut |row, _| visit(row)).unwrap();
            assert_eq!(own.len(), zoo.udp.len());
        }
    }

    #[test]
    fn extended_rows_say_what_the_options_say() {
        let zoo = Zoo::new();
        let query = Query { extended: true, ..Query::all(TCP) };
        let mut checked = 0;
        let visit = &mut |row: &Row<'_>| {
            let Row::Inet(row) = row else { return ControlFlow::Continue(()) };
            if let Some(stream) = zoo.streams.iter().find(|s| inode(s) == row.inode) {
                let own = socket2::SockRef::from(stream);
                let memory = row.extended.memory.unwrap();
                assert_eq!(memory.recv_buffer as usize, own.recv_buffer_size().unwrap());
                assert_eq!(memory.send_buffer as usize, own.send_buffer_size().unwrap());
                let name = own.tcp_congestion().unwrap();
                assert!(name.starts_with(row.extended.congestion.unwrap()));
                assert_eq!(row.extended.info.unwrap().first(), Some(&1));
                assert_ne!(row.cookie, 0);
                checked += 1;
            }
            ControlFlow::Continue(())
        };
        Tables::new().dump(&query, &mut |row, _| visit(row)).unwrap();
        assert_eq!(checked, zoo.streams.len());
    }

    #[test]
    fn unix_sockets_have_names_peers_and_states() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("with space");
        let listener = UnixListener::bind(&path).unwrap();
        let client = UnixStream::connect(&path).unwrap();
        let (left, right) = UnixStream::pair().unwrap();
        let name = format!("soquete-test-{}", std::process::id());
        let named = UnixDatagram::bind_addr(&UnixAddr::from_abstract_name(&name).unwrap()).unwrap();
        for source in [Source::Diag, Source::ProcNet] {
            let check = |row: &UnixRow<'_>| {
                if row.inode == inode(&listener) {
                    assert_eq!(row.name, UnixName::Path(path.as_os_str().as_encoded_bytes()));
                    assert_eq!(row.state, State::Listen);
                    assert!(
                        source == Source::ProcNet
                            || matches!(row.queues, Queues::Accept { accept_queue: 1, accept_max: Some(_) })
                    );
                } else if row.inode == inode(&client) {
                    assert_eq!((row.name, row.state), (UnixName::Unnamed, State::Connected));
                } else if row.inode == inode(&left) {
                    assert_eq!(row.peer, (source == Source::Diag).then(|| inode(&right)));
                } else if row.inode == inode(&named) {
                    assert_eq!(
                        (row.name, row.state),
                        (UnixName::Abstract(name.as_bytes()), State::Unconnected)
                    );
                } else {
                    return 0;
                }
                1
            };
            let mut found = 0;
            let visit = &mut |row: &Row<'_>| {
                if let Row::Unix(row) = row {
                    found += check(row);
                }
                ControlFlow::Continue(())
            };
            match source {
                Source::Diag => {
                    Tables::new().dump(&Query::all(Proto::Unix), &mut |row, _| visit(row)).unwrap();
                }
                Source::ProcNet => proc_net::read(&Query::all(Proto::Unix), visit).unwrap(),
            }
            assert_eq!(found, 4, "{source:?}");
        }
    }
}

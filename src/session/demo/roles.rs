//! The ends of the conversations: servers on a free port of loopback, and their clients, all with plain values.

use super::actors::{Client, Server, nowhere};
use super::stage::Stage;
use crate::chat::{Rules, SlowPolicy};
use crate::event::Role;
use crate::net::accept::{Acceptor, First};
use crate::net::acl::AccessRules;
use crate::net::address::{Endpoint, Host};
use crate::net::bind::{BindTarget, ListenConfig};
use crate::net::passed::Entry;
use crate::net::resolve::Lookup;
use crate::net::udp::UdpClientConfig;
use crate::relay::{self, EndConfig, OnEof, OnPeerEof};
use crate::session::connect::ConnectConfig;
use crate::session::opening::Opening;
use crate::session::ready::Ready;
use crate::session::tcp_server::{self, Service};
use crate::session::udp_client::{self, Payload};
use crate::session::udp_server::{self, Answer};
use crate::session::wait::wait;
use crate::session::{Context, Outcome, Stdio, chat_client, chat_server, clients, pipe, ready};
use crate::sys;
use crate::sys::fd::Output;
use crate::sys::options::SocketOption;
use crate::sys::socket::{Socket, SocketType};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Clients that may wait for accept(2).
const BACKLOG: u32 = 16;
/// A room of two, in which a member that joins late reads what it missed.
const RULES: Rules = Rules {
    raw: false,
    announce: false,
    history: 2,
    max_clients: 2,
    max_line: 4096,
    slow: SlowPolicy::Disconnect,
    slow_limit: 1 << 20,
};
const END: EndConfig = EndConfig {
    on_eof: OnEof::HalfClose,
    on_peer_eof: OnPeerEof::Keep,
    eof_wait: None,
    idle: None,
    send_only: false,
};

/// A TCP server; without `keep_open` it is for one client.
pub(super) fn tcp_server(
    stage: &mut Stage<'_>,
    service: fn() -> Service,
    keep_open: bool,
) -> anyhow::Result<Server> {
    stage.server(move |announced, context| {
        let listeners = listen(BACKLOG, &announced, context)?;
        let config = tcp_server::Config {
            service: service(),
            keep_open,
            max_conns: None,
            reject: false,
            access: AccessRules::default(),
            accept_timeout: None,
            end: END,
            has_input: false,
            crlf: false,
            prefix: false,
            tls: None,
            accept_header: false,
            taps: None,
            show: false,
        };
        tcp_server::run(config, Entry::Listeners(listeners), context)
    })
}

/// A TCP server for one client, to which it sends what is typed.
pub(super) fn sending_server(stage: &mut Stage<'_>) -> anyhow::Result<Server> {
    let nowhere = nowhere()?;
    stage.sending_server(move |announced, input, context| {
        let listeners = listen(BACKLOG, &announced, context)?;
        let acceptor = Acceptor::new(None, AccessRules::default(), context.events.clone());
        let client = match acceptor.accept_first(&listeners, None, &context.stop)? {
            First::Client(client) => client,
            First::Late => return Ok(Outcome::done()),
            First::Stopped(signal) => return Ok(Outcome::stopped(signal)),
        };
        drop(listeners);
        let relaying = pipe::relay_config(Some(input), Some(Output::Owned(nowhere)), END, context);
        Ok(relay::run(client, relaying, &context.stop)?.into())
    })
}

/// A TCP server that accepts nobody.
pub(super) fn server_that_never_accepts(stage: &mut Stage<'_>, backlog: u32) -> anyhow::Result<Server> {
    stage.server(move |announced, context| {
        let _listeners = listen(backlog, &announced, context)?;
        wait(Vec::new(), &context.stop, None)?;
        Ok(Outcome::done())
    })
}

/// A TCP port of loopback that is taken, so that nobody else gets it, and at which nobody listens.
pub(super) fn closed_port(stage: &Stage<'_>) -> anyhow::Result<(Socket, SocketAddr)> {
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let socket = stage.context.sockets.silent().open(SocketType::Stream, Role::Server, &free.into(), &[])?;
    let bound = socket.bind(&free.into())?.inet();
    Ok((socket, bound.unwrap_or(free)))
}

fn listen(backlog: u32, announced: &Ready, context: &mut Context) -> sys::Result<Vec<Socket>> {
    let listen = ListenConfig {
        sockets: &context.sockets,
        kind: SocketType::Stream,
        options: &[],
        defaults: &[],
        backlog,
        socket_mode: free_port().mode(),
    };
    let listeners = listen.open_target(&free_port(), &context.stop)?;
    ready::announce(announced, &listeners, context)?;
    Ok(listeners)
}

/// A client that sends what is typed and shows what it receives.
pub(super) fn tcp_client(stage: &mut Stage<'_>, address: SocketAddr) -> anyhow::Result<Client> {
    client_that(stage, address, &[], END)
}

/// A client that ends by breaking its connection off: close(2) with a linger time of 0.
pub(super) fn aborting_client(stage: &mut Stage<'_>, address: SocketAddr) -> anyhow::Result<Client> {
    let end = EndConfig { on_eof: OnEof::Close, ..END };
    client_that(stage, address, &[SocketOption::Linger(0)], end)
}

fn client_that(
    stage: &mut Stage<'_>,
    address: SocketAddr,
    options: &'static [SocketOption],
    end: EndConfig,
) -> anyhow::Result<Client> {
    stage.client(move |stdio, context| {
        let mut connect = connect(address);
        connect.opening.options = options.to_vec();
        pipe::run(&pipe::Config { connect, stdio, has_input: true, crlf: false, end }, context)
    })
}

/// One client of all servers.
pub(super) fn client_of_all(stage: &mut Stage<'_>, servers: &[Server]) -> anyhow::Result<Client> {
    let targets: Vec<String> = servers.iter().map(|server| server.address.to_string()).collect();
    stage.client(move |stdio, context| {
        let config = clients::Config {
            targets: clients::read_targets(&targets, &[])?,
            opening: opening(),
            timeout: None,
            reconnect: false,
            ordered: None,
            prefix: true,
            end: END,
            stdio,
        };
        clients::run(config, context)
    })
}

/// A room.
pub(super) fn chat_server(stage: &mut Stage<'_>) -> anyhow::Result<Server> {
    let stdio = Stdio { input: None, output: Some(nowhere()?) };
    stage.server(|ready, context| {
        let config = chat_server::Config {
            target: Some(free_port()),
            access: AccessRules::default(),
            options: Vec::new(),
            backlog: BACKLOG,
            ready,
            rules: RULES,
            taps: None,
            bus: None,
            tls: None,
            prompt: "",
            stdio,
        };
        chat_server::run(&config, context)
    })
}

/// A member of the room.
pub(super) fn chat_client(stage: &mut Stage<'_>, room: &Server) -> anyhow::Result<Client> {
    let address = room.address;
    stage.client(move |stdio, context| {
        let connect = connect(address);
        chat_client::run(chat_client::Config { connect, nick: None, end: END, prompt: "", stdio }, context)
    })
}

/// A server that sends each datagram back.
pub(super) fn udp_server(stage: &mut Stage<'_>) -> anyhow::Result<Server> {
    stage.server(|ready, context| {
        let config = udp_server::Config {
            bind: Some(free_port()),
            access: AccessRules::default(),
            groups: Vec::new(),
            options: Vec::new(),
            ready,
            answer: Answer::Echo,
            forward: None,
            commands: None,
            input: None,
            to_all: false,
            ends_with_input: false,
            shows: false,
            lines: false,
            count: None,
            idle_timeout: None,
            stdio: Stdio::default(),
        };
        udp_server::run(&config, context)
    })
}

/// A client that sends one datagram, and ends with the reply.
pub(super) fn udp_client(
    stage: &mut Stage<'_>,
    address: SocketAddr,
    message: &'static str,
) -> anyhow::Result<Client> {
    let target = endpoint(address).into();
    stage.client(move |stdio, context| {
        let config = udp_client::Config {
            target,
            lookup: Lookup::default(),
            socket: UdpClientConfig::default(),
            payload: Payload::Messages(vec![message.into()]),
            repeat: 1,
            interval: None,
            reply_wait: Duration::from_secs(2),
            replies: Some(1),
            expect: None,
            wait: None,
            stdio,
        };
        udp_client::run(&config, context)
    })
}

fn free_port() -> BindTarget {
    let endpoint = endpoint(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    BindTarget {
        endpoint: endpoint.into(),
        named: true,
        public: false,
        lookup: Lookup::default(),
        socket_mode: None,
    }
}

fn endpoint(address: SocketAddr) -> Endpoint {
    Endpoint { host: Host::Ip(address.ip()), port: address.port() }
}

fn connect(address: SocketAddr) -> ConnectConfig {
    let target = endpoint(address).into();
    ConnectConfig { target, opening: opening(), timeout: None, wait: None }
}

fn opening() -> Opening {
    Opening {
        options: Vec::new(),
        source: None,
        lookup: Lookup::default(),
        proxy: None,
        tls: None,
        taps: None,
    }
}

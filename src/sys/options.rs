//! Socket options as values: what a user asks for, how it is set, and what the kernel made of it.

use super::error::{Error, Result};
use crate::event::{Kind, Proto, Value};
use socket2::{Protocol, SockRef, TcpKeepalive};
use std::io;
use std::time::Duration;

/// One option to set before a socket is bound or connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketOption {
    /// `SO_REUSEADDR`, socket(7).
    ReuseAddr(bool),
    /// `SO_REUSEPORT`, socket(7).
    ReusePort(bool),
    /// `IPV6_V6ONLY`, ipv6(7); left out on IPv4 sockets.
    V6Only(bool),
    /// `TCP_NODELAY`, tcp(7).
    NoDelay(bool),
    /// `SO_KEEPALIVE`, socket(7).
    Keepalive(bool),
    /// `TCP_KEEPIDLE`, whole seconds.
    KeepIdle(Duration),
    /// `TCP_KEEPINTVL`, whole seconds.
    KeepInterval(Duration),
    /// `TCP_KEEPCNT`, probes.
    KeepCount(u32),
    /// `SO_LINGER`, whole seconds; 0 makes close send RST.
    Linger(u64),
    /// `SO_SNDBUF`, bytes; the kernel doubles it.
    SendBuffer(usize),
    /// `SO_RCVBUF`, bytes; the kernel doubles it.
    ReceiveBuffer(usize),
    /// `IP_TTL` or `IPV6_UNICAST_HOPS`.
    Ttl(u32),
    /// `IP_TOS` or `IPV6_TCLASS`.
    Tos(u32),
    /// `TCP_MAXSEG`, bytes.
    Mss(u32),
    /// `TCP_USER_TIMEOUT`, milliseconds.
    UserTimeout(Duration),
    /// `TCP_CONGESTION`, tcp(7).
    Congestion(String),
    /// `SO_BINDTODEVICE`, socket(7).
    Device(String),
    /// `SO_MARK`, socket(7); needs `CAP_NET_ADMIN`.
    Mark(u32),
    /// `IP_FREEBIND` or `IPV6_FREEBIND`, ip(7).
    FreeBind(bool),
    /// `TCP_NOTSENT_LOWAT`, bytes, tcp(7).
    UnsentLow(u32),
    /// `SO_BROADCAST`, socket(7).
    Broadcast(bool),
    /// `IP_MULTICAST_TTL` or `IPV6_MULTICAST_HOPS`.
    MulticastTtl(u32),
    /// `IPPROTO_MPTCP`, a protocol of its own (Linux `networking/mptcp`): the factory takes it for socket(2), and nothing
    /// is to be set.
    Multipath(bool),
}

/// The family of the socket an option is set on: some options have a name for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
    /// unix(7).
    Unix,
    /// vsock(7).
    Vsock,
}

impl SocketOption {
    /// The name of the command-line flag, which is the event's `name`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ReuseAddr(_) => "reuseaddr",
            Self::ReusePort(_) => "reuseport",
            Self::V6Only(_) => "v6only",
            Self::NoDelay(_) => "nodelay",
            Self::Keepalive(_) => "keepalive",
            Self::KeepIdle(_) => "keepalive-idle",
            Self::KeepInterval(_) => "keepalive-interval",
            Self::KeepCount(_) => "keepalive-count",
            Self::Linger(_) => "linger",
            Self::SendBuffer(_) => "sndbuf",
            Self::ReceiveBuffer(_) => "rcvbuf",
            Self::Ttl(_) => "ttl",
            Self::Tos(_) => "tos",
            Self::Mss(_) => "mss",
            Self::UserTimeout(_) => "user-timeout",
            Self::Congestion(_) => "congestion",
            Self::Device(_) => "device",
            Self::Mark(_) => "mark",
            Self::FreeBind(_) => "freebind",
            Self::UnsentLow(_) => "notsent-lowat",
            Self::Broadcast(_) => "broadcast",
            Self::MulticastTtl(_) => "multicast-ttl",
            Self::Multipath(_) => "mptcp",
        }
    }

    /// What was asked for, in the unit the option has.
    #[must_use]
    pub fn requested(&self) -> Value {
        match self {
            Self::ReuseAddr(on)
            | Self::ReusePort(on)
            | Self::V6Only(on)
            | Self::NoDelay(on)
            | Self::Keepalive(on)
            | Self::FreeBind(on)
            | Self::Broadcast(on)
            | Self::Multipath(on) => Value::Bool(*on),
            Self::KeepIdle(time) | Self::KeepInterval(time) => Value::Number(time.as_secs()),
            Self::UserTimeout(time) => Value::Number(millis(*time)),
            Self::Linger(seconds) => Value::Number(*seconds),
            Self::SendBuffer(bytes) | Self::ReceiveBuffer(bytes) => Value::Number(*bytes as u64),
            Self::KeepCount(n)
            | Self::Ttl(n)
            | Self::Tos(n)
            | Self::Mss(n)
            | Self::Mark(n)
            | Self::UnsentLow(n)
            | Self::MulticastTtl(n) => Value::Number(u64::from(*n)),
            Self::Congestion(name) | Self::Device(name) => Value::Text(name.clone()),
        }
    }

    /// Whether the option has a meaning on a socket of this family.
    #[must_use]
    pub const fn applies_to(&self, family: Family) -> bool {
        match self {
            Self::V6Only(_) => matches!(family, Family::V6),
            // A default of servers. unix(7) has no TIME-WAIT, and the kernel would take it without effect.
            Self::ReuseAddr(_) => !matches!(family, Family::Unix),
            _ => true,
        }
    }

    /// Sets the option and reads it back: the value in force.
    ///
    /// The error names the option and what was asked for.
    pub fn apply(&self, socket: &SockRef<'_>, family: Family) -> Result<Value> {
        self.set(socket, family).and_then(|()| self.read(socket, family)).map_err(|error| {
            Error::new("option", format_args!("{} {}", self.name(), self.requested()), error)
                .about(Kind::Option)
        })
    }

    /// Sets the option.
    pub(in crate::sys) fn set(&self, socket: &SockRef<'_>, family: Family) -> io::Result<()> {
        match self {
            Self::ReuseAddr(on) => socket.set_reuse_address(*on),
            Self::ReusePort(on) => socket.set_reuse_port(*on),
            Self::V6Only(on) => socket.set_only_v6(*on),
            Self::NoDelay(on) => socket.set_tcp_nodelay(*on),
            Self::Keepalive(on) => socket.set_keepalive(*on),
            Self::KeepIdle(time) => socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(*time)),
            Self::KeepInterval(time) => socket.set_tcp_keepalive(&TcpKeepalive::new().with_interval(*time)),
            Self::KeepCount(count) => socket.set_tcp_keepalive(&TcpKeepalive::new().with_retries(*count)),
            Self::Linger(seconds) => socket.set_linger(Some(Duration::from_secs(*seconds))),
            Self::SendBuffer(bytes) => socket.set_send_buffer_size(*bytes),
            Self::ReceiveBuffer(bytes) => socket.set_recv_buffer_size(*bytes),
            Self::Ttl(n) if family == Family::V4 => socket.set_ttl_v4(*n),
            Self::Ttl(n) => socket.set_unicast_hops_v6(*n),
            Self::Tos(n) if family == Family::V4 => socket.set_tos_v4(*n),
            Self::Tos(n) => socket.set_tclass_v6(*n),
            Self::Mss(bytes) => socket.set_tcp_mss(*bytes),
            Self::UserTimeout(time) => socket.set_tcp_user_timeout(Some(*time)),
            Self::Congestion(name) => socket.set_tcp_congestion(name.as_bytes()),
            Self::Device(name) => socket.bind_device(Some(name.as_bytes())),
            Self::Mark(mark) => socket.set_mark(*mark),
            Self::FreeBind(on) if family == Family::V4 => socket.set_freebind_v4(*on),
            Self::FreeBind(on) => socket.set_freebind_v6(*on),
            Self::UnsentLow(bytes) => socket.set_tcp_notsent_lowat(*bytes),
            Self::Broadcast(on) => socket.set_broadcast(*on),
            Self::MulticastTtl(n) if family == Family::V4 => socket.set_multicast_ttl_v4(*n),
            Self::MulticastTtl(n) => socket.set_multicast_hops_v6(*n),
            Self::Multipath(_) if socket.protocol()? == Some(Protocol::MPTCP) => Ok(()),
            Self::Multipath(_) => Err(rustix::io::Errno::PROTONOSUPPORT.into()),
        }
    }

    /// Reads the value in force.
    pub fn read(&self, socket: &SockRef<'_>, family: Family) -> io::Result<Value> {
        Ok(match self {
            Self::ReuseAddr(_) => Value::Bool(socket.reuse_address()?),
            Self::ReusePort(_) => Value::Bool(socket.reuse_port()?),
            Self::V6Only(_) => Value::Bool(socket.only_v6()?),
            Self::NoDelay(_) => Value::Bool(socket.tcp_nodelay()?),
            Self::Keepalive(_) => Value::Bool(socket.keepalive()?),
            Self::KeepIdle(_) => Value::Number(socket.tcp_keepalive_time()?.as_secs()),
            Self::KeepInterval(_) => Value::Number(socket.tcp_keepalive_interval()?.as_secs()),
            Self::KeepCount(_) => Value::Number(socket.tcp_keepalive_retries()?.into()),
            Self::Linger(_) => match socket.linger()? {
                Some(time) => Value::Number(time.as_secs()),
                None => Value::Bool(false),
            },
            Self::SendBuffer(_) => Value::Number(socket.send_buffer_size()? as u64),
            Self::ReceiveBuffer(_) => Value::Number(socket.recv_buffer_size()? as u64),
            Self::Ttl(_) if family == Family::V4 => Value::Number(socket.ttl_v4()?.into()),
            Self::Ttl(_) => Value::Number(socket.unicast_hops_v6()?.into()),
            Self::Tos(_) if family == Family::V4 => Value::Number(socket.tos_v4()?.into()),
            Self::Tos(_) => Value::Number(socket.tclass_v6()?.into()),
            Self::Mss(_) => Value::Number(socket.tcp_mss()?.into()),
            Self::UserTimeout(_) => Value::Number(socket.tcp_user_timeout()?.map_or(0, millis)),
            Self::Congestion(_) => text(&socket.tcp_congestion()?),
            Self::Device(_) => text(&socket.device()?.unwrap_or_default()),
            Self::Mark(_) => Value::Number(socket.mark()?.into()),
            Self::FreeBind(_) if family == Family::V4 => Value::Bool(socket.freebind_v4()?),
            Self::FreeBind(_) => Value::Bool(socket.freebind_v6()?),
            Self::UnsentLow(_) => Value::Number(socket.tcp_notsent_lowat()?.into()),
            Self::Broadcast(_) => Value::Bool(socket.broadcast()?),
            Self::MulticastTtl(_) if family == Family::V4 => Value::Number(socket.multicast_ttl_v4()?.into()),
            Self::MulticastTtl(_) => Value::Number(socket.multicast_hops_v6()?.into()),
            Self::Multipath(_) => Value::Bool(socket.protocol()? == Some(Protocol::MPTCP)),
        })
    }

    /// The options worth showing on a socket even when nobody set them (`-v`).
    #[must_use]
    pub fn worth_showing(proto: Proto) -> Vec<Self> {
        let buffers = [Self::SendBuffer(0), Self::ReceiveBuffer(0), Self::Ttl(0)];
        let own = match proto {
            Proto::Tcp => vec![
                Self::NoDelay(false),
                Self::Keepalive(false),
                Self::Mss(0),
                Self::Congestion(String::new()),
            ],
            Proto::Udp => vec![Self::Broadcast(false), Self::MulticastTtl(0)],
            Proto::Unix | Proto::Vsock => Vec::new(),
        };
        buffers.into_iter().chain(own).collect()
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn text(bytes: &[u8]) -> Value {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    Value::Text(String::from_utf8_lossy(&bytes[..end]).into_owned())
}

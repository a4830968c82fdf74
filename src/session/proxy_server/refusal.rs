//! Why a target is not connected, in the words of each protocol.

use crate::event::Kind;
use crate::net::proxy::socks5;
use crate::sys::Error;
use std::fmt;

/// The reason.
pub(super) enum Refusal {
    /// The rules deny it; the text names the rule and is not sent to clients.
    NotAllowed(String),
    /// It cannot be looked up or connected.
    Failed(Error),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAllowed(rule) => f.write_str(rule),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl Refusal {
    pub(super) fn socks5(&self) -> Vec<u8> {
        use socks5::Reply;
        let reply = match self {
            Self::NotAllowed(_) => Reply::NotAllowed,
            Self::Failed(error) => match (error.kind(), error.errno()) {
                (Kind::Refused, _) => Reply::Refused,
                (_, Some(libc::ENETUNREACH | libc::ENETDOWN)) => Reply::NetworkUnreachable,
                (Kind::Unreachable | Kind::Resolve, _) => Reply::HostUnreachable,
                (Kind::Timeout, _) => Reply::TtlExpired,
                _ => Reply::Failure,
            },
        };
        socks5::reply(reply).to_vec()
    }

    /// The status of HTTP (RFC 9110 15).
    pub(super) fn status(&self) -> u16 {
        match self {
            Self::NotAllowed(_) => 403,
            Self::Failed(error) if error.kind() == Kind::Timeout => 504,
            Self::Failed(_) => 502,
        }
    }

    /// What a client may read.
    pub(super) fn public(&self) -> &'static str {
        match self {
            Self::NotAllowed(_) => "the rules of the proxy deny the destination",
            Self::Failed(error) => match error.kind() {
                Kind::Refused => "the destination refused the connection",
                Kind::Resolve => "the name of the destination has no address",
                Kind::Timeout => "the destination did not answer in time",
                Kind::Unreachable => "the destination cannot be reached",
                _ => "the connection to the destination failed",
            },
        }
    }
}

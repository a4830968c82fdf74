//! The environment of a command, which describes its connection.

use crate::event::{Address, Proto, Subject};
use std::net::SocketAddr;

/// The variables of a command; those without a value are removed, so that none is inherited from a command that started us.
///
/// The second name of each address is ncat's (ncat(1)).
pub(in crate::session) fn environment(
    socket: &Subject,
    tls_subject: Option<String>,
) -> Vec<(&'static str, Option<String>)> {
    let (peer_address, peer_port) = parts(socket.peer.as_ref());
    let (local_address, local_port) = parts(socket.local.as_ref());
    vec![
        ("SOQUETE_PEER_ADDR", peer_address.clone()),
        ("SOQUETE_PEER_PORT", peer_port.clone()),
        ("SOQUETE_LOCAL_ADDR", local_address.clone()),
        ("SOQUETE_LOCAL_PORT", local_port.clone()),
        ("SOQUETE_PROTO", Some(socket.proto.name().to_owned())),
        ("SOQUETE_CONN", Some(socket.conn.to_string())),
        ("SOQUETE_TLS_SUBJECT", tls_subject),
        ("NCAT_REMOTE_ADDR", peer_address),
        ("NCAT_REMOTE_PORT", peer_port),
        ("NCAT_LOCAL_ADDR", local_address),
        ("NCAT_LOCAL_PORT", local_port),
        ("NCAT_PROTO", Some(proto(socket.proto).to_owned())),
    ]
}

/// An address and a port; a link-local address with its interface's number, without which it leads nowhere. A UNIX socket
/// has a path, or `@` and a name, and no port.
fn parts(address: Option<&Address>) -> (Option<String>, Option<String>) {
    match address {
        None => (None, None),
        Some(Address::Inet(SocketAddr::V6(v6))) if v6.scope_id() != 0 => {
            (Some(format!("{}%{}", v6.ip(), v6.scope_id())), Some(v6.port().to_string()))
        }
        Some(Address::Inet(address)) => (Some(address.ip().to_string()), Some(address.port().to_string())),
        Some(Address::Unix(name)) => (Some(name.to_string()), None),
        Some(Address::Vsock { cid, port }) => (Some(cid.to_string()), Some(port.to_string())),
    }
}

/// As ncat has it.
const fn proto(proto: Proto) -> &'static str {
    match proto {
        Proto::Tcp => "TCP",
        Proto::Udp => "UDP",
        Proto::Unix => "UNIX",
        Proto::Vsock => "VSOCK",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Role;

    #[test]
    fn both_families_of_names_tell_the_same() {
        let inet = |text: &str| Address::Inet(text.parse().unwrap());
        let socket = Subject {
            conn: 7,
            proto: Proto::Tcp,
            local: Some(inet("127.0.0.1:7000")),
            peer: Some(inet("[fe80::1%3]:50000")),
            role: Role::Server,
        };
        let told = environment(&socket, Some("CN=a".to_owned()));
        let value = |name| told.iter().find(|(n, _)| *n == name).unwrap().1.as_deref();
        for (names, expected) in [
            (["SOQUETE_PEER_ADDR", "NCAT_REMOTE_ADDR"], "fe80::1%3"),
            (["SOQUETE_PEER_PORT", "NCAT_REMOTE_PORT"], "50000"),
            (["SOQUETE_LOCAL_ADDR", "NCAT_LOCAL_ADDR"], "127.0.0.1"),
            (["SOQUETE_LOCAL_PORT", "NCAT_LOCAL_PORT"], "7000"),
        ] {
            assert_eq!(names.map(value), [Some(expected); 2], "{names:?}");
        }
        assert_eq!(
            ["SOQUETE_PROTO", "NCAT_PROTO", "SOQUETE_CONN", "SOQUETE_TLS_SUBJECT"].map(value),
            [Some("tcp"), Some("TCP"), Some("7"), Some("CN=a")]
        );
        let bare = environment(&Subject { peer: None, ..socket }, None);
        assert!(bare.contains(&("NCAT_REMOTE_ADDR", None)) && bare.contains(&("SOQUETE_TLS_SUBJECT", None)));
    }
}

//! SOCKS 4 ("SOCKS: A protocol for TCP proxy across firewalls", Ying-Da Lee) and 4a, in which the proxy resolves the name.

use super::message::{Malformed, Parsed, parse};
use crate::net::address::{Endpoint, Host};
use std::net::{IpAddr, Ipv4Addr};

/// The longest user name and host name, bytes.
const LONGEST: usize = 255;
const VERSION: u8 = 4;
const CONNECT: u8 = 1;
/// The reply to a request that is granted.
pub const GRANTED: u8 = 90;
/// The reply to one that is rejected, or that failed.
pub const REJECTED: u8 = 91;

/// A client's request.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// Whether a connection is asked for; a server knows nothing else (BIND is 2).
    pub is_connect: bool,
    /// Where to.
    pub target: Endpoint,
    /// The name of the user; empty if there is none.
    pub user: String,
}

/// The request for a connection; `Err` says what SOCKS4 cannot express.
pub fn request(target: &Endpoint, user: &str) -> Result<Vec<u8>, Malformed> {
    if user.len() > LONGEST || user.contains('\0') {
        return Err(Malformed("the user name is longer than 255 bytes or has a NUL"));
    }
    let mut bytes = vec![VERSION, CONNECT];
    bytes.extend(target.port.to_be_bytes());
    match &target.host {
        Host::Ip(IpAddr::V4(ip)) => {
            bytes.extend(ip.octets());
            bytes.extend(user.bytes().chain([0]));
        }
        host => {
            let name = host.to_string();
            if name.len() > LONGEST {
                return Err(Malformed("the host name is longer than 255 bytes"));
            }
            bytes.extend([0, 0, 0, 1]);
            bytes.extend(user.bytes().chain([0]).chain(name.bytes()).chain([0]));
        }
    }
    Ok(bytes)
}

/// Reads a client's request.
pub fn parse_request(bytes: &[u8]) -> Result<Parsed<Request>, Malformed> {
    parse(bytes, |fields| {
        if fields.byte()? != VERSION {
            return Ok(Err(Malformed("not SOCKS4")));
        }
        let is_connect = fields.byte()? == CONNECT;
        let port = u16::from_be_bytes(fields.array()?);
        let ip = fields.array::<4>()?;
        let Some(user) = fields.until_nul(LONGEST)? else {
            return Ok(Err(Malformed("the user name is longer than 255 bytes")));
        };
        let user = String::from_utf8_lossy(user).into_owned();
        let host = match ip {
            // 0.0.0.x says that a name follows.
            [0, 0, 0, last] if last > 0 => match fields.until_nul(LONGEST)? {
                Some(name) => name_of(name),
                None => Err(Malformed("the host name is longer than 255 bytes")),
            },
            ip => Ok(Host::Ip(Ipv4Addr::from(ip).into())),
        };
        Ok(host.map(|host| Request { is_connect, target: Endpoint { host, port }, user }))
    })
}

/// The host that a client of a proxy names.
pub(super) fn name_of(name: &[u8]) -> Result<Host, Malformed> {
    let name = std::str::from_utf8(name).ok().and_then(|name| Host::parse(name).ok());
    name.ok_or(Malformed("the host is neither a name nor an address"))
}

/// The reply of a server.
#[must_use]
pub fn reply(code: u8) -> [u8; 8] {
    [0, code, 0, 0, 0, 0, 0, 0]
}

/// Reads the code of a server's reply.
pub fn parse_reply(bytes: &[u8]) -> Result<Parsed<u8>, Malformed> {
    parse(bytes, |fields| {
        let [version, code, ..] = fields.array::<8>()?;
        Ok(if version == 0 { Ok(code) } else { Err(Malformed("the answer is not SOCKS4")) })
    })
}

/// The meaning of a code that is not [`GRANTED`].
#[must_use]
pub fn reason(code: u8) -> String {
    match code {
        REJECTED => "request rejected or failed".to_owned(),
        92 => "request rejected: the proxy cannot reach identd on the client".to_owned(),
        93 => "request rejected: identd reports another user".to_owned(),
        code => format!("unknown reply {code}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(word: &str) -> Endpoint {
        Endpoint::parse(&[word.to_owned()]).unwrap()
    }

    #[test]
    fn a_request_is_read_as_it_was_written_and_from_every_beginning() {
        for (target, user) in
            [("127.0.0.1:80", ""), ("10.1.2.3:65535", "me"), ("host.example:443", "me"), ("[::1]:80", "")]
        {
            let bytes = request(&endpoint(target), user).unwrap();
            let mut tail = bytes.clone();
            tail.extend(b"behind");
            let expected = Request { is_connect: true, target: endpoint(target), user: user.to_owned() };
            assert_eq!(parse_request(&tail), Ok(Parsed::Whole(expected, bytes.len())));
            for end in 0..bytes.len() {
                let Ok(Parsed::Missing(missing)) = parse_request(&bytes[..end]) else { panic!("{end}") };
                assert!(missing > 0 && end + missing <= bytes.len(), "{end}: {missing}");
            }
        }
    }

    #[test]
    fn hostile_requests_are_refused() {
        let head = [4, 1, 0, 80, 0, 0, 0, 1];
        for tail in [vec![b'x'; 300], [vec![0], vec![b'x'; 300]].concat(), b"\0a/b\0".to_vec(), vec![0, 0]] {
            assert!(parse_request(&[head.to_vec(), tail].concat()).is_err());
        }
        assert!(parse_request(&[5]).is_err());
        assert!(request(&endpoint("h:1"), &"x".repeat(256)).is_err());
    }

    #[test]
    fn replies_are_named() {
        assert_eq!(parse_reply(&reply(GRANTED)), Ok(Parsed::Whole(GRANTED, 8)));
        assert_eq!(parse_reply(&[0, 90]), Ok(Parsed::Missing(6)));
        assert!(parse_reply(b"HTTP/1.1").is_err());
        assert!(reason(91).contains("rejected") && reason(200).contains("200"));
    }
}

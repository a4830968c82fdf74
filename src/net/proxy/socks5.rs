//! SOCKS5 (RFC 1928), with the user name and password of RFC 1929.

use super::auth::Credentials;
use super::message::{Fields, Malformed, Parsed, Short, parse};
use super::socks4::name_of;
use crate::net::address::{Endpoint, Host};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const VERSION: u8 = 5;
/// The version of RFC 1929.
const PASSWORD_VERSION: u8 = 1;
const CONNECT: u8 = 1;

/// A way to authenticate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// None.
    None,
    /// User name and password.
    Password,
    /// No acceptable one.
    Unacceptable,
    /// One that is not known here.
    Other(u8),
}

/// The reply to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Reply {
    /// Connected.
    Succeeded,
    /// A failure without a name.
    Failure,
    /// The rules of the proxy exclude the target.
    NotAllowed,
    /// ENETUNREACH.
    NetworkUnreachable,
    /// EHOSTUNREACH, or the name has no address.
    HostUnreachable,
    /// ECONNREFUSED.
    Refused,
    /// No answer in time.
    TtlExpired,
    /// BIND and UDP ASSOCIATE, where they are not supported.
    CommandNotSupported,
}

/// A client's request.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// Whether a connection is asked for (BIND is 2, UDP ASSOCIATE 3).
    pub is_connect: bool,
    /// Where to.
    pub target: Endpoint,
}

impl Method {
    const fn code(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Password => 2,
            Self::Unacceptable => 0xff,
            Self::Other(code) => code,
        }
    }

    const fn of(code: u8) -> Self {
        match code {
            0 => Self::None,
            2 => Self::Password,
            0xff => Self::Unacceptable,
            code => Self::Other(code),
        }
    }
}

/// The client's first message.
#[must_use]
pub fn greeting(methods: &[Method]) -> Vec<u8> {
    // There are two methods to offer.
    let count = u8::try_from(methods.len()).unwrap_or(u8::MAX);
    [VERSION, count].into_iter().chain(methods.iter().map(|method| method.code())).collect()
}

/// Reads the methods that a client offers.
pub fn parse_greeting(bytes: &[u8]) -> Result<Parsed<Vec<Method>>, Malformed> {
    parse(bytes, |fields| {
        Ok(if fields.byte()? == VERSION {
            Ok(fields.counted()?.iter().map(|code| Method::of(*code)).collect())
        } else {
            Err(Malformed("not SOCKS5"))
        })
    })
}

/// The server's choice.
#[must_use]
pub fn choice(method: Method) -> [u8; 2] {
    [VERSION, method.code()]
}

/// Reads the server's choice.
pub fn parse_choice(bytes: &[u8]) -> Result<Parsed<Method>, Malformed> {
    parse(bytes, |fields| {
        Ok(match fields.array()? {
            [VERSION, code] => Ok(Method::of(code)),
            _ => Err(Malformed("the answer is not SOCKS5")),
        })
    })
}

/// The user name and password; `Err` if one is longer than 255 bytes.
pub fn password(credentials: &Credentials) -> Result<Vec<u8>, Malformed> {
    let mut bytes = vec![PASSWORD_VERSION];
    for field in [&credentials.user, &credentials.password] {
        let length = u8::try_from(field.len())
            .map_err(|_| Malformed("the user name or the password is longer than 255 bytes"))?;
        bytes.push(length);
        bytes.extend(field.as_bytes());
    }
    Ok(bytes)
}

/// A user name and a password, as they came.
pub type Password = (Vec<u8>, Vec<u8>);

/// Reads a user name and a password.
pub fn parse_password(bytes: &[u8]) -> Result<Parsed<Password>, Malformed> {
    parse(bytes, |fields| {
        if fields.byte()? != PASSWORD_VERSION {
            return Ok(Err(Malformed("the password is not in the form of RFC 1929")));
        }
        Ok(Ok((fields.counted()?.to_vec(), fields.counted()?.to_vec())))
    })
}

/// The verdict on a password.
#[must_use]
pub fn verdict(accepted: bool) -> [u8; 2] {
    [PASSWORD_VERSION, u8::from(!accepted)]
}

/// Reads the verdict on a password.
pub fn parse_verdict(bytes: &[u8]) -> Result<Parsed<bool>, Malformed> {
    // Some servers answer with version 5.
    parse(bytes, |fields| fields.array().map(|[_, status]| Ok(status == 0)))
}

/// The request for a connection; `Err` says what SOCKS5 cannot express.
pub fn request(target: &Endpoint) -> Result<Vec<u8>, Malformed> {
    let mut bytes = vec![VERSION, CONNECT, 0];
    match &target.host {
        Host::Ip(ip) => address(*ip, &mut bytes),
        host => {
            let name = host.to_string();
            let length =
                u8::try_from(name.len()).map_err(|_| Malformed("the host name is longer than 255 bytes"))?;
            bytes.extend([3, length]);
            bytes.extend(name.bytes());
        }
    }
    bytes.extend(target.port.to_be_bytes());
    Ok(bytes)
}

/// Reads a client's request.
pub fn parse_request(bytes: &[u8]) -> Result<Parsed<Request>, Malformed> {
    parse(bytes, |fields| {
        if fields.byte()? != VERSION {
            return Ok(Err(Malformed("not SOCKS5")));
        }
        let is_connect = fields.byte()? == CONNECT;
        fields.byte()?;
        let target = parse_address(fields)?;
        Ok(target.map(|target| Request { is_connect, target }))
    })
}

/// The reply of a server. The bound address is left out: a client of CONNECT does not need it.
#[must_use]
pub fn reply(reply: Reply) -> [u8; 10] {
    [VERSION, reply as u8, 0, 1, 0, 0, 0, 0, 0, 0]
}

/// Reads the code of a server's reply, 0 if it succeeded.
pub fn parse_reply(bytes: &[u8]) -> Result<Parsed<u8>, Malformed> {
    parse(bytes, |fields| {
        if fields.byte()? != VERSION {
            return Ok(Err(Malformed("the answer is not SOCKS5")));
        }
        let code = fields.byte()?;
        fields.byte()?;
        // A name that the proxy bound may be anything.
        match fields.byte()? {
            1 => fields.take(4)?,
            3 => fields.counted()?,
            4 => fields.take(16)?,
            _ => return Ok(Err(Malformed("the answer has an address of an unknown type"))),
        };
        fields.take(2)?;
        Ok(Ok(code))
    })
}

/// The meaning of a code that is not 0, in the words of RFC 1928.
#[must_use]
pub fn reason(code: u8) -> String {
    let words = match code {
        1 => "general SOCKS server failure",
        2 => "connection not allowed by ruleset",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "TTL expired",
        7 => "command not supported",
        8 => "address type not supported",
        code => return format!("unknown reply {code}"),
    };
    words.to_owned()
}

fn address(ip: IpAddr, bytes: &mut Vec<u8>) {
    match ip {
        IpAddr::V4(ip) => bytes.extend([1].into_iter().chain(ip.octets())),
        IpAddr::V6(ip) => bytes.extend([4].into_iter().chain(ip.octets())),
    }
}

fn parse_address(fields: &mut Fields<'_>) -> Result<Result<Endpoint, Malformed>, Short> {
    let host = match fields.byte()? {
        1 => Ok(Host::Ip(Ipv4Addr::from(fields.array::<4>()?).into())),
        3 => name_of(fields.counted()?),
        4 => Ok(Host::Ip(Ipv6Addr::from(fields.array::<16>()?).into())),
        _ => return Ok(Err(Malformed("the address is of an unknown type"))),
    };
    let port = u16::from_be_bytes(fields.array()?);
    Ok(host.map(|host| Endpoint { host, port }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(word: &str) -> Endpoint {
        Endpoint::parse(&[word.to_owned()]).unwrap()
    }

    /// Every beginning of a message is incomplete, and no more is asked for than belongs to it.
    fn grows<T: std::fmt::Debug + PartialEq>(
        bytes: &[u8],
        meant: T,
        parse: impl Fn(&[u8]) -> Result<Parsed<T>, Malformed>,
    ) {
        for end in 0..bytes.len() {
            let Ok(Parsed::Missing(missing)) = parse(&bytes[..end]) else { panic!("{end}: {bytes:?}") };
            assert!(missing > 0 && end + missing <= bytes.len(), "{end}: {missing}");
        }
        let more = [bytes, b"more"].concat();
        assert_eq!(parse(&more), Ok(Parsed::Whole(meant, bytes.len())));
    }

    #[test]
    fn every_message_is_read_as_it_was_written() {
        grows(
            &greeting(&[Method::None, Method::Password]),
            vec![Method::None, Method::Password],
            parse_greeting,
        );
        grows(&choice(Method::Unacceptable), Method::Unacceptable, parse_choice);
        let credentials = Credentials { user: "me".into(), password: "a:b".into() };
        grows(&password(&credentials).unwrap(), (b"me".to_vec(), b"a:b".to_vec()), parse_password);
        grows(&verdict(true), true, parse_verdict);
        grows(&verdict(false), false, parse_verdict);
        for target in ["127.0.0.1:80", "[::1]:443", "host.example:65535", "localhost:1"] {
            let meant = Request { is_connect: true, target: endpoint(target) };
            grows(&request(&endpoint(target)).unwrap(), meant, parse_request);
        }
        grows(&reply(Reply::NotAllowed), 2, parse_reply);
        grows(b"\x05\x00\x00\x03\x04host\x00\x50", 0, parse_reply);
    }

    #[test]
    fn hostile_messages_are_refused() {
        for bytes in [
            &b"\x05\x01\x00\x09"[..],
            b"\x04\x01",
            b"\x05\x01\x00\x03\x00\x00\x50",
            b"\x05\x01\x00\x03\x02a\n\0\x50",
        ] {
            assert!(parse_request(bytes).is_err(), "{bytes:?}");
        }
        assert!(parse_reply(b"HTTP/1.0 400").is_err() && parse_choice(b"HT").is_err());
        assert!(parse_password(b"\x05").is_err() && parse_greeting(b"GET").is_err());
        let long = "x".repeat(256);
        assert!(password(&Credentials { user: long.clone(), password: String::new() }).is_err());
        assert!(request(&Endpoint { host: Host::Name(long), port: 1 }).is_err());
    }

    #[test]
    fn replies_have_the_words_of_the_standard() {
        assert_eq!(reason(Reply::NotAllowed as u8), "connection not allowed by ruleset");
        assert_eq!(reason(8), "address type not supported");
        assert_eq!(reason(77), "unknown reply 77");
    }
}

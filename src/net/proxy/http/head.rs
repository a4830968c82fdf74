//! Heads of requests and responses, by httparse.

use crate::net::proxy::message::{Malformed, Parsed};
use memchr::memchr_iter;

/// The longest head, bytes.
pub const HEAD_LIMIT: usize = 32 << 10;
/// The most fields of one head.
const MOST_FIELDS: usize = 128;

/// One field of a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// As it came; compared without case.
    pub name: String,
    /// Without white space around it.
    pub value: Vec<u8>,
}

/// The head of a request.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// GET, CONNECT...
    pub method: String,
    /// The request target as it came.
    pub target: String,
    /// 0 for HTTP/1.0, 1 for HTTP/1.1.
    pub minor: u8,
    /// In their order.
    pub headers: Vec<Header>,
}

/// The head of a response.
#[derive(Debug, PartialEq, Eq)]
pub struct Response {
    /// 0 for HTTP/1.0, 1 for HTTP/1.1.
    pub minor: u8,
    /// 100 to 599, or what else came.
    pub status: u16,
    /// The words behind it.
    pub reason: String,
    /// In their order.
    pub headers: Vec<Header>,
}

/// The length of the head at the beginning of `bytes`, or how many bytes it certainly lacks.
fn extent(bytes: &[u8]) -> Result<Parsed<()>, Malformed> {
    for end in memchr_iter(b'\n', bytes) {
        let rest = &bytes[end + 1..];
        if rest.first() == Some(&b'\n') {
            return limited(end + 2);
        }
        if rest.starts_with(b"\r\n") {
            return limited(end + 3);
        }
    }
    if bytes.len() >= HEAD_LIMIT {
        return Err(TOO_LONG);
    }
    // An empty line ends it: LF, or CR LF, after a line end.
    Ok(Parsed::Missing(if bytes.ends_with(b"\n") || bytes.ends_with(b"\n\r") { 1 } else { 2 }))
}

const TOO_LONG: Malformed = Malformed("the head is longer than 32 KiB");

fn limited(length: usize) -> Result<Parsed<()>, Malformed> {
    if length > HEAD_LIMIT { Err(TOO_LONG) } else { Ok(Parsed::Whole((), length)) }
}

/// Reads the head of a request.
pub fn parse_request(bytes: &[u8]) -> Result<Parsed<Request>, Malformed> {
    // What is not HTTP is known by its first line at the latest, and by the first byte at the earliest.
    if bytes.first().is_some_and(|byte| !byte.is_ascii_uppercase()) {
        return Err(Malformed("the request is neither SOCKS nor HTTP"));
    }
    whole(bytes, |head| {
        let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
        let mut request = httparse::Request::new(&mut fields);
        match (request.parse(head), request.method, request.path, request.version) {
            (Ok(httparse::Status::Complete(_)), Some(method), Some(target), Some(minor)) => Some(Request {
                method: method.to_owned(),
                target: target.to_owned(),
                minor,
                headers: headers(request.headers),
            }),
            _ => None,
        }
    })
}

/// Reads the head of a response.
pub fn parse_response(bytes: &[u8]) -> Result<Parsed<Response>, Malformed> {
    let begin = &b"HTTP/1."[..bytes.len().min(7)];
    if !bytes.starts_with(begin) {
        return Err(Malformed("the answer is not HTTP/1"));
    }
    whole(bytes, |head| {
        let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
        let mut response = httparse::Response::new(&mut fields);
        match (response.parse(head), response.version, response.code) {
            (Ok(httparse::Status::Complete(_)), Some(minor), Some(status)) => Some(Response {
                minor,
                status,
                reason: response.reason.unwrap_or_default().to_owned(),
                headers: headers(response.headers),
            }),
            _ => None,
        }
    })
}

fn whole<T>(bytes: &[u8], read: impl FnOnce(&[u8]) -> Option<T>) -> Result<Parsed<T>, Malformed> {
    let length = match extent(bytes)? {
        Parsed::Whole((), length) => length,
        Parsed::Missing(missing) => return Ok(Parsed::Missing(missing)),
    };
    let head = read(&bytes[..length]).ok_or(Malformed("the head is not HTTP/1"))?;
    Ok(Parsed::Whole(head, length))
}

fn headers(fields: &[httparse::Header<'_>]) -> Vec<Header> {
    fields.iter().map(|f| Header { name: f.name.to_owned(), value: f.value.trim_ascii().to_vec() }).collect()
}

/// The values of the fields of this name.
pub(super) fn values<'a>(headers: &'a [Header], name: &'a str) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    headers.iter().filter(move |h| h.name.eq_ignore_ascii_case(name)).map(|h| h.value.as_slice())
}

/// The elements of a list in the fields of this name, in lower case (RFC 9110 5.6.1).
pub(super) fn list<'a>(headers: &'a [Header], name: &'a str) -> impl Iterator<Item = String> + use<'a> {
    let elements = values(headers, name).flat_map(|value| value.split(|byte| *byte == b','));
    elements
        .map(|element| String::from_utf8_lossy(element.trim_ascii()).to_ascii_lowercase())
        .filter(|element| !element.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEAD: &[u8] = b"GET http://h/x HTTP/1.1\r\nHost: h\r\nAccept:  a , b\r\n\r\n";

    #[test]
    fn a_head_is_read_from_every_beginning_without_reading_on() {
        for end in 0..HEAD.len() {
            let Ok(Parsed::Missing(missing)) = parse_request(&HEAD[..end]) else { panic!("{end}") };
            assert!(missing > 0 && end + missing <= HEAD.len(), "{end}: {missing}");
        }
        let tail = [HEAD, b"body"].concat();
        let Ok(Parsed::Whole(request, length)) = parse_request(&tail) else { panic!("it is whole") };
        assert_eq!(
            (request.method.as_str(), request.target.as_str(), length),
            ("GET", "http://h/x", HEAD.len())
        );
        assert_eq!(list(&request.headers, "accept").collect::<Vec<_>>(), ["a", "b"]);
        let Ok(Parsed::Whole(response, 41)) =
            parse_response(b"HTTP/1.0 403 Not here\nContent-Length: 1\n\nx")
        else {
            panic!("it is whole")
        };
        assert_eq!((response.status, response.reason.as_str(), response.minor), (403, "Not here", 0));
    }

    #[test]
    fn hostile_heads_are_refused() {
        let fields = "A: b\r\n".repeat(MOST_FIELDS + 1);
        for head in [
            "\x16\x03\x01".into(),
            "GET / HTTP/2.0\r\n\r\n".into(),
            "GET /\r\n\r\n".into(),
            "GET / HTTP/1.1\r\nA b\r\n\r\n".into(),
            "GET / HTTP/1.1\r\n A: b\r\n\r\n".into(),
            "GET / HTTP/1.1\r\nA : b\r\n\r\n".into(),
            "GET / HTTP/1.1\r\nA: b\0\r\n\r\n".into(),
            format!("GET / HTTP/1.1\r\n{fields}\r\n"),
            format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(HEAD_LIMIT)),
            "G".repeat(HEAD_LIMIT),
        ] {
            assert!(parse_request(head.as_bytes()).is_err(), "{head}");
        }
        assert!(parse_response(b"SSH-2.0-x").is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = (parse_request(&bytes), parse_response(&bytes));
            let _ = parse_request(&[b"GET / HTTP/1.1\r\n", bytes.as_slice()].concat());
        }
    }
}

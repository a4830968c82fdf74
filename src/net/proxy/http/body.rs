//! Where the body of a message ends (RFC 9112 6). The bytes pass unchanged; what is behind the end belongs to another message.

use super::head::{Header, Request, Response, list, values};
use crate::net::proxy::message::Malformed;

/// The longest line between chunks, and all trailer fields together, bytes.
const LONGEST_LINE: usize = 8 << 10;

/// The rest of a body.
#[derive(Debug, PartialEq, Eq)]
pub enum Body {
    /// So many bytes; 0 is its end.
    Length(u64),
    /// Chunks (RFC 9112 7.1).
    Chunked(Chunks),
    /// To the end of the connection.
    UntilClose,
}

/// A place in a chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunks {
    /// In the line with a chunk's size: what was read of it, how many digits, and bytes of the line.
    Size { size: u64, digits: u8, line: usize, extension: bool },
    /// In a chunk with so many bytes to come.
    Data(u64),
    /// Before the line end behind a chunk.
    After,
    /// In the trailer: bytes of it, and whether its line is empty so far.
    Trailer { length: usize, empty: bool },
    /// Behind it.
    Done,
}

const START: Chunks = Chunks::Size { size: 0, digits: 0, line: 0, extension: false };

impl Body {
    /// The body of a request. A length that is not certain is refused: servers that disagree on it can be deceived.
    pub fn of_request(request: &Request) -> Result<Self, Malformed> {
        match (framing(&request.headers)?, request.minor) {
            (Framing::Chunked, 0) => Err(Malformed("HTTP/1.0 has no Transfer-Encoding")),
            (Framing::Chunked, _) => Ok(Self::Chunked(START)),
            (Framing::Length(length), _) => Ok(Self::Length(length)),
            (Framing::None, _) => Ok(Self::Length(0)),
            (Framing::Other, _) => Err(Malformed("the Transfer-Encoding of the request is not chunked")),
        }
    }

    /// The body of a response to a request with this method.
    pub fn of_response(method: &str, response: &Response) -> Result<Self, Malformed> {
        let framing = framing(&response.headers)?;
        if method == "HEAD" || matches!(response.status, 100..=199 | 204 | 304) {
            return Ok(Self::Length(0));
        }
        Ok(match framing {
            Framing::Chunked => Self::Chunked(START),
            Framing::Length(length) => Self::Length(length),
            Framing::None | Framing::Other => Self::UntilClose,
        })
    }

    /// How many of these bytes belong to it.
    pub fn advance(&mut self, bytes: &[u8]) -> Result<usize, Malformed> {
        match self {
            Self::UntilClose => Ok(bytes.len()),
            Self::Length(left) => Ok(take(left, bytes.len())),
            Self::Chunked(chunks) => {
                let mut at = 0;
                while at < bytes.len() && *chunks != Chunks::Done {
                    at += chunks.advance(&bytes[at..])?;
                }
                Ok(at)
            }
        }
    }

    /// Whether it is complete. One that goes on to the end of the connection never is.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Length(0) | Self::Chunked(Chunks::Done))
    }
}

/// Takes at most `available` from `left`.
fn take(left: &mut u64, available: usize) -> usize {
    let taken = usize::try_from(*left).map_or(available, |left| left.min(available));
    *left -= taken as u64;
    taken
}

impl Chunks {
    /// Takes some of `bytes`, which are not empty.
    fn advance(&mut self, bytes: &[u8]) -> Result<usize, Malformed> {
        let byte = bytes[0];
        *self = match *self {
            Self::Data(mut left) => {
                let taken = take(&mut left, bytes.len());
                *self = if left == 0 { Self::After } else { Self::Data(left) };
                return Ok(taken);
            }
            Self::Size { line: LONGEST_LINE, .. } | Self::Trailer { length: LONGEST_LINE, .. } => {
                return Err(Malformed("a line of the chunked body is longer than 8 KiB"));
            }
            Self::Size { size, digits, line, extension } => match (byte, char::from(byte).to_digit(16)) {
                (b'\n', _) if digits == 0 => return Err(BAD_CHUNK),
                (b'\n', _) if size == 0 => Self::Trailer { length: 0, empty: true },
                (b'\n', _) => Self::Data(size),
                _ if extension => Self::Size { size, digits, line: line + 1, extension },
                (_, Some(digit)) if digits < 16 => Self::Size {
                    size: size << 4 | u64::from(digit),
                    digits: digits + 1,
                    line: line + 1,
                    extension,
                },
                (b';' | b' ' | b'\t' | b'\r', _) if digits > 0 => {
                    Self::Size { size, digits, line: line + 1, extension: true }
                }
                _ => return Err(BAD_CHUNK),
            },
            Self::After => match byte {
                b'\r' => Self::After,
                b'\n' => START,
                _ => return Err(BAD_CHUNK),
            },
            Self::Trailer { length, empty } => match byte {
                b'\n' if empty => Self::Done,
                b'\n' => Self::Trailer { length: length + 1, empty: true },
                b'\r' => Self::Trailer { length: length + 1, empty },
                _ => Self::Trailer { length: length + 1, empty: false },
            },
            Self::Done => return Ok(0),
        };
        Ok(1)
    }
}

const BAD_CHUNK: Malformed = Malformed("malformed chunked body");

/// What the fields say of the length.
enum Framing {
    None,
    Length(u64),
    Chunked,
    /// A transfer coding that does not end in `chunked`.
    Other,
}

fn framing(headers: &[Header]) -> Result<Framing, Malformed> {
    let codings: Vec<_> = list(headers, "transfer-encoding").collect();
    let mut lengths = values(headers, "content-length").map(content_length);
    let length = lengths.next();
    if lengths.any(|other| Some(other) != length) || length == Some(None) {
        return Err(Malformed("invalid Content-Length"));
    }
    match (codings.as_slice(), length.flatten()) {
        ([], None) => Ok(Framing::None),
        ([], Some(length)) => Ok(Framing::Length(length)),
        (_, Some(_)) => Err(Malformed("both Content-Length and Transfer-Encoding")),
        ([one], None) if one == "chunked" => Ok(Framing::Chunked),
        (_, None) => Ok(Framing::Other),
    }
}

fn content_length(value: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(value).ok()?;
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn request(fields: &str) -> Request {
        let head = format!("POST http://h/ HTTP/1.1\r\n{fields}\r\n");
        match super::super::head::parse_request(head.as_bytes()) {
            Ok(crate::net::proxy::Parsed::Whole(request, _)) => request,
            other => panic!("{other:?}"),
        }
    }

    const CHUNKS: &[u8] = b"5;x=y\r\nhello\r\n00a\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n";

    #[test]
    fn a_body_ends_where_its_framing_says() {
        let mut body = Body::of_request(&request("Content-Length: 5\r\n")).unwrap();
        assert_eq!(body.advance(b"abc"), Ok(3));
        assert_eq!((body.advance(b"deGET"), body.is_done()), (Ok(2), true));
        assert!(Body::of_request(&request("")).unwrap().is_done());
        for size in 1..=CHUNKS.len() {
            let mut body = Body::of_request(&request("Transfer-Encoding: Chunked\r\n")).unwrap();
            let stream = [CHUNKS, b"GET /"].concat();
            let taken: usize = stream.chunks(size).map(|part| body.advance(part).unwrap()).sum();
            assert_eq!((taken, body.is_done()), (CHUNKS.len(), true), "by {size}");
        }
    }

    #[test]
    fn a_length_that_is_not_certain_is_refused() {
        for fields in [
            "Content-Length: 5\r\nContent-Length: 6\r\n",
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "Content-Length: +5\r\n",
            "Content-Length: 5, 5\r\n",
            "Content-Length: \r\n",
            "Content-Length: 99999999999999999999999\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: xchunked\r\n",
        ] {
            assert!(Body::of_request(&request(fields)).is_err(), "{fields}");
        }
        let mut old = request("Transfer-Encoding: chunked\r\n");
        old.minor = 0;
        assert!(Body::of_request(&old).is_err());
        for bytes in [&b"x\r\n"[..], b"\r\n", b"5\r\nhelloX", b"11111111111111111\r\n"] {
            assert!(Body::Chunked(START).advance(bytes).is_err(), "{bytes:?}");
        }
        let long = [b"1;".to_vec(), vec![b'x'; LONGEST_LINE]].concat();
        assert!(Body::Chunked(START).advance(&long).is_err());
    }

    #[test]
    fn some_responses_have_no_body() {
        let response = |status, headers: &[(&str, &str)]| Response {
            minor: 1,
            status,
            reason: String::new(),
            headers: headers.iter().map(|(n, v)| Header { name: (*n).into(), value: (*v).into() }).collect(),
        };
        let length = [("Content-Length", "5")];
        for (method, status) in [("HEAD", 200), ("GET", 204), ("GET", 304), ("GET", 100)] {
            assert!(Body::of_response(method, &response(status, &length)).unwrap().is_done());
        }
        assert_eq!(Body::of_response("GET", &response(200, &length)), Ok(Body::Length(5)));
        assert_eq!(Body::of_response("GET", &response(200, &[])), Ok(Body::UntilClose));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_take_too_many(bytes: Vec<u8>) {
            if let Ok(taken) = Body::Chunked(START).advance(&bytes) {
                prop_assert!(taken <= bytes.len());
            }
        }
    }
}

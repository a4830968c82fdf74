//! Heads as a proxy passes them on: without the fields that are meant for the connection alone (RFC 9110 7.6.1).

use super::head::{Header, Request, Response, list};
use std::io::Write;

/// Fields of one connection, besides those that `Connection` names.
const OF_CONNECTION: [&str; 9] = [
    "connection",
    "proxy-connection",
    "keep-alive",
    "te",
    "upgrade",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-authentication-info",
    "host",
];
/// Fields that say where the body ends, which `Connection` cannot take away.
const OF_BODY: [&str; 2] = ["content-length", "transfer-encoding"];

/// The head of a request for the server itself; each connection serves one.
#[must_use]
pub fn request(request: &Request, authority: &str, path: &str) -> Vec<u8> {
    let mut head = Vec::new();
    // Writing to memory cannot fail.
    let _ = write!(head, "{} {path} HTTP/1.{}\r\nHost: {authority}\r\n", request.method, request.minor);
    finish(head, request.minor, &request.headers)
}

/// The head of a response for the client.
#[must_use]
pub fn response(response: &Response) -> Vec<u8> {
    let mut head = Vec::new();
    let _ = write!(head, "HTTP/1.{} {} {}\r\n", response.minor, response.status, response.reason);
    if response.status < 200 {
        // Another head follows on the same connection.
        append(&mut head, &response.headers);
        head.extend(b"\r\n");
        return head;
    }
    finish(head, response.minor, &response.headers)
}

/// Adds the fields; a proxy names itself (RFC 9110 7.6.3).
fn finish(mut head: Vec<u8>, minor: u8, headers: &[Header]) -> Vec<u8> {
    append(&mut head, headers);
    let _ = write!(head, "Via: 1.{minor} soquete\r\nConnection: close\r\n\r\n");
    head
}

fn append(head: &mut Vec<u8>, headers: &[Header]) {
    let named: Vec<_> = list(headers, "connection").collect();
    for Header { name, value } in headers {
        let lower = name.to_ascii_lowercase();
        let of_connection = OF_CONNECTION.contains(&lower.as_str()) || named.contains(&lower);
        if !of_connection || OF_BODY.contains(&lower.as_str()) {
            head.extend(name.as_bytes());
            head.extend(b": ");
            head.extend(value);
            head.extend(b"\r\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::head::{parse_request, parse_response};
    use super::*;
    use crate::net::proxy::Parsed;

    #[test]
    fn fields_of_the_connection_stay_behind() {
        let head = b"POST http://h:81/a HTTP/1.1\r\nHost: other\r\nProxy-Authorization: Basic eDp5\r\nX: 1\r\n\
            Connection: close, x-secret, Content-Length\r\nX-Secret: 1\r\nContent-Length: 2\r\nTE: trailers\r\n\
            Proxy-Connection: keep-alive\r\nUpgrade: h2c\r\nCookie: a=b\r\n\r\n";
        let Ok(Parsed::Whole(parsed, _)) = parse_request(head) else { panic!("it is whole") };
        assert_eq!(
            String::from_utf8(request(&parsed, "h:81", "/a")).unwrap(),
            "POST /a HTTP/1.1\r\nHost: h:81\r\nX: 1\r\nContent-Length: 2\r\nCookie: a=b\r\nVia: 1.1 soquete\r\nConnection: close\r\n\r\n"
        );
        let head = b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\nKeep-Alive: 5\r\n\r\n";
        let Ok(Parsed::Whole(parsed, _)) = parse_response(head) else { panic!("it is whole") };
        assert_eq!(
            String::from_utf8(response(&parsed)).unwrap(),
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nVia: 1.1 soquete\r\nConnection: close\r\n\r\n"
        );
    }
}

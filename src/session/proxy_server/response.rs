//! HTTP responses of the proxy itself.

/// A response of the proxy itself; `fields` are whole lines. The words behind the status say why as well: many clients of
/// CONNECT show nothing else.
pub(super) fn answer(status: u16, text: &str, fields: &str) -> Vec<u8> {
    let reason = match status {
        400 => "Bad Request",
        403 => "Forbidden",
        405 => "Method Not Allowed",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        504 => "Gateway Timeout",
        _ => "Bad Gateway",
    };
    let length = text.len() + 1;
    format!(
        "HTTP/1.1 {status} {reason}: {text}\r\n{fields}Content-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{text}\n"
    )
    .into_bytes()
}

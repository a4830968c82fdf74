//! A client's handshake with a proxy, over any stream. It reads no byte that belongs to the target's answer.

use super::http::{Login, best_challenge, parse_response};
use super::socks5::{self, Method};
use super::{Credentials, Malformed, Parsed, Scheme, socks4};
use crate::event::Kind;
use crate::net::address::Endpoint;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// A request to a proxy.
pub struct Request<'a> {
    /// How to speak with it.
    pub scheme: Scheme,
    /// Where it is to connect to; an address where the scheme does not resolve names.
    pub target: &'a Endpoint,
    /// The user, for SOCKS.
    pub credentials: Option<&'a Credentials>,
    /// The value of `Proxy-Authorization`, for HTTP.
    pub authorization: Option<String>,
}

/// The reason why there is no connection through the proxy.
pub enum Failure {
    /// It did not connect to the target, of which another address may do. The kind is that of the target's refusal, or
    /// `Proxy` for the proxy's own.
    Refused(Kind, String),
    /// It does not accept the user.
    Denied(String),
    /// HTTP: it demands an answer to a challenge, which is given if it is known here.
    Challenged(Option<Login>),
    /// The target or the user cannot be expressed, or the answer is not of the protocol.
    Malformed(Malformed),
    /// It closed the connection before the answer.
    Closed,
    /// Sending or receiving failed.
    Io(io::Error),
}

impl From<Malformed> for Failure {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

/// Asks for a connection. Once this returns, the stream is one to the target.
pub async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    request: &Request<'_>,
) -> Result<(), Failure> {
    match request.scheme {
        Scheme::Socks4 | Scheme::Socks4a => ask_socks4(stream, request).await,
        Scheme::Socks5 | Scheme::Socks5h => ask_socks5(stream, request).await,
        Scheme::Http | Scheme::Https => ask_http(stream, request).await,
    }
}

async fn ask_socks4<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    request: &Request<'_>,
) -> Result<(), Failure> {
    let user = request.credentials.map_or("", |credentials| &credentials.user);
    send(stream, &socks4::request(request.target, user)?).await?;
    match receive(stream, socks4::parse_reply).await? {
        socks4::GRANTED => Ok(()),
        code => {
            let kind = if code == socks4::REJECTED { Kind::Refused } else { Kind::Proxy };
            Err(Failure::Refused(kind, socks4::reason(code)))
        }
    }
}

async fn ask_socks5<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    request: &Request<'_>,
) -> Result<(), Failure> {
    let methods: &[Method] =
        if request.credentials.is_some() { &[Method::None, Method::Password] } else { &[Method::None] };
    send(stream, &socks5::greeting(methods)).await?;
    match (receive(stream, socks5::parse_choice).await?, request.credentials) {
        (Method::None, _) => {}
        (Method::Password, Some(credentials)) => {
            send(stream, &socks5::password(credentials)?).await?;
            if !receive(stream, socks5::parse_verdict).await? {
                return Err(Failure::Denied("user name or password rejected".into()));
            }
        }
        (Method::Unacceptable, None) => {
            return Err(Failure::Denied(format!("authentication required; {GIVE_USER}")));
        }
        (Method::Unacceptable, Some(_)) => {
            return Err(Failure::Denied("no acceptable authentication method".into()));
        }
        (Method::Password | Method::Other(_), _) => {
            return Err(Malformed("the proxy chose a method that was not offered").into());
        }
    }
    send(stream, &socks5::request(request.target)?).await?;
    match receive(stream, socks5::parse_reply).await? {
        0 => Ok(()),
        code => {
            let kind = match code {
                5 => Kind::Refused,
                1 | 3 | 4 | 6 => Kind::Unreachable,
                _ => Kind::Proxy,
            };
            Err(Failure::Refused(kind, socks5::reason(code)))
        }
    }
}

async fn ask_http<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    request: &Request<'_>,
) -> Result<(), Failure> {
    let target = request.target;
    let login = request.authorization.as_ref();
    let login = login.map_or_else(String::new, |value| format!("Proxy-Authorization: {value}\r\n"));
    send(stream, format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{login}\r\n").as_bytes()).await?;
    loop {
        let response = receive(stream, parse_response).await?;
        return match response.status {
            // More follows (RFC 9110 15.2).
            100..=199 => continue,
            200..=299 => Ok(()),
            407 => Err(Failure::Challenged(best_challenge(&response))),
            status => {
                // Some name the reason in words.
                let refused = status >= 500 && response.reason.to_ascii_lowercase().contains("refused");
                let kind = match status {
                    _ if refused => Kind::Refused,
                    500.. => Kind::Unreachable,
                    _ => Kind::Proxy,
                };
                Err(Failure::Refused(kind, format!("{status} {}", response.reason).trim_end().to_owned()))
            }
        };
    }
}

/// What to do where a proxy asks for a user. Every user of the machine can read a password on the command line.
pub const GIVE_USER: &str = "give USER:PASSWORD in a file (--proxy-auth-file) or in SOQUETE_PROXY_AUTH";

async fn send<S: AsyncWrite + Unpin>(stream: &mut S, bytes: &[u8]) -> Result<(), Failure> {
    let sent = async {
        stream.write_all(bytes).await?;
        stream.flush().await
    };
    sent.await.map_err(Failure::Io)
}

/// Receives one message and not a byte more.
async fn receive<S: AsyncRead + Unpin, T>(
    stream: &mut S,
    parse: impl Fn(&[u8]) -> Result<Parsed<T>, Malformed>,
) -> Result<T, Failure> {
    let mut bytes = Vec::new();
    loop {
        match parse(&bytes)? {
            Parsed::Whole(message, _) => return Ok(message),
            Parsed::Missing(missing) => {
                let from = bytes.len();
                bytes.resize(from + missing, 0);
                stream.read_exact(&mut bytes[from..]).await.map_err(|error| match error.kind() {
                    io::ErrorKind::UnexpectedEof => Failure::Closed,
                    _ => Failure::Io(error),
                })?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::duplex;
    use tokio::runtime::Builder;

    /// The outcome of a handshake against these answers, what was sent, and what is left to read behind the handshake.
    fn ask(scheme: Scheme, user: Option<&str>, answers: &[u8]) -> (Result<(), String>, Vec<u8>, Vec<u8>) {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (mut near, mut far) = duplex(64 << 10);
            far.write_all(answers).await.unwrap();
            far.write_all(b"early data").await.unwrap();
            far.shutdown().await.unwrap();
            let credentials: Option<Credentials> = user.map(|user| user.parse().unwrap());
            let target = Endpoint::parse(&["host.example:443".to_owned()]).unwrap();
            let request = Request {
                scheme,
                target: &target,
                credentials: credentials.as_ref(),
                authorization: user.map(|_| "Basic x".to_owned()),
            };
            let outcome = handshake(&mut near, &request).await.map_err(|failure| match failure {
                Failure::Refused(_, text) | Failure::Denied(text) => text,
                Failure::Challenged(login) => format!("challenged: {}", login.is_some()),
                Failure::Malformed(why) => why.to_string(),
                Failure::Closed => "closed".to_owned(),
                Failure::Io(error) => error.to_string(),
            });
            let mut rest = Vec::new();
            near.read_to_end(&mut rest).await.unwrap();
            drop(near);
            let mut sent = Vec::new();
            far.read_to_end(&mut sent).await.unwrap();
            (outcome, sent, rest)
        })
    }

    #[test]
    fn the_first_bytes_of_the_target_are_left_to_be_read() {
        for (scheme, user, answers) in [
            (Scheme::Socks4a, None, &b"\0\x5a\0\0\0\0\0\0"[..]),
            (Scheme::Socks5h, None, b"\x05\0\x05\0\0\x01\0\0\0\0\0\0"),
            (Scheme::Socks5h, Some("me:pw"), b"\x05\x02\x01\0\x05\0\0\x03\x04host\0\0"),
            (Scheme::Http, None, b"HTTP/1.1 100 Wait\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
            (Scheme::Http, Some("me:pw"), b"HTTP/1.0 200 OK\n\n"),
        ] {
            let (outcome, sent, rest) = ask(scheme, user, answers);
            assert_eq!((outcome, rest.as_slice()), (Ok(()), &b"early data"[..]), "{scheme:?}");
            assert!(sent.windows(12).any(|part| part == b"host.example"), "{sent:?}");
            let is_told = sent.windows(2).any(|part| part == b"pw");
            assert_eq!(is_told, scheme == Scheme::Socks5h && user.is_some(), "{sent:?}");
        }
    }

    #[test]
    fn refusals_have_names() {
        for (scheme, user, answers, reason) in [
            (Scheme::Socks4, None, &b"\0\x5b\0\0\0\0\0\0"[..], "request rejected or failed"),
            (Scheme::Socks5, None, b"\x05\xff", "authentication required; give"),
            (Scheme::Socks5, Some("me:pw"), b"\x05\xff", "no acceptable authentication method"),
            (Scheme::Socks5, Some("me:pw"), b"\x05\x02\x01\x01", "user name or password rejected"),
            (Scheme::Socks5, None, b"\x05\x02", "a method that was not offered"),
            (Scheme::Socks5, None, b"\x05\0\x05\x02\0\x01\0\0\0\0\0\0", "connection not allowed by ruleset"),
            (Scheme::Socks5, None, b"HTTP/1.1 400 Bad\r\n\r\n", "the answer is not SOCKS5"),
            (Scheme::Http, None, b"HTTP/1.1 403 Forbidden\r\n\r\n", "403 Forbidden"),
            (Scheme::Http, None, b"HTTP/1.1 503\r\n\r\n", "503"),
            (
                Scheme::Http,
                None,
                b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=x\r\n\r\n",
                "challenged: true",
            ),
            (Scheme::Http, None, b"HTTP/1.1 407 No\r\n\r\n", "challenged: false"),
            (Scheme::Http, None, b"\x05\xff", "the answer is not HTTP/1"),
        ] {
            let (outcome, ..) = ask(scheme, user, answers);
            let text = outcome.expect_err(reason);
            assert!(text.contains(reason), "{text}, not {reason}");
        }
    }
}

//! What is asked on an open connection before its port counts as open: bytes to send, and the answer to expect.

use crate::event::{Outcome, Span};
use crate::net::expect::Expect;
use crate::net::stream::ByteStream;
use crate::sys::error::reason;
use crate::text::shorten::shorten;
use std::fmt;
use std::io;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout_at;

/// Bytes of an answer that are read; an answer that does not match within them does not match.
pub const LONGEST: usize = 64 << 10;
/// Silence after which the bytes that came since the last look are looked at.
const QUIET: Duration = Duration::from_millis(5);
/// An answer is looked at again when it has grown by this part of its length, so that one that comes byte by byte costs little.
const GROWTH: usize = 8;
/// Columns of an answer that a report shows.
const SHOWN: usize = 60;
/// How long the close of a connection may take on which something was asked.
const CLOSE: Duration = Duration::from_millis(250);

/// A question and its answer.
#[derive(Clone, Debug)]
pub struct Question {
    /// What is sent; may be empty.
    pub send: Vec<u8>,
    /// What must come back.
    pub expect: Expect,
}

/// Why an answer is not as expected.
pub(super) struct Unexpected {
    pub(super) outcome: Outcome,
    pub(super) reason: String,
}

/// An answer as far as it came.
#[derive(Default)]
struct Answer {
    bytes: Vec<u8>,
    /// When the last of them came.
    came: Option<Instant>,
    /// Bytes that were looked at.
    seen: usize,
}

impl Question {
    /// Asks until `deadline`, which is `limit` to the user; returns when the answer was complete.
    pub(super) async fn ask(
        &self,
        stream: &ByteStream,
        deadline: Instant,
        limit: Duration,
    ) -> Result<Instant, Unexpected> {
        let send = async {
            // A server that answers without reading everything may have closed: the answer decides.
            let mut writer = stream;
            if writer.write_all(&self.send).await.is_ok() {
                let _ = writer.flush().await;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            answered = self.receive(stream, deadline, limit) => answered,
            () = send => Err(Unexpected::none("closed")),
        }
    }

    async fn receive(
        &self,
        mut stream: &ByteStream,
        deadline: Instant,
        limit: Duration,
    ) -> Result<Instant, Unexpected> {
        let mut answer = Answer::default();
        let mut buffer = vec![0; 4096];
        let end = loop {
            let until = if answer.has_news() { deadline.min(Instant::now() + QUIET) } else { deadline };
            let room = buffer.len().min(LONGEST - answer.bytes.len());
            let read = timeout_at(until.into(), stream.read(&mut buffer[..room])).await;
            let is_due = match read {
                Ok(Ok(count @ 1..)) => answer.take(&buffer[..count]),
                Ok(Ok(_)) => break End::Closed,
                Ok(Err(error)) => break End::Failed(error),
                Err(_) if Instant::now() >= deadline => break End::Late(limit),
                Err(_) => true,
            };
            if is_due && answer.is_match(&self.expect) {
                return Ok(answer.came.unwrap_or_else(Instant::now));
            }
            if answer.bytes.len() >= LONGEST {
                break End::TooLong;
            }
        };
        let is_match = answer.is_match(&self.expect);
        match answer.came {
            Some(came) if is_match => Ok(came),
            Some(_) => Err(Unexpected::other(&answer.bytes, &end)),
            None => Err(Unexpected::none(&end.to_string())),
        }
    }
}

impl Answer {
    /// Takes bytes; whether it is time to look at them.
    fn take(&mut self, bytes: &[u8]) -> bool {
        self.bytes.extend_from_slice(bytes);
        self.came = Some(Instant::now());
        self.bytes.len() > self.seen + self.seen / GROWTH || self.bytes.len() >= LONGEST
    }

    fn has_news(&self) -> bool {
        self.seen < self.bytes.len()
    }

    fn is_match(&mut self, expect: &Expect) -> bool {
        let has_news = self.has_news();
        self.seen = self.bytes.len();
        has_news && expect.is_match(&self.bytes)
    }
}

/// Why no more of an answer is read.
enum End {
    Closed,
    Failed(io::Error),
    Late(Duration),
    TooLong,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the peer closed the connection without an answer"),
            Self::Failed(error) => f.write_str(&reason(error)),
            Self::Late(limit) => write!(f, "no answer within {}", Span(*limit)),
            Self::TooLong => write!(f, "more than {LONGEST} bytes"),
        }
    }
}

impl Unexpected {
    fn none(why: &str) -> Self {
        Self { outcome: Outcome::NoAnswer, reason: format!("open, but {why}") }
    }

    fn other(answer: &[u8], end: &End) -> Self {
        let more = match end {
            End::Closed => String::new(),
            End::Late(limit) => format!(" within {}", Span(*limit)),
            End::Failed(error) => format!(" before {}", reason(error)),
            End::TooLong => format!(" in {LONGEST} bytes"),
        };
        Self {
            outcome: Outcome::NoMatch,
            reason: format!("open, but the answer did not match{more}: {}", excerpt(answer)),
        }
    }
}

/// The first line of an answer that is not empty, for one line of a report.
pub fn excerpt(answer: &[u8]) -> String {
    let line = answer.split(|byte| matches!(byte, b'\r' | b'\n')).find(|line| !line.is_empty());
    shorten(&String::from_utf8_lossy(line.unwrap_or_default()), SHOWN)
}

/// Ends a connection on which something was asked. A peer that takes its time is not waited for.
pub async fn close(stream: &ByteStream) {
    let mut reader = stream;
    let _ = tokio::time::timeout(CLOSE, async {
        let _ = stream.shutdown_write().await;
        while matches!(reader.read(&mut [0; 4096]).await, Ok(1..)) {}
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_byte_by_byte_is_looked_at_seldom() {
        let (expect, mut answer) = ("never".parse().unwrap(), Answer::default());
        let mut looks = 0;
        for _ in 0..LONGEST {
            if answer.take(b"x") {
                looks += 1;
                assert!(!answer.is_match(&expect));
            }
        }
        assert!(looks < 100, "{looks}");
        assert!(!answer.has_news(), "the last byte is looked at");
    }

    #[test]
    fn an_excerpt_is_one_visible_line() {
        assert_eq!(excerpt(b"\r\nHTTP/1.0 503 No\x1b\r\nmore"), "HTTP/1.0 503 No\u{241b}");
        assert_eq!(excerpt(b""), "");
        assert!(crate::text::shorten::columns(&excerpt(&[b'a'; 500])) <= SHOWN);
    }
}

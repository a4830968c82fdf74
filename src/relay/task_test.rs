//! The task driver over streams in memory.

use super::*;
use crate::relay::{OnEof, OnPeerEof};
use crate::sys::reactor::runtime;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// An input of these bytes, in two parts; open for ever if `open`.
struct Bytes {
    left: RefCell<VecDeque<u8>>,
    open: bool,
}

impl Bytes {
    fn new(bytes: &[u8], open: bool) -> Self {
        // Rotated, so that it wraps around.
        let mut left = VecDeque::with_capacity(bytes.len());
        left.extend(&bytes[bytes.len() / 2..]);
        bytes[..bytes.len() / 2].iter().rev().for_each(|byte| left.push_front(*byte));
        Self { left: RefCell::new(left), open }
    }
}

impl InputSource for Bytes {
    async fn next(&self) -> Next {
        match self.has_input() {
            true => Next::Bytes,
            false if self.open => std::future::pending().await,
            false => Next::End,
        }
    }

    fn take(&self, write: impl FnOnce(&[IoSlice<'_>]) -> io::Result<usize>) -> io::Result<usize> {
        let mut left = self.left.borrow_mut();
        let (one, other) = left.as_slices();
        let taken = write(&[IoSlice::new(one), IoSlice::new(other)])?;
        left.drain(..taken);
        Ok(taken)
    }

    fn excuse(&self, _: bool) {}

    async fn evicted(&self) {
        std::future::pending::<()>().await;
    }

    fn has_input(&self) -> bool {
        !self.left.borrow().is_empty()
    }

    fn says_waiting(&self) -> bool {
        false
    }
}

/// Relays `input` to a peer that sends `said` and FIN, `at_once` or after our FIN; returns the end, what was received, and
/// what the peer received.
fn relay(input: &Bytes, end: EndConfig, said: &[u8], at_once: bool) -> (Result<RelayEnd>, Vec<u8>, Vec<u8>) {
    let both = async {
        let (ours, theirs) = ByteStream::pair(16);
        let (mut received, mut sent) = (Vec::new(), Vec::new());
        let config = TaskConfig { end, has_input: true, says_waiting: false, is_file: false };
        let end = async {
            let mut reader = &ours;
            let receiving = pin!(async {
                reader.read_to_end(&mut received).await.map_err(|e| failed("recv", &ours, e))?;
                Ok(())
            });
            let end = run(&ours, input, &OutputWatch::default(), &config, receiving).await;
            drop(ours);
            end
        };
        let peer = async {
            let (mut reader, mut writer) = (&theirs, &theirs);
            let say = async {
                writer.write_all(said).await.unwrap();
                writer.shutdown().await.unwrap();
            };
            let hear = reader.read_to_end(&mut sent);
            if at_once {
                tokio::join!(say, hear).1.unwrap();
            } else {
                hear.await.unwrap();
                say.await;
            }
        };
        let (end, ()) = tokio::join!(end, peer);
        (end, received, sent)
    };
    runtime().unwrap().block_on(both)
}

const END: EndConfig = EndConfig {
    on_eof: OnEof::HalfClose,
    on_peer_eof: OnPeerEof::End,
    eof_wait: None,
    idle: None,
    send_only: false,
};

#[test]
fn both_directions_arrive_whole_through_a_narrow_stream() {
    let text: Vec<u8> = (0..1000u32).map(|n| (n % 251) as u8).collect();
    let (end, received, sent) = relay(&Bytes::new(&text, false), END, b"hi", false);
    assert_eq!((end.unwrap(), &received[..]), (RelayEnd::Done, &b"hi"[..]));
    assert_eq!(sent, text);
}

#[test]
fn an_input_that_stays_open_is_given_up_at_the_peers_end() {
    let (end, received, sent) = relay(&Bytes::new(b"abc", true), END, &[b'x'; 100], true);
    assert_eq!((end.unwrap(), received.len(), &sent[..]), (RelayEnd::Done, 100, &b"abc"[..]));
}

#[test]
fn an_idle_connection_ends_at_its_limit() {
    let limit = Duration::from_millis(20);
    let end = EndConfig { idle: Some(limit), on_eof: OnEof::Keep, on_peer_eof: OnPeerEof::Keep, ..END };
    let both = async {
        let (ours, _theirs) = ByteStream::pair(16);
        let config = TaskConfig { end, has_input: true, says_waiting: false, is_file: false };
        run(&ours, &Bytes::new(b"", false), &OutputWatch::default(), &config, pin!(std::future::pending()))
            .await
    };
    assert_eq!(runtime().unwrap().block_on(both).unwrap(), RelayEnd::Idle(limit));
}

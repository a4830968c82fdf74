//! Joins over streams in memory.

use super::*;
use crate::sys::reactor::runtime;
use std::future::poll_fn;
use std::io::IoSlice;

async fn write(stream: &ByteStream, bytes: &[u8]) {
    let mut rest = bytes;
    while !rest.is_empty() {
        let some = poll_fn(|cx| stream.poll_writing(cx, || stream.try_write(&[IoSlice::new(rest)])));
        rest = &rest[some.await.unwrap()..];
    }
}

async fn read(stream: &ByteStream) -> Vec<u8> {
    let (mut all, mut some) = (Vec::new(), vec![0; 4096]);
    loop {
        match poll_fn(|cx| stream.poll_read(cx, &mut some)).await.unwrap() {
            0 => return all,
            n => all.extend_from_slice(&some[..n]),
        }
    }
}

#[test]
fn a_half_close_passes_and_a_late_answer_arrives() {
    let runtime = runtime().unwrap();
    runtime.block_on(async {
        let ((near, client), (target, far)) = (ByteStream::pair(1000), ByteStream::pair(1000));
        let buffer = RefCell::new(vec![0; 300]);
        let talk = async {
            write(&near, &[7; 5000]).await;
            near.shutdown_write().await.unwrap();
            assert_eq!(read(&near).await, [9; 3000]);
        };
        let answer = async {
            assert_eq!(read(&far).await, [7; 5000]);
            write(&far, &[9; 3000]).await;
            far.shutdown_write().await.unwrap();
        };
        let config = JoinConfig::default();
        let (end, ..) = tokio::join!(join(&client, &target, &config, &buffer), talk, answer);
        assert_eq!(end.unwrap(), JoinEnd::Done);
    });
}

#[test]
fn nothing_moved_for_the_limit_is_the_end() {
    let runtime = runtime().unwrap();
    runtime.block_on(async {
        let ((_near, client), (target, _far)) = (ByteStream::pair(10), ByteStream::pair(10));
        let limit = Duration::from_millis(20);
        let config = JoinConfig { idle: Some(limit) };
        let end = join(&client, &target, &config, &RefCell::new(vec![0; 10])).await;
        assert_eq!(end.unwrap(), JoinEnd::Idle(limit));
    });
}

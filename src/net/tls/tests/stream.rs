//! The bytes of a session and its end.

use super::*;
use std::io::IoSlice;

#[tokio::test]
async fn close_notify_leaves_the_other_direction_open() {
    let pki = Pki::new();
    for version in [Version::Tls12, Version::Tls13] {
        let client = ClientOptions { max: Some(version), ..trusting(&pki) };
        let (near, far) = shake(&client, &serving(&pki, "server.pem"), "localhost").await;
        let ((mut near, _), (mut far, _)) = (near.unwrap(), far.unwrap());
        near.write_all(b"question").await.unwrap();
        near.shutdown().await.unwrap();
        let mut got = Vec::new();
        far.read_to_end(&mut got).await.unwrap();
        assert_eq!(got, b"question");
        far.write_all(b"late answer").await.unwrap();
        far.shutdown().await.unwrap();
        got.clear();
        near.read_to_end(&mut got).await.unwrap();
        assert_eq!(got, b"late answer", "{version:?}");
    }
}

#[tokio::test]
async fn a_fin_without_close_notify_is_a_truncation() {
    let pki = Pki::new();
    let (near, far) = shake(&trusting(&pki), &serving(&pki, "server.pem"), "localhost").await;
    let ((mut near, _), (mut far, _)) = (near.unwrap(), far.unwrap());
    near.write_all(b"half of i").await.unwrap();
    near.flush().await.unwrap();
    near.get_mut().shutdown().await.unwrap();
    let mut got = Vec::new();
    let error = far.read_to_end(&mut got).await.unwrap_err();
    assert_eq!(got, b"half of i");
    assert_eq!(StreamError::of(&error), Some(&StreamError::Truncated));
    assert_eq!(error.to_string(), "truncated: the peer closed the connection without close_notify");
}

/// Both directions at once by one task over `&self`, with more than every buffer holds.
#[tokio::test]
async fn a_shared_stream_moves_both_ways_in_one_task() {
    const LEN: usize = 4 << 20;
    let pki = Pki::new();
    let (near, far) = shake(&trusting(&pki), &serving(&pki, "server.pem"), "localhost").await;
    let ends = [near.unwrap().0, far.unwrap().0].map(|stream| async move {
        let stream = SharedStream::new(stream);
        let send = async {
            let data = vec![1; 100_000];
            let mut left = LEN;
            while left > 0 {
                left -= poll_fn(|cx| stream.poll_send(cx, &[IoSlice::new(&data[..data.len().min(left)])]))
                    .await
                    .unwrap();
            }
            poll_fn(|cx| stream.poll_flush(cx)).await.unwrap();
            poll_fn(|cx| stream.poll_shutdown(cx)).await.unwrap();
        };
        let receive = async {
            let (mut buffer, mut total) = (vec![0; 70_000], 0);
            loop {
                match poll_fn(|cx| stream.poll_receive(cx, &mut buffer)).await.unwrap() {
                    0 => return total,
                    len => total += len,
                }
            }
        };
        tokio::join!(send, receive).1
    });
    let [near, far] = ends;
    let both = async { tokio::join!(near, far) };
    assert_eq!(tokio::time::timeout(DEADLINE, both).await.expect("no deadlock"), (LEN, LEN));
}

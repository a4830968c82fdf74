//! Handshakes in memory between a client and a server.

use super::error::ErrorKind;
use super::failure::Direction;
use super::*;
use pki::Pki;
use std::future::poll_fn;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream};

#[path = "../../../tests/support/pki.rs"]
mod pki;
const DEADLINE: Duration = Duration::from_secs(20);

fn serving(pki: &Pki, cert: &str) -> ServerOptions {
    ServerOptions { cert: Some(pki.path(cert)), ..ServerOptions::default() }
}

fn trusting(pki: &Pki) -> ClientOptions {
    ClientOptions { ca: Some(pki.path("ca.pem")), ..ClientOptions::default() }
}

type End<S> = Result<(Stream<S>, Handshake), Failure>;

/// A handshake in memory between a client and a server of these options.
async fn shake(
    client: &ClientOptions,
    server: &ServerOptions,
    host: &str,
) -> (End<DuplexStream>, End<DuplexStream>) {
    let acceptor = Acceptor::new(server).unwrap();
    let connector = Connector::new(client).unwrap();
    let (near, far) = tokio::io::duplex(64 * 1024);
    both(&connector, near, &acceptor, far, host).await
}

async fn both<S: AsyncRead + AsyncWrite + Unpin>(
    connector: &Connector,
    near: S,
    acceptor: &Acceptor,
    far: S,
    host: &str,
) -> (End<S>, End<S>) {
    let name = connector.name(Some(host)).unwrap();
    let ends = async { tokio::join!(connector.connect(name, near), acceptor.accept(far)) };
    tokio::time::timeout(DEADLINE, ends).await.expect("the handshake ends")
}

#[tokio::test]
async fn both_ends_learn_the_same_facts_in_both_versions() {
    let pki = Pki::new();
    for (version, word) in [(Version::Tls12, "1.2"), (Version::Tls13, "1.3")] {
        let client = ClientOptions {
            alpn: vec!["h2".into(), "http/1.1".into()],
            min: Some(version),
            max: Some(version),
            ..trusting(&pki)
        };
        let server = ServerOptions { alpn: vec!["http/1.1".into()], ..serving(&pki, "server.pem") };
        let (near, far) = shake(&client, &server, "localhost").await;
        let (near, far) = (near.unwrap().1, far.unwrap().1);
        for facts in [&near, &far] {
            assert_eq!(facts.version, word);
            assert!(
                facts.cipher.starts_with("TLS_") && facts.cipher.contains("AES_256_GCM"),
                "{}",
                facts.cipher
            );
            assert_eq!(facts.group, Some("X25519"));
            assert_eq!(facts.alpn.as_deref(), Some("http/1.1"));
            assert_eq!(facts.sni.as_deref(), Some("localhost"));
            assert!(facts.duration > Duration::ZERO);
        }
        assert_eq!((near.verified, far.verified), (Verified::Ca, Verified::None));
        let peer = near.peer.unwrap();
        assert_eq!((peer.subject.as_str(), peer.issuer.as_str()), ("CN=server", "CN=Test CA"));
        assert_eq!(peer.names, ["localhost", "127.0.0.1", "example.org"]);
        assert_eq!(peer.not_after.unwrap().to_string(), "2090-01-01T00:00:00Z");
        assert_eq!(peer.not_before.unwrap().to_string(), "2010-01-01T00:00:00Z");
        assert_eq!(peer.fingerprint, Acceptor::new(&server).unwrap().certificate().fingerprint);
        assert_eq!(far.peer, None);
    }
}

#[tokio::test]
async fn a_certificate_that_is_refused_is_explained() {
    let pki = Pki::new();
    let unknown = ClientOptions { ca: Some(pki.path("other.crt")), ..ClientOptions::default() };
    for (server, client, host, words, alert) in [
        (
            "other.pem",
            trusting(&pki),
            "localhost",
            "the certificate is for a.example, b.example, not for localhost",
            "bad_certificate",
        ),
        (
            "server.pem",
            unknown,
            "localhost",
            "no trusted root issued the certificate; its issuer is CN=Test CA",
            "unknown_ca",
        ),
        (
            "expired.pem",
            trusting(&pki),
            "localhost",
            "the certificate expired on 2020-01-01T00:00:00Z",
            "certificate_expired",
        ),
        ("server.pem", trusting(&pki), "127.0.0.2", "not for 127.0.0.2", "bad_certificate"),
    ] {
        let (near, far) = shake(&client, &serving(&pki, server), host).await;
        let (near, far) = (near.unwrap_err(), far.unwrap_err());
        assert_eq!(near.kind, FailureKind::Certificate);
        assert!(near.text.contains(words), "{near}");
        let pin = near.pin().unwrap();
        assert_eq!(pin, Acceptor::new(&serving(&pki, server)).unwrap().certificate().fingerprint);
        assert!(near.advice().unwrap().contains(&format!("--tls-pin {pin}")));
        assert_eq!(
            (near.alert.as_ref().unwrap().direction, near.alert.unwrap().name.as_str()),
            (Direction::Out, alert)
        );
        assert_eq!(far.kind, FailureKind::Alert, "{far}");
        assert_eq!(
            (far.alert.as_ref().unwrap().direction, far.alert.unwrap().name.as_str()),
            (Direction::In, alert)
        );
    }
}

#[tokio::test]
async fn a_pin_needs_no_root_and_no_name() {
    let pki = Pki::new();
    let made = ServerOptions::default();
    let acceptor = Acceptor::new(&made).unwrap();
    assert!(acceptor.is_ephemeral());
    let (near, far) = tokio::io::duplex(65536);
    let connector = Connector::new(&ClientOptions {
        pins: vec![acceptor.certificate().fingerprint],
        ..ClientOptions::default()
    })
    .unwrap();
    let (near, far) = both(&connector, near, &acceptor, far, "whatever.example").await;
    assert_eq!(near.unwrap().1.verified, Verified::Pin);
    far.unwrap();
    assert!(connector.name(None).is_ok(), "a pinned peer needs no name");

    let wrong = ClientOptions { pins: vec![Pin::of(b"another")], ..ClientOptions::default() };
    let (near, _) = shake(&wrong, &serving(&pki, "server.pem"), "localhost").await;
    let near = near.unwrap_err();
    assert!(
        near.text.starts_with("the certificate is not the pinned one; its fingerprint is sha256:"),
        "{near}"
    );
    assert_eq!(near.advice(), None, "advice to pin what a pin refused would undo it");
}

#[tokio::test]
async fn insecure_accepts_anything_and_says_so() {
    let pki = Pki::new();
    let client = ClientOptions { insecure: true, ..ClientOptions::default() };
    let (near, _) = shake(&client, &serving(&pki, "expired.pem"), "wrong.example").await;
    let facts = near.unwrap().1;
    assert_eq!(facts.verified, Verified::None);
    assert_eq!(facts.peer.unwrap().subject, "CN=expired");
}

#[tokio::test]
async fn a_trusted_file_with_the_server_s_own_certificate_is_enough() {
    let pki = Pki::new();
    let client = ClientOptions { ca: Some(pki.path("server.crt")), ..ClientOptions::default() };
    shake(&client, &serving(&pki, "server.pem"), "example.org").await.0.unwrap();
    let near = shake(&client, &serving(&pki, "server.pem"), "wrong.example").await.0.unwrap_err();
    assert!(near.text.ends_with("not for wrong.example"), "{near}");
    let expired = ClientOptions { ca: Some(pki.path("expired.crt")), ..ClientOptions::default() };
    let near = shake(&expired, &serving(&pki, "expired.pem"), "localhost").await.0.unwrap_err();
    assert!(near.text.contains("expired on 2020-01-01"), "{near}");
}

#[tokio::test]
async fn a_demanded_client_certificate_is_verified_and_shown() {
    let pki = Pki::new();
    let by_ca = ServerOptions { client_ca: Some(pki.path("ca.pem")), ..serving(&pki, "server.pem") };
    let with = ClientOptions { cert: Some(pki.path("client.pem")), ..trusting(&pki) };
    let (near, far) = shake(&with, &by_ca, "localhost").await;
    near.unwrap();
    let facts = far.unwrap().1;
    assert_eq!((facts.verified, facts.peer.unwrap().subject.as_str()), (Verified::Ca, "CN=client"));

    let pin = Acceptor::new(&serving(&pki, "client.pem")).unwrap().certificate().fingerprint;
    let by_pin = ServerOptions { pins: vec![pin], ..serving(&pki, "server.pem") };
    assert_eq!(shake(&with, &by_pin, "localhost").await.1.unwrap().1.verified, Verified::Pin);
    let split = ClientOptions {
        cert: Some(pki.path("other.crt")),
        key: Some(pki.path("other.key")),
        ..trusting(&pki)
    };
    let far = shake(&split, &by_pin, "localhost").await.1.unwrap_err();
    assert!(far.text.contains("not the pinned one"), "{far}");
}

#[tokio::test]
async fn a_missing_client_certificate_fails_on_both_ends() {
    let pki = Pki::new();
    let server = ServerOptions { client_ca: Some(pki.path("ca.pem")), ..serving(&pki, "server.pem") };
    for version in [Version::Tls12, Version::Tls13] {
        let client = ClientOptions { max: Some(version), ..trusting(&pki) };
        let acceptor = Acceptor::new(&server).unwrap();
        let connector = Connector::new(&client).unwrap();
        let (near, far) = tokio::io::duplex(65536);
        let name = connector.name(Some("localhost")).unwrap();
        let near = async {
            // In 1.3 the client learns it only when it reads: its own handshake is done.
            let (mut stream, _) =
                connector.connect(name, near).await.map_err(|failure| failure.to_string())?;
            let error = stream.read(&mut [0; 8]).await.expect_err("the server refused");
            Err::<(), _>(StreamError::of(&error).expect("an alert").to_string())
        };
        let (near, far) = tokio::join!(near, acceptor.accept(far));
        let far = far.unwrap_err();
        assert_eq!(
            (far.kind, far.text.as_str()),
            (FailureKind::Certificate, "the client presented no certificate")
        );
        let near = near.unwrap_err();
        assert!(
            near.contains("alert certificate_required: it demands a client certificate"),
            "{version:?}: {near}"
        );
    }
}

#[tokio::test]
async fn nothing_in_common_is_named() {
    let pki = Pki::new();
    let old = ClientOptions { max: Some(Version::Tls12), ..trusting(&pki) };
    let new = ServerOptions { min: Some(Version::Tls13), ..serving(&pki, "server.pem") };
    let (near, far) = shake(&old, &new, "localhost").await;
    assert!(near.unwrap_err().text.contains("protocol_version: no TLS version in common"));
    assert!(far.unwrap_err().text.contains("no TLS version in common"));
    let client = ClientOptions { alpn: vec!["h2".into()], ..trusting(&pki) };
    let server = ServerOptions { alpn: vec!["irc".into()], ..serving(&pki, "server.pem") };
    let (near, far) = shake(&client, &server, "localhost").await;
    assert!(near.unwrap_err().text.contains("no_application_protocol"));
    assert!(far.unwrap_err().text.contains("no application protocol (ALPN) in common"));
}

#[tokio::test]
async fn plain_bytes_on_either_side_are_recognised() {
    let pki = Pki::new();
    let acceptor = Acceptor::new(&serving(&pki, "server.pem")).unwrap();
    for (sent, words) in [
        (
            &b"GET / HTTP/1.1\r\nHost: secret\r\n\r\n"[..],
            "the client does not speak TLS: its first bytes are \"GET / HTTP/1.1\\r\\n\"",
        ),
        (b"\xff\xfd\x01", "its first bytes are ff fd 01"),
        (b"hi", "its first bytes are \"hi\""),
        (b"", "the peer closed the connection without a byte of TLS"),
        (b"\x16\x03\x01\x02\x00\x01", "the peer closed the connection during the handshake"),
    ] {
        let (mut near, far) = tokio::io::duplex(65536);
        near.write_all(sent).await.unwrap();
        near.shutdown().await.unwrap();
        let failure = acceptor.accept(far).await.unwrap_err();
        assert!(failure.text.contains(words), "{failure}");
    }
    let connector = Connector::new(&trusting(&pki)).unwrap();
    for (sent, words) in [
        (
            &b"SSH-2.0-OpenSSH_9.2\r\n"[..],
            "the server does not speak TLS: its first bytes are \"SSH-2.0-OpenSSH_\"",
        ),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "its first bytes are \"HTTP/1.1 400 Bad\""),
    ] {
        let (near, mut far) = tokio::io::duplex(65536);
        far.write_all(sent).await.unwrap();
        far.shutdown().await.unwrap();
        let failure = connector.connect(connector.name(Some("localhost")).unwrap(), near).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Plaintext);
        assert!(failure.text.contains(words), "{failure}");
    }
    let (near, mut far) = tokio::io::duplex(65536);
    let echo = async {
        let mut hello = vec![0; 65536];
        let len = far.read(&mut hello).await.unwrap();
        assert!(sniff::is_client_hello(&hello[..len]));
        far.write_all(&hello[..len]).await.unwrap();
        far.shutdown().await.unwrap();
        while far.read(&mut hello).await.unwrap() > 0 {}
    };
    let (failure, ()) =
        tokio::join!(connector.connect(connector.name(Some("localhost")).unwrap(), near), echo);
    assert_eq!(
        failure.unwrap_err().text,
        "the server sent a ClientHello: it is a TLS client too, or an echo"
    );
}

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
                left -= poll_fn(|cx| stream.poll_send(cx, &data[..data.len().min(left)])).await.unwrap();
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

#[tokio::test]
async fn secrets_go_to_the_key_log_alone() {
    let pki = Pki::new();
    let log = pki.path("keys.log");
    let client = ClientOptions { keylog: Some(log.clone()), ..trusting(&pki) };
    shake(&client, &serving(&pki, "server.pem"), "localhost").await.0.unwrap();
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.lines().any(|line| line.starts_with("CLIENT_TRAFFIC_SECRET_0 ")), "{text}");
    assert!(text.lines().all(|line| line.split(' ').count() == 3));
    assert_eq!(std::fs::metadata(&log).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn options_and_files_that_cannot_be_used_are_named() {
    let pki = Pki::new();
    let text = pki.write("text.pem", "hello\n");
    let broken = pki.write("broken.pem", "-----BEGIN CERTIFICATE-----\nMII!\n-----END CERTIFICATE-----\n");
    let locked = pki.write(
        "locked.pem",
        &(std::fs::read_to_string(pki.path("server.crt")).unwrap()
            + "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"),
    );
    let client = |change: &dyn Fn(&mut ClientOptions)| {
        let mut options = ClientOptions::default();
        change(&mut options);
        Connector::new(&options).err().expect("an error")
    };
    let server = |change: &dyn Fn(&mut ServerOptions)| {
        let mut options = ServerOptions::default();
        change(&mut options);
        Acceptor::new(&options).err().expect("an error")
    };
    for (error, kind, words) in [
        (
            client(&|o| o.ca = Some("/nonexistent/ca.pem".into())),
            ErrorKind::File,
            "/nonexistent/ca.pem: No such file or directory",
        ),
        (client(&|o| o.ca = Some(text.clone())), ErrorKind::File, "text.pem: not a PEM file"),
        (
            client(&|o| o.ca = Some(broken.clone())),
            ErrorKind::File,
            "broken.pem: a PEM section is not base64",
        ),
        (
            client(&|o| o.ca = Some(pki.path("server.key"))),
            ErrorKind::File,
            "server.key: no certificate in it",
        ),
        (
            client(&|o| {
                o.insecure = true;
                o.ca = Some(text.clone());
            }),
            ErrorKind::Usage,
            "--tls-insecure and --tls-ca contradict",
        ),
        (
            client(&|o| {
                o.min = Some(Version::Tls13);
                o.max = Some(Version::Tls12);
            }),
            ErrorKind::Usage,
            "--tls-min is above --tls-max",
        ),
        (
            client(&|o| {
                o.insecure = true;
                o.keylog = Some("/nonexistent/k".into());
            }),
            ErrorKind::File,
            "/nonexistent/k: No such file",
        ),
        (server(&|o| o.key = Some(pki.path("server.key"))), ErrorKind::Usage, "--tls-key needs --tls-cert"),
        (
            server(&|o| o.cert = Some(pki.path("server.crt"))),
            ErrorKind::File,
            "server.crt: no private key in it; give --tls-key",
        ),
        (
            server(&|o| o.cert = Some(locked.clone())),
            ErrorKind::File,
            "locked.pem: the private key is encrypted",
        ),
        (
            server(&|o| {
                o.cert = Some(pki.path("server.crt"));
                o.key = Some(pki.path("other.key"));
            }),
            ErrorKind::File,
            "other.key: the private key does not belong to the certificate in",
        ),
        (server(&|o| o.alpn = vec![String::new()]), ErrorKind::Usage, "`` is not an ALPN name"),
    ] {
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    let verifying = Connector::new(&trusting(&pki)).unwrap();
    assert!(verifying.name(None).unwrap_err().to_string().contains("give --tls-name"));
    assert!(verifying.name(Some("not a name")).is_err());
    for host in ["localhost.", "[::1]", "fe80::1%eth0", "10.0.0.1"] {
        verifying.name(Some(host)).unwrap();
    }
}

//! What both ends agree on, and peers that speak no TLS.

use super::*;

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
        (b"", "the peer closed the connection before the handshake"),
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

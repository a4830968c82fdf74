//! Certificates that are accepted and refused.

use super::*;

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

//! Options, and the files they name.

use super::*;

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
            "server.key: it contains no certificate",
        ),
        (
            client(&|o| {
                o.insecure = true;
                o.ca = Some(text.clone());
            }),
            ErrorKind::Usage,
            "--tls-insecure cannot be used with --tls-ca",
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
            "server.crt: it contains no private key; give --tls-key",
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

//! How a room gets onto its bus: addresses, logins, TLS, a bus that is not there.

mod support;

use std::path::Path;
use std::time::Duration;
use support::nats::NatsServer;
use support::pki::Pki;
use support::{Run, Soquete, refusing_port, soquete};

fn serve(bus: &str, flags: &str) -> Soquete {
    soquete(&format!("chat-serve 127.0.0.1:0 --bus {bus} --room tea {flags}"))
}

/// Whether a room gets onto the bus; its end if not.
fn connects(command: Soquete) -> Result<(), Box<Run>> {
    let room = command.start();
    let first = room.wait_for("the bus or the end", |e| e.is("bus") || e.is("exit"));
    if first.is("bus") {
        let run = room.terminate();
        assert_eq!(run.code, 143, "{run}");
        return Ok(());
    }
    Err(Box::new(room.finish()))
}

fn accepted(command: Soquete) {
    connects(command).unwrap_or_else(|run| panic!("{run}"));
}

/// The end of a room that the bus does not let in, without a word of any secret.
fn refused(command: Soquete, secrets: &[&str]) -> Run {
    let Err(run) = connects(command) else { panic!("it is not refused") };
    assert_eq!(run.code, 1, "{run}");
    assert!(secrets.iter().all(|secret| !run.stderr.contains(secret)), "{run}");
    *run
}

#[test]
fn a_bus_that_is_not_there_is_an_error_unless_it_is_waited_for() {
    let closed = refusing_port();
    let url = format!("nats://127.0.0.1:{}", closed.port());
    let run = refused(serve(&url, ""), &[]);
    assert_eq!(run.error("refused").text("text"), format!("connect {url}: Connection refused"));
    assert_eq!(run.named("bus").count(), 0);
    let run = serve(&url, "--bus-wait 300ms").run();
    assert_eq!(run.code, 3, "{run}");
    assert!(run.error("timeout").text("text").contains("--bus-wait"), "{run}");

    let Some(mut nats) = NatsServer::start("") else { return };
    nats.kill();
    let room = serve(&nats.url(), "--bus-wait 20s").start();
    nats.resume();
    room.event("bus");
    assert_eq!(room.terminate().code, 143);
}

#[test]
fn a_wait_for_the_bus_ends_with_a_signal() {
    let closed = refusing_port();
    let room = serve(&format!("nats://127.0.0.1:{}", closed.port()), "--bus-wait 20s").start();
    room.event("listening");
    let run = room.terminate();
    assert_eq!(run.code, 143, "{run}");
}

#[test]
fn a_user_and_a_password_are_read_from_three_places() {
    let Some(nats) = NatsServer::start("authorization { user: me, password: \"s3cr:et\" }") else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("login");
    std::fs::write(&file, "me:s3cr:et\n").unwrap();
    let (url, port) = (nats.url(), nats.port());
    accepted(serve(&format!("nats://me:s3cr%3Aet@127.0.0.1:{port}"), ""));
    accepted(serve(&url, "").env("SOQUETE_BUS_AUTH", "me:s3cr:et"));
    accepted(serve(&url, "--bus-auth-file").arg(&file));
    let run = refused(serve(&url, ""), &[]);
    assert_eq!(run.error("refused").text("text"), format!("connect {url}: the server refused the login"));
    refused(serve(&format!("nats://me:wr0ng@127.0.0.1:{port}"), "--bus-wait 20s"), &["wr0ng"]);
    refused(serve(&url, "").env("SOQUETE_BUS_AUTH", "me:wr0ng"), &["wr0ng"]);
}

#[test]
fn a_token_is_a_login() {
    let Some(nats) = NatsServer::start("authorization { token: \"s3cret\" }") else { return };
    accepted(serve(&format!("nats://s3cret@127.0.0.1:{}", nats.port()), ""));
    accepted(serve(&nats.url(), "").env("SOQUETE_BUS_AUTH", "s3cret"));
    refused(serve(&nats.url(), "").env("SOQUETE_BUS_AUTH", "wr0ng"), &["wr0ng"]);
}

/// A JSON web token of NATS (<https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/jwt>).
fn jwt(issuer: &nkeys::KeyPair, subject: &str, claims: &serde_json::Value) -> String {
    use base64::Engine;
    let code = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    let head = code(br#"{"typ":"JWT","alg":"ed25519-nkey"}"#);
    let body = serde_json::json!({
        "jti": "1", "iat": 1_700_000_000, "iss": issuer.public_key(), "name": "test", "sub": subject, "nats": claims,
    });
    let signed = format!("{head}.{}", code(body.to_string().as_bytes()));
    let signature = code(&issuer.sign(signed.as_bytes()).unwrap());
    format!("{signed}.{signature}")
}

fn credentials(path: &Path, account: &nkeys::KeyPair, user: &nkeys::KeyPair) {
    let claims = serde_json::json!({ "type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1 });
    let token = jwt(account, &user.public_key(), &claims);
    let text = format!(
        "-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n\
         -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
        user.seed().unwrap()
    );
    std::fs::write(path, text).unwrap();
}

#[test]
fn a_credentials_file_is_a_login() {
    let [operator, account, stranger, user] = [
        nkeys::KeyPair::new_operator(),
        nkeys::KeyPair::new_account(),
        nkeys::KeyPair::new_account(),
        nkeys::KeyPair::new_user(),
    ];
    let limits = serde_json::json!({ "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "conn": -1, "leaf": -1 });
    let account_claims = serde_json::json!({ "type": "account", "version": 2, "limits": limits });
    let operator_claims = serde_json::json!({ "type": "operator", "version": 2 });
    let (name, operator_key) = (account.public_key(), operator.public_key());
    let config = format!(
        "operator: \"{}\"\nresolver: MEMORY\nresolver_preload {{ {name}: \"{}\" }}",
        jwt(&operator, &operator_key, &operator_claims),
        jwt(&operator, &name, &account_claims),
    );
    let Some(nats) = NatsServer::start(&config) else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    credentials(&file("good.creds"), &account, &user);
    credentials(&file("bad.creds"), &stranger, &user);
    accepted(serve(&nats.url(), "--bus-creds").arg(file("good.creds")));
    let seed = user.seed().unwrap();
    refused(serve(&nats.url(), "--bus-creds").arg(file("bad.creds")), &[&seed]);
    std::fs::write(file("half.creds"), format!("{seed}\n")).unwrap();
    for name in ["half.creds", "none.creds"] {
        let run = serve(&nats.url(), "--bus-creds").arg(file(name)).run();
        assert_eq!(run.code, 5, "{run}");
        assert!(run.error("file").text("text").contains(name) && !run.stderr.contains(&seed), "{run}");
    }
}

#[test]
#[cfg(feature = "tls")]
fn a_bus_through_tls_is_verified() {
    let pki = Pki::new();
    let tls = |name: &str| {
        let file = |end: &str| pki.path(&format!("{name}.{end}")).display().to_string();
        NatsServer::start(&format!("tls {{ cert_file: \"{}\", key_file: \"{}\" }}", file("crt"), file("key")))
    };
    let (Some(good), Some(other)) = (tls("server"), tls("other")) else { return };
    let url = |nats: &NatsServer| format!("tls://127.0.0.1:{}", nats.port());
    let ca = |command: Soquete| command.arg("--bus-ca").arg(pki.path("ca.pem"));
    accepted(ca(serve(&url(&good), "")));
    accepted(ca(serve(&good.url(), "")));
    accepted(ca(serve(&format!("tls://localhost:{}", good.port()), "")));
    let run = refused(serve(&url(&good), "--bus-wait 20s"), &[]);
    assert!(run.named("error").any(|e| e["kind"] == "tls"), "{run}");
    refused(ca(serve(&url(&other), "")), &[]);
    let Some(plain) = NatsServer::start("") else { return };
    refused(ca(serve(&url(&plain), "")), &[]);
}

#[test]
fn wrong_command_lines_say_what_is_wrong() {
    for (line, part) in [
        ("--bus nats://127.0.0.1:1", "--room"),
        ("--room tea", "--bus"),
        ("--bus nats://127.0.0.1:1 --room a.b", "letters"),
        ("--bus nats://127.0.0.1:1 --room tea --raw", "--raw"),
        ("--bus http://127.0.0.1:1 --room tea", "nats://"),
        ("--bus nats://127.0.0.1:1 --room tea --max-line 1M", "64k"),
        ("--bus nats://me:s3cret@127.0.0.1:0 --room tea", "port 0"),
        ("--bus nats://s3cret@127.0.0.1:1 --room tea --bus-auth-file x", "login"),
        ("--bus nats://s3cret@127.0.0.1:1 --room tea --bus-creds x", "login"),
        ("--bus-wait 1s", "--bus"),
    ] {
        let run = soquete(&format!("chat-serve 127.0.0.1:0 {line}")).run();
        assert_eq!(run.code, 2, "{line}: {run}");
        assert!(run.error("usage").text("text").contains(part), "{line}: {run}");
        assert!(!run.stderr.contains("s3cret"), "{run}");
    }
    let run = soquete("chat-serve 127.0.0.1:0 --bus nats://127.0.0.1:1 --room tea")
        .env("SOQUETE_BUS_AUTH", "s3\tcret")
        .deadline(Duration::from_secs(5))
        .run();
    assert_eq!(run.code, 2, "{run}");
}

//! TLS with other programs: socat, ncat, curl and openssl, each as client and as server where it is one.

#![cfg(feature = "tls")]

mod support;

use support::peer_program::PeerProgram;
use support::pki::Pki;
use support::*;

fn file(pki: &Pki, name: &str) -> String {
    pki.path(name).display().to_string()
}

fn last_number(line: &str) -> Option<u16> {
    line.rsplit(|c: char| !c.is_ascii_digit()).find(|word| !word.is_empty())?.parse().ok()
}

/// `listen --tls`, on the port it took.
fn server(pki: &Pki, more: &str) -> Running {
    soquete(&format!("listen --tls --tls-cert {} 127.0.0.1 0 {more}", file(pki, "server.pem"))).start()
}

#[test]
fn socat_sends_and_receives_all_of_it() {
    let pki = Pki::new();
    let (echo, data) = (server(&pki, "-k --echo"), noise(3 << 20));
    let line =
        format!("socat -t20 - OPENSSL:localhost:{},pf=ip4,cafile={}", echo.port(), file(&pki, "ca.pem"));
    let Some(mut socat) = PeerProgram::line(&line) else { return };
    socat.feed(&data);
    assert!(socat.finish().stdout == data);
    echo.terminate();
}

#[test]
fn ncat_receives_all_of_it() {
    let pki = Pki::new();
    let data = noise(3 << 20);
    let sending = soquete(&format!("listen --tls --tls-cert {} 127.0.0.1 0", file(&pki, "server.pem")));
    let sending = sending.input(&data).start();
    // Its input stays open: it drops everything at its end. Only the end of the stream makes ncat take the rest of
    // what openssl has already read, so an answer that leaves the stream open may stay there.
    let Some(ncat) = PeerProgram::line(&ncat_to(&pki, sending.port())) else { return };
    assert!(ncat.read(data.len()) == data);
    drop(ncat);
    // It was killed, or ended without close_notify.
    assert_eq!(sending.finish().code, 1);
}

#[test]
fn ncat_sends_all_of_it() {
    let pki = Pki::new();
    let data = noise(3 << 20);
    let taking = server(&pki, "--recv-only");
    let Some(mut ncat) = PeerProgram::line(&ncat_to(&pki, taking.port())) else { return };
    ncat.feed(&data);
    let run = taking.finish();
    assert!(run.stdout == data, "{} bytes of {}: {run}", run.stdout.len(), data.len());
    assert_eq!(run.code, 1, "a truncation is an error: {run}");
}

fn ncat_to(pki: &Pki, port: u16) -> String {
    format!("ncat --ssl --ssl-verify --ssl-trustfile {} localhost {port}", file(pki, "ca.pem"))
}

#[test]
fn socat_serves_us() {
    let pki = Pki::new();
    let cert = file(&pki, "server.pem");
    let line = format!("socat -d -d OPENSSL-LISTEN:0,pf=ip4,bind=127.0.0.1,cert={cert},verify=0 EXEC:cat");
    let Some(socat) = PeerProgram::line(&line) else { return };
    let port = socat.port(|line| line.contains("listening on").then(|| last_number(line))?);
    let data = noise(1 << 20);
    let run = soquete(&format!("connect --tls --tls-ca {} 127.0.0.1 {port}", file(&pki, "ca.pem")))
        .input(&data)
        .run();
    assert_eq!((run.code, run.stdout == data), (0, true), "{} bytes: {}", run.stdout.len(), run.stderr);
}

#[test]
fn ncat_serves_us() {
    let pki = Pki::new();
    let (cert, key) = (file(&pki, "server.crt"), file(&pki, "server.key"));
    // It does not say which port it took.
    let free = Door::open();
    let port = free.port();
    drop(free);
    let Some(mut ncat) =
        PeerProgram::line(&format!("ncat -v --ssl --ssl-cert {cert} --ssl-key {key} -l 127.0.0.1 {port}"))
    else {
        return;
    };
    let line = format!("connect --tls --tls-ca {} --wait 10s 127.0.0.1 {port}", file(&pki, "ca.pem"));
    let data = noise(1 << 20);
    let client = soquete(&format!("{line} --recv-only")).start();
    ncat.write("from ncat\n");
    client.wait_stdout("from ncat\n");
    drop(client);
    drop(ncat);
    let ncat = format!("ncat --ssl --ssl-cert {cert} --ssl-key {key} -l 127.0.0.1 {port}");
    let Some(ncat) = PeerProgram::line(&ncat) else { return };
    let client = soquete(&format!("{line} --send-only --tls-allow-truncated")).input(&data).start();
    let got = ncat.read(data.len());
    let run = client.finish();
    assert_eq!((run.code, got == data), (0, true), "{} bytes: {}", got.len(), run.stderr);
}

#[test]
fn curl_fetches_a_page() {
    let pki = Pki::new();
    let page =
        pki.write("page.http", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n");
    let listening = server(&pki, &format!("-k --respond @{} --alpn http/1.1", page.display()));
    for version in ["--tlsv1.2 --tls-max 1.2", "--tlsv1.3"] {
        let line = format!(
            "curl -sS {version} --cacert {} https://localhost:{}/",
            file(&pki, "ca.pem"),
            listening.port()
        );
        let Some(curl) = PeerProgram::line(&line) else { return };
        assert_eq!(curl.finish().out, "hello\n", "{version}");
    }
    listening.terminate();
}

#[test]
fn a_renegotiation_is_refused_and_the_session_goes_on_or_ends_in_order() {
    let pki = Pki::new();
    let listening = server(&pki, "-k --echo");
    let line = format!(
        "openssl s_client -tls1_2 -CAfile {} -connect 127.0.0.1:{}",
        file(&pki, "ca.pem"),
        listening.port()
    );
    let Some(mut openssl) = PeerProgram::line(&line) else { return };
    openssl.write("hello\n");
    openssl.wait("hello\n");
    openssl.write("R\n");
    let errors = openssl.finish().err;
    assert!(errors.contains("no renegotiation") || errors.contains("no_renegotiation"), "{errors}");
    // Nobody else is harmed.
    let run =
        soquete(&format!("connect --tls --tls-ca {} 127.0.0.1 {}", file(&pki, "ca.pem"), listening.port()));
    let run = run.input("hi\n").run();
    assert_eq!((run.code, run.text()), (0, "hi\n"), "{run}");
    listening.terminate();
}

#[test]
fn openssl_without_a_client_certificate_or_with_an_unknown_root_is_refused() {
    let pki = Pki::new();
    let ca = file(&pki, "ca.pem");
    let listening = server(&pki, &format!("-k --echo --tls-client-ca {ca}"));
    let to = format!("-quiet -connect 127.0.0.1:{}", listening.port());
    let Some(bare) = PeerProgram::line(&format!("openssl s_client -CAfile {ca} {to}")) else { return };
    assert_eq!(bare.finish().out, "");
    let refused = listening.wait_for("a refusal", |e| e.is("warning") && e["kind"] == "tls");
    assert!(refused.text("text").contains("the client presented no certificate"), "{}", refused.text("text"));
    let Some(strict) = PeerProgram::line(&format!(
        "openssl s_client -verify_return_error -CAfile {} {to}",
        file(&pki, "other.crt")
    )) else {
        return;
    };
    assert_eq!(strict.finish().out, "");
    listening.wait_for("its alert", |e| e.is("warning") && e.text("text").contains("unknown_ca"));
    listening.terminate();
}

#[test]
fn openssl_clients_talk_in_a_room() {
    let pki = Pki::new();
    let room =
        soquete(&format!("chat-serve --tls --tls-cert {} 127.0.0.1 0", file(&pki, "server.pem"))).start();
    let ca = file(&pki, "ca.pem");
    let ana = soquete(&format!("chat-join --tls --tls-ca {ca} --nick ana 127.0.0.1 {}", room.port())).start();
    ana.wait_stdout("you are now ana");
    let line = format!("openssl s_client -quiet -CAfile {ca} -connect 127.0.0.1:{}", room.port());
    let Some(mut openssl) = PeerProgram::line(&line) else { return };
    openssl.write("from openssl\n");
    ana.wait_stdout(": from openssl\n");
    drop(openssl);
    room.wait_for("its end", |e| e.is("member") && e["what"] == "leave");
    assert_eq!(ana.close_and_finish().code, 0);
    room.terminate();
}

#[test]
fn the_rest_is_sent_to_a_peer_that_ends_without_close_notify() {
    let pki = Pki::new();
    let (cert, key) = (file(&pki, "server.crt"), file(&pki, "server.key"));
    let free = Door::open();
    let port = free.port();
    drop(free);
    // Its input is at an end at once, which it tells by FIN alone.
    let line = format!("ncat --ssl --ssl-cert {cert} --ssl-key {key} --recv-only -l 127.0.0.1 {port}");
    let Some(mut ncat) = PeerProgram::line(&line) else { return };
    ncat.close_input();
    let data = noise(8 << 20);
    let line =
        format!("connect --tls --tls-ca {} --wait 10s --send-only 127.0.0.1 {port}", file(&pki, "ca.pem"));
    let client = soquete(&line).input(&data).start();
    let got = ncat.finish().stdout;
    let run = client.finish();
    assert!(got == data, "{} bytes of {}: {run}", got.len(), data.len());
    assert_eq!(run.code, 1, "a truncation is an error: {run}");
}

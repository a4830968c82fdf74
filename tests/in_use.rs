//! `Address already in use` names the process that has the address, where it can be seen.

mod support;

use support::*;

/// What a second socket at an address is told.
fn said(line: &str) -> String {
    let run = soquete(line).run();
    assert_eq!(run.code, 5, "{run}");
    let error = run.error("address");
    assert_eq!(error["errno"], "EADDRINUSE", "{run}");
    error.text("text").to_owned()
}

fn used_by(holder: &Running) -> String {
    format!("Address already in use, used by soquete({})", holder.pid())
}

#[test]
fn a_server_names_the_one_that_has_its_port() {
    for (first, second) in [
        ("listen -k --echo 127.0.0.1:0", "listen 127.0.0.1:PORT"),
        ("listen -k --echo ::1 0", "listen PORT"),
        ("listen -k --echo 127.0.0.1:0", "listen 0.0.0.0:PORT"),
        ("listen -k --echo --public 0", "listen -k --echo 127.0.0.1:PORT"),
        ("chat-serve 127.0.0.1:0", "chat-serve 127.0.0.1:PORT"),
        ("udp-serve --echo 127.0.0.1:0", "udp-serve 127.0.0.1:PORT"),
        ("udp-serve --echo 0", "udp-serve PORT"),
    ] {
        let server = soquete(first).start();
        let text = said(&second.replace("PORT", &server.port().to_string()));
        assert!(text.ends_with(&used_by(&server)), "{second}: {text}");
        server.terminate();
    }
}

#[test]
fn a_client_names_the_one_that_has_its_source() {
    let door = Door::open();
    let holder = soquete("listen -k --echo 127.0.0.1:0").start();
    let text = said(&format!("connect {} --source {}", door.address(), holder.address()));
    assert_eq!(text, format!("bind {}: {}", holder.address(), used_by(&holder)));
    holder.terminate();
    let client = soquete(&format!("connect {} --source 127.0.0.1:0", door.address())).start();
    let source =
        client.wait_for("a client", |e| e.enters("ESTABLISHED")).address("local").expect("an address");
    let text = said(&format!("connect {} --source {source}", door.address()));
    assert!(text.ends_with(&used_by(&client)), "{text}");
    let server = soquete("udp-serve --echo 127.0.0.1:0").start();
    let text = said(&format!("udp-send {} --source {} hi", server.address(), server.address()));
    assert!(text.ends_with(&used_by(&server)), "{text}");
    server.terminate();
}

#[test]
fn a_listener_is_named_and_not_its_clients() {
    let server = soquete("listen -k --echo 127.0.0.1:0").start();
    let clients: Vec<Running> =
        (0..2).map(|_| soquete(&format!("connect {}", server.address())).start()).collect();
    server.wait_for_many("two clients", 2, |e| e.is("accept"));
    let text = said(&format!("listen {}", server.address()));
    assert!(text.ends_with(&used_by(&server)), "{text}");
    drop(clients);
    server.terminate();
}

#[test]
fn who_cannot_be_seen_is_not_named() {
    if !is_root() {
        return skip("only root can become another user");
    }
    let server = soquete("listen -k --echo 127.0.0.1:0").start();
    let run = soquete(&format!("listen {}", server.address())).user(65534).run();
    let text = run.error("address").text("text");
    assert!(text.contains("Address already in use") && !text.contains("used by"), "{text}");
    server.terminate();
}

#[test]
fn where_sock_diag_is_refused_the_files_of_proc_name_it() {
    let server = soquete("listen -k --echo 127.0.0.1:0").start();
    let text = sandbox::in_sandbox(|| said(&format!("listen {}", server.address())));
    assert!(text.ends_with(&used_by(&server)), "{text}");
    server.terminate();
}

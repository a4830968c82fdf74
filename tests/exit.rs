//! The exit status table, each code with each of its causes.

mod support;

use support::*;

#[test]
fn a_refused_connection_is_the_networks_no() {
    let port = refusing_port();
    let run = soquete(&format!("connect {}", port.address())).run();
    assert_eq!(run.code, 1, "{run}");
    assert_eq!(run.error("refused")["errno"], "ECONNREFUSED", "{run}");
}

#[test]
fn an_echo_server_serves_one_client_and_ends() {
    let server = soquete("listen 0 --echo").start();
    let mut client = Peer::connect(server.address());
    client.send(b"hi\n");
    client.half_close();
    assert_eq!(client.receive_all(), b"hi\n");
    let run = server.finish();
    assert_eq!(run.code, 0, "{run}");
}

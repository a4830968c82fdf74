//! Checks of UNIX and vsock sockets, and waiting for them.

mod support;

use std::io::Read;
use std::os::unix::net::UnixStream;
use support::*;

#[test]
fn checks_and_waits_take_unix_sockets() {
    let folder = Folder::new();
    let at = folder.address("s");
    let waiting = soquete(&format!("connect --check --wait 15s {at} -- echo started")).start();
    waiting.wait_for("a try", |e| e.is("target"));
    let server = soquete(&format!("listen -k --echo {at}")).start();
    let run = waiting.finish();
    assert_eq!(run.code, 0, "{run}");
    assert!(run.text().ends_with("started\n"), "{run}");
    let run = soquete(&format!("check {at} unix:@soquete-nobody-is-here")).run();
    let rows = run.rows();
    assert_eq!((run.code, rows.len()), (4, 2), "{run}");
    assert_eq!((&rows[0]["host"], &rows[0]["outcome"]), (&at.as_str().into(), &"open".into()), "{run}");
    assert!(rows[0].get("port").is_none() && rows[0]["latency_us"].is_u64(), "{run}");
    assert_eq!(rows[1]["outcome"], "closed", "{run}");
    let until = soquete(&format!("connect --until-closed --wait 15s {at}")).start();
    until.wait_for("a try", |e| e.is("target"));
    server.terminate();
    assert_eq!(until.finish().code, 0);
}

#[test]
fn a_full_accept_queue_is_waited_for() {
    let folder = Folder::new();
    let listener =
        socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).expect("a socket");
    #[allow(clippy::disallowed_methods)] // a peer of the test's own
    listener.bind(&socket2::SockAddr::unix(folder.path("s")).expect("a path")).expect("a name");
    #[allow(clippy::disallowed_methods)]
    listener.listen(0).expect("it listens");
    let first = UnixStream::connect(folder.path("s")).expect("somebody listens");
    let at = folder.address("s");
    let run = soquete(&format!("connect --timeout 300ms {at}")).run();
    assert_eq!(run.code, 3, "{run}");
    let run = soquete(&format!("connect --check --timeout 300ms {at}")).run();
    assert_eq!(run.rows()[0]["outcome"], "filtered", "{run}");
    let client = soquete(&format!("connect {at}")).input("late").start();
    pause(std::time::Duration::from_millis(100));
    drop(first);
    drop(listener.accept().expect("the first"));
    let (accepted, _) = listener.accept().expect("the one that waited");
    let mut peer = UnixStream::from(accepted);
    let mut received = String::new();
    peer.read_to_string(&mut received).expect("an end");
    assert_eq!(received, "late");
    drop(peer);
    assert_eq!(client.finish().code, 0);
}

#[test]
fn a_vsock_that_nobody_answers_is_one_error() {
    // Few kernels have its loopback; without it nobody answers, or there is no such family.
    let run = soquete("connect vsock:1:54321").human().run();
    assert!(matches!(run.code, 1 | 5), "{run}");
    let error = run.stderr.lines().find(|line| line.starts_with("soquete: ")).expect("an error");
    assert!(error.contains("vsock:1:54321"), "{run}");
}

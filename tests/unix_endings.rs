//! How connections over UNIX sockets end: half-close with a late answer, nothing lost, a peer that dies is an error, an idle
//! input does not hold an end up.

mod support;

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};
use support::*;

/// A listener of the test's own, and where it is.
struct Place {
    listener: UnixListener,
    address: String,
    _folder: Folder,
}

impl Place {
    fn open() -> Self {
        let folder = Folder::new();
        let listener = UnixListener::bind(folder.path("s")).expect("the name is free");
        Self { listener, address: folder.address("s"), _folder: folder }
    }

    fn accept(&self) -> UnixStream {
        let (stream, _) = self.listener.accept().expect("a client");
        stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        stream
    }

    fn client(&self, flags: &str) -> Soquete {
        soquete(&format!("connect {flags} {}", self.address))
    }
}

fn receive(stream: &mut UnixStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).expect("as many bytes in time");
    bytes
}

fn receive_all(stream: &mut UnixStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("an end in time");
    bytes
}

#[test]
fn an_answer_that_comes_after_the_end_of_input_is_received() {
    let place = Place::open();
    let client = place.client("").input("question").start();
    let mut peer = place.accept();
    assert_eq!(receive_all(&mut peer), b"question");
    pause(Duration::from_millis(300));
    peer.write_all(b"late answer").expect("it still reads");
    drop(peer);
    let run = client.finish();
    assert_eq!((run.code, run.text()), (0, "late answer"), "{run}");
    assert_eq!(run.event("summary").0["clean"], true, "{run}");
}

#[test]
fn the_end_of_the_peer_leaves_the_other_direction_open() {
    let place = Place::open();
    let mut client = place.client("").start();
    let mut peer = place.accept();
    peer.write_all(b"all I have").expect("it reads");
    peer.shutdown(Shutdown::Write).expect("a half-close");
    client.wait_stdout("all I have");
    client.write("more from here");
    assert_eq!(receive(&mut peer, 14), b"more from here");
    client.close_input();
    assert_eq!(receive_all(&mut peer), b"");
    drop(peer);
    let run = client.finish();
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(run.event("summary").0["clean"], true, "{run}");
}

#[test]
fn an_idle_pipe_ends_at_once_when_the_peer_is_gone() {
    let place = Place::open();
    let client = place.client("").start();
    let mut peer = place.accept();
    peer.write_all(b"bye").expect("it reads");
    drop(peer);
    let began = Instant::now();
    let run = client.finish();
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}: {run}", began.elapsed());
    assert_eq!((run.code, run.text()), (0, "bye"), "{run}");
    assert_eq!(run.named("warning").count(), 0, "{run}");
}

#[test]
fn an_idle_pipe_is_kept_and_told_while_the_peer_may_still_read() {
    let place = Place::open();
    let client = place.client("").start();
    let peer = place.accept();
    peer.shutdown(Shutdown::Write).expect("a half-close");
    client.wait_for("a notice", |e| e.is("warning") && e.text("kind") == "waiting");
    drop(peer);
    let run = client.finish();
    assert_eq!(run.code, 0, "{run}");
}

#[test]
fn a_peer_that_dies_with_unread_data_is_an_error() {
    for flags in ["", "--send-only", "--on-eof close", "--on-eof keep", "--recv-only"] {
        let place = Place::open();
        let receives = flags == "--recv-only";
        let client = place.client(flags).input(noise(100_000)).start();
        let mut peer = place.accept();
        if receives {
            // The other way round: what it sent is complete.
            peer.write_all(b"all").expect("it reads");
            drop(peer);
            let run = client.finish();
            assert_eq!((run.code, run.text()), (0, "all"), "{flags}: {run}");
            continue;
        }
        receive(&mut peer, 10);
        pause(Duration::from_millis(50));
        drop(peer);
        let run = client.finish();
        assert_eq!(run.code, 1, "{flags}: {run}");
        assert_eq!(run.error("reset").text("errno"), "ECONNRESET", "{flags}: {run}");
        assert_eq!(run.event("summary").0["clean"], false, "{flags}: {run}");
    }
}

#[test]
fn what_is_sent_to_a_peer_that_left_is_an_error() {
    let place = Place::open();
    let mut client = place.client("--on-peer-eof keep").start();
    drop(place.accept());
    pause(Duration::from_millis(100));
    client.try_write("nobody reads this");
    let run = client.close_and_finish();
    assert_eq!(run.code, 1, "{run}");
    run.error("reset");
}

#[test]
fn a_close_at_the_end_of_input_loses_nothing() {
    let bytes = noise(3 << 20);
    for flags in ["--on-eof close", "--send-only"] {
        let place = Place::open();
        let client = place.client(flags).input(&bytes).start();
        let mut peer = place.accept();
        let mut received = receive(&mut peer, 1000);
        pause(Duration::from_millis(200));
        received.extend(receive_all(&mut peer));
        assert!(received == bytes, "{flags}: {} of {} bytes", received.len(), bytes.len());
        drop(peer);
        let run = client.finish();
        assert_eq!(run.code, 0, "{flags}: {run}");
        assert_eq!(run.event("summary").number("bytes_out"), bytes.len() as u64, "{run}");
    }
}

#[test]
fn both_ways_pass_whole_in_every_order_of_the_half_closes() {
    let (there, back) = (noise(2_000_003), noise(3_000_001));
    for flags in ["", "-k"] {
        for client_first in [true, false] {
            let folder = Folder::new();
            let at = folder.address("s");
            let server = soquete(&format!("listen {flags} {at}"));
            let mut server = if client_first { server } else { server.input(&back) }.start();
            server.event("listening");
            let client = soquete(&format!("connect {at}"));
            let mut client = if client_first { client.input(&there) } else { client }.start();
            // The second direction begins once the first has ended.
            if client_first {
                server.wait_stdout(&there[there.len() - 64..]);
                server.write_in_background(back.clone());
            } else {
                client.wait_stdout(&back[back.len() - 64..]);
                client.write_in_background(there.clone());
            }
            let client = client.finish();
            assert_eq!(client.code, 0, "{client}");
            assert!(client.stdout == back, "{} of {} bytes", client.stdout.len(), back.len());
            let server = if flags.is_empty() {
                server.finish()
            } else {
                server.event("summary");
                server.terminate()
            };
            assert!(server.stdout == there, "{} of {} bytes", server.stdout.len(), there.len());
            let clean = server.named("summary").all(|e| e.0["clean"] == true);
            assert!(clean && client.event("summary").0["clean"] == true, "{client}{server}");
        }
    }
}

#[test]
fn a_client_of_many_that_dies_with_unread_data_is_told_of() {
    let folder = Folder::new();
    let path = folder.path("s");
    let mut server = soquete(&format!("listen -k unix:{}", path.display())).start();
    server.event("listening");
    let peer = UnixStream::connect(&path).expect("somebody listens");
    server.event("accept");
    server.write(noise(1000));
    let mut one = [0; 1];
    (&peer).read_exact(&mut one).expect("it sends");
    drop(peer);
    let warning = server.wait_for("a warning", |e| e.is("warning"));
    assert_eq!(warning.text("errno"), "ECONNRESET");
    server.wait_for("its end", |e| e.is("summary") && e.0["clean"] == false);
    server.terminate();
}

#[test]
fn a_peer_that_does_not_read_ends_with_the_limit() {
    let place = Place::open();
    let client = place.client("--send-only --eof-wait 300ms").input("unread").start();
    let peer = place.accept();
    let run = client.finish();
    assert_eq!(run.code, 3, "{run}");
    drop(peer);
}

#[test]
#[cfg(feature = "tls")]
fn tls_passes_over_a_unix_socket() {
    let folder = Folder::new();
    let at = folder.address("s");
    let server = soquete(&format!("listen --tls {at}")).input("over tls").start();
    server.event("listening");
    let pin = server.wait_for("a certificate", |e| e.is("tls")).text("fingerprint").to_owned();
    let nameless = soquete(&format!("connect --tls {at}")).run();
    assert_ne!(nameless.code, 0, "{nameless}");
    assert!(nameless.stderr.contains("--tls-name"), "{nameless}");
    let client =
        soquete(&format!("connect --tls --tls-name app.example --tls-pin {pin} {at}")).input("hi").run();
    assert_eq!((client.code, client.text()), (0, "over tls"), "{client}");
    let run = server.finish();
    assert_eq!((run.code, run.text()), (0, "hi"), "{run}");
}

//! Bytes in bulk arrive whole and are counted, by whatever call they are moved.

mod support;

use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::process::Stdio;
use support::sandbox::without_calls;
use support::*;

/// More than buffers hold, and so much that a sender tries every way it has; no multiple of a page.
const LENGTH: usize = 80_000_003;

#[derive(Clone, Copy, Debug)]
enum End {
    Pipe,
    File,
}

/// Sends `data` from one program to another; what arrived.
fn transfer(folder: &Path, data: &[u8], source: End, sink: End) -> Vec<u8> {
    let (from, to) = (folder.join("from"), folder.join("to"));
    let mut server = soquete("listen 127.0.0.1:0").stdin(Stdio::null());
    if let End::File = sink {
        server = server.stdout(File::create(&to).expect("a file"));
    }
    let server = server.start();
    let client = soquete(&format!("connect {}", server.address()));
    let client = match source {
        End::Pipe => client.input(data),
        End::File => {
            fs::write(&from, data).expect("a file");
            client.stdin(File::open(&from).expect("the file"))
        }
    };
    let (client, server) = (client.run(), server.finish());
    assert_eq!((client.code, server.code), (0, 0), "{client}{server}");
    let length = data.len() as u64;
    assert_eq!(client.event("summary").number("bytes_out"), length, "{client}");
    assert_eq!(server.event("summary").number("bytes_in"), length, "{server}");
    match sink {
        End::Pipe => server.stdout,
        End::File => fs::read(&to).expect("the file"),
    }
}

const WAYS: [(End, End); 4] =
    [(End::Pipe, End::Pipe), (End::Pipe, End::File), (End::File, End::Pipe), (End::File, End::File)];

#[test]
fn every_way_is_whole() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = noise(LENGTH);
    for (source, sink) in WAYS {
        assert!(transfer(folder.path(), &data, source, sink) == data, "{source:?} to {sink:?}");
    }
}

#[test]
fn where_a_sandbox_refuses_to_move_bytes_they_are_copied() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = noise(3_000_017);
    let moving = [libc::SYS_splice, libc::SYS_sendfile];
    let much = noise(LENGTH);
    let sent = || transfer(folder.path(), &much, End::Pipe, End::Pipe);
    assert!(without_calls(&moving, libc::EPERM, sent) == much, "enough for a sender to try splice");
    for errno in [libc::ENOSYS, libc::EPERM, libc::EINVAL, libc::EACCES] {
        for (source, sink) in WAYS {
            let arrived = without_calls(&moving, errno, || transfer(folder.path(), &data, source, sink));
            assert!(arrived == data, "{source:?} to {sink:?}, errno {errno}: {} bytes", arrived.len());
        }
    }
}

/// splice(2) answers EINVAL from then on, and what it already took off the socket must not be lost.
#[test]
fn a_file_that_turns_to_appending_midway_is_whole() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("out");
    let file = File::create(&path).expect("a file");
    let door = Door::open();
    let client = soquete(&format!("connect {}", door.address()));
    let client = client.stdin(Stdio::null()).stdout(file.try_clone().expect("a descriptor")).start();
    let mut peer = door.accept();
    let data = noise(2_000_003);
    let (first, second) = data.split_at(700_000);
    peer.send(first);
    let length = || fs::metadata(&path).expect("the file").len();
    let deadline = std::time::Instant::now() + DEADLINE;
    while length() < first.len() as u64 {
        assert!(std::time::Instant::now() < deadline, "{} bytes came", length());
        std::thread::yield_now();
    }
    let flags = rustix::fs::fcntl_getfl(&file).expect("flags");
    rustix::fs::fcntl_setfl(&file, flags | rustix::fs::OFlags::APPEND).expect("a file can be made so");
    peer.send(second);
    drop(peer);
    let run = client.finish();
    assert_eq!(run.code, 0, "{run}");
    assert!(fs::read(&path).expect("the file") == data, "the file came whole");
}

#[test]
fn what_goes_to_the_null_device_is_counted() {
    let data = noise(LENGTH);
    for words in ["listen", "listen --discard", "listen -k", "listen -k --discard"] {
        let null = OpenOptions::new().write(true).open("/dev/null").expect("/dev/null");
        let server = soquete(&format!("{words} 127.0.0.1:0")).stdin(Stdio::null()).stdout(null).start();
        let client = soquete(&format!("connect {}", server.address())).input(&data).run();
        assert_eq!(client.code, 0, "{words}: {client}");
        let summary = server.event("summary");
        assert_eq!(summary.number("bytes_in"), LENGTH as u64, "{words}");
        if words.contains("-k") {
            server.terminate();
        } else {
            assert_eq!(server.finish().code, 0, "{words}");
        }
    }
}

/// In the sandbox no byte can be copied out of the program, so it must throw them away where they are.
#[test]
fn what_goes_to_the_null_device_never_leaves_the_kernel() {
    let data = noise(1_000_003);
    let door = Door::open();
    let null = OpenOptions::new().write(true).open("/dev/null").expect("/dev/null");
    let client = soquete(&format!("connect {}", door.address()));
    let client = client.human().stdin(Stdio::null()).stdout(null).stderr(Stdio::null());
    let client = without_calls(&[libc::SYS_splice, libc::SYS_write], libc::EPERM, || client.start());
    door.accept().send(&data);
    assert_eq!(client.wait_code(), 0);
}

#[test]
fn a_reset_on_the_way_to_the_null_device_is_told() {
    let null = OpenOptions::new().write(true).open("/dev/null").expect("/dev/null");
    let door = Door::open();
    let client = soquete(&format!("connect {}", door.address())).stdin(Stdio::null()).stdout(null).start();
    let mut peer = door.accept();
    peer.send(noise(100_000));
    peer.reset();
    let run = client.finish();
    assert_eq!((run.code, run.event("error").text("errno")), (1, "ECONNRESET"), "{run}");
}

#[test]
fn devices_that_only_resemble_the_null_device_are_written() {
    for (path, writable, code) in [("/dev/full", true, 5), ("/dev/zero", true, 0), ("/dev/null", false, 5)] {
        let device = OpenOptions::new().read(true).write(writable).open(path).expect("a device");
        let door = Door::open();
        let client = soquete(&format!("connect {}", door.address())).stdin(Stdio::null()).stdout(device);
        let client = client.start();
        let mut peer = door.accept();
        let _ = peer.try_send(b"something");
        drop(peer);
        let run = client.finish();
        assert_eq!(run.code, code, "{path}, writable: {writable}: {run}");
    }
}

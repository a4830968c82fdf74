//! Readers of a chat that are slow, or only slower than who talks: who loses its place, and what the others notice.

#![allow(clippy::disallowed_methods)] // a pace is kept by sleeping

mod support;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use support::{DEADLINE, Peer, Running, soquete};
use tempfile::TempDir;

/// What is said again and again: 63 lines of 1000 bytes.
fn speech() -> Vec<u8> {
    format!("{}\n", "x".repeat(999)).repeat(63).into_bytes()
}

/// A room without events, a hundred thousand of which would be the test's own slowness.
struct Room {
    run: Running,
    address: SocketAddr,
    _folder: TempDir,
}

impl Room {
    fn open(flags: &str) -> Self {
        let nobody = File::options().write(true).open("/dev/null").expect("it is there");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ready");
        let run = soquete(&format!("chat-serve -q 127.0.0.1:0 {flags} --ready-file"))
            .arg(path.as_os_str())
            .human()
            .stdout(nobody)
            .start();
        let begun = Instant::now();
        // It appears whole, at one moment.
        let ready = loop {
            assert!(begun.elapsed() < DEADLINE, "the room is not ready");
            if let Ok(text) = std::fs::read_to_string(&path) {
                break text;
            }
            std::thread::yield_now();
        };
        let address = ready.trim().parse().expect("an address");
        Self { run, address, _folder: folder }
    }

    /// Lets somebody in, and waits until it is.
    fn join(&self) -> Peer {
        Self::seat(Peer::connect(self.address))
    }

    fn seat(mut peer: Peer) -> Peer {
        peer.send(format!("/nick n{}\n", peer.local().port()));
        assert!(peer.receive_line().contains("* you are now "));
        peer
    }

    /// Lets somebody in who reads nothing any more.
    fn join_stalled(&self) -> Peer {
        Self::seat(Peer::connect_narrow(self.address))
    }

    /// The most memory the program had so far, KiB (`VmHWM`, proc(5)).
    fn peak_memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.run.pid());
        let status = std::fs::read_to_string(path).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a size");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }
}

/// Waits until the room has let this one go.
fn wait_reset(peer: &Peer) {
    let mut broken = [PollFd::new(peer.stream(), PollFlags::empty())];
    let limit = Timespec::try_from(DEADLINE).expect("seconds");
    assert_eq!(poll(&mut broken, Some(&limit)), Ok(1), "it was not let go");
}

/// A thread of the test that ends when it is told to.
struct Hand<T> {
    over: Arc<AtomicBool>,
    thread: JoinHandle<T>,
}

impl<T: Send + 'static> Hand<T> {
    fn start(work: impl FnOnce(&dyn Fn() -> bool) -> T + Send + 'static) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&over);
        Self { over, thread: std::thread::spawn(move || work(&|| flag.load(Ordering::SeqCst))) }
    }

    fn end(self) -> T {
        self.over.store(true, Ordering::SeqCst);
        self.thread.join().expect("it went well")
    }
}

/// Says as much as the room takes.
fn talk(talker: Peer) -> Hand<()> {
    talker.hurry(Duration::from_millis(100));
    Hand::start(move |is_over| {
        let speech = speech();
        let mut at = 0;
        while !is_over() {
            match std::io::Write::write(&mut talker.stream(), &speech[at..]) {
                Ok(written) => at = (at + written) % speech.len(),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => panic!("the talker is cut off: {error}"),
            }
        }
        talker.half_close();
    })
}

/// Reads `pace` bytes a second, in pieces of a fiftieth of a second; gives how much that was and the longest time in which
/// nothing was there to read, or the error that ended it.
fn read(reader: Peer, pace: usize) -> Hand<std::io::Result<(usize, Duration)>> {
    reader.hurry(DEADLINE);
    Hand::start(move |is_over| {
        let mut buffer = vec![0; (pace / 50).clamp(1, 1 << 20)];
        let (begun, mut got, mut longest) = (Instant::now(), 0, Duration::ZERO);
        while !is_over() {
            let asked = Instant::now();
            let n = reader.stream().read(&mut buffer)?;
            longest = longest.max(asked.elapsed());
            got += n;
            #[allow(clippy::cast_precision_loss)] // far below 2^52
            let due = Duration::from_secs_f64(got as f64 / pace as f64);
            std::thread::sleep(due.saturating_sub(begun.elapsed()));
            if n == 0 {
                break;
            }
        }
        Ok((got, longest))
    })
}

/// A reader much faster than a dribble keeps its place beside a talker at full speed, one that stalls, and the limit.
fn a_reader_of_fourteen_megabytes_a_second_stays(flags: &str) {
    const PACE: usize = 14_000_000;
    let room = Room::open(flags);
    let (talker, healthy, stalled) = (room.join(), room.join(), room.join_stalled());
    let (talk, healthy) = (talk(talker), read(healthy, PACE));
    wait_reset(&stalled);
    // Time for several windows in which a rate is measured.
    std::thread::sleep(Duration::from_secs(3));
    let (got, _) = healthy.end().expect("it is not cut off");
    talk.end();
    assert!(got > 2 * PACE, "it was given {got} bytes in three seconds");
}

#[test]
fn a_fast_reader_stays_by_default() {
    a_reader_of_fourteen_megabytes_a_second_stays("");
}

#[test]
fn a_fast_reader_stays_with_a_small_limit() {
    a_reader_of_fourteen_megabytes_a_second_stays("--slow-limit 256k");
}

#[test]
fn a_larger_limit_demands_no_faster_reader() {
    a_reader_of_fourteen_megabytes_a_second_stays("--slow-limit 64M");
}

#[test]
fn a_reader_of_a_hundred_kilobytes_a_second_is_let_go() {
    let room = Room::open("");
    let (talker, slow) = (room.join(), room.join());
    let kept = slow.twin();
    let (talk, slow) = (talk(talker), read(slow, 100_000));
    wait_reset(&kept);
    let error = slow.thread.join().expect("it went well").expect_err("it is cut off");
    talk.end();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn stalled_readers_are_let_go_and_cost_the_others_little() {
    const STALLED: usize = 10;
    let room = Room::open("");
    let (talker, healthy) = (room.join(), room.join());
    let stalled: Vec<Peer> = (0..STALLED).map(|_| room.join_stalled()).collect();
    let before = room.peak_memory();
    let (talk, healthy) = (talk(talker), read(healthy, 1 << 40));
    stalled.iter().for_each(wait_reset);
    let (_, longest) = healthy.end().expect("it is not cut off");
    talk.end();
    // All of them are behind in the same second; a busy machine takes its time.
    assert!(longest < Duration::from_secs(3), "nothing was heard for {longest:?}");
    // The limit of 4 MiB and the reserve of 16, once for all of them.
    let grown = room.peak_memory() - before;
    assert!(grown < 32 << 10, "{grown} KiB for {STALLED} stalled readers");
}

//! Readers that take nothing, and a kernel that lets nobody in: the program still ends when asked, and rests meanwhile.

mod support;

use rustix::process::Signal;
use std::io::{PipeWriter, Write};
use std::time::{Duration, Instant};
use support::sandbox::without_calls;
use support::*;

/// A pipe that is full, and whose reader takes nothing.
fn full_pipe() -> (pipe::Reader, PipeWriter) {
    let (reader, mut writer) = pipe();
    rustix::io::ioctl_fionbio(&writer, true).expect("a pipe can be made so");
    while writer.write(&[b'.'; 4096]).is_ok() {}
    rustix::io::ioctl_fionbio(&writer, false).expect("a pipe can be made so");
    (reader, writer)
}

/// Waits until the program minds SIGTERM (`SigCgt` of proc(5), a bit a signal).
fn wait_for_handler(program: &Running) {
    let until = Instant::now() + DEADLINE;
    loop {
        let status = std::fs::read_to_string(format!("/proc/{}/status", program.pid())).expect("it runs");
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).expect("a mask").trim();
        if u64::from_str_radix(mask, 16).expect("hexadecimal") >> (libc::SIGTERM - 1) & 1 == 1 {
            return;
        }
        assert!(Instant::now() < until, "no handler");
    }
}

#[test]
fn a_report_nobody_reads_ends_with_the_first_signal() {
    let door = Door::open();
    for line in [
        "stat -t".to_owned(),
        "stat -tp --json".to_owned(),
        "stat --summary".to_owned(),
        format!("stat --watch {}", door.address().port()),
        format!("stat --wait count>0 {}", door.address().port()),
        "connect --check 127.0.0.1 1-500".to_owned(),
        format!("connect --check --wait 5s {}", door.address()),
    ] {
        for signal in [Signal::TERM, Signal::INT] {
            let (reader, writer) = full_pipe();
            let program = soquete(&line).human().stdout(writer).start();
            wait_for_handler(&program);
            // Something happens, and the program has come to where it waits, or is on its way there.
            for _ in 0..20 {
                drop((Peer::connect(door.address()), door.accept()));
                pause(Duration::from_millis(10));
            }
            let began = Instant::now();
            program.signal(signal);
            let run = program.finish();
            assert_eq!(run.signal, Some(signal.as_raw()), "{line}: {run}");
            assert!(began.elapsed() < Duration::from_secs(5), "{line}: after {:?}", began.elapsed());
            drop(reader);
        }
    }
}

#[test]
fn a_report_whose_reader_is_slow_comes_whole() {
    let door = Door::open();
    let peers: Vec<_> = (0..300).map(|_| (Peer::connect(door.address()), door.accept())).collect();
    let (mut reader, writer) = full_pipe();
    let filled = rustix::io::ioctl_fionread(&writer).expect("a pipe");
    let line = format!("stat -t --local :{}", door.address().port());
    let program = soquete(&line).stdout(writer).start();
    wait_for_handler(&program);
    pause(Duration::from_millis(100));
    let all = reader.read_all();
    let rows =
        String::from_utf8_lossy(&all[usize::try_from(filled).expect("a pipe is small")..]).into_owned();
    assert_eq!(program.finish().code, 0);
    assert!(rows.lines().count() >= peers.len(), "{} rows", rows.lines().count());
    assert!(rows.lines().all(|row| serde_json::from_str::<serde_json::Value>(row).is_ok()), "{rows}");
}

/// Time the program spent on a CPU (`utime` and `stime` of proc(5), in hundredths of a second).
fn cpu_time(program: &Running) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", program.pid())).expect("it runs");
    let fields: Vec<&str> = stat.rsplit(')').next().expect("a name ends").split_whitespace().collect();
    let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().expect("a number")).sum();
    Duration::from_millis(ticks * 10)
}

#[test]
fn a_kernel_that_lets_nobody_in_does_not_keep_the_cpu_busy() {
    for line in ["listen 127.0.0.1:0", "listen -k --echo 127.0.0.1:0", "chat-serve 127.0.0.1:0"] {
        let server = without_calls(&[libc::SYS_accept4], libc::EPERM, || soquete(line).start());
        let address = server.address();
        let client = Peer::connect(address);
        let warning = server.event("warning");
        assert_eq!((warning.text("op"), warning.text("errno")), ("accept", "EPERM"), "{line}: {warning}");
        let before = cpu_time(&server);
        pause(Duration::from_secs(1));
        let spent = cpu_time(&server).saturating_sub(before);
        assert!(spent <= Duration::from_millis(50), "{line}: {spent:?} in a second");
        let run = server.terminate();
        assert_eq!(run.named("warning").count(), 1, "told once: {run}");
        drop(client);
    }
}

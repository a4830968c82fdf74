//! The tracepoint, read through an instance of tracefs that is removed afterwards.

use super::Change;
use crate::support::is_root;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::cell::{Cell, RefCell};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const TRACEFS: &str = "/sys/kernel/tracing";
/// Of our instances' names; the process and a number follow.
const PREFIX: &str = "soquete-test-";
const EVENT: &str = "events/sock/inet_sock_set_state";
/// Between two looks at a pipe whose own wake-ups come when half a buffer is full.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 2_000_000 };

pub struct Tracepoint {
    folder: PathBuf,
    pipe: Option<File>,
    /// Read, and the beginning of a line whose end has not come.
    changes: RefCell<(Vec<Change>, Vec<u8>)>,
    /// Records of other sockets that had no room before the port was known.
    lost_before: Cell<u64>,
}

impl Tracepoint {
    /// Starts to record, only sockets with `port` at either end if it is known.
    pub fn start(port: Option<u16>) -> io::Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        if !is_root() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let root = Path::new(TRACEFS);
        if !root.join("instances").exists() {
            Command::new("mount").args(["-t", "tracefs", "tracefs", TRACEFS]).status()?;
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let instances = root.join("instances");
        sweep(&instances);
        let folder = instances.join(format!("{PREFIX}{}-{number}", std::process::id()));
        fs::create_dir(&folder)?;
        let mut tracepoint =
            Self { folder, pipe: None, changes: RefCell::default(), lost_before: Cell::new(0) };
        tracepoint.write("trace_clock", "mono")?;
        let pipe = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NONBLOCK)
            .open(tracepoint.folder.join("trace_pipe"))?;
        tracepoint.pipe = Some(pipe);
        if let Some(port) = port {
            tracepoint.narrow(port);
        }
        tracepoint.write(&format!("{EVENT}/enable"), "1")?;
        Ok(tracepoint)
    }

    pub fn narrow(&self, port: u16) {
        self.write(&format!("{EVENT}/filter"), &format!("sport == {port} || dport == {port}"))
            .expect("the filter of our own instance");
        self.read();
        self.lost_before.set(self.lost());
    }

    /// What the kernel recorded of one socket, once that is over; what there is at the deadline.
    pub fn changes_until_over(&self, local: SocketAddr, peer: SocketAddr, deadline: Instant) -> Vec<Change> {
        loop {
            self.read();
            let all = &self.changes.borrow().0;
            let its: Vec<Change> =
                all.iter().filter(|c| c.local == local && c.peer == peer).cloned().collect();
            if its.last().is_some_and(|c| c.to == "CLOSED") || Instant::now() > deadline {
                self.expect_nothing_lost();
                return its;
            }
            let pipe = self.pipe.as_ref().expect("opened at start");
            let _ = poll(&mut [PollFd::new(pipe, PollFlags::IN)], Some(&LOOK));
        }
    }

    fn read(&self) {
        let (changes, rest) = &mut *self.changes.borrow_mut();
        let Some(mut pipe) = self.pipe.as_ref() else { return };
        let mut buffer = vec![0; 1 << 16];
        while let Ok(n @ 1..) = pipe.read(&mut buffer) {
            rest.extend_from_slice(&buffer[..n]);
        }
        let whole = rest.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let lines: Vec<u8> = rest.drain(..whole).collect();
        changes.extend(String::from_utf8_lossy(&lines).lines().filter_map(change_of));
    }

    fn expect_nothing_lost(&self) {
        assert_eq!(self.lost(), self.lost_before.get(), "the kernel's record has a gap");
    }

    /// Records that had no room.
    fn lost(&self) -> u64 {
        let mut lost = 0;
        for entry in fs::read_dir(self.folder.join("per_cpu")).expect("processors").flatten() {
            let stats = fs::read_to_string(entry.path().join("stats")).unwrap_or_default();
            let counts = stats.lines().filter(|l| l.contains("overrun") || l.contains("dropped"));
            lost += counts.filter_map(|l| l.rsplit_once(' ')?.1.parse::<u64>().ok()).sum::<u64>();
        }
        lost
    }

    fn write(&self, file: &str, text: &str) -> io::Result<()> {
        fs::write(self.folder.join(file), text)
    }
}

impl Drop for Tracepoint {
    fn drop(&mut self) {
        let _ = self.write(&format!("{EVENT}/enable"), "0");
        self.pipe = None;
        // A process that another thread just started holds our descriptors until it executes its program.
        let deadline = Instant::now() + Duration::from_secs(1);
        while fs::remove_dir(&self.folder).is_err() && Instant::now() < deadline {
            std::thread::park_timeout(Duration::from_millis(1));
        }
    }
}

/// Removes what a test that was killed left behind.
fn sweep(instances: &Path) {
    for entry in fs::read_dir(instances).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|n| n.strip_prefix(PREFIX)?.split('-').next());
        if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// Reads one line; `None` for what is no change: close(2) after shutdown(2) enters LAST-ACK twice.
fn change_of(line: &str) -> Option<Change> {
    let (head, fields) = line.split_once(": inet_sock_set_state: ")?;
    let at = head.rsplit_once(' ')?.1.parse().ok().map(Duration::from_secs_f64)?;
    let field = |name: &str| {
        let words = fields.split_whitespace();
        words.filter_map(|w| w.split_once('=')).find(|(n, _)| *n == name).map(|(_, value)| value)
    };
    let six = if field("family")? == "AF_INET6" { "v6" } else { "" };
    let address = |side: &str, port: &str| -> Option<SocketAddr> {
        let ip: IpAddr = field(&format!("{side}{six}"))?.parse().ok()?;
        Some(SocketAddr::new(ip, field(port)?.parse().ok()?))
    };
    let (from, to) = (state_of(field("oldstate")?), state_of(field("newstate")?));
    let change = Change { local: address("saddr", "sport")?, peer: address("daddr", "dport")?, from, to, at };
    (from != to).then_some(change)
}

/// The kernel's names (`include/net/tcp_states.h`) as RFC 9293 has them.
fn state_of(name: &str) -> &'static str {
    match name {
        "TCP_ESTABLISHED" => "ESTABLISHED",
        "TCP_SYN_SENT" => "SYN-SENT",
        "TCP_SYN_RECV" | "TCP_NEW_SYN_RECV" => "SYN-RECEIVED",
        "TCP_FIN_WAIT1" => "FIN-WAIT-1",
        "TCP_FIN_WAIT2" => "FIN-WAIT-2",
        "TCP_TIME_WAIT" => "TIME-WAIT",
        "TCP_CLOSE" => "CLOSED",
        "TCP_CLOSE_WAIT" => "CLOSE-WAIT",
        "TCP_LAST_ACK" => "LAST-ACK",
        "TCP_LISTEN" => "LISTEN",
        "TCP_CLOSING" => "CLOSING",
        other => panic!("the kernel has a state {other}"),
    }
}

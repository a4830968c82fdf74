//! Child processes with what they cost: wait4(2) gives the CPU seconds of a child and of the children it waited for.

#![allow(unsafe_code)] // rustix has no wait4 with rusage

use anyhow::{Context as _, Result, bail, ensure};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

/// Nothing measured here takes this long unless it hangs.
pub const DEADLINE: Duration = Duration::from_mins(2);

/// A running child, killed when dropped.
pub struct Process {
    name: String,
    pid: Pid,
    /// Readable once the child has ended (`pidfd_open(2)`).
    end: OwnedFd,
    reaped: bool,
}

/// What a child left behind.
pub struct Usage {
    /// User and system time, seconds.
    pub cpu: f64,
    /// How it ended.
    pub status: ExitStatus,
}

impl Process {
    /// Starts `command` as it is set up, and closes what it was to inherit.
    pub fn spawn(mut command: Command) -> Result<Self> {
        let program = Path::new(command.get_program());
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let child = command.spawn().with_context(|| format!("start {name}"))?;
        let pid = Pid::from_child(&child);
        let end = pidfd_open(pid, PidfdFlags::empty()).context("pidfd_open")?;
        Ok(Self { name, pid, end, reaped: false })
    }

    /// CPU seconds so far: nanoseconds of proc(5)'s `schedstat`, over all threads.
    pub fn cpu(&self) -> Result<f64> {
        let mut nanoseconds = 0.0;
        for thread in std::fs::read_dir(format!("/proc/{}/task", self.pid.as_raw_nonzero()))? {
            // A thread may end between the two looks.
            let Ok(text) = std::fs::read_to_string(thread?.path().join("schedstat")) else { continue };
            nanoseconds += text.split(' ').next().unwrap_or_default().parse::<f64>().context("schedstat")?;
        }
        Ok(nanoseconds / 1e9)
    }

    /// The largest resident size so far, kB (`VmHWM` of proc(5)).
    pub fn peak_memory(&self) -> Result<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.pid.as_raw_nonzero()))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
        line.trim().trim_end_matches(" kB").parse().context("VmHWM")
    }

    /// Whether it ends within `patience`.
    pub fn ends_within(&self, patience: Duration) -> Result<bool> {
        let mut watched = [PollFd::new(&self.end, PollFlags::IN)];
        Ok(poll(&mut watched, Some(&Timespec::try_from(patience)?))? > 0)
    }

    /// Waits for its end; an exit status other than 0 is an error, and so is missing the [`DEADLINE`].
    pub fn finish(self) -> Result<Usage> {
        let name = self.name.clone();
        let usage = self.finish_anyhow()?;
        ensure!(usage.status.success(), "{name} ended with {}", usage.status);
        Ok(usage)
    }

    /// Waits for its end, whatever its exit status.
    pub fn finish_anyhow(mut self) -> Result<Usage> {
        ensure!(self.ends_within(DEADLINE)?, "{} still runs after {DEADLINE:?}", self.name);
        self.reap()
    }

    /// Ends a server with SIGTERM.
    pub fn terminate(self) -> Result<Usage> {
        self.end_by(Signal::TERM)
    }

    /// Where its descriptors are listed (proc(5)).
    pub fn descriptors(&self) -> String {
        format!("/proc/{}/fd", self.pid.as_raw_nonzero())
    }

    /// Ends it with SIGINT, as Ctrl-C does, which may be an ordinary end of it.
    pub fn interrupt_anyhow(self) -> Result<Usage> {
        self.end_by(Signal::INT)
    }

    /// Ends it with SIGINT, as Ctrl-C does; not to die of that signal is an error.
    pub fn interrupt(self) -> Result<Usage> {
        let name = self.name.clone();
        let usage = self.end_by(Signal::INT)?;
        ensure!(usage.status.signal().is_some(), "{name} ended with {}", usage.status);
        Ok(usage)
    }

    /// Sends a signal and waits for the end: death by that signal or an exit status, whatever it is.
    fn end_by(mut self, signal: Signal) -> Result<Usage> {
        kill_process(self.pid, signal).context("kill")?;
        if !self.ends_within(DEADLINE)? {
            bail!("{} ignores {signal:?}", self.name);
        }
        let usage = self.reap()?;
        let in_order = usage.status.signal().is_none_or(|number| number == signal.as_raw());
        ensure!(in_order, "{} ended with {}", self.name, usage.status);
        Ok(usage)
    }

    fn reap(&mut self) -> Result<Usage> {
        let mut status = 0;
        let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
        // SAFETY: both pointers are to writable memory of the types wait4 fills in.
        let reaped =
            unsafe { libc::wait4(self.pid.as_raw_nonzero().get(), &raw mut status, 0, usage.as_mut_ptr()) };
        if reaped < 0 {
            return Err(std::io::Error::last_os_error()).context("wait4");
        }
        self.reaped = true;
        // SAFETY: all-zero bytes are a valid rusage, and wait4 succeeded.
        let usage = unsafe { usage.assume_init() };
        Ok(Usage {
            cpu: seconds(usage.ru_utime) + seconds(usage.ru_stime),
            status: ExitStatus::from_raw(status),
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.reaped {
            let _ = kill_process(self.pid, Signal::KILL);
            let _ = self.reap();
        }
    }
}

#[allow(clippy::cast_precision_loss)] // seconds of a run, microseconds below a million
fn seconds(time: libc::timeval) -> f64 {
    time.tv_sec as f64 + time.tv_usec as f64 / 1e6
}

/// Where `program` is found on PATH.
pub fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Runs `probe` until it answers `Some`, while `process` lives and the deadline has not passed.
pub fn until<T>(process: &Process, mut probe: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    // Short beside every run that is measured, long enough to leave the CPU to the one waited for.
    const STEP: Duration = Duration::from_micros(500);
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = probe()? {
            return Ok(found);
        }
        ensure!(!process.ends_within(STEP)?, "{} ended early", process.name);
        ensure!(Instant::now() < end, "{} is not ready after {DEADLINE:?}", process.name);
    }
}

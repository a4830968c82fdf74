//! Commands as child processes: what they inherit, and the process group that each is ended by.
#![allow(unsafe_code)]

use super::fd;
use super::poll::Process;
use super::signal;
use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, set_child_subreaper};
use rustix::process::{test_kill_process, test_kill_process_group, waitpgid};
use std::cell::{Cell, RefCell};
use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus};

/// Puts in order what was inherited. To be called once, before anything else.
///
/// A child's status is kept for us even if the parent process ignored SIGCHLD (wait(2)), and a write past the limit on a
/// file's size is an error like any other, `EFBIG`, instead of an end by SIGXFSZ (setrlimit(2)).
pub fn settle_signals() {
    // SAFETY: there is no other thread yet.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
    if !signal::is_ignored(libc::SIGXFSZ) {
        signal::disregard(libc::SIGXFSZ);
    }
}

/// Makes commands inherit nothing: descriptors that the parent process passed on are closed in them, and the signals it
/// ignored are the default again.
///
/// Signals of job control stay ignored, since a handler would have a call that they interrupt begin again without end.
pub fn isolate_commands() -> io::Result<()> {
    for number in 1..=libc::SIGRTMAX() {
        let keeps = matches!(number, libc::SIGTTIN | libc::SIGTTOU | libc::SIGTSTP | libc::SIGPIPE);
        if !keeps && signal::is_ignored(number) {
            signal::disregard(number);
        }
    }
    fd::close_all_on_exec()
}

/// Makes processes that lose their parent from now on children of this one, so that the end of a process group does not depend
/// on when process 1 takes what is left of them (`PR_SET_CHILD_SUBREAPER`, prctl(2)).
pub fn adopt_orphans() {
    // Without it process 1 does.
    let _ = set_child_subreaper(Some(rustix::process::getpid()));
}

/// Looks for a program as execvp(3) does; an error if it is not there or may not be run.
pub fn find_program(name: &OsStr) -> io::Result<()> {
    if name.as_encoded_bytes().contains(&b'/') {
        return expect_program(Path::new(name));
    }
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
    let mut last = io::Error::from_raw_os_error(libc::ENOENT);
    for found in std::env::split_paths(&path).map(|folder| folder.join(name)) {
        match expect_program(&found) {
            Ok(()) => return Ok(()),
            Err(error) if error.raw_os_error() == Some(libc::EACCES) => last = error,
            Err(_) => {}
        }
    }
    Err(last)
}

fn expect_program(path: &Path) -> io::Result<()> {
    if path.metadata()?.is_dir() {
        return Err(io::Error::from_raw_os_error(libc::EACCES));
    }
    Ok(rustix::fs::access(path, rustix::fs::Access::EXEC_OK)?)
}

/// A command's status as shells have it: 128 and the signal's number where a signal ended it.
#[must_use]
pub fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|number| 128 + number));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

/// The name of the signal that ended a command, its number where it has none.
#[must_use]
pub fn ending_signal(status: ExitStatus) -> Option<String> {
    let number = status.signal()?;
    Some(signal_hook::low_level::signal_name(number).map_or_else(|| number.to_string(), str::to_owned))
}

fn pid_of(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

/// How a process group is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupSignal {
    /// Its connection is gone.
    HangUp,
    /// It is to end.
    Terminate,
    /// It ends.
    Kill,
}

/// A command that leads a process group of its own. Dropped before its end it is killed.
pub struct CommandGroup {
    child: RefCell<Child>,
    process: Process,
    leader: Pid,
    status: Cell<Option<ExitStatus>>,
}

impl CommandGroup {
    /// Starts a command.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        let mut child = command.process_group(0).spawn()?;
        match (Process::watch(&child), pid_of(&child)) {
            (Ok(process), Some(leader)) => {
                Ok(Self { child: child.into(), process, leader, status: Cell::new(None) })
            }
            (answer, _) => {
                child.kill()?;
                child.wait()?;
                Err(answer.err().unwrap_or_else(|| io::ErrorKind::NotFound.into()))
            }
        }
    }

    /// The number of the process that was started, and of its group.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.leader.as_raw_pid().unsigned_abs()
    }

    /// How it ended, once it did.
    pub fn try_wait(&self) -> io::Result<Option<ExitStatus>> {
        if self.status.get().is_none() {
            self.status.set(self.child.borrow_mut().try_wait()?);
        }
        Ok(self.status.get())
    }

    /// Signals every process of the group, those that are stopped too. To be called before the command's end is taken by
    /// [`Self::try_wait`], or where [`Self::has_members`].
    pub fn signal(&self, signal: GroupSignal) {
        let signal = match signal {
            GroupSignal::HangUp => Signal::HUP,
            GroupSignal::Terminate => Signal::TERM,
            GroupSignal::Kill => Signal::KILL,
        };
        // It fails where no process is left, or none that is ours.
        let _ = kill_process_group(self.leader, signal);
        let _ = kill_process_group(self.leader, Signal::CONT);
    }

    /// Whether processes of the group are left after its leader's end was taken. The number of a group is not given away while
    /// it has a process, so that a process of this number belongs to others.
    #[must_use]
    pub fn has_orphans(&self) -> bool {
        self.status.get().is_some()
            && test_kill_process(self.leader).is_err()
            && test_kill_process_group(self.leader).is_ok()
    }

    /// Whether there are processes in the group, its leader's remains included until [`Self::try_wait`] took them. What is left
    /// of others is taken where [`adopt_orphans`] made them ours.
    #[must_use]
    pub fn has_members(&self) -> bool {
        if self.status.get().is_some() {
            while let Ok(Some(_)) = waitpgid(self.leader, WaitOptions::NOHANG) {}
        }
        test_kill_process_group(self.leader).is_ok()
    }
}

impl AsFd for CommandGroup {
    /// Readable once the command has ended.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.process.as_fd()
    }
}

impl AsRawFd for CommandGroup {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl Drop for CommandGroup {
    fn drop(&mut self) {
        if self.status.get().is_none() {
            self.signal(GroupSignal::Kill);
            let _ = self.child.get_mut().wait();
        }
    }
}

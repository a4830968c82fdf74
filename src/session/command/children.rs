//! The commands that run, and their end.

use super::{CommandLine, GRACE, environment, exit_fields, start_fields};
use crate::event::{ChildStep, Event};
use crate::exit::Exit;
use crate::session::Outcome;
use crate::sys::child::{CommandGroup, GroupSignal, adopt_orphans, exit_code};
use crate::sys::reactor::register_command;
use crate::sys::socket::Socket;
use crate::sys::{self, Result};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::process::ExitStatus;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;

/// Between two looks whether a process group is empty, for which there is no event.
const GROUP_LOOK: Duration = Duration::from_millis(10);
/// The longest wait for the end of processes that were killed.
const KILLED_LIMIT: Duration = Duration::from_secs(1);

/// The commands of one server or client.
pub struct Children {
    line: CommandLine,
    running: RefCell<HashMap<u32, Rc<AsyncFd<CommandGroup>>>>,
    /// Commands that are being started, not among the running yet.
    starting: Cell<usize>,
    changed: Notify,
    ending: Cell<bool>,
    last: Cell<Option<ExitStatus>>,
    /// The command was ended because nothing moved for this long.
    idle: Cell<Option<Duration>>,
    /// Groups whose command ended and left processes behind.
    left: RefCell<Vec<Rc<AsyncFd<CommandGroup>>>>,
}

/// A command that was started.
pub(super) struct Running<'a> {
    group: Rc<AsyncFd<CommandGroup>>,
    children: &'a Children,
}

impl Children {
    /// No command yet. Fails if the command cannot be run.
    pub fn new(line: CommandLine) -> Result<Self> {
        line.check()?;
        sys::child::isolate_commands().map_err(|e| line.failed(e))?;
        Ok(Self {
            line,
            running: RefCell::default(),
            starting: Cell::new(0),
            changed: Notify::new(),
            ending: Cell::new(false),
            last: Cell::new(None),
            idle: Cell::new(None),
            left: RefCell::default(),
        })
    }

    /// The outcome of a run with one command, which ended: its status is ours.
    pub(in crate::session) fn outcome(&self) -> Outcome {
        if let Some(limit) = self.idle.get() {
            return Outcome::deadline(format!("idle timeout: no data for {limit:?}"));
        }
        let code = self.last.get().map_or(0, exit_code);
        let exit = if code == 0 { Exit::Done } else { Exit::Command(code) };
        Outcome::of(exit, format!("{} ended with {code}", self.line.name()))
    }

    /// The error of a command that cannot be started.
    pub(super) fn failed(&self, error: io::Error) -> sys::Error {
        self.line.failed(error)
    }

    /// Starts the command with these as its standard input and output, in the runtime this is called in. `named` is the client
    /// that a proxy speaks for.
    ///
    /// A thread that starts a command waits until the program is loaded (`vfork`(2)), which one of the runtime must not.
    pub(super) async fn start(
        &self,
        socket: &Socket,
        (named, tls_subject): (Option<SocketAddr>, Option<String>),
        (input, output): (OwnedFd, OwnedFd),
    ) -> Result<Running<'_>> {
        let mut subject = socket.subject();
        if let Some(named) = named {
            subject.peer = Some(named.into());
        }
        let mut command = self.line.command(&environment(&subject, tls_subject));
        let start = move || CommandGroup::start(command.stdin(input).stdout(output));
        let starting = Starting::new(self);
        let started = tokio::task::spawn_blocking(start).await.map_err(io::Error::other).flatten();
        let group = started.map_err(|e| self.failed(e))?;
        let pid = group.pid();
        socket.emit(|socket| Event::Child { socket, what: ChildStep::Start, child: start_fields(pid) });
        let group = Rc::new(register_command(group).map_err(|e| self.failed(e))?);
        self.running.borrow_mut().insert(pid, Rc::clone(&group));
        drop(starting);
        if self.ending.get() {
            group.get_ref().signal(GroupSignal::Terminate);
        }
        Ok(Running { group, children: self })
    }

    /// Ends every command: SIGTERM to each process group, and SIGKILL after [`GRACE`] where one is left.
    pub(in crate::session) async fn end(&self) {
        self.ending.set(true);
        adopt_orphans();
        let left = self.left.take().into_iter().filter(|group| group.get_ref().has_orphans());
        let groups: Vec<_> = self.running.borrow().values().cloned().chain(left).collect();
        for group in &groups {
            group.get_ref().signal(GroupSignal::Terminate);
        }
        if tokio::time::timeout(GRACE, self.are_gone(&groups)).await.is_err() {
            let late: Vec<_> = self.running.borrow().values().cloned().collect();
            for group in groups.iter().chain(&late).filter(|group| group.get_ref().has_members()) {
                group.get_ref().signal(GroupSignal::Kill);
            }
            // A process that waits for a disk ends when that answers.
            let _ = tokio::time::timeout(KILLED_LIMIT, self.are_gone(&groups)).await;
        }
    }

    /// Waits until the commands have ended, and the processes that they started in their groups.
    async fn are_gone(&self, groups: &[Rc<AsyncFd<CommandGroup>>]) {
        loop {
            let changed = self.changed.notified();
            if self.running.borrow().is_empty() && self.starting.get() == 0 {
                break;
            }
            changed.await;
        }
        while groups.iter().any(|group| group.get_ref().has_members()) {
            tokio::time::sleep(GROUP_LOOK).await;
        }
    }
}

/// A command that is being started.
struct Starting<'a>(&'a Children);

impl<'a> Starting<'a> {
    fn new(children: &'a Children) -> Self {
        children.starting.set(children.starting.get() + 1);
        Self(children)
    }
}

impl Drop for Starting<'_> {
    fn drop(&mut self) {
        self.0.starting.set(self.0.starting.get() - 1);
        self.0.changed.notify_waiters();
    }
}

impl Running<'_> {
    /// Waits for its end, and takes it.
    pub(super) async fn ended(&self) -> Result<ExitStatus> {
        let failed = |e| self.children.failed(e);
        loop {
            let mut ready = self.group.readable().await.map_err(failed)?;
            if let Some(status) = self.group.get_ref().try_wait().map_err(failed)? {
                return Ok(status);
            }
            ready.clear_ready();
        }
    }

    /// Tells the command that its connection is gone.
    pub(super) fn hang_up(&self) {
        self.group.get_ref().signal(GroupSignal::HangUp);
    }

    /// Ends the command: SIGTERM, and SIGKILL after [`GRACE`].
    pub(super) async fn terminate(&self) -> Result<ExitStatus> {
        self.group.get_ref().signal(GroupSignal::Terminate);
        if let Ok(end) = tokio::time::timeout(GRACE, self.ended()).await {
            return end;
        }
        self.group.get_ref().signal(GroupSignal::Kill);
        self.ended().await
    }

    /// Notes that it is ended because nothing moved for this long.
    pub(super) fn is_idle(&self, limit: Duration) {
        self.children.idle.set(Some(limit));
    }

    /// Emits the end, and forgets the command.
    pub(super) fn conclude(self, status: ExitStatus, socket: &Socket) {
        let pid = self.group.get_ref().pid();
        socket.emit(|socket| Event::Child { socket, what: ChildStep::Exit, child: exit_fields(pid, status) });
        self.children.last.set(Some(status));
        let mut left = self.children.left.borrow_mut();
        left.retain(|group| group.get_ref().has_orphans());
        if self.group.get_ref().has_orphans() {
            left.push(Rc::clone(&self.group));
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.children.running.borrow_mut().remove(&self.group.get_ref().pid());
        self.children.changed.notify_waiters();
    }
}

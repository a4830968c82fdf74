//! How a test starts the program: its command line, streams, user and limits.

use super::DEADLINE;
use super::collect::Collected;
use super::running::Running;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A command line of the program, about to be run.
pub struct Soquete {
    args: Vec<OsString>,
    human: bool,
    input: Option<Vec<u8>>,
    stdin: Option<Stdio>,
    stdout: Option<Stdio>,
    stderr: Option<Stdio>,
    script: Option<String>,
    user: Option<u32>,
    env: Vec<(String, String)>,
    deadline: Duration,
}

/// The program with the words of `line` as arguments, after `--json`.
pub fn soquete(line: &str) -> Soquete {
    super::watchdog::start();
    Soquete {
        args: line.split_whitespace().map(OsString::from).collect(),
        human: false,
        input: None,
        stdin: None,
        stdout: None,
        stderr: None,
        script: None,
        user: None,
        env: Vec::new(),
        deadline: DEADLINE,
    }
}

impl Soquete {
    /// One more argument, whatever is in it.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Leaves `--json` away.
    pub fn human(mut self) -> Self {
        self.human = true;
        self
    }

    /// Standard input is these bytes, then its end.
    pub fn input(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.input = Some(bytes.as_ref().to_vec());
        self
    }

    /// Standard input is this instead of a pipe.
    pub fn stdin(mut self, from: impl Into<Stdio>) -> Self {
        self.stdin = Some(from.into());
        self
    }

    /// Standard output is this instead of a pipe.
    pub fn stdout(mut self, to: impl Into<Stdio>) -> Self {
        self.stdout = Some(to.into());
        self
    }

    /// Standard error is this instead of a pipe.
    pub fn stderr(mut self, to: impl Into<Stdio>) -> Self {
        self.stderr = Some(to.into());
        self
    }

    /// Started by a shell, whose script runs the program as `exec "$@"`: for redirections and limits.
    pub fn shell(mut self, script: &str) -> Self {
        self.script = Some(script.to_owned());
        self
    }

    /// Run as another user, without groups; only root may.
    pub fn user(mut self, id: u32) -> Self {
        self.user = Some(id);
        self
    }

    /// An environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Another time limit than [`DEADLINE`].
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = limit;
        self
    }

    /// Runs to the end. Standard input is empty unless it was given.
    pub fn run(mut self) -> super::Run {
        if self.input.is_none() && self.stdin.is_none() {
            self.stdin = Some(Stdio::null());
        }
        self.start().finish()
    }

    /// Starts it. Standard input is a pipe that the test holds unless it was given.
    pub fn start(self) -> Running {
        let deadline = Instant::now() + self.deadline;
        let mut command = self.command();
        let line = format!("{command:?}");
        let elsewhere = self.args.iter().any(|a| a == "--events");
        let json = !self.human && self.stderr.is_none() && !elsewhere;
        command.stdin(self.stdin.unwrap_or_else(Stdio::piped));
        command.stdout(self.stdout.unwrap_or_else(Stdio::piped));
        command.stderr(self.stderr.unwrap_or_else(Stdio::piped));
        let mut child = command.spawn().unwrap_or_else(|e| panic!("{line}: {e}"));
        // The test's copies of files given away close here, so that the program's end is an end for their readers.
        drop(command);
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a child has a pid");
        let process =
            pidfd_open(pid, PidfdFlags::empty()).expect("a child that was not waited for has a pidfd");
        let out = child.stdout.take().map_or_else(Collected::nothing, Collected::start);
        let err = child.stderr.take().map_or_else(Collected::nothing, Collected::start);
        let mut stdin = child.stdin.take();
        if let Some(bytes) = self.input {
            let mut pipe = stdin.take().expect("input was given, so standard input is a pipe");
            // A program that does not read all of it is no failure of the test's own.
            std::thread::spawn(move || drop(pipe.write_all(&bytes)));
        }
        Running { child, process, stdin, out, err, deadline, line, json, over: false }
    }

    fn command(&self) -> Command {
        let binary = env!("CARGO_BIN_EXE_soquete");
        let mut command = match &self.script {
            Some(script) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", script, "sh", binary]);
                shell
            }
            None => Command::new(binary),
        };
        if !self.human {
            command.arg("--json");
        }
        command.args(&self.args);
        command.env_remove("NO_COLOR").env("LC_ALL", "C.UTF-8");
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        if let Some(id) = self.user {
            command.uid(id).gid(id).current_dir("/");
        }
        command
    }
}

/// A stream that goes to a new file, and the file to look at afterwards.
pub fn to_file(folder: &std::path::Path, name: &str) -> (File, std::path::PathBuf) {
    let path = folder.join(name);
    (File::create(&path).expect("a temporary folder can be written"), path)
}

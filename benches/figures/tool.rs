//! How each program is asked to move a stream from stdin here to stdout there.

use crate::lines;
use crate::port;
use crate::proc::Process;
use anyhow::{Context as _, Result};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A program that carries stdin of one process to stdout of another.
#[derive(Clone, Copy)]
pub enum Tool<'a> {
    /// The binary at this path.
    Soquete(&'a Path),
    /// OpenBSD's netcat.
    Nc,
    /// socat with these flags.
    Socat(&'static [&'static str]),
}

/// Where the receiving side listens.
pub enum Place {
    /// This port of loopback.
    Port(u16),
    /// This UNIX socket.
    Path(PathBuf),
}

impl Tool<'_> {
    /// The command's name on PATH; `None` for our own.
    pub fn peer(self) -> Option<&'static str> {
        match self {
            Tool::Soquete(_) => None,
            Tool::Nc => Some("nc"),
            Tool::Socat(_) => Some("socat"),
        }
    }

    /// As a reader of the table would type it.
    pub fn title(self) -> String {
        match self {
            Tool::Soquete(_) => "soquete".to_owned(),
            Tool::Nc => "nc".to_owned(),
            Tool::Socat(flags) => format!("socat {}", flags.join(" ")),
        }
    }

    /// Starts the receiving side, its stdout on `stdout`, and waits until it listens: on a free port, or on the UNIX socket
    /// `path`, which is made anew.
    pub fn listen(self, stdout: Stdio, path: Option<&Path>) -> Result<(Process, Place)> {
        if let Some(path) = path {
            // nc and socat leave theirs behind.
            drop(std::fs::remove_file(path));
        }
        let Tool::Soquete(program) = self else { return self.listen_silently(stdout, path) };
        let (events, stderr) = crate::feed::pipe()?;
        let mut command = Command::new(program);
        command.args(["--json", "listen"]);
        match path {
            Some(path) => command.arg(format!("unix:{}", path.display())),
            None => command.args(["127.0.0.1", "0"]),
        };
        command.stdin(Stdio::null()).stdout(stdout).stderr(stderr);
        let process = Process::spawn(command)?;
        let place = match path {
            Some(path) => {
                lines::wait_for(&events, |line| line.contains("\"listening\"").then_some(()))
                    .context("wait for the listening event")?;
                Place::Path(path.to_owned())
            }
            None => {
                Place::Port(lines::wait_for(&events, listening_port).context("wait for the listening event")?)
            }
        };
        lines::drain(events);
        Ok((process, place))
    }

    fn listen_silently(self, stdout: Stdio, path: Option<&Path>) -> Result<(Process, Place)> {
        let place = match path {
            Some(path) => Place::Path(path.to_owned()),
            None => Place::Port(port::free()?),
        };
        let mut command;
        if let Tool::Socat(flags) = self {
            command = Command::new("socat");
            command.args(flags).arg(match &place {
                Place::Port(port) => format!("TCP4-LISTEN:{port},bind=127.0.0.1"),
                Place::Path(path) => format!("UNIX-LISTEN:{}", path.display()),
            });
            command.arg("-");
        } else {
            command = Command::new("nc");
            match &place {
                Place::Port(port) => command.args(["-l", "127.0.0.1", &port.to_string()]),
                Place::Path(path) => command.arg("-lU").arg(path),
            };
        }
        command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::null());
        let process = Process::spawn(command)?;
        match &place {
            Place::Port(port) => port::listening(*port, &process)?,
            Place::Path(path) => port::listening_at(path, &process)?,
        }
        Ok((process, place))
    }

    /// Starts the sending side, its stdin on `stdin`. It ends once the receiver has closed.
    pub fn send(self, place: &Place, stdin: Stdio) -> Result<Process> {
        let mut command;
        match self {
            Tool::Soquete(program) => {
                command = Command::new(program);
                command.arg("connect").arg(match place {
                    Place::Port(port) => format!("127.0.0.1:{port}"),
                    Place::Path(path) => format!("unix:{}", path.display()),
                });
            }
            Tool::Nc => {
                command = Command::new("nc");
                match place {
                    Place::Port(port) => command.args(["-N", "127.0.0.1", &port.to_string()]),
                    Place::Path(path) => command.arg("-NU").arg(path),
                };
            }
            Tool::Socat(flags) => {
                command = Command::new("socat");
                command.args(flags).arg("-").arg(match place {
                    Place::Port(port) => format!("TCP4:127.0.0.1:{port}"),
                    Place::Path(path) => format!("UNIX-CONNECT:{}", path.display()),
                });
            }
        }
        command.stdin(stdin).stdout(Stdio::null()).stderr(Stdio::null());
        Process::spawn(command)
    }
}

/// The port in a `listening` event, a line of JSON.
fn listening_port(line: &str) -> Option<u16> {
    let event: serde_json::Value = serde_json::from_str(line).ok()?;
    (event["event"] == "listening").then_some(())?;
    let local: SocketAddr = event["local"].as_str()?.parse().ok()?;
    Some(local.port())
}

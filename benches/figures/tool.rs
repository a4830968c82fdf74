//! How each program is asked to move a stream from stdin here to stdout there.

use crate::lines;
use crate::port;
use crate::proc::Process;
use anyhow::{Context as _, Result};
use std::net::SocketAddr;
use std::path::Path;
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

    /// Starts the receiving side, its stdout on `stdout`, and waits until it listens; with its port.
    pub fn listen(self, stdout: Stdio) -> Result<(Process, u16)> {
        let Tool::Soquete(program) = self else { return self.listen_silently(stdout) };
        let (events, stderr) = crate::feed::pipe()?;
        let mut command = Command::new(program);
        command
            .args(["--json", "listen", "127.0.0.1", "0"])
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr);
        let process = Process::spawn(command)?;
        let port = lines::wait_for(&events, listening_port).context("wait for the listening event")?;
        lines::drain(events);
        Ok((process, port))
    }

    fn listen_silently(self, stdout: Stdio) -> Result<(Process, u16)> {
        let port = port::free()?;
        let mut command;
        if let Tool::Socat(flags) = self {
            command = Command::new("socat");
            command.args(flags).args([&format!("TCP4-LISTEN:{port},bind=127.0.0.1"), "-"]);
        } else {
            command = Command::new("nc");
            command.args(["-l", "127.0.0.1", &port.to_string()]);
        }
        command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::null());
        let process = Process::spawn(command)?;
        port::listening(port, &process)?;
        Ok((process, port))
    }

    /// Starts the sending side, its stdin on `stdin`. It ends once the receiver has closed.
    pub fn send(self, port: u16, stdin: Stdio) -> Result<Process> {
        let port = port.to_string();
        let mut command;
        match self {
            Tool::Soquete(program) => {
                command = Command::new(program);
                command.args(["connect", "127.0.0.1", &port]);
            }
            Tool::Nc => {
                command = Command::new("nc");
                command.args(["-N", "127.0.0.1", &port]);
            }
            Tool::Socat(flags) => {
                command = Command::new("socat");
                command.args(flags).args(["-", &format!("TCP4:127.0.0.1:{port}")]);
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

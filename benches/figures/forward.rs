//! A relay between a client and a target: one long stream, and short connections; ours beside haproxy in TCP mode and socat.

use crate::compare::{Sample, Subject, compare};
use crate::load;
use crate::plan::{Plan, in_turns};
use crate::port;
use crate::proc::{Process, installed};
use crate::stream;
use crate::table::Table;
use anyhow::{Context as _, Result, ensure};
use std::process::{Command, Stdio};

#[derive(Clone, Copy, PartialEq)]
enum Relay {
    /// Events printed, to /dev/null.
    Soquete,
    /// Errors only.
    SoqueteQuiet,
    Haproxy,
    /// The same with `option splice-auto`.
    HaproxySplice,
    /// One process a connection.
    Socat,
    /// The same with the buffer with which it is fastest.
    SocatLarge,
}

impl Subject for Relay {
    fn is_ours(self) -> bool {
        matches!(self, Self::Soquete | Self::SoqueteQuiet)
    }

    fn title(self) -> &'static str {
        match self {
            Self::Soquete => "listen -k --forward",
            Self::SoqueteQuiet => "the same with -q",
            Self::Haproxy => "haproxy",
            Self::HaproxySplice => "haproxy splice-auto",
            Self::Socat => "socat fork",
            Self::SocatLarge => "socat -b1048576 fork",
        }
    }
}

impl Relay {
    /// Starts it, and waits until it listens.
    fn start(self, plan: &Plan, target: u16) -> Result<(Process, u16)> {
        let port = port::free()?;
        let (listen, to) = (port.to_string(), format!("127.0.0.1:{target}"));
        let mut command = Command::new(match self {
            Self::Soquete | Self::SoqueteQuiet => plan.soquete.as_os_str(),
            Self::Haproxy | Self::HaproxySplice => "haproxy".as_ref(),
            Self::Socat | Self::SocatLarge => "socat".as_ref(),
        });
        match self {
            Self::Soquete => command.args(["listen", "-k", "--forward", &to, "127.0.0.1", &listen]),
            Self::SoqueteQuiet => {
                command.args(["-q", "listen", "-k", "--forward", &to, "127.0.0.1", &listen])
            }
            Self::Haproxy | Self::HaproxySplice => {
                let splice = if self == Self::Haproxy { "" } else { " option splice-auto\n" };
                let text = format!(
                    "defaults\n mode tcp\n timeout connect 5s\n timeout client 1m\n timeout server 1m\n maxconn 4000\n\
                     {splice}listen t\n bind 127.0.0.1:{port}\n server s {to}\n"
                );
                let file = plan.folder.path().join("haproxy.cfg");
                std::fs::write(&file, text).context("write haproxy.cfg")?;
                command.arg("-db").arg("-f").arg(file)
            }
            Self::Socat | Self::SocatLarge => {
                if self == Self::SocatLarge {
                    command.arg("-b1048576");
                }
                let listen = format!("TCP4-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr,backlog=1024");
                command.args([&listen, &format!("TCP4:{to}")])
            }
        };
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = Process::spawn(command)?;
        port::listening(port, &process)?;
        Ok((process, port))
    }
}

/// Measures both works.
pub fn run(table: &mut Table, plan: &Plan) {
    let mut relays = vec![Relay::Soquete, Relay::SoqueteQuiet];
    let haproxy = &[Relay::Haproxy, Relay::HaproxySplice];
    for (name, its) in [("haproxy", haproxy), ("socat", &[Relay::Socat, Relay::SocatLarge])] {
        if installed(name) {
            relays.extend(its);
        } else {
            table.skip("forward", &format!("no {name}"));
        }
    }
    let long = in_turns(plan.rounds, &relays, |relay| stream(plan, relay));
    let goal = |relay| if relay == Relay::Socat { 2.0 } else { 1.0 };
    compare(table, "forward, one stream", &relays, long, goal, |sample| {
        format!("{:.2} GB/s, {:.2} s CPU/GB", sample.rate / 1e9, sample.cpu * 1e9)
    });
    // A socat for the machine to start each time. Where clients, target and relay share two cores, a bare epoll loop of C
    // without events comes to four times its rate.
    let goal = |relay| if matches!(relay, Relay::Socat | Relay::SocatLarge) { 10.0 } else { 0.7 };
    let short = in_turns(plan.rounds, &relays, |relay| burst(plan, relay));
    compare(table, "forward, 64 clients", &relays, short, goal, |sample| {
        format!("{:.0}/s, {:.0} µs CPU", sample.rate, sample.cpu * 1e6)
    });
}

/// One stream of `plan.bytes`, from the first write until the target has read its end.
fn stream(plan: &Plan, relay: Relay) -> Result<Sample> {
    let target = port::listener()?;
    let (process, port) = relay.start(plan, port::of(&target)?)?;
    let wall = stream::pass(target, port, plan.bytes, |_| Ok(()))?;
    #[allow(clippy::cast_precision_loss)] // exact up to 8 PiB
    let bytes = plan.bytes as f64;
    Ok(Sample { rate: bytes / wall, cpu: process.terminate()?.cpu / bytes })
}

/// Short connections to the bare echo loop behind the relay.
fn burst(plan: &Plan, relay: Relay) -> Result<Sample> {
    let echo_port = port::free()?;
    let mut command = Command::new(std::env::current_exe().context("find this program")?);
    command.args(["--bare-echo", &echo_port.to_string()]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let echo = Process::spawn(command)?;
    port::listening(echo_port, &echo)?;
    let (process, port) = relay.start(plan, echo_port)?;
    let load = load::generate(port)?;
    ensure!(load.failed == 0, "{} connections failed", load.failed);
    let cpu = process.terminate()?.cpu / load.done;
    echo.terminate()?;
    Ok(Sample { rate: load.rate, cpu })
}

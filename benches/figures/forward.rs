//! A relay between a client and a target: one long stream, and short connections; ours beside haproxy in TCP mode and socat.

use crate::load;
use crate::plan::{Plan, in_turns};
use crate::port;
use crate::proc::{Process, installed};
use crate::table::{Goal, Ratio, Table, median};
use anyhow::{Context as _, Result, anyhow, ensure};
use rustix::net::{RecvFlags, Shutdown, accept, connect, recv, shutdown};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::time::Instant;

/// What is written at once.
const BLOCK: usize = 512 << 10;

#[derive(Clone, Copy, PartialEq)]
enum Relay {
    /// Events printed, to /dev/null.
    Soquete,
    /// Errors only.
    SoqueteQuiet,
    Haproxy,
    /// The same with `option splice-auto`.
    HaproxySplice,
    /// One process a connection, the buffer as large as it is fastest.
    Socat,
}

impl Relay {
    const fn title(self) -> &'static str {
        match self {
            Self::Soquete => "listen -k --forward",
            Self::SoqueteQuiet => "the same with -q",
            Self::Haproxy => "haproxy",
            Self::HaproxySplice => "haproxy splice-auto",
            Self::Socat => "socat -b1048576 fork",
        }
    }

    /// Starts it, and waits until it listens.
    fn start(self, plan: &Plan, target: u16) -> Result<(Process, u16)> {
        let port = port::free()?;
        let (listen, to) = (port.to_string(), format!("127.0.0.1:{target}"));
        let mut command = Command::new(match self {
            Self::Soquete | Self::SoqueteQuiet => plan.soquete.as_os_str(),
            Self::Haproxy | Self::HaproxySplice => "haproxy".as_ref(),
            Self::Socat => "socat".as_ref(),
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
            Self::Socat => {
                let listen = format!("TCP4-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr,backlog=1024");
                command.args(["-b1048576", &listen, &format!("TCP4:{to}")])
            }
        };
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = Process::spawn(command)?;
        port::listening(port, &process)?;
        Ok((process, port))
    }
}

/// Something a second, and the CPU seconds of the relay for one.
struct Sample {
    rate: f64,
    cpu: f64,
}

/// Measures both works.
pub fn run(table: &mut Table, plan: &Plan) {
    let mut relays = vec![Relay::Soquete, Relay::SoqueteQuiet];
    for (name, its) in [("haproxy", &[Relay::Haproxy, Relay::HaproxySplice][..]), ("socat", &[Relay::Socat])]
    {
        if installed(name) {
            relays.extend(its);
        } else {
            table.skip("forward", &format!("no {name}"));
        }
    }
    let long = in_turns(plan.rounds, &relays, |relay| stream(plan, relay));
    compare(table, "forward, one stream", &relays, long, [1.0, 2.0], |sample| {
        format!("{:.2} GB/s, {:.2} s CPU/GB", sample.rate / 1e9, sample.cpu * 1e9)
    });
    let short = in_turns(plan.rounds, &relays, |relay| burst(plan, relay));
    compare(table, "forward, 64 clients", &relays, short, [0.7, 10.0], |sample| {
        format!("{:.0}/s, {:.0} µs CPU", sample.rate, sample.cpu * 1e6)
    });
}

/// Our rows beside each peer's, with the goals for haproxy and socat.
fn compare(
    table: &mut Table,
    work: &str,
    relays: &[Relay],
    samples: Vec<Result<Vec<Sample>>>,
    [haproxy, socat]: [f64; 2],
    describe: impl Fn(&Sample) -> String,
) {
    let middle = |samples: &[Sample]| {
        let of = |figure: fn(&Sample) -> f64| median(&samples.iter().map(figure).collect::<Vec<_>>());
        let (rate, cpu) = (of(|s| s.rate).unwrap_or_default(), of(|s| s.cpu).unwrap_or_default());
        describe(&Sample { rate, cpu })
    };
    let (ours, peers): (Vec<_>, Vec<_>) = relays
        .iter()
        .zip(samples)
        .partition(|(relay, _)| matches!(relay, Relay::Soquete | Relay::SoqueteQuiet));
    for (relay, own) in &ours {
        let row = format!("{work}: {}", relay.title());
        let own = match own {
            Ok(own) => own,
            Err(error) => {
                table.fail(&row, error);
                continue;
            }
        };
        for (peer, theirs) in &peers {
            match theirs {
                Ok(theirs) => {
                    let ratio =
                        Ratio::of(own.iter().zip(theirs).map(|(ours, theirs)| (ours.rate, theirs.rate)));
                    let goal = if **peer == Relay::Socat { socat } else { haproxy };
                    let their = format!("{} {}", peer.title(), middle(theirs));
                    table.compare(&row, middle(own), their, ratio, Goal::AtLeast(goal));
                }
                Err(error) => table.skip(&row, &format!("{}: {error:#}", peer.title())),
            }
        }
    }
}

/// One stream of `plan.bytes`, from the first write until the target has read its end.
fn stream(plan: &Plan, relay: Relay) -> Result<Sample> {
    let target = port::listener()?;
    let (process, port) = relay.start(plan, port::of(&target)?)?;
    // Stays connected until the client has seen the end that comes back.
    let receiver = std::thread::spawn(move || discard(&accept(&target)?));
    let client = port::socket()?;
    connect(&client, &SocketAddr::from((Ipv4Addr::LOCALHOST, port))).context("connect")?;
    let start = Instant::now();
    let (block, mut left) = (vec![7; BLOCK], plan.bytes);
    while left > 0 {
        let length = usize::try_from(left).map_or(BLOCK, |left| left.min(BLOCK));
        left -= rustix::io::write(&client, &block[..length]).context("write")? as u64;
    }
    shutdown(&client, Shutdown::Write).context("shutdown")?;
    let arrived = receiver.join().map_err(|_| anyhow!("the receiver panicked"))??;
    let wall = start.elapsed().as_secs_f64();
    discard(&client)?;
    ensure!(arrived == plan.bytes, "{arrived} of {} bytes arrived", plan.bytes);
    #[allow(clippy::cast_precision_loss)] // exact up to 8 PiB
    let bytes = plan.bytes as f64;
    Ok(Sample { rate: bytes / wall, cpu: process.terminate()?.cpu / bytes })
}

/// Receives to the end, without touching the bytes; returns their number.
pub fn discard(socket: &OwnedFd) -> Result<u64> {
    let (mut room, mut total) = (vec![0_u8; 1 << 20], 0);
    loop {
        match recv(socket, &mut room[..], RecvFlags::TRUNC).context("recv")?.1 {
            0 => return Ok(total),
            length => total += length as u64,
        }
    }
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

//! A proxy server: one long stream through a tunnel, and short ones; ours beside microsocks (SOCKS5) and tinyproxy (CONNECT).

use crate::forward::discard;
use crate::load::{self, Exchange, Until};
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
enum Protocol {
    Socks5,
    Connect,
}

#[derive(Clone, Copy)]
enum Proxy {
    /// Events printed, to /dev/null.
    Soquete(Protocol),
    Microsocks,
    Tinyproxy,
}

impl Proxy {
    const fn protocol(self) -> Protocol {
        match self {
            Self::Soquete(protocol) => protocol,
            Self::Microsocks => Protocol::Socks5,
            Self::Tinyproxy => Protocol::Connect,
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Soquete(_) => "listen -k --proxy-server",
            Self::Microsocks => "microsocks",
            Self::Tinyproxy => "tinyproxy",
        }
    }

    /// Starts it, and waits until it listens.
    fn start(self, plan: &Plan) -> Result<(Process, u16)> {
        let port = port::free()?;
        let listen = port.to_string();
        let mut command = Command::new(match self {
            Self::Soquete(_) => plan.soquete.as_os_str(),
            Self::Microsocks => "microsocks".as_ref(),
            Self::Tinyproxy => "tinyproxy".as_ref(),
        });
        match self {
            Self::Soquete(_) => command.args(["listen", "-k", "--proxy-server", "127.0.0.1", &listen]),
            Self::Microsocks => command.args(["-i", "127.0.0.1", "-p", &listen]),
            Self::Tinyproxy => {
                let text = format!("Port {port}\nListen 127.0.0.1\nMaxClients 500\nLogLevel Critical\n");
                let file = plan.folder.path().join("tinyproxy.conf");
                std::fs::write(&file, text).context("write tinyproxy.conf")?;
                command.arg("-d").arg("-c").arg(file)
            }
        };
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = Process::spawn(command)?;
        port::listening(port, &process)?;
        Ok((process, port))
    }
}

/// What a client says before it has a stream to 127.0.0.1:`port`.
fn handshake(protocol: Protocol, port: u16) -> Vec<Exchange> {
    match protocol {
        Protocol::Socks5 => {
            let [high, low] = port.to_be_bytes();
            let greeting = Exchange { say: vec![5, 1, 0], until: Until::Length(2) };
            let say = vec![5, 1, 0, 1, 127, 0, 0, 1, high, low];
            vec![greeting, Exchange { say, until: Until::Length(10) }]
        }
        Protocol::Connect => {
            let say = format!("CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
            vec![Exchange { say: say.into_bytes(), until: Until::EmptyLine }]
        }
    }
}

/// Measures both works with both protocols.
pub fn run(table: &mut Table, plan: &Plan) {
    for (name, peer) in [("microsocks", Proxy::Microsocks), ("tinyproxy", Proxy::Tinyproxy)] {
        if !installed(name) {
            table.skip("proxy", &format!("no {name}"));
            continue;
        }
        let proxies = [Proxy::Soquete(peer.protocol()), peer];
        let word = if peer.protocol() == Protocol::Socks5 { "SOCKS5" } else { "CONNECT" };
        let long = in_turns(plan.rounds, &proxies, |proxy| stream(plan, proxy));
        compare(table, &format!("{word}, one stream"), peer, long, |rate| format!("{:.2} GB/s", rate / 1e9));
        let short = in_turns(plan.rounds, &proxies, |proxy| burst(plan, proxy));
        compare(table, &format!("{word}, 64 clients"), peer, short, |rate| format!("{rate:.0}/s"));
    }
}

fn compare(
    table: &mut Table,
    work: &str,
    peer: Proxy,
    samples: Vec<Result<Vec<f64>>>,
    describe: impl Fn(f64) -> String,
) {
    let row = format!("{work}: {}", Proxy::Soquete(peer.protocol()).title());
    let mut samples = samples.into_iter();
    match (samples.next(), samples.next()) {
        (Some(Ok(ours)), Some(Ok(theirs))) => {
            let middle = |rates: &[f64]| describe(median(rates).unwrap_or_default());
            let ratio = Ratio::of(ours.iter().copied().zip(theirs.iter().copied()));
            let their = format!("{} {}", peer.title(), middle(&theirs));
            table.compare(&row, middle(&ours), their, ratio, Goal::AtLeast(1.0));
        }
        (Some(Err(error)), _) => table.fail(&row, &error),
        (_, Some(Err(error))) => table.skip(&row, &format!("{}: {error:#}", peer.title())),
        _ => {}
    }
}

/// Bytes a second of one stream, from the first write until the target has read its end.
fn stream(plan: &Plan, proxy: Proxy) -> Result<f64> {
    let target = port::listener()?;
    let exchanges = handshake(proxy.protocol(), port::of(&target)?);
    let (process, port) = proxy.start(plan)?;
    let receiver = std::thread::spawn(move || discard(&accept(&target)?));
    let client = port::socket()?;
    connect(&client, &SocketAddr::from((Ipv4Addr::LOCALHOST, port))).context("connect")?;
    exchanges.iter().try_for_each(|exchange| ask(&client, exchange))?;
    let start = Instant::now();
    let (block, mut left) = (vec![7; BLOCK], plan.bytes);
    while left > 0 {
        let length = usize::try_from(left).map_or(BLOCK, |left| left.min(BLOCK));
        left -= rustix::io::write(&client, &block[..length]).context("write")? as u64;
    }
    shutdown(&client, Shutdown::Write).context("shutdown")?;
    let arrived = receiver.join().map_err(|_| anyhow!("the receiver panicked"))??;
    let wall = start.elapsed().as_secs_f64();
    process.terminate()?;
    ensure!(arrived == plan.bytes, "{arrived} of {} bytes arrived", plan.bytes);
    #[allow(clippy::cast_precision_loss)] // exact up to 8 PiB
    Ok(plan.bytes as f64 / wall)
}

/// Says one thing and waits for its answer, a byte at a time.
fn ask(client: &OwnedFd, exchange: &Exchange) -> Result<()> {
    rustix::io::write(client, &exchange.say).context("write")?;
    let mut answer = Vec::new();
    let is_whole = |answer: &[u8]| match exchange.until {
        Until::Length(length) => answer.len() == length,
        Until::EmptyLine => answer.ends_with(b"\r\n\r\n"),
    };
    while !is_whole(&answer) {
        let mut byte = [0];
        ensure!(recv(client, &mut byte[..], RecvFlags::empty())?.1 == 1, "it closed before its answer");
        answer.push(byte[0]);
    }
    Ok(())
}

/// Short connections a second to the bare echo loop behind the proxy.
fn burst(plan: &Plan, proxy: Proxy) -> Result<f64> {
    let echo_port = port::free()?;
    let mut command = Command::new(std::env::current_exe().context("find this program")?);
    command.args(["--bare-echo", &echo_port.to_string()]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let echo = Process::spawn(command)?;
    port::listening(echo_port, &echo)?;
    let (process, port) = proxy.start(plan)?;
    let load = load::generate_after(port, &handshake(proxy.protocol(), echo_port))?;
    process.terminate()?;
    echo.terminate()?;
    ensure!(load.failed == 0, "{} connections failed", load.failed);
    Ok(load.rate)
}

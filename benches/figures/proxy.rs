//! A proxy server: one long stream through a tunnel, and short ones; ours beside microsocks (SOCKS5) and tinyproxy (CONNECT).

use crate::compare::{Sample, Subject, compare};
use crate::load::{self, Exchange, Until};
use crate::plan::{Plan, in_turns};
use crate::port;
use crate::proc::{Process, installed};
use crate::stream;
use crate::table::Table;
use anyhow::{Context as _, Result, ensure};
use rustix::net::{RecvFlags, recv};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

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

impl Proxy {
    /// Ends it; tinyproxy does not always end by SIGTERM, so peers are killed.
    fn end(self, process: Process) -> Result<()> {
        if self.is_ours() {
            process.terminate()?;
        }
        Ok(())
    }
}

impl Subject for Proxy {
    fn is_ours(self) -> bool {
        matches!(self, Self::Soquete(_))
    }

    fn title(self) -> &'static str {
        match self {
            Self::Soquete(_) => "listen -k --proxy-server",
            Self::Microsocks => "microsocks",
            Self::Tinyproxy => "tinyproxy",
        }
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
        let protocol = if peer.protocol() == Protocol::Socks5 { "SOCKS5" } else { "CONNECT" };
        let long = in_turns(plan.rounds, &proxies, |proxy| stream(plan, proxy));
        let work = format!("{protocol}, one stream");
        compare(table, &work, &proxies, long, |_| 1.0, |s| format!("{:.2} GB/s", s.rate / 1e9));
        let short = in_turns(plan.rounds, &proxies, |proxy| burst(plan, proxy));
        let work = format!("{protocol}, 64 clients");
        compare(table, &work, &proxies, short, |_| 1.0, |s| format!("{:.0}/s", s.rate));
    }
}

/// Bytes a second of one stream, from the first write until the target has read its end.
fn stream(plan: &Plan, proxy: Proxy) -> Result<Sample> {
    let target = port::listener()?;
    let exchanges = handshake(proxy.protocol(), port::of(&target)?);
    let (process, port) = proxy.start(plan)?;
    let begin = |client: &OwnedFd| exchanges.iter().try_for_each(|exchange| ask(client, exchange));
    let wall = stream::pass(target, port, plan.bytes, begin)?;
    proxy.end(process)?;
    #[allow(clippy::cast_precision_loss)] // exact up to 8 PiB
    Ok(Sample { rate: plan.bytes as f64 / wall, cpu: 0.0 })
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
fn burst(plan: &Plan, proxy: Proxy) -> Result<Sample> {
    let echo_port = port::free()?;
    let mut command = Command::new(std::env::current_exe().context("find this program")?);
    command.args(["--bare-echo", &echo_port.to_string()]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let echo = Process::spawn(command)?;
    port::listening(echo_port, &echo)?;
    let (process, port) = proxy.start(plan)?;
    let load = load::generate_after(port, &handshake(proxy.protocol(), echo_port))?;
    proxy.end(process)?;
    echo.terminate()?;
    ensure!(load.failed == 0, "{} connections failed", load.failed);
    Ok(Sample { rate: load.rate, cpu: 0.0 })
}

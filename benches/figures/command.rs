//! Connections a second through a server that runs a command for each: ours beside ncat and socat.

use crate::plan::{Plan, in_turns};
use crate::port;
use crate::proc::{Process, installed};
use crate::table::{Goal, Ratio, Table, median};
use anyhow::{Context as _, Result, ensure};
use std::io::Read as _;
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Clients at once.
const CLIENTS: usize = 8;
/// Long beside start-up and scheduling noise, short enough for many rounds.
const SPAN: Duration = Duration::from_secs(2);
/// A client that waits longer for the end of its connection has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server that runs `true` by a shell for each connection.
#[derive(Clone, Copy, PartialEq)]
enum Server {
    Soquete,
    Ncat,
    Socat,
}

/// Measures us beside both peers.
pub fn run(table: &mut Table, plan: &Plan) {
    const WORK: &str = "listen -k --sh-exec true, 8 clients";
    let mut servers = vec![Server::Soquete];
    for (name, server) in [("ncat", Server::Ncat), ("socat", Server::Socat)] {
        if installed(name) {
            servers.push(server);
        } else {
            table.skip(WORK, &format!("no {name}"));
        }
    }
    let mut measured = in_turns(plan.rounds, &servers, |server| burst(plan, server)).into_iter();
    let ours = match measured.next() {
        Some(Ok(samples)) => samples,
        Some(Err(error)) => return table.fail(WORK, &error),
        None => return,
    };
    for (peer, theirs) in servers[1..].iter().zip(measured) {
        let name = if *peer == Server::Ncat { "ncat --sh-exec" } else { "socat SYSTEM" };
        match theirs {
            Ok(theirs) => {
                let pairs = ours.iter().copied().zip(theirs.iter().copied());
                let peer = format!("{name} {}", describe(&theirs));
                table.compare(WORK, describe(&ours), peer, Ratio::of(pairs), Goal::AtLeast(1.5));
            }
            Err(error) => table.skip(WORK, &format!("{name}: {error:#}")),
        }
    }
}

fn describe(rates: &[f64]) -> String {
    format!("{:.0}/s", median(rates).unwrap_or_default())
}

/// Connections a second.
fn burst(plan: &Plan, server: Server) -> Result<f64> {
    let port = port::free()?;
    let mut command = match server {
        Server::Soquete => Command::new(&plan.soquete),
        Server::Ncat => Command::new("ncat"),
        Server::Socat => Command::new("socat"),
    };
    let number = port.to_string();
    match server {
        Server::Soquete => command.args(["listen", "-k", "127.0.0.1", &number, "--sh-exec", "true"]),
        Server::Ncat => command.args(["-lk", "127.0.0.1", &number, "--sh-exec", "true"]),
        // Its default backlog of 5 would measure retransmitted SYNs.
        Server::Socat => command
            .args([&format!("TCP4-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr,backlog=1024"), "SYSTEM:true"]),
    };
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let process = Process::spawn(command)?;
    port::listening(port, &process)?;
    let start = Instant::now();
    let done = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(move || come_and_go(port, start))).collect();
        clients.into_iter().map(|client| client.join().unwrap_or(Ok(0))).sum::<Result<u32>>()
    })?;
    let rate = f64::from(done) / start.elapsed().as_secs_f64();
    ensure!(done > 0, "no connection was served");
    process.terminate()?;
    Ok(rate)
}

/// Connects, waits for the end, and comes again; with the number of connections that ended.
#[allow(clippy::disallowed_methods)] // the other end must not be made of the code that is measured
fn come_and_go(port: u16, start: Instant) -> Result<u32> {
    let mut done = 0;
    while start.elapsed() < SPAN {
        let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).context("connect")?;
        client.set_read_timeout(Some(PATIENCE))?;
        ensure!(client.read(&mut [0]).context("wait for the end")? == 0, "data came");
        done += 1;
    }
    Ok(done)
}

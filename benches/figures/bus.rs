//! A room of three machines with 300 members each, one of whom talks, beside three rooms without a bus that hear as many lines,
//! and beside nats-server with all members as subscribers of its own. How much longer a line takes through two rooms and a
//! bus than through the bus alone.

use crate::crowd::{Crowd, Joined, Speech};
use crate::plan::{Plan, in_turns};
use crate::port;
use crate::proc::{Process, installed};
use crate::table::{Goal, Ratio, Table, median};
use anyhow::{Context as _, Result, ensure};
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const MACHINES: usize = 3;
const LINES: usize = 10_000;
const TOGETHER: Crowd = Crowd { clients: 900, talkers: 1, lines: LINES, stalled: 0 };
/// Every room hears one talker.
const APART: Crowd = Crowd { clients: 900, talkers: 3, lines: LINES, stalled: 0 };
/// Lines whose way is timed, one after the other.
const TIMED: usize = 500;
/// How long one of them may take.
const LIMIT: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Bus,
    Apart,
    Nats,
}

/// Adds all rows.
pub fn run(table: &mut Table, plan: &Plan) {
    const WORK: &str = "three machines, 900 members, one talks";
    if !installed("nats-server") {
        return table.skip(WORK, "no nats-server");
    }
    let ways = [Way::Bus, Way::Apart, Way::Nats];
    let mut measured = in_turns(plan.rounds, &ways, |way| deliveries(plan, way)).into_iter();
    let ours = match measured.next() {
        Some(Ok(ours)) => ours,
        Some(Err(error)) => return table.fail(WORK, &error),
        None => return,
    };
    let show = |rates: &[f64]| format!("{:.2} M/s", median(rates).unwrap_or_default() / 1e6);
    for (name, theirs) in ["three rooms without a bus", "nats-server"].into_iter().zip(measured) {
        match theirs {
            Ok(theirs) => {
                let ratio = Ratio::of(ours.iter().copied().zip(theirs.iter().copied()));
                let goal = Goal::AtLeast(if name == "nats-server" { 3.0 } else { 0.5 });
                table.compare(WORK, show(&ours), format!("{name} {}", show(&theirs)), ratio, goal);
            }
            Err(error) => table.skip(WORK, &format!("{name}: {error:#}")),
        }
    }
    delays(table, plan);
}

/// Adds the row of how long a line takes.
fn delays(table: &mut Table, plan: &Plan) {
    const WORK: &str = "a line to another machine, median";
    let measured = in_turns(plan.rounds, &[Way::Bus, Way::Nats], |way| delay(plan, way));
    match measured.into_iter().collect::<Result<Vec<_>>>() {
        Ok(both) => {
            let [ours, theirs] = [&both[0], &both[1]].map(|each| median(each).unwrap_or_default());
            // The goal is a difference: at most a millisecond more.
            let ratio = Ratio::of([(ours, theirs + 1e-3)]);
            let show = |seconds: f64| format!("{:.2} ms", seconds * 1e3);
            let both = format!("nats-server alone {} + 1 ms", show(theirs));
            table.compare(WORK, show(ours), both, ratio, Goal::AtMost(1.0));
        }
        Err(error) => table.fail(WORK, &error),
    }
}

/// The median way of a line, seconds.
#[allow(clippy::disallowed_methods)] // the other end must not be made of the code that is measured
fn delay(plan: &Plan, way: Way) -> Result<f64> {
    let (_servers, ports) = start_all(plan, way)?;
    let connect = |port: u16| -> Result<TcpStream> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).context("connect")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(LIMIT))?;
        if way == Way::Nats {
            (&stream).write_all(b"CONNECT {\"verbose\":false}\r\nSUB foo 1\r\nPING\r\n")?;
        }
        Ok(stream)
    };
    let (mut talker, reader) = (connect(ports[0])?, connect(*ports.last().unwrap_or(&ports[0]))?);
    let mut reader = BufReader::new(reader);
    let (mut times, mut heard) = (Vec::with_capacity(TIMED), String::new());
    let begun = Instant::now();
    // Until the machines know each other lines get nowhere.
    reader.get_ref().set_read_timeout(Some(Duration::from_millis(100)))?;
    for number in 0_usize.. {
        ensure!(begun.elapsed() < LIMIT * 4, "no line arrives");
        let text = format!("~{number}");
        let line = match way {
            Way::Nats => format!("PUB foo {}\r\n{text}\r\n", text.len()),
            _ => format!("{text}\n"),
        };
        let sent = Instant::now();
        talker.write_all(line.as_bytes())?;
        loop {
            heard.clear();
            match reader.read_line(&mut heard) {
                Ok(0) => anyhow::bail!("the reader was closed"),
                Ok(_) if heard.trim_end().ends_with(&text) => {
                    if times.is_empty() {
                        reader.get_ref().set_read_timeout(Some(LIMIT))?;
                    }
                    times.push(sent.elapsed().as_secs_f64());
                    break;
                }
                Ok(_) => {}
                Err(_) if times.is_empty() => break,
                Err(error) => return Err(error).context("wait for a line"),
            }
        }
        if times.len() == TIMED {
            break;
        }
    }
    median(&times).context("nothing was measured")
}

/// Deliveries a second.
fn deliveries(plan: &Plan, way: Way) -> Result<f64> {
    let (_servers, ports) = start_all(plan, way)?;
    let heard = match way {
        Way::Bus => Joined::enter_all(&ports, 1, TOGETHER, Speech::Lines)?.talk()?,
        Way::Apart => Joined::enter_all(&ports, MACHINES, APART, Speech::Lines)?.talk()?,
        Way::Nats => Joined::enter(ports[0], TOGETHER, Speech::Nats)?.talk()?,
    };
    Ok(heard.deliveries / heard.seconds)
}

/// The servers of one way, and the ports that clients connect to.
fn start_all(plan: &Plan, way: Way) -> Result<(Vec<Process>, Vec<u16>)> {
    let (nats_port, mut servers, mut ports) = (port::free()?, Vec::new(), Vec::new());
    if way != Way::Apart {
        let mut command = Command::new("nats-server");
        command.args(["-a", "127.0.0.1", "-p", &nats_port.to_string()]);
        servers.push(start(command, nats_port)?);
    }
    if way == Way::Nats {
        return Ok((servers, vec![nats_port]));
    }
    for _ in 0..MACHINES {
        let port = port::free()?;
        let mut command = Command::new(&plan.soquete);
        command.args(["chat-serve", "127.0.0.1", &port.to_string()]);
        if way == Way::Bus {
            command.args(["--room", "tea", "--bus", &format!("nats://127.0.0.1:{nats_port}")]);
        }
        servers.push(start(command, port)?);
        ports.push(port);
    }
    Ok((servers, ports))
}

fn start(mut command: Command, port: u16) -> Result<Process> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let process = Process::spawn(command)?;
    port::listening(port, &process)?;
    Ok(process)
}

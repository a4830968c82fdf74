//! A room of three machines with 300 members each, beside three rooms without a bus that hear as many lines, and beside
//! nats-server with all members as subscribers of its own.

use crate::crowd::{Crowd, Joined, Speech};
use crate::plan::{Plan, in_turns};
use crate::port;
use crate::proc::{Process, installed};
use crate::table::{Goal, Ratio, Table, median};
use anyhow::Result;
use std::process::{Command, Stdio};

const MACHINES: usize = 3;
const LINES: usize = 1000;
/// Three talkers on each machine.
const TOGETHER: Crowd = Crowd { clients: 900, talkers: 9, lines: LINES, stalled: 0 };
/// Every room hears nine talkers.
const APART: Crowd = Crowd { clients: 900, talkers: 27, lines: LINES, stalled: 0 };

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Bus,
    Apart,
    Nats,
}

/// Adds both rows.
pub fn run(table: &mut Table, plan: &Plan) {
    const WORK: &str = "three machines, 900 members, 9 talk";
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
                let goal = Goal::AtLeast(if name == "nats-server" { 1.0 } else { 0.8 });
                table.compare(WORK, show(&ours), format!("{name} {}", show(&theirs)), ratio, goal);
            }
            Err(error) => table.skip(WORK, &format!("{name}: {error:#}")),
        }
    }
}

/// Deliveries a second.
fn deliveries(plan: &Plan, way: Way) -> Result<f64> {
    let (nats_port, mut servers, mut ports) = (port::free()?, Vec::new(), Vec::new());
    if way != Way::Apart {
        let mut command = Command::new("nats-server");
        command.args(["-a", "127.0.0.1", "-p", &nats_port.to_string()]);
        servers.push(start(command, nats_port)?);
    }
    if way == Way::Nats {
        ports.push(nats_port);
    } else {
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
    }
    let heard = match way {
        Way::Bus => Joined::enter_all(&ports, 1, TOGETHER, Speech::Lines)?.talk()?,
        Way::Apart => Joined::enter_all(&ports, MACHINES, APART, Speech::Lines)?.talk()?,
        Way::Nats => Joined::enter(nats_port, TOGETHER, Speech::Nats)?.talk()?,
    };
    Ok(heard.deliveries / heard.seconds)
}

fn start(mut command: Command, port: u16) -> Result<Process> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let process = Process::spawn(command)?;
    port::listening(port, &process)?;
    Ok(process)
}

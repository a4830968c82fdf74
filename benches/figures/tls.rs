//! TLS: one stream from pipe to pipe beside ncat and socat, and handshakes of 64 clients at once beside ncat and openssl.

use crate::compare::{Sample, Subject, compare};
use crate::feed;
use crate::plan::{Plan, in_turns};
use crate::port;
use crate::proc::{Process, installed};
use crate::table::Table;
use crate::tls_load;
use anyhow::{Context as _, Result, anyhow, ensure};
use std::process::{Command, Stdio};
use std::time::Instant;

/// ncat 7.93 closes with tickets unread: what its kernel's reset throws away at the end may be missing.
const LOST: u64 = 16 << 20;

#[derive(Clone, Copy, PartialEq)]
enum Program {
    Soquete,
    /// Errors only.
    SoqueteQuiet,
    Ncat,
    Socat,
    Openssl,
}

impl Subject for Program {
    fn is_ours(self) -> bool {
        matches!(self, Self::Soquete | Self::SoqueteQuiet)
    }

    fn title(self) -> &'static str {
        match self {
            Self::Soquete => "soquete --tls",
            Self::SoqueteQuiet => "soquete -q --tls",
            Self::Ncat => "ncat --ssl",
            Self::Socat => "socat -u -b1048576 OPENSSL",
            Self::Openssl => "openssl s_server",
        }
    }
}

impl Program {
    fn command(self, plan: &Plan) -> Command {
        Command::new(match self {
            Self::Soquete | Self::SoqueteQuiet => plan.soquete.as_os_str(),
            Self::Ncat => "ncat".as_ref(),
            Self::Socat => "socat".as_ref(),
            Self::Openssl => "openssl".as_ref(),
        })
    }
}

/// Measures both works.
pub fn run(table: &mut Table, plan: &Plan) {
    if let Err(error) = make_identity(plan) {
        return table.fail("TLS", &error);
    }
    let there = |programs: &[Program], table: &mut Table| {
        let mut found = Vec::new();
        for program in programs {
            let name = program.command(plan).get_program().to_string_lossy().into_owned();
            if name.contains('/') || installed(&name) {
                found.push(*program);
            } else {
                table.skip("TLS", &format!("no {name}"));
            }
        }
        found
    };
    let programs = there(&[Program::Soquete, Program::Ncat, Program::Socat], table);
    let streams = in_turns(plan.rounds, &programs, |program| stream(plan, program));
    let goal = |peer| if peer == Program::Socat { 1.5 } else { 2.5 };
    compare(table, "TLS pipe → pipe", &programs, streams, goal, |s| format!("{:.2} GB/s", s.rate / 1e9));
    let all = [Program::Soquete, Program::SoqueteQuiet, Program::Ncat, Program::Openssl];
    let programs = there(&all, table);
    let rates = in_turns(plan.rounds, &programs, |program| handshakes(plan, program));
    let goal = |peer| if peer == Program::Openssl { 0.8 } else { 2.0 };
    compare(table, "TLS handshakes, 64 clients", &programs, rates, goal, |s| format!("{:.0}/s", s.rate));
}

/// A certificate of its own with its key, in `identity.pem`.
fn make_identity(plan: &Plan) -> Result<()> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).context("make a certificate")?;
    let text = made.cert.pem() + &made.signing_key.serialize_pem();
    std::fs::write(plan.folder.path().join("identity.pem"), text).context("write identity.pem")
}

fn identity(plan: &Plan) -> String {
    plan.folder.path().join("identity.pem").display().to_string()
}

/// Bytes a second from the sender's start until both ends have ended.
fn stream(plan: &Plan, program: Program) -> Result<Sample> {
    let (port, file) = (port::free()?, identity(plan));
    let number = port.to_string();
    let mut listen = program.command(plan);
    match program {
        Program::Ncat => listen.args(["-l", "--recv-only", "--ssl", "--ssl-cert", &file, "--ssl-key", &file]),
        Program::Socat => listen
            .args(["-u", "-b1048576"])
            .arg(format!("OPENSSL-LISTEN:{port},pf=ip4,bind=127.0.0.1,reuseaddr,verify=0,cert={file}")),
        _ => listen.args(["listen", "--tls", "--tls-cert", &file]),
    };
    match program {
        Program::Socat => listen.arg("-"),
        _ => listen.args(["127.0.0.1", &number]),
    };
    let (out, into) = feed::pipe()?;
    listen.stdin(Stdio::null()).stdout(into).stderr(Stdio::null());
    let receiver = Process::spawn(listen)?;
    port::listening(port, &receiver)?;
    let arrivals = feed::consume(out, plan.manner);
    let start = Instant::now();
    let mut connect = program.command(plan);
    match program {
        Program::Ncat => connect.args(["--send-only", "--ssl", "127.0.0.1", &number]),
        Program::Socat => {
            connect.args(["-u", "-b1048576", "-", &format!("OPENSSL:127.0.0.1:{port},verify=0")])
        }
        _ => connect.args(["connect", "--tls", "--tls-insecure", "127.0.0.1", &number]),
    };
    let (input, writer) = feed::pipe()?;
    connect.stdin(input).stdout(Stdio::null()).stderr(Stdio::null());
    let sender = Process::spawn(connect)?;
    drop(feed::produce(writer, plan.bytes, plan.manner));
    sender.finish()?;
    let ended = receiver.finish_anyhow()?;
    let arrived = arrivals.join().map_err(|_| anyhow!("the consumer panicked"))??;
    let wall = start.elapsed().as_secs_f64();
    let (allowed, in_order) =
        if program == Program::Ncat { (LOST, true) } else { (0, ended.status.success()) };
    ensure!(in_order, "the receiver ended with {}", ended.status);
    ensure!(arrived + allowed >= plan.bytes, "{arrived} of {} bytes arrived", plan.bytes);
    #[allow(clippy::cast_precision_loss)] // exact up to 8 PiB
    Ok(Sample { rate: arrived as f64 / wall, cpu: 0.0 })
}

/// Connections a second.
fn handshakes(plan: &Plan, program: Program) -> Result<Sample> {
    let (port, file) = (port::free()?, identity(plan));
    let number = port.to_string();
    let mut command = program.command(plan);
    let listen = ["listen", "-k", "--tls", "--tls-cert", &file, "--respond", "x", "127.0.0.1", &number];
    match program {
        Program::Ncat => {
            command.args(["-lk", "--ssl", "--ssl-cert", &file, "--ssl-key", &file, "127.0.0.1", &number])
        }
        Program::Openssl => command.args(["s_server", "-quiet", "-num_tickets", "0", "-cert", &file]).args([
            "-key",
            &file,
            "-accept",
            &format!("127.0.0.1:{port}"),
        ]),
        Program::SoqueteQuiet => command.arg("-q").args(listen),
        _ => command.args(listen),
    };
    // An input that stays open and empty: at its end openssl would close.
    let (input, _open) = feed::pipe()?;
    command.stdin(input).stdout(Stdio::null()).stderr(Stdio::null());
    let process = Process::spawn(command)?;
    port::listening(port, &process)?;
    let rate = tls_load::generate(port)?;
    process.terminate()?;
    Ok(Sample { rate, cpu: 0.0 })
}

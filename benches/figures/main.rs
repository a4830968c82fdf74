//! `cargo bench --bench figures [-- SECTION…]`: our figures beside those of the programs people use today.
//!
//! Each ratio is the median over pairs measured one after the other in this run: machines differ and have moods, so the
//! rates mean little outside it. Peers are found on PATH; what is missing is a row that says so. Nothing here passes
//! or fails: the exit status says nothing about the figures.
//!
//! To add a section: a file with `pub fn run(table: &mut Table, plan: &Plan)`, a name in [`Section`], a line in
//! [`measure`].

#![allow(clippy::print_stdout, clippy::print_stderr)] // the table is what this program is for

#[cfg(feature = "nats")]
mod bus;
mod chat;
mod check;
mod churn;
mod command;
mod compare;
mod crowd;
mod datagrams;
mod echo;
mod fan;
mod feed;
mod forward;
mod lines;
mod load;
mod many;
mod packets;
mod plan;
mod port;
mod proc;
mod proxy;
mod receive;
mod size;
mod sockets;
mod startup;
mod stream;
mod table;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "tls")]
mod tls_load;
mod tool;
mod transfer;
mod udp;

use anyhow::{Context as _, Result};
use clap::{Parser, ValueEnum};
use feed::Manner;
use plan::Plan;
use table::Table;

#[derive(Clone, Copy, ValueEnum)]
enum Section {
    /// One stream through two processes: pipes and files, rate and CPU.
    Transfer,
    /// The same over a UNIX socket.
    Unix,
    /// Connections a second of an echo server.
    Churn,
    /// Connections a second of a server that runs a command for each.
    Command,
    /// A relay between client and target: one stream, and short connections.
    Forward,
    /// A proxy server: one stream, and short connections.
    Proxy,
    /// TLS: one stream, and handshakes.
    #[cfg(feature = "tls")]
    Tls,
    /// All ports of localhost.
    Check,
    /// A room full of clients who talk.
    Chat,
    /// A room of three machines on a bus.
    #[cfg(feature = "nats")]
    Bus,
    /// One line to a thousand connections and back.
    Many,
    /// Datagrams echoed, sent and received, and a flooded server's end.
    Udp,
    /// The socket table of 18,000 connections.
    Stat,
    /// The packets of a flood, saved and shown; only root can.
    Packets,
    /// Time to the first message.
    Startup,
    /// The binary's size.
    Size,
}

#[derive(Parser)]
struct Arguments {
    /// What to measure; everything if nothing is named
    #[arg(value_enum)]
    sections: Vec<Section>,
    /// Length of one transfer, with k, M or G
    #[arg(long, default_value = "1G", value_parser = parse_size)]
    bytes: u64,
    /// Pairs of runs behind every ratio
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Fill pipes by write and empty them by read, as most programs do, instead of lending pages
    #[arg(long)]
    copying: bool,
    /// Serve as the bare echo loop (used by `churn`)
    #[arg(long, hide = true)]
    bare_echo: Option<u16>,
    /// Serve as the bare datagram echo loop (used by `udp`)
    #[arg(long, hide = true)]
    bare_datagram_echo: Option<u16>,
    /// Talk as the bare loop, to a port over so many connections (used by `many`)
    #[arg(long, hide = true, num_args = 2, value_names = ["PORT", "COUNT"])]
    bare_fan: Option<Vec<u16>>,
    /// Hold as many sockets (used by `stat`)
    #[arg(long, hide = true)]
    hold_sockets: Option<usize>,
    /// Passed by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Some(port) = arguments.bare_echo {
        return echo::serve(port);
    }
    if let Some(port) = arguments.bare_datagram_echo {
        return datagrams::echo(port);
    }
    if let Some(&[port, count]) = arguments.bare_fan.as_deref() {
        return fan::talk(port, count.into());
    }
    if let Some(count) = arguments.hold_sockets {
        return sockets::hold(count);
    }
    let plan = Plan {
        soquete: env!("CARGO_BIN_EXE_soquete").into(),
        bytes: arguments.bytes,
        rounds: arguments.rounds.max(1),
        manner: if arguments.copying { Manner::Copy } else { Manner::Lend },
        // On the disk of the build, not on a tmpfs: files are to be files.
        folder: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).context("make a folder")?,
    };
    let sections =
        if arguments.sections.is_empty() { Section::value_variants() } else { &arguments.sections };
    let mut table = Table::default();
    for section in sections {
        measure(*section, &mut table, &plan);
    }
    println!("{}\n\n{}", describe(&plan), table.render());
    Ok(())
}

fn measure(section: Section, table: &mut Table, plan: &Plan) {
    if let Some(name) = section.to_possible_value() {
        eprintln!("measuring {} …", name.get_name());
    }
    match section {
        Section::Transfer => transfer::run(table, plan),
        Section::Unix => transfer::run_unix(table, plan),
        Section::Churn => churn::run(table, plan),
        Section::Command => command::run(table, plan),
        Section::Forward => forward::run(table, plan),
        Section::Proxy => proxy::run(table, plan),
        #[cfg(feature = "tls")]
        Section::Tls => tls::run(table, plan),
        Section::Check => check::run(table, plan),
        Section::Chat => chat::run(table, plan),
        #[cfg(feature = "nats")]
        Section::Bus => bus::run(table, plan),
        Section::Many => many::run(table, plan),
        Section::Udp => {
            udp::run(table, plan);
            receive::run(table, plan);
        }
        Section::Stat => sockets::run(table, plan),
        Section::Packets => packets::run(table, plan),
        Section::Startup => startup::run(table, plan),
        Section::Size => size::run(table, plan),
    }
}

/// What the reader of the table has to know to repeat it.
fn describe(plan: &Plan) -> String {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "Linux {}, {cores} CPUs; {} rounds; transfers of {} MiB; {}.",
        kernel.trim(),
        plan.rounds,
        plan.bytes >> 20,
        transfer::describe(plan.manner)
    )
}

fn parse_size(text: &str) -> Result<u64> {
    let (digits, shift) = match text.as_bytes().last() {
        Some(b'k') => (&text[..text.len() - 1], 10),
        Some(b'M') => (&text[..text.len() - 1], 20),
        Some(b'G') => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    let number: u64 = digits.parse().context("a number, with k, M or G")?;
    number.checked_mul(1 << shift).context("too large")
}

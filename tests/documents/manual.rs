//! Manual pages made of the command definition: one for the whole, one for each subcommand.

use super::statuses::statuses;
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, roman};
use std::io::Result;

/// Pages of other manuals that say more, by subcommand; `None` is the whole.
const ELSEWHERE: [(Option<&str>, &[&str]); 4] = [
    (None, &["nc(1)", "socat(1)", "ss(8)", "socket(7)", "tcp(7)", "udp(7)"]),
    (Some("listen"), &["accept(2)", "listen(2)", "socket(7)", "tcp(7)"]),
    (Some("stat"), &["ss(8)", "netstat(8)", "proc(5)", "tcp(7)", "udp(7)", "unix(7)"]),
    (Some("connect"), &["connect(2)", "shutdown(2)", "socket(7)", "tcp(7)"]),
];

/// Every page: file name and text.
pub fn pages(mut root: clap::Command) -> Vec<(String, String)> {
    root.build();
    let subcommands: Vec<_> = root.get_subcommands().filter(|c| !c.is_hide_set()).cloned().collect();
    let others = subcommands.iter().map(|c| format!("soquete-{}(1)", c.get_name())).collect();
    let whole = (root, None, others);
    let parts = subcommands.into_iter().map(|c| {
        let name = c.get_name().to_owned();
        (c, Some(name), vec!["soquete(1)".to_owned()])
    });
    std::iter::once(whole)
        .chain(parts)
        .map(|(command, part, mut related)| {
            let elsewhere = ELSEWHERE.iter().find(|(of, _)| *of == part.as_deref());
            related.push("soquete-events(7)".to_owned());
            related.extend(elsewhere.iter().flat_map(|(_, pages)| *pages).map(ToString::to_string));
            let name = part.map_or_else(|| "soquete".to_owned(), |part| format!("soquete-{part}"));
            let text = page(command, &name, &related).expect("writing to memory does not fail");
            (format!("{name}.1"), text)
        })
        .collect()
}

/// What roff needs to know about quotes, once a page.
const PREAMBLE: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";

fn page(command: clap::Command, name: &str, related: &[String]) -> Result<String> {
    let examples = examples(&command).unwrap_or_else(|| panic!("{name} has no examples"));
    let synopsis = synopsis(&command);
    let has_parts = command.get_subcommands().next().is_some();
    let man = Man::new(command);
    let (mut start, mut options, mut parts) = (Vec::new(), Vec::new(), Vec::new());
    man.render_name_section(&mut start)?;
    synopsis.to_writer(&mut start)?;
    man.render_description_section(&mut start)?;
    man.render_options_section(&mut options)?;
    if has_parts {
        man.render_subcommands_section(&mut parts)?;
        environment().to_writer(&mut parts)?;
    }
    exit_status().to_writer(&mut parts)?;
    verbatim("EXAMPLES", &examples).to_writer(&mut parts)?;
    see_also(related).to_writer(&mut parts)?;
    let text = |bytes| {
        let text = String::from_utf8(bytes).expect("help is UTF-8").replace(PREAMBLE, "");
        text.replace(".br\n\n.br\n", ".sp\n") // the one request roff has for it
    };
    // The empty word is the date, which would be stale with every release.
    let title = format!(".TH {} 1 \"\" soquete \"User Commands\"\n", name.to_uppercase());
    Ok([PREAMBLE, &title, &text(start), &subsections(&text(options)), &text(parts)].concat())
}

fn synopsis(command: &clap::Command) -> Roff {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").to_owned();
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let rest = usage.strip_prefix(name).unwrap_or_else(|| panic!("{usage} does not start with {name}"));
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]).text([bold(name), roman(rest)]);
    roff
}

/// The options' headings as parts of one section OPTIONS.
fn subsections(options: &str) -> String {
    let as_part = |line: &str| match line.strip_prefix(".SH ") {
        Some("OPTIONS") | None => format!("{line}\n"),
        Some(heading) => {
            let (first, rest) = heading.trim_matches('"').split_at(1);
            format!(".SS \"{first}{}\"\n", rest.to_lowercase())
        }
    };
    options.lines().map(as_part).collect()
}

/// What stands between `Examples:` and the next empty line of the help.
fn examples(command: &clap::Command) -> Option<String> {
    let help = command.get_after_long_help().or(command.get_after_help())?.to_string();
    let lines: Vec<_> =
        help.lines().skip_while(|l| *l != "Examples:").skip(1).take_while(|l| !l.is_empty()).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn verbatim(heading: &str, text: &str) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", [heading]).control("nf", []);
    for line in text.lines() {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
    roff
}

fn exit_status() -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    for (code, meaning) in statuses() {
        roff.control("TP", []).text([bold(code.to_string())]).text([roman(meaning)]);
    }
    roff
}

fn environment() -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["ENVIRONMENT"]);
    for (name, meaning) in [
        (
            "LISTEN_FDS",
            "With --activation, how many sockets the service manager passes on, from descriptor 3; LISTEN_PID says to which process, LISTEN_FDNAMES how errors call them (sd_listen_fds(3)).",
        ),
        (
            "NOTIFY_SOCKET",
            "Where servers say READY=1 once they listen, and STOPPING=1 at their end (sd_notify(3)).",
        ),
        ("NO_COLOR", "If set and not empty, nothing is coloured unless --color always is given."),
        ("TERM", "Where it is dumb, nothing is coloured unless --color always is given."),
        ("TZ", "The time zone of events for people and of the stamps in a chat; JSON events are in UTC."),
    ] {
        roff.control("TP", []).text([bold(name)]).text([roman(meaning)]);
    }
    roff
}

fn see_also(pages: &[String]) -> Roff {
    let mut roff = Roff::new();
    let last = pages.len().saturating_sub(1);
    let mut line: Vec<Inline> = Vec::new();
    for (i, page) in pages.iter().enumerate() {
        let (name, section) = page.split_at(page.find('(').unwrap_or(page.len()));
        line.extend([bold(name), roman(section), roman(if i < last { ", " } else { "" })]);
    }
    roff.control("SH", ["SEE ALSO"]).text(line);
    roff
}

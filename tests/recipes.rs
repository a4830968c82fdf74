//! The recipes do what they say: every block is run, on a network of its own, against the servers it names.

#[path = "documents/alike.rs"]
mod alike;
#[path = "documents/commands.rs"]
mod commands;
#[path = "documents/fenced.rs"]
mod fenced;
mod support;

use alike::is_like;
use commands::{accepted, commands};
use fenced::Block;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use support::peer_program::PeerProgram;
use support::{as_root, peer};
use yaml_rust2::{Yaml, YamlLoader};

const RECIPES: &str = include_str!("../docs/recipes.md");

/// The chapters with scripts, the servers that each needs, and the ports those listen on.
const CHAPTERS: [(&str, &str, &str); 15] = [
    ("Wait for a service", "db web", "5432 80"),
    ("Test ports", "web tls stats", "80 443"),
    ("In continuous integration", "db web", "5432 80"),
    ("Docker", "web", "80"),
    ("systemd", "db", "5432"),
    ("Syslog", "log", "514"),
    ("statsd", "stats", ""),
    ("HTTP by hand", "web tls", "80 443"),
    ("Mail by hand", "mail", "25"),
    ("Files and folders", "", ""),
    ("TLS with a pin", "", ""),
    ("Proxies", "web proxy", "80 1080"),
    ("Forward", "web", "80"),
    ("UNIX sockets", "web", "80"),
    ("A room for logs", "", ""),
];

/// The names that recipes use for servers, all on the recipe's own machine.
const HOSTS: &str = "127.0.0.1 localhost db web mail log stats proxy app\n::1 localhost\n";

/// Programs that the recipes and their servers are made of.
const PROGRAMS: [&str; 11] = [
    "ip",
    "mount",
    "unshare",
    "socat",
    "openssl",
    "mini_httpd",
    "msmtpd",
    "rsyslogd",
    "microsocks",
    "curl",
    "systemd-socket-activate",
];

fn of_chapter(title: &str) -> Vec<Block> {
    fenced::blocks(RECIPES).into_iter().filter(|block| block.chapter == title).collect()
}

/// Runs a script on a machine of its own; gives its exit status, if it has one, and all it printed.
fn run(script: &str, title: &str) -> (Option<i32>, String) {
    let (_, servers, ports) =
        CHAPTERS.iter().find(|(name, ..)| *name == title).expect("the chapter is listed");
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path();
    fs::create_dir(home.join("bin")).expect("a folder of our own");
    symlink(env!("CARGO_BIN_EXE_soquete"), home.join("bin/soquete")).expect("a folder of our own");
    fs::write(home.join("recipe"), script).expect("a folder of our own");
    fs::write(home.join("hosts"), HOSTS).expect("a folder of our own");
    let path =
        format!("PATH={}/bin:{}:/usr/sbin:/sbin", home.display(), std::env::var("PATH").unwrap_or_default());
    let machine = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/machine.sh");
    let home = home.to_str().expect("a plain path");
    // All that it starts ends with the first process of its process namespace.
    let unshare = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"];
    let words = ["env", &path, "LC_ALL=C.UTF-8", "timeout", "15", "bash", machine, home, servers, ports];
    let program = PeerProgram::start("unshare", &[&unshare[..], &words].concat(), Some(b""));
    let run = program.expect("it is there").finish();
    (run.code, (run.out + &run.err).replace("\r\n", "\n"))
}

/// Runs every script of a chapter and compares what it prints with the block below it.
fn scripts_of(title: &str) {
    if PROGRAMS.iter().any(|program| peer(program).is_none()) {
        return;
    }
    let blocks = of_chapter(title);
    let mut faults = String::new();
    for (at, block) in blocks.iter().enumerate().filter(|(_, block)| block.language == "sh") {
        let shown = blocks.get(at + 1).filter(|next| next.language.is_empty());
        let shown = &shown.unwrap_or_else(|| panic!("nothing is shown below {}", block.text)).text;
        let (code, printed) = run(&block.text, title);
        if code != Some(0) || !is_like(&printed, shown) {
            let _ = writeln!(faults, "{}exit status {code:?}, printed:\n{printed}---", block.text);
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn wait_for_a_service() {
    as_root(|| scripts_of("Wait for a service"));
}

#[test]
fn test_ports() {
    as_root(|| scripts_of("Test ports"));
}

#[test]
fn in_continuous_integration() {
    as_root(|| scripts_of("In continuous integration"));
}

#[test]
fn systemd() {
    as_root(|| scripts_of("systemd"));
}

#[test]
fn syslog() {
    as_root(|| scripts_of("Syslog"));
}

#[test]
fn statsd() {
    as_root(|| scripts_of("statsd"));
}

#[test]
fn http_by_hand() {
    as_root(|| scripts_of("HTTP by hand"));
}

#[test]
fn mail_by_hand() {
    as_root(|| scripts_of("Mail by hand"));
}

#[test]
fn files_and_folders() {
    as_root(|| scripts_of("Files and folders"));
}

#[test]
fn tls_with_a_pin() {
    as_root(|| scripts_of("TLS with a pin"));
}

#[test]
fn proxies() {
    as_root(|| scripts_of("Proxies"));
}

#[test]
fn forward() {
    as_root(|| scripts_of("Forward"));
}

#[test]
fn unix_sockets() {
    as_root(|| scripts_of("UNIX sockets"));
}

#[test]
fn a_room_for_logs() {
    as_root(|| scripts_of("A room for logs"));
}

#[test]
fn every_chapter_is_run() {
    let written: BTreeSet<_> = fenced::blocks(RECIPES).into_iter().map(|block| block.chapter).collect();
    let run: BTreeSet<_> = CHAPTERS.iter().map(|(title, ..)| (*title).to_owned()).collect();
    assert_eq!(written, run);
    let known = ["", "sh", "ini", "dockerfile", "yaml"];
    for block in fenced::blocks(RECIPES) {
        assert!(known.contains(&block.language.as_str()), "nothing runs {block:?}");
        for words in commands(&block.text).iter().filter(|words| !words.iter().any(|w| w.contains('$'))) {
            accepted(words).unwrap_or_else(|why| panic!("{why}"));
        }
    }
}

fn yaml(title: &str) -> Yaml {
    let block =
        of_chapter(title).into_iter().find(|block| block.language == "yaml").expect("a block of YAML");
    YamlLoader::load_from_str(&block.text).expect("YAML").remove(0)
}

/// Words as a line of shell.
fn quoted(words: &[String]) -> String {
    format!("'{}'", words.join("' '"))
}

fn succeeds(script: &str, title: &str) {
    let (code, printed) = run(script, title);
    assert_eq!(code, Some(0), "{script}: {printed}");
}

#[test]
fn steps_of_continuous_integration_succeed() {
    let title = "In continuous integration";
    as_root(|| {
        let steps = yaml(title);
        let steps = steps["steps"].as_vec().expect("a list of steps");
        assert!(steps.len() > 1);
        for step in steps {
            succeeds(step["run"].as_str().expect("a step runs something"), title);
        }
    });
}

#[test]
fn health_checks_tell_a_server_from_none() {
    as_root(|| {
        let of_file = of_chapter("Docker").into_iter().find(|block| block.language == "dockerfile");
        let of_file = of_file.expect("a block of a Dockerfile").text;
        let (_, words) = of_file.trim().split_once("CMD ").expect("a health check is a command");
        let of_file: Vec<String> = serde_json::from_str(words).expect("a list of words");
        let compose = yaml("Docker");
        let test = compose["services"]["web"]["healthcheck"]["test"].as_vec().expect("a list of words");
        let test: Vec<_> = test.iter().map(|word| word.as_str().expect("words").to_owned()).collect();
        assert_eq!(test[0], "CMD");
        for check in [&of_file[..], &test[1..]] {
            accepted(check).unwrap();
            succeeds(&quoted(check), "Docker");
            let (code, printed) = run(&quoted(check), "TLS with a pin");
            assert_eq!(code, Some(1), "nobody listens there: {check:?}: {printed}");
        }
    });
}

#[test]
fn units_are_accepted_by_the_service_manager() {
    let Some(analyze) = peer("systemd-analyze") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let units: Vec<_> = of_chapter("systemd").into_iter().filter(|block| block.language == "ini").collect();
    let mut verify = Command::new(analyze);
    verify.args(["verify", "--man=no"]);
    for unit in &units {
        let path = unit.text.lines().next().and_then(|line| line.strip_prefix("# ")).expect("a path");
        let file = folder.path().join(path.rsplit('/').next().expect("a name"));
        fs::write(&file, unit.text.replace("/usr/bin/soquete", env!("CARGO_BIN_EXE_soquete"))).unwrap();
        verify.arg(file);
        for line in unit.text.lines().filter_map(|line| line.split_once("=/usr/bin/soquete ")) {
            accepted(&commands(&format!("soquete {}", line.1))[0]).unwrap();
        }
    }
    assert_eq!(units.len(), 3);
    let run = verify.output().expect("it runs");
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && said.is_empty(), "{said}");
}

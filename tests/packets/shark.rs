//! tcpdump and tshark beside the program.

use crate::support::{DEADLINE, Machine, peer};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The fields of each packet of a capture file, as tshark reads them. It is sorted out by tshark whether the file is one.
pub fn fields(file: &Path, filter: &str, names: &[&str]) -> Vec<Vec<String>> {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(file).args(["-n", "-2", "-R", filter, "-T", "fields", "-E", "separator=|"]);
    for name in names {
        command.args(["-e", name]);
    }
    let output = command.output().expect("tshark runs");
    let errors = String::from_utf8_lossy(&output.stderr)
        .replace("Running as user \"root\" and group \"root\". This could be dangerous.\n", "");
    assert!(output.status.success(), "tshark on {}: {errors}", file.display());
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().map(|line| line.split('|').map(str::to_owned).collect()).collect()
}

/// The comments of a file's packets, in order; empty where there is none.
pub fn comments(file: &Path) -> Vec<String> {
    fields(file, "", &["frame.comment"]).into_iter().map(|mut row| row.remove(0)).collect()
}

/// The plain text of the first TLS session of a file, by the secrets in the file.
pub fn decrypted(file: &Path) -> String {
    let output = Command::new("tshark")
        .arg("-r")
        .arg(file)
        .args(["-q", "-z", "follow,tls,ascii,0"])
        .output()
        .expect("tshark runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Fails where tshark cannot make sense of a packet.
pub fn assert_sound(file: &Path) {
    let malformed = fields(file, "_ws.malformed || _ws.short", &["frame.number", "frame.protocols"]);
    assert!(malformed.is_empty(), "malformed packets in {}: {malformed:?}", file.display());
}

/// tshark, if it is here.
pub fn is_there() -> bool {
    peer("tshark").is_some()
}

/// A tcpdump that writes a file.
pub struct Tcpdump(Child, std::path::PathBuf);

impl Tcpdump {
    /// Starts it on a machine's cable, and waits until it captures.
    pub fn start(machine: &Machine, file: &Path, filter: &str) -> Self {
        let mut command = Command::new("tcpdump");
        command
            .args(["-Z", "root", "-i", crate::support::PLUG, "-U", "-w"])
            .arg(file)
            .args(filter.split(' '));
        let mut child = machine.run(|| command.stderr(Stdio::piped()).spawn().expect("tcpdump starts"));
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut line = String::new();
        while !line.contains("listening on") {
            line.clear();
            assert!(lines.read_line(&mut line).expect("text") > 0, "tcpdump ended");
        }
        // Its counts at the end must find a reader.
        std::thread::spawn(move || lines.read_to_string(&mut String::new()));
        Self(child, file.to_owned())
    }

    /// Waits until the file has this many packets, and ends it.
    pub fn finish(mut self, packets: usize) {
        let deadline = std::time::Instant::now() + DEADLINE;
        while fields(&self.1, "", &["frame.number"]).len() < packets {
            assert!(std::time::Instant::now() < deadline, "tcpdump has fewer than {packets} packets");
        }
        let pid = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw).expect("a pid");
        kill_process(pid, Signal::INT).expect("it runs");
        self.0.wait().expect("it ends");
    }
}

//! The program against the netcats people have: each speaks with ours, from either end, small words and whole files.

mod support;

use std::io::Write;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Instant;
use support::collect::Collected;
use support::*;

/// How each of them connects to an address.
fn client(name: &str, to: SocketAddr) -> Vec<String> {
    let (host, port) = (to.ip().to_string(), to.port().to_string());
    match name {
        "socat" => vec!["-t5".into(), "-".into(), format!("TCP4:{host}:{port}")],
        "nc.openbsd" => vec!["-N".into(), host, port],
        _ => vec![host, port],
    }
}

/// How each of them listens for one client.
fn server(name: &str, at: SocketAddr) -> Vec<String> {
    let (host, port) = (at.ip().to_string(), at.port().to_string());
    match name {
        "socat" => vec!["-t5".into(), "-".into(), format!("TCP4-LISTEN:{port},bind={host},reuseaddr")],
        "nc.openbsd" => vec!["-N".into(), "-l".into(), host, port],
        _ => vec!["-l".into(), host, port],
    }
}

const NETCATS: [&str; 3] = ["nc.openbsd", "ncat", "socat"];

/// One of them while it runs.
struct Netcat {
    name: &'static str,
    child: Child,
    out: Collected,
}

/// Starts one of them with a deadline and these bytes as its input.
fn start(name: &'static str, args: &[String], input: &[u8]) -> Option<Netcat> {
    let path = peer(name)?;
    let mut child = Command::new("timeout")
        .arg(DEADLINE.as_secs().to_string())
        .arg(path)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("timeout runs");
    let (mut pipe, bytes) = (child.stdin.take().expect("a pipe"), input.to_vec());
    std::thread::spawn(move || drop(pipe.write_all(&bytes)));
    let out = Collected::start(child.stdout.take().expect("a pipe"));
    Some(Netcat { name, child, out })
}

impl Netcat {
    /// Waits for its end, which must be a success; answers what it printed.
    fn finish(mut self) -> Vec<u8> {
        let status = self.child.wait().expect("it ends");
        let printed = self.out.wait_end(Instant::now() + DEADLINE).expect("it ended");
        assert!(status.success(), "{}: {status}, {} bytes printed", self.name, printed.len());
        printed
    }
}

#[test]
fn they_connect_and_we_listen() {
    let (there, back) = (noise(3_000_000), noise(2_000_001));
    for name in NETCATS {
        let ours = soquete("listen 127.0.0.1:0").input(&back).start();
        let Some(theirs) = start(name, &client(name, ours.address()), &there) else { continue };
        let theirs = theirs.finish();
        let ours = ours.finish();
        assert_eq!(ours.code, 0, "{name}: {ours}");
        assert!(ours.stdout == there && theirs == back, "{name}: what came is what was sent");
    }
}

#[test]
fn they_listen_and_we_connect() {
    let (there, back) = (noise(3_000_000), noise(2_000_001));
    for name in NETCATS {
        // They cannot say which port they took, so one that is free is chosen for them.
        let address = refusing_port().address();
        let Some(theirs) = start(name, &server(name, address), &back) else { continue };
        // Some of them end at a FIN, whatever they have still to send.
        let ours = soquete(&format!("connect --wait 10s --on-eof keep {address}")).input(&there).run();
        let theirs = theirs.finish();
        assert_eq!(ours.code, 0, "{name}: {ours}");
        let (came, went) = (ours.stdout.len(), theirs.len());
        assert!(ours.stdout == back, "{name}: {came} bytes of {} came back", back.len());
        assert!(theirs == there, "{name}: {went} bytes of {} went there", there.len());
    }
}

#[test]
fn many_of_them_are_served_at_once() {
    let ours = soquete("listen -k --upper 127.0.0.1:0").start();
    let children: Vec<_> = NETCATS
        .iter()
        .flat_map(|name| (0..4).map(move |number| (*name, format!("{name} number {number}\n"))))
        .filter_map(|(name, words)| {
            Some((start(name, &client(name, ours.address()), words.as_bytes())?, words))
        })
        .collect();
    for (child, words) in children {
        assert_eq!(String::from_utf8_lossy(&child.finish()), words.to_uppercase());
    }
    ours.terminate();
}

#[test]
fn their_check_of_our_port_finds_it_open() {
    let ours = soquete("listen -k --echo 127.0.0.1:0").start();
    let port = ours.port().to_string();
    let args = ["-z".to_owned(), "127.0.0.1".to_owned(), port.clone()];
    for name in ["nc.openbsd", "ncat"] {
        let Some(theirs) = start(name, &args, b"") else { continue };
        theirs.finish();
    }
    if let Some(theirs) =
        start("nmap", &["-sT".into(), "-Pn".into(), "-p".into(), port, "127.0.0.1".into()], b"")
    {
        let said = String::from_utf8_lossy(&theirs.finish()).into_owned();
        assert!(said.contains("open"), "{said}");
    }
    ours.terminate();
}

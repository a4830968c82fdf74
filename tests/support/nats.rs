//! A real nats-server on a free loopback port, with a folder of its own; killed when a test is done with it.

use super::collect::Collected;
use super::{DEADLINE, peer};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;
use tempfile::TempDir;

/// The server while it runs.
pub struct NatsServer {
    program: PathBuf,
    folder: TempDir,
    config: String,
    port: u16,
    running: Option<(Child, Collected)>,
}

impl NatsServer {
    /// Starts one with this configuration; `None` after saying so if it is missing.
    pub fn start(config: &str) -> Option<Self> {
        let (program, folder) = (peer("nats-server")?, tempfile::tempdir().unwrap());
        let mut server = Self { program, folder, config: config.to_owned(), port: 0, running: None };
        server.resume();
        Some(server)
    }

    /// Starts one that keeps the history of rooms.
    pub fn with_jetstream() -> Option<Self> {
        Self::start("jetstream { store_dir: \"STORE\" }")
    }

    /// Starts it again after [`Self::kill`], at the same address.
    pub fn resume(&mut self) {
        let listen = format!("127.0.0.1:{}", if self.port == 0 { -1 } else { i32::from(self.port) });
        let store = self.folder.path().join("store");
        let config = self.config.replace("STORE", store.to_str().unwrap());
        let file = self.folder.path().join("nats.conf");
        std::fs::write(&file, format!("listen: \"{listen}\"\n{config}\n")).unwrap();
        let mut child = Command::new(&self.program)
            .arg("-c")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("nats-server starts");
        let log = Collected::start(child.stderr.take().expect("a pipe"));
        let found = log.wait(Instant::now() + DEADLINE, |bytes| {
            let text = String::from_utf8_lossy(bytes);
            text.contains("Server is ready").then(|| text.into_owned())
        });
        let log_text = found.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&log.bytes())));
        let (_, rest) = log_text.split_once("client connections on 127.0.0.1:").expect("it says where it listens");
        self.port = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap();
        self.running = Some((child, log));
    }

    /// Kills it, without a word to its clients.
    pub fn kill(&mut self) {
        if let Some((mut child, _)) = self.running.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address as an argument.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.kill();
    }
}

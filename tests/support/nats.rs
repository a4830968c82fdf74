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
        let (_, rest) =
            log_text.split_once("client connections on 127.0.0.1:").expect("it says where it listens");
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

/// A client that says what it likes, in the protocol of NATS
/// (<https://docs.nats.io/reference/reference-protocols/nats-protocol>).
pub struct NatsClient {
    stream: std::io::BufReader<std::net::TcpStream>,
}

impl NatsClient {
    /// Connects, and listens to these subjects.
    #[allow(clippy::disallowed_methods)] // a peer, not the program
    pub fn connect(server: &NatsServer, subjects: &[&str]) -> Self {
        let stream = std::net::TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        let mut client = Self { stream: std::io::BufReader::new(stream) };
        assert!(client.line().starts_with("INFO "));
        client.write(b"CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":false}\r\n");
        for (number, subject) in subjects.iter().enumerate() {
            client.write(format!("SUB {subject} {}\r\n", number + 1).as_bytes());
        }
        client.flush();
        client
    }

    fn write(&mut self, bytes: &[u8]) {
        std::io::Write::write_all(self.stream.get_mut(), bytes).expect("the server reads");
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        std::io::BufRead::read_line(&mut self.stream, &mut line).expect("the server answers in time");
        assert!(!line.is_empty(), "the server closed the connection");
        line
    }

    /// Waits until the server took everything.
    pub fn flush(&mut self) {
        self.write(b"PING\r\n");
        loop {
            match self.line().trim() {
                "PONG" => return,
                "PING" => self.write(b"PONG\r\n"),
                other => assert!(!other.starts_with("-ERR"), "{other}"),
            }
        }
    }

    /// Sends a message.
    pub fn publish(&mut self, subject: &str, payload: &[u8]) {
        let mut message = format!("PUB {subject} {}\r\n", payload.len()).into_bytes();
        message.extend_from_slice(payload);
        message.extend_from_slice(b"\r\n");
        self.write(&message);
    }

    /// Waits for the next message: its subject and what it says.
    pub fn receive(&mut self) -> (String, String) {
        loop {
            let line = self.line();
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["MSG", subject, .., length] => {
                    let mut payload = vec![0; length.parse::<usize>().unwrap() + 2];
                    std::io::Read::read_exact(&mut self.stream, &mut payload).unwrap();
                    payload.truncate(payload.len() - 2);
                    return ((*subject).to_owned(), String::from_utf8(payload).unwrap());
                }
                ["PING"] => self.write(b"PONG\r\n"),
                _ => {}
            }
        }
    }
}

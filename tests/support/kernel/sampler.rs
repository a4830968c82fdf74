//! The socket table as /proc/net/tcp and tcp6 show it, read over and over by a thread.

use std::collections::HashMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

type Chains = HashMap<(SocketAddr, SocketAddr), Vec<&'static str>>;

pub struct Sampler {
    chains: Arc<Mutex<Chains>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Sampler {
    pub fn start() -> Self {
        let (chains, over) = (Arc::new(Mutex::new(Chains::new())), Arc::new(AtomicBool::new(false)));
        let (to, until) = (Arc::clone(&chains), Arc::clone(&over));
        let thread = std::thread::spawn(move || {
            while !until.load(Ordering::Relaxed) {
                for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
                    let text = fs::read_to_string(table).unwrap_or_default();
                    let mut chains = to.lock().expect("nobody panics with it");
                    for (pair, state) in text.lines().skip(1).filter_map(row) {
                        let chain = chains.entry(pair).or_default();
                        if chain.last() != Some(&state) {
                            chain.push(state);
                        }
                    }
                }
            }
        });
        Self { chains, over, thread: Some(thread) }
    }

    /// The states one socket was seen in, in order.
    pub fn chain(&self, local: SocketAddr, peer: SocketAddr) -> Vec<&'static str> {
        self.chains.lock().expect("nobody panics with it").get(&(local, peer)).cloned().unwrap_or_default()
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// `sl local_address rem_address st …`, addresses as the memory of this machine has them, in words.
fn row(line: &str) -> Option<((SocketAddr, SocketAddr), &'static str)> {
    let mut words = line.split_whitespace().skip(1);
    let pair = (address(words.next()?)?, address(words.next()?)?);
    let state = match words.next()? {
        "01" => "ESTABLISHED",
        "02" => "SYN-SENT",
        "03" | "0C" => "SYN-RECEIVED",
        "04" => "FIN-WAIT-1",
        "05" => "FIN-WAIT-2",
        "06" => "TIME-WAIT",
        "08" => "CLOSE-WAIT",
        "09" => "LAST-ACK",
        "0A" => "LISTEN",
        "0B" => "CLOSING",
        _ => return None,
    };
    Some((pair, state))
}

fn address(word: &str) -> Option<SocketAddr> {
    let (ip, port) = word.split_once(':')?;
    let mut bytes = Vec::new();
    for at in (0..ip.len()).step_by(8) {
        bytes.extend(u32::from_str_radix(ip.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    }
    let ip = match <[u8; 4]>::try_from(bytes.as_slice()) {
        Ok(four) => IpAddr::from(Ipv4Addr::from(four)),
        Err(_) => IpAddr::from(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?)),
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

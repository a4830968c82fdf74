//! NATS, by `async-nats`: it connects again by itself, and drops what is not taken in time.

mod failure;
mod history;

use super::{Bus, Login, Options, Received};
use crate::event::Kind;
use crate::sys::error::reason;
use crate::sys::{Error, Result};
use async_nats::{Client, ConnectOptions, Event, Message, ServerAddr, Subscriber};
use futures_util::StreamExt;
use futures_util::stream::{SelectAll, select_all};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use tokio::time::{Instant, sleep, timeout_at};

/// How long one attempt to connect may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// The pause between two attempts, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// The interval of pings to a silent server; it is lost after three pings without an answer.
const PING_EVERY: Duration = Duration::from_secs(2);
/// Messages between the connection and its reader. More arrive in one turn of the connection than a reader can take, and one
/// too many is dropped; the bytes of such a turn are bounded, a few megabytes.
const CAPACITY: usize = 64 << 10;
/// Messages between a writer and the connection: each one is waited for.
const SENDING: usize = 16;
/// How long a question to the server may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// A connection to a NATS server.
pub struct Nats {
    client: Client,
    address: String,
    state: Mutex<mpsc::UnboundedReceiver<Received>>,
    messages: Mutex<SelectAll<Subscriber>>,
    overrun: Arc<AtomicU64>,
}

impl Nats {
    /// Connects; keeps trying for as long as the options say where the server cannot be reached.
    pub async fn connect(options: &Options) -> Result<Self> {
        let address = options.url.to_string();
        let server: ServerAddr =
            address.parse().map_err(|e: io::Error| Error::new("connect", &address, e))?;
        let deadline = options.wait.map(|wait| Instant::now() + wait);
        loop {
            let (state_sender, state) = mpsc::unbounded_channel();
            let overrun = Arc::new(AtomicU64::new(0));
            let attempt = configure(options, state_sender, Arc::clone(&overrun))?.connect(server.clone());
            let late = deadline.unwrap_or_else(|| Instant::now() + CONNECT_LIMIT * 4);
            let error = match timeout_at(late, attempt).await {
                Ok(Ok(client)) => {
                    let (state, messages) = (Mutex::new(state), Mutex::new(select_all(Vec::new())));
                    return Ok(Self { client, address, state, messages, overrun });
                }
                Ok(Err(error)) => failure::of(&address, &error),
                Err(_) => failure::late(&address),
            };
            let now = Instant::now();
            match deadline {
                Some(deadline) if failure::may_pass(&error) && now < deadline => {
                    sleep(LONGEST_PAUSE.min(deadline - now) / 4).await;
                }
                Some(_) if failure::may_pass(&error) => {
                    let text = format!(
                        "{}; gave up after {:?} (--bus-wait)",
                        reason(&error.source),
                        options.wait.unwrap_or_default()
                    );
                    return Err(Error::new("connect", address, io::Error::other(text)).about(Kind::Timeout));
                }
                _ => return Err(error),
            }
        }
    }
}

/// What the connection is to be like. Changes of its state go to `state`.
fn configure(
    options: &Options,
    state: mpsc::UnboundedSender<Received>,
    overrun: Arc<AtomicU64>,
) -> Result<ConnectOptions> {
    let mut connect = ConnectOptions::new()
        .name("soquete")
        .no_echo()
        .connection_timeout(CONNECT_LIMIT)
        .request_timeout(Some(ANSWER_LIMIT))
        .ping_interval(PING_EVERY)
        .client_capacity(SENDING)
        .subscription_capacity(CAPACITY)
        .reconnect_delay_callback(|attempts| {
            let doubled = FIRST_PAUSE.saturating_mul(1 << attempts.saturating_sub(2).min(6));
            if attempts <= 1 { Duration::ZERO } else { doubled.min(LONGEST_PAUSE) }
        })
        .event_callback(move |event| {
            let said = match event {
                Event::Disconnected => Some(Received::Lost),
                Event::Connected => Some(Received::Restored),
                Event::ServerError(error) => Some(Received::Complaint(error.to_string())),
                Event::SlowConsumer(_) => {
                    overrun.fetch_add(1, Ordering::Relaxed);
                    None
                }
                _ => None,
            };
            // At the end of the program there is no receiver any more.
            let _ = said.map(|said| state.send(said));
            async {}
        });
    if options.url.tls {
        connect = connect.require_tls(true);
    }
    if let Some(tls) = &options.tls {
        connect = tls.configure(connect);
    }
    match &options.login {
        Some(Login::User(user, password)) => {
            connect = connect.user_and_password(user.clone(), password.clone());
        }
        Some(Login::Token(token)) => connect = connect.token(token.clone()),
        None => {}
    }
    if let Some(path) = &options.creds {
        let failed = |e| Error::new("read", path.display(), e).about(Kind::File);
        let creds = std::fs::read_to_string(path).map_err(failed)?;
        // The error quotes nothing of it, because it is secret.
        let malformed =
            |_| failed(io::Error::other("not a file of NATS credentials: a JWT and an nkey seed"));
        connect = connect.credentials(&creds).map_err(malformed)?;
    }
    Ok(connect)
}

impl Bus for Nats {
    async fn subscribe(&self, subjects: Vec<String>) -> Result<()> {
        let failed = |e: &dyn std::fmt::Display| {
            Error::new("subscribe", &self.address, io::Error::other(e.to_string())).about(Kind::Refused)
        };
        let mut messages = self.messages.lock().await;
        for subject in subjects {
            messages.push(self.client.subscribe(subject).await.map_err(|e| failed(&e))?);
        }
        self.client.flush().await.map_err(|e| failed(&e))
    }

    async fn publish(&self, subject: String, payload: Vec<u8>) {
        // Both fail only when the connection was ended for good.
        if self.client.publish(subject, payload.into()).await.is_ok() {
            let _ = self.client.flush().await;
        }
    }

    async fn receive(&self) -> Received {
        let (mut state, mut messages) = (self.state.lock().await, self.messages.lock().await);
        let dropped = self.overrun.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            return Received::Overrun(dropped);
        }
        tokio::select! {
            biased;
            Some(state) = state.recv() => state,
            Some(Message { payload, .. }) = messages.next() => Received::Message(payload.into()),
            else => std::future::pending().await,
        }
    }

    async fn recall(
        &self,
        subject: &str,
        more: &mut dyn FnMut(Vec<u8>) -> bool,
    ) -> std::result::Result<(), String> {
        history::recall(&self.client, subject, more).await
    }

    fn address(&self) -> String {
        self.address.clone()
    }
}

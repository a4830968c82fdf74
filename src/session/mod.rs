//! The engines: servers, clients, the console, the watcher of the socket table. Uses everything below it; knows neither
//! the command line nor the printers.

mod buffers;
#[cfg(feature = "capture")]
pub mod capture;
#[cfg(not(feature = "capture"))]
#[path = "capture/absent.rs"]
pub mod capture;
pub mod chat_client;
pub mod chat_server;
pub mod check;
pub mod clients;
pub mod command;
pub mod connect;
pub mod console;
mod context;
pub mod datagrams;
pub mod demo;
pub mod forward;
pub mod join;
pub mod opening;
mod outcome;
mod output_reader;
pub mod pipe;
pub mod proxy_client;
pub mod proxy_header;
pub mod proxy_server;
pub mod ready;
pub mod resolve;
pub mod retry;
pub mod shared;
mod stdio;
pub mod stdout;
pub mod stream_client;
pub mod table;
pub mod taps;
pub mod tcp_server;
pub mod tls;
pub mod udp_client;
pub mod udp_server;
mod wait;

pub use context::Context;
pub use outcome::{Outcome, Result, unless_stopped};
pub use stdio::Stdio;

//! What another program passed on: descriptors that the command line names, sockets, a service manager.

use crate::cli::{Cli, Command, EventTarget, PassedArgs};
use crate::event::Kind;
use crate::sys::passed::{self, PassedSocket};
use crate::sys::service::ServiceManager;
use crate::sys::{Error, Result, inherited};
use std::os::fd::OwnedFd;

/// What another program passed on.
#[derive(Default)]
pub(crate) struct Named {
    pub(super) events: Option<OwnedFd>,
    pub(super) ready: Option<OwnedFd>,
    pub(super) service: Option<ServiceManager>,
    pub(super) passed: Vec<PassedSocket>,
}

/// Takes the inherited descriptors, and what the environment says of them. Must be called before anything is opened.
pub(crate) fn take_named(cli: &Cli) -> Result<Named> {
    let failed = |on: &dyn std::fmt::Display, e| Error::new("open", on, e).about(Kind::File);
    let events = match cli.global.events {
        Some(EventTarget::Descriptor(number)) => Some(number),
        _ => None,
    };
    let no_sockets = PassedArgs::default();
    let (ready, sockets) = match &cli.command {
        Command::Listen(args) => (Some(&args.listener.ready), &args.passed),
        Command::ChatServe(args) => (Some(&args.listener.ready), &args.passed),
        Command::UdpServe(args) => (Some(&args.own.ready), &args.passed),
        _ => (None, &no_sockets),
    };
    let is_server = ready.is_some();
    let ready = ready.and_then(|ready| ready.ready_fd);
    let passed = passed(cli, sockets)?;
    let is_socket = |number| passed.iter().any(|socket| socket.number == number && number > 2);
    let take = |number, on: String| match number {
        number if is_socket(number) => {
            Err(failed(&on, std::io::Error::other("that descriptor is a socket to serve; choose another")))
        }
        number => inherited::take(number).map_err(|e| failed(&on, e)),
    };
    Ok(Named {
        events: events.map(|number| take(number, format!("--events fd:{number}"))).transpose()?,
        ready: match ready {
            Some(number) if events == ready => {
                let why = std::io::Error::other("--events uses that descriptor; choose another");
                return Err(failed(&format_args!("--ready-fd {number}"), why));
            }
            ready => ready.map(|number| take(number, format!("--ready-fd {number}"))).transpose()?,
        },
        service: if is_server { ServiceManager::take() } else { None },
        passed,
    })
}

/// The sockets that were passed on, where the command line says so.
fn passed(cli: &Cli, server: &PassedArgs) -> Result<Vec<PassedSocket>> {
    let number = match &cli.command {
        Command::Connect(args) => args.fd,
        _ if server.inetd => Some(0),
        _ => server.fd,
    };
    match number {
        Some(number) => Ok(vec![passed::take(number)?]),
        None if server.activation => passed::take_activation(),
        None => Ok(Vec::new()),
    }
}

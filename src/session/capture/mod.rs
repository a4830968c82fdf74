//! The packets of this program's own sockets, in step with their states (`--packets`, `--pcap`), or of other programs
//! (`stat --packets`).
//!
//! A thread reads the ring; the [`Stage`] before the printer puts packets and events in the order of their times, says which
//! connection a packet belongs to, and saves it.

mod config;
mod diagram;
mod direct;
mod dissect;
mod file;
mod others;
mod packet;
mod reader;
mod recent;
mod secrets;
mod sockets;
mod stage;
#[cfg(test)]
mod stage_test;

pub use config::CaptureConfig;
pub use direct::{DirectCapture, Seen};
pub use others::Wanted;
pub use stage::Stage;

use crate::event::{Event, Events, Kind, Sink};
use crate::sys::diag::Filter;
use crate::sys::packet::{PacketSocket, PortWatch, Ports, Statistics};
use crate::sys::socket::SocketFactory;
use crate::sys::{Error, Result};
use diagram::Diagram;
use dissect::{Connections, Details, Dissector};
use file::CaptureFile;
use others::Others;
use packet::Backlog;
use reader::Reader;
use secrets::Secrets;
use sockets::Sockets;
use std::io;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Bytes kept of each packet for the view: Ethernet, IPv6 and a TCP header with every option.
const VIEW: u32 = 160;
/// Bytes kept of each packet that is saved or shown with its bytes.
const WHOLE: u32 = 256 << 10;
/// Bytes of the ring: for the view, and for whole packets.
const VIEW_RING: u32 = 2 << 20;
const WHOLE_RING: u32 = 16 << 20;

/// A capture that is set up and does not run yet.
pub struct Prepared {
    /// `None` where states alone are drawn.
    socket: Option<PacketSocket>,
    shared: Arc<Shared>,
    name: Option<String>,
}

/// A capture that runs.
pub struct Capture {
    /// `None` where states alone are drawn.
    reader: Option<(Reader, PortWatch)>,
    shared: Arc<Shared>,
    name: Option<String>,
    events: Events,
}

/// What the reader, the stage and the end of the capture share.
#[derive(Default)]
struct Shared {
    /// Every packet before this time has been emitted, nanoseconds since 1970.
    complete_until: AtomicI64,
    /// The first error of the file.
    failure: Mutex<Option<Error>>,
    /// Packets on their way to the stage.
    backlog: Backlog,
    /// The connections of other programs, once they are known.
    wanted: Arc<OnceLock<Wanted>>,
    /// The error of the printer of packets alone.
    unprinted: OnceLock<io::Error>,
}

/// Opens the packet socket and the file, and puts the stage before `printer`; changes nothing where no packets are wanted.
/// `packets` shows the packets alone, if they do not go to `printer`.
pub fn prepare(
    config: Option<&CaptureConfig>,
    printer: Box<dyn Sink>,
    packets: Option<Box<dyn Sink>>,
) -> Result<(Option<Prepared>, Box<dyn Sink>)> {
    let Some(config) = config else { return Ok((None, printer)) };
    let whole = config.hex || config.file.is_some();
    let (snap, ring) = if whole { (WHOLE, WHOLE_RING) } else { (VIEW, VIEW_RING) };
    let states_do = !config.show && config.file.is_none();
    let socket = match PacketSocket::open(&Ports::default(), snap, ring) {
        Err(error) if states_do && error.kind() == Kind::Permission => None,
        opened => Some(opened?),
    };
    let file = config.file.as_deref().map(|path| CaptureFile::create(path, snap)).transpose()?;
    let diagram = config.diagram.as_deref().map(Diagram::create).transpose()?;
    let secrets = config.keylog.as_deref().map(Secrets::new);
    let shared = Arc::new(Shared::default());
    let connections = if config.others {
        Connections::Others(Others::new(Arc::clone(&shared.wanted)))
    } else {
        Connections::Own(Sockets::default())
    };
    let dissector =
        Dissector::new(connections, Details { hex: config.hex, raw: config.detail, payload: false });
    let stage = Stage::new(
        (printer, packets),
        dissector,
        (file, secrets, diagram),
        Arc::clone(&shared),
        (config.show, config.quiet),
    );
    let name = config.file.as_ref().map(|path| path.display().to_string());
    Ok((Some(Prepared { socket, shared, name }), Box::new(stage)))
}

/// The ports that packets must have to pass a filter.
fn ports(filter: Option<&Filter>) -> Ports {
    let mut ports = Ports::default();
    match filter.and_then(Filter::ports) {
        Some(ranges) if ranges.iter().map(|(from, to)| usize::from(to - from) + 1).sum::<usize>() < 1000 => {
            for port in ranges.into_iter().flat_map(|(from, to)| from..=to) {
                ports.add(port);
            }
            ports
        }
        _ => Ports::every(),
    }
}

/// Starts what was prepared, and makes the factory whose sockets it captures from their first packet on.
pub fn start(prepared: Option<Prepared>, events: &Events) -> Result<(Option<Capture>, SocketFactory)> {
    let sockets = SocketFactory::new(events.clone());
    let Some(prepared) = prepared else { return Ok((None, sockets)) };
    let Prepared { socket, shared, name } = prepared;
    let events = events.clone();
    let Some(socket) = socket else {
        shared.complete_until.store(i64::MAX, Ordering::Release);
        let text = "packets need CAP_NET_RAW: the diagram is drawn from states alone";
        events.warn(Kind::Permission, "capture", text);
        return Ok((Some(Capture { reader: None, shared, name, events }), sockets));
    };
    let watch = PortWatch::new(socket.filter_handle()?);
    let reader = Reader::start(socket, events.clone(), Arc::clone(&shared))?;
    let capture = Capture { reader: Some((reader, watch.clone())), shared, name, events };
    Ok((Some(capture), sockets.captured(watch)))
}

impl Capture {
    /// Captures the packets of other programs' connections from now on.
    pub fn follow(&self, wanted: Wanted) -> Result<()> {
        let ports = ports(wanted.filter.as_ref());
        // It is called once.
        let _ = self.shared.wanted.set(wanted);
        self.reader.as_ref().map_or(Ok(()), |(_, watch)| watch.set(ports))
    }

    /// The error of standard output, once packets could not be shown there.
    #[must_use]
    pub fn output_error(&self) -> Option<io::Error> {
        self.shared.unprinted.get().map(|error| {
            error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
        })
    }

    /// Waits for the last packets, emits the totals, and returns the error of the file. A reader of standard output that went
    /// away is none.
    pub fn finish(self) -> Option<Error> {
        let to_stdout = self.name.as_deref() == Some("-");
        let counts = self.reader.map(|(reader, _)| reader.finish());
        let Statistics { captured, dropped } = counts.unwrap_or_default();
        // The stage counts those of our sockets alone, and completes the files.
        self.events.emit(Event::Capture { captured, dropped, file: self.name });
        self.events.flush();
        let failure = self.shared.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        failure.filter(|error| !(to_stdout && error.source.kind() == io::ErrorKind::BrokenPipe))
    }
}

//! The packets of this program's own sockets, in step with their states (`--packets`, `--pcap`).
//!
//! A thread reads the ring and emits each packet with the kernel's time; the [`Stage`] before the printer puts packets and
//! other events in the order of their times, says which socket a packet belongs to, and saves it.

mod diagram;
mod file;
mod reader;
mod sockets;
mod stage;

pub use stage::Stage;

use crate::event::{Event, Events, Kind, Sink};
use crate::sys::packet::{PacketSocket, PortWatch, Ports, Statistics};
use crate::sys::socket::SocketFactory;
use crate::sys::{Error, Result};
use diagram::Diagram;
use file::CaptureFile;
use reader::Reader;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes kept of each packet for the view: Ethernet, IPv6 and a TCP header with every option.
const VIEW: u32 = 160;
/// Bytes kept of each packet that is saved or shown with its bytes.
const WHOLE: u32 = 256 << 10;
/// Bytes of the ring: for the view, and for whole packets.
const VIEW_RING: u32 = 2 << 20;
const WHOLE_RING: u32 = 16 << 20;

/// What is shown and saved of packets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaptureConfig {
    /// Packets are shown.
    pub show: bool,
    /// With their bytes.
    pub hex: bool,
    /// The numbers of the header are shown as well as those from the start of the connection.
    pub raw_numbers: bool,
    /// Where they are saved; `-` is standard output.
    pub file: Option<PathBuf>,
    /// Where the diagram of the conversations goes; `-` is standard output.
    pub diagram: Option<PathBuf>,
}

/// A capture that is set up and does not run yet.
pub struct Prepared {
    /// `None` where states alone are drawn.
    socket: Option<PacketSocket>,
    shared: Arc<Shared>,
    name: Option<String>,
}

/// A capture that runs.
pub struct Capture {
    reader: Option<Reader>,
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
}

/// Opens the packet socket and the file, and puts the stage before `printer`.
pub fn prepare(config: &CaptureConfig, printer: Box<dyn Sink>) -> Result<(Prepared, Box<dyn Sink>)> {
    let whole = config.hex || config.file.is_some();
    let (snap, ring) = if whole { (WHOLE, WHOLE_RING) } else { (VIEW, VIEW_RING) };
    let states_do = !config.show && config.file.is_none();
    let socket = match PacketSocket::open(&Ports::default(), snap, ring) {
        Err(error) if states_do && error.kind() == Kind::Permission => None,
        opened => Some(opened?),
    };
    let file = config.file.as_deref().map(|path| CaptureFile::create(path, snap)).transpose()?;
    let shared = Arc::new(Shared::default());
    let diagram = config.diagram.as_deref().map(Diagram::create).transpose()?;
    let stage = Stage::new(printer, config, file, diagram, Arc::clone(&shared));
    let name = config.file.as_ref().map(|path| path.display().to_string());
    Ok((Prepared { socket, shared, name }, Box::new(stage)))
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
    Ok((Some(Capture { reader: Some(reader), shared, name, events }), sockets.captured(watch)))
}

impl Capture {
    /// Waits for the last packets, emits the totals, and returns the error of the file.
    pub fn finish(self) -> Option<Error> {
        let Statistics { captured, dropped } = self.reader.map(Reader::finish).unwrap_or_default();
        // The stage counts those of our sockets alone, and completes the files.
        self.events.emit(Event::Capture { captured, dropped, file: self.name });
        self.events.flush();
        self.shared.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

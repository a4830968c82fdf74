//! The flags of a bus as values: reads the login from where it was given.

use crate::cli::BusArgs;
use crate::event::Kind;
use crate::net::address::AddrError;
use crate::net::bus::{BusUrl, Login, Options};
use crate::net::tls::{ClientOptions, Connector};
use crate::session::chat_server::{BusConfig, is_room_name};
use crate::sys::Error;
use std::env;
use std::path::Path;

/// The login of a bus, in the environment.
const LOGIN: &str = "SOQUETE_BUS_AUTH";
/// The longest line on a bus: with all its characters escaped it still fits a message.
const MAX_LINE: usize = 64 << 10;

/// The bus of a room whose lines have `max_line` bytes at most, if there is one.
pub(crate) fn bus(args: &BusArgs, max_line: usize) -> anyhow::Result<Option<BusConfig>> {
    let (Some(url), Some(room)) = (&args.bus, &args.room) else { return Ok(None) };
    let url: BusUrl = url.0.parse()?;
    let wrong = |text: String| AddrError(text);
    if !is_room_name(room) {
        let text = "--room: a name has 1 to 64 letters, digits, - and _";
        return Err(wrong(text.into()).into());
    }
    if max_line > MAX_LINE {
        return Err(wrong("--max-line: with --bus the maximum is 64k".into()).into());
    }
    let login = match (&args.bus_auth_file, &url.login, &args.bus_creds) {
        (Some(_), Some(_), _) => {
            return Err(wrong("--bus-auth-file: the URL of --bus already has a login".into()).into());
        }
        (_, Some(_), Some(_)) => {
            return Err(wrong("--bus-creds: the URL of --bus already has a login".into()).into());
        }
        (Some(path), ..) => Some(from_file(path)?),
        (None, Some(login), _) => Some(login.clone()),
        (None, None, Some(_)) => None,
        (None, None, None) => from_environment()?,
    };
    let tls = if url.tls || args.bus_ca.is_some() {
        let options = ClientOptions { ca: args.bus_ca.clone(), ..ClientOptions::default() };
        Some(Connector::new(&options).map_err(Error::from)?)
    } else {
        None
    };
    let options = Options { url, login, creds: args.bus_creds.clone(), tls, wait: args.bus_wait };
    Ok(Some(BusConfig { options, room: room.clone() }))
}

fn from_file(path: &Path) -> anyhow::Result<Login> {
    let text =
        std::fs::read_to_string(path).map_err(|e| Error::new("open", path.display(), e).about(Kind::File))?;
    let read = text.lines().next().unwrap_or_default().parse::<Login>();
    Ok(read.map_err(|why| AddrError(format!("{}: {why}", path.display())))?)
}

fn from_environment() -> Result<Option<Login>, AddrError> {
    let Some(value) = env::var_os(LOGIN).filter(|value| !value.is_empty()) else { return Ok(None) };
    let read = value.to_str().ok_or_else(|| AddrError("it is not UTF-8".into())).and_then(str::parse);
    read.map(Some).map_err(|why| AddrError(format!("{LOGIN}: {why}")))
}

//! Reads targets from words of the command line and lines of files.

use super::config::Target;
use super::name::Name;
use crate::event::Kind;
use crate::net::address::AddrError;
use crate::net::targets::parse_targets;
use crate::scan::{Group, targets};
use crate::sys::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Reads the targets, those of the command line first.
pub fn read(words: &[String], files: &[PathBuf]) -> anyhow::Result<Vec<Target>> {
    let mut groups = if words.is_empty() { Vec::new() } else { parse_words(words)? };
    for path in files {
        if path.as_os_str() == "-" {
            let text = "--targets -: standard input is sent to the targets; name a file";
            return Err(AddrError(text.into()).into());
        }
        let bytes = fs::read(path).map_err(|e| Error::new("open", path.display(), e).about(Kind::File))?;
        groups.extend(parse_file(path, &String::from_utf8_lossy(&bytes))?);
    }
    if groups.is_empty() {
        return Err(AddrError("no targets in the files; a line is HOST:PORT or unix:PATH".into()).into());
    }
    let names: Vec<Rc<Name>> = groups.iter().map(|group| Rc::new(Name::new(group))).collect();
    let target = |(index, (group, port)): (usize, (usize, u16))| {
        let title = groups[group].target(port).to_string();
        Target { title, name: Rc::clone(&names[group]), port, index }
    };
    Ok(targets(&groups).enumerate().map(target).collect())
}

fn parse_file(path: &Path, text: &str) -> Result<Vec<Group>, AddrError> {
    let mut groups = Vec::new();
    // Some editors write a byte order mark (RFC 3629, section 6).
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or_default();
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        if !words.is_empty() {
            let more = parse_words(&words)
                .map_err(|error| AddrError(format!("{}:{number}: {error}", path.display())))?;
            groups.extend(more);
        }
    }
    Ok(groups)
}

/// As [`parse_targets`], but without `-`, which would be all 65535 ports.
fn parse_words(words: &[String]) -> Result<Vec<Group>, AddrError> {
    if words.iter().any(|word| word == "-") {
        let text = "- is not a target; type HOST:PORT, or --targets FILE to read targets from a file";
        return Err(AddrError(text.into()));
    }
    parse_targets(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_comments_and_every_syntax() {
        let text = "# servers\nlocalhost:1,2\n\n  ::1 3-4 # two\n[::1]:5\r\n";
        let groups = parse_file(Path::new("x"), text).unwrap();
        let read: Vec<String> =
            targets(&groups).map(|(group, port)| groups[group].target(port).to_string()).collect();
        assert_eq!(read, ["localhost:1", "localhost:2", "[::1]:3", "[::1]:4", "[::1]:5"]);
        let error = parse_file(Path::new("x"), "a:1\nb\n").unwrap_err();
        assert!(error.0.starts_with("x:2: b has no port"), "{error}");
    }
}

//! The access rules of a server: reads files and looks names up, once, before it listens.

use super::Context;
use crate::cli::{AccessArgs, ServerArgs};
use crate::event::Kind;
use crate::net::acl::{AccessRule, AccessRules, AccessSpec, lines};
use crate::net::address::AddrError;
use crate::net::resolve::Lookup;
use crate::session::resolve;
use crate::sys::Error;
use std::path::{Path, PathBuf};

/// The rules of the command line and its files. `-4` and `-6` limit the listeners, not the rules.
pub(crate) fn access_rules(server: &ServerArgs, context: &Context) -> anyhow::Result<AccessRules> {
    let AccessArgs { allow, deny, allow_file, deny_file } = &server.access;
    let lookup = Lookup { numeric: server.lookup.numeric, ..Lookup::default() };
    let ready =
        |flag: &str, typed: &[AccessSpec], files: &[PathBuf]| rules(flag, typed, files, lookup, context);
    let restricted = !allow.is_empty() || !allow_file.is_empty();
    let allow = restricted.then(|| ready("--allow", allow, allow_file)).transpose()?;
    Ok(AccessRules::new(allow, ready("--deny", deny, deny_file)?))
}

/// The rules for the destinations of a proxy server.
pub(crate) fn destination_rules(
    allow: &[AccessSpec],
    deny: &[AccessSpec],
    lookup: Lookup,
    context: &Context,
) -> anyhow::Result<AccessRules> {
    let ready = |flag: &str, typed: &[AccessSpec]| rules(flag, typed, &[], lookup, context);
    let allow_list = (!allow.is_empty()).then(|| ready("--allow-dest", allow)).transpose()?;
    Ok(AccessRules::new(allow_list, ready("--deny-dest", deny)?))
}

/// The rules of one flag and its files, names looked up.
fn rules(
    flag: &str,
    typed: &[AccessSpec],
    files: &[PathBuf],
    lookup: Lookup,
    context: &Context,
) -> anyhow::Result<Vec<AccessRule>> {
    let ready = |(name, spec): (String, AccessSpec)| {
        AccessRule::new(name, &spec, |host| resolve::addresses(context, lookup, host, 0))
    };
    Ok(named(flag, typed, files)?.into_iter().map(ready).collect::<Result<_, _>>()?)
}

/// Each rule with its name in events.
fn named(flag: &str, typed: &[AccessSpec], files: &[PathBuf]) -> anyhow::Result<Vec<(String, AccessSpec)>> {
    let mut rules: Vec<_> = typed.iter().map(|spec| (format!("{flag} {spec}"), spec.clone())).collect();
    for path in files {
        for (line, spec) in lines(&read(path)?) {
            let place = format!("{}:{line}", path.display());
            let spec = spec.map_err(|why| AddrError(format!("{place}: {why}")))?;
            rules.push((format!("{flag}-file {place} {spec}"), spec));
        }
    }
    Ok(rules)
}

/// Bytes that are not UTF-8 make the rule of their line wrong.
fn read(path: &Path) -> Result<String, Error> {
    let bytes = std::fs::read(path).map_err(|e| Error::new("open", path.display(), e).about(Kind::File))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

//! What to type instead of a command line that is wrong: the one that was meant, where that is clear. Pure, except that it
//! checks whether a command exists; advice is always a command line that the program accepts.

mod address;
mod flags;
mod order;
mod peers;
mod secret;

pub use flags::hint;
pub use secret::without_passwords;

use crate::cli::{self, Cli, Command, Connect};
use crate::net::address::{AddrError, Target};
use crate::net::targets::parse_targets;
use std::ffi::OsString;

/// The command line that was meant, as a shell reads it.
#[must_use]
pub fn instead(args: &[OsString]) -> Option<String> {
    let typed: Vec<String> = args.iter().map(|arg| arg.to_str().map(str::to_owned)).collect::<Option<_>>()?;
    let mut bases = vec![typed.clone()];
    bases.extend(peers::netcat(&typed));
    bases.extend(peers::ss(&typed));
    bases.extend(peers::curl(&typed));
    let with_addresses: Vec<_> = bases.iter().map(|words| address::rewrite(words)).collect();
    bases.extend(with_addresses);
    let more: Vec<_> = bases.iter().flat_map(|words| order::candidates(words)).collect();
    let meant = bases.into_iter().chain(more).find(|words| *words != typed && is_right(words))?;
    Some(shell(&secret::without_secrets(meant)))
}

/// The command line with the subcommand `named` in place of the word `typed`, if that is right. A host or port is no
/// misspelt subcommand.
#[must_use]
pub fn spelled(args: &[OsString], typed: &str, named: &str) -> Option<String> {
    if !typed.chars().all(|c| c.is_ascii_alphabetic() || c == '-') {
        return None;
    }
    let respell = |word: &str| if word == typed { named.to_owned() } else { word.to_owned() };
    let words: Vec<String> = args.iter().map(|arg| arg.to_str().map(respell)).collect::<Option<_>>()?;
    is_right(&words).then(|| shell(&secret::without_secrets(words)))
}

/// Whether the program takes a command line, addresses included.
#[must_use]
pub fn is_right(words: &[String]) -> bool {
    let args: Vec<OsString> = words.iter().map(OsString::from).collect();
    let Ok(Cli { command, .. }) = cli::parse(&args) else { return false };
    // Chat commands have a usual port; its number does not matter here.
    let usual = Some(1);
    match &command {
        Command::Connect(args) => connects(args),
        Command::Listen(args) => args.passed.any() || Target::parse(&args.address).is_ok(),
        Command::UdpServe(args) => args.passed.any() || Target::parse(&args.address).is_ok(),
        Command::UdpSend(args) => {
            let words: Vec<_> = args.words.iter().map(|w| w.to_string_lossy().into_owned()).collect();
            target(Target::parse_front(&words).map(|(target, _)| target))
        }
        Command::ChatServe(args) => Target::parse_or(&args.address, usual).is_ok(),
        Command::ChatJoin(args) => target(Target::parse_or(&args.address, usual)),
        Command::MultiConnect(args) => args.target.is_empty() || parse_targets(&args.target).is_ok(),
        _ => true,
    }
}

fn connects(args: &Connect) -> bool {
    if args.check || args.until_closed || !args.command.is_empty() {
        return parse_targets(&args.target).is_ok();
    }
    args.fd.is_some() || target(Target::parse(&args.target))
}

fn target(target: Result<Target, AddrError>) -> bool {
    target.and_then(Target::into_target).is_ok()
}

/// Words as a shell reads them.
fn shell(words: &[String]) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,@%+".contains(c);
    let quoted = |word: &String| {
        if !word.is_empty() && word.chars().all(plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    };
    let mut words = words.iter();
    // Advice uses the program's usual name, whatever path it was started by.
    let name = words.next().map(|_| "soquete".to_owned());
    name.into_iter().chain(words.map(quoted)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<String> {
        instead(&line.split_whitespace().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn what_was_meant_is_found() {
        let mut wrong = Vec::new();
        for (line, meant) in [
            ("connect http://localhost:8088/", "connect localhost 8088"),
            ("connect -v https://example.com/x?y", "connect -v example.com 443"),
            ("connect tcp://[::1]:80", "connect ::1 80"),
            ("connect ::1:80", "connect ::1 80"),
            ("connect fe80::1%lo:80", "connect fe80::1%lo 80"),
            ("connect --check ::1:22 a:1", "connect --check ::1 22 a:1"),
            ("connect tcp:localhost:80", "connect localhost 80"),
            ("connect TCP4:localhost:80,nodelay", "connect localhost 80"),
            ("listen TCP-LISTEN:8080,fork", "listen 8080"),
            ("listen http://localhost:80", "listen localhost 80"),
            ("udp-send ::1:5000 hi", "udp-send ::1 5000 hi"),
            ("chat-join ::1:4333", "chat-join ::1 4333"),
            ("multi-connect http://a:1 b:2", "multi-connect a 1 b:2"),
            ("connect localhost/80", "connect localhost 80"),
            ("connect localhost:80/", "connect localhost 80"),
            ("connect localhost: 80", "connect localhost 80"),
            ("connect 127.0.0.1.80", "connect 127.0.0.1 80"),
            ("connect me@host:22", "connect host 22"),
            ("connect 80 localhost", "connect localhost 80"),
            ("connect --wait 2 localhost 1 sh -x", "connect --wait 2 localhost 1 -- sh -x"),
            ("connect --wait 2 localhost:1 sh x", "connect --wait 2 localhost:1 -- sh x"),
            ("connect -- localhost 80", "connect localhost 80"),
            ("connect localhost 80,81", "connect --check localhost 80,81"),
            ("connect localhost:80-82", "connect --check localhost:80-82"),
            ("connect --wait localhost 1", "connect --wait forever localhost 1"),
            ("connect --keepalive 30 localhost 1", "connect --keepalive=30 localhost 1"),
            ("connect --nodelay true localhost 1", "connect --nodelay=true localhost 1"),
            ("connect -p 5555 localhost 80", "connect --source :5555 localhost 80"),
            ("connect -s 127.0.0.2 localhost 80", "connect --source 127.0.0.2 localhost 80"),
            ("connect -N localhost 80", "connect localhost 80"),
            ("connect -q 1 localhost 1", "connect --eof-wait 1 localhost 1"),
            ("connect -u localhost 80", "udp-send localhost 80"),
            ("connect -l 80", "listen 80"),
            ("listen -l -p 8080", "listen 8080"),
            ("listen -lvp 80", "listen -v 80"),
            ("listen -p 8080 -k", "listen -k 8080"),
            ("udp-serve -u 5000", "udp-serve 5000"),
            ("-l 8080", "listen 8080"),
            ("-lk 8080", "listen -k 8080"),
            ("-nlvp8080", "listen -n -v 8080"),
            ("-lk 8080 -e /bin/cat", "listen -k 8080 --exec -- /bin/cat"),
            ("listen -lk 8080 --exec /bin/cat", "listen -k 8080 --exec -- /bin/cat"),
            ("connect -e /bin/sh localhost 1", "connect --exec localhost 1 -- /bin/sh"),
            ("-lk 8080 -c date", "listen -k 8080 --sh-exec date"),
            ("-ul 5000 -e /bin/cat", "udp-serve 5000 --exec -- /bin/cat"),
            ("-ul 5000", "udp-serve 5000"),
            ("-u localhost 53", "udp-send localhost 53"),
            ("-zv localhost 20-30", "connect -z -v localhost 20-30"),
            ("-zvu localhost 53", "udp-send --check -v localhost 53"),
            ("localhost 80", "connect localhost 80"),
            ("-U /run/x", "connect unix:/run/x"),
            ("-lkU /run/x", "listen -k unix:/run/x"),
            ("-zU x", "connect -z unix:x"),
            ("connect -NU /run/x", "connect unix:/run/x"),
            ("-uU /run/x", "udp-send unix:/run/x"),
            ("-luU /run/x", "udp-serve unix:/run/x"),
            ("listen -U -k @bus", "listen -k unix:@bus"),
            ("connect UNIX-CONNECT:/run/x", "connect unix:/run/x"),
            ("connect unix-client:./x,retry=2", "connect unix:./x"),
            ("listen UNIX-LISTEN:/run/x,fork", "listen unix:/run/x"),
            ("connect ABSTRACT-CONNECT:bus", "connect unix:@bus"),
            ("listen ABSTRACT-LISTEN:bus", "listen unix:@bus"),
            ("udp-send UNIX-SENDTO:/run/x hi", "udp-send unix:/run/x hi"),
            ("udp-serve UNIX-RECVFROM:/run/x", "udp-serve unix:/run/x"),
            ("connect VSOCK-CONNECT:2:80", "connect vsock:2:80"),
            ("listen VSOCK-LISTEN:80", "listen vsock:4294967295:80"),
            ("connect --unix-socket /run/x", "connect unix:/run/x"),
            ("connect --abstract-unix-socket bus", "connect unix:@bus"),
            ("stat state established", "stat --state established"),
            ("stat sport = :22", "stat --local :22"),
            ("stat dst 10.0.0.1", "stat --peer 10.0.0.1"),
            ("stat -o", "stat -e"),
            ("stat -tan -c", "stat -t -a -n --watch"),
            ("stat --watch 1s", "stat --watch=1s"),
            ("stat --wait listen 80", "stat --wait 'listen 80'"),
            ("wait 5s http://localhost:80/", "wait 5s localhost 80"),
            ("check ::1:80", "check ::1 80"),
        ] {
            let found = read(&format!("soquete {line}")).unwrap_or_default();
            if found != format!("soquete {meant}") {
                wrong.push((line, meant, found));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn what_cannot_be_told_is_not_advised() {
        for line in [
            "connect localhost 80 -p",
            "connect localhost",
            "connect localhost 80 81",
            "connect localhost 70000",
            "connect localhost 0",
            "udp-send -e /bin/sh localhost 1",
            "connect http://localhost:70000/",
            "connect ftp:///x",
            "nonsense",
            "connect",
            "listen",
            "stat",
        ] {
            assert_eq!(read(&format!("soquete {line}")), None, "{line}");
        }
    }

    #[test]
    fn words_are_quoted_for_a_shell() {
        let words = ["x", "connect", "a b", "it's", ""].map(str::to_owned);
        assert_eq!(shell(&words), r"soquete connect 'a b' 'it'\''s' ''");
    }
}

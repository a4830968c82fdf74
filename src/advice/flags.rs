//! Advice about flags of nc that the program does not have.

/// What to type for `flag` of `subcommand`.
#[must_use]
pub fn hint(subcommand: &str, flag: &str) -> Option<&'static str> {
    let serves = matches!(subcommand, "listen" | "udp-serve" | "chat-serve");
    let runs = matches!(subcommand, "" | "listen" | "connect" | "udp-serve");
    let takes_taps = matches!(subcommand, "connect" | "listen");
    Some(match flag {
        "-p" if serves => "the port stands alone, as in `soquete listen 8080`",
        "-p" => "the local port is --source :PORT",
        "-s" if serves => "the address stands before the port, as in `soquete listen 127.0.0.2 8080`",
        "-s" => "the local address is --source ADDR",
        "-l" => "`soquete listen PORT` waits for clients",
        "-u" => "datagrams are sent by `soquete udp-send` and received by `soquete udp-serve`",
        "-o" if takes_taps => {
            "received bytes are copied by --output FILE, both directions in hexadecimal by --hex-dump FILE"
        }
        "-U" => "a UNIX socket is the address unix:PATH, or unix:@NAME for an abstract name",
        "--unix-socket" => "a UNIX socket is the address unix:PATH, as in `soquete connect unix:PATH`",
        "--abstract-unix-socket" => "an abstract name is the address unix:@NAME",
        "-e" if runs => "a command is --exec -- COMMAND, as in `soquete listen -k 7000 --exec -- cat -n`",
        "-c" if runs => "a line of shell is --sh-exec STRING",
        _ => return None,
    })
}

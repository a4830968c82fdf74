//! Advice about flags of nc that the program does not have.

/// What to type for `flag` of `subcommand`.
#[must_use]
pub fn hint(subcommand: &str, flag: &str) -> Option<&'static str> {
    let serves = matches!(subcommand, "listen" | "udp-serve" | "chat-serve");
    let runs = matches!(subcommand, "" | "listen" | "connect" | "udp-serve");
    let takes_taps = matches!(subcommand, "connect" | "listen");
    Some(match flag {
        "-p" if serves => "the port takes no flag, as in `soquete listen 8080`",
        "-p" => "the local port is --source :PORT",
        "-s" if serves => "the address comes before the port, as in `soquete listen 127.0.0.2 8080`",
        "-s" => "the local address is --source ADDR",
        "-l" => "`soquete listen PORT` waits for clients",
        "-z" if subcommand.is_empty() => "`soquete connect --check HOST PORTS` tests ports",
        "-u" => "`soquete udp-send` sends datagrams, `soquete udp-serve` receives them",
        "-o" if takes_taps => {
            "--output FILE copies received bytes, --hex-dump FILE both directions in hexadecimal"
        }
        "-U" => "a UNIX socket is the address unix:PATH, or unix:@NAME for an abstract name",
        "--unix-socket" => "a UNIX socket is the address unix:PATH, as in `soquete connect unix:PATH`",
        "--abstract-unix-socket" => "an abstract name is the address unix:@NAME",
        "-e" if runs => "--exec -- COMMAND runs a command, as in `soquete listen -k 7000 --exec -- cat -n`",
        "-c" if runs => "--sh-exec STRING runs a line of shell",
        _ => return None,
    })
}

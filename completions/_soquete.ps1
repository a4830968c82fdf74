
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'soquete' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'soquete'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'soquete' {
            [CompletionResult]::new('--events', '--events', [CompletionResultType]::ParameterName, 'Send events to a file, to standard output (-) or to an inherited descriptor (fd:N)')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; NO_COLOR is honoured')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Events as JSON, one object a line; reports too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Detail too: TCP_INFO, options read back, DNS answers')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Detail too: TCP_INFO, options read back, DNS answers')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('listen', 'listen', [CompletionResultType]::ParameterValue, 'Accept TCP connections')
            [CompletionResult]::new('connect', 'connect', [CompletionResultType]::ParameterValue, 'Open a TCP connection, or test ports')
            [CompletionResult]::new('multi-connect', 'multi-connect', [CompletionResultType]::ParameterValue, 'Talk to many servers at once')
            [CompletionResult]::new('demo', 'demo', [CompletionResultType]::ParameterValue, 'Show a conversation on loopback with every state of both ends')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completion script of a shell')
            break
        }
        'soquete;listen' {
            [CompletionResult]::new('--respond', '--respond', [CompletionResultType]::ParameterName, 'Send the contents of FILE, or TEXT where no such file exists, then FIN')
            [CompletionResult]::new('--send', '--send', [CompletionResultType]::ParameterName, 'Send FILE, then FIN')
            [CompletionResult]::new('--max-conns', '--max-conns', [CompletionResultType]::ParameterName, 'Serve at most N clients at once; others wait in the accept queue')
            [CompletionResult]::new('--accept-timeout', '--accept-timeout', [CompletionResultType]::ParameterName, 'Give up when no client is there for this long')
            [CompletionResult]::new('--idle-timeout', '--idle-timeout', [CompletionResultType]::ParameterName, 'End a connection on which nothing moves for this long')
            [CompletionResult]::new('--on-eof', '--on-eof', [CompletionResultType]::ParameterName, 'What to do when standard input ends')
            [CompletionResult]::new('--eof-wait', '--eof-wait', [CompletionResultType]::ParameterName, 'Wait at most this long for the peer after standard input ended')
            [CompletionResult]::new('--backlog', '--backlog', [CompletionResultType]::ParameterName, 'Length of the accept queue; the kernel caps it')
            [CompletionResult]::new('--ready-file', '--ready-file', [CompletionResultType]::ParameterName, 'Write the addresses to this file once ready')
            [CompletionResult]::new('--ready-fd', '--ready-fd', [CompletionResultType]::ParameterName, 'Write the addresses to this inherited descriptor once ready, and close it')
            [CompletionResult]::new('--reuseaddr', '--reuseaddr', [CompletionResultType]::ParameterName, 'Take an address that waits in TIME-WAIT [listeners: on by default]')
            [CompletionResult]::new('--reuseport', '--reuseport', [CompletionResultType]::ParameterName, 'Let several sockets share one address')
            [CompletionResult]::new('--v6only', '--v6only', [CompletionResultType]::ParameterName, 'Keep IPv4 off an IPv6 socket')
            [CompletionResult]::new('--nodelay', '--nodelay', [CompletionResultType]::ParameterName, 'Send small segments at once (no Nagle)')
            [CompletionResult]::new('--keepalive', '--keepalive', [CompletionResultType]::ParameterName, 'Probe a silent peer: seconds before the first probe, between probes, and how many')
            [CompletionResult]::new('--linger', '--linger', [CompletionResultType]::ParameterName, 'Make close wait for unsent data; 0 makes it send RST')
            [CompletionResult]::new('--sndbuf', '--sndbuf', [CompletionResultType]::ParameterName, 'Send buffer; the kernel doubles it')
            [CompletionResult]::new('--rcvbuf', '--rcvbuf', [CompletionResultType]::ParameterName, 'Receive buffer; the kernel doubles it')
            [CompletionResult]::new('--ttl', '--ttl', [CompletionResultType]::ParameterName, 'Time to live, or hop limit, of packets sent')
            [CompletionResult]::new('--tos', '--tos', [CompletionResultType]::ParameterName, 'Type of service, or traffic class, of packets sent')
            [CompletionResult]::new('--mss', '--mss', [CompletionResultType]::ParameterName, 'Largest TCP segment')
            [CompletionResult]::new('--user-timeout', '--user-timeout', [CompletionResultType]::ParameterName, 'Give the connection up when data stays unacknowledged this long')
            [CompletionResult]::new('--congestion', '--congestion', [CompletionResultType]::ParameterName, 'Congestion control algorithm')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Use this network interface only')
            [CompletionResult]::new('--mark', '--mark', [CompletionResultType]::ParameterName, 'Mark packets for routing and filtering')
            [CompletionResult]::new('--freebind', '--freebind', [CompletionResultType]::ParameterName, 'Bind addresses this machine does not have')
            [CompletionResult]::new('--events', '--events', [CompletionResultType]::ParameterName, 'Send events to a file, to standard output (-) or to an inherited descriptor (fd:N)')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; NO_COLOR is honoured')
            [CompletionResult]::new('--public', '--public', [CompletionResultType]::ParameterName, 'Every interface, both families; without it a bare port is loopback only')
            [CompletionResult]::new('-4', '-4', [CompletionResultType]::ParameterName, 'IPv4 only')
            [CompletionResult]::new('--ipv4', '--ipv4', [CompletionResultType]::ParameterName, 'IPv4 only')
            [CompletionResult]::new('-6', '-6', [CompletionResultType]::ParameterName, 'IPv6 only')
            [CompletionResult]::new('--ipv6', '--ipv6', [CompletionResultType]::ParameterName, 'IPv6 only')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'No DNS: hosts are literal addresses')
            [CompletionResult]::new('--numeric', '--numeric', [CompletionResultType]::ParameterName, 'No DNS: hosts are literal addresses')
            [CompletionResult]::new('--echo', '--echo', [CompletionResultType]::ParameterName, 'Send back what comes')
            [CompletionResult]::new('--upper', '--upper', [CompletionResultType]::ParameterName, 'Send back what comes, in upper case')
            [CompletionResult]::new('--discard', '--discard', [CompletionResultType]::ParameterName, 'Throw away what comes')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Go on accepting; clients are served at the same time')
            [CompletionResult]::new('--keep-open', '--keep-open', [CompletionResultType]::ParameterName, 'Go on accepting; clients are served at the same time')
            [CompletionResult]::new('--prefix', '--prefix', [CompletionResultType]::ParameterName, 'Tag what clients send with their address, line by line')
            [CompletionResult]::new('--reject', '--reject', [CompletionResultType]::ParameterName, 'Reset clients over --max-conns instead of letting them wait')
            [CompletionResult]::new('--progress', '--progress', [CompletionResultType]::ParameterName, 'Show a bar with rate and remaining time (on a terminal)')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Events as JSON, one object a line; reports too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Detail too: TCP_INFO, options read back, DNS answers')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Detail too: TCP_INFO, options read back, DNS answers')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'soquete;connect' {
            [CompletionResult]::new('-w', '-w', [CompletionResultType]::ParameterName, 'Give up after this long, all addresses together; with --check for each port')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Give up after this long, all addresses together; with --check for each port')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Keep trying for this long until it works')
            [CompletionResult]::new('--idle-timeout', '--idle-timeout', [CompletionResultType]::ParameterName, 'End when nothing moves for this long')
            [CompletionResult]::new('--on-eof', '--on-eof', [CompletionResultType]::ParameterName, 'What to do when standard input ends')
            [CompletionResult]::new('--eof-wait', '--eof-wait', [CompletionResultType]::ParameterName, 'Wait at most this long for the peer after standard input ended')
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'Local end of the connection: ADDR, ADDR:PORT or :PORT')
            [CompletionResult]::new('--reuseaddr', '--reuseaddr', [CompletionResultType]::ParameterName, 'Take an address that waits in TIME-WAIT [listeners: on by default]')
            [CompletionResult]::new('--reuseport', '--reuseport', [CompletionResultType]::ParameterName, 'Let several sockets share one address')
            [CompletionResult]::new('--v6only', '--v6only', [CompletionResultType]::ParameterName, 'Keep IPv4 off an IPv6 socket')
            [CompletionResult]::new('--nodelay', '--nodelay', [CompletionResultType]::ParameterName, 'Send small segments at once (no Nagle)')
            [CompletionResult]::new('--keepalive', '--keepalive', [CompletionResultType]::ParameterName, 'Probe a silent peer: seconds before the first probe, between probes, and how many')
            [CompletionResult]::new('--linger', '--linger', [CompletionResultType]::ParameterName, 'Make close wait for unsent data; 0 makes it send RST')
            [CompletionResult]::new('--sndbuf', '--sndbuf', [CompletionResultType]::ParameterName, 'Send buffer; the kernel doubles it')
            [CompletionResult]::new('--rcvbuf', '--rcvbuf', [CompletionResultType]::ParameterName, 'Receive buffer; the kernel doubles it')
            [CompletionResult]::new('--ttl', '--ttl', [CompletionResultType]::ParameterName, 'Time to live, or hop limit, of packets sent')
            [CompletionResult]::new('--tos', '--tos', [CompletionResultType]::ParameterName, 'Type of service, or traffic class, of packets sent')
            [CompletionResult]::new('--mss', '--mss', [CompletionResultType]::ParameterName, 'Largest TCP segment')
            [CompletionResult]::new('--user-timeout', '--user-timeout', [CompletionResultType]::ParameterName, 'Give the connection up when data stays unacknowledged this long')
            [CompletionResult]::new('--congestion', '--congestion', [CompletionResultType]::ParameterName, 'Congestion control algorithm')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Use this network interface only')
            [CompletionResult]::new('--mark', '--mark', [CompletionResultType]::ParameterName, 'Mark packets for routing and filtering')
            [CompletionResult]::new('--freebind', '--freebind', [CompletionResultType]::ParameterName, 'Bind addresses this machine does not have')
            [CompletionResult]::new('--events', '--events', [CompletionResultType]::ParameterName, 'Send events to a file, to standard output (-) or to an inherited descriptor (fd:N)')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; NO_COLOR is honoured')
            [CompletionResult]::new('-z', '-z', [CompletionResultType]::ParameterName, 'Only test: one row a port, open, closed or filtered')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Only test: one row a port, open, closed or filtered')
            [CompletionResult]::new('--until-closed', '--until-closed', [CompletionResultType]::ParameterName, 'Wait until the port is not open any more')
            [CompletionResult]::new('--send-only', '--send-only', [CompletionResultType]::ParameterName, 'Send standard input and leave once it is acknowledged')
            [CompletionResult]::new('--recv-only', '--recv-only', [CompletionResultType]::ParameterName, 'Do not read standard input')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Send line ends as CR LF')
            [CompletionResult]::new('--crlf', '--crlf', [CompletionResultType]::ParameterName, 'Send line ends as CR LF')
            [CompletionResult]::new('--progress', '--progress', [CompletionResultType]::ParameterName, 'Show a bar with rate and remaining time (on a terminal)')
            [CompletionResult]::new('-4', '-4', [CompletionResultType]::ParameterName, 'IPv4 only')
            [CompletionResult]::new('--ipv4', '--ipv4', [CompletionResultType]::ParameterName, 'IPv4 only')
            [CompletionResult]::new('-6', '-6', [CompletionResultType]::ParameterName, 'IPv6 only')
            [CompletionResult]::new('--ipv6', '--ipv6', [CompletionResultType]::ParameterName, 'IPv6 only')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'No DNS: hosts are literal addresses')
            [CompletionResult]::new('--numeric', '--numeric', [CompletionResultType]::ParameterName, 'No DNS: hosts are literal addresses')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Events as JSON, one object a line; reports too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Detail too: TCP_INFO, options read back, DNS answers')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Detail too: TCP_INFO, options read back, DNS answers')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'soquete;multi-connect' {
            [CompletionResult]::new('--targets', '--targets', [CompletionResultType]::ParameterName, 'Read more targets from a file, those of one host a line; # begins a comment')
            [CompletionResult]::new('--ordered', '--ordered', [CompletionResultType]::ParameterName, 'Print the answers to one line in the order of the targets; who does not answer holds the others up for DUR at most')
            [CompletionResult]::new('-w', '-w', [CompletionResultType]::ParameterName, 'Give a target up that is not connected for this long')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Give a target up that is not connected for this long')
            [CompletionResult]::new('--idle-timeout', '--idle-timeout', [CompletionResultType]::ParameterName, 'End a connection on which nothing moves for this long')
            [CompletionResult]::new('--on-eof', '--on-eof', [CompletionResultType]::ParameterName, 'What to do when standard input ends')
            [CompletionResult]::new('--eof-wait', '--eof-wait', [CompletionResultType]::ParameterName, 'Wait at most this long for the peer after standard input ended')
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'Local end of the connections: ADDR, ADDR:PORT or :PORT')
            [CompletionResult]::new('--reuseaddr', '--reuseaddr', [CompletionResultType]::ParameterName, 'Take an address that waits in TIME-WAIT [listeners: on by default]')
            [CompletionResult]::new('--reuseport', '--reuseport', [CompletionResultType]::ParameterName, 'Let several sockets share one address')
            [CompletionResult]::new('--v6only', '--v6only', [CompletionResultType]::ParameterName, 'Keep IPv4 off an IPv6 socket')
            [CompletionResult]::new('--nodelay', '--nodelay', [CompletionResultType]::ParameterName, 'Send small segments at once (no Nagle)')
            [CompletionResult]::new('--keepalive', '--keepalive', [CompletionResultType]::ParameterName, 'Probe a silent peer: seconds before the first probe, between probes, and how many')
            [CompletionResult]::new('--linger', '--linger', [CompletionResultType]::ParameterName, 'Make close wait for unsent data; 0 makes it send RST')
            [CompletionResult]::new('--sndbuf', '--sndbuf', [CompletionResultType]::ParameterName, 'Send buffer; the kernel doubles it')
            [CompletionResult]::new('--rcvbuf', '--rcvbuf', [CompletionResultType]::ParameterName, 'Receive buffer; the kernel doubles it')
            [CompletionResult]::new('--ttl', '--ttl', [CompletionResultType]::ParameterName, 'Time to live, or hop limit, of packets sent')
            [CompletionResult]::new('--tos', '--tos', [CompletionResultType]::ParameterName, 'Type of service, or traffic class, of packets sent')
            [CompletionResult]::new('--mss', '--mss', [CompletionResultType]::ParameterName, 'Largest TCP segment')
            [CompletionResult]::new('--user-timeout', '--user-timeout', [CompletionResultType]::ParameterName, 'Give the connection up when data stays unacknowledged this long')
            [CompletionResult]::new('--congestion', '--congestion', [CompletionResultType]::ParameterName, 'Congestion control algorithm')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Use this network interface only')
            [CompletionResult]::new('--mark', '--mark', [CompletionResultType]::ParameterName, 'Mark packets for routing and filtering')
            [CompletionResult]::new('--freebind', '--freebind', [CompletionResultType]::ParameterName, 'Bind addresses this machine does not have')
            [CompletionResult]::new('--events', '--events', [CompletionResultType]::ParameterName, 'Send events to a file, to standard output (-) or to an inherited descriptor (fd:N)')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; NO_COLOR is honoured')
            [CompletionResult]::new('--no-prefix', '--no-prefix', [CompletionResultType]::ParameterName, 'Print what comes without [HOST:PORT]')
            [CompletionResult]::new('--reconnect', '--reconnect', [CompletionResultType]::ParameterName, 'Connect again to a target that fails or closes, after ever longer waits')
            [CompletionResult]::new('-4', '-4', [CompletionResultType]::ParameterName, 'IPv4 only')
            [CompletionResult]::new('--ipv4', '--ipv4', [CompletionResultType]::ParameterName, 'IPv4 only')
            [CompletionResult]::new('-6', '-6', [CompletionResultType]::ParameterName, 'IPv6 only')
            [CompletionResult]::new('--ipv6', '--ipv6', [CompletionResultType]::ParameterName, 'IPv6 only')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'No DNS: hosts are literal addresses')
            [CompletionResult]::new('--numeric', '--numeric', [CompletionResultType]::ParameterName, 'No DNS: hosts are literal addresses')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Events as JSON, one object a line; reports too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Detail too: TCP_INFO, options read back, DNS answers')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Detail too: TCP_INFO, options read back, DNS answers')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'soquete;demo' {
            [CompletionResult]::new('--events', '--events', [CompletionResultType]::ParameterName, 'Send events to a file, to standard output (-) or to an inherited descriptor (fd:N)')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; NO_COLOR is honoured')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Events as JSON, one object a line; reports too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Detail too: TCP_INFO, options read back, DNS answers')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Detail too: TCP_INFO, options read back, DNS answers')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'soquete;completions' {
            [CompletionResult]::new('--events', '--events', [CompletionResultType]::ParameterName, 'Send events to a file, to standard output (-) or to an inherited descriptor (fd:N)')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; NO_COLOR is honoured')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Events as JSON, one object a line; reports too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Detail too: TCP_INFO, options read back, DNS answers')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Detail too: TCP_INFO, options read back, DNS answers')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}

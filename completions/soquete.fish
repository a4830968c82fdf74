# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_soquete_global_optspecs
    string join \n json events= q/quiet b/brief v/verbose color= h/help V/version
end

function __fish_soquete_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_soquete_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_soquete_using_subcommand
    set -l cmd (__fish_soquete_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c soquete -n "__fish_soquete_needs_command" -l events -d 'Send events to a file, to standard output (-) or to an inherited descriptor (fd:N)' -r
complete -c soquete -n "__fish_soquete_needs_command" -l color -d 'When to use colour; NO_COLOR is honoured' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c soquete -n "__fish_soquete_needs_command" -l json -d 'Print events and reports as JSON, one object per line'
complete -c soquete -n "__fish_soquete_needs_command" -s q -l quiet -d 'Print errors only'
complete -c soquete -n "__fish_soquete_needs_command" -s b -l brief -d 'Print one line at the start and one at the end of each connection'
complete -c soquete -n "__fish_soquete_needs_command" -s v -l verbose -d 'Print details too: data moved, TCP_INFO, options read back, DNS answers'
complete -c soquete -n "__fish_soquete_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c soquete -n "__fish_soquete_needs_command" -s V -l version -d 'Print version'
complete -c soquete -n "__fish_soquete_needs_command" -f -a "listen" -d 'Accept connections: TCP, UNIX or vsock'
complete -c soquete -n "__fish_soquete_needs_command" -f -a "connect" -d 'Open a connection, or test ports'
complete -c soquete -n "__fish_soquete_needs_command" -f -a "udp-serve" -d 'Receive datagrams, and answer them'
complete -c soquete -n "__fish_soquete_needs_command" -f -a "udp-send" -d 'Send datagrams, and print the replies'
complete -c soquete -n "__fish_soquete_needs_command" -f -a "chat-serve" -d 'Run a line chat that any TCP client can join, or any client of a UNIX socket'
complete -c soquete -n "__fish_soquete_needs_command" -f -a "chat-join" -d 'Join a chat room'
complete -c soquete -n "__fish_soquete_needs_command" -f -a "multi-connect" -d 'Talk to many servers at once'
complete -c soquete -n "__fish_soquete_needs_command" -f -a "stat" -d 'Show the socket table'
complete -c soquete -n "__fish_soquete_needs_command" -f -a "demo" -d 'Show conversations on loopback: every state and every segment'
complete -c soquete -n "__fish_soquete_needs_command" -f -a "completions" -d 'Print the completion script of a shell'
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l max-conns -d 'Serve at most N clients at once; others wait in the accept queue' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l accept-timeout -d 'End when there is no client for this long' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l idle-timeout -d 'End a connection that is idle for this long' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l fd -d 'Use the inherited socket of this descriptor number instead of an address' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l user -d 'Switch to this user once the sockets are bound: a name or number, with its own group or GROUP and no others' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l socket-mode -d 'Permissions of the file of a UNIX socket, as with chmod [default: 0600]' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l allow -d 'Serve these peers only: an address, a block as 10.0.0.0/8, a range as 10.0.0.1-10.0.0.9, or a host name; repeatable' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l deny -d 'Refuse these peers, even if allowed; repeatable' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l allow-file -d 'Allow the peers in FILE, one SPEC a line, # begins a comment; an empty file allows nobody' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l deny-file -d 'Refuse the peers in FILE, one SPEC a line' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l respond -d 'Send TEXT, or the contents of FILE, then FIN. TEXT may contain \\r \\n \\t \\0 \\\\ \\xHH; @- is standard input' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l send -d 'Send FILE, then FIN' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l proxy-server -d 'Run a proxy: SOCKS4, SOCKS4a, SOCKS5 and HTTP on one port, or those of KIND' -r -f -a "all\t'SOCKS4, SOCKS4a, SOCKS5 and HTTP'
http\t'HTTP: CONNECT, and requests with an absolute URI'
socks\t'SOCKS4, SOCKS4a and SOCKS5'"
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l forward -d 'Forward each client to TARGET through a connection of its own: HOST:PORT, [V6]:PORT, PORT, unix:PATH, vsock:CID:PORT; prefix tls: for TLS' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l sh-exec -d 'Run STRING with /bin/sh -c instead' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l on-eof -d 'Action when standard input ends' -r -f -a "half-close\t'Send FIN and continue reading'
keep\t'Send nothing and continue reading'
close\t'Close at once'"
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l eof-wait -d 'Wait at most this long for the peer after standard input ended' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l on-peer-eof -d 'Action when the peer has finished sending and standard input is still open [default: end on a terminal, send the rest of a file, send a pipe until it ends or the peer is gone]' -r -f -a "end\t'End the connection'
keep\t'Send standard input to its end'"
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l send-proxy-header -d 'Send the target a PROXY header first, version 1 (text) or 2 (binary), with the client\'s address' -r -f -a "1\t'Text'
2\t'Binary'"
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l tls-ca -d 'With tls: targets and https:// proxies, trust the roots in FILE instead of the system\'s' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l proxy-auth-file -d 'Read USER:PASSWORD for the proxy from the first line of FILE [default: SOQUETE_PROXY_AUTH of the environment]' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l output -d 'Also write received bytes to FILE, unchanged and without tags; several connections share the file' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l hex-dump -d 'Write received and sent bytes to FILE as a hex dump; - is standard error' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l rate -d 'Limit each connection to SIZE bytes a second, each way' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l delay -d 'Pause for this long after each line that is sent' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l auth -d 'Serve this user only; repeatable. Every user of this machine can see arguments: prefer --auth-file' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l auth-file -d 'Serve the users in FILE only, USER:PASSWORD a line, # begins a comment' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l allow-dest -d 'Connect to these addresses only: an address, a block, a range or a host name; repeatable' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l deny-dest -d 'Do not connect to these addresses, even if allowed; repeatable' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l tls-client-ca -d 'Require a client certificate issued by a root in FILE' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l tls-pin -d 'Require a client certificate with this SHA-256 fingerprint, in hexadecimal digits; repeatable' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l tls-name -d 'The name in the certificate made for this run [default: localhost and loopback addresses]' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l tls-cert -d 'Present the certificate and its chain in the PEM file FILE, which may hold the key as well' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l tls-key -d 'The private key of --tls-cert' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l alpn -d 'Application protocols, in order of preference' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l tls-min -d 'Oldest version to accept: 1.2 or 1.3' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l tls-max -d 'Newest version to accept: 1.2 or 1.3' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l tls-keylog -d 'Append the secrets of sessions to FILE, for Wireshark [default: SSLKEYLOGFILE of the environment]' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l backlog -d 'Length of the accept queue; the kernel caps it' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l ready-file -d 'Write the addresses to this file once ready' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l ready-fd -d 'Write the addresses to this inherited descriptor once ready, and close it' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l nodelay -d 'Send small segments at once (no Nagle)' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l keepalive -d 'Probe a silent peer: seconds before the first probe, between probes, and how many' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l linger -d 'Make close wait for unsent data; 0 makes it send RST' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l mss -d 'Largest TCP segment' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l user-timeout -d 'Abort the connection when data stays unacknowledged this long' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l congestion -d 'Congestion control algorithm' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l reuseaddr -d 'Bind an address that is still in TIME-WAIT [listeners: on by default]' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l reuseport -d 'Let several sockets share one address' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l sndbuf -d 'Send buffer; the kernel doubles it' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l rcvbuf -d 'Receive buffer; the kernel doubles it' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l ttl -d 'Time to live, or hop limit, of packets sent' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l tos -d 'Type of service, or traffic class, of packets sent' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l device -d 'Use this network interface only' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l mark -d 'Mark packets for routing and filtering' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l freebind -d 'Bind addresses this machine does not have' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l packets -d 'Show each packet between the states; =hex adds its bytes. Needs CAP_NET_RAW' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l pcap -d 'Save the packets in FILE, which Wireshark opens (pcapng); - is standard output' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l diagram -d 'Draw the conversations in FILE: .svg, .mmd (Mermaid) or text; - is standard output' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l v6only -d 'Accept IPv6 only on an IPv6 socket [with -6: on by default]' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l proxy -d 'Connect through a proxy: socks4, socks4a, socks5, socks5h, http or https://HOST[:PORT]. The proxy resolves names, except with socks4 and socks5. USER:PASSWORD@ may precede HOST, but every user of this machine can see arguments' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l events -d 'Send events to a file, to standard output (-) or to an inherited descriptor (fd:N)' -r
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l color -d 'When to use colour; NO_COLOR is honoured' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c soquete -n "__fish_soquete_using_subcommand listen" -s k -l keep-open -d 'Keep accepting; clients are served at the same time'
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l send-only -d 'Send standard input and print nothing; without -k, end once it is acknowledged'
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l recv-only -d 'Do not read standard input'
complete -c soquete -n "__fish_soquete_using_subcommand listen" -s C -l crlf -d 'Send line ends as CR LF'
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l prefix -d 'Tag each line from a client with its address'
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l show -d 'Print what clients send to the service, escaped on a terminal'
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l reject -d 'Reset clients over --max-conns instead of letting them wait'
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l activation -d 'Use the sockets passed by the service manager (LISTEN_FDS, sd_listen_fds(3)) instead of an address'
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l inetd -d 'Use standard input, a socket passed by inetd, instead of an address; no events are written to it'
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l public -d 'Listen on every interface, in both families, instead of loopback'
complete -c soquete -n "__fish_soquete_using_subcommand listen" -s 4 -l ipv4 -d 'IPv4 only'
complete -c soquete -n "__fish_soquete_using_subcommand listen" -s 6 -l ipv6 -d 'IPv6 only'
complete -c soquete -n "__fish_soquete_using_subcommand listen" -s n -l numeric -d 'No DNS: hosts are literal addresses'
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l echo -d 'Send data back'
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l upper -d 'Send data back in upper case'
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l discard -d 'Discard data'
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l exec -d 'Run the command after -- for each client, with the connection as its standard input and output'
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l progress -d 'Show a bar with rate and remaining time (on a terminal); with -v the throughput of the last seconds too'
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l accept-proxy-header -d 'Expect a PROXY header of either version before a client\'s first byte; reset clients without one'
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l tls-insecure -d 'With tls: targets and https:// proxies, accept any certificate, with a warning'
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l both -d 'Also write sent bytes to the file of --output'
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l append-output -d 'Append to the files of --output and --hex-dump instead of truncating them'
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l tls -d 'Use TLS; without --tls-cert, with a certificate made for this run, whose pin is in the event tls'
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l tls-allow-truncated -d 'Accept a FIN without close_notify as the end of data, for old peers'
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l mptcp -d 'Use Multipath TCP; a connection to a peer without it falls back to TCP, and an event reports it'
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l json -d 'Print events and reports as JSON, one object per line'
complete -c soquete -n "__fish_soquete_using_subcommand listen" -s q -l quiet -d 'Print errors only'
complete -c soquete -n "__fish_soquete_using_subcommand listen" -s b -l brief -d 'Print one line at the start and one at the end of each connection'
complete -c soquete -n "__fish_soquete_using_subcommand listen" -s v -l verbose -d 'Print details too: data moved, TCP_INFO, options read back, DNS answers'
complete -c soquete -n "__fish_soquete_using_subcommand listen" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l fd -d 'Use the inherited connection of this descriptor number instead of an address' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -s w -l timeout -d 'Give up after this long, all addresses and the TLS handshake together; with --check, each port' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l wait -d 'Retry for this long, or forever, until it succeeds' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l repeat -d 'With --check: test N times, then report min, median, p99, max and loss of each target' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l interval -d 'Time between tests [default: 200ms]; without --repeat, test until interrupted' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l expect -d 'With --check: a port is open if the answer matches this regular expression' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l send -d 'Send TEXT first; it may contain \\r \\n \\t \\0 \\\\ \\xHH, @FILE sends a file' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l idle-timeout -d 'End when the connection is idle for this long' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l sh-exec -d 'Run STRING with /bin/sh -c instead' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l eof-wait -d 'Wait at most this long for the peer after standard input ended' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l on-peer-eof -d 'Action when the peer has finished sending and standard input is still open [default: end on a terminal, send the rest of a file, send a pipe until it ends or the peer is gone]' -r -f -a "end\t'End the connection'
keep\t'Send standard input to its end'"
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l output -d 'Also write received bytes to FILE, unchanged and without tags; several connections share the file' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l hex-dump -d 'Write received and sent bytes to FILE as a hex dump; - is standard error' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l rate -d 'Limit each connection to SIZE bytes a second, each way' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l delay -d 'Pause for this long after each line that is sent' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l tls-ca -d 'Trust the roots in FILE instead of the system\'s; applies to an https:// proxy too' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l tls-pin -d 'Accept exactly the certificate with this SHA-256 fingerprint, in hexadecimal digits; repeatable' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l tls-name -d 'The name to send (SNI) and to verify [default: the host]' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l tls-cert -d 'Present the certificate and its chain in the PEM file FILE, which may hold the key as well' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l tls-key -d 'The private key of --tls-cert' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l alpn -d 'Application protocols, in order of preference' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l tls-min -d 'Oldest version to accept: 1.2 or 1.3' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l tls-max -d 'Newest version to accept: 1.2 or 1.3' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l tls-keylog -d 'Append the secrets of sessions to FILE, for Wireshark [default: SSLKEYLOGFILE of the environment]' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l proxy -d 'Connect through a proxy: socks4, socks4a, socks5, socks5h, http or https://HOST[:PORT]. The proxy resolves names, except with socks4 and socks5. USER:PASSWORD@ may precede HOST, but every user of this machine can see arguments' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l proxy-auth-file -d 'Read USER:PASSWORD for the proxy from the first line of FILE [default: SOQUETE_PROXY_AUTH of the environment]' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l source -d 'Local address: ADDR, ADDR:PORT or :PORT' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l nodelay -d 'Send small segments at once (no Nagle)' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l keepalive -d 'Probe a silent peer: seconds before the first probe, between probes, and how many' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l linger -d 'Make close wait for unsent data; 0 makes it send RST' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l mss -d 'Largest TCP segment' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l user-timeout -d 'Abort the connection when data stays unacknowledged this long' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l congestion -d 'Congestion control algorithm' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l reuseaddr -d 'Bind an address that is still in TIME-WAIT [listeners: on by default]' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l reuseport -d 'Let several sockets share one address' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l v6only -d 'Accept IPv6 only on an IPv6 socket' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l sndbuf -d 'Send buffer; the kernel doubles it' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l rcvbuf -d 'Receive buffer; the kernel doubles it' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l ttl -d 'Time to live, or hop limit, of packets sent' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l tos -d 'Type of service, or traffic class, of packets sent' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l device -d 'Use this network interface only' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l mark -d 'Mark packets for routing and filtering' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l freebind -d 'Bind addresses this machine does not have' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l packets -d 'Show each packet between the states; =hex adds its bytes. Needs CAP_NET_RAW' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l pcap -d 'Save the packets in FILE, which Wireshark opens (pcapng); - is standard output' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l diagram -d 'Draw the conversations in FILE: .svg, .mmd (Mermaid) or text; - is standard output' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l on-eof -d 'Action when standard input ends [through a proxy: keep, because common proxies drop the connection at a FIN]' -r -f -a "half-close\t'Send FIN and continue reading'
keep\t'Send nothing and continue reading'
close\t'Close at once'"
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l events -d 'Send events to a file, to standard output (-) or to an inherited descriptor (fd:N)' -r
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l color -d 'When to use colour; NO_COLOR is honoured' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c soquete -n "__fish_soquete_using_subcommand connect" -s z -l check -d 'Test ports, one row each: open, closed or filtered; with --tls test the handshake too'
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l until-closed -d 'Wait until the ports refuse connections; a port that does not answer may still be open'
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l send-only -d 'Send standard input and end once it is acknowledged'
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l recv-only -d 'Do not read standard input'
complete -c soquete -n "__fish_soquete_using_subcommand connect" -s C -l crlf -d 'Send line ends as CR LF'
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l exec -d 'Run the command after -- for each client, with the connection as its standard input and output'
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l progress -d 'Show a bar with rate and remaining time (on a terminal); with -v the throughput of the last seconds too'
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l both -d 'Also write sent bytes to the file of --output'
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l append-output -d 'Append to the files of --output and --hex-dump instead of truncating them'
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l tls -d 'Use TLS; the server\'s certificate is verified against the system\'s roots and the host'
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l tls-insecure -d 'Accept any certificate, with a warning; applies to an https:// proxy too'
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l tls-allow-truncated -d 'Accept a FIN without close_notify as the end of data, for old peers'
complete -c soquete -n "__fish_soquete_using_subcommand connect" -s 4 -l ipv4 -d 'IPv4 only'
complete -c soquete -n "__fish_soquete_using_subcommand connect" -s 6 -l ipv6 -d 'IPv6 only'
complete -c soquete -n "__fish_soquete_using_subcommand connect" -s n -l numeric -d 'No DNS: hosts are literal addresses'
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l mptcp -d 'Use Multipath TCP; a connection to a peer without it falls back to TCP, and an event reports it'
complete -c soquete -n "__fish_soquete_using_subcommand connect" -l json -d 'Print events and reports as JSON, one object per line'
complete -c soquete -n "__fish_soquete_using_subcommand connect" -s q -l quiet -d 'Print errors only'
complete -c soquete -n "__fish_soquete_using_subcommand connect" -s b -l brief -d 'Print one line at the start and one at the end of each connection'
complete -c soquete -n "__fish_soquete_using_subcommand connect" -s v -l verbose -d 'Print details too: data moved, TCP_INFO, options read back, DNS answers'
complete -c soquete -n "__fish_soquete_using_subcommand connect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l join -d 'Join this multicast group on IFACE, or on the interface that the routing table gives' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l count -d 'End after N datagrams; input that is waiting then is sent first, except from a terminal' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l idle-timeout -d 'End when no datagram arrives for this long; with --forward or --exec, end the socket or command of a peer that is silent for this long [default: 60s]' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l fd -d 'Use the inherited socket of this descriptor number instead of an address' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l user -d 'Switch to this user once the sockets are bound: a name or number, with its own group or GROUP and no others' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l socket-mode -d 'Permissions of the file of a UNIX socket, as with chmod [default: 0600]' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l allow -d 'Serve these peers only: an address, a block as 10.0.0.0/8, a range as 10.0.0.1-10.0.0.9, or a host name; repeatable' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l deny -d 'Refuse these peers, even if allowed; repeatable' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l allow-file -d 'Allow the peers in FILE, one SPEC a line, # begins a comment; an empty file allows nobody' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l deny-file -d 'Refuse the peers in FILE, one SPEC a line' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l respond -d 'Answer each datagram with TEXT, or with the contents of FILE. TEXT may contain \\r \\n \\t \\0 \\\\ \\xHH; @- is standard input' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l forward -d 'Forward each peer\'s datagrams to TARGET through a socket of its own, and the replies back: HOST:PORT, [V6]:PORT, PORT or unix:PATH' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l sh-exec -d 'Run STRING with /bin/sh -c instead' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l max-conns -d 'Run at most N commands at once; datagrams of other peers are dropped [default: 100]' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l ready-file -d 'Write the addresses to this file once ready' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l ready-fd -d 'Write the addresses to this inherited descriptor once ready, and close it' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l reuseport -d 'Let several sockets share one address' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l sndbuf -d 'Send buffer; the kernel doubles it' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l rcvbuf -d 'Receive buffer; the kernel doubles it' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l ttl -d 'Time to live, or hop limit, of packets sent' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l tos -d 'Type of service, or traffic class, of packets sent' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l device -d 'Use this network interface only' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l mark -d 'Mark packets for routing and filtering' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l freebind -d 'Bind addresses this machine does not have' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l packets -d 'Show each packet between the states; =hex adds its bytes. Needs CAP_NET_RAW' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l pcap -d 'Save the packets in FILE, which Wireshark opens (pcapng); - is standard output' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l diagram -d 'Draw the conversations in FILE: .svg, .mmd (Mermaid) or text; - is standard output' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l v6only -d 'Accept IPv6 only on an IPv6 socket [with -6: on by default]' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l reuseaddr -d 'Share the address with other sockets that allow it too, as for multicast' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l events -d 'Send events to a file, to standard output (-) or to an inherited descriptor (fd:N)' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l color -d 'When to use colour; NO_COLOR is honoured' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l activation -d 'Use the sockets passed by the service manager (LISTEN_FDS, sd_listen_fds(3)) instead of an address'
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l inetd -d 'Use standard input, a socket passed by inetd, instead of an address; no events are written to it'
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l public -d 'Listen on every interface, in both families, instead of loopback'
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -s 4 -l ipv4 -d 'IPv4 only'
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -s 6 -l ipv6 -d 'IPv6 only'
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -s n -l numeric -d 'No DNS: hosts are literal addresses'
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l echo -d 'Send each datagram back'
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l upper -d 'Send each datagram back in upper case'
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l exec -d 'Run the command after -- for each client, with the connection as its standard input and output'
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l lines -d 'End each datagram on standard output with a line feed where it has none'
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l to-all -d 'Send lines to every peer of the last minute instead of the last one'
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l send-only -d 'Send standard input, print nothing, and end when it ends'
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l recv-only -d 'Do not read standard input'
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l per-read -d 'Send each read of standard input, instead of each line, as one datagram, unchanged'
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l keep-lf -d 'Keep the line feed at the end of each datagram'
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -s C -l crlf -d 'Send line ends as CR LF'
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l json -d 'Print events and reports as JSON, one object per line'
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -s q -l quiet -d 'Print errors only'
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -s b -l brief -d 'Print one line at the start and one at the end of each connection'
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -s v -l verbose -d 'Print details too: data moved, TCP_INFO, options read back, DNS answers'
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -l expect -d 'With --check: only a reply that matches this regular expression counts; otherwise no-match, exit status 1' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -l wait -d 'With --check: retry for this long, or forever, until there is a reply' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -l size -d 'Split standard input into datagrams of N bytes, regardless of lines' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -l reply-wait -d 'Wait for replies until this long after the last datagram sent or received; 0 does not wait' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -l replies -d 'End after N replies; fewer before --reply-wait ends exit with 3' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -l repeat -d 'Send everything N times' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -s i -l interval -d 'Wait this long between two datagrams' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -l multicast-ttl -d 'Time to live, or hop limit, of multicast datagrams' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -l source -d 'Local address: ADDR, ADDR:PORT or :PORT' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -l reuseport -d 'Let several sockets share one address' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -l v6only -d 'Accept IPv6 only on an IPv6 socket' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -l sndbuf -d 'Send buffer; the kernel doubles it' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -l rcvbuf -d 'Receive buffer; the kernel doubles it' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -l ttl -d 'Time to live, or hop limit, of packets sent' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -l tos -d 'Type of service, or traffic class, of packets sent' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -l device -d 'Use this network interface only' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -l mark -d 'Mark packets for routing and filtering' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -l freebind -d 'Bind addresses this machine does not have' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -l packets -d 'Show each packet between the states; =hex adds its bytes. Needs CAP_NET_RAW' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -l pcap -d 'Save the packets in FILE, which Wireshark opens (pcapng); - is standard output' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -l diagram -d 'Draw the conversations in FILE: .svg, .mmd (Mermaid) or text; - is standard output' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -l reuseaddr -d 'Share the address with other sockets that allow it too, as for multicast' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -l events -d 'Send events to a file, to standard output (-) or to an inherited descriptor (fd:N)' -r
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -l color -d 'When to use colour; NO_COLOR is honoured' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -s z -l check -d 'Test a port: replied (exit 0), refused (1) or no-answer (3). Sends the messages, or an empty datagram'
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -l whole -d 'Send all of standard input as one datagram'
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -l broadcast -d 'Allow a broadcast address, and replies from any address'
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -l per-read -d 'Send each read of standard input, instead of each line, as one datagram, unchanged'
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -l keep-lf -d 'Keep the line feed at the end of each datagram'
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -s C -l crlf -d 'Send line ends as CR LF'
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -s 4 -l ipv4 -d 'IPv4 only'
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -s 6 -l ipv6 -d 'IPv6 only'
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -s n -l numeric -d 'No DNS: hosts are literal addresses'
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -l json -d 'Print events and reports as JSON, one object per line'
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -s q -l quiet -d 'Print errors only'
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -s b -l brief -d 'Print one line at the start and one at the end of each connection'
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -s v -l verbose -d 'Print details too: data moved, TCP_INFO, options read back, DNS answers'
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l fd -d 'Use the inherited socket of this descriptor number instead of an address' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l user -d 'Switch to this user once the sockets are bound: a name or number, with its own group or GROUP and no others' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l socket-mode -d 'Permissions of the file of a UNIX socket, as with chmod [default: 0600]' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l allow -d 'Serve these peers only: an address, a block as 10.0.0.0/8, a range as 10.0.0.1-10.0.0.9, or a host name; repeatable' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l deny -d 'Refuse these peers, even if allowed; repeatable' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l allow-file -d 'Allow the peers in FILE, one SPEC a line, # begins a comment; an empty file allows nobody' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l deny-file -d 'Refuse the peers in FILE, one SPEC a line' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l history -d 'Send new members the last N lines, at most half of --slow-limit' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l max-clients -d 'Maximum clients; further ones get a notice and are disconnected' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l max-line -d 'Maximum length of a line; the rest is dropped' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l slow -d 'Action when a client reads too slowly, less than 1 MiB a second' -r -f -a "disconnect\t'Disconnect it'
drop\t'Skip lines, with a notice'"
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l slow-limit -d 'Bytes by which a slow client may fall behind' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l bus -d 'Share the room with other machines through NATS: nats:// or tls://HOST[:PORT]. USER:PASSWORD@ or TOKEN@ may stand before HOST, but an argument is visible to everybody on this machine' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l room -d 'The name of the room on the bus: letters, digits, - and _' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l bus-creds -d 'Log in with a NATS credentials file' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l bus-auth-file -d 'Read USER:PASSWORD or TOKEN for the bus from the first line of FILE [default: SOQUETE_BUS_AUTH of the environment]' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l bus-ca -d 'Trust the roots in FILE instead of the system\'s, for a bus that speaks TLS' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l bus-wait -d 'Keep trying this long to reach the bus at the start' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l tls-client-ca -d 'Require a client certificate issued by a root in FILE' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l tls-pin -d 'Require a client certificate with this SHA-256 fingerprint, in hexadecimal digits; repeatable' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l tls-name -d 'The name in the certificate made for this run [default: localhost and loopback addresses]' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l tls-cert -d 'Present the certificate and its chain in the PEM file FILE, which may hold the key as well' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l tls-key -d 'The private key of --tls-cert' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l alpn -d 'Application protocols, in order of preference' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l tls-min -d 'Oldest version to accept: 1.2 or 1.3' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l tls-max -d 'Newest version to accept: 1.2 or 1.3' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l tls-keylog -d 'Append the secrets of sessions to FILE, for Wireshark [default: SSLKEYLOGFILE of the environment]' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l output -d 'Also write received bytes to FILE, unchanged and without tags; several connections share the file' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l hex-dump -d 'Write received and sent bytes to FILE as a hex dump; - is standard error' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l rate -d 'Limit each connection to SIZE bytes a second, each way' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l delay -d 'Pause for this long after each line that is sent' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l backlog -d 'Length of the accept queue; the kernel caps it' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l ready-file -d 'Write the addresses to this file once ready' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l ready-fd -d 'Write the addresses to this inherited descriptor once ready, and close it' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l nodelay -d 'Send small segments at once (no Nagle)' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l keepalive -d 'Probe a silent peer: seconds before the first probe, between probes, and how many' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l linger -d 'Make close wait for unsent data; 0 makes it send RST' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l mss -d 'Largest TCP segment' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l user-timeout -d 'Abort the connection when data stays unacknowledged this long' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l congestion -d 'Congestion control algorithm' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l reuseaddr -d 'Bind an address that is still in TIME-WAIT [listeners: on by default]' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l reuseport -d 'Let several sockets share one address' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l sndbuf -d 'Send buffer; the kernel doubles it' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l rcvbuf -d 'Receive buffer; the kernel doubles it' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l ttl -d 'Time to live, or hop limit, of packets sent' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l tos -d 'Type of service, or traffic class, of packets sent' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l device -d 'Use this network interface only' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l mark -d 'Mark packets for routing and filtering' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l freebind -d 'Bind addresses this machine does not have' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l packets -d 'Show each packet between the states; =hex adds its bytes. Needs CAP_NET_RAW' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l pcap -d 'Save the packets in FILE, which Wireshark opens (pcapng); - is standard output' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l diagram -d 'Draw the conversations in FILE: .svg, .mmd (Mermaid) or text; - is standard output' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l v6only -d 'Accept IPv6 only on an IPv6 socket [with -6: on by default]' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l events -d 'Send events to a file, to standard output (-) or to an inherited descriptor (fd:N)' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l color -d 'When to use colour; NO_COLOR is honoured' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l activation -d 'Use the sockets passed by the service manager (LISTEN_FDS, sd_listen_fds(3)) instead of an address'
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l inetd -d 'Use standard input, a socket passed by inetd, instead of an address; no events are written to it'
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l public -d 'Listen on every interface, in both families, instead of loopback'
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -s 4 -l ipv4 -d 'IPv4 only'
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -s 6 -l ipv6 -d 'IPv6 only'
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -s n -l numeric -d 'No DNS: hosts are literal addresses'
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l raw -d 'Relay lines without stamps, commands and notices; still truncated to --max-line'
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l announce -d 'Announce members who join and leave'
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l tls -d 'Use TLS; without --tls-cert, with a certificate made for this run, whose pin is in the event tls'
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l tls-allow-truncated -d 'Accept a FIN without close_notify as the end of data, for old peers'
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l both -d 'Also write sent bytes to the file of --output'
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l append-output -d 'Append to the files of --output and --hex-dump instead of truncating them'
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l mptcp -d 'Use Multipath TCP; a connection to a peer without it falls back to TCP, and an event reports it'
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l json -d 'Print events and reports as JSON, one object per line'
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -s q -l quiet -d 'Print errors only'
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -s b -l brief -d 'Print one line at the start and one at the end of each connection'
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -s v -l verbose -d 'Print details too: data moved, TCP_INFO, options read back, DNS answers'
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l nick -d 'Set your nickname' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -s w -l timeout -d 'Give up connecting after this long, the TLS handshake included' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l idle-timeout -d 'End when the connection is idle for this long' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l eof-wait -d 'Wait at most this long for the peer after standard input ended' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l on-peer-eof -d 'Action when the peer has finished sending and standard input is still open [default: end on a terminal, send the rest of a file, send a pipe until it ends or the peer is gone]' -r -f -a "end\t'End the connection'
keep\t'Send standard input to its end'"
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l tls-ca -d 'Trust the roots in FILE instead of the system\'s; applies to an https:// proxy too' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l tls-pin -d 'Accept exactly the certificate with this SHA-256 fingerprint, in hexadecimal digits; repeatable' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l tls-name -d 'The name to send (SNI) and to verify [default: the host]' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l tls-cert -d 'Present the certificate and its chain in the PEM file FILE, which may hold the key as well' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l tls-key -d 'The private key of --tls-cert' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l alpn -d 'Application protocols, in order of preference' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l tls-min -d 'Oldest version to accept: 1.2 or 1.3' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l tls-max -d 'Newest version to accept: 1.2 or 1.3' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l tls-keylog -d 'Append the secrets of sessions to FILE, for Wireshark [default: SSLKEYLOGFILE of the environment]' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l output -d 'Also write received bytes to FILE, unchanged and without tags; several connections share the file' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l hex-dump -d 'Write received and sent bytes to FILE as a hex dump; - is standard error' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l rate -d 'Limit each connection to SIZE bytes a second, each way' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l delay -d 'Pause for this long after each line that is sent' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l proxy -d 'Connect through a proxy: socks4, socks4a, socks5, socks5h, http or https://HOST[:PORT]. The proxy resolves names, except with socks4 and socks5. USER:PASSWORD@ may precede HOST, but every user of this machine can see arguments' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l proxy-auth-file -d 'Read USER:PASSWORD for the proxy from the first line of FILE [default: SOQUETE_PROXY_AUTH of the environment]' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l source -d 'Local address: ADDR, ADDR:PORT or :PORT' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l nodelay -d 'Send small segments at once (no Nagle)' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l keepalive -d 'Probe a silent peer: seconds before the first probe, between probes, and how many' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l linger -d 'Make close wait for unsent data; 0 makes it send RST' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l mss -d 'Largest TCP segment' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l user-timeout -d 'Abort the connection when data stays unacknowledged this long' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l congestion -d 'Congestion control algorithm' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l reuseaddr -d 'Bind an address that is still in TIME-WAIT [listeners: on by default]' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l reuseport -d 'Let several sockets share one address' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l v6only -d 'Accept IPv6 only on an IPv6 socket' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l sndbuf -d 'Send buffer; the kernel doubles it' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l rcvbuf -d 'Receive buffer; the kernel doubles it' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l ttl -d 'Time to live, or hop limit, of packets sent' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l tos -d 'Type of service, or traffic class, of packets sent' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l device -d 'Use this network interface only' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l mark -d 'Mark packets for routing and filtering' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l freebind -d 'Bind addresses this machine does not have' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l packets -d 'Show each packet between the states; =hex adds its bytes. Needs CAP_NET_RAW' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l pcap -d 'Save the packets in FILE, which Wireshark opens (pcapng); - is standard output' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l diagram -d 'Draw the conversations in FILE: .svg, .mmd (Mermaid) or text; - is standard output' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l on-eof -d 'Action when standard input ends [through a proxy: keep, because common proxies drop the connection at a FIN]' -r -f -a "half-close\t'Send FIN and continue reading'
keep\t'Send nothing and continue reading'
close\t'Close at once'"
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l events -d 'Send events to a file, to standard output (-) or to an inherited descriptor (fd:N)' -r
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l color -d 'When to use colour; NO_COLOR is honoured' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l tls -d 'Use TLS; the server\'s certificate is verified against the system\'s roots and the host'
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l tls-insecure -d 'Accept any certificate, with a warning; applies to an https:// proxy too'
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l tls-allow-truncated -d 'Accept a FIN without close_notify as the end of data, for old peers'
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l both -d 'Also write sent bytes to the file of --output'
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l append-output -d 'Append to the files of --output and --hex-dump instead of truncating them'
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -s 4 -l ipv4 -d 'IPv4 only'
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -s 6 -l ipv6 -d 'IPv6 only'
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -s n -l numeric -d 'No DNS: hosts are literal addresses'
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l mptcp -d 'Use Multipath TCP; a connection to a peer without it falls back to TCP, and an event reports it'
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l json -d 'Print events and reports as JSON, one object per line'
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -s q -l quiet -d 'Print errors only'
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -s b -l brief -d 'Print one line at the start and one at the end of each connection'
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -s v -l verbose -d 'Print details too: data moved, TCP_INFO, options read back, DNS answers'
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l targets -d 'Read more targets from FILE, one host a line; # begins a comment' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l ordered -d 'Print the answers to one line in the order of the targets; a target without an answer delays the others by DUR at most' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -s w -l timeout -d 'Give up on a target that is not connected for this long' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l idle-timeout -d 'End a connection that is idle for this long' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l eof-wait -d 'Wait at most this long for the peer after standard input ended' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l on-peer-eof -d 'Action when the peer has finished sending and standard input is still open [default: end on a terminal, send the rest of a file, send a pipe until it ends or the peer is gone]' -r -f -a "end\t'End the connection'
keep\t'Send standard input to its end'"
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l tls-ca -d 'Trust the roots in FILE instead of the system\'s; applies to an https:// proxy too' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l tls-pin -d 'Accept exactly the certificate with this SHA-256 fingerprint, in hexadecimal digits; repeatable' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l tls-name -d 'The name to send (SNI) and to verify [default: the host]' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l tls-cert -d 'Present the certificate and its chain in the PEM file FILE, which may hold the key as well' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l tls-key -d 'The private key of --tls-cert' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l alpn -d 'Application protocols, in order of preference' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l tls-min -d 'Oldest version to accept: 1.2 or 1.3' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l tls-max -d 'Newest version to accept: 1.2 or 1.3' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l tls-keylog -d 'Append the secrets of sessions to FILE, for Wireshark [default: SSLKEYLOGFILE of the environment]' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l output -d 'Also write received bytes to FILE, unchanged and without tags; several connections share the file' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l hex-dump -d 'Write received and sent bytes to FILE as a hex dump; - is standard error' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l rate -d 'Limit each connection to SIZE bytes a second, each way' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l delay -d 'Pause for this long after each line that is sent' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l proxy -d 'Connect through a proxy: socks4, socks4a, socks5, socks5h, http or https://HOST[:PORT]. The proxy resolves names, except with socks4 and socks5. USER:PASSWORD@ may precede HOST, but every user of this machine can see arguments' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l proxy-auth-file -d 'Read USER:PASSWORD for the proxy from the first line of FILE [default: SOQUETE_PROXY_AUTH of the environment]' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l source -d 'Local address: ADDR, ADDR:PORT or :PORT' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l nodelay -d 'Send small segments at once (no Nagle)' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l keepalive -d 'Probe a silent peer: seconds before the first probe, between probes, and how many' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l linger -d 'Make close wait for unsent data; 0 makes it send RST' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l mss -d 'Largest TCP segment' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l user-timeout -d 'Abort the connection when data stays unacknowledged this long' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l congestion -d 'Congestion control algorithm' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l reuseaddr -d 'Bind an address that is still in TIME-WAIT [listeners: on by default]' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l reuseport -d 'Let several sockets share one address' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l v6only -d 'Accept IPv6 only on an IPv6 socket' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l sndbuf -d 'Send buffer; the kernel doubles it' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l rcvbuf -d 'Receive buffer; the kernel doubles it' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l ttl -d 'Time to live, or hop limit, of packets sent' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l tos -d 'Type of service, or traffic class, of packets sent' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l device -d 'Use this network interface only' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l mark -d 'Mark packets for routing and filtering' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l freebind -d 'Bind addresses this machine does not have' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l packets -d 'Show each packet between the states; =hex adds its bytes. Needs CAP_NET_RAW' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l pcap -d 'Save the packets in FILE, which Wireshark opens (pcapng); - is standard output' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l diagram -d 'Draw the conversations in FILE: .svg, .mmd (Mermaid) or text; - is standard output' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l on-eof -d 'Action when standard input ends [through a proxy: keep, because common proxies drop the connection at a FIN]' -r -f -a "half-close\t'Send FIN and continue reading'
keep\t'Send nothing and continue reading'
close\t'Close at once'"
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l events -d 'Send events to a file, to standard output (-) or to an inherited descriptor (fd:N)' -r
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l color -d 'When to use colour; NO_COLOR is honoured' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l no-prefix -d 'Print lines without [HOST:PORT]'
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l reconnect -d 'Reconnect to a target that fails or closes, with increasing delays'
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l tls -d 'Use TLS; the server\'s certificate is verified against the system\'s roots and the host'
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l tls-insecure -d 'Accept any certificate, with a warning; applies to an https:// proxy too'
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l tls-allow-truncated -d 'Accept a FIN without close_notify as the end of data, for old peers'
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l both -d 'Also write sent bytes to the file of --output'
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l append-output -d 'Append to the files of --output and --hex-dump instead of truncating them'
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -s 4 -l ipv4 -d 'IPv4 only'
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -s 6 -l ipv6 -d 'IPv6 only'
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -s n -l numeric -d 'No DNS: hosts are literal addresses'
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l mptcp -d 'Use Multipath TCP; a connection to a peer without it falls back to TCP, and an event reports it'
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l json -d 'Print events and reports as JSON, one object per line'
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -s q -l quiet -d 'Print errors only'
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -s b -l brief -d 'Print one line at the start and one at the end of each connection'
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -s v -l verbose -d 'Print details too: data moved, TCP_INFO, options read back, DNS answers'
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c soquete -n "__fish_soquete_using_subcommand stat" -l state -d 'Sockets in this state; may be repeated' -r -f -a "CLOSED\t''
LISTEN\t''
SYN-SENT\t''
SYN-RECEIVED\t''
ESTABLISHED\t''
FIN-WAIT-1\t''
FIN-WAIT-2\t''
CLOSE-WAIT\t''
CLOSING\t''
LAST-ACK\t''
TIME-WAIT\t''
UNCONNECTED\t''
CONNECTED\t''"
complete -c soquete -n "__fish_soquete_using_subcommand stat" -l local -d 'Sockets with this local address; may be repeated' -r
complete -c soquete -n "__fish_soquete_using_subcommand stat" -l peer -d 'Sockets with this peer address; may be repeated' -r
complete -c soquete -n "__fish_soquete_using_subcommand stat" -l watch -d 'Show changes instead, as they happen; read the table every DUR' -r
complete -c soquete -n "__fish_soquete_using_subcommand stat" -l top -d 'Show a live view instead, a frame every DUR [1s]: rates, queues as bars, round-trip times; q ends it' -r
complete -c soquete -n "__fish_soquete_using_subcommand stat" -l wait -d 'Wait until \'listen PORT\', \'gone PORT\', \'established HOST:PORT\' or \'count OP N FILTER\' holds' -r
complete -c soquete -n "__fish_soquete_using_subcommand stat" -l timeout -d 'Time limit of --wait' -r
complete -c soquete -n "__fish_soquete_using_subcommand stat" -l packets -d 'Show each packet between the states; =hex adds its bytes. Needs CAP_NET_RAW' -r
complete -c soquete -n "__fish_soquete_using_subcommand stat" -l pcap -d 'Save the packets in FILE, which Wireshark opens (pcapng); - is standard output' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand stat" -l diagram -d 'Draw the conversations in FILE: .svg, .mmd (Mermaid) or text; - is standard output' -r -F
complete -c soquete -n "__fish_soquete_using_subcommand stat" -l events -d 'Send events to a file, to standard output (-) or to an inherited descriptor (fd:N)' -r
complete -c soquete -n "__fish_soquete_using_subcommand stat" -l color -d 'When to use colour; NO_COLOR is honoured' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c soquete -n "__fish_soquete_using_subcommand stat" -s t -l tcp -d 'TCP sockets'
complete -c soquete -n "__fish_soquete_using_subcommand stat" -s u -l udp -d 'UDP sockets'
complete -c soquete -n "__fish_soquete_using_subcommand stat" -s x -l unix -d 'UNIX sockets'
complete -c soquete -n "__fish_soquete_using_subcommand stat" -s l -l listening -d 'Listening sockets: LISTEN, and UNCONNECTED for datagrams'
complete -c soquete -n "__fish_soquete_using_subcommand stat" -s a -l all -d 'All states, the default; accepted for netstat compatibility'
complete -c soquete -n "__fish_soquete_using_subcommand stat" -s p -l processes -d 'Show the processes that hold each socket'
complete -c soquete -n "__fish_soquete_using_subcommand stat" -s e -l extended -d 'Show more of each socket: owner, inode, rtt, cwnd, retransmits, timer, memory, congestion control'
complete -c soquete -n "__fish_soquete_using_subcommand stat" -l summary -d 'Count sockets by state instead'
complete -c soquete -n "__fish_soquete_using_subcommand stat" -s 4 -l ipv4 -d 'IPv4 only'
complete -c soquete -n "__fish_soquete_using_subcommand stat" -s 6 -l ipv6 -d 'IPv6 only'
complete -c soquete -n "__fish_soquete_using_subcommand stat" -s n -l numeric -d 'No DNS: hosts are literal addresses'
complete -c soquete -n "__fish_soquete_using_subcommand stat" -l json -d 'Print events and reports as JSON, one object per line'
complete -c soquete -n "__fish_soquete_using_subcommand stat" -s q -l quiet -d 'Print errors only'
complete -c soquete -n "__fish_soquete_using_subcommand stat" -s b -l brief -d 'Print one line at the start and one at the end of each connection'
complete -c soquete -n "__fish_soquete_using_subcommand stat" -s v -l verbose -d 'Print details too: data moved, TCP_INFO, options read back, DNS answers'
complete -c soquete -n "__fish_soquete_using_subcommand stat" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c soquete -n "__fish_soquete_using_subcommand demo" -l speed -d 'Playback speed, from 0.1 to 100' -r
complete -c soquete -n "__fish_soquete_using_subcommand demo" -l lang -d 'Language of the explanations [default: from LC_ALL, LC_MESSAGES or LANG]' -r -f -a "en\t'English'
pt\t'Portuguese'"
complete -c soquete -n "__fish_soquete_using_subcommand demo" -l events -d 'Send events to a file, to standard output (-) or to an inherited descriptor (fd:N)' -r
complete -c soquete -n "__fish_soquete_using_subcommand demo" -l color -d 'When to use colour; NO_COLOR is honoured' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c soquete -n "__fish_soquete_using_subcommand demo" -l json -d 'Print events and reports as JSON, one object per line'
complete -c soquete -n "__fish_soquete_using_subcommand demo" -s q -l quiet -d 'Print errors only'
complete -c soquete -n "__fish_soquete_using_subcommand demo" -s b -l brief -d 'Print one line at the start and one at the end of each connection'
complete -c soquete -n "__fish_soquete_using_subcommand demo" -s v -l verbose -d 'Print details too: data moved, TCP_INFO, options read back, DNS answers'
complete -c soquete -n "__fish_soquete_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c soquete -n "__fish_soquete_using_subcommand completions" -l events -d 'Send events to a file, to standard output (-) or to an inherited descriptor (fd:N)' -r
complete -c soquete -n "__fish_soquete_using_subcommand completions" -l color -d 'When to use colour; NO_COLOR is honoured' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c soquete -n "__fish_soquete_using_subcommand completions" -l json -d 'Print events and reports as JSON, one object per line'
complete -c soquete -n "__fish_soquete_using_subcommand completions" -s q -l quiet -d 'Print errors only'
complete -c soquete -n "__fish_soquete_using_subcommand completions" -s b -l brief -d 'Print one line at the start and one at the end of each connection'
complete -c soquete -n "__fish_soquete_using_subcommand completions" -s v -l verbose -d 'Print details too: data moved, TCP_INFO, options read back, DNS answers'
complete -c soquete -n "__fish_soquete_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'

# Hosts, services and interfaces are those of the machine on which a word is completed.
function __soquete_places
    test -r ~/.ssh/known_hosts
    and awk '{ place = ($1 ~ /^@/) ? $2 : $1; count = split(place, names, ","); for (i = 1; i <= count; i++) { name = names[i]; sub(/^[[]/, "", name); sub(/[]](:[0-9]+)?$/, "", name); if (name ~ /^[A-Za-z0-9][A-Za-z0-9.:_-]*$/) print name } }' ~/.ssh/known_hosts 2>/dev/null
    test -r /etc/hosts
    and awk '{ sub(/#.*/, ""); for (i = 2; i <= NF; i++) if ($i ~ /^[A-Za-z0-9][A-Za-z0-9._-]*$/) print $i }' /etc/hosts 2>/dev/null
    test -r /etc/services
    and awk '$1 ~ /^[A-Za-z][A-Za-z0-9_-]*$/ { print $1 }' /etc/services 2>/dev/null
end

function __soquete_interfaces
    command ls /sys/class/net 2>/dev/null
end

complete -c soquete -n "__fish_soquete_using_subcommand listen" -a "(__soquete_places)"
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l forward -x -a "(__soquete_places)"
complete -c soquete -n "__fish_soquete_using_subcommand listen" -l device -x -a "(__soquete_interfaces)"
complete -c soquete -n "__fish_soquete_using_subcommand connect check wait" -a "(__soquete_places)"
complete -c soquete -n "__fish_soquete_using_subcommand connect check wait" -l device -x -a "(__soquete_interfaces)"
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -a "(__soquete_places)"
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l forward -x -a "(__soquete_places)"
complete -c soquete -n "__fish_soquete_using_subcommand udp-serve" -l device -x -a "(__soquete_interfaces)"
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -a "(__soquete_places)"
complete -c soquete -n "__fish_soquete_using_subcommand udp-send" -l device -x -a "(__soquete_interfaces)"
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -a "(__soquete_places)"
complete -c soquete -n "__fish_soquete_using_subcommand chat-serve" -l device -x -a "(__soquete_interfaces)"
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -a "(__soquete_places)"
complete -c soquete -n "__fish_soquete_using_subcommand chat-join" -l device -x -a "(__soquete_interfaces)"
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -a "(__soquete_places)"
complete -c soquete -n "__fish_soquete_using_subcommand multi-connect" -l device -x -a "(__soquete_interfaces)"
complete -c soquete -n "__fish_soquete_using_subcommand stat" -a "(__soquete_places)"
complete -c soquete -n "__fish_soquete_using_subcommand stat" -l local -x -a "(__soquete_places)"
complete -c soquete -n "__fish_soquete_using_subcommand stat" -l peer -x -a "(__soquete_places)"

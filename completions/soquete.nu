module completions {

  def "nu-complete soquete color" [] {
    [ "auto" "always" "never" ]
  }

  # Open sockets with explicit control, see every state they go through, script them with JSON
  export extern soquete [
    --json                    # Print events and reports as JSON, one object per line
    --events: string          # Send events to a file, to standard output (-) or to an inherited descriptor (fd:N)
    --quiet(-q)               # Print errors only
    --brief(-b)               # Print one line at the start and one at the end of each connection
    --verbose(-v)             # Print details too: data moved, TCP_INFO, options read back, DNS answers
    --color: string@"nu-complete soquete color" # When to use colour; NO_COLOR is honoured
    --help(-h)                # Print help (see more with '--help')
    --version(-V)             # Print version
  ]

  def "nu-complete soquete listen proxy_server" [] {
    [ "all" "http" "socks" ]
  }

  def "nu-complete soquete listen on_eof" [] {
    [ "half-close" "keep" "close" ]
  }

  def "nu-complete soquete listen on_peer_eof" [] {
    [ "end" "keep" ]
  }

  def "nu-complete soquete listen send_proxy_header" [] {
    [ "1" "2" ]
  }

  def "nu-complete soquete listen color" [] {
    [ "auto" "always" "never" ]
  }

  # Accept connections: TCP, UNIX or vsock
  export extern "soquete listen" [
    --keep-open(-k)           # Keep accepting; clients are served at the same time
    --send-only               # Send standard input and print nothing; without -k, end once it is acknowledged
    --recv-only               # Do not read standard input
    --crlf(-C)                # Send line ends as CR LF
    --prefix                  # Tag each line from a client with its address
    --show                    # Print what clients send to the service, escaped on a terminal
    --max-conns: string       # Serve at most N clients at once; others wait in the accept queue
    --reject                  # Reset clients over --max-conns instead of letting them wait
    --accept-timeout: string  # End when there is no client for this long
    --idle-timeout: string    # End a connection that is idle for this long
    --activation              # Use the sockets passed by the service manager (LISTEN_FDS, sd_listen_fds(3)) instead of an address
    --fd: string              # Use the inherited socket of this descriptor number instead of an address
    --inetd                   # Use standard input, a socket passed by inetd, instead of an address; no events are written to it
    --user: string            # Switch to this user once the sockets are bound: a name or number, with its own group or GROUP and no others
    --public                  # Listen on every interface, in both families, instead of loopback
    --socket-mode: string     # Permissions of the file of a UNIX socket, as with chmod [default: 0600]
    --ipv4(-4)                # IPv4 only
    --ipv6(-6)                # IPv6 only
    --numeric(-n)             # No DNS: hosts are literal addresses
    --allow: string           # Serve these peers only: an address, a block as 10.0.0.0/8, a range as 10.0.0.1-10.0.0.9, or a host name; repeatable
    --deny: string            # Refuse these peers, even if allowed; repeatable
    --allow-file: path        # Allow the peers in FILE, one SPEC a line, # begins a comment; an empty file allows nobody
    --deny-file: path         # Refuse the peers in FILE, one SPEC a line
    --echo                    # Send data back
    --upper                   # Send data back in upper case
    --discard                 # Discard data
    --respond: string         # Send TEXT, or the contents of FILE, then FIN. TEXT may contain \r \n \t \0 \\ \xHH; @- is standard input
    --send: path              # Send FILE, then FIN
    --proxy-server: string@"nu-complete soquete listen proxy_server" # Run a proxy: SOCKS4, SOCKS4a, SOCKS5 and HTTP on one port, or those of KIND
    --forward: string         # Forward each client to TARGET through a connection of its own: HOST:PORT, [V6]:PORT, PORT, unix:PATH, vsock:CID:PORT; prefix tls: for TLS
    --exec                    # Run the command after -- for each client, with the connection as its standard input and output
    --sh-exec: string         # Run STRING with /bin/sh -c instead
    --on-eof: string@"nu-complete soquete listen on_eof" # Action when standard input ends
    --eof-wait: string        # Wait at most this long for the peer after standard input ended
    --on-peer-eof: string@"nu-complete soquete listen on_peer_eof" # Action when the peer has finished sending and standard input is still open [default: end on a terminal, send the rest of a file, send a pipe until it ends or the peer is gone]
    --progress                # Show a bar with rate and remaining time (on a terminal); with -v the throughput of the last seconds too
    --send-proxy-header: string@"nu-complete soquete listen send_proxy_header" # Send the target a PROXY header first, version 1 (text) or 2 (binary), with the client's address
    --accept-proxy-header     # Expect a PROXY header of either version before a client's first byte; reset clients without one
    --tls-ca: path            # With tls: targets and https:// proxies, trust the roots in FILE instead of the system's
    --tls-insecure            # With tls: targets and https:// proxies, accept any certificate, with a warning
    --proxy-auth-file: path   # Read USER:PASSWORD for the proxy from the first line of FILE [default: SOQUETE_PROXY_AUTH of the environment]
    --output: path            # Also write received bytes to FILE, unchanged and without tags; several connections share the file
    --both                    # Also write sent bytes to the file of --output
    --hex-dump: string        # Write received and sent bytes to FILE as a hex dump; - is standard error
    --append-output           # Append to the files of --output and --hex-dump instead of truncating them
    --rate: string            # Limit each connection to SIZE bytes a second, each way
    --delay: string           # Pause for this long after each line that is sent
    --auth: string            # Serve this user only; repeatable. Every user of this machine can see arguments: prefer --auth-file
    --auth-file: path         # Serve the users in FILE only, USER:PASSWORD a line, # begins a comment
    --allow-dest: string      # Connect to these addresses only: an address, a block, a range or a host name; repeatable
    --deny-dest: string       # Do not connect to these addresses, even if allowed; repeatable
    --tls                     # Use TLS; without --tls-cert, with a certificate made for this run, whose pin is in the event tls
    --tls-client-ca: path     # Require a client certificate issued by a root in FILE
    --tls-pin: string         # Require a client certificate with this SHA-256 fingerprint, in hexadecimal digits; repeatable
    --tls-name: string        # The name in the certificate made for this run [default: localhost and loopback addresses]
    --tls-cert: path          # Present the certificate and its chain in the PEM file FILE, which may hold the key as well
    --tls-key: path           # The private key of --tls-cert
    --alpn: string            # Application protocols, in order of preference
    --tls-min: string         # Oldest version to accept: 1.2 or 1.3
    --tls-max: string         # Newest version to accept: 1.2 or 1.3
    --tls-keylog: path        # Append the secrets of sessions to FILE, for Wireshark [default: SSLKEYLOGFILE of the environment]
    --tls-allow-truncated     # Accept a FIN without close_notify as the end of data, for old peers
    --backlog: string         # Length of the accept queue; the kernel caps it
    --ready-file: path        # Write the addresses to this file once ready
    --ready-fd: string        # Write the addresses to this inherited descriptor once ready, and close it
    --nodelay: string         # Send small segments at once (no Nagle)
    --keepalive: string       # Probe a silent peer: seconds before the first probe, between probes, and how many
    --linger: string          # Make close wait for unsent data; 0 makes it send RST
    --mss: string             # Largest TCP segment
    --user-timeout: string    # Abort the connection when data stays unacknowledged this long
    --congestion: string      # Congestion control algorithm
    --reuseaddr: string       # Bind an address that is still in TIME-WAIT [listeners: on by default]
    --reuseport: string       # Let several sockets share one address
    --sndbuf: string          # Send buffer; the kernel doubles it
    --rcvbuf: string          # Receive buffer; the kernel doubles it
    --ttl: string             # Time to live, or hop limit, of packets sent
    --tos: string             # Type of service, or traffic class, of packets sent
    --device: string          # Use this network interface only
    --mark: string            # Mark packets for routing and filtering
    --freebind: string        # Bind addresses this machine does not have
    --packets: string         # Show each packet between the states; =hex adds its bytes. Needs CAP_NET_RAW
    --pcap: path              # Save the packets in FILE, which Wireshark opens (pcapng); - is standard output
    --diagram: path           # Draw the conversations in FILE: .svg, .mmd (Mermaid) or text; - is standard output
    --v6only: string          # Accept IPv6 only on an IPv6 socket [with -6: on by default]
    --mptcp                   # Use Multipath TCP; a connection to a peer without it falls back to TCP, and an event reports it
    --proxy: string           # Connect through a proxy: socks4, socks4a, socks5, socks5h, http or https://HOST[:PORT]. The proxy resolves names, except with socks4 and socks5. USER:PASSWORD@ may precede HOST, but every user of this machine can see arguments
    --json                    # Print events and reports as JSON, one object per line
    --events: string          # Send events to a file, to standard output (-) or to an inherited descriptor (fd:N)
    --quiet(-q)               # Print errors only
    --brief(-b)               # Print one line at the start and one at the end of each connection
    --verbose(-v)             # Print details too: data moved, TCP_INFO, options read back, DNS answers
    --color: string@"nu-complete soquete listen color" # When to use colour; NO_COLOR is honoured
    --help(-h)                # Print help (see more with '--help')
    ...address: string        # Where: PORT, HOST PORT, HOST:PORT, [V6]:PORT, unix:PATH, unix:@NAME or vsock:CID:PORT; port 0 takes a free one
  ]

  def "nu-complete soquete connect on_peer_eof" [] {
    [ "end" "keep" ]
  }

  def "nu-complete soquete connect on_eof" [] {
    [ "half-close" "keep" "close" ]
  }

  def "nu-complete soquete connect color" [] {
    [ "auto" "always" "never" ]
  }

  # Open a connection, or test ports
  export extern "soquete connect" [
    --fd: string              # Use the inherited connection of this descriptor number instead of an address
    --check(-z)               # Test ports, one row each: open, closed or filtered; with --tls test the handshake too
    --timeout(-w): string     # Give up after this long, all addresses and the TLS handshake together; with --check, each port
    --wait: string            # Retry for this long, or forever, until it succeeds
    --until-closed            # Wait until the ports refuse connections; a port that does not answer may still be open
    --repeat: string          # With --check: test N times, then report min, median, p99, max and loss of each target
    --interval: string        # Time between tests [default: 200ms]; without --repeat, test until interrupted
    --expect: string          # With --check: a port is open if the answer matches this regular expression
    --send: string            # Send TEXT first; it may contain \r \n \t \0 \\ \xHH, @FILE sends a file
    --send-only               # Send standard input and end once it is acknowledged
    --recv-only               # Do not read standard input
    --crlf(-C)                # Send line ends as CR LF
    --idle-timeout: string    # End when the connection is idle for this long
    --exec                    # Run the command after -- for each client, with the connection as its standard input and output
    --sh-exec: string         # Run STRING with /bin/sh -c instead
    --eof-wait: string        # Wait at most this long for the peer after standard input ended
    --on-peer-eof: string@"nu-complete soquete connect on_peer_eof" # Action when the peer has finished sending and standard input is still open [default: end on a terminal, send the rest of a file, send a pipe until it ends or the peer is gone]
    --progress                # Show a bar with rate and remaining time (on a terminal); with -v the throughput of the last seconds too
    --output: path            # Also write received bytes to FILE, unchanged and without tags; several connections share the file
    --both                    # Also write sent bytes to the file of --output
    --hex-dump: string        # Write received and sent bytes to FILE as a hex dump; - is standard error
    --append-output           # Append to the files of --output and --hex-dump instead of truncating them
    --rate: string            # Limit each connection to SIZE bytes a second, each way
    --delay: string           # Pause for this long after each line that is sent
    --tls                     # Use TLS; the server's certificate is verified against the system's roots and the host
    --tls-ca: path            # Trust the roots in FILE instead of the system's; applies to an https:// proxy too
    --tls-pin: string         # Accept exactly the certificate with this SHA-256 fingerprint, in hexadecimal digits; repeatable
    --tls-insecure            # Accept any certificate, with a warning; applies to an https:// proxy too
    --tls-name: string        # The name to send (SNI) and to verify [default: the host]
    --tls-cert: path          # Present the certificate and its chain in the PEM file FILE, which may hold the key as well
    --tls-key: path           # The private key of --tls-cert
    --alpn: string            # Application protocols, in order of preference
    --tls-min: string         # Oldest version to accept: 1.2 or 1.3
    --tls-max: string         # Newest version to accept: 1.2 or 1.3
    --tls-keylog: path        # Append the secrets of sessions to FILE, for Wireshark [default: SSLKEYLOGFILE of the environment]
    --tls-allow-truncated     # Accept a FIN without close_notify as the end of data, for old peers
    --proxy: string           # Connect through a proxy: socks4, socks4a, socks5, socks5h, http or https://HOST[:PORT]. The proxy resolves names, except with socks4 and socks5. USER:PASSWORD@ may precede HOST, but every user of this machine can see arguments
    --proxy-auth-file: path   # Read USER:PASSWORD for the proxy from the first line of FILE [default: SOQUETE_PROXY_AUTH of the environment]
    --source: string          # Local address: ADDR, ADDR:PORT or :PORT
    --ipv4(-4)                # IPv4 only
    --ipv6(-6)                # IPv6 only
    --numeric(-n)             # No DNS: hosts are literal addresses
    --nodelay: string         # Send small segments at once (no Nagle)
    --keepalive: string       # Probe a silent peer: seconds before the first probe, between probes, and how many
    --linger: string          # Make close wait for unsent data; 0 makes it send RST
    --mss: string             # Largest TCP segment
    --user-timeout: string    # Abort the connection when data stays unacknowledged this long
    --congestion: string      # Congestion control algorithm
    --mptcp                   # Use Multipath TCP; a connection to a peer without it falls back to TCP, and an event reports it
    --reuseaddr: string       # Bind an address that is still in TIME-WAIT [listeners: on by default]
    --reuseport: string       # Let several sockets share one address
    --v6only: string          # Accept IPv6 only on an IPv6 socket
    --sndbuf: string          # Send buffer; the kernel doubles it
    --rcvbuf: string          # Receive buffer; the kernel doubles it
    --ttl: string             # Time to live, or hop limit, of packets sent
    --tos: string             # Type of service, or traffic class, of packets sent
    --device: string          # Use this network interface only
    --mark: string            # Mark packets for routing and filtering
    --freebind: string        # Bind addresses this machine does not have
    --packets: string         # Show each packet between the states; =hex adds its bytes. Needs CAP_NET_RAW
    --pcap: path              # Save the packets in FILE, which Wireshark opens (pcapng); - is standard output
    --diagram: path           # Draw the conversations in FILE: .svg, .mmd (Mermaid) or text; - is standard output
    --on-eof: string@"nu-complete soquete connect on_eof" # Action when standard input ends [through a proxy: keep, because common proxies drop the connection at a FIN]
    --json                    # Print events and reports as JSON, one object per line
    --events: string          # Send events to a file, to standard output (-) or to an inherited descriptor (fd:N)
    --quiet(-q)               # Print errors only
    --brief(-b)               # Print one line at the start and one at the end of each connection
    --verbose(-v)             # Print details too: data moved, TCP_INFO, options read back, DNS answers
    --color: string@"nu-complete soquete connect color" # When to use colour; NO_COLOR is honoured
    --help(-h)                # Print help (see more with '--help')
    ...target: string         # Where: HOST PORT, HOST:PORT, [V6]:PORT, PORT, unix:PATH, unix:@NAME or vsock:CID:PORT; with --check hosts and port lists
  ]

  def "nu-complete soquete udp-serve color" [] {
    [ "auto" "always" "never" ]
  }

  # Receive datagrams, and answer them
  export extern "soquete udp-serve" [
    --join: string            # Join this multicast group on IFACE, or on the interface that the routing table gives
    --count: string           # End after N datagrams; input that is waiting then is sent first, except from a terminal
    --idle-timeout: string    # End when no datagram arrives for this long; with --forward or --exec, end the socket or command of a peer that is silent for this long [default: 60s]
    --activation              # Use the sockets passed by the service manager (LISTEN_FDS, sd_listen_fds(3)) instead of an address
    --fd: string              # Use the inherited socket of this descriptor number instead of an address
    --inetd                   # Use standard input, a socket passed by inetd, instead of an address; no events are written to it
    --user: string            # Switch to this user once the sockets are bound: a name or number, with its own group or GROUP and no others
    --public                  # Listen on every interface, in both families, instead of loopback
    --socket-mode: string     # Permissions of the file of a UNIX socket, as with chmod [default: 0600]
    --ipv4(-4)                # IPv4 only
    --ipv6(-6)                # IPv6 only
    --numeric(-n)             # No DNS: hosts are literal addresses
    --allow: string           # Serve these peers only: an address, a block as 10.0.0.0/8, a range as 10.0.0.1-10.0.0.9, or a host name; repeatable
    --deny: string            # Refuse these peers, even if allowed; repeatable
    --allow-file: path        # Allow the peers in FILE, one SPEC a line, # begins a comment; an empty file allows nobody
    --deny-file: path         # Refuse the peers in FILE, one SPEC a line
    --echo                    # Send each datagram back
    --upper                   # Send each datagram back in upper case
    --respond: string         # Answer each datagram with TEXT, or with the contents of FILE. TEXT may contain \r \n \t \0 \\ \xHH; @- is standard input
    --forward: string         # Forward each peer's datagrams to TARGET through a socket of its own, and the replies back: HOST:PORT, [V6]:PORT, PORT or unix:PATH
    --exec                    # Run the command after -- for each client, with the connection as its standard input and output
    --sh-exec: string         # Run STRING with /bin/sh -c instead
    --max-conns: string       # Run at most N commands at once; datagrams of other peers are dropped [default: 100]
    --lines                   # End each datagram on standard output with a line feed where it has none
    --to-all                  # Send lines to every peer of the last minute instead of the last one
    --send-only               # Send standard input, print nothing, and end when it ends
    --recv-only               # Do not read standard input
    --ready-file: path        # Write the addresses to this file once ready
    --ready-fd: string        # Write the addresses to this inherited descriptor once ready, and close it
    --reuseport: string       # Let several sockets share one address
    --sndbuf: string          # Send buffer; the kernel doubles it
    --rcvbuf: string          # Receive buffer; the kernel doubles it
    --ttl: string             # Time to live, or hop limit, of packets sent
    --tos: string             # Type of service, or traffic class, of packets sent
    --device: string          # Use this network interface only
    --mark: string            # Mark packets for routing and filtering
    --freebind: string        # Bind addresses this machine does not have
    --packets: string         # Show each packet between the states; =hex adds its bytes. Needs CAP_NET_RAW
    --pcap: path              # Save the packets in FILE, which Wireshark opens (pcapng); - is standard output
    --diagram: path           # Draw the conversations in FILE: .svg, .mmd (Mermaid) or text; - is standard output
    --v6only: string          # Accept IPv6 only on an IPv6 socket [with -6: on by default]
    --reuseaddr: string       # Share the address with other sockets that allow it too, as for multicast
    --per-read                # Send each read of standard input, instead of each line, as one datagram, unchanged
    --keep-lf                 # Keep the line feed at the end of each datagram
    --crlf(-C)                # Send line ends as CR LF
    --json                    # Print events and reports as JSON, one object per line
    --events: string          # Send events to a file, to standard output (-) or to an inherited descriptor (fd:N)
    --quiet(-q)               # Print errors only
    --brief(-b)               # Print one line at the start and one at the end of each connection
    --verbose(-v)             # Print details too: data moved, TCP_INFO, options read back, DNS answers
    --color: string@"nu-complete soquete udp-serve color" # When to use colour; NO_COLOR is honoured
    --help(-h)                # Print help (see more with '--help')
    ...address: string        # Where: PORT, HOST PORT, HOST:PORT, [V6]:PORT, unix:PATH or unix:@NAME; port 0 takes a free one
  ]

  def "nu-complete soquete udp-send color" [] {
    [ "auto" "always" "never" ]
  }

  # Send datagrams, and print the replies
  export extern "soquete udp-send" [
    --check(-z)               # Test a port: replied (exit 0), refused (1) or no-answer (3). Sends the messages, or an empty datagram
    --expect: string          # With --check: only a reply that matches this regular expression counts; otherwise no-match, exit status 1
    --wait: string            # With --check: retry for this long, or forever, until there is a reply
    --whole                   # Send all of standard input as one datagram
    --size: string            # Split standard input into datagrams of N bytes, regardless of lines
    --reply-wait: string      # Wait for replies until this long after the last datagram sent or received; 0 does not wait
    --replies: string         # End after N replies; fewer before --reply-wait ends exit with 3
    --repeat: string          # Send everything N times
    --interval(-i): string    # Wait this long between two datagrams
    --broadcast               # Allow a broadcast address, and replies from any address
    --multicast-ttl: string   # Time to live, or hop limit, of multicast datagrams
    --per-read                # Send each read of standard input, instead of each line, as one datagram, unchanged
    --keep-lf                 # Keep the line feed at the end of each datagram
    --crlf(-C)                # Send line ends as CR LF
    --source: string          # Local address: ADDR, ADDR:PORT or :PORT
    --ipv4(-4)                # IPv4 only
    --ipv6(-6)                # IPv6 only
    --numeric(-n)             # No DNS: hosts are literal addresses
    --reuseport: string       # Let several sockets share one address
    --v6only: string          # Accept IPv6 only on an IPv6 socket
    --sndbuf: string          # Send buffer; the kernel doubles it
    --rcvbuf: string          # Receive buffer; the kernel doubles it
    --ttl: string             # Time to live, or hop limit, of packets sent
    --tos: string             # Type of service, or traffic class, of packets sent
    --device: string          # Use this network interface only
    --mark: string            # Mark packets for routing and filtering
    --freebind: string        # Bind addresses this machine does not have
    --packets: string         # Show each packet between the states; =hex adds its bytes. Needs CAP_NET_RAW
    --pcap: path              # Save the packets in FILE, which Wireshark opens (pcapng); - is standard output
    --diagram: path           # Draw the conversations in FILE: .svg, .mmd (Mermaid) or text; - is standard output
    --reuseaddr: string       # Share the address with other sockets that allow it too, as for multicast
    --json                    # Print events and reports as JSON, one object per line
    --events: string          # Send events to a file, to standard output (-) or to an inherited descriptor (fd:N)
    --quiet(-q)               # Print errors only
    --brief(-b)               # Print one line at the start and one at the end of each connection
    --verbose(-v)             # Print details too: data moved, TCP_INFO, options read back, DNS answers
    --color: string@"nu-complete soquete udp-send color" # When to use colour; NO_COLOR is honoured
    --help(-h)                # Print help (see more with '--help')
    ...words: string          # Where: HOST PORT, HOST:PORT, [V6]:PORT, PORT, unix:PATH or unix:@NAME; then the messages
  ]

  def "nu-complete soquete chat-serve slow" [] {
    [ "disconnect" "drop" ]
  }

  def "nu-complete soquete chat-serve color" [] {
    [ "auto" "always" "never" ]
  }

  # Run a line chat that any TCP client can join, or any client of a UNIX socket
  export extern "soquete chat-serve" [
    --activation              # Use the sockets passed by the service manager (LISTEN_FDS, sd_listen_fds(3)) instead of an address
    --fd: string              # Use the inherited socket of this descriptor number instead of an address
    --inetd                   # Use standard input, a socket passed by inetd, instead of an address; no events are written to it
    --user: string            # Switch to this user once the sockets are bound: a name or number, with its own group or GROUP and no others
    --public                  # Listen on every interface, in both families, instead of loopback
    --socket-mode: string     # Permissions of the file of a UNIX socket, as with chmod [default: 0600]
    --ipv4(-4)                # IPv4 only
    --ipv6(-6)                # IPv6 only
    --numeric(-n)             # No DNS: hosts are literal addresses
    --allow: string           # Serve these peers only: an address, a block as 10.0.0.0/8, a range as 10.0.0.1-10.0.0.9, or a host name; repeatable
    --deny: string            # Refuse these peers, even if allowed; repeatable
    --allow-file: path        # Allow the peers in FILE, one SPEC a line, # begins a comment; an empty file allows nobody
    --deny-file: path         # Refuse the peers in FILE, one SPEC a line
    --raw                     # Relay lines without stamps, commands and notices; still truncated to --max-line
    --announce                # Announce members who join and leave
    --history: string         # Send new members the last N lines, at most half of --slow-limit
    --max-clients: string     # Maximum clients; further ones get a notice and are disconnected
    --max-line: string        # Maximum length of a line; the rest is dropped
    --slow: string@"nu-complete soquete chat-serve slow" # Action when a client reads too slowly, less than 1 MiB a second
    --slow-limit: string      # Bytes by which a slow client may fall behind
    --bus: string             # Share the room with other machines through NATS: nats:// or tls://HOST[:PORT]. USER:PASSWORD@ or TOKEN@ may stand before HOST, but an argument is visible to everybody on this machine
    --room: string            # The name of the room on the bus: letters, digits, - and _
    --bus-creds: path         # Log in with a NATS credentials file
    --bus-auth-file: path     # Read USER:PASSWORD or TOKEN for the bus from the first line of FILE [default: SOQUETE_BUS_AUTH of the environment]
    --bus-ca: path            # Trust the roots in FILE instead of the system's, for a bus that speaks TLS
    --bus-wait: string        # Keep trying this long to reach the bus at the start
    --tls                     # Use TLS; without --tls-cert, with a certificate made for this run, whose pin is in the event tls
    --tls-client-ca: path     # Require a client certificate issued by a root in FILE
    --tls-pin: string         # Require a client certificate with this SHA-256 fingerprint, in hexadecimal digits; repeatable
    --tls-name: string        # The name in the certificate made for this run [default: localhost and loopback addresses]
    --tls-cert: path          # Present the certificate and its chain in the PEM file FILE, which may hold the key as well
    --tls-key: path           # The private key of --tls-cert
    --alpn: string            # Application protocols, in order of preference
    --tls-min: string         # Oldest version to accept: 1.2 or 1.3
    --tls-max: string         # Newest version to accept: 1.2 or 1.3
    --tls-keylog: path        # Append the secrets of sessions to FILE, for Wireshark [default: SSLKEYLOGFILE of the environment]
    --tls-allow-truncated     # Accept a FIN without close_notify as the end of data, for old peers
    --output: path            # Also write received bytes to FILE, unchanged and without tags; several connections share the file
    --both                    # Also write sent bytes to the file of --output
    --hex-dump: string        # Write received and sent bytes to FILE as a hex dump; - is standard error
    --append-output           # Append to the files of --output and --hex-dump instead of truncating them
    --rate: string            # Limit each connection to SIZE bytes a second, each way
    --delay: string           # Pause for this long after each line that is sent
    --backlog: string         # Length of the accept queue; the kernel caps it
    --ready-file: path        # Write the addresses to this file once ready
    --ready-fd: string        # Write the addresses to this inherited descriptor once ready, and close it
    --nodelay: string         # Send small segments at once (no Nagle)
    --keepalive: string       # Probe a silent peer: seconds before the first probe, between probes, and how many
    --linger: string          # Make close wait for unsent data; 0 makes it send RST
    --mss: string             # Largest TCP segment
    --user-timeout: string    # Abort the connection when data stays unacknowledged this long
    --congestion: string      # Congestion control algorithm
    --reuseaddr: string       # Bind an address that is still in TIME-WAIT [listeners: on by default]
    --reuseport: string       # Let several sockets share one address
    --sndbuf: string          # Send buffer; the kernel doubles it
    --rcvbuf: string          # Receive buffer; the kernel doubles it
    --ttl: string             # Time to live, or hop limit, of packets sent
    --tos: string             # Type of service, or traffic class, of packets sent
    --device: string          # Use this network interface only
    --mark: string            # Mark packets for routing and filtering
    --freebind: string        # Bind addresses this machine does not have
    --packets: string         # Show each packet between the states; =hex adds its bytes. Needs CAP_NET_RAW
    --pcap: path              # Save the packets in FILE, which Wireshark opens (pcapng); - is standard output
    --diagram: path           # Draw the conversations in FILE: .svg, .mmd (Mermaid) or text; - is standard output
    --v6only: string          # Accept IPv6 only on an IPv6 socket [with -6: on by default]
    --mptcp                   # Use Multipath TCP; a connection to a peer without it falls back to TCP, and an event reports it
    --json                    # Print events and reports as JSON, one object per line
    --events: string          # Send events to a file, to standard output (-) or to an inherited descriptor (fd:N)
    --quiet(-q)               # Print errors only
    --brief(-b)               # Print one line at the start and one at the end of each connection
    --verbose(-v)             # Print details too: data moved, TCP_INFO, options read back, DNS answers
    --color: string@"nu-complete soquete chat-serve color" # When to use colour; NO_COLOR is honoured
    --help(-h)                # Print help (see more with '--help')
    ...address: string        # Where: PORT, HOST PORT, HOST:PORT, [V6]:PORT, unix:PATH or unix:@NAME; port 0 takes a free one [default: localhost 4333]
  ]

  def "nu-complete soquete chat-join on_peer_eof" [] {
    [ "end" "keep" ]
  }

  def "nu-complete soquete chat-join on_eof" [] {
    [ "half-close" "keep" "close" ]
  }

  def "nu-complete soquete chat-join color" [] {
    [ "auto" "always" "never" ]
  }

  # Join a chat room
  export extern "soquete chat-join" [
    --nick: string            # Set your nickname
    --timeout(-w): string     # Give up connecting after this long, the TLS handshake included
    --idle-timeout: string    # End when the connection is idle for this long
    --eof-wait: string        # Wait at most this long for the peer after standard input ended
    --on-peer-eof: string@"nu-complete soquete chat-join on_peer_eof" # Action when the peer has finished sending and standard input is still open [default: end on a terminal, send the rest of a file, send a pipe until it ends or the peer is gone]
    --tls                     # Use TLS; the server's certificate is verified against the system's roots and the host
    --tls-ca: path            # Trust the roots in FILE instead of the system's; applies to an https:// proxy too
    --tls-pin: string         # Accept exactly the certificate with this SHA-256 fingerprint, in hexadecimal digits; repeatable
    --tls-insecure            # Accept any certificate, with a warning; applies to an https:// proxy too
    --tls-name: string        # The name to send (SNI) and to verify [default: the host]
    --tls-cert: path          # Present the certificate and its chain in the PEM file FILE, which may hold the key as well
    --tls-key: path           # The private key of --tls-cert
    --alpn: string            # Application protocols, in order of preference
    --tls-min: string         # Oldest version to accept: 1.2 or 1.3
    --tls-max: string         # Newest version to accept: 1.2 or 1.3
    --tls-keylog: path        # Append the secrets of sessions to FILE, for Wireshark [default: SSLKEYLOGFILE of the environment]
    --tls-allow-truncated     # Accept a FIN without close_notify as the end of data, for old peers
    --output: path            # Also write received bytes to FILE, unchanged and without tags; several connections share the file
    --both                    # Also write sent bytes to the file of --output
    --hex-dump: string        # Write received and sent bytes to FILE as a hex dump; - is standard error
    --append-output           # Append to the files of --output and --hex-dump instead of truncating them
    --rate: string            # Limit each connection to SIZE bytes a second, each way
    --delay: string           # Pause for this long after each line that is sent
    --proxy: string           # Connect through a proxy: socks4, socks4a, socks5, socks5h, http or https://HOST[:PORT]. The proxy resolves names, except with socks4 and socks5. USER:PASSWORD@ may precede HOST, but every user of this machine can see arguments
    --proxy-auth-file: path   # Read USER:PASSWORD for the proxy from the first line of FILE [default: SOQUETE_PROXY_AUTH of the environment]
    --source: string          # Local address: ADDR, ADDR:PORT or :PORT
    --ipv4(-4)                # IPv4 only
    --ipv6(-6)                # IPv6 only
    --numeric(-n)             # No DNS: hosts are literal addresses
    --nodelay: string         # Send small segments at once (no Nagle)
    --keepalive: string       # Probe a silent peer: seconds before the first probe, between probes, and how many
    --linger: string          # Make close wait for unsent data; 0 makes it send RST
    --mss: string             # Largest TCP segment
    --user-timeout: string    # Abort the connection when data stays unacknowledged this long
    --congestion: string      # Congestion control algorithm
    --mptcp                   # Use Multipath TCP; a connection to a peer without it falls back to TCP, and an event reports it
    --reuseaddr: string       # Bind an address that is still in TIME-WAIT [listeners: on by default]
    --reuseport: string       # Let several sockets share one address
    --v6only: string          # Accept IPv6 only on an IPv6 socket
    --sndbuf: string          # Send buffer; the kernel doubles it
    --rcvbuf: string          # Receive buffer; the kernel doubles it
    --ttl: string             # Time to live, or hop limit, of packets sent
    --tos: string             # Type of service, or traffic class, of packets sent
    --device: string          # Use this network interface only
    --mark: string            # Mark packets for routing and filtering
    --freebind: string        # Bind addresses this machine does not have
    --packets: string         # Show each packet between the states; =hex adds its bytes. Needs CAP_NET_RAW
    --pcap: path              # Save the packets in FILE, which Wireshark opens (pcapng); - is standard output
    --diagram: path           # Draw the conversations in FILE: .svg, .mmd (Mermaid) or text; - is standard output
    --on-eof: string@"nu-complete soquete chat-join on_eof" # Action when standard input ends [through a proxy: keep, because common proxies drop the connection at a FIN]
    --json                    # Print events and reports as JSON, one object per line
    --events: string          # Send events to a file, to standard output (-) or to an inherited descriptor (fd:N)
    --quiet(-q)               # Print errors only
    --brief(-b)               # Print one line at the start and one at the end of each connection
    --verbose(-v)             # Print details too: data moved, TCP_INFO, options read back, DNS answers
    --color: string@"nu-complete soquete chat-join color" # When to use colour; NO_COLOR is honoured
    --help(-h)                # Print help (see more with '--help')
    ...address: string        # Where: HOST, PORT, HOST PORT, HOST:PORT, [V6]:PORT, unix:PATH or unix:@NAME [default: localhost 4333]
  ]

  def "nu-complete soquete multi-connect on_peer_eof" [] {
    [ "end" "keep" ]
  }

  def "nu-complete soquete multi-connect on_eof" [] {
    [ "half-close" "keep" "close" ]
  }

  def "nu-complete soquete multi-connect color" [] {
    [ "auto" "always" "never" ]
  }

  # Talk to many servers at once
  export extern "soquete multi-connect" [
    --targets: path           # Read more targets from FILE, one host a line; # begins a comment
    --no-prefix               # Print lines without [HOST:PORT]
    --ordered: string         # Print the answers to one line in the order of the targets; a target without an answer delays the others by DUR at most
    --reconnect               # Reconnect to a target that fails or closes, with increasing delays
    --timeout(-w): string     # Give up on a target that is not connected for this long
    --idle-timeout: string    # End a connection that is idle for this long
    --eof-wait: string        # Wait at most this long for the peer after standard input ended
    --on-peer-eof: string@"nu-complete soquete multi-connect on_peer_eof" # Action when the peer has finished sending and standard input is still open [default: end on a terminal, send the rest of a file, send a pipe until it ends or the peer is gone]
    --tls                     # Use TLS; the server's certificate is verified against the system's roots and the host
    --tls-ca: path            # Trust the roots in FILE instead of the system's; applies to an https:// proxy too
    --tls-pin: string         # Accept exactly the certificate with this SHA-256 fingerprint, in hexadecimal digits; repeatable
    --tls-insecure            # Accept any certificate, with a warning; applies to an https:// proxy too
    --tls-name: string        # The name to send (SNI) and to verify [default: the host]
    --tls-cert: path          # Present the certificate and its chain in the PEM file FILE, which may hold the key as well
    --tls-key: path           # The private key of --tls-cert
    --alpn: string            # Application protocols, in order of preference
    --tls-min: string         # Oldest version to accept: 1.2 or 1.3
    --tls-max: string         # Newest version to accept: 1.2 or 1.3
    --tls-keylog: path        # Append the secrets of sessions to FILE, for Wireshark [default: SSLKEYLOGFILE of the environment]
    --tls-allow-truncated     # Accept a FIN without close_notify as the end of data, for old peers
    --output: path            # Also write received bytes to FILE, unchanged and without tags; several connections share the file
    --both                    # Also write sent bytes to the file of --output
    --hex-dump: string        # Write received and sent bytes to FILE as a hex dump; - is standard error
    --append-output           # Append to the files of --output and --hex-dump instead of truncating them
    --rate: string            # Limit each connection to SIZE bytes a second, each way
    --delay: string           # Pause for this long after each line that is sent
    --proxy: string           # Connect through a proxy: socks4, socks4a, socks5, socks5h, http or https://HOST[:PORT]. The proxy resolves names, except with socks4 and socks5. USER:PASSWORD@ may precede HOST, but every user of this machine can see arguments
    --proxy-auth-file: path   # Read USER:PASSWORD for the proxy from the first line of FILE [default: SOQUETE_PROXY_AUTH of the environment]
    --source: string          # Local address: ADDR, ADDR:PORT or :PORT
    --ipv4(-4)                # IPv4 only
    --ipv6(-6)                # IPv6 only
    --numeric(-n)             # No DNS: hosts are literal addresses
    --nodelay: string         # Send small segments at once (no Nagle)
    --keepalive: string       # Probe a silent peer: seconds before the first probe, between probes, and how many
    --linger: string          # Make close wait for unsent data; 0 makes it send RST
    --mss: string             # Largest TCP segment
    --user-timeout: string    # Abort the connection when data stays unacknowledged this long
    --congestion: string      # Congestion control algorithm
    --mptcp                   # Use Multipath TCP; a connection to a peer without it falls back to TCP, and an event reports it
    --reuseaddr: string       # Bind an address that is still in TIME-WAIT [listeners: on by default]
    --reuseport: string       # Let several sockets share one address
    --v6only: string          # Accept IPv6 only on an IPv6 socket
    --sndbuf: string          # Send buffer; the kernel doubles it
    --rcvbuf: string          # Receive buffer; the kernel doubles it
    --ttl: string             # Time to live, or hop limit, of packets sent
    --tos: string             # Type of service, or traffic class, of packets sent
    --device: string          # Use this network interface only
    --mark: string            # Mark packets for routing and filtering
    --freebind: string        # Bind addresses this machine does not have
    --packets: string         # Show each packet between the states; =hex adds its bytes. Needs CAP_NET_RAW
    --pcap: path              # Save the packets in FILE, which Wireshark opens (pcapng); - is standard output
    --diagram: path           # Draw the conversations in FILE: .svg, .mmd (Mermaid) or text; - is standard output
    --on-eof: string@"nu-complete soquete multi-connect on_eof" # Action when standard input ends [through a proxy: keep, because common proxies drop the connection at a FIN]
    --json                    # Print events and reports as JSON, one object per line
    --events: string          # Send events to a file, to standard output (-) or to an inherited descriptor (fd:N)
    --quiet(-q)               # Print errors only
    --brief(-b)               # Print one line at the start and one at the end of each connection
    --verbose(-v)             # Print details too: data moved, TCP_INFO, options read back, DNS answers
    --color: string@"nu-complete soquete multi-connect color" # When to use colour; NO_COLOR is honoured
    --help(-h)                # Print help (see more with '--help')
    ...target: string         # Where: HOST:PORT, HOST:PORT,PORT, HOST:PORT-PORT, [V6]:PORT, HOST PORTS, PORTS or unix:PATH; 8000- goes up to 65535, - is all
  ]

  def "nu-complete soquete stat state" [] {
    [ "CLOSED" "LISTEN" "SYN-SENT" "SYN-RECEIVED" "ESTABLISHED" "FIN-WAIT-1" "FIN-WAIT-2" "CLOSE-WAIT" "CLOSING" "LAST-ACK" "TIME-WAIT" "UNCONNECTED" "CONNECTED" ]
  }

  def "nu-complete soquete stat color" [] {
    [ "auto" "always" "never" ]
  }

  # Show the socket table
  export extern "soquete stat" [
    --tcp(-t)                 # TCP sockets
    --udp(-u)                 # UDP sockets
    --unix(-x)                # UNIX sockets
    --listening(-l)           # Listening sockets: LISTEN, and UNCONNECTED for datagrams
    --all(-a)                 # All states, the default; accepted for netstat compatibility
    --state: string@"nu-complete soquete stat state" # Sockets in this state; may be repeated
    --local: string           # Sockets with this local address; may be repeated
    --peer: string            # Sockets with this peer address; may be repeated
    --processes(-p)           # Show the processes that hold each socket
    --extended(-e)            # Show more of each socket: owner, inode, rtt, cwnd, retransmits, timer, memory, congestion control
    --summary                 # Count sockets by state instead
    --watch: string           # Show changes instead, as they happen; read the table every DUR
    --top: string             # Show a live view instead, a frame every DUR [1s]: rates, queues as bars, round-trip times; q ends it
    --wait: string            # Wait until 'listen PORT', 'gone PORT', 'established HOST:PORT' or 'count OP N FILTER' holds
    --timeout: string         # Time limit of --wait
    --packets: string         # Show each packet between the states; =hex adds its bytes. Needs CAP_NET_RAW
    --pcap: path              # Save the packets in FILE, which Wireshark opens (pcapng); - is standard output
    --diagram: path           # Draw the conversations in FILE: .svg, .mmd (Mermaid) or text; - is standard output
    --ipv4(-4)                # IPv4 only
    --ipv6(-6)                # IPv6 only
    --numeric(-n)             # No DNS: hosts are literal addresses
    --json                    # Print events and reports as JSON, one object per line
    --events: string          # Send events to a file, to standard output (-) or to an inherited descriptor (fd:N)
    --quiet(-q)               # Print errors only
    --brief(-b)               # Print one line at the start and one at the end of each connection
    --verbose(-v)             # Print details too: data moved, TCP_INFO, options read back, DNS answers
    --color: string@"nu-complete soquete stat color" # When to use colour; NO_COLOR is honoured
    --help(-h)                # Print help (see more with '--help')
    ...filter: string         # Sockets with this at either end: PORT, :PORT, HOST, HOST:PORT, ADDRESS/BITS, unix:PATH or unix:@NAME
  ]

  def "nu-complete soquete demo lesson" [] {
    [ "tcp" "udp" "chat" "many" "refused" "half-close" "reset" "time-wait" "backlog" "all" ]
  }

  def "nu-complete soquete demo lang" [] {
    [ "en" "pt" ]
  }

  def "nu-complete soquete demo color" [] {
    [ "auto" "always" "never" ]
  }

  # Show conversations on loopback: every state and every segment
  export extern "soquete demo" [
    --speed: string           # Playback speed, from 0.1 to 100
    --lang: string@"nu-complete soquete demo lang" # Language of the explanations [default: from LC_ALL, LC_MESSAGES or LANG]
    --json                    # Print events and reports as JSON, one object per line
    --events: string          # Send events to a file, to standard output (-) or to an inherited descriptor (fd:N)
    --quiet(-q)               # Print errors only
    --brief(-b)               # Print one line at the start and one at the end of each connection
    --verbose(-v)             # Print details too: data moved, TCP_INFO, options read back, DNS answers
    --color: string@"nu-complete soquete demo color" # When to use colour; NO_COLOR is honoured
    --help(-h)                # Print help (see more with '--help')
    lesson?: string@"nu-complete soquete demo lesson" # The lesson to show
  ]

  def "nu-complete soquete completions shell" [] {
    [ "bash" "zsh" "fish" "elvish" "powershell" "nushell" ]
  }

  def "nu-complete soquete completions color" [] {
    [ "auto" "always" "never" ]
  }

  # Print the completion script of a shell
  export extern "soquete completions" [
    --json                    # Print events and reports as JSON, one object per line
    --events: string          # Send events to a file, to standard output (-) or to an inherited descriptor (fd:N)
    --quiet(-q)               # Print errors only
    --brief(-b)               # Print one line at the start and one at the end of each connection
    --verbose(-v)             # Print details too: data moved, TCP_INFO, options read back, DNS answers
    --color: string@"nu-complete soquete completions color" # When to use colour; NO_COLOR is honoured
    --help(-h)                # Print help (see more with '--help')
    shell: string@"nu-complete soquete completions shell" # The shell to complete in
  ]

}

export use completions *

//! Access rules: which peers a server serves. Pure. Used by `cli`, `cmd`, the acceptor and the UDP server.

use super::address::Host;
use super::ports::{AddrError, wrong};
use ipnet::IpNet;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// What a rule may be, for error messages.
const EXAMPLES: &str =
    "type an address, a block (10.0.0.0/8), a range (10.0.0.1-10.0.0.9) or a host name; one rule each";

/// The addresses of one rule, as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessSpec {
    /// An address, with or without a zone, or a host name.
    Host(Host),
    /// A block in CIDR notation (RFC 4632), with or without a zone (RFC 4007 11.7).
    Block(IpNet, Option<String>),
    /// Every address from the first to the last, both of one family.
    Range(IpAddr, IpAddr),
}

impl FromStr for AccessSpec {
    type Err = AddrError;

    fn from_str(word: &str) -> Result<Self, AddrError> {
        if let Some((address, bits)) = word.split_once('/') {
            return block(word, address, bits);
        }
        if let Some((first, last)) = word.split_once('-') {
            let (first, last) = (first.trim(), last.trim());
            let zoneless = last.split('%').next().unwrap_or_default();
            // Host names and interface names may have hyphens too.
            if is_address(first) || is_address(zoneless) {
                return range(word, first, last);
            }
        }
        match Host::parse(word) {
            Ok(Host::Name(name)) if ends_in_number(&name) => {
                wrong(format!("{word} is not a whole address; {EXAMPLES}"))
            }
            Ok(host) => Ok(Self::Host(host)),
            Err(_) => wrong(format!("{word:?} is not a rule; {EXAMPLES}")),
        }
    }
}

fn is_address(word: &str) -> bool {
    word.parse::<IpAddr>().is_ok()
}

/// Whether the last label is a number: such a name cannot exist (RFC 3696 2), but the resolver reads it as an IPv4 address
/// (`inet_aton(3)`), `10.1` as 10.0.0.1.
fn ends_in_number(name: &str) -> bool {
    let label = name.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    let hex = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
    hex.map_or_else(
        || !label.is_empty() && label.bytes().all(|b| b.is_ascii_digit()),
        |hex| hex.bytes().all(|b| b.is_ascii_hexdigit()),
    )
}

fn block(word: &str, address: &str, bits: &str) -> Result<AccessSpec, AddrError> {
    let (ip, zone) = address.split_once('%').map_or((address, None), |(ip, zone)| (ip, Some(zone)));
    let Ok(net) = format!("{ip}/{bits}").parse::<IpNet>().map(canonical) else {
        return wrong(format!("{word} is not a block; type ADDRESS/BITS, as in 10.0.0.0/8 or fd00::/8"));
    };
    if zone.is_some_and(|zone| zone.is_empty() || net.addr().is_ipv4()) {
        return wrong(format!("{word} is not a block; a zone is an interface, as in fe80::%eth0/64"));
    }
    Ok(AccessSpec::Block(net, zone.map(str::to_owned)))
}

/// A block of IPv4-mapped addresses (RFC 4291 2.5.5.2) as the IPv4 block it means.
fn canonical(net: IpNet) -> IpNet {
    match (net.addr().to_canonical(), net.prefix_len().checked_sub(96)) {
        (ip @ IpAddr::V4(_), Some(bits)) => IpNet::new(ip, bits).unwrap_or(net),
        _ => net,
    }
}

fn range(word: &str, first: &str, last: &str) -> Result<AccessSpec, AddrError> {
    let (Ok(first), Ok(last)) = (first.parse::<IpAddr>(), last.parse::<IpAddr>()) else {
        return wrong(format!(
            "{word} is not a range; type two whole addresses without zones, as in 10.0.0.1-10.0.0.9"
        ));
    };
    let (first, last) = (first.to_canonical(), last.to_canonical());
    if first.is_ipv4() != last.is_ipv4() {
        return wrong(format!("{word} is not a range; both addresses must be of one family"));
    }
    if first > last {
        return wrong(format!("the range {word} ends before its start; type {last}-{first}"));
    }
    Ok(AccessSpec::Range(first, last))
}

impl fmt::Display for AccessSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host) => host.fmt(f),
            Self::Block(net, None) => net.fmt(f),
            Self::Block(net, Some(zone)) => write!(f, "{}%{zone}/{}", net.addr(), net.prefix_len()),
            Self::Range(first, last) => write!(f, "{first}-{last}"),
        }
    }
}

/// The rules of a file: one a line, `#` begins a comment. Each with the number of its line, from 1.
pub fn lines(text: &str) -> impl Iterator<Item = (usize, Result<AccessSpec, AddrError>)> {
    let rules = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    rules.enumerate().filter(|(_, rule)| !rule.is_empty()).map(|(at, rule)| (at + 1, rule.parse()))
}

/// An address as rules compare it: its zone (0 for none) and the address, an IPv4-mapped one as IPv4.
type Point = (u32, IpAddr);

fn point(address: SocketAddr) -> Point {
    let zone = if let SocketAddr::V6(address) = address { address.scope_id() } else { 0 };
    (zone, address.ip().to_canonical())
}

/// A rule that is ready to be compared with: its name in events, and the addresses it holds for.
#[derive(Clone, Debug)]
pub struct AccessRule {
    name: String,
    spans: Vec<(Point, Point)>,
}

impl AccessRule {
    /// The rule `name` for the addresses of `spec`. Names and zones are looked up, once.
    pub fn new<E>(
        name: String,
        spec: &AccessSpec,
        look_up: impl FnOnce(&Host) -> Result<Vec<SocketAddr>, E>,
    ) -> Result<Self, E> {
        let block = |zone, net: &IpNet| ((zone, net.network()), (zone, net.broadcast()));
        let spans = match spec {
            AccessSpec::Range(first, last) => vec![((0, *first), (0, *last))],
            AccessSpec::Block(net, None) => vec![block(0, net)],
            AccessSpec::Block(net, Some(zone)) => {
                let found = look_up(&Host::Name(format!("{}%{zone}", net.addr())))?;
                found.into_iter().map(|address| block(point(address).0, net)).collect()
            }
            AccessSpec::Host(host) => look_up(host)?.into_iter().map(|a| (point(a), point(a))).collect(),
        };
        Ok(Self { name, spans })
    }
}

/// The peers a server serves: those on the allow list, or all if there is none, without those on the deny list.
#[derive(Clone, Debug, Default)]
pub struct AccessRules {
    allow: Option<RuleTable>,
    deny: RuleTable,
}

/// Why a peer is denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial<'a> {
    /// The deny rule of this name holds for it.
    By(&'a str),
    /// There is an allow list, and the peer is not on it.
    NotAllowed,
}

impl fmt::Display for Denial<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::By(rule) => write!(f, "denied by {rule}"),
            Self::NotAllowed => f.write_str("no --allow rule matches"),
        }
    }
}

impl AccessRules {
    /// Without an allow list every peer that is not denied is served; with an empty one, none.
    #[must_use]
    pub fn new(allow: Option<Vec<AccessRule>>, deny: Vec<AccessRule>) -> Self {
        Self { allow: allow.map(RuleTable::new), deny: RuleTable::new(deny) }
    }

    /// Whether every peer is allowed.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.allow.is_none() && self.deny.spans.is_empty()
    }

    /// Whether `peer` is allowed; the reason if not.
    pub fn check(&self, peer: SocketAddr) -> Result<(), Denial<'_>> {
        match (self.deny.find(peer), &self.allow) {
            (Some(rule), _) => Err(Denial::By(rule)),
            (None, Some(allow)) if allow.find(peer).is_none() => Err(Denial::NotAllowed),
            _ => Ok(()),
        }
    }
}

/// Rules, searched in logarithmic time, since a list may have many thousands.
#[derive(Clone, Debug, Default)]
struct RuleTable {
    names: Vec<String>,
    /// Sorted by first address. Each has the furthest last address of itself and all before it, and the rule that reaches it:
    /// an address beyond that is in none of them.
    spans: Vec<(Point, Point, usize)>,
}

impl RuleTable {
    fn new(rules: Vec<AccessRule>) -> Self {
        let mut table = Self::default();
        for (number, rule) in rules.into_iter().enumerate() {
            table.names.push(rule.name);
            table.spans.extend(rule.spans.into_iter().map(|(first, last)| (first, last, number)));
        }
        table.spans.sort_by_key(|span| span.0);
        for i in 1..table.spans.len() {
            let (_, furthest, rule) = table.spans[i - 1];
            let span = &mut table.spans[i];
            if furthest >= span.1 {
                (span.1, span.2) = (furthest, rule);
            }
        }
        table
    }

    /// The name of a rule that holds for `peer`, whatever the port. A rule without a zone holds in all of them.
    fn find(&self, peer: SocketAddr) -> Option<&str> {
        let (zone, ip) = point(peer);
        let zoned = if zone == 0 { None } else { self.find_point((zone, ip)) };
        self.find_point((0, ip)).or(zoned)
    }

    fn find_point(&self, point: Point) -> Option<&str> {
        let after = self.spans.partition_point(|(first, ..)| *first <= point);
        let (_, furthest, rule) = *self.spans.get(after.checked_sub(1)?)?;
        (furthest >= point).then(|| self.names[rule].as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::convert::Infallible;
    use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV6};

    fn spec(word: &str) -> AccessSpec {
        word.parse().unwrap_or_else(|e| panic!("{word}: {e}"))
    }

    /// Every name has one address; a zone is its number.
    #[allow(clippy::unnecessary_wraps)] // it stands for one that may fail
    fn look_up(host: &Host) -> Result<Vec<SocketAddr>, Infallible> {
        Ok(match host {
            Host::Localhost => vec![at("127.0.0.1"), at("::1")],
            Host::Ip(ip) => vec![(*ip, 0).into()],
            Host::Name(name) => match name.split_once('%') {
                Some((ip, zone)) => {
                    vec![SocketAddrV6::new(ip.parse().unwrap(), 0, 0, zone.parse().unwrap()).into()]
                }
                None => vec![at("192.0.2.7")],
            },
        })
    }

    fn at(ip: &str) -> SocketAddr {
        SocketAddr::new(ip.parse().unwrap(), 0)
    }

    fn list(words: &str) -> Vec<AccessRule> {
        let rule = |word: &str| AccessRule::new(word.to_owned(), &spec(word), look_up).unwrap();
        words.split_whitespace().map(rule).collect()
    }

    fn rules(allow: &str, deny: &str) -> AccessRules {
        AccessRules::new((!allow.is_empty()).then(|| list(allow)), list(deny))
    }

    #[test]
    fn every_kind_of_rule_is_read_and_shown_as_typed() {
        for word in [
            "10.0.0.1",
            "::1",
            "fe80::1%eth0",
            "fe80::1%my-if",
            "10.1.2.3/8",
            "fd00::/8",
            "fe80::%eth0/64",
            "0.0.0.0/0",
            "10.0.0.1-10.0.0.9",
            "::1-::9",
            "localhost",
            "host.example",
            "my-host",
            "10-0-0-1.example",
        ] {
            assert_eq!(spec(word).to_string(), word);
        }
        assert_eq!(spec("10.0.0.1 - 10.0.0.9"), spec("10.0.0.1-10.0.0.9"));
        assert_eq!(spec("::ffff:10.0.0.0/104"), spec("10.0.0.0/8"));
        assert_eq!(spec("[::1]"), spec("::1"));
    }

    #[test]
    fn a_wrong_rule_says_what_to_type() {
        for (word, part) in [
            ("", "type an address"),
            ("10.0.0.1:80", "type an address"),
            ("[::1]:80", "type an address"),
            ("10.0.0.1,10.0.0.2", "one rule each"),
            ("http://host/", "is not a block"),
            ("80", "type an address"),
            ("10.0", "is not a whole address"),
            ("10.0.0.256", "is not a whole address"),
            ("0x7f000001", "is not a whole address"),
            ("10.0.0.300-10.0.0.400", "is not a whole address"),
            ("10.0.0.0/33", "type ADDRESS/BITS"),
            ("10.0.0.0/", "type ADDRESS/BITS"),
            ("10.0.0.0/255.0.0.0", "type ADDRESS/BITS"),
            ("host.example/24", "type ADDRESS/BITS"),
            ("fe80::%/64", "a zone is an interface"),
            ("10.0.0.0%lo/8", "a zone is an interface"),
            ("10.0.0.1-9", "two whole addresses"),
            ("10.0.0.300-10.0.0.9", "two whole addresses"),
            ("fe80::1%eth0-fe80::9%eth0", "without zones"),
            ("10.0.0.9-10.0.0.1", "type 10.0.0.1-10.0.0.9"),
            ("10.0.0.1-::9", "of one family"),
        ] {
            let error = word.parse::<AccessSpec>().expect_err(word).to_string();
            assert!(error.contains(part), "{word}: {error}");
        }
    }

    #[test]
    fn a_file_has_a_rule_a_line_and_comments() {
        let text = "# office\r\n10.0.0.0/8 # all of it\r\n\n  ::1\n10.0.0\n";
        let read: Vec<_> = lines(text).map(|(line, rule)| (line, rule.map_err(drop))).collect();
        assert_eq!(read, [(2, Ok(spec("10.0.0.0/8"))), (4, Ok(spec("::1"))), (5, Err(()))]);
    }

    #[test]
    fn deny_wins_and_an_allow_list_leaves_out_the_rest() {
        let open = rules("", "");
        assert!(open.is_open() && open.check(at("10.0.0.1")).is_ok());
        let deny = rules("", "10.0.0.0/8");
        assert_eq!(deny.check(at("10.1.1.1")), Err(Denial::By("10.0.0.0/8")));
        assert!(!deny.is_open() && deny.check(at("11.1.1.1")).is_ok() && deny.check(at("::1")).is_ok());
        let both = rules("10.0.0.0/8 host.example", "10.0.0.1-10.0.0.9");
        assert_eq!(both.check(at("10.0.0.5")), Err(Denial::By("10.0.0.1-10.0.0.9")));
        assert!(both.check(at("10.0.0.10")).is_ok() && both.check(at("192.0.2.7")).is_ok());
        assert_eq!(both.check(at("192.0.2.8")), Err(Denial::NotAllowed));
        let nobody = AccessRules::new(Some(Vec::new()), Vec::new());
        assert!(!nobody.is_open() && nobody.check(at("127.0.0.1")).is_err());
    }

    #[test]
    fn a_mapped_peer_is_an_ipv4_peer() {
        let rules = rules("", "10.0.0.0/8");
        assert!(rules.check(at("::ffff:10.0.0.1")).is_err());
        assert!(self::rules("", "::/0").check(at("::ffff:10.0.0.1")).is_ok());
        assert!(self::rules("", "0.0.0.0/0").check(at("::1")).is_ok());
        assert!(self::rules("", "::ffff:10.0.0.1").check(at("10.0.0.1")).is_err());
    }

    #[test]
    fn a_zone_limits_a_rule_to_its_link() {
        let peer = |zone| SocketAddr::from(SocketAddrV6::new("fe80::1".parse().unwrap(), 9, 0, zone));
        for word in ["fe80::1%2", "fe80::%2/64"] {
            let rules = rules("", word);
            assert!(rules.check(peer(2)).is_err(), "{word}");
            assert!(rules.check(peer(3)).is_ok() && rules.check(peer(0)).is_ok(), "{word}");
        }
        assert!(rules("", "fe80::1").check(peer(3)).is_err());
        assert!(rules("", "fe80::1%2 10.0.0.1").check(peer(3)).is_ok());
    }

    fn ip() -> impl Strategy<Value = IpAddr> {
        // So few addresses that rules overlap and touch.
        let v4 = (0u32..64).prop_map(|n| IpAddr::from(Ipv4Addr::from(0x0a00_0000 + n)));
        let v6 = (0u128..64).prop_map(|n| IpAddr::from(Ipv6Addr::from(0xfd00 << 112 | n)));
        let mapped = (0u32..64).prop_map(|n| Ipv4Addr::from(0x0a00_0000 + n).to_ipv6_mapped().into());
        prop_oneof![v4, v6, mapped]
    }

    fn any_spec() -> impl Strategy<Value = AccessSpec> {
        let block = (ip(), 0u8..12).prop_map(|(ip, free)| {
            let width = if ip.is_ipv4() { 32 } else { 128 };
            spec(&format!("{ip}/{}", width - free))
        });
        let range = (ip(), ip()).prop_filter_map("a range", |(a, b)| format!("{a}-{b}").parse().ok());
        prop_oneof![ip().prop_map(|ip| AccessSpec::Host(Host::Ip(ip))), block, range]
    }

    /// Whether a rule holds, by its definition.
    fn holds(spec: &AccessSpec, ip: IpAddr) -> bool {
        match spec {
            AccessSpec::Host(Host::Ip(own)) => own.to_canonical() == ip,
            AccessSpec::Block(net, _) => net.contains(&ip),
            AccessSpec::Range(first, last) => {
                first.is_ipv4() == ip.is_ipv4() && (*first..=*last).contains(&ip)
            }
            AccessSpec::Host(_) => false,
        }
    }

    proptest! {
        #[test]
        fn the_table_finds_what_a_look_at_each_rule_finds(
            specs in prop::collection::vec(any_spec(), 0..12),
            peer in ip(),
        ) {
            let rules = specs.iter().map(|s| AccessRule::new(s.to_string(), s, look_up).unwrap()).collect();
            let rules = AccessRules::new(None, rules);
            let peer_ip = peer.to_canonical();
            match rules.check(SocketAddr::new(peer, 9)) {
                Ok(()) => prop_assert!(!specs.iter().any(|s| holds(s, peer_ip))),
                Err(Denial::By(name)) => prop_assert!(holds(&spec(name), peer_ip), "{name}"),
                Err(denial) => prop_assert!(false, "{denial}"),
            }
        }

        #[test]
        fn what_is_shown_is_read_again(one in any_spec()) {
            prop_assert_eq!(spec(&one.to_string()), one);
        }

        #[test]
        fn no_word_panics(word in ".{0,24}|[0-9a-f:./%-]{0,24}") {
            drop(word.parse::<AccessSpec>());
        }
    }
}

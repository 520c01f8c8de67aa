//! Who sends a request: from where, and with which token.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::extract::ConnectInfo;
use chrono::{DateTime, Utc};
use http::{Extensions, HeaderMap};
use ipnet::IpNet;
use uuid::Uuid;

/// Where proxies write the addresses that they have heard from, the last one at the end.
const FORWARDED: &str = "x-forwarded-for";

/// The account that a genuine access token names; whether its session still lives is not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub account: Uuid,
    /// The session.
    pub session: Uuid,
    /// When the token ends.
    pub expires_at: DateTime<Utc>,
}

/// The machine that a request comes from. Resolvers get it as data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its address; none if a trusted proxy has told something else.
    address: Option<IpAddr>,
}

impl Client {
    /// Reads the address of the connection; if that is a trusted proxy, the last one before it that is none. What a client claims stands
    /// before what the proxies have added, and is never reached.
    pub(super) fn of(extensions: &Extensions, headers: &HeaderMap, proxies: &[IpNet]) -> Self {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let mut address = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)).to_canonical();
        let is_proxy = |address: &IpAddr| proxies.iter().any(|proxy| proxy.contains(address));
        let forwarded = headers.get_all(FORWARDED).iter().rev();
        // Each by itself: what is no text on the left says nothing of what stands right of it.
        let forwarded = forwarded
            .flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','))
            .map(<[u8]>::trim_ascii);
        // RFC 9110, 5.6.1.2: empty elements of a list are ignored.
        for before in forwarded.filter(|before| !before.is_empty()) {
            if !is_proxy(&address) {
                break;
            }
            let Some(before) = std::str::from_utf8(before).ok().and_then(address_in) else {
                complain(address);
                return Self { address: None };
            };
            address = before.to_canonical();
        }
        Self { address: Some(address) }
    }

    /// This machine.
    #[must_use]
    pub const fn here() -> Self {
        Self {
            address: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        }
    }

    /// What is counted as one: an IPv4 address, the 64 bits of an IPv6 network, all of which one household or phone has, or all whose
    /// address is unknown.
    #[must_use]
    pub fn network(&self) -> String {
        match self.address {
            Some(IpAddr::V4(address)) => address.to_string(),
            Some(IpAddr::V6(address)) => Ipv6Addr::from(u128::from(address) >> 64 << 64).to_string(),
            None => "unknown".to_owned(),
        }
    }
}

/// The address in an entry: alone, in brackets, or with a port.
fn address_in(entry: &str) -> Option<IpAddr> {
    let bracketed = || entry.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok();
    let with_port = || entry.parse::<SocketAddr>().ok().map(|address| address.ip());
    let alone = entry.parse().ok();
    alone.or_else(|| bracketed().map(IpAddr::V6)).or_else(with_port)
}

/// How often it is said of a proxy.
const COMPLAINED: Duration = Duration::from_secs(3600);
/// Proxies of which it is known at most.
const PROXIES: usize = 1_000;

/// Logs that a proxy says something that can't be read, without what it says: a client may have written it.
fn complain(proxy: IpAddr) {
    static SAID: Mutex<BTreeMap<IpAddr, Instant>> = Mutex::new(BTreeMap::new());
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if is_news(&mut said, proxy, Instant::now()) {
        tracing::warn!(
            %proxy,
            "a trusted proxy says in x-forwarded-for what is no address: all such clients share one limit"
        );
    }
}

/// Whether it wasn't said of a proxy within the last hour; then it counts as said.
fn is_news(said: &mut BTreeMap<IpAddr, Instant>, proxy: IpAddr, now: Instant) -> bool {
    said.retain(|_, at| now.duration_since(*at) < COMPLAINED);
    let is_news = said.len() < PROXIES && !said.contains_key(&proxy);
    if is_news {
        said.insert(proxy, now);
    }
    is_news
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn address(peer: &str, forwarded: &[&'static str], proxies: &[&str]) -> String {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::new(
            peer.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            1,
        )));
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(
                FORWARDED,
                HeaderValue::from_bytes(value.as_bytes()).unwrap_or(HeaderValue::from_static("?")),
            );
        }
        let proxies: Vec<IpNet> = proxies.iter().filter_map(|proxy| proxy.parse().ok()).collect();
        let address = Client::of(&extensions, &headers, &proxies).address;
        address.map_or_else(|| "unknown".to_owned(), |address| address.to_string())
    }

    #[test]
    fn nobody_is_believed_but_proxies() {
        assert_eq!(address("192.0.2.1", &["198.51.100.7"], &[]), "192.0.2.1");
        assert_eq!(
            address("192.0.2.1", &["198.51.100.7"], &["192.0.2.0/24"]),
            "198.51.100.7"
        );
    }

    #[test]
    fn what_a_client_claims_before_the_proxies_is_not_believed() {
        let proxies = ["10.0.0.0/8"];
        let forwarded = ["203.0.113.9, 198.51.100.7", "10.0.0.2"];
        assert_eq!(address("10.0.0.1", &forwarded, &proxies), "198.51.100.7");
        assert_eq!(address("10.0.0.1", &[], &proxies), "10.0.0.1");
        // Of what a client has written, nothing is read: neither much nor nonsense.
        let much: &'static str = Box::leak(format!("{}198.51.100.7", "10.0.0.3, ".repeat(1_000)).into_boxed_str());
        assert_eq!(address("10.0.0.1", &[much, "10.0.0.2"], &proxies), "198.51.100.7");
        let forged: &'static str = Box::leak(format!("{}198.51.100.7", "x,".repeat(5_000)).into_boxed_str());
        assert_eq!(address("10.0.0.1", &[forged], &proxies), "198.51.100.7");
        for forged in ["\u{e9}, 198.51.100.7", "\u{e9}\u{ff},unknown , 198.51.100.7"] {
            assert_eq!(address("10.0.0.1", &[forged], &proxies), "198.51.100.7", "{forged}");
        }
        assert_eq!(address("192.0.2.1", &["unknown"], &proxies), "192.0.2.1");
    }

    #[test]
    fn what_proxies_write_beside_an_address_is_understood() {
        let proxies = ["10.0.0.0/8", "fd00::/8"];
        for (entry, expected) in [
            ("198.51.100.7:4711", "198.51.100.7"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:db8::7]:4711", "2001:db8::7"),
            ("::ffff:198.51.100.7", "198.51.100.7"),
            ("198.51.100.7, [fd00::1]:80, 10.0.0.2:80", "198.51.100.7"),
            ("198.51.100.7, ,", "198.51.100.7"),
            ("", "10.0.0.1"),
            (" , ", "10.0.0.1"),
        ] {
            assert_eq!(address("10.0.0.1", &[entry], &proxies), expected, "{entry}");
        }
    }

    #[test]
    fn whose_address_proxies_dont_know_counts_as_one_and_not_as_the_proxy() {
        let proxies = ["10.0.0.0/8"];
        for entry in [
            "unknown",
            "_hidden",
            "198.51.100.7:x",
            "[198.51.100.7]",
            "198.51.100.7, unknown",
            "\u{fc}",
        ] {
            assert_eq!(address("10.0.0.1", &[entry], &proxies), "unknown", "{entry}");
        }
        let unknown = Client { address: None };
        assert_eq!(unknown.network(), "unknown");
        assert_ne!(unknown.network(), Client::here().network());
    }

    #[test]
    fn it_is_said_once_an_hour_of_each_proxy() {
        let (mut said, now) = (BTreeMap::new(), Instant::now());
        let proxy = |number: u32| IpAddr::V4(Ipv4Addr::from(number));
        let mut is_news =
            |number, seconds| super::is_news(&mut said, proxy(number), now + Duration::from_secs(seconds));
        assert!(is_news(1, 0) && !is_news(1, 0) && is_news(2, 1_800));
        assert!(!is_news(1, 3_599) && is_news(1, 3_600) && !is_news(2, 3_600));
        // However many there seem to be.
        assert_eq!((3..5_000).filter(|number| is_news(*number, 3_600)).count(), PROXIES - 2);
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one() {
        let network = |text: &str| {
            Client {
                address: text.parse().ok(),
            }
            .network()
        };
        assert_eq!(network("2001:db8:1:2:3::4"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:2:3::4"), network("2001:db8:1:3:3::4"));
        assert_eq!(address("::ffff:192.0.2.1", &[], &[]), "192.0.2.1");
    }
}

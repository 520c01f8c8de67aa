//! Who sends a request: from where, and with which token.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

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
    /// Its address.
    pub address: IpAddr,
}

impl Client {
    /// Reads the address of the connection; if that is a trusted proxy, the last one before it that is none.
    pub(super) fn of(extensions: &Extensions, headers: &HeaderMap, proxies: &[IpNet]) -> Self {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let mut address = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)).to_canonical();
        let is_proxy = |address: &IpAddr| proxies.iter().any(|proxy| proxy.contains(address));
        let forwarded = headers.get_all(FORWARDED).iter().rev();
        let forwarded = forwarded.flat_map(|value| value.to_str().unwrap_or_default().rsplit(','));
        for before in forwarded {
            if !is_proxy(&address) {
                break;
            }
            let Ok(before) = before.trim().parse::<IpAddr>() else {
                break;
            };
            address = before.to_canonical();
        }
        Self { address }
    }

    /// This machine.
    #[must_use]
    pub const fn here() -> Self {
        Self {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        }
    }

    /// What is counted as one: an IPv4 address, or the 64 bits of an IPv6 network, all of which one household or phone has.
    #[must_use]
    pub fn network(&self) -> IpAddr {
        match self.address {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from(u128::from(address) >> 64 << 64)),
        }
    }
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
            headers.append(FORWARDED, HeaderValue::from_static(value));
        }
        let proxies: Vec<IpNet> = proxies.iter().filter_map(|proxy| proxy.parse().ok()).collect();
        Client::of(&extensions, &headers, &proxies).address.to_string()
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
        assert_eq!(address("10.0.0.1", &["nonsense"], &proxies), "10.0.0.1");
        assert_eq!(address("10.0.0.1", &[], &proxies), "10.0.0.1");
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one() {
        let network = |text: &str| {
            Client {
                address: text.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            }
            .network()
        };
        assert_eq!(network("2001:db8:1:2:3::4"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:2:3::4"), network("2001:db8:1:3:3::4"));
        assert_eq!(address("::ffff:192.0.2.1", &[], &[]), "192.0.2.1");
    }
}

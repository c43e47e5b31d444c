//! Where a request comes from: the address that is throttled and written down.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, header, request::Parts},
};
use grid_core::error::excerpt;
use uuid::Uuid;

use crate::{app::App, connection::Peer, layers::RequestId};

/// Where a request comes from.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// The client's address.
    pub(crate) address: IpAddr,
    /// What the client says of itself, cut to a printable length.
    pub(crate) user_agent: String,
    /// The request's id.
    pub(crate) request_id: String,
}

impl FromRequestParts<App> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<Peer>>().map(|ConnectInfo(peer)| peer.address.ip());
        let user_agent = parts.headers.get(header::USER_AGENT).map(|value| {
            let text = String::from_utf8_lossy(value.as_bytes());
            text.chars().filter(|character| !character.is_control()).take(120).collect()
        });
        Ok(Self {
            address: client(&parts.headers, peer, app.config().proxies()),
            user_agent: user_agent.unwrap_or_default(),
            request_id: excerpt(&parts.extensions.get::<RequestId>().cloned().unwrap_or_default().urn()),
        })
    }
}

impl Origin {
    /// The network as an owner of what no user's can be. A user's id is of version 7, and never one of these.
    pub(crate) fn as_owner(&self) -> Uuid {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("network {}", self.network()).as_bytes())
    }

    /// What of the address is throttled: an IPv4 address, or the /64 that one subscriber has of IPv6 (RFC 6177).
    pub(crate) fn network(&self) -> IpAddr {
        match self.address {
            IpAddr::V4(_) => self.address,
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::from([a, b, c, d, 0, 0, 0, 0])
            }
        }
    }
}

/// The client's address: that of the peer, or the one that the outermost of `proxies` proxies saw. Each of them adds what
/// it sees to the end of `X-Forwarded-For`; what stands before was written by the client, who may lie.
fn client(headers: &HeaderMap, peer: Option<IpAddr>, proxies: usize) -> IpAddr {
    let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let Some(behind) = proxies.checked_sub(1) else { return peer.to_canonical() };
    let lines: Vec<_> =
        headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).collect();
    let seen = lines.iter().flat_map(|line| line.split(',')).map(str::trim).rev().nth(behind);
    // Some proxies write the port, too.
    let address = seen.and_then(|text| {
        text.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
    });
    address.unwrap_or(peer).to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(lines: &[&'static str], proxies: usize) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        client(&headers, Some("::ffff:192.0.2.9".parse().unwrap()), proxies).to_string()
    }

    #[test]
    fn without_a_proxy_the_header_is_the_clients_own_and_counts_for_nothing() {
        assert_eq!(address(&["203.0.113.1"], 0), "192.0.2.9");
        assert_eq!(address(&[], 0), "192.0.2.9");
    }

    #[test]
    fn a_client_cannot_lie_about_its_address_to_the_proxies() {
        let lines = ["1.1.1.1, 203.0.113.1", "198.51.100.7:4711"];
        assert_eq!(address(&lines, 1), "198.51.100.7");
        assert_eq!(address(&lines, 2), "203.0.113.1");
        assert_eq!(address(&["what"], 1), "192.0.2.9", "what is no address says nothing");
        assert_eq!(address(&lines, 9), "192.0.2.9");
    }

    #[test]
    fn a_subscriber_of_ipv6_is_one_network() {
        let origin = |text: &str| Origin {
            address: text.parse().unwrap(),
            user_agent: String::new(),
            request_id: String::new(),
        };
        assert_eq!(origin("2001:db8:1:2:3:4:5:6").network(), origin("2001:db8:1:2::9").network());
        assert_ne!(origin("2001:db8:1:2::9").network(), origin("2001:db8:1:3::9").network());
        assert_ne!(origin("192.0.2.1").network(), origin("192.0.2.2").network());
    }
}

//! Whose request it is, for limits: behind CloudFront the gateway sees
//! CloudFront's address, so CloudFront says the viewer's, and proves that it is
//! CloudFront with a secret that only it and the functions know. What comes
//! straight to the API counts by the address that it comes from, whatever it says.

use std::net::{IpAddr, Ipv6Addr};

use domain::Source;
use env::Variables;
use http::HeaderMap;
use subtle::ConstantTimeEq;

/// The viewer's address, set by the distribution's function `ApiRequest`.
const ADDRESS: &str = "x-viewer-address";

/// The distribution's secret, added to what it sends to the API.
const PROOF: &str = "x-viewer-proof";

/// Determines the client of a request.
pub struct ClientIps {
    proofs: [String; 2],
}

impl ClientIps {
    /// Reads `VIEWER_PROOF`, two keys in one text. The distribution sends both, and
    /// one that matches is enough: while one is rotated, distribution and functions
    /// may have different texts. If neither matches, requests are counted by
    /// CloudFront's addresses.
    pub fn from_variables(variables: &mut Variables) -> Self {
        Self {
            proofs: variables.halves("VIEWER_PROOF", 32),
        }
    }

    /// Where a request with `headers`, which came from `peer`, was sent.
    pub(crate) fn source(&self, headers: &HeaderMap, peer: &str) -> Source {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let proven = header(PROOF).is_some_and(|proof| self.proves(proof));
        let address = |text: &str| text.parse().ok().map(source_of);
        let viewer = header(ADDRESS).filter(|_| proven).and_then(address);
        viewer
            .or_else(|| address(peer))
            .unwrap_or_else(|| Source::host(peer))
    }

    fn proves(&self, proof: &str) -> bool {
        let [first, second] = &self.proofs;
        let halves = proof.split_at_checked(proof.len() / 2);
        halves.is_some_and(|(one, other)| is_same(one, first) | is_same(other, second))
    }
}

/// An IPv4 address, or the /64 that one subscriber has of IPv6.
fn source_of(address: IpAddr) -> Source {
    match address.to_canonical() {
        IpAddr::V4(address) => Source::host(address.to_string()),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Source {
                host: format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)),
                network: Some(format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))),
            }
        }
    }
}

fn is_same(one: &str, other: &str) -> bool {
    bool::from(one.as_bytes().ct_eq(other.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdeffedcba9876543210fedcba9876543210";

    fn source(address: Option<&str>, proof: Option<&str>) -> Source {
        let (first, second) = SECRET.split_at(SECRET.len() / 2);
        let viewers = ClientIps {
            proofs: [first.to_owned(), second.to_owned()],
        };
        let mut headers = HeaderMap::new();
        for (name, value) in [(ADDRESS, address), (PROOF, proof)] {
            if let Some(value) = value {
                headers.insert(name, value.parse().expect("a header"));
            }
        }
        viewers.source(&headers, "198.51.100.7")
    }

    #[test]
    fn only_who_knows_the_secret_may_say_whose_a_request_is() {
        let viewer = Some("192.0.2.1");
        assert_eq!(source(viewer, Some(SECRET)), Source::host("192.0.2.1"));
        let (first, second) = SECRET.split_at(SECRET.len() / 2);
        for wrong in [
            None,
            Some(""),
            Some("0"),
            Some(&SECRET[..63]),
            Some(first),
            Some(second),
            Some(&format!("{second}{first}")),
            Some(&SECRET.replace('f', "e")),
        ] {
            assert_eq!(
                source(viewer, wrong),
                Source::host("198.51.100.7"),
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn one_half_may_be_rotated_at_a_time() {
        let (first, second) = SECRET.split_at(SECRET.len() / 2);
        let new = "x".repeat(first.len());
        for rotated in [format!("{new}{second}"), format!("{first}{new}")] {
            assert_eq!(
                source(Some("192.0.2.1"), Some(&rotated)),
                Source::host("192.0.2.1")
            );
        }
    }

    #[test]
    fn a_malformed_address_counts_as_the_peer_address() {
        for wrong in [None, Some(""), Some("192.0.2.1, 192.0.2.2"), Some("me")] {
            assert_eq!(
                source(wrong, Some(SECRET)),
                Source::host("198.51.100.7"),
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn item_42_addresses_of_one_subscriber_are_one_source_and_one_network() {
        let one = source(Some("2001:db8:1:2:3:4:5:6"), Some(SECRET));
        assert_eq!(one, source(Some("2001:db8:1:2::1"), Some(SECRET)));
        assert_eq!(one.host, "2001:db8:1:2::/64");
        let neighbour = source(Some("2001:db8:1:3::1"), Some(SECRET));
        assert_ne!(one.host, neighbour.host);
        assert_eq!(one.network.as_deref(), Some("2001:db8:1::/48"));
        assert_eq!(one.network, neighbour.network);
        let stranger = source(Some("2001:db8:2:3::1"), Some(SECRET));
        assert_ne!(one.network, stranger.network);
        assert_eq!(
            source(Some("::ffff:192.0.2.1"), Some(SECRET)),
            Source::host("192.0.2.1")
        );
    }
}

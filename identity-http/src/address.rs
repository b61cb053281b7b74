//! Client addresses of requests that arrive through proxies.
//!
//! Any client can send any header. `X-Forwarded-For` and `Forwarded` (RFC 7239) are therefore evaluated from the right,
//! and only up to the first address that is not a trusted proxy.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header::{FORWARDED, HeaderMap, X_FORWARDED_FOR};
use actix_web::web::Data;
use ipnet::IpNet;

/// Networks of the proxies whose forwarding headers are accepted. Empty by default: the headers are ignored.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Arc<[Network]>);

/// An IP address or a CIDR block, such as `10.0.0.0/8`. A single address is a block with the full prefix length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(IpNet);

impl Network {
    /// Parses an address or a CIDR block: `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/32`.
    ///
    /// # Errors
    /// If the text is neither an address nor a block, or if bits after the prefix are set, as in `192.0.2.1/24`.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self(address.to_canonical().into()));
        }
        let block: IpNet = text.parse().map_err(|_| "must be an IP address, or a block such as `10.0.0.0/8`")?;
        if block.addr() != block.network() {
            return Err("must not have bits set after the prefix length");
        }
        Ok(Self(block))
    }
}

impl TrustedProxies {
    /// Accepts forwarding headers from these networks only.
    #[must_use]
    pub fn new(networks: &[Network]) -> Self {
        Self(networks.into())
    }

    pub(crate) fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|Network(block)| block.contains(&address))
    }

    /// Determines the client address. Forwarding headers are evaluated only if `peer`, the remote address of the
    /// connection, is a trusted proxy.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trust(peer) {
            return peer;
        }
        let values = |name| headers.get_all(name).map(|value| value.to_str().unwrap_or("unreadable"));
        let listed: Vec<&str> = values(X_FORWARDED_FOR).flat_map(|value| value.split(',')).collect();
        let forwarded: Vec<Option<IpAddr>> = values(FORWARDED).flat_map(elements).collect();
        let listed: Vec<Option<IpAddr>> = listed.into_iter().map(node).collect();
        // A proxy writes only one of the two headers, so the other one may come from the client. If both are present
        // and differ, both are ignored.
        let hops = match (listed.is_empty(), forwarded.is_empty()) {
            (false, false) if listed != forwarded => return peer,
            (false, _) => listed,
            (true, _) => forwarded,
        };
        let mut client = peer;
        for hop in hops.into_iter().rev() {
            let Some(address) = hop else { break };
            client = address;
            if !self.trust(address) {
                break;
            }
        }
        client
    }
}

/// Parses the `for` parameter of each element of a `Forwarded` header (RFC 7239 §4), such as
/// `for=192.0.2.1;proto=https`. Splitting at `,` and `;` is safe: addresses contain neither, even when quoted.
fn elements(value: &str) -> impl Iterator<Item = Option<IpAddr>> {
    value.split(',').map(|element| {
        let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
        let (_, address) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
        node(address.trim().trim_matches('"'))
    })
}

/// Parses an address with an optional port: `192.0.2.1:80`, `[2001:db8::1]:80`. Obfuscated identifiers yield `None`.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let address = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None if text.matches(':').count() == 1 => text.split_once(':')?.0,
        None => text,
    };
    address.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// Returns the client address of a request; `None` if the connection has no remote address.
pub(crate) fn of(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    match request.app_data::<Data<TrustedProxies>>() {
        Some(proxies) => Some(proxies.client(peer, request.headers())),
        None => Some(peer.to_canonical()),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn proxies(texts: &[&str]) -> TrustedProxies {
        TrustedProxies::new(&texts.iter().map(|text| Network::parse(text).unwrap()).collect::<Vec<_>>())
    }

    fn client(proxies: &TrustedProxies, peer: &str, headers: &[(&str, &str)]) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        proxies.client(peer.parse().unwrap(), &map).to_string()
    }

    #[test]
    fn blocks_hold_what_begins_like_them() {
        for (block, inside, outside) in [
            ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
            ("192.0.2.128/25", "192.0.2.255", "192.0.2.127"),
            ("0.0.0.0/0", "255.255.255.255", "::1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("::/0", "::1", "127.0.0.1"),
        ] {
            let network = Network::parse(block).unwrap();
            let proxies = TrustedProxies::new(&[network]);
            assert!(proxies.trust(inside.parse().unwrap()) && !proxies.trust(outside.parse().unwrap()), "{block}");
        }
        for text in ["", "x", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/+8", "::1/129", "10.0.0.0/8/8"] {
            assert!(Network::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_stranger_is_not_believed() {
        for trusted in [proxies(&[]), proxies(&["10.0.0.0/8"])] {
            let headers = [("x-forwarded-for", "198.51.100.1"), ("forwarded", "for=198.51.100.1")];
            assert_eq!(client(&trusted, "192.0.2.1", &headers), "192.0.2.1");
        }
    }

    #[test]
    fn trusted_proxies_are_believed_up_to_the_first_other_address() {
        let trusted = proxies(&["10.0.0.0/8", "2001:db8::/32"]);
        for (header, expected) in [
            ("198.51.100.1", "198.51.100.1"),
            ("203.0.113.9, 198.51.100.1", "198.51.100.1"),
            ("203.0.113.9, 198.51.100.1 , 10.0.0.7", "198.51.100.1"),
            ("198.51.100.1:4711", "198.51.100.1"),
            ("[2001:db9::1]:4711", "2001:db9::1"),
            ("2001:db9::1, 2001:db8::1", "2001:db9::1"),
            ("::ffff:198.51.100.1", "198.51.100.1"),
            // If all addresses are trusted proxies, the farthest one counts as the client.
            ("10.0.0.9, 10.0.0.8", "10.0.0.9"),
            // An unreadable entry ends the evaluation at the proxy before it.
            ("198.51.100.1, unknown, 10.0.0.8", "10.0.0.8"),
            ("nonsense", "10.0.0.1"),
            ("", "10.0.0.1"),
        ] {
            assert_eq!(client(&trusted, "10.0.0.1", &[("x-forwarded-for", header)]), expected, "{header}");
            assert_eq!(client(&trusted, "::ffff:10.0.0.1", &[("x-forwarded-for", header)]), expected, "{header}");
        }
        let lines = [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "198.51.100.1, 10.0.0.2")];
        assert_eq!(client(&trusted, "10.0.0.1", &lines), "198.51.100.1");
    }

    #[test]
    fn the_standard_header_says_the_same() {
        let trusted = proxies(&["10.0.0.0/8"]);
        for (header, expected) in [
            ("for=198.51.100.1;proto=https;by=10.0.0.1", "198.51.100.1"),
            ("For=\"[2001:db9::1]:4711\"", "2001:db9::1"),
            ("for=203.0.113.9, proto=http;for=\"198.51.100.1:80\", for=10.0.0.2", "198.51.100.1"),
            ("for=_hidden", "10.0.0.1"),
            ("proto=https", "10.0.0.1"),
        ] {
            assert_eq!(client(&trusted, "10.0.0.1", &[("forwarded", header)]), expected, "{header}");
        }
        // A client gains nothing by adding the header that its proxy does not write.
        let both = |standard| [("x-forwarded-for", "198.51.100.1"), ("forwarded", standard)];
        assert_eq!(client(&trusted, "10.0.0.1", &both("for=198.51.100.1")), "198.51.100.1");
        assert_eq!(client(&trusted, "10.0.0.1", &both("for=203.0.113.9")), "10.0.0.1");
    }
}

//! Grouping of client addresses for rate limits.

use std::net::IpAddr;

/// Returns the network that counts as one client in rate limits: the IPv4 address itself, or the `/64` network of an
/// IPv6 address. IPv4-mapped IPv6 addresses (`::ffff:192.0.2.1`) count as IPv4.
#[must_use]
pub fn client_network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::from((u128::from(address) & !u128::from(u64::MAX)).to_be_bytes()),
        address @ IpAddr::V4(_) => address,
    }
}

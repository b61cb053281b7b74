//! The addresses that count as one client.

use std::net::IpAddr;

/// The network that one client can have to itself: an IPv4 address, or an IPv6 `/64`. Limits per address count by it.
#[must_use]
pub fn client_network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::from((u128::from(address) & !u128::from(u64::MAX)).to_be_bytes()),
        address @ IpAddr::V4(_) => address,
    }
}

//! Network of a client address.

use std::net::IpAddr;

/// Returns the network that counts as one client: the IPv4 address, or the `/64` of an IPv6 address. Limits per address
/// are counted by this network. IPv4-mapped IPv6 addresses count as IPv4.
#[must_use]
pub fn client_network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::from((u128::from(address) & !u128::from(u64::MAX)).to_be_bytes()),
        address @ IpAddr::V4(_) => address,
    }
}

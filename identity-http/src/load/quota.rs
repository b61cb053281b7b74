//! Quotas on resources that clients occupy, such as connections and memory.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use identity_core::value::client_network;

/// Limit of a resource, in total and per client address. An IPv6 `/64` network counts as one address.
#[derive(Debug)]
pub struct Quota {
    total: usize,
    per_address: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// Amount of a resource that one client occupies. Dropping the share returns the amount to the quota.
#[derive(Debug)]
pub(crate) struct Share {
    quota: Arc<Quota>,
    address: Option<IpAddr>,
    amount: usize,
}

/// Error: the quota has less left than requested. Nothing was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exhausted;

impl Quota {
    /// Creates an unused quota with limits in total and per address.
    #[must_use]
    pub fn new(total: usize, per_address: usize) -> Self {
        Self { total, per_address, taken: Mutex::default() }
    }

    /// Creates an empty share for a client address. Without an address, only the total is limited.
    pub(crate) fn share(self: &Arc<Self>, address: Option<IpAddr>) -> Share {
        Share { quota: Arc::clone(self), address: address.map(client_network), amount: 0 }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// Adds `amount` to the share. If the quota has less left, takes nothing and fails.
    pub(crate) fn grow(&mut self, amount: usize) -> Result<(), Exhausted> {
        self.take(amount, amount)
    }

    /// Adds `amount` to the share if the quota is not exhausted, even if less than `amount` is left.
    ///
    /// For amounts that cannot be split, such as the size of a response. The quota is exceeded by at most one such
    /// amount.
    pub(crate) fn grow_beyond(&mut self, amount: usize) -> Result<(), Exhausted> {
        self.take(amount, amount.min(1))
    }

    /// Takes `amount` if at least `required` is left in total and for the address.
    fn take(&mut self, amount: usize, required: usize) -> Result<(), Exhausted> {
        let mut taken = self.quota.taken();
        if taken.total.saturating_add(required) > self.quota.total {
            return Err(Exhausted);
        }
        if let Some(address) = self.address {
            let of_address = taken.by_address.get(&address).copied().unwrap_or_default();
            if of_address.saturating_add(required) > self.quota.per_address {
                return Err(Exhausted);
            }
            if of_address.saturating_add(amount) > 0 {
                taken.by_address.insert(address, of_address.saturating_add(amount));
            }
        }
        taken.total = taken.total.saturating_add(amount);
        self.amount += amount;
        Ok(())
    }

    /// Returns the whole amount to the quota.
    pub(crate) fn release(&mut self) {
        if self.amount == 0 {
            return;
        }
        let mut taken = self.quota.taken();
        taken.total = taken.total.saturating_sub(self.amount);
        if let Some(address) = self.address {
            let left = taken.by_address.get(&address).copied().unwrap_or_default().saturating_sub(self.amount);
            if left == 0 {
                taken.by_address.remove(&address);
            } else {
                taken.by_address.insert(address, left);
            }
        }
        self.amount = 0;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn bounds_the_total_and_each_address() {
        let quota = Arc::new(Quota::new(10, 6));
        let (mut one, mut other) = (quota.share(ip("192.0.2.1")), quota.share(ip("192.0.2.1")));
        assert_eq!((one.grow(4), other.grow(3), other.grow(2)), (Ok(()), Err(Exhausted), Ok(())));
        let mut elsewhere = quota.share(ip("192.0.2.2"));
        assert_eq!((elsewhere.grow(5), elsewhere.grow(4)), (Err(Exhausted), Ok(())));
        let mut proxy = quota.share(None);
        assert_eq!(proxy.grow(1), Err(Exhausted));
        drop(one);
        assert_eq!((proxy.grow(4), other.grow(1)), (Ok(()), Err(Exhausted)));
    }

    #[test]
    fn is_exceeded_by_one_amount_at_most() {
        let quota = Arc::new(Quota::new(10, 6));
        let (mut one, mut more) = (quota.share(ip("192.0.2.1")), quota.share(ip("192.0.2.1")));
        assert_eq!((one.grow_beyond(5), more.grow_beyond(20), more.grow_beyond(1)), (Ok(()), Ok(()), Err(Exhausted)));
        let mut elsewhere = quota.share(ip("192.0.2.2"));
        assert_eq!(elsewhere.grow_beyond(1), Err(Exhausted));
        drop((one, more));
        assert_eq!(elsewhere.grow_beyond(1), Ok(()));
    }

    #[test]
    fn forgets_addresses_that_hold_nothing() {
        let quota = Arc::new(Quota::new(100, 10));
        for last in 0..50_u8 {
            let mut share = quota.share(Some(IpAddr::from([192, 0, 2, last])));
            share.grow(10).unwrap();
        }
        assert!(quota.taken().by_address.is_empty());
        assert_eq!(quota.taken().total, 0);
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let quota = Arc::new(Quota::new(100, 1));
        let (mut one, mut other) = (quota.share(ip("2001:db8::1")), quota.share(ip("2001:db8::2")));
        assert_eq!((one.grow(1), other.grow(1)), (Ok(()), Err(Exhausted)));
    }
}

//! Port of entitlements: groups and permissions that a directory stores and that claims do not contain.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::TokenError;
use crate::entity::{Permission, Principal};
use crate::value::{Claims, GroupId};

/// Required freshness of data from a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Recently cached data, for reads. While the directory is unavailable, the data may be older.
    Recent,
    /// Current data, for changes.
    Current,
}

/// Groups and permissions of principals, for installations that store them in a directory instead of the world.
///
/// Contract: claims never extend the entitlements of the directory. [`TokenError::Rejected`] if the principal is
/// unknown or disabled, or if the claims do not belong to it. [`TokenError::Unavailable`] if the directory cannot be
/// queried; partial results are never returned.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Entitlements: Send + Sync {
    /// Returns the entitlements of a principal with these claims.
    async fn of(&self, principal: &Principal, claims: &Claims, freshness: Freshness) -> Result<Entitled, TokenError>;
}

/// Entitlements of a principal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entitled {
    /// Groups of the principal in the directory. They replace its group memberships in the policy store.
    pub groups: Vec<GroupId>,
    /// API permissions, in addition to those of stored roles.
    pub permissions: BTreeSet<Permission>,
}

//! Port of entitlements: groups and API permissions of a principal that are stored in a directory, not in its tokens.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::TokenError;
use crate::entity::{Permission, Principal};
use crate::value::{Audience, Claims, GroupId};

/// Maximum age of data that is read from a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Data may come from a short-lived cache, for reads. It may be older while the directory is unavailable.
    Recent,
    /// Data is read from the directory, for requests that change data.
    Current,
}

/// APIs whose permissions are looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiSelection {
    /// None.
    None,
    /// The API with this audience.
    One(Audience),
    /// All APIs that the directory defines, up to a limit of the directory.
    All,
}

/// Looks up groups and permissions of principals in a directory that stores them instead of the policy store.
///
/// Contract: claims never add entitlements that the directory does not have. Fails with [`TokenError::Rejected`] if the
/// principal is unknown or disabled, or if the claims do not belong to it. Fails with [`TokenError::Unavailable`] if
/// the directory cannot be queried; partial results are never returned.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Entitlements: Send + Sync {
    /// Returns the entitlements of the principal that the token with these claims identifies.
    async fn of(&self, principal: &Principal, claims: &Claims, freshness: Freshness) -> Result<Entitled, TokenError>;

    /// Returns the groups of a principal, and its permissions on APIs, regardless of any token. Data may come from a
    /// short-lived cache. `None` if the directory does not know the principal, or it is disabled.
    async fn held(&self, principal: &Principal, apis: &ApiSelection) -> Result<Option<Entitled>, TokenError>;
}

/// Groups and permissions of a principal in the directory. Both are empty by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entitled {
    /// Groups of the principal. They replace its group memberships in the policy store.
    pub groups: Vec<GroupId>,
    /// API permissions, granted in addition to the permissions of stored roles.
    pub permissions: BTreeSet<Permission>,
}

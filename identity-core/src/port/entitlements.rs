//! Port of entitlements: groups and API permissions of a principal that are stored in a directory, not in its tokens.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;

use super::TokenError;
use crate::entity::{Party, Permission, Principal};
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

    /// Lists the enabled users and clients that hold a permission on an API, at most `most` of them, each with every
    /// path through groups and roles.
    async fn holders(&self, permission: &Permission, most: usize) -> Result<DirectoryHolders, TokenError>;
}

/// Holders of a permission in a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirectoryHolders {
    /// Holders, each once for each path.
    pub holders: Vec<DirectoryHolder>,
    /// Names of users and groups by id, such as usernames.
    pub names: BTreeMap<String, String>,
    /// Whether holders may be missing, because a limit was reached.
    pub more: bool,
}

/// One path by which a user or client holds a permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryHolder {
    /// The user or client.
    pub party: Party,
    /// Group and role through which it holds the permission, in this order. Empty if it is assigned directly.
    pub through: Vec<Party>,
}

/// Groups and permissions of a principal in the directory. Both are empty by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entitled {
    /// Groups of the principal. They replace its group memberships in the policy store.
    pub groups: Vec<GroupId>,
    /// API permissions, granted in addition to the permissions of stored roles.
    pub permissions: BTreeSet<Permission>,
}

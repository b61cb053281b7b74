//! What a directory says of somebody that their claims do not.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::TokenError;
use crate::entity::{Permission, Principal};
use crate::value::{Claims, GroupId};

/// How recent an answer of a directory has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// As it was a short while ago: for what only looks. While the directory cannot be asked, for longer.
    Recent,
    /// As it is now: for what changes something.
    Current,
}

/// Groups and permissions of principals, where a directory knows them and not the world.
///
/// Contract: claims never add to what the directory says. A principal that the directory does not have, that is disabled, or to
/// which the claims do not belong, is [`TokenError::Rejected`]. A directory that cannot be asked is
/// [`TokenError::Unavailable`], never less than there is.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Entitlements: Send + Sync {
    /// What a principal with these claims has.
    async fn of(&self, principal: &Principal, claims: &Claims, freshness: Freshness) -> Result<Entitled, TokenError>;
}

/// What somebody has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entitled {
    /// Their groups; they replace the stored ones.
    pub groups: Vec<GroupId>,
    /// Their permissions on APIs, beside those of stored roles.
    pub permissions: BTreeSet<Permission>,
}

//! What a directory says of somebody that their claims do not.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::TokenError;
use crate::entity::{Permission, Principal};
use crate::value::{Claims, GroupId};

/// Says which groups somebody is in and which permissions they bring, where a directory knows that and not the world.
///
/// Contract: what is known of a short while ago counts. A directory that cannot be asked is [`TokenError::Unavailable`], never
/// less than there is.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Entitlements: Send + Sync {
    /// What somebody with these claims has.
    async fn of(&self, principal: &Principal, claims: &Claims) -> Result<Entitled, TokenError>;
}

/// What somebody has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entitled {
    /// Their groups; they replace the stored ones.
    pub groups: Vec<GroupId>,
    /// Their permissions on APIs, beside those of stored roles.
    pub permissions: BTreeSet<Permission>,
}

//! Recipients of access who live in a directory: they must be there when the access is given.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::NotPermitted;
use crate::apply::Command;
use crate::entity::Party;

/// Confirms recipients where they live. The engine asks under the revision lock. A party that is deleted in the directory
/// afterwards loses what the commit gives, because the deletion takes the same lock later.
#[async_trait]
pub trait Recipients: Send + Sync {
    /// Refuses parties that the directory does not have, or that are being deleted. Ends within a bound of its own.
    async fn confirm(&self, parties: &BTreeSet<Party>) -> Result<(), NotPermitted>;
}

/// The parties that commands give something to.
pub(super) fn given(commands: &[Command]) -> BTreeSet<Party> {
    let recipient = |command: &Command| match command {
        Command::AddMember(membership) => Some(membership.member().clone()),
        Command::CreateAuthorization(new) | Command::UpdateAuthorization(_, new) => Some(new.owner.clone()),
        _ => None,
    };
    commands.iter().filter_map(recipient).collect()
}

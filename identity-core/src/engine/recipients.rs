//! Recipients of access, such as users and groups, that are stored in a directory. They must exist when access is
//! granted.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::NotPermitted;
use crate::apply::Command;
use crate::entity::Party;

/// Confirms that recipients exist in their directory. The engine calls it under the revision lock. Deleting a party
/// acquires the same lock, so a party that is deleted afterwards loses the granted access.
#[async_trait]
pub trait Recipients: Send + Sync {
    /// Fails if one of the parties does not exist in its directory or is being deleted. Implementations must apply a
    /// timeout of their own.
    async fn confirm(&self, parties: &BTreeSet<Party>) -> Result<(), NotPermitted>;
}

/// Returns the parties that receive access from the commands.
pub(super) fn given(commands: &[Command]) -> BTreeSet<Party> {
    let recipient = |command: &Command| match command {
        Command::AddMember(membership) => Some(membership.member().clone()),
        Command::CreateAuthorization(new) | Command::UpdateAuthorization(_, new) => Some(new.owner.clone()),
        _ => None,
    };
    commands.iter().filter_map(recipient).collect()
}

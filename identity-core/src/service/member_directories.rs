//! Directories of the parties that tenants, authorizations and deletions refer to.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::entity::Party;
use crate::port::{ClientDirectory, DirectoryError, GroupDirectory, UserDirectory};

/// The directories that hold users, groups and applications.
#[derive(Clone)]
pub struct MemberDirectories {
    /// The users.
    pub users: Arc<dyn UserDirectory>,
    /// The groups.
    pub groups: Arc<dyn GroupDirectory>,
    /// The applications.
    pub clients: Arc<dyn ClientDirectory>,
}

impl MemberDirectories {
    /// Returns the first party that its directory does not have. Roles and mapping rules are never in a directory.
    pub(super) async fn absent<'p>(
        &self,
        parties: impl IntoIterator<Item = &'p Party> + Clone,
    ) -> Result<Option<Party>, DirectoryError> {
        let (mut users, mut groups, mut clients) = (Vec::new(), Vec::new(), Vec::new());
        for party in parties.clone() {
            match party {
                Party::User(id) => users.push(id.clone()),
                Party::Group(id) => groups.push(id.clone()),
                Party::Client(id) => clients.push(id.clone()),
                Party::Role(_) | Party::MappingRule(_) => {}
            }
        }
        let mut known: BTreeSet<Party> = BTreeSet::new();
        if !users.is_empty() {
            known.extend(self.users.find_all(&users).await?.into_iter().map(|one| Party::User(one.id)));
        }
        if !groups.is_empty() {
            known.extend(self.groups.find_all(&groups).await?.into_iter().map(|one| Party::Group(one.id)));
        }
        if !clients.is_empty() {
            let found = self.clients.find_all(&clients).await?;
            known.extend(found.into_iter().map(|one| Party::Client(one.client_id)));
        }
        let stored = |party: &&Party| matches!(party, Party::Role(_) | Party::MappingRule(_));
        Ok(parties.into_iter().find(|party| !known.contains(party) && !stored(party)).cloned())
    }
}

//! The directories in which users, groups and applications are looked up.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::entity::Party;
use crate::port::{ClientDirectory, DirectoryError, GroupDirectory, UserDirectory};

/// The directories that confirm whether a user, group or application exists.
#[derive(Clone)]
pub struct MemberDirectories {
    /// Looks up users by ID.
    pub users: Arc<dyn UserDirectory>,
    /// Looks up groups by ID.
    pub groups: Arc<dyn GroupDirectory>,
    /// Looks up applications by client ID.
    pub clients: Arc<dyn ClientDirectory>,
}

impl MemberDirectories {
    /// Returns the first party that does not exist in its directory. Roles and mapping rules are stored here and not
    /// checked.
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

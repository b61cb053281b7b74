//! Display names of entities, for references that contain only the id.

use std::collections::BTreeMap;

use super::{Authorizer, Caller, MemberDirectories, ServiceError};
use crate::entity::{AuditEntity, EntityKind};
use crate::port::DirectoryError;
use crate::value::{ClientId, GroupId, Username};

/// Resolves references to display names. In a directory, users are named by their usernames.
pub struct Names {
    authorizer: Authorizer,
    directories: Option<MemberDirectories>,
}

impl Names {
    /// Creates the service for stored entities and, if `directories` is given, for those in a directory. `authorizer`
    /// checks the permissions of callers.
    #[must_use]
    pub fn new(authorizer: Authorizer, directories: Option<MemberDirectories>) -> Self {
        Self { authorizer, directories }
    }

    /// Returns the references whose entities have a name, each with the name. Callers limit the number of references,
    /// each of which may cost one request to a directory.
    ///
    /// # Errors
    /// When the caller lacks read permission or a directory fails.
    pub async fn of(
        &self,
        caller: &Caller,
        references: Vec<AuditEntity>,
    ) -> Result<Vec<(AuditEntity, String)>, ServiceError> {
        self.authorizer.read(caller, EntityKind::Resource, "", |_| ()).await?;
        let in_directory = match &self.directories {
            Some(directories) => names_in(directories, &references).await?,
            None => BTreeMap::new(),
        };
        let named = |entity: AuditEntity| {
            let stored = || caller.world.display_name(entity.kind, &entity.key).map(str::to_owned);
            let name = in_directory.get(&(entity.kind, entity.key.clone())).cloned().or_else(stored)?;
            Some((entity, name))
        };
        Ok(references.into_iter().filter_map(named).collect())
    }
}

/// Looks up the users, groups and clients among the references in their directories.
async fn names_in(
    directories: &MemberDirectories,
    references: &[AuditEntity],
) -> Result<BTreeMap<(EntityKind, String), String>, DirectoryError> {
    fn ids<T, E>(references: &[AuditEntity], kind: EntityKind, parse: impl Fn(&str) -> Result<T, E>) -> Vec<T> {
        let of_kind = references.iter().filter(|entity| entity.kind == kind);
        of_kind.filter_map(|entity| parse(&entity.key).ok()).collect()
    }
    let mut names = BTreeMap::new();
    let users: Vec<Username> = ids(references, EntityKind::User, Username::parse);
    if !users.is_empty() {
        let found = directories.users.find_all(&users).await?;
        names.extend(found.into_iter().map(|one| ((EntityKind::User, one.id.to_string()), one.username.to_string())));
    }
    let groups: Vec<GroupId> = ids(references, EntityKind::Group, GroupId::parse);
    if !groups.is_empty() {
        let found = directories.groups.find_all(&groups).await?;
        names.extend(found.into_iter().map(|one| ((EntityKind::Group, one.id.to_string()), one.name.to_string())));
    }
    let clients: Vec<ClientId> = ids(references, EntityKind::Client, ClientId::parse);
    if !clients.is_empty() {
        let found = directories.clients.find_all(&clients).await?;
        let named =
            found.into_iter().map(|one| ((EntityKind::Client, one.client_id.to_string()), one.name.to_string()));
        names.extend(named);
    }
    Ok(names)
}

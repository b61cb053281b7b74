use std::future::ready;
use std::sync::Arc;

use async_trait::async_trait;

use super::{Groups, draft, entity};
use crate::entity::{
    AuditDraft, AuditEntity, AuditOperation, Authorization, Deletable, EntityKind, Field, FieldChanges, Group, Party,
    Role,
};
use crate::port::{DirectoryError, GroupDirectory};
use crate::search::{List, Listing};
use crate::service::{Authorizer, Caller, Deletions, ListRequest, ServiceError, UserSummary, Written, lists};
use crate::value::{GroupId, Name, RoleId, Username, Version};

/// Groups that a directory stores. Their tenant memberships and authorizations are in the policy store.
pub struct DirectoryGroups {
    authorizer: Authorizer,
    directory: Arc<dyn GroupDirectory>,
    deletions: Arc<Deletions>,
}

impl DirectoryGroups {
    /// Creates the service. `deletions` deletes the stored access of a group together with its entry in `directory`.
    #[must_use]
    pub fn new(authorizer: Authorizer, directory: Arc<dyn GroupDirectory>, deletions: Arc<Deletions>) -> Self {
        Self { authorizer, directory, deletions }
    }

    async fn version(&self, id: &GroupId) -> Result<Version, DirectoryError> {
        Ok(self.directory.find(id).await?.version())
    }
}

#[async_trait]
impl Groups for DirectoryGroups {
    async fn list(&self, caller: &Caller, list: &ListRequest) -> Result<List<Group>, ServiceError> {
        Ok(self.authorizer.ask(caller, (EntityKind::Group, ""), self.directory.list(list)).await?.into())
    }

    async fn find(&self, caller: &Caller, id: &str) -> Result<Group, ServiceError> {
        let key = group_id(id)?;
        self.authorizer.ask(caller, (EntityKind::Group, id), self.directory.find(&key)).await
    }

    async fn create(&self, caller: &Caller, name: Name) -> Result<Written<Group>, ServiceError> {
        let changes = FieldChanges::added(&vec![("name", Field::text(name.as_str()))]);
        let attempt = AuditDraft { changes, ..draft(AuditOperation::Create, name.as_str()) };
        self.authorizer.change(caller, attempt, self.directory.create(&name)).await
    }

    async fn rename(&self, caller: &Caller, id: &GroupId, name: Name) -> Result<Written, ServiceError> {
        let changes = FieldChanges::replaced(&vec![("name", Field::text(name.as_str()))]);
        let attempt = AuditDraft { changes, ..draft(AuditOperation::Update, id.as_str()) };
        self.authorizer.require_unchanged(caller, &attempt, self.version(id)).await?;
        self.authorizer.change(caller, attempt, self.directory.rename(id, &name)).await
    }

    async fn delete(&self, caller: &Caller, id: GroupId) -> Result<Written, ServiceError> {
        let attempt = draft(AuditOperation::Delete, id.as_str());
        self.authorizer.require_unchanged(caller, &attempt, self.version(&id)).await?;
        let group = ready(Ok(Deletable::Group(id.clone())));
        self.deletions.delete(&self.authorizer, caller, attempt, group, self.directory.delete(&id)).await
    }

    async fn users(&self, caller: &Caller, id: &str, list: &ListRequest) -> Result<List<UserSummary>, ServiceError> {
        let key = group_id(id)?;
        let Listing { items, total } =
            self.authorizer.ask(caller, (EntityKind::Group, id), self.directory.members(&key, list)).await?;
        let items = Box::new(items.into_iter().map(UserSummary::from));
        Ok(List::Items { items, total })
    }

    async fn add_user(&self, caller: &Caller, id: GroupId, user: Username) -> Result<Written, ServiceError> {
        let attempt = of_user(AuditOperation::Assign, &id, &user);
        self.authorizer.change(caller, attempt, self.directory.add_member(&id, &user)).await
    }

    async fn remove_user(&self, caller: &Caller, id: GroupId, user: Username) -> Result<Written, ServiceError> {
        let attempt = of_user(AuditOperation::Unassign, &id, &user);
        self.authorizer.change(caller, attempt, self.directory.remove_member(&id, &user)).await
    }

    async fn roles(&self, caller: &Caller, id: &str) -> Result<List<Role>, ServiceError> {
        let key = group_id(id)?;
        Ok(self.authorizer.ask(caller, (EntityKind::Group, id), self.directory.roles(&key)).await?.into())
    }

    async fn assign_role(&self, caller: &Caller, id: GroupId, role: RoleId) -> Result<Written, ServiceError> {
        let attempt = of_role(AuditOperation::Assign, &id, &role);
        self.authorizer.change(caller, attempt, self.directory.assign_role(&id, &role)).await
    }

    async fn unassign_role(&self, caller: &Caller, id: GroupId, role: RoleId) -> Result<Written, ServiceError> {
        let attempt = of_role(AuditOperation::Unassign, &id, &role);
        self.authorizer.change(caller, attempt, self.directory.unassign_role(&id, &role)).await
    }

    async fn authorizations(&self, caller: &Caller, id: &str) -> Result<List<Authorization>, ServiceError> {
        let owner = Party::Group(group_id(id)?);
        self.authorizer.read(caller, EntityKind::Group, id, |_| lists::owned(&caller.world, owner)).await
    }
}

/// Describes a membership change for the audit log: the group is the entity, and the user is related to it.
fn of_user(operation: AuditOperation, id: &GroupId, user: &Username) -> AuditDraft {
    let related = AuditEntity { kind: EntityKind::User, key: user.to_string() };
    AuditDraft { related: Some(related), ..draft(operation, id.as_str()) }
}

/// Describes a role assignment for the audit log: the role is the entity, and the group is related to it.
fn of_role(operation: AuditOperation, id: &GroupId, role: &RoleId) -> AuditDraft {
    let role = AuditEntity { kind: EntityKind::Role, key: role.to_string() };
    AuditDraft { related: Some(entity(id.as_str())), ..AuditDraft::new(operation, role) }
}

/// Parses a group ID. An unparsable ID matches no group and fails like an unknown one.
fn group_id(text: &str) -> Result<GroupId, ServiceError> {
    GroupId::parse(text).map_err(|_| ServiceError::Missing(entity(text)))
}

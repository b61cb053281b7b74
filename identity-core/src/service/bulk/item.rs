use crate::apply::{Command, Refusal};
use crate::catalog::{Family, UnknownAccess};
use crate::entity::{AuditDraft, AuditEntity, AuditOperation, Container, EntityKind};
use crate::service::cluster::{NewUser, attempt};
use crate::service::{Leftovers, user_creation};
use crate::value::{PasswordHash, ResourceTypeName, Secret};
use crate::world::World;

use super::Offers;

/// One change of a bulk request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Item {
    /// Creates a user and grants it `READ` on itself.
    CreateUser(NewUser, NewPassword),
    /// Any other change, as a command of the domain model.
    Command(Command),
}

/// Password of a user to create.
#[derive(Clone, Debug)]
pub enum NewPassword {
    /// No password. The user cannot sign in until one is set.
    Absent,
    /// A plain password. It is hashed before the commit.
    Plain(Secret),
    /// A password hash that was imported from another system.
    Imported(PasswordHash),
}

/// Authorization that a change requires in addition to the permission `write`.
///
/// If only the Orchestration Cluster API offers the change as a single request, the authorization of that API is
/// required as well.
#[derive(Clone, Copy)]
pub(super) enum Protection<'i> {
    /// The permission `write` is sufficient.
    Write,
    /// An authorization on the changed entity.
    Cluster,
    /// An authorization on the changed entity, if this resource type belongs to the Orchestration Cluster.
    OfType(&'i ResourceTypeName),
}

impl Protection<'_> {
    pub(super) fn is_of_cluster(self, world: &World) -> bool {
        match self {
            Self::Write => false,
            Self::Cluster => true,
            Self::OfType(name) => family(world, name) == Some(Family::Cluster),
        }
    }
}

fn family(world: &World, name: &ResourceTypeName) -> Option<Family> {
    let matrix = world.catalog();
    matrix.index(name.as_str()).and_then(|index| matrix.get(index)).map(|kind| kind.family)
}

impl Item {
    /// Returns the audit log draft that is recorded if the item is denied or refused.
    pub(super) fn attempt(&self) -> AuditDraft {
        match self {
            Self::CreateUser(user, _) => attempt(AuditOperation::Create, EntityKind::User, user.username.as_str()),
            Self::Command(command) => command.audit_draft(),
        }
    }

    pub(super) fn protection(&self) -> Protection<'_> {
        match self {
            Self::CreateUser(..)
            | Self::Command(
                Command::CreateUser(_)
                | Command::UpdateUser(_)
                | Command::DeactivateUser(_)
                | Command::ReactivateUser(_)
                | Command::DeleteUser(_)
                | Command::UpdateAuthorization(..)
                | Command::DeleteAuthorization(_),
            ) => Protection::Cluster,
            Self::Command(Command::CreateAuthorization(new)) => Protection::OfType(&new.resource_type),
            Self::Command(_) => Protection::Write,
        }
    }

    /// Whether this server stores the changed entity and its profile offers the change.
    pub(super) fn is_offered(&self, stores_users: bool, offers: Offers) -> bool {
        match self {
            Self::CreateUser(..)
            | Self::Command(
                Command::CreateUser(_)
                | Command::UpdateUser(_)
                | Command::DeactivateUser(_)
                | Command::ReactivateUser(_)
                | Command::DeleteUser(_),
            ) => stores_users,
            Self::Command(Command::CreateTenant(_) | Command::UpdateTenant(_) | Command::DeleteTenant(_)) => {
                offers.tenants
            }
            Self::Command(Command::AddMember(edge) | Command::RemoveMember(edge)) => {
                offers.tenants || !matches!(edge.container(), Container::Tenant(_))
            }
            Self::Command(_) => true,
        }
    }

    /// Returns the commands that make this change in `world`. `hash` is the hash of a plain password; `None` if it was
    /// not hashed.
    pub(super) fn commands(
        self,
        world: &World,
        hash: Option<PasswordHash>,
        offers: Offers,
    ) -> Result<Vec<Command>, Refusal> {
        match self {
            Self::CreateUser(user, password) => {
                let username = user.username.as_str();
                let hash = match (password, hash) {
                    (NewPassword::Absent, _) => PasswordHash::placeholder(username),
                    (NewPassword::Imported(hash), _) | (NewPassword::Plain(_), Some(hash)) => hash,
                    // The password was not hashed, because the user exists and is skipped.
                    (NewPassword::Plain(_), None) if world.user(username).is_some() => return Ok(Vec::new()),
                    (NewPassword::Plain(_), None) => {
                        let entity = AuditEntity { kind: EntityKind::User, key: username.to_owned() };
                        return Err(Refusal::Missing(entity));
                    }
                };
                Ok(user_creation(user.with(hash)))
            }
            Self::Command(command @ (Command::CreateRole(_) | Command::CreateTenant(_))) => {
                Leftovers::Refuse.creation(world, command.audit_draft().entity, vec![command])
            }
            Self::Command(Command::CreateAuthorization(new))
                if !offers.resource_authorizations && family(world, &new.resource_type) != Some(Family::Cluster) =>
            {
                Err(Refusal::Unsupported(UnknownAccess::ResourceType(new.resource_type.to_string())))
            }
            Self::Command(command) => Ok(vec![command]),
        }
    }
}

//! Who has which role, and what somebody is in: for roles and groups that live here.

use super::{Caller, Gate, ServiceError, Written};
use crate::entity::{AuditEntity, Container, EntityKind, Group, Party, PartyKind, Role, Tenant};
use crate::search::{Page, PageRequest};
use crate::value::RoleId;
use crate::world::World;

/// Memberships, direct ones only.
pub struct Memberships {
    gate: Gate,
}

/// What somebody is a direct member of.
#[derive(Clone, Debug, Default)]
pub struct MemberOf {
    /// By id.
    pub groups: Vec<Group>,
    /// By name.
    pub roles: Vec<Role>,
    /// By id.
    pub tenants: Vec<Tenant>,
}

impl Memberships {
    /// Memberships behind a gate.
    #[must_use]
    pub fn new(gate: Gate) -> Self {
        Self { gate }
    }

    /// What somebody is in. Of whoever is not known here, nothing.
    ///
    /// # Errors
    /// When the caller may not read.
    pub async fn of(&self, caller: &Caller, member: &Party) -> Result<MemberOf, ServiceError> {
        let kind = AuditEntity::from(member).kind;
        self.gate
            .read(caller, kind, member.id(), |world| {
                let mut found = MemberOf::default();
                for container in world.memberships(member) {
                    match container {
                        Container::Group(id) => found.groups.extend(world.group(id.as_str()).cloned()),
                        Container::Role(id) => found.roles.extend(world.role(id.as_str()).cloned()),
                        Container::Tenant(id) => found.tenants.extend(world.tenant(id.as_str()).cloned()),
                    }
                }
                found
            })
            .await
    }

    /// Who of a kind has a role, by id, with what they are called.
    ///
    /// # Errors
    /// When the caller may not read, or there is no such role.
    pub async fn of_role(
        &self,
        caller: &Caller,
        role: &str,
        kind: PartyKind,
        page: PageRequest,
    ) -> Result<Page<(Party, String)>, ServiceError> {
        let missing = || ServiceError::Missing(AuditEntity { kind: EntityKind::Role, key: role.to_owned() });
        self.gate
            .read(caller, EntityKind::Role, role, |world| {
                let role = world.role(role)?;
                let role = Container::Role(role.id.clone());
                let members = world.members_of_kind(&role, kind, None);
                Some(page.cut(members).map(|party| {
                    let name = name(world, &party);
                    (party, name)
                }))
            })
            .await?
            .ok_or_else(missing)
    }

    /// Gives somebody a role, or takes it.
    ///
    /// # Errors
    /// When the caller may not write, the role or the member does not exist, or nothing would change.
    pub async fn change(
        &self,
        caller: &Caller,
        role: RoleId,
        member: Party,
        has: bool,
    ) -> Result<Written, ServiceError> {
        self.gate.change_member(caller, Container::Role(role), member, has).await
    }
}

/// What somebody is called here; their id, where nobody knows.
fn name(world: &World, party: &Party) -> String {
    let id = party.id();
    let known = match party {
        Party::User(_) => world.user(id).and_then(|user| user.name.as_ref()),
        Party::Group(_) => world.group(id).map(|group| &group.name),
        Party::MappingRule(_) => world.mapping_rule(id).map(|rule| &rule.name),
        Party::Client(_) | Party::Role(_) => None,
    };
    known.map_or_else(|| id.to_owned(), ToString::to_string)
}

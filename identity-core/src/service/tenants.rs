//! Tenants and their members, as the management API sees them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{ApplicationSummary, Caller, Gate, Leftovers, ListRequest, ServiceError, UserSummary, Written};
use crate::apply::{Command, Refusal};
use crate::entity::{AuditEntity, AuditOperation, Container, EntityKind, Membership, Party, PartyKind, Tenant};
use crate::port::{AuditDraft, ClientDirectory, DirectoryError, GroupDirectory, UserDirectory};
use crate::search::{Page, matches_text};
use crate::value::{ClientId, Description, GroupId, Name, TenantId, Username};
use crate::world::World;

/// Tenants and their members.
pub struct Tenants {
    gate: Gate,
    directories: Option<MemberDirectories>,
}

/// Where members of tenants live, when they do not live here.
#[derive(Clone)]
pub struct MemberDirectories {
    /// Users.
    pub users: Arc<dyn UserDirectory>,
    /// Groups.
    pub groups: Arc<dyn GroupDirectory>,
    /// Applications.
    pub clients: Arc<dyn ClientDirectory>,
}

impl MemberDirectories {
    /// The first of these parties that its directory does not have. Roles and mapping rules live in no directory.
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

impl Tenants {
    /// Tenants behind a gate.
    #[must_use]
    pub fn new(gate: Gate) -> Self {
        Self { gate, directories: None }
    }

    /// The same, of members that live in directories.
    #[must_use]
    pub fn of_directories(self, directories: MemberDirectories) -> Self {
        Self { directories: Some(directories), ..self }
    }

    /// The tenants, by id.
    ///
    /// # Errors
    /// When the caller may not read.
    pub async fn list(&self, caller: &Caller, list: &ListRequest) -> Result<Page<Tenant>, ServiceError> {
        self.gate
            .read(caller, EntityKind::Tenant, "", |world| {
                let fits = |tenant: &&Tenant| {
                    matches_text(list.search.as_deref(), &[tenant.id.as_str(), tenant.name.as_str()])
                };
                list.page.cut(world.tenants().filter(fits)).map(Tenant::clone)
            })
            .await
    }

    /// The tenants that somebody is a direct member of, by id.
    ///
    /// # Errors
    /// When the caller may not read.
    pub async fn of_member(&self, caller: &Caller, member: &Party) -> Result<Vec<Tenant>, ServiceError> {
        self.gate
            .read(caller, EntityKind::Tenant, "", |world| {
                let mut tenants: Vec<Tenant> = world
                    .memberships(member)
                    .filter_map(|container| match container {
                        Container::Tenant(id) => world.tenant(id.as_str()).cloned(),
                        Container::Group(_) | Container::Role(_) => None,
                    })
                    .collect();
                tenants.sort_by(|a, b| a.id.cmp(&b.id));
                tenants
            })
            .await
    }

    /// One tenant.
    ///
    /// # Errors
    /// When the caller may not read, or there is none.
    pub async fn find(&self, caller: &Caller, id: &str) -> Result<Tenant, ServiceError> {
        self.read(caller, id, |_, tenant| tenant.clone()).await
    }

    /// Creates a tenant.
    ///
    /// # Errors
    /// When the caller may not write, there is such a tenant, or authorizations on it are left and `leftovers` refuses them.
    pub async fn create(
        &self,
        caller: &Caller,
        id: TenantId,
        name: Name,
        leftovers: Leftovers,
    ) -> Result<Written<Tenant>, ServiceError> {
        let attempt = AuditDraft { operation: AuditOperation::Create, entity: entity(&id), related: None };
        let tenant = Tenant { id, name, description: Description::default() };
        let (entity, command) = (attempt.entity.clone(), Command::CreateTenant(tenant.clone()));
        let plan = |world: &World| leftovers.creation(world, entity, vec![command]);
        Ok(self.gate.write(caller, attempt, plan).await?.with(tenant))
    }

    /// Gives a tenant another name.
    ///
    /// # Errors
    /// When the caller may not write, there is no such tenant, or it is the default.
    pub async fn rename(&self, caller: &Caller, id: &TenantId, name: Name) -> Result<Written, ServiceError> {
        let attempt = AuditDraft { operation: AuditOperation::Update, entity: entity(id), related: None };
        self.gate
            .write(caller, attempt, |world| {
                let old = world.tenant(id.as_str()).ok_or_else(|| Refusal::Missing(entity(id)))?;
                Ok(vec![Command::UpdateTenant(Tenant { name, ..old.clone() })])
            })
            .await
    }

    /// Deletes a tenant. Data of other applications stays.
    ///
    /// # Errors
    /// When the caller may not write, there is no such tenant, or it is the default.
    pub async fn delete(&self, caller: &Caller, id: TenantId) -> Result<Written, ServiceError> {
        self.gate.command(caller, Command::DeleteTenant(id)).await
    }

    /// The users who are direct members of a tenant, by id.
    ///
    /// # Errors
    /// When the caller may not read, there is no such tenant, or a directory fails.
    pub async fn users(&self, caller: &Caller, id: &str) -> Result<Vec<UserSummary>, ServiceError> {
        let members = self.members(caller, id, PartyKind::User).await?;
        let known = match &self.directories {
            Some(directories) => {
                let ids: Vec<Username> = members.iter().filter_map(|one| Username::parse(one.id()).ok()).collect();
                let people = directories.users.find_all(&ids).await?;
                people.into_iter().map(|person| (person.id.to_string(), UserSummary::from(person))).collect()
            }
            None => BTreeMap::new(),
        };
        let show = |user: Party| match known.get(user.id()) {
            Some(user) => user.clone(),
            None => UserSummary::of_world(&caller.world, &user),
        };
        Ok(members.into_iter().map(show).collect())
    }

    /// The groups that are direct members of a tenant, by id. One that nobody knows has its id for a name.
    ///
    /// # Errors
    /// As [`Tenants::users`].
    pub async fn groups(&self, caller: &Caller, id: &str) -> Result<Vec<(GroupId, String)>, ServiceError> {
        let members = self.members(caller, id, PartyKind::Group).await?;
        let ids: Vec<GroupId> = members.iter().filter_map(|group| GroupId::parse(group.id()).ok()).collect();
        let known: BTreeMap<GroupId, Name> = match &self.directories {
            Some(directories) => {
                directories.groups.find_all(&ids).await?.into_iter().map(|group| (group.id, group.name)).collect()
            }
            None => {
                let stored = ids.iter().filter_map(|id| caller.world.group(id.as_str()));
                stored.map(|group| (group.id.clone(), group.name.clone())).collect()
            }
        };
        let named = |id: GroupId| {
            let name = known.get(&id).map_or_else(|| id.to_string(), ToString::to_string);
            (id, name)
        };
        Ok(ids.into_iter().map(named).collect())
    }

    /// The applications that are direct members of a tenant, by client id.
    ///
    /// # Errors
    /// As [`Tenants::users`].
    pub async fn applications(&self, caller: &Caller, id: &str) -> Result<Vec<ApplicationSummary>, ServiceError> {
        let members = self.members(caller, id, PartyKind::Client).await?;
        let known = match &self.directories {
            Some(directories) => {
                let ids: Vec<ClientId> = members.iter().filter_map(|one| ClientId::parse(one.id()).ok()).collect();
                let clients = directories.clients.find_all(&ids).await?;
                clients.into_iter().map(|one| (one.client_id.to_string(), ApplicationSummary::from(one))).collect()
            }
            None => BTreeMap::new(),
        };
        let show = |client: Party| match known.get(client.id()) {
            Some(application) => application.clone(),
            None => ApplicationSummary::of_id(client.id()),
        };
        Ok(members.into_iter().map(show).collect())
    }

    async fn members(&self, caller: &Caller, id: &str, kind: PartyKind) -> Result<Vec<Party>, ServiceError> {
        self.read(caller, id, |world, tenant| {
            world.members_of_kind(&Container::Tenant(tenant.id.clone()), kind, None).collect()
        })
        .await
    }

    /// Refuses members that their directory does not have.
    async fn must_exist(&self, members: &[Party]) -> Result<(), ServiceError> {
        let Some(directories) = &self.directories else { return Ok(()) };
        match directories.absent(members).await? {
            Some(member) => Err(ServiceError::Missing(AuditEntity::from(&member))),
            None => Ok(()),
        }
    }

    /// Makes all of these members, or none of them.
    ///
    /// # Errors
    /// When the caller may not write, the tenant or one of them does not exist, or one is a member already.
    pub async fn add(&self, caller: &Caller, id: &TenantId, members: Vec<Party>) -> Result<Written, ServiceError> {
        let attempt = AuditDraft { operation: AuditOperation::Assign, entity: entity(id), related: None };
        if self.directories.is_some() {
            // Who may not write learns nothing about who there is.
            self.gate.require(caller, &attempt).await?;
            self.must_exist(&members).await?;
        }
        let edges =
            members.into_iter().filter_map(|member| Membership::new(Container::Tenant(id.clone()), member).ok());
        let commands: Vec<Command> = edges.map(Command::AddMember).collect();
        self.gate
            .write(caller, attempt, |world| match world.tenant(id.as_str()) {
                Some(_) => Ok(commands),
                None => Err(Refusal::Missing(entity(id))),
            })
            .await
    }

    /// Ends a membership.
    ///
    /// # Errors
    /// When the caller may not write, there is no such tenant, or they are not a member.
    pub async fn remove(&self, caller: &Caller, id: TenantId, member: Party) -> Result<Written, ServiceError> {
        self.gate.change_member(caller, Container::Tenant(id), member, false).await
    }

    async fn read<T>(
        &self,
        caller: &Caller,
        id: &str,
        look: impl FnOnce(&World, &Tenant) -> T,
    ) -> Result<T, ServiceError> {
        self.gate
            .read(caller, EntityKind::Tenant, id, |world| world.tenant(id).map(|tenant| look(world, tenant)))
            .await?
            .ok_or_else(|| ServiceError::Missing(AuditEntity { kind: EntityKind::Tenant, key: id.to_owned() }))
    }
}

fn entity(id: &TenantId) -> AuditEntity {
    AuditEntity { kind: EntityKind::Tenant, key: id.to_string() }
}

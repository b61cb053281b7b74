//! Names and other details of the members of a tenant, for lists.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use crate::entity::{Container, Party, PartyKind};
use crate::port::DirectoryError;
use crate::search::List;
use crate::service::{ApplicationSummary, MemberDirectories, UserSummary, lists};
use crate::value::{ClientId, GroupId, Name, Username};
use crate::world::World;

/// Source of the details of tenant members. It also checks whether new members exist.
#[async_trait]
pub(super) trait TenantMembers: Send + Sync {
    /// Lists the users that are direct members of a tenant, by ID.
    async fn users(&self, world: &Arc<World>, tenant: Container) -> Result<List<UserSummary>, DirectoryError>;

    /// Lists the groups that are direct members of a tenant, by ID, each with its name or else its ID.
    async fn groups(&self, world: &Arc<World>, tenant: Container) -> Result<List<(Party, String)>, DirectoryError>;

    /// Lists the applications that are direct members of a tenant, by client ID.
    async fn applications(
        &self,
        world: &Arc<World>,
        tenant: Container,
    ) -> Result<List<ApplicationSummary>, DirectoryError>;

    /// Returns the first party that does not exist and therefore cannot become a member; `None` if all exist.
    async fn absent(&self, parties: &[Party]) -> Result<Option<Party>, DirectoryError>;
}

/// Members that need not be stored anywhere, such as users known only from tokens. Lists show stored details, or else
/// only the ID.
pub(super) struct AnyMembers;

#[async_trait]
impl TenantMembers for AnyMembers {
    async fn users(&self, world: &Arc<World>, tenant: Container) -> Result<List<UserSummary>, DirectoryError> {
        let show = |world: &World, user: Party| UserSummary::of_world(world, &user);
        Ok(lists::members(world, tenant, PartyKind::User, None, show))
    }

    async fn groups(&self, world: &Arc<World>, tenant: Container) -> Result<List<(Party, String)>, DirectoryError> {
        Ok(lists::members(world, tenant, PartyKind::Group, None, lists::named))
    }

    async fn applications(
        &self,
        world: &Arc<World>,
        tenant: Container,
    ) -> Result<List<ApplicationSummary>, DirectoryError> {
        let show = |_: &World, client: Party| ApplicationSummary::of_id(client.id());
        Ok(lists::members(world, tenant, PartyKind::Client, None, show))
    }

    async fn absent(&self, _: &[Party]) -> Result<Option<Party>, DirectoryError> {
        Ok(None)
    }
}

#[async_trait]
impl TenantMembers for MemberDirectories {
    async fn users(&self, world: &Arc<World>, tenant: Container) -> Result<List<UserSummary>, DirectoryError> {
        let members: Vec<Party> = world.members_of_kind(&tenant, PartyKind::User).collect();
        let ids: Vec<Username> = members.iter().filter_map(|one| Username::parse(one.id()).ok()).collect();
        let people = self.users.find_all(&ids).await?;
        let known: BTreeMap<String, UserSummary> =
            people.into_iter().map(|person| (person.id.to_string(), UserSummary::from(person))).collect();
        let show = |user: Party| match known.get(user.id()) {
            Some(user) => user.clone(),
            None => UserSummary::of_world(world, &user),
        };
        Ok(members.into_iter().map(show).collect::<Vec<_>>().into())
    }

    async fn groups(&self, world: &Arc<World>, tenant: Container) -> Result<List<(Party, String)>, DirectoryError> {
        let members: Vec<Party> = world.members_of_kind(&tenant, PartyKind::Group).collect();
        let ids: Vec<GroupId> = members.iter().filter_map(|group| GroupId::parse(group.id()).ok()).collect();
        let groups = self.groups.find_all(&ids).await?;
        let known: BTreeMap<String, Name> =
            groups.into_iter().map(|group| (group.id.to_string(), group.name)).collect();
        let show = |group: Party| {
            let name = known.get(group.id()).map_or_else(|| group.id().to_owned(), ToString::to_string);
            (group, name)
        };
        Ok(members.into_iter().map(show).collect::<Vec<_>>().into())
    }

    async fn applications(
        &self,
        world: &Arc<World>,
        tenant: Container,
    ) -> Result<List<ApplicationSummary>, DirectoryError> {
        let members: Vec<Party> = world.members_of_kind(&tenant, PartyKind::Client).collect();
        let ids: Vec<ClientId> = members.iter().filter_map(|one| ClientId::parse(one.id()).ok()).collect();
        let clients = self.clients.find_all(&ids).await?;
        let known: BTreeMap<String, ApplicationSummary> =
            clients.into_iter().map(|one| (one.client_id.to_string(), ApplicationSummary::from(one))).collect();
        let show = |client: Party| match known.get(client.id()) {
            Some(application) => application.clone(),
            None => ApplicationSummary::of_id(client.id()),
        };
        Ok(members.into_iter().map(show).collect::<Vec<_>>().into())
    }

    async fn absent(&self, parties: &[Party]) -> Result<Option<Party>, DirectoryError> {
        MemberDirectories::absent(self, parties).await
    }
}

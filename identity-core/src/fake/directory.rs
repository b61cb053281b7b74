mod administration;
mod clients;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;

use super::{SequentialIds, lock};
use crate::entity::{
    Api, ApiPermission, Client, DirectoryUser, DirectoryUserChange, EntityKind, Group, NewDirectoryUser, Permission,
    Role,
};
use crate::port::{DirectoryError, GroupDirectory, Ids, RoleDirectory, UserDirectory};
use crate::search::{ListRequest, Listing, matches_text};
use crate::value::{ClientKey, Description, GroupId, Name, PermissionName, RoleId, Secret, Username};

type Answer<T> = Result<T, DirectoryError>;

/// All directory ports (users, groups, roles, clients, APIs) in memory. Empty by default. Clones share one state.
#[derive(Clone, Debug, Default)]
pub struct MemoryDirectory(Arc<Mutex<State>>);

#[derive(Clone, Debug, Default)]
struct State {
    ids: Arc<SequentialIds>,
    people: BTreeMap<Username, DirectoryUser>,
    groups: BTreeMap<GroupId, Group>,
    roles: BTreeMap<RoleId, Role>,
    clients: BTreeMap<ClientKey, (Client, Option<Secret>)>,
    client_permissions: BTreeSet<(ClientKey, Permission)>,
    apis: BTreeMap<ClientKey, (Api, BTreeMap<PermissionName, ApiPermission>)>,
    members: BTreeSet<(GroupId, Username)>,
    user_roles: BTreeSet<(Username, RoleId)>,
    group_roles: BTreeSet<(GroupId, RoleId)>,
    foreign: BTreeSet<String>,
}

impl MemoryDirectory {
    /// Adds a hidden client with this client id, as if another service managed it. Creating a client or API with this
    /// id then fails with [`DirectoryError::Foreign`].
    pub fn add_foreign_client(&self, client_id: &str) {
        self.state().foreign.insert(client_id.to_owned());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }
}

fn missing<T>(found: Option<T>, kind: EntityKind, key: impl ToString) -> Answer<T> {
    found.ok_or_else(|| DirectoryError::missing(kind, key))
}

fn listing<'a, T: Clone + 'a, K: Ord>(
    list: &ListRequest,
    items: impl Iterator<Item = &'a T>,
    key: impl Fn(&T) -> K,
    texts: impl Fn(&T) -> Vec<&str>,
) -> Listing<T> {
    let mut fitting: Vec<&T> = items.filter(|item| matches_text(list.search.as_deref(), &texts(item))).collect();
    fitting.sort_by_key(|item| key(item));
    list.page.cut(fitting.into_iter()).map(T::clone).into()
}

impl State {
    fn person(&self, id: &Username) -> Answer<&DirectoryUser> {
        missing(self.people.get(id), EntityKind::User, id)
    }

    fn group(&self, id: &GroupId) -> Answer<&Group> {
        missing(self.groups.get(id), EntityKind::Group, id)
    }

    fn role(&self, id: &RoleId) -> Answer<&Role> {
        missing(self.roles.get(id), EntityKind::Role, id)
    }

    fn client(&self, key: &ClientKey) -> Answer<&(Client, Option<Secret>)> {
        missing(self.clients.get(key), EntityKind::Client, key)
    }

    fn api(&mut self, key: &ClientKey) -> Answer<&mut (Api, BTreeMap<PermissionName, ApiPermission>)> {
        missing(self.apis.get_mut(key), EntityKind::Client, key)
    }

    fn known(&self, permission: &Permission) -> Answer<()> {
        let api = self.apis.values().find(|(api, _)| api.audience == permission.audience);
        let (_, permissions) = missing(api, EntityKind::Client, &permission.audience)?;
        missing(permissions.get(&permission.definition), EntityKind::Resource, &permission.definition).map(|_| ())
    }

    /// Checks that the client has a service account (it is not public) and that an API defines the permission.
    fn account_and_permission(&self, key: &ClientKey, permission: &Permission) -> Answer<()> {
        if !self.client(key)?.0.kind.has_secret() {
            return Err(DirectoryError::Invalid("a public client has no account of its own".to_owned()));
        }
        self.known(permission)
    }

    fn free_client_id(&self, id: &str) -> Answer<()> {
        if self.foreign.contains(id) {
            let entity = crate::entity::AuditEntity { kind: EntityKind::Client, key: id.to_owned() };
            return Err(DirectoryError::Foreign(entity));
        }
        let taken = self.clients.values().any(|(client, _)| client.client_id.as_str() == id)
            || self.apis.values().any(|(api, _)| api.audience.as_str() == id);
        if taken { Err(DirectoryError::conflict(EntityKind::Client, id)) } else { Ok(()) }
    }

    fn fresh_key(&self) -> Answer<ClientKey> {
        ClientKey::parse(&self.ids.fresh()).map_err(|error| DirectoryError::Invalid(error.to_string()))
    }

    fn roles_of<'s>(&'s self, ids: impl Iterator<Item = &'s RoleId>) -> Vec<Role> {
        ids.filter_map(|id| self.roles.get(id)).map(without_permissions).collect()
    }

    fn forget(&mut self, gone: impl Fn(&Permission) -> bool) {
        self.client_permissions.retain(|(_, permission)| !gone(permission));
        for role in self.roles.values_mut() {
            role.permissions.retain(|permission| !gone(permission));
        }
    }
}

fn without_permissions(role: &Role) -> Role {
    Role { permissions: BTreeSet::new(), ..role.clone() }
}

#[async_trait]
impl UserDirectory for MemoryDirectory {
    async fn list(&self, list: &ListRequest) -> Answer<Listing<DirectoryUser>> {
        let texts = |person: &DirectoryUser| {
            let names = [Some(&person.username), person.first_name.as_ref(), person.last_name.as_ref()];
            let names: Vec<String> = names.into_iter().flatten().map(ToString::to_string).collect();
            (names, person.email.clone().unwrap_or_default())
        };
        let state = self.state();
        let mut fitting: Vec<&DirectoryUser> = state
            .people
            .values()
            .filter(|person| {
                let (names, email) = texts(person);
                let texts: Vec<&str> = names.iter().map(String::as_str).chain([email.as_str()]).collect();
                matches_text(list.search.as_deref(), &texts)
            })
            .collect();
        fitting.sort_by(|a, b| a.username.cmp(&b.username));
        Ok(list.page.cut(fitting.into_iter()).map(DirectoryUser::clone).into())
    }

    async fn find(&self, id: &Username) -> Answer<DirectoryUser> {
        self.state().person(id).cloned()
    }

    async fn find_all(&self, ids: &[Username]) -> Answer<Vec<DirectoryUser>> {
        let state = self.state();
        Ok(ids.iter().filter_map(|id| state.people.get(id)).cloned().collect())
    }

    async fn create(&self, new: &NewDirectoryUser) -> Answer<DirectoryUser> {
        let mut state = self.state();
        if state.people.values().any(|person| person.username == new.username) {
            return Err(DirectoryError::conflict(EntityKind::User, &new.username));
        }
        let id = Username::parse(&state.ids.fresh()).map_err(|error| DirectoryError::Invalid(error.to_string()))?;
        let person = DirectoryUser {
            id,
            username: new.username.clone(),
            first_name: new.first_name.clone(),
            last_name: new.last_name.clone(),
            email: new.email.as_ref().map(ToString::to_string),
            enabled: new.enabled,
        };
        state.people.insert(person.id.clone(), person.clone());
        Ok(person)
    }

    async fn update(&self, id: &Username, change: &DirectoryUserChange) -> Answer<DirectoryUser> {
        self.take_away(|state| {
            let person = missing(state.people.get_mut(id), EntityKind::User, id)?;
            let email =
                change.new_email(person.email.as_deref()).map_err(|error| DirectoryError::Member("email", error))?;
            let email = email.map(|email| email.map(str::to_owned));
            let DirectoryUserChange { first_name, last_name, enabled, .. } = change.clone();
            person.first_name = first_name.unwrap_or(person.first_name.take());
            person.last_name = last_name.unwrap_or(person.last_name.take());
            person.email = email.unwrap_or(person.email.take());
            person.enabled = enabled.unwrap_or(person.enabled);
            Ok(person.clone())
        })
    }

    async fn roles(&self, id: &Username) -> Answer<Vec<Role>> {
        let state = self.state();
        state.person(id)?;
        Ok(state.roles_of(state.user_roles.iter().filter(|(user, _)| user == id).map(|(_, role)| role)))
    }

    async fn assign_role(&self, id: &Username, role: &RoleId) -> Answer<()> {
        let mut state = self.state();
        state.person(id)?;
        state.role(role)?;
        state.user_roles.insert((id.clone(), role.clone()));
        Ok(())
    }

    async fn unassign_role(&self, id: &Username, role: &RoleId) -> Answer<()> {
        self.take_away(|state| {
            state.person(id)?;
            state.role(role)?;
            state.user_roles.remove(&(id.clone(), role.clone()));
            Ok(())
        })
    }

    async fn groups(&self, id: &Username) -> Answer<Vec<Group>> {
        let state = self.state();
        state.person(id)?;
        let ids = state.members.iter().filter(|(_, user)| user == id).map(|(group, _)| group);
        let mut groups: Vec<Group> = ids.filter_map(|id| state.groups.get(id)).cloned().collect();
        groups.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(groups)
    }
}

#[async_trait]
impl GroupDirectory for MemoryDirectory {
    async fn list(&self, list: &ListRequest) -> Answer<Listing<Group>> {
        let state = self.state();
        Ok(listing(list, state.groups.values(), |group| group.name.clone(), |group| vec![group.name.as_str()]))
    }

    async fn find(&self, id: &GroupId) -> Answer<Group> {
        self.state().group(id).cloned()
    }

    async fn find_all(&self, ids: &[GroupId]) -> Answer<Vec<Group>> {
        let state = self.state();
        Ok(ids.iter().filter_map(|id| state.groups.get(id)).cloned().collect())
    }

    async fn create(&self, name: &Name) -> Answer<Group> {
        let mut state = self.state();
        if state.groups.values().any(|group| group.name == *name) {
            return Err(DirectoryError::conflict(EntityKind::Group, name));
        }
        let id = GroupId::generated(state.ids.fresh());
        let group = Group::new(id.clone(), name.clone());
        state.groups.insert(id, group.clone());
        Ok(group)
    }

    async fn rename(&self, id: &GroupId, name: &Name) -> Answer<()> {
        let mut state = self.state();
        state.group(id)?;
        if state.groups.values().any(|group| group.name == *name && group.id != *id) {
            return Err(DirectoryError::conflict(EntityKind::Group, name));
        }
        missing(state.groups.get_mut(id), EntityKind::Group, id)?.name = name.clone();
        Ok(())
    }

    async fn delete(&self, id: &GroupId) -> Answer<()> {
        self.take_away(|state| {
            missing(state.groups.remove(id), EntityKind::Group, id)?;
            state.members.retain(|(group, _)| group != id);
            state.group_roles.retain(|(group, _)| group != id);
            Ok(())
        })
    }

    async fn members(&self, id: &GroupId, list: &ListRequest) -> Answer<Listing<DirectoryUser>> {
        let state = self.state();
        state.group(id)?;
        let ids = state.members.iter().filter(|(group, _)| group == id).map(|(_, user)| user);
        let people = ids.filter_map(|id| state.people.get(id));
        let list = ListRequest { search: None, page: list.page };
        Ok(listing(&list, people, |person| person.username.clone(), |_| Vec::new()))
    }

    async fn add_member(&self, id: &GroupId, user: &Username) -> Answer<()> {
        let mut state = self.state();
        state.group(id)?;
        state.person(user)?;
        state.members.insert((id.clone(), user.clone()));
        Ok(())
    }

    async fn remove_member(&self, id: &GroupId, user: &Username) -> Answer<()> {
        self.take_away(|state| {
            state.group(id)?;
            state.person(user)?;
            state.members.remove(&(id.clone(), user.clone()));
            Ok(())
        })
    }

    async fn roles(&self, id: &GroupId) -> Answer<Vec<Role>> {
        let state = self.state();
        state.group(id)?;
        Ok(state.roles_of(state.group_roles.iter().filter(|(group, _)| group == id).map(|(_, role)| role)))
    }

    async fn assign_role(&self, id: &GroupId, role: &RoleId) -> Answer<()> {
        let mut state = self.state();
        state.group(id)?;
        state.role(role)?;
        state.group_roles.insert((id.clone(), role.clone()));
        Ok(())
    }

    async fn unassign_role(&self, id: &GroupId, role: &RoleId) -> Answer<()> {
        self.take_away(|state| {
            state.group(id)?;
            state.role(role)?;
            state.group_roles.remove(&(id.clone(), role.clone()));
            Ok(())
        })
    }
}

#[async_trait]
impl RoleDirectory for MemoryDirectory {
    async fn list(&self, list: &ListRequest) -> Answer<Listing<Role>> {
        let roles: Vec<Role> = self.state().roles.values().map(without_permissions).collect();
        Ok(listing(list, roles.iter(), |role| role.id.clone(), |role| vec![role.id.as_str()]))
    }

    async fn find(&self, id: &RoleId) -> Answer<Role> {
        self.state().role(id).cloned()
    }

    async fn create(&self, role: &Role) -> Answer<()> {
        let mut state = self.state();
        if state.roles.contains_key(&role.id) {
            return Err(DirectoryError::conflict(EntityKind::Role, &role.id));
        }
        role.permissions.iter().try_for_each(|permission| state.known(permission))?;
        state.roles.insert(role.id.clone(), role.clone());
        Ok(())
    }

    async fn describe(&self, id: &RoleId, description: &Description) -> Answer<()> {
        missing(self.state().roles.get_mut(id), EntityKind::Role, id)?.description = description.clone();
        Ok(())
    }

    async fn delete(&self, id: &RoleId) -> Answer<()> {
        self.take_away(|state| {
            missing(state.roles.remove(id), EntityKind::Role, id)?;
            state.user_roles.retain(|(_, role)| role != id);
            state.group_roles.retain(|(_, role)| role != id);
            Ok(())
        })
    }

    async fn grant_permission(&self, id: &RoleId, permission: &Permission) -> Answer<()> {
        let mut state = self.state();
        state.role(id)?;
        state.known(permission)?;
        let role = missing(state.roles.get_mut(id), EntityKind::Role, id)?;
        role.permissions.insert(permission.clone());
        Ok(())
    }

    async fn revoke_permission(&self, id: &RoleId, permission: &Permission) -> Answer<()> {
        self.take_away(|state| {
            state.role(id)?;
            state.known(permission)?;
            let role = missing(state.roles.get_mut(id), EntityKind::Role, id)?;
            role.permissions.remove(permission);
            Ok(())
        })
    }
}

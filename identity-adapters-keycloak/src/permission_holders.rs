//! Holders of a permission on an API: users and service accounts with the groups and roles through which they hold it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use identity_core::entity::{Party, Permission};
use identity_core::port::{DirectoryError, DirectoryHolder, DirectoryHolders};
use identity_core::value::{ClientId, GroupId, RoleId, Username};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::Keycloak;
use crate::call::Call;
use crate::readable::Elements;
use crate::roles::travels;
use crate::wire::{ClientRep, UserRep};

/// Maximum number of requests for one list. Beyond it, the list is not complete.
const REQUESTS: usize = 300;
/// Maximum time for one list. Beyond it, the list is not complete.
const DEADLINE: Duration = Duration::from_secs(8);
/// Number of elements per request.
const PAGE: usize = 100;
/// Prefix of the usernames of service accounts.
const SERVICE_ACCOUNT: &str = "service-account-";

#[derive(Deserialize)]
struct Role {
    id: String,
    name: String,
    #[serde(default)]
    composite: bool,
}

#[derive(Deserialize)]
struct Group {
    id: String,
    name: String,
}

#[derive(Deserialize)]
struct Client {
    id: String,
}

/// One listing, with the requests that it may still send.
struct Listing<'k> {
    keycloak: &'k Keycloak,
    left: usize,
    most: usize,
    /// Id of the client role that is the permission.
    permission: String,
    /// Direct contents of composite roles that were read.
    contents: BTreeMap<String, Vec<Role>>,
    found: DirectoryHolders,
}

impl Keycloak {
    /// Lists at most `most` holders of a permission: directly, then through realm roles, then through roles of clients.
    pub(crate) async fn permission_holders(
        &self,
        permission: &Permission,
        most: usize,
    ) -> Result<DirectoryHolders, DirectoryError> {
        let name = permission.definition.as_str();
        let api = self.client_rep(permission.audience.as_str()).await?.filter(ClientRep::is_api);
        let Some(api) = api.filter(|_| travels(name)) else { return Ok(DirectoryHolders::default()) };
        let path = ["clients", &api.id, "roles", name];
        let Some(role) = self.find::<Role>(Call::get(&path)).await? else { return Ok(DirectoryHolders::default()) };
        let mut listing = Listing {
            keycloak: self,
            left: REQUESTS,
            most,
            permission: role.id,
            contents: BTreeMap::new(),
            found: DirectoryHolders::default(),
        };
        match tokio::time::timeout(DEADLINE, listing.list(&path)).await {
            Ok(outcome) => outcome?,
            Err(_) => listing.found.more = true,
        }
        Ok(listing.found)
    }
}

impl Listing<'_> {
    async fn list(&mut self, permission: &[&str]) -> Result<(), DirectoryError> {
        self.holders_of(permission, &[]).await?;
        for role in self.all::<Role>(&["roles"]).await? {
            if role.composite && travels(&role.name) && self.contains_permission(&role.id).await? {
                let through: Vec<Party> = RoleId::parse(&role.name).ok().map(Party::Role).into_iter().collect();
                self.holders_of(&["roles", &role.name], &through).await?;
            }
        }
        for client in self.all::<Client>(&["clients"]).await? {
            for role in self.all::<Role>(&["clients", &client.id, "roles"]).await? {
                if role.composite && travels(&role.name) && self.contains_permission(&role.id).await? {
                    self.holders_of(&["clients", &client.id, "roles", &role.name], &[]).await?;
                }
            }
        }
        Ok(())
    }

    /// Adds the users and the members of the groups to which a role is assigned. `through` is the role, if this server
    /// manages it.
    async fn holders_of(&mut self, role: &[&str], through: &[Party]) -> Result<(), DirectoryError> {
        let users: Vec<&str> = role.iter().copied().chain(["users"]).collect();
        for user in self.all::<UserRep>(&users).await? {
            self.add(&user, through);
        }
        let groups: Vec<&str> = role.iter().copied().chain(["groups"]).collect();
        let (mut open, mut seen) = (self.all::<Group>(&groups).await?, BTreeSet::new());
        while let Some(group) = open.pop().filter(|_| !self.found.more) {
            if !seen.insert(group.id.clone()) {
                continue;
            }
            let party = GroupId::parse(&group.id).ok().map(Party::Group);
            let through: Vec<Party> = party.into_iter().chain(through.iter().cloned()).collect();
            self.found.names.insert(group.id.clone(), group.name.clone());
            for user in self.all::<UserRep>(&["groups", &group.id, "members"]).await? {
                self.add(&user, &through);
            }
            open.extend(self.all::<Group>(&["groups", &group.id, "children"]).await?);
        }
        Ok(())
    }

    /// Adds an enabled user, or the client of a service account, unless the list is full.
    fn add(&mut self, user: &UserRep, through: &[Party]) {
        let client = user.username().strip_prefix(SERVICE_ACCOUNT).filter(|_| !user.is_federated());
        let party = match client {
            Some(client) => ClientId::parse(client).ok().map(Party::Client),
            None => Username::parse(&user.id).ok().map(Party::User),
        };
        let Some(party) = party.filter(|_| user.is_enabled()) else { return };
        if self.found.holders.len() >= self.most {
            self.found.more = true;
            return;
        }
        self.found.names.insert(user.id.clone(), user.username().to_owned());
        self.found.holders.push(DirectoryHolder { party, through: through.to_vec() });
    }

    /// Whether a role contains the permission, directly or through other roles.
    async fn contains_permission(&mut self, role: &str) -> Result<bool, DirectoryError> {
        let (mut open, mut seen) = (vec![role.to_owned()], BTreeSet::new());
        while let Some(id) = open.pop() {
            if id == self.permission {
                return Ok(true);
            }
            if !seen.insert(id.clone()) {
                continue;
            }
            if !self.contents.contains_key(&id) {
                let path = ["roles-by-id", &id, "composites"];
                let contents = self.ask::<Vec<Role>>(Call::get(&path)).await?.unwrap_or_default();
                self.contents.insert(id.clone(), contents);
            }
            let inner = self.contents.get(&id).into_iter().flatten();
            let leads = inner.filter(|role| role.composite || role.id == self.permission);
            open.extend(leads.map(|role| role.id.clone()));
        }
        Ok(false)
    }

    /// Reads all pages of a list, as far as the limits allow. A list that does not exist is empty.
    async fn all<T: DeserializeOwned>(&mut self, path: &[&str]) -> Result<Vec<T>, DirectoryError> {
        let mut items = Vec::new();
        loop {
            let call = Call::get(path).query("first", items.len()).query("max", PAGE);
            let page: Option<Elements<T>> = self.ask(call.query("briefRepresentation", true)).await?;
            let Some(page) = page else { return Ok(items) };
            let read = page.read;
            items.extend(page.items);
            if read < PAGE || self.found.more || items.len() > self.most.saturating_add(PAGE) {
                return Ok(items);
            }
        }
    }

    /// Sends a request; `None` if the entity does not exist or the maximum number of requests is reached.
    async fn ask<T: DeserializeOwned>(&mut self, call: Call<'_>) -> Result<Option<T>, DirectoryError> {
        let Some(left) = self.left.checked_sub(1).filter(|_| !self.found.more) else {
            self.found.more = true;
            return Ok(None);
        };
        self.left = left;
        self.keycloak.find(call).await
    }
}

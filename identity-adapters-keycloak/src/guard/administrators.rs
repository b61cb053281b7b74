//! Search for a principal that holds the permission `write` of this service's own API after a change.

use std::collections::{BTreeMap, BTreeSet};

use identity_core::entity::EntityKind;
use identity_core::port::DirectoryError;
use identity_core::preset::WRITE;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Guard;
use super::loss::{GroupNode, Removed};
use super::power::GuardedRole;
use crate::call::Call;
use crate::readable::Elements;
use crate::roles::travels;
use crate::wire::UserRep;

/// Maximum number of requests for one change. A change that requires more is refused.
const REQUESTS: usize = 500;
/// Number of elements per request.
const PAGE: usize = 100;

#[derive(Deserialize)]
struct Client {
    id: String,
}

/// Pages of a list.
struct Pages<'p> {
    path: &'p [&'p str],
    first: usize,
    ended: bool,
}

impl<'p> Pages<'p> {
    fn of(path: &'p [&'p str]) -> Self {
        Self { path, first: 0, ended: false }
    }
}

/// One search. It ends with the first principal that keeps the permission: users and groups are searched by role, first
/// by the permission itself, then by the roles that contain it.
pub(super) struct Search<'s> {
    guard: &'s Guard<'s>,
    /// Internal key of the API.
    api: &'s str,
    removed: &'s Removed,
    /// Error for a search that exceeds a limit.
    unchecked: &'s (dyn Fn() -> DirectoryError + Sync),
    /// Number of requests that may still be sent.
    left: usize,
    /// Direct contents of composite roles that were read.
    contents: BTreeMap<String, Vec<GuardedRole>>,
    /// Whether a principal holds the permission before the change.
    is_held: bool,
}

impl<'s> Search<'s> {
    pub(super) fn new(
        guard: &'s Guard<'s>,
        api: &'s str,
        removed: &'s Removed,
        unchecked: &'s (dyn Fn() -> DirectoryError + Sync),
    ) -> Self {
        Self { guard, api, removed, unchecked, left: REQUESTS, contents: BTreeMap::new(), is_held: false }
    }

    /// Whether the change may be made: a principal holds the permission afterwards, or none holds it before.
    pub(super) async fn allows(mut self) -> Result<bool, DirectoryError> {
        Ok(self.remains().await? || !self.is_held)
    }

    async fn remains(&mut self) -> Result<bool, DirectoryError> {
        let api = self.api;
        let call = || Call::get(&["clients", api, "roles", WRITE]);
        let Some(write) = self.ask::<GuardedRole>(call()).await? else { return Ok(false) };
        if self.is_kept_by_holder_of(&write, &["clients", api, "roles", WRITE]).await? {
            return Ok(true);
        }
        let mut roles = Pages::of(&["roles"]);
        while let Some(page) = self.next::<GuardedRole>(&mut roles).await? {
            for role in page.iter().filter(|role| role.composite) {
                if self.is_kept_by_holder_of(role, &["roles", &role.name]).await? {
                    return Ok(true);
                }
            }
        }
        let mut clients = Pages::of(&["clients"]);
        while let Some(page) = self.next::<Client>(&mut clients).await? {
            for client in page {
                if self.is_kept_through(&client.id).await? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Whether a holder of a client role that contains the permission has it after the change.
    async fn is_kept_through(&mut self, client: &str) -> Result<bool, DirectoryError> {
        let path = ["clients", client, "roles"];
        let mut roles = Pages::of(&path);
        while let Some(page) = self.next::<GuardedRole>(&mut roles).await? {
            for role in page.iter().filter(|role| role.composite && !role.is_write(self.api)) {
                if self.is_kept_by_holder_of(role, &["clients", client, "roles", &role.name]).await? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Whether a direct holder of a role has the permission after the change. `path` is the path of the role.
    async fn is_kept_by_holder_of(&mut self, role: &GuardedRole, path: &[&str]) -> Result<bool, DirectoryError> {
        if !self.gives_write(role, false).await? {
            return Ok(false);
        }
        let kept = self.gives_write(role, true).await?;
        if !travels(&role.name) {
            // Keycloak cannot list the holders of such a role. It is assumed that there are holders before the change.
            self.is_held = true;
            return Ok(false);
        }
        let is_mapped =
            |removed: &Removed, holder: &str| kept && !removed.mappings.contains(&(holder.to_owned(), role.id.clone()));
        let users: Vec<&str> = path.iter().copied().chain(["users"]).collect();
        if self.is_kept_by_one_of(&users, kept, |removed, user| is_mapped(removed, user)).await? {
            return Ok(true);
        }
        let groups: Vec<&str> = path.iter().copied().chain(["groups"]).collect();
        let mut groups = Pages::of(&groups);
        while let Some(page) = self.next::<GroupNode>(&mut groups).await? {
            for group in page {
                if self.is_kept_below(&group.id, is_mapped(self.removed, &group.id)).await? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Whether a member of a group or of one of its descendants has the permission after the change. `kept` is whether
    /// the group has it then.
    async fn is_kept_below(&mut self, group: &str, kept: bool) -> Result<bool, DirectoryError> {
        let (mut open, mut seen) = (vec![(group.to_owned(), kept)], BTreeSet::new());
        while let Some((group, kept)) = open.pop() {
            let kept = kept && !self.removed.groups.contains(&group);
            if !seen.insert(group.clone()) || (!kept && self.is_held) {
                continue;
            }
            let is_member = |removed: &Removed, user: &str| {
                kept && !removed.memberships.contains(&(user.to_owned(), group.clone()))
            };
            if self.is_kept_by_one_of(&["groups", &group, "members"], kept, is_member).await? {
                return Ok(true);
            }
            let path = ["groups", &group, "children"];
            let mut children = Pages::of(&path);
            while let Some(page) = self.next::<GroupNode>(&mut children).await? {
                open.extend(page.into_iter().map(|child| (child.id, kept)));
            }
        }
        Ok(false)
    }

    /// Whether one of the listed users has the permission after the change, which `stays` determines. Records whether
    /// one of them has it before. If `kept` is `false`, none has it afterwards.
    async fn is_kept_by_one_of(
        &mut self,
        list: &[&str],
        kept: bool,
        stays: impl Fn(&Removed, &str) -> bool,
    ) -> Result<bool, DirectoryError> {
        let mut users = Pages::of(list);
        // If none can be found that stays, the search ends with the first holder.
        while (kept || !self.is_held)
            && let Some(page) = self.next::<UserRep>(&mut users).await?
        {
            for user in &page {
                let stays = !self.removed.users.contains(&user.id) && stays(self.removed, &user.id);
                if (stays || !self.is_held) && self.can_sign_in(user).await? {
                    self.is_held = true;
                    if stays {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }

    /// Whether a user is enabled. A service account can sign in if its client is enabled, and not this server's own.
    async fn can_sign_in(&mut self, user: &UserRep) -> Result<bool, DirectoryError> {
        if !user.is_enabled() {
            return Ok(false);
        }
        let Some(client_id) = user.username().strip_prefix("service-account-") else { return Ok(true) };
        self.count()?;
        if !self.guard.keycloak.is_service_account(user).await? {
            return Ok(true);
        }
        // Usernames are in lower case, and client ids need not be.
        let own = self.guard.keycloak.shared.settings.own_client.as_str().to_lowercase();
        if own == client_id {
            return Ok(false);
        }
        self.count()?;
        Ok(self.guard.keycloak.client_rep(client_id).await?.is_none_or(|client| client.is_enabled()))
    }

    /// Whether a role is or contains the permission: before the change, or `after` it.
    async fn gives_write(&mut self, role: &GuardedRole, after: bool) -> Result<bool, DirectoryError> {
        let removed = self.removed;
        let stays = |id: &str| !after || !removed.roles.contains(id);
        if !stays(&role.id) {
            return Ok(false);
        }
        let mut seen = BTreeSet::from([role.id.clone()]);
        let mut open = vec![(role.id.clone(), role.composite, role.is_write(self.api))];
        while let Some((id, composite, is_write)) = open.pop() {
            if is_write {
                return Ok(true);
            }
            if !composite {
                continue;
            }
            self.read_contents(&id).await?;
            for inner in self.contents.get(&id).into_iter().flatten() {
                let inside = !after || !removed.contained.contains(&(id.clone(), inner.id.clone()));
                if inside && stays(&inner.id) && seen.insert(inner.id.clone()) {
                    open.push((inner.id.clone(), inner.composite, inner.is_write(self.api)));
                }
            }
        }
        Ok(false)
    }

    async fn read_contents(&mut self, role: &str) -> Result<(), DirectoryError> {
        if !self.contents.contains_key(role) {
            let call = Call::get(&["roles-by-id", role, "composites"]).about(EntityKind::Role, role);
            let contents = self.ask(call).await?.unwrap_or_default();
            self.contents.insert(role.to_owned(), contents);
        }
        Ok(())
    }

    /// Reads the next page of a list; `None` after the last page. A list that does not exist is empty, because its
    /// entity was deleted in the meantime.
    async fn next<T: DeserializeOwned>(&mut self, list: &mut Pages<'_>) -> Result<Option<Vec<T>>, DirectoryError> {
        if list.ended {
            return Ok(None);
        }
        let call = Call::get(list.path).query("first", list.first).query("max", PAGE);
        let found: Option<Elements<T>> = self.ask(call.query("briefRepresentation", true)).await?;
        let found = found.unwrap_or(Elements { items: Vec::new(), read: 0 });
        list.first += PAGE;
        list.ended = found.read < PAGE;
        Ok(Some(found.items))
    }

    async fn ask<T: DeserializeOwned>(&mut self, call: Call<'_>) -> Result<Option<T>, DirectoryError> {
        self.count()?;
        self.guard.keycloak.find(call).await
    }

    /// Counts a request. Fails if the search has sent the maximum number of requests.
    fn count(&mut self) -> Result<(), DirectoryError> {
        self.left = self.left.checked_sub(1).ok_or_else(self.unchecked)?;
        Ok(())
    }
}

//! Groups and subgroups of the realm. The displayed name of a subgroup is its path, such as `/division/admins`.

use async_trait::async_trait;
use futures_util::future::{join_all, try_join};
use identity_core::entity::{DirectoryUser, EntityKind, Group, Principal, Role};
use identity_core::port::{DirectoryError, GroupDirectory};
use identity_core::search::{ListRequest, Listing, PageRequest};
use identity_core::value::{GroupId, Name, RoleId, Username};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::Keycloak;
use crate::bounds;
use crate::call::Call;
use crate::change::{Representation, set};
use crate::error::unreadable;
use crate::readable::{Elements, unshown};
use crate::wire::{GroupRep, UserRep, unfit};

/// Maximum number of concurrent look-ups of groups by id.
const AT_ONCE: usize = 8;

#[derive(Deserialize)]
struct Count {
    count: usize,
}

/// Search that matches all groups. Without a search, Keycloak lists only top-level groups.
const EVERY: &str = "*";

impl Keycloak {
    pub(crate) fn shown_groups(&self, groups: Vec<GroupRep>) -> Vec<Group> {
        let shown = |group: GroupRep| {
            let id = group.id.clone();
            self.shown(EntityKind::Group, &id, group.group())
        };
        groups.into_iter().filter_map(shown).collect()
    }

    /// Returns a page of the groups that match a search, and the total number of matches. Without a search, only
    /// top-level groups are listed.
    async fn searched_groups(
        &self,
        page: PageRequest,
        search: Option<&str>,
    ) -> Result<(Elements<GroupRep>, usize), DirectoryError> {
        let searching = |call: Call<'static>| match search {
            Some(search) => call.query("search", search),
            None => call,
        };
        let groups =
            || searching(Call::get(&["groups"])).query("briefRepresentation", true).query("populateHierarchy", false);
        let count = searching(Call::get(&["groups", "count"])).query("top", search.is_none());
        let (found, Count { count }) =
            try_join(self.read_page(EntityKind::Group, page, groups), self.read(count)).await?;
        Ok((found, count))
    }
}

#[async_trait]
impl GroupDirectory for Keycloak {
    async fn list(&self, list: &ListRequest) -> Result<Listing<Group>, DirectoryError> {
        bounds::search(list.search.as_deref())?;
        let search = list.search.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let (mut found, mut count) = self.searched_groups(list.page, Some(search.unwrap_or(EVERY))).await?;
        if search.is_none() && count == 0 {
            // Earlier versions of Keycloak search for a literal `*`; list at least the top-level groups.
            (found, count) = self.searched_groups(list.page, None).await?;
        }
        Ok(Listing { items: self.shown_groups(found.items), total: Some(count) })
    }

    async fn find(&self, id: &GroupId) -> Result<Group, DirectoryError> {
        let call = Call::get(&["groups", id.as_str()]).about(EntityKind::Group, id.as_str());
        self.read::<GroupRep>(call).await?.group().map_err(unshown)
    }

    async fn find_all(&self, ids: &[GroupId]) -> Result<Vec<Group>, DirectoryError> {
        let mut found = Vec::new();
        for some in ids.chunks(AT_ONCE) {
            for group in join_all(some.iter().map(|id| GroupDirectory::find(self, id))).await {
                match group {
                    Ok(group) => found.push(group),
                    Err(DirectoryError::Missing(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(found)
    }

    async fn create(&self, name: &Name) -> Result<Group, DirectoryError> {
        let call = Call::post(&["groups"], json!({"name": name})).about(EntityKind::Group, name.as_str());
        let answer = self.send(call).await?;
        let id = GroupId::parse(answer.created()?).map_err(unfit)?;
        Ok(Group::new(id, name.clone()))
    }

    async fn rename(&self, id: &GroupId, name: &Name) -> Result<(), DirectoryError> {
        let path = ["groups", id.as_str()];
        let kind = EntityKind::Group;
        let of = Representation { path: &path, kind, key: id.as_str(), unique: name.as_str(), guarded: &[] };
        let change = |body: &mut Map<String, Value>| {
            let group: GroupRep = serde_json::from_value(Value::Object(body.clone()))
                .map_err(|error| unreadable(&format!("a group has an unexpected form: {error}")))?;
            if group.shown().as_ref() != Ok(name) {
                // The new name of a subgroup may include the path of its parent. The subgroup is not moved.
                let own = group.parent_path().and_then(|parent| name.as_str().strip_prefix(parent));
                set(body, "name", own.filter(|own| !own.is_empty()).unwrap_or(name.as_str()));
            }
            Ok(())
        };
        self.rewrite(of, change).await.map(|_| ())
    }

    async fn delete(&self, id: &GroupId) -> Result<(), DirectoryError> {
        let path = ["groups", id.as_str()];
        let deleting = self.send(Call::delete(&path).about(EntityKind::Group, id.as_str()));
        self.exclusively(EntityKind::Group, id.as_str(), deleting).await.map(|_| ())
    }

    async fn members(&self, id: &GroupId, list: &ListRequest) -> Result<Listing<DirectoryUser>, DirectoryError> {
        let path = ["groups", id.as_str(), "members"];
        let call = || Call::get(&path).about(EntityKind::Group, id.as_str()).query("briefRepresentation", true);
        let found = self.read_page::<UserRep>(EntityKind::User, list.page, call).await?;
        // Keycloak does not count members: the total is known only if the page contains the end of the list.
        let total = (found.read < list.page.limit).then(|| list.page.offset + found.read);
        let total = total.filter(|_| list.page.offset == 0 || found.read > 0);
        Ok(Listing { total, items: self.people(found.items).await? })
    }

    async fn add_member(&self, id: &GroupId, user: &Username) -> Result<(), DirectoryError> {
        // Keycloak's response does not distinguish a missing group from a missing user.
        GroupDirectory::find(self, id).await?;
        let path = ["users", user.as_str(), "groups", id.as_str()];
        let adding = self.send(Call::put(&path, json!({})).about(EntityKind::User, user.as_str()));
        self.exclusively(EntityKind::User, user.as_str(), adding).await.map(|_| ())
    }

    async fn remove_member(&self, id: &GroupId, user: &Username) -> Result<(), DirectoryError> {
        // Keycloak's response does not distinguish a missing group from a missing user.
        GroupDirectory::find(self, id).await?;
        let path = ["users", user.as_str(), "groups", id.as_str()];
        let removing = self.send(Call::delete(&path).about(EntityKind::User, user.as_str()));
        let removing = self.exclusively(EntityKind::User, user.as_str(), removing);
        self.taking_away(Principal::User(user.clone()), removing).await.map(|_| ())
    }

    async fn roles(&self, id: &GroupId) -> Result<Vec<Role>, DirectoryError> {
        self.held_roles("groups", EntityKind::Group, id.as_str()).await
    }

    async fn assign_role(&self, id: &GroupId, role: &RoleId) -> Result<(), DirectoryError> {
        let assigning = self.assign_realm_role("groups", EntityKind::Group, id.as_str(), role);
        self.exclusively(EntityKind::Group, id.as_str(), assigning).await
    }

    async fn unassign_role(&self, id: &GroupId, role: &RoleId) -> Result<(), DirectoryError> {
        let unassigning = self.unassign_realm_role("groups", EntityKind::Group, id.as_str(), role);
        self.exclusively(EntityKind::Group, id.as_str(), unassigning).await
    }
}

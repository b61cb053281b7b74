//! Groups, and groups in groups. A subgroup is shown with its path.

use async_trait::async_trait;
use futures_util::future::{join_all, try_join};
use identity_core::entity::{EntityKind, Group, Person, Principal, Role};
use identity_core::port::{DirectoryError, GroupDirectory};
use identity_core::search::{ListRequest, Listing, PageRequest};
use identity_core::value::{Description, GroupId, Name, RoleId, Username};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::Keycloak;
use crate::admin::{Call, unreadable};
use crate::bounds;
use crate::change::{Representation, set};
use crate::readable::{Elements, unshown};
use crate::wire::{GroupRep, UserRep, unfit};

/// How many groups are asked for by id at the same time.
const AT_ONCE: usize = 8;

#[derive(Deserialize)]
struct Count {
    count: usize,
}

/// What Keycloak finds all groups with. Without a search it lists the groups that lie in no other.
const EVERY: &str = "*";

impl Keycloak {
    pub(crate) fn shown_groups(&self, groups: Vec<GroupRep>) -> Vec<Group> {
        let shown = |group: GroupRep| {
            let id = group.id.clone();
            self.shown(EntityKind::Group, &id, group.group())
        };
        groups.into_iter().filter_map(shown).collect()
    }

    /// Groups that a search finds, or all that lie in no other group without one; and how many there are.
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
            // Earlier versions of Keycloak take the sign for a name.
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
        Ok(Group { id, name: name.clone(), description: Description::default() })
    }

    async fn rename(&self, id: &GroupId, name: &Name) -> Result<(), DirectoryError> {
        let path = ["groups", id.as_str()];
        let kind = EntityKind::Group;
        let of = Representation { path: &path, kind, key: id.as_str(), unique: name.as_str(), guarded: &[] };
        let change = |body: &mut Map<String, Value>| {
            let group: GroupRep = serde_json::from_value(Value::Object(body.clone()))
                .map_err(|error| unreadable(&format!("a group does not fit: {error}")))?;
            if group.shown().as_ref() != Ok(name) {
                // A subgroup may be named by its path, or by its own name; it stays where it is.
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

    async fn members(&self, id: &GroupId, list: &ListRequest) -> Result<Listing<Person>, DirectoryError> {
        let path = ["groups", id.as_str(), "members"];
        let call = || Call::get(&path).about(EntityKind::Group, id.as_str()).query("briefRepresentation", true);
        let found = self.read_page::<UserRep>(EntityKind::User, list.page, call).await?;
        // Keycloak does not count members: the end of the list is known when it was seen.
        let total = (found.read < list.page.limit).then(|| list.page.offset + found.read);
        let total = total.filter(|_| list.page.offset == 0 || found.read > 0);
        Ok(Listing { total, items: self.people(found.items).await? })
    }

    async fn change_member(&self, id: &GroupId, user: &Username, member: bool) -> Result<(), DirectoryError> {
        // Keycloak does not say which of the two is missing.
        GroupDirectory::find(self, id).await?;
        let path = ["users", user.as_str(), "groups", id.as_str()];
        let call = if member { Call::put(&path, json!({})) } else { Call::delete(&path) };
        let changing = self.send(call.about(EntityKind::User, user.as_str()));
        let changing = self.exclusively(EntityKind::User, user.as_str(), changing);
        let changed =
            if member { changing.await } else { self.taking_away(Principal::User(user.clone()), changing).await };
        changed.map(|_| ())
    }

    async fn roles(&self, id: &GroupId) -> Result<Vec<Role>, DirectoryError> {
        self.held_roles("groups", EntityKind::Group, id.as_str()).await
    }

    async fn change_role(&self, id: &GroupId, role: &RoleId, held: bool) -> Result<(), DirectoryError> {
        let change = self.change_held_role("groups", EntityKind::Group, id.as_str(), role, held);
        self.exclusively(EntityKind::Group, id.as_str(), change).await
    }
}

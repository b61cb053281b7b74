//! Groups of the top level: groups of groups are none of Identity's.

use async_trait::async_trait;
use futures_util::future::{join_all, try_join};
use identity_core::entity::{EntityKind, Group, Person, Principal, Role};
use identity_core::port::{DirectoryError, GroupDirectory};
use identity_core::search::{ListRequest, Listing};
use identity_core::value::{Description, GroupId, Name, RoleId, Username};
use serde::Deserialize;
use serde_json::json;

use crate::Keycloak;
use crate::admin::Call;
use crate::bounds;
use crate::change::Representation;
use crate::wire::{GroupRep, UserRep, unfit};

/// How many groups are asked for by id at the same time.
const AT_ONCE: usize = 8;

#[derive(Deserialize)]
struct Count {
    count: usize,
}

#[async_trait]
impl GroupDirectory for Keycloak {
    async fn list(&self, list: &ListRequest) -> Result<Listing<Group>, DirectoryError> {
        bounds::search(list.search.as_deref())?;
        let (first, max) = bounds::page(list.page);
        let searching = |call: Call<'static>| match &list.search {
            Some(search) => call.query("search", search),
            None => call,
        };
        let page = searching(Call::get(&["groups"]))
            .query("first", first)
            .query("max", max)
            .query("briefRepresentation", true)
            .query("populateHierarchy", false);
        let count = searching(Call::get(&["groups", "count"])).query("top", true);
        let (found, Count { count }) = try_join(self.read::<Vec<GroupRep>>(page), self.read(count)).await?;
        let items = found.into_iter().map(GroupRep::group).collect::<Result<_, _>>()?;
        Ok(Listing { items, total: Some(count) })
    }

    async fn find(&self, id: &GroupId) -> Result<Group, DirectoryError> {
        let call = Call::get(&["groups", id.as_str()]).about(EntityKind::Group, id.as_str());
        self.read::<GroupRep>(call).await?.group()
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
        self.rewrite(of, |body| drop(body.insert("name".to_owned(), json!(name)))).await.map(|_| ())
    }

    async fn delete(&self, id: &GroupId) -> Result<(), DirectoryError> {
        let path = ["groups", id.as_str()];
        let deleting = self.send(Call::delete(&path).about(EntityKind::Group, id.as_str()));
        self.exclusively(EntityKind::Group, id.as_str(), deleting).await.map(|_| ())
    }

    async fn members(&self, id: &GroupId, list: &ListRequest) -> Result<Listing<Person>, DirectoryError> {
        let (first, max) = bounds::page(list.page);
        let call = Call::get(&["groups", id.as_str(), "members"])
            .about(EntityKind::Group, id.as_str())
            .query("first", first)
            .query("max", max)
            .query("briefRepresentation", true);
        let found: Vec<UserRep> = self.read(call).await?;
        // Keycloak does not count members: the end of the list is known when it was seen.
        let total = (found.len() < list.page.limit).then(|| list.page.offset + found.len());
        let total = total.filter(|_| list.page.offset == 0 || !found.is_empty());
        Ok(Listing { total, items: self.people(found).await? })
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

//! Users of the realm, without service accounts.

use async_trait::async_trait;
use futures_util::future::try_join;
use identity_core::entity::{DirectoryUser, DirectoryUserChange, EntityKind, Group, NewDirectoryUser, Principal, Role};
use identity_core::port::{DirectoryError, UserDirectory};
use identity_core::search::{ListRequest, Listing, PageRequest};
use identity_core::value::{Name, RoleId, Username};
use serde_json::{Map, Value, json};

use crate::Keycloak;
use crate::bounds;
use crate::call::Call;
use crate::change::{Representation, set};
use crate::error::unreadable;
use crate::readable::unshown;
use crate::wire::{GroupRep, UserRep, shown_name};

/// Maximum number of users that one request looks up by id, because the length of a URL is limited.
const AT_ONCE: usize = 50;
/// Maximum number of groups that are read per user.
const GROUPS: usize = 10_000;

/// Converts a search text so that each word matches at any position, such as `*Ann* *Lee*`. By default, Keycloak
/// matches prefixes.
pub(crate) fn anywhere(search: &str) -> String {
    let plain = search.replace(['*', '"', '%', '\\'], " ");
    let words = plain.split_whitespace().map(|word| format!("*{word}*"));
    words.collect::<Vec<_>>().join(" ")
}

/// Members of a user's representation that affect sign-in. They are sent only if they change.
const GUARDED: [&str; 3] = ["enabled", "emailVerified", "requiredActions"];

/// Applies the changed members to a user's representation. A value whose displayed form already is the requested one
/// stays as Keycloak stores it. A changed e-mail address is marked as not verified.
fn apply(change: &DirectoryUserChange, body: &mut Map<String, Value>) -> Result<(), DirectoryError> {
    for (member, wanted) in [("firstName", &change.first_name), ("lastName", &change.last_name)] {
        let Some(wanted) = wanted else { continue };
        if shown_name(body.get(member).and_then(Value::as_str)) != *wanted {
            // Keycloak ignores null members and clears empty ones.
            set(body, member, wanted.as_ref().map_or("", Name::as_str));
        }
    }
    let known = body.get("email").and_then(Value::as_str);
    if let Some(email) = change.new_email(known).map_err(|error| DirectoryError::Member("email", error))? {
        let (email, old) = (email.unwrap_or_default(), known.unwrap_or_default());
        if old.to_lowercase() != email.to_lowercase() {
            set(body, "emailVerified", false);
        }
        set(body, "email", email);
    }
    if let Some(enabled) = change.enabled {
        set(body, "enabled", enabled);
    }
    Ok(())
}

impl Keycloak {
    async fn account(&self, id: &Username) -> Result<UserRep, DirectoryError> {
        let found: UserRep = self.read(Call::get(&["users", id.as_str()]).about(EntityKind::User, id.as_str())).await?;
        if found.is_named_as_service_account() && self.is_service_account(&found).await? {
            return Err(DirectoryError::missing(EntityKind::User, id));
        }
        Ok(found)
    }

    /// Converts accounts to users. Leaves out service accounts, and accounts that cannot be displayed.
    pub(crate) async fn people(&self, accounts: Vec<UserRep>) -> Result<Vec<DirectoryUser>, DirectoryError> {
        let mut people = Vec::with_capacity(accounts.len());
        for account in accounts {
            if !account.is_named_as_service_account() || !self.is_service_account(&account).await? {
                let id = account.id.clone();
                people.extend(self.shown(EntityKind::User, &id, account.person()));
            }
        }
        Ok(people)
    }
}

#[async_trait]
impl UserDirectory for Keycloak {
    async fn list(&self, list: &ListRequest) -> Result<Listing<DirectoryUser>, DirectoryError> {
        bounds::search(list.search.as_deref())?;
        let search = list.search.as_deref().map(anywhere);
        let searching = |call: Call<'static>| match &search {
            Some(search) => call.query("search", search),
            None => call,
        };
        let page = || searching(Call::get(&["users"])).query("briefRepresentation", true);
        let count = searching(Call::get(&["users", "count"]));
        let (found, total) =
            try_join(self.read_page(EntityKind::User, list.page, page), self.read::<usize>(count)).await?;
        Ok(Listing { items: self.people(found.items).await?, total: Some(total) })
    }

    async fn find(&self, id: &Username) -> Result<DirectoryUser, DirectoryError> {
        self.account(id).await?.person().map_err(unshown)
    }

    async fn find_all(&self, ids: &[Username]) -> Result<Vec<DirectoryUser>, DirectoryError> {
        let mut found = Vec::new();
        let (known, others): (Vec<&str>, Vec<&str>) = ids.iter().map(Username::as_str).partition(|id| bounds::key(id));
        // Users of external user storages can only be looked up one by one.
        for other in others {
            let call = Call::get(&["users", other]).about(EntityKind::User, other);
            if let Some(account) = Keycloak::find::<UserRep>(self, call).await? {
                found.extend(self.people(vec![account]).await?);
            }
        }
        for some in known.chunks(AT_ONCE) {
            let call = Call::get(&["users"])
                .query("search", format!("id:{}", some.join(" ")))
                .query("max", AT_ONCE)
                .query("briefRepresentation", true);
            found.extend(self.people(self.read_list(EntityKind::User, call).await?.items).await?);
        }
        Ok(found)
    }

    async fn create(&self, new: &NewDirectoryUser) -> Result<DirectoryUser, DirectoryError> {
        let mut body = json!({
            "username": new.username, "firstName": new.first_name, "lastName": new.last_name, "email": new.email,
            "enabled": new.enabled,
        });
        if let (Some(password), Value::Object(body)) = (&new.password, &mut body) {
            let credential = json!({"type": "password", "value": password.expose(), "temporary": false});
            body.insert("credentials".to_owned(), json!([credential]));
        }
        let call = Call::post(&["users"], body).about(EntityKind::User, new.username.as_str());
        let answer = self.send(call).await?;
        let id = Username::parse(answer.created()?).map_err(crate::wire::unfit)?;
        self.account(&id).await?.person().map_err(unshown)
    }

    async fn update(&self, id: &Username, change: &DirectoryUserChange) -> Result<DirectoryUser, DirectoryError> {
        self.account(id).await?;
        let path = ["users", id.as_str()];
        let of = Representation {
            path: &path,
            kind: EntityKind::User,
            key: id.as_str(),
            unique: id.as_str(),
            guarded: &GUARDED,
        };
        let writing = self.rewrite(of, |body| apply(change, body));
        let written = match change.enabled {
            Some(false) => self.taking_away(Principal::User(id.clone()), writing).await?,
            _ => writing.await?,
        };
        let written: UserRep =
            serde_json::from_value(Value::Object(written)).map_err(|error| unreadable(&error.to_string()))?;
        written.person().map_err(unshown)
    }

    async fn roles(&self, id: &Username) -> Result<Vec<Role>, DirectoryError> {
        self.held_roles("users", EntityKind::User, id.as_str()).await
    }

    async fn assign_role(&self, id: &Username, role: &RoleId) -> Result<(), DirectoryError> {
        let assigning = self.assign_realm_role("users", EntityKind::User, id.as_str(), role);
        self.exclusively(EntityKind::User, id.as_str(), assigning).await
    }

    async fn unassign_role(&self, id: &Username, role: &RoleId) -> Result<(), DirectoryError> {
        let unassigning = self.unassign_realm_role("users", EntityKind::User, id.as_str(), role);
        let unassigning = self.exclusively(EntityKind::User, id.as_str(), unassigning);
        self.taking_away(Principal::User(id.clone()), unassigning).await
    }

    async fn groups(&self, id: &Username) -> Result<Vec<Group>, DirectoryError> {
        let path = ["users", id.as_str(), "groups"];
        let call = || Call::get(&path).about(EntityKind::User, id.as_str()).query("briefRepresentation", true);
        let page = PageRequest { offset: 0, limit: GROUPS };
        let found = self.read_page::<GroupRep>(EntityKind::Group, page, call).await?;
        let mut groups = self.shown_groups(found.items);
        groups.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(groups)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_searched_anywhere_and_none_is_an_operator() {
        assert_eq!(anywhere("Ann Lee"), "*Ann* *Lee*");
        assert_eq!(anywhere("id:1 \"x\" a*b"), "*id:1* *x* *a* *b*");
    }
}

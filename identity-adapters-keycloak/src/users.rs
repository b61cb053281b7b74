//! People.

use async_trait::async_trait;
use identity_core::entity::{EntityKind, Group, NewPerson, Person, PersonChange, Principal, Role};
use identity_core::port::{DirectoryError, UserDirectory};
use identity_core::search::{ListRequest, Listing};
use identity_core::value::{Email, Name, RoleId, Username};
use serde_json::{Map, Value, json};

use crate::Keycloak;
use crate::admin::{Call, unreadable};
use crate::bounds;
use crate::change::Representation;
use crate::wire::{GroupRep, UserRep};

/// How many people one request asks for by id: a URL has an end.
const AT_ONCE: usize = 50;
/// The most groups that somebody is in.
const GROUPS: usize = 1000;

/// A search for every word anywhere: Keycloak's own would only look at the beginnings.
pub(crate) fn anywhere(search: &str) -> String {
    let plain = search.replace(['*', '"', '%', '\\'], " ");
    let words = plain.split_whitespace().map(|word| format!("*{word}*"));
    words.collect::<Vec<_>>().join(" ")
}

/// Members of a user that decide whether and as whom they sign in.
const GUARDED: [&str; 3] = ["enabled", "emailVerified", "requiredActions"];

/// Sets what changes. An address that changes is no longer verified.
fn apply(change: &PersonChange, body: &mut Map<String, Value>) {
    // Keycloak keeps what is null and removes what is empty.
    let text = |name: &Option<Name>| json!(name.as_ref().map_or("", Name::as_str));
    if let Some(first_name) = &change.first_name {
        body.insert("firstName".to_owned(), text(first_name));
    }
    if let Some(last_name) = &change.last_name {
        body.insert("lastName".to_owned(), text(last_name));
    }
    if let Some(email) = &change.email {
        let email = email.as_ref().map_or("", Email::as_str);
        let old = body.get("email").and_then(Value::as_str).unwrap_or_default();
        if old.to_lowercase() != email.to_lowercase() {
            body.insert("emailVerified".to_owned(), json!(false));
        }
        body.insert("email".to_owned(), json!(email));
    }
    if let Some(enabled) = change.enabled {
        body.insert("enabled".to_owned(), json!(enabled));
    }
}

impl Keycloak {
    async fn account(&self, id: &Username) -> Result<UserRep, DirectoryError> {
        let found: UserRep = self.read(Call::get(&["users", id.as_str()]).about(EntityKind::User, id.as_str())).await?;
        if found.is_named_as_service_account() && self.is_service_account(&found).await? {
            return Err(DirectoryError::missing(EntityKind::User, id));
        }
        Ok(found)
    }

    /// The people among accounts.
    pub(crate) async fn people(&self, accounts: Vec<UserRep>) -> Result<Vec<Person>, DirectoryError> {
        let mut people = Vec::with_capacity(accounts.len());
        for account in accounts {
            if !account.is_named_as_service_account() || !self.is_service_account(&account).await? {
                people.push(account.person()?);
            }
        }
        Ok(people)
    }
}

#[async_trait]
impl UserDirectory for Keycloak {
    async fn list(&self, list: &ListRequest) -> Result<Listing<Person>, DirectoryError> {
        bounds::search(list.search.as_deref())?;
        let (first, max) = bounds::page(list.page);
        let search = list.search.as_deref().map(anywhere);
        let searching = |call: Call<'static>| match &search {
            Some(search) => call.query("search", search),
            None => call,
        };
        let page =
            searching(Call::get(&["users"])).query("first", first).query("max", max).query("briefRepresentation", true);
        let (found, total) =
            futures_util::future::try_join(self.read(page), self.read(searching(Call::get(&["users", "count"]))))
                .await?;
        Ok(Listing { items: self.people(found).await?, total: Some(total) })
    }

    async fn find(&self, id: &Username) -> Result<Person, DirectoryError> {
        self.account(id).await?.person()
    }

    async fn find_all(&self, ids: &[Username]) -> Result<Vec<Person>, DirectoryError> {
        let mut found = Vec::new();
        let (known, others): (Vec<&str>, Vec<&str>) = ids.iter().map(Username::as_str).partition(|id| bounds::key(id));
        // Users of other storages cannot be asked for together.
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
            found.extend(self.people(self.read(call).await?).await?);
        }
        Ok(found)
    }

    async fn create(&self, new: &NewPerson) -> Result<Person, DirectoryError> {
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
        self.account(&id).await?.person()
    }

    async fn update(&self, id: &Username, change: &PersonChange) -> Result<Person, DirectoryError> {
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
        written.person()
    }

    async fn roles(&self, id: &Username) -> Result<Vec<Role>, DirectoryError> {
        self.held_roles("users", EntityKind::User, id.as_str()).await
    }

    async fn change_role(&self, id: &Username, role: &RoleId, held: bool) -> Result<(), DirectoryError> {
        let change = self.change_held_role("users", EntityKind::User, id.as_str(), role, held);
        let changing = self.exclusively(EntityKind::User, id.as_str(), change);
        if held { changing.await } else { self.taking_away(Principal::User(id.clone()), changing).await }
    }

    async fn groups(&self, id: &Username) -> Result<Vec<Group>, DirectoryError> {
        let call = Call::get(&["users", id.as_str(), "groups"])
            .about(EntityKind::User, id.as_str())
            .query("first", 0)
            .query("max", GROUPS)
            .query("briefRepresentation", true);
        let found: Vec<GroupRep> = self.read(call).await?;
        let mut groups = found.into_iter().map(GroupRep::group).collect::<Result<Vec<_>, _>>()?;
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

//! Rules for changes of users, groups and clients.

use futures_util::future::try_join;
use identity_core::entity::EntityKind;
use identity_core::port::DirectoryError;
use serde::Deserialize;
use serde_json::Value;

use super::{BUILT_IN, Guard, because, protected_one};
use crate::Keycloak;
use crate::call::Call;
use crate::cleared::NO_RULE;
use crate::error::unreadable;
use crate::readable::Elements;
use crate::wire::UserRep;

/// Maximum number of ancestors of a changed group, and of descendants of a deleted one. Deeper or larger trees are
/// refused.
const GROUPS: usize = 500;
/// Maximum number of accounts that a search for a username returns.
const NAMESAKES: usize = 100;
/// URL members of a client's representation. Keycloak sends tokens to these URLs.
const ADDRESSES: [&str; 4] = ["adminUrl", "baseUrl", "redirectUris", "rootUrl"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GuardedClient {
    client_id: String,
    #[serde(default)]
    service_accounts_enabled: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GuardedGroup {
    id: String,
    parent_id: Option<String>,
}

impl Guard<'_> {
    /// Checks that a user may be changed: it is no service account and holds no role of `realm-management`.
    pub(super) async fn user(&self, id: &str) -> Result<(), DirectoryError> {
        let user: UserRep = self.keycloak.read(Call::get(&["users", id]).about(EntityKind::User, id)).await?;
        let power = self.effective_power("users", EntityKind::User, id);
        let (account, power) = try_join(self.keycloak.is_service_account(&user), power).await?;
        match (account, power) {
            (true, _) => Err(protected_one(EntityKind::User, id, because::SERVICE_ACCOUNT)),
            (_, true) => Err(protected_one(EntityKind::User, id, because::USER_POWER)),
            (false, false) => Ok(()),
        }
    }

    /// Checks that `account` is the service account of `client`, and that this client may be changed.
    pub(super) async fn account(&self, client: &str, account: &str) -> Result<(), DirectoryError> {
        self.client(client).await?;
        let path = ["clients", client, "service-account-user"];
        let user: UserRep = self.keycloak.read(Call::get(&path).about(EntityKind::Client, client)).await?;
        if user.id == account {
            return Ok(());
        }
        Err(protected_one(EntityKind::User, account, NO_RULE))
    }

    /// Checks that a group may be changed: neither the group nor one of its ancestors holds a role of
    /// `realm-management`.
    pub(super) async fn group(&self, id: &str) -> Result<(), DirectoryError> {
        let mut next = Some(id.to_owned());
        for _ in 0..GROUPS {
            let Some(at) = next else { return Ok(()) };
            let group = self.keycloak.read::<GuardedGroup>(Call::get(&["groups", &at]).about(EntityKind::Group, id));
            let (group, power) = try_join(group, self.effective_power("groups", EntityKind::Group, &at)).await?;
            if power {
                return Err(protected_one(EntityKind::Group, id, because::GROUP_POWER));
            }
            next = group.parent_id;
        }
        Err(protected_one(EntityKind::Group, id, because::TOO_MANY))
    }

    /// Checks that a group may be deleted: none of its descendants holds a role of `realm-management`.
    pub(super) async fn groups_below(&self, id: &str) -> Result<(), DirectoryError> {
        let (mut open, mut seen) = (vec![id.to_owned()], 0);
        while let Some(at) = open.pop() {
            let path = ["groups", &at, "children"];
            let call = Call::get(&path).query("first", 0).query("max", GROUPS + 1).about(EntityKind::Group, id);
            let children: Vec<GuardedGroup> = self.keycloak.read(call).await?;
            seen += children.len();
            if seen > GROUPS {
                return Err(protected_one(EntityKind::Group, id, because::TOO_MANY));
            }
            for child in children {
                if self.effective_power("groups", EntityKind::Group, &child.id).await? {
                    return Err(protected_one(EntityKind::Group, id, because::GROUP_POWER));
                }
                open.push(child.id);
            }
        }
        Ok(())
    }

    /// Checks that a client may be changed and its secret read. Refuses this server's own client, built-in clients, and
    /// clients whose service account holds a role of `realm-management`.
    pub(super) async fn client(&self, key: &str) -> Result<(), DirectoryError> {
        let client: GuardedClient =
            self.keycloak.read(Call::get(&["clients", key]).about(EntityKind::Client, key)).await?;
        self.known_client(key, &client).await
    }

    async fn known_client(&self, key: &str, client: &GuardedClient) -> Result<(), DirectoryError> {
        let refuse = |reason| Err(protected_one(EntityKind::Client, &client.client_id, reason));
        if self.keycloak.is_own(&client.client_id) {
            return if self.keycloak.is_starting() { Ok(()) } else { refuse(because::OWN_CLIENT) };
        }
        if BUILT_IN.contains(&client.client_id.as_str()) {
            return refuse(because::BUILT_IN);
        }
        if client.service_accounts_enabled {
            let path = ["clients", key, "service-account-user"];
            let account: UserRep = self.keycloak.read(Call::get(&path).about(EntityKind::Client, key)).await?;
            if self.effective_power("users", EntityKind::Client, &account.id).await? {
                return refuse(because::CLIENT_POWER);
            }
        }
        Ok(())
    }

    /// Checks that a client may be replaced by `body`. If its URLs change, its tokens must not carry roles of
    /// `realm-management`, because tokens are sent to these URLs.
    pub(super) async fn replaced_client(&self, key: &str, body: Option<&Value>) -> Result<(), DirectoryError> {
        let call = Call::get(&["clients", key]).about(EntityKind::Client, key);
        let known: Value = self.keycloak.read(call).await?;
        let new = body.ok_or_else(|| protected_one(EntityKind::Client, key, NO_RULE))?;
        let client: GuardedClient = serde_json::from_value(known.clone())
            .map_err(|error| unreadable(&format!("a client has an unexpected form: {error}")))?;
        self.known_client(key, &client).await?;
        let id = client.client_id.as_str();
        if new.get("clientId").and_then(Value::as_str) != Some(id) {
            return Err(protected_one(EntityKind::Client, id, NO_RULE));
        }
        self.exact(Some(&known), body)?;
        let at = |client: &Value, member: &str| {
            let mut value = client.get(member).filter(|value| !value.is_null()).cloned();
            // The order of redirect URIs does not matter.
            if let Some(Value::Array(uris)) = &mut value {
                uris.sort_by_key(ToString::to_string);
            }
            value
        };
        let same = ADDRESSES.iter().all(|member| at(&known, member) == at(new, member));
        if same || self.keycloak.is_starting() {
            return Ok(());
        }
        let all = new.get("fullScopeAllowed").and_then(Value::as_bool) != Some(false);
        if all || self.scope_has_power(key).await? {
            return Err(protected_one(EntityKind::Client, id, because::CLIENT_SCOPE));
        }
        Ok(())
    }

    /// Checks that redirect URIs added by a request contain no `*` (exact matching, RFC 9700 §2.1). Only operators may
    /// write patterns, in the configuration or in Keycloak.
    pub(super) fn exact(&self, known: Option<&Value>, new: Option<&Value>) -> Result<(), DirectoryError> {
        let uris = |client: Option<&Value>| {
            let uris = client.and_then(|client| client.get("redirectUris")).and_then(Value::as_array);
            uris.cloned().unwrap_or_default()
        };
        let known = uris(known);
        let added = uris(new).into_iter().filter(|uri| !known.contains(uri));
        let pattern = added.filter_map(|uri| uri.as_str().map(str::to_owned)).find(|uri| uri.contains('*'));
        match pattern {
            Some(uri) if !self.keycloak.is_starting() => {
                Err(DirectoryError::Invalid(format!("the redirect URI `{uri}` must be exact, without `*`")))
            }
            _ => Ok(()),
        }
    }
}

impl Keycloak {
    /// Whether a user is the service account of a client. Representations do not contain this, and ordinary users may
    /// have similar usernames. Keycloak omits service accounts from a search by words, but not from a search by id or
    /// username. A user that a search by words does not find is therefore a service account.
    pub(crate) async fn is_service_account(&self, user: &UserRep) -> Result<bool, DirectoryError> {
        if user.is_federated() {
            return Ok(false);
        }
        let words = user.username().split_whitespace().map(|word| format!("\"{word}\"")).collect::<Vec<_>>();
        // A quoted word must equal a whole field. In a username of several words, each word is only a part of the
        // field.
        let search = if words.len() == 1 { words.concat() } else { crate::users::anywhere(user.username()) };
        let call = Call::get(&["users"]).query("search", search).query("max", NAMESAKES);
        let call = call.query("briefRepresentation", true);
        let found: Elements<UserRep> = self.read_list(EntityKind::User, call).await?;
        Ok(found.items.iter().all(|one| one.id != user.id))
    }
}

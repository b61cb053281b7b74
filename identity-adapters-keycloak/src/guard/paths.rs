//! Selection of the rules for a change by the path of the request. A path without a rule is refused.

use identity_core::entity::EntityKind;
use identity_core::port::DirectoryError;
use serde_json::Value;

use super::{Guard, because, protected_one};
use crate::call::Call;
use crate::cleared::{NO_RULE, no_rule};

/// Members that would assign rights, groups or identities to a new user or group. Requests that contain them are
/// refused.
const GIVEN: [&str; 6] =
    ["clientRoles", "federatedIdentities", "groups", "realmRoles", "serviceAccountClientId", "subGroups"];

impl Guard<'_> {
    pub(super) async fn check_change(&self, call: &Call<'_>) -> Result<(), DirectoryError> {
        match call.segments() {
            ["users"] | ["groups"] if call.creates() => self.new_holder(call),
            ["users", id, "role-mappings", "clients", _] if call.account_of().is_some() => {
                self.account(call.account_of().unwrap_or_default(), id).await?;
                self.roles_in(call).await
            }
            ["users", id, below @ ..] => {
                self.user(id).await?;
                match below {
                    ["groups", group] => self.group(group).await,
                    ["role-mappings", ..] => self.roles_in(call).await,
                    _ => Ok(()),
                }
            }
            ["groups", id, below @ ..] => {
                self.group(id).await?;
                match below {
                    [] if call.deletes() => self.groups_below(id).await,
                    // Creates a subgroup. A body with an `id` is refused, because it would move an existing group.
                    ["children"] if call.creates() && call.body().is_none_or(|body| body.get("id").is_none()) => {
                        self.new_holder(call)
                    }
                    ["children", ..] => Err(no_rule(call)),
                    ["role-mappings", ..] => self.roles_in(call).await,
                    _ => Ok(()),
                }
            }
            ["clients"] if call.creates() => self.new_client(call.body()),
            ["clients", key] if call.replaces() => self.replaced_client(key, call.body()).await,
            ["clients", key, below @ ..] => {
                self.client(key).await?;
                match below {
                    ["scope-mappings", ..] => self.roles_in(call).await,
                    _ => Ok(()),
                }
            }
            ["roles"] if call.creates() => self.new_role(call.body()).await,
            ["roles-by-id", id, below @ ..] => {
                self.role(id).await?;
                match below {
                    ["composites", ..] => self.roles_in(call).await,
                    _ => Ok(()),
                }
            }
            // Adds permissions that tokens may carry.
            ["client-scopes", _, "scope-mappings", "clients", _] if call.creates() => self.roles_in(call).await,
            // The realm itself and its client scopes are changed only at start-up, never by a request.
            [] | ["client-scopes", ..] if self.keycloak.is_starting() => self.roles_in(call).await,
            _ => Err(no_rule(call)),
        }
    }

    /// Checks every role that a change adds or removes, if its body is a list of roles.
    async fn roles_in(&self, call: &Call<'_>) -> Result<(), DirectoryError> {
        let listed = call.body().and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for role in listed {
            // Without an id, Keycloak could resolve another role than the checked one.
            let id = role.get("id").and_then(Value::as_str).ok_or_else(|| no_rule(call))?;
            self.role(id).await?;
        }
        Ok(())
    }

    /// Checks that a new user or group is created without rights. Later calls assign rights, each checked by its own
    /// rule.
    fn new_holder(&self, call: &Call<'_>) -> Result<(), DirectoryError> {
        let given = |member: &&str| call.body().is_some_and(|body| body.get(member).is_some());
        if GIVEN.iter().any(given) { Err(no_rule(call)) } else { Ok(()) }
    }

    /// Checks that a new client does not take the client id of this server's own client, and that its redirect URIs are
    /// exact.
    fn new_client(&self, body: Option<&Value>) -> Result<(), DirectoryError> {
        let id = body.and_then(|body| body.get("clientId")).and_then(Value::as_str).unwrap_or_default();
        if self.keycloak.is_own(id) && !self.keycloak.is_starting() {
            return Err(protected_one(EntityKind::Client, id, because::OWN_CLIENT));
        }
        self.exact(None, body)
    }

    /// Checks the client roles that a new composite role contains. Contained realm roles are refused.
    async fn new_role(&self, body: Option<&Value>) -> Result<(), DirectoryError> {
        let Some(composites) = body.and_then(|body| body.get("composites")).and_then(Value::as_object) else {
            return Ok(());
        };
        for (of, contained) in composites {
            let clients = contained.as_object().filter(|_| of == "client");
            // Only client roles by name can be checked; all others are refused.
            let unchecked = || protected_one(EntityKind::Role, of, NO_RULE);
            for (client_id, names) in clients.ok_or_else(unchecked)? {
                let names: Vec<&str> = names.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                self.client_roles(client_id, &names).await?;
            }
        }
        Ok(())
    }
}

//! Rights that a change takes away: the part of Keycloak's graph of users, groups and roles that the change removes.

use std::collections::BTreeSet;

use identity_core::entity::EntityKind;
use identity_core::port::DirectoryError;
use identity_core::preset::WRITE;
use serde::Deserialize;
use serde_json::Value;

use super::power::GuardedRole;
use super::{Guard, because, protected_one};
use crate::call::Call;
use crate::cleared::no_rule;
use crate::readable::Elements;
use crate::wire::{RoleRep, UserRep};

/// Maximum number of ancestors and of descendants of a deleted group. Larger trees are refused.
const GROUPS: usize = 500;
/// Maximum number of roles of a deleted client. A client with more roles is refused.
const ROLES: usize = 500;

/// Changes that can take rights away. All other changes add rights or do not affect them.
pub(super) enum Loss<'c> {
    /// The user is disabled or deleted.
    User(&'c str),
    Membership {
        user: &'c str,
        group: &'c str,
    },
    Group(&'c str),
    /// Roles are removed from a user or group.
    Mappings {
        holders: &'c str,
        holder: &'c str,
        roles: Vec<&'c str>,
    },
    Role(&'c str),
    /// Roles are removed from a composite role.
    Contained {
        role: &'c str,
        roles: Vec<&'c str>,
    },
    Client(&'c str),
}

/// Nodes and edges that a change removes, by their ids.
#[derive(Default)]
pub(super) struct Removed {
    pub(super) users: BTreeSet<String>,
    pub(super) groups: BTreeSet<String>,
    pub(super) roles: BTreeSet<String>,
    /// Pairs of a user and its group.
    pub(super) memberships: BTreeSet<(String, String)>,
    /// Pairs of a user or group and its role.
    pub(super) mappings: BTreeSet<(String, String)>,
    /// Pairs of a composite role and a role that it contains.
    pub(super) contained: BTreeSet<(String, String)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GroupNode {
    pub(super) id: String,
    parent_id: Option<String>,
}

impl<'c> Loss<'c> {
    /// Returns what a change can take away; `None` if it takes no rights away. Fails if a list of removed roles cannot
    /// be read.
    pub(super) fn of(call: &'c Call<'_>) -> Result<Option<Self>, DirectoryError> {
        let roles = || {
            let listed = call.body().and_then(Value::as_array).ok_or_else(|| no_rule(call))?;
            let id = |role: &'c Value| role.get("id").and_then(Value::as_str).ok_or_else(|| no_rule(call));
            listed.iter().map(id).collect::<Result<Vec<_>, _>>()
        };
        let disables = || call.body().and_then(|body| body.get("enabled")).and_then(Value::as_bool) == Some(false);
        Ok(match *call.segments() {
            ["users", id] if call.deletes() || (call.replaces() && disables()) => Some(Self::User(id)),
            _ if !call.deletes() => None,
            ["users", user, "groups", group] => Some(Self::Membership { user, group }),
            [holders @ ("users" | "groups"), holder, "role-mappings", ..] => {
                Some(Self::Mappings { holders, holder, roles: roles()? })
            }
            ["groups", id] => Some(Self::Group(id)),
            ["roles-by-id", id] => Some(Self::Role(id)),
            ["roles-by-id", role, "composites", ..] => Some(Self::Contained { role, roles: roles()? }),
            ["clients", key] => Some(Self::Client(key)),
            // Deletions without a rule for their loss are refused.
            _ => return Err(no_rule(call)),
        })
    }
}

impl Guard<'_> {
    /// Returns the nodes and edges that a change removes, if they give the permission `write` of this service's own API
    /// to a principal or role. `api` is the internal key of that API.
    pub(super) async fn removed(&self, loss: &Loss<'_>, api: &str) -> Result<Option<Removed>, DirectoryError> {
        let mut removed = Removed::default();
        let concerned = match loss {
            Loss::User(id) => {
                removed.users.insert((*id).to_owned());
                self.holds_write(("users", id), api).await?
            }
            Loss::Membership { user, group } => {
                removed.memberships.insert(((*user).to_owned(), (*group).to_owned()));
                self.holds_write(("users", user), api).await?
            }
            Loss::Mappings { holders, holder, roles } => {
                removed.mappings.extend(roles.iter().map(|role| ((*holder).to_owned(), (*role).to_owned())));
                self.holds_write((holders, holder), api).await?
            }
            Loss::Group(id) => self.removed_group(id, api, &mut removed).await?,
            Loss::Role(id) => {
                removed.roles.insert((*id).to_owned());
                self.is_or_contains_write(id, api).await?
            }
            Loss::Contained { role, roles } => {
                let mut concerned = false;
                for id in roles {
                    removed.contained.insert(((*role).to_owned(), (*id).to_owned()));
                    concerned = concerned || self.is_or_contains_write(id, api).await?;
                }
                concerned
            }
            Loss::Client(key) => self.removed_client(key, api, &mut removed).await?,
        };
        Ok(concerned.then_some(removed))
    }

    /// Whether a user or group holds `write` effectively. `users` and `groups` are the kinds of holders.
    async fn holds_write(&self, (holders, id): (&str, &str), api: &str) -> Result<bool, DirectoryError> {
        let path = [holders, id, "role-mappings", "clients", api, "composite"];
        let held: Option<Elements<RoleRep>> = self.keycloak.find(Call::get(&path)).await?;
        Ok(held.is_some_and(|held| held.items.iter().any(|role| role.name == WRITE)))
    }

    async fn is_or_contains_write(&self, id: &str, api: &str) -> Result<bool, DirectoryError> {
        let role: GuardedRole = self.keycloak.read(Call::get(&["roles-by-id", id]).about(EntityKind::Role, id)).await?;
        let contained = self.contained(&role).await?;
        Ok(role.is_write(api) || contained.iter().any(|role| role.is_write(api)))
    }

    /// Adds a deleted group and its descendants. Returns whether one of them, or one of its ancestors, holds `write`.
    async fn removed_group(&self, id: &str, api: &str, removed: &mut Removed) -> Result<bool, DirectoryError> {
        let too_many = || protected_one(EntityKind::Group, id, because::TOO_MANY);
        let mut concerned = false;
        let (mut next, mut seen) = (Some(id.to_owned()), 0);
        while let Some(at) = next {
            let group: GroupNode = self.keycloak.read(Call::get(&["groups", &at]).about(EntityKind::Group, id)).await?;
            concerned = concerned || self.holds_write(("groups", &at), api).await?;
            seen += 1;
            next = group.parent_id.filter(|_| !concerned);
            if seen > GROUPS {
                return Err(too_many());
            }
        }
        let mut open = vec![id.to_owned()];
        while let Some(at) = open.pop() {
            let path = ["groups", &at, "children"];
            let call = Call::get(&path).query("first", 0).query("max", GROUPS + 1).about(EntityKind::Group, id);
            let children: Vec<GroupNode> = self.keycloak.read(call).await?;
            removed.groups.insert(at);
            if removed.groups.len() + open.len() + children.len() > GROUPS {
                return Err(too_many());
            }
            for child in children {
                concerned = concerned || self.holds_write(("groups", &child.id), api).await?;
                open.push(child.id);
            }
        }
        Ok(concerned)
    }

    /// Adds the service account and the roles of a deleted client. Returns whether one of them holds or contains
    /// `write`.
    async fn removed_client(&self, key: &str, api: &str, removed: &mut Removed) -> Result<bool, DirectoryError> {
        let mut concerned = false;
        let call = Call::get(&["clients", key, "service-account-user"]);
        match self.keycloak.find::<UserRep>(call.about(EntityKind::Client, key)).await {
            Ok(account) => {
                if let Some(UserRep { id, .. }) = account {
                    concerned = self.holds_write(("users", &id), api).await?;
                    removed.users.insert(id);
                }
            }
            // Keycloak rejects the request for a client without a service account.
            Err(DirectoryError::Invalid(_)) => {}
            Err(error) => return Err(error),
        }
        let path = ["clients", key, "roles"];
        let call = Call::get(&path).query("first", 0).query("max", ROLES + 1).about(EntityKind::Client, key);
        let roles: Option<Vec<GuardedRole>> = self.keycloak.find(call).await?;
        let roles = roles.unwrap_or_default();
        if roles.len() > ROLES {
            return Err(protected_one(EntityKind::Client, key, because::TOO_MANY));
        }
        for role in roles {
            concerned = concerned || self.contained(&role).await?.iter().any(|role| role.is_write(api));
            removed.roles.insert(role.id);
        }
        Ok(concerned)
    }
}

//! Memberships of parties in groups, roles and tenants. The types permit the combinations of
//! docs/reference/orchestration-cluster.md §2.3 only.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Principal, unknown};
use crate::value::{ClientId, GroupId, InvalidValue, MappingRuleId, RoleId, TenantId, Username};

/// An entity that can be a member of groups, roles and tenants, and can own authorizations.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "type", content = "id", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Party {
    /// A single user.
    User(Username),
    /// An OAuth client: an application or a service that authenticates with its own credentials.
    Client(ClientId),
    /// A group. Its memberships and authorizations apply to all of its members.
    Group(GroupId),
    /// A role. Its memberships and authorizations apply to all of its holders.
    Role(RoleId),
    /// A mapping rule. Its memberships and authorizations apply to every token that matches the rule.
    MappingRule(MappingRuleId),
}

/// Kind of a [`Party`], without its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartyKind {
    /// A user, identified by username.
    User,
    /// An OAuth client, identified by client id.
    Client,
    /// A group of users, clients and mapping rules.
    Group,
    /// A role: a named set of API permissions.
    Role,
    /// A mapping rule: a predicate over the claims of a token.
    MappingRule,
}

impl PartyKind {
    /// All five kinds, in the order of declaration.
    pub const ALL: [Self; 5] = [Self::User, Self::Client, Self::Group, Self::Role, Self::MappingRule];
}

/// A group, role or tenant: an entity with members.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "type", content = "id", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Container {
    /// A group. Members: users, clients and mapping rules.
    Group(GroupId),
    /// A role. Members: users, clients, groups and mapping rules.
    Role(RoleId),
    /// A tenant. Members: users, clients, groups, roles and mapping rules.
    Tenant(TenantId),
}

/// A party and the group, role or tenant it belongs to. Unsupported combinations cannot be constructed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Pair", into = "Pair")]
pub struct Membership {
    container: Container,
    member: Party,
}

#[derive(Clone, Serialize, Deserialize)]
struct Pair {
    container: Container,
    member: Party,
}

/// Error for a member of a kind that the container does not accept, such as a role in a group.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a {container} cannot have a {member} as a member")]
pub struct UnsupportedMember {
    /// Kind of the container in words, such as `group`.
    pub container: &'static str,
    /// Kind of the rejected member in words, such as `role`.
    pub member: &'static str,
}

impl Membership {
    /// Creates a membership of `member` in `container`.
    ///
    /// # Errors
    /// If the container does not accept members of this kind. For example, groups and roles do not nest.
    pub fn new(container: Container, member: Party) -> Result<Self, UnsupportedMember> {
        let supported = match (&container, &member) {
            (_, Party::User(_) | Party::Client(_) | Party::MappingRule(_))
            | (Container::Role(_) | Container::Tenant(_), Party::Group(_))
            | (Container::Tenant(_), Party::Role(_)) => true,
            (Container::Group(_), Party::Group(_) | Party::Role(_)) | (Container::Role(_), Party::Role(_)) => false,
        };
        if supported {
            Ok(Self { container, member })
        } else {
            Err(UnsupportedMember { container: container.kind(), member: member.kind() })
        }
    }

    /// Group, role or tenant that has the member.
    #[must_use]
    pub fn container(&self) -> &Container {
        &self.container
    }

    /// Party that belongs to the container.
    #[must_use]
    pub fn member(&self) -> &Party {
        &self.member
    }
}

impl TryFrom<Pair> for Membership {
    type Error = UnsupportedMember;
    fn try_from(pair: Pair) -> Result<Self, UnsupportedMember> {
        Self::new(pair.container, pair.member)
    }
}

impl From<Membership> for Pair {
    fn from(membership: Membership) -> Self {
        Self { container: membership.container, member: membership.member }
    }
}

impl Party {
    /// Kind in the APIs and in the store, such as `MAPPING_RULE`.
    #[must_use]
    pub fn kind_name(&self) -> &'static str {
        match self {
            Self::User(_) => "USER",
            Self::Client(_) => "CLIENT",
            Self::Group(_) => "GROUP",
            Self::Role(_) => "ROLE",
            Self::MappingRule(_) => "MAPPING_RULE",
        }
    }

    /// Creates a party from its kind, such as `MAPPING_RULE`, and its id.
    ///
    /// # Errors
    /// If the kind is unknown, or the id is not valid for the kind.
    pub fn parse(kind_name: &str, id: &str) -> Result<Self, InvalidValue> {
        match kind_name {
            "USER" => Username::parse(id).map(Self::User),
            "CLIENT" => ClientId::parse(id).map(Self::Client),
            "GROUP" => GroupId::parse(id).map(Self::Group),
            "ROLE" => RoleId::parse(id).map(Self::Role),
            "MAPPING_RULE" => MappingRuleId::parse(id).map(Self::MappingRule),
            _ => Err(unknown("type", "USER, CLIENT, GROUP, ROLE or MAPPING_RULE")),
        }
    }

    /// Kind as an enum, for comparisons and tables.
    #[must_use]
    pub fn party_kind(&self) -> PartyKind {
        match self {
            Self::User(_) => PartyKind::User,
            Self::Client(_) => PartyKind::Client,
            Self::Group(_) => PartyKind::Group,
            Self::Role(_) => PartyKind::Role,
            Self::MappingRule(_) => PartyKind::MappingRule,
        }
    }

    /// Kind in words, such as `mapping rule`, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Client(_) => "client",
            Self::Group(_) => "group",
            Self::Role(_) => "role",
            Self::MappingRule(_) => "mapping rule",
        }
    }

    /// Id of the entity, unique among parties of the same kind.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::User(id) => id.as_str(),
            Self::Client(id) => id.as_str(),
            Self::Group(id) => id.as_str(),
            Self::Role(id) => id.as_str(),
            Self::MappingRule(id) => id.as_str(),
        }
    }
}

impl Party {
    /// Returns the user or client as a principal. `None` for groups, roles and mapping rules.
    #[must_use]
    pub fn principal(&self) -> Option<Principal> {
        match self {
            Self::User(id) => Some(Principal::User(id.clone())),
            Self::Client(id) => Some(Principal::Client(id.clone())),
            Self::Group(_) | Self::Role(_) | Self::MappingRule(_) => None,
        }
    }
}

impl From<Principal> for Party {
    fn from(principal: Principal) -> Self {
        match principal {
            Principal::User(id) => Self::User(id),
            Principal::Client(id) => Self::Client(id),
        }
    }
}

impl Container {
    /// Kind in the APIs and in the store: `GROUP`, `ROLE` or `TENANT`.
    #[must_use]
    pub fn kind_name(&self) -> &'static str {
        match self {
            Self::Group(_) => "GROUP",
            Self::Role(_) => "ROLE",
            Self::Tenant(_) => "TENANT",
        }
    }

    /// Creates a container from its kind (`GROUP`, `ROLE` or `TENANT`) and its id.
    ///
    /// # Errors
    /// If the kind is unknown, or the id is not valid for the kind.
    pub fn parse(kind_name: &str, id: &str) -> Result<Self, InvalidValue> {
        match kind_name {
            "GROUP" => GroupId::parse(id).map(Self::Group),
            "ROLE" => RoleId::parse(id).map(Self::Role),
            "TENANT" => TenantId::parse(id).map(Self::Tenant),
            _ => Err(unknown("container type", "GROUP, ROLE or TENANT")),
        }
    }

    /// Kind in words, such as `tenant`, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Group(_) => "group",
            Self::Role(_) => "role",
            Self::Tenant(_) => "tenant",
        }
    }

    /// Id of the group, role or tenant.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Group(id) => id.as_str(),
            Self::Role(id) => id.as_str(),
            Self::Tenant(id) => id.as_str(),
        }
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind(), self.id())
    }
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind(), self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_roles_do_not_nest() {
        let group = || GroupId::parse("g").unwrap();
        let role = || RoleId::parse("r").unwrap();
        assert!(Membership::new(Container::Group(group()), Party::Group(group())).is_err());
        assert!(Membership::new(Container::Group(group()), Party::Role(role())).is_err());
        assert!(Membership::new(Container::Role(role()), Party::Role(role())).is_err());
        assert!(Membership::new(Container::Role(role()), Party::Group(group())).is_ok());
        assert!(Membership::new(Container::Tenant(TenantId::default_tenant()), Party::Role(role())).is_ok());
    }

    #[test]
    fn a_stored_membership_is_checked_when_read() {
        let nested = r#"{"container":{"type":"GROUP","id":"a"},"member":{"type":"GROUP","id":"b"}}"#;
        assert!(serde_json::from_str::<Membership>(nested).is_err());
    }

    #[test]
    fn kinds_and_ids_are_read_as_written() {
        for (kind, id) in [("USER", "u"), ("CLIENT", "c"), ("GROUP", "g"), ("ROLE", "r"), ("MAPPING_RULE", "m")] {
            let party = Party::parse(kind, id).unwrap();
            assert_eq!((party.kind_name(), party.id()), (kind, id));
        }
        for (kind, id) in [("GROUP", "g"), ("ROLE", "r"), ("TENANT", "t")] {
            let container = Container::parse(kind, id).unwrap();
            assert_eq!((container.kind_name(), container.id()), (kind, id));
        }
        assert!(Party::parse("user", "u").is_err());
        assert!(Container::parse("USER", "u").is_err());
    }
}

//! Who may be in what: the table of the orchestration reference §2.3, as types.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Principal;
use crate::value::{ClientId, GroupId, MappingRuleId, RoleId, TenantId, Username};

/// Whoever can be a member of something, or own an authorization.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "type", content = "id", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Party {
    /// A person.
    User(Username),
    /// A service.
    Client(ClientId),
    /// All members of a group.
    Group(GroupId),
    /// All holders of a role.
    Role(RoleId),
    /// Whoever's token matches a rule.
    MappingRule(MappingRuleId),
}

/// The kinds of parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartyKind {
    /// A person.
    User,
    /// A service.
    Client,
    /// All members of a group.
    Group,
    /// All holders of a role.
    Role,
    /// Whoever's token matches a rule.
    MappingRule,
}

impl PartyKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::User, Self::Client, Self::Group, Self::Role, Self::MappingRule];
}

/// What has members.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "type", content = "id", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Container {
    /// A group: of users, clients and mapping rules.
    Group(GroupId),
    /// A role: held by users, clients, groups and mapping rules.
    Role(RoleId),
    /// A tenant: open to users, clients, groups, roles and mapping rules.
    Tenant(TenantId),
}

/// One member of one container. Only pairs that the model knows can be made.
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

/// Groups and roles do not nest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a {container} cannot have a {member} as a member")]
pub struct UnsupportedMember {
    /// The kind of container.
    pub container: &'static str,
    /// The kind of member.
    pub member: &'static str,
}

impl Membership {
    /// # Errors
    /// When containers of this kind have no members of that kind.
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

    /// What the member is in.
    #[must_use]
    pub fn container(&self) -> &Container {
        &self.container
    }

    /// Who is in it.
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
    /// The kind.
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

    /// The kind, in words.
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

    /// The id.
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
    /// Who it is, if it is somebody who can sign in.
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
    /// The kind, in words.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Group(_) => "group",
            Self::Role(_) => "role",
            Self::Tenant(_) => "tenant",
        }
    }

    /// The id.
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
}

//! Why: the granting path of a yes, the nearest missing edges of a no.

mod missing;
mod near;
mod path;
mod rules;

pub use rules::Mismatch;

use serde::Serialize;

use super::{Basis, Decision, Ground, Question, Target};
use crate::entity::{Authorization, Comparison, Membership, Permission, Principal, Scope};
use crate::matrix::Access;
use crate::resolve::Subject;
use crate::value::{ClaimSelector, ClaimValue, Claims, GroupId, MappingRuleId, Name, RoleId, TenantId};
use crate::world::World;

/// A decision, written out.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "decision", content = "because", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Explanation {
    /// Allowed: one path from the caller to what grants, each step needed.
    Allow(Vec<Step>),
    /// Denied: what is missing, the nearest first. Never empty.
    Deny(Vec<NearMiss>),
}

/// A step from the caller to a grant.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "step", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Step {
    /// The caller is this.
    Principal {
        /// Who.
        principal: Principal,
    },
    /// A claim of their token matches a rule.
    Rule {
        /// The rule.
        rule: MappingRuleId,
        /// What it is called.
        name: Name,
        /// The claim that it looks at.
        claim: ClaimSelector,
        /// The value that it looks for.
        value: ClaimValue,
    },
    /// Their token claims this group.
    ClaimedGroup {
        /// The group.
        group: GroupId,
    },
    /// Their token brings this permission.
    ClaimedPermission {
        /// The permission.
        permission: Permission,
    },
    /// They, a rule or a group of theirs is a member of something.
    Member {
        /// Of what.
        membership: Membership,
        /// What that is called.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<Name>,
    },
    /// Their role holds the permission.
    Permission {
        /// The role.
        role: RoleId,
        /// What it holds.
        permission: Permission,
    },
    /// The authorization that grants.
    Authorization {
        /// All of it.
        authorization: Authorization,
    },
}

/// An edge that is not there, and whose presence would turn the no into a yes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NearMiss {
    /// What to change.
    pub remedy: Remedy,
    /// What they would then have access through, if it exists already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<Authorization>,
}

/// A change that would grant.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "remedy", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Remedy {
    /// Add the permission to an authorization that they already have for this resource.
    ExtendAuthorization {
        /// The permission's name.
        permission: String,
    },
    /// Make the resource name them in this property, on which they have a grant.
    NameInProperty {
        /// The property.
        property: String,
    },
    /// Ask with properties that satisfy the condition of an authorization that they already have.
    SatisfyCondition {
        /// What of it does not hold.
        failing: Vec<Comparison>,
    },
    /// Make the token's claim and the rule match: they almost do, and the rule leads to access.
    MatchRule {
        /// The rule.
        rule: MappingRuleId,
        /// The claim that it looks at.
        claim: ClaimSelector,
        /// The value that it looks for.
        value: ClaimValue,
        /// In what they differ.
        #[serde(flatten)]
        mismatch: Mismatch,
    },
    /// Make the token speak for somebody whom it also names, and who has access; or give the access to whom it speaks for.
    SpeakFor {
        /// Who has access.
        principal: Principal,
        /// The claim that names them.
        claim: String,
    },
    /// Write the caller's name as it is known here: somebody of almost that name has access.
    Respell {
        /// Who has access.
        known: Principal,
    },
    /// Write a group's name as it is known here: a group of almost that name has access.
    RespellGroup {
        /// The group that the token claims.
        claimed: GroupId,
        /// The group that has access.
        known: GroupId,
    },
    /// Ask about, or grant on, one and the same resource: they have access to one that is called almost the same.
    Redirect,
    /// Make them, or something that they are and that gives them nothing yet, a member of something that has access.
    AddMember {
        /// The membership to add.
        membership: Membership,
    },
    /// Add the permission to a role of theirs.
    ExtendRole {
        /// The role.
        role: RoleId,
        /// The permission to add.
        permission: Permission,
    },
    /// Create a role that holds the permission, and give it to them: nobody has one yet.
    CreateRole {
        /// The permission that it needs.
        permission: String,
        /// The API that it is on.
        audience: String,
    },
    /// Authorize them: nothing that exists would do.
    CreateAuthorization {
        /// The owner to be.
        owner: Principal,
        /// The resource type.
        resource_type: String,
        /// Which resources.
        scope: Scope,
        /// The permissions, any of them.
        permissions: Vec<String>,
    },
    /// Make them a member of this tenant.
    JoinTenant {
        /// The tenant.
        tenant: TenantId,
    },
}

impl Decision<'_> {
    /// Writes out what the decision rests on. `world` and `subject` are those that it was made with.
    #[must_use]
    pub fn explain(&self, world: &World, subject: &Subject) -> Explanation {
        self.explain_with(world, subject, None)
    }

    /// The same, with an eye on the claims of the caller's token: what they miss. No value of them is in the explanation.
    #[must_use]
    pub fn explain_with(&self, world: &World, subject: &Subject, claims: Option<&Claims>) -> Explanation {
        match self {
            Self::Allow(basis) => Explanation::Allow(path::of(world, subject, basis)),
            Self::Deny(question) => Explanation::Deny(missing::edges(world, subject, claims, question)),
        }
    }
}

impl Question<'_> {
    /// The question, in words.
    #[must_use]
    pub fn in_words(&self, world: &World) -> String {
        match self {
            Self::Permission { audience, definition } => format!("permission `{definition}` of `{audience}`"),
            Self::Resource { access, target } => {
                let on = match target {
                    Target::All | Target::Described(None, _) => "all resources".to_owned(),
                    Target::Id(id) | Target::WithProperties(id, _) | Target::Described(Some(id), _) => {
                        format!("resource `{id}`")
                    }
                };
                let (resource_type, permissions) = access_in_words(world, *access);
                format!("{} on {on} of type `{resource_type}`", permissions.join(" or "))
            }
            Self::Tenant(tenant) => format!("membership of tenant `{tenant}`"),
        }
    }
}

fn access_in_words(world: &World, access: Access) -> (String, Vec<String>) {
    let name = world.matrix().get(access.resource_type).map(|kind| kind.name.to_string()).unwrap_or_default();
    let permissions = world.matrix().names(access.resource_type, access.permissions).map(ToString::to_string).collect();
    (name, permissions)
}

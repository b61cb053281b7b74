//! Explanations: the granting path of an allow decision, and the nearest changes that would allow a denied request.

mod candidate;
mod misconfigurations;
mod path;
mod reach;
mod remedies;
mod rules;

pub use rules::Mismatch;

use serde::Serialize;

use super::{Basis, Decision, Ground, Question, Target};
use crate::catalog::Access;
use crate::entity::{Authorization, Comparison, Membership, Permission, Principal, Scope};
use crate::resolve::Subject;
use crate::value::{ClaimSelector, ClaimValue, Claims, GroupId, MappingRuleId, Name, RoleId, TenantId, Username};
use crate::world::World;

/// Explanation of a decision: why it allows the request, or what would allow it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "decision", content = "because", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Explanation {
    /// Allowed: one path from the caller to the grant, in which each step is necessary.
    Allow(Vec<Step>),
    /// Denied: the changes that would allow the request, nearest first. Never empty.
    Deny(Vec<NearMiss>),
}

/// Step on the path from the caller to a grant.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "step", rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum Step {
    /// Start of the path: the principal of the caller.
    Principal {
        /// User or client that makes the request.
        principal: Principal,
    },
    /// A claim of the caller's token matches a mapping rule.
    Rule {
        /// Id of the matching mapping rule.
        rule: MappingRuleId,
        /// Display name of the matching mapping rule.
        name: Name,
        /// Claim that the rule selects, as a JSONPath query.
        claim: ClaimSelector,
        /// Value that the rule expects in the claim.
        value: ClaimValue,
    },
    /// The caller's token claims this group.
    ClaimedGroup {
        /// Id of the group, as in the claim.
        group: GroupId,
    },
    /// The caller's token claims this permission.
    ClaimedPermission {
        /// Audience and name of the permission.
        permission: Permission,
    },
    /// The caller, or a matching rule or group, is a member of a group, role or tenant.
    Member {
        /// Container and its member.
        membership: Membership,
        /// Display name of the group, role or tenant. `None` if it is not stored.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<Name>,
    },
    /// A role of the caller holds the permission.
    Permission {
        /// Id of the role that holds the permission.
        role: RoleId,
        /// Audience and name of the permission that the role holds.
        permission: Permission,
    },
    /// The authorization grants the access.
    Authorization {
        /// Authorization, with its owner, scope and permissions.
        authorization: Authorization,
    },
}

/// Change that would allow a denied request, with the authorization that would then apply.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NearMiss {
    /// Suggested change.
    pub remedy: Remedy,
    /// Existing authorization through which the caller would then have access. `None` if the change refers to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<Authorization>,
}

/// Change that would allow a denied request.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "remedy", rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum Remedy {
    /// Add the permission to an authorization that the caller has on this resource.
    ExtendAuthorization {
        /// Name of the permission to add.
        permission: String,
    },
    /// Name the caller in this property of the resource. An authorization of the caller covers resources whose property
    /// names the caller.
    NameInProperty {
        /// Name of the property, such as `assignee`.
        property: String,
    },
    /// Send properties that satisfy the condition of an authorization that the caller has.
    SatisfyCondition {
        /// Comparisons of the condition that do not hold.
        failing: Vec<Comparison>,
    },
    /// Correct the claim of the token or the mapping rule. They almost match, and the rule leads to access.
    MatchRule {
        /// Id of the mapping rule that almost matches.
        rule: MappingRuleId,
        /// Claim that the rule selects, as a JSONPath query.
        claim: ClaimSelector,
        /// Value that the rule expects in the claim.
        value: ClaimValue,
        /// Difference between the claim and the rule.
        #[serde(flatten)]
        mismatch: Mismatch,
    },
    /// Use another principal that the token also names and that has access, or grant the access to the current
    /// principal.
    SpeakFor {
        /// The other principal, which has access.
        principal: Principal,
        /// Name of the claim that contains the id of the other principal.
        claim: String,
    },
    /// Correct the spelling of the caller's id. A principal with a similar id has access.
    Respell {
        /// Principal with the similar id, which has access.
        known: Principal,
    },
    /// Correct the spelling of a group. A group with a similar id has access.
    RespellGroup {
        /// Group that the token claims.
        claimed: GroupId,
        /// Group with the similar id, which has access.
        known: GroupId,
    },
    /// Correct the resource in the request or in the grant. The caller has access to a resource or type with a similar
    /// name.
    Redirect,
    /// Add the caller, or a matching rule, group or role that grants nothing yet, to a group, role or tenant that has
    /// access.
    AddMember {
        /// Membership to add.
        membership: Membership,
    },
    /// Add the permission to a role of the caller.
    ExtendRole {
        /// Id of the role to extend.
        role: RoleId,
        /// Audience and name of the permission that the role lacks.
        permission: Permission,
    },
    /// Create a role that holds the permission, and assign it to the caller. Suggested only if no other change is
    /// found.
    CreateRole {
        /// Name of the permission that the new role needs.
        permission: String,
        /// Audience of the API that the permission belongs to.
        audience: String,
    },
    /// Create an authorization for the caller. This change is always possible.
    CreateAuthorization {
        /// Owner of the new authorization: the caller.
        owner: Principal,
        /// Name of the resource type.
        resource_type: String,
        /// Requested resource, or all resources of the type.
        scope: Scope,
        /// Names of permissions. One of them is sufficient.
        permissions: Vec<String>,
    },
    /// Reactivate the caller, an inactive user. If further changes are needed, the explanation for the active user names
    /// them.
    Reactivate {
        /// Username of the inactive user.
        user: Username,
    },
    /// Add the caller to this tenant.
    JoinTenant {
        /// Id of the tenant.
        tenant: TenantId,
    },
}

impl Decision<'_> {
    /// Explains the decision. `world` and `subject` must be the arguments with which it was made.
    #[must_use]
    pub fn explain(&self, world: &World, subject: &Subject) -> Explanation {
        self.explain_with(world, subject, None)
    }

    /// Explains the decision, and also compares the claims of the caller's token with the mapping rules. The
    /// explanation contains no claim values other than ids of principals and groups.
    #[must_use]
    pub fn explain_with(&self, world: &World, subject: &Subject, claims: Option<&Claims>) -> Explanation {
        match self {
            Self::Allow(basis) => Explanation::Allow(path::of(world, subject, basis)),
            Self::Deny(question) => Explanation::Deny(remedies::nearest(world, subject, claims, question)),
        }
    }
}

impl Question<'_> {
    /// Describes the question for messages and the audit log, for example "membership of tenant `acme`".
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
    let name = world.catalog().get(access.resource_type).map(|kind| kind.name.to_string()).unwrap_or_default();
    let permissions =
        world.catalog().names(access.resource_type, access.permissions).map(ToString::to_string).collect();
    (name, permissions)
}

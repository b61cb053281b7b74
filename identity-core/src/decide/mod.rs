//! Decisions on subject, action and resource (docs/reference/orchestration-cluster.md §4).
//!
//! Grants are additive: a decision is based on the union of the authorizations of the caller's principal, mapping
//! rules, groups and roles. The default is deny. A decision takes a few hash look-ups. It contains its basis, from
//! which [`explain`](Decision::explain) derives the explanation on request.

mod condition;
mod explain;
mod permit;
mod property;
mod question;
mod user_task;

pub use explain::{Explanation, Mismatch, NearMiss, Remedy, Step};
pub use permit::{Authority, Denied, Permit};
pub use question::{Facts, Property, Question, Target};
pub use user_task::{TaskOperation, UserTask, decide_user_task};

use std::collections::BTreeSet;

use crate::catalog::Access;
use crate::entity::Permission;
use crate::resolve::Subject;
use crate::value::AuthorizationKey;
use crate::world::{Run, Symbol, World};

/// Allow or deny decision, with the data from which its explanation is derived.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub enum Decision<'q> {
    /// Allowed, because of this grant, permission or membership.
    Allow(Basis<'q>),
    /// Denied. Contains the question, from which the explanation is derived.
    Deny(Question<'q>),
}

/// Grant, permission or tenant membership on which an allow decision is based.
#[derive(Clone, Copy, Debug)]
pub struct Basis<'q>(pub(crate) Ground<'q>);

#[derive(Clone, Copy, Debug)]
pub(crate) enum Ground<'q> {
    Authorization { key: AuthorizationKey, owner: Symbol },
    Permission { role: Symbol, audience: &'q str, definition: &'q str },
    ClaimedPermission { audience: &'q str, definition: &'q str },
    Tenant(&'q crate::value::TenantId),
}

impl Decision<'_> {
    /// Returns `true` for an allow decision and `false` for a deny decision.
    #[must_use]
    pub fn allowed(&self) -> bool {
        matches!(self, Self::Allow(_))
    }

    /// Returns the key of the authorization on which an allow decision is based. `None` if the decision is to deny, or
    /// is based on a permission or a tenant membership.
    #[must_use]
    pub fn authorization(&self) -> Option<AuthorizationKey> {
        match self {
            Self::Allow(Basis(Ground::Authorization { key, .. })) => Some(*key),
            Self::Allow(_) | Self::Deny(_) => None,
        }
    }
}

/// Decides a question for a subject. The subject must have been resolved in the same world.
pub fn decide<'q>(world: &World, subject: &Subject, question: &Question<'q>) -> Decision<'q> {
    let ground = match *question {
        Question::Permission { audience, definition } => permission(world, subject, audience, definition),
        Question::Resource { access, target } => resource(world, subject, access, target),
        Question::Tenant(tenant) => subject.in_tenant(tenant).then_some(Ground::Tenant(tenant)),
    };
    ground.map_or(Decision::Deny(*question), |ground| Decision::Allow(Basis(ground)))
}

/// Returns whether a denied subject has an authorization whose condition would hold if missing properties of the subject
/// had suitable values.
#[must_use]
pub(crate) fn lacks_properties(world: &World, subject: &Subject, question: &Question<'_>) -> bool {
    let Question::Resource { access, target } = *question else { return false };
    let could_hold =
        |key| world.condition(key).is_some_and(|condition| condition::could_hold(condition, subject, target));
    let mut grants = world
        .conditional_runs(access.resource_type, target.id())
        .flat_map(|run| run.all(subject.owners(), access.permissions));
    grants.any(|grant| could_hold(grant.key))
}

fn permission<'q>(world: &World, subject: &Subject, audience: &'q str, definition: &'q str) -> Option<Ground<'q>> {
    let held = |permissions: &BTreeSet<Permission>| {
        permissions.iter().any(|held| held.audience.as_str() == audience && held.definition.as_str() == definition)
    };
    if held(&subject.permissions) {
        return Some(Ground::ClaimedPermission { audience, definition });
    }
    let holds = |role: &&crate::value::RoleId| world.role(role.as_str()).is_some_and(|role| held(&role.permissions));
    let role = subject.roles.iter().find(holds)?;
    let role = world.names().get(crate::world::Kind::Role, role.as_str())?;
    Some(Ground::Permission { role, audience, definition })
}

fn resource<'q>(world: &World, subject: &Subject, access: Access, target: Target<'q>) -> Option<Ground<'q>> {
    let search = |run: Option<&Run>| run?.find(subject.owners(), access.permissions);
    let on_any = || search(world.run_on_any(access.resource_type));
    let grant = subject
        .owners()
        .had_on_all(access)
        .then(on_any)
        .flatten()
        .or_else(|| search(world.run_on_id(access.resource_type, target.id()?)))
        .or_else(|| {
            let names = &world.catalog().get(access.resource_type)?.properties;
            target
                .properties(names)
                .filter(|property| property::names_caller(subject, property))
                .find_map(|property| search(world.run_on_property(access.resource_type, property.name)))
        })
        .or_else(|| {
            world
                .conditional_runs(access.resource_type, target.id())
                .flat_map(|run| run.all(subject.owners(), access.permissions))
                .find(|grant| {
                    world.condition(grant.key).is_some_and(|condition| condition::hold(condition, subject, target))
                })
        })?;
    Some(Ground::Authorization { key: grant.key, owner: grant.owner })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::ResourceCatalog;
    use crate::entity::Principal;
    use crate::resolve::{ResolveInput, resolve};
    use crate::search::permissions_of;
    use crate::value::{Audience, PermissionName, Username};
    use crate::world::Sources;

    #[test]
    fn a_tokens_permissions_count_literally_and_are_explained() {
        let world = World::new(Sources::Provider { groups_claimed: true }, ResourceCatalog::standard());
        let ann = Principal::User(Username::parse("ann").unwrap());
        let permission = Permission {
            audience: Audience::parse("optimize-api").unwrap(),
            definition: PermissionName::parse("write:*").unwrap(),
        };
        let permissions = BTreeSet::from([permission.clone()]);
        let subject = resolve(&world, ResolveInput { permissions: Some(&permissions), ..ResolveInput::from(&ann) });
        let decision = decide(&world, &subject, &Question::permission("optimize-api", "write:*"));
        assert!(decision.allowed());
        let Explanation::Allow(steps) = decision.explain(&world, &subject) else { panic!("it is allowed") };
        assert_eq!(steps.last(), Some(&Step::ClaimedPermission { permission }));
        for (audience, definition) in [("optimize-api", "write:x"), ("console-api", "write:*"), ("", "")] {
            assert!(!decide(&world, &subject, &Question::permission(audience, definition)).allowed());
        }
        assert_eq!(permissions_of(&world, &subject, "optimize-api").len(), 1);
        assert!(permissions_of(&world, &subject, "console-api").is_empty());
    }
}

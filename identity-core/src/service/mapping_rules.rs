//! Mapping rules in the management API. A rule assigns the bearers of matching tokens to groups, roles or tenants.

use std::collections::BTreeSet;

use super::{Authorizer, Caller, Leftovers, ListRequest, ServiceError, Written, lists};
use crate::apply::{Command, Refusal};
use crate::entity::{AuditDraft, AuditEntity, AuditOperation, Container, EntityKind, MappingRule, Membership, Party};
use crate::search::List;
use crate::value::MappingRuleId;
use crate::world::World;

/// Manages mapping rules, together with the groups, roles or tenants that they assign.
pub struct MappingRules {
    authorizer: Authorizer,
}

/// The groups, roles or tenants that a rule assigns. The kind of the rule may restrict them to one type.
pub type RuleTargets = BTreeSet<Container>;

/// A mapping rule, with the containers that it assigns to the bearers of matching tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleWithTargets {
    /// The rule: a predicate over the claims of a token.
    pub rule: MappingRule,
    /// The groups, roles or tenants of which the rule is a direct member.
    pub targets: RuleTargets,
}

impl MappingRules {
    /// Creates the service on the engine of `authorizer`, which checks the caller's permission in every method.
    #[must_use]
    pub fn new(authorizer: Authorizer) -> Self {
        Self { authorizer }
    }

    /// Checks a permission of the caller before the rest of its request is parsed. Pass `None` for `id` if the request
    /// does not contain a valid one.
    ///
    /// Records a denial in the audit log.
    ///
    /// # Errors
    /// [`ServiceError::Denied`] when the caller lacks the permission.
    pub async fn require(
        &self,
        caller: &Caller,
        operation: AuditOperation,
        id: Option<&MappingRuleId>,
    ) -> Result<(), ServiceError> {
        let key = id.map(ToString::to_string).unwrap_or_default();
        let entity = AuditEntity { kind: EntityKind::MappingRule, key };
        self.authorizer.require(caller, &AuditDraft::new(operation, entity)).await
    }

    /// Lists rules by ID. A search matches any part of the name, the claim selector or the value.
    ///
    /// # Errors
    /// When the caller lacks read permission.
    pub async fn list(&self, caller: &Caller, list: &ListRequest) -> Result<List<RuleWithTargets>, ServiceError> {
        let rules = |_: &World| lists::entities(&caller.world, list, Vec::new(), with_targets);
        self.authorizer.read(caller, EntityKind::MappingRule, "", rules).await
    }

    /// Returns a rule with its targets.
    ///
    /// # Errors
    /// When the caller lacks read permission, or there is no such rule.
    pub async fn find(&self, caller: &Caller, id: &str) -> Result<RuleWithTargets, ServiceError> {
        self.authorizer
            .read(caller, EntityKind::MappingRule, id, |world| {
                world.mapping_rule(id).map(|rule| with_targets(world, rule))
            })
            .await?
            .ok_or_else(|| ServiceError::Missing(AuditEntity { kind: EntityKind::MappingRule, key: id.to_owned() }))
    }

    /// Creates a rule and adds it to its targets, in one commit.
    ///
    /// # Errors
    /// When the caller lacks write permission, the ID is taken, a target does not exist or is of another kind, or
    /// authorizations on the rule exist and `leftovers` refuses them.
    pub async fn create(
        &self,
        caller: &Caller,
        rule: MappingRule,
        targets: RuleTargets,
        leftovers: Leftovers,
    ) -> Result<Written, ServiceError> {
        let attempt = attempt(AuditOperation::Create, &rule.id);
        let entity = attempt.entity.clone();
        self.authorizer.write(caller, attempt, |world| leftovers.creation(world, entity, creation(rule, targets))).await
    }

    /// Replaces a rule and its targets in one commit. `rule` computes the new rule from the old one and must keep the
    /// kind.
    ///
    /// # Errors
    /// When the caller lacks write permission, there is no such rule, or a target does not exist or is of another kind.
    pub async fn replace(
        &self,
        caller: &Caller,
        id: &MappingRuleId,
        targets: RuleTargets,
        rule: impl FnOnce(&MappingRule) -> MappingRule + Send,
    ) -> Result<Written, ServiceError> {
        self.authorizer
            .write(caller, attempt(AuditOperation::Update, id), |world| {
                let old = world.mapping_rule(id.as_str()).ok_or_else(|| Refusal::Missing(entity(id)))?;
                Ok(replacement(world, old, rule(old), &targets))
            })
            .await
    }

    /// Deletes a rule, with its memberships and the authorizations that it owns or that name it.
    ///
    /// # Errors
    /// When the caller lacks write permission, there is no such rule, or no administrator would remain.
    pub async fn delete(&self, caller: &Caller, id: MappingRuleId) -> Result<Written, ServiceError> {
        self.authorizer.command(caller, Command::DeleteMappingRule(id)).await
    }
}

/// Returns the commands that create a rule and add it to its targets.
#[must_use]
pub fn creation(rule: MappingRule, targets: RuleTargets) -> Vec<Command> {
    let member = Party::MappingRule(rule.id.clone());
    let edges = targets.into_iter().filter_map(|target| Membership::new(target, member.clone()).ok());
    [Command::CreateMappingRule(rule)].into_iter().chain(edges.map(Command::AddMember)).collect()
}

/// Returns the commands that change the rule `old` to `new` and its targets to `targets`. Empty if nothing differs.
#[must_use]
pub fn replacement(world: &World, old: &MappingRule, new: MappingRule, targets: &RuleTargets) -> Vec<Command> {
    let member = Party::MappingRule(old.id.clone());
    let current: RuleTargets = world.memberships(&member).collect();
    let edge = |target: &Container| Membership::new(target.clone(), member.clone()).ok();
    let leave = current.difference(targets).filter_map(edge).map(Command::RemoveMember);
    let join = targets.difference(&current).filter_map(edge).map(Command::AddMember);
    let change = (*old != new).then_some(Command::UpdateMappingRule(new));
    change.into_iter().chain(join).chain(leave).collect()
}

fn with_targets(world: &World, rule: &MappingRule) -> RuleWithTargets {
    let targets = world.memberships(&Party::MappingRule(rule.id.clone())).collect();
    RuleWithTargets { rule: rule.clone(), targets }
}

fn entity(id: &MappingRuleId) -> AuditEntity {
    AuditEntity { kind: EntityKind::MappingRule, key: id.to_string() }
}

fn attempt(operation: AuditOperation, id: &MappingRuleId) -> AuditDraft {
    AuditDraft::new(operation, entity(id))
}

//! Mapping rules, as the management API sees them: typed, with their targets inside.

use std::collections::BTreeSet;

use super::{Caller, Gate, Leftovers, ListRequest, ServiceError, Written};
use crate::apply::{Command, Refusal};
use crate::entity::{AuditEntity, AuditOperation, Container, EntityKind, MappingRule, Membership, Party};
use crate::port::AuditDraft;
use crate::search::{Page, matches_text};
use crate::value::MappingRuleId;
use crate::world::World;

/// Mapping rules and what they lead to.
pub struct MappingRules {
    gate: Gate,
}

/// What a rule leads to: containers of its kind.
pub type RuleTargets = BTreeSet<Container>;

/// A rule with what it leads to.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleWithTargets {
    /// The rule.
    pub rule: MappingRule,
    /// What it is a member of.
    pub targets: RuleTargets,
}

impl MappingRules {
    /// Rules behind a gate.
    #[must_use]
    pub fn new(gate: Gate) -> Self {
        Self { gate }
    }

    /// Asks whether the caller may do something with a rule, before the rest of a request is parsed. Without an id, the rule
    /// has none that could be one. A denial is recorded.
    ///
    /// # Errors
    /// When the caller may not.
    pub async fn require(
        &self,
        caller: &Caller,
        operation: AuditOperation,
        id: Option<&MappingRuleId>,
    ) -> Result<(), ServiceError> {
        let key = id.map(ToString::to_string).unwrap_or_default();
        let entity = AuditEntity { kind: EntityKind::MappingRule, key };
        self.gate.require(caller, &AuditDraft { operation, entity, related: None }).await
    }

    /// The rules, by id.
    ///
    /// # Errors
    /// When the caller may not read.
    pub async fn list(&self, caller: &Caller, list: &ListRequest) -> Result<Page<RuleWithTargets>, ServiceError> {
        self.gate
            .read(caller, EntityKind::MappingRule, "", |world| {
                let fits = |rule: &&MappingRule| {
                    let texts = [rule.name.as_str(), rule.selector.as_str(), rule.value.as_str()];
                    matches_text(list.search.as_deref(), &texts)
                };
                list.page.cut(world.mapping_rules().filter(fits)).map(|rule| with_targets(world, rule))
            })
            .await
    }

    /// One rule.
    ///
    /// # Errors
    /// When the caller may not read, or there is none.
    pub async fn find(&self, caller: &Caller, id: &str) -> Result<RuleWithTargets, ServiceError> {
        self.gate
            .read(caller, EntityKind::MappingRule, id, |world| {
                world.mapping_rule(id).map(|rule| with_targets(world, rule))
            })
            .await?
            .ok_or_else(|| ServiceError::Missing(AuditEntity { kind: EntityKind::MappingRule, key: id.to_owned() }))
    }

    /// Creates a rule that leads to `targets`.
    ///
    /// # Errors
    /// When the caller may not write, there is such a rule, a target does not exist or is of another kind, or authorizations on
    /// the rule are left and `leftovers` refuses them.
    pub async fn create(
        &self,
        caller: &Caller,
        rule: MappingRule,
        targets: RuleTargets,
        leftovers: Leftovers,
    ) -> Result<Written, ServiceError> {
        let attempt = attempt(AuditOperation::Create, &rule.id);
        let entity = attempt.entity.clone();
        self.gate.write(caller, attempt, |world| leftovers.creation(world, entity, creation(rule, targets))).await
    }

    /// Replaces a rule and its targets. `rule` makes the new rule of the old one, whose kind stays.
    ///
    /// # Errors
    /// When the caller may not write, there is no such rule, or a target does not exist or is of another kind.
    pub async fn replace(
        &self,
        caller: &Caller,
        id: &MappingRuleId,
        targets: RuleTargets,
        rule: impl FnOnce(&MappingRule) -> MappingRule + Send,
    ) -> Result<Written, ServiceError> {
        self.gate
            .write(caller, attempt(AuditOperation::Update, id), |world| {
                let old = world.mapping_rule(id.as_str()).ok_or_else(|| Refusal::Missing(entity(id)))?;
                Ok(replacement(world, old, rule(old), &targets))
            })
            .await
    }

    /// Deletes a rule.
    ///
    /// # Errors
    /// When the caller may not write, there is no such rule, or nobody could administer without it.
    pub async fn delete(&self, caller: &Caller, id: MappingRuleId) -> Result<Written, ServiceError> {
        self.gate.command(caller, Command::DeleteMappingRule(id)).await
    }
}

/// The commands that create a rule with targets.
#[must_use]
pub fn creation(rule: MappingRule, targets: RuleTargets) -> Vec<Command> {
    let member = Party::MappingRule(rule.id.clone());
    let edges = targets.into_iter().filter_map(|target| Membership::new(target, member.clone()).ok());
    [Command::CreateMappingRule(rule)].into_iter().chain(edges.map(Command::AddMember)).collect()
}

/// The commands that make `old` the rule `new` with these targets. None when it is so already.
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
    AuditDraft { operation, entity: entity(id), related: None }
}

//! Order of changes to mapping rules: no two rules of the kind `ANY` may have the same predicate at any time.

use std::collections::{BTreeMap, BTreeSet};

use crate::apply::{Command, Draft};
use crate::decide::Authority;
use crate::entity::{MappingRule, RuleKind};
use crate::value::{ClaimValue, MappingRuleId};
use crate::world::World;

/// Returns the commands that create and update rules. A rule that takes over the predicate of another one follows it.
/// Creations come last.
pub(super) fn put(wanted: &[MappingRule], world: &World) -> Vec<Command> {
    let old = |rule: &MappingRule| world.mapping_rule(rule.id.as_str());
    let changed = wanted.iter().filter(|rule| old(rule) != Some(*rule));
    let (updated, created): (Vec<&MappingRule>, Vec<_>) = changed.partition(|rule| old(rule).is_some());
    let waiting = updated.iter().map(|rule| (&rule.id, *rule)).collect();
    let mut order = Order { draft: Draft::new(world), waiting, commands: Vec::new() };
    updated.into_iter().for_each(|rule| order.update(rule));
    order.commands.into_iter().chain(created.into_iter().cloned().map(Command::CreateMappingRule)).collect()
}

struct Order<'r> {
    /// World after the commands so far.
    draft: Draft,
    /// Rules that are not updated yet.
    waiting: BTreeMap<&'r MappingRuleId, &'r MappingRule>,
    commands: Vec<Command>,
}

impl<'r> Order<'r> {
    /// Updates a rule, after those that have its new predicate.
    fn update(&mut self, rule: &'r MappingRule) {
        let mut pending = vec![rule];
        let mut is_pending = BTreeSet::from([&rule.id]);
        let mut is_temporary = BTreeSet::new();
        while let Some(rule) = pending.last().copied() {
            if !self.waiting.contains_key(&rule.id) {
                pending.pop();
                continue;
            }
            match self.holder(rule) {
                Some(holder) if is_pending.insert(&holder.id) => pending.push(holder),
                Some(holder) if is_temporary.insert(&holder.id) => {
                    if let Some(rule) = temporary(holder) {
                        self.push(rule);
                    }
                }
                _ => {
                    self.push(rule.clone());
                    self.waiting.remove(&rule.id);
                }
            }
        }
    }

    /// Returns another rule, to be updated, that still has the new predicate of a rule.
    fn holder(&self, rule: &MappingRule) -> Option<&'r MappingRule> {
        if rule.kind != RuleKind::Any {
            return None;
        }
        let mut others = self.draft.world().rules_like(rule).filter(|other| other.id != rule.id);
        others.find(|other| other.kind == RuleKind::Any).and_then(|other| self.waiting.get(&other.id).copied())
    }

    fn push(&mut self, rule: MappingRule) {
        let command = Command::UpdateMappingRule(rule);
        // Refusals are found again when the commands are applied.
        _ = self.draft.refusals(std::slice::from_ref(&command), Authority::Administrator);
        self.commands.push(command);
    }
}

/// Returns a rule with a value that no other rule has. Rules that exchange their predicates have it in between.
fn temporary(rule: &MappingRule) -> Option<MappingRule> {
    let value = ClaimValue::parse(&format!("exchanged for {}", rule.id)).ok()?;
    Some(MappingRule { value, ..rule.clone() })
}

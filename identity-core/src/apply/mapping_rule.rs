use super::{Draft, Refusal, thing};
use crate::entity::{EntityKind, MappingRule, Party, RuleKind};
use crate::value::MappingRuleId;
use crate::world::Change;

impl Draft {
    pub(super) fn create_mapping_rule(&mut self, rule: &MappingRule) -> Result<(), Refusal> {
        if self.world.mapping_rule(rule.id.as_str()).is_some() {
            return Err(Refusal::Exists(thing(EntityKind::MappingRule, &rule.id)));
        }
        self.unique_predicate(rule)?;
        self.remove_leftovers(EntityKind::MappingRule, rule.id.as_str())?;
        self.record(Change::MappingRulePut(rule.clone()))
    }

    pub(super) fn update_mapping_rule(&mut self, rule: &MappingRule) -> Result<(), Refusal> {
        if self.existing_rule(&rule.id)?.kind != rule.kind {
            return Err(Refusal::RuleKind(thing(EntityKind::MappingRule, &rule.id)));
        }
        self.unique_predicate(rule)?;
        self.record(Change::MappingRulePut(rule.clone()))
    }

    pub(super) fn delete_mapping_rule(&mut self, id: &MappingRuleId) -> Result<(), Refusal> {
        self.existing_rule(id)?;
        self.remove_party(&Party::MappingRule(id.clone()))?;
        self.remove_grants_on(EntityKind::MappingRule, id.as_str())?;
        self.record(Change::MappingRuleRemoved(id.clone()))
    }

    pub(super) fn existing_rule(&self, id: &MappingRuleId) -> Result<&MappingRule, Refusal> {
        self.world.mapping_rule(id.as_str()).ok_or_else(|| Refusal::Missing(thing(EntityKind::MappingRule, id)))
    }

    /// Ensures that at most one rule of the kind `Any` has this predicate (docs/reference/orchestration-cluster.md
    /// §2.2). Rules of other kinds may share a predicate, for example one for roles and one for tenants.
    fn unique_predicate(&self, rule: &MappingRule) -> Result<(), Refusal> {
        if rule.kind != RuleKind::Any {
            return Ok(());
        }
        let twin = self.world.rules_like(rule).find(|other| other.id != rule.id && other.kind == RuleKind::Any);
        match twin {
            Some(twin) => Err(Refusal::SamePredicate(thing(EntityKind::MappingRule, &twin.id))),
            None => Ok(()),
        }
    }
}

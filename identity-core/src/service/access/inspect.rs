//! Inspection of tokens and claims, to troubleshoot sign-ins and mapping rules.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Access;
use crate::entity::{EntityKind, MappingRule, Principal};
use crate::port::{Evidence, Inspection};
use crate::resolve::{ResolveInput, Subject, resolve};
use crate::service::Caller;
use crate::service::recent_callers::{KeptClaims, Login};
use crate::value::{Claims, InvalidValue, MappingRuleId, OverBudget, Steps, json_length};
use crate::world::{Kind, Symbol, World};

/// Maximum number of mapping rules in the result of an inspection.
pub const MAX_RULES: usize = 1000;
/// Maximum size of inspected claims, in bytes of JSON text. Longer tokens are rejected everywhere.
pub const MAX_CLAIM_BYTES: usize = 65_536;
/// Maximum size of the claim values reported for one mapping rule, in bytes of JSON text.
const MAX_SEEN_BYTES: usize = 2048;
/// Maximum size of the claim values reported for all mapping rules together, in bytes of JSON text.
const MAX_ALL_SEEN_BYTES: usize = 4 * MAX_CLAIM_BYTES;

/// Maximum number of stored IDs to compare with the IDs in a token. It limits the time for which the comparison blocks
/// its thread.
const MAX_IDS: usize = 100_000;
/// Maximum number of reported IDs that differ from a stored ID only by case.
const MAX_VARIANTS: usize = 10;

/// Result of inspecting a token or a set of claims.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// Validation steps, claims and principal of the token, even if the token is invalid.
    pub inspection: Inspection,
    /// Verdicts of the mapping rules, in this order: matching rules, rules that were not evaluated, rules whose
    /// selector finds values, other rules. Rules of the same rank are ordered by ID.
    pub rules: Vec<RuleVerdict>,
    /// Whether rules were left out, because there are more than 1000.
    pub more_rules: bool,
    /// The bearer with its effective memberships; `None` if the token identifies no principal.
    pub subject: Option<Subject>,
    /// IDs of the bearer and of its groups that differ from a stored ID only by case; at most 10.
    pub case_variants: Vec<CaseVariant>,
}

/// An ID in a token that matches no stored ID exactly, but matches one if case is ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseVariant {
    /// Kind of entity that the ID identifies: a user, client or group.
    pub kind: EntityKind,
    /// The ID as written in the token.
    pub claimed: String,
    /// The stored ID, which differs only by case.
    pub stored: String,
}

/// Result of evaluating one mapping rule on the claims.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleVerdict {
    /// The evaluated rule.
    pub rule: MappingRule,
    /// Whether the claims match the rule. If so, the bearer receives the access of the rule.
    pub matches: bool,
    /// Claim values that the rule's selector finds, at most 2 KiB of JSON text.
    pub saw: Vec<Value>,
    /// Whether values were left out because of size or step limits.
    pub saw_more: bool,
    /// Reason why the rule was not evaluated; `None` if it was.
    pub refused: Option<RuleRefusal>,
}

/// Reason why a rule is not evaluated. Such a rule counts as not matching.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleRefusal {
    /// The stored selector violates the current validation rules for selectors.
    #[error("{0}")]
    Disabled(InvalidValue),
    /// Evaluating all mapping rules on these claims exceeds the step budget that they share.
    #[error("{0}")]
    OverBudget(OverBudget),
}

impl Access {
    /// Inspects a token or claims without storing them. Returns `None` if the server does not accept tokens.
    ///
    /// Call [`Access::permit`] first.
    pub async fn inspect(&self, caller: &Caller, evidence: Evidence<'_>) -> Option<Inspected> {
        let verifier = self.verifier.as_ref()?;
        let mut inspection = verifier.inspect(evidence).await;
        if let Evidence::Token(token) = evidence
            && inspection.steps.iter().all(|step| step.passed == Some(true))
            && let Ok(verified) = verifier.verify(token).await
        {
            // Verification of a valid token may add claims, such as those from UserInfo. Inspect these as well.
            inspection.claims = Some(verified.claims.read());
            inspection.principal = Some(verified.principal.clone());
            inspection.groups = verified.groups.clone();
        }
        let world = &caller.world;
        let claims = inspection.claims.as_ref();
        let subject = inspection.principal.as_ref().map(|principal| {
            resolve(
                world,
                ResolveInput {
                    principal,
                    claims,
                    groups: inspection.groups.as_deref(),
                    permissions: Some(&inspection.permissions),
                },
            )
        });
        let (rules, more_rules) = claims.map(|claims| verdicts(world, claims)).unwrap_or_default();
        let case_variants = subject.as_ref().map(|subject| case_variants(world, subject)).unwrap_or_default();
        Some(Inspected { rules, more_rules, subject, case_variants, inspection })
    }

    /// Returns at most `most` recent logins, one per caller, newest first.
    #[must_use]
    pub fn recent(&self, most: usize) -> Vec<Login> {
        self.logins.last(most, self.authorizer.engine().clock().now())
    }

    /// Claims whose values are kept with recent logins.
    #[must_use]
    pub fn kept_claims(&self) -> KeptClaims {
        self.logins.kept()
    }
}

/// Finds the IDs of a subject and of its groups that match a stored ID only if case is ignored.
fn case_variants(world: &World, subject: &Subject) -> Vec<CaseVariant> {
    let principal = match &subject.principal {
        Principal::User(id) => (Kind::User, id.as_str()),
        Principal::Client(id) => (Kind::Client, id.as_str()),
    };
    let groups = subject.groups.iter().map(|id| (Kind::Group, id.as_str()));
    let mut wanted: BTreeMap<(Kind, String), BTreeSet<&str>> = BTreeMap::new();
    for (kind, id) in std::iter::once(principal).chain(groups) {
        wanted.entry((kind, id.to_lowercase())).or_default().insert(id);
    }
    let kinds = [principal.0, Kind::Group];
    let ids = world.labels().filter(|(kind, id, label)| id == label && kinds.contains(kind));
    let mut stored: BTreeMap<(Kind, String), BTreeSet<&str>> = BTreeMap::new();
    for (kind, id, _) in ids.take(MAX_IDS) {
        let folded = (kind, id.to_lowercase());
        if wanted.contains_key(&folded) {
            stored.entry(folded).or_default().insert(id);
        }
    }
    let pairs = stored.iter().flat_map(|(folded, stored)| {
        let claimed = wanted.get(folded).into_iter().flatten().filter(|claimed| !stored.contains(*claimed));
        claimed.flat_map(|claimed| stored.iter().map(|stored| (folded.0, *claimed, *stored)))
    });
    let variants = pairs.filter_map(|(kind, claimed, stored)| {
        let kind = EntityKind::parse(kind.name())?;
        Some(CaseVariant { kind, claimed: claimed.to_owned(), stored: stored.to_owned() })
    });
    variants.take(MAX_VARIANTS).collect()
}

fn verdicts(world: &World, claims: &Claims) -> (Vec<RuleVerdict>, bool) {
    let value = claims.as_value();
    let matching = world.matching_rules(value);
    let ids = |rules: &[Symbol]| -> BTreeSet<MappingRuleId> {
        rules.iter().filter_map(|rule| world.names().text(*rule)).map(MappingRuleId::from_shared).collect()
    };
    let (matched, refused) = (ids(&matching.rules), ids(&matching.refused));
    let mut seen = Seen { value, steps: Steps::default(), bytes: MAX_ALL_SEEN_BYTES };
    let mut verdict = |rule: &MappingRule, matches| {
        let over_budget = refused.contains(&rule.id).then_some(RuleRefusal::OverBudget(OverBudget));
        let refused = rule.selector.disabled().cloned().map(RuleRefusal::Disabled).or(over_budget);
        let (saw, saw_more) = seen.by(rule);
        RuleVerdict { rule: rule.clone(), matches, saw, saw_more, refused }
    };
    let matching = matched.iter().filter_map(|id| world.mapping_rule(id.as_str()));
    let mut verdicts: Vec<RuleVerdict> = matching.take(MAX_RULES).map(|rule| verdict(rule, true)).collect();
    let left = MAX_RULES - verdicts.len();
    let others = world.mapping_rules().filter(|rule| !matched.contains(&rule.id));
    let mut others: Vec<RuleVerdict> = others.take(left + 1).map(|rule| verdict(rule, false)).collect();
    let more = others.len() > left || matched.len() > MAX_RULES;
    others.truncate(left);
    // Rules that were not evaluated come first, then rules whose selector finds values, then all others.
    others.sort_by_key(|verdict| (verdict.refused.is_none(), verdict.saw.is_empty()));
    verdicts.append(&mut others);
    (verdicts, more)
}

/// Collects the claim values that mapping rules select. All rules share one limit on steps and one on bytes.
struct Seen<'c> {
    value: &'c Value,
    steps: Steps,
    bytes: usize,
}

impl Seen<'_> {
    /// Returns the values that the rule's selector finds, and whether values were left out because of a limit.
    fn by(&mut self, rule: &MappingRule) -> (Vec<Value>, bool) {
        let Ok(nodes) = rule.selector.select_within(self.value, &mut self.steps) else { return (Vec::new(), true) };
        let mut left = self.bytes.min(MAX_SEEN_BYTES);
        let before = left;
        let fitting = nodes.iter().map_while(|(node, _)| {
            left = left.checked_sub(json_length(node, left)?)?;
            Some((*node).clone())
        });
        let saw: Vec<Value> = fitting.collect();
        self.bytes -= before - left;
        let more = saw.len() < nodes.len();
        (saw, more)
    }
}

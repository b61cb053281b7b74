//! What is in a token, and what becomes of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Access, Login};
use crate::entity::{EntityKind, MappingRule, Principal};
use crate::port::{Evidence, Inspection};
use crate::resolve::{Presented, Subject, resolve};
use crate::service::Caller;
use crate::value::{Claims, InvalidValue, MappingRuleId, OverBudget, Steps, json_length};
use crate::world::{Kind, Sym, World};

/// The most rules whose verdicts are shown.
pub const MOST_RULES: usize = 1000;
/// The most JSON text of claims that is looked through, in bytes. A longer token is refused everywhere.
pub const MAX_CLAIM_BYTES: usize = 65_536;
/// Bytes of claim values that the verdict of one rule shows at most, in JSON text.
const MAX_SEEN_BYTES: usize = 2048;
/// The same for all rules together.
const MAX_ALL_SEEN_BYTES: usize = 4 * MAX_CLAIM_BYTES;

/// The most ids that are compared with those of a token: it is done on the worker.
const MOST_IDS: usize = 100_000;
/// The most ids that differ only by case that are told.
const MOST_VARIANTS: usize = 10;

/// A token, looked through.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// Its checks.
    pub inspection: Inspection,
    /// What each rule says to it: those that match, then those that almost do, then the others, each by id.
    pub rules: Vec<RuleVerdict>,
    /// Whether there are more rules, which do not match.
    pub more_rules: bool,
    /// What its bearer would be.
    pub subject: Option<Subject>,
    /// What is called like the bearer or a group of theirs but for case, and so is another.
    pub case_variants: Vec<CaseVariant>,
}

/// An id of a token that nothing here is called by, and one that differs from it only by case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseVariant {
    /// What is called so.
    pub kind: EntityKind,
    /// As in the token.
    pub claimed: String,
    /// As here.
    pub stored: String,
}

/// What a rule says to a token.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleVerdict {
    /// The rule.
    pub rule: MappingRule,
    /// Whether it matches.
    pub matches: bool,
    /// What the claim that it looks at holds.
    pub saw: Vec<Value>,
    /// Whether the claim holds more than that, which was left out because it is too long.
    pub saw_more: bool,
    /// Why the rule was not evaluated.
    pub refused: Option<RuleRefusal>,
}

/// Why a rule is not evaluated. It counts as a rule that does not match.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleRefusal {
    /// The stored selector does not satisfy today's rules.
    #[error("{0}")]
    Disabled(InvalidValue),
    /// Evaluating all rules on these claims takes too many steps.
    #[error("{0}")]
    OverBudget(OverBudget),
}

impl Access {
    /// Looks through a token or claims; `None` where there are no tokens. Nothing of it is kept. Ask [`Access::permit`] first.
    pub async fn inspect(&self, caller: &Caller, evidence: Evidence<'_>) -> Option<Inspected> {
        let verifier = self.verifier.as_ref()?;
        let mut inspection = verifier.inspect(evidence).await;
        if let Evidence::Token(token) = evidence
            && inspection.steps.iter().all(|step| step.passed == Some(true))
            && let Ok(verified) = verifier.verify(token).await
        {
            // What the issuer adds to a good token counts.
            inspection.claims = Some(verified.claims.clone());
            inspection.principal = Some(verified.principal.clone());
            inspection.groups = verified.groups.clone();
        }
        let world = &caller.world;
        let claims = inspection.claims.as_ref();
        let subject = inspection.principal.as_ref().map(|principal| {
            resolve(
                world,
                Presented {
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

    /// The last callers' tokens, newest first.
    #[must_use]
    pub fn recent(&self, most: usize) -> Vec<Login> {
        self.logins.last(most)
    }

    /// Whether the values of recent tokens' claims are known.
    #[must_use]
    pub fn keeps_claims(&self) -> bool {
        self.logins.keep_claims()
    }
}

/// The ids of a subject that nothing here is called by, with those that differ from them only by case.
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
    for (kind, id, _) in ids.take(MOST_IDS) {
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
    variants.take(MOST_VARIANTS).collect()
}

fn verdicts(world: &World, claims: &Claims) -> (Vec<RuleVerdict>, bool) {
    let value = claims.as_value();
    let matching = world.matching_rules(value);
    let ids = |rules: &[Sym]| -> BTreeSet<MappingRuleId> {
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
    let mut verdicts: Vec<RuleVerdict> = matching.take(MOST_RULES).map(|rule| verdict(rule, true)).collect();
    let left = MOST_RULES - verdicts.len();
    let others = world.mapping_rules().filter(|rule| !matched.contains(&rule.id));
    let mut others: Vec<RuleVerdict> = others.take(left + 1).map(|rule| verdict(rule, false)).collect();
    let more = others.len() > left || matched.len() > MOST_RULES;
    others.truncate(left);
    // Those that were refused come first, then those that found something to compare with.
    others.sort_by_key(|verdict| (verdict.refused.is_none(), verdict.saw.is_empty()));
    verdicts.append(&mut others);
    (verdicts, more)
}

/// What rules see of claims, within a budget that they share.
struct Seen<'c> {
    value: &'c Value,
    steps: Steps,
    bytes: usize,
}

impl Seen<'_> {
    /// What a rule sees, and whether there is more of it.
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

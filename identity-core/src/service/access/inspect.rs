//! What is in a token, and what becomes of it.

use serde_json::Value;

use super::{Access, Login};
use crate::entity::MappingRule;
use crate::port::{Evidence, Inspection};
use crate::resolve::{Presented, Subject, resolve};
use crate::service::Caller;
use crate::value::{Claims, MappingRuleId};
use crate::world::World;

/// The most rules whose verdicts are shown.
pub const MOST_RULES: usize = 1000;

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
        Some(Inspected { rules, more_rules, subject, inspection })
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

fn verdicts(world: &World, claims: &Claims) -> (Vec<RuleVerdict>, bool) {
    let value = claims.as_value();
    let matching = world.matching_rules(value);
    let mut ids: Vec<MappingRuleId> =
        matching.iter().filter_map(|rule| world.names().text(*rule)).map(MappingRuleId::from_shared).collect();
    ids.sort_unstable();
    let verdict = |rule: &MappingRule, matches| RuleVerdict {
        rule: rule.clone(),
        matches,
        saw: rule.selector.select(value).into_iter().map(|(node, _)| node.clone()).collect(),
    };
    let matched = ids.iter().filter_map(|id| world.mapping_rule(id.as_str())).map(|rule| verdict(rule, true));
    let others = world.mapping_rules().filter(|rule| ids.binary_search(&rule.id).is_err());
    let mut others: Vec<RuleVerdict> = others.take(MOST_RULES + 1).map(|rule| verdict(rule, false)).collect();
    let more = others.len() > MOST_RULES;
    others.truncate(MOST_RULES);
    // Those that found something to compare with are nearer than those that found nothing.
    others.sort_by_key(|verdict| verdict.saw.is_empty());
    (matched.chain(others).collect(), more)
}

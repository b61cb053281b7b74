//! Simulation of a change: its effects, without applying it.

use std::collections::BTreeSet;

use super::administration::{AdministrationChange, compare};
use super::{Access, EvaluationRequest, Identified, Login, NotEvaluated};
use crate::apply::{Command, Refusal, apply};
use crate::decide::Authority;
use crate::diff::{AccessItem, Diff, diff_within, holdings};
use crate::entity::{MappingRule, Principal};
use crate::resolve::Subject;
use crate::search::{SearchBudget, SearchStopped};
use crate::service::Caller;
use crate::world::{Change as Row, World};

use super::evaluate::{Evaluated, evaluated_and_explained};

/// Number of steps that each recent login takes from the search budget.
const LOGIN_STEPS: usize = 200;

/// A change to simulate.
#[derive(Clone, Debug, Default)]
pub struct Simulation {
    /// The commands of the change. They apply all or none.
    pub commands: Vec<Command>,
    /// A request to evaluate before and after the change.
    pub question: Option<EvaluationRequest>,
    /// Number of recent logins to resolve before and after the change.
    pub logins: usize,
}

/// Effects of a change.
#[derive(Clone, Debug)]
pub struct Simulated {
    /// The changed rows, and the access gained and lost according to stored data.
    pub diff: Diff,
    /// Results of the request before and after the change.
    pub answers: Option<(Evaluated, Evaluated)>,
    /// Access that the subject of the request gains and loses.
    pub subject: Option<Change>,
    /// Access that recent callers gain and lose.
    pub logins: OnRecentCallers,
    /// Changes among administrators and parties that can become administrators.
    pub administration: AdministrationChange,
}

/// Access that a principal gains and loses.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The principal.
    pub principal: Principal,
    /// Access that exists only after the change.
    pub gained: Vec<AccessItem>,
    /// Access that exists only before the change.
    pub lost: Vec<AccessItem>,
}

/// Access that recent callers gain and lose.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OnRecentCallers {
    /// Number of recent logins considered.
    pub looked_at: usize,
    /// Callers whose access changes.
    pub changed: Vec<Change>,
    /// Callers for which the effect cannot be determined, because their claim values are not kept.
    pub unknown: Vec<Principal>,
}

impl Access {
    /// Applies a change to a copy of the caller's world without writing it.
    ///
    /// Call [`Access::permit`] first. If there is a request to evaluate, call [`Access::identify`] for its subject.
    ///
    /// # Errors
    /// When the change is refused, when computing its effects exhausts the step budget, or when the request is
    /// cancelled.
    pub fn simulate(
        &self,
        caller: &Caller,
        simulation: &Simulation,
        subject: &Result<Identified, NotEvaluated>,
        budget: &SearchBudget,
    ) -> Result<Simulated, SimulationFailed> {
        let before = &caller.world;
        let after = tried(before, &simulation.commands).map_err(SimulationFailed::Refused)?;
        let diff = diff_within(before, &after, budget).map_err(SimulationFailed::Stopped)?;
        let (mut answers, mut change_of_subject) = (None, None);
        if let Some(asked) = &simulation.question {
            let known = |world| subject.as_ref().map(|subject| subject.known(world)).map_err(NotEvaluated::clone);
            let (had, has) = (known(before), known(&after));
            let answer = evaluated_and_explained;
            answers = Some((answer(before, asked, &had), answer(&after, asked, &has)));
            if let (Ok(had), Ok(has)) = (had, has) {
                change_of_subject = Some(change((before, &had.subject), (&after, &has.subject)));
            }
        }
        let logins = on_logins(before, &after, &diff, &self.recent(simulation.logins), budget);
        let administration = compare(before, &after);
        let simulated = Simulated { diff, answers, subject: change_of_subject, logins, administration };
        budget.finished(simulated).map_err(SimulationFailed::Stopped)
    }
}

/// Reason why a simulation has no result.
#[derive(Debug, thiserror::Error)]
pub enum SimulationFailed {
    /// The change is refused.
    #[error(transparent)]
    Refused(Refusal),
    /// Computing the effects was stopped.
    #[error(transparent)]
    Stopped(SearchStopped),
}

/// Returns the world after a change.
///
/// # Errors
/// When the change is refused.
pub(super) fn tried(world: &World, commands: &[Command]) -> Result<World, Refusal> {
    Ok(apply(world, commands, Authority::Administrator)?.world)
}

fn change((before, had): (&World, &Subject), (after, has): (&World, &Subject)) -> Change {
    let (old, new) = (holdings(before, had), holdings(after, has));
    Change {
        principal: has.principal.clone(),
        gained: new.difference(&old).cloned().collect(),
        lost: old.difference(&new).cloned().collect(),
    }
}

fn on_logins(before: &World, after: &World, diff: &Diff, logins: &[Login], budget: &SearchBudget) -> OnRecentCallers {
    let rules: Vec<&MappingRule> = diff
        .changes
        .iter()
        .filter_map(|row| match row {
            Row::MappingRulePut(rule) => Some(rule),
            _ => None,
        })
        .collect();
    // Changes to roles and authorizations can change access even if no subject resolves differently.
    let grants = diff.changes.iter().any(|row| {
        !matches!(
            row,
            Row::MappingRulePut(_) | Row::MappingRuleRemoved(_) | Row::MemberAdded(_) | Row::MemberRemoved(_)
        )
    });
    let mut found = OnRecentCallers { looked_at: logins.len(), ..OnRecentCallers::default() };
    for login in logins.iter().take_while(|_| budget.take(LOGIN_STEPS)) {
        let names: BTreeSet<&str> = login.claim_names.iter().map(String::as_str).collect();
        if login.claims.is_none() && rules.iter().any(|rule| could_match(rule, &names)) {
            found.unknown.push(login.principal.clone());
            continue;
        }
        let (had, has) = (login.subject(before), login.subject(after));
        let same = (&had.mapping_rules, &had.groups, &had.roles, &had.tenants)
            == (&has.mapping_rules, &has.groups, &has.roles, &has.tenants);
        if same && !grants {
            continue;
        }
        let change = change((before, &had), (after, &has));
        if !change.gained.is_empty() || !change.lost.is_empty() {
            found.changed.push(change);
        }
    }
    found
}

/// Whether a mapping rule could match claims of which only the names are known.
fn could_match(rule: &MappingRule, names: &BTreeSet<&str>) -> bool {
    use crate::value::Segment;
    match rule.selector.segments().map(|segments| segments.first()) {
        None => false,
        Some(Some(Segment::Name(name))) => names.contains(&**name),
        Some(_) => true,
    }
}

//! Simulation of a change: computes its effects on access without applying it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::administration::{AdministrationChange, compare};
use super::{Access, EvaluationRequest, Identified, NotEvaluated};
use crate::apply::{Command, Refusal, apply};
use crate::decide::Authority;
use crate::diff::{AccessItem, Diff, diff_within, holdings};
use crate::entity::{MappingRule, Principal};
use crate::resolve::Subject;
use crate::search::{SearchBudget, SearchStopped};
use crate::service::Caller;
use crate::service::recent_callers::Login;
use crate::world::{Change as Row, World};

use super::evaluate::{Evaluated, evaluated_and_explained};

/// Number of steps of the search budget that each recent login costs.
const LOGIN_STEPS: usize = 200;

/// A change to simulate, with a request and logins for which to compare access.
#[derive(Clone, Debug, Default)]
pub struct Simulation {
    /// Commands of the change. They are applied in order, all or none.
    pub commands: Vec<Command>,
    /// Access evaluation request to answer before and after the change, if any.
    pub question: Option<EvaluationRequest>,
    /// Number of recent logins for which to compare access before and after the change.
    pub logins: usize,
}

/// Effects of a simulated change.
#[derive(Clone, Debug)]
pub struct Simulated {
    /// Changed rows, and the stored access that users, clients and mapping rules gain or lose.
    pub diff: Diff,
    /// Answers to the request before and after the change; `None` without a request.
    pub answers: Option<(Evaluated, Evaluated)>,
    /// Access that the subject of the request gains and loses; `None` if there is none or it is not identified.
    pub subject: Option<Change>,
    /// Access that recent callers gain and lose, based on their claims.
    pub logins: OnRecentCallers,
    /// Parties that gain or lose administration, or the ability to become an administrator.
    pub administration: AdministrationChange,
}

/// Access that a principal gains and loses through a change.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The affected user or client.
    pub principal: Principal,
    /// Access that exists only after the change.
    pub gained: Vec<AccessItem>,
    /// Access that exists only before the change.
    pub lost: Vec<AccessItem>,
}

/// Effects of a change on the callers with recent logins.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OnRecentCallers {
    /// Number of recent logins that were compared.
    pub looked_at: usize,
    /// Callers that gain or lose access.
    pub changed: Vec<Change>,
    /// Callers whose claim values are not kept, although a changed mapping rule depends on them.
    pub unknown: Vec<Principal>,
}

impl Access {
    /// Applies a change to a copy of the caller's world and compares access before and after. Nothing is stored.
    ///
    /// Call [`Access::permit`] first. `subject` is the result of [`Access::identify`] for the subject of the request.
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
        let after = Arc::new(tried(before, &simulation.commands).map_err(SimulationFailed::Refused)?);
        let diff = diff_within(before, &after, budget).map_err(SimulationFailed::Stopped)?;
        let (mut answers, mut change_of_subject) = (None, None);
        if let Some(asked) = &simulation.question {
            let (had, has) = (self.known(before, subject), self.known(&after, subject));
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
    /// The domain model refuses the change.
    #[error(transparent)]
    Refused(Refusal),
    /// The step budget is exhausted, or the request was cancelled.
    #[error(transparent)]
    Stopped(SearchStopped),
}

/// Returns a copy of `world` in which the commands are applied with the authority of an administrator.
///
/// # Errors
/// When the domain model refuses a command.
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
        let names: BTreeSet<&str> = login.left_out().collect();
        if rules.iter().any(|rule| could_match(rule, &names)) {
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

/// Whether a mapping rule could match claims whose values are not kept. `names` are the names of these claims.
fn could_match(rule: &MappingRule, names: &BTreeSet<&str>) -> bool {
    use crate::value::Segment;
    match rule.selector.segments().map(|segments| segments.first()) {
        None => false,
        Some(Some(Segment::Name(name))) => names.contains(&**name),
        Some(_) => !names.is_empty(),
    }
}

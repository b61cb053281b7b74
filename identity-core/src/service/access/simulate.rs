//! What would be: a change that nobody has made, and what it means.

use std::collections::BTreeSet;

use super::administration::{AdministrationChange, compare};
use super::{Access, Asked, Identified, Login, WhyNot};
use crate::apply::{Command, Refusal, apply};
use crate::decide::Authority;
use crate::diff::{AccessItem, Diff, diff_within, holdings};
use crate::entity::{MappingRule, Principal};
use crate::resolve::Subject;
use crate::search::{SearchBudget, SearchStopped};
use crate::service::Caller;
use crate::world::{Change as Row, World};

use super::evaluate::{Evaluated, evaluated};

/// Steps that trying a change on one caller takes.
const LOGIN_STEPS: usize = 200;

/// What to try, and on whom.
#[derive(Clone, Debug, Default)]
pub struct Simulation {
    /// What would be changed: all of it or nothing.
    pub commands: Vec<Command>,
    /// A question to ask before and after.
    pub question: Option<Asked>,
    /// On how many of the last callers' tokens to try it.
    pub logins: usize,
}

/// What a change would come to.
#[derive(Clone, Debug)]
pub struct Simulated {
    /// The rows, and what they mean for whom by what is stored.
    pub diff: Diff,
    /// The answers to the question, before and after.
    pub answers: Option<(Evaluated, Evaluated)>,
    /// What the asked-about subject gains and loses.
    pub subject: Option<Change>,
    /// What the last callers gain and lose.
    pub logins: OnLogins,
    /// Who comes to administer, or no longer does.
    pub administration: AdministrationChange,
}

/// What somebody gains and loses.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Who.
    pub principal: Principal,
    /// What they have only after it.
    pub gained: Vec<AccessItem>,
    /// What they have only before it.
    pub lost: Vec<AccessItem>,
}

/// What the last callers gain and lose.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OnLogins {
    /// How many were looked at.
    pub looked_at: usize,
    /// Those for whom something changes.
    pub changed: Vec<Change>,
    /// Those for whom it cannot be said, since the values of their claims are not known.
    pub unknown: Vec<Principal>,
}

impl Access {
    /// Tries a change on the caller's world. Nothing is written. Ask [`Access::permit`] first, and [`Access::identify`] for the
    /// subject of the question, if there is one.
    ///
    /// # Errors
    /// When the change would be refused, or its meaning takes more steps than it may.
    pub fn simulate(
        &self,
        caller: &Caller,
        simulation: &Simulation,
        subject: &Result<Identified, WhyNot>,
        budget: &SearchBudget,
    ) -> Result<Simulated, SimulationFailed> {
        let before = &caller.world;
        let after = tried(before, &simulation.commands).map_err(SimulationFailed::Refused)?;
        let diff = diff_within(before, &after, budget).map_err(SimulationFailed::Stopped)?;
        let (mut answers, mut change_of_subject) = (None, None);
        if let Some(asked) = &simulation.question {
            let known = |world| subject.as_ref().map(|subject| subject.known(world)).map_err(WhyNot::clone);
            let (had, has) = (known(before), known(&after));
            answers = Some((evaluated(before, asked, &had, true), evaluated(&after, asked, &has, true)));
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

/// Why a simulation has no result.
#[derive(Debug, thiserror::Error)]
pub enum SimulationFailed {
    /// The change would be refused.
    #[error(transparent)]
    Refused(Refusal),
    /// Its meaning takes more steps than it may.
    #[error(transparent)]
    Stopped(SearchStopped),
}

/// The world that a change would make.
///
/// # Errors
/// When it would be refused.
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

fn on_logins(before: &World, after: &World, diff: &Diff, logins: &[Login], budget: &SearchBudget) -> OnLogins {
    let rules: Vec<&MappingRule> = diff
        .changes
        .iter()
        .filter_map(|row| match row {
            Row::MappingRulePut(rule) => Some(rule),
            _ => None,
        })
        .collect();
    // What roles and authorizations say can change without anybody becoming somebody else.
    let grants = diff.changes.iter().any(|row| {
        !matches!(
            row,
            Row::MappingRulePut(_) | Row::MappingRuleRemoved(_) | Row::MemberAdded(_) | Row::MemberRemoved(_)
        )
    });
    let mut found = OnLogins { looked_at: logins.len(), ..OnLogins::default() };
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

/// Whether a rule could match a token of which only the names of its claims are known.
fn could_match(rule: &MappingRule, names: &BTreeSet<&str>) -> bool {
    use crate::value::Segment;
    match rule.selector.segments().map(|segments| segments.first()) {
        None => false,
        Some(Some(Segment::Name(name))) => names.contains(&**name),
        Some(_) => true,
    }
}

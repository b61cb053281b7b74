//! Who administers and who can come to, as reviews and answers show it.

use std::collections::{BTreeMap, BTreeSet};

use super::Access;
use super::about::with_question;
use super::review::{Holding, Line, Review, cut, lines, part};
use crate::decide::{Facts, Question};
use crate::entity::{Authorization, Party};
use crate::preset::{IDENTITY_AUDIENCE, WRITE};
use crate::search::{AdminPath, AdminStep, Administration, SearchBudget, SearchStopped};
use crate::service::Caller;
use crate::world::World;

/// What a change means for who administers or can come to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AdministrationChange {
    /// Those who administer or can come to by it, or in fewer requests than before.
    pub gained: Vec<(Party, AdminPath)>,
    /// Those who neither administer nor can come to after it.
    pub lost: Vec<Party>,
}

impl Access {
    /// Everybody who administers, by every path, then everybody who can come to, by the shortest one. Ask
    /// [`Access::permit`] first, as for all reviews.
    ///
    /// # Errors
    /// When the budget is used up.
    pub fn review_administrators(
        &self,
        caller: &Caller,
        most: usize,
        budget: &SearchBudget,
    ) -> Result<Review, SearchStopped> {
        let world = &caller.world;
        let grant = Question::all_resources(world.matrix(), "AUTHORIZATION", "CREATE");
        let questions: Vec<Question<'_>> =
            std::iter::once(Question::permission(IDENTITY_AUDIENCE, WRITE)).chain(grant).collect();
        let closure = Administration::of(world);
        let candidates = closure.parties().into_iter().filter(|(_, path)| path.requests > 0);
        let candidates = candidates.filter_map(|(party, path)| candidate(world, party, path));
        let administrators = lines(world, &questions).map(|line| Line { requests: Some(0), ..line });
        cut(world, administrators.chain(candidates), most, budget)
    }

    /// The authorizations that lead to administration, at most `most`, each with the way, and whether there are more.
    ///
    /// # Errors
    /// When the budget is used up.
    pub fn review_rights(
        &self,
        caller: &Caller,
        most: usize,
        budget: &SearchBudget,
    ) -> Result<(Vec<(Authorization, AdminPath)>, bool), SearchStopped> {
        let closure = Administration::of(&caller.world);
        part(closure.authorizations(), most, budget)
    }

    /// What a right leads its holder to, in the terms of questions; `None` when not to administration.
    #[must_use]
    pub fn leads_to(&self, caller: &Caller, resource: (&str, &str), action: &str) -> Option<AdminPath> {
        let facts = Facts::default();
        with_question(&caller.world, resource, action, &facts, |question| leads_to(&caller.world, question?))
    }
}

/// What a yes to a question leads to. The closure is computed only for rights that could lead to administration.
pub(super) fn leads_to(world: &World, question: &Question<'_>) -> Option<AdminPath> {
    Administration::could_matter(world, question).then(|| Administration::of(world).question(question)).flatten()
}

/// A line of a party that can come to administer: what it holds is the first right on its way.
fn candidate(world: &World, party: Party, path: AdminPath) -> Option<Line> {
    let through = path.steps.iter().map_while(|step| match step {
        AdminStep::Member(container) => Some(container.clone()),
        AdminStep::Request { .. } | AdminStep::Power(_) => None,
    });
    let by = path.steps.iter().find_map(|step| match step {
        AdminStep::Request { by, .. } => *by,
        AdminStep::Member(_) | AdminStep::Power(_) => None,
    })?;
    let holding = Holding::Authorization(Box::new(world.authorization(by)?));
    let requests = Some(path.requests);
    let through = through.collect();
    Some(Line { party, through, holding, escalation: Some(path), requests, similar_to: Vec::new() })
}

/// What a change means for who administers or can come to.
pub(super) fn compare(before: &World, after: &World) -> AdministrationChange {
    let had: BTreeMap<Party, usize> =
        Administration::of(before).parties().into_iter().map(|(party, path)| (party, path.requests)).collect();
    let has = Administration::of(after).parties();
    let still: BTreeSet<&Party> = has.iter().map(|(party, _)| party).collect();
    let lost = had.keys().filter(|party| !still.contains(party)).cloned().collect();
    let gained = has.into_iter().filter(|(party, path)| had.get(party).is_none_or(|before| *before > path.requests));
    AdministrationChange { gained: gained.collect(), lost }
}

/// The steps of a way in words, without the power at its end: `group ops > ROLE:UPDATE on admin`.
#[must_use]
pub fn steps_in_words(path: &AdminPath) -> Vec<String> {
    path.steps.iter().filter_map(step_in_words).collect()
}

fn step_in_words(step: &AdminStep) -> Option<String> {
    match step {
        AdminStep::Member(party) => Some(format!("{} {}", party.kind(), party.id())),
        AdminStep::Request { means, entity, .. } => {
            let (kind, permission) = means.right();
            let entity = entity.as_deref().unwrap_or("*");
            Some(format!("{}:{permission} on {entity}", kind.as_str()))
        }
        AdminStep::Power(_) => None,
    }
}

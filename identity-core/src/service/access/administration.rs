//! Administrators, and parties whose rights let them become administrators, as shown in reviews and explanations.

use std::collections::{BTreeMap, BTreeSet};

use super::Access;
use super::evaluation_request::with_question;
use super::in_directory::InDirectory;
use super::line::{Holding, Line, Review, cut, lines, part};
use crate::decide::{Facts, Question};
use crate::entity::{Authorization, Party};
use crate::preset::{IDENTITY_AUDIENCE, WRITE};
use crate::search::{AdminPath, AdminStep, Administration, SearchBudget, SearchStopped};
use crate::service::Caller;
use crate::world::World;

/// Effect of a change on administrators and on parties that can become administrators.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AdministrationChange {
    /// Parties that become or can now become administrators, or need fewer requests for it than before. Each has its
    /// path.
    pub gained: Vec<(Party, AdminPath)>,
    /// Parties that were or could become administrators before the change, but not afterwards.
    pub lost: Vec<Party>,
}

impl Access {
    /// Lists all administrators, by every path, then all parties that can become administrators, by the shortest path.
    ///
    /// `in_directory` is the result of [`Access::administrators_in_directory`]. Call [`Access::permit`] first, as for all
    /// reviews.
    ///
    /// # Errors
    /// When `budget` has no steps left, or the request is cancelled.
    pub fn review_administrators(
        &self,
        caller: &Caller,
        most: usize,
        in_directory: InDirectory,
        budget: &SearchBudget,
    ) -> Result<Review, SearchStopped> {
        let world = &caller.world;
        let grant = Question::all_resources(world.catalog(), "AUTHORIZATION", "CREATE");
        let questions: Vec<Question<'_>> =
            std::iter::once(Question::permission(IDENTITY_AUDIENCE, WRITE)).chain(grant).collect();
        let closure = Administration::of(world);
        let candidates = closure.parties().into_iter().filter(|(_, path)| path.requests > 0);
        let candidates = candidates.filter_map(|(party, path)| candidate(world, party, path));
        let gap = in_directory.gap(world);
        let administrators = in_directory.lines.into_iter().chain(lines(world, &questions));
        let administrators = administrators.map(|line| Line { requests: Some(0), ..line });
        Ok(Review { gap, ..cut(world, administrators.chain(candidates), most, budget)? })
    }

    /// Lists the authorizations by which their owners are or can become administrators, each with its path.
    ///
    /// Returns at most `most` authorizations, and whether more exist.
    ///
    /// # Errors
    /// When `budget` has no steps left, or the request is cancelled.
    pub fn review_rights(
        &self,
        caller: &Caller,
        most: usize,
        budget: &SearchBudget,
    ) -> Result<(Vec<(Authorization, AdminPath)>, bool), SearchStopped> {
        let closure = Administration::of(&caller.world);
        part(closure.authorizations(), most, budget)
    }

    /// Returns the path by which a holder of this right can become an administrator; `None` if there is none.
    #[must_use]
    pub fn leads_to(&self, caller: &Caller, resource: (&str, &str), action: &str) -> Option<AdminPath> {
        let facts = Facts::default();
        with_question(&caller.world, resource, action, &facts, |question| leads_to(&caller.world, question?))
    }
}

/// Returns the path by which a holder of the right in `question` can become an administrator. Analyzes all policy data,
/// but only if the right could matter.
pub(super) fn leads_to(world: &World, question: &Question<'_>) -> Option<AdminPath> {
    Administration::could_matter(world, question).then(|| Administration::of(world).question(question)).flatten()
}

/// Builds the line of a party that can become an administrator. It shows the first authorization on the path.
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
    Some(Line {
        party,
        through,
        holding,
        escalation: Some(path),
        requests,
        similar_to: Vec::new(),
        name: None,
        path_in_names: String::new(),
    })
}

/// Determines which parties gain or lose administration, or the ability to attain it, by a change.
pub(super) fn compare(before: &World, after: &World) -> AdministrationChange {
    let had: BTreeMap<Party, usize> =
        Administration::of(before).parties().into_iter().map(|(party, path)| (party, path.requests)).collect();
    let has = Administration::of(after).parties();
    let still: BTreeSet<&Party> = has.iter().map(|(party, _)| party).collect();
    let lost = had.keys().filter(|party| !still.contains(party)).cloned().collect();
    let gained = has.into_iter().filter(|(party, path)| had.get(party).is_none_or(|before| *before > path.requests));
    AdministrationChange { gained: gained.collect(), lost }
}

//! Access reviews: holders of access to a resource, all access of a subject, orphaned authorizations and look-alikes.

use std::collections::BTreeSet;

use super::administration::leads_to;
use super::evaluation_request::with_question;
use super::in_directory::InDirectory;
use super::line::{Line, Review, cut, lines, part};
use super::{Access, EntityRef, EvaluationRequest, Identified};
use crate::entity::{Authorization, EntityKind};
use crate::search::{LookAlikes, OrphanCause, SearchBudget, SearchStopped, orphans, paths};
use crate::service::Caller;

/// A kind of entity, and IDs of this kind that look alike, such as `admin` and `Admin`.
pub type AlikeSet = (EntityKind, BTreeSet<String>);

impl Access {
    /// Lists all users, clients and mapping rules that may perform an action on a resource, one line per path.
    ///
    /// Grants that depend on a property or a condition are included and marked with it. `in_directory` is the result of
    /// [`Access::holders_in_directory`]. Call [`Access::permit`] first, as for all reviews.
    ///
    /// # Errors
    /// When `budget` has no steps left, or the request is cancelled.
    pub fn review_resource(
        &self,
        caller: &Caller,
        resource: &EntityRef,
        action: &str,
        most: usize,
        in_directory: InDirectory,
        budget: &SearchBudget,
    ) -> Result<Review, SearchStopped> {
        let world = &caller.world;
        let asked = EvaluationRequest { resource: resource.clone(), ..EvaluationRequest::default() };
        let facts = asked.facts(None);
        with_question(world, (&resource.kind, &resource.id), action, &facts, |question| {
            let Some(question) = question else { return Ok(Review::default()) };
            let (administration, gap) = (leads_to(world, question), in_directory.gap(world));
            let all = in_directory.lines.into_iter().chain(lines(world, std::slice::from_ref(question)));
            Ok(Review { administration, gap, ..cut(world, all, most, budget)? })
        })
    }

    /// Lists the authorizations whose owner or resource does not exist: at most `most`, and whether more exist.
    ///
    /// # Errors
    /// When `budget` has no steps left, or the request is cancelled.
    pub fn review_orphans(
        &self,
        caller: &Caller,
        most: usize,
        budget: &SearchBudget,
    ) -> Result<(Vec<(Authorization, OrphanCause)>, bool), SearchStopped> {
        part(orphans(&caller.world), most, budget)
    }

    /// Lists sets of look-alike entities of one kind, or of all kinds: at most `most` sets, and whether more exist.
    ///
    /// # Errors
    /// When `budget` has no steps left, or the request is cancelled.
    pub fn review_look_alikes(
        &self,
        caller: &Caller,
        kind: Option<EntityKind>,
        most: usize,
        budget: &SearchBudget,
    ) -> Result<(Vec<AlikeSet>, bool), SearchStopped> {
        let alike = LookAlikes::of(&caller.world, budget);
        let sets = alike.sets().filter(|(of, _)| kind.is_none_or(|kind| kind == *of));
        part(sets.map(|(kind, ids)| (kind, ids.clone())), most, budget)
    }

    /// Lists all access rights of the caller, one line per path. Needs no permission. Call [`Access::admit`] first.
    ///
    /// # Errors
    /// When `budget` has no steps left, or the request is cancelled.
    pub fn review_own(&self, caller: &Caller, most: usize, budget: &SearchBudget) -> Result<Review, SearchStopped> {
        cut(&caller.world, paths::from(&caller.world, &caller.subject).map(Line::of), most, budget)
    }

    /// Lists all access rights of a subject, one line per path.
    ///
    /// # Errors
    /// When `budget` has no steps left, or the request is cancelled.
    pub fn review_subject(
        &self,
        caller: &Caller,
        subject: &Identified,
        most: usize,
        budget: &SearchBudget,
    ) -> Result<Review, SearchStopped> {
        let world = &caller.world;
        let known = subject.known(world, &self.recent);
        let review = cut(world, paths::from(world, &known.subject).map(Line::of), most, budget)?;
        Ok(Review { gap: known.gap(), ..review })
    }
}

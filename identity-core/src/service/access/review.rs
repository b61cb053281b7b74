//! Access reviews: holders of access to a resource, all access of a subject, orphaned authorizations and look-alikes.

use std::collections::BTreeSet;

use super::administration::leads_to;
use super::evaluation_request::with_question;
use super::line::{Gap, Line, Review, cut, lines, part};
use super::{Access, EntityRef, EvaluationRequest, Identified};
use crate::decide::Question;
use crate::entity::{Authorization, EntityKind};
use crate::search::{LookAlikes, OrphanCause, SearchBudget, SearchStopped, orphans, paths};
use crate::service::Caller;
use crate::world::World;

/// A kind of entity, and IDs of this kind that look alike, such as `admin` and `Admin`.
pub type AlikeSet = (EntityKind, BTreeSet<String>);

impl Access {
    /// Lists all users, clients and mapping rules that may perform an action on a resource, one line per path.
    ///
    /// Grants that depend on a property or a condition are included and marked with it. Call [`Access::permit`] first,
    /// as for all reviews.
    ///
    /// # Errors
    /// When `budget` has no steps left, or the request is cancelled.
    pub fn review_resource(
        &self,
        caller: &Caller,
        resource: &EntityRef,
        action: &str,
        most: usize,
        budget: &SearchBudget,
    ) -> Result<Review, SearchStopped> {
        let world = &caller.world;
        let asked = EvaluationRequest { resource: resource.clone(), ..EvaluationRequest::default() };
        let facts = asked.facts(None);
        with_question(world, (&resource.kind, &resource.id), action, &facts, |question| {
            question
                .map_or(Ok(Review::default()), |question| review(world, std::slice::from_ref(question), most, budget))
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

fn review(
    world: &World,
    questions: &[Question<'_>],
    most: usize,
    budget: &SearchBudget,
) -> Result<Review, SearchStopped> {
    let administration = questions.iter().find_map(|question| leads_to(world, question));
    let gap = Gap::in_holders(world);
    Ok(Review { administration, gap, ..cut(world, lines(world, questions), most, budget)? })
}

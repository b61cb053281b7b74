//! AuthZEN search: subjects, resources or actions for which access is allowed, in pages.

use super::evaluation_request::{ALL, with_question};
use super::{Access, EvaluationRequest, Gap, Identified, Known, SubjectKind};
use crate::catalog::{API, MEMBERSHIP, TENANT};
use crate::decide::Facts;
use crate::entity::Principal;
use crate::search::{SearchBudget, SearchStopped, actions_on, permissions_of, principals_who_can, resources_that};
use crate::service::Caller;
use crate::world::World;

/// Page of results to return.
#[derive(Clone, Debug)]
pub struct Part {
    /// Result after which the page starts; `None` for the first page.
    pub after: Option<String>,
    /// Maximum number of results on the page.
    pub limit: usize,
}

/// One page of search results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hits {
    /// IDs of subjects or resources, or names of actions, in ascending order.
    pub found: Vec<String>,
    /// Whether more results follow this page.
    pub more: bool,
    /// Reason why results may be missing; `None` if the results are complete.
    pub gap: Option<Gap>,
}

/// Default and maximum page size of searches.
#[derive(Clone, Copy, Debug)]
pub struct SearchLimits {
    /// Page size if the request does not state one.
    pub usual: usize,
    /// Maximum number of results on one page.
    pub most: usize,
}

impl SearchLimits {
    /// The limits of the API: 100 results by default, at most 1000.
    pub const SERVED: Self = Self { usual: 100, most: 1000 };
}

impl Hits {
    /// Returns a page without results.
    #[must_use]
    pub fn none() -> Self {
        Self { found: Vec::new(), more: false, gap: None }
    }

    /// Takes the first `limit` items of a sorted sequence, and notes whether more follow.
    fn of(mut ordered: impl Iterator<Item = String>, limit: usize) -> Self {
        let found: Vec<String> = ordered.by_ref().take(limit).collect();
        Self { found, more: ordered.next().is_some(), gap: None }
    }

    fn after(ordered: impl Iterator<Item = String>, part: &Part) -> Self {
        let later = |id: &String| part.after.as_ref().is_none_or(|after| id > after);
        Self::of(ordered.filter(later), part.limit)
    }
}

impl Access {
    /// Lists the IDs of the users or clients that may perform the action, without regard to token claims.
    ///
    /// `asked.subject.kind` selects users or clients; the subject ID is ignored.
    ///
    /// Call [`Access::permit`] first, as for all searches.
    ///
    /// # Errors
    /// When `budget` has no steps left, or the request is cancelled.
    pub fn subjects(
        &self,
        caller: &Caller,
        asked: &EvaluationRequest,
        part: &Part,
        budget: &SearchBudget,
    ) -> Result<Hits, SearchStopped> {
        let world = &caller.world;
        let clients = match SubjectKind::parse(&asked.subject.kind) {
            Some(SubjectKind::User) => false,
            Some(SubjectKind::Client) => true,
            Some(SubjectKind::Token) | None => return Ok(Hits::none()),
        };
        let facts = asked.facts(None);
        let resource = (asked.resource.kind.as_str(), asked.resource.id.as_str());
        let hits = with_question(world, resource, &asked.action.name, &facts, |question| {
            let Some(question) = question else { return Hits::none() };
            let found = principals_who_can(world, question, clients, part.after.as_deref(), budget);
            Hits::of(found.map(|principal| Principal::id(&principal).to_owned()), part.limit)
        });
        budget.finished(Hits { gap: Gap::in_holders(world), ..hits })
    }

    /// Lists the IDs of the resources of a type on which the subject may perform the action.
    ///
    /// The ID and the properties of the requested resource are ignored.
    ///
    /// # Errors
    /// When `budget` has no steps left, or the request is cancelled.
    pub fn resources(
        &self,
        caller: &Caller,
        asked: &EvaluationRequest,
        subject: &Identified,
        part: &Part,
        budget: &SearchBudget,
    ) -> Result<Hits, SearchStopped> {
        let world = &caller.world;
        let known = subject.known(world, &self.recent);
        let facts = Facts { resource: None, ..asked.facts(Some(&known)) };
        let hits = Hits::after(resources(world, &known, asked, &facts, budget).into_iter(), part);
        budget.finished(Hits { gap: known.gap(), ..hits })
    }

    /// Lists the names of the actions that the subject may perform on a resource. The name of the requested action is
    /// ignored, but not its properties.
    ///
    /// # Errors
    /// When `budget` has no steps left, or the request is cancelled.
    pub fn actions(
        &self,
        caller: &Caller,
        asked: &EvaluationRequest,
        subject: &Identified,
        part: &Part,
        budget: &SearchBudget,
    ) -> Result<Hits, SearchStopped> {
        let world = &caller.world;
        let known = subject.known(world, &self.recent);
        let hits = Hits::after(actions(world, &known, asked, budget).into_iter(), part);
        budget.finished(Hits { gap: known.gap(), ..hits })
    }
}

fn resources(
    world: &World,
    known: &Known,
    asked: &EvaluationRequest,
    facts: &Facts<'_>,
    budget: &SearchBudget,
) -> Vec<String> {
    let subject = &known.subject;
    match asked.resource.kind.as_str() {
        API => {
            let roles = subject.roles.iter().filter_map(|role| world.role(role.as_str()));
            let held = roles.flat_map(|role| &role.permissions);
            let mut audiences: Vec<String> = held
                .filter(|permission| permission.definition.as_str() == asked.action.name)
                .map(|permission| permission.audience.to_string())
                .collect();
            audiences.sort_unstable();
            audiences.dedup();
            audiences
        }
        TENANT if asked.action.name == MEMBERSHIP => subject.tenants.iter().map(ToString::to_string).collect(),
        kind => match world.catalog().access(kind, &asked.action.name) {
            Ok(access) => resources_that(world, subject, access, facts, budget),
            Err(_) => Vec::new(),
        },
    }
}

fn actions(world: &World, known: &Known, asked: &EvaluationRequest, budget: &SearchBudget) -> Vec<String> {
    let (subject, id) = (&known.subject, asked.resource.id.as_str());
    match asked.resource.kind.as_str() {
        API => permissions_of(world, subject, id).iter().map(ToString::to_string).collect(),
        TENANT => {
            let is_member = subject.tenants.iter().any(|tenant| tenant.as_str() == id);
            is_member.then(|| MEMBERSHIP.to_owned()).into_iter().collect()
        }
        kind => {
            let facts = asked.facts(Some(known));
            let found = actions_on(world, subject, kind, (id != ALL).then_some(id), &facts, budget);
            found.iter().map(ToString::to_string).collect()
        }
    }
}

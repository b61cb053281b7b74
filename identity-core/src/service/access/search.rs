//! Who, with what, and what: a page at a time.

use super::about::{ALL, API, MEMBERSHIP, TENANT, with_question};
use super::{Access, Asked, Identified, Known, SubjectKind};
use crate::decide::Facts;
use crate::entity::Principal;
use crate::search::{SearchBudget, SearchStopped, actions_on, permissions_of, principals_who_can, resources_that};
use crate::service::Caller;
use crate::world::World;

/// Which part of an answer somebody wants.
#[derive(Clone, Debug)]
pub struct Part {
    /// What comes after this only.
    pub after: Option<String>,
    /// So many at most.
    pub limit: usize,
}

/// A part of an answer: ids or names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hits {
    /// What was found, in order.
    pub found: Vec<String>,
    /// Whether there is more.
    pub more: bool,
}

/// How much an answer may hold.
#[derive(Clone, Copy, Debug)]
pub struct SearchLimits {
    /// Without a limit of the asker's.
    pub usual: usize,
    /// At most.
    pub most: usize,
}

impl SearchLimits {
    /// What is served.
    pub const SERVED: Self = Self { usual: 100, most: 1000 };
}

impl Hits {
    /// Nothing.
    #[must_use]
    pub fn none() -> Self {
        Self { found: Vec::new(), more: false }
    }

    /// The part of what comes in order, from its beginning.
    fn of(mut ordered: impl Iterator<Item = String>, limit: usize) -> Self {
        let found: Vec<String> = ordered.by_ref().take(limit).collect();
        Self { found, more: ordered.next().is_some() }
    }

    fn after(ordered: impl Iterator<Item = String>, part: &Part) -> Self {
        let later = |id: &String| part.after.as_ref().is_none_or(|after| id > after);
        Self::of(ordered.filter(later), part.limit)
    }
}

impl Access {
    /// The users or clients that have an access; `asked.subject.kind` says which, its id nothing. Ask [`Access::permit`]
    /// first, as for all searches.
    ///
    /// # Errors
    /// When the budget is used up, as for all searches.
    pub fn subjects(
        &self,
        caller: &Caller,
        asked: &Asked,
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
        budget.finished(hits)
    }

    /// The resources of a type that somebody has an access to; the resource's id and properties say nothing.
    ///
    /// # Errors
    /// When the budget is used up.
    pub fn resources(
        &self,
        caller: &Caller,
        asked: &Asked,
        subject: &Identified,
        part: &Part,
        budget: &SearchBudget,
    ) -> Result<Hits, SearchStopped> {
        let world = &caller.world;
        let known = subject.known(world);
        let facts = Facts { resource: None, ..asked.facts(Some(&known)) };
        budget.finished(Hits::after(resources(world, &known, asked, &facts, budget).into_iter(), part))
    }

    /// What somebody may do with a resource; the action says nothing but its properties.
    #[must_use]
    pub fn actions(&self, caller: &Caller, asked: &Asked, subject: &Identified, part: &Part) -> Hits {
        let world = &caller.world;
        Hits::after(actions(world, &subject.known(world), asked).into_iter(), part)
    }
}

fn resources(world: &World, known: &Known, asked: &Asked, facts: &Facts<'_>, budget: &SearchBudget) -> Vec<String> {
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
        kind => match world.matrix().access(kind, &asked.action.name) {
            Ok(access) => resources_that(world, subject, access, facts, budget),
            Err(_) => Vec::new(),
        },
    }
}

fn actions(world: &World, known: &Known, asked: &Asked) -> Vec<String> {
    let (subject, id) = (&known.subject, asked.resource.id.as_str());
    match asked.resource.kind.as_str() {
        API => permissions_of(world, subject, id).iter().map(ToString::to_string).collect(),
        TENANT => {
            let is_member = subject.tenants.iter().any(|tenant| tenant.as_str() == id);
            is_member.then(|| MEMBERSHIP.to_owned()).into_iter().collect()
        }
        kind => {
            let facts = asked.facts(Some(known));
            let found = actions_on(world, subject, kind, (id != ALL).then_some(id), &facts);
            found.iter().map(ToString::to_string).collect()
        }
    }
}

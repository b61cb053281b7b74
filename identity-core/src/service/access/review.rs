//! Reviews: who can do something, by every path; what somebody can do; who administers.

use std::collections::BTreeSet;
use std::fmt;

use super::about::with_question;
use super::administration::{leads_to, steps_in_words};
use super::{About, Access, Asked, Identified};
use crate::decide::Question;
use crate::entity::{AuditEntity, Authorization, Condition, EntityKind, Party, Permission};
use crate::search::{Absent, AdminPath, LookAlikes, SearchBudget, SearchStopped, orphans, paths};
use crate::service::Caller;
use crate::value::{AuthorizationKey, TenantId};
use crate::world::World;

/// Steps that one line takes. The longest list that is asked for is within the budget.
const LINE_STEPS: usize = 20;

/// A list of who has what, with the path of each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Review {
    /// The lines.
    pub lines: Vec<Line>,
    /// Whether there would be more than were asked for.
    pub more: bool,
    /// Where the right that is reviewed leads to administration: the way.
    pub administration: Option<AdminPath>,
}

/// Somebody has something by a path.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// A user, a client, a mapping rule: whoever's token matches it; or, where groups come by token, a group.
    pub party: Party,
    /// The groups and roles between them and what they have.
    pub through: Vec<Party>,
    /// What they have.
    pub holding: Holding,
    /// Of a party that can come to administer: the way. What it has is the first right on it.
    pub escalation: Option<AdminPath>,
    /// Of a review of administrators: the number of requests after which the party administers.
    pub requests: Option<usize>,
    /// Ids of the party's kind that a reader may take for its id.
    pub similar_to: Vec<String>,
}

impl Line {
    fn of((party, through, end): paths::Path) -> Self {
        Self { party, through, holding: end.into(), escalation: None, requests: None, similar_to: Vec::new() }
    }
}

/// Entities of one kind that look alike, by id.
pub type AlikeSet = (EntityKind, BTreeSet<String>);

/// What somebody has.
#[derive(Clone, Debug, PartialEq)]
pub enum Holding {
    /// What an authorization grants.
    Authorization(Box<Authorization>),
    /// A permission of an API, by a role.
    Permission(Permission),
    /// Membership of a tenant.
    Tenant(TenantId),
}

impl Holding {
    /// The kind of resource: a resource type, `api` or `tenant`.
    #[must_use]
    pub fn resource_type(&self) -> &str {
        match self {
            Self::Authorization(held) => held.resource_type.as_str(),
            Self::Permission(_) => super::API,
            Self::Tenant(_) => super::TENANT,
        }
    }

    /// The resource: an id, `*`, or `property:` and a name.
    #[must_use]
    pub fn resource(&self) -> String {
        match self {
            Self::Authorization(held) => match (held.scope.resource_id(), held.scope.match_value()) {
                (Some(id), _) => id.to_owned(),
                (None, name) => format!("property:{}", name.unwrap_or_default()),
            },
            Self::Permission(permission) => permission.audience.to_string(),
            Self::Tenant(tenant) => tenant.to_string(),
        }
    }

    /// What may be done with it.
    #[must_use]
    pub fn permissions(&self) -> Vec<String> {
        match self {
            Self::Authorization(held) => held.permissions.iter().map(ToString::to_string).collect(),
            Self::Permission(permission) => vec![permission.definition.to_string()],
            Self::Tenant(_) => vec![super::MEMBERSHIP.to_owned()],
        }
    }

    /// What must hold besides.
    #[must_use]
    pub fn condition(&self) -> Option<&Condition> {
        match self {
            Self::Authorization(held) => held.condition.as_ref(),
            Self::Permission(_) | Self::Tenant(_) => None,
        }
    }

    /// The authorization's key.
    #[must_use]
    pub fn key(&self) -> Option<AuthorizationKey> {
        match self {
            Self::Authorization(held) => Some(held.key),
            Self::Permission(_) | Self::Tenant(_) => None,
        }
    }
}

impl fmt::Display for Line {
    /// The path: `user ann > group people > role staff`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.party.kind(), self.party.id())?;
        if let Some(path) = &self.escalation {
            return steps_in_words(path).iter().try_for_each(|step| write!(f, " > {step}"));
        }
        self.through.iter().try_for_each(|party| write!(f, " > {} {}", party.kind(), party.id()))
    }
}

impl Access {
    /// Everybody who can do something with a resource, by every path: users, clients and mapping rules. Grants that depend on a
    /// property or a condition are listed with it. Ask [`Access::permit`] first, as for all reviews.
    ///
    /// # Errors
    /// When the budget is used up.
    pub fn review_resource(
        &self,
        caller: &Caller,
        resource: &About,
        action: &str,
        most: usize,
        budget: &SearchBudget,
    ) -> Result<Review, SearchStopped> {
        let world = &caller.world;
        let asked = Asked { resource: resource.clone(), ..Asked::default() };
        let facts = asked.facts(None);
        with_question(world, (&resource.kind, &resource.id), action, &facts, |question| {
            question
                .map_or(Ok(Review::default()), |question| review(world, std::slice::from_ref(question), most, budget))
        })
    }

    /// The authorizations whose owner or resource does not exist, at most `most`, and whether there are more.
    ///
    /// # Errors
    /// When the budget is used up.
    pub fn review_orphans(
        &self,
        caller: &Caller,
        most: usize,
        budget: &SearchBudget,
    ) -> Result<(Vec<(Authorization, Absent)>, bool), SearchStopped> {
        part(orphans(&caller.world), most, budget)
    }

    /// The sets of entities that look alike, of one kind or of all, at most `most`, and whether there are more.
    ///
    /// # Errors
    /// When the budget is used up.
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

    /// Everything that somebody can do, by every path.
    ///
    /// # Errors
    /// When the budget is used up, as for all reviews.
    pub fn review_subject(
        &self,
        caller: &Caller,
        subject: &Identified,
        most: usize,
        budget: &SearchBudget,
    ) -> Result<Review, SearchStopped> {
        let world = &caller.world;
        let known = subject.known(world);
        cut(world, paths::from(world, &known.subject).map(Line::of), most, budget)
    }
}

fn review(
    world: &World,
    questions: &[Question<'_>],
    most: usize,
    budget: &SearchBudget,
) -> Result<Review, SearchStopped> {
    let administration = questions.iter().find_map(|question| leads_to(world, question));
    Ok(Review { administration, ..cut(world, lines(world, questions), most, budget)? })
}

pub(super) fn lines(world: &World, questions: &[Question<'_>]) -> impl Iterator<Item = Line> {
    questions.iter().flat_map(|question| paths::to(world, question)).map(Line::of)
}

/// The first lines, at most `most`, with the ids that look like those of their parties.
pub(super) fn cut(
    world: &World,
    lines: impl Iterator<Item = Line>,
    most: usize,
    budget: &SearchBudget,
) -> Result<Review, SearchStopped> {
    let (mut lines, more) = part(lines, most, budget)?;
    if !lines.is_empty() {
        let alike = budget.finished(LookAlikes::of(world, budget))?;
        for line in &mut lines {
            let kind = AuditEntity::from(&line.party).kind;
            line.similar_to = alike.like(kind, line.party.id()).into_iter().map(str::to_owned).collect();
        }
    }
    Ok(Review { lines, more, administration: None })
}

/// The first items, at most `most`, and whether there are more.
pub(super) fn part<T>(
    items: impl Iterator<Item = T>,
    most: usize,
    budget: &SearchBudget,
) -> Result<(Vec<T>, bool), SearchStopped> {
    let mut items = items.take_while(|_| budget.take(LINE_STEPS));
    let found = items.by_ref().take(most).collect();
    let more = items.next().is_some();
    budget.finished((found, more))
}

impl From<paths::End> for Holding {
    fn from(end: paths::End) -> Self {
        match end {
            paths::End::Authorization(held) => Self::Authorization(Box::new(held)),
            paths::End::Permission(permission) => Self::Permission(permission),
            paths::End::Tenant(tenant) => Self::Tenant(tenant),
        }
    }
}

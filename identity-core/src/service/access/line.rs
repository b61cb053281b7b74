//! Lines of access reviews. Each line is one path by which a party holds an access right.

use std::fmt;

use crate::catalog::{API, MEMBERSHIP, TENANT};
use crate::decide::Question;
use crate::entity::{AuditEntity, Authorization, Condition, Party, Permission};
use crate::search::{AdminPath, AdminStep, LookAlikes, SearchBudget, SearchStopped, paths};
use crate::value::{AuthorizationKey, TenantId};
use crate::world::World;

/// Number of steps of the search budget that each line costs. The longest permitted list fits the budget.
const LINE_STEPS: usize = 20;

/// Result of an access review: access rights with their holders and paths.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Review {
    /// One line per holder and path, at most as many as requested.
    pub lines: Vec<Line>,
    /// Whether more lines exist than were requested.
    pub more: bool,
    /// Path by which a holder of the reviewed right can become an administrator, if there is one.
    pub administration: Option<AdminPath>,
    /// Reason why holders or rights are not listed individually, or are missing; `None` if the list is complete.
    pub gap: Option<Gap>,
}

/// Reason why a list of access is not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Gap {
    /// Claims of the subject that are not known can add access.
    UnknownClaims,
    /// Mapping rules and groups stand for all principals whose tokens match or claim them.
    UnknownMembers,
    /// The directory is unavailable, or has more holders than a limit allows.
    Directory,
}

impl Gap {
    /// Returns the gap in a list of the holders of access in `world`.
    pub(super) fn in_holders(world: &World) -> Option<Self> {
        world.claims_add_memberships().then_some(Self::UnknownMembers)
    }

    /// Returns the machine-readable reason code, such as `token_required`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::UnknownClaims => "token_required",
            Self::UnknownMembers => "members_by_token",
            Self::Directory => "directory",
        }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownClaims => "no token of the subject is known, and the claims of its tokens can add access",
            Self::UnknownMembers => {
                "mapping rules and groups stand for all principals whose tokens match or claim them"
            }
            Self::Directory => "the directory is unavailable, or has more holders than a limit allows",
        })
    }
}

/// One path by which a party holds an access right.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The holder: a user, client or mapping rule, or a group if groups come from tokens. A mapping rule stands for the
    /// bearers of all matching tokens.
    pub party: Party,
    /// Groups and roles through which the party holds the access right, in order. Empty if it holds the right itself.
    pub through: Vec<Party>,
    /// The access right that the party holds.
    pub holding: Holding,
    /// For a party that is no administrator but can become one: the path to that. `holding` is the first right on it.
    pub escalation: Option<AdminPath>,
    /// In a review of administrators, the number of requests by which the party becomes an administrator: 0 if it is
    /// one. `None` in other reviews.
    pub requests: Option<usize>,
    /// IDs of the same kind that look similar to the party's ID; at most 5.
    pub similar_to: Vec<String>,
    /// Name of the party: its stored display name, or its name in the directory, such as a username. `None` if it has
    /// none or the ID is the name.
    pub name: Option<String>,
    /// The path as written by `Display`, with the names of the parties before their IDs, for example
    /// `user Ann Lee (ann) > group People (people)`.
    pub path_in_names: String,
}

impl Line {
    pub(super) fn of((party, through, end): paths::Path) -> Self {
        Self {
            party,
            through,
            holding: end.into(),
            escalation: None,
            requests: None,
            similar_to: Vec::new(),
            name: None,
            path_in_names: String::new(),
        }
    }

    /// Adds the names of the parties on the path.
    fn name_parties(&mut self, world: &World) {
        let stored = |party: &Party| {
            let name = world.display_name(AuditEntity::from(party).kind, party.id());
            name.filter(|name| *name != party.id()).map(str::to_owned)
        };
        self.name = self.name.take().or_else(|| stored(&self.party));
        let first = in_names(&self.party, self.name.as_deref());
        let rest = self.through.iter().map(|party| in_names(party, stored(party).as_deref()));
        let rest = match &self.escalation {
            Some(path) => steps_in_words(path),
            None => rest.collect(),
        };
        self.path_in_names = std::iter::once(first).chain(rest).collect::<Vec<_>>().join(" > ");
    }
}

/// An access right, as listed in a review.
#[derive(Clone, Debug, PartialEq)]
pub enum Holding {
    /// An authorization, with all of its permissions.
    Authorization(Box<Authorization>),
    /// A permission on an API, which a role grants to its members.
    Permission(Permission),
    /// Membership in this tenant.
    Tenant(TenantId),
}

impl Holding {
    /// Returns the name of the resource type. It is `api` for a permission on an API and `tenant` for a membership.
    #[must_use]
    pub fn resource_type(&self) -> &str {
        match self {
            Self::Authorization(held) => held.resource_type.as_str(),
            Self::Permission(_) => API,
            Self::Tenant(_) => TENANT,
        }
    }

    /// Returns the resource: an ID, `*` for all, `property:` and a property name, the audience of an API, or a tenant
    /// ID.
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

    /// Returns the names of the permissions that the right includes.
    #[must_use]
    pub fn permissions(&self) -> Vec<String> {
        match self {
            Self::Authorization(held) => held.permissions.iter().map(ToString::to_string).collect(),
            Self::Permission(permission) => vec![permission.definition.to_string()],
            Self::Tenant(_) => vec![MEMBERSHIP.to_owned()],
        }
    }

    /// Returns the condition of an authorization; `None` for unconditional authorizations and for other rights.
    #[must_use]
    pub fn condition(&self) -> Option<&Condition> {
        match self {
            Self::Authorization(held) => held.condition.as_ref(),
            Self::Permission(_) | Self::Tenant(_) => None,
        }
    }

    /// Returns the key of an authorization; `None` for other access rights.
    #[must_use]
    pub fn key(&self) -> Option<AuthorizationKey> {
        match self {
            Self::Authorization(held) => Some(held.key),
            Self::Permission(_) | Self::Tenant(_) => None,
        }
    }
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

impl fmt::Display for Line {
    /// Writes the path, for example `user ann > group people > role staff`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.party.kind(), self.party.id())?;
        if let Some(path) = &self.escalation {
            return steps_in_words(path).iter().try_for_each(|step| write!(f, " > {step}"));
        }
        self.through.iter().try_for_each(|party| write!(f, " > {} {}", party.kind(), party.id()))
    }
}

fn in_names(party: &Party, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("{} {name} ({})", party.kind(), party.id()),
        None => format!("{} {}", party.kind(), party.id()),
    }
}

/// Describes each step of a path as text, for example `group ops` or `ROLE:UPDATE on admin`. Omits the administrative
/// power at its end.
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

pub(super) fn lines(world: &World, questions: &[Question<'_>]) -> impl Iterator<Item = Line> {
    questions.iter().flat_map(|question| paths::to(world, question)).map(Line::of)
}

/// Collects at most `most` lines. Adds to each the names of its parties, and the IDs that look similar to the ID of its
/// party.
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
            line.name_parties(world);
        }
    }
    Ok(Review { lines, more, administration: None, gap: None })
}

/// Collects at most `most` items within the search budget. Also returns whether more exist.
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

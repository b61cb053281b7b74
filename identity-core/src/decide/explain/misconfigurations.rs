//! Misconfigurations that explain a denial: similar spellings, mapping rules that almost match, and groups, roles and
//! rules that grant nothing. The effort is bounded, regardless of the size of the world.

use std::sync::Arc;

use super::candidate::{Distance, Found, Through};
use super::rules::mismatch;
use super::{Question, Remedy, Target};
use crate::catalog::{Access, PermissionSet, TypeIndex};
use crate::decide::{condition, decide};
use crate::entity::{Container, Membership, Party, PartyKind, Permission, Principal, RuleKind};
use crate::resolve::{ResolveInput, Subject, resolve};
use crate::value::{Audience, Claims, GroupId, PermissionName};
use crate::world::{Grant, Kind, Run, Symbol, World};

/// Maximum number of grant holders, mapping rules, records and claims that one search examines, each.
pub(super) const SCAN_LIMIT: usize = 64;

/// Denied request, with the data on which the decision was based. `claims` is `None` if the token is not available.
pub(super) struct Denial<'n> {
    pub(super) world: &'n World,
    pub(super) subject: &'n Subject,
    pub(super) claims: Option<&'n Claims>,
    pub(super) question: &'n Question<'n>,
}

/// Party that has the access, or container whose members have it.
pub(super) enum Goal {
    /// Owner of a grant, and the coverage of the grant.
    Holder(Grant, Reach),
    /// Role or tenant. It has no symbol if no membership or authorization has referred to it yet.
    Container(Container),
}

/// Coverage of a grant that would allow the request if the caller owned it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// The resource itself.
    Resource,
    /// Only resources that satisfy the condition of the grant. The requested resource does.
    Condition,
    /// All resources of the type, which is more than was requested.
    Type,
}

impl Goal {
    fn symbol(&self, world: &World) -> Option<Symbol> {
        match self {
            Self::Holder(grant, _) => Some(grant.owner),
            Self::Container(container) => world.names().of_container(container),
        }
    }

    fn container(&self, world: &World) -> Option<Container> {
        match self {
            Self::Holder(grant, _) => world.names().container(grant.owner),
            Self::Container(container) => Some(container.clone()),
        }
    }

    fn is_broad(&self) -> bool {
        matches!(self, Self::Holder(_, Reach::Type))
    }
}

impl<'n> Denial<'n> {
    /// Adds to `found` the changes that would correct a misconfiguration. `goals` are the holders of the access.
    pub(super) fn find_misconfigurations(&self, goals: &[Goal], found: &mut Found) {
        if !goals.is_empty() {
            let slips = self.other_principals().into_iter().chain(self.rules(goals)).chain(self.other_groups());
            found.extend(slips.map(|remedy| (Distance::Slip, remedy, None)));
            found.extend(
                self.loose_ends(goals).into_iter().map(|(is_broad, remedy)| {
                    (if is_broad { Distance::Broad } else { Distance::LooseEnd }, remedy, None)
                }),
            );
        }
        self.other_places(found);
    }

    /// Returns the owners of grants that would allow the request. For a permission of an API, returns the roles that
    /// hold it; for a tenant, the tenant itself.
    pub(super) fn goals(&self) -> Vec<Goal> {
        let world = self.world;
        match *self.question {
            Question::Permission { audience, definition } => {
                match (Audience::parse(audience), PermissionName::parse(definition)) {
                    (Ok(audience), Ok(definition)) => world
                        .roles_with(&Permission { audience, definition })
                        .map(|role| Goal::Container(Container::Role(role.id.clone())))
                        .take(SCAN_LIMIT)
                        .collect(),
                    _ => Vec::new(),
                }
            }
            Question::Tenant(tenant) => {
                let known = world.tenant(tenant.as_str());
                known.map(|tenant| Goal::Container(Container::Tenant(tenant.id.clone()))).into_iter().collect()
            }
            Question::Resource { access, target } => {
                let mut goals = Vec::with_capacity(SCAN_LIMIT);
                goals.extend(self.holders(access, target).take(SCAN_LIMIT));
                goals
            }
        }
    }

    fn holders(&self, access: Access, target: Target<'n>) -> impl Iterator<Item = Goal> {
        let world = self.world;
        let giving = move |run: &'n Run, reach| run.giving(access.permissions).map(move |grant| (grant, reach));
        let on_id = target.id().and_then(|id| world.run_on_id(access.resource_type, id));
        let on_id = on_id.into_iter().flat_map(move |run| giving(run, Reach::Resource));
        let on_any = world.run_on_any(access.resource_type);
        let on_any = on_any.into_iter().flat_map(move |run| giving(run, Reach::Type));
        let conditional = world.conditional_runs(access.resource_type, target.id());
        let conditional = conditional.flat_map(move |run| giving(run, Reach::Condition));
        let holds = move |condition| condition::hold(condition, self.subject, target);
        let conditional = conditional.filter(move |(grant, _)| world.condition(grant.key).is_some_and(holds));
        on_id.chain(conditional).chain(on_any).map(|(grant, reach)| Goal::Holder(grant, reach))
    }

    fn would(&self, presented: ResolveInput<'_>) -> bool {
        decide(self.world, &resolve(self.world, presented), self.question).allowed()
    }

    /// Returns the groups that the caller's token claims, if groups come from tokens.
    fn claimed(&self) -> Option<&[GroupId]> {
        self.subject.groups_claimed.then_some(&self.subject.groups[..])
    }

    /// Suggests other principals that have access: those named by a claim of the token, and those with a similar id.
    fn other_principals(&self) -> Vec<Remedy> {
        let own = &self.subject.principal;
        let mut remedies = Vec::new();
        let claims =
            self.claims.and_then(|claims| claims.as_value().as_object()).into_iter().flatten().take(SCAN_LIMIT);
        for (claim, id) in claims.filter_map(|(claim, value)| Some((claim, value.as_str()?))) {
            let named = [Kind::User, Kind::Client].into_iter().filter_map(|kind| self.if_may(kind, id));
            remedies.extend(named.map(|principal| Remedy::SpeakFor { principal, claim: claim.clone() }));
        }
        let (same, other) = match own {
            Principal::User(_) => (Kind::User, Kind::Client),
            Principal::Client(_) => (Kind::Client, Kind::User),
        };
        let mut respell =
            |kind, id: &str| remedies.extend(self.if_may(kind, id).map(|known| Remedy::Respell { known }));
        each_spelling(own.id(), &mut |id| respell(same, id));
        respell(other, own.id());
        remedies
    }

    /// Returns the principal with this id if it is not the caller and has access. A principal without a symbol has no
    /// access.
    fn if_may(&self, kind: Kind, id: &str) -> Option<Principal> {
        let other = self.world.names().party(self.world.names().get(kind, id)?)?.principal()?;
        let presented =
            ResolveInput { principal: &other, claims: self.claims, groups: self.claimed(), permissions: None };
        (other != self.subject.principal && self.would(presented)).then_some(other)
    }

    /// Suggests mapping rules that lead to a grant and almost match the token.
    fn rules(&self, goals: &[Goal]) -> Vec<Remedy> {
        let (world, Some(claims)) = (self.world, self.claims) else { return Vec::new() };
        let of = |container: Symbol| world.member_index().members(container, PartyKind::MappingRule).take(SCAN_LIMIT);
        let is_container = |symbol: &Symbol| matches!(symbol.kind(), Kind::Group | Kind::Role | Kind::Tenant);
        let inner = |container: Symbol| {
            let groups = world.member_index().members(container, PartyKind::Group).take(SCAN_LIMIT);
            groups.chain(world.member_index().members(container, PartyKind::Role).take(SCAN_LIMIT))
        };
        let direct = goals.iter().filter_map(|goal| goal.symbol(world));
        let containers = direct.clone().filter(is_container).flat_map(|goal| std::iter::once(goal).chain(inner(goal)));
        let containers =
            containers.filter(|container| !(self.subject.groups_claimed && container.kind() == Kind::Group));
        let rules =
            direct.filter(|goal| goal.kind() == Kind::MappingRule).chain(containers.flat_map(of)).take(SCAN_LIMIT);
        rules
            .filter_map(|symbol| world.names().text(symbol))
            .filter_map(|id| world.mapping_rule(id))
            .filter(|rule| !self.subject.mapping_rules.contains(&rule.id))
            .filter_map(|rule| {
                let mismatch = mismatch(rule, claims.as_value())?;
                let (rule, claim, value) = (rule.id.clone(), rule.selector.clone(), rule.value.clone());
                Some(Remedy::MatchRule { rule, claim, value, mismatch })
            })
            .collect()
    }

    /// Suggests groups that would give the caller access and whose ids are similar to those of claimed groups.
    fn other_groups(&self) -> Vec<Remedy> {
        let Some(claimed) = self.claimed() else { return Vec::new() };
        let mut remedies = Vec::new();
        for group in claimed.iter().take(SCAN_LIMIT) {
            let mut look = |known: &str| {
                let is_known = self.world.names().get(Kind::Group, known).is_some();
                let Some(known) = is_known.then(|| GroupId::parse(known).ok()).flatten() else { return };
                if !claimed.contains(&known) && self.would_in(&[claimed, std::slice::from_ref(&known)].concat()) {
                    remedies.push(Remedy::RespellGroup { claimed: group.clone(), known });
                }
            };
            each_spelling(group.as_str(), &mut look);
            look(&format!("/{group}"));
        }
        remedies
    }

    /// Returns whether the caller would have access if the token claimed these groups.
    fn would_in(&self, groups: &[GroupId]) -> bool {
        self.would(ResolveInput {
            principal: &self.subject.principal,
            claims: self.claims,
            groups: Some(groups),
            permissions: Some(&self.subject.permissions),
        })
    }

    /// Suggests memberships for matching rules, groups and roles that grant the caller nothing yet.
    fn loose_ends(&self, goals: &[Goal]) -> Vec<(bool, Remedy)> {
        let loose = self.loose();
        if loose.is_empty() {
            return Vec::new();
        }
        let containers = goals.iter().filter_map(|goal| Some((goal.is_broad(), goal.container(self.world)?)));
        let joins = containers.flat_map(|(is_broad, to)| loose.iter().map(move |party| (is_broad, to.clone(), party)));
        joins
            .filter(|(_, container, party)| self.counts(container, party))
            .filter_map(|(is_broad, container, party)| {
                let membership = Membership::new(container, party.clone()).ok()?;
                Some((is_broad, Remedy::AddMember { membership }))
            })
            .take(SCAN_LIMIT)
            .collect()
    }

    /// Returns the caller's rules, groups and roles that grant nothing. Rules come first, because an administrator
    /// created each for a purpose.
    fn loose(&self) -> Vec<Party> {
        let names = self.world.names();
        let is_loose = |symbol: &Symbol| match symbol.kind() {
            Kind::MappingRule | Kind::Group | Kind::Role => self.gives_nothing(*symbol),
            Kind::User | Kind::Client | Kind::Tenant | Kind::ResourceType => false,
        };
        let held = self.subject.owners().iter().filter(is_loose).filter_map(|symbol| names.party(symbol));
        // No membership or authorization refers to a group without a symbol.
        let unheard_of =
            self.claimed().unwrap_or_default().iter().filter(|id| names.get(Kind::Group, id.as_str()).is_none());
        let mut loose: Vec<Party> = held.chain(unheard_of.cloned().map(Party::Group)).collect();
        loose.sort_by(|one, other| {
            let is_rule = |party: &Party| matches!(party, Party::MappingRule(_));
            is_rule(other).cmp(&is_rule(one)).then_with(|| one.cmp(other))
        });
        loose
    }

    fn gives_nothing(&self, party: Symbol) -> bool {
        let holds = |id: &Arc<str>| self.world.role(id).is_some_and(|role| !role.permissions.is_empty());
        self.world.member_index().containers(party).next().is_none()
            && !self.world.owns_any(party)
            && !(party.kind() == Kind::Role && self.world.names().text(party).is_some_and(holds))
    }

    /// Returns whether the party can be a member of the container and whether the membership would apply to the caller.
    fn counts(&self, container: &Container, party: &Party) -> bool {
        let kind = match party {
            Party::MappingRule(id) => self.world.mapping_rule(id.as_str()).map(|rule| rule.kind),
            _ => None,
        };
        match container {
            Container::Group(_) => {
                !self.subject.groups_claimed && matches!(kind, None | Some(RuleKind::Any | RuleKind::Group))
            }
            Container::Role(_) => matches!(kind, None | Some(RuleKind::Any | RuleKind::Role)),
            Container::Tenant(_) => matches!(kind, None | Some(RuleKind::Any | RuleKind::Tenant)),
        }
    }

    /// Suggests resources with a similar id, or types with a similar name, to which the caller has access.
    fn other_places(&self, found: &mut Found) {
        let Question::Resource { access, target } = *self.question else { return };
        let (world, Some(asked)) = (self.world, target.id()) else { return };
        let mut look = |run: Option<&Run>, permissions| {
            let grant = run.and_then(|run| run.find(self.subject.owners(), permissions));
            found.extend(grant.map(|grant| (Distance::Slip, Remedy::Redirect, Some(Through::Keyed(grant.key)))));
        };
        let here = (access.resource_type, access.permissions);
        for (place, permissions) in std::iter::once(here).chain(self.alike_accesses(access)) {
            each_spelling(asked, &mut |id| look(world.run_on_id(place, id), permissions));
            if place != access.resource_type {
                look(world.run_on_id(place, asked), permissions);
                look(world.run_on_any(place), permissions);
            }
        }
    }

    /// Returns the types with a similar name, each with its permissions that are similar to the requested ones.
    fn alike_accesses(&self, access: Access) -> impl Iterator<Item = (TypeIndex, PermissionSet)> {
        let matrix = self.world.catalog();
        let asked = matrix.get(access.resource_type);
        let others = matrix.types().filter(move |other| {
            asked.is_some_and(|kind| kind.name != other.name && alike(kind.name.as_str(), other.name.as_str()))
        });
        others.filter_map(move |other| {
            let wanted = |name: &&PermissionName| {
                let mut asked = matrix.names(access.resource_type, access.permissions);
                asked.any(|asked| alike(asked.as_str(), name.as_str()))
            };
            let names = other.permissions.iter().filter(wanted).map(PermissionName::as_str);
            matrix.set(other.name.as_str(), names).ok()
        })
    }
}

/// Calls `look` with alternative spellings of a name, such as `ann` for `ANN` and for `ann@example.com`. Varies the
/// case, exchanges `-` and `_` unless the name contains `@`, and removes the domain, path or surrounding white space.
/// Most alternatives match nothing, and each costs a look-up.
fn each_spelling(text: &str, look: &mut impl FnMut(&str)) {
    let bare = text.trim().trim_start_matches('/');
    let local = bare.split_once('@').map_or(bare, |(local, _)| local);
    let last = bare.rsplit(['/', '\\']).next().unwrap_or(bare);
    for part in each_once([text, bare, local, last]) {
        let lower = part.to_lowercase();
        let mut letters = lower.chars();
        let title = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect::<String>();
        let upper = part.to_uppercase();
        for case in each_once([part, &lower, &upper, &title]) {
            if case != text {
                look(case);
            }
            let lines = [('-', "_"), ('_', "-")].into_iter();
            let lines = lines.filter(|(line, _)| part == text && local == bare && case.contains(*line));
            lines.for_each(|(line, other)| look(&case.replace(line, other)));
        }
    }
}

fn each_once<const N: usize>(texts: [&str; N]) -> impl Iterator<Item = &str> {
    let is_new = move |(place, text): &(usize, &str)| !texts.iter().take(*place).any(|before| before == text);
    texts.into_iter().enumerate().filter(is_new).map(|(_, text)| text)
}

/// Returns whether two names differ at most in ASCII case and in characters that are neither letters nor digits.
fn alike(one: &str, other: &str) -> bool {
    fn plain(text: &str) -> impl Iterator<Item = char> + '_ {
        text.chars().filter(|c| c.is_alphanumeric()).map(|c| c.to_ascii_lowercase())
    }
    plain(one).eq(plain(other))
}

//! Slips and loose ends: what is almost there. Bounded, however large the world is.

use super::missing::{Distance, Found};
use super::rules::mismatch;
use super::{Question, Remedy};
use crate::decide::{decide, facts};
use crate::entity::{Container, Membership, Party, Permission, Principal, RuleKind};
use crate::resolve::{Presented, Subject, resolve};
use crate::value::{Audience, Claims, GroupId, PermissionName};
use crate::world::{Grant, Kind, Sym, World};

/// Of how many holders of a grant the surroundings are looked at, and how many rules, records and claims.
const LOOK: usize = 64;

pub(super) struct Near<'n> {
    pub(super) world: &'n World,
    pub(super) subject: &'n Subject,
    pub(super) claims: Option<&'n Claims>,
    pub(super) question: &'n Question<'n>,
}

/// Something whose members have access, or who has it themselves.
struct Goal {
    /// Unless nothing refers to it yet.
    symbol: Option<Sym>,
    container: Option<Container>,
    /// Whether it gives access to all resources of the type, and so more than was asked for.
    is_broad: bool,
}

impl Goal {
    fn of(world: &World, container: Container) -> Self {
        Self { symbol: world.names().of_container(&container), container: Some(container), is_broad: false }
    }
}

impl Near<'_> {
    pub(super) fn found(&self) -> Found {
        let goals = self.goals();
        let mut found = Found::new();
        let mut add = |distance, remedy| found.push((distance, remedy, None));
        if !goals.is_empty() {
            self.other_principals().into_iter().for_each(|remedy| add(Distance::Slip, remedy));
            self.rules(&goals).into_iter().for_each(|remedy| add(Distance::Slip, remedy));
            self.other_groups().into_iter().for_each(|remedy| add(Distance::Slip, remedy));
            for (is_broad, remedy) in self.loose_ends(&goals) {
                add(if is_broad { Distance::Broad } else { Distance::LooseEnd }, remedy);
            }
        }
        found.extend(self.other_places());
        found
    }

    /// Whatever holds a grant that would answer with yes, or is what is asked for.
    fn goals(&self) -> Vec<Goal> {
        let world = self.world;
        match *self.question {
            Question::Permission { audience, definition } => {
                match (Audience::parse(audience), PermissionName::parse(definition)) {
                    (Ok(audience), Ok(definition)) => world
                        .roles_with(&Permission { audience, definition })
                        .map(|role| Goal::of(world, Container::Role(role.id.clone())))
                        .take(LOOK)
                        .collect(),
                    _ => Vec::new(),
                }
            }
            Question::Tenant(tenant) => {
                let known = world.tenant(tenant.as_str());
                known.map(|tenant| Goal::of(world, Container::Tenant(tenant.id.clone()))).into_iter().collect()
            }
            Question::Resource { access, target } => {
                let gives = |grant: &Grant| grant.permissions.intersects(access.permissions);
                let on_id = target.id().and_then(|id| world.run_on_id(access.resource_type, id));
                let on_id = on_id.into_iter().flat_map(|run| run.iter()).map(|grant| (false, grant));
                let on_any = world.run_on_any(access.resource_type);
                let on_any = on_any.into_iter().flat_map(|run| run.iter()).map(|grant| (true, grant));
                let conditional = world.conditional_runs(access.resource_type, target.id()).flat_map(|run| run.iter());
                let conditional = conditional.filter(|grant| {
                    world.condition(grant.key).is_some_and(|one| facts::hold(one, self.subject, target))
                });
                let grants = on_id.chain(conditional.map(|grant| (false, grant))).chain(on_any);
                grants
                    .filter(|(_, grant)| gives(grant))
                    .map(|(is_broad, grant)| Goal {
                        container: world.names().container(grant.owner),
                        symbol: Some(grant.owner),
                        is_broad,
                    })
                    .take(LOOK)
                    .collect()
            }
        }
    }

    fn would(&self, presented: Presented<'_>) -> bool {
        decide(self.world, &resolve(self.world, presented), self.question).allowed()
    }

    /// The groups that the caller's token claims, where they do.
    fn claimed(&self) -> Option<&[GroupId]> {
        self.subject.groups_claimed.then_some(&self.subject.groups[..])
    }

    /// Somebody whom the token also names, or who is called almost the same, and who may.
    fn other_principals(&self) -> Vec<Remedy> {
        let own = &self.subject.principal;
        // Whoever nothing refers to has nothing; most are such, and cost a look-up.
        let known = |id: &str| {
            let kinds = [Kind::User, Kind::Client].map(|kind| self.world.names().get(kind, id));
            kinds
                .into_iter()
                .flatten()
                .filter_map(|symbol| self.world.names().party(symbol)?.principal())
                .collect::<Vec<_>>()
        };
        let may = |other: &Principal| {
            other != own
                && self.would(Presented {
                    principal: other,
                    claims: self.claims,
                    groups: self.claimed(),
                    permissions: None,
                })
        };
        let named = self.claims.and_then(|claims| claims.as_value().as_object()).into_iter().flatten().take(LOOK);
        let named = named.filter_map(|(claim, value)| Some((claim, value.as_str()?)));
        let mut remedies: Vec<Remedy> = named
            .flat_map(|(claim, id)| known(id).into_iter().map(move |principal| (claim, principal)))
            .filter(|(_, principal)| may(principal))
            .map(|(claim, principal)| Remedy::SpeakFor { principal, claim: claim.clone() })
            .collect();
        let spellings = spellings(own.id()).into_iter().chain([own.id().to_owned()]);
        let respelled = spellings.flat_map(|id| known(&id)).filter(may).map(|known| Remedy::Respell { known });
        remedies.extend(respelled);
        remedies
    }

    /// Rules that lead to a grant and almost match.
    fn rules(&self, goals: &[Goal]) -> Vec<Remedy> {
        let (world, Some(claims)) = (self.world, self.claims) else { return Vec::new() };
        let of = |container: Sym| world.member_index().members(container, Kind::MappingRule, None).take(LOOK);
        let is_container = |symbol: &Sym| matches!(symbol.kind(), Kind::Group | Kind::Role | Kind::Tenant);
        let inner = |container: Sym| {
            let groups = world.member_index().members(container, Kind::Group, None).take(LOOK);
            groups.chain(world.member_index().members(container, Kind::Role, None).take(LOOK))
        };
        let direct = goals.iter().filter_map(|goal| goal.symbol);
        let containers = direct.clone().filter(is_container).flat_map(|goal| std::iter::once(goal).chain(inner(goal)));
        let containers =
            containers.filter(|container| !(self.subject.groups_claimed && container.kind() == Kind::Group));
        let rules = direct.filter(|goal| goal.kind() == Kind::MappingRule).chain(containers.flat_map(of)).take(LOOK);
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

    /// Groups that are claimed almost as they are called here.
    fn other_groups(&self) -> Vec<Remedy> {
        let Some(claimed) = self.claimed() else { return Vec::new() };
        let (own, claims) = (&self.subject.principal, self.claims);
        let candidates = claimed.iter().take(LOOK).flat_map(|group| {
            spellings(group.as_str()).into_iter().filter_map(move |known| Some((group, GroupId::parse(&known).ok()?)))
        });
        candidates
            .filter(|(_, known)| {
                !claimed.contains(known) && self.world.names().get(Kind::Group, known.as_str()).is_some()
            })
            .filter(|(_, known)| {
                let groups = [claimed, std::slice::from_ref(known)].concat();
                self.would(Presented {
                    principal: own,
                    claims,
                    groups: Some(&groups),
                    permissions: Some(&self.subject.permissions),
                })
            })
            .map(|(claimed, known)| Remedy::RespellGroup { claimed: claimed.clone(), known })
            .collect()
    }

    /// Rules that match, groups and roles, that give the caller nothing so far, and could give this.
    fn loose_ends(&self, goals: &[Goal]) -> Vec<(bool, Remedy)> {
        let rules = self.subject.mapping_rules.iter().cloned().map(Party::MappingRule);
        let groups = self.subject.groups.iter().cloned().map(Party::Group);
        let roles = self.subject.roles.iter().cloned().map(Party::Role);
        let loose: Vec<Party> = rules.chain(groups).chain(roles).filter(|party| self.gives_nothing(party)).collect();
        let containers = goals.iter().filter_map(|goal| Some((goal.is_broad, goal.container.as_ref()?)));
        let joins = containers.flat_map(|(is_broad, to)| loose.iter().map(move |party| (is_broad, to, party)));
        joins
            .filter(|(_, container, party)| self.counts(container, party))
            .filter_map(|(is_broad, container, party)| {
                let membership = Membership::new(container.clone(), party.clone()).ok()?;
                Some((is_broad, Remedy::AddMember { membership }))
            })
            .take(LOOK)
            .collect()
    }

    fn gives_nothing(&self, party: &Party) -> bool {
        let holds = |role: &crate::entity::Role| !role.permissions.is_empty();
        let is_in = self.world.memberships(party).next().is_some();
        let owns = self.world.names().of_party(party).is_some_and(|own| self.world.records_of(own).next().is_some());
        !is_in && !owns && !matches!(party, Party::Role(id) if self.world.role(id.as_str()).is_some_and(holds))
    }

    /// Whether the party can be in the container, and the caller has something of it.
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

    /// What the caller has on a resource, or a type, that is called almost the same.
    fn other_places(&self) -> Found {
        let Question::Resource { access, target } = *self.question else { return Found::new() };
        let (world, Some(asked)) = (self.world, target.id()) else { return Found::new() };
        let Some(kind) = world.matrix().get(access.resource_type) else { return Found::new() };
        let ids = spellings(asked);
        let other_types = world.matrix().types().filter(|other| other.name != kind.name);
        let alike_types = other_types.filter(|other| alike(other.name.as_str(), kind.name.as_str()));
        let alike_accesses = alike_types.filter_map(|other| {
            let asked = |name: &&PermissionName| {
                let mut asked = world.matrix().names(access.resource_type, access.permissions);
                asked.any(|asked| alike(asked.as_str(), name.as_str()))
            };
            let names = other.permissions.iter().filter(asked).map(PermissionName::as_str);
            world.matrix().set(other.name.as_str(), names).ok()
        });
        let elsewhere: Vec<_> = alike_accesses.collect();
        let here = ids.iter().filter_map(|id| world.run_on_id(access.resource_type, id));
        let here = here.map(|run| (run, access.permissions));
        let there = elsewhere.iter().flat_map(|(place, permissions)| {
            let ids = ids.iter().map(String::as_str).chain([asked]);
            let runs = ids.filter_map(|id| world.run_on_id(*place, id)).chain(world.run_on_any(*place));
            runs.map(|run| (run, *permissions))
        });
        here.chain(there)
            .filter_map(|(run, permissions)| run.find(self.subject.owners(), permissions))
            .map(|grant| (Distance::Slip, Remedy::Redirect, Some(grant.key)))
            .collect()
    }
}

/// How else somebody might have written a name: in another case, with another line between words, with or without a domain, a
/// path or white space.
fn spellings(text: &str) -> Vec<String> {
    let bare = text.trim().trim_start_matches('/');
    let local = bare.split_once('@').map_or(bare, |(local, _)| local);
    let last = bare.rsplit(['/', '\\']).next().unwrap_or(bare);
    let mut parts = vec![text, bare, local, last];
    parts.sort_unstable();
    parts.dedup();
    let mut found = Vec::new();
    for part in parts {
        let lower = part.to_lowercase();
        let mut letters = lower.chars();
        let title = letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>());
        let cases =
            [Some(part.to_owned()), Some(lower.clone()), Some(part.to_uppercase()), title, Some(format!("/{part}"))];
        for case in cases.into_iter().flatten() {
            if case.contains(['-', '_']) {
                found.extend([case.replace('-', "_"), case.replace('_', "-")]);
            }
            found.push(case);
        }
    }
    found.sort_unstable();
    found.dedup();
    found.retain(|other| other != text);
    found
}

/// Whether two names are the same but for what people get wrong: case, and what is neither a letter nor a digit.
fn alike(one: &str, other: &str) -> bool {
    fn plain(text: &str) -> impl Iterator<Item = char> + '_ {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
    }
    plain(one).eq(plain(other))
}

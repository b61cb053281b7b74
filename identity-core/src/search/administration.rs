//! Who administers, and who can become an administrator: the closure of the rights that lead to administration.
//!
//! Some rights over entities of this service are administrator's rights, although they do not say so: their holder takes over
//! what the entity has, in one request (see `docs/administration.md`). The closure follows them backwards from the holders of the
//! powers that lock-out protects. Each party, membership and grant is looked at once.

use std::collections::HashMap;

use crate::apply::{AdminPower, can_sign_in, has_members, holders};
use crate::decide::{Question, Target};
use crate::entity::{Authorization, EntityKind, Party, Scope};
use crate::matrix::Access;
use crate::preset::{self, IDENTITY_AUDIENCE, WRITE};
use crate::value::{AuthorizationKey, RoleId};
use crate::world::{Kind, Run, Sources, Sym, World};

/// A request that gives its sender what an entity has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Means {
    /// ROLE:UPDATE: assign the role to oneself.
    AssignRole,
    /// GROUP:UPDATE: add oneself to the group.
    JoinGroup,
    /// MAPPING_RULE:UPDATE: make the rule match one's own token.
    RewriteMappingRule,
    /// USER:UPDATE: set the user's password.
    SetPassword,
    /// USER:CREATE: create the user, whose name memberships or authorizations hold already.
    CreateUser,
    /// MAPPING_RULE:CREATE: create the rule, whose id memberships or authorizations hold already.
    CreateMappingRule,
    /// AUTHORIZATION:UPDATE: turn an authorization into one that lets oneself create authorizations.
    RewriteAuthorization,
}

impl Means {
    /// Every request.
    pub const ALL: [Self; 7] = [
        Self::AssignRole,
        Self::JoinGroup,
        Self::RewriteMappingRule,
        Self::SetPassword,
        Self::CreateUser,
        Self::CreateMappingRule,
        Self::RewriteAuthorization,
    ];

    /// The kind of entity and the permission over it.
    #[must_use]
    pub fn right(self) -> (EntityKind, &'static str) {
        match self {
            Self::AssignRole => (EntityKind::Role, "UPDATE"),
            Self::JoinGroup => (EntityKind::Group, "UPDATE"),
            Self::RewriteMappingRule => (EntityKind::MappingRule, "UPDATE"),
            Self::SetPassword => (EntityKind::User, "UPDATE"),
            Self::CreateUser => (EntityKind::User, "CREATE"),
            Self::CreateMappingRule => (EntityKind::MappingRule, "CREATE"),
            Self::RewriteAuthorization => (EntityKind::Authorization, "UPDATE"),
        }
    }

    /// How to take over what a party has; `None` where no request does.
    fn over(world: &World, party: Sym) -> Option<Self> {
        let id = world.names().text(party)?;
        let tokens = world.sources() != Sources::BuiltIn;
        match party.kind() {
            Kind::Role => world.role(id).map(|_| Self::AssignRole),
            Kind::Group if has_members(world, party) => world.group(id).map(|_| Self::JoinGroup),
            Kind::MappingRule if tokens => {
                Some(if world.mapping_rule(id).is_some() { Self::RewriteMappingRule } else { Self::CreateMappingRule })
            }
            Kind::User if !tokens => Some(if world.user(id).is_some() { Self::SetPassword } else { Self::CreateUser }),
            _ => None,
        }
    }
}

/// The next step on a party's way to administration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    /// The party is given the power itself.
    Power(AdminPower),
    /// The party is a member of this one.
    Member(Sym),
    /// The party owns this authorization, a right over another party.
    Over(AuthorizationKey, Means, Sym),
    /// The party owns this authorization, a right over authorizations: over this one.
    OverAuthorization(AuthorizationKey, Option<AuthorizationKey>),
}

/// A step on a way to administration, from a party to what it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminStep {
    /// Membership, which takes no request.
    Member(Party),
    /// One request, permitted by an authorization.
    Request {
        /// The authorization; none where the question is what a right would lead to.
        by: Option<AuthorizationKey>,
        /// The request.
        means: Means,
        /// The entity that it changes; none for any authorization.
        entity: Option<String>,
    },
    /// The power itself.
    Power(AdminPower),
}

/// A way to administration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminPath {
    /// The number of requests; 0 for an administrator.
    pub requests: usize,
    /// The steps; the last is the power.
    pub steps: Vec<AdminStep>,
}

/// The closure for one world.
pub struct Administration<'w> {
    world: &'w World,
    links: HashMap<Sym, (usize, Link)>,
    /// For each kind of party, the one that is nearest to administration and can be taken over by this permission.
    nearest: HashMap<(Kind, &'static str), Sym>,
    /// An authorization that AUTHORIZATION:UPDATE can turn into the power.
    rewritable: Option<AuthorizationKey>,
}

impl<'w> Administration<'w> {
    /// Computes the closure. Its cost is linear in the parties that administer or can, and in what they are members of and in
    /// the grants over them.
    #[must_use]
    pub fn of(world: &'w World) -> Self {
        let rewritable = world.authorizations().map(|held| held.key).find(|key| is_rewritable(world, *key));
        let mut closure = Self { world, links: HashMap::new(), nearest: HashMap::new(), rewritable };
        let mut now: Vec<Sym> = Vec::new();
        for power in AdminPower::ALL {
            for holder in holders(world, power) {
                closure.link(holder, 0, Link::Power(power), &mut now);
            }
        }
        let mut first: Vec<(Sym, Link)> = closure.over_authorizations();
        let mut requests = 0;
        while !now.is_empty() || !first.is_empty() {
            let mut later = std::mem::take(&mut first);
            while let Some(party) = now.pop() {
                if has_members(world, party) {
                    for member in world.member_index().all_members(party) {
                        closure.link(member, requests, Link::Member(party), &mut now);
                    }
                }
                closure.over(party, &mut later);
            }
            requests += 1;
            for (party, link) in later {
                closure.link(party, requests, link, &mut now);
            }
        }
        closure
    }

    fn link(&mut self, party: Sym, requests: usize, link: Link, now: &mut Vec<Sym>) {
        if let std::collections::hash_map::Entry::Vacant(place) = self.links.entry(party) {
            place.insert((requests, link));
            now.push(party);
        }
    }

    /// The owners of rights over authorizations: each needs one request.
    fn over_authorizations(&self) -> Vec<(Sym, Link)> {
        let world = self.world;
        let Some(access) = access(world, Means::RewriteAuthorization) else { return Vec::new() };
        let mut found = Vec::new();
        if self.rewritable.is_some() {
            let on_any = world.run_on_any(access.resource_type);
            let grants = on_any.into_iter().flat_map(|run| run.giving(access.permissions));
            found.extend(grants.map(|grant| (grant.owner, Link::OverAuthorization(grant.key, None))));
        }
        for id in world.named_resources(access.resource_type) {
            let Some(of) = authorization_key(id.as_str()).filter(|key| is_rewritable(world, *key)) else { continue };
            let on_id = world.run_on_id(access.resource_type, id.as_str());
            let grants = on_id.into_iter().flat_map(|run| run.giving(access.permissions));
            found.extend(grants.map(|grant| (grant.owner, Link::OverAuthorization(grant.key, Some(of)))));
        }
        found
    }

    /// Adds the owners of rights over a party. Those of rights over all parties of its kind are added once.
    fn over(&mut self, party: Sym, found: &mut Vec<(Sym, Link)>) {
        let world = self.world;
        let Some(means) = Means::over(world, party) else { return };
        let (_, permission) = means.right();
        let (Some(access), Some(id)) = (access(world, means), world.names().text(party)) else { return };
        let mut add = |run: Option<&Run>| {
            let grants = run.into_iter().flat_map(|run| run.giving(access.permissions));
            found.extend(grants.map(|grant| (grant.owner, Link::Over(grant.key, means, party))));
        };
        // To create takes a right over all of the kind.
        if permission != "CREATE" {
            add(world.run_on_id(access.resource_type, id));
        }
        if let std::collections::hash_map::Entry::Vacant(place) = self.nearest.entry((party.kind(), permission)) {
            place.insert(party);
            add(world.run_on_any(access.resource_type));
        }
    }

    /// The shortest way of a party to administration; `None` when there is none.
    #[must_use]
    pub fn path(&self, party: &Party) -> Option<AdminPath> {
        self.path_from(self.world.names().of_party(party)?)
    }

    fn path_from(&self, mut party: Sym) -> Option<AdminPath> {
        let (requests, _) = *self.links.get(&party)?;
        let names = self.world.names();
        let mut steps = Vec::new();
        loop {
            match self.links.get(&party)?.1 {
                Link::Power(power) => {
                    steps.push(AdminStep::Power(power));
                    return Some(AdminPath { requests, steps });
                }
                Link::Member(container) => {
                    steps.push(AdminStep::Member(names.party(container)?));
                    party = container;
                }
                Link::Over(key, means, taken) => {
                    let entity = names.text(taken).map(|id| id.to_string());
                    steps.push(AdminStep::Request { by: Some(key), means, entity });
                    party = taken;
                }
                Link::OverAuthorization(key, of) => {
                    let entity = of.map(|of| of.to_string());
                    steps.push(AdminStep::Request { by: Some(key), means: Means::RewriteAuthorization, entity });
                    steps.push(AdminStep::Power(AdminPower::Authorize));
                    return Some(AdminPath { requests, steps });
                }
            }
        }
    }

    /// The parties that can sign in and administer or can come to, in the order of requests, then of names.
    #[must_use]
    pub fn parties(&self) -> Vec<(Party, AdminPath)> {
        let able = self.links.keys().filter(|party| can_sign_in(self.world, **party));
        let named = able.filter_map(|party| Some((self.world.names().party(*party)?, self.path_from(*party)?)));
        let mut found: Vec<(Party, AdminPath)> = named.collect();
        found.sort_by(|(one, path), (other, than)| (path.requests, one).cmp(&(than.requests, other)));
        found
    }

    /// The authorizations that lead to administration, with the way of each, in the order of their keys.
    pub fn authorizations(&self) -> impl Iterator<Item = (Authorization, AdminPath)> {
        let leading = |held: Authorization| {
            let paths = held
                .permissions
                .iter()
                .filter_map(|permission| self.right(held.resource_type.as_str(), permission.as_str(), &held.scope));
            let path = paths.min_by_key(|path| path.requests)?;
            let steps = path.steps.into_iter().map(|step| match step {
                AdminStep::Request { by: None, means, entity } => {
                    AdminStep::Request { by: Some(held.key), means, entity }
                }
                step => step,
            });
            Some((AdminPath { steps: steps.collect(), ..path }, held))
        };
        self.world.authorizations().filter_map(leading).map(|(path, held)| (held, path))
    }

    /// What a right leads its holder to: a permission on resources of a type.
    #[must_use]
    pub fn right(&self, resource_type: &str, permission: &str, scope: &Scope) -> Option<AdminPath> {
        let kind = EntityKind::parse(resource_type)?;
        if (kind, permission, scope) == (EntityKind::Authorization, "CREATE", &Scope::Any) {
            return Some(AdminPath { requests: 0, steps: vec![AdminStep::Power(AdminPower::Authorize)] });
        }
        if (kind, permission) == Means::RewriteAuthorization.right() {
            let entity = match scope {
                Scope::Any => self.rewritable.map(|_| None)?,
                Scope::Id(id) => {
                    let key = authorization_key(id.as_str()).filter(|key| is_rewritable(self.world, *key))?;
                    Some(key.to_string())
                }
                Scope::Property(_) => return None,
            };
            let request = AdminStep::Request { by: None, means: Means::RewriteAuthorization, entity };
            let steps = vec![request, AdminStep::Power(AdminPower::Authorize)];
            return Some(AdminPath { requests: 1, steps });
        }
        let party_kind = party_kind(kind)?;
        let taken = match scope {
            Scope::Any => {
                let permission = ["UPDATE", "CREATE"].into_iter().find(|known| *known == permission)?;
                *self.nearest.get(&(party_kind, permission))?
            }
            Scope::Id(id) => self.world.names().get(party_kind, id.as_str())?,
            Scope::Property(_) => return None,
        };
        let means = Means::over(self.world, taken).filter(|means| means.right() == (kind, permission))?;
        if permission == "CREATE" && *scope != Scope::Any {
            return None;
        }
        let entity = self.world.names().text(taken).map(|id| id.to_string());
        let rest = self.path_from(taken)?;
        let steps = std::iter::once(AdminStep::Request { by: None, means, entity }).chain(rest.steps).collect();
        Some(AdminPath { requests: rest.requests + 1, steps })
    }

    /// Whether a yes to a question is a right that may lead to administration, by its type and permission alone.
    #[must_use]
    pub fn could_matter(world: &World, question: &Question<'_>) -> bool {
        match *question {
            Question::Permission { audience, definition } => (audience, definition) == (IDENTITY_AUDIENCE, WRITE),
            Question::Resource { access, .. } => {
                let is_of = |(kind, permission): (EntityKind, &str)| {
                    let known = world.matrix().access(kind.as_str(), permission);
                    known.is_ok_and(|known| {
                        known.resource_type == access.resource_type && known.permissions.intersects(access.permissions)
                    })
                };
                is_of((EntityKind::Authorization, "CREATE")) || Means::ALL.into_iter().any(|means| is_of(means.right()))
            }
            Question::Tenant(_) => false,
        }
    }

    /// What a yes to a question leads to.
    #[must_use]
    pub fn question(&self, question: &Question<'_>) -> Option<AdminPath> {
        match *question {
            Question::Permission { audience, definition } => ((audience, definition) == (IDENTITY_AUDIENCE, WRITE))
                .then(|| AdminPath { requests: 0, steps: vec![AdminStep::Power(AdminPower::WriteApi)] }),
            Question::Resource { access, target } => {
                let kind = self.world.matrix().get(access.resource_type)?;
                let scope = scope(target)?;
                let permissions = self.world.matrix().names(access.resource_type, access.permissions);
                let paths =
                    permissions.filter_map(|permission| self.right(kind.name.as_str(), permission.as_str(), &scope));
                paths.min_by_key(|path| path.requests)
            }
            Question::Tenant(_) => None,
        }
    }
}

fn scope(target: Target<'_>) -> Option<Scope> {
    match target.id() {
        None => Some(Scope::Any),
        Some(id) => crate::value::ResourceId::parse(id).ok().map(Scope::Id),
    }
}

fn access(world: &World, means: Means) -> Option<Access> {
    let (kind, permission) = means.right();
    world.matrix().access(kind.as_str(), permission).ok()
}

fn party_kind(kind: EntityKind) -> Option<Kind> {
    match kind {
        EntityKind::User => Some(Kind::User),
        EntityKind::Group => Some(Kind::Group),
        EntityKind::Role => Some(Kind::Role),
        EntityKind::MappingRule => Some(Kind::MappingRule),
        _ => None,
    }
}

fn authorization_key(id: &str) -> Option<AuthorizationKey> {
    let key = AuthorizationKey(id.parse().ok()?);
    // An authorization on another spelling of the number is on nothing.
    (key.to_string() == id).then_some(key)
}

/// Whether administrators may change an authorization: those of the protected roles they may not.
fn is_rewritable(world: &World, key: AuthorizationKey) -> bool {
    let Some(record) = world.record_of(key) else { return false };
    let names = world.names();
    record.owner.kind() != Kind::Role
        || !names.text(record.owner).is_some_and(|id| preset::is_protected_role(&RoleId::from_shared(id)))
}

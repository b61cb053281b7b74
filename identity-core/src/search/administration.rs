//! Administrators, and parties that can become administrators: the closure of the rights that lead to administration.
//!
//! Some rights over entities of this service implicitly include administration: with one request, their holder takes
//! over the rights of the entity (see `docs/administration.md`). The closure follows these rights backwards from the
//! holders of the powers that lock-out protection covers. It visits each party, membership and grant once.

use std::collections::HashMap;

use crate::apply::{AdminPower, can_sign_in, has_members, holders};
use crate::catalog::Access;
use crate::decide::{Question, Target};
use crate::entity::{Authorization, EntityKind, Party, Scope};
use crate::preset::{self, IDENTITY_AUDIENCE, WRITE};
use crate::value::{AuthorizationKey, RoleId};
use crate::world::{Kind, Run, Sources, Symbol, World};

/// Kind of request by which a caller obtains the rights of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AdminStepKind {
    /// Permission `ROLE:UPDATE`: the caller becomes a member of the role.
    AssignRole,
    /// Permission `GROUP:UPDATE`: the caller becomes a member of the group.
    JoinGroup,
    /// Permission `MAPPING_RULE:UPDATE`: the caller changes the rule so that it matches the caller's own token.
    RewriteMappingRule,
    /// Permission `USER:UPDATE`: the caller sets the password of the user.
    SetPassword,
    /// Permission `USER:CREATE`: the caller creates a user whose name already has memberships or authorizations.
    CreateUser,
    /// Permission `MAPPING_RULE:CREATE`: the caller creates a rule whose id already has memberships or authorizations.
    CreateMappingRule,
    /// Permission `AUTHORIZATION:UPDATE`: the caller changes an authorization so that it permits creating
    /// authorizations.
    RewriteAuthorization,
}

impl AdminStepKind {
    /// All kinds of requests.
    pub const ALL: [Self; 7] = [
        Self::AssignRole,
        Self::JoinGroup,
        Self::RewriteMappingRule,
        Self::SetPassword,
        Self::CreateUser,
        Self::CreateMappingRule,
        Self::RewriteAuthorization,
    ];

    /// Returns the kind of entity, and the permission on it, that the request requires.
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

    /// Returns the request that takes over the rights of a party. `None` if no request can do so.
    fn over(world: &World, party: Symbol) -> Option<Self> {
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

/// Next step of a party towards administration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    /// The party holds the power itself.
    Power(AdminPower),
    /// The party is a member of this group or role.
    Member(Symbol),
    /// The party owns this authorization. It permits a request of this kind, which takes over the rights of another
    /// party.
    Over(AuthorizationKey, AdminStepKind, Symbol),
    /// The party owns the first authorization, which permits changing the second one. `None` stands for any
    /// authorization.
    OverAuthorization(AuthorizationKey, Option<AuthorizationKey>),
}

/// Step on a path to administration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminStep {
    /// Membership in this party, which requires no request.
    Member(Party),
    /// One request, which an authorization permits.
    Request {
        /// The authorization that permits the request. `None` in the result of [`Administration::right`], which
        /// examines a right without an authorization.
        by: Option<AuthorizationKey>,
        /// Kind of the request.
        means: AdminStepKind,
        /// Id of the entity that the request changes. `None` stands for any authorization.
        entity: Option<String>,
    },
    /// The administrative power at the end of the path.
    Power(AdminPower),
}

/// Sequence of memberships and requests by which a party becomes an administrator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminPath {
    /// Number of requests. Zero for an administrator.
    pub requests: usize,
    /// Steps in order. The last one is the power.
    pub steps: Vec<AdminStep>,
}

/// Closure of the rights that lead to administration in one world: the parties and their next steps.
pub struct Administration<'w> {
    world: &'w World,
    links: HashMap<Symbol, (usize, Link)>,
    /// For each kind of party and permission, the party nearest to administration that the permission can take over.
    nearest: HashMap<(Kind, &'static str), Symbol>,
    /// An authorization that a holder of AUTHORIZATION:UPDATE can change so that it permits creating authorizations.
    /// `None` if all authorizations are protected.
    rewritable: Option<AuthorizationKey>,
}

impl<'w> Administration<'w> {
    /// Computes the closure. The cost is linear in the number of parties that are or can become administrators, their
    /// memberships, and the grants over them.
    #[must_use]
    pub fn of(world: &'w World) -> Self {
        let rewritable = world.authorizations().map(|held| held.key).find(|key| is_rewritable(world, *key));
        let mut closure = Self { world, links: HashMap::new(), nearest: HashMap::new(), rewritable };
        let mut now: Vec<Symbol> = Vec::new();
        for power in AdminPower::ALL {
            for holder in holders(world, power) {
                closure.link(holder, 0, Link::Power(power), &mut now);
            }
        }
        let mut first: Vec<(Symbol, Link)> = closure.over_authorizations();
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

    fn link(&mut self, party: Symbol, requests: usize, link: Link, now: &mut Vec<Symbol>) {
        if let std::collections::hash_map::Entry::Vacant(place) = self.links.entry(party) {
            place.insert((requests, link));
            now.push(party);
        }
    }

    /// Returns the owners of authorizations that permit changing other authorizations. One request makes each owner an
    /// administrator.
    fn over_authorizations(&self) -> Vec<(Symbol, Link)> {
        let world = self.world;
        let Some(access) = access(world, AdminStepKind::RewriteAuthorization) else { return Vec::new() };
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

    /// Adds the owners of authorizations that permit taking over the rights of a party. Owners of authorizations on all
    /// parties of a kind are added only for the first party of the kind, which is nearest to administration.
    fn over(&mut self, party: Symbol, found: &mut Vec<(Symbol, Link)>) {
        let world = self.world;
        let Some(means) = AdminStepKind::over(world, party) else { return };
        let (_, permission) = means.right();
        let (Some(access), Some(id)) = (access(world, means), world.names().text(party)) else { return };
        let mut add = |run: Option<&Run>| {
            let grants = run.into_iter().flat_map(|run| run.giving(access.permissions));
            found.extend(grants.map(|grant| (grant.owner, Link::Over(grant.key, means, party))));
        };
        // CREATE requires an authorization on all resources of the type.
        if permission != "CREATE" {
            add(world.run_on_id(access.resource_type, id));
        }
        if let std::collections::hash_map::Entry::Vacant(place) = self.nearest.entry((party.kind(), permission)) {
            place.insert(party);
            add(world.run_on_any(access.resource_type));
        }
    }

    /// Returns the path of a party to administration with the fewest requests. `None` if no path exists.
    #[must_use]
    pub fn path(&self, party: &Party) -> Option<AdminPath> {
        self.path_from(self.world.names().of_party(party)?)
    }

    fn path_from(&self, mut party: Symbol) -> Option<AdminPath> {
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
                    steps.push(AdminStep::Request {
                        by: Some(key),
                        means: AdminStepKind::RewriteAuthorization,
                        entity,
                    });
                    steps.push(AdminStep::Power(AdminPower::Authorize));
                    return Some(AdminPath { requests, steps });
                }
            }
        }
    }

    /// Returns the parties that can sign in and are or can become administrators, sorted by number of requests, then by
    /// name.
    #[must_use]
    pub fn parties(&self) -> Vec<(Party, AdminPath)> {
        let able = self.links.keys().filter(|party| can_sign_in(self.world, **party));
        let named = able.filter_map(|party| Some((self.world.names().party(*party)?, self.path_from(*party)?)));
        let mut found: Vec<(Party, AdminPath)> = named.collect();
        found.sort_by(|(one, path), (other, than)| (path.requests, one).cmp(&(than.requests, other)));
        found
    }

    /// Returns the authorizations that lead to administration, each with its path, in the order of their keys.
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

    /// Returns the path to administration that a permission on resources of a type gives to its holder. `None` if it
    /// does not lead to administration.
    #[must_use]
    pub fn right(&self, resource_type: &str, permission: &str, scope: &Scope) -> Option<AdminPath> {
        let kind = EntityKind::parse(resource_type)?;
        if (kind, permission, scope) == (EntityKind::Authorization, "CREATE", &Scope::Any) {
            return Some(AdminPath { requests: 0, steps: vec![AdminStep::Power(AdminPower::Authorize)] });
        }
        if (kind, permission) == AdminStepKind::RewriteAuthorization.right() {
            let entity = match scope {
                Scope::Any => self.rewritable.map(|_| None)?,
                Scope::Id(id) => {
                    let key = authorization_key(id.as_str()).filter(|key| is_rewritable(self.world, *key))?;
                    Some(key.to_string())
                }
                Scope::Property(_) => return None,
            };
            let request = AdminStep::Request { by: None, means: AdminStepKind::RewriteAuthorization, entity };
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
        let means = AdminStepKind::over(self.world, taken).filter(|means| means.right() == (kind, permission))?;
        if permission == "CREATE" && *scope != Scope::Any {
            return None;
        }
        let entity = self.world.names().text(taken).map(|id| id.to_string());
        let rest = self.path_from(taken)?;
        let steps = std::iter::once(AdminStep::Request { by: None, means, entity }).chain(rest.steps).collect();
        Some(AdminPath { requests: rest.requests + 1, steps })
    }

    /// Returns whether the right in a question may lead to administration. This cheap test before the closure is
    /// computed examines only the resource type and the permission.
    #[must_use]
    pub fn could_matter(world: &World, question: &Question<'_>) -> bool {
        match *question {
            Question::Permission { audience, definition } => (audience, definition) == (IDENTITY_AUDIENCE, WRITE),
            Question::Resource { access, .. } => {
                let is_of = |(kind, permission): (EntityKind, &str)| {
                    let known = world.catalog().access(kind.as_str(), permission);
                    known.is_ok_and(|known| {
                        known.resource_type == access.resource_type && known.permissions.intersects(access.permissions)
                    })
                };
                is_of((EntityKind::Authorization, "CREATE"))
                    || AdminStepKind::ALL.into_iter().any(|means| is_of(means.right()))
            }
            Question::Tenant(_) => false,
        }
    }

    /// Returns the path to administration for a principal that has the right in the question. `None` if the right does
    /// not lead to administration.
    #[must_use]
    pub fn question(&self, question: &Question<'_>) -> Option<AdminPath> {
        match *question {
            Question::Permission { audience, definition } => ((audience, definition) == (IDENTITY_AUDIENCE, WRITE))
                .then(|| AdminPath { requests: 0, steps: vec![AdminStep::Power(AdminPower::WriteApi)] }),
            Question::Resource { access, target } => {
                let kind = self.world.catalog().get(access.resource_type)?;
                let scope = scope(target)?;
                let permissions = self.world.catalog().names(access.resource_type, access.permissions);
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

fn access(world: &World, means: AdminStepKind) -> Option<Access> {
    let (kind, permission) = means.right();
    world.catalog().access(kind.as_str(), permission).ok()
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
    // An authorization whose resource id is another spelling of the number, such as `07`, has no effect.
    (key.to_string() == id).then_some(key)
}

/// Returns whether administrators may change an authorization. The authorizations of protected roles cannot be changed.
fn is_rewritable(world: &World, key: AuthorizationKey) -> bool {
    let Some(record) = world.record_of(key) else { return false };
    let names = world.names();
    record.owner.kind() != Kind::Role
        || !names.text(record.owner).is_some_and(|id| preset::is_protected_role(&RoleId::from_shared(id)))
}

//! Random policies of a given size, as rows of a world and as plain data for the floors.

use std::collections::{BTreeSet, HashMap};

use identity_core::apply::NewAuthorization;
use identity_core::catalog::ResourceCatalog;
use identity_core::entity::{Authorization, Container, Group, Membership, Party, Permission, Principal, Role, Scope};
use identity_core::preset::{IDENTITY_AUDIENCE, WRITE};
use identity_core::resolve::{ResolveInput, Subject, resolve};
use identity_core::value::{
    Audience, AuthorizationKey, GroupId, Name, PermissionName, ResourceId, ResourceTypeName, Revision, RoleId, Username,
};
use identity_core::world::{Change, Sources, World};
use identity_testkit::random::Random;

use crate::floor::Floor;

/// The resource types in the policies.
pub const TYPES: [&str; 12] = [
    "BACKUP",
    "BATCH",
    "CLUSTER_VARIABLE",
    "DECISION_DEFINITION",
    "GLOBAL_LISTENER",
    "GROUP",
    "MAPPING_RULE",
    "PROCESS_DEFINITION",
    "RESOURCE",
    "ROLE",
    "TENANT",
    "USER",
];

/// The permissions of a type in the policies: its first eight.
#[must_use]
pub fn permissions_of(resource_type: &str) -> Vec<String> {
    let matrix = ResourceCatalog::standard();
    let kind = matrix.types().find(|kind| kind.name.as_str() == resource_type).unwrap();
    kind.permissions.iter().take(8).map(ToString::to_string).collect()
}

/// Owner of a grant, by number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Owner {
    /// A user.
    User(usize),
    /// A group.
    Group(usize),
    /// A role.
    Role(usize),
}

impl Owner {
    /// The owner as a [`Party`].
    #[must_use]
    pub fn party(self) -> Party {
        match self {
            Self::User(number) => Party::User(username(number)),
            Self::Group(number) => Party::Group(group(number)),
            Self::Role(number) => Party::Role(role(number)),
        }
    }
}

/// The name of a user.
#[must_use]
pub fn username(number: usize) -> Username {
    Username::parse(&format!("user-{number}@example.com")).unwrap()
}

/// The ID of a group.
#[must_use]
pub fn group(number: usize) -> GroupId {
    GroupId::parse(&format!("/departments/group-{number}")).unwrap()
}

/// The ID of a role.
#[must_use]
pub fn role(number: usize) -> RoleId {
    RoleId::parse(&format!("role-{number}")).unwrap()
}

/// The ID of a resource.
#[must_use]
pub fn resource_id(number: usize) -> String {
    format!("order-process-{number}")
}

/// An authorization.
#[derive(Clone, Copy)]
pub struct Grant {
    /// The owner.
    pub owner: Owner,
    /// Index of the resource type in [`TYPES`].
    pub resource_type: usize,
    /// Number of the resource; `None` for all resources of the type.
    pub id: Option<usize>,
    /// Bit set over the [`permissions_of`] the type.
    pub permissions: u8,
}

impl Grant {
    /// The names of the permissions.
    #[must_use]
    pub fn permissions(&self) -> BTreeSet<PermissionName> {
        let names = permissions_of(TYPES[self.resource_type]);
        let held = names.iter().enumerate().filter(|(bit, _)| self.permissions & (1 << bit) != 0);
        held.map(|(_, name)| PermissionName::parse(name).unwrap()).collect()
    }

    /// The authorization as in a creation request.
    #[must_use]
    pub fn asked(&self) -> NewAuthorization {
        NewAuthorization {
            owner: self.owner.party(),
            resource_type: ResourceTypeName::parse(TYPES[self.resource_type]).unwrap(),
            scope: self.id.map_or(Scope::Any, |id| Scope::Id(ResourceId::parse(&resource_id(id)).unwrap())),
            permissions: self.permissions(),
            condition: None,
        }
    }

    /// The authorization as a row with the given key.
    #[must_use]
    pub fn row(&self, key: u64) -> Change {
        let NewAuthorization { owner, resource_type, scope, permissions, condition } = self.asked();
        let key = AuthorizationKey(key);
        Change::AuthorizationPut(Authorization { key, owner, resource_type, scope, permissions, condition })
    }
}

/// A user with memberships.
pub struct SampleUser {
    /// Number of the user.
    pub user: usize,
    /// Numbers of the user's groups.
    pub groups: Vec<usize>,
    /// Numbers of the user's roles.
    pub roles: Vec<usize>,
}

impl SampleUser {
    /// The user and the user's groups and roles, as owners of grants.
    pub fn owners(&self) -> impl Iterator<Item = Owner> {
        let groups = self.groups.iter().map(|number| Owner::Group(*number));
        let roles = self.roles.iter().map(|number| Owner::Role(*number));
        groups.chain(roles).chain([Owner::User(self.user)])
    }

    /// The rows of the user's memberships.
    pub fn rows(&self) -> impl Iterator<Item = Change> {
        let me = Party::User(username(self.user));
        let groups = self.groups.iter().map(|number| Container::Group(group(*number)));
        let containers = groups.chain(self.roles.iter().map(|number| Container::Role(role(*number))));
        containers.map(move |container| Change::MemberAdded(Membership::new(container, me.clone()).unwrap()))
    }

    /// Resolves the user in a world.
    #[must_use]
    pub fn subject(&self, world: &World) -> Subject {
        resolve(world, ResolveInput::from(&Principal::User(username(self.user))))
    }
}

/// Size of policies.
#[derive(Clone, Copy)]
pub struct Size {
    /// Number of users that may own grants.
    pub users: usize,
    /// Number of groups.
    pub groups: usize,
    /// Number of roles.
    pub roles: usize,
    /// Number of authorizations.
    pub authorizations: usize,
    /// Number of resources of each type.
    pub ids: usize,
    /// Authorizations on all resources of their type, per thousand.
    pub wildcards: usize,
    /// Number of groups per user.
    pub groups_each: usize,
    /// Number of roles per user.
    pub roles_each: usize,
}

impl Size {
    /// A small installation.
    pub const W1: Self = Self {
        users: 1000,
        groups: 10,
        roles: 20,
        authorizations: 200,
        ids: 50,
        wildcards: 90,
        groups_each: 3,
        roles_each: 2,
    };

    /// A large installation.
    #[must_use]
    pub const fn w2(authorizations: usize) -> Self {
        Self {
            users: 100_000,
            groups: 10_000,
            roles: 1000,
            authorizations,
            ids: 10_000,
            wildcards: 1,
            groups_each: 20,
            roles_each: 10,
        }
    }
}

/// Random policies.
pub struct Policies {
    /// The size.
    pub size: Size,
    /// The authorizations.
    pub grants: Vec<Grant>,
    /// A thousand users.
    pub people: Vec<SampleUser>,
}

/// A request for a decision.
pub struct Query {
    /// Index of the user in [`Policies::people`].
    pub person: usize,
    /// The resource type.
    pub resource_type: &'static str,
    /// The permission.
    pub permission: String,
    /// The resource ID.
    pub id: String,
}

impl Policies {
    /// Generates policies; the same size always yields the same policies.
    #[must_use]
    pub fn generate(size: Size) -> Self {
        let mut random = Random::seeded(size.authorizations as u64);
        let counts: Vec<usize> = TYPES.iter().map(|name| permissions_of(name).len()).collect();
        let grants = (0..size.authorizations).map(|_| {
            let owner = match random.below(100) {
                0..45 => Owner::Role(random.below(size.roles)),
                45..90 => Owner::Group(random.below(size.groups)),
                _ => Owner::User(random.below(size.users)),
            };
            let resource_type = random.below(TYPES.len());
            let id = (!random.chance(size.wildcards)).then(|| random.below(size.ids));
            let wanted = match random.below(100) {
                0..30 => 1,
                30..65 => 2,
                65..85 => 3,
                _ => 4,
            };
            let permissions = random.distinct(wanted, counts[resource_type]).iter().fold(0, |set, bit| set | 1 << bit);
            Grant { owner, resource_type, id, permissions }
        });
        let grants = grants.collect();
        let people = (0..1000).map(|number| SampleUser {
            user: number * size.users / 1000,
            groups: random.distinct(size.groups_each, size.groups),
            roles: random.distinct(size.roles_each, size.roles),
        });
        Self { size, grants, people: people.collect() }
    }

    /// The rows of the world, including an administrator.
    pub fn rows(&self) -> impl Iterator<Item = Change> {
        let groups = (0..self.size.groups).map(|number| {
            let id = group(number);
            let name = Name::parse(id.as_str()).unwrap();
            Change::GroupPut(Group::new(id, name))
        });
        let roles = (0..self.size.roles).map(|number| bare_role(role(number)));
        let members = self.people.iter().flat_map(SampleUser::rows);
        let grants = (1..).zip(&self.grants).map(|(key, grant)| grant.row(key));
        groups.chain(roles).chain(administrator()).chain(members).chain(grants)
    }

    /// Builds the world.
    #[must_use]
    pub fn world(&self) -> World {
        let mut world = World::new(Sources::Provider { groups_claimed: false }, ResourceCatalog::standard());
        let mut rows = self.rows().peekable();
        while rows.peek().is_some() {
            let some: Vec<Change> = rows.by_ref().take(10_000).collect();
            let (next, refused) = world.replay(Revision(1), &some);
            assert_eq!(refused, [], "the rows fit the model");
            world = next;
        }
        world
    }

    /// Queries of these users. Half are allowed. Half of the others concern a resource on which an owner of the user
    /// has a grant, with a permission that is denied.
    #[must_use]
    pub fn queries(&self, floor: &Floor, count: usize) -> Vec<Query> {
        let mut random = Random::seeded(7);
        let mut people: HashMap<Owner, Vec<usize>> = HashMap::new();
        for (place, person) in self.people.iter().enumerate() {
            for owner in person.owners() {
                people.entry(owner).or_default().push(place);
            }
        }
        let callers: Vec<_> = self.people.iter().map(|person| floor.caller(person.owners())).collect();
        let permissions: Vec<Vec<String>> = TYPES.iter().map(|name| permissions_of(name)).collect();
        let mut queries = Vec::with_capacity(count);
        while queries.len() < count {
            let (allowed, near) = (queries.len() % 2 == 0, queries.len() % 4 == 1);
            let grant = random.pick(&self.grants);
            let Some(owners) = people.get(&grant.owner) else { continue };
            let resource_type = if allowed || near { grant.resource_type } else { random.below(TYPES.len()) };
            let id = if allowed || near { grant.id } else { None };
            let query = Query {
                person: *random.pick(owners),
                resource_type: TYPES[resource_type],
                permission: random.pick(&permissions[resource_type]).clone(),
                id: resource_id(id.unwrap_or_else(|| random.below(self.size.ids))),
            };
            if floor.allows(&callers[query.person], query.resource_type, &query.permission, &query.id) == allowed {
                queries.push(query);
            }
        }
        queries
    }
}

/// A role without permissions.
fn bare_role(id: RoleId) -> Change {
    let name = Name::from(&id);
    Change::RolePut(Role::new(id, name))
}

/// An administrator, as required in every installation.
fn administrator() -> [Change; 3] {
    let id = RoleId::parse("administrators").unwrap();
    let write = Permission {
        audience: Audience::parse(IDENTITY_AUDIENCE).unwrap(),
        definition: PermissionName::parse(WRITE).unwrap(),
    };
    let role = Role { permissions: BTreeSet::from([write]), ..Role::new(id.clone(), Name::from(&id)) };
    let member = Party::User(Username::parse("root").unwrap());
    let authorization = Authorization {
        key: AuthorizationKey(0),
        owner: Party::Role(id.clone()),
        resource_type: ResourceTypeName::parse("AUTHORIZATION").unwrap(),
        scope: Scope::Any,
        permissions: BTreeSet::from([PermissionName::parse("CREATE").unwrap()]),
        condition: None,
    };
    [
        Change::RolePut(role),
        Change::MemberAdded(Membership::new(Container::Role(id), member).unwrap()),
        Change::AuthorizationPut(authorization),
    ]
}

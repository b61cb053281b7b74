//! A second implementation of the model with plain lists and nested loops.

use std::collections::BTreeSet;

use identity_core::apply::{Command, NewAuthorization};
use identity_core::decide::{NearMiss, Question, Remedy, Step};
use identity_core::entity::{
    Authorization, Container, MappingRule, Membership, Operator, Party, Principal, Role, Scope,
};
use identity_core::resolve::Subject;
use identity_core::value::{AuthorizationKey, PermissionName, ResourceTypeName};
use identity_core::world::{Change, Sources, World};
use serde_json::Value;
use serde_json_path::JsonPath;

use crate::strategy::{Caller, Task};

pub struct Naive {
    sources: Sources,
    users: Vec<String>,
    inactive: Vec<String>,
    roles: Vec<Role>,
    rules: Vec<MappingRule>,
    memberships: Vec<Membership>,
    authorizations: Vec<Authorization>,
}

pub struct NaiveSubject {
    principal: Principal,
    is_inactive: bool,
    pub rules: Vec<String>,
    pub groups: Vec<String>,
    pub roles: Vec<String>,
    pub tenants: Vec<String>,
}

impl Naive {
    pub fn of(world: &World) -> Self {
        let mut naive = Self {
            sources: world.sources(),
            users: vec![],
            inactive: vec![],
            roles: vec![],
            rules: vec![],
            memberships: vec![],
            authorizations: vec![],
        };
        for row in world.rows() {
            match row {
                // The stored form of the password marks inactive users.
                Change::UserPut(user) if user.password.expose().starts_with("{nobody} ") => {
                    naive.inactive.push(user.username.to_string());
                }
                Change::UserPut(user) => naive.users.push(user.username.to_string()),
                Change::RolePut(role) => naive.roles.push(role),
                Change::MappingRulePut(rule) => naive.rules.push(rule),
                Change::MemberAdded(membership) => naive.memberships.push(membership),
                Change::AuthorizationPut(authorization) => naive.authorizations.push(authorization),
                _ => {}
            }
        }
        naive
    }

    pub fn subject(&self, caller: &Caller) -> NaiveSubject {
        let rules: BTreeSet<String> = match self.sources {
            Sources::BuiltIn => BTreeSet::new(),
            Sources::Provider { .. } => {
                self.rules.iter().filter(|rule| matches(rule, &caller.claims)).map(|rule| rule.id.to_string()).collect()
            }
        };
        let principal = match &caller.principal {
            Principal::User(id) => ("user", id.to_string()),
            Principal::Client(id) => ("client", id.to_string()),
        };
        let is_inactive =
            self.sources == Sources::BuiltIn && principal.0 == "user" && self.inactive.contains(&principal.1);
        if is_inactive {
            let nothing = Vec::new;
            let (rules, groups, roles, tenants) = (nothing(), nothing(), nothing(), nothing());
            return NaiveSubject { principal: caller.principal.clone(), is_inactive, rules, groups, roles, tenants };
        }
        let mut parties: Vec<(&str, String)> = vec![principal];
        parties.extend(rules.iter().map(|id| ("mapping rule", id.clone())));
        let groups = match self.sources {
            Sources::Provider { groups_claimed: true } => caller.groups.iter().map(ToString::to_string).collect(),
            _ => self.containers("group", &parties),
        };
        parties.extend(groups.iter().map(|id| ("group", id.clone())));
        let roles = self.containers("role", &parties);
        parties.extend(roles.iter().map(|id| ("role", id.clone())));
        let tenants = self.containers("tenant", &parties);
        let list = |set: BTreeSet<String>| set.into_iter().collect();
        NaiveSubject {
            principal: caller.principal.clone(),
            is_inactive,
            rules: list(rules),
            groups: list(groups),
            roles: list(roles),
            tenants: list(tenants),
        }
    }

    fn containers(&self, kind: &str, parties: &[(&str, String)]) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for membership in &self.memberships {
            for (member_kind, id) in parties {
                if membership.container().kind() == kind
                    && membership.member().kind() == *member_kind
                    && membership.member().id() == id
                {
                    found.insert(membership.container().id().to_owned());
                }
            }
        }
        found
    }

    fn owns(subject: &NaiveSubject, owner: &Party) -> bool {
        let has = |ids: &[String]| ids.iter().any(|id| id == owner.id());
        match (owner, &subject.principal) {
            (Party::User(user), Principal::User(id)) => user == id && !subject.is_inactive,
            (Party::Client(client), Principal::Client(id)) => client == id,
            (Party::User(_) | Party::Client(_), _) => false,
            (Party::Group(_), _) => has(&subject.groups),
            (Party::Role(_), _) => has(&subject.roles),
            (Party::MappingRule(_), _) => has(&subject.rules),
        }
    }

    fn granted<'n>(
        &'n self,
        subject: &'n NaiveSubject,
        resource_type: &'n str,
        permission: &'n str,
    ) -> impl Iterator<Item = &'n Scope> {
        self.authorizations
            .iter()
            .filter(move |authorization| {
                Self::owns(subject, &authorization.owner)
                    && authorization.resource_type.as_str() == resource_type
                    && authorization.permissions.iter().any(|name| name.as_str() == permission)
            })
            .map(|authorization| &authorization.scope)
    }

    pub fn allows(&self, subject: &NaiveSubject, resource_type: &str, permission: &str, id: Option<&str>) -> bool {
        self.granted(subject, resource_type, permission).any(|scope| match scope {
            Scope::Any => true,
            Scope::Id(granted) => Some(granted.as_str()) == id,
            Scope::Property(_) => false,
        })
    }

    pub fn allows_task(&self, subject: &NaiveSubject, task: &Task, key: &str) -> bool {
        let username = match &subject.principal {
            Principal::User(id) => Some(id.as_str()),
            Principal::Client(_) => None,
        };
        let listed = |list: &Value, id: &str| list.as_array().unwrap().iter().any(|item| item == id);
        self.granted(subject, "USER_TASK", "READ").any(|scope| match scope {
            Scope::Any => true,
            Scope::Id(granted) => granted.as_str() == key,
            Scope::Property(name) => match name.as_str() {
                "assignee" => username.is_some_and(|id| task.assignee == id),
                "candidateUsers" => username.is_some_and(|id| listed(&task.candidate_users, id)),
                _ => subject.groups.iter().any(|id| listed(&task.candidate_groups, id)),
            },
        })
    }

    pub fn holds(&self, subject: &NaiveSubject, definition: &str) -> bool {
        self.roles.iter().any(|role| {
            subject.roles.contains(&role.id.to_string())
                && role.permissions.iter().any(|permission| permission.definition.as_str() == definition)
        })
    }

    pub fn keys_of(&self, subject: &NaiveSubject) -> Vec<AuthorizationKey> {
        self.authorizations.iter().filter(|owned| Self::owns(subject, &owned.owner)).map(|owned| owned.key).collect()
    }

    /// Whether a principal that can sign in has `write`, and whether one may create authorizations.
    pub fn powers(&self) -> [bool; 2] {
        let writes = self
            .roles
            .iter()
            .filter(|role| role.permissions.iter().any(|permission| permission.definition.as_str() == "write"))
            .any(|role| self.somebody_is(&Party::Role(role.id.clone())));
        let authorizes = self
            .authorizations
            .iter()
            .filter(|authorization| {
                authorization.resource_type.as_str() == "AUTHORIZATION" && authorization.scope == Scope::Any
            })
            .any(|authorization| self.somebody_is(&authorization.owner));
        [writes, authorizes]
    }

    fn somebody_is(&self, party: &Party) -> bool {
        match party {
            Party::User(id) => self.sources != Sources::BuiltIn || self.users.contains(&id.to_string()),
            Party::Client(_) | Party::MappingRule(_) => self.sources != Sources::BuiltIn,
            Party::Group(_) if self.sources == (Sources::Provider { groups_claimed: true }) => true,
            Party::Group(_) | Party::Role(_) => self
                .memberships
                .iter()
                .filter(|membership| {
                    membership.container().kind() == party.kind() && membership.container().id() == party.id()
                })
                .any(|membership| self.somebody_is(membership.member())),
        }
    }
}

/// Evaluates a rule; selectors that start with `$` use the JSONPath library.
fn matches(rule: &MappingRule, claims: &Value) -> bool {
    let selector = rule.selector.as_str();
    let several = selector.contains(['*', '?']) || selector.contains("..") || selector.contains("[0]");
    let nodes: Vec<&Value> = if selector.starts_with('$') {
        JsonPath::parse(selector).unwrap().query(claims).all()
    } else {
        claims.get(selector).into_iter().collect()
    };
    nodes.into_iter().any(|node| match node {
        Value::Array(items) => items.iter().any(|item| text(item).as_deref() == Some(rule.value.as_str())),
        scalar => {
            text(scalar).as_deref() == Some(rule.value.as_str()) && (rule.operator == Operator::Equals || several)
        }
    })
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// Whether each step follows from the previous step and from the world.
pub fn path_holds(world: &World, subject: &Subject, steps: &[Step]) -> bool {
    let mut here: Option<Party> = None;
    for step in steps {
        let next = match step {
            Step::Principal { principal } => (*principal == subject.principal).then(|| principal.clone().into()),
            Step::Rule { rule, .. } => subject.mapping_rules.contains(rule).then(|| Party::MappingRule(rule.clone())),
            Step::ClaimedGroup { group } => subject.groups.contains(group).then(|| Party::Group(group.clone())),
            Step::ClaimedPermission { permission } => {
                subject.permissions.contains(permission).then(|| here.clone().unwrap())
            }
            Step::Member { membership, .. } => (here.as_ref() == Some(membership.member())
                && world.is_member(membership.container(), membership.member()))
            .then(|| match membership.container() {
                Container::Group(id) => Party::Group(id.clone()),
                Container::Role(id) => Party::Role(id.clone()),
                Container::Tenant(_) => here.clone().unwrap(),
            }),
            Step::Permission { role, permission } => (here == Some(Party::Role(role.clone()))
                && world.role(role.as_str()).is_some_and(|role| role.permissions.contains(permission)))
            .then(|| here.clone().unwrap()),
            Step::Authorization { authorization } => (here.as_ref() == Some(&authorization.owner)
                && world.authorization(authorization.key).as_ref() == Some(authorization))
            .then(|| here.clone().unwrap()),
            _ => None,
        };
        match next {
            Some(next) => here = Some(next),
            None => return false,
        }
    }
    matches!(
        steps.last(),
        Some(
            Step::Permission { .. } | Step::ClaimedPermission { .. } | Step::Authorization { .. } | Step::Member { .. }
        )
    )
}

/// The commands that carry out a remedy; `None` if no command can.
pub fn carry_out(world: &World, miss: &NearMiss) -> Option<Vec<Command>> {
    Some(match &miss.remedy {
        Remedy::ExtendAuthorization { permission } => {
            let old = miss.through.clone().unwrap();
            let mut permissions = old.permissions;
            permissions.insert(PermissionName::parse(permission).unwrap());
            vec![Command::UpdateAuthorization(
                old.key,
                NewAuthorization {
                    owner: old.owner,
                    resource_type: old.resource_type,
                    scope: old.scope,
                    permissions,
                    condition: old.condition,
                },
            )]
        }
        Remedy::AddMember { membership } => match world_has(world, membership.member()) {
            true => vec![Command::AddMember(membership.clone())],
            false => vec![create_user(membership.member()), Command::AddMember(membership.clone())],
        },
        Remedy::Reactivate { user } => vec![Command::ReactivateUser(user.clone())],
        Remedy::ExtendRole { role, permission } => vec![Command::GrantPermission(role.clone(), permission.clone())],
        Remedy::CreateAuthorization { owner, resource_type, scope, permissions } => {
            let owner: Party = owner.clone().into();
            let create = Command::CreateAuthorization(NewAuthorization {
                owner: owner.clone(),
                resource_type: ResourceTypeName::parse(resource_type).unwrap(),
                scope: scope.clone(),
                permissions: permissions.iter().map(|name| PermissionName::parse(name).unwrap()).collect(),
                condition: None,
            });
            if world_has(world, &owner) { vec![create] } else { vec![create_user(&owner), create] }
        }
        _ => return None,
    })
}

fn world_has(world: &World, party: &Party) -> bool {
    match party {
        Party::User(id) => world.sources() != Sources::BuiltIn || world.user(id.as_str()).is_some(),
        _ => true,
    }
}

fn create_user(party: &Party) -> Command {
    let Party::User(username) = party else { panic!("only users are created") };
    Command::CreateUser(identity_core::entity::User {
        username: username.clone(),
        name: None,
        email: None,
        password: identity_core::value::PasswordHash::new(String::new()),
    })
}

/// The rows referenced by a proof, and no others.
pub fn proof(world: &World, steps: &[Step]) -> Vec<Change> {
    let mut rows = Vec::new();
    for step in steps {
        match step {
            Step::Rule { rule, .. } => {
                rows.extend(world.mapping_rule(rule.as_str()).cloned().map(Change::MappingRulePut));
            }
            Step::Member { membership, .. } => rows.push(Change::MemberAdded(membership.clone())),
            Step::Permission { role, permission } => {
                let role = world.role(role.as_str()).unwrap();
                rows.push(Change::RolePut(Role { permissions: [permission.clone()].into(), ..role.clone() }));
            }
            Step::Authorization { authorization } => rows.push(Change::AuthorizationPut(authorization.clone())),
            // Steps without a row: the principal and the claims of its token.
            _ => {}
        }
    }
    rows
}

impl Naive {
    /// The naive evaluator's answer to a question.
    pub fn answers(&self, caller: &Caller, question: &Question<'_>, world: &World) -> bool {
        let subject = self.subject(caller);
        match *question {
            Question::Permission { definition, .. } => self.holds(&subject, definition),
            Question::Tenant(tenant) => subject.tenants.contains(&tenant.to_string()),
            Question::Resource { .. } => {
                // The format is ``READ on resource `a` of type `USER_TASK` ``.
                let words = question.in_words(world);
                let permission = words.split(' ').next().unwrap();
                let quoted: Vec<&str> = words.split('`').collect();
                let id = words.contains("on resource").then(|| quoted[1]);
                self.allows(&subject, quoted[quoted.len() - 2], permission, id)
            }
        }
    }
}

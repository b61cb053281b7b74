//! Commands that turn a world into what a document states.

use std::collections::{BTreeMap, BTreeSet};

use super::fact::{Fact, Subject};
use super::rules;
use super::{DocumentFinding, DocumentUser, PolicyDocument};
use crate::apply::{Command, Draft, NewAuthorization, user_creation};
use crate::decide::Authority;
use crate::entity::{AuditEntity, EntityKind, MappingRule, Membership, Role, User};
use crate::value::{
    Description, DocumentName, GroupId, MappingRuleId, Name, PasswordHash, PermissionName, ResourceTypeName, RoleId,
    TenantId, Username,
};
use crate::world::World;

/// What to remove that a document does not state.
#[derive(Clone, Copy, Debug)]
pub enum Prune<'d> {
    /// Nothing.
    Nothing,
    /// What the earlier document of the same name states, unless a document of another name states it, too. Everything
    /// else was made by other means, and remains.
    Managed {
        /// The earlier document.
        earlier: &'d PolicyDocument,
        /// Documents of other names.
        others: &'d BTreeMap<DocumentName, PolicyDocument>,
    },
    /// Everything that a document can state. The result is exactly this document.
    Everything,
}

impl PolicyDocument {
    /// Returns the commands that establish the policies in a world. Empty if the world has them. `passwords` are those of
    /// users to create; other new users have none, and cannot sign in until one is set.
    ///
    /// Removals come first. Entities precede the commands that refer to them.
    #[must_use]
    pub fn commands(
        &self,
        world: &World,
        prune: Prune<'_>,
        passwords: &BTreeMap<Username, PasswordHash>,
    ) -> Vec<Command> {
        let mut withdrawn = match prune {
            Prune::Nothing => BTreeSet::new(),
            Prune::Managed { earlier, others } => {
                let withdrawn = &earlier.facts() - &self.facts();
                others.values().fold(withdrawn, |withdrawn, other| &withdrawn - &other.facts())
            }
            Prune::Everything => &Self::of(world).facts() - &self.facts(),
        };
        withdrawn.remove(&Fact::Entity(EntityKind::Tenant, TenantId::DEFAULT.to_owned()));
        // Each step is planned in the world that the steps before it produce: a deletion removes memberships as well.
        let mut plan = Plan { draft: Draft::new(world), withdrawn: &withdrawn, commands: Vec::new() };
        plan.take(Plan::deletions);
        plan.take(Plan::removed_members);
        plan.take(Plan::removed_grants);
        plan.take(|plan| plan.types(self));
        plan.take(|plan| plan.users(self, passwords, matches!(prune, Prune::Everything)));
        plan.take(|plan| rules::put(&self.mapping_rules, plan.world()));
        plan.take(|plan| plan.entities(self));
        plan.take(|plan| {
            let missing = self.memberships.iter().filter(|one| !plan.world().is_member(one.container(), one.member()));
            missing.cloned().map(Command::AddMember).collect()
        });
        plan.take(|plan| {
            let missing = missing_grants(&self.authorizations, plan.world());
            missing.into_iter().map(Command::CreateAuthorization).collect()
        });
        plan.commands
    }

    /// Applies commands to a copy of a world, and returns all that are refused, with their places. Commands after a
    /// refused one are applied as well, so that each mistake is found.
    #[must_use]
    pub fn refusals(&self, world: &World, commands: &[Command], authority: Authority) -> Vec<DocumentFinding> {
        let mut draft = Draft::new(world);
        let refused = draft.refusals(commands, authority);
        let found = refused.into_iter().map(|(index, refusal)| DocumentFinding {
            pointer: commands.get(index).and_then(|command| self.place(command)).unwrap_or_default(),
            rule: format!("is refused: {refusal}"),
        });
        found.collect()
    }

    /// Returns the entities that a document of another name defines differently. Otherwise, the documents would overwrite
    /// each other's names and descriptions at each application.
    #[must_use]
    pub fn conflicts(&self, others: &BTreeMap<DocumentName, Self>) -> Vec<DocumentFinding> {
        let own = self.definitions();
        let mut findings = Vec::new();
        for (name, other) in others {
            for ((kind, id), definition) in other.definitions() {
                if own.get(&(kind, id)).is_some_and(|own| *own != definition) {
                    let entity = AuditEntity { kind, key: id.to_owned() };
                    findings.push(DocumentFinding {
                        pointer: self.place_of(&entity).unwrap_or_default(),
                        rule: format!("is defined differently by the document `{name}`"),
                    });
                }
            }
        }
        findings
    }

    /// Returns the place of the statement from which a command follows. `None` if it follows from an omission.
    #[must_use]
    pub fn place(&self, command: &Command) -> Option<String> {
        let fact = match command {
            Command::AddMember(membership) => Fact::Member(membership.clone()),
            Command::CreateAuthorization(new) => Fact::Grant(Subject::of(new), new.permissions.first()?.clone()),
            _ => return self.place_of(&command.audit_draft().entity),
        };
        self.places.0.get(&fact).cloned()
    }

    /// Returns the place at which the document defines an entity. `None` if it does not.
    #[must_use]
    pub fn place_of(&self, AuditEntity { kind, key }: &AuditEntity) -> Option<String> {
        self.places.0.get(&Fact::Entity(*kind, key.clone())).cloned()
    }
}

struct Plan<'d> {
    /// World after the commands so far.
    draft: Draft,
    /// Statements that no longer hold.
    withdrawn: &'d BTreeSet<Fact>,
    commands: Vec<Command>,
}

impl Plan<'_> {
    fn world(&self) -> &World {
        self.draft.world()
    }

    /// Adds the commands of a step.
    fn take(&mut self, step: impl FnOnce(&Self) -> Vec<Command>) {
        let commands = step(self);
        // Refusals are found again, with all others, when the commands are applied.
        _ = self.draft.refusals(&commands, Authority::Administrator);
        self.commands.extend(commands);
    }

    fn deletions(&self) -> Vec<Command> {
        let world = self.world();
        let deletion = |fact: &Fact| {
            let Fact::Entity(kind, id) = fact else { return None };
            match kind {
                EntityKind::ResourceType if world.custom_type(id).is_some() => {
                    ResourceTypeName::parse(id).ok().map(Command::DeleteResourceType)
                }
                EntityKind::User if world.user(id).is_some() => Username::parse(id).ok().map(Command::DeleteUser),
                EntityKind::MappingRule if world.mapping_rule(id).is_some() => {
                    MappingRuleId::parse(id).ok().map(Command::DeleteMappingRule)
                }
                EntityKind::Group if world.group(id).is_some() => GroupId::parse(id).ok().map(Command::DeleteGroup),
                EntityKind::Role if world.role(id).is_some() => RoleId::parse(id).ok().map(Command::DeleteRole),
                EntityKind::Tenant if world.tenant(id).is_some() => TenantId::parse(id).ok().map(Command::DeleteTenant),
                _ => None,
            }
        };
        self.withdrawn.iter().filter_map(deletion).collect()
    }

    fn removed_members(&self) -> Vec<Command> {
        let removed = |fact: &Fact| match fact {
            Fact::Member(one) if self.world().is_member(one.container(), one.member()) => {
                Some(Command::RemoveMember(Membership::clone(one)))
            }
            _ => None,
        };
        self.withdrawn.iter().filter_map(removed).collect()
    }

    fn removed_grants(&self) -> Vec<Command> {
        let mut subjects: BTreeMap<&Subject, BTreeSet<&PermissionName>> = BTreeMap::new();
        for fact in self.withdrawn {
            if let Fact::Grant(subject, permission) = fact {
                subjects.entry(subject).or_default().insert(permission);
            }
        }
        let mut commands = Vec::new();
        for (subject, gone) in subjects {
            for held in self.world().owned_by(&subject.owner) {
                let same = held.resource_type == subject.resource_type
                    && held.scope == subject.scope
                    && held.condition == subject.condition;
                let kept: BTreeSet<PermissionName> =
                    held.permissions.iter().filter(|name| !gone.contains(name)).cloned().collect();
                if !same || kept.len() == held.permissions.len() {
                    continue;
                }
                commands.push(if kept.is_empty() {
                    Command::DeleteAuthorization(held.key)
                } else {
                    Command::UpdateAuthorization(held.key, Subject::clone(subject).with(kept))
                });
            }
        }
        commands
    }

    fn types(&self, document: &PolicyDocument) -> Vec<Command> {
        let mut commands = Vec::new();
        for kind in &document.resource_types {
            let Some(old) = self.world().custom_type(kind.name.as_str()) else {
                commands.push(Command::CreateResourceType(kind.clone()));
                continue;
            };
            let mut new = old.clone();
            new.permissions
                .retain(|one| !self.withdrawn.contains(&Fact::TypePermission(kind.name.clone(), one.clone())));
            new.properties.retain(|one| !self.withdrawn.contains(&Fact::TypeProperty(kind.name.clone(), one.clone())));
            new.permissions.extend(kind.permissions.iter().cloned());
            new.properties.extend(kind.properties.iter().cloned());
            if new != *old {
                commands.push(Command::UpdateResourceType(new));
            }
        }
        commands
    }

    /// Users that are created get the authorization to read themselves, unless the document is to hold exactly.
    fn users(
        &self,
        document: &PolicyDocument,
        passwords: &BTreeMap<Username, PasswordHash>,
        exactly: bool,
    ) -> Vec<Command> {
        let mut commands = Vec::new();
        for wanted in &document.users {
            let username = &wanted.username;
            let old = self.world().user(username.as_str());
            let password = match (old, passwords.get(username)) {
                (Some(old), _) => old.password.clone(),
                (None, Some(hash)) => hash.clone(),
                (None, None) => PasswordHash::placeholder(username.as_str()),
            };
            let user = User {
                name: wanted.name.clone(),
                email: wanted.email.clone(),
                ..User::new(username.clone(), password)
            };
            let active = old.is_none_or(User::is_active);
            match old {
                Some(old) if (&old.name, &old.email) == (&user.name, &user.email) => {}
                Some(_) => commands.push(Command::UpdateUser(user)),
                None if exactly => commands.push(Command::CreateUser(user)),
                None => commands.extend(user_creation(user)),
            }
            match (active, wanted.enabled) {
                (true, false) => commands.push(Command::DeactivateUser(username.clone())),
                (false, true) => commands.push(Command::ReactivateUser(username.clone())),
                _ => {}
            }
        }
        commands
    }

    fn entities(&self, document: &PolicyDocument) -> Vec<Command> {
        let world = self.world();
        let groups = document.groups.iter().filter_map(|group| match world.group(group.id.as_str()) {
            None => Some(Command::CreateGroup(group.clone())),
            Some(old) => (group != old).then(|| Command::UpdateGroup(group.clone())),
        });
        let roles = document.roles.iter().filter_map(|role| match world.role(role.id.as_str()) {
            None => Some(Command::CreateRole(role.clone())),
            Some(old) => {
                let is_kept =
                    |one: &_| !self.withdrawn.contains(&Fact::RolePermission(role.id.clone(), Clone::clone(one)));
                let kept = old.permissions.iter().filter(|one| is_kept(one));
                let permissions = kept.chain(&role.permissions).cloned().collect();
                let new = Role { permissions, ..role.clone() };
                (new != *old).then_some(Command::UpdateRole(new))
            }
        });
        let tenants = document.tenants.iter().filter_map(|tenant| match world.tenant(tenant.id.as_str()) {
            None => Some(Command::CreateTenant(tenant.clone())),
            Some(old) => (tenant != old).then(|| Command::UpdateTenant(tenant.clone())),
        });
        groups.chain(roles).chain(tenants).collect()
    }
}

/// What a document defines about an entity, apart from what several documents can add: members and permissions.
#[derive(PartialEq, Eq)]
enum Definition<'d> {
    User(&'d DocumentUser),
    MappingRule(&'d MappingRule),
    Named(&'d Name, &'d Description),
}

impl PolicyDocument {
    fn definitions(&self) -> BTreeMap<(EntityKind, &str), Definition<'_>> {
        let users = self.users.iter().map(|user| ((EntityKind::User, user.username.as_str()), Definition::User(user)));
        let rules = self
            .mapping_rules
            .iter()
            .map(|rule| ((EntityKind::MappingRule, rule.id.as_str()), Definition::MappingRule(rule)));
        let groups = self
            .groups
            .iter()
            .map(|group| ((EntityKind::Group, group.id.as_str()), Definition::Named(&group.name, &group.description)));
        let roles = self
            .roles
            .iter()
            .map(|role| ((EntityKind::Role, role.id.as_str()), Definition::Named(&role.name, &role.description)));
        let tenants = self.tenants.iter().map(|tenant| {
            ((EntityKind::Tenant, tenant.id.as_str()), Definition::Named(&tenant.name, &tenant.description))
        });
        users.chain(rules).chain(groups).chain(roles).chain(tenants).collect()
    }
}

/// Returns the permissions in `wanted` that neither the world nor a preceding element of `wanted` grants.
#[must_use]
pub fn missing_grants(wanted: &[NewAuthorization], world: &World) -> Vec<NewAuthorization> {
    let mut given: BTreeMap<Subject, BTreeSet<PermissionName>> = BTreeMap::new();
    let mut missing = Vec::new();
    for one in wanted {
        let subject = Subject::of(one);
        let given = given.entry(subject.clone()).or_insert_with(|| {
            let held = world.owned_by(&subject.owner).filter(|held| {
                (&held.resource_type, &held.scope, &held.condition)
                    == (&subject.resource_type, &subject.scope, &subject.condition)
            });
            held.flat_map(|held| held.permissions).collect()
        });
        let permissions: BTreeSet<PermissionName> = one.permissions.difference(given).cloned().collect();
        if !permissions.is_empty() {
            given.extend(permissions.iter().cloned());
            missing.push(subject.with(permissions));
        }
    }
    missing
}

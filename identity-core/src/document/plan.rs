//! Commands that turn a world into what a document states.

use std::collections::{BTreeMap, BTreeSet};

use super::fact::{Fact, Subject};
use super::{DocumentFinding, PolicyDocument};
use crate::apply::{Command, Draft, NewAuthorization, reading_oneself, user_creation};
use crate::decide::Authority;
use crate::entity::{AuditEntity, EntityKind, Membership, Party, Role, Scope, User};
use crate::value::{
    DocumentName, GroupId, MappingRuleId, PasswordHash, PermissionName, ResourceTypeName, RoleId, TenantId, Username,
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
        let mut plan = Plan { world, withdrawn: &withdrawn, commands: Vec::new() };
        plan.delete_entities();
        plan.remove_members();
        plan.remove_grants();
        plan.put_types(self);
        plan.put_users(self, passwords, matches!(prune, Prune::Everything));
        plan.put_entities(self);
        let missing = self.memberships.iter().filter(|one| !world.is_member(one.container(), one.member()));
        plan.commands.extend(missing.cloned().map(Command::AddMember));
        let grants = missing_grants(&self.authorizations, world);
        plan.commands.extend(grants.into_iter().map(Command::CreateAuthorization));
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

    /// Returns the entities that a document of another name defines, too. Two documents would overwrite each other's
    /// names and descriptions at each application.
    #[must_use]
    pub fn conflicts(&self, others: &BTreeMap<DocumentName, Self>) -> Vec<DocumentFinding> {
        let defined = |document: &Self| -> BTreeSet<Fact> {
            document.facts().into_iter().filter(|fact| matches!(fact, Fact::Entity(..))).collect()
        };
        let own = defined(self);
        let mut findings = Vec::new();
        for (name, other) in others {
            for fact in own.intersection(&defined(other)) {
                findings.push(DocumentFinding {
                    pointer: self.places.0.get(fact).cloned().unwrap_or_default(),
                    rule: format!("is defined by the document `{name}`, too"),
                });
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

struct Plan<'w> {
    world: &'w World,
    /// Statements that no longer hold.
    withdrawn: &'w BTreeSet<Fact>,
    commands: Vec<Command>,
}

impl Plan<'_> {
    /// Whether the entity is to be deleted, with its memberships and authorizations.
    fn is_deleted(&self, kind: EntityKind, id: &str) -> bool {
        self.withdrawn.contains(&Fact::Entity(kind, id.to_owned()))
    }

    fn is_deleted_party(&self, party: &Party) -> bool {
        let kind = AuditEntity::from(party).kind;
        self.is_deleted(kind, party.id())
    }

    /// Whether the only resource of an authorization is an entity to be deleted.
    fn is_deleted_resource(&self, Subject { resource_type, scope, .. }: &Subject) -> bool {
        let kind = EntityKind::parse(resource_type.as_str());
        matches!((kind, scope), (Some(kind), Scope::Id(id)) if self.is_deleted(kind, id.as_str()))
    }

    fn delete_entities(&mut self) {
        let deletion = |fact: &Fact| {
            let Fact::Entity(kind, id) = fact else { return None };
            let world = self.world;
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
        let deletions: Vec<Command> = self.withdrawn.iter().filter_map(deletion).collect();
        self.commands.extend(deletions);
    }

    fn remove_members(&mut self) {
        let removed = |fact: &Fact| match fact {
            Fact::Member(one) if self.world.is_member(one.container(), one.member()) => {
                let container = AuditEntity::from(one.container());
                let goes_along = self.is_deleted(container.kind, &container.key) || self.is_deleted_party(one.member());
                (!goes_along).then(|| Command::RemoveMember(Membership::clone(one)))
            }
            _ => None,
        };
        let removed: Vec<Command> = self.withdrawn.iter().filter_map(removed).collect();
        self.commands.extend(removed);
    }

    fn remove_grants(&mut self) {
        let mut subjects: BTreeMap<&Subject, BTreeSet<&PermissionName>> = BTreeMap::new();
        for fact in self.withdrawn {
            if let Fact::Grant(subject, permission) = fact {
                subjects.entry(subject).or_default().insert(permission);
            }
        }
        for (subject, gone) in subjects {
            let goes_along = self.is_deleted_party(&subject.owner)
                || self.is_deleted(EntityKind::ResourceType, subject.resource_type.as_str())
                || self.is_deleted_resource(subject);
            if goes_along {
                continue;
            }
            for held in self.world.owned_by(&subject.owner) {
                let same = held.resource_type == subject.resource_type
                    && held.scope == subject.scope
                    && held.condition == subject.condition;
                let kept: BTreeSet<PermissionName> =
                    held.permissions.iter().filter(|name| !gone.contains(name)).cloned().collect();
                if !same || kept.len() == held.permissions.len() {
                    continue;
                }
                self.commands.push(if kept.is_empty() {
                    Command::DeleteAuthorization(held.key)
                } else {
                    Command::UpdateAuthorization(held.key, Subject::clone(subject).with(kept))
                });
            }
        }
    }

    fn put_types(&mut self, document: &PolicyDocument) {
        for kind in &document.resource_types {
            let Some(old) = self.world.custom_type(kind.name.as_str()) else {
                self.commands.push(Command::CreateResourceType(kind.clone()));
                continue;
            };
            let mut new = old.clone();
            new.permissions
                .retain(|one| !self.withdrawn.contains(&Fact::TypePermission(kind.name.clone(), one.clone())));
            new.properties.retain(|one| !self.withdrawn.contains(&Fact::TypeProperty(kind.name.clone(), one.clone())));
            new.permissions.extend(kind.permissions.iter().cloned());
            new.properties.extend(kind.properties.iter().cloned());
            if new != *old {
                self.commands.push(Command::UpdateResourceType(new));
            }
        }
    }

    fn put_users(&mut self, document: &PolicyDocument, passwords: &BTreeMap<Username, PasswordHash>, exactly: bool) {
        for wanted in &document.users {
            let username = &wanted.username;
            let old = self.world.user(username.as_str());
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
                Some(_) => self.commands.push(Command::UpdateUser(user)),
                // The grant on themselves is given like others, if the document has it.
                None if exactly || document.states_own_grant(&user) => self.commands.push(Command::CreateUser(user)),
                None => self.commands.extend(user_creation(user)),
            }
            match (active, wanted.enabled) {
                (true, false) => self.commands.push(Command::DeactivateUser(username.clone())),
                (false, true) => self.commands.push(Command::ReactivateUser(username.clone())),
                _ => {}
            }
        }
    }

    fn put_entities(&mut self, document: &PolicyDocument) {
        let world = self.world;
        let rules = document.mapping_rules.iter().filter_map(|rule| match world.mapping_rule(rule.id.as_str()) {
            None => Some(Command::CreateMappingRule(rule.clone())),
            Some(old) => (rule != old).then(|| Command::UpdateMappingRule(rule.clone())),
        });
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
        let put: Vec<Command> = rules.chain(groups).chain(roles).chain(tenants).collect();
        self.commands.extend(put);
    }
}

impl PolicyDocument {
    /// Whether the document has the authorization that new users get for themselves.
    fn states_own_grant(&self, user: &User) -> bool {
        let Ok(own) = reading_oneself(user) else { return false };
        let same = |new: &NewAuthorization| Subject::of(new) == Subject::of(&own);
        self.authorizations.iter().any(same)
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

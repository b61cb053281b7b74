//! Start-up data of Management Identity (docs/reference/management-api.md §6).

use std::collections::{BTreeMap, BTreeSet};

use identity_core::apply::{Command, NewAuthorization};
use identity_core::entity::{Container, MappingRule, Membership, Party, Role, RuleKind, Tenant};
use identity_core::preset;
use identity_core::service::{RuleTargets, creation, replacement};
use identity_core::value::{GroupId, InvalidValue, MappingRuleId, Name, RoleId, Username};
use identity_core::world::World;

use super::BootstrapError;
use crate::config::{AuthorizationSeed, Bootstrap, Components, InitialClaim, MappingRuleSeed, PartySeed};

/// Id and name of the mapping rule for the initial claim (docs/reference/management-api.md §6).
const INITIAL_RULE: &str = "Default";
/// Roles that the mapping rule for the initial claim assigns. They cover all permissions, so that the first
/// administrator can grant any role.
const INITIAL_ROLES: &[&str] =
    &["ManagementIdentity", "Optimize", "Console", "Web Modeler", "Orchestration", preset::ADMIN_ROLE];

pub(super) fn tenants(bootstrap: &Bootstrap, world: &World) -> Vec<Command> {
    let seeds = bootstrap.tenants.iter();
    seeds
        .filter_map(|seed| match world.tenant(seed.id.as_str()) {
            None => Some(Command::CreateTenant(Tenant::new(seed.id.clone(), seed.name.clone()))),
            Some(old) if old.name != seed.name => {
                Some(Command::UpdateTenant(Tenant { name: seed.name.clone(), ..old.clone() }))
            }
            Some(_) => None,
        })
        .collect()
}

/// Returns commands that create missing roles of the platform's components, and add missing permissions to existing
/// ones.
pub(super) fn component_roles(components: &Components, world: &World) -> Vec<Command> {
    let commands = components.roles().into_iter().filter_map(|role| match world.role(role.id.as_str()) {
        None => Some(Command::CreateRole(role)),
        Some(old) if !role.permissions.is_subset(&old.permissions) => {
            let permissions = old.permissions.union(&role.permissions).cloned().collect();
            Some(Command::UpdateRole(Role { permissions, ..old.clone() }))
        }
        Some(_) => None,
    });
    commands.collect()
}

pub(super) fn rules(bootstrap: &Bootstrap) -> Result<Vec<(MappingRule, RuleTargets)>, BootstrapError> {
    let mut rules = Vec::new();
    if let Some(claim) = &bootstrap.initial_claim {
        rules.push(initial_rule(claim).map_err(|reason| BootstrapError::Invalid { field: "initial-claim", reason })?);
    }
    for seed in &bootstrap.mapping_rules {
        rules.push(configured_rule(seed).map_err(|reason| BootstrapError::Invalid { field: "mapping-rules", reason })?);
    }
    Ok(rules)
}

fn initial_rule(claim: &InitialClaim) -> Result<(MappingRule, RuleTargets), InvalidValue> {
    let rule = MappingRule {
        id: MappingRuleId::parse(INITIAL_RULE)?,
        name: Name::parse(INITIAL_RULE)?,
        selector: claim.selector.clone(),
        operator: claim.operator,
        value: claim.value.clone(),
        kind: RuleKind::Role,
        issuer: claim.issuer.clone(),
    };
    let targets = INITIAL_ROLES.iter().map(|id| RoleId::parse(id).map(Container::Role)).collect::<Result<_, _>>()?;
    Ok((rule, targets))
}

fn configured_rule(seed: &MappingRuleSeed) -> Result<(MappingRule, RuleTargets), InvalidValue> {
    let rule = MappingRule {
        id: MappingRuleId::parse(seed.name.as_str())?,
        name: seed.name.clone(),
        selector: seed.selector.clone(),
        operator: seed.operator,
        value: seed.value.clone(),
        kind: seed.kind,
        issuer: seed.issuer.clone(),
    };
    let roles = seed.roles.iter().cloned().map(Container::Role);
    let tenants = seed.tenants.iter().cloned().map(Container::Tenant);
    let groups = seed.groups.iter().cloned().map(Container::Group);
    Ok((rule, roles.chain(tenants).chain(groups).collect()))
}

/// Returns commands that create or update mapping rules as configured. Targets that were added through the APIs stay.
/// Targets that are missing roles, such as deleted ones, are skipped, because they would abort start-up.
pub(super) fn rule_commands(rules: &[(MappingRule, RuleTargets)], world: &World) -> Vec<Command> {
    let exists = |target: &Container| match target {
        Container::Role(id) => world.role(id.as_str()).is_some(),
        Container::Group(_) | Container::Tenant(_) => true,
    };
    rules
        .iter()
        .flat_map(|(rule, targets)| {
            let mut targets: RuleTargets = targets.iter().filter(|target| exists(target)).cloned().collect();
            match world.mapping_rule(rule.id.as_str()) {
                None => creation(rule.clone(), targets),
                Some(old) => {
                    targets.extend(world.memberships(&Party::MappingRule(old.id.clone())));
                    replacement(world, old, MappingRule { kind: old.kind, ..rule.clone() }, &targets)
                }
            }
        })
        .collect()
}

/// Returns commands that add missing members to the configured tenants. Skips members whose names could not be resolved
/// to parties.
pub(crate) fn member_commands(bootstrap: &Bootstrap, parties: &Parties, world: &World) -> Vec<Command> {
    let seeds =
        bootstrap.tenants.iter().flat_map(|tenant| tenant.members.iter().map(move |member| (&tenant.id, member)));
    let known = seeds.filter(|(tenant, _)| world.tenant(tenant.as_str()).is_some());
    let memberships: BTreeSet<Membership> = known
        .filter_map(|(tenant, member)| {
            Membership::new(Container::Tenant(tenant.clone()), parties.get(member)?.clone()).ok()
        })
        .collect();
    let missing = memberships.into_iter().filter(|one| !world.is_member(one.container(), one.member()));
    missing.map(Command::AddMember).collect()
}

/// Returns the configured authorizations, except those whose owner could not be resolved to a party.
pub(crate) fn configured_authorizations(bootstrap: &Bootstrap, parties: &Parties) -> Vec<NewAuthorization> {
    let authorization = |seed: &AuthorizationSeed| {
        Some(NewAuthorization {
            owner: parties.get(&seed.owner)?.clone(),
            resource_type: seed.resource_type.clone(),
            scope: seed.scope.clone(),
            permissions: seed.permissions.clone(),
            condition: None,
        })
    };
    bootstrap.authorizations.iter().filter_map(authorization).collect()
}

/// Parties (users, groups, applications) by their configured names. Names that could not be resolved are absent.
pub type Parties = BTreeMap<PartySeed, Party>;

/// Returns the users, groups and applications that configured tenant members and authorizations refer to.
pub fn named_parties(bootstrap: &Bootstrap) -> BTreeSet<&PartySeed> {
    let members = bootstrap.tenants.iter().flat_map(|tenant| &tenant.members);
    members.chain(bootstrap.authorizations.iter().map(|one| &one.owner)).collect()
}

/// Resolves configured names without a directory: users and applications by id, groups by name, else by id.
pub(super) fn parties_of_world(bootstrap: &Bootstrap, world: &World) -> Result<Parties, BootstrapError> {
    let party = |seed: &PartySeed| -> Result<Party, BootstrapError> {
        let invalid = |reason| BootstrapError::Invalid { field: "bootstrap", reason };
        Ok(match seed {
            PartySeed::User(name) => Party::User(Username::parse(name.as_str()).map_err(invalid)?),
            PartySeed::UserId(id) => Party::User(id.clone()),
            PartySeed::Application(id) => Party::Client(id.clone()),
            PartySeed::Group(name) => {
                let named = world.groups().find(|group| group.name == *name).map(|group| group.id.clone());
                Party::Group(named.map_or_else(|| GroupId::parse(name.as_str()), Ok).map_err(invalid)?)
            }
        })
    };
    named_parties(bootstrap).into_iter().map(|seed| Ok((seed.clone(), party(seed)?))).collect()
}

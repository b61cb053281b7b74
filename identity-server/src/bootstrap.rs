//! What the configuration wants at start. Reconciled at every start: what is missing is made, what differs is changed and
//! said in the log, and nothing is removed. Safe with several replicas: each plans under the store's revision lock.

use std::collections::BTreeMap;

use identity_core::apply::{Command, Refusal};
use identity_core::decide::Permit;
use identity_core::engine::{Engine, WriteError};
use identity_core::entity::{
    AuditEntity, AuditOperation, Container, EntityKind, MappingRule, Membership, Party, RuleKind, Tenant, User,
};
use identity_core::port::{AuditDraft, PasswordHasher};
use identity_core::preset;
use identity_core::service::{RuleTargets, creation, replacement};
use identity_core::value::{Description, InvalidValue, MappingRuleId, Name, PasswordHash, RoleId, Username};
use identity_core::world::{Sources, World};
use tracing::{info, warn};

use crate::config::{Bootstrap, Config, InitialClaim, MappingRuleSeed, UserSeed};

/// The rule that the initial claim makes (management reference §6).
const INITIAL_RULE: &str = "Default";
/// The roles of whoever has the initial claim: everything, so that they can give it to others.
const INITIAL_ROLES: &[&str] =
    &["ManagementIdentity", "Optimize", "Console", "Web Modeler", "Orchestration", preset::ADMIN_ROLE];

/// Why the start-up data cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// The model refuses it, or the store fails.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A name is not one.
    #[error("{field}: {reason}")]
    Invalid {
        /// Where in the configuration.
        field: &'static str,
        /// Why.
        reason: InvalidValue,
    },
    /// A password cannot be hashed.
    #[error("the password of `{0}` cannot be hashed")]
    Password(Username),
}

/// Makes what is missing of the defaults and of the configuration.
///
/// # Errors
/// When something is refused, or the store fails. What was made before stays; the next start goes on.
pub async fn apply(
    engine: &Engine,
    config: &Config,
    hasher: Option<&dyn PasswordHasher>,
) -> Result<(), BootstrapError> {
    let bootstrap = &config.bootstrap;
    write(engine, "defaults", |world| Ok(preset::missing(world))).await?;
    write(engine, "tenants", |world| Ok(tenants(bootstrap, world))).await?;
    if engine.world().sources() != Sources::BuiltIn {
        let rules = rules(bootstrap)?;
        write(engine, "mapping rules", |world| Ok(rule_commands(&rules, world))).await?;
        if bootstrap.initial_claim.is_none() && engine.world().mapping_rules().len() == 0 {
            warn!(
                "bootstrap.nobody: nobody can administer; set bootstrap.initial-claim.value to the first administrator's"
            );
        }
    }
    if let Some(hasher) = hasher {
        let hashes = hashes(&bootstrap.users, &engine.world(), hasher).await?;
        write(engine, "users", |world| Ok(users(&bootstrap.users, &hashes, world))).await?;
    }
    Ok(())
}

async fn write(
    engine: &Engine,
    what: &'static str,
    plan: impl Fn(&World) -> Result<Vec<Command>, Refusal> + Send + Sync,
) -> Result<(), WriteError> {
    // Nothing to do, nothing to lock and nothing to record: the usual case.
    if plan(&engine.world())?.is_empty() {
        return Ok(());
    }
    let entity = AuditEntity { kind: EntityKind::Tenant, key: what.to_owned() };
    let attempt = AuditDraft { operation: AuditOperation::Update, entity, related: None };
    let done = engine.execute(&Permit::of_the_server(), attempt, |world| plan(world)).await?;
    info!(what, changes = done.changes.len(), revision = done.revision.0, "bootstrap.changed");
    Ok(())
}

fn tenants(bootstrap: &Bootstrap, world: &World) -> Vec<Command> {
    let seeds = bootstrap.tenants.iter();
    seeds
        .filter_map(|seed| match world.tenant(seed.id.as_str()) {
            None => Some(Command::CreateTenant(Tenant {
                id: seed.id.clone(),
                name: seed.name.clone(),
                description: Description::default(),
            })),
            Some(old) if old.name != seed.name => {
                Some(Command::UpdateTenant(Tenant { name: seed.name.clone(), ..old.clone() }))
            }
            Some(_) => None,
        })
        .collect()
}

fn rules(bootstrap: &Bootstrap) -> Result<Vec<(MappingRule, RuleTargets)>, BootstrapError> {
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
    };
    let roles = seed.roles.iter().cloned().map(Container::Role);
    let tenants = seed.tenants.iter().cloned().map(Container::Tenant);
    let groups = seed.groups.iter().cloned().map(Container::Group);
    Ok((rule, roles.chain(tenants).chain(groups).collect()))
}

/// Rules are made or changed to what is configured. Targets that somebody added stay; roles that were deleted on purpose do
/// not stop the start.
fn rule_commands(rules: &[(MappingRule, RuleTargets)], world: &World) -> Vec<Command> {
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

/// The hashes of the passwords of users who are yet to be made. Those of others are theirs to change.
async fn hashes(
    users: &[UserSeed],
    world: &World,
    hasher: &dyn PasswordHasher,
) -> Result<BTreeMap<Username, PasswordHash>, BootstrapError> {
    let mut hashes = BTreeMap::new();
    for user in users.iter().filter(|user| world.user(user.username.as_str()).is_none()) {
        let hash = hasher.hash(&user.password).await;
        let hash = hash.ok_or_else(|| BootstrapError::Password(user.username.clone()))?;
        hashes.insert(user.username.clone(), hash);
    }
    Ok(hashes)
}

fn users(seeds: &[UserSeed], hashes: &BTreeMap<Username, PasswordHash>, world: &World) -> Vec<Command> {
    let mut commands = Vec::new();
    for seed in seeds {
        let password = match (world.user(seed.username.as_str()), hashes.get(&seed.username)) {
            (Some(old), _) => old.password.clone(),
            (None, Some(hash)) => hash.clone(),
            (None, None) => continue,
        };
        let wanted =
            User { username: seed.username.clone(), name: seed.name.clone(), email: seed.email.clone(), password };
        match world.user(seed.username.as_str()) {
            None => commands.push(Command::CreateUser(wanted)),
            Some(old) if *old != wanted => commands.push(Command::UpdateUser(wanted)),
            Some(_) => {}
        }
        for role in &seed.roles {
            let (container, member) = (Container::Role(role.clone()), Party::User(seed.username.clone()));
            if world.is_member(&container, &member) {
                continue;
            }
            commands.extend(Membership::new(container, member).ok().map(Command::AddMember));
        }
    }
    commands
}

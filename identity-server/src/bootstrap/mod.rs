//! What the configuration wants at start. Reconciled at every start: what is missing is made, what differs is changed and
//! said in the log, and nothing is removed. Safe with several replicas: each plans under the store's revision lock.

mod initialization;
mod management;
#[cfg(test)]
mod tests;
mod users;

use std::collections::BTreeMap;

use identity_core::apply::{Command, Refusal};
use identity_core::engine::{Engine, ServerRequest, WriteError};
use identity_core::entity::{AuditEntity, AuditOperation, Container, EntityKind};
use identity_core::port::{AuditDraft, PasswordHasher};
use identity_core::preset;
use identity_core::value::{InvalidValue, PasswordHash, RoleId, Username};
use identity_core::world::{Sources, World};
use tracing::{info, warn};

pub use self::management::{Parties, named_parties};
use crate::config::{Bootstrap, Config, Profile, UserSeed};

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
    if config.keycloak.is_none() {
        write(engine, "roles", |world| Ok(management::component_roles(&config.components, world))).await?;
    }
    write(engine, "tenants", |world| Ok(management::tenants(bootstrap, world))).await?;
    if engine.world().sources() != Sources::BuiltIn && config.keycloak.is_none() {
        let rules = management::rules(bootstrap)?;
        write(engine, "mapping rules", |world| Ok(management::rule_commands(&rules, world))).await?;
    }
    if let Some(hasher) = hasher {
        for seeds in [&bootstrap.users, &config.initialization.users] {
            let hashes = users::hashes(seeds, &engine.world(), hasher).await?;
            write(engine, "users", |world| Ok(users::commands(seeds, &hashes, world))).await?;
        }
    }
    write(engine, "initialization", |world| Ok(initialization::commands(&config.initialization, world))).await?;
    if config.keycloak.is_none() {
        let parties = management::parties_of_world(bootstrap, &engine.world())?;
        access(engine, bootstrap, &parties).await?;
    }
    let of_any_issuer = engine.world().mapping_rules().filter(|rule| rule.issuer.is_none()).count();
    if config.authentication.providers.len() > 1 && of_any_issuer > 0 {
        warn!(
            rules = of_any_issuer,
            "bootstrap.rules_of_any_issuer: mapping rules without an issuer match the tokens of every provider"
        );
    }
    if config.keycloak.is_none() && nobody_can_administer(&engine.world()) {
        warn!(
            "bootstrap.nobody: nobody can administer; set bootstrap.initial-claim.value to the first administrator's, or \
             give initialization.default-roles.admin a member"
        );
    }
    Ok(())
}

/// A section of the configuration, and what it makes in a world.
type Plan<'c> = (&'static str, Box<dyn Fn(&World) -> Result<Vec<Command>, BootstrapError> + 'c>);

/// What each section makes. The passwords of users are not hashed: these plans are for worlds without sign-ins.
pub fn plans(config: &Config) -> Vec<Plan<'_>> {
    let bootstrap = &config.bootstrap;
    let has_rules = config.profile != Profile::Builtin && config.keycloak.is_none();
    let mut plans: Vec<Plan<'_>> = Vec::new();
    if config.keycloak.is_none() {
        plans.push(("components", Box::new(|world| Ok(management::component_roles(&config.components, world)))));
    }
    plans.push(("bootstrap.tenants", Box::new(|world| Ok(management::tenants(bootstrap, world)))));
    if has_rules {
        let rules = |world: &World| Ok(management::rule_commands(&management::rules(bootstrap)?, world));
        plans.push(("bootstrap.mapping-rules", Box::new(rules)));
    }
    if config.profile == Profile::Builtin {
        let users = [("bootstrap.users", &bootstrap.users), ("initialization.users", &config.initialization.users)];
        for (section, seeds) in users {
            let hash = |seed: &UserSeed| (seed.username.clone(), PasswordHash::of_nobody(seed.username.as_str()));
            let hashes: BTreeMap<Username, PasswordHash> = seeds.iter().map(hash).collect();
            plans.push((section, Box::new(move |world| Ok(users::commands(seeds, &hashes, world)))));
        }
    }
    plans.push(("initialization", Box::new(|world| Ok(initialization::commands(&config.initialization, world)))));
    if config.keycloak.is_none() {
        let access = |world: &World| {
            let parties = management::parties_of_world(bootstrap, world)?;
            let wanted = management::configured_authorizations(bootstrap, &parties);
            let grants = initialization::missing_grants(&wanted, world).into_iter().map(Command::CreateAuthorization);
            Ok(management::member_commands(bootstrap, &parties, world).into_iter().chain(grants).collect())
        };
        plans.push(("bootstrap", Box::new(access)));
    }
    plans
}

/// Roles that mapping rules give, and that `world`, in which all that is configured was made, does not have: a line each.
pub fn unknown_roles(config: &Config, world: &World) -> Vec<String> {
    if config.keycloak.is_some() {
        return Vec::new();
    }
    let given = config
        .bootstrap
        .mapping_rules
        .iter()
        .enumerate()
        .flat_map(|(place, rule)| rule.roles.iter().enumerate().map(move |(index, role)| (place, index, role)));
    let unknown = given.filter(|(.., role)| world.role(role.as_str()).is_none());
    let line = |(place, index, role)| {
        format!(
            "`bootstrap.mapping-rules[{place}].applied-role-names[{index}]` names the role `{role}`, which is neither a default nor \
             configured: until it is made, the rule does not give it"
        )
    };
    unknown.map(line).collect()
}

/// Makes the members of tenants and the authorizations that are configured and missing.
///
/// # Errors
/// When something is refused, or the store fails.
pub async fn access(engine: &Engine, bootstrap: &Bootstrap, parties: &Parties) -> Result<(), WriteError> {
    write(engine, "members", |world| Ok(management::member_commands(bootstrap, parties, world))).await?;
    let wanted = management::configured_authorizations(bootstrap, parties);
    let commands = |world: &World| {
        let missing = initialization::missing_grants(&wanted, world);
        Ok(missing.into_iter().map(Command::CreateAuthorization).collect())
    };
    write(engine, "authorizations", commands).await
}

/// Whether no token can be an administrator's.
fn nobody_can_administer(world: &World) -> bool {
    let admins = RoleId::parse(preset::ADMIN_ROLE).map(Container::Role);
    world.sources() != Sources::BuiltIn
        && world.mapping_rules().len() == 0
        && !admins.is_ok_and(|admins| world.members(&admins).next().is_some())
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
    let mut made = Vec::new();
    let planned = |world: &World| {
        let commands = plan(world)?;
        made = commands.iter().map(|command| command.audit_draft(None)).collect();
        Ok(commands)
    };
    let done = engine.execute(&ServerRequest, attempt, planned).await?;
    for AuditDraft { operation, entity, related } in made {
        let related = related.map(|related| related.to_string());
        info!(operation = operation.as_str(), %entity, related, revision = done.revision.0, "bootstrap.changed");
    }
    Ok(())
}

//! Start-up data from the configuration. Each start creates missing entities, changes and logs those that differ, and
//! removes nothing. Several replicas may start at once, because each plans its changes while it holds the store's write
//! lock.

mod initialization;
mod management;
#[cfg(test)]
mod tests;
mod users;

use std::collections::BTreeMap;

use identity_core::apply::{Command, Refusal, missing_defaults};
use identity_core::document::missing_grants;
use identity_core::engine::{Engine, ServerRequest, WriteError};
use identity_core::entity::{AuditDraft, AuditEntity, AuditOperation, Container, EntityKind};
use identity_core::port::PasswordHasher;
use identity_core::preset;
use identity_core::value::{InvalidValue, PasswordHash, RoleId, Username};
use identity_core::world::{Sources, World};
use tracing::{info, warn};

pub use self::management::{Parties, named_parties};
use crate::config::{Bootstrap, Config, Profile, UserSeed};

/// Reason why the start-up data could not be written.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// A change was rejected by the rules of the model, or the store failed.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A configured or built-in value is invalid; contains its section and the violated rule.
    #[error("{field}: {reason}")]
    Invalid {
        /// Section of the configuration, such as `mapping-rules`.
        field: &'static str,
        /// The rule that the value violates.
        reason: InvalidValue,
    },
    /// The password of this user could not be hashed.
    #[error("the password of `{0}` cannot be hashed")]
    Password(Username),
}

/// Creates the default entities and the configured entities that are missing, and updates those that differ. `hasher`
/// is required to create users; without it, they are skipped.
///
/// # Errors
/// Returns an error if a change is rejected, or the store fails. Completed changes persist; the next start continues.
pub async fn apply(
    engine: &Engine,
    config: &Config,
    hasher: Option<&dyn PasswordHasher>,
) -> Result<(), BootstrapError> {
    let bootstrap = &config.bootstrap;
    write(engine, "defaults", |world| Ok(missing_defaults(world))).await?;
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
    write(engine, "initialization", |world| Ok(initialization::commands(&config.initialization.policies, world)))
        .await?;
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
    if config.keycloak.is_none() && has_no_administrator(&engine.world()) {
        warn!(
            "bootstrap.administrator.missing: no principal can administer; set `bootstrap.initial-claim.value` to the \
             claim value of the first administrator, or add a member to `initialization.default-roles.admin`"
        );
    }
    Ok(())
}

/// Section of the configuration, and a function that returns the section's commands for a world.
type Plan<'c> = (&'static str, Box<dyn Fn(&World) -> Result<Vec<Command>, BootstrapError> + 'c>);

/// Returns the plans of all sections, for validation only: users get unusable password hashes.
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
            let hash = |seed: &UserSeed| (seed.username.clone(), PasswordHash::placeholder(seed.username.as_str()));
            let hashes: BTreeMap<Username, PasswordHash> = seeds.iter().map(hash).collect();
            plans.push((section, Box::new(move |world| Ok(users::commands(seeds, &hashes, world)))));
        }
    }
    plans.push((
        "initialization",
        Box::new(|world| Ok(initialization::commands(&config.initialization.policies, world))),
    ));
    if config.keycloak.is_none() {
        let access = |world: &World| {
            let parties = management::parties_of_world(bootstrap, world)?;
            let wanted = management::configured_authorizations(bootstrap, &parties);
            let grants = missing_grants(&wanted, world).into_iter().map(Command::CreateAuthorization);
            Ok(management::member_commands(bootstrap, &parties, world).into_iter().chain(grants).collect())
        };
        plans.push(("bootstrap", Box::new(access)));
    }
    plans
}

/// Lists the roles that configured mapping rules assign and that `world` lacks, as one warning each. `world` must
/// already contain all configured entities.
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
            "`bootstrap.mapping-rules[{place}].applied-role-names[{index}]` names the role `{role}`, which is neither \
             a default nor configured; the rule does not assign it until it is created"
        )
    };
    unknown.map(line).collect()
}

/// Creates the configured tenant members and authorizations that are missing. Names that `parties` lacks are skipped.
///
/// # Errors
/// Returns an error if a change is rejected, or the store fails.
pub async fn access(engine: &Engine, bootstrap: &Bootstrap, parties: &Parties) -> Result<(), WriteError> {
    write(engine, "members", |world| Ok(management::member_commands(bootstrap, parties, world))).await?;
    let wanted = management::configured_authorizations(bootstrap, parties);
    let commands = |world: &World| {
        let missing = missing_grants(&wanted, world);
        Ok(missing.into_iter().map(Command::CreateAuthorization).collect())
    };
    write(engine, "authorizations", commands).await
}

/// Whether tokens are required, but neither a mapping rule nor a member of the administrator role exists.
fn has_no_administrator(world: &World) -> bool {
    let admins = RoleId::parse(preset::ADMIN_ROLE).map(Container::Role);
    world.sources() != Sources::BuiltIn
        && world.mapping_rules().len() == 0
        && !admins.is_ok_and(|admins| world.members(&admins).next().is_some())
}

/// Maximum number of entities that one log message lists.
const MAX_LOGGED: usize = 10;

async fn write(
    engine: &Engine,
    what: &'static str,
    plan: impl Fn(&World) -> Result<Vec<Command>, Refusal> + Send + Sync,
) -> Result<(), WriteError> {
    // Common case: nothing to do, so nothing is locked or recorded.
    if plan(&engine.world())?.is_empty() {
        return Ok(());
    }
    let entity = AuditEntity { kind: EntityKind::Tenant, key: what.to_owned() };
    let attempt = AuditDraft::new(AuditOperation::Update, entity);
    let mut made = Vec::new();
    let planned = |world: &World| {
        let commands = plan(world)?;
        made = commands.iter().map(|command| command.audit_draft()).collect();
        Ok(commands)
    };
    let done = engine.execute(&ServerRequest, attempt, planned).await?;
    let mut kinds: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for AuditDraft { operation, entity, related, .. } in made {
        // A new authorization has no key yet, so the message names its owner instead.
        let named = related.filter(|_| entity.key.is_empty()).unwrap_or(entity.clone());
        kinds.entry((operation.as_str(), entity.kind.as_str())).or_default().push(named.to_string());
    }
    for ((operation, kind), mut entities) in kinds {
        let count = entities.len();
        entities.dedup();
        entities.truncate(MAX_LOGGED);
        let entities = entities.join(", ");
        info!(operation, kind, count, entities, revision = done.revision.0, "bootstrap.changed");
    }
    Ok(())
}

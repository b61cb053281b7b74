//! Start-up, serving and shutdown of the server; one function per step.

mod audit;
mod directory;
mod listen;
mod operations;
mod stores;

use std::sync::Arc;
use std::time::Duration;

use identity_core::catalog::ResourceCatalog;
use identity_core::engine::Engine;
use identity_core::port::{Clock, Ids, Impairment, SessionStore, StoreError};
use identity_core::service::recent_callers::LastSignIns;
use identity_core::service::{Cutoffs, Orphans};
use identity_core::value::{InvalidValue, RoleId, Secret, Username};
use identity_core::world::World;
use identity_http::actuator::Operations;
use tokio::task::JoinSet;
use tracing::{error, info, warn};

use crate::bootstrap::{self, BootstrapError};
use crate::config::{Config, UserSeed};
use crate::profile::{self, AssemblyError, Parts, Providers};
use directory::{follow_cutoffs, initialised, look_for_orphans, settle_deletions};
use identity_adapters_system::{RandomIds, SystemClock};
use listen::Listening;
use operations::{Metrics, ServerOperations, Stage};
use stores::Stores;
pub(crate) use stores::{Probed, probe, problems};

/// Reason why the server did not start, or stopped serving.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Binding to an address failed, for example because the port is in use.
    #[error("cannot listen on {address}")]
    Listen {
        /// The configured address that could not be bound.
        address: std::net::SocketAddr,
        /// The underlying I/O error.
        source: std::io::Error,
    },
    /// A listener failed, before or while serving.
    #[error("the server failed")]
    Serve(#[source] std::io::Error),
    /// The process-wide metrics recorder could not be installed.
    #[error("metrics cannot be recorded")]
    Metrics(#[source] metrics_exporter_prometheus::BuildError),
    /// Permanent store error; retrying does not help.
    #[error("the store cannot be used")]
    Store(#[from] StoreError),
    /// The database rejected this server repeatedly; retrying does not help.
    #[error(
        "the database rejected this server; check `store.postgres` (`username`, `password`, `database`) and the privileges of the role"
    )]
    Refused(#[source] StoreError),
    /// The services of the profile could not be built.
    #[error("the profile cannot be assembled")]
    Assembly(#[from] AssemblyError),
    /// The configured start-up data could not be written.
    #[error("the configured start-up data cannot be created")]
    Bootstrap(#[from] BootstrapError),
    /// A built-in default is not a valid value.
    #[error("a built-in default cannot be created")]
    Default(#[from] InvalidValue),
}

/// Runs the server until SIGTERM or Ctrl-C, then drains running requests.
///
/// # Errors
/// Returns an error if the server cannot start, or stops serving.
pub fn serve(config: Config) -> Result<(), RunError> {
    actix_web::rt::System::new().block_on(run(config, |_| ()))
}

/// Like [`serve`], for local trials: adds the user `demo` (password `demo`, administrator) unless one is configured,
/// and prints example requests.
///
/// # Errors
/// Returns an error if the server cannot start, or stops serving.
pub fn dev(mut config: Config) -> Result<(), RunError> {
    let demo = Username::parse("demo")?;
    let configured = config.bootstrap.users.iter().chain(&config.initialization.users);
    if !configured.into_iter().any(|user| user.username == demo) {
        config.bootstrap.users.push(UserSeed {
            username: demo,
            password: Secret::new("demo".to_owned()),
            name: Some(identity_core::value::Name::parse("Demo")?),
            email: None,
            roles: vec![RoleId::parse(identity_core::preset::ADMIN_ROLE)?],
        });
    }
    actix_web::rt::System::new().block_on(run(config, listen::say_what_to_try))
}

async fn run(config: Config, greet: impl FnOnce(&Listening)) -> Result<(), RunError> {
    let metrics = Metrics::install().map_err(RunError::Metrics)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids: Arc<dyn Ids> = Arc::new(RandomIds);
    let mut listening = Listening::on(&config.server)?;
    actix_web::rt::spawn(metrics.upkeep());

    // The management port opens first, so that health is available while the remaining steps wait or fail.
    let operations = Arc::new(ServerOperations::new(metrics));
    let management =
        listening.serve_management(&(Arc::clone(&operations) as Arc<dyn Operations>), profile::hosts(&config))?;
    let management_handle = management.handle();
    actix_web::rt::spawn(management);
    listening.announce_management();

    let sources = profile::sources(&config)?;
    // Background tasks, which are stopped before the store is closed.
    let mut upkeep = JoinSet::new();
    let starting = async {
        let stores = reachable_stores(&config, &operations).await?;
        let engine = Engine::start(
            Arc::clone(&stores.policy),
            Arc::clone(&stores.audit),
            Arc::clone(&clock),
            sources,
            ResourceCatalog::standard(),
        );
        let engine = Arc::new(engine.await?.refusing_beyond(config.consistency.max_age));
        report_disabled_rules(&engine.world());
        let hasher = profile::password_hasher(&config, &clock)?;
        bootstrap::apply(&engine, &config, hasher.as_deref()).await?;
        let cutoffs = Arc::new(Cutoffs::new(Arc::clone(&stores.cutoffs), Arc::clone(&clock)));
        cutoffs.refresh().await?;
        let shared = profile::Shared {
            locks: Arc::clone(&stores.locks),
            cutoffs: Arc::clone(&cutoffs),
            installation: Some(stores.installation.installation_id(&ids.fresh()).await?),
        };
        let directory = profile::directory(&config, shared)?;
        if directory.is_some() {
            upkeep.spawn(follow_cutoffs(cutoffs));
        }
        let mut config = config.clone();
        if let Some(directory) = &directory {
            let own = initialised(directory.as_ref(), &engine, &operations).await;
            config.authentication.signs_in_as(own);
        }
        let parts = Parts {
            engine: &engine,
            audit: &stores.audit,
            deletions: &stores.deletions,
            installation: &stores.installation,
            sessions: &stores.sessions,
            hasher,
            clock: &clock,
            ids: &ids,
            operations: &(Arc::clone(&operations) as Arc<dyn Operations>),
            listening: listening.api_address(),
            directory: directory.as_deref(),
        };
        let assembled = profile::assemble(&config, parts)?;
        // A failure does not abort start-up: it only means that users count as unfamiliar until they sign in again.
        if let Err(error) = assembled.surfaces.authentication.recall_familiarity().await {
            warn!(error = &error as &dyn std::error::Error, "familiarity.recall.failed");
        }
        Ok::<_, RunError>((stores, engine, assembled, directory))
    };
    let (stores, engine, assembled, directory) = tokio::select! {
        started = starting => started?,
        () = listen::told_to_stop() => {
            management_handle.stop(true).await;
            return Ok(());
        }
    };

    upkeep.spawn({
        let engine = Arc::clone(&engine);
        async move { engine.follow().await }
    });
    upkeep.spawn(audit::keep(Arc::clone(&engine), Arc::clone(&stores.audit), config.audit));
    if let Some(providers) = assembled.providers.clone() {
        upkeep.spawn(keys_of_all_issuers(providers));
    }
    upkeep.spawn(sweep(Arc::clone(&stores.sessions), Arc::clone(&clock)));
    let last_sign_ins = assembled.last_sign_ins.clone();
    if let Some(last_sign_ins) = last_sign_ins.clone() {
        upkeep.spawn(save_sign_ins(last_sign_ins));
    }
    if let Some(deletions) = assembled.deletions.clone() {
        upkeep.spawn(settle_deletions(deletions));
    }
    if let (Some(directory), Some(keycloak)) = (&directory, &config.keycloak) {
        let orphans = Orphans::new(Arc::clone(&engine), directory.ports().of_members());
        upkeep.spawn(look_for_orphans(orphans, keycloak.orphan_interval, keycloak.remove_orphans));
    }
    let server = listening.serve_api(&config.server, assembled.surfaces)?;
    let handle = server.handle();
    let serving = actix_web::rt::spawn(server);
    operations.enter(Stage::Serving { engine: Arc::clone(&engine), providers: assembled.providers, directory });
    listening.announce();
    greet(&listening);

    tokio::select! {
        ended = serving => {
            error!("server.ended");
            return ended.map_err(|error| RunError::Serve(std::io::Error::other(error)))?.map_err(RunError::Serve);
        }
        () = listen::told_to_stop() => {}
    }
    info!("server.draining");
    operations.enter(Stage::Draining);
    handle.stop(true).await;
    upkeep.shutdown().await;
    engine.record_counts(true).await;
    if let Some(last_sign_ins) = last_sign_ins {
        saved(last_sign_ins.save().await);
    }
    stores.close().await;
    management_handle.stop(true).await;
    info!("server.stopped");
    Ok(())
}

/// Fetches signing keys every second until each issuer has some. Requests cannot trigger this: while no issuer has
/// keys, the server is not ready and receives no requests.
async fn keys_of_all_issuers(providers: Arc<dyn Providers>) {
    loop {
        providers.warm().await;
        if providers.issuers().iter().all(|issuer| issuer.has_keys) {
            return;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Removes expired sessions and sign-ins every five minutes. They are invalid even before their removal.
async fn sweep(sessions: Arc<dyn SessionStore>, clock: Arc<dyn Clock>) {
    loop {
        tokio::time::sleep(Duration::from_secs(300)).await;
        if let Err(error) = sessions.sweep(clock.now()).await {
            warn!(error = &error as &dyn std::error::Error, "sessions.sweep.failed");
        }
    }
}

/// Stores the claims of recent callers every five seconds, for the other replicas and for the time after a restart.
async fn save_sign_ins(last_sign_ins: Arc<LastSignIns>) {
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        saved(last_sign_ins.save().await);
    }
}

/// Logs a failure to store last sign-ins. It does not affect requests.
fn saved(outcome: Result<usize, StoreError>) {
    if let Err(error) = outcome {
        warn!(error = &error as &dyn std::error::Error, "last_sign_ins.save.failed");
    }
}

/// Number of consecutive rejections by the database after which start-up fails. The database may still be initializing.
const MAX_REFUSALS: u32 = 5;

/// Connects to the store, retrying with exponential backoff (250 ms to 10 s). Permanent errors abort start-up at once;
/// rejections by the database abort it after [`MAX_REFUSALS`] attempts.
async fn reachable_stores(config: &Config, operations: &ServerOperations) -> Result<Stores, RunError> {
    let mut pause = Duration::from_millis(250);
    let mut refusals = 0;
    loop {
        let opened = Stores::open(&config.store).await;
        let refused = opened.as_ref().is_err_and(stores::is_permanent);
        refusals = if refused { refusals + 1 } else { 0 };
        match opened {
            Ok(stores) => return Ok(stores),
            Err(error) if refusals >= MAX_REFUSALS => return Err(RunError::Refused(error)),
            Err(error @ (StoreError::Unavailable(_) | StoreError::Impaired(..))) if !is_damaged(&error) => {
                warn!(error = &error as &dyn std::error::Error, retry_in = ?pause, "store.unavailable");
                operations.enter(Stage::WaitingForStore);
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(10));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether the database is damaged and must be restored from a backup.
fn is_damaged(error: &StoreError) -> bool {
    matches!(error, StoreError::Impaired(Impairment::Malformed, _))
}

/// Maximum number of disabled mapping rules that are logged individually.
const MAX_LOGGED_RULES: usize = 100;

/// Logs stored mapping rules whose claim name is no longer supported. They are kept and never match.
fn report_disabled_rules(world: &World) {
    let disabled = world.mapping_rules().filter_map(|rule| Some((&rule.id, rule.selector.disabled()?)));
    for (id, reason) in disabled.take(MAX_LOGGED_RULES) {
        warn!(rule = %id, %reason, "mapping_rule.disabled");
    }
}

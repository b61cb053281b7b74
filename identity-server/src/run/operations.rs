//! Health and metrics that the management port exposes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::profile::{Directory, Providers};
use identity_core::engine::{Engine, Following};
use identity_http::actuator::{Component, Operations, Status};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// Lifecycle stage of the server, from which its health is derived.
pub(super) enum Stage {
    Starting,
    WaitingForStore,
    WaitingForDirectory(String),
    Serving { engine: Arc<Engine>, providers: Option<Arc<dyn Providers>>, directory: Option<Arc<dyn Directory>> },
    Draining,
}

/// Handle to the Prometheus recorder, which renders the metrics.
pub(super) struct Metrics(PrometheusHandle);

impl Metrics {
    /// Installs the process-wide metrics recorder. Fails if another one is installed.
    pub(super) fn install() -> Result<Self, BuildError> {
        const SECONDS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
        PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)?
            .install_recorder()
            .map(Self)
    }

    /// Periodically sums up the recorded durations. Otherwise, they occupy memory until the metrics are requested.
    pub(super) fn upkeep(&self) -> impl Future<Output = ()> + Send + use<> {
        let handle = self.0.clone();
        async move {
            loop {
                tokio::time::sleep(UPKEEP).await;
                handle.run_upkeep();
            }
        }
    }
}

/// Interval between two summations of the recorded durations.
const UPKEEP: Duration = Duration::from_secs(5);

pub(super) struct ServerOperations {
    stage: Mutex<Stage>,
    metrics: Metrics,
}

impl ServerOperations {
    pub(super) fn new(metrics: Metrics) -> Self {
        Self { stage: Mutex::new(Stage::Starting), metrics }
    }

    pub(super) fn enter(&self, stage: Stage) {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner) = stage;
    }
}

impl Operations for ServerOperations {
    fn components(&self) -> Vec<Component> {
        let component = |name: &str, status, detail: Option<&str>| Component {
            name: name.to_owned(),
            status,
            detail: detail.map(str::to_owned),
        };
        match &*self.stage.lock().unwrap_or_else(PoisonError::into_inner) {
            Stage::Starting => vec![component("server", Status::Down, Some("starting"))],
            Stage::WaitingForStore => vec![
                component("server", Status::Down, Some("starting")),
                component("store", Status::Down, Some("cannot be reached; retrying")),
            ],
            Stage::WaitingForDirectory(reason) => vec![
                component("server", Status::Down, Some("starting")),
                component("store", Status::Up, None),
                component("directory", Status::Down, Some(reason)),
            ],
            Stage::Draining => vec![component("server", Status::Down, Some("stopping"))],
            Stage::Serving { engine, providers, directory } => {
                let (status, detail) = store(engine);
                let store = component("store", status, detail.as_deref());
                let mut components = vec![component("server", Status::Up, None), store];
                components.extend(directory.iter().map(|directory| match directory.last_problem() {
                    Some(problem) => component("directory", Status::Degraded, Some(&problem)),
                    None => component("directory", Status::Up, directory.advice().as_deref()),
                }));
                components.extend(providers.iter().flat_map(|providers| issuers(providers.as_ref())));
                components
            }
        }
    }

    fn metrics(&self) -> String {
        if let Stage::Serving { engine, .. } = &*self.stage.lock().unwrap_or_else(PoisonError::into_inner) {
            let world = engine.world();
            metrics::gauge!("identity_world_age_seconds").set(engine.world_age().as_secs_f64());
            #[expect(clippy::cast_precision_loss, reason = "a metric is a float")]
            metrics::gauge!("identity_world_revision").set(world.revision().0 as f64);
            let disabled = world.mapping_rules().filter(|rule| rule.selector.disabled().is_some()).count();
            #[expect(clippy::cast_precision_loss, reason = "a metric is a float")]
            metrics::gauge!("identity_mapping_rules_disabled").set(disabled as f64);
            #[expect(clippy::cast_precision_loss, reason = "a metric is a float")]
            metrics::gauge!("identity_world_authorizations").set(world.authorization_count() as f64);
        }
        self.metrics.0.render()
    }
}

/// Age of the loaded world from which the store is reported as degraded.
const DEGRADED_FROM: Duration = Duration::from_secs(5);

/// Returns the status of the store: whether it can be read and written, and the age of the loaded world.
fn store(engine: &Engine) -> (Status, Option<String>) {
    let age = engine.world_age();
    let old = |what: &str| format!("{what}; decisions use data that is {} s old", age.as_secs());
    match engine.following() {
        following if engine.is_too_old() => {
            let problem = match following {
                Following::Unreadable(problem) | Following::Unanswered(problem) => problem,
                Following::Answered => "was not queried recently".to_owned(),
            };
            let text =
                format!("{problem}; decisions are rejected, because the data is older than `consistency.max-age`");
            (Status::Down, Some(text))
        }
        Following::Unreadable(problem) => (Status::Down, Some(old(&problem))),
        Following::Unanswered(problem) => (Status::Degraded, Some(old(&format!("{problem}; changes fail")))),
        Following::Answered if age >= DEGRADED_FROM => (Status::Degraded, Some(old("was not queried recently"))),
        Following::Answered => match engine.write_problem() {
            Some(problem) => (Status::Degraded, Some(format!("{problem}; changes fail"))),
            None => (Status::Up, None),
        },
    }
}

/// Returns one health component per issuer. An issuer without keys is down if no issuer has keys, else degraded: tokens
/// of the other issuers can still be validated.
fn issuers(providers: &dyn Providers) -> Vec<Component> {
    let issuers = providers.issuers();
    let somebody = issuers.iter().any(|issuer| issuer.has_keys);
    issuers
        .into_iter()
        .map(|issuer| Component {
            name: format!("issuer {}", issuer.issuer),
            status: match (issuer.has_keys, somebody, issuer.up) {
                (true, _, Some(false)) | (false, true, _) => Status::Degraded,
                (true, ..) => Status::Up,
                (false, false, _) => Status::Down,
            },
            detail: issuer.last_error,
        })
        .collect()
}

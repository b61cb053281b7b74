//! HTTP calls to Keycloak's Admin REST API, with size limits, retries, a circuit breaker, and error messages for
//! operators.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use identity_core::port::{DirectoryError, EntityLocks};
use identity_core::service::Cutoffs;
use identity_core::value::{ClientKey, Secret};
use moka::sync::Cache;
use reqwest::{Method, Response, StatusCode};
use serde::de::DeserializeOwned;
use tracing::debug;

use crate::bounds;
use crate::call::{Answer, Call};
use crate::circuit::Circuit;
use crate::cleared::Cleared;
use crate::complaint;
use crate::coordination::{Coordination, Installation, Marked};
use crate::error::{excerpt, transport, unavailable, unreadable};
use crate::known_rights::KnownRights;
use crate::remarks::KnownRemarks;
use crate::settings::{KeycloakSettings, MASTER_REALM, SettingsProblem, below};
use crate::token::{TokenProblem, Tokens};
use crate::wire::ClientRef;

/// Waiting times before the second and the third attempt of an idempotent call (`GET`, `PUT`).
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];
/// Maximum size of a response body in bytes. A larger response is an error.
const MAX_BYTES: usize = 16 << 20;

/// Client of Keycloak's Admin REST API for one managed realm. Clones share connections, token, caches and circuit
/// breaker.
#[derive(Clone)]
pub struct Keycloak {
    pub(crate) shared: Arc<Shared>,
    /// Whether this clone provisions the realm at start-up. Only such a clone may change entities that are protected
    /// from API requests, such as this server's own client.
    starting: bool,
}

pub(crate) struct Shared {
    client: reqwest::Client,
    pub(crate) settings: KeycloakSettings,
    tokens: Tokens,
    circuit: Circuit,
    /// Locks that serialize changes of one entity across all replicas.
    pub(crate) locks: Arc<dyn EntityLocks>,
    /// Time of the last revocation per principal. For tokens issued earlier, cached rights are not used.
    pub(crate) cutoffs: Arc<Cutoffs>,
    /// The installation that manages the realm; `None` if the realm is not to be marked.
    pub(crate) installation: Option<Installation>,
    pub(crate) marked: Marked,
    /// Client ids by Keycloak's internal key, to resolve the permissions of roles. The cached members of a client never
    /// change, and a key is never reused.
    pub(crate) clients: Cache<ClientKey, ClientRef>,
    /// List elements that could not be displayed and were logged within the last 24 hours.
    pub(crate) left_out: Cache<String, ()>,
    /// Internal key of the client `realm-management`, cached for 60 seconds.
    pub(crate) realm_management: Cache<(), String>,
    /// Cached rights of the principals of recent tokens.
    pub(crate) rights: KnownRights,
    /// Tokens whose ignored claim elements were already counted, so that each token is counted once.
    pub(crate) remarks: KnownRemarks,
    /// Error message of the last call, if Keycloak was unavailable or denied access. Cleared by any other outcome.
    problem: Mutex<Option<String>>,
}

/// Failure of one attempt to send a call.
struct Failure {
    error: DirectoryError,
    /// Whether a retry may succeed. Only idempotent calls are retried.
    again: bool,
    /// Whether the circuit breaker counts the failure: Keycloak was unreachable, or a proxy returned 502 to 504.
    outage: bool,
}

impl Failure {
    /// A failure to reach Keycloak. It counts for the circuit breaker, and a retry may succeed.
    fn outage(error: DirectoryError) -> Self {
        Self { error, again: true, outage: true }
    }

    /// A failure for which a retry would return the same error.
    fn final_of(error: DirectoryError) -> Self {
        Self { error, again: false, outage: false }
    }
}

impl Keycloak {
    /// Creates a client that shares locks and revocation times with the other replicas through `coordination`. Sends no
    /// request.
    ///
    /// # Errors
    /// When the realm is `master`, the URL is not a base URL, or the TLS configuration is invalid.
    pub fn new(settings: KeycloakSettings, coordination: Coordination) -> Result<Self, SettingsProblem> {
        if settings.realm == MASTER_REALM {
            return Err(SettingsProblem::Master);
        }
        let client = settings.client()?;
        let tokens = Tokens::new(client.clone(), &settings)?;
        let clients = Cache::builder().max_capacity(10_000).time_to_live(Duration::from_secs(300)).build();
        let realm_management = Cache::builder().max_capacity(1).time_to_live(Duration::from_secs(60)).build();
        let shared = Shared {
            client,
            settings,
            tokens,
            circuit: Circuit::default(),
            locks: coordination.locks,
            cutoffs: coordination.cutoffs,
            installation: coordination.installation,
            marked: Marked::default(),
            clients,
            left_out: Cache::builder().max_capacity(1_000).time_to_live(Duration::from_secs(86_400)).build(),
            realm_management,
            rights: KnownRights::new(),
            remarks: KnownRemarks::new(),
            problem: Mutex::default(),
        };
        Ok(Self { shared: Arc::new(shared), starting: false })
    }

    /// Returns a clone that may change protected entities, for provisioning at start-up.
    pub(crate) fn for_start(&self) -> Self {
        Self { starting: true, ..self.clone() }
    }

    pub(crate) fn is_starting(&self) -> bool {
        self.starting
    }

    /// Whether `client_id` is the client id of this server's own client.
    pub(crate) fn is_own(&self, client_id: &str) -> bool {
        self.shared.settings.own_client.as_str() == client_id
    }

    /// Sends a `GET` call and deserializes its JSON response. Refuses calls that would return a secret.
    pub(crate) async fn read<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, DirectoryError> {
        self.answer_to(&Cleared::question(call)?).await
    }

    /// Sends a call that was already checked (see [`Cleared`]), and deserializes its JSON response.
    pub(crate) async fn answer_to<T: DeserializeOwned>(&self, cleared: &Cleared<'_>) -> Result<T, DirectoryError> {
        let answer = self.transmit(cleared).await?;
        serde_json::from_slice(&answer.body)
            .map_err(|error| unreadable(&format!("the response has an unexpected form: {error}")))
    }

    /// Like [`Self::read`], but returns `None` if the entity does not exist.
    pub(crate) async fn find<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<Option<T>, DirectoryError> {
        match self.read(call).await {
            Ok(found) => Ok(Some(found)),
            Err(DirectoryError::Missing(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends a call that was already checked (see [`Cleared`]). Retries idempotent calls, and fails at once while the
    /// circuit breaker is open.
    pub(crate) async fn transmit(&self, cleared: &Cleared<'_>) -> Result<Answer, DirectoryError> {
        let call = cleared.call();
        if !bounds::path(&call.segments) {
            return Err(DirectoryError::Missing(call.entity()));
        }
        if !bounds::query(&call.query) {
            return Err(DirectoryError::Invalid("the request parameters are too long".to_owned()));
        }
        self.shared.circuit.admit(Instant::now()).map_err(|retry_after| DirectoryError::Unavailable {
            reason: "too many recent requests failed".to_owned(),
            retry_after,
        })?;
        let mut pauses = PAUSES.iter();
        let outcome = loop {
            let outcome = self.attempt(call).await;
            self.note(&outcome);
            let code = outcome.as_ref().map_or_else(|failure| failure.error.code(), |_| "ok");
            metrics::counter!("identity_keycloak_calls_total", "method" => call.method.to_string(), "outcome" => code)
                .increment(1);
            match &outcome {
                Err(Failure { again: true, .. }) => match pauses.next().filter(|_| call.repeatable()) {
                    Some(pause) => tokio::time::sleep(*pause).await,
                    None => break outcome,
                },
                _ => break outcome,
            }
        };
        // The circuit breaker counts all attempts of a call as one.
        match &outcome {
            Err(Failure { outage: true, .. }) => self.shared.circuit.failed(Instant::now()),
            _ => self.shared.circuit.succeeded(),
        }
        outcome.map_err(|failure| failure.error)
    }

    /// Returns the error message of the last call, if Keycloak was unavailable or denied access to this server.
    #[must_use]
    pub fn last_problem(&self) -> Option<String> {
        self.shared.problem.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, outcome: &Result<Answer, Failure>) {
        let problem = match outcome {
            Err(Failure { error, outage: true, .. }) => Some(error.to_string()),
            Err(Failure { error: error @ DirectoryError::Refused(_), .. }) => Some(error.to_string()),
            _ => None,
        };
        *self.shared.problem.lock().unwrap_or_else(PoisonError::into_inner) = problem;
    }

    async fn attempt(&self, call: &Call<'_>) -> Result<Answer, Failure> {
        let token = self.token().await?;
        let response = self.request(call, &token).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return self.answer(call, response).await;
        }
        // The token was revoked, or Keycloak has new keys: retry once with a new token.
        self.shared.tokens.forget(&token).await;
        let token = self.token().await?;
        let response = self.request(call, &token).await?;
        self.answer(call, response).await
    }

    async fn token(&self) -> Result<Secret, Failure> {
        self.shared.tokens.get().await.map_err(|problem| match problem {
            TokenProblem::Refused(reason) => Failure::final_of(DirectoryError::Refused(reason)),
            TokenProblem::Unavailable(reason) => Failure::outage(unavailable(reason)),
        })
    }

    async fn request(&self, call: &Call<'_>, token: &Secret) -> Result<Response, Failure> {
        let realm = ["admin", "realms", self.shared.settings.realm.as_str()];
        let prefix = if call.root { &realm[..2] } else { &realm[..] };
        let url = below(&self.shared.settings.url, prefix.iter().chain(&call.segments).copied())
            .map_err(|problem| Failure::final_of(DirectoryError::Invalid(problem.to_string())))?;
        let mut request = self.shared.client.request(call.method.clone(), url).query(&call.query);
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        if let Some(patience) = call.patience {
            request = request.timeout(patience);
        }
        request.bearer_auth(token.expose()).send().await.map_err(|error| {
            // A timeout is not retried, because another attempt would take just as long.
            Failure { again: !error.is_timeout(), ..Failure::outage(unavailable(transport(&error))) }
        })
    }

    async fn answer(&self, call: &Call<'_>, mut response: Response) -> Result<Answer, Failure> {
        let status = response.status();
        let location = response.headers().get(reqwest::header::LOCATION);
        let location = location.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut body = Vec::new();
        let lost = |error: reqwest::Error| Failure::outage(unavailable(transport(&error)));
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            if body.len() + chunk.len() > MAX_BYTES {
                return Err(Failure::final_of(unreadable("the response is too large")));
            }
            body.extend_from_slice(&chunk);
        }
        if status.is_success() {
            return Ok(Answer { location, body });
        }
        let said = excerpt(&complaint::read(&body));
        debug!(status = status.as_u16(), method = %call.method, "keycloak.request.rejected");
        Err(Failure::final_of(match status.as_u16() {
            404 if said.starts_with("Realm not found") && !call.segments.is_empty() => {
                DirectoryError::Refused(format!("the realm `{}` does not exist", self.shared.settings.realm))
            }
            404 => DirectoryError::Missing(call.entity()),
            409 => DirectoryError::Conflict(call.entity()),
            400 if complaint::is_read_only(&said) => DirectoryError::ReadOnly(call.entity()),
            401 => DirectoryError::Refused("it rejected an access token that it issued".to_owned()),
            403 => DirectoryError::Refused(format!(
                "permission to {} {} is missing; assign the role `{}` of `realm-management` to the account of this server",
                if call.method == Method::GET { "read" } else { "change" },
                call.segments.first().unwrap_or(&"the realm"),
                needed_role(call),
            )),
            502..=504 => return Err(Failure::outage(unavailable(format!("it returned status {status}")))),
            429 => {
                let failure = Failure::final_of(unavailable(format!("it returned status {status}")));
                return Err(Failure { again: true, ..failure });
            }
            500.. => unavailable(format!("it returned status {status}")),
            _ if said.is_empty() => DirectoryError::Invalid(format!("it returned status {status}")),
            _ => DirectoryError::Invalid(said),
        }))
    }
}

/// Name of the role of `realm-management` that permits a call, for error messages (see docs/keycloak.md).
fn needed_role(call: &Call<'_>) -> &'static str {
    match call.segments.first().copied() {
        Some("users" | "groups") => "manage-users",
        Some("clients" | "client-scopes") => "manage-clients",
        _ => "manage-realm",
    }
}

//! Profile `keycloak`, with users, groups, roles and clients in Keycloak.

mod components;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use identity_adapters_keycloak::{
    ClientSeed, Coordination, Credentials, Done, Installation, Keycloak, KeycloakSettings, OwnClient, PersonSeed,
    RealmPlan, RealmProblem, SignOutUrls, WithDirectory,
};
use identity_core::engine::Engine;
use identity_core::entity::{ClientKind, NewClient, Party};
use identity_core::port::{Clock, DirectoryError, Entitlements, EntityLocks, TokenVerifier, UserDirectory};
use identity_core::value::{ClaimSelector, InvalidValue, Name, RedirectUri, Secret};
use identity_core::world::Sources;
use tracing::{error, warn};

use super::factory::PortFactory;
use super::{AssemblyError, Directory, DirectoryNotReady, Ports, Providers, Shared, openid};
use crate::bootstrap::{self, Parties, named_parties};
use crate::config::{Bootstrap, ComponentSeed, Config, Finding, KeycloakAccess, KeycloakConfig, PartySeed};

/// Claim with the client id. Keycloak includes it in tokens of service accounts only.
const CLIENT_ID: &str = "client_id";
/// Name of this server's own component, whose API and role are always set up.
const IDENTITY: &str = "identity";
/// Path below the base URL to which browsers return after sign-in.
const CALLBACK: &str = "/auth/login-callback";
/// Path below the base URL to which browsers return after sign-out.
const SIGNED_OUT: &str = "/auth/logged-out";
/// Path of the back-channel logout endpoint, which Keycloak calls.
const BACK_CHANNEL: &str = "/auth/back-channel-logout";
/// Timeout for one replica to initialize a realm. The other replicas wait meanwhile.
const LONGEST: Duration = Duration::from_secs(120);
/// Additional lifetime of the realm lock beyond [`LONGEST`].
const MARGIN: Duration = Duration::from_secs(30);

/// Maximum number of attempts to create entities while concurrent changes make the creation fail. Changes by another
/// administrator are usually complete by the next attempt.
const ATTEMPTS: u32 = 3;

pub(super) struct KeycloakProfile;

impl PortFactory for KeycloakProfile {
    /// Tokens do not contain the groups, but the directory adds them for each caller, so that they count as claimed.
    fn sources(&self, _: &Config) -> Sources {
        Sources::Provider { groups_claimed: true }
    }

    fn providers(&self, config: &Config, clock: &Arc<dyn Clock>) -> Result<Option<Arc<dyn Providers>>, AssemblyError> {
        openid::providers(&with_client_ids(config)?, clock).map(Some)
    }

    fn directory(&self, config: &Config, shared: Shared) -> Result<Option<Arc<dyn Directory>>, AssemblyError> {
        directory(config, shared)
    }

    fn problems(&self, config: &Config) -> Vec<Finding> {
        openid::problems(config).into_iter().chain(settings_problems(config)).collect()
    }
}

struct InKeycloak {
    keycloak: Keycloak,
    locks: Arc<dyn EntityLocks>,
    /// Secret of this server's own client, if configured.
    secret: Option<Secret>,
    plan: RealmPlan,
    bootstrap: Bootstrap,
    not_made: Mutex<Option<String>>,
    /// Recommended changes to insecure settings of the realm, if there are any.
    advice: Mutex<Option<String>>,
}

fn directory(config: &Config, shared: Shared) -> Result<Option<Arc<dyn Directory>>, AssemblyError> {
    let Some(keycloak) = &config.keycloak else { return Ok(None) };
    let plan = plan(config, keycloak).map_err(|error| AssemblyError::Keycloak(error.to_string()))?;
    let secret = match &keycloak.access {
        KeycloakAccess::Client(secret) => Some(secret.clone()),
        KeycloakAccess::Administrator { .. } => None,
    };
    let Shared { locks, cutoffs, installation: id } = shared;
    let installation = id.map(|id| Installation { id, takes_over: keycloak.take_over });
    let coordination = Coordination { locks: Arc::clone(&locks), cutoffs, installation };
    let keycloak = Keycloak::new(settings(config, keycloak)?, coordination)
        .map_err(|error| AssemblyError::Keycloak(error.to_string()))?;
    Ok(Some(Arc::new(InKeycloak {
        keycloak,
        locks,
        secret,
        plan,
        bootstrap: config.bootstrap.clone(),
        not_made: Mutex::default(),
        advice: Mutex::default(),
    })))
}

/// Finds Keycloak settings that would abort start-up. Sends no request.
fn settings_problems(config: &Config) -> Vec<Finding> {
    let Some(keycloak) = &config.keycloak else { return Vec::new() };
    let mut findings = Vec::new();
    if let Err(error) = plan(config, keycloak) {
        findings.push(Finding::new("keycloak", error.to_string()));
    }
    match settings(config, keycloak).map(|settings| settings.check()) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => findings.push(Finding::new("keycloak.url", error.to_string())),
        // The checks of the providers report this error.
        Err(_) => {}
    }
    findings
}

/// Returns the connection settings: URL, realm, credentials and trusted certificate authorities.
fn settings(config: &Config, keycloak: &KeycloakConfig) -> Result<KeycloakSettings, AssemblyError> {
    let credentials = match &keycloak.access {
        KeycloakAccess::Administrator { realm, client_id, user, password } => Credentials::Administrator {
            realm: realm.clone(),
            client_id: client_id.clone(),
            username: user.clone(),
            password: password.clone(),
        },
        KeycloakAccess::Client(secret) => {
            Credentials::Client { client_id: keycloak.client_id.clone(), secret: secret.clone() }
        }
    };
    let own = keycloak.client_id.clone();
    let mut settings = KeycloakSettings::new(keycloak.url.clone(), &keycloak.realm, own, credentials);
    settings.extra_ca_pem = openid::extra_authorities(&config.authentication)?;
    Ok(settings)
}

/// Returns the configuration with the claim [`CLIENT_ID`] for providers without a client id claim.
fn with_client_ids(config: &Config) -> Result<Config, AssemblyError> {
    let mut config = config.clone();
    for provider in &mut config.authentication.providers {
        if provider.client_id_claim.is_none() {
            let claim = ClaimSelector::parse(CLIENT_ID);
            provider.client_id_claim = Some(claim.map_err(|error| AssemblyError::Keycloak(error.to_string()))?);
        }
    }
    Ok(config)
}

#[async_trait]
impl Directory for InKeycloak {
    async fn initialise(&self, engine: &Engine) -> Result<(), DirectoryNotReady> {
        let mut problems = Vec::new();
        for attempt in 1.. {
            let done = self.pass().await?;
            if done.problems.is_empty() {
                break;
            }
            if attempt < ATTEMPTS {
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
            problems = done.problems;
            break;
        }
        problems.extend(self.give_access(engine).await?);
        for problem in &problems {
            error!(problem = problem as &dyn std::error::Error, "keycloak.entity.failed");
        }
        let not_made = problems
            .first()
            .map(|first| format!("{} configured entities could not be created, the first: {first}", problems.len()));
        *self.not_made.lock().unwrap_or_else(PoisonError::into_inner) = not_made;
        self.look_at_registration().await;
        Ok(())
    }

    async fn missing(&self) -> Result<Vec<String>, DirectoryNotReady> {
        let done = self.keycloak.missing(&self.plan).await.map_err(|error| DirectoryNotReady(error.to_string()))?;
        match done.problems.first() {
            Some(problem) => Err(DirectoryNotReady(problem.to_string())),
            None => Ok(done.changes),
        }
    }

    fn ports(&self) -> Ports {
        let keycloak = Arc::new(self.keycloak.clone());
        Ports {
            users: Arc::clone(&keycloak) as _,
            groups: Arc::clone(&keycloak) as _,
            roles: Arc::clone(&keycloak) as _,
            clients: Arc::clone(&keycloak) as _,
            apis: keycloak,
        }
    }

    fn verifying(&self, tokens: Arc<dyn TokenVerifier>) -> Arc<dyn TokenVerifier> {
        Arc::new(WithDirectory::new(tokens, self.keycloak.clone()))
    }

    fn entitlements(&self) -> Arc<dyn Entitlements> {
        Arc::new(self.keycloak.clone())
    }

    async fn own_client(&self) -> Result<Option<(String, Secret)>, DirectoryNotReady> {
        let not_yet = |error: &dyn std::error::Error| DirectoryNotReady(error.to_string());
        let id = &self.plan.own.new.client_id;
        let secret = match &self.secret {
            Some(secret) => Some(secret.clone()),
            None => self.keycloak.own_secret().await.map_err(|error| not_yet(&error))?,
        };
        Ok(secret.map(|secret| (id.to_string(), secret)))
    }

    fn advice(&self) -> Option<String> {
        self.advice.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn last_problem(&self) -> Option<String> {
        let not_made = self.not_made.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.keycloak.last_problem().or(not_made)
    }
}

impl InKeycloak {
    /// Creates configured tenant members and authorizations. Skips and reports those whose user, group or client does
    /// not exist in Keycloak.
    async fn give_access(&self, engine: &Engine) -> Result<Vec<RealmProblem>, DirectoryNotReady> {
        let (mut parties, mut problems) = (Parties::new(), Vec::new());
        for seed in named_parties(&self.bootstrap) {
            let (what, found) = match seed {
                PartySeed::User(name) => (format!("user {name}"), self.keycloak.user_named(&self.plan, name).await),
                PartySeed::UserId(id) => {
                    let found = UserDirectory::find(&self.keycloak, id).await;
                    (format!("user {id}"), found.map(|person| Party::User(person.id)))
                }
                PartySeed::Group(name) => (format!("group {name}"), self.keycloak.group_named(name).await),
                PartySeed::Application(id) => (format!("client {id}"), self.keycloak.application_named(id).await),
            };
            match found {
                Ok(party) => drop(parties.insert(seed.clone(), party)),
                Err(error @ (DirectoryError::Unavailable { .. } | DirectoryError::Refused(_))) => {
                    return Err(DirectoryNotReady(error.to_string()));
                }
                Err(error) => problems.push(RealmProblem { what: format!("access of {what}"), error }),
            }
        }
        let given = bootstrap::access(engine, &self.bootstrap, &parties).await;
        given.map_err(|error| DirectoryNotReady(format!("the configured access cannot be granted: {error}")))?;
        Ok(problems)
    }

    /// Checks client registration policies. Logs those that let users other than realm administrators influence the
    /// content of tokens, and stores them as advice.
    async fn look_at_registration(&self) {
        let advice = match self.keycloak.registration_advice().await {
            Ok(advice) => advice,
            Err(error) => vec![format!("the policies of client registration cannot be read: {error}")],
        };
        for one in &advice {
            warn!(advice = one, "keycloak.registration.open");
        }
        let text = (!advice.is_empty()).then(|| advice.join("; "));
        *self.advice.lock().unwrap_or_else(PoisonError::into_inner) = text;
    }

    async fn pass(&self) -> Result<Done, DirectoryNotReady> {
        let not_yet = |error: &dyn std::error::Error| DirectoryNotReady(error.to_string());
        // Common case: nothing to create, so no lock is taken.
        let missing = self.keycloak.missing(&self.plan).await.map_err(|error| not_yet(&error))?;
        if missing.changes.is_empty() {
            return Ok(missing);
        }
        let lock = self.locks.lock_directory(LONGEST + MARGIN).await.map_err(|error| not_yet(&error))?;
        let made = tokio::time::timeout(LONGEST, self.keycloak.initialise(&self.plan)).await;
        drop(lock);
        let made = made.map_err(|_| DirectoryNotReady("the set-up of the realm timed out".to_owned()))?;
        made.map_err(|error| not_yet(&error))
    }
}

fn plan(config: &Config, keycloak: &KeycloakConfig) -> Result<RealmPlan, InvalidValue> {
    let public_url = config.server.public_url.as_ref().map(ToString::to_string);
    let root_url = public_url.map(|url| RedirectUri::parse(url.trim_end_matches('/'))).transpose()?;
    let own = NewClient {
        client_id: keycloak.client_id.clone(),
        name: Name::parse("Identity")?,
        kind: ClientKind::Confidential,
        secret: keycloak.own_client_secret.clone(),
        // Without a public URL, the redirect URI is unknown.
        redirect_uris: root_url.iter().map(|_| RedirectUri::parse(CALLBACK)).collect::<Result<_, _>>()?,
        root_url,
    };
    let sign_out = config.server.public_url.as_ref().map(|url| {
        let base = url.as_str().trim_end_matches('/');
        let (signed_out, back_channel) = (format!("{base}{SIGNED_OUT}"), format!("{base}{BACK_CHANNEL}"));
        SignOutUrls { signed_out, back_channel }
    });
    let mut plan = RealmPlan {
        own: OwnClient { new: own, sign_out },
        apis: Vec::new(),
        roles: Vec::new(),
        clients: Vec::new(),
        groups: keycloak.groups.clone(),
        people: Vec::new(),
    };
    let (own_component, _) = components::component(IDENTITY, &ComponentSeed::named(IDENTITY), &config.components)?;
    plan.add(own_component);
    for seed in &keycloak.components {
        let (values, clients) = components::component(&seed.key, seed, &config.components)?;
        plan.clients.extend(clients);
        plan.add(values);
    }
    for seed in &keycloak.clients {
        for uri in seed.client.redirect_uris.iter().filter(|uri| uri.as_str().contains('*')) {
            warn!(client = %seed.client.client_id, uri = uri.as_str(), "keycloak.redirect_uri.pattern");
        }
        plan.clients.push(ClientSeed { new: seed.client.clone(), permissions: seed.permissions.clone() });
    }
    for seed in &keycloak.users {
        let (id, link) = (seed.id.clone(), seed.link.clone());
        let (roles, groups) = (seed.roles.clone(), seed.groups.clone());
        plan.people.push(PersonSeed { new: seed.person.clone(), id, link, roles, groups });
    }
    Ok(plan)
}

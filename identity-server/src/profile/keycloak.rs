//! Users, groups, roles and clients in Keycloak.

mod components;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use identity_adapters_keycloak::{
    ClientSeed, Coordination, Credentials, Done, Installation, Keycloak, KeycloakSettings, OwnClient, PersonSeed,
    RealmPlan, RealmProblem, SignOutUrls, WithDirectory,
};
use identity_adapters_oidc::OidcTokenVerifier;
use identity_core::engine::Engine;
use identity_core::entity::{ClientKind, NewClient, Party};
use identity_core::port::{Clock, DirectoryError, Entitlements, EntityLocks, TokenVerifier, UserDirectory};
use identity_core::value::{ClaimSelector, InvalidValue, Name, RedirectUri, Secret};
use tracing::{error, warn};

use super::{AssemblyError, Directory, NotYet, Ports, Shared};
use crate::bootstrap::{self, Parties, named_parties};
use crate::config::{Bootstrap, ComponentSeed, Config, Finding, KeycloakAccess, KeycloakConfig, PartySeed};

/// The claim by which Keycloak's tokens of service accounts, and no others, name their client.
const CLIENT_ID: &str = "client_id";
/// The component that this server is.
const IDENTITY: &str = "identity";
/// Where browsers come back to this server after they signed in.
const CALLBACK: &str = "/auth/login-callback";
/// Where they come back to after they signed out.
const SIGNED_OUT: &str = "/auth/logged-out";
/// Where Keycloak tells of sign-outs.
const BACK_CHANNEL: &str = "/auth/back-channel-logout";
/// How long one replica makes a realm at most, while the others wait.
const LONGEST: Duration = Duration::from_secs(120);
/// How much longer it keeps the lock for that.
const MARGIN: Duration = Duration::from_secs(30);

/// How often is tried again to make what somebody stands in the way of: another administrator at the same moment is gone at the
/// next.
const ATTEMPTS: u32 = 3;

struct InKeycloak {
    keycloak: Keycloak,
    locks: Arc<dyn EntityLocks>,
    /// The secret of this server's own client, where an operator gave it.
    secret: Option<Secret>,
    plan: RealmPlan,
    bootstrap: Bootstrap,
    not_made: Mutex<Option<String>>,
    /// What in the realm is weaker than it should be.
    advice: Mutex<Option<String>>,
}

pub(super) fn directory(config: &Config, shared: Shared) -> Result<Option<Arc<dyn Directory>>, AssemblyError> {
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

/// What of the settings of Keycloak would end the start.
pub(super) fn settings_problems(config: &Config) -> Vec<Finding> {
    let Some(keycloak) = &config.keycloak else { return Vec::new() };
    let mut findings = Vec::new();
    if let Err(error) = plan(config, keycloak) {
        findings.push(Finding::new("keycloak", error.to_string()));
    }
    match settings(config, keycloak).map(|settings| settings.check()) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => findings.push(Finding::new("keycloak.url", error.to_string())),
        // It is reported with the providers.
        Err(_) => {}
    }
    findings
}

/// Where Keycloak is, and who asks it.
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
    settings.extra_ca_pem = super::extra_authorities(&config.authentication)?;
    Ok(settings)
}

/// The issuers, as Keycloak's tokens are read.
pub(super) fn verifier(config: &Config, clock: &Arc<dyn Clock>) -> Result<Arc<OidcTokenVerifier>, AssemblyError> {
    let mut config = config.clone();
    for provider in &mut config.authentication.providers {
        if provider.client_id_claim.is_none() {
            let claim = ClaimSelector::parse(CLIENT_ID);
            provider.client_id_claim = Some(claim.map_err(|error| AssemblyError::Keycloak(error.to_string()))?);
        }
    }
    super::oidc::verifier(&config, clock)
}

#[async_trait]
impl Directory for InKeycloak {
    async fn initialise(&self, engine: &Engine) -> Result<(), NotYet> {
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
            error!(problem = problem as &dyn std::error::Error, "keycloak.not_made");
        }
        if let Some(first) = problems.first() {
            let text = format!("{} of what is configured could not be made, the first: {first}", problems.len());
            *self.not_made.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
        }
        self.look_at_registration().await;
        Ok(())
    }

    async fn missing(&self) -> Result<Vec<String>, NotYet> {
        let done = self.keycloak.missing(&self.plan).await.map_err(|error| NotYet(error.to_string()))?;
        match done.problems.first() {
            Some(problem) => Err(NotYet(problem.to_string())),
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

    async fn own_client(&self) -> Result<Option<(String, Secret)>, NotYet> {
        let not_yet = |error: &dyn std::error::Error| NotYet(error.to_string());
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
    /// Makes the members of tenants and the authorizations that are configured, as far as Keycloak has whom they name.
    async fn give_access(&self, engine: &Engine) -> Result<Vec<RealmProblem>, NotYet> {
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
                    return Err(NotYet(error.to_string()));
                }
                Err(error) => problems.push(RealmProblem { what: format!("access of {what}"), error }),
            }
        }
        let given = bootstrap::access(engine, &self.bootstrap, &parties).await;
        given.map_err(|error| NotYet(format!("the access that is configured cannot be given: {error}")))?;
        Ok(problems)
    }

    /// Warns of what lets more people than the realm's administrators decide what tokens say.
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

    async fn pass(&self) -> Result<Done, NotYet> {
        let not_yet = |error: &dyn std::error::Error| NotYet(error.to_string());
        // Nothing to make, nothing to lock: the usual case.
        let missing = self.keycloak.missing(&self.plan).await.map_err(|error| not_yet(&error))?;
        if missing.changes.is_empty() {
            return Ok(missing);
        }
        let lock = self.locks.lock_directory(LONGEST + MARGIN).await.map_err(|error| not_yet(&error))?;
        let made = tokio::time::timeout(LONGEST, self.keycloak.initialise(&self.plan)).await;
        drop(lock);
        let made = made.map_err(|_| NotYet("the realm could not be made in time".to_owned()))?;
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
        // Without a public URL nobody knows where browsers come back to.
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

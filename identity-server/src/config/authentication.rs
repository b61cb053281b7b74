//! Whose tokens are believed.

mod habits;
mod issuer;
mod namespaces;

pub use habits::{ClaimForm, ProviderKind, TokenHabits};

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use identity_core::resolve::UsernameCase;
use identity_core::value::{Audience, ClaimSelector, Namespace, NamespaceName, Secret};
use url::{Host, Url};

use super::client::{Client, ClientAuthentication};
use super::key::{Key, quoted};
use super::reader::Reader;
use super::server::web_url;
use super::{KeycloakConfig, Profile};

/// Whose tokens are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentication {
    /// The issuers, in the order of their ids.
    pub providers: Vec<Provider>,
    /// Whether requests need no credentials.
    pub unprotected_api: bool,
    /// Whether that goes for requests from other machines, too.
    pub unprotected_api_on_network: bool,
    /// How long a verified password is remembered; not at all, when zero.
    pub basic_cache_ttl: Duration,
    /// How many verified tokens are remembered.
    pub token_cache_entries: u64,
    /// The longest token that is read, in bytes.
    pub max_token_bytes: usize,
    /// Audiences of APIs whose tokens' bearers are resolved, beside those that roles name; `None` where a token must be for this
    /// service.
    pub resolved_apis: Option<Vec<Audience>>,
    /// More authorities that may sign the providers' certificates.
    pub ca_file: Option<PathBuf>,
}

/// One issuer of tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// What it is called here: lower-case letters, digits and dashes.
    pub id: String,
    /// Its make.
    pub kind: ProviderKind,
    /// The issuer, byte for byte as in its tokens.
    pub issuer: String,
    /// Where this server reaches it, when that is not the issuer's own URL.
    pub backend_url: Option<Url>,
    /// Where its keys are; from discovery when not given.
    pub jwks_url: Option<Url>,
    /// Where its UserInfo is; from discovery when not given.
    pub user_info_url: Option<Url>,
    /// Whether UserInfo is asked for claims that tokens lack, and how long its answers count.
    pub user_info_augmentation: Option<UserInfoAugmentation>,
    /// Where more of its keys are.
    pub additional_jwks_urls: Vec<Url>,
    /// The audiences that a token may be for. Never empty.
    pub audiences: Vec<Audience>,
    /// The algorithms that a token may be signed with (RFC 7518 §3.1, RFC 8037 §3.1): asymmetric ones only. Never empty.
    pub algorithms: Vec<&'static str>,
    /// How far its clock may be off.
    pub clock_skew: Duration,
    /// The claim that names a user.
    pub username_claim: ClaimSelector,
    /// How usernames are written here.
    pub username_case: UsernameCase,
    /// The claim that names a client.
    pub client_id_claim: Option<ClaimSelector>,
    /// The claim that lists the caller's groups.
    pub groups_claim: Option<ClaimSelector>,
    /// What is said of its tokens' habits; as is usual for its make where nothing is said.
    pub habits: TokenHabits,
    /// Whether a token with both claims speaks for the user.
    pub prefer_username_claim: bool,
    /// What the provider's usernames, client ids and groups are prefixed with.
    pub namespace: Option<NamespaceName>,
    /// Whether a name means the same as at the other providers that share the namespace.
    pub shared_namespace: bool,
    /// Whether a token's type must be `at+jwt` (RFC 9068).
    pub require_at_jwt: bool,
    /// Whether tokens are accepted that cannot be told from ID tokens.
    pub accept_id_tokens: bool,
    /// Whether its URLs may be `http` on other hosts than this one.
    pub allow_insecure_http: bool,
    /// What this server is there; none where nobody signs in with a browser.
    pub client: Option<Client>,
}

/// How long answers of UserInfo count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserInfoAugmentation {
    /// An answer; never longer than the token.
    pub cache_ttl: Duration,
    /// The lack of one.
    pub negative_cache_ttl: Duration,
}

impl Authentication {
    pub(super) fn read(from: &Reader<'_>, profile: Option<Profile>) -> Option<Self> {
        if from.is_empty("providers") && profile == Some(Profile::Oidc) {
            from.problem("providers", "must hold at least one provider in this profile");
        }
        let mut providers: Vec<Provider> = Vec::new();
        for (id, entry) in from.entries("providers") {
            let Some(provider) = Provider::read(id, &entry, profile) else { continue };
            if let Some(other) = providers.iter().find(|other| other.issuer == provider.issuer) {
                entry.problem("issuer", format!("is the issuer of `authentication.providers.{}` too", other.id));
            }
            providers.push(provider);
        }
        namespaces::check(&providers, &from.section("providers"));
        let unprotected_api = from.flag("unprotected-api");
        let unprotected_api_on_network = from.flag("unprotected-api-on-network");
        let basic_cache_ttl = from.section("basic").duration("cache-ttl", Duration::ZERO..=Duration::from_secs(600));
        let token_cache_entries = from.number("token-cache-entries", 0..=10_000_000);
        let max_token_bytes = from.number("max-token-bytes", 1024..=1 << 20);
        let ca_file = from.file_path("ca-file");
        let resolution = from.section("token-resolution");
        let more_apis = resolution.list("audiences", Audience::parse);
        let any_known_api = resolution.flag("any-known-api")?;
        if !any_known_api && !more_apis.is_empty() {
            resolution.problem("audiences", "has no effect with `any-known-api: false`");
        }
        Some(Self {
            providers,
            unprotected_api: unprotected_api?,
            unprotected_api_on_network: unprotected_api_on_network?,
            basic_cache_ttl: basic_cache_ttl?,
            token_cache_entries: token_cache_entries?,
            max_token_bytes: max_token_bytes?,
            resolved_apis: any_known_api.then_some(more_apis),
            ca_file,
        })
    }

    /// This server's registration at the first provider that has one.
    pub(super) fn client(&self) -> Option<&Client> {
        self.providers.iter().find_map(|provider| provider.client.as_ref())
    }

    /// Lets people sign in at the providers for which no client is configured, as this one.
    pub fn signs_in_as(&mut self, own: Option<(String, Secret)>) {
        let Some((id, secret)) = own else { return };
        for provider in &mut self.providers {
            let known =
                provider.client.as_ref().is_some_and(|client| client.authentication != ClientAuthentication::None);
            if !known && provider.kind == ProviderKind::Keycloak {
                provider.client = Some(Client::with_secret(id.clone(), secret.clone()));
            }
        }
    }

    /// What is not said of providers is said of the realm that is managed.
    pub(super) fn default_to(&mut self, keycloak: &KeycloakConfig) {
        let Some(realm) = Provider::of_keycloak(keycloak) else { return };
        for provider in &mut self.providers {
            if provider.issuer.is_empty() {
                provider.issuer.clone_from(&realm.issuer);
                provider.allow_insecure_http |= realm.allow_insecure_http;
            }
            if provider.audiences.is_empty() {
                provider.audiences.clone_from(&realm.audiences);
            }
        }
        if self.providers.is_empty() {
            self.providers.push(realm);
        }
    }

    /// Which ids the names of one of the providers become.
    #[must_use]
    pub fn namespace_of(&self, provider: &Provider) -> Namespace {
        namespaces::of(provider, &self.providers)
    }

    /// Settings of providers that are allowed and unsafe, a line each.
    pub(super) fn dangers(&self) -> impl Iterator<Item = String> {
        self.providers.iter().filter_map(Provider::danger)
    }

    /// Whether people sign in at providers with a browser.
    #[must_use]
    pub fn signs_in_at_providers(&self) -> bool {
        self.providers.iter().any(|provider| provider.client.is_some())
    }

    /// A secret that all replicas have and the store does not: the first provider's that has one.
    #[must_use]
    pub fn client_secret(&self) -> Option<&Secret> {
        self.providers.iter().filter_map(|provider| provider.client.as_ref()).find_map(Client::secret)
    }

    /// Whether groups come from a claim. They do as soon as one provider says so: stored memberships of users would be a
    /// second truth.
    #[must_use]
    pub fn claims_groups(&self) -> bool {
        self.providers.iter().any(|provider| provider.groups_claim.is_some())
    }
}

impl Provider {
    /// The realm that is managed, when no provider is configured.
    pub(super) fn of_keycloak(keycloak: &KeycloakConfig) -> Option<Self> {
        Some(Self {
            id: "default".to_owned(),
            kind: ProviderKind::Keycloak,
            issuer: keycloak.issuer(),
            backend_url: None,
            jwks_url: None,
            additional_jwks_urls: Vec::new(),
            user_info_url: None,
            user_info_augmentation: None,
            audiences: vec![Audience::parse(identity_core::preset::IDENTITY_AUDIENCE).ok()?],
            algorithms: vec!["RS256", "PS256", "ES256"],
            clock_skew: Duration::from_secs(60),
            username_claim: ClaimSelector::parse("sub").ok()?,
            username_case: UsernameCase::Exact,
            client_id_claim: None,
            groups_claim: None,
            habits: TokenHabits::default(),
            prefer_username_claim: false,
            namespace: None,
            shared_namespace: false,
            require_at_jwt: false,
            accept_id_tokens: false,
            allow_insecure_http: keycloak.allow_insecure_http,
            client: None,
        })
    }

    fn read(id: &str, from: &Reader<'_>, profile: Option<Profile>) -> Option<Self> {
        if id.is_empty() || !id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
            from.problem("", "must be called by lower-case letters, digits and dashes");
        }
        let in_keycloak = profile == Some(Profile::Keycloak);
        let allow_insecure_http = from.flag("allow-insecure-http");
        let url = |text: &str| safe_url(text, allow_insecure_http == Some(true));
        let kind = ProviderKind::read(from);
        let read_issuer = |text: &str| match url(text) {
            Ok(_) => issuer::mistake(text).map_or_else(|| Ok(text.to_owned()), Err),
            Err(message) => Err(message.to_owned()),
        };
        let issuer = if in_keycloak {
            // The realm that is managed, unless somebody says otherwise.
            from.get("issuer", read_issuer).or_else(|| (!from.given("issuer")).then(String::new))
        } else {
            from.require("issuer", read_issuer)
        };
        let backend_url = from.get("backend-url", url);
        let jwks_url = from.get("jwks-url", url);
        let additional_jwks_urls = from.list("additional-jwks-urls", url);
        let user_info_url = from.get("user-info-url", url);
        let user_info_augmentation = UserInfoAugmentation::read(&from.section("user-info-augmentation"));
        if user_info_augmentation.is_some() && from.given("jwks-url") && !from.given("user-info-url") {
            from.problem(
                "user-info-url",
                "is required for `user-info-augmentation` beside `jwks-url`, which does without discovery",
            );
        }
        let audiences = from.list("audiences", Audience::parse);
        if from.is_empty("audiences") && !in_keycloak {
            from.problem("audiences", "must hold at least one audience: a token for anybody is a token for nobody");
        }
        let algorithms = from.list("algorithms", algorithm);
        if from.given("algorithms") && from.is_empty("algorithms") {
            from.problem("algorithms", "must hold at least one algorithm");
        }
        let clock_skew = from.duration("clock-skew", Duration::ZERO..=Duration::from_secs(600));
        let username_claim = from.get("username-claim", ClaimSelector::parse);
        let username_case = from.get("username-case", |text| match text.to_ascii_lowercase().as_str() {
            "lower" => Ok(UsernameCase::Lower),
            "exact" => Ok(UsernameCase::Exact),
            _ => Err("must be exact or lower"),
        });
        let client_id_claim = from.get("client-id-claim", ClaimSelector::parse);
        let groups_claim = from.get("groups-claim", ClaimSelector::parse);
        let habits = TokenHabits::read(from);
        let prefer_username_claim = from.flag("prefer-username-claim");
        let namespace = from.get("namespace", NamespaceName::parse);
        let shared_namespace = from.flag("shared-namespace");
        let require_at_jwt = from.flag("require-at-jwt");
        let accept_id_tokens = from.flag("accept-id-tokens");
        let client = Client::read(id, from, allow_insecure_http == Some(true));
        Some(Self {
            id: id.to_owned(),
            kind: kind.unwrap_or(match profile {
                Some(Profile::Keycloak) => ProviderKind::Keycloak,
                _ => ProviderKind::Generic,
            }),
            issuer: issuer?,
            backend_url,
            jwks_url,
            additional_jwks_urls,
            user_info_url,
            user_info_augmentation,
            audiences,
            algorithms,
            clock_skew: clock_skew?,
            username_claim: username_claim?,
            username_case: username_case?,
            client_id_claim,
            groups_claim,
            habits: habits?,
            prefer_username_claim: prefer_username_claim?,
            namespace,
            shared_namespace: shared_namespace?,
            require_at_jwt: require_at_jwt?,
            accept_id_tokens: accept_id_tokens?,
            allow_insecure_http: allow_insecure_http?,
            client,
        })
    }
}

impl Provider {
    /// What the operator should know about ID tokens of this provider.
    fn danger(&self) -> Option<String> {
        let Self { id, .. } = self;
        if self.accept_id_tokens {
            return Some(format!(
                "DANGER: ID tokens pass as access tokens (`authentication.providers.{id}.accept-id-tokens`): every \
                 application that receives an ID token for one of the audiences can act as the user here"
            ));
        }
        let client = self.client.as_ref()?;
        let is_audience = self.audiences.iter().any(|audience| *audience.as_str() == client.id);
        is_audience.then(|| {
            format!(
                "`authentication.providers.{id}`: `client-id` is one of `audiences`, so ID tokens and access tokens have the \
                 same audience; tokens without a mark of access tokens are refused. Give the API an audience of its own, \
                 which no client has as its id"
            )
        })
    }
}

impl UserInfoAugmentation {
    fn read(from: &Reader<'_>) -> Option<Self> {
        let second = Duration::from_secs(1);
        let cache_ttl = from.duration("cache-ttl", second..=Duration::from_secs(3600));
        let negative_cache_ttl = from.duration("negative-cache-ttl", second..=Duration::from_secs(300));
        let enabled = from.flag("enabled")?;
        enabled.then_some(Self { cache_ttl: cache_ttl?, negative_cache_ttl: negative_cache_ttl? })
    }
}

/// A URL whose answers can be believed: `https`, or `http` to this machine.
pub(super) fn safe_url(text: &str, allow_insecure_http: bool) -> Result<Url, &'static str> {
    let url = web_url(text)?;
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        None => false,
    };
    if url.scheme() == "https" || here || allow_insecure_http {
        Ok(url)
    } else {
        Err("must be an `https` url, unless `allow-insecure-http` is set for this provider")
    }
}

pub(super) fn algorithm(text: &str) -> Result<&'static str, String> {
    let words = match Key::find("authentication.providers.<id>.algorithms[]").map(|key| key.kind) {
        Some(super::key::Kind::Choice(words)) => words,
        _ => &[],
    };
    let known = words.iter().find(|word| word.eq_ignore_ascii_case(text)).copied();
    known.ok_or_else(|| format!("must be one of {}", quoted(words)))
}

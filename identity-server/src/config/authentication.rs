//! Token issuers, and settings for the authentication of requests.

mod habits;
pub(super) mod issuer;
mod namespaces;

pub use habits::TokenHabits;

use std::path::PathBuf;
use std::time::Duration;

use identity_core::resolve::UsernameCase;
use identity_core::value::{Audience, ClaimSelector, Namespace, NamespaceName, Secret};
use url::Url;

use super::choices::{ProviderKind, USERNAME_CASES};
use super::client::{Client, ClientAuthentication};
use super::reader::Reader;
use super::urls::safe_url;
use super::{KeycloakConfig, Profile};

/// Keys of a provider's endpoint URLs, in the order in which they are searched for a hint at a missing issuer.
pub(super) const ENDPOINTS: [&str; 3] = ["authorization-url", "token-url", "jwks-url"];

/// Settings for the authentication of requests: accepted token issuers, and caches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentication {
    /// Accepted token issuers, ordered by id. Never empty in the profile `oidc`.
    pub providers: Vec<Provider>,
    /// Whether requests without credentials are accepted, with all permissions (default: false).
    pub unprotected_api: bool,
    /// Whether `unprotected_api` also applies to requests from other machines (default: false).
    pub unprotected_api_on_network: bool,
    /// How long a verified password is cached (default: 60 s); zero disables the cache.
    pub basic_cache_ttl: Duration,
    /// Maximum number of cached verified tokens (default: 10,000); zero disables the cache.
    pub token_cache_entries: u64,
    /// Maximum length of a token in bytes (default: 64 KiB).
    pub max_token_bytes: usize,
    /// Audiences of further APIs whose tokens the `for-token` endpoints accept, such as `/api/groups/for-token`. The
    /// endpoints also accept tokens for the platform's APIs, for APIs of configured clients and components, and for
    /// APIs that roles refer to. If `None`, tokens must be intended for this service.
    pub resolved_apis: Option<Vec<Audience>>,
    /// PEM file with additional certificate authorities for connections to the providers.
    pub ca_file: Option<PathBuf>,
}

/// A token issuer, with its claim mapping and, for browser sign-in, this server's client registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Id in this configuration: lower-case letters, digits and dashes.
    pub id: String,
    /// Provider product, which selects defaults for tokens and sign-in.
    pub kind: ProviderKind,
    /// Issuer identifier, which must equal the `iss` claim byte for byte.
    pub issuer: String,
    /// Base URL for back-channel requests, if it differs from the issuer.
    pub backend_url: Option<Url>,
    /// URL of the key set (JWKS); `None` uses discovery, a URL disables it.
    pub jwks_url: Option<Url>,
    /// URL of the UserInfo endpoint; `None` uses discovery.
    pub user_info_url: Option<Url>,
    /// Cache durations of UserInfo claims that supplement token claims; `None` disables these requests.
    pub user_info_augmentation: Option<UserInfoAugmentation>,
    /// Further JWKS URLs, whose keys also verify tokens of this issuer.
    pub additional_jwks_urls: Vec<Url>,
    /// Audiences of which a token must have at least one. Never empty.
    pub audiences: Vec<Audience>,
    /// Accepted signature algorithms (RFC 7518 §3.1, RFC 8037 §3.1); asymmetric ones only. Never empty.
    pub algorithms: Vec<&'static str>,
    /// Permitted clock skew between this server and the issuer (default: 60 s).
    pub clock_skew: Duration,
    /// Claim with the username: a name, or a JSONPath query (default: `sub`).
    pub username_claim: ClaimSelector,
    /// Whether usernames are converted to lower case (default: exact).
    pub username_case: UsernameCase,
    /// Claim with the client id. If `None`, every token identifies a user.
    pub client_id_claim: Option<ClaimSelector>,
    /// Claim with the caller's groups, which replace stored memberships of users. If `None`, stored groups apply.
    pub groups_claim: Option<ClaimSelector>,
    /// Configured peculiarities of the provider's tokens, which override those of the provider product.
    pub habits: TokenHabits,
    /// Whether a token with username and client id identifies the user rather than the client (default: false).
    pub prefer_username_claim: bool,
    /// Prefix of the provider's usernames, client ids and groups: `partner` maps `ann` to `partner~ann`.
    pub namespace: Option<NamespaceName>,
    /// Whether equal names at all providers with this setting denote the same principal, instead of a namespace.
    pub shared_namespace: bool,
    /// Whether the header `typ` of access tokens must be `at+jwt` (RFC 9068; default: false).
    pub require_at_jwt: bool,
    /// Whether tokens are accepted that are indistinguishable from ID tokens (default: false).
    pub accept_id_tokens: bool,
    /// Whether `http` URLs are permitted for hosts other than this machine (default: false).
    pub allow_insecure_http: bool,
    /// Client registration of this server; `None` if browsers cannot sign in at this provider.
    pub client: Option<Client>,
}

/// Cache durations of UserInfo responses that supplement the claims of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserInfoAugmentation {
    /// Cache duration of a response (default: 5 minutes); limited by the lifetime of the token.
    pub cache_ttl: Duration,
    /// Time until UserInfo is requested again after a failed request (default: 5 s). Until then, only the claims of the
    /// token are used.
    pub negative_cache_ttl: Duration,
}

impl Authentication {
    pub(super) fn read(from: &Reader<'_>, profile: Option<Profile>) -> Option<Self> {
        if from.is_empty("providers") && profile == Some(Profile::Oidc) {
            from.problem("providers", "must contain at least one provider in this profile");
        }
        let mut providers: Vec<Provider> = Vec::new();
        for (id, entry) in from.entries("providers") {
            let Some(provider) = Provider::read(id, &entry, profile) else { continue };
            if let Some(other) = providers.iter().find(|other| other.issuer == provider.issuer) {
                entry.problem("issuer", format!("is also the issuer of `authentication.providers.{}`", other.id));
            }
            providers.push(provider);
        }
        namespaces::check(&providers, from);
        let unprotected_api = from.flag("unprotected-api");
        let unprotected_api_on_network = from.flag("unprotected-api-on-network");
        let basic_cache_ttl = from.section("basic").duration("cache-ttl");
        let token_cache_entries = from.number("token-cache-entries");
        let max_token_bytes = from.number("max-token-bytes");
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

    /// Returns the client registration at the first provider that has one.
    pub(super) fn client(&self) -> Option<&Client> {
        self.providers.iter().find_map(|provider| provider.client.as_ref())
    }

    /// Registers a client with these credentials (id and secret) at Keycloak providers without a confidential client.
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

    /// Sets missing issuers and audiences of providers to those of the managed realm. If no provider is configured,
    /// adds one for the realm.
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

    /// Warns if every provider belongs to a realm other than the managed one.
    pub(super) fn compare_realms(&self, keycloak: &KeycloakConfig, from: &Reader<'_>) {
        let realm = |provider: &&Provider| {
            let (_, realm) = provider.issuer.trim_end_matches('/').rsplit_once("/realms/")?;
            Some(realm == keycloak.realm)
        };
        if let Some(provider) = self.providers.first()
            && self.providers.iter().all(|provider| realm(&provider) == Some(false))
        {
            let managed =
                from.section("keycloak").origin("realm").map_or_else(String::new, |origin| format!(" ({origin})"));
            from.section("authentication").entry("providers", &provider.id).warn(
                "issuer",
                format!(
                    "belongs to another realm than `keycloak.realm`{managed}: users, roles and applications are \
                     managed in one realm, and tokens are accepted from the other"
                ),
            );
        }
    }

    /// Returns the namespace that maps usernames, client ids and groups of `provider` to ids in this server.
    #[must_use]
    pub fn namespace_of(&self, provider: &Provider) -> Namespace {
        namespaces::of(provider, &self.providers)
    }

    /// Returns warnings about permitted but unsafe provider settings, one line each.
    pub(super) fn dangers(&self) -> impl Iterator<Item = String> {
        self.providers.iter().filter_map(Provider::danger)
    }

    /// Whether browsers can sign in at a provider, because one has a client registration.
    #[must_use]
    pub fn signs_in_at_providers(&self) -> bool {
        self.providers.iter().any(|provider| provider.client.is_some())
    }

    /// Returns the client secret of the first provider that has one. Session keys can be derived from it, because all
    /// replicas share it and the store does not contain it.
    #[must_use]
    pub fn client_secret(&self) -> Option<&Secret> {
        self.providers.iter().filter_map(|provider| provider.client.as_ref()).find_map(Client::secret)
    }

    /// Whether groups come from a claim, which is the case as soon as one provider has a groups claim. Stored
    /// memberships of users would conflict with it.
    #[must_use]
    pub fn claims_groups(&self) -> bool {
        self.providers.iter().any(|provider| provider.groups_claim.is_some())
    }
}

impl Provider {
    /// Returns the provider for the managed realm, which is used if no provider is configured.
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
            from.problem("", "must be an id of lower-case letters, digits and dashes");
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
            // An empty issuer is replaced by that of the managed realm later, in `Authentication::default_to`.
            from.get("issuer", read_issuer).or_else(|| (!from.given("issuer")).then(String::new))
        } else {
            match ENDPOINTS.into_iter().find(|endpoint| !from.given("issuer") && from.given(endpoint)) {
                Some(endpoint) => from.problem(
                    "issuer",
                    format!(
                        "is required with `{endpoint}`, because tokens are accepted by their issuer: add the \
                         `issuer` of the provider's `/.well-known/openid-configuration`"
                    ),
                ),
                None => from.must_be_given("issuer"),
            }
            from.get("issuer", read_issuer)
        };
        let backend_url = from.get("backend-url", url);
        let jwks_url = from.get("jwks-url", url);
        let additional_jwks_urls = from.list("additional-jwks-urls", url);
        let user_info_url = from.get("user-info-url", url);
        let user_info_augmentation = UserInfoAugmentation::read(&from.section("user-info-augmentation"));
        if user_info_augmentation.is_some() && from.given("jwks-url") && !from.given("user-info-url") {
            from.problem(
                "user-info-url",
                "is required for `user-info-augmentation` with `jwks-url`, which disables discovery",
            );
        }
        let audiences = from.list("audiences", Audience::parse);
        if from.is_empty("audiences") && !in_keycloak {
            from.problem("audiences", "must contain at least one audience; tokens for other audiences are rejected");
        }
        let algorithms = from.words("algorithms");
        if from.given("algorithms") && from.is_empty("algorithms") {
            from.problem("algorithms", "must contain at least one algorithm");
        }
        let clock_skew = from.duration("clock-skew");
        let username_claim = from.get("username-claim", ClaimSelector::parse);
        let username_case = from.choice("username-case", &USERNAME_CASES);
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
    /// Returns a warning if ID tokens of this provider pass as access tokens, or have the same audience.
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
                "`authentication.providers.{id}`: `client-id` is one of `audiences`, so ID tokens and access tokens \
                 have the same audience; tokens without a mark of access tokens are rejected. Use an audience for the \
                 API that is not a client id"
            )
        })
    }
}

impl UserInfoAugmentation {
    fn read(from: &Reader<'_>) -> Option<Self> {
        let cache_ttl = from.duration("cache-ttl");
        let negative_cache_ttl = from.duration("negative-cache-ttl");
        let enabled = from.flag("enabled")?;
        enabled.then_some(Self { cache_ttl: cache_ttl?, negative_cache_ttl: negative_cache_ttl? })
    }
}

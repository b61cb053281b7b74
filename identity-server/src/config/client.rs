//! What this server is at a provider, so that people can sign in there.

use std::path::PathBuf;

use identity_core::value::Secret;
use url::Url;

use super::authentication::{algorithm, safe_url};
use super::reader::{Reader, filled};

/// This server's registration at a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// What people call the provider.
    pub display_name: String,
    /// The client id.
    pub id: String,
    /// How this server proves to be that client.
    pub authentication: ClientAuthentication,
    /// What is asked for; what is usual for the provider's make when empty.
    pub scopes: Vec<String>,
    /// What access tokens shall be for (RFC 8707).
    pub resources: Vec<String>,
    /// More parameters of authorization requests.
    pub authorize_parameters: Vec<(String, String)>,
    /// The parameter `prompt` of authorization requests.
    pub prompt: Option<String>,
    /// The algorithms that ID tokens and logout tokens may be signed with; the provider's when empty.
    pub id_token_algorithms: Vec<&'static str>,
    /// Endpoints that discovery shall not say.
    pub endpoints: Endpoints,
    /// Whether UserInfo is asked when somebody signs in.
    pub user_info: UserInfo,
    /// Whether claims of the ID token count before those of the access token.
    pub prefer_id_token_claims: bool,
    /// Whether signing out here means signing out there.
    pub logout_at_provider: bool,
    /// Whether a logout token's type must be `logout+jwt`.
    pub require_logout_token_type: bool,
}

/// Endpoints that discovery shall not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// Where browsers are sent to sign in.
    pub authorization: Option<Url>,
    /// Where codes and refresh tokens are redeemed.
    pub token: Option<Url>,
    /// Where browsers are sent to sign out.
    pub end_session: Option<Url>,
    /// Where refresh tokens are revoked.
    pub revocation: Option<Url>,
}

/// Whether UserInfo is asked when somebody signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserInfo {
    /// No.
    Off,
    /// Yes; without an answer the tokens count alone.
    Optional,
    /// Yes; without an answer nobody signs in.
    Required,
}

/// How a client proves which one it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// It does not.
    None,
    /// A secret, by HTTP Basic.
    SecretBasic(Secret),
    /// A secret, in the form.
    SecretPost(Secret),
    /// A signed assertion.
    PrivateKeyJwt(Assertion),
    /// A certificate.
    Tls {
        /// Its file.
        certificate: PathBuf,
        /// Its key's file.
        key: PathBuf,
    },
}

/// How assertions are signed, and what they say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion {
    /// The key.
    pub key: KeyFile,
    /// The header's `kid`: a text, or `public-key` for the digest of the key.
    pub key_id: Option<String>,
    /// How the header names the certificate: `none`, `x5t` or `x5t#S256`.
    pub thumbprint: Option<&'static str>,
    /// The algorithm.
    pub algorithm: Option<&'static str>,
    /// Whom it is for: `issuer`, `token-endpoint`, or a text.
    pub audience: Option<String>,
}

/// Where a private key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyFile {
    /// In PEM.
    Pem {
        /// The key's file.
        key: PathBuf,
        /// The certificate's.
        certificate: Option<PathBuf>,
    },
    /// In PKCS#12.
    Pkcs12 {
        /// The file.
        file: PathBuf,
        /// Its password.
        password: Secret,
        /// The entry.
        alias: Option<String>,
    },
}

/// The client id of the replaced service, where nobody says otherwise (management reference §7.1).
pub(super) const IMPLIED_ID: &str = "camunda-identity";
const METHODS: [&str; 5] = ["none", "client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth"];

impl Client {
    /// `None` where nobody signs in.
    pub(super) fn read(provider: &str, from: &Reader<'_>, insecure_http: bool) -> Option<Self> {
        let text = |text: &str| filled(text).map(str::to_owned);
        let url = |text: &str| safe_url(text, insecure_http);
        let display_name = from.get("display-name", text).unwrap_or_else(|| provider.to_owned());
        let implied =
            || (from.given("client-secret") || from.given("client-secret-file")).then(|| IMPLIED_ID.to_owned());
        let id = from.get("client-id", text).or_else(implied);
        let authentication = ClientAuthentication::read(from);
        let scopes = from.list("scopes", text);
        if !scopes.is_empty() && !scopes.iter().any(|scope| scope == "openid") {
            from.problem("scopes", "must hold `openid`");
        }
        let resources = from.list("resources", |text| url(text).map(|_| text.to_owned()).or_else(|_| urn(text)));
        let authorize_parameters = from.list("authorize-parameters", |text| {
            let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
            pair.map(|(name, value)| (name.to_owned(), value.to_owned())).ok_or("must be `name=value`")
        });
        let prompt = from.get("prompt", text);
        let id_token_algorithms = from.list("id-token-algorithms", algorithm);
        let endpoints = Endpoints {
            authorization: from.get("authorization-url", url),
            token: from.get("token-url", url),
            end_session: from.get("end-session-url", url),
            revocation: from.get("revocation-url", url),
        };
        let user_info = from.choice("user-info", UserInfo::parse);
        let prefer_id_token_claims = from.flag("prefer-id-token-claims");
        let logout_at_provider = from.flag("logout-at-provider");
        let require_logout_token_type = from.flag("require-logout-token-type");
        Some(Self {
            display_name,
            id: id?,
            authentication: authentication?,
            scopes,
            resources,
            authorize_parameters,
            prompt,
            id_token_algorithms,
            endpoints,
            user_info: user_info?,
            prefer_id_token_claims: prefer_id_token_claims?,
            logout_at_provider: logout_at_provider?,
            require_logout_token_type: require_logout_token_type?,
        })
    }
}

impl Client {
    /// A client with a secret, and all else as is usual.
    #[must_use]
    pub fn with_secret(id: String, secret: Secret) -> Self {
        Self {
            display_name: "Keycloak".to_owned(),
            id,
            authentication: ClientAuthentication::SecretBasic(secret),
            scopes: Vec::new(),
            resources: Vec::new(),
            authorize_parameters: Vec::new(),
            prompt: None,
            id_token_algorithms: Vec::new(),
            endpoints: Endpoints { authorization: None, token: None, end_session: None, revocation: None },
            user_info: UserInfo::Optional,
            prefer_id_token_claims: false,
            logout_at_provider: true,
            require_logout_token_type: false,
        }
    }

    /// The client's secret, if it has one.
    pub(super) fn secret(&self) -> Option<&Secret> {
        match &self.authentication {
            ClientAuthentication::SecretBasic(secret) | ClientAuthentication::SecretPost(secret) => Some(secret),
            _ => None,
        }
    }
}

/// A resource may be any absolute URI (RFC 8707 §2).
fn urn(text: &str) -> Result<String, &'static str> {
    Url::parse(text).map(|_| text.to_owned()).map_err(|_| "must be an absolute uri")
}

impl UserInfo {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "off" => Self::Off,
            "optional" => Self::Optional,
            "required" => Self::Required,
            _ => return None,
        })
    }
}

impl ClientAuthentication {
    /// The method that is named, or the one whose means are there.
    fn read(from: &Reader<'_>) -> Option<Self> {
        let secret = from.secret("client-secret");
        let assertion = Assertion::read(&from.section("assertion"));
        let tls = from.section("tls");
        let tls = (tls.file_path("certificate-file"), tls.file_path("key-file"));
        let named = from.choice("client-authentication", |word| METHODS.into_iter().find(|method| *method == word));
        let method = named.unwrap_or(match (&secret, &assertion, &tls.0) {
            (Some(_), ..) => "client_secret_basic",
            (None, Some(_), _) => "private_key_jwt",
            (None, None, Some(_)) => "tls_client_auth",
            (None, None, None) => "none",
        });
        let lacks = |key: &str| {
            from.problem(key, format!("is required for `client-authentication: {method}`"));
            None
        };
        match method {
            "none" => Some(Self::None),
            "private_key_jwt" => match assertion {
                Some(assertion) => Some(Self::PrivateKeyJwt(assertion)),
                None => lacks("assertion.key-file"),
            },
            "tls_client_auth" => match tls {
                (Some(certificate), Some(key)) => Some(Self::Tls { certificate, key }),
                (None, _) => lacks("tls.certificate-file"),
                (_, None) => lacks("tls.key-file"),
            },
            _ => match secret {
                Some(secret) if method == "client_secret_post" => Some(Self::SecretPost(secret)),
                Some(secret) => Some(Self::SecretBasic(secret)),
                None => lacks("client-secret"),
            },
        }
    }
}

impl Assertion {
    fn read(from: &Reader<'_>) -> Option<Self> {
        let text = |text: &str| filled(text).map(str::to_owned);
        let (key, certificate) = (from.file_path("key-file"), from.file_path("certificate-file"));
        let keystore = from.file_path("keystore-file");
        let (password, alias) = (from.secret("keystore-password"), from.get("keystore-alias", text));
        if key.is_some() && keystore.is_some() {
            from.problem("keystore-file", "must not be given beside `key-file`");
        }
        let key = match (key, keystore) {
            (Some(key), _) => Some(KeyFile::Pem { key, certificate }),
            (None, Some(file)) => match password {
                Some(password) => Some(KeyFile::Pkcs12 { file, password, alias }),
                None => {
                    from.problem("keystore-password", "is required for `keystore-file`");
                    None
                }
            },
            (None, None) => None,
        };
        let thumbprints = ["none", "x5t", "x5t#s256"];
        let thumbprint = from.choice("thumbprint", |word| thumbprints.into_iter().find(|known| *known == word));
        Some(Self {
            key: key?,
            key_id: from.get("key-id", text),
            thumbprint,
            algorithm: from.get("algorithm", algorithm),
            audience: from.get("audience", text),
        })
    }
}

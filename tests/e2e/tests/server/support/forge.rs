//! Issuer that signs arbitrary tokens.

use std::time::{Duration, SystemTime};

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockGuard, MockServer, ResponseTemplate};

use super::AUDIENCE;

const KEY_ID: &str = "forge";

/// OpenID provider for a resource server: discovery, keys, tokens.
pub struct Forge {
    _provider: MockServer,
    issuer: String,
    key: EcdsaKeyPair,
}

impl Forge {
    /// Starts an issuer whose URL ends in `suffix`.
    pub async fn start(suffix: &str) -> Self {
        let provider = MockServer::start().await;
        let issuer = format!("{}{suffix}", provider.uri());
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        let forge = Self { issuer, key, _provider: provider };
        let at = |path: &str| format!("{}{path}", forge._provider.uri());
        let document = json!({
            "issuer": forge.issuer, "jwks_uri": at("/keys"),
            "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"),
            "authorization_response_iss_parameter_supported": true, "response_types_supported": ["code"],
        });
        forge.serves("/.well-known/openid-configuration", &document).await;
        forge.serves("/keys", &json!({"keys": [forge.jwk()]})).await;
        forge
    }

    async fn serves(&self, at: &str, body: &Value) {
        let answer = ResponseTemplate::new(200).set_body_json(body);
        Mock::given(method("GET")).and(path(at)).respond_with(answer).mount(&self._provider).await;
    }

    /// Sets the response of the token endpoint until the guard is dropped.
    pub async fn redeems(&self, status: u16, body: &Value) -> MockGuard {
        let answer = ResponseTemplate::new(status).set_body_json(body);
        Mock::given(method("POST")).and(path("/token")).respond_with(answer).mount_as_scoped(&self._provider).await
    }

    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Returns the public key as published.
    pub fn jwk(&self) -> Value {
        let (x, y) = self.point().split_at(32);
        let text = |bytes| URL_SAFE_NO_PAD.encode(bytes);
        json!({"kty": "EC", "crv": "P-256", "kid": KEY_ID, "use": "sig", "alg": "ES256", "x": text(x), "y": text(y)})
    }

    /// Returns the coordinates of the public key, after the byte that marks an uncompressed point (SEC 1 §2.3.3).
    fn point(&self) -> &[u8] {
        &self.key.public_key().as_ref()[1..]
    }

    /// Returns the claims of a valid token with these members added or changed; `null` removes a member.
    pub fn claims(&self, changes: &Value) -> Value {
        let mut claims = json!({"iss": self.issuer, "aud": AUDIENCE, "iat": now(), "exp": now() + 600});
        merge(&mut claims, changes);
        claims
    }

    /// Returns a valid token with these claims.
    pub fn token(&self, claims: &Value) -> String {
        self.signed(&json!({}), &self.claims(claims))
    }

    /// Returns a token with these header members added or changed, and exactly these claims.
    pub fn signed(&self, header: &Value, claims: &Value) -> String {
        let mut whole = json!({"alg": "ES256", "kid": KEY_ID, "typ": "at+jwt"});
        merge(&mut whole, header);
        let signed = unsigned(&whole, claims);
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes()).expect("a signature");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Returns a token signed with the public key as an HMAC secret (RFC 8725 §2.1).
    pub fn signed_with_the_public_key(&self, claims: &Value) -> String {
        let signed = unsigned(&json!({"alg": "HS256", "kid": KEY_ID, "typ": "at+jwt"}), claims);
        let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, self.point()), signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// Returns the encoded header and claims, without the signature.
pub fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// Returns the current Unix time in seconds.
#[expect(clippy::disallowed_methods, reason = "the server under test reads the clock of this machine")]
pub fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}

fn merge(base: &mut Value, changes: &Value) {
    let members = base.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("an object") {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
}

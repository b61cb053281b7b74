//! Test support: a settable clock, generated keys, and a configurable provider.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer, EcPrivateKeyRfc5915Der, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair,
    Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaEncoding,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity_core::entity::{RejectedToken, VerifiedToken};
use identity_core::port::{Clock, Evidence, TokenError, TokenVerifier as _};
use identity_core::resolve::{PrincipalClaims, UsernameCase};
use identity_core::value::{ClaimSelector, Namespace};
use serde_json::{Value, json};
use time::OffsetDateTime;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::SigningAlgorithm::{self, *};
use crate::{IssuerSettings, OidcTokenVerifier, VerifierSettings};

pub(in crate::tests) const NOW: i64 = 1_767_225_600;
pub(in crate::tests) const AUDIENCE: &str = "identity-api";

/// A clock that only moves on request.
pub(in crate::tests) struct FakeClock(AtomicI64);

impl FakeClock {
    pub(in crate::tests) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(NOW)))
    }

    pub(in crate::tests) fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.0.load(Ordering::SeqCst)).unwrap()
    }

    fn monotonic(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

/// A private key with an id.
pub(in crate::tests) struct Signer {
    pub(in crate::tests) kid: String,
    pub(in crate::tests) algorithm: SigningAlgorithm,
    pair: Pair,
}

impl Signer {
    pub(in crate::tests) fn new(kid: &str, algorithm: SigningAlgorithm) -> Self {
        let ec = |signing| Pair::Ec(EcdsaKeyPair::generate(signing).unwrap());
        let pair = match algorithm {
            Es256 => ec(&ECDSA_P256_SHA256_FIXED_SIGNING),
            Es384 => ec(&ECDSA_P384_SHA384_FIXED_SIGNING),
            Es512 => ec(&ECDSA_P521_SHA512_FIXED_SIGNING),
            EdDsa => Pair::Ed(Ed25519KeyPair::generate().unwrap()),
            _ => Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()),
        };
        Self { kid: kid.to_owned(), algorithm, pair }
    }

    /// The big-endian modulus of an RSA key.
    pub(in crate::tests) fn modulus(&self) -> Vec<u8> {
        let Pair::Rsa(pair) = &self.pair else { panic!("not an rsa key") };
        // RFC 8017 §A.1.1: a sequence of two integers. The first is the modulus: a zero byte for the sign, then 256
        // bytes.
        pair.public_key().as_ref()[9..9 + 256].to_vec()
    }

    /// The public key, without `alg`.
    pub(in crate::tests) fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match &self.pair {
            Pair::Rsa(_) => {
                json!({"kty": "RSA", "kid": self.kid, "use": "sig", "n": text(&self.modulus()), "e": "AQAB"})
            }
            Pair::Ec(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(pair.public_key().as_ref().len() / 2);
                let curve = match self.algorithm {
                    Es256 => "P-256",
                    Es384 => "P-384",
                    _ => "P-521",
                };
                json!({"kty": "EC", "kid": self.kid, "use": "sig", "crv": curve, "x": text(x), "y": text(y)})
            }
            Pair::Ed(pair) => {
                json!({"kty": "OKP", "kid": self.kid, "crv": "Ed25519", "x": text(pair.public_key().as_ref())})
            }
        }
    }

    /// The private key in PKCS#8.
    pub(in crate::tests) fn pkcs8(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(pair) => AsDer::<Pkcs8V1Der<'_>>::as_der(pair).unwrap().as_ref().to_vec(),
            Pair::Ec(pair) => pair.to_pkcs8v1().unwrap().as_ref().to_vec(),
            Pair::Ed(pair) => AsDer::<Pkcs8V1Der<'_>>::as_der(pair).unwrap().as_ref().to_vec(),
        }
    }

    /// An elliptic curve private key in the older form (RFC 5915).
    pub(in crate::tests) fn sec1(&self) -> Vec<u8> {
        let Pair::Ec(pair) = &self.pair else { panic!("not a key on a curve") };
        AsDer::<EcPrivateKeyRfc5915Der<'_>>::as_der(&pair.private_key()).unwrap().as_ref().to_vec()
    }

    pub(in crate::tests) fn header(&self) -> Value {
        json!({"alg": self.algorithm.name(), "kid": self.kid, "typ": "JWT"})
    }

    pub(in crate::tests) fn token(&self, claims: &Value) -> String {
        self.sign(&self.header().to_string(), &claims.to_string())
    }

    pub(in crate::tests) fn token_with(&self, header: &Value, claims: &Value) -> String {
        self.sign(&header.to_string(), &claims.to_string())
    }

    /// Signs any header and payload.
    pub(in crate::tests) fn sign(&self, header: &str, payload: &str) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let random = SystemRandom::new();
        let signature = match &self.pair {
            Pair::Ec(pair) => pair.sign(&random, signed.as_bytes()).unwrap().as_ref().to_vec(),
            Pair::Ed(pair) => pair.sign(signed.as_bytes()).as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let encoding: &'static dyn RsaEncoding = match self.algorithm {
                    Rs384 => &RSA_PKCS1_SHA384,
                    Rs512 => &RSA_PKCS1_SHA512,
                    Ps256 => &RSA_PSS_SHA256,
                    Ps384 => &RSA_PSS_SHA384,
                    Ps512 => &RSA_PSS_SHA512,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &random, signed.as_bytes(), &mut signature).unwrap();
                signature
            }
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// The default key of providers.
pub(in crate::tests) static KEY: LazyLock<Signer> = LazyLock::new(|| Signer::new("key-1", Rs256));
/// Another key.
pub(in crate::tests) static OTHER: LazyLock<Signer> = LazyLock::new(|| Signer::new("key-2", Es256));

pub(in crate::tests) fn jwks(keys: &[&Signer]) -> Value {
    json!({"keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>()})
}

/// A document at a URL, with replaceable content and a request counter.
#[derive(Clone)]
pub(in crate::tests) struct Page {
    answer: Arc<Mutex<ResponseTemplate>>,
    hits: Arc<AtomicUsize>,
}

impl Page {
    pub(in crate::tests) async fn at(server: &MockServer, at: &str, answer: ResponseTemplate) -> Self {
        Self::answering("GET", server, at, answer).await
    }

    pub(in crate::tests) async fn answering(
        verb: &str,
        server: &MockServer,
        at: &str,
        answer: ResponseTemplate,
    ) -> Self {
        let page = Self { answer: Arc::new(Mutex::new(answer)), hits: Arc::default() };
        Mock::given(method(verb)).and(path(at)).respond_with(page.clone()).mount(server).await;
        page
    }

    pub(in crate::tests) fn answers(&self, answer: ResponseTemplate) {
        *self.answer.lock().unwrap() = answer;
    }

    pub(in crate::tests) fn shows(&self, body: &Value) {
        self.answers(ok(body));
    }

    pub(in crate::tests) fn fails(&self) {
        self.answers(ResponseTemplate::new(503));
    }

    pub(in crate::tests) fn hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }
}

impl Respond for Page {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        self.hits.fetch_add(1, Ordering::SeqCst);
        self.answer.lock().unwrap().clone()
    }
}

pub(in crate::tests) fn ok(body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

/// A mock provider.
pub(in crate::tests) struct Provider {
    pub(in crate::tests) server: MockServer,
    pub(in crate::tests) issuer: String,
    pub(in crate::tests) discovery: Page,
    pub(in crate::tests) jwks: Page,
}

impl Provider {
    /// A provider whose issuer is its address followed by `suffix`.
    pub(in crate::tests) async fn start(suffix: &str, keys: &[&Signer]) -> Self {
        let server = MockServer::start().await;
        let issuer = format!("{}{suffix}", server.uri());
        let base = suffix.trim_end_matches('/');
        let document = json!({"issuer": issuer, "jwks_uri": format!("{}{base}/certs", server.uri())});
        let discovery = Page::at(&server, &format!("{base}/.well-known/openid-configuration"), ok(&document)).await;
        let jwks = Page::at(&server, &format!("{base}/certs"), ok(&jwks(keys))).await;
        Self { server, issuer, discovery, jwks }
    }

    pub(in crate::tests) fn settings(&self) -> IssuerSettings {
        settings(&self.issuer)
    }

    pub(in crate::tests) fn claims(&self) -> Value {
        claims(&self.issuer)
    }

    pub(in crate::tests) fn hits(&self) -> (usize, usize) {
        (self.discovery.hits(), self.jwks.hits())
    }
}

pub(in crate::tests) fn selector(text: &str) -> ClaimSelector {
    ClaimSelector::parse(text).unwrap()
}

pub(in crate::tests) fn principal_claims() -> PrincipalClaims {
    PrincipalClaims {
        username: selector("preferred_username"),
        client_id: Some(selector("client_id")),
        groups: Some(selector("groups").into()),
        prefer_username: false,
        username_case: UsernameCase::Exact,
        namespace: Namespace::whole(),
    }
}

pub(in crate::tests) fn settings(issuer: &str) -> IssuerSettings {
    IssuerSettings::new(issuer, vec![AUDIENCE.to_owned(), "other-api".to_owned()], principal_claims())
}

/// The claims of a valid token.
pub(in crate::tests) fn claims(issuer: &str) -> Value {
    json!({
        "iss": issuer, "aud": [AUDIENCE, "account"], "exp": NOW + 300, "iat": NOW - 1, "nbf": NOW - 1,
        "sub": "f:1", "preferred_username": "ann", "name": "Ann A", "email": "ann@example.com", "scope": "openid",
    })
}

/// `base` with the members of `changes`; `null` removes a member.
pub(in crate::tests) fn with(mut base: Value, changes: Value) -> Value {
    let members = base.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    base
}

/// A verifier and its clock.
pub(in crate::tests) struct Setup {
    pub(in crate::tests) verifier: Arc<OidcTokenVerifier>,
    pub(in crate::tests) clock: Arc<FakeClock>,
}

impl Setup {
    pub(in crate::tests) fn new(issuers: Vec<IssuerSettings>) -> Self {
        Self::with(issuers, |_| {})
    }

    pub(in crate::tests) fn with(issuers: Vec<IssuerSettings>, change: impl FnOnce(&mut VerifierSettings)) -> Self {
        let clock = FakeClock::new();
        let mut settings = VerifierSettings::default();
        // Long timeouts, so that requests do not time out on a busy machine.
        settings.http.connect_timeout = Duration::from_secs(60);
        settings.http.total_timeout = Duration::from_secs(60);
        change(&mut settings);
        let verifier = OidcTokenVerifier::new(issuers, settings, Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
        Self { verifier: Arc::new(verifier), clock }
    }

    pub(in crate::tests) async fn verify(&self, token: &str) -> Result<Arc<VerifiedToken>, TokenError> {
        self.verifier.verify(token).await
    }

    /// The reason why a token is rejected. Asserts that an inspection finds the same reason.
    pub(in crate::tests) async fn refusal(&self, token: &str) -> RejectedToken {
        match self.verify(token).await {
            Err(TokenError::Rejected(rejected)) => {
                let inspection = self.verifier.inspect(Evidence::Token(token)).await;
                let reasons: Vec<_> = inspection.steps.iter().filter_map(|step| step.reason).collect();
                // Results of UserInfo are not part of an inspection.
                let asked = rejected == RejectedToken::UserInfoMismatch || rejected == RejectedToken::NoPrincipal;
                assert!(asked || reasons.contains(&rejected.code()), "{rejected}: {:?}", inspection.steps);
                rejected
            }
            other => panic!("not a refusal: {other:?}"),
        }
    }

    pub(in crate::tests) async fn is_unavailable(&self, token: &str) -> bool {
        matches!(self.verify(token).await, Err(TokenError::Unavailable { .. }))
    }
}

//! An OpenID Connect provider with its access tokens, and a plain server.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::net::TcpListener;
use std::sync::Arc;

use actix_web::{App, HttpResponse, HttpServer, web};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity_core::port::Clock;
use identity_core::value::Username;
use serde_json::{Value, json};

/// Signature algorithm of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with a key of 2048 bits.
    Rs256,
    /// ECDSA on P-256.
    Es256,
}

impl Algorithm {
    /// The value of `alg`, which is also the `kid` of the key.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}

/// A provider with one key for each algorithm, which serves its metadata and its key set.
pub struct Provider {
    /// The issuer, a URL on this machine.
    pub issuer: String,
    /// The key set.
    pub key_set: Value,
    clock: Arc<dyn Clock>,
    rsa: RsaKeyPair,
    ec: EcdsaKeyPair,
}

impl Provider {
    /// Starts the provider. It ends with this process. `clock` gives the times of tokens.
    ///
    /// # Panics
    /// If no key can be created or no port is free.
    #[must_use]
    pub fn start(clock: Arc<dyn Clock>) -> Self {
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let (point, der) = (ec.public_key().as_ref(), rsa.public_key().as_ref());
        // RFC 8017 §A.1.1: a sequence of the modulus, 2048 bits after a zero, and the exponent, 24 bits.
        assert_eq!(der.len(), 270, "an RSA key of 2048 bits");
        let [modulus, exponent] = [&der[9..265], &der[267..]].map(text);
        let key_set = json!({"keys": [
            {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "RS256", "n": modulus, "e": exponent},
            {"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "ES256",
             "x": text(&point[1..33]), "y": text(&point[33..65])},
        ]});
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let metadata = json!({"issuer": issuer, "jwks_uri": format!("{issuer}/keys")});
        let documents = [("/.well-known/openid-configuration", &metadata), ("/keys", &key_set)];
        let served = documents.map(|(path, json)| (path.to_owned(), json.to_string().into_bytes()));
        serve_bytes(listener, served.into());
        Self { issuer, key_set, clock, rsa, ec }
    }

    /// The public key of an algorithm: DER for RSA, the point for ECDSA.
    #[must_use]
    pub fn public_key(&self, algorithm: Algorithm) -> Vec<u8> {
        match algorithm {
            Algorithm::Rs256 => self.rsa.public_key().as_ref().to_vec(),
            Algorithm::Es256 => self.ec.public_key().as_ref().to_vec(),
        }
    }

    /// An access token with about as many claims as one of Keycloak, for the audience `identity`.
    ///
    /// # Panics
    /// If it cannot be signed.
    #[must_use]
    pub fn token(&self, algorithm: Algorithm, username: &Username) -> String {
        let now = self.clock.now().unix_timestamp();
        let header = json!({"alg": algorithm.name(), "typ": "at+jwt", "kid": algorithm.name()});
        let claims = json!({
            "iss": self.issuer, "aud": "identity", "sub": username.as_str(), "exp": now + 3600, "iat": now,
            "jti": "3f6c6a3e-7a0e-4d2c-9e06-7ec8a1f8b6a1", "sid": "61c7f0c9-6f0c-4b2a-9a6a-3b1b1d1f3d11", "acr": "1",
            "azp": "console", "scope": "openid profile email", "email": "ann@example.com", "email_verified": true,
            "name": "Ann Example", "preferred_username": username.as_str(), "given_name": "Ann",
            "family_name": "Example", "allowed-origins": ["https://console.example.com"],
            "realm_access": {"roles": ["default-roles-platform", "offline_access", "uma_authorization"]},
            "resource_access": {"account": {"roles": ["manage-account", "manage-account-links", "view-profile"]}},
        });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let random = SystemRandom::new();
        let signature = match algorithm {
            Algorithm::Es256 => self.ec.sign(&random, signed.as_bytes()).unwrap().as_ref().to_vec(),
            Algorithm::Rs256 => {
                let mut signature = vec![0; self.rsa.public_modulus_len()];
                self.rsa.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature).unwrap();
                signature
            }
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// Serves the bytes of each path with one worker, for any method, until the process ends. A body is parsed as JSON.
///
/// # Panics
/// If the server cannot be started.
pub fn serve_bytes(listener: TcpListener, answers: BTreeMap<String, Vec<u8>>) {
    std::thread::spawn(move || {
        let app = move || {
            answers.iter().fold(App::new(), |app, (path, answer)| {
                let answer = web::Bytes::from(answer.clone());
                let handler = move |body: web::Bytes| {
                    let answer = answer.clone();
                    assert!(body.is_empty() || black_box(serde_json::from_slice::<Value>(&body)).is_ok());
                    async move { HttpResponse::Ok().content_type("application/json").body(answer) }
                };
                app.route(path, web::to(handler))
            })
        };
        let server = || HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap().run();
        actix_web::rt::System::new().block_on(async move { server().await }).unwrap();
    });
}

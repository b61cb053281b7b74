//! Verification of new tokens, compared with jsonwebtoken and with the raw signature check.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity_adapters_oidc::{IssuerSettings, OidcTokenVerifier, VerifierSettings};
use identity_bench::measure::{Bench, shown};
use identity_bench::policies::username;
use identity_bench::provider::{Algorithm, Provider};
use identity_bench::report::record;
use identity_core::port::{Clock, TokenVerifier as _};
use identity_core::resolve::{PrincipalClaims, UsernameCase};
use identity_core::value::{ClaimSelector, Namespace};
use jsonwebtoken::{DecodingKey, Validation, decode};
use serde_json::Value;
use time::OffsetDateTime;

/// Number of distinct tokens.
const TOKENS: usize = 256;

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn monotonic(&self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }
}

fn verifier(issuer: &str) -> OidcTokenVerifier {
    let claims = PrincipalClaims {
        username: ClaimSelector::parse("preferred_username").expect("a claim"),
        client_id: Some(ClaimSelector::parse("client_id").expect("a claim")),
        groups: None,
        prefer_username: false,
        username_case: UsernameCase::Exact,
        namespace: Namespace::whole(),
    };
    let issuer = IssuerSettings::new(issuer, vec!["identity".to_owned()], claims);
    // Each token is new, so that each verification checks a signature.
    let settings = VerifierSettings { cache_entries: 0, ..VerifierSettings::default() };
    OidcTokenVerifier::new(vec![issuer], settings, Arc::new(SystemClock)).expect("a verifier")
}

fn peer(provider: &Provider, algorithm: Algorithm) -> (DecodingKey, Validation) {
    let text = |key: &Value, name: &str| key[name].as_str().expect("a member").to_owned();
    let keys = provider.key_set["keys"].as_array().expect("keys");
    let key = keys.iter().find(|key| key["kid"] == algorithm.name()).expect("a key");
    let (key, algorithm) = match algorithm {
        Algorithm::Rs256 => {
            (DecodingKey::from_rsa_components(&text(key, "n"), &text(key, "e")), jsonwebtoken::Algorithm::RS256)
        }
        Algorithm::Es256 => {
            (DecodingKey::from_ec_components(&text(key, "x"), &text(key, "y")), jsonwebtoken::Algorithm::ES256)
        }
    };
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&["identity"]);
    validation.set_issuer(&[&provider.issuer]);
    (key.expect("a key"), validation)
}

pub fn report() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let provider = Provider::start(Arc::new(SystemClock));
    let verifier = verifier(&provider.issuer);
    runtime.block_on(verifier.warm());
    for (algorithm, measure) in [
        (Algorithm::Rs256, "raw signature check, of a new RS256 token"),
        (Algorithm::Es256, "raw signature check, of a new ES256 token"),
    ] {
        let tokens: Vec<String> = (0..TOKENS).map(|number| provider.token(algorithm, &username(number))).collect();
        let (key, validation) = peer(&provider, algorithm);
        let public = provider.public_key(algorithm);
        let raw = match algorithm {
            Algorithm::Rs256 => ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public),
            Algorithm::Es256 => ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public),
        };
        let raw = raw.expect("a key");
        let signed: Vec<(&str, Vec<u8>)> = tokens
            .iter()
            .map(|token| token.rsplit_once('.').expect("three segments"))
            .map(|(signed, signature)| (signed, URL_SAFE_NO_PAD.decode(signature).expect("base64url")))
            .collect();
        for token in &tokens {
            runtime.block_on(verifier.verify(token)).expect("a good token");
            decode::<Value>(token, &key, &validation).expect("a good token");
        }
        let forged = format!("{}AAAA", &tokens[0][..tokens[0].len() - 4]);
        assert!(runtime.block_on(verifier.verify(&forged)).is_err());
        assert!(decode::<Value>(&forged, &key, &validation).is_err());
        let mut bench = Bench::new("New tokens");
        let (mut ours, mut peers, mut raws) = (tokens.iter().cycle(), tokens.iter().cycle(), signed.iter().cycle());
        let _inside = runtime.enter();
        bench.case("identity", || ours.next().map(|token| runtime.block_on(verifier.verify(token))));
        bench.case("jsonwebtoken", || peers.next().map(|token| decode::<Value>(token, &key, &validation)));
        bench.case("raw check", || raws.next().map(|(signed, signature)| raw.verify_sig(signed.as_bytes(), signature)));
        bench.compare("identity", "raw check", None);
        bench.compare("jsonwebtoken", "raw check", None);
        let times = bench.report();
        let [identity, peer, raw] = ["identity", "jsonwebtoken", "raw check"].map(|case| times.of(case));
        let note = format!("{} of {}; jsonwebtoken {}", shown(raw), shown(identity), shown(peer));
        record(measure, raw / identity * 100.0, &note);
    }
}

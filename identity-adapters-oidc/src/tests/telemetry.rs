//! Telemetry of verification, which must not contain secrets.

use std::io::Write;
use std::sync::{Arc, Mutex};

use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use super::support::*;

#[derive(Clone, Default)]
pub(super) struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Lines {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

/// Runs a scene with log and metrics capture. Returns the scene's result and the metrics in Prometheus format.
pub(super) fn overheard<T>(scene: impl AsyncFnOnce(&Lines) -> T) -> (T, String) {
    let recorder = PrometheusBuilder::new().build_recorder();
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().with_writer(lines.clone()).with_ansi(false).finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let given = metrics::with_local_recorder(&recorder, || runtime.block_on(scene(&lines)));
    (given, recorder.handle().render())
}

#[test]
fn counters_have_labels_of_a_closed_set() {
    let (issuer, text) = overheard(async |_| {
        let provider = Provider::start("", &[&KEY]).await;
        let setup = Setup::new(vec![provider.settings()]);
        let good = KEY.token(&provider.claims());
        setup.verify(&good).await.unwrap();
        setup.verify(&good).await.unwrap();
        setup.refusal(&KEY.token(&claims("https://evil.example/label"))).await;
        setup.refusal(&KEY.token(&with(provider.claims(), json!({"aud": "secret-audience"})))).await;
        setup.refusal("junk").await;
        provider.jwks.fails();
        setup.clock.forward(10);
        let kid = with(KEY.header(), json!({"kid": "secret-kid"}));
        assert!(setup.is_unavailable(&KEY.token_with(&kid, &provider.claims())).await);
        provider.issuer.clone()
    });
    for (issuer, outcome) in [
        (issuer.as_str(), "accepted"),
        (issuer.as_str(), "accepted_from_cache"),
        (issuer.as_str(), "token_audience"),
        (issuer.as_str(), "unavailable"),
        ("none", "token_issuer"),
        ("none", "token_malformed"),
    ] {
        let line = format!("identity_token_verifications_total{{issuer=\"{issuer}\",outcome=\"{outcome}\"}} 1\n");
        assert!(text.contains(&line), "{line} in {text}");
    }
    for outcome in ["ok", "status"] {
        let line = format!("identity_jwks_fetches_total{{issuer=\"{issuer}\",outcome=\"{outcome}\"}} 1\n");
        assert!(text.contains(&line), "{line} in {text}");
    }
    assert!(text.contains(&format!("identity_issuer_up{{issuer=\"{issuer}\"}} 0\n")), "{text}");
    assert!(!text.contains("evil") && !text.contains("secret"), "{text}");
}

#[test]
fn a_failing_issuer_is_warned_about_once_a_minute_and_without_tokens() {
    overheard(async |lines| {
        let provider = Provider::start("", &[&KEY]).await;
        provider.jwks.fails();
        let extra = format!("{}/missing?code=secret-query", provider.server.uri());
        let settings = crate::IssuerSettings { extra_jwks_urls: vec![extra], ..provider.settings() };
        let setup = Setup::new(vec![settings]);
        let token = KEY.token(&provider.claims());
        let warnings = || lines.text().matches("WARN").count();
        for _ in 0..12 {
            assert!(setup.is_unavailable(&token).await);
            setup.clock.forward(5);
        }
        assert_eq!((warnings(), provider.jwks.hits()), (1, 12));
        assert!(setup.is_unavailable(&token).await);
        assert_eq!(warnings(), 2);
        provider.jwks.shows(&jwks(&[&KEY]));
        setup.clock.forward(5);
        setup.verify(&token).await.unwrap();
        let error = setup.verifier.issuers()[0].last_error.clone().unwrap();
        assert_eq!(error, format!("{}/missing answered with status 404", provider.server.uri()));
        let text = lines.text();
        assert!(text.contains(&format!("{}/certs answered with status 503", provider.server.uri())), "{text}");
        assert!(text.contains("can be fetched again"), "{text}");
        let secrets = ["ann@example.com", KEY.kid.as_str(), token.split('.').next().unwrap()];
        assert!(secrets.iter().all(|secret| !text.contains(secret)), "{text}");
    });
}

#[test]
fn userinfo_is_counted_and_warned_about_once_a_minute_and_without_tokens() {
    let (issuer, text) = overheard(async |lines| {
        let provider = Provider::start("", &[&KEY]).await;
        let url = format!("{}/info", provider.issuer);
        let page = Page::at(&provider.server, "/info", ok(&json!({"sub": "f:1", "secret-claim": 1}))).await;
        let user_info = crate::UserInfoSettings { url: Some(format!("{url}?secret-query")), ..Default::default() };
        let setup = Setup::new(vec![crate::IssuerSettings { user_info: Some(user_info), ..provider.settings() }]);
        let token = |id| KEY.token(&with(provider.claims(), json!({"jti": id, "exp": NOW + 3_600})));
        setup.verify(&token(0)).await.unwrap();
        page.shows(&json!({"sub": "secret-sub"}));
        setup.refusal(&token(1)).await;
        setup.refusal(&token(1)).await;
        page.fails();
        let warnings = || lines.text().matches("WARN").count();
        for _ in 0..12 {
            setup.verify(&token(2)).await.unwrap();
            setup.clock.forward(5);
        }
        assert_eq!((warnings(), page.hits()), (1, 14));
        setup.verify(&token(3)).await.unwrap();
        assert_eq!(warnings(), 2);
        let log = lines.text();
        assert!(log.contains(&format!("{url} answered with status 503")), "{log}");
        let secrets = ["secret", "ann@example.com", token(2).split('.').next().unwrap()].map(str::to_owned);
        assert!(secrets.iter().all(|secret| !log.contains(secret)), "{log}");
        provider.issuer.clone()
    });
    for (outcome, count) in [("ok", 1), ("other_subject", 1), ("status", 13)] {
        let line = format!("identity_userinfo_fetches_total{{issuer=\"{issuer}\",outcome=\"{outcome}\"}} {count}\n");
        assert!(text.contains(&line), "{line} in {text}");
    }
    let refused = format!("{{issuer=\"{issuer}\",outcome=\"token_userinfo_mismatch\"}} 2\n");
    assert!(text.contains(&refused), "{text}");
}

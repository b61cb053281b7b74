//! Tokens for services: single flight, caching and renewal.

use std::sync::Arc;
use std::time::Duration;

use identity_core::port::{Clock, ProviderError, RefusedSignIn};
use identity_core::value::Secret;
use serde_json::json;
use wiremock::ResponseTemplate;

use super::support::*;
use crate::tests::support::*;
use crate::{
    ClientAuthentication, MachineTokenRequest, MachineTokenSettings, MachineTokens, ProviderKind, SettingsProblem,
};

struct Service {
    provider: Provider,
    token: Page,
    clock: Arc<FakeClock>,
    tokens: MachineTokens,
}

impl Service {
    async fn new(kind: ProviderKind) -> Self {
        let provider = Provider::start("/a", &[]).await;
        let token = Page::answering("POST", &provider.server, "/a/token", given("t-1")).await;
        provider.discovery.shows(&document(&provider));
        let (clock, settings) = (FakeClock::new(), settings(&provider.issuer, kind));
        let tokens = MachineTokens::new(&settings, Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
        Self { provider, token, clock, tokens }
    }

    async fn get(&self) -> Result<String, ProviderError> {
        let token = self.tokens.token(&MachineTokenRequest::default()).await?;
        Ok(token.token.expose().to_owned())
    }

    /// Waits until the provider received this number of requests.
    async fn asked(&self, times: usize) {
        while self.token.hits() < times {
            tokio::task::yield_now().await;
        }
    }
}

fn settings(issuer: &str, kind: ProviderKind) -> MachineTokenSettings {
    let authentication = ClientAuthentication::SecretBasic(Secret::new("secret".to_owned()));
    MachineTokenSettings::new(kind, issuer, "worker", authentication)
}

fn given(token: &str) -> ResponseTemplate {
    ok(&json!({"access_token": token, "token_type": "Bearer", "expires_in": 100}))
}

#[tokio::test]
async fn a_burst_asks_once_and_what_is_kept_needs_no_asking() {
    let service = Service::new(ProviderKind::Generic).await;
    service.token.answers(given("t-1").set_delay(Duration::from_millis(200)));
    let calls = (0..50).map(|_| {
        let tokens = service.tokens.clone();
        tokio::spawn(async move { tokens.token(&MachineTokenRequest::default()).await.unwrap().token.clone() })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap().expose(), "t-1");
    }
    service.clock.forward(74);
    assert_eq!(service.get().await.unwrap(), "t-1");
    assert_eq!((service.token.hits(), service.provider.hits()), (1, (1, 0)));
}

#[tokio::test]
async fn a_token_is_renewed_in_the_background_and_not_given_out_to_its_end() {
    let service = Service::new(ProviderKind::Generic).await;
    assert_eq!(service.get().await.unwrap(), "t-1");
    service.token.answers(given("t-2"));
    service.clock.forward(75);
    assert_eq!(service.get().await.unwrap(), "t-1", "nobody waits");
    service.asked(2).await;
    while service.get().await.unwrap() != "t-2" {
        tokio::task::yield_now().await;
    }
    service.token.answers(given("t-3"));
    service.clock.forward(90);
    assert_eq!(service.get().await.unwrap(), "t-3", "now everybody waits");
    assert_eq!(service.token.hits(), 3);
}

#[tokio::test]
async fn an_outage_is_survived_with_the_old_token_and_then_told() {
    let service = Service::new(ProviderKind::Generic).await;
    assert_eq!(service.get().await.unwrap(), "t-1");
    service.token.fails();
    service.clock.forward(80);
    for _ in 0..5 {
        assert_eq!(service.get().await.unwrap(), "t-1");
    }
    service.asked(4).await;
    service.clock.forward(20);
    assert!(is_unavailable(&service.get().await));
    let asked = service.token.hits();
    assert!(is_unavailable(&service.get().await));
    assert_eq!(service.token.hits(), asked, "a pause");
    service.token.answers(given("t-2"));
    service.clock.forward(5);
    assert_eq!(service.get().await.unwrap(), "t-2");
}

#[tokio::test]
async fn a_refusal_is_told_and_not_repeated_at_once() {
    let service = Service::new(ProviderKind::Generic).await;
    service.token.answers(ResponseTemplate::new(401).set_body_json(json!({"error": "invalid_client"})));
    for _ in 0..5 {
        assert_eq!(refused(service.get().await), RefusedSignIn::Client);
    }
    assert_eq!(service.token.hits(), 1);
}

#[tokio::test]
async fn tokens_are_kept_by_what_they_are_for() {
    let request = |scope: &str, resource: &str| MachineTokenRequest {
        scopes: vec![scope.to_owned(), "b".to_owned()],
        resources: vec![resource.to_owned()],
    };
    for (kind, name) in [(ProviderKind::Generic, "resource"), (ProviderKind::Auth0, "audience")] {
        let service = Service::new(kind).await;
        service.tokens.token(&request("a", "urn:1")).await.unwrap();
        let requests = service.provider.server.received_requests().await.unwrap();
        let form: Parameters = url::form_urlencoded::parse(&requests.last().unwrap().body).into_owned().collect();
        assert_eq!(form, pairs(&[("grant_type", "client_credentials"), ("scope", "a b"), (name, "urn:1")]));
        service.tokens.token(&request("a", "urn:1")).await.unwrap();
        service.tokens.token(&request("c", "urn:1")).await.unwrap();
        service.tokens.token(&request("a", "urn:2")).await.unwrap();
        assert_eq!(service.token.hits(), 3);
    }
    let service = Service::new(ProviderKind::Microsoft).await;
    assert_eq!(refused(service.tokens.token(&request("a", "urn:1")).await).code(), "provider_malformed");
}

#[tokio::test]
async fn a_token_that_was_refused_elsewhere_can_be_forgotten() {
    let service = Service::new(ProviderKind::Generic).await;
    let request = MachineTokenRequest::default();
    let first = service.tokens.token(&request).await.unwrap();
    service.token.answers(given("t-2"));
    service.tokens.forget(&request, &first);
    assert_eq!(service.get().await.unwrap(), "t-2");
    service.tokens.forget(&request, &first);
    assert_eq!((service.get().await.unwrap().as_str(), service.token.hits()), ("t-2", 2), "the newer one stays");
}

#[tokio::test]
async fn a_configured_token_endpoint_needs_no_discovery() {
    let service = Service::new(ProviderKind::Generic).await;
    let token_url = Some(format!("{}/token", service.provider.issuer));
    let settings = MachineTokenSettings { token_url, ..settings("urn:issuer", ProviderKind::Generic) };
    let tokens = MachineTokens::new(&settings, FakeClock::new()).unwrap();
    assert!(tokens.token(&MachineTokenRequest::default()).await.is_ok());
    assert_eq!(service.provider.hits(), (0, 0));
}

#[tokio::test]
async fn an_outage_at_first_is_survived_without_a_restart() {
    let service = Service::new(ProviderKind::Generic).await;
    service.provider.discovery.fails();
    assert!(is_unavailable(&service.get().await));
    service.provider.discovery.shows(&document(&service.provider));
    service.clock.forward(5);
    assert_eq!(service.get().await.unwrap(), "t-1");
}

#[test]
fn settings_are_checked_at_once() {
    let settings = MachineTokenSettings {
        client_id: String::new(),
        back_channel: Some("junk".to_owned()),
        authentication: ClientAuthentication::SecretPost(Secret::new(String::new())),
        ..settings("http://id.example", ProviderKind::Generic)
    };
    let error = MachineTokens::new(&settings, FakeClock::new()).err().unwrap();
    let names = error.0.iter().map(|problem| match problem {
        SettingsProblem::Url { setting, .. } | SettingsProblem::Provider { setting, .. } => *setting,
        other => panic!("{other:?}"),
    });
    assert_eq!(names.collect::<Vec<_>>(), ["back_channel", "issuer", "client_secret", "client_id"]);
}

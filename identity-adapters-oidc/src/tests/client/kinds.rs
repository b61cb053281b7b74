//! Responses of each kind of provider, from the files in `samples`. `{issuer}` and `{origin}` in these files stand for
//! the issuer and the address of the mock provider.

use identity_core::port::{IdentityProvider as _, SignedIn};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::support::*;
use crate::ProviderKind;
use crate::tests::support::*;

/// Performs a sign-in with the responses of a sample.
async fn play(sample: &str) -> (Login, Value, Result<SignedIn, String>) {
    let read: Value = serde_json::from_str(sample).unwrap();
    let kind = match read["kind"].as_str().unwrap() {
        "Keycloak" => ProviderKind::Keycloak,
        "Microsoft" => ProviderKind::Microsoft,
        "Auth0" => ProviderKind::Auth0,
        other => panic!("{other}"),
    };
    let resources = read["resources"].as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned());
    let login =
        Login::at(read["suffix"].as_str().unwrap(), kind, |settings| settings.resources = resources.collect()).await;
    let (issuer, server) = (&login.provider.issuer, &login.provider.server);
    let sample = sample.replace("{issuer}", issuer).replace("{origin}", &server.uri());
    let access_token = KEY.token(&serde_json::from_str::<Value>(&sample).unwrap()["accessToken"]);
    let sample: Value = serde_json::from_str(&sample.replace("{at_hash}", &half_of_sha256(&access_token))).unwrap();
    login.provider.discovery.shows(&sample["discovery"]);
    let answer = with(tokens(&KEY.token(&sample["idToken"])), json!({"access_token": access_token}));
    Page::answering("POST", server, sample["tokenPath"].as_str().unwrap(), ok(&answer)).await;
    login.answers(&answer);
    let status = sample["userInfoStatus"].as_u64().map_or(200, |status| u16::try_from(status).unwrap());
    let info = ResponseTemplate::new(status).set_body_json(&sample["userInfo"]);
    login.info.answers(info.clone());
    Page::at(server, sample["userInfoPath"].as_str().unwrap(), info).await;
    let names_itself = sample["discovery"]["authorization_response_iss_parameter_supported"] == true;
    let issuer = names_itself.then(|| issuer.clone());
    let outcome = login.client.redeem(&response(issuer.as_deref()), &sent()).await;
    let outcome = outcome.map_err(|error| refused::<()>(Err(error)).code().to_owned());
    (login, sample, outcome)
}

fn half_of_sha256(token: &str) -> String {
    use base64::Engine as _;
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
    base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16])
}

async fn signs_in(sample: &str) -> (Login, Value) {
    let (login, sample, outcome) = play(sample).await;
    let (somebody, expected) = (outcome.unwrap(), &sample["expected"]);
    assert_eq!(somebody.principal.id(), expected["username"]);
    assert_eq!(somebody.subject, expected["subject"].as_str().unwrap());
    assert_eq!(somebody.provider_session.as_deref(), expected["session"].as_str());
    assert_eq!(somebody.email.unwrap().as_str(), expected["email"]);
    let groups: Vec<_> = somebody.groups.iter().flatten().map(|group| group.as_str()).collect();
    assert_eq!(json!(groups), expected["groups"]);
    for (claim, source) in expected["provenance"].as_object().unwrap() {
        assert_eq!(json!(somebody.provenance[claim]), *source, "{claim}");
    }
    let (_, query) = login.authorization(&request()).await;
    let scope = query.iter().find(|(name, _)| name == "scope").unwrap();
    assert_eq!(scope.1, expected["scope"].as_str().unwrap());
    let url = login.client.end_session_url(&ending()).await.unwrap().unwrap();
    assert!(url.starts_with(expected["logout"].as_str().unwrap()), "{url}");
    (login, sample)
}

#[tokio::test]
async fn keycloak() {
    let (login, sample) = signs_in(include_str!("samples/keycloak.json")).await;
    let logout = &sample["logoutToken"];
    let header = with(KEY.header(), logout["header"].clone());
    let notice = login.client.logout_token(&KEY.token_with(&header, &logout["claims"])).await.unwrap();
    assert_eq!(notice.provider_session.as_deref(), sample["expected"]["session"].as_str());
}

#[tokio::test]
async fn entra_of_the_second_version() {
    let (login, _) = signs_in(include_str!("samples/entra-v2.json")).await;
    let somebody = login.redeem().await;
    assert!(somebody.is_ok(), "though userinfo refuses its access tokens");
}

#[tokio::test]
async fn entra_of_the_first_version() {
    let (_, sample, outcome) = play(include_str!("samples/entra-v1.json")).await;
    assert_eq!(outcome.err().as_deref(), sample["refused"].as_str());
}

#[tokio::test]
async fn auth0() {
    let (login, _) = signs_in(include_str!("samples/auth0.json")).await;
    let (_, query) = login.authorization(&request()).await;
    assert!(query.contains(&("audience".to_owned(), "identity-api".to_owned())), "{query:?}");
    assert!(!query.iter().any(|(name, _)| name == "resource"));
    login.redeem().await.unwrap();
    let (_, form) = login.asked().await;
    assert!(!form.contains_key("audience") && !form.contains_key("resource"), "{form:?}");
}

//! Certified OpenID provider, run as a child process.

use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use reqwest::Url;
use serde_json::Value;

use crate::http::{Api, Reply};
use crate::process::Process;
use crate::{Browser, skip};

/// Verifier of RFC 7636, appendix B, and its S256 challenge. Tests do not need a secret one.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Running provider. It ends on drop.
pub struct OidcProvider {
    issuer: String,
    port: u16,
    config: Value,
    api: Api,
    process: Process,
}

impl OidcProvider {
    /// Starts a provider with the configuration that `tests/oidc-provider/provider.mjs` describes:
    ///
    /// ```json
    /// {
    ///   "clients": [
    ///     {"client_id": "svc", "client_secret": "s3cret", "claims": {"department": "it"}},
    ///     {"client_id": "web", "client_secret": "s3cret", "redirect_uris": ["http://127.0.0.1:1/callback"]}
    ///   ],
    ///   "users": {"ann": {"preferred_username": "ann", "groups": ["engineering"]}}
    /// }
    /// ```
    ///
    /// Without Node or the installed package the test is [skipped](skip()) and the result is `None`.
    pub async fn start(config: Value) -> Option<Self> {
        let home = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../oidc-provider"));
        if !home.join("node_modules/oidc-provider").exists() {
            skip("the OpenID provider is not installed: run `npm ci` in tests/oidc-provider");
            return None;
        }
        let mut process = match Process::spawn(Command::new("node").arg("provider.mjs").current_dir(home)) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                skip("the OpenID provider needs Node: install `node`");
                return None;
            }
            started => started.expect("node starts"),
        };
        process.write_line(&config.to_string());
        let ready = process.await_line(|line| serde_json::from_str::<Value>(line).ok()).await;
        let ready = ready.unwrap_or_else(|| panic!("the OpenID provider did not start; {}", process.output()));
        let issuer = ready["issuer"].as_str().expect("the provider names its issuer").to_owned();
        let port =
            ready["port"].as_u64().and_then(|port| u16::try_from(port).ok()).expect("the provider names its port");
        Some(Self { api: Api::new(&issuer), issuer, port, config, process })
    }

    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Returns the port. Pass it as `port` to start another provider in the same place.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns a client for the provider's endpoints, relative to the issuer.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// Returns a JWT access token of the client (client credentials grant, RFC 6749 §4.4).
    ///
    /// # Errors
    /// Returns the error response of the provider.
    pub async fn client_token(&self, client: &str, secret: &str, audience: &str) -> Result<String, Reply> {
        let resource = format!("urn:audience:{audience}");
        let form = [("grant_type", "client_credentials"), ("resource", &resource)];
        let reply = self.api.basic(client, secret).post_form("/token", &form).await;
        if reply.status == 200 { Ok(text(&reply.json(), "access_token")) } else { Err(reply) }
    }

    /// Returns a JWT access token of a user who signs in at the configured client `client`.
    pub async fn user_token(&self, sub: &str, client: &str, audience: &str) -> String {
        text(&self.user_tokens(sub, client, Some(audience)).await, "access_token")
    }

    /// Returns the token response for a user who signs in at the configured client `client` by the authorization code
    /// flow with PKCE. When neither the call nor the configuration names an audience, the access token is opaque and
    /// valid for userinfo.
    pub async fn user_tokens(&self, sub: &str, client: &str, audience: Option<&str>) -> Value {
        let resource = audience.map(|audience| format!("urn:audience:{audience}"));
        let metadata = self.client(client);
        let redirect = text(&metadata["redirect_uris"], 0);
        let mut query = vec![
            ("client_id", client),
            ("redirect_uri", &redirect),
            ("response_type", "code"),
            ("scope", "openid profile email"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        query.extend(resource.as_deref().map(|resource| ("resource", resource)));
        let authorize = Url::parse_with_params(&format!("{}/auth", self.issuer), &query).expect("a URL");

        let back = self.sign_in(&mut Browser::default(), authorize, sub).await;
        let code = back.query_pairs().find_map(|(key, value)| (key == "code").then(|| value.into_owned()));
        let code = code.unwrap_or_else(|| panic!("no code came back: {back}"));

        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", &redirect),
            ("code_verifier", VERIFIER),
        ];
        let api = match metadata["client_secret"].as_str() {
            Some(secret) => self.api.basic(client, secret),
            None => {
                form.push(("client_id", client));
                self.api.clone()
            }
        };
        let reply = api.post_form("/token", &form).await;
        assert_eq!(reply.status, 200, "no tokens for {sub}: {}; {}", reply.text, self.process.output());
        reply.json()
    }

    /// Signs in as `sub` at the provider, starting from an authorization request. Returns the redirect back to the
    /// client without following it. A browser with a session at the provider is not prompted again.
    pub async fn sign_in(&self, browser: &mut Browser, authorize: Url, sub: &str) -> Url {
        let origin = authorize.origin();
        let mut next = authorize;
        while next.origin() == origin {
            let reply = if next.path().starts_with("/interaction/") {
                browser.submit(next, &[("prompt", "login"), ("login", sub), ("password", "any")]).await
            } else {
                browser.get(next).await
            };
            next = reply
                .location()
                .unwrap_or_else(|| panic!("the login of {sub} stopped: {reply:?}; {}", self.process.output()));
        }
        next
    }

    /// Signs out at the provider, starting from an end-session request. Returns the redirect back to the client without
    /// following it.
    pub async fn sign_out(&self, browser: &mut Browser, end_session: Url) -> Url {
        let page = browser.get(end_session).await;
        let token = page.text.split("name=\"xsrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let token = token.unwrap_or_else(|| panic!("no logout is offered: {page:?}; {}", self.process.output()));
        let confirm = Url::parse(&format!("{}/session/end/confirm", self.issuer)).expect("a URL");
        let reply = browser.submit(confirm, &[("xsrf", token), ("logout", "yes")]).await;
        reply.location().unwrap_or_else(|| panic!("the logout stopped: {reply:?}; {}", self.process.output()))
    }

    /// Signs with a new key from now on. The older keys stay published.
    pub async fn rotate_keys(&self) {
        self.control("rotate-keys").await;
    }

    /// Publishes only the newest key.
    pub async fn withdraw_old_keys(&self) {
        self.control("withdraw-keys").await;
    }

    /// Answers every request with 503 until [`up`](Self::up) is called.
    pub async fn down(&self) {
        self.control("down").await;
    }

    pub async fn up(&self) {
        self.control("up").await;
    }

    async fn control(&self, name: &str) {
        let _ = self.api.post_form(&format!("/test/{name}"), &[]).await.expect_status(204);
    }

    fn client(&self, id: &str) -> &Value {
        let clients = self.config["clients"].as_array().map_or(&[][..], Vec::as_slice);
        clients
            .iter()
            .find(|client| client["client_id"] == id)
            .unwrap_or_else(|| panic!("no client {id} is configured"))
    }
}

fn text(value: &Value, key: impl serde_json::value::Index + std::fmt::Display) -> String {
    value.get(&key).and_then(Value::as_str).unwrap_or_else(|| panic!("no {key} in {value}")).to_owned()
}

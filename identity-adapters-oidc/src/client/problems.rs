//! Validation of the settings of a sign-in provider.

use super::kinds::ProviderQuirks;
use super::settings::ProviderSettings;
use crate::issuer::Issuer;
use crate::settings_error::SettingsProblem;

/// Authorization request parameters that cannot be configured, because this server sets them. `request` and
/// `request_uri` are included, because a request object would replace all other parameters.
const RESERVED: [&str; 19] = [
    "audience",
    "claims",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code_challenge",
    "code_challenge_method",
    "id_token_hint",
    "nonce",
    "prompt",
    "redirect_uri",
    "request",
    "request_uri",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "state",
];

/// Collects the problems with one provider's settings.
pub(crate) struct Problems<'s> {
    settings: &'s ProviderSettings,
    pub(crate) found: Vec<SettingsProblem>,
}

impl<'s> Problems<'s> {
    pub(crate) fn of(settings: &'s ProviderSettings) -> Self {
        Self { settings, found: Vec::new() }
    }

    pub(crate) fn add(&mut self, setting: &'static str, rule: impl Into<String>) {
        let provider = self.settings.id.clone();
        self.found.push(SettingsProblem::Provider { provider, setting, rule: rule.into() });
    }

    /// Adds all problems that can be detected without contacting the provider.
    pub(crate) fn look(&mut self, habits: &ProviderQuirks, issuer: &Issuer) {
        let settings = self.settings;
        if settings.client_id.trim().is_empty() {
            self.add("client_id", "must not be blank");
        }
        let ends = |ending: &&str| settings.issuer.ends_with(*ending);
        if !habits.issuer_endings.is_empty() && !habits.issuer_endings.iter().any(ends) {
            self.add(
                "issuer",
                format!("must end in `{}` for a provider of this kind", habits.issuer_endings.join("` or `")),
            );
        }
        if !settings.scopes.is_empty() && !settings.scopes.iter().any(|scope| scope == "openid") {
            self.add("scopes", "must include `openid`");
        }
        if settings.scopes.iter().any(|scope| !is_scope(scope)) {
            self.add("scopes", "must not contain spaces, quotes or backslashes");
        }
        match habits.resource {
            None if !settings.resources.is_empty() => {
                self.add("resources", "must be empty for a provider of this kind, which selects resources by scopes");
            }
            Some((_, most)) if settings.resources.len() > most => {
                self.add("resources", format!("must be limited to {most} for a provider of this kind"));
            }
            _ => {}
        }
        if settings.resources.iter().any(|resource| resource.trim().is_empty()) {
            self.add("resources", "must not be blank");
        }
        if settings.prompt.as_ref().is_some_and(|prompt| prompt.trim().is_empty()) {
            self.add("prompt", "must not be blank");
        }
        for (name, _) in &settings.extra_parameters {
            if name.trim().is_empty() {
                self.add("extra_parameters", "must not have blank names");
            } else if RESERVED.contains(&name.as_str()) {
                self.add("extra_parameters", format!("must not include `{name}`"));
            }
        }
        if settings.max_age().is_some_and(|age| age.is_none()) {
            self.add("extra_parameters", "must have a number of seconds as `max_age`");
        }
        let urls = &settings.endpoints;
        for (setting, url) in [("endpoints.authorization", &urls.authorization), ("endpoints.token", &urls.token)] {
            if url.is_none() && !issuer.asks_discovery() {
                self.add(setting, "must be set together with `jwks_url`, which disables discovery");
            }
        }
        if settings.id_token_algorithms.iter().any(|algorithm| !issuer.algorithms.contains(algorithm)) {
            self.add("id_token_algorithms", "must be among the issuer's algorithms");
        }
    }
}

/// Whether the text is a valid scope token: printable ASCII without space, `"` and `\` (RFC 6749 §3.3).
fn is_scope(scope: &str) -> bool {
    !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
}

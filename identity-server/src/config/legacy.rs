//! Defaults of the replaced services, applied to configurations that use their properties.

mod sdk;

use std::collections::BTreeSet;
use std::net::IpAddr;

use url::Url;

use super::authentication::{ENDPOINTS, issuer};
use super::facts::Facts;
use super::problem::Collector;
use super::tree::{Node, Origin, Step};
use super::urls::safe_url;

/// Adapts a configuration with properties of the replaced services: adds the values that these services assume by
/// default, and removes values that they ignore. Returns warnings, one line each. `used` contains the environment
/// variables that placeholders in files refer to.
pub(super) fn complete(tree: &mut Node, facts: &Facts, used: &BTreeSet<String>, problems: &Collector) -> Vec<String> {
    let mut completion = Completion { tree, facts, used, problems, warnings: Vec::new(), assumed: BTreeSet::new() };
    completion.profile();
    completion.sdk();
    completion.keycloak();
    completion.providers();
    completion.insecure_http();
    completion.unprotected_api();
    completion.not_of_the_profile();
    completion.base_path();
    completion.warnings
}

struct Completion<'a> {
    tree: &'a mut Node,
    facts: &'a Facts,
    used: &'a BTreeSet<String>,
    problems: &'a Collector,
    warnings: Vec<String>,
    /// Paths whose values were derived from other keys or from SDK settings.
    assumed: BTreeSet<String>,
}

const PROVIDERS: &str = "authentication.providers";
/// Default name of the managed realm, as in the replaced service.
const DEFAULT_REALM: &str = "camunda-platform";

impl Completion<'_> {
    fn get(&self, path: &str) -> Option<(String, Origin)> {
        self.tree.text(&steps(path)).map(|(text, origin)| (text.to_owned(), origin.clone()))
    }

    fn has(&self, path: &str) -> bool {
        self.tree.at(&steps(path)).is_some()
    }

    fn assume(&mut self, path: &str, text: &str, origin: Origin, why: &str) {
        // The path has no value, so this cannot conflict.
        let _nothing = self.tree.set(&steps(path), text.to_owned(), origin);
        self.assumed.insert(path.to_owned());
        self.warnings.push(format!("`{path}` is not given; {why}"));
    }

    fn profile_is(&self, name: &str) -> bool {
        self.get("profile").is_some_and(|(profile, _)| profile.eq_ignore_ascii_case(name))
    }

    fn profile(&mut self) {
        if self.has("profile") {
            return;
        }
        if self.facts.identity {
            self.assume("profile", "keycloak", Origin::Command, "`keycloak` is the replaced service's default");
        } else if self.facts.cluster {
            let why = "`builtin`, as `camunda.security.authentication.method` is `basic` by default";
            self.assume("profile", "builtin", Origin::Command, why);
        }
    }

    fn keycloak(&mut self) {
        if !self.profile_is("keycloak") || !self.facts.identity {
            return;
        }
        let issuers = ["backend-url", "issuer"].map(|name| format!("{PROVIDERS}.default.{name}"));
        let known = issuers.iter().find_map(|path| {
            let (issuer, origin) = self.get(path)?;
            let (url, realm) = issuer.trim_end_matches('/').split_once("/realms/")?;
            Some((url.to_owned(), realm.to_owned(), origin, path.clone()))
        });
        match (known, self.has("keycloak.url")) {
            (None, false) => return,
            (None, true) => {}
            (Some((url, realm, origin, path)), has_url) => {
                if !has_url {
                    self.assume("keycloak.url", &url, origin.clone(), &format!("it follows from `{path}`"));
                }
                if !self.has("keycloak.realm") {
                    if has_url && realm != DEFAULT_REALM {
                        self.warnings.push(format!("`keycloak.realm` is not given; it follows from `{path}`"));
                    }
                    let _nothing = self.tree.set(&steps("keycloak.realm"), realm, origin);
                }
            }
        }
        let secrets =
            ["keycloak.setup.password", "keycloak.client-secret", "authentication.providers.default.client-secret"];
        let is_given = |path: &&str| self.has(path) || self.has(&format!("{path}-file"));
        if !secrets.iter().any(is_given) {
            let why = "the replaced service's default is tried; set the password of Keycloak's administrator";
            self.assume("keycloak.setup.password", "admin", Origin::Command, why);
        }
    }

    fn provider_ids(&self) -> Vec<String> {
        match self.tree.at(&steps(PROVIDERS)) {
            Some(Node::Map(parts)) => parts.keys().cloned().collect(),
            _ => Vec::new(),
        }
    }

    /// Adds missing issuers and audiences of providers, because the replaced services do not require them.
    fn providers(&mut self) {
        if !self.profile_is("oidc") {
            return;
        }
        for id in self.provider_ids() {
            let section = format!("{PROVIDERS}.{id}.");
            let path = |name: &str| format!("{section}{name}");
            if !self.facts.is_legacy_below(&section) && !self.assumed.iter().any(|path| path.starts_with(&section)) {
                continue;
            }
            if !self.has(&path("issuer"))
                && let Some((endpoint, issuer, origin)) = ENDPOINTS.iter().find_map(|name| {
                    let (url, origin) = self.get(&path(name))?;
                    let realm = || issuer::of_keycloak(&url).filter(|_| *name == "authorization-url");
                    Some((path(name), issuer::of_entra(&url).or_else(realm)?, origin))
                })
            {
                let why = format!("`{issuer}` is assumed, as `{endpoint}` suggests");
                self.assume(&path("issuer"), &issuer, origin, &why);
            }
            if !self.has(&path("audiences"))
                && let Some((client, origin)) = self.get(&path("client-id"))
            {
                let list = format!("{}[0]", path("audiences"));
                let mut element = steps(&path("audiences"));
                element.push(Step::Index(0));
                let _nothing = self.tree.set(&element, client, origin);
                self.warnings.push(format!(
                    "`{list}` is not given; it is `client-id`: tokens for other audiences are rejected, although the \
                     replaced service accepts them"
                ));
            }
        }
    }

    /// Permits `http` URLs, which the replaced services accept, and warns about them.
    fn insecure_http(&mut self) {
        const URLS: [&str; 7] =
            ["issuer", "backend-url", "jwks-url", "user-info-url", "authorization-url", "token-url", "end-session-url"];
        let mut sections: Vec<(String, Vec<String>)> = Vec::new();
        for id in self.provider_ids() {
            let urls = URLS.iter().map(|name| format!("{PROVIDERS}.{id}.{name}"));
            sections.push((format!("{PROVIDERS}.{id}"), urls.collect()));
        }
        sections.push(("keycloak".to_owned(), vec!["keycloak.url".to_owned()]));
        for (section, urls) in sections {
            let switch = format!("{section}.allow-insecure-http");
            if self.has(&switch) {
                continue;
            }
            let insecure = |path: &&String| {
                let url = self.get(path).filter(|_| self.facts.is_legacy(path) || self.assumed.contains(*path));
                url.is_some_and(|(url, _)| safe_url(&url, false).is_err() && safe_url(&url, true).is_ok())
            };
            if let Some(path) = urls.iter().find(insecure) {
                let text = format!(
                    "DANGER: `{path}` is an `http` URL of another host, which the replaced service permits: requests \
                     can be read and modified in transit. Set `{switch}: true` to confirm it, or use `https`"
                );
                let _nothing = self.tree.set(&steps(&switch), "true".to_owned(), Origin::Command);
                self.warnings.push(text);
            }
        }
    }

    /// Ignores a property of the replaced services that makes the API unprotected, unless the server listens on the
    /// loopback interface or `authentication.unprotected-api-on-network` is set.
    fn unprotected_api(&mut self) {
        const PATH: &str = "authentication.unprotected-api";
        let asked =
            self.facts.is_legacy(PATH) && self.get(PATH).is_some_and(|(flag, _)| flag.eq_ignore_ascii_case("true"));
        let address = self.get("server.address").and_then(|(address, _)| address.parse::<IpAddr>().ok());
        let here = address.is_some_and(|address| address.is_loopback());
        let open = self.get("authentication.unprotected-api-on-network");
        if asked && !here && !open.is_some_and(|(flag, _)| flag.eq_ignore_ascii_case("true")) {
            self.tree.remove(PATH);
            self.warnings.push(format!(
                "the API stays protected: `{PATH}` gives every client on the network all permissions; listen on \
                 127.0.0.1 (`server.address`), or permit it by `authentication.unprotected-api-on-network`"
            ));
        }
    }

    /// Removes values that the replaced services ignore in the selected profile, and warns about them.
    fn not_of_the_profile(&mut self) {
        const USERS: &str = "initialization.users";
        let elsewhere = self.profile_is("oidc") || self.profile_is("keycloak");
        if elsewhere && self.facts.is_legacy_below(USERS) && self.tree.remove(USERS).is_some() {
            self.warnings.push(format!("`{USERS}` has no effect in this profile: the provider manages users"));
        }
        const RULES: &str = "bootstrap.mapping-rules";
        if self.profile_is("keycloak") && self.facts.is_legacy_below(RULES) && self.tree.remove(RULES).is_some() {
            self.warnings.push(format!("`{RULES}` has no effect in this profile: Keycloak manages roles"));
        }
    }

    fn base_path(&mut self) {
        const URL: &str = "server.public-url";
        const BASE: &str = "server.base-path";
        let (Some((url, origin)), Some((base, _))) = (self.get(URL), self.get(BASE)) else { return };
        let (url, base) = (url.trim_end_matches('/'), base.trim_matches('/'));
        let bare = Url::parse(url).is_ok_and(|url| url.path() == "/" && url.query().is_none());
        if (self.facts.is_legacy(URL) || self.facts.is_legacy(BASE)) && !base.is_empty() && bare {
            let whole = format!("{url}/{base}");
            self.warnings.push(format!("`{URL}` has no path; with `{BASE}`, browsers reach this server at {whole}"));
            self.tree.remove(URL);
            let _nothing = self.tree.set(&steps(URL), whole, origin);
        }
    }
}

fn steps(path: &str) -> Vec<Step> {
    path.split('.').map(|name| Step::Key(name.to_owned())).collect()
}

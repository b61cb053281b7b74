//! What the replaced services assume where nothing is said, applied to configurations that are written in their words.

use std::collections::BTreeSet;
use std::net::IpAddr;

use url::Url;

use super::authentication::safe_url;
use super::environment::Said;
use super::tree::{Node, Origin, Step, shown};

/// What was said in the replaced services' words.
#[derive(Default)]
pub(super) struct Facts {
    /// The paths that were set.
    theirs: BTreeSet<String>,
    /// Whether Management Identity is configured.
    identity: bool,
    /// Whether the Orchestration Cluster is configured.
    pub(super) cluster: bool,
    /// Settings of the applications' SDK. The last one of a path counts.
    pub(super) of_sdk: Vec<(Vec<Step>, Said)>,
}

impl Facts {
    /// Notes that a variable of theirs set a path.
    pub(super) fn note(&mut self, variable: &str, path: &[Step]) {
        self.theirs.insert(shown(path));
        self.cluster |= variable.starts_with("CAMUNDA_SECURITY_");
        self.identity |= ["IDENTITY_", "KEYCLOAK_"].iter().any(|prefix| variable.starts_with(prefix));
    }

    /// Notes all that a section of a document of theirs sets.
    pub(super) fn note_section(&mut self, tree: &Node, section: &str) {
        let mut path = vec![Step::Key(section.to_owned())];
        if let Some(node) = tree.at(&path) {
            self.identity = true;
            self.note_below(node, &mut path);
        }
    }

    fn note_below(&mut self, node: &Node, path: &mut Vec<Step>) {
        let parts: Vec<(Step, &Node)> = match node {
            Node::Map(parts) => parts.iter().map(|(name, part)| (Step::Key(name.clone()), part)).collect(),
            Node::List(elements) => elements.iter().map(|(index, part)| (Step::Index(*index), part)).collect(),
            Node::Text(..) | Node::Broken => {
                self.theirs.insert(shown(path));
                return;
            }
        };
        for (step, part) in parts {
            path.push(step);
            self.note_below(part, path);
            path.pop();
        }
    }

    /// Adds what a later source says.
    pub(super) fn add(&mut self, later: Self) {
        self.theirs.extend(later.theirs);
        self.identity |= later.identity;
        self.cluster |= later.cluster;
        self.of_sdk.extend(later.of_sdk);
    }

    /// Whether a path was set in their words.
    pub(super) fn said(&self, path: &str) -> bool {
        self.theirs.contains(path)
    }

    fn said_below(&self, path: &str) -> bool {
        self.theirs.iter().any(|said| said.starts_with(path))
    }
}

/// Completes the tree. Answers with what was assumed, a line each.
pub(super) fn complete(tree: &mut Node, facts: &Facts) -> Vec<String> {
    let mut completion = Completion { tree, facts, warnings: Vec::new(), assumed: BTreeSet::new() };
    completion.sdk();
    completion.profile();
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
    warnings: Vec<String>,
    /// The paths that were not given, and that follow from others or from the SDK's settings.
    assumed: BTreeSet<String>,
}

const PROVIDERS: &str = "authentication.providers";
/// The realm that is managed where none is named.
const DEFAULT_REALM: &str = "camunda-platform";

impl Completion<'_> {
    fn get(&self, path: &str) -> Option<(String, Origin)> {
        self.tree.text(&steps(path)).map(|(text, origin)| (text.to_owned(), origin.clone()))
    }

    fn has(&self, path: &str) -> bool {
        self.tree.at(&steps(path)).is_some()
    }

    fn assume(&mut self, path: &str, text: &str, origin: Origin, why: &str) {
        // Nothing is there that could be contradicted.
        let _nothing = self.tree.set(&steps(path), text.to_owned(), origin);
        self.assumed.insert(path.to_owned());
        self.warnings.push(format!("`{path}` is not given; {why}"));
    }

    fn profile_is(&self, name: &str) -> bool {
        self.get("profile").is_some_and(|(profile, _)| profile.eq_ignore_ascii_case(name))
    }

    /// The SDK's settings say whom applications ask. They say something about this server where it is configured as Management
    /// Identity, and nothing more particular is said.
    fn sdk(&mut self) {
        let of_applications = self.facts.cluster && !self.facts.identity;
        let mut unused = Vec::new();
        for (path, said) in self.facts.of_sdk.iter().rev() {
            let list = matches!(path.last(), Some(Step::Index(_))).then(|| path.split_last()).flatten();
            let place = list.map_or(&**path, |(_, list)| list);
            let same = |node: &Node| matches!(node, Node::Text(text, _) if *text == said.value);
            match self.tree.at(place) {
                _ if of_applications => unused.push(said.name()),
                None => {
                    _ = self.tree.set(path, said.value.clone(), said.origin());
                    self.assumed.insert(shown(path));
                }
                Some(node) if same(node) => {}
                Some(Node::List(elements)) if elements.values().any(same) => {}
                Some(_) => unused.push(said.name()),
            }
        }
        if !unused.is_empty() {
            unused.reverse();
            let names = unused.join(", ");
            self.warnings.push(format!(
                "understood, without effect here: {names} (a setting of the applications' SDK, where this server has settings of \
                 its own)"
            ));
        }
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

    /// Issuers and audiences, which the replaced services do without.
    fn providers(&mut self) {
        if !self.profile_is("oidc") {
            return;
        }
        for id in self.provider_ids() {
            let path = |name: &str| format!("{PROVIDERS}.{id}.{name}");
            if !self.facts.said_below(&format!("{PROVIDERS}.{id}.")) {
                continue;
            }
            if !self.has(&path("issuer"))
                && let Some((url, origin)) = self.get(&path("authorization-url"))
                && let Some(issuer) = issuer_of(&url)
            {
                let why = format!("`{issuer}` is assumed, as `{}` suggests", path("authorization-url"));
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
                    "`{list}` is not given; it is `client-id`: tokens for other audiences are refused, which the replaced service \
                     takes"
                ));
            }
        }
    }

    /// The replaced services take any URL.
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
                let url = self.get(path).filter(|_| self.facts.said(path) || self.assumed.contains(*path));
                url.is_some_and(|(url, _)| safe_url(&url, false).is_err() && safe_url(&url, true).is_ok())
            };
            if let Some(path) = urls.iter().find(insecure) {
                let text = format!(
                    "DANGER: `{path}` is an `http` url of another host, which the replaced service takes: what is sent there can be \
                     read and changed on the way. Set `{switch}: true` to keep it so, or use `https`"
                );
                let _nothing = self.tree.set(&steps(&switch), "true".to_owned(), Origin::Command);
                self.warnings.push(text);
            }
        }
    }

    /// An API without protection is for this machine.
    fn unprotected_api(&mut self) {
        const PATH: &str = "authentication.unprotected-api";
        let asked = self.facts.said(PATH) && self.get(PATH).is_some_and(|(flag, _)| flag.eq_ignore_ascii_case("true"));
        let address = self.get("server.address").and_then(|(address, _)| address.parse::<IpAddr>().ok());
        let here = address.is_some_and(|address| address.is_loopback());
        let open = self.get("authentication.unprotected-api-on-network");
        if asked && !here && !open.is_some_and(|(flag, _)| flag.eq_ignore_ascii_case("true")) {
            self.tree.remove(PATH);
            self.warnings.push(format!(
                "the API stays protected: `{PATH}` would let everybody on the network do everything; listen on 127.0.0.1 \
                 (`server.address`), or set `authentication.unprotected-api-on-network` if that is what you want"
            ));
        }
    }

    /// What other profiles have, and the replaced services leave aside.
    fn not_of_the_profile(&mut self) {
        const USERS: &str = "initialization.users";
        let elsewhere = self.profile_is("oidc") || self.profile_is("keycloak");
        if elsewhere && self.facts.said_below(USERS) && self.tree.remove(USERS).is_some() {
            self.warnings.push(format!("`{USERS}` has no effect in this profile: users live at the provider"));
        }
        const RULES: &str = "bootstrap.mapping-rules";
        if self.profile_is("keycloak") && self.facts.said_below(RULES) && self.tree.remove(RULES).is_some() {
            self.warnings.push(format!("`{RULES}` has no effect in this profile: roles live in Keycloak"));
        }
    }

    fn base_path(&mut self) {
        const URL: &str = "server.public-url";
        const BASE: &str = "server.base-path";
        let (Some((url, origin)), Some((base, _))) = (self.get(URL), self.get(BASE)) else { return };
        let (url, base) = (url.trim_end_matches('/'), base.trim_matches('/'));
        let bare = Url::parse(url).is_ok_and(|url| url.path() == "/" && url.query().is_none());
        if (self.facts.said(URL) || self.facts.said(BASE)) && !base.is_empty() && bare {
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

/// The issuer whose authorization endpoint this is, where providers of its make build one from the other.
fn issuer_of(url: &str) -> Option<String> {
    let keycloak = url.strip_suffix("/protocol/openid-connect/auth").filter(|issuer| issuer.contains("/realms/"));
    let entra = || {
        let tenant = url.strip_suffix("/oauth2/v2.0/authorize")?;
        tenant.contains("login.microsoftonline.").then(|| format!("{tenant}/v2.0"))
    };
    keycloak.map(str::to_owned).or_else(entra)
}

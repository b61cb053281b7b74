//! Settings of the SDK with which the platform's applications call Management Identity: `camunda.identity.*`.
//! Management Identity itself uses them to sign users in, so they take effect here unless another property sets the
//! same value.

use super::{Completion, PROVIDERS, steps};
use crate::config::assignment::Assignment;
use crate::config::tree::{Node, Origin, Step, other_form, shown};

/// Id of the provider that the SDK settings describe.
const PROVIDER: &str = "default";
/// Keys of the provider that belong to the client registration.
const OF_CLIENT: [&str; 6] =
    ["client-id", "client-secret", "client-secret-file", "scopes", "authorization-url", "token-url"];
/// Keys of authentication methods other than a client secret.
const OTHER_PROOFS: [&str; 3] = ["assertion", "tls", "client-authentication"];

const ELSEWHERE: &str = "a setting of the applications' SDK; this server has its own settings";
const IN_KEYCLOAK: &str = "in the profile `keycloak`, this server's client is `keycloak.client-id`, with \
                           `keycloak.own-client-secret` if this server creates it, otherwise `keycloak.client-secret`";

/// SDK setting, with the key that it sets.
struct Setting<'s> {
    assignment: &'s Assignment,
    path: Vec<Step>,
    /// Name of the key within the provider, such as `client-id`.
    key: String,
    /// List elements, if the value of the key is a list.
    list: Option<Vec<&'s str>>,
}

/// Effect of an SDK setting on the configuration.
enum Outcome {
    /// Applied, or overridden by a later source of the same setting.
    Taken,
    /// Recognized, but without effect for this reason, which a warning names.
    Unused(&'static str),
    /// Contradicted by another value, which has this origin.
    Contradicts(Origin),
}

impl<'s> Setting<'s> {
    fn new(path: &[Step], assignment: &'s Assignment) -> Self {
        let (path, list) = match path.split_last() {
            // Scopes are separated by spaces, as in OAuth (RFC 6749 §3.3).
            Some((Step::Index(_), list)) => (list, Some(assignment.value.split_whitespace().collect())),
            _ => (path, None),
        };
        let key = match path.last() {
            Some(Step::Key(key)) => key.clone(),
            _ => String::new(),
        };
        Self { assignment, path: path.to_vec(), key, list }
    }

    /// Whether `node` already has the value of this setting.
    fn is(&self, node: &Node) -> bool {
        let text = |node: &Node, value: &str| matches!(node, Node::Text(text, _) if text == value);
        match (node, &self.list) {
            (Node::List(elements), Some(values)) => {
                values.iter().all(|value| elements.values().any(|element| text(element, value)))
            }
            (node, _) => text(node, &self.assignment.value),
        }
    }
}

impl Completion<'_> {
    /// Applies the SDK settings, starting with the latest source. Reports contradictions, and warns about unused
    /// settings.
    pub(super) fn sdk(&mut self) {
        let facts = self.facts;
        let mut unused: Vec<(&str, Vec<&str>)> = Vec::new();
        for (path, assignment) in facts.of_sdk.iter().rev() {
            let setting = Setting::new(path, assignment);
            match self.outcome(&setting) {
                Outcome::Taken => {}
                Outcome::Unused(why) => match unused.iter_mut().find(|(known, _)| *known == why) {
                    Some((_, names)) => names.insert(0, assignment.name()),
                    None => unused.push((why, vec![assignment.name()])),
                },
                Outcome::Contradicts(other) => {
                    let message = format!("has another value in {other}");
                    self.problems.add(shown(&setting.path), Some(&assignment.origin()), message);
                }
            }
        }
        for (why, names) in unused {
            self.warnings.push(format!("recognized, but without effect: {} ({why})", names.join(", ")));
        }
    }

    fn outcome(&mut self, setting: &Setting<'_>) -> Outcome {
        let Setting { assignment, key, path, .. } = setting;
        let of_client = OF_CLIENT.contains(&key.as_str());
        if self.sdk_is_for_applications() {
            return Outcome::Unused(ELSEWHERE);
        }
        if of_client && self.profile_is("keycloak") {
            // Files of the replaced service use this variable in a placeholder, for a client that is to be created in
            // Keycloak. The variable then has an effect, and causes no warning.
            let fills = self.used.contains(assignment.name());
            let known = [shown(path), format!("keycloak.{key}"), format!("keycloak.own-{key}")];
            let same = || known.iter().any(|known| self.tree.at(&steps(known)).is_some_and(|node| setting.is(node)));
            return if fills || same() { Outcome::Taken } else { Outcome::Unused(IN_KEYCLOAK) };
        }
        let has_kind = key == "type" && self.has(&of_provider("kind"));
        if has_kind || (of_client && self.has_own_client(key)) {
            return Outcome::Unused(ELSEWHERE);
        }
        let (own_form, other_form) = (shown(path), other_form(&shown(path)));
        let (found, node) = match (self.tree.at(path), self.tree.at(&steps(&other_form))) {
            (Some(node), _) if setting.is(node) => return Outcome::Taken,
            (Some(node), _) => (&own_form, node),
            (None, Some(node)) => (&other_form, node),
            (None, None) => {
                self.take(setting);
                return Outcome::Taken;
            }
        };
        let other = node.origin().cloned().unwrap_or(Origin::Default);
        let by_sdk = self.assumed.contains(found);
        // Contradictory environment variables are an error. Of several documents, the last one takes precedence.
        let beside = matches!(other, Origin::Environment(_)) && other.is_beside(&assignment.origin());
        if by_sdk && !beside {
            Outcome::Taken
        } else if by_sdk || (key.starts_with("client-") && self.facts.is_legacy(found) && !self.facts.cluster) {
            Outcome::Contradicts(other)
        } else {
            Outcome::Unused(ELSEWHERE)
        }
    }

    fn take(&mut self, setting: &Setting<'_>) {
        let Setting { assignment, path, list, .. } = setting;
        let mut set = |path: &[Step], value: &str| {
            // The path has no value, so this cannot conflict.
            let _nothing = self.tree.set(path, value.to_owned(), assignment.origin());
        };
        match list {
            None => set(path, &assignment.value),
            Some(values) => {
                for (index, value) in values.iter().enumerate() {
                    let element: Vec<Step> = path.iter().cloned().chain([Step::Index(index)]).collect();
                    set(&element, value);
                }
            }
        }
        self.assumed.insert(shown(path));
    }

    /// Whether the SDK settings belong to an application that runs beside this server. They do if settings of the
    /// Orchestration Cluster are present but none of Management Identity, or if providers with other ids are
    /// configured. They also do if the profile is `builtin` and no issuer is given.
    fn sdk_is_for_applications(&self) -> bool {
        let ids = self.provider_ids();
        let of_sdk = |(path, _): &(Vec<Step>, Assignment)| path.last() == Some(&Step::Key("issuer".to_owned()));
        let names_issuer = self.facts.of_sdk.iter().any(of_sdk) || self.has(&of_provider("issuer"));
        (self.facts.cluster && !self.facts.identity)
            || (!ids.is_empty() && !ids.iter().any(|id| id == PROVIDER))
            || (self.profile_is("builtin") && !names_issuer)
    }

    /// Whether this server's own keys set another client id, or another authentication method.
    fn has_own_client(&self, key: &str) -> bool {
        let client_id = of_provider("client-id");
        let is_other = self.get(&client_id).is_some_and(|(id, _)| {
            let same =
                |(path, assignment): &(Vec<Step>, Assignment)| shown(path) == client_id && assignment.value == id;
            !self.facts.is_legacy(&client_id) && !self.facts.of_sdk.iter().any(same)
        });
        is_other || (key.starts_with("client-secret") && OTHER_PROOFS.iter().any(|key| self.has(&of_provider(key))))
    }
}

fn of_provider(key: &str) -> String {
    format!("{PROVIDERS}.{PROVIDER}.{key}")
}

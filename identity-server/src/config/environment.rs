//! Environment variables, laid over the tree.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::key::{FILE_SUFFIX, Key, Kind, nearest};
use super::names::{Pattern, fill};
use super::problem::Collector;
use super::table::{FOREIGN, KEYS, UNUSED};
use super::tree::{Contradiction, Node, Origin, Step, shown};
use super::{datasource, foreign, profiles};

/// Begin the names of our own variables; every one of them must be a key. A switch of the Orchestration Cluster that is
/// misspelt must not be one that is silently off.
const PREFIXES: [&str; 2] = ["IDENTITY_", "CAMUNDA_SECURITY_"];

/// Lays the variables over the tree. `method` is what files say about how callers authenticate. Answers with what the user
/// should know although it is no mistake.
pub(super) fn overlay(
    tree: &mut Node,
    variables: &BTreeMap<String, String>,
    method: Option<Said>,
    problems: &Collector,
) -> Vec<String> {
    let mut overlay = Overlay::new(tree, problems);
    // An empty variable is what container tools make of one that was not given.
    for (name, value) in variables.iter().filter(|(name, value)| !value.is_empty() && !is_service_link(name, value)) {
        overlay.take(&Said { variable: name.clone(), value: value.clone(), place: Place::Environment });
    }
    // Last, as it depends on whether anybody else says what the profile is.
    if let Some(method) = overlay.method.take().or(method) {
        overlay.method(&method);
    }
    overlay.warnings("")
}

/// Lays what a file says in the replaced services' words over what it says in ours. Answers with warnings, and with what it
/// says about how callers authenticate.
pub(super) fn overlay_file(
    tree: &mut Node,
    said: &[Said],
    file: &Origin,
    problems: &Collector,
) -> (Vec<String>, Option<Said>) {
    let mut overlay = Overlay::new(tree, problems);
    said.iter().filter(|said| !said.value.is_empty()).for_each(|said| overlay.take(said));
    let method = overlay.method.take();
    (overlay.warnings(&format!("{file}: ")), method)
}

/// A value for a variable, or for a property that is called like one.
#[derive(Clone)]
pub(super) struct Said {
    pub(super) variable: String,
    pub(super) value: String,
    pub(super) place: Place,
}

/// Where something is said.
#[derive(Clone)]
pub(super) enum Place {
    /// In the variable itself.
    Environment,
    /// In a file, as a property with this path.
    File(Origin, String),
}

impl Said {
    fn origin(&self) -> Origin {
        match &self.place {
            Place::Environment => Origin::Environment(Arc::from(&*self.variable)),
            Place::File(file, _) => file.clone(),
        }
    }

    /// What to call it.
    fn name(&self) -> &str {
        match &self.place {
            Place::Environment => &self.variable,
            Place::File(_, path) => path,
        }
    }
}

struct Overlay<'a> {
    tree: &'a mut Node,
    problems: &'a Collector,
    names: Names,
    warnings: Vec<String>,
    unused: Vec<String>,
    method: Option<Said>,
}

impl<'a> Overlay<'a> {
    fn new(tree: &'a mut Node, problems: &'a Collector) -> Self {
        Self { tree, problems, names: Names::new(), warnings: Vec::new(), unused: Vec::new(), method: None }
    }

    fn take(&mut self, said: &Said) {
        let name = said.variable.as_str();
        match name {
            profiles::VARIABLE => self.profiles(said),
            datasource::VARIABLE => self.datasource(said),
            profiles::METHOD => self.method = Some(said.clone()),
            _ => match self.names.path(name) {
                Some((path, false)) => self.set(&path, said, said.value.clone()),
                Some((path, true)) => self.list(&path, said),
                None if self.names.unused.iter().any(|pattern| pattern.captures(name).is_some()) => {
                    self.unused.push(said.name().to_owned());
                }
                None => self.unknown(said),
            },
        }
    }

    fn unknown(&self, said: &Said) {
        let hint = |near: Option<String>| near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        match &said.place {
            Place::Environment => {
                let name = said.variable.as_str();
                if is_ours(name) && !self.names.foreign.iter().any(|p| p.captures(name).is_some()) {
                    let hint = hint(self.names.suggestion(name));
                    self.problems.add("", Some(&said.origin()), format!("is not a key{hint}"));
                }
            }
            Place::File(file, path) => {
                let hint = hint(foreign::suggestion(path));
                self.problems.add(path, Some(file), format!("is not a key{hint}"));
            }
        }
    }

    fn set(&mut self, path: &[Step], said: &Said, value: String) {
        if let Place::File(file, property) = &said.place
            && value.contains("${")
        {
            return self.problems.add(property, Some(file), "holds a placeholder, and nothing is filled in here");
        }
        let Err(Contradiction(other)) = self.tree.set(path, value, said.origin()) else { return };
        match &said.place {
            Place::Environment => {
                let message = format!("is given by {other} too, with another value");
                self.problems.add(shown(path), Some(&said.origin()), message);
            }
            Place::File(file, property) => {
                let message = format!("means `{}`, which is given with another value", shown(path));
                self.problems.add(property, Some(file), message);
            }
        }
    }

    /// A list of texts in one value, instead of what earlier sources have there.
    fn list(&mut self, path: &[Step], said: &Said) {
        let Some((Step::Index(_), list)) = path.split_last() else { return };
        if let Place::Environment = said.place {
            self.tree.forget_elements(list);
        }
        let texts = said.value.split(',').map(str::trim).filter(|text| !text.is_empty());
        for (index, text) in texts.enumerate() {
            let element: Vec<Step> = list.iter().cloned().chain([Step::Index(index)]).collect();
            self.set(&element, said, text.to_owned());
        }
    }

    fn method(&mut self, said: &Said) {
        let profile = [Step::Key("profile".to_owned())];
        let problem = |message| self.problems.add("profile", Some(&said.origin()), message);
        let Some((assumed, fitting)) = profiles::of_method(&said.value) else {
            return problem("follows from the method, which must be one of `basic` and `oidc`");
        };
        match self.tree.text(&profile) {
            Some((given, origin)) if *origin != Origin::Command => {
                if !fitting.iter().any(|fits| fits.eq_ignore_ascii_case(given)) {
                    problem("is one whose users authenticate in another way");
                }
            }
            _ => self.set(&profile, said, assumed.to_owned()),
        }
    }

    fn profiles(&mut self, said: &Said) {
        let profiles::Profiles { chosen, ignored } = profiles::parse(&said.value);
        match chosen.as_slice() {
            [] => {}
            [one] => self.set(&[Step::Key("profile".to_owned())], said, (*one).to_owned()),
            _ => self.problems.add("profile", Some(&said.origin()), "must be one of `keycloak` and `oidc`, not both"),
        }
        if !ignored.is_empty() {
            self.warnings.push(format!("{}: ignored profiles: {}", said.name(), ignored.join(", ")));
        }
    }

    fn datasource(&mut self, said: &Said) {
        match datasource::parse(&said.value) {
            Err(message) => self.problems.add("store.postgres", Some(&said.origin()), message),
            Ok(parsed) => {
                for (path, value) in parsed.values {
                    self.set(&fill(path, Vec::new()), said, value);
                }
                if !parsed.ignored.is_empty() {
                    self.warnings.push(format!("{}: ignored parameters: {}", said.name(), parsed.ignored.join(", ")));
                }
            }
        }
    }

    fn warnings(self, place: &str) -> Vec<String> {
        let Self { mut warnings, unused, .. } = self;
        if !unused.is_empty() {
            warnings.push(format!("{place}understood, not used by this version: {}", unused.join(", ")));
        }
        warnings
    }
}

fn is_ours(name: &str) -> bool {
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Kubernetes tells each container about each service of its namespace: one called `identity` makes
/// `IDENTITY_SERVICE_HOST`, one called `identity-server` even `IDENTITY_SERVER_PORT=tcp://10.0.0.1:80`.
fn is_service_link(name: &str, value: &str) -> bool {
    let numbered = |(place, part): (usize, &str)| {
        let rest = name.get(place + part.len()..).unwrap_or_default().trim_start_matches(|c: char| c.is_ascii_digit());
        ["_TCP", "_UDP", "_SCTP"].iter().any(|protocol| rest.starts_with(protocol))
    };
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.match_indices("_PORT_").any(numbered)
        || ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme))
}

/// The names of all variables.
pub(super) struct Names {
    /// The name, the path that it sets, and whether it sets a whole list.
    keys: Vec<(Pattern, String, bool)>,
    unused: Vec<Pattern>,
    foreign: Vec<Pattern>,
}

impl Names {
    /// From the list of keys.
    pub(super) fn new() -> Self {
        Self {
            keys: KEYS
                .iter()
                .flat_map(of_key)
                .map(|(name, path)| (Pattern::new(&name), !name.ends_with("[]") && path.ends_with("[]"), path))
                .map(|(pattern, list, path)| (pattern, path, list))
                .collect(),
            unused: UNUSED.iter().map(|(name, _)| Pattern::new(name)).collect(),
            foreign: FOREIGN.iter().map(|name| Pattern::new(name)).collect(),
        }
    }

    /// The path that a variable sets, and whether it sets a whole list.
    pub(super) fn path(&self, variable: &str) -> Option<(Vec<Step>, bool)> {
        let matches = self.keys.iter().filter_map(|key| Some((key, key.0.captures(variable)?)));
        // The longest key has the shortest id: see `Pattern`.
        matches
            .max_by_key(|((_, path, _), _)| path.len())
            .map(|((_, path, list), captures)| (fill(path, captures), *list))
    }

    /// The name that somebody who wrote `variable` may have meant, with their ids and indices.
    fn suggestion(&self, variable: &str) -> Option<String> {
        let given: Vec<&str> = variable.split('_').collect();
        let adapted = |name: String| {
            let words = name.split('_').enumerate().map(|(place, word)| match word {
                "<ID>" | "<n>" => given.get(place).copied().unwrap_or(word),
                _ => word,
            });
            words.collect::<Vec<_>>().join("_")
        };
        let names: Vec<String> = self.keys.iter().map(|(pattern, ..)| adapted(pattern.name())).collect();
        nearest(variable, names.iter().map(String::as_str).filter(|name| is_ours(name))).map(str::to_owned)
    }
}

/// The properties that set a key, each with the path that it sets.
fn of_key(key: &Key) -> Vec<(String, String)> {
    let own = format!("identity.{}", key.path);
    let names = std::iter::once(own).chain(key.aliases.iter().map(|alias| (*alias).to_owned()));
    let mut all: Vec<(String, String)> = names.map(|name| (name, key.path.to_owned())).collect();
    let lists = all.iter().filter_map(|(name, path)| Some((name.strip_suffix("[]")?.to_owned(), path.clone())));
    all.extend(lists.collect::<Vec<_>>());
    if let Kind::Secret = key.kind {
        let files = all.iter().map(|(name, path)| (format!("{name}{FILE_SUFFIX}"), format!("{path}{FILE_SUFFIX}")));
        all.extend(files.collect::<Vec<_>>());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overlaid(variables: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let problems = Collector::default();
        let warnings = overlay(&mut Node::default(), &variables, None, &problems);
        let problems = problems.problems().map(|all| all.0.iter().map(ToString::to_string).collect());
        (problems.unwrap_or_default(), warnings)
    }

    #[test]
    fn nobody_elses_variables_matter() {
        let variables = [
            ("PATH", "/bin"),
            ("IDENTITY_CONFIG", "/etc/identity.yaml"),
            ("IDENTITY_TESTS_POSTGRES", "x"),
            ("IDENTITY_URL", ""),
            ("IDENTITY_SERVICE_HOST", "10.0.0.1"),
            ("IDENTITY_SERVICE_PORT_HTTP", "80"),
            ("IDENTITY_PORT_80_TCP_ADDR", "10.0.0.1"),
            ("IDENTITY_SERVER_PORT", "tcp://10.0.0.1:80"),
        ];
        assert_eq!(overlaid(&variables), (vec![], vec![]));
    }

    #[test]
    fn what_begins_with_our_name_is_a_key() {
        let variables = [
            ("IDENTITY_SERVER_PROT", "1"),
            ("IDENTITY_TENANTS_12_TENNANTID", "x"),
            ("IDENTITY_AUTHENTICATION_PROVIDERS_MAIN_ISUER", "x"),
            ("IDENTITY_WHATEVER", "x"),
        ];
        assert_eq!(
            overlaid(&variables).0,
            [
                "IDENTITY_AUTHENTICATION_PROVIDERS_MAIN_ISUER: is not a key; did you mean \
                 `IDENTITY_AUTHENTICATION_PROVIDERS_MAIN_ISSUER`?",
                "IDENTITY_SERVER_PROT: is not a key; did you mean `IDENTITY_SERVER_PORT`?",
                "IDENTITY_TENANTS_12_TENNANTID: is not a key; did you mean `IDENTITY_TENANTS_12_TENANT_ID`?",
                "IDENTITY_WHATEVER: is not a key",
            ]
        );
    }

    #[test]
    fn what_is_not_used_is_said_in_one_line() {
        let variables = [("KEYCLOAK_PRESETS_X", "r"), ("CAMUNDA_LICENSE_KEY", "k"), ("SERVER_SSL_KEY", "k")];
        let line = "understood, not used by this version: \
                    CAMUNDA_LICENSE_KEY, KEYCLOAK_PRESETS_X, SERVER_SSL_KEY";
        assert_eq!(overlaid(&variables), (vec![], vec![line.to_owned()]));
    }

    #[test]
    fn variables_that_contradict_each_other_are_a_problem() {
        assert_eq!(
            overlaid(&[("IDENTITY_SERVER_PORT", "1"), ("SERVER_PORT", "2")]).0,
            ["SERVER_PORT: `server.port` is given by IDENTITY_SERVER_PORT too, with another value"]
        );
        assert_eq!(overlaid(&[("IDENTITY_SERVER_PORT", "1"), ("SERVER_PORT", "1")]).0, [""; 0]);
    }

    #[test]
    fn spring_profiles() {
        let profiles = |value| overlaid(&[("SPRING_PROFILES_ACTIVE", value)]);
        assert_eq!(profiles("oidc"), (vec![], vec![]));
        assert_eq!(
            profiles("keycloak, dev"),
            (vec![], vec!["SPRING_PROFILES_ACTIVE: ignored profiles: dev".to_owned()])
        );
        assert_eq!(
            profiles("keycloak,oidc").0,
            ["SPRING_PROFILES_ACTIVE: `profile` must be one of `keycloak` and `oidc`, not both"]
        );
    }
}

//! Environment variables, and properties of the replaced services in files, laid over the tree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::legacy::Facts;
use super::names::{fill, variable};
use super::placeholder::Unresolved;
use super::problem::Collector;
use super::table::{IN_FILES, OPTIONAL_PLACEHOLDERS};
use super::tree::{Contradiction, Node, Origin, Step, shown};
use super::variables::{Names, Target, Vocabulary, is_ours};
use super::{datasource, foreign, profiles};

/// The variable that names files to read after this one.
const IMPORT: &str = "SPRING_CONFIG_IMPORT";

/// What was laid over the tree.
#[derive(Default)]
pub(super) struct Overlaid {
    /// What the user should know although it is no mistake.
    pub(super) warnings: Vec<String>,
    /// How callers authenticate, in the Orchestration Cluster's words.
    pub(super) method: Option<Said>,
    /// What was said in the replaced services' words.
    pub(super) facts: Facts,
    /// Files to read next, and whether they must be there.
    pub(super) imports: Vec<(PathBuf, bool)>,
}

/// Lays the variables over the tree. `used` are those that fill in placeholders of files, `method` is what files say about how
/// callers authenticate.
pub(super) fn overlay(
    tree: &mut Node,
    variables: &BTreeMap<String, String>,
    used: &BTreeSet<String>,
    method: Option<Said>,
    problems: &Collector,
) -> Overlaid {
    let mut overlay = Overlay::new(tree, problems);
    overlay.used = Some(used);
    // An empty variable is what container tools make of one that was not given.
    for (name, value) in variables.iter().filter(|(name, value)| !value.is_empty() && !is_service_link(name, value)) {
        overlay.take(&Said {
            variable: variable(name),
            value: value.clone(),
            unresolved: None,
            place: Place::Environment(name.clone()),
        });
    }
    // Last, as it depends on whether anybody else says what the profile is.
    if let Some(method) = overlay.overlaid.method.take().or(method) {
        overlay.method(&method);
    }
    overlay.done("")
}

/// Lays what a file says in the replaced services' words over what it says in ours.
pub(super) fn overlay_file(tree: &mut Node, said: &[Said], file: &Origin, problems: &Collector) -> Overlaid {
    let mut overlay = Overlay::new(tree, problems);
    said.iter().filter(|said| !said.value.is_empty() || said.unresolved.is_some()).for_each(|said| overlay.take(said));
    overlay.done(&format!("{file}: "))
}

/// A value for a variable, or for a property that is called like one.
#[derive(Clone)]
pub(super) struct Said {
    pub(super) variable: String,
    pub(super) value: String,
    /// A placeholder in the value that could not be filled in.
    pub(super) unresolved: Option<Unresolved>,
    pub(super) place: Place,
}

/// Where something is said.
#[derive(Clone)]
pub(super) enum Place {
    /// In a variable of this name.
    Environment(String),
    /// In a file, as a property with this path.
    File(Origin, String),
}

impl Said {
    pub(super) fn origin(&self) -> Origin {
        match &self.place {
            Place::Environment(name) => Origin::Environment(Arc::from(&**name)),
            Place::File(file, _) => file.clone(),
        }
    }

    /// What to call it.
    pub(super) fn name(&self) -> &str {
        match &self.place {
            Place::Environment(name) => name,
            Place::File(_, path) => path,
        }
    }
}

struct Overlay<'a> {
    tree: &'a mut Node,
    problems: &'a Collector,
    names: &'static Names,
    overlaid: Overlaid,
    /// Variables that fill in placeholders: they need not be keys.
    used: Option<&'a BTreeSet<String>>,
    /// Names without effect, by the reason.
    unused: BTreeMap<&'static str, Vec<String>>,
}

impl<'a> Overlay<'a> {
    fn new(tree: &'a mut Node, problems: &'a Collector) -> Self {
        Self { tree, problems, names: Names::all(), overlaid: Overlaid::default(), used: None, unused: BTreeMap::new() }
    }

    fn take(&mut self, said: &Said) {
        let name = said.variable.as_str();
        let compound = [profiles::VARIABLE, datasource::VARIABLE, profiles::METHOD].contains(&name);
        let target = self.names.target(name);
        if let Some(unresolved) = &said.unresolved
            && (compound || target.is_some())
        {
            return self.unresolved(said, unresolved);
        }
        match (name, target) {
            (profiles::VARIABLE, _) => self.profiles(said),
            (datasource::VARIABLE, _) => self.datasource(said),
            (profiles::METHOD, _) => {
                self.overlaid.facts.cluster = true;
                self.overlaid.method = Some(said.clone());
            }
            (_, Some(target)) => self.target(&target, said),
            (_, None) if is_import(name) && matches!(said.place, Place::File(..)) => self.import(said),
            (_, None) => match self.names.unused(name) {
                Some(why) => self.unused.entry(why).or_default().push(said.name().to_owned()),
                None => self.unknown(said),
            },
        }
    }

    fn target(&mut self, target: &Target, said: &Said) {
        match target.vocabulary {
            Vocabulary::Sdk => {
                self.overlaid.facts.of_sdk.push((target.path.clone(), said.clone()));
                return;
            }
            Vocabulary::Theirs => self.overlaid.facts.note(&said.variable, &target.path),
            Vocabulary::Own => {}
        }
        if target.list { self.list(&target.path, said) } else { self.set(&target.path, said, said.value.clone()) }
    }

    fn unresolved(&mut self, said: &Said, unresolved: &Unresolved) {
        let optional = OPTIONAL_PLACEHOLDERS
            .iter()
            .any(|name| super::names::Pattern::new(name).captures(&said.variable).is_some());
        if optional && let Unresolved::Name(name) = unresolved {
            let text = format!("{}: `{}` counts as not given: `{name}` is not set", said.origin(), said.name());
            self.overlaid.warnings.push(text);
        } else {
            self.problems.add(said.name(), Some(&said.origin()), unresolved.message());
        }
    }

    fn unknown(&mut self, said: &Said) {
        let hint = |near: Option<String>| near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        match &said.place {
            Place::Environment(written) => {
                let name = said.variable.as_str();
                if self.used.is_some_and(|used| used.contains(written)) {
                    return;
                }
                if is_ours(name) && !self.names.is_foreign(name) {
                    let hint = hint(self.names.suggestion(name));
                    self.problems.add("", Some(&said.origin()), format!("is not a key{hint}"));
                }
            }
            Place::File(file, path) => match foreign::suggestion(path) {
                Some(near) => self.problems.add(path, Some(file), format!("is not a key{}", hint(Some(near)))),
                None => {
                    let known = IN_FILES
                        .iter()
                        .find(|(name, _)| super::names::Pattern::new(name).captures(&said.variable).is_some());
                    let why = known.map_or("not a property that this server knows", |(_, why)| *why);
                    self.unused.entry(why).or_default().push(said.name().to_owned());
                }
            },
        }
    }

    fn set(&mut self, path: &[Step], said: &Said, value: String) {
        let Err(Contradiction(other)) = self.tree.set(path, value, said.origin()) else { return };
        match &said.place {
            Place::Environment(_) => {
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
        if let Place::Environment(_) = said.place {
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
            let names = ignored.join(", ");
            let text = format!("{}: profiles that select documents of files and nothing else: {names}", said.name());
            self.overlaid.warnings.push(text);
        }
    }

    fn datasource(&mut self, said: &Said) {
        match datasource::parse(&said.value) {
            Err(message) => self.problems.add("store.postgres", Some(&said.origin()), message),
            Ok(parsed) => {
                for (path, value) in parsed.values {
                    self.set(&fill(path, Vec::new()), said, value);
                }
                if parsed.wrapped {
                    let parameters = if parsed.ignored.is_empty() {
                        String::new()
                    } else {
                        format!(", nor have the parameters {}", parsed.ignored.join(", "))
                    };
                    let text = format!(
                        "{}: taken as `jdbc:postgresql:`; the plugins of the driver `aws-wrapper` have no effect here{parameters}",
                        said.name()
                    );
                    self.overlaid.warnings.push(text);
                } else if !parsed.ignored.is_empty() {
                    let text = format!("{}: ignored parameters: {}", said.name(), parsed.ignored.join(", "));
                    self.overlaid.warnings.push(text);
                }
            }
        }
    }

    /// `optional:file:/app/config/more.yaml`, or several with commas between them.
    fn import(&mut self, said: &Said) {
        for location in said.value.split([',', ';']).map(str::trim).filter(|location| !location.is_empty()) {
            let (required, location) = match location.strip_prefix("optional:") {
                Some(rest) => (false, rest),
                None => (true, location),
            };
            let path = location.strip_prefix("file:").unwrap_or(location);
            let is_yaml = [".yaml", ".yml"].iter().any(|end| path.to_ascii_lowercase().ends_with(end));
            if path.contains(':') || !is_yaml {
                let text = format!("{}: `{}` names what is no YAML file; not read", said.origin(), said.name());
                self.overlaid.warnings.push(text);
            } else {
                self.overlaid.imports.push((PathBuf::from(path), required));
            }
        }
    }

    fn done(self, place: &str) -> Overlaid {
        let Self { mut overlaid, unused, .. } = self;
        for (why, names) in unused {
            overlaid.warnings.push(format!("{place}understood, without effect here: {} ({why})", names.join(", ")));
        }
        overlaid
    }
}

fn is_import(variable: &str) -> bool {
    let rest = variable.strip_prefix(IMPORT);
    rest.is_some_and(|rest| rest.is_empty() || rest.strip_prefix('_').is_some_and(|rest| rest.parse::<u32>().is_ok()))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn overlaid(variables: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let problems = Collector::default();
        let warnings = overlay(&mut Node::default(), &variables, &BTreeSet::new(), None, &problems).warnings;
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
    fn what_is_not_used_is_named_with_the_reason() {
        let variables = [
            ("KEYCLOAK_PRESETS_X", "r"),
            ("CAMUNDA_LICENSE_KEY", "k"),
            ("SERVER_SSL_KEY", "k"),
            ("management.endpoints.web.exposure.include", "health"),
            ("MANAGEMENT_ENDPOINT_CONFIGPROPS_SHOW_VALUES", "ALWAYS"),
        ];
        let lines = [
            "TLS ends in front of this server: SERVER_SSL_KEY",
            "health and metrics are always on: MANAGEMENT_ENDPOINT_CONFIGPROPS_SHOW_VALUES, \
             management.endpoints.web.exposure.include",
            "not needed: CAMUNDA_LICENSE_KEY",
            "see `components`: KEYCLOAK_PRESETS_X",
        ];
        let lines = lines.map(|line| line.split_once(": ").unwrap());
        let lines = lines.map(|(why, names)| format!("understood, without effect here: {names} ({why})"));
        assert_eq!(overlaid(&variables), (vec![], lines.to_vec()));
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
            (
                vec![],
                vec![
                    "SPRING_PROFILES_ACTIVE: profiles that select documents of files and nothing else: dev".to_owned()
                ]
            )
        );
        assert_eq!(
            profiles("keycloak,oidc").0,
            ["SPRING_PROFILES_ACTIVE: `profile` must be one of `keycloak` and `oidc`, not both"]
        );
    }
}

//! Adds environment variables to the configuration tree, and likewise properties of the replaced services in files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::assignment::{Assignment, Source, given};
use super::facts::Facts;
use super::imports::JSON;
use super::names::fill;
use super::placeholder::Unresolved;
use super::problem::Collector;
use super::table::{IN_FILES, OPTIONAL_PLACEHOLDERS};
use super::tree::{Contradiction, Node, Origin, Step, shown};
use super::variables::{Names, Target, Vocabulary, is_ours};
use super::{datasource, imports, legacy_names, profiles};

/// Result of overlaying assignments on the configuration tree.
#[derive(Default)]
pub(super) struct Overlaid {
    /// Warnings for the log, one line each.
    pub(super) warnings: Vec<String>,
    /// Assignment of the Orchestration Cluster's authentication method, if there is one.
    pub(super) method: Option<Assignment>,
    /// Record of the properties of the replaced services that were applied.
    pub(super) facts: Facts,
    /// Files to read next, each with a flag whether it is required.
    pub(super) imports: Vec<(PathBuf, bool)>,
}

/// Overlays environment variables on the tree. `used` contains the variables that placeholders in files refer to. They
/// are not reported as unknown.
pub(super) fn overlay(
    tree: &mut Node,
    variables: &BTreeMap<String, String>,
    used: &BTreeSet<String>,
    problems: &Collector,
) -> Overlaid {
    let mut overlay = Overlay::new(tree, problems);
    overlay.used = Some(used);
    given(variables).for_each(|assignment| overlay.take(&assignment));
    overlay.done("")
}

/// Selects the profile if no source names it: from the active Spring profiles, else from the authentication method.
/// Reports a method that contradicts the profile. Returns warnings.
pub(super) fn choose_profile(
    tree: &mut Node,
    active: &[String],
    facts: &Facts,
    method: Option<&Assignment>,
    problems: &Collector,
) -> Vec<String> {
    let path = [Step::Key("profile".to_owned())];
    let mut warnings = Vec::new();
    // A profile that follows from active Spring profiles is stale if a later source activates other Spring profiles.
    let is_stale = |name: &str, origin: &Origin| {
        *origin == Origin::Command
            || (facts.profile.as_ref() == Some(origin) && !active.iter().any(|profile| profile == name))
    };
    if tree.text(&path).is_none_or(|(name, origin)| is_stale(name, origin)) {
        match profiles::parse(&active.join(",")).chosen.as_slice() {
            [] => {}
            [one] => {
                // Cannot fail: values with the origin `Command` never contradict others.
                let _nothing = tree.set(&path, (*one).to_owned(), Origin::Command);
                warnings.push(format!("`profile` is not given; `{one}` is among the active profiles of Spring"));
            }
            _ => problems.add(
                "profile",
                None,
                "must be one of `keycloak` and `oidc`; both are active profiles of Spring",
            ),
        }
    }
    if let Some(method) = method {
        Overlay::new(tree, problems).method(method);
    }
    warnings
}

/// Overlays the properties of the replaced services in a file on the keys of the same file.
pub(super) fn overlay_file(
    tree: &mut Node,
    assignments: &[Assignment],
    file: &Origin,
    problems: &Collector,
) -> Overlaid {
    let mut overlay = Overlay::new(tree, problems);
    let given = assignments.iter().filter(|one| !one.value.is_empty() || one.unresolved.is_some());
    given.for_each(|assignment| overlay.take(assignment));
    overlay.done(&format!("{file}: "))
}

struct Overlay<'a> {
    tree: &'a mut Node,
    problems: &'a Collector,
    names: &'static Names,
    overlaid: Overlaid,
    /// Environment variables that placeholders in files refer to. They are not reported as unknown.
    used: Option<&'a BTreeSet<String>>,
    /// Recognized names without effect, grouped by the reason.
    unused: BTreeMap<&'static str, Vec<String>>,
}

impl<'a> Overlay<'a> {
    fn new(tree: &'a mut Node, problems: &'a Collector) -> Self {
        Self { tree, problems, names: Names::all(), overlaid: Overlaid::default(), used: None, unused: BTreeMap::new() }
    }

    fn take(&mut self, assignment: &Assignment) {
        let name = assignment.variable.as_str();
        let compound = [profiles::VARIABLE, datasource::VARIABLE, profiles::METHOD].contains(&name);
        let target = self.names.target(name);
        if let Some(unresolved) = &assignment.unresolved
            && (compound || target.is_some())
        {
            return self.unresolved(assignment, unresolved);
        }
        match (name, target) {
            (profiles::VARIABLE, _) => self.profiles(assignment),
            (datasource::VARIABLE, _) => self.datasource(assignment),
            (profiles::METHOD, _) => {
                self.overlaid.facts.cluster = true;
                self.overlaid.method = Some(assignment.clone());
            }
            (_, Some(target)) => self.target(&target, assignment),
            // Imports of environment variables were evaluated before any file was read.
            (_, None) if imports::names_files(name) && matches!(assignment.source, Source::Environment(_)) => {}
            (_, None) if imports::names_files(name) => {
                self.overlaid.imports.extend(imports::locations(assignment, &mut self.overlaid.warnings));
            }
            (_, None) if profiles::selects(name) || name == JSON => {}
            (_, None) => match self.names.unused(name) {
                Some(why) => self.unused.entry(why).or_default().push(assignment.name().to_owned()),
                None => self.unknown(assignment),
            },
        }
    }

    fn target(&mut self, target: &Target, assignment: &Assignment) {
        match target.vocabulary {
            Vocabulary::Sdk => {
                self.overlaid.facts.of_sdk.push((target.path.clone(), assignment.clone()));
                return;
            }
            Vocabulary::Legacy => {
                self.overlaid.facts.note(&assignment.variable, &target.path);
                self.whole_list(&target.path, assignment);
            }
            Vocabulary::Own => {}
        }
        if target.list {
            self.list(&target.path, assignment)
        } else {
            self.set(&target.path, assignment, assignment.value.clone())
        }
    }

    fn unresolved(&mut self, assignment: &Assignment, unresolved: &Unresolved) {
        let optional = OPTIONAL_PLACEHOLDERS
            .iter()
            .any(|name| super::names::Pattern::new(name).captures(&assignment.variable).is_some());
        if optional && let Unresolved::Name(name) = unresolved {
            let text = format!(
                "{}: `{}` is treated as absent, because `{name}` is not set",
                assignment.origin(),
                assignment.name()
            );
            self.overlaid.warnings.push(text);
        } else {
            self.problems.add(assignment.name(), Some(&assignment.origin()), unresolved.message());
        }
    }

    fn unknown(&mut self, assignment: &Assignment) {
        let hint = |near: Option<String>| near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        match &assignment.source {
            Source::Environment(written) => {
                let name = assignment.variable.as_str();
                if self.used.is_some_and(|used| used.contains(written)) {
                    return;
                }
                if is_ours(name) && !self.names.is_foreign(name) {
                    let hint = hint(self.names.suggestion(name));
                    self.problems.add("", Some(&assignment.origin()), format!("is not a key{hint}"));
                }
            }
            Source::File(file, path) => match legacy_names::suggestion(path) {
                Some(near) => self.problems.add(path, Some(file), format!("is not a key{}", hint(Some(near)))),
                None => {
                    let known = IN_FILES
                        .iter()
                        .find(|(name, _)| super::names::Pattern::new(name).captures(&assignment.variable).is_some());
                    let why = known.map_or("an unknown property", |(_, why)| *why);
                    self.unused.entry(why).or_default().push(assignment.name().to_owned());
                }
            },
        }
    }

    fn set(&mut self, path: &[Step], assignment: &Assignment, value: String) {
        let Err(Contradiction(other)) = self.tree.set(path, value, assignment.origin()) else { return };
        match &assignment.source {
            Source::Environment(_) => {
                let message = format!("has another value in {other}");
                self.problems.add(shown(path), Some(&assignment.origin()), message);
            }
            Source::File(file, property) => {
                let message = format!("sets `{}`, which has another value in {other}", shown(path));
                self.problems.add(property, Some(file), message);
            }
        }
    }

    /// Removes the elements of a list that earlier sources set, if an environment variable sets an element of the list.
    /// The replaced services read a list from one source only.
    fn whole_list(&mut self, path: &[Step], assignment: &Assignment) {
        let list = path.iter().position(|step| matches!(step, Step::Index(_))).and_then(|end| path.get(..end));
        if let (Some(list), Source::Environment(name)) = (list, &assignment.source)
            && self.tree.keep_environment(list)
        {
            let list = shown(list);
            self.overlaid.warnings.push(format!("{name}: replaces the list `{list}` of earlier sources as a whole"));
        }
    }

    /// Sets a list from one comma-separated value. An environment variable replaces the list of earlier sources as a
    /// whole.
    fn list(&mut self, path: &[Step], assignment: &Assignment) {
        let Some((Step::Index(_), list)) = path.split_last() else { return };
        if let Source::Environment(_) = assignment.source {
            _ = self.tree.keep_environment(list);
        }
        let texts = assignment.value.split(',').map(str::trim).filter(|text| !text.is_empty());
        for (index, text) in texts.enumerate() {
            let element: Vec<Step> = list.iter().cloned().chain([Step::Index(index)]).collect();
            self.set(&element, assignment, text.to_owned());
        }
    }

    fn method(&mut self, assignment: &Assignment) {
        let profile = [Step::Key("profile".to_owned())];
        let problem = |message| self.problems.add("profile", Some(&assignment.origin()), message);
        let Some((assumed, fitting)) = profiles::of_method(&assignment.value) else {
            return problem("follows from the method, which must be one of `basic` and `oidc`");
        };
        match self.tree.text(&profile) {
            Some((given, origin)) if *origin != Origin::Command => {
                if !fitting.iter().any(|fits| fits.eq_ignore_ascii_case(given)) {
                    problem("does not support this authentication method");
                }
            }
            _ => self.set(&profile, assignment, assumed.to_owned()),
        }
    }

    fn profiles(&mut self, assignment: &Assignment) {
        let profiles::Profiles { chosen, ignored } = profiles::parse(&assignment.value);
        // Two profiles are an error only if no other source selects one. `choose_profile` reports it.
        if let [one] = chosen.as_slice() {
            self.overlaid.facts.profile = Some(assignment.origin());
            self.set(&[Step::Key("profile".to_owned())], assignment, (*one).to_owned());
        }
        if !ignored.is_empty() {
            let names = ignored.join(", ");
            let name = assignment.name();
            let text = format!("{name}: profiles that select documents of files or other profiles: {names}");
            self.overlaid.warnings.push(text);
        }
    }

    fn datasource(&mut self, assignment: &Assignment) {
        match datasource::parse(&assignment.value) {
            Err(message) => {
                self.problems.add("store.postgres", Some(&assignment.origin()), message);
                // The settings in an invalid URL are unknown, so they must not be reported as missing.
                datasource::REQUIRED.iter().for_each(|path| self.tree.mark_broken(&fill(path, Vec::new())));
            }
            Ok(parsed) => {
                for (path, value) in parsed.values {
                    self.set(&fill(path, Vec::new()), assignment, value);
                }
                if parsed.wrapped {
                    let parameters = if parsed.ignored.is_empty() {
                        String::new()
                    } else {
                        format!(", nor have the parameters {}", parsed.ignored.join(", "))
                    };
                    let text = format!(
                        "{}: taken as `jdbc:postgresql:`; the plugins of the driver `aws-wrapper` have no effect \
                         here{parameters}",
                        assignment.name()
                    );
                    self.overlaid.warnings.push(text);
                } else if !parsed.ignored.is_empty() {
                    let text = format!("{}: ignored parameters: {}", assignment.name(), parsed.ignored.join(", "));
                    self.overlaid.warnings.push(text);
                }
            }
        }
    }

    fn done(self, prefix: &str) -> Overlaid {
        let Self { mut overlaid, unused, .. } = self;
        for (why, names) in unused {
            overlaid.warnings.push(format!("{prefix}recognized, but without effect: {} ({why})", names.join(", ")));
        }
        overlaid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overlaid(variables: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let problems = Collector::default();
        let warnings = overlay(&mut Node::default(), &variables, &BTreeSet::new(), &problems).warnings;
        let problems = problems.problems().map(|all| all.0.iter().map(ToString::to_string).collect());
        (problems.unwrap_or_default(), warnings)
    }

    #[test]
    fn ignores_variables_of_other_programs() {
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
    fn rejects_unknown_variables_with_own_prefixes() {
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
    fn warns_about_variables_without_effect() {
        let variables = [
            ("KEYCLOAK_PRESETS_X", "r"),
            ("CAMUNDA_LICENSE_KEY", "k"),
            ("SERVER_SSL_KEY", "k"),
            ("management.endpoints.web.exposure.include", "health"),
            ("MANAGEMENT_ENDPOINT_CONFIGPROPS_SHOW_VALUES", "ALWAYS"),
        ];
        let lines = [
            "TLS is terminated in front of this server: SERVER_SSL_KEY",
            "health and metrics are always on: MANAGEMENT_ENDPOINT_CONFIGPROPS_SHOW_VALUES, \
             management.endpoints.web.exposure.include",
            "not needed: CAMUNDA_LICENSE_KEY",
            "see `components`: KEYCLOAK_PRESETS_X",
        ];
        let lines = lines.map(|line| line.split_once(": ").unwrap());
        let lines = lines.map(|(why, names)| format!("recognized, but without effect: {names} ({why})"));
        assert_eq!(overlaid(&variables), (vec![], lines.to_vec()));
    }

    #[test]
    fn rejects_contradictory_variables() {
        assert_eq!(
            overlaid(&[("IDENTITY_SERVER_PORT", "1"), ("SERVER_PORT", "2")]).0,
            ["SERVER_PORT: `server.port` has another value in IDENTITY_SERVER_PORT"]
        );
        assert_eq!(overlaid(&[("IDENTITY_SERVER_PORT", "1"), ("SERVER_PORT", "1")]).0, [""; 0]);
    }

    #[test]
    fn spring_profiles_select_the_profile() {
        let profiles = |value| overlaid(&[("SPRING_PROFILES_ACTIVE", value)]);
        assert_eq!(profiles("oidc"), (vec![], vec![]));
        assert_eq!(
            profiles("keycloak, dev"),
            (
                vec![],
                vec![
                    "SPRING_PROFILES_ACTIVE: profiles that select documents of files or other profiles: dev".to_owned()
                ]
            )
        );
        for (name, value) in
            [("SPRING_PROFILES_INCLUDE_0", "a"), ("SPRING_PROFILES_GROUP_A", "b"), ("SPRING_CONFIG_IMPORT", "a.yaml")]
        {
            assert_eq!(overlaid(&[(name, value)]), (vec![], vec![]), "{name}");
        }
    }

    #[test]
    fn conflicting_spring_profiles_require_an_explicit_profile() {
        let chosen = |given: Option<&str>, active: &str| {
            let mut tree = Node::default();
            let path = [Step::Key("profile".to_owned())];
            if let Some(given) = given {
                assert!(tree.set(&path, given.to_owned(), Origin::Flag("--profile")).is_ok());
            }
            let problems = Collector::default();
            let active: Vec<String> = active.split(',').map(str::to_owned).collect();
            let _warnings = choose_profile(&mut tree, &active, &Facts::default(), None, &problems);
            let chosen = tree.text(&path).map(|(text, _)| text.to_owned());
            (chosen, problems.problems().map(|all| all.0[0].to_string()))
        };
        assert_eq!(chosen(None, "prod,oidc"), (Some("oidc".to_owned()), None));
        assert_eq!(chosen(None, "prod"), (None, None));
        assert_eq!(chosen(Some("oidc"), "keycloak,oidc"), (Some("oidc".to_owned()), None));
        let both = "`profile` must be one of `keycloak` and `oidc`; both are active profiles of Spring";
        assert_eq!(chosen(None, "keycloak,oidc"), (None, Some(both.to_owned())));
    }
}

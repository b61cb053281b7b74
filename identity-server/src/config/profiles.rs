//! The replaced services' choices of profile (management reference §7.1, orchestration reference §5.1).

/// The variable that lists Spring's profiles.
pub(super) const VARIABLE: &str = "SPRING_PROFILES_ACTIVE";

/// The variable that says how the Orchestration Cluster's callers authenticate. Here, that follows from the profile.
pub(super) const METHOD: &str = "CAMUNDA_SECURITY_AUTHENTICATION_METHOD";

/// The profile that a method stands for, and those that it goes with.
pub(super) fn of_method(method: &str) -> Option<(&'static str, &'static [&'static str])> {
    match method.to_ascii_lowercase().as_str() {
        "basic" => Some(("builtin", &["builtin"])),
        "oidc" => Some(("oidc", &["oidc", "keycloak"])),
        _ => None,
    }
}

/// Spring's profiles, as far as they mean something here.
pub(super) struct Profiles<'v> {
    /// Those that say where users live, each once.
    pub chosen: Vec<&'v str>,
    /// The others.
    pub ignored: Vec<&'v str>,
}

/// Reads a list of profiles.
pub(super) fn parse(value: &str) -> Profiles<'_> {
    let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
    let (mut chosen, ignored): (Vec<_>, Vec<_>) = names.partition(|name| matches!(*name, "keycloak" | "oidc"));
    chosen.sort_unstable();
    chosen.dedup();
    Profiles { chosen, ignored }
}

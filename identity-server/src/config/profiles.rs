//! Spring profiles and authentication methods of the replaced services (docs/reference/management-api.md §7.1,
//! docs/reference/orchestration-cluster.md §5.1).

/// Environment variable that lists the active Spring profiles.
pub(super) const VARIABLE: &str = "SPRING_PROFILES_ACTIVE";

/// Environment variables that activate further Spring profiles: always, by default, and by profile group.
pub(super) const INCLUDE: &str = "SPRING_PROFILES_INCLUDE";
pub(super) const DEFAULT: &str = "SPRING_PROFILES_DEFAULT";
pub(super) const GROUP: &str = "SPRING_PROFILES_GROUP";

/// Whether a variable selects Spring profiles. Includes variables for list elements, such as
/// `SPRING_PROFILES_ACTIVE_0`.
pub(super) fn selects(variable: &str) -> bool {
    let below = |name: &&str| variable.strip_prefix(*name).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'));
    [VARIABLE, INCLUDE, DEFAULT, GROUP].iter().any(below)
}

/// Variable with the authentication method of the Orchestration Cluster. Here, the profile determines the method.
pub(super) const METHOD: &str = "CAMUNDA_SECURITY_AUTHENTICATION_METHOD";

/// Returns the default profile of an authentication method, and all profiles that are compatible with it.
pub(super) fn of_method(method: &str) -> Option<(&'static str, &'static [&'static str])> {
    match method.to_ascii_lowercase().as_str() {
        "basic" => Some(("builtin", &["builtin"])),
        "oidc" => Some(("oidc", &["oidc", "keycloak"])),
        _ => None,
    }
}

/// Spring profiles, classified by their effect on this server.
pub(super) struct Profiles<'v> {
    /// Profiles that select the storage of users (`keycloak`, `oidc`), deduplicated.
    pub chosen: Vec<&'v str>,
    /// All other profiles, which only select documents of files.
    pub ignored: Vec<&'v str>,
}

/// Parses a comma-separated list of Spring profiles, and classifies them.
pub(super) fn parse(value: &str) -> Profiles<'_> {
    let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
    let (mut chosen, ignored): (Vec<_>, Vec<_>) = names.partition(|name| matches!(*name, "keycloak" | "oidc"));
    chosen.sort_unstable();
    chosen.dedup();
    Profiles { chosen, ignored }
}

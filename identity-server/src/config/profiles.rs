//! The replaced service's choice of profile (management reference §7.1).

/// The variable that lists Spring's profiles.
pub(super) const VARIABLE: &str = "SPRING_PROFILES_ACTIVE";

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

//! Values of environment variables, and of properties in files that correspond to variables.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::names::variable;
use super::placeholder::Unresolved;
use super::tree::Origin;

/// A value that an environment variable sets, or a property in a file that corresponds to a variable.
#[derive(Clone)]
pub(super) struct Assignment {
    pub(super) variable: String,
    pub(super) value: String,
    /// Placeholder in the value that could not be resolved.
    pub(super) unresolved: Option<Unresolved>,
    pub(super) source: Source,
}

/// Where the value of an assignment comes from.
#[derive(Clone)]
pub(super) enum Source {
    /// Environment variable with this name.
    Environment(String),
    /// File, and the path of the property in it.
    File(Origin, String),
}

impl Assignment {
    pub(super) fn origin(&self) -> Origin {
        match &self.source {
            Source::Environment(name) => Origin::Environment(Arc::from(&**name)),
            Source::File(file, _) => file.clone(),
        }
    }

    /// Returns the name for messages: that of the variable, or the path of the property.
    pub(super) fn name(&self) -> &str {
        match &self.source {
            Source::Environment(name) => name,
            Source::File(_, path) => path,
        }
    }
}

/// Returns the variables with a value, except those that Kubernetes sets for services. Empty values count as unset,
/// because container tools set missing variables to the empty string.
pub(super) fn given(variables: &BTreeMap<String, String>) -> impl Iterator<Item = Assignment> {
    let given = variables.iter().filter(|(name, value)| !value.is_empty() && !is_service_link(name, value));
    given.map(|(name, value)| Assignment {
        variable: variable(name),
        value: value.clone(),
        unresolved: None,
        source: Source::Environment(name.clone()),
    })
}

/// Whether Kubernetes sets this variable for a service of the namespace. A service `identity` results in
/// `IDENTITY_SERVICE_HOST`. A service `identity-server` even results in `IDENTITY_SERVER_PORT=tcp://10.0.0.1:80`, which
/// has the name of a key.
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

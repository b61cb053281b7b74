//! Variables that add sources: files named by `spring.config.import`, and properties as JSON.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::assignment::{Assignment, given};

/// Environment variable that lists files to import, such as `optional:file:more.yaml`.
const IMPORT: &str = "SPRING_CONFIG_IMPORT";

/// Environment variable that holds properties as JSON. It takes precedence over other variables.
pub(super) const JSON: &str = "SPRING_APPLICATION_JSON";

/// Returns the files that environment variables import, each with a flag whether it is required.
pub(super) fn of_variables(variables: &BTreeMap<String, String>, warnings: &mut Vec<String>) -> Vec<(PathBuf, bool)> {
    let imports = given(variables).filter(|assignment| names_files(&assignment.variable));
    imports.flat_map(|assignment| locations(&assignment, warnings)).collect()
}

/// Parses a value such as `optional:file:/app/config/more.yaml`; commas or semicolons separate several files.
pub(super) fn locations(assignment: &Assignment, warnings: &mut Vec<String>) -> Vec<(PathBuf, bool)> {
    let mut files = Vec::new();
    for location in assignment.value.split([',', ';']).map(str::trim).filter(|location| !location.is_empty()) {
        let (required, location) = match location.strip_prefix("optional:") {
            Some(rest) => (false, rest),
            None => (true, location),
        };
        let path = location.strip_prefix("file:").unwrap_or(location);
        let is_yaml = [".yaml", ".yml"].iter().any(|end| path.to_ascii_lowercase().ends_with(end));
        if path.contains(':') || !is_yaml {
            let (origin, name) = (assignment.origin(), assignment.name());
            warnings.push(format!("{origin}: `{name}` does not name a YAML file and is not read"));
        } else {
            files.push((PathBuf::from(path), required));
        }
    }
    files
}

/// Whether a variable imports files: `SPRING_CONFIG_IMPORT`, also with an index.
pub(super) fn names_files(variable: &str) -> bool {
    let rest = variable.strip_prefix(IMPORT);
    rest.is_some_and(|rest| rest.is_empty() || rest.strip_prefix('_').is_some_and(|rest| rest.parse::<u32>().is_ok()))
}

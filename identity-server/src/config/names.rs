//! Mapping between property paths and environment variable names.
//!
//! `identity.tenants[].tenant-id` corresponds to `IDENTITY_TENANTS_0_TENANT_ID`. As in the replaced service, the
//! underscore for a dash may be omitted: `IDENTITY_TENANTS_0_TENANTID` (docs/reference/management-api.md §7).

use super::tree::Step;

/// Pattern that matches the environment variable names of one property.
pub(super) struct Pattern(Vec<Segment>);

enum Segment {
    /// Name in upper case, split at its dashes.
    Name(Vec<String>),
    /// `<id>`: a user-defined name.
    Id,
    /// `[]`: a list index.
    Index,
    /// `*`: any remaining text.
    Rest,
}

impl Pattern {
    /// Creates the pattern for the property at `path`, such as `keycloak.init.<id>.secret`.
    pub(super) fn new(path: &str) -> Self {
        let mut segments = Vec::new();
        for part in path.split('.') {
            let (name, list) = part.strip_suffix("[]").map_or((part, false), |name| (name, true));
            segments.push(match name {
                "<id>" => Segment::Id,
                "*" => Segment::Rest,
                _ => Segment::Name(name.split('-').map(str::to_uppercase).collect()),
            });
            if list {
                segments.push(Segment::Index);
            }
        }
        Self(segments)
    }

    /// Matches an environment variable name against this pattern. Returns the ids and indices captured by its
    /// placeholders, or `None` if it does not match.
    pub(super) fn captures(&self, variable: &str) -> Option<Vec<Step>> {
        walk(&self.0, variable)
    }

    /// Returns a template of the variable name, such as `IDENTITY_TENANTS_<n>_TENANT_ID`.
    pub(super) fn name(&self) -> String {
        let words = self.0.iter().map(|segment| match segment {
            Segment::Name(words) => words.join("_"),
            Segment::Id => "<ID>".to_owned(),
            Segment::Index => "<n>".to_owned(),
            Segment::Rest => "*".to_owned(),
        });
        words.collect::<Vec<_>>().join("_")
    }
}

fn walk(segments: &[Segment], text: &str) -> Option<Vec<Step>> {
    let Some((first, others)) = segments.split_first() else {
        return text.is_empty().then(Vec::new);
    };
    match first {
        Segment::Rest => (!text.is_empty()).then(Vec::new),
        Segment::Name(words) => {
            let mut rest = text;
            for (place, word) in words.iter().enumerate() {
                let spaced = rest.strip_prefix('_').filter(|_| place > 0);
                rest = spaced.unwrap_or(rest).strip_prefix(word.as_str())?;
            }
            walk(others, onward(others, rest)?)
        }
        Segment::Index => {
            let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
            let (digits, rest) = text.split_at_checked(end)?;
            prepend(Step::Index(digits.parse().ok()?), walk(others, onward(others, rest)?)?)
        }
        // Tries the shortest id first, so that the longest key can match: in `A_PREFER_USERNAME_CLAIM`, the id is `a`,
        // not `a-prefer`.
        Segment::Id => text.match_indices('_').find_map(|(place, _)| {
            let (id, rest) = text.split_at_checked(place)?;
            let step = Step::Key(id.to_lowercase().replace('_', "-"));
            prepend(step, walk(others, onward(others, rest)?)?)
        }),
    }
}

fn prepend(step: Step, mut steps: Vec<Step>) -> Option<Vec<Step>> {
    steps.insert(0, step);
    Some(steps)
}

/// Strips the underscore that must precede the next segment. After the last segment, returns `rest` unchanged.
fn onward<'t>(others: &[Segment], rest: &'t str) -> Option<&'t str> {
    if others.is_empty() { Some(rest) } else { rest.strip_prefix('_') }
}

/// Normalizes the spelling of a name: `firstName`, `first-name` and `FIRST_NAME` are equal.
pub(super) fn canonical(name: &str) -> String {
    name.chars().filter(|letter| !matches!(letter, '-' | '_')).flat_map(char::to_lowercase).collect()
}

/// Returns the variable name for a property path: `a.b-c[0].dE` yields `A_B_C_0_DE`
/// (docs/reference/orchestration-cluster.md §6).
pub(super) fn variable(path: &str) -> String {
    let letter = |letter| match letter {
        '.' | '-' | '[' => Some('_'),
        ']' => None,
        other => Some(other),
    };
    path.chars().filter_map(letter).flat_map(char::to_uppercase).collect()
}

/// Fills captured ids and indices into a path. A missing index defaults to 0, a missing id to the provider `default`.
pub(super) fn fill(path: &str, captures: Vec<Step>) -> Vec<Step> {
    let mut captures = captures.into_iter().peekable();
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (name, list) = part.strip_suffix("[]").map_or((part, false), |name| (name, true));
        steps.push(match name {
            "<id>" => {
                captures.next_if(|step| matches!(step, Step::Key(_))).unwrap_or_else(|| Step::Key("default".to_owned()))
            }
            _ => Step::Key(name.to_owned()),
        });
        if list {
            steps.push(captures.next().unwrap_or(Step::Index(0)));
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(pattern: &str, variable: &str) -> Option<String> {
        Pattern::new(pattern).captures(variable).map(|captures| super::super::tree::shown(&fill(pattern, captures)))
    }

    #[test]
    fn underscores_for_dashes_are_optional() {
        for name in ["IDENTITY_TENANTS_3_TENANT_ID", "IDENTITY_TENANTS_3_TENANTID"] {
            assert_eq!(path("identity.tenants[].tenant-id", name).as_deref(), Some("identity.tenants[3].tenant-id"));
        }
        for name in ["IDENTITY_TENANTS_TENANT_ID", "IDENTITY_TENANTS3_TENANT_ID", "IDENTITY_TENANTS_3_TENANT__ID"] {
            assert_eq!(path("identity.tenants[].tenant-id", name), None, "{name}");
        }
        assert_eq!(path("identity.url", "IDENTITYURL"), None);
    }

    #[test]
    fn ids_are_lower_case_with_dashes() {
        let claim = "p.<id>.username-claim";
        assert_eq!(path(claim, "P_MY_IDP_USERNAME_CLAIM").as_deref(), Some("p.my-idp.username-claim"));
        assert_eq!(
            path("p.<id>.prefer-username-claim", "P_A_PREFER_USERNAME_CLAIM").as_deref(),
            Some("p.a.prefer-username-claim")
        );
        assert_eq!(path(claim, "P_USERNAME_CLAIM"), None);
    }

    #[test]
    fn matches_lists_and_wildcards_at_the_end() {
        assert_eq!(path("a.b[]", "A_B_12").as_deref(), Some("a.b[12]"));
        assert!(Pattern::new("keycloak.*").captures("KEYCLOAK_USERS_0_NAME").is_some());
        assert!(Pattern::new("keycloak.*").captures("KEYCLOAK_").is_none());
        assert_eq!(Pattern::new("a.<id>.b-c[]").name(), "A_<ID>_B_C_<n>");
    }
}

//! Switches of the Orchestration Cluster API (docs/reference/orchestration-cluster.md §6.1).

use regex::Regex;

use super::reader::Reader;

/// Switches of the Orchestration Cluster API (docs/reference/orchestration-cluster.md §6.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switches {
    /// Whether the API checks permissions (default: true). If false, every check passes.
    pub authorizations_enabled: bool,
    /// Whether the API checks membership of tenants (default: false).
    pub tenant_checks_enabled: bool,
    /// Whether tenants can be managed through the API (default: true).
    pub tenant_api_enabled: bool,
    /// Pattern that the ids of new users, clients, roles, groups and mapping rules must match.
    pub id_pattern: IdPattern,
}

/// Regular expression that an id must match as a whole, such as `^[a-zA-Z0-9]+$`.
#[derive(Clone, Debug)]
pub struct IdPattern {
    whole: Regex,
    source: String,
}

impl IdPattern {
    /// Parses a regular expression, and anchors it to the whole id.
    ///
    /// # Errors
    /// Returns an error if the text is not a regular expression.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const NOT_ONE: &str = "must be a regular expression";
        // Parsed on its own first, so that the text cannot close the enclosing group.
        Regex::new(text).map_err(|_| NOT_ONE)?;
        let whole = Regex::new(&format!(r"\A(?:{text})\z")).map_err(|_| NOT_ONE)?;
        Ok(Self { whole, source: text.to_owned() })
    }

    /// Whether the pattern matches the id as a whole, not only a part of it.
    #[must_use]
    pub fn allows(&self, id: &str) -> bool {
        self.whole.is_match(id)
    }

    /// Returns the expression as configured, without added anchors.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Returns the compiled expression, anchored to the whole id.
    #[must_use]
    pub fn whole(&self) -> &Regex {
        &self.whole
    }
}

impl PartialEq for IdPattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for IdPattern {}

impl Switches {
    pub(super) fn read(from: &Reader<'_>) -> Option<Self> {
        let authorizations_enabled = from.section("authorizations").flag("enabled");
        let tenants = from.section("multi-tenancy");
        let (tenant_checks_enabled, tenant_api_enabled) = (tenants.flag("checks-enabled"), tenants.flag("api-enabled"));
        let id_pattern = from.get("id-validation-pattern", IdPattern::parse);
        Some(Self {
            authorizations_enabled: authorizations_enabled?,
            tenant_checks_enabled: tenant_checks_enabled?,
            tenant_api_enabled: tenant_api_enabled?,
            id_pattern: id_pattern?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pattern_matches_the_whole_id() {
        for pattern in ["[a-z]+", "^[a-z]+$", "x|[a-z]+"] {
            let pattern = IdPattern::parse(pattern).unwrap();
            assert!(pattern.allows("ab"));
            for id in ["", "ab ", "ab\n", "-ab", "a-b", "xx-"] {
                assert!(!pattern.allows(id), "{id:?}");
            }
        }
        for text in ["[", "a)(?:b", "(?x)a #"] {
            assert!(IdPattern::parse(text).is_err(), "{text:?}");
        }
    }
}

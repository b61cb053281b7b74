//! What the Orchestration Cluster's API can have switched off (orchestration reference §6.1).

use regex::Regex;

use super::reader::Reader;

/// What the Orchestration Cluster's API can have switched off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switches {
    /// Whether permissions are checked.
    pub authorizations_enabled: bool,
    /// Whether tenants are checked.
    pub tenant_checks_enabled: bool,
    /// Whether tenants can be managed.
    pub tenant_api_enabled: bool,
    /// What the ids of new entities look like.
    pub id_pattern: IdPattern,
}

/// What ids look like: a regular expression for the whole of one.
#[derive(Clone, Debug)]
pub struct IdPattern {
    whole: Regex,
    source: String,
}

impl IdPattern {
    /// # Errors
    /// When the text is not a regular expression.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const NOT_ONE: &str = "must be a regular expression";
        // By itself first: what opens a bracket must not close ours.
        Regex::new(text).map_err(|_| NOT_ONE)?;
        let whole = Regex::new(&format!(r"\A(?:{text})\z")).map_err(|_| NOT_ONE)?;
        Ok(Self { whole, source: text.to_owned() })
    }

    /// Whether the whole id is of this form.
    #[must_use]
    pub fn allows(&self, id: &str) -> bool {
        self.whole.is_match(id)
    }

    /// The expression as it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The expression, for the whole of an id.
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
    fn a_pattern_is_about_the_whole_id() {
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

//! Rules that parts of a request violate, for humans and for programs.

use identity_core::catalog::UnknownAccess;
use identity_core::value::{BrokenRule, Params};

use crate::shape::Kind;

/// A violated rule: in words, and as a code with parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    /// The rule as a predicate of the member, such as "must not be blank".
    pub(crate) detail: String,
    pub(crate) code: &'static str,
    pub(crate) params: Params,
}

impl Rule {
    /// Code of a rule that is only available in words.
    pub(crate) const OTHER: &str = "other";
    /// Code of a permission or property that the resource type does not have.
    pub(crate) const UNSUPPORTED: &str = "unsupported";

    /// Code of a current password that is wrong.
    const WRONG: &str = "wrong";
    /// Code of a new password that equals the current one.
    const SAME: &str = "same";
    /// Code of a member that another API or system changes.
    const ELSEWHERE: &str = "elsewhere";

    /// Returns all codes, for the OpenAPI document.
    pub(crate) fn codes() -> impl Iterator<Item = &'static str> {
        let own = [Self::UNSUPPORTED, Self::WRONG, Self::SAME, Self::ELSEWHERE, Self::OTHER];
        BrokenRule::CODES.iter().chain(Kind::CODES).copied().chain(own)
    }

    /// The current password is wrong.
    pub(crate) fn wrong() -> Self {
        Self { detail: "is wrong".to_owned(), code: Self::WRONG, params: Params::new() }
    }

    /// The new password equals the current one.
    pub(crate) fn same() -> Self {
        let detail = "must differ from the current password".to_owned();
        Self { detail, code: Self::SAME, params: Params::new() }
    }

    /// The member must be changed with another API or system.
    pub(crate) fn elsewhere(place: &str) -> Self {
        let detail = format!("must be changed with {place}");
        Self { detail, code: Self::ELSEWHERE, params: Params::from([("place", place.into())]) }
    }
}

/// A rule that is only available in words.
impl From<String> for Rule {
    fn from(detail: String) -> Self {
        Self { detail, code: Self::OTHER, params: Params::new() }
    }
}

impl From<&str> for Rule {
    fn from(detail: &str) -> Self {
        detail.to_owned().into()
    }
}

impl From<&BrokenRule> for Rule {
    fn from(rule: &BrokenRule) -> Self {
        Self { detail: rule.to_string(), code: rule.code(), params: rule.params() }
    }
}

impl From<&Kind> for Rule {
    fn from(kind: &Kind) -> Self {
        Self { detail: kind.to_string(), code: kind.code(), params: kind.params() }
    }
}

impl From<&UnknownAccess> for Rule {
    fn from(unknown: &UnknownAccess) -> Self {
        Self { detail: unknown.to_string(), code: Self::UNSUPPORTED, params: unknown.params() }
    }
}

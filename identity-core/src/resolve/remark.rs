//! Remarks for the operator on the claims of accepted tokens. A remark never contains the value of a claim.

use std::fmt;

use serde_json::Value;

use crate::value::{BrokenRule, ClaimSelector, Claims, InvalidValue};

/// Maximum number of element positions that a remark lists.
const MAX_POSITIONS: usize = 5;
/// Maximum number of claim names in a remark, and the length in characters at which each is truncated.
const MAX_NAMES: usize = 5;
const MAX_NAME_LENGTH: usize = 60;

/// Anomaly in the claims of an accepted token. It may give the caller fewer rights than intended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remark {
    /// Elements of the claim were left out for the same reason.
    Dropped {
        /// Reason why the elements were left out.
        reason: DropReason,
        /// Number of elements that were left out.
        count: usize,
        /// Positions of the first elements in the claim, counted from 1; at most five.
        positions: Vec<usize>,
    },
    /// The claim seems to have another form than the configured one. Holds the probable form.
    Form(Hint),
    /// The token refers to these claims instead of containing them (OpenID Connect Core 1.0 §5.6.2). Entra ID omits the
    /// groups claim in this way for users in more than 200 groups.
    Elsewhere(Vec<String>),
}

/// Reason why an element of a claim is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DropReason {
    /// The element has the wrong JSON type.
    Kind {
        /// Actual JSON type, for messages.
        found: &'static str,
        /// Expected JSON type, for messages.
        wanted: &'static str,
    },
    /// The element is not a valid id. The number is the length of the first such element in characters.
    Id(InvalidValue, usize),
    /// The element contains invisible characters.
    Invisible,
    /// The element starts with the prefix of another provider's namespace.
    Namespace,
    /// The object has no member with this configured name.
    NoField(String),
    /// The string does not contain a JSON array, although the form [`ClaimForm::Json`](super::ClaimForm::Json) is
    /// configured.
    NoJsonList,
    /// Selecting the claim exceeded the step budget.
    OverBudget,
}

/// Form that a claim seems to have, although another one is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hint {
    /// A list in one string, separated by this character.
    Split(char),
    /// A JSON array encoded in a string.
    Json,
    /// An object, whose member names may be the strings.
    Keys,
    /// An array of objects. One of their members may contain the string.
    Field,
}

impl Remark {
    /// Returns a stable code for metrics and logs, such as `too_long`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Dropped { reason, .. } => reason.code(),
            Self::Form(_) => "form",
            Self::Elsewhere(_) => "elsewhere",
        }
    }

    /// Returns the number of elements that were left out, and 1 for all other remarks.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::Dropped { count, .. } => *count,
            Self::Form(_) | Self::Elsewhere(_) => 1,
        }
    }

    /// Returns whether operators should see the remark as a warning. A string with a space is more often one name than
    /// a list, so that hint is not a warning.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        !matches!(self, Self::Form(Hint::Split(' ')))
    }

    /// Adds an element that is left out. Elements with the same reason share one remark.
    pub(super) fn add_dropped(remarks: &mut Vec<Self>, position: usize, reason: DropReason) {
        for remark in remarks.iter_mut() {
            if let Self::Dropped { reason: known, count, positions } = remark
                && known.is_same(&reason)
            {
                *count += 1;
                if positions.len() < MAX_POSITIONS {
                    positions.push(position);
                }
                return;
            }
        }
        remarks.push(Self::Dropped { reason, count: 1, positions: vec![position] });
    }

    /// Returns a remark on the claims that a token refers to but does not contain. `selector` is the configured groups
    /// claim, which is listed first.
    pub(super) fn elsewhere(claims: &Claims, selector: Option<&ClaimSelector>) -> Option<Self> {
        let mut names: Vec<String> = match claims.get("_claim_names") {
            Some(Value::Object(members)) => members.keys().filter(|name| claims.get(name).is_none()).cloned().collect(),
            _ => Vec::new(),
        };
        // Entra's implicit flow sets a flag instead; only the value `true` is documented.
        let flagged = matches!(claims.get("hasgroups"), Some(Value::Bool(true)));
        let named = |name: &str| names.iter().any(|known| known == name);
        if flagged && claims.get("groups").is_none() && !named("groups") {
            names.push("groups".to_owned());
        }
        // The claim of `selector` comes first.
        let wanted = |name: &String| selector.is_none_or(|selector| !selector.as_str().contains(name.as_str()));
        names.sort_by_key(wanted);
        (!names.is_empty()).then_some(Self::Elsewhere(names))
    }
}

impl DropReason {
    fn code(&self) -> &'static str {
        match self {
            Self::Kind { .. } => "type",
            Self::Id(invalid, _) => match invalid.rule {
                BrokenRule::TooLong(_) => "too_long",
                BrokenRule::Blank => "blank",
                _ => "characters",
            },
            Self::Invisible => "characters",
            Self::Namespace => "namespace",
            Self::NoField(_) => "no_field",
            Self::NoJsonList => "no_json_list",
            Self::OverBudget => "over_budget",
        }
    }

    /// Returns whether two reasons are merged into one remark.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Id(one, _), Self::Id(two, _)) => one == two,
            (one, two) => one == two,
        }
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dropped { reason: DropReason::OverBudget, .. } => {
                f.write_str("the claim was ignored, because its evaluation takes too many steps")
            }
            Self::Dropped { reason, count, positions } => {
                let first: Vec<String> = positions.iter().map(ToString::to_string).collect();
                let (noun, verb) = if *count == 1 { ("element", "was") } else { ("elements", "were") };
                let place = if positions.len() < *count { "first at position" } else { "at position" };
                write!(f, "{count} {noun} {verb} left out: {reason} ({place} {})", first.join(", "))
            }
            Self::Form(hint) => write!(f, "{hint}"),
            Self::Elsewhere(names) => {
                let cut = |name: &String| -> String {
                    let short: String = name.chars().take(MAX_NAME_LENGTH).flat_map(char::escape_debug).collect();
                    format!("`{short}`")
                };
                let shown: Vec<String> = names.iter().take(MAX_NAMES).map(cut).collect();
                write!(
                    f,
                    "the token does not contain {} but refers to another source (`_claim_names` or `hasgroups`), \
                     which is not queried; Entra does so for members of more than 200 groups; configure it to emit \
                     only the groups that are assigned to the application, or app roles",
                    shown.join(", ")
                )
            }
        }
    }
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind { found, wanted } => write!(f, "it is {found} but must be {wanted}"),
            Self::Id(invalid, length) => match invalid.rule {
                BrokenRule::TooLong(max) => write!(f, "it has {length} characters, but an id has at most {max}"),
                _ => write!(f, "a {invalid}"),
            },
            Self::Invisible => f.write_str("it contains invisible characters"),
            Self::Namespace => f.write_str("it begins with the prefix of another provider's namespace"),
            Self::NoField(name) => write!(f, "the object has no member `{name}`"),
            Self::NoJsonList => f.write_str("the string is not a JSON list"),
            Self::OverBudget => f.write_str("its evaluation takes too many steps"),
        }
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Split(separator) => write!(
                f,
                "the claim is a string that contains `{separator}` and was read as one name; if it is a list, set \
                 `groups-claim-as: split` and `groups-claim-separator: '{separator}'`"
            ),
            Self::Json => f.write_str(
                "the claim is a string that contains a JSON list and was read as one name; set `groups-claim-as: json`",
            ),
            Self::Keys => {
                f.write_str("the claim is an object; if the names of its members are the groups, set `groups-claim-as: keys`")
            }
            Self::Field => f.write_str(
                "the claim is a list of objects; set `groups-claim-as: field` and `groups-claim-field` to the member that \
                 holds the group",
            ),
        }
    }
}

//! What an operator should know about the claims of a token that is accepted. No remark holds the value of a claim.

use std::fmt;

use serde_json::Value;

use crate::value::{BrokenRule, ClaimSelector, Claims, InvalidValue};

/// Positions that a remark names.
const MAX_POSITIONS: usize = 5;
/// Names of left-out claims that a remark names, and the length at which each is cut.
const MAX_NAMES: usize = 5;
const MAX_NAME_LENGTH: usize = 60;

/// Something that may leave the bearer of a token with less than was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// Elements of the claim were left out.
    Dropped {
        /// Why.
        reason: DropReason,
        /// How many.
        count: usize,
        /// The positions of the first ones in the claim, from 1.
        positions: Vec<usize>,
    },
    /// The claim looks like another form than the configured one.
    Form(Hint),
    /// The token does not hold these claims and says that they are elsewhere (OpenID Connect Core 1.0 §5.6.2): Entra does so
    /// with the groups of a person who is in more than 200.
    Elsewhere(Vec<String>),
}

/// Why an element of a claim is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DropReason {
    /// It is of another JSON type.
    Kind {
        /// What it is.
        found: &'static str,
        /// What it should be.
        wanted: &'static str,
    },
    /// It cannot be an id. The length of the first one, in characters.
    Id(InvalidValue, usize),
    /// It has characters that are not seen.
    Invisible,
    /// It begins with the prefix of another provider's namespace.
    Namespace,
    /// The object has no such member.
    NoField(String),
    /// The text is not a JSON list.
    NoJsonList,
    /// Looking for the claim took too many steps.
    OverBudget,
}

/// The form that a claim seems to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// A list in one text, separated by this character.
    Split(char),
    /// A JSON list in a text.
    Json,
    /// An object.
    Keys,
    /// A list of objects.
    Field,
}

impl Remark {
    /// A stable word for metrics and logs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Dropped { reason, .. } => reason.code(),
            Self::Form(_) => "form",
            Self::Elsewhere(_) => "elsewhere",
        }
    }

    /// How many elements were left out. For a claim that is elsewhere or of another form, that is not known.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::Dropped { count, .. } => *count,
            Self::Form(_) | Self::Elsewhere(_) => 1,
        }
    }

    /// Whether an operator should look at it. A text with a space is more often one name than a list.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        !matches!(self, Self::Form(Hint::Split(' ')))
    }

    /// Notes an element that is left out, together with others that are for the same reason.
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

    /// The claims that a token names and does not hold. `selector` is the claim that is looked for as groups.
    pub(super) fn elsewhere(claims: &Claims, selector: Option<&ClaimSelector>) -> Option<Self> {
        let mut names: Vec<String> = match claims.get("_claim_names") {
            Some(Value::Object(members)) => members.keys().filter(|name| claims.get(name).is_none()).cloned().collect(),
            _ => Vec::new(),
        };
        // Entra's implicit flow has a flag instead; other values than `true` are not documented.
        let flagged = matches!(claims.get("hasgroups"), Some(Value::Bool(true)));
        let named = |name: &str| names.iter().any(|known| known == name);
        if flagged && claims.get("groups").is_none() && !named("groups") {
            names.push("groups".to_owned());
        }
        // What is looked for comes first.
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

    /// Whether two reasons are told together.
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
                f.write_str("the claim was not read, because looking for it takes too many steps")
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
                    "the token does not hold {} and says that it is found elsewhere (`_claim_names` or `hasgroups`), which is \
                     not asked: Entra does so for members of more than 200 groups; have it emit only the groups that are \
                     assigned to the application, or app roles",
                    shown.join(", ")
                )
            }
        }
    }
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind { found, wanted } => write!(f, "it is {found} and should be {wanted}"),
            Self::Id(invalid, length) => match invalid.rule {
                BrokenRule::TooLong(max) => write!(f, "it has {length} characters, and an id has at most {max}"),
                _ => write!(f, "a {invalid}"),
            },
            Self::Invisible => f.write_str("it has characters that are not seen"),
            Self::Namespace => f.write_str("it begins with the prefix of another provider's namespace"),
            Self::NoField(name) => write!(f, "the object has no member `{name}`"),
            Self::NoJsonList => f.write_str("the text is not a JSON list"),
            Self::OverBudget => f.write_str("looking for it takes too many steps"),
        }
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Split(separator) => write!(
                f,
                "the claim is one text that contains `{separator}` and was taken as one name; if it is a list, set \
                 `groups-claim-as: split` and `groups-claim-separator: '{separator}'`"
            ),
            Self::Json => f.write_str(
                "the claim is one text that contains a JSON list and was taken as one name; set `groups-claim-as: json`",
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

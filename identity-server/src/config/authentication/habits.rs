//! Provider products, and peculiarities of their tokens (token habits).

use crate::config::choices::{CLAIM_FORMS, ClaimForm, ProviderKind};
use crate::config::reader::{Reader, filled};

impl ProviderKind {
    pub(super) fn read(from: &Reader<'_>) -> Option<Self> {
        let (kind, other) = (from.choice("kind", &Self::WORDS), from.choice("type", &Self::WORDS));
        if kind.is_some() && other.is_some() && kind != other {
            from.problem("type", "is a synonym of `kind`, which has another value");
        }
        kind.or(other)
    }
}

/// Configured peculiarities of a provider's tokens. Unset values use the defaults of the provider product.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenHabits {
    /// Claim that is compared with the accepted audiences if a token has no `aud`, such as `client_id`.
    pub audience_claim: Option<String>,
    /// Values of the header `typ` that identify an access token, in addition to `at+jwt`.
    pub access_token_types: Option<Vec<String>>,
    /// The `iss` of access tokens, if it differs from the issuer of ID tokens and of discovery.
    pub access_token_issuer: Option<String>,
    /// Claims that identify an ID token, such as `nonce` and `at_hash`.
    pub id_token_marks: Option<Vec<&'static str>>,
    /// Format of the groups claim, such as a list or a text to split.
    pub groups_form: Option<ClaimForm>,
}

impl TokenHabits {
    pub(super) fn read(from: &Reader<'_>) -> Option<Self> {
        let text = |text: &str| filled(text).map(str::to_owned);
        let types = from.list("access-token-types", text);
        let marks = from.words("id-token-marks");
        let separator = from.get("groups-claim-separator", |text: &str| match text {
            "" => Err("must not be empty; `' '` is a space"),
            text => Ok(text.to_owned()),
        });
        let field = from.get("groups-claim-field", text);
        let form = from.choice("groups-claim-as", &CLAIM_FORMS);
        for (key, needs, is_used) in [
            ("groups-claim-separator", "split", matches!(form, Some(ClaimForm::Split(_)))),
            ("groups-claim-field", "field", matches!(form, Some(ClaimForm::Field(_)))),
        ] {
            if from.given(key) && !is_used {
                from.problem(key, format!("has no effect without `groups-claim-as: {needs}`"));
            }
        }
        if form.is_some() && !from.given("groups-claim") {
            from.problem("groups-claim-as", "has no effect without `groups-claim`");
        }
        let groups_form = match form {
            Some(ClaimForm::Split(_)) => Some(ClaimForm::Split(separator?)),
            Some(ClaimForm::Field(_)) => Some(ClaimForm::Field(field?)),
            form => form,
        };
        Some(Self {
            audience_claim: from.get("audience-claim", text),
            access_token_types: from.given("access-token-types").then_some(types),
            access_token_issuer: from.get("access-token-issuer", text),
            id_token_marks: from.given("id-token-marks").then_some(marks),
            groups_form,
        })
    }
}

//! A provider's make, and what is said of the habits of its tokens.

use crate::config::key::Key;
use crate::config::reader::{Reader, filled};

/// A provider's make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderKind {
    /// Keycloak.
    Keycloak,
    /// Any OpenID Connect provider.
    Generic,
    /// Microsoft Entra ID.
    Microsoft,
    /// Auth0.
    Auth0,
    /// Okta.
    Okta,
    /// Amazon Cognito user pools.
    Cognito,
    /// Dex.
    Dex,
    /// authentik.
    Authentik,
    /// ZITADEL.
    Zitadel,
    /// Active Directory Federation Services.
    Adfs,
    /// PingOne and PingFederate.
    Ping,
}

impl ProviderKind {
    pub(super) fn read(from: &Reader<'_>) -> Option<Self> {
        let (kind, other) = (from.choice("kind", Self::parse), from.choice("type", Self::parse));
        if kind.is_some() && other.is_some() && kind != other {
            from.problem("type", "is another name of `kind`, which is given too, with another value");
        }
        kind.or(other)
    }

    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "keycloak" => Self::Keycloak,
            "generic" => Self::Generic,
            "entra" | "microsoft" => Self::Microsoft,
            "auth0" => Self::Auth0,
            "okta" => Self::Okta,
            "cognito" => Self::Cognito,
            "dex" => Self::Dex,
            "authentik" => Self::Authentik,
            "zitadel" => Self::Zitadel,
            "adfs" => Self::Adfs,
            "ping" => Self::Ping,
            _ => return None,
        })
    }
}

/// What is said of the habits of a provider's tokens. What is not said is as usual for its make.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenHabits {
    /// The claim that stands in for a missing `aud`.
    pub audience_claim: Option<String>,
    /// Types that mark an access token, beside `at+jwt`.
    pub access_token_types: Option<Vec<String>>,
    /// The issuer that access tokens name.
    pub access_token_issuer: Option<String>,
    /// Claims that mark an ID token.
    pub id_token_marks: Option<Vec<&'static str>>,
    /// The form of the groups claim.
    pub groups_form: Option<ClaimForm>,
}

/// The form of a claim that holds several texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimForm {
    /// A text, or a list of texts.
    List,
    /// A text with this separator.
    Split(String),
    /// A JSON list in a text.
    Json,
    /// The names of an object's members.
    Keys,
    /// This member of each object in a list.
    Field(String),
}

impl TokenHabits {
    pub(super) fn read(from: &Reader<'_>) -> Option<Self> {
        let text = |text: &str| filled(text).map(str::to_owned);
        let types = from.list("access-token-types", text);
        let marks = from.list("id-token-marks", mark);
        let separator = from.get("groups-claim-separator", |text: &str| match text {
            "" => Err("must not be empty; `' '` is a space"),
            text => Ok(text.to_owned()),
        });
        let field = from.get("groups-claim-field", text);
        let form = from.choice("groups-claim-as", |word| {
            Some(match word {
                "list" => ClaimForm::List,
                "split" => ClaimForm::Split(String::new()),
                "json" => ClaimForm::Json,
                "keys" => ClaimForm::Keys,
                "field" => ClaimForm::Field(String::new()),
                _ => return None,
            })
        });
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

fn mark(text: &str) -> Result<&'static str, &'static str> {
    let words = match Key::find("authentication.providers.<id>.id-token-marks[]").map(|key| key.kind) {
        Some(crate::config::key::Kind::Choice(words)) => words,
        _ => &[],
    };
    words
        .iter()
        .find(|word| word.eq_ignore_ascii_case(text))
        .copied()
        .ok_or("must be one of `nonce`, `at_hash`, `c_hash`, `s_hash`")
}

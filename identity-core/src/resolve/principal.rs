//! Resolves the principal of claims: a user or a client (docs/reference/orchestration-cluster.md §5.3).

use std::borrow::Cow;

use serde_json::Value;

use super::reader::ClaimReader;
use super::remark::{DropReason, Remark};
use crate::entity::{Principal, RejectedToken};
use crate::value::{
    ClaimSelector, Claims, ClientId, GroupId, InvalidValue, Namespace, Username, is_visible, text_or_integer,
};

/// Claims that identify the principal and its groups in the tokens of one issuer.
#[derive(Clone, Debug)]
pub struct PrincipalClaims {
    /// Claim that contains the username, such as `preferred_username`.
    pub username: ClaimSelector,
    /// Claim that contains the client id. If `None`, every token identifies a user.
    pub client_id: Option<ClaimSelector>,
    /// Claim that contains the group ids. If set, the groups of the token replace the stored memberships in groups.
    pub groups: Option<ClaimReader>,
    /// Which principal a token with both claims identifies: the user if `true`, the client if `false`.
    pub prefer_username: bool,
    /// Case conversion of usernames. Client ids and groups are not converted.
    pub username_case: UsernameCase,
    /// Namespace that maps the names of the issuer to ids. No other code performs this mapping.
    pub namespace: Namespace,
}

impl PrincipalClaims {
    /// Creates the claims of the only trusted issuer: users by the claim `username`, other tokens by the claim `client_id`,
    /// which every access token of RFC 9068 has. Memberships in groups are stored.
    ///
    /// # Errors
    /// If `username` is neither the name of a claim nor a JSONPath query.
    pub fn by(username: &str) -> Result<Self, InvalidValue> {
        Ok(Self {
            username: ClaimSelector::parse(username)?,
            client_id: Some(ClaimSelector::parse("client_id")?),
            groups: None,
            prefer_username: true,
            username_case: UsernameCase::default(),
            namespace: Namespace::whole(),
        })
    }
}

/// Case conversion of the usernames of an issuer. The default is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UsernameCase {
    /// No conversion: usernames are case-sensitive.
    #[default]
    Exact,
    /// Conversion to lower case, for issuers that write the same name in different cases.
    Lower,
}

impl UsernameCase {
    fn apply(self, name: &str) -> Cow<'_, str> {
        match self {
            Self::Exact => Cow::Borrowed(name),
            Self::Lower => Cow::Owned(name.to_lowercase()),
        }
    }
}

impl PrincipalClaims {
    /// Returns the principal that the claims identify.
    ///
    /// # Errors
    /// When the claims identify neither a user nor a client. Also when a value has the wrong type or is not a valid id,
    /// or when a name is in the namespace of another issuer.
    pub fn principal(&self, claims: &Claims) -> Result<Principal, RejectedToken> {
        let user =
            || self.named(&self.username, self.username_case, claims, |id| Username::parse(id).map(Principal::User));
        let client = || match &self.client_id {
            Some(selector) => {
                self.named(selector, UsernameCase::Exact, claims, |id| ClientId::parse(id).map(Principal::Client))
            }
            None => Ok(None),
        };
        let found = if self.prefer_username {
            match user()? {
                Some(principal) => Some(principal),
                None => client()?,
            }
        } else {
            match client()? {
                Some(principal) => Some(principal),
                None => user()?,
            }
        };
        found.ok_or(RejectedToken::NoPrincipal)
    }

    /// Returns the principal that one claim identifies. `None` if the claim is missing or null.
    fn named(
        &self,
        selector: &ClaimSelector,
        case: UsernameCase,
        claims: &Claims,
        parse: impl Fn(&str) -> Result<Principal, InvalidValue>,
    ) -> Result<Option<Principal>, RejectedToken> {
        let Some(name) = single_text(selector, claims)? else { return Ok(None) };
        let name = case.apply(&name);
        // Validate the name without its prefix: the prefix would turn a blank name into a valid id.
        parse(&name).map_err(|_| wrong_type(selector))?;
        if !is_visible(&name) {
            return Err(wrong_type(selector));
        }
        let id = self.namespace.id(&name).ok_or_else(|| RejectedToken::Namespace(selector.to_string()))?;
        parse(&id).map(Some).map_err(|_| wrong_type(selector))
    }

    /// Returns the groups that the claims name, with remarks for the operator. A group that is not a valid id, or that
    /// is in the namespace of another issuer, is left out and reported. A missing claim yields an empty list.
    #[must_use]
    pub fn groups(&self, claims: &Claims) -> ClaimedGroups {
        let selector = self.groups.as_ref().map(|reader| &reader.selector);
        let elsewhere = Remark::elsewhere(claims, selector);
        let Some(reader) = &self.groups else {
            return ClaimedGroups { groups: None, remarks: elsewhere.into_iter().collect() };
        };
        let reading = reader.read(claims);
        let mut remarks = reading.remarks;
        let mut groups = Vec::new();
        for (position, name) in reading.texts {
            match self.group(&name) {
                Ok(group) => groups.push(group),
                Err(reason) => Remark::add_dropped(&mut remarks, position, reason),
            }
        }
        groups.sort_unstable();
        groups.dedup();
        remarks.extend(elsewhere);
        ClaimedGroups { groups: Some(groups), remarks }
    }

    fn group(&self, name: &str) -> Result<GroupId, DropReason> {
        let refuse = |invalid| DropReason::Id(invalid, name.chars().count());
        GroupId::parse(name).map_err(refuse)?;
        if !is_visible(name) {
            return Err(DropReason::Invisible);
        }
        // A name with the prefix of another namespace would be read as a group of that issuer.
        let id = self.namespace.id(name).ok_or(DropReason::Namespace)?;
        GroupId::parse(&id).map_err(refuse)
    }
}

/// Groups of a token, with remarks for the operator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimedGroups {
    /// Ids of the groups, sorted. `None` if the memberships in groups are stored for this issuer.
    pub groups: Option<Vec<GroupId>>,
    /// Elements that were left out, and hints at a wrong configuration.
    pub remarks: Vec<Remark>,
}

/// Returns the single string that `selector` selects, alone or as the only element of an array. `None` if it selects
/// nothing or null. An integer is read as its decimal text, because directories use numeric names.
fn single_text<'c>(selector: &ClaimSelector, claims: &'c Claims) -> Result<Option<Cow<'c, str>>, RejectedToken> {
    let nodes = selector.select(claims.as_value()).map_err(|_| wrong_type(selector))?;
    let value = match nodes.as_slice() {
        [] | [(Value::Null, _)] => return Ok(None),
        [(Value::Array(items), _)] => match items.as_slice() {
            [one] => one,
            _ => return Err(wrong_type(selector)),
        },
        [(value, _)] => *value,
        _ => return Err(wrong_type(selector)),
    };
    text_or_integer(value).map(Some).ok_or_else(|| wrong_type(selector))
}

fn wrong_type(selector: &ClaimSelector) -> RejectedToken {
    RejectedToken::ClaimType(selector.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::NamespaceName;

    fn claims(value: Value) -> Claims {
        Claims::new(value).unwrap()
    }

    fn settings(client_id: Option<&str>, groups: Option<&str>, prefer_username: bool) -> PrincipalClaims {
        let selector = |text| ClaimSelector::parse(text).unwrap();
        PrincipalClaims {
            username: selector("sub"),
            client_id: client_id.map(selector),
            groups: groups.map(|text| selector(text).into()),
            prefer_username,
            username_case: UsernameCase::Exact,
            namespace: Namespace::whole(),
        }
    }

    fn in_namespace(namespace: Namespace) -> PrincipalClaims {
        PrincipalClaims { namespace, ..settings(Some("azp"), Some("groups"), false) }
    }

    fn partner() -> NamespaceName {
        NamespaceName::parse("partner").unwrap()
    }

    #[test]
    fn users_clients_and_groups_are_prefixed_with_the_namespace_of_their_issuer() {
        let of_partner = in_namespace(Namespace::named(partner()));
        let ann = of_partner.principal(&claims(json!({"sub": "ann"}))).unwrap();
        assert_eq!(ann, Principal::parse("USER", "partner~ann").unwrap());
        let app = of_partner.principal(&claims(json!({"sub": "ann", "azp": "app"}))).unwrap();
        assert_eq!(app, Principal::parse("CLIENT", "partner~app").unwrap());
        let groups = of_partner.groups(&claims(json!({"groups": ["admins", "other~admins"]}))).groups.unwrap();
        assert_eq!(groups.iter().map(GroupId::as_str).collect::<Vec<_>>(), ["partner~admins", "partner~other~admins"]);
    }

    #[test]
    fn rejects_names_of_another_namespace_and_leaves_out_its_groups() {
        let main = in_namespace(Namespace::outside([partner()]));
        for (forged, claim) in [(json!({"sub": "partner~ann"}), "sub"), (json!({"azp": "PARTNER~app"}), "azp")] {
            assert_eq!(main.principal(&claims(forged)), Err(RejectedToken::Namespace(claim.to_owned())));
        }
        let groups = main.groups(&claims(json!({"groups": ["partner~admins", "staff"]}))).groups.unwrap();
        assert_eq!(groups, [GroupId::parse("staff").unwrap()]);
    }

    #[test]
    fn a_prefix_makes_no_name_of_a_blank_text_and_none_too_long() {
        let of_partner = in_namespace(Namespace::named(partner()));
        for name in [String::new(), " ".to_owned(), "x".repeat(250)] {
            let refusal = of_partner.principal(&claims(json!({"sub": name})));
            assert_eq!(refusal, Err(RejectedToken::ClaimType("sub".to_owned())));
        }
    }

    #[test]
    fn a_token_with_both_is_a_clients_unless_the_username_is_preferred() {
        let both = claims(json!({"sub": "ann", "azp": "app"}));
        assert_eq!(settings(Some("azp"), None, false).principal(&both).unwrap().id(), "app");
        assert_eq!(settings(Some("azp"), None, true).principal(&both).unwrap().id(), "ann");
        assert_eq!(settings(None, None, false).principal(&both).unwrap().id(), "ann");
    }

    #[test]
    fn a_token_with_one_is_what_it_says() {
        let service = claims(json!({"azp": "app"}));
        assert!(matches!(settings(Some("azp"), None, true).principal(&service), Ok(Principal::Client(_))));
        assert_eq!(settings(None, None, false).principal(&service), Err(RejectedToken::NoPrincipal));
    }

    #[test]
    fn rejects_a_name_of_another_type() {
        for wrong in [json!(true), json!(1.5), json!({}), json!(["a", "b"]), json!([]), json!([["a"]])] {
            let wrong = claims(json!({"sub": "ann", "azp": wrong}));
            let refusal = settings(Some("azp"), None, false).principal(&wrong);
            assert_eq!(refusal, Err(RejectedToken::ClaimType("azp".into())));
        }
    }
}

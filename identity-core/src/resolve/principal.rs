//! From claims to a principal: is it a person or a service, and which (orchestration reference §5.3).

use std::borrow::Cow;

use serde_json::Value;

use super::reader::ClaimReader;
use super::remark::{DropReason, Remark};
use crate::entity::Principal;
use crate::port::RejectedToken;
use crate::value::{
    ClaimSelector, Claims, ClientId, GroupId, InvalidValue, Namespace, Username, is_visible, text_or_integer,
};

/// Which claims of an issuer's tokens say whom they speak for.
#[derive(Clone, Debug)]
pub struct PrincipalClaims {
    /// The claim that holds a username.
    pub username: ClaimSelector,
    /// The claim that holds a client id. Without one, every token is a user's.
    pub client_id: Option<ClaimSelector>,
    /// The claim that holds group ids. With one, the token's groups replace the stored ones.
    pub groups: Option<ClaimReader>,
    /// Whether a token that has both is a user's. Otherwise it is a client's.
    pub prefer_username: bool,
    /// How usernames are written here.
    pub username_case: UsernameCase,
    /// Which ids the issuer's names become. The only place where an issuer's names turn into ids.
    pub namespace: Namespace,
}

/// How the usernames of an issuer are written here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UsernameCase {
    /// As in its tokens.
    #[default]
    Exact,
    /// In lower case: for issuers that write one name in several ways.
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
    /// Whom the claims speak for.
    ///
    /// # Errors
    /// When they name neither a user nor a client, do so in something else than a string, or by a name that is in another
    /// issuer's namespace.
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

    /// The principal that a claim names; `None` when there is no such claim.
    fn named(
        &self,
        selector: &ClaimSelector,
        case: UsernameCase,
        claims: &Claims,
        parse: impl Fn(&str) -> Result<Principal, InvalidValue>,
    ) -> Result<Option<Principal>, RejectedToken> {
        let Some(name) = single_text(selector, claims)? else { return Ok(None) };
        let name = case.apply(&name);
        // A blank name stays one: the prefix does not make an id of it.
        parse(&name).map_err(|_| wrong_type(selector))?;
        if !is_visible(&name) {
            return Err(wrong_type(selector));
        }
        let id = self.namespace.id(&name).ok_or_else(|| RejectedToken::Namespace(selector.to_string()))?;
        parse(&id).map(Some).map_err(|_| wrong_type(selector))
    }

    /// The groups that the claims name, and what was left out. A group that cannot be an id here, or that is in another
    /// issuer's namespace, is left out and reported; a missing claim is no group at all.
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
        // Without its prefix, it would be read as another issuer's.
        let id = self.namespace.id(name).ok_or(DropReason::Namespace)?;
        GroupId::parse(&id).map_err(refuse)
    }
}

/// The groups of a token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimedGroups {
    /// The groups, by id; `None` when this issuer's groups are the stored ones.
    pub groups: Option<Vec<GroupId>>,
    /// What was left out, and what an operator should look at.
    pub remarks: Vec<Remark>,
}

/// The one text that `selector` selects, alone or as the only element of a list; `None` when it selects nothing or null. A
/// whole number counts as its decimal text: directories have numeric names.
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

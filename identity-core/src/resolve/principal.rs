//! From claims to a principal: is it a person or a service, and which (orchestration reference §5.3).

use serde_json::Value;

use crate::entity::Principal;
use crate::port::RejectedToken;
use crate::value::{ClaimSelector, Claims, ClientId, GroupId, InvalidValue, Namespace, Username, is_visible};

/// Which claims of an issuer's tokens say whom they speak for.
#[derive(Clone, Debug)]
pub struct PrincipalClaims {
    /// The claim that holds a username.
    pub username: ClaimSelector,
    /// The claim that holds a client id. Without one, every token is a user's.
    pub client_id: Option<ClaimSelector>,
    /// The claim that holds group ids. With one, the token's groups replace the stored ones.
    pub groups: Option<ClaimSelector>,
    /// Whether a token that has both is a user's. Otherwise it is a client's.
    pub prefer_username: bool,
    /// Which ids the issuer's names become. The only place where an issuer's names turn into ids.
    pub namespace: Namespace,
}

impl PrincipalClaims {
    /// Whom the claims speak for.
    ///
    /// # Errors
    /// When they name neither a user nor a client, do so in something else than a string, or by a name that is in another
    /// issuer's namespace.
    pub fn principal(&self, claims: &Claims) -> Result<Principal, RejectedToken> {
        let user = || self.named(&self.username, claims, |id| Username::parse(id).map(Principal::User));
        let client = || match &self.client_id {
            Some(selector) => self.named(selector, claims, |id| ClientId::parse(id).map(Principal::Client)),
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
        claims: &Claims,
        parse: impl Fn(&str) -> Result<Principal, InvalidValue>,
    ) -> Result<Option<Principal>, RejectedToken> {
        let Some(name) = single_text(selector, claims)? else { return Ok(None) };
        // A blank name stays one: the prefix does not make an id of it.
        parse(name).map_err(|_| wrong_type(selector))?;
        if !is_visible(name) {
            return Err(wrong_type(selector));
        }
        let id = self.namespace.id(name).ok_or_else(|| RejectedToken::Namespace(selector.to_string()))?;
        parse(&id).map(Some).map_err(|_| wrong_type(selector))
    }

    /// The groups that the claims name: `None` when this issuer's groups are the stored ones. A string is one group, a
    /// list of strings is its elements, a missing claim is no group at all. A group in another issuer's namespace is left
    /// out.
    ///
    /// # Errors
    /// When the claim is anything else.
    pub fn groups(&self, claims: &Claims) -> Result<Option<Vec<GroupId>>, RejectedToken> {
        let Some(selector) = &self.groups else { return Ok(None) };
        let mut groups = Vec::new();
        for (node, _) in selector.select(claims.as_value()).map_err(|_| wrong_type(selector))? {
            match node {
                Value::Null => {}
                Value::Array(items) => {
                    for item in items {
                        groups.extend(self.group(selector, item)?);
                    }
                }
                other => groups.extend(self.group(selector, other)?),
            }
        }
        groups.sort_unstable();
        groups.dedup();
        Ok(Some(groups))
    }

    fn group(&self, selector: &ClaimSelector, value: &Value) -> Result<Option<GroupId>, RejectedToken> {
        let name = value.as_str().filter(|name| GroupId::parse(name).is_ok()).ok_or_else(|| wrong_type(selector))?;
        // It would be read as another.
        let id = self.namespace.id(name).filter(|_| is_visible(name));
        id.map(|id| GroupId::parse(&id)).transpose().map_err(|_| wrong_type(selector))
    }
}

/// The one string that `selector` selects; `None` when it selects nothing or null.
fn single_text<'c>(selector: &ClaimSelector, claims: &'c Claims) -> Result<Option<&'c str>, RejectedToken> {
    let nodes = selector.select(claims.as_value()).map_err(|_| wrong_type(selector))?;
    match nodes.as_slice() {
        [] | [(Value::Null, _)] => Ok(None),
        [(Value::String(text), _)] => Ok(Some(text)),
        _ => Err(wrong_type(selector)),
    }
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
            groups: groups.map(selector),
            prefer_username,
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
        let groups = of_partner.groups(&claims(json!({"groups": ["admins", "other~admins"]}))).unwrap().unwrap();
        assert_eq!(groups.iter().map(GroupId::as_str).collect::<Vec<_>>(), ["partner~admins", "partner~other~admins"]);
    }

    #[test]
    fn rejects_names_of_another_namespace_and_leaves_out_its_groups() {
        let main = in_namespace(Namespace::outside([partner()]));
        for (forged, claim) in [(json!({"sub": "partner~ann"}), "sub"), (json!({"azp": "PARTNER~app"}), "azp")] {
            assert_eq!(main.principal(&claims(forged)), Err(RejectedToken::Namespace(claim.to_owned())));
        }
        let groups = main.groups(&claims(json!({"groups": ["partner~admins", "staff"]}))).unwrap().unwrap();
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
    fn a_wrong_type_is_refused_and_not_skipped() {
        let wrong = claims(json!({"sub": "ann", "azp": 7, "groups": [1]}));
        assert_eq!(settings(Some("azp"), None, false).principal(&wrong), Err(RejectedToken::ClaimType("azp".into())));
        assert_eq!(
            settings(None, Some("groups"), false).groups(&wrong),
            Err(RejectedToken::ClaimType("groups".into()))
        );
    }

    #[test]
    fn groups_are_a_string_a_list_or_none() {
        let of = |value| settings(None, Some("groups"), false).groups(&claims(value)).unwrap().unwrap().len();
        assert_eq!(of(json!({"groups": "one"})), 1);
        assert_eq!(of(json!({"groups": ["b", "a", "b"]})), 2);
        assert_eq!(of(json!({"groups": null})), 0);
        assert_eq!(of(json!({})), 0);
        assert_eq!(settings(None, None, false).groups(&claims(json!({"groups": "x"}))), Ok(None));
    }
}

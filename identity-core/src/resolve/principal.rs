//! From claims to a principal: is it a person or a service, and which (orchestration reference §5.3).

use serde_json::Value;

use crate::entity::Principal;
use crate::port::RejectedToken;
use crate::value::{ClaimSelector, Claims, ClientId, GroupId, Username};

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
}

impl PrincipalClaims {
    /// Whom the claims speak for.
    ///
    /// # Errors
    /// When they name neither a user nor a client, or do so in something else than a string.
    pub fn principal(&self, claims: &Claims) -> Result<Principal, RejectedToken> {
        let user = || {
            let text = single_text(&self.username, claims)?;
            text.map(|text| Username::parse(text).map(Principal::User).map_err(|_| wrong_type(&self.username)))
                .transpose()
        };
        let client = || {
            let Some(selector) = &self.client_id else { return Ok(None) };
            let text = single_text(selector, claims)?;
            text.map(|text| ClientId::parse(text).map(Principal::Client).map_err(|_| wrong_type(selector))).transpose()
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

    /// The groups that the claims name: `None` when this issuer's groups are the stored ones. A string is one group, a
    /// list of strings is its elements, a missing claim is no group at all.
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
                        groups.push(group(selector, item)?);
                    }
                }
                other => groups.push(group(selector, other)?),
            }
        }
        groups.sort_unstable();
        groups.dedup();
        Ok(Some(groups))
    }
}

fn group(selector: &ClaimSelector, value: &Value) -> Result<GroupId, RejectedToken> {
    value.as_str().and_then(|text| GroupId::parse(text).ok()).ok_or_else(|| wrong_type(selector))
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

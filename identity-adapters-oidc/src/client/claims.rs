//! Merges a user's claims from tokens and UserInfo, and records the source of each claim.

use std::collections::BTreeMap;

use identity_core::port::{ClaimSource, SignedIn};
use serde_json::{Map, Value};

type Members = Map<String, Value>;

/// ID token claims that concern the token's issuance, not the user. They are not merged.
const OF_THE_EXCHANGE: [&str; 4] = ["nonce", "at_hash", "c_hash", "s_hash"];

/// The claims about one user, separated by their source.
#[derive(Default)]
pub(crate) struct Sources {
    pub(crate) access_token: Members,
    pub(crate) id_token: Members,
    pub(crate) user_info: Members,
}

impl Sources {
    /// Merges the sources by top-level claim name, and returns the source of each claim. The first source with a claim
    /// counts: access token, ID token, UserInfo. `prefer_id_token` swaps the first two. A null claim counts as absent.
    pub(crate) fn merged(self, prefer_id_token: bool) -> (Members, BTreeMap<String, ClaimSource>) {
        let mut tokens = [(ClaimSource::AccessToken, self.access_token), (ClaimSource::IdToken, self.id_token)];
        if prefer_id_token {
            tokens.reverse();
        }
        let (mut claims, mut provenance) = (Members::new(), BTreeMap::new());
        for (source, members) in tokens.into_iter().chain([(ClaimSource::UserInfo, self.user_info)]) {
            for (name, value) in members {
                let is_of_the_exchange = source == ClaimSource::IdToken && OF_THE_EXCHANGE.contains(&name.as_str());
                if !value.is_null() && !is_of_the_exchange && !claims.contains_key(&name) {
                    provenance.insert(name.clone(), source);
                    claims.insert(name, value);
                }
            }
        }
        (claims, provenance)
    }
}

/// Returns those claims of a signed-in user that came from `source`.
pub(crate) fn from_source(known: &SignedIn, source: ClaimSource) -> Members {
    let members = known.claims.as_value().as_object().into_iter().flatten();
    let found = members.filter(|(name, _)| known.provenance.get(*name) == Some(&source));
    found.map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn members(value: Value) -> Members {
        serde_json::from_value(value).unwrap()
    }

    fn sources() -> Sources {
        Sources {
            access_token: members(json!({"a": 1, "b": 1, "sub": "1", "nonce": "own"})),
            id_token: members(json!({"a": 2, "c": 2, "b": null, "nonce": "x", "at_hash": "x", "c_hash": "x"})),
            user_info: members(json!({"a": 3, "b": 3, "c": 3, "d": 3, "e": null})),
        }
    }

    #[test]
    fn the_first_source_that_has_a_claim_counts() {
        use ClaimSource::{AccessToken, IdToken, UserInfo};
        let (claims, provenance) = sources().merged(false);
        assert_eq!(Value::Object(claims), json!({"a": 1, "b": 1, "sub": "1", "nonce": "own", "c": 2, "d": 3}));
        let found: Vec<_> = provenance.iter().map(|(name, source)| (name.as_str(), *source)).collect();
        let expected = [("a", AccessToken), ("b", AccessToken), ("c", IdToken), ("d", UserInfo)];
        assert_eq!(found, [&expected[..], &[("nonce", AccessToken), ("sub", AccessToken)]].concat());
    }

    #[test]
    fn the_id_token_can_come_first() {
        let (claims, _) = sources().merged(true);
        assert_eq!(
            (&claims["a"], &claims["b"], &claims["c"], &claims["d"]),
            (&json!(2), &json!(1), &json!(2), &json!(3))
        );
    }
}

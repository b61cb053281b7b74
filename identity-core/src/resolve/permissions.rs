//! Permissions that token claims grant, by audience (docs/reference/management-api.md §3.5).

use std::collections::BTreeSet;

use serde_json::Value;

use super::reader::{each, kind, text_of};
use super::remark::{DropReason, Remark};
use crate::entity::Permission;
use crate::value::{Audience, Claims, InvalidValue, PermissionName};

/// Permissions that a token grants, with remarks on the elements that were left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimedPermissions {
    /// Valid permissions, without duplicates.
    pub permissions: BTreeSet<Permission>,
    /// Reasons why elements were left out, with their positions.
    pub remarks: Vec<Remark>,
}

impl ClaimedPermissions {
    /// Reads a top-level claim: an object that maps each audience to a permission or an array of permissions, such as
    /// `{"optimize-api": ["write:*"]}`. Invalid elements are left out and reported; they never reject the token. A
    /// missing claim grants no permissions.
    #[must_use]
    pub fn read(claims: &Claims, name: &str) -> Self {
        let mut read = Self::default();
        let mut position = 0;
        match claims.get(name) {
            None | Some(Value::Null) => {}
            Some(Value::Object(by_audience)) => {
                for (audience, definitions) in by_audience {
                    match Audience::parse(audience) {
                        Ok(audience) => each(definitions, |definition| {
                            position += 1;
                            read.element(&audience, definition, position);
                        }),
                        Err(invalid) => {
                            position += 1;
                            Remark::add_dropped(&mut read.remarks, position, too_odd(audience, invalid));
                        }
                    }
                }
            }
            Some(other) => {
                let reason = DropReason::Kind { found: kind(other), wanted: "an object of permissions by audience" };
                Remark::add_dropped(&mut read.remarks, 1, reason);
            }
        }
        read
    }

    fn element(&mut self, audience: &Audience, value: &Value, position: usize) {
        let definition =
            text_of(value).and_then(|text| PermissionName::parse(&text).map_err(|invalid| too_odd(&text, invalid)));
        match definition {
            Ok(definition) => _ = self.permissions.insert(Permission { audience: audience.clone(), definition }),
            Err(reason) => Remark::add_dropped(&mut self.remarks, position, reason),
        }
    }
}

fn too_odd(text: &str, invalid: InvalidValue) -> DropReason {
    DropReason::Id(invalid, text.chars().count())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(claim: Value) -> (Vec<String>, Vec<String>) {
        let claims = Claims::new(json!({"permissions": claim})).unwrap();
        let ClaimedPermissions { permissions, remarks } = ClaimedPermissions::read(&claims, "permissions");
        let permissions = permissions.iter().map(|one| format!("{} {}", one.audience, one.definition));
        (permissions.collect(), remarks.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn permissions_are_listed_by_audience() {
        let claim = json!({"optimize-api": ["write:*"], "a.b": ["read", "read:users"], "one": "read"});
        let expected = ["a.b read", "a.b read:users", "one read", "optimize-api write:*"].map(str::to_owned);
        assert_eq!(read(claim), (expected.to_vec(), vec![]));
        assert_eq!(read(json!({})), (vec![], vec![]));
        assert_eq!(read(Value::Null), (vec![], vec![]));
    }

    #[test]
    fn a_bad_element_is_left_out_and_the_others_stay() {
        let long = "x".repeat(300);
        let claim = json!({"a": [1.5, "read", {"b": 1}, null, ""], "": ["read"], "b": ["write", long, true]});
        let (permissions, remarks) = read(claim);
        assert_eq!(permissions, ["a read", "b write"]);
        let all = remarks.join("; ");
        for part in
            ["it is an object but must be a string", "a boolean", "null", "not whole", "300 characters", "audience"]
        {
            assert!(all.contains(part), "no `{part}` in {all}");
        }
    }

    #[test]
    fn a_claim_of_another_type_brings_nothing() {
        for wrong in [json!(["read"]), json!("read"), json!(true)] {
            let (permissions, remarks) = read(wrong.clone());
            assert!(permissions.is_empty() && remarks[0].contains("an object of permissions"), "{wrong}: {remarks:?}");
        }
    }
}

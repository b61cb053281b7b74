//! The JSON Web Signature vectors of Project Wycheproof (Apache-2.0), run through the token parser and the key sets.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::SigningAlgorithm;
use crate::compact::Compact;
use crate::jwk::KeySet;

/// Valid vectors that must be rejected here, with the reason. Every other valid vector must verify, and every invalid
/// one must be rejected.
const NOT_FOR_US: [(&[u32], &str); 3] = [
    (
        &[1, 348, 352, 357, 358, 359, 372, 373, 376, 377],
        "a message authentication code: symmetric algorithms cannot be configured",
    ),
    (&[346, 350], "signed with PS384 by a key that says PS256 (RFC 7517 §4.4)"),
    (&[347, 351], "the key says ES521, which is no algorithm (RFC 7518 §3.1 has ES512)"),
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vectors {
    number_of_tests: usize,
    test_groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    public: Option<Value>,
    private: Value,
    tests: Vec<Vector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vector {
    tc_id: u32,
    comment: String,
    jws: String,
    result: String,
}

fn vectors() -> Option<Vectors> {
    #[expect(clippy::disallowed_methods, reason = "where the vectors are is no configuration of the product")]
    let directory = std::env::var("IDENTITY_VECTORS_DIR")
        .map_or_else(|_| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors"), PathBuf::from);
    let text = std::fs::read(directory.join("wycheproof_json_web_signature_test.json")).ok()?;
    Some(serde_json::from_slice(&text).unwrap())
}

fn verifies(jws: &str, keys: &KeySet) -> bool {
    let Ok(compact) = Compact::split(jws) else { return false };
    let (Ok(header), Ok(signature)) = (compact.header(), compact.signature()) else { return false };
    let keys: Vec<_> = match &header.kid {
        Some(kid) => keys.named(kid, header.algorithm).collect(),
        None => keys.fitting(header.algorithm).collect(),
    };
    matches!(keys.as_slice(), [key] if key.verifies(compact.signed, &signature))
}

#[test]
#[expect(clippy::print_stderr, reason = "a skipped test is reported")]
fn every_vector_is_judged_right() {
    let Some(vectors) = vectors() else {
        eprintln!("skipped: no wycheproof_json_web_signature_test.json, set IDENTITY_VECTORS_DIR");
        return;
    };
    let (mut seen, mut verified) = (0, 0);
    for group in &vectors.test_groups {
        let key = group.public.as_ref().unwrap_or(&group.private);
        let set = json!({"keys": [key]}).to_string();
        let keys = KeySet::parse(set.as_bytes(), &SigningAlgorithm::ALL).unwrap();
        for vector in &group.tests {
            let not_for_us = NOT_FOR_US.iter().any(|(ids, _)| ids.contains(&vector.tc_id));
            let expected = vector.result == "valid" && !not_for_us;
            assert_eq!(verifies(&vector.jws, &keys), expected, "{} {}", vector.tc_id, vector.comment);
            assert!(!not_for_us || vector.result == "valid", "{} needs no exception", vector.tc_id);
            seen += 1;
            verified += usize::from(expected);
        }
    }
    assert_eq!((seen, verified), (vectors.number_of_tests, 32));
}

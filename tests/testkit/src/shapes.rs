//! Deviations from the OpenAPI document: for each operation and each member of its body, a value of another type, null, a
//! word outside the enumeration, a number out of range, a missing and an unknown member.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::Api;

/// Sends every deviation of every operation of the server's OpenAPI document, except those of the paths in `without`.
/// Returns the number of requests.
///
/// # Panics
/// When the response is not 400 with a JSON pointer to the deviation.
pub async fn refuses_every_deviation(api: &Api, without: &[&str]) -> usize {
    let document = api.get("/api/openapi.json").await.expect_status(200).json();
    let (mut sent, mut failures) = (0, Vec::new());
    let paths = document["paths"].as_object().expect("paths");
    for (path, item) in paths.iter().filter(|(path, _)| !without.contains(&path.as_str())) {
        for (method, operation) in item.as_object().expect("operations") {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            if schema.is_null() {
                continue;
            }
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            for deviation in Document(&document).deviations(schema) {
                failures.extend(failure(api, &method, path, &deviation).await);
                sent += 1;
            }
        }
    }
    assert!(failures.is_empty(), "{} of {sent}:\n{}", failures.len(), failures[..failures.len().min(30)].join("\n"));
    sent
}

/// Sends a deviation. Returns what is wrong with the response.
async fn failure(api: &Api, method: &Method, path: &str, Deviation { pointer, body }: &Deviation) -> Option<String> {
    let concrete =
        path.split('{').map(|part| part.split_once('}').map_or(part.to_owned(), |(_, rest)| format!("1{rest}")));
    let concrete: String = concrete.collect();
    let reply = api.send(api.request(method.clone(), &concrete).json(body)).await;
    let problem = if reply.status == 400 { reply.json() } else { Value::Null };
    let is_pointed = if path.starts_with("/v2/") {
        problem["detail"].as_str().is_some_and(|detail| detail.contains(&format!("`{pointer}`")))
    } else {
        let findings = problem["findings"].as_array();
        findings.is_some_and(|findings| findings.iter().any(|finding| finding["pointer"] == *pointer))
    };
    let types = ["struct ", "Body", "u32", "u64", "i64", "usize", "Vec<", "invalid type"];
    let leaks = types.into_iter().any(|name| reply.text.contains(name));
    let is_refused = reply.status == 400 && (is_pointed || pointer.is_empty()) && !leaks;
    (!is_refused).then(|| format!("`{pointer}` in {method} {path} with {body}: {} {}", reply.status, reply.text))
}

/// A body that deviates from the schema in one place.
struct Deviation {
    pointer: String,
    body: Value,
}

struct Document<'d>(&'d Value);

impl<'d> Document<'d> {
    fn deviations(&self, schema: &'d Value) -> Vec<Deviation> {
        let mut found = vec![Deviation { pointer: String::new(), body: json!([]) }];
        for variant in self.variants(schema) {
            self.walk(&[variant], "", &self.sample(variant), &mut found);
        }
        found
    }

    /// Resolves references, and lists the alternatives of a schema.
    fn variants(&self, schema: &'d Value) -> Vec<&'d Value> {
        if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
            return self.variants(&self.0["components"]["schemas"][name]);
        }
        match schema["oneOf"].as_array() {
            Some(alternatives) => alternatives.iter().flat_map(|one| self.variants(one)).collect(),
            None => vec![schema],
        }
    }

    /// A value that has the types of the schema, with all members.
    fn sample(&self, schema: &'d Value) -> Value {
        let variants = self.variants(schema);
        let variant = *variants.iter().find(|one| !types(one).contains("null")).unwrap_or(&variants[0]);
        if let Some(word) = variant["enum"].as_array().and_then(|words| words.first()) {
            return word.clone();
        }
        let types = types(variant);
        if types.contains("object") {
            let members = variant["properties"].as_object().into_iter().flatten();
            return members.map(|(name, schema)| (name.clone(), self.sample(schema))).collect::<Map<_, _>>().into();
        }
        match types.first().copied() {
            Some("string") => json!("x"),
            Some("integer" | "number") => json!(1),
            Some("boolean") => json!(true),
            Some("array") => json!([self.sample(&variant["items"])]),
            _ => Value::Null,
        }
    }

    /// Deviations of the value at a pointer, whose schema has these variants.
    fn walk(&self, variants: &[&'d Value], pointer: &str, body: &Value, found: &mut Vec<Deviation>) {
        let accepted: BTreeSet<&str> = variants.iter().flat_map(|variant| types(variant)).collect();
        let mut with =
            |value: Value| found.push(Deviation { pointer: pointer.to_owned(), body: put(body, pointer, value) });
        if !pointer.is_empty() {
            let values = [
                ("null", Value::Null),
                ("boolean", json!(true)),
                ("number", json!(1.5)),
                ("string", json!("x")),
                ("array", json!(["x", "x", "x"])),
                ("object", json!({})),
            ];
            for (name, value) in values {
                if !accepted.contains(name) && !accepted.is_empty() {
                    with(value);
                }
            }
        }
        for variant in variants {
            if let Some(words) = variant["enum"].as_array().filter(|words| words.iter().all(|word| !word.is_null())) {
                assert!(!words.contains(&json!("no such word")));
                with(json!("no such word"));
            }
            if let Some(least) = variant["minimum"].as_i64() {
                with(json!(least - 1));
            }
            if let Some(most) = variant["maximum"].as_i64() {
                with(json!(most + 1));
            }
        }
        let is_tagged = |variant: &&Value| variant["properties"].as_object().is_some_and(|members| members.len() == 1);
        let is_choice = variants.len() > 1 && variants.iter().all(is_tagged);
        for variant in variants.iter().filter(|variant| types(variant).contains("object")) {
            let at = |name: &str| format!("{pointer}/{name}");
            let here = put(body, pointer, self.sample(variant));
            for name in variant["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                // Without its only member, an alternative is none.
                let pointer_to = if is_choice { pointer.to_owned() } else { at(name) };
                found.push(Deviation { pointer: pointer_to, body: without(&here, pointer, name) });
            }
            if variant["additionalProperties"] == json!(false) {
                found.push(Deviation { pointer: at("unknown"), body: put(&here, &at("unknown"), json!(1)) });
            }
            for (name, schema) in variant["properties"].as_object().into_iter().flatten() {
                self.walk(&self.variants(schema), &at(name), &here, found);
            }
        }
        for variant in variants.iter().filter(|variant| variant["items"].is_object()) {
            let here = put(body, pointer, self.sample(variant));
            self.walk(&self.variants(&variant["items"]), &format!("{pointer}/0"), &here, found);
        }
    }
}

/// Accepted JSON types of a schema; none if it accepts all.
fn types(schema: &Value) -> BTreeSet<&str> {
    match &schema["type"] {
        Value::String(kind) => BTreeSet::from([kind.as_str()]),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => BTreeSet::new(),
    }
}

fn put(body: &Value, pointer: &str, value: Value) -> Value {
    let mut body = body.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
    match body.pointer_mut(parent) {
        _ if pointer.is_empty() => return value,
        Some(Value::Object(members)) => drop(members.insert(name.to_owned(), value)),
        Some(Value::Array(items)) => items[0] = value,
        _ => panic!("nothing at {parent} in {body}"),
    }
    body
}

fn without(body: &Value, pointer: &str, name: &str) -> Value {
    let mut body = body.clone();
    let members = body.pointer_mut(pointer).and_then(Value::as_object_mut).expect("an object");
    assert!(members.remove(name).is_some(), "a required member without schema: {name}");
    body
}

//! Table rows of requests and expected responses.

use identity_testkit::{Api, Reply};
use reqwest::Method;
use serde_json::Value;

/// Statement of the standard, with a request and the expected response.
pub struct Row {
    /// Number of the statement in the checklist.
    pub id: &'static str,
    /// Path below `/access/v1`.
    pub path: &'static str,
    pub body: Value,
    pub answer: Answer,
}

/// Expected response.
pub enum Answer {
    /// 200 and this document.
    Is(Value),
    /// 200 and this decision.
    Decides(bool),
    /// 200 and these decisions, in this order.
    AllDecide(&'static [bool]),
    /// 200 and these results, by ID or name.
    Finds(&'static [&'static str]),
    /// This error status, without a decision.
    Refuses(u16),
}

impl Row {
    pub async fn check(&self, api: &Api) {
        let reply = api.post(&format!("/access/v1{}", self.path), &self.body).await;
        self.compare(&reply);
    }

    fn compare(&self, reply: &Reply) {
        let context = format!("{} {}: {} {}", self.id, self.body, reply.status, reply.text);
        let json = reply.json();
        if let Answer::Refuses(status) = self.answer {
            assert_eq!(reply.status, status, "{context}");
            assert!(json.get("decision").is_none() && json.get("evaluations").is_none(), "{context}");
            assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{context}");
            return;
        }
        assert_eq!(reply.status, 200, "{context}");
        assert_eq!(reply.header("content-type"), Some("application/json"), "{context}");
        assert!(!has_null(&json), "{context}");
        match &self.answer {
            Answer::Is(expected) => assert_eq!(json, *expected, "{context}"),
            Answer::Decides(expected) => {
                assert_eq!(json["decision"], *expected, "{context}");
                assert!(json.get("context").is_none_or(Value::is_object), "{context}");
                assert!(json.get("evaluations").is_none(), "{context}");
            }
            Answer::AllDecide(expected) => {
                let decisions: Vec<bool> = json["evaluations"]
                    .as_array()
                    .unwrap_or_else(|| panic!("{context}"))
                    .iter()
                    .map(|item| item["decision"].as_bool().unwrap_or_else(|| panic!("{context}")))
                    .collect();
                assert_eq!(decisions, *expected, "{context}");
                assert!(json.get("decision").is_none(), "{context}");
            }
            Answer::Finds(expected) => assert_eq!(found(&json), *expected, "{context}"),
            Answer::Refuses(_) => {}
        }
    }
}

/// Returns the IDs or names of the results.
pub fn found(json: &Value) -> Vec<String> {
    let results = json["results"].as_array().unwrap_or_else(|| panic!("no results: {json}"));
    let id = |hit: &Value| hit.get("id").or_else(|| hit.get("name")).and_then(Value::as_str).map(str::to_owned);
    results.iter().map(|hit| id(hit).unwrap_or_else(|| panic!("no id: {hit}"))).collect()
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Sends a request with the given headers and body only.
pub async fn raw(api: &Api, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let mut request = api.request(Method::POST, &format!("/access/v1{path}")).body(body.to_vec());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    api.send(request).await
}

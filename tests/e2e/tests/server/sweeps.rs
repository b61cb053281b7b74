//! Rules for every operation in the OpenAPI document.

use std::collections::BTreeSet;
use std::path::Path;

use identity_testkit::{Api, Reply};
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::support::store::AuditRecord;
use crate::support::{Site, Store, refused};

on_each_store!(
    every_operation_needs_credentials,
    every_operation_needs_a_permission_and_denials_are_recorded,
    every_change_is_recorded,
    nothing_else_is_served,
);

const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

/// Paths that any valid token may request, because they describe the token itself.
const OPEN_TO_ALL: [&str; 8] = [
    "/api/capabilities",
    "/api/me",
    "/api/me/memberships",
    "/api/me/permissions",
    "/api/groups/for-token",
    "/api/permissions/for-token",
    "/api/tenants/for-token",
    "/api/authorizations/for-token",
];

pub struct Operation {
    pub method: Method,
    /// Path template as documented.
    pub path: String,
    /// Required query parameters.
    query: Vec<String>,
    body: Option<Value>,
    /// Whether the operation requires no credentials.
    pub is_public: bool,
}

impl Operation {
    /// Returns the path and query with every parameter set: keys to a number that does not exist, IDs to `x`.
    fn address(&self) -> String {
        let fill = |part| match part {
            "{authorizationKey}" => "999999999",
            "{memberType}" => "USER",
            part if part.starts_with('{') => "x",
            part => part,
        };
        let path = self.path.split('/').map(fill).collect::<Vec<_>>().join("/");
        let value = |name: &str| match name {
            "memberType" => "USER",
            "format" => "csv",
            _ => "x",
        };
        let query: Vec<String> = self.query.iter().map(|name| format!("{name}={}", value(name))).collect();
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }

    pub fn is_search(&self) -> bool {
        self.path.starts_with("/v2/") && self.path.ends_with("/search")
    }

    pub fn is_change(&self) -> bool {
        self.method != Method::GET && !self.is_search()
    }

    pub async fn ask(&self, api: &Api, request_id: &str) -> Reply {
        let request = api.request(self.method.clone(), &self.address()).header("x-request-id", request_id);
        api.send(match &self.body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }
}

pub async fn document(api: &Api) -> Value {
    api.get("/api/openapi.json").await.expect_status(200).json()
}

/// Returns the operations below a path.
pub fn operations(document: &Value, below: &str) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths").iter().filter(|(path, _)| path.starts_with(below))
    {
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let schema = operation.pointer("/requestBody/content/application~1json/schema");
            let parameters = operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
            let demanded =
                parameters.iter().filter(|parameter| parameter["in"] == "query" && parameter["required"] == true);
            operations.push(Operation {
                query: demanded.filter_map(|parameter| parameter["name"].as_str()).map(str::to_owned).collect(),
                method: method.to_uppercase().parse().expect("a method"),
                path: path.clone(),
                body: schema.map(|schema| sample(document, schema, "")),
                is_public: operation["security"] == json!([{}]),
            });
        }
    }
    assert!(operations.len() > 40, "only {} operations are documented", operations.len());
    operations
}

/// Returns a value that is valid for a schema. Every text is `x` unless it must name an existing entity.
fn sample(document: &Value, schema: &Value, name: &str) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.trim_start_matches('#')).expect("a reference that leads somewhere");
        return sample(document, target, name);
    }
    if let Some(variants) = schema["oneOf"].as_array() {
        let variant = variants.iter().find(|variant| variant["type"] != "null").expect("a variant");
        return sample(document, variant, name);
    }
    match name {
        "email" => return json!("x@example.org"),
        "filter" | "page" => return json!({}),
        // Command that every profile supports.
        "commands" => return json!([{"createGroup": {"groupId": "x", "name": "x"}}]),
        "document" => return json!({"groups": [{"group-id": "document", "name": "x"}]}),
        "plan" => return Value::Null,
        // Conditions are supported on custom resource types only, and none exists.
        "condition" => return Value::Null,
        // The first enumerated values would be an invalid combination.
        "resourceType" if schema["enum"].is_array() => return json!("ROLE"),
        "permissionTypes" => return json!(["READ"]),
        "ownerType" => return json!("CLIENT"),
        _ => {}
    }
    if let Some(values) = schema["enum"].as_array() {
        return values[0].clone();
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds[0].as_str(),
        kind => kind.as_str(),
    };
    match (kind, name) {
        (Some("object"), _) => {
            let Some(properties) = schema["properties"].as_object() else { return json!({}) };
            let member = |(name, schema): (&String, &Value)| (name.clone(), sample(document, schema, name));
            Value::Object(properties.iter().map(member).collect::<Map<_, _>>())
        }
        (Some("array"), "permissions" | "supportedPermissions" | "userIds" | "groupIds" | "applicationIds") => {
            json!([sample(document, &schema["items"], name)])
        }
        (Some("array"), _) => json!([]),
        (Some("string"), "resourceType" | "type") => json!("process-definition"),
        (Some("string"), "permission" | "permissions") => json!("READ"),
        (Some("string"), _) => json!("x"),
        other => panic!("no sample for {other:?}: {schema}"),
    }
}

async fn every_operation_needs_credentials(store: Store) {
    let site = Site::start(store).await;
    let api = site.anonymous();
    for operation in operations(&document(&api).await, "/api/") {
        for who in [api.clone(), api.bearer("a.b.c")] {
            let reply = operation.ask(&who, "r").await;
            let reason = if reply.header("www-authenticate").is_some_and(|text| text.contains("invalid_token")) {
                "token_malformed"
            } else {
                "no_credentials"
            };
            refused(&reply, 401, reason);
            assert!(
                reply.header("www-authenticate").is_some_and(|challenge| challenge.starts_with("Bearer ")),
                "{reply:?}"
            );
        }
    }
}

async fn every_operation_needs_a_permission_and_denials_are_recorded(store: Store) {
    let site = Site::start(store).await;
    let nobody = site.user("nobody");
    let mut denied = BTreeSet::new();
    let (mut open, mut own) = (BTreeSet::new(), BTreeSet::new());
    for (index, operation) in operations(&document(&nobody).await, "/api/").iter().enumerate() {
        let id = format!("sweep-{index}");
        let reply = operation.ask(&nobody, &id).await;
        if operation.path.starts_with("/api/me/session") {
            // The caller's own sessions: there are none.
            let expected = if operation.path.ends_with('}') { 404 } else { 200 + 4 * u16::from(operation.is_change()) };
            assert_eq!(reply.status, expected, "{} {}", operation.method, operation.path);
            own.extend(operation.is_change().then_some(id));
        } else if OPEN_TO_ALL.contains(&&*operation.path) {
            assert_eq!((reply.status, operation.is_change()), (200, false), "{}", operation.path);
            open.insert(operation.path.clone());
        } else {
            assert_eq!(reply.status, 403, "{} {}: {}", operation.method, operation.path, reply.text);
            refused(&reply, 403, "forbidden");
            denied.insert(id);
        }
    }
    assert_eq!(open.len(), OPEN_TO_ALL.len());
    let recorded = site.audit().await;
    let mut of_nobody: Vec<_> = recorded.iter().filter(|record| record.actor_id.as_deref() == Some("nobody")).collect();
    of_nobody.retain(|record| record.request_id.as_ref().is_none_or(|id| !own.contains(id)));
    assert!(of_nobody.iter().all(|record| record.result == "DENIED" && record.reason.is_some()), "{of_nobody:#?}");
    let ids: BTreeSet<_> = of_nobody.iter().filter_map(|record| record.request_id.clone()).collect();
    assert_eq!(ids, denied);
    assert_eq!(of_nobody.len(), denied.len(), "one record for each denial");
}

async fn every_change_is_recorded(store: Store) {
    let site = Site::start(store).await;
    let api = site.admin();
    let changes: Vec<_> = operations(&document(&api).await, "/api/").into_iter().filter(Operation::is_change).collect();
    // These are reads, by POST because of what they are asked with.
    let reads = ["/api/names", "/api/policies/plan"];
    let changes: Vec<_> =
        changes.into_iter().filter(|operation: &Operation| !reads.contains(&&*operation.path)).collect();
    each_leaves_a_record(&api, &changes, crate::support::ROOT, async || site.audit().await).await;
}

/// Sends each change and asserts a record by `actor` of its result. Returns the successful changes.
pub async fn each_leaves_a_record(
    api: &Api,
    changes: &[Operation],
    actor: &str,
    audit: impl AsyncFn() -> Vec<AuditRecord>,
) -> BTreeSet<String> {
    let mut succeeded = BTreeSet::new();
    // The second round covers changes that need the result of an earlier one.
    for round in 0..2 {
        for (index, operation) in changes.iter().enumerate() {
            let id = format!("change-{round}-{index}");
            let reply = operation.ask(api, &id).await;
            let what = format!("{} {}", operation.method, operation.path);
            assert!(matches!(reply.status, 200 | 201 | 204 | 404 | 409), "{what}: {} {}", reply.status, reply.text);
            let records = audit().await;
            let records: Vec<_> = records.iter().filter(|record| record.request_id.as_ref() == Some(&id)).collect();
            assert!(!records.is_empty(), "{what} left no record");
            let result = if reply.status < 300 { "SUCCESS" } else { "FAIL" };
            for record in records {
                assert_eq!(record.result, result, "{what} answered {}: {record:?}", reply.status);
                assert_eq!(record.actor_id.as_deref(), Some(actor), "{what}: {record:?}");
            }
            if reply.status < 300 {
                succeeded.insert(what);
            }
        }
    }
    succeeded
}

async fn nothing_else_is_served(store: Store) {
    let site = Site::start(store).await;
    let (anonymous, api) = (site.anonymous(), site.admin());
    let document = document(&anonymous).await;
    for path in
        ["/api", "/api/", "/api/nothing", "/api/groups/a/b/c/d", "/api/users", "/api/clients", "/api/openapi.yaml"]
    {
        refused(&anonymous.get(path).await, 401, "no_credentials");
        refused(&api.get(path).await, 404, "no_such_path");
        refused(&api.post(path, &json!({})).await, 404, "no_such_path");
    }
    for path in ["/nothing", "/actuator/health", "/actuator/prometheus", "/API/groups"] {
        refused(&anonymous.get(path).await, 404, "no_such_path");
    }
    let all = operations(&document, "/api/");
    for path in document["paths"].as_object().expect("paths").keys().filter(|path| path.starts_with("/api/")) {
        for method in METHODS.map(|method| method.to_uppercase().parse::<Method>().expect("a method")) {
            if all.iter().any(|operation| operation.path == *path && operation.method == method) {
                continue;
            }
            let operation = Operation { method, path: path.clone(), query: Vec::new(), body: None, is_public: false };
            refused(&operation.ask(&anonymous, "r").await, 401, "no_credentials");
            refused(&operation.ask(&api, "r").await, 405, "no_such_method");
        }
    }
}

/// `docs/openapi.json` equals the output of `identity-server openapi`. `UPDATE_DOCS=1 cargo test -p identity-e2e
/// openapi` updates it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_committed_openapi_document_is_the_printed_one() {
    let printed = Store::sqlite().launch(&["openapi"]).run().await;
    let printed: Value = serde_json::from_str(&printed.stdout).expect("a JSON document");
    let ids: Vec<_> = printed["paths"]
        .as_object()
        .expect("paths")
        .values()
        .flat_map(|item| METHODS.iter().filter_map(|method| item[method]["operationId"].as_str()))
        .collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "operation ids are unique: {ids:?}");

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{printed:#}\n")).expect("docs/openapi.json can be written");
    }
    let committed = std::fs::read(&path).expect("docs/openapi.json is there");
    let is_current = serde_json::from_slice::<Value>(&committed).is_ok_and(|committed| committed == printed);
    assert!(is_current, "docs/openapi.json is out of date: UPDATE_DOCS=1 cargo test -p identity-e2e openapi");

    // The served document is a subset.
    let served = document(&Site::start(Store::sqlite()).await.anonymous()).await;
    for (path, item) in served["paths"].as_object().expect("paths") {
        assert_eq!(printed["paths"].get(path), Some(item), "{path}");
    }
}

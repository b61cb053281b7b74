//! API contract as a table: every operation of `/v2` in every situation.

use std::collections::{BTreeMap, BTreeSet};

use identity_testkit::{Api, Reply};
use reqwest::Method;
use serde_json::{Value, json};

use super::contract_table::{AUTHORIZATION, CLIENT, Kind, MAPPING_RULE, TABLE, USER, Way};
use super::{found, refused};
use crate::support::{Local, Store, created, done};
use crate::sweeps::{document, operations};

/// Situations of a request, in the order of the table's columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Situation {
    NoCredentials,
    NoGrant,
    ReadGrant,
    FullGrant,
    Missing,
    Duplicate,
    BadInput,
}

use Situation::{BadInput, Duplicate, FullGrant, Missing, NoCredentials, NoGrant, ReadGrant};

const SITUATIONS: [Situation; 7] = [NoCredentials, NoGrant, ReadGrant, FullGrant, Missing, Duplicate, BadInput];

/// API clients of the callers.
struct Callers {
    local: Local,
    /// By situation and resource type.
    known: BTreeMap<(Situation, &'static str), Api>,
}

impl Callers {
    async fn who(&mut self, situation: Situation, resource: &'static str) -> Api {
        let (local, kind) = (&self.local, if situation == NoGrant { "" } else { resource });
        let permissions: &[&str] = match (situation, resource) {
            (NoCredentials, _) => return local.anonymous(),
            (NoGrant, _) | (_, "") => &[],
            (ReadGrant, _) | (_, "AUDIT_LOG") => &["READ"],
            _ => &["CREATE", "READ", "UPDATE", "DELETE"],
        };
        let situation = situation.min(FullGrant);
        if let Some(api) = self.known.get(&(situation, kind)) {
            return api.clone();
        }
        let name = format!("{situation:?}.{kind}");
        let api = local.user(&name).await;
        // Removes the default authorization of users on themselves, which is not under test here.
        let (own, _) = found(api.post("/v2/authentication/me/authorizations/search", &json!({})).await);
        for one in own {
            let key = one["authorizationKey"].as_str().expect("a key");
            done(local.admin().delete(&format!("/v2/authorizations/{key}")).await);
        }
        if !permissions.is_empty() {
            local.allow(&name, resource, "*", permissions).await;
        }
        self.known.insert((situation, kind), api.clone());
        api
    }
}

/// Returns a valid request body for an entity with this ID.
fn new(kind: Kind, id: &str) -> Value {
    match kind {
        USER => json!({"username": id, "password": "secret"}),
        MAPPING_RULE => json!({"mappingRuleId": id, "name": "n", "claimName": "contract", "claimValue": id}),
        AUTHORIZATION => json!({"ownerType": "CLIENT", "ownerId": id, "resourceType": "RESOURCE", "resourceId": "*",
            "permissionTypes": ["READ"]}),
        Kind { id: name, .. } => json!({name: id, "name": "n"}),
    }
}

fn change(kind: Kind, id: &str) -> Value {
    match kind {
        AUTHORIZATION => new(kind, &format!("{id}.changed")),
        MAPPING_RULE => json!({"name": "m", "claimName": "contract", "claimValue": format!("{id}.changed")}),
        _ => json!({"name": "m"}),
    }
}

/// Creates an entity with this ID. Returns its ID in paths.
async fn make(api: &Api, kind: Kind, id: &str) -> String {
    if kind == CLIENT {
        return id.to_owned();
    }
    let made = created(api.post(kind.path, &new(kind, id)).await);
    made[kind.id].as_str().expect("an id").to_owned()
}

/// Returns the request of an operation in a situation: the last part of its path, and a body.
async fn request(admin: &Api, way: Way, situation: Situation, id: &str) -> (String, Option<Value>) {
    let there = !matches!(situation, Missing | BadInput);
    let called = async |kind: Kind, id: String| match situation {
        BadInput => "a%20b".to_owned(),
        Missing if kind == AUTHORIZATION => "999999999".to_owned(),
        Missing => "missing".to_owned(),
        _ => make(admin, kind, &id).await,
    };
    let or_bad = |good: Value| Some(if situation == BadInput { json!({"nothing": 1}) } else { good });
    match way {
        Way::Public(path) | Way::Open(path) => (path.to_owned(), None),
        Way::SetUp => {
            ("/v2/setup/user".to_owned(), or_bad(new(USER, if situation == Duplicate { "demo" } else { id })))
        }
        Way::OwnAuthorizations => ("/v2/authentication/me/authorizations/search".to_owned(), or_bad(json!({}))),
        Way::Create(kind) => {
            if situation == Duplicate {
                make(admin, kind, id).await;
            }
            let mut body = new(kind, id);
            if situation == Missing {
                body["ownerType"] = json!("ROLE");
            }
            (kind.path.to_owned(), or_bad(body))
        }
        Way::Search(kind) => {
            if kind.path != "/v2/audit-logs" {
                make(admin, kind, id).await;
            }
            (format!("{}/search", kind.path), or_bad(json!({})))
        }
        Way::FindEntry => {
            let (entries, _) = found(admin.post("/v2/audit-logs/search", &json!({"page": {"limit": 1}})).await);
            let key = entries[0]["auditLogKey"].as_str().expect("a key").to_owned();
            let key = if there { key } else { called(AUTHORIZATION, String::new()).await };
            (format!("/v2/audit-logs/{key}"), None)
        }
        Way::Find(kind) | Way::Delete(kind) => (format!("{}/{}", kind.path, called(kind, id.to_owned()).await), None),
        Way::Update(kind) => {
            let one = called(kind, id.to_owned()).await;
            let mut body = change(kind, id);
            if situation == Duplicate {
                let other = format!("{id}.other");
                make(admin, kind, &other).await;
                body = if kind == MAPPING_RULE {
                    json!({"name": "m", "claimName": "contract", "claimValue": other})
                } else {
                    new(kind, &other)
                };
            }
            (format!("{}/{one}", kind.path), or_bad(body))
        }
        Way::Members(holder, kind) => {
            let (one, below) = (called(holder, id.to_owned()).await, kind.below());
            if there {
                add(admin, holder, &one, kind, &make(admin, kind, &format!("{id}.m")).await).await;
            }
            let one = if situation == BadInput { "good".to_owned() } else { one };
            (format!("{}/{one}/{below}/search", holder.path), or_bad(json!({})))
        }
        Way::Add(holder, kind) | Way::Remove(holder, kind) => {
            // In `Missing`, the member does not exist. Clients need not exist, so for them the holder is missing as
            // well.
            let one =
                if situation == Missing { make(admin, holder, id).await } else { called(holder, id.to_owned()).await };
            let member = called(kind, format!("{id}.m")).await;
            let is_member = matches!(way, Way::Remove(..)) && there || situation == Duplicate;
            if is_member {
                add(admin, holder, &one, kind, &member).await;
            }
            let holder_id = if situation == Missing && kind == CLIENT { "missing" } else { &one };
            (format!("{}/{holder_id}/{}/{member}", holder.path, kind.below()), None)
        }
    }
}

async fn add(admin: &Api, holder: Kind, one: &str, kind: Kind, member: &str) {
    // Roles are assigned to groups at the role's path.
    let path = match (holder.path, kind.path) {
        ("/v2/groups", "/v2/roles") => format!("/v2/roles/{member}/groups/{one}"),
        _ => format!("{}/{one}/{}/{member}", holder.path, kind.below()),
    };
    done(admin.put(&path, &json!({})).await);
}

/// Checks the body of a response, given its status.
fn check(reply: Reply, way: Way, situation: Situation, what: &str) {
    let title = match reply.status {
        200..300 if way.is_search() => {
            let sees = !matches!(situation, NoGrant | Missing);
            return assert_eq!(!found(reply).0.is_empty(), sees, "{what}");
        }
        200..300 => return,
        400 => ["INVALID_ARGUMENT", "Bad Request"].into_iter().find(|title| reply.json()["title"] == **title),
        401 => {
            let challenge = reply.header("www-authenticate").unwrap_or_default();
            assert!(challenge.starts_with("Basic "), "{what} is refused without a challenge");
            Some("Unauthorized")
        }
        403 => Some("FORBIDDEN"),
        404 => Some("NOT_FOUND"),
        409 => Some("ALREADY_EXISTS"),
        _ => None,
    };
    refused(&reply, reply.status, title.unwrap_or_else(|| panic!("{what} has another title: {}", reply.text)));
}

#[tokio::test]
async fn every_operation_answers_as_the_table_says() {
    let mut callers = Callers { local: Local::start(Store::sqlite()).await, known: BTreeMap::new() };
    let admin = callers.local.admin();
    let documented = operations(&document(&admin).await, "/v2/");
    let documented: BTreeSet<String> = documented.iter().map(|one| format!("{} {}", one.method, one.path)).collect();
    let rows: BTreeSet<String> = TABLE.iter().map(|(operation, ..)| (*operation).to_owned()).collect();
    assert_eq!(rows, documented, "a row for each operation, and an operation for each row");

    for (row, (operation, way, statuses)) in TABLE.iter().enumerate() {
        let method: Method = operation.split(' ').next().expect("a method").parse().expect("a method");
        for (situation, status) in SITUATIONS.into_iter().zip(statuses).filter(|(_, status)| **status != 0) {
            let what = format!("{operation}: {situation:?}");
            let (path, body) = request(&admin, *way, situation, &format!("r{row}.{situation:?}")).await;
            let api = callers.who(situation, way.resource()).await;
            let mut request = api.request(method.clone(), &path);
            if let Some(body) = body {
                request = request.json(&body);
            }
            let reply = api.send(request).await;
            assert_eq!(reply.status, *status, "{what}: {} {}", reply.url, reply.text);
            check(reply, *way, situation, &what);
        }
    }
}

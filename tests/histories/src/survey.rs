//! Reads the state of the replicas and the audit log after all clients have stopped.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use identity_testkit::{Api, Reply};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::bounds::RECOVERY;
use crate::history::{Final, Logged};
use crate::model::{GROUPS, Kind, Model, Party, ROLES, USERS};
use crate::wire;

/// Entries per page of the audit log, the maximum.
const PAGE: usize = 10_000;

/// The current revision.
pub(crate) async fn revision(api: &Api) -> u64 {
    wire::revision(&newest(api, Method::GET, "/v2/authentication/me", &json!({})).await).expect("a revision")
}

/// The complete state of a replica.
pub(crate) async fn state(api: &Api, replica: usize) -> Final {
    let mut state = Model::default();
    for (kind, pool) in [(Kind::User, &USERS[..]), (Kind::Group, &GROUPS[..]), (Kind::Role, &ROLES[..])] {
        let ids = search(api, &format!("/v2/{}/search", wire::collection(kind)), kind).await;
        let ours = ids.into_iter().filter(|id| pool.contains(&id.as_str()));
        state.parties.extend(ours.map(|id| Party::new(kind, id)));
    }
    for container in &state.parties {
        let kinds = match container.kind {
            Kind::User => &[][..],
            Kind::Group => &[Kind::User][..],
            Kind::Role => &[Kind::User, Kind::Group][..],
        };
        for &kind in kinds {
            let (of, members) = (wire::collection(container.kind), wire::collection(kind));
            let ids = search(api, &format!("/v2/{of}/{}/{members}/search", container.id), kind).await;
            state.members.extend(ids.into_iter().map(|id| (container.clone(), Party::new(kind, id))));
        }
    }
    let filter = json!({"filter": {"resourceType": wire::RESOURCE_TYPE}, "page": {"limit": 10_000}});
    let reply = newest(api, Method::POST, "/v2/authorizations/search", &filter).await;
    let items = reply.json()["items"].as_array().cloned().expect("items");
    let grants = items.iter().filter_map(wire::grant);
    state.grants = grants.filter(|(_, grant)| state.parties.contains(&grant.owner)).collect();
    Final { replica, revision: wire::revision(&reply).expect("a revision"), state }
}

async fn search(api: &Api, path: &str, kind: Kind) -> BTreeSet<String> {
    let reply = newest(api, Method::POST, path, &json!({})).await;
    wire::ids(&reply.json(), kind).expect("items with ids")
}

/// Sends a request that requires the newest data of the store. The store may still be recovering from the last fault.
async fn newest(api: &Api, method: Method, path: &str, body: &Value) -> Reply {
    let begun = Instant::now();
    loop {
        let request = api.request(method.clone(), path).header("x-identity-max-age", 0).json(body);
        let reply = api.send(request).await;
        if reply.status != 503 || begun.elapsed() > RECOVERY {
            return reply.expect_status(200);
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// The revisions after `base` and the operations that created them, from the audit log.
pub(crate) async fn log(api: &Api, base: u64) -> Vec<Logged> {
    let mut log: BTreeMap<u64, Logged> = BTreeMap::new();
    for page in 0.. {
        let path = format!("/api/audit-log?result=SUCCESS&page={page}&resultSize={PAGE}");
        let entries = api.get(&path).await.expect_status(200).json();
        let entries = entries.as_array().expect("a list").clone();
        for entry in &entries {
            let Some(revision) = entry["revision"].as_u64().filter(|revision| *revision > base) else { continue };
            let logged = log.entry(revision).or_insert(Logged { revision, operation: None, key: None });
            logged.operation = entry["requestId"].as_str().and_then(wire::operation_of);
            if entry["operation"] == "CREATE" && entry["entity"]["type"] == "AUTHORIZATION" {
                logged.key = entry["entity"]["key"].as_str().map(str::to_owned);
            }
        }
        if entries.len() < PAGE {
            break;
        }
    }
    log.into_values().collect()
}

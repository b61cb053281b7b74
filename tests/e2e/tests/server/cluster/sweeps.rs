//! Rules for every operation of `/v2` in the OpenAPI document.

use std::collections::BTreeSet;

use super::{found, refused};
use crate::support::{Local, Store, done};
use crate::sweeps::{document, each_leaves_a_record, operations};

on_each_store!(every_operation_needs_a_permission_and_denials_are_recorded, every_change_is_recorded,);

/// Paths that require credentials but no permission.
const OPEN_TO_ALL: [&str; 3] = ["/v2/authentication/me", "/v2/system/configuration", "/v2/topology"];

async fn every_operation_needs_a_permission_and_denials_are_recorded(store: Store) {
    let local = Local::start(store).await;
    let nobody = local.user("nobody").await;
    let (own, _) = found(nobody.post("/v2/authentication/me/authorizations/search", &serde_json::json!({})).await);
    for authorization in own {
        let key = authorization["authorizationKey"].as_str().expect("a key");
        done(local.admin().delete(&format!("/v2/authorizations/{key}")).await);
    }
    let mut denied = BTreeSet::new();
    for (index, operation) in operations(&document(&nobody).await, "/v2/").iter().enumerate() {
        let id = format!("sweep-{index}");
        let reply = operation.ask(&nobody, &id).await;
        if operation.is_search() {
            assert_eq!(found(reply), (Vec::new(), 0), "{}", operation.path);
        } else if OPEN_TO_ALL.contains(&&*operation.path) {
            assert_eq!((reply.status, operation.is_change()), (200, false), "{}", operation.path);
        } else if operation.is_public && !operation.is_change() {
            assert!(matches!(reply.status, 200 | 204), "{}", operation.path);
        } else {
            refused(&reply, 403, "FORBIDDEN");
            if !operation.is_public {
                denied.insert(id);
            }
        }
    }
    assert!(denied.len() > 40, "{denied:?}");
    let recorded = local.audit().await;
    let of_nobody: Vec<_> = recorded.iter().filter(|record| record.actor_id.as_deref() == Some("nobody")).collect();
    assert!(of_nobody.iter().all(|record| record.result == "DENIED" && record.reason.is_some()), "{of_nobody:#?}");
    let ids: BTreeSet<_> = of_nobody.iter().filter_map(|record| record.request_id.clone()).collect();
    assert_eq!(ids, denied);
    assert_eq!(of_nobody.len(), denied.len(), "one record for each denial");
}

async fn every_change_is_recorded(store: Store) {
    let local = Local::start(store).await;
    let api = local.admin();
    let all = operations(&document(&api).await, "/v2/");
    let changes: Vec<_> = all.into_iter().filter(|operation| operation.is_change() && !operation.is_public).collect();
    let succeeded = each_leaves_a_record(&api, &changes, "demo", async || local.audit().await).await;
    assert!(succeeded.len() > 10, "{succeeded:?}");
}

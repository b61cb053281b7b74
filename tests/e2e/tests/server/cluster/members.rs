//! Members of groups, roles and tenants.

use serde_json::{Value, json};

use super::{found, refused, search};
use crate::support::{Local, created, done, shows};

/// Containers and their member kinds.
const CONTAINERS: [(&str, &str, &[&str]); 3] = [
    ("groups", "groupId", &["users", "clients", "mapping-rules"]),
    ("roles", "roleId", &["users", "clients", "groups", "mapping-rules"]),
    ("tenants", "tenantId", &["users", "clients", "groups", "roles", "mapping-rules"]),
];

fn id_of(kind: &str) -> &'static str {
    match kind {
        "users" => "username",
        "clients" => "clientId",
        "groups" => "groupId",
        "roles" => "roleId",
        _ => "mappingRuleId",
    }
}

/// Creates an entity of a kind. Returns its representation in a list of members.
async fn member(local: &Local, kind: &str, id: &str) -> Value {
    let api = local.admin();
    match kind {
        "clients" => json!({"clientId": id}),
        "users" => {
            local.user(id).await;
            json!({"username": id})
        }
        "groups" => {
            created(api.post("/v2/groups", &json!({"groupId": id, "name": id})).await);
            json!({"groupId": id})
        }
        "roles" => created(api.post("/v2/roles", &json!({"roleId": id, "name": id})).await),
        _ => {
            let body = json!({"mappingRuleId": id, "name": id, "claimName": "member", "claimValue": id});
            created(api.post("/v2/mapping-rules", &body).await)
        }
    }
}

#[tokio::test]
async fn every_kind_of_member_is_added_found_and_removed() {
    let local = Local::shared().await;
    let api = local.admin();
    for (holder, holder_id, kinds) in CONTAINERS {
        let id = format!("with.{holder}");
        created(api.post(&format!("/v2/{holder}"), &json!({holder_id: id, "name": "n"})).await);
        for kind in kinds {
            let (first, second) = (format!("m1.{holder}.{kind}"), format!("m2.{holder}.{kind}"));
            let shown = member(&local, kind, &first).await;
            member(&local, kind, &second).await;
            let below = format!("/v2/{holder}/{id}/{kind}");
            let one = format!("{below}/{first}");

            refused(&api.delete(&one).await, 404, "NOT_FOUND");
            done(api.put(&one, &json!({})).await);
            refused(&api.put(&one, &json!({})).await, 409, "ALREADY_EXISTS");
            done(api.put(&format!("{below}/{second}"), &json!({})).await);

            let by = id_of(kind);
            let sorted = json!({"sort": [{"field": by, "order": "DESC"}]});
            assert_eq!(search(&api, &format!("{below}/search"), sorted, by).await, [&*second, &*first]);
            let (items, total) = found(api.post(&format!("{below}/search"), &json!({"page": {"limit": 1}})).await);
            assert_eq!((items, total), (vec![shown], 2));

            done(api.delete(&one).await);
            refused(&api.delete(&one).await, 404, "NOT_FOUND");
            assert_eq!(search(&api, &format!("{below}/search"), json!({}), by).await, [second]);
        }
        // Memberships of the container do not prevent its deletion.
        done(api.delete(&format!("/v2/{holder}/{id}")).await);
        for kind in kinds {
            let below = format!("/v2/{holder}/{id}/{kind}/search");
            assert!(search(&api, &below, json!({}), id_of(kind)).await.is_empty());
        }
    }
}

#[tokio::test]
async fn both_must_exist_except_clients() {
    let local = Local::shared().await;
    let api = local.admin();
    for (holder, holder_id, kinds) in CONTAINERS {
        let id = format!("exists.{holder}");
        created(api.post(&format!("/v2/{holder}"), &json!({holder_id: id, "name": "n"})).await);
        for kind in kinds {
            let unknown = format!("/v2/{holder}/{id}/{kind}/unknown");
            refused(&api.delete(&unknown).await, 404, "NOT_FOUND");
            match *kind {
                "clients" => done(api.put(&unknown, &json!({})).await),
                _ => {
                    refused(&api.put(&unknown, &json!({})).await, 404, "NOT_FOUND");
                }
            }
            for there in ["unknown".to_owned(), format!("e.{holder}.{kind}")] {
                if there != "unknown" {
                    member(&local, kind, &there).await;
                }
                let nowhere = format!("/v2/{holder}/unknown/{kind}/{there}");
                refused(&api.put(&nowhere, &json!({})).await, 404, "NOT_FOUND");
                refused(&api.delete(&nowhere).await, 404, "NOT_FOUND");
            }
            // A search does not reveal whether the container exists.
            assert_eq!(found(api.post(&format!("/v2/{holder}/unknown/{kind}/search"), &json!({})).await).1, 0);
        }
    }
    assert_eq!(found(api.post("/v2/groups/unknown/roles/search", &json!({})).await).1, 0);
}

#[tokio::test]
async fn roles_are_seen_from_their_groups_and_given_from_their_own_side() {
    let local = Local::shared().await;
    let api = local.admin();
    created(api.post("/v2/groups", &json!({"groupId": "side", "name": "n"})).await);
    let role = created(api.post("/v2/roles", &json!({"roleId": "side", "name": "Side"})).await);
    done(api.put("/v2/roles/side/groups/side", &json!({})).await);
    let (items, total) = found(api.post("/v2/groups/side/roles/search", &json!({"filter": {"name": "Side"}})).await);
    assert_eq!((items, total), (vec![role.clone()], 1));
    assert_eq!(found(api.post("/v2/groups/side/roles/search", &json!({"filter": {"name": "x"}})).await).1, 0);
    refused(&api.put("/v2/groups/side/roles/side", &json!({})).await, 404, "Not Found");
    done(api.delete("/v2/groups/side").await);
    assert_eq!(found(api.post("/v2/roles/side/groups/search", &json!({})).await).1, 0);
    shows(api.get("/v2/roles/side").await, &role);
}

#[tokio::test]
async fn ids_in_paths_follow_the_pattern() {
    let local = Local::shared().await;
    let api = local.admin();
    created(api.post("/v2/roles", &json!({"roleId": "paths", "name": "n"})).await);
    for kind in ["users", "clients", "mapping-rules"] {
        for path in [format!("/v2/roles/paths/{kind}/a%2Fb"), format!("/v2/roles/a%20b/{kind}/x")] {
            refused(&api.put(&path, &json!({})).await, 400, "INVALID_ARGUMENT");
            refused(&api.delete(&path).await, 400, "INVALID_ARGUMENT");
        }
        refused(&api.post(&format!("/v2/roles/a%20b/{kind}/search"), &json!({})).await, 400, "INVALID_ARGUMENT");
    }
    let detail = refused(&api.put("/v2/roles/a%20b/users/c%20d", &json!({})).await, 400, "INVALID_ARGUMENT");
    assert!(detail.contains("roleId") && detail.contains("username"), "{detail}");
    // Groups of a provider may contain slashes; no stored group has such an ID.
    refused(&api.put("/v2/roles/paths/groups/a%2Fb", &json!({})).await, 404, "NOT_FOUND");
    assert_eq!(found(api.post("/v2/roles/paths/clients/search", &json!({})).await).1, 0);
}

#[tokio::test]
async fn what_is_deleted_is_a_member_no_more() {
    let local = Local::shared().await;
    let api = local.admin();
    created(api.post("/v2/tenants", &json!({"tenantId": "gone", "name": "n"})).await);
    for (kind, path) in
        [("users", "users"), ("groups", "groups"), ("roles", "roles"), ("mapping-rules", "mapping-rules")]
    {
        let id = format!("gone.{kind}");
        member(&local, kind, &id).await;
        done(api.put(&format!("/v2/tenants/gone/{kind}/{id}"), &json!({})).await);
        done(api.delete(&format!("/v2/{path}/{id}")).await);
        assert_eq!(found(api.post(&format!("/v2/tenants/gone/{kind}/search"), &json!({})).await).1, 0);
        member(&local, kind, &id).await;
        assert_eq!(found(api.post(&format!("/v2/tenants/gone/{kind}/search"), &json!({})).await).1, 0);
    }
}

//! Age of the data used for decisions: the database stops responding, or a replica was suspended.

use std::time::{Duration, Instant};

use identity_testkit::{Api, Proxy, Reply, Server};
use reqwest::{Method, Url};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::support::{Local, Store, created, done, eventually};

async fn health(management: &Api, status: u16, wanted: &str) -> Value {
    eventually(&format!("{status} with store {wanted}"), async || {
        let reply = management.get("/actuator/health/readiness").await;
        let store = &reply.json()["components"]["store"];
        if reply.status == status && store["status"] == wanted { Ok(store.clone()) } else { Err(reply.text) }
    })
    .await
}

#[track_caller]
fn refused(reply: &Reply, status: u16, words: &str) {
    assert!(reply.status == status && reply.text.contains(words), "{reply:?}");
    assert_eq!(reply.header("retry-after").is_some(), status == 503, "{reply:?}");
}

fn revision(reply: &Reply) -> u64 {
    reply.header("x-identity-revision").and_then(|text| text.parse().ok()).expect("a revision")
}

async fn with(api: &Api, header: &str, value: u64, path: &str) -> Reply {
    api.send(api.request(Method::GET, path).header(header, value)).await
}

/// Starts two replicas on one database. The second reaches it through a proxy that can be silenced.
async fn replicas() -> Option<(Local, Server, Proxy)> {
    let store = Store::postgres().await?;
    let mut url = Url::parse(store.url()).expect("a URL");
    let proxy = Proxy::to(format!("{}:{}", url.host_str().expect("a host"), url.port().unwrap_or(5432))).await;
    proxy.open();
    url.set_host(Some("127.0.0.1")).expect("a host");
    url.set_port(Some(proxy.address().port())).expect("a port");
    let launch =
        store.launch(&["dev"]).env("IDENTITY_STORE_POSTGRES_URL", url).env("IDENTITY_CONSISTENCY_MAX_AGE", "10s");
    let one = Local::start(store).await;
    Some((one, launch.start().await, proxy))
}

fn admin(server: &Server) -> Api {
    server.http().clone().basic("demo", "demo")
}

const GROUPS: &str = "/v2/groups/search";

async fn reads(api: &Api) -> Reply {
    api.post(GROUPS, &json!({})).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_was_revoked_ends_within_the_bound_behind_a_silent_network_on_postgres() {
    let Some((one, two, proxy)) = replicas().await else { return };
    let _ = one.user("ann").await;
    let key = one.allow("ann", "GROUP", "*", &["READ"]).await;
    let ann = two.http().clone().basic("ann", "secret");
    eventually("ann's right", async || match ann.post("/v2/groups/sales/users/search", &json!({})).await {
        reply if reply.status != 401 => Ok(()),
        reply => Err(reply.text),
    })
    .await;

    proxy.be_silent();
    let silent = Instant::now();
    done(one.admin().delete(&format!("/v2/authorizations/{key}")).await);
    let store = health(two.management(), 200, "DEGRADED").await;
    assert!(store["detail"].as_str().is_some_and(|text| text.contains("old")), "{store}");
    // While the database is known to be unavailable, changes are rejected, and denials returned, without waiting.
    let begun = Instant::now();
    refused(&admin(&two).delete("/v2/groups/none").await, 503, "could not be confirmed");
    assert_eq!(ann.post("/v2/users/search", &json!({})).await.status, 200);
    refused(&ann.delete("/v2/groups/none").await, 403, "DELETE");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());

    let store = health(two.management(), 503, "DOWN").await;
    assert!(silent.elapsed() < Duration::from_secs(15), "{:?}", silent.elapsed());
    assert!(store["detail"].as_str().is_some_and(|text| text.contains("consistency.max-age")), "{store}");
    refused(&reads(&ann).await, 503, "last confirmed");
    refused(&admin(&two).get("/v2/authentication/me").await, 503, "last confirmed");
    let metrics = two.management().get("/actuator/prometheus").await.text;
    let age = metrics.lines().find_map(|line| line.strip_prefix("identity_world_age_seconds "));
    assert!(age.and_then(|age| age.parse::<f64>().ok()).is_some_and(|age| age > 10.0), "{age:?}");

    proxy.open();
    health(two.management(), 200, "UP").await;
    assert_eq!(reads(&ann).await.json()["page"]["totalItems"], 0);
    created(admin(&two).post("/v2/groups", &json!({"groupId": "sales", "name": "Sales"})).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_was_suspended_does_not_answer_from_the_past_on_postgres() {
    let Some((one, two, _proxy)) = replicas().await else { return };
    created(one.admin().post("/v2/groups", &json!({"groupId": "sales", "name": "Sales"})).await);
    let _ = one.user("ann").await;
    for round in 0..3 {
        let key = one.allow("ann", "GROUP", "*", &["READ"]).await;
        let ann = two.http().clone().basic("ann", "secret");
        eventually("ann's right", async || match reads(&ann).await {
            reply if reply.json()["page"]["totalItems"] == 1 => Ok(()),
            reply => Err(reply.text),
        })
        .await;
        two.suspend();
        done(one.admin().delete(&format!("/v2/authorizations/{key}")).await);
        // The requests wait for the replica to resume.
        let asking: Vec<_> = (0..30)
            .map(|_| {
                let ann = ann.clone();
                tokio::spawn(async move { reads(&ann).await })
            })
            .collect();
        sleep(Duration::from_secs(4)).await;
        two.resume();
        for answer in asking {
            let reply = answer.await.expect("an answer");
            assert_eq!(reply.json()["page"]["totalItems"], 0, "round {round}: {reply:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_user_and_a_new_password_are_there_at_the_revision_that_made_them_on_postgres() {
    let Some((one, two, _proxy)) = replicas().await else { return };
    for n in 0..10 {
        let name = format!("user{n}");
        let user = json!({"username": name, "password": "first"});
        let made = revision(&one.admin().post("/v2/users", &user).await.expect_status(201));
        let me = "/v2/authentication/me";
        let first = two.http().clone().basic(&name, "first");
        let _ = with(&first, "x-identity-min-revision", made, me).await.expect_status(200);
        let change = json!({"name": name, "email": format!("{name}@example.org"), "password": "second"});
        let changed = one.admin().put(&format!("/v2/users/{name}"), &change).await.expect_status(200);
        let second = two.http().clone().basic(&name, "second");
        let _ = with(&second, "x-identity-min-revision", revision(&changed), me).await.expect_status(200);
        refused(&with(&first, "x-identity-min-revision", revision(&changed), me).await, 401, "password");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_may_demand_an_age_on_postgres() {
    let Some((one, two, proxy)) = replicas().await else { return };
    for n in 0..10 {
        let id = format!("g{n}");
        created(one.admin().post("/v2/groups", &json!({"groupId": id, "name": "G"})).await);
        let reply = with(&admin(&two), "x-identity-max-age", 0, &format!("/v2/groups/{id}")).await.expect_status(200);
        let age = reply.header("x-identity-world-age").and_then(|age| age.parse::<f64>().ok());
        assert!(age.is_some_and(|age| age < 5.0), "{reply:?}");
    }
    let reply = admin(&two).get("/v2/groups/g1").await.expect_status(200);
    assert_eq!(reply.header("x-identity-world-age"), None);
    let words = admin(&two);
    let words = words.send(words.request(Method::GET, "/v2/groups/g1").header("x-identity-max-age", "new")).await;
    refused(&words, 400, "X-Identity-Max-Age");
    // Only an authenticated caller causes a query to the store.
    assert_eq!(with(&two.http().clone(), "x-identity-max-age", 0, "/v2/groups/g1").await.status, 401);
    proxy.be_silent();
    health(two.management(), 200, "DEGRADED").await;
    refused(&with(&admin(&two), "x-identity-max-age", 1, "/v2/groups/g1").await, 503, "last confirmed");
}

/// Switch-over: the old primary stops accepting writes, and later the new one accepts them at the same address.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_accepts_no_writes_is_said_and_over_when_it_does_on_postgres() {
    let Some((one, two, _proxy)) = replicas().await else { return };
    let role = json!({"roleId": "sales", "name": "Sales"});
    created(one.admin().post("/v2/roles", &role).await);
    let alter = |change: &str| {
        let statement = format!("ALTER DATABASE %I {change} default_transaction_read_only");
        let on = if change == "SET" { " = on" } else { "" };
        format!("DO $$ BEGIN EXECUTE format('{statement}{on}', current_database()); END $$")
    };
    one.store.execute(&one.launch, alter("SET")).await;
    one.store.execute(&one.launch, DISCONNECT.to_owned()).await;
    for server in [&one.server, &two] {
        let store = health(server.management(), 200, "DEGRADED").await;
        assert!(store["detail"].as_str().is_some_and(|text| text.contains("read-only")), "{store}");
        let begun = Instant::now();
        refused(&admin(server).delete("/v2/roles/sales").await, 503, "read-only");
        assert!(begun.elapsed() < Duration::from_secs(5));
        let _ = admin(server).get("/v2/roles/sales").await.expect_status(200);
    }
    one.store.execute(&one.launch, format!("BEGIN READ WRITE; {}; COMMIT", alter("RESET"))).await;
    for server in [&one.server, &two] {
        health(server.management(), 200, "UP").await;
    }
    done(admin(&two).delete("/v2/roles/sales").await);
    created(one.admin().post("/v2/roles", &role).await);
}

/// Closes all connections except the current one, as a restart does.
const DISCONNECT: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
    WHERE datname = current_database() AND pid <> pg_backend_pid()";

//! Two servers on one database.

use identity_testkit::{Api, Reply, Server};
use reqwest::Method;
use serde_json::json;

use crate::support::{Forge, ROOT, Store, column, eventually, oidc, refused};

struct Pair {
    forge: Forge,
    servers: [Server; 2],
    _store: Store,
}

impl Pair {
    /// Starts two servers at the same time on an empty database. Returns `None` if the test is skipped.
    async fn start() -> Option<Self> {
        let store = Store::postgres().await?;
        let forge = Forge::start("").await;
        let launch = || oidc(&store, forge.issuer(), ROOT);
        let (one, two) = (launch(), launch());
        let (one, two) = tokio::join!(one.start(), two.start());
        Some(Self { forge, servers: [one, two], _store: store })
    }

    fn admins(&self) -> [Api; 2] {
        let token = self.forge.token(&json!({"sub": ROOT}));
        self.servers.each_ref().map(|server| server.http().bearer(&token))
    }
}

fn revision(reply: &Reply) -> u64 {
    let revision = reply.header("x-identity-revision").and_then(|revision| revision.parse().ok());
    revision.unwrap_or_else(|| panic!("no revision: {reply:?}"))
}

async fn get_at_least(api: &Api, revision: u64, path: &str) -> Reply {
    api.send(api.request(Method::GET, path).header("x-identity-min-revision", revision)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_start_together_make_the_defaults_once_on_postgres() {
    let Some(store) = Store::postgres().await else { return };
    let forge = Forge::start("").await;
    let launches = [(); 3].map(|()| oidc(&store, forge.issuer(), ROOT));
    let [one, two, three] = &launches;
    let servers = tokio::join!(one.start(), two.start(), three.start());
    let mut seen = Vec::new();
    for server in [&servers.0, &servers.1, &servers.2] {
        let api = server.http().bearer(forge.token(&json!({"sub": ROOT})));
        let mut lists = Vec::new();
        for list in ["tenants", "roles", "mapping-rules", "authorizations"] {
            lists.push(api.get(&format!("/api/{list}")).await.expect_status(200).json());
        }
        seen.push(lists);
    }
    assert!(seen.iter().all(|lists| *lists == seen[0]), "{seen:#?}");
    let records = store.audit(one).await;
    for (kind, key) in [("TENANT", "<default>"), ("ROLE", "admin"), ("MAPPING_RULE", "Default")] {
        let made = records.iter().filter(|record| {
            (&*record.operation, &*record.entity_type, &*record.entity_key, &*record.result)
                == ("CREATE", kind, key, "SUCCESS")
        });
        assert_eq!(made.count(), 1, "{kind} {key}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_on_one_is_seen_on_the_other_on_postgres() {
    let Some(pair) = Pair::start().await else { return };
    let [one, two] = pair.admins();
    for n in 0..10 {
        let (writer, reader) = if n % 2 == 0 { (&one, &two) } else { (&two, &one) };
        let tenant = json!({"tenantId": format!("t{n}"), "name": "T"});
        let at = format!("/api/tenants/t{n}");
        let written = revision(&writer.post("/api/tenants", &tenant).await.expect_status(201));
        // A writer reads its own write at once. A caller with the revision may require it. Other callers see it shortly
        // after.
        assert_eq!(writer.get(&at).await.expect_status(200).json(), tenant);
        if n < 6 {
            assert!(revision(&get_at_least(reader, written, &at).await.expect_status(200)) >= written);
        } else {
            eventually("the other's write", async || match reader.get(&at).await {
                reply if reply.status == 200 => Ok(()),
                reply => Err(reply.text),
            })
            .await;
        }
    }
    // A permission that is revoked on one replica is revoked on the other as soon as its revision is required.
    let rule = crate::support::rule("Reader", ("sub", "ann"), "ROLE", &["ManagementIdentity"]);
    let ann = pair.servers[1].http().bearer(pair.forge.token(&json!({"sub": "ann"})));
    let given = revision(&one.post("/api/mapping-rules", &rule).await.expect_status(201));
    let _ = get_at_least(&ann, given, "/api/roles").await.expect_status(200);
    let taken = revision(&one.delete("/api/mapping-rules/Reader").await.expect_status(204));
    refused(&get_at_least(&ann, taken, "/api/roles").await, 403, "forbidden");
    // This revision does not exist yet.
    let reply = get_at_least(&two, taken + 1, "/api/roles").await;
    refused(&reply, 503, "revision_not_reached");
    assert!(reply.header("retry-after").is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revisions_only_ascend_on_postgres() {
    let Some(pair) = Pair::start().await else { return };
    let apis = pair.admins();
    let (mut last_written, mut last_read) = (0, [0; 2]);
    for n in 0..20 {
        let writer = &apis[n % 2];
        let written = revision(&writer.post("/api/groups", &json!({"name": format!("G{n}")})).await.expect_status(201));
        assert!(written > last_written, "{written} after {last_written}");
        last_written = written;
        for (api, last) in apis.iter().zip(&mut last_read) {
            let read = revision(&api.get("/api/groups?resultSize=1").await.expect_status(200));
            assert!(read >= *last && read <= written, "{read} after {last}, written {written}");
            *last = read;
        }
        assert_eq!(last_read[n % 2], written, "a server has read what it wrote");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_creations_wins_on_postgres() {
    let Some(pair) = Pair::start().await else { return };
    let [one, two] = pair.admins();
    for n in 0..10 {
        let tenant = json!({"tenantId": format!("t{n}"), "name": "T"});
        let (a, b) = tokio::join!(one.post("/api/tenants", &tenant), two.post("/api/tenants", &tenant));
        let (won, lost) = if a.status == 201 { (a, b) } else { (b, a) };
        let written = revision(&won.expect_status(201));
        refused(&lost, 409, "exists");
        let lists =
            [get_at_least(&one, written, "/api/tenants").await, get_at_least(&two, written, "/api/tenants").await];
        for list in lists {
            let ids = column(&list.expect_status(200).json(), "tenantId");
            assert_eq!(ids.len(), n + 2, "{ids:?}");
        }
    }
}

//! `identity-server dev`: a usable server from an empty directory.

use std::process::Command;

use identity_testkit::{Launch, skip};
use serde_json::json;
use tokio::net::TcpStream;

use crate::support::{Store, column, created, refused, shows};

on_each_store!(the_demo_user_administers, what_is_printed_works);

fn launch(store: &Store) -> Launch {
    store.launch(&["dev"])
}

async fn the_demo_user_administers(store: Store) {
    let launch = launch(&store);
    let server = launch.start().await;
    let demo = server.http().basic("demo", "demo");
    shows(demo.get("/api/me").await, &json!({"name": "Demo"}));
    shows(demo.get("/api/me/permissions").await, &json!(["read", "read:users", "write"]));
    shows(demo.get("/api/tenants/for-token").await, &json!([{"tenantId": "<default>", "name": "Default"}]));
    for wrong in
        [server.http().basic("demo", "Demo"), server.http().basic("", ""), server.http().basic("nobody", "demo")]
    {
        let reply = wrong.get("/api/me").await;
        refused(&reply, 401, "password");
        assert_eq!(reply.header("www-authenticate"), Some(r#"Basic realm="identity", charset="UTF-8""#));
    }
    refused(&server.http().bearer("a.b.c").get("/api/me").await, 401, "scheme_not_offered");
    // Mapping rules match claims of tokens. Without tokens there are no rules.
    refused(&demo.get("/api/mapping-rules").await, 404, "no_such_path");

    // Only stored users can be members.
    let sales = created(demo.post("/api/groups", &json!({"name": "Sales"})).await)["id"].clone();
    let users = format!("/api/groups/{}/users", sales.as_str().expect("an id"));
    refused(&demo.post(&users, &json!({"userId": "nobody"})).await, 404, "missing");
    crate::support::done(demo.post(&users, &json!({"userId": "demo"})).await);
    shows(
        demo.get(&users).await,
        &json!([{"id": "demo", "username": "demo", "name": "Demo", "email": "", "enabled": true}]),
    );

    let exited = server.terminate().await;
    assert_eq!(exited.status.code(), Some(0), "{exited:?}");
    let server = launch.start().await;
    let demo = server.http().basic("demo", "demo");
    assert_eq!(column(&demo.get("/api/groups").await.expect_status(200).json(), "name"), ["Sales"]);
    shows(demo.get("/api/groups/for-token").await, &json!([sales]));
    refused(&server.http().basic("demo", "wrong").get("/api/me").await, 401, "password");
}

async fn what_is_printed_works(store: Store) {
    let server = launch(&store).start().await;
    let output = server.says("Ctrl-C").await;
    assert!(output.contains("`demo`"), "{output}");
    let commands: Vec<_> = output.lines().map(str::trim).filter(|line| line.starts_with("curl ")).collect();
    assert!(commands.len() >= 5, "{output}");
    for command in commands {
        let silent = command.replacen("curl ", "curl --silent --show-error --fail --max-time 60 ", 1);
        let ran = Command::new("/bin/sh").args(["-c", &silent]).output().expect("a shell");
        if ran.status.code() == Some(127) {
            skip("there is no curl");
            return;
        }
        let answer = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success() && answer.starts_with(['{', '[']), "{command}: {ran:?}");
    }
}

/// Well-known credentials must be usable from this machine only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_listens_on_this_machine_only() {
    let server = Launch::new(&["dev"]).start().await;
    let listening = server.output().lines().find(|line| line.starts_with("listening ")).expect("a line").to_owned();
    let ports: Vec<u16> =
        listening.split(' ').filter_map(|word| word.split_once("=127.0.0.1:")?.1.parse().ok()).collect();
    assert_eq!(ports.len(), 2, "{listening}");
    for port in ports {
        assert!(TcpStream::connect(("127.0.0.1", port)).await.is_ok());
        // A server that listens on all addresses would also answer on every address of 127.0.0.0/8.
        assert!(TcpStream::connect(("127.0.0.2", port)).await.is_err(), "port {port}");
    }
}

//! Time to the first row of the admin UI's lists, and of bulk changes, in a browser whose processor is slowed down by
//! the factor 4, with 10,000 users and 100,000 authorizations. `tests/clients/browser/speed.mjs` has the cases.
//!
//! Requires `identity-server` of the same build in the same directory, and a browser.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark reports by printing and panicking")]

use std::fmt::Write as _;

use identity_bench::measure::asked_for;
use identity_bench::report::record;
use identity_testkit::{Api, Launch, output_in_a_browser};
use reqwest::Method;
use serde_json::{Value, json};

const USERS: usize = 10_000;
const AUTHORIZATIONS: usize = 100_000;
/// Goal of each case, in milliseconds.
const WITHIN: f64 = 1000.0;

/// A group with all users, and ten authorizations of each.
fn commands() -> impl Iterator<Item = Value> {
    let group = json!({"createGroup": {"groupId": "staff", "name": "Staff"}});
    let users = (0..USERS).flat_map(|n| {
        let name = format!("user-{n}");
        let email = format!("{name}@example.org");
        [
            json!({"createUser": {"username": name, "name": format!("User {n}"), "email": email}}),
            json!({"addMember": {
                "containerType": "GROUP", "containerId": "staff", "memberType": "USER", "memberId": name
            }}),
        ]
    });
    let authorizations = (0..AUTHORIZATIONS).map(|n| {
        let kind = if n % 2 == 0 { "PROCESS_DEFINITION" } else { "DECISION_DEFINITION" };
        json!({"createAuthorization": {
            "entityType": "USER", "entityId": format!("user-{}", n % USERS), "resourceType": kind,
            "resourceKey": format!("resource-{n}"), "permissions": [format!("READ_{kind}")]
        }})
    });
    std::iter::once(group).chain(users).chain(authorizations)
}

async fn fill(admin: &Api) {
    let body = commands().fold(String::new(), |mut lines, command| {
        writeln!(lines, "{command}").expect("a line");
        lines
    });
    let request = admin.request(Method::POST, "/api/bulk").header("Content-Type", "application/x-ndjson").body(body);
    let reply = admin.send(request).await.expect_status(200);
    let last = reply.text.lines().last().expect("a line");
    assert!(last.contains(r#""status":"DONE""#), "{last}");
}

#[tokio::main]
async fn main() {
    if !asked_for() {
        return;
    }
    let server = Launch::new(&["dev"]).start().await;
    fill(&server.http().clone().basic("demo", "demo")).await;
    let task = "first_rows_and_bulk_changes_are_timed";
    let Some(output) = output_in_a_browser("speed", task, server.http().base()).await else { return };
    println!("\n### Admin UI, 4 × slower processor\n\n| case | median | maximum | goal |\n|---|---|---|---|");
    for line in output.lines() {
        let Ok([measure, case, median, maximum]) = <[&str; 4]>::try_from(line.split('\t').collect::<Vec<_>>()) else {
            continue;
        };
        let time: f64 = median.parse().expect("milliseconds");
        let reached = if time <= WITHIN { "ok" } else { "**missed**" };
        println!("| {measure}: {case} | {median} ms | {maximum} ms | ≤ {WITHIN} ms: {reached} |");
        record(&format!("admin UI, 4 × slower: {measure}"), time, case);
    }
}

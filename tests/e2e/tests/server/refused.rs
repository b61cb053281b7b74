//! Start-up failure despite a readable configuration: the database rejects the server.

use std::time::Duration;

use identity_testkit::{Launch, RefusingPostgres};
use reqwest::Url;
use tokio::time::timeout;

use crate::support::Store;

/// Timeout, far longer than the attempts take.
const PATIENCE: Duration = Duration::from_secs(60);

async fn ends_with_1(launch: &Launch, said: &[&str]) {
    let ended = timeout(PATIENCE, launch.begin().listening()).await.expect("it ends");
    let exited = ended.err().expect("it does not start");
    assert_eq!(exited.status.code(), Some(1), "{exited:#?}");
    for text in said {
        assert!(exited.stderr.contains(text), "`{text}` is not said: {exited:#?}");
    }
    assert!(!exited.stderr.contains("s3cret"), "{exited:#?}");
}

fn on(url: &str) -> Launch {
    Launch::new(&["serve"]).env("IDENTITY_PROFILE", "builtin").env("IDENTITY_STORE_POSTGRES_URL", url)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_ends_the_start_after_a_few_attempts() {
    let server = RefusingPostgres::start().await;
    let launch = on(&format!("postgres://ann:s3cret@127.0.0.1:{}/d", server.port()));
    ends_with_1(&launch, &["the database rejected this server", "`password`", "password authentication failed"]).await;
    let attempts = server.passwords().len();
    assert!((3..=10).contains(&attempts), "{attempts}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_database_and_an_unknown_role_end_the_start() {
    let Some(store) = Store::postgres().await else { return };
    let mut url = Url::parse(store.url()).expect("a URL");
    url.set_path("/no_such_database");
    ends_with_1(&on(url.as_str()), &["the database rejected this server", "\"no_such_database\" does not exist"]).await;
    let mut url = Url::parse(store.url()).expect("a URL");
    url.set_username("no_such_role").expect("a user");
    ends_with_1(&on(url.as_str()), &["the database rejected this server", "no_such_role"]).await;
}

//! The number of sessions of a user is limited: beyond the limit, the oldest session ends.

use identity_testkit::{Api, Browser};

use super::{SESSION, asks, at, hidden};
use crate::support::{Local, Store, refused};

on_each_store!(the_oldest_session_of_a_user_ends_with_one_too_many);

async fn signed_in(server: &Api) -> Browser {
    let mut browser = Browser::default();
    let page = browser.get(at(server, "/auth/login")).await.expect_status(200);
    let token = hidden(&page, "_csrf");
    let fields = [("username", "demo"), ("password", "demo"), ("_csrf", &*token)];
    let _in = browser.submit(at(server, "/auth/login"), &fields).await.expect_status(303);
    assert!(browser.cookie(SESSION).is_some());
    browser
}

async fn the_oldest_session_of_a_user_ends_with_one_too_many(store: Store) {
    let launch = store.launch(&["dev"]).env("IDENTITY_SESSION_MAX_PER_USER", "3");
    let local = Local { server: launch.start().await, launch, store };
    let server = local.anonymous();
    let mut browsers = Vec::new();
    for _ in 0..5 {
        browsers.push(signed_in(&server).await);
    }
    for (number, browser) in browsers.iter_mut().enumerate() {
        let reply = asks(browser, &server, "/api/me").await;
        if number < 2 {
            refused(&reply, 401, "session_ended");
        } else {
            assert_eq!(reply.status, 200, "session {number}");
        }
    }
    let ended = local.audit().await;
    let ended = ended.iter().filter(|entry| entry.reason.as_deref() == Some("too_many_sessions"));
    assert_eq!(ended.count(), 2);
}

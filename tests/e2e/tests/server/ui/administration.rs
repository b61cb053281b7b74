//! Permissions that lead to administration, in a real browser; see `tests/clients/browser/administration.mjs`.

use identity_testkit::in_a_browser;

use crate::support::{Local, Store};

/// Each task has its own server, because other tasks would see the permissions in their reviews.
macro_rules! tasks {
    ($($task:ident),+ $(,)?) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $task() {
            let local = Local::start(Store::sqlite()).await;
            in_a_browser("administration", stringify!($task), local.anonymous().base()).await;
        }
    )+ };
}

tasks!(
    a_grant_that_leads_to_administration_says_so,
    a_deletion_counts_the_authorizations_that_go_with_it,
    names_that_look_alike_are_marked,
);

//! Admin UI with users and applications stored in Keycloak.

use identity_testkit::{Keycloak, Proxy, in_a_browser};

use crate::support::creating;

async fn in_the_browser(task: &str) {
    let Some(keycloak) = Keycloak::shared().await else { return };
    let door = Proxy::to_come().await;
    let public = format!("http://{}", door.address());
    let realm = keycloak.existing(keycloak.fresh_name());
    let launch = creating(keycloak.base(), &realm.name).env("IDENTITY_SERVER_PUBLIC_URL", &public);
    let server = launch.start().await;
    door.lead_to(server.http().base().trim_start_matches("http://"));
    in_a_browser("keycloak", task, &public).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_and_applications_are_managed_in_a_browser() {
    in_the_browser("people_and_applications_are_managed").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn daily_work_with_people_in_keycloak() {
    in_the_browser("daily_work_with_people_in_keycloak").await;
}

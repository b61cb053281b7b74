//! Admin UI with users and applications stored in Keycloak.

use identity_testkit::{Keycloak, Proxy, in_a_browser};

use crate::support::creating;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_and_applications_are_managed_in_a_browser() {
    let Some(keycloak) = Keycloak::shared().await else { return };
    let door = Proxy::to_come().await;
    let public = format!("http://{}", door.address());
    let realm = keycloak.existing(keycloak.fresh_name());
    let launch = creating(keycloak.base(), &realm.name).env("IDENTITY_SERVER_PUBLIC_URL", &public);
    let server = launch.start().await;
    door.lead_to(server.http().base().trim_start_matches("http://"));
    in_a_browser("keycloak", "people_and_applications_are_managed", &public).await;
}

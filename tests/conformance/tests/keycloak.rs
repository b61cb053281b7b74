//! The contract of the directory ports, on a real Keycloak. Each case has its own realm, accessed by a client with the
//! least sufficient roles.

#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::sync::Arc;

use identity_adapters_keycloak::{Coordination, Credentials, Keycloak, KeycloakSettings};
use identity_conformance::directories::{Directory, FOREIGN};
use identity_conformance::directory_suite;
use identity_conformance::sample::NOW;
use identity_core::fake::{FixedClock, MemoryInstallation};
use identity_core::port::LocalLocks;
use identity_core::service::Cutoffs;
use identity_core::value::{ClientId, Secret};
use serde_json::json;

async fn fresh() -> Option<Arc<dyn Directory>> {
    let realm = identity_testkit::Keycloak::shared().await?.realm().await;
    realm.create("/client-scopes", &json!({"name": "camunda-identity", "protocol": "openid-connect"})).await;
    let client = realm.client("camunda-identity", "s3cret", &[], json!({})).await;
    realm.client(FOREIGN, "theirs", &[], json!({})).await;
    let account = realm.service_account(&client).await;
    realm.grant(&account, "realm-management", &["manage-clients", "manage-realm", "manage-users"]).await;
    let own = ClientId::parse("camunda-identity").unwrap();
    let credentials = Credentials::Client { client_id: own.clone(), secret: Secret::new("s3cret".to_owned()) };
    let settings = KeycloakSettings::new(realm.base().parse().unwrap(), &realm.name, own, credentials);
    let cutoffs = Cutoffs::new(Arc::new(MemoryInstallation::default()), Arc::new(FixedClock::new(NOW)));
    let locks = Arc::new(LocalLocks::default());
    let coordination = Coordination { locks, cutoffs: Arc::new(cutoffs), installation: None };
    Some(Arc::new(Keycloak::new(settings, coordination).unwrap()))
}

directory_suite!(fresh);

//! The APIs of this installation, whose tokens' bearers are resolved.

use std::collections::BTreeSet;

use identity_core::preset::PLATFORM_AUDIENCES;

use crate::config::Config;

/// The audiences of the APIs of this installation, beside those that roles name: the platform's, and those in the
/// configuration.
pub(super) fn resolved(config: &Config) -> Option<BTreeSet<String>> {
    let own = config.authentication.resolved_apis.as_ref()?.iter().map(ToString::to_string);
    let platform = PLATFORM_AUDIENCES.into_iter().map(str::to_owned);
    let keycloak = config.keycloak.iter().flat_map(|keycloak| &keycloak.clients);
    let of_clients = keycloak.flat_map(|client| &client.permissions).map(|permission| permission.audience.to_string());
    Some(own.chain(platform).chain(of_clients).collect())
}

//! Audiences of the APIs of this installation. The `for-token` endpoints accept tokens for them.

use std::collections::BTreeSet;

use identity_core::preset::PLATFORM_AUDIENCES;

use crate::config::Config;

/// Returns the audiences of the platform, of the configured clients and components, and further configured ones.
/// Audiences that roles refer to are accepted as well. `None` if tokens must be intended for this service.
pub(super) fn resolved(config: &Config) -> Option<BTreeSet<String>> {
    let own = config.authentication.resolved_apis.as_ref()?.iter().map(ToString::to_string);
    let platform = PLATFORM_AUDIENCES.into_iter().map(str::to_owned);
    let keycloak = config.keycloak.iter().flat_map(|keycloak| &keycloak.clients);
    let of_clients = keycloak.flat_map(|client| &client.permissions).map(|permission| permission.audience.to_string());
    let of_components = config.components.audiences().into_iter().map(|audience| audience.to_string());
    Some(own.chain(platform).chain(of_clients).chain(of_components).collect())
}

#[cfg(test)]
mod tests {
    use crate::config::Sources;

    use super::*;

    fn known(document: &str) -> Option<BTreeSet<String>> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("identity.yaml");
        std::fs::write(&file, document).unwrap();
        resolved(&Sources { files: vec![file], ..Sources::default() }.load().unwrap().config)
    }

    #[test]
    fn apis_are_the_platforms_those_of_components_and_those_of_the_operator() {
        let provider = "profile: oidc\nbootstrap: {initial-claim: {value: v}}\nauthentication:\n  providers: {main: {issuer: 'https://id.example', audiences: [api]}}\n";
        let component =
            "components: {orders: {apis: [{audience: orders-api, name: Orders, permissions: [{definition: read}]}]}}\n";
        let more = "  token-resolution: {audiences: [more-api]}\n";
        let apis = known(&format!("{provider}{more}{component}")).unwrap();
        for audience in ["zeebe-api", "optimize-api", "orders-api", "more-api"] {
            assert!(apis.contains(audience), "{audience}: {apis:?}");
        }
        assert_eq!(known(&format!("{provider}  token-resolution: {{any-known-api: false}}\n")), None);
    }
}

//! Users and clients of OpenID Connect providers, by token.

use std::sync::Arc;

use identity_adapters_oidc::{IssuerSettings, OidcTokenVerifier, UserInfoSettings, VerifierSettings};
use identity_core::port::Clock;
use identity_core::resolve::PrincipalClaims;
use identity_core::world::Sources;

use super::AssemblyError;
use crate::config::{Authentication, Config, Provider};

pub(super) fn sources(config: &Config) -> Sources {
    Sources::Provider { groups_claimed: config.authentication.claims_groups() }
}

pub(super) fn verifier(config: &Config, clock: &Arc<dyn Clock>) -> Result<Arc<OidcTokenVerifier>, AssemblyError> {
    let authentication = &config.authentication;
    let mut settings = VerifierSettings {
        max_token_bytes: authentication.max_token_bytes,
        cache_entries: authentication.token_cache_entries,
        ..VerifierSettings::default()
    };
    settings.http.extra_ca_pem = super::extra_authorities(authentication)?;
    let issuers = authentication.providers.iter().map(|provider| issuer(provider, authentication)).collect();
    Ok(Arc::new(OidcTokenVerifier::new(issuers, settings, Arc::clone(clock))?))
}

fn issuer(provider: &Provider, all: &Authentication) -> IssuerSettings {
    let claims = PrincipalClaims {
        username: provider.username_claim.clone(),
        client_id: provider.client_id_claim.clone(),
        groups: provider.groups_claim.clone(),
        prefer_username: provider.prefer_username_claim,
        namespace: all.namespace_of(provider),
    };
    let audiences = provider.audiences.iter().map(ToString::to_string).collect();
    IssuerSettings {
        back_channel: provider.backend_url.as_ref().map(ToString::to_string),
        jwks_url: provider.jwks_url.as_ref().map(ToString::to_string),
        extra_jwks_urls: provider.additional_jwks_urls.iter().map(ToString::to_string).collect(),
        algorithms: provider.algorithms.iter().filter_map(|name| name.parse().ok()).collect(),
        clock_skew: provider.clock_skew,
        require_access_token_type: provider.require_at_jwt,
        client_id: provider.client.as_ref().map(|client| client.id.clone()),
        accept_id_tokens: provider.accept_id_tokens,
        allow_http: provider.allow_insecure_http,
        user_info: provider.user_info_augmentation.map(|augmentation| UserInfoSettings {
            url: provider.user_info_url.as_ref().map(ToString::to_string),
            ttl: augmentation.cache_ttl,
            negative_ttl: augmentation.negative_cache_ttl,
        }),
        ..IssuerSettings::new(provider.issuer.clone(), audiences, claims)
    }
}

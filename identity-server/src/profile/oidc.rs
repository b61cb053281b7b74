//! Profile `oidc`, for users and clients of OpenID Connect providers, authenticated by token.

use std::sync::Arc;

use identity_adapters_oidc::{IssuerSettings, OidcTokenVerifier, TokenHabits, UserInfoSettings, VerifierSettings};
use identity_core::port::Clock;
use identity_core::resolve::{ClaimForm, ClaimReader, PrincipalClaims};
#[cfg(feature = "oidc")]
use identity_core::world::Sources;

use super::AssemblyError;
use crate::config::{self, Authentication, Config, Provider};

#[cfg(feature = "oidc")]
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
    let habits = habits(provider);
    let form = habits.groups_form.clone();
    let claims = PrincipalClaims {
        username: provider.username_claim.clone(),
        client_id: provider.client_id_claim.clone(),
        groups: provider.groups_claim.clone().map(|selector| ClaimReader { selector, form }),
        prefer_username: provider.prefer_username_claim,
        username_case: provider.username_case,
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
        habits,
        allow_http: provider.allow_insecure_http,
        user_info: provider.user_info_augmentation.map(|augmentation| UserInfoSettings {
            url: provider.user_info_url.as_ref().map(ToString::to_string),
            ttl: augmentation.cache_ttl,
            negative_ttl: augmentation.negative_cache_ttl,
        }),
        ..IssuerSettings::new(provider.issuer.clone(), audiences, claims)
    }
}

/// Returns the peculiarities of the provider's tokens: the configured ones, else the defaults of the provider product.
fn habits(provider: &Provider) -> TokenHabits {
    let usual = TokenHabits::of(super::sign_in::kind(provider.kind), &provider.issuer);
    let own = provider.habits.clone();
    let marks = own.id_token_marks.map(|marks| marks.into_iter().map(str::to_owned).collect());
    TokenHabits {
        audience_claim: own.audience_claim.or(usual.audience_claim),
        access_token_types: own.access_token_types.unwrap_or(usual.access_token_types),
        id_token_marks: marks.unwrap_or(usual.id_token_marks),
        access_token_issuer: own.access_token_issuer.or(usual.access_token_issuer),
        groups_form: own.groups_form.map_or(usual.groups_form, form),
    }
}

fn form(form: config::ClaimForm) -> ClaimForm {
    match form {
        config::ClaimForm::List => ClaimForm::List,
        config::ClaimForm::Split(separator) => ClaimForm::Split(separator),
        config::ClaimForm::Json => ClaimForm::Json,
        config::ClaimForm::Keys => ClaimForm::Keys,
        config::ClaimForm::Field(name) => ClaimForm::Field(name),
    }
}

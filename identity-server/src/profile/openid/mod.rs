//! OpenID Connect providers, by the adapter `identity-adapters-oidc`.

mod client;
mod findings;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use identity_adapters_oidc::{
    IssuerSettings, OidcProvider, OidcTokenVerifier, SettingsError, TokenHabits, UserInfoSettings, VerifierSettings,
};
use identity_core::port::{Clock, IdentityProvider, TokenVerifier};
use identity_core::resolve::{ClaimForm, ClaimReader, PrincipalClaims};

use super::{AssemblyError, IssuerStatus, Providers};
use crate::config::{self, Authentication, Config, Provider};
pub(super) use findings::problems;

struct OpenIdProviders(Arc<OidcTokenVerifier>);

#[async_trait]
impl Providers for OpenIdProviders {
    fn verifier(&self) -> Arc<dyn TokenVerifier> {
        Arc::clone(&self.0) as _
    }

    fn sign_in(&self, config: &Config) -> Result<Vec<Arc<dyn IdentityProvider>>, AssemblyError> {
        let mut providers: Vec<Arc<dyn IdentityProvider>> = Vec::new();
        for provider in &config.authentication.providers {
            if let Some(client) = &provider.client {
                let provider = OidcProvider::new(client::settings(provider, client), &self.0);
                providers.push(Arc::new(provider.map_err(unusable)?));
            }
        }
        Ok(providers)
    }

    async fn warm(&self) {
        self.0.warm().await;
    }

    fn issuers(&self) -> Vec<IssuerStatus> {
        let status = |status: identity_adapters_oidc::IssuerStatus| IssuerStatus {
            issuer: status.issuer,
            up: status.up,
            has_keys: status.has_keys,
            last_error: status.last_error,
        };
        self.0.issuers().into_iter().map(status).collect()
    }
}

pub(super) fn providers(config: &Config, clock: &Arc<dyn Clock>) -> Result<Arc<dyn Providers>, AssemblyError> {
    let authorities = extra_authorities(&config.authentication)?;
    let verifier = verifier(&config.authentication, authorities, clock).map_err(unusable)?;
    Ok(Arc::new(OpenIdProviders(verifier)))
}

fn unusable(error: SettingsError) -> AssemblyError {
    AssemblyError::Providers(Box::new(error))
}

/// Reads the configured additional certificate authorities, which TLS connections to other services also trust.
pub(super) fn extra_authorities(authentication: &Authentication) -> Result<Option<Vec<u8>>, AssemblyError> {
    let read = |path: &PathBuf| {
        std::fs::read(path).map_err(|source| AssemblyError::File { path: path.display().to_string(), source })
    };
    authentication.ca_file.as_ref().map(read).transpose()
}

fn verifier(
    authentication: &Authentication,
    authorities: Option<Vec<u8>>,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<OidcTokenVerifier>, SettingsError> {
    let mut settings = VerifierSettings {
        max_token_bytes: authentication.max_token_bytes,
        cache_entries: authentication.token_cache_entries,
        ..VerifierSettings::default()
    };
    settings.http.extra_ca_pem = authorities;
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
    let usual = TokenHabits::of(client::kind(provider.kind), &provider.issuer);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_limits_of_tokens_are_those_of_the_configuration() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("identity.yaml");
        let document = "profile: oidc\nbootstrap: {initial-claim: {value: v}}\nauthentication: {providers: {main: {issuer: 'https://id.example', audiences: [api]}}}\n";
        std::fs::write(&file, document).unwrap();
        let config = config::Sources { files: vec![file], ..config::Sources::default() }.load().unwrap().config;
        let (configured, default) = (&config.authentication, VerifierSettings::default());
        assert_eq!(configured.max_token_bytes, default.max_token_bytes);
        assert_eq!(configured.token_cache_entries, default.cache_entries);
        let [provider] = &configured.providers[..] else { panic!("one provider") };
        let claims = PrincipalClaims::by("sub").unwrap();
        let issuer = IssuerSettings::new("https://id.example", vec!["api".to_owned()], claims);
        assert_eq!(provider.clock_skew, issuer.clock_skew);
    }
}

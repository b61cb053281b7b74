//! Problems in the settings of providers, reported under configuration keys.

use std::sync::Arc;

use identity_adapters_oidc::{OidcProvider, SettingsError, SettingsProblem};
use identity_core::port::Clock;

use super::{AssemblyError, client, extra_authorities, verifier};
use crate::config::{Config, Finding, Provider};
use identity_adapters_system::SystemClock;

const CA_FILE: &str = "authentication.ca-file";

/// Builds the verifier and the providers as start-up does, and collects the errors. Sends no request.
pub(in crate::profile) fn problems(config: &Config) -> Vec<Finding> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let authorities = match extra_authorities(&config.authentication) {
        Ok(authorities) => authorities,
        Err(AssemblyError::File { source, .. }) => {
            return vec![Finding::new(CA_FILE, format!("names a file that cannot be read: {}", source.kind()))];
        }
        Err(error) => return vec![Finding::new("authentication.providers", error.to_string())],
    };
    let verifier = match verifier(&config.authentication, authorities, &clock) {
        Ok(verifier) => verifier,
        Err(error) => return found(config, None, error),
    };
    let mut findings = Vec::new();
    for provider in &config.authentication.providers {
        if let Some(client) = &provider.client
            && let Err(error) = OidcProvider::new(client::settings(provider, client), &verifier)
        {
            findings.extend(found(config, Some(provider), error));
        }
    }
    findings
}

fn found(config: &Config, of: Option<&Provider>, error: SettingsError) -> Vec<Finding> {
    let id_of = |issuer: &str| {
        let provider = config.authentication.providers.iter().find(|provider| provider.issuer == *issuer);
        provider.map(|provider| provider.id.as_str())
    };
    let finding = |problem: SettingsProblem| {
        let (id, setting, rule) = match &problem {
            SettingsProblem::Url { issuer, setting, rule } => (id_of(issuer), *setting, (*rule).to_owned()),
            SettingsProblem::Provider { setting, rule, .. } => (of.map(|of| of.id.as_str()), *setting, rule.clone()),
            SettingsProblem::NoAudience(issuer) => (id_of(issuer), "audiences", problem.to_string()),
            SettingsProblem::NoAlgorithm(issuer) => (id_of(issuer), "algorithms", problem.to_string()),
            SettingsProblem::Http(_) if config.authentication.ca_file.is_some() => {
                return Finding::new(CA_FILE, format!("cannot be used: {problem}"));
            }
            _ => (None, "", problem.to_string()),
        };
        match id {
            Some(id) => Finding::new(format!("authentication.providers.{id}.{}", key(setting)), rule),
            None => Finding::new("authentication.providers", rule),
        }
    };
    error.0.into_iter().map(finding).collect()
}

/// Returns the configuration key of an adapter setting: `backend-url` for `back_channel`.
fn key(setting: &str) -> String {
    let known = match setting {
        "extra_parameters" => "authorize-parameters",
        "back_channel" => "backend-url",
        "extra_jwks_urls" => "additional-jwks-urls",
        "user_info.url" | "endpoints.user_info" => "user-info-url",
        "endpoints.authorization" => "authorization-url",
        "endpoints.token" => "token-url",
        "endpoints.end_session" => "end-session-url",
        "endpoints.revocation" => "revocation-url",
        other => return other.replace('_', "-"),
    };
    known.to_owned()
}

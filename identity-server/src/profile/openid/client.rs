//! Registration of this server at a provider, for browser sign-in.

use identity_adapters_oidc::{
    AssertionAudience, AssertionSettings, ClientAuthentication, EndpointUrls, KeyFile, KeyId, ProviderKind,
    ProviderSettings, Thumbprint, TlsSettings, UserInfoMode,
};
use url::Url;

use crate::config::{self, Provider, SignInUserInfo};

pub(super) fn settings(provider: &Provider, client: &config::Client) -> ProviderSettings {
    let text = |url: &Option<Url>| url.as_ref().map(ToString::to_string);
    let kind = kind(provider.kind);
    ProviderSettings {
        display_name: client.display_name.clone(),
        scopes: client.scopes.clone(),
        resources: client.resources.clone(),
        extra_parameters: client.authorize_parameters.clone(),
        prompt: client.prompt.clone(),
        id_token_algorithms: client.id_token_algorithms.iter().filter_map(|name| name.parse().ok()).collect(),
        endpoints: EndpointUrls {
            authorization: text(&client.endpoints.authorization),
            token: text(&client.endpoints.token),
            user_info: text(&provider.user_info_url),
            end_session: text(&client.endpoints.end_session),
            revocation: text(&client.endpoints.revocation),
        },
        user_info: match client.user_info {
            SignInUserInfo::Off => UserInfoMode::Off,
            SignInUserInfo::Optional => UserInfoMode::FailSoft,
            SignInUserInfo::Required => UserInfoMode::Required,
        },
        prefer_id_token_claims: client.prefer_id_token_claims,
        logout_at_provider: client.logout_at_provider,
        require_logout_token_type: client.require_logout_token_type,
        ..ProviderSettings::new(&*provider.id, kind, &*provider.issuer, &*client.id, authentication(client))
    }
}

/// Converts the configured provider kind to the adapter's type.
pub(super) fn kind(kind: config::ProviderKind) -> ProviderKind {
    match kind {
        config::ProviderKind::Keycloak => ProviderKind::Keycloak,
        config::ProviderKind::Generic => ProviderKind::Generic,
        config::ProviderKind::Microsoft => ProviderKind::Microsoft,
        config::ProviderKind::Auth0 => ProviderKind::Auth0,
        config::ProviderKind::Okta => ProviderKind::Okta,
        config::ProviderKind::Cognito => ProviderKind::Cognito,
        config::ProviderKind::Dex => ProviderKind::Dex,
        config::ProviderKind::Authentik => ProviderKind::Authentik,
        config::ProviderKind::Zitadel => ProviderKind::Zitadel,
        config::ProviderKind::Adfs => ProviderKind::Adfs,
        config::ProviderKind::Ping => ProviderKind::Ping,
    }
}

fn authentication(client: &config::Client) -> ClientAuthentication {
    match &client.authentication {
        config::ClientAuthentication::None => ClientAuthentication::None,
        config::ClientAuthentication::SecretBasic(secret) => ClientAuthentication::SecretBasic(secret.clone()),
        config::ClientAuthentication::SecretPost(secret) => ClientAuthentication::SecretPost(secret.clone()),
        config::ClientAuthentication::PrivateKeyJwt(assertion) => {
            ClientAuthentication::PrivateKeyJwt(assertion_settings(assertion))
        }
        config::ClientAuthentication::Tls { certificate, key } => {
            ClientAuthentication::TlsCertificate(TlsSettings { certificate: certificate.clone(), key: key.clone() })
        }
    }
}

fn assertion_settings(assertion: &config::Assertion) -> AssertionSettings {
    let key = match assertion.key.clone() {
        config::KeyFile::Pem { key, certificate } => KeyFile::Pem { key, certificate },
        config::KeyFile::Pkcs12 { file, password, alias } => KeyFile::Pkcs12 { file, password, alias },
    };
    AssertionSettings {
        key_id: assertion.key_id.as_deref().map(|text| match text {
            "public-key" => KeyId::PublicKeyDigest,
            text => KeyId::Fixed(text.to_owned()),
        }),
        thumbprint: assertion.thumbprint.map(thumbprint),
        algorithm: assertion.algorithm.and_then(|name| name.parse().ok()),
        audience: assertion.audience.as_deref().map(|text| match text {
            "issuer" => AssertionAudience::Issuer,
            "token-endpoint" => AssertionAudience::TokenEndpoint,
            text => AssertionAudience::Fixed(text.to_owned()),
        }),
        ..AssertionSettings::new(key)
    }
}

fn thumbprint(thumbprint: config::Thumbprint) -> Thumbprint {
    match thumbprint {
        config::Thumbprint::None => Thumbprint::None,
        config::Thumbprint::Sha1 => Thumbprint::Sha1,
        config::Thumbprint::Sha256 => Thumbprint::Sha256,
    }
}

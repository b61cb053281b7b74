//! Mistakes in configured issuers that would cause the rejection of every token.

use url::Url;

/// Suffix of a provider's metadata URL (OpenID Connect Discovery 1.0 §4).
const METADATA: &str = "/.well-known/openid-configuration";
/// Placeholders for a tenant in Microsoft's URLs. The issuer in tokens contains the actual tenant instead.
const ANY_TENANT: [&str; 5] = ["common", "organizations", "consumers", "{tenantid}", "%7Btenantid%7D"];
/// URL suffixes of the endpoints of an Entra ID tenant, version 2.
const ENTRA_ENDPOINTS: [&str; 3] = ["/oauth2/v2.0/authorize", "/oauth2/v2.0/token", "/discovery/v2.0/keys"];
/// Host names of Microsoft's issuers, including national clouds.
const MICROSOFT: [&str; 5] = [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "login.windows.net",
    "sts.windows.net",
];

/// Returns the reason why no token can have this issuer, if there is one.
pub(super) fn mistake(issuer: &str) -> Option<String> {
    if let Some(rest) = issuer.trim_end_matches('/').strip_suffix(METADATA) {
        return Some(format!(
            "must be the issuer as in tokens, without `{METADATA}`: `{rest}`, possibly with a trailing slash"
        ));
    }
    let url = Url::parse(issuer).ok()?;
    let tenant = url.path_segments()?.next()?;
    (is_microsoft(&url) && is_any_tenant(tenant)).then(|| {
        "must contain the tenant id, because the issuer of tokens does, as in \
         `https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000/v2.0`, with one provider for each \
         tenant"
            .to_owned()
    })
}

fn is_microsoft(url: &Url) -> bool {
    url.host_str().is_some_and(|host| MICROSOFT.contains(&host))
}

fn is_any_tenant(tenant: &str) -> bool {
    ANY_TENANT.iter().any(|word| word.eq_ignore_ascii_case(tenant))
}

/// Derives the issuer of a Keycloak realm from its authorization endpoint. Other endpoints are unsuitable, because
/// their hosts may differ from the issuer in tokens.
pub(in crate::config) fn of_keycloak(authorization_endpoint: &str) -> Option<String> {
    let issuer = authorization_endpoint.strip_suffix("/protocol/openid-connect/auth")?;
    let (_, realm) = issuer.rsplit_once("/realms/")?;
    (!realm.is_empty() && !realm.contains('/')).then(|| issuer.to_owned())
}

/// Derives the issuer of an Entra ID tenant from an endpoint. The URL must contain the tenant id, because tokens
/// contain it.
pub(in crate::config) fn of_entra(endpoint: &str) -> Option<String> {
    let issuer = ENTRA_ENDPOINTS.iter().find_map(|end| endpoint.strip_suffix(end))?;
    let url = Url::parse(issuer).ok()?;
    (is_microsoft(&url) && is_tenant_id(url.path().strip_prefix('/')?)).then(|| format!("{issuer}/v2.0"))
}

/// Whether a text has the form of a UUID (RFC 9562 §4).
fn is_tenant_id(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.chars().all(|letter| letter == '-' || letter.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derives_the_issuer_of_a_named_entra_tenant() {
        let tenant = "https://login.microsoftonline.com/0b1c2d3e-0000-0000-0000-00000000000F";
        for end in ENTRA_ENDPOINTS {
            assert_eq!(of_entra(&format!("{tenant}{end}")), Some(format!("{tenant}/v2.0")), "{end}");
        }
        for endpoint in [
            "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
            "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/authorize",
            "https://login.microsoftonline.com/oauth2/v2.0/token",
            "https://login.microsoftonline.com/0b1c2d3e-0000-0000-0000-000000000000/oauth2/token",
            "https://idp.example/0b1c2d3e-0000-0000-0000-000000000000/oauth2/v2.0/authorize",
            "https://login.microsoftonline.com.idp.example/0b1c2d3e-0000-0000-0000-000000000000/oauth2/v2.0/token",
        ] {
            assert_eq!(of_entra(endpoint), None, "{endpoint}");
        }
    }

    #[test]
    fn derives_the_issuer_of_a_keycloak_realm() {
        let issuer = "https://keycloak.example/auth/realms/a";
        assert_eq!(of_keycloak(&format!("{issuer}/protocol/openid-connect/auth")).as_deref(), Some(issuer));
        for endpoint in [
            "https://keycloak.example/auth/realms/a/protocol/openid-connect/token",
            "https://idp.example/protocol/openid-connect/auth",
            "https://idp.example/realms/a/b/protocol/openid-connect/auth",
        ] {
            assert_eq!(of_keycloak(endpoint), None, "{endpoint}");
        }
    }

    #[test]
    fn detects_impossible_issuers() {
        for issuer in [
            "https://login.microsoftonline.com/common/v2.0",
            "https://login.microsoftonline.com/Organizations/v2.0",
            "https://sts.windows.net/{tenantid}/",
            "https://login.microsoftonline.us/consumers/v2.0",
            "https://idp.example/.well-known/openid-configuration",
            "https://idp.example/realms/a/.well-known/openid-configuration/",
        ] {
            assert!(mistake(issuer).is_some(), "{issuer}");
        }
        for issuer in [
            "https://login.microsoftonline.com/0b1c/v2.0",
            "https://idp.example/common/v2.0",
            "https://idp.example",
            "urn:x",
        ] {
            assert_eq!(mistake(issuer), None, "{issuer}");
        }
    }
}

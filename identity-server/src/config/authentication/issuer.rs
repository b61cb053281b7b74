//! Mistakes in issuers that would refuse every token.

use url::Url;

/// Ends the URL of a provider's metadata (OpenID Connect Discovery 1.0 §4).
const METADATA: &str = "/.well-known/openid-configuration";
/// Words in the place of a tenant, at Microsoft. Tokens name the tenant itself.
const ANY_TENANT: [&str; 5] = ["common", "organizations", "consumers", "{tenantid}", "%7Btenantid%7D"];
/// Hosts of Microsoft's issuers.
const MICROSOFT: [&str; 5] = [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "login.windows.net",
    "sts.windows.net",
];

/// Why an issuer can be that of no token.
pub(super) fn mistake(issuer: &str) -> Option<String> {
    if let Some(rest) = issuer.trim_end_matches('/').strip_suffix(METADATA) {
        return Some(format!(
            "must be the issuer as tokens name it, without `{METADATA}`: `{rest}`, perhaps with a slash"
        ));
    }
    let url = Url::parse(issuer).ok()?;
    let tenant = url.path_segments()?.next()?;
    let any = MICROSOFT.contains(&url.host_str()?) && ANY_TENANT.iter().any(|word| word.eq_ignore_ascii_case(tenant));
    any.then(|| {
        "names no tenant, and tokens always name theirs: write the id of the tenant, as in \
         `https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000/v2.0`, and one provider for each tenant"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_of_no_token_are_found() {
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

/// Kind of provider, which selects defaults. The crate documentation has a table of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ProviderKind {
    /// Keycloak.
    Keycloak,
    /// Any other provider that implements OpenID Connect.
    #[default]
    Generic,
    /// Microsoft Entra ID with v2.0 tokens. Use [`ProviderKind::Generic`] for Azure AD B2C.
    Microsoft,
    /// Auth0.
    Auth0,
    /// Okta.
    Okta,
    /// Amazon Cognito user pools.
    Cognito,
    /// Dex.
    Dex,
    /// authentik.
    Authentik,
    /// ZITADEL.
    Zitadel,
    /// Active Directory Federation Services, 2016 and later.
    Adfs,
    /// PingOne and PingFederate.
    Ping,
}

/// Kind of provider, which selects defaults. The crate documentation has a table of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProviderKind {
    /// Keycloak, with refresh tokens that end with its session.
    Keycloak,
    /// Any other provider that implements OpenID Connect. This is the default.
    #[default]
    Generic,
    /// Microsoft Entra ID with v2.0 tokens. Use [`ProviderKind::Generic`] for Azure AD B2C.
    Microsoft,
    /// Auth0, whose issuers end in `/`.
    Auth0,
    /// Okta, including its org authorization server.
    Okta,
    /// Amazon Cognito user pools, whose access tokens have no `aud`.
    Cognito,
    /// Dex, whose access tokens have the claims of ID tokens.
    Dex,
    /// authentik, with the defaults of [`ProviderKind::Generic`].
    Authentik,
    /// ZITADEL, whose roles claim is an object.
    Zitadel,
    /// Active Directory Federation Services, 2016 and later. The `iss` of access tokens differs from the issuer.
    Adfs,
    /// PingOne and PingFederate, whose access tokens may have no `aud`.
    Ping,
}

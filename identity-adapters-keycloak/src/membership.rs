//! Verification of tokens issued by Keycloak, including a look-up of the subject's rights in the realm.

use std::sync::Arc;

use async_trait::async_trait;
use identity_core::entity::{Permission, Principal, RejectedToken, VerifiedToken};
use identity_core::port::{
    ApiSelection, DirectoryHolders, Entitled, Entitlements, Evidence, Freshness, Inspection, InspectionStep, KnownApis,
    TokenError, TokenVerifier,
};
use identity_core::resolve::ClaimedPermissions;
use identity_core::value::Claims;
use serde_json::Value;

use crate::Keycloak;
use crate::rights::{SessionCheck, unavailable};

/// Claim that lists permissions by audience, added by the client scope `camunda-identity`
/// (docs/reference/management-api.md §3.5).
const PERMISSIONS: &str = "permissions";

/// Verifier of tokens issued by Keycloak. It adds the subject's groups, and drops claimed permissions that the realm
/// does not confirm.
pub struct WithDirectory {
    tokens: Arc<dyn TokenVerifier>,
    keycloak: Keycloak,
}

impl WithDirectory {
    /// Creates a verifier that validates tokens with `tokens` and looks rights up in `keycloak`.
    #[must_use]
    pub fn new(tokens: Arc<dyn TokenVerifier>, keycloak: Keycloak) -> Self {
        Self { tokens, keycloak }
    }
}

#[async_trait]
impl TokenVerifier for WithDirectory {
    async fn verify(&self, token: &str) -> Result<Arc<VerifiedToken>, TokenError> {
        self.verified(token, Freshness::Recent).await
    }

    async fn verify_now(&self, token: &str) -> Result<Arc<VerifiedToken>, TokenError> {
        self.verified(token, Freshness::Current).await
    }

    /// Also accepts an audience that `apis` does not contain, if the realm confirms a permission of the subject on it.
    async fn verify_for_resolution(&self, token: &str, apis: &KnownApis) -> Result<Arc<VerifiedToken>, TokenError> {
        match self.tokens.verify_for_resolution(token, apis).await {
            Ok(verified) => self.with_rights(&verified, Freshness::Recent).await,
            Err(TokenError::Rejected(RejectedToken::Audience)) => {
                let any = KnownApis::new(|_| true);
                let verified = self.tokens.verify_for_resolution(token, &any).await?;
                let verified = self.with_rights(&verified, Freshness::Recent).await?;
                let is_held = |audience: &str| {
                    verified.permissions.iter().any(|permission| permission.audience.as_str() == audience)
                };
                if audiences(&verified.claims.read()).any(is_held) {
                    Ok(verified)
                } else {
                    Err(TokenError::Rejected(RejectedToken::Audience))
                }
            }
            Err(error) => Err(error),
        }
    }

    async fn inspect<'e>(&self, evidence: Evidence<'e>) -> Inspection {
        let session = match evidence {
            Evidence::Token(_) => SessionCheck::Required,
            Evidence::Claims(_) => SessionCheck::Skipped,
        };
        let mut inspection = self.tokens.inspect(evidence).await;
        self.entitled(&mut inspection, session).await;
        inspection
    }
}

impl WithDirectory {
    async fn verified(&self, token: &str, freshness: Freshness) -> Result<Arc<VerifiedToken>, TokenError> {
        let verified = self.tokens.verify(token).await?;
        self.with_rights(&verified, freshness).await
    }

    /// Returns the verified token, extended by the groups and confirmed permissions of its principal.
    async fn with_rights(
        &self,
        verified: &VerifiedToken,
        freshness: Freshness,
    ) -> Result<Arc<VerifiedToken>, TokenError> {
        let Entitled { groups, permissions } =
            self.keycloak.of(&verified.principal, &verified.claims.read(), freshness).await?;
        let groups = Some(groups);
        // While the rights are unchanged, the same token is returned, with the subject that is cached in it.
        let (token, _) = verified.memo.current(
            |kept: &VerifiedToken| kept.groups == groups && kept.permissions == permissions,
            || VerifiedToken { groups: groups.clone(), permissions: permissions.clone(), ..verified.clone() },
        );
        Ok(token)
    }

    /// Adds groups and confirmed permissions of the principal to an inspection, and reports this as the step
    /// `directory`.
    async fn entitled(&self, inspection: &mut Inspection, session: SessionCheck) {
        let (Some(principal), Some(claims)) = (&inspection.principal, &inspection.claims) else { return };
        let claimed = ClaimedPermissions::read(claims, PERMISSIONS);
        let left_out: Vec<String> = claimed.remarks.iter().map(ToString::to_string).collect();
        let asking = async {
            self.keycloak.rights_of(principal, claims, claimed.permissions, (session, Freshness::Recent)).await
        };
        let step = match asking.await {
            Ok(Entitled { groups, permissions }) => {
                inspection.groups = Some(groups);
                inspection.permissions = permissions;
                InspectionStep::passed("directory")
            }
            Err(TokenError::Rejected(reason)) => InspectionStep::failed("directory", &reason),
            Err(TokenError::Unavailable { .. }) => InspectionStep::skipped("directory", "Keycloak is unavailable"),
        };
        inspection.steps.push(match (left_out.is_empty(), step.passed) {
            (false, Some(true)) => step.saying(format!("the claim `{PERMISSIONS}`: {}", left_out.join("; "))),
            _ => step,
        });
    }
}

#[async_trait]
impl Entitlements for Keycloak {
    async fn of(&self, principal: &Principal, claims: &Claims, freshness: Freshness) -> Result<Entitled, TokenError> {
        let ClaimedPermissions { permissions, remarks } = ClaimedPermissions::read(claims, PERMISSIONS);
        self.shared.remarks.report(claims, PERMISSIONS, &remarks);
        self.rights_of(principal, claims, permissions, (SessionCheck::Required, freshness)).await
    }

    async fn held(&self, principal: &Principal, apis: &ApiSelection) -> Result<Option<Entitled>, TokenError> {
        self.rights_without_token(principal, apis).await
    }

    async fn holders(&self, permission: &Permission, most: usize) -> Result<DirectoryHolders, TokenError> {
        self.permission_holders(permission, most).await.map_err(|error| unavailable(&error))
    }
}

/// Returns the values of the claim `aud`, which is a string or an array of strings (RFC 7519 §4.1.3).
fn audiences(claims: &Claims) -> impl Iterator<Item = &str> {
    let named = match claims.get("aud") {
        Some(Value::Array(values)) => values.as_slice(),
        Some(value) => std::slice::from_ref(value),
        None => &[],
    };
    named.iter().filter_map(Value::as_str)
}

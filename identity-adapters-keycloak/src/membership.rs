//! What a token does not say: its user's groups; and what only Keycloak's tokens say: permissions.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use identity_core::entity::{Permission, Principal};
use identity_core::port::{
    DirectoryError, Entitled, Entitlements, Evidence, Inspection, InspectionStep, RejectedToken, TokenError,
    TokenVerifier, UserDirectory, VerifiedToken,
};
use identity_core::value::{Audience, Claims, GroupId, PermissionName, Username};
use serde_json::Value;
use tokio::sync::Mutex;
use tracing::warn;

use crate::Keycloak;

/// The claim of the client scope `camunda-identity` that lists permissions by audience (management reference §3.5).
const PERMISSIONS: &str = "permissions";
/// How long groups are believed when Keycloak cannot be asked again; a token lives no longer, as a rule.
const STALE: Duration = Duration::from_secs(600);
/// How long Keycloak is left alone after it could not be asked.
const PAUSE: Duration = Duration::from_secs(5);

/// The groups of a user, once they were asked for. Who asks first asks for all.
#[derive(Default)]
pub(crate) struct Known(Mutex<Option<Groups>>);

struct Groups {
    ids: Vec<GroupId>,
    asked: Instant,
    ask_again: Instant,
}

/// A verifier of Keycloak's tokens, which adds the permissions that they claim and the groups that they do not.
pub struct WithDirectory {
    tokens: Arc<dyn TokenVerifier>,
    keycloak: Keycloak,
}

impl WithDirectory {
    /// Verifies with `tokens`, asks `keycloak`.
    #[must_use]
    pub fn new(tokens: Arc<dyn TokenVerifier>, keycloak: Keycloak) -> Self {
        Self { tokens, keycloak }
    }
}

#[async_trait]
impl TokenVerifier for WithDirectory {
    async fn verify(&self, token: &str) -> Result<Arc<VerifiedToken>, TokenError> {
        let verified = self.tokens.verify(token).await?;
        let Entitled { groups, permissions } = self.keycloak.of(&verified.principal, &verified.claims).await?;
        Ok(Arc::new(VerifiedToken { groups: Some(groups), permissions, ..VerifiedToken::clone(&verified) }))
    }

    async fn inspect<'e>(&self, evidence: Evidence<'e>) -> Inspection {
        let mut inspection = self.tokens.inspect(evidence).await;
        self.entitled(&mut inspection).await;
        inspection
    }
}

impl WithDirectory {
    /// Adds to what was seen in a token what the directory says of whom it names.
    async fn entitled(&self, inspection: &mut Inspection) {
        let (Some(principal), Some(claims)) = (&inspection.principal, &inspection.claims) else { return };
        let step = match self.keycloak.of(principal, claims).await {
            Ok(Entitled { groups, permissions }) => {
                inspection.groups = Some(groups);
                inspection.permissions = permissions;
                InspectionStep::passed("directory")
            }
            Err(TokenError::Rejected(reason)) => InspectionStep::failed("directory", &reason),
            Err(TokenError::Unavailable { .. }) => InspectionStep::skipped("directory", "Keycloak cannot be asked"),
        };
        inspection.steps.push(step);
    }
}

#[async_trait]
impl Entitlements for Keycloak {
    async fn of(&self, principal: &Principal, claims: &Claims) -> Result<Entitled, TokenError> {
        let permissions = permissions(claims).map_err(TokenError::Rejected)?;
        let groups = match principal {
            Principal::User(user) => self.groups_of(user).await?,
            Principal::Client(_) => Vec::new(),
        };
        Ok(Entitled { groups, permissions })
    }
}

impl Keycloak {
    /// The groups of a user: as they were a short while ago, or longer when Keycloak is away.
    async fn groups_of(&self, user: &Username) -> Result<Vec<GroupId>, TokenError> {
        let known = self.shared.groups.get_with(user.clone(), Arc::default);
        let mut known = known.0.lock().await;
        let now = Instant::now();
        if let Some(groups) = known.as_ref().filter(|groups| now < groups.ask_again) {
            return Ok(groups.ids.clone());
        }
        match UserDirectory::groups(self, user).await {
            Ok(groups) => {
                let ids: Vec<GroupId> = groups.into_iter().map(|group| group.id).collect();
                let ask_again = now + self.shared.settings.groups_ttl;
                *known = Some(Groups { ids: ids.clone(), asked: now, ask_again });
                Ok(ids)
            }
            // Deleted since the token was issued.
            Err(DirectoryError::Missing(_)) => Ok(Vec::new()),
            Err(error) => {
                warn!(reason = error.code(), error = &error as &dyn std::error::Error, "keycloak.groups.failed");
                match known.as_mut().filter(|groups| now < groups.asked + STALE) {
                    Some(groups) => {
                        groups.ask_again = now + PAUSE;
                        Ok(groups.ids.clone())
                    }
                    None => Err(TokenError::Unavailable { retry_after: PAUSE }),
                }
            }
        }
    }

    /// Lets the groups of a user be asked for again.
    pub(crate) fn forget_groups_of(&self, user: &Username) {
        self.shared.groups.invalidate(user);
    }
}

/// The permissions that claims bring. Without the claim, none.
fn permissions(claims: &Claims) -> Result<BTreeSet<Permission>, RejectedToken> {
    let wrong = || RejectedToken::ClaimType(PERMISSIONS.to_owned());
    let by_audience = match claims.as_value().get(PERMISSIONS) {
        None | Some(Value::Null) => return Ok(BTreeSet::new()),
        Some(claim) => claim.as_object().ok_or_else(wrong)?,
    };
    let mut permissions = BTreeSet::new();
    for (audience, definitions) in by_audience {
        let audience = Audience::parse(audience).map_err(|_| wrong())?;
        for definition in definitions.as_array().ok_or_else(wrong)? {
            let definition = definition.as_str().and_then(|text| PermissionName::parse(text).ok());
            permissions.insert(Permission { audience: audience.clone(), definition: definition.ok_or_else(wrong)? });
        }
    }
    Ok(permissions)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(claims: Value) -> Result<Vec<String>, RejectedToken> {
        let permissions = permissions(&Claims::new(claims).unwrap())?;
        Ok(permissions.iter().map(|one| format!("{} {}", one.audience, one.definition)).collect())
    }

    #[test]
    fn permissions_are_listed_by_audience() {
        let claim = json!({"permissions": {"optimize-api": ["write:*"], "a.b": ["read", "read:users"]}});
        assert_eq!(of(claim), Ok(vec!["a.b read".into(), "a.b read:users".into(), "optimize-api write:*".into()]));
        assert_eq!(of(json!({})), Ok(vec![]));
        assert_eq!(of(json!({"permissions": null})), Ok(vec![]));
    }

    #[test]
    fn a_wrong_type_is_refused_and_not_skipped() {
        for wrong in [json!(["read"]), json!("read"), json!({"a": "read"}), json!({"a": [1]}), json!({"": ["x"]})] {
            assert!(of(json!({"permissions": wrong})).is_err(), "{wrong}");
        }
    }
}

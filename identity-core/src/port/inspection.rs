//! Token inspection: reports the result of every check, so that administrators can see why a token is rejected.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use crate::entity::{Permission, Principal, RejectedToken};
use crate::value::{Claims, GroupId};

/// Input of an inspection: a whole token, or its claims only.
#[derive(Clone, Copy, Debug)]
pub enum Evidence<'e> {
    /// Signed token in compact serialization (RFC 7515 §7.1), without the prefix `Bearer`.
    Token(&'e str),
    /// Claims without a signature, treated as if the signature were valid. The claim `iss` selects the issuer. It may
    /// be missing if exactly one issuer is configured.
    Claims(&'e Claims),
}

/// Result of an inspection. The default is empty. Neither the token nor its contents are stored or logged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inspection {
    /// Checks in execution order. Unlike verification, an inspection continues after a failed check if possible.
    pub steps: Vec<InspectionStep>,
    /// Claims of the token, even if a check failed. `None` if the token cannot be decoded.
    pub claims: Option<Claims>,
    /// User or client that the claims identify, even if a check failed. `None` if they identify neither.
    pub principal: Option<Principal>,
    /// Groups from the token or the directory; they replace the group memberships in the policy store. `None` if the
    /// memberships in the policy store apply.
    pub groups: Option<Vec<GroupId>>,
    /// API permissions that come with the token, in addition to the permissions of stored roles.
    pub permissions: BTreeSet<Permission>,
}

/// Result of one check, as returned to the administrator in JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InspectionStep {
    /// Name of the check: `size`, `form`, `issuer`, `algorithm`, `type`, `key`, `signature`, `kind`, `audience`,
    /// `times`, `principal` or `groups`.
    pub check: &'static str,
    /// Whether the check passed. `None` if it was skipped, for example because it requires a known issuer.
    pub passed: Option<bool>,
    /// Stable reason code of a failed check, such as `token_expired`. `None` if the check did not fail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// Explanation of the result in English, for administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Value found in the token, such as the claim `aud` for the check `audience`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saw: Option<Value>,
    /// Value that this server accepts, such as the configured audiences for the check `audience`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted: Option<Value>,
}

impl InspectionStep {
    /// Creates a check that passed, without details or values.
    #[must_use]
    pub fn passed(check: &'static str) -> Self {
        Self { check, passed: Some(true), reason: None, detail: None, saw: None, wanted: None }
    }

    /// Creates a check that failed. Takes the reason code and the explanation from `reason`.
    #[must_use]
    pub fn failed(check: &'static str, reason: &RejectedToken) -> Self {
        let detail = Some(reason.to_string());
        Self { passed: Some(false), reason: Some(reason.code()), detail, ..Self::passed(check) }
    }

    /// Creates a check that could not be performed. `why` becomes its explanation.
    #[must_use]
    pub fn skipped(check: &'static str, why: &str) -> Self {
        Self { passed: None, detail: Some(why.to_owned()), ..Self::passed(check) }
    }

    /// Creates a passed check for `Ok` and a failed check for `Err`.
    #[must_use]
    pub fn of<T>(check: &'static str, outcome: &Result<T, RejectedToken>) -> Self {
        match outcome {
            Ok(_) => Self::passed(check),
            Err(reason) => Self::failed(check, reason),
        }
    }

    /// Sets the value found in the token (`saw`) and the accepted value (`wanted`).
    #[must_use]
    pub fn seeing(self, saw: Option<Value>, wanted: Option<Value>) -> Self {
        Self { saw, wanted, ..self }
    }

    /// Replaces the explanation of the result.
    #[must_use]
    pub fn saying(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }
}

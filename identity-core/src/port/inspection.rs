//! Token inspection: all checks of a token in detail, for troubleshooting by administrators.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use crate::entity::{Permission, Principal, RejectedToken};
use crate::value::{Claims, GroupId};

/// Input of an inspection.
#[derive(Clone, Copy, Debug)]
pub enum Evidence<'e> {
    /// A token in compact serialization.
    Token(&'e str),
    /// Claims, treated as if from a token with a valid signature. The claim `iss` selects the issuer. It may be missing
    /// if only one issuer is configured.
    Claims(&'e Claims),
}

/// Result of an inspection. Neither the token nor its contents are stored or logged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inspection {
    /// Checks in their order. Unlike verification, inspection continues after a failed check as far as possible.
    pub steps: Vec<InspectionStep>,
    /// Claims of the token, even if the token is not valid.
    pub claims: Option<Claims>,
    /// Principal of the token, even if the token is not valid.
    pub principal: Option<Principal>,
    /// Groups from the token or the directory, which replace the group memberships in the policy store.
    pub groups: Option<Vec<GroupId>>,
    /// API permissions from the token.
    pub permissions: BTreeSet<Permission>,
}

/// A single check.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InspectionStep {
    /// Name of the check: `size`, `form`, `issuer`, `algorithm`, `type`, `key`, `signature`, `kind`, `audience`,
    /// `times`, `principal` or `groups`.
    pub check: &'static str,
    /// Whether the check passed. `None` if it could not be performed.
    pub passed: Option<bool>,
    /// Reason code of a failed check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// Human-readable result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Value found in the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saw: Option<Value>,
    /// Value expected by this server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted: Option<Value>,
}

impl InspectionStep {
    /// Creates a passed check.
    #[must_use]
    pub fn passed(check: &'static str) -> Self {
        Self { check, passed: Some(true), reason: None, detail: None, saw: None, wanted: None }
    }

    /// Creates a failed check.
    #[must_use]
    pub fn failed(check: &'static str, reason: &RejectedToken) -> Self {
        let detail = Some(reason.to_string());
        Self { passed: Some(false), reason: Some(reason.code()), detail, ..Self::passed(check) }
    }

    /// Creates a check that could not be performed, with the reason.
    #[must_use]
    pub fn skipped(check: &'static str, why: &str) -> Self {
        Self { passed: None, detail: Some(why.to_owned()), ..Self::passed(check) }
    }

    /// Creates a check from its outcome.
    #[must_use]
    pub fn of<T>(check: &'static str, outcome: &Result<T, RejectedToken>) -> Self {
        match outcome {
            Ok(_) => Self::passed(check),
            Err(reason) => Self::failed(check, reason),
        }
    }

    /// Sets the found and expected values.
    #[must_use]
    pub fn seeing(self, saw: Option<Value>, wanted: Option<Value>) -> Self {
        Self { saw, wanted, ..self }
    }

    /// Sets the human-readable result.
    #[must_use]
    pub fn saying(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }
}

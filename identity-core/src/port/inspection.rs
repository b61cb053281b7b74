//! What a verifier sees in a token, check by check, for administrators who look for a mistake.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::RejectedToken;
use crate::entity::{Permission, Principal};
use crate::value::{Claims, GroupId};

/// What is inspected.
#[derive(Clone, Copy, Debug)]
pub enum Evidence<'e> {
    /// A token in compact serialisation.
    Token(&'e str),
    /// Claims, as if they came from a token whose signature holds. The claim `iss` names the issuer; with only one there is,
    /// it may be missing.
    Claims(&'e Claims),
}

/// Every check of a token. It is neither stored nor logged, nor is anything that it says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inspection {
    /// The checks in their order. Unlike verification, inspection goes on after a failure as far as there is something to
    /// look at.
    pub steps: Vec<InspectionStep>,
    /// What the token claims, whether or not it may.
    pub claims: Option<Claims>,
    /// Who it speaks for, or would.
    pub principal: Option<Principal>,
    /// The groups that replace the stored ones, where groups come by token.
    pub groups: Option<Vec<GroupId>>,
    /// The permissions that it brings itself.
    pub permissions: BTreeSet<Permission>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InspectionStep {
    /// What is checked: `size`, `form`, `issuer`, `algorithm`, `type`, `key`, `signature`, `kind`, `audience`, `times`,
    /// `principal`, `groups`.
    pub check: &'static str,
    /// Whether it passed; `None` when it could not be made.
    pub passed: Option<bool>,
    /// The reason code of a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// What it comes to, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What the token has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saw: Option<Value>,
    /// What this server wants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted: Option<Value>,
}

impl InspectionStep {
    /// A check that passed.
    #[must_use]
    pub fn passed(check: &'static str) -> Self {
        Self { check, passed: Some(true), reason: None, detail: None, saw: None, wanted: None }
    }

    /// A check that failed.
    #[must_use]
    pub fn failed(check: &'static str, reason: &RejectedToken) -> Self {
        let detail = Some(reason.to_string());
        Self { passed: Some(false), reason: Some(reason.code()), detail, ..Self::passed(check) }
    }

    /// A check that could not be made, and why.
    #[must_use]
    pub fn skipped(check: &'static str, why: &str) -> Self {
        Self { passed: None, detail: Some(why.to_owned()), ..Self::passed(check) }
    }

    /// How a check ended.
    #[must_use]
    pub fn of<T>(check: &'static str, outcome: &Result<T, RejectedToken>) -> Self {
        match outcome {
            Ok(_) => Self::passed(check),
            Err(reason) => Self::failed(check, reason),
        }
    }

    /// The same, with what the token has and what is wanted.
    #[must_use]
    pub fn seeing(self, saw: Option<Value>, wanted: Option<Value>) -> Self {
        Self { saw, wanted, ..self }
    }

    /// The same, with a word about it.
    #[must_use]
    pub fn saying(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }
}

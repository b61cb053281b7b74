//! What ids may look like in `/v2` (orchestration reference §2.1). The domain allows more: ids from tokens, names of roles.

use std::sync::Arc;

use identity_core::value::{
    AuthorizationKey, BrokenRule, ClientId, GroupId, InvalidValue, MappingRuleId, RoleId, TenantId, Username,
};
use regex::Regex;

use super::fields::Report;
use crate::problem::Problem;

/// Longest id of a tenant here.
const MAX_TENANT_ID: usize = 31;

/// Most characters of a key.
const MAX_KEY: usize = 25;

/// What an operator says ids may look like.
#[derive(Clone)]
pub struct IdRules {
    pattern: Regex,
    source: Arc<str>,
}

impl IdRules {
    /// Ids must match `whole`, which is `source` from their beginning to their end.
    #[must_use]
    pub fn new(whole: Regex, source: &str) -> Self {
        Self { pattern: whole, source: Arc::from(source) }
    }

    fn check(&self, text: &str) -> Result<(), BrokenRule> {
        if self.pattern.is_match(text) {
            Ok(())
        } else {
            Err(BrokenRule::Form("an id that matches the pattern", format!("`{}`", self.source)))
        }
    }

    fn parse<T>(&self, text: &str, parse: impl FnOnce(&str) -> Result<T, InvalidValue>) -> Result<T, InvalidValue> {
        let id = parse(text)?;
        self.check(text).map_err(|rule| InvalidValue { what: "id", rule })?;
        Ok(id)
    }

    pub(crate) fn username(&self, text: &str) -> Result<Username, InvalidValue> {
        self.parse(text, Username::parse)
    }

    pub(crate) fn client(&self, text: &str) -> Result<ClientId, InvalidValue> {
        self.parse(text, ClientId::parse)
    }

    pub(crate) fn group(&self, text: &str) -> Result<GroupId, InvalidValue> {
        self.parse(text, GroupId::parse)
    }

    pub(crate) fn role(&self, text: &str) -> Result<RoleId, InvalidValue> {
        self.parse(text, RoleId::parse)
    }

    pub(crate) fn mapping_rule(&self, text: &str) -> Result<MappingRuleId, InvalidValue> {
        self.parse(text, MappingRuleId::parse)
    }

    /// Tenants have a pattern of their own.
    pub(crate) fn tenant(&self, text: &str) -> Result<TenantId, InvalidValue> {
        if text.chars().count() > MAX_TENANT_ID {
            return Err(InvalidValue { what: "tenant id", rule: BrokenRule::TooLong(MAX_TENANT_ID) });
        }
        TenantId::parse(text)
    }

    /// The id of a resource: `*`, or like an id.
    pub(crate) fn resource(&self, text: &str) -> Result<identity_core::entity::Scope, InvalidValue> {
        let scope = identity_core::entity::Scope::from_resource_id(text)?;
        let is_tenant = TenantId::parse(text).is_ok();
        if text != "*" && !is_tenant {
            self.check(text).map_err(|rule| InvalidValue { what: "resource id", rule })?;
        }
        Ok(scope)
    }
}

/// One value of a path.
pub(crate) fn in_path<T>(name: &str, value: Result<T, InvalidValue>) -> Result<T, Problem> {
    let mut report = Report::default();
    let value = report.take(name, value);
    report.finish(value)
}

/// A key of a path: a number (orchestration reference §2.1). A number that no key can be is nobody's.
pub(crate) fn key_in_path(name: &str, text: &str) -> Result<AuthorizationKey, Problem> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let numeric = !digits.is_empty() && text.len() <= MAX_KEY && digits.bytes().all(|byte| byte.is_ascii_digit());
    let mut report = Report::default();
    if !numeric {
        report.shape(format!("`{name}` must be numeric."));
    }
    report.finish(numeric.then(|| AuthorizationKey(text.parse().unwrap_or(0))))
}

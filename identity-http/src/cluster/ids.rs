//! What ids may look like in `/v2` (orchestration reference §2.1): those of new entities have a pattern; those that refer to
//! something are also what exists here, and what tokens of this installation can name.

use std::sync::Arc;

use identity_core::entity::Scope;
use identity_core::value::{
    AuthorizationKey, BrokenRule, ClientId, GroupId, InvalidValue, MappingRuleId, ResourceTypeName, RoleId, TenantId,
    Username,
};
use identity_core::world::{Sources, World};
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

    /// The rules for ids that refer to something.
    pub(crate) fn references<'r>(&'r self, world: &'r World) -> References<'r> {
        References { rules: self, world }
    }
}

/// The rules for ids that refer to something: those of new ids, and beside these whatever exists already, and the users, clients
/// and groups that tokens of a provider can name.
pub(crate) struct References<'r> {
    rules: &'r IdRules,
    world: &'r World,
}

impl References<'_> {
    /// Whether users and clients live at a provider, which calls them what it likes.
    fn principals_are_foreign(&self) -> bool {
        matches!(self.world.sources(), Sources::Provider { .. })
    }

    fn groups_are_claimed(&self) -> bool {
        self.world.sources() == Sources::Provider { groups_claimed: true }
    }

    fn parse<T>(
        &self,
        text: &str,
        exists: bool,
        parse: fn(&str) -> Result<T, InvalidValue>,
        strictly: fn(&IdRules, &str) -> Result<T, InvalidValue>,
    ) -> Result<T, InvalidValue> {
        if exists { parse(text) } else { strictly(self.rules, text) }
    }

    pub(crate) fn username(&self, text: &str) -> Result<Username, InvalidValue> {
        let exists = self.principals_are_foreign() || self.world.user(text).is_some();
        self.parse(text, exists, Username::parse, IdRules::username)
    }

    pub(crate) fn client(&self, text: &str) -> Result<ClientId, InvalidValue> {
        self.parse(text, self.principals_are_foreign(), ClientId::parse, IdRules::client)
    }

    pub(crate) fn group(&self, text: &str) -> Result<GroupId, InvalidValue> {
        self.parse(text, self.world.group(text).is_some(), GroupId::parse, IdRules::group)
    }

    /// Tokens may claim groups of any id.
    #[expect(clippy::unused_self, reason = "one of the rules for ids that refer to something")]
    pub(crate) fn member_group(&self, text: &str) -> Result<GroupId, InvalidValue> {
        GroupId::parse(text)
    }

    pub(crate) fn role(&self, text: &str) -> Result<RoleId, InvalidValue> {
        self.parse(text, self.world.role(text).is_some(), RoleId::parse, IdRules::role)
    }

    pub(crate) fn mapping_rule(&self, text: &str) -> Result<MappingRuleId, InvalidValue> {
        self.parse(text, self.world.mapping_rule(text).is_some(), MappingRuleId::parse, IdRules::mapping_rule)
    }

    pub(crate) fn tenant(&self, text: &str) -> Result<TenantId, InvalidValue> {
        self.parse(text, self.world.tenant(text).is_some(), TenantId::parse, IdRules::tenant)
    }

    /// The id of a resource: `*`, like an id, or that of an entity of the type.
    pub(crate) fn resource(&self, kind: Option<&ResourceTypeName>, text: &str) -> Result<Scope, InvalidValue> {
        let scope = Scope::from_resource_id(text)?;
        let is_entity = match kind.map(ResourceTypeName::as_str) {
            Some("USER") => self.username(text).is_ok(),
            Some("GROUP") => self.groups_are_claimed() || self.group(text).is_ok(),
            Some("ROLE") => self.role(text).is_ok(),
            Some("MAPPING_RULE") => self.mapping_rule(text).is_ok(),
            _ => TenantId::parse(text).is_ok(),
        };
        if scope != Scope::Any && !is_entity {
            self.rules.check(text).map_err(|rule| InvalidValue { what: "resource id", rule })?;
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

//! Validation of ids in `/v2` (docs/reference/orchestration-cluster.md §2.1).
//!
//! Ids of new entities must match the configured pattern. References to entities may also contain ids that already
//! exist or that an identity provider has chosen.

use std::sync::Arc;

use identity_core::entity::Scope;
use identity_core::value::{
    BrokenRule, ClientId, GroupId, InvalidValue, MappingRuleId, ResourceTypeName, RoleId, TenantId, Username,
};
use identity_core::world::{Sources, World};
use regex::Regex;

/// Maximum length of the id of a new tenant, in characters.
const MAX_TENANT_ID: usize = 31;

/// Rules for ids of new entities: the pattern that the operator configures.
#[derive(Clone)]
pub struct IdRules {
    pattern: Regex,
    source: Arc<str>,
}

impl IdRules {
    /// Creates rules from `whole`, the compiled pattern anchored at both ends, and `source`, its text for error
    /// messages.
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

    /// Validates the id of a new tenant. It must have at most 31 characters; the configured pattern does not apply.
    pub(crate) fn tenant(&self, text: &str) -> Result<TenantId, InvalidValue> {
        if text.chars().count() > MAX_TENANT_ID {
            return Err(InvalidValue { what: "tenant id", rule: BrokenRule::TooLong(MAX_TENANT_ID) });
        }
        TenantId::parse(text)
    }

    /// Returns the validation rules for references to entities of `world`.
    pub(crate) fn references<'r>(&'r self, world: &'r World) -> References<'r> {
        References { rules: self, world }
    }
}

/// Validation rules for references to entities. They accept the ids of new and of existing entities. In profiles with
/// an identity provider, they also accept any user or client id.
pub(crate) struct References<'r> {
    rules: &'r IdRules,
    world: &'r World,
}

impl References<'_> {
    /// Whether an identity provider manages users and clients, and therefore chooses their ids.
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

    /// Validates the id of a group that is a member of an entity. The configured pattern does not apply, because token
    /// claims may name any group.
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

    /// Validates a resource id: `*`, an id that matches the pattern, or a valid reference to an entity of the resource
    /// type `kind`. Types without stored entities accept any id in the form of a tenant id.
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

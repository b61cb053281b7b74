//! Documents from JSON values.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize as _;
use serde_json::Value;

use super::fact::{Fact, Subject};
use super::object::{Findings, Object};
use super::{DocumentFinding, DocumentUser, PolicyDocument, shape};
use crate::apply::NewAuthorization;
use crate::entity::{
    Condition, Container, CustomType, EntityKind, Group, MappingRule, Membership, Operator, Party, Permission, Role,
    RuleKind, Scope, Tenant,
};
use crate::preset;
use crate::value::{
    Audience, ClaimSelector, ClaimValue, ClientId, Description, Email, GroupId, InvalidValue, Issuer, MappingRuleId,
    Name, PermissionName, PropertyName, ResourceTypeName, RoleId, TenantId, Username,
};

impl PolicyDocument {
    /// Reads a document from a JSON value.
    ///
    /// # Errors
    /// With all violated rules, at most 1000. Values of members are not part of the messages.
    pub fn read(value: &Value) -> Result<Self, Vec<DocumentFinding>> {
        let findings = Findings::default();
        let mut document = Self::default();
        if let Some(root) = Object::take(&findings, value, String::new(), shape::DOCUMENT) {
            document.fill(&root);
        }
        let findings = findings.into_all();
        if findings.is_empty() { Ok(document) } else { Err(findings) }
    }

    fn fill(&mut self, root: &Object<'_, '_>) {
        let mut ids = Ids::default();
        for one in root.objects("resource-types", shape::RESOURCE_TYPE) {
            let Some(name) = one.required("resource-type", ResourceTypeName::parse) else { continue };
            ids.note(&one, "resource-type", EntityKind::ResourceType, name.as_str(), self);
            let permissions = one.texts("permissions", PermissionName::parse).into_iter().map(|(_, name)| name);
            let properties = one.texts("properties", PropertyName::parse).into_iter().map(|(_, name)| name);
            let (permissions, properties) = (permissions.collect(), properties.collect());
            self.resource_types.push(CustomType { name, permissions, properties });
        }
        for one in root.objects("users", shape::USER) {
            let Some(username) = one.required("username", Username::parse) else { continue };
            ids.note(&one, "username", EntityKind::User, username.as_str(), self);
            let (name, email) = (one.text("name", Name::parse), one.text("email", Email::parse));
            let enabled = one.flag("enabled").unwrap_or(true);
            self.users.push(DocumentUser { username, name, email, enabled });
        }
        for one in root.objects("mapping-rules", shape::MAPPING_RULE) {
            let Some(id) = one.required("mapping-rule-id", MappingRuleId::parse) else { continue };
            ids.note(&one, "mapping-rule-id", EntityKind::MappingRule, id.as_str(), self);
            self.mapping_rules.extend(mapping_rule(&one, id));
        }
        for one in root.objects("groups", shape::GROUP) {
            let Some(id) = one.required("group-id", GroupId::parse) else { continue };
            ids.note(&one, "group-id", EntityKind::Group, id.as_str(), self);
            self.members(&one, &Container::Group(id.clone()));
            let (name, description) = name_and_description(&one);
            self.groups.extend(name.map(|name| Group { description, ..Group::new(id, name) }));
        }
        for one in root.objects("roles", shape::ROLE) {
            let Some(id) = one.required("role-id", RoleId::parse) else { continue };
            if preset::is_protected_role(&id) {
                one.add("role-id", "is a default role, of which only members can be given, under `default-roles`");
            }
            ids.note(&one, "role-id", EntityKind::Role, id.as_str(), self);
            self.members(&one, &Container::Role(id.clone()));
            let permissions = self.permissions(&one, &id);
            let (name, description) = name_and_description(&one);
            self.roles.extend(name.map(|name| Role { description, permissions, ..Role::new(id, name) }));
        }
        for one in root.objects("tenants", shape::TENANT) {
            let Some(id) = one.required("tenant-id", TenantId::parse) else { continue };
            ids.note(&one, "tenant-id", EntityKind::Tenant, id.as_str(), self);
            self.members(&one, &Container::Tenant(id.clone()));
            let (name, description) = name_and_description(&one);
            self.tenants.extend(name.map(|name| Tenant { description, ..Tenant::new(id, name) }));
        }
        for (id, one) in root.entries("default-roles", shape::MEMBERS_ALONE) {
            match RoleId::parse(id).ok().filter(preset::is_protected_role) {
                Some(role) => self.members(&one, &Container::Role(role)),
                None => one.refuse(&one.pointer, "is not a default role"),
            }
        }
        let mut seen = BTreeSet::new();
        for one in root.objects("authorizations", shape::AUTHORIZATION) {
            let Some(new) = authorization(&one) else { continue };
            let subject = Subject::of(&new);
            for name in &new.permissions {
                self.places.0.insert(Fact::Grant(subject.clone(), name.clone()), one.pointer.clone());
            }
            if !seen.insert(subject) {
                one.add("owner-id", "has another entry for the same resources, with the same condition");
            }
            self.authorizations.push(new);
        }
    }

    fn members(&mut self, from: &Object<'_, '_>, container: &Container) {
        let mut members: Vec<(String, Party)> = Vec::new();
        let mut add = |list: &'static str, parse: fn(&str) -> Result<Party, InvalidValue>| {
            members.extend(from.texts(list, parse));
        };
        add("users", |id| Username::parse(id).map(Party::User));
        add("clients", |id| ClientId::parse(id).map(Party::Client));
        add("groups", |id| GroupId::parse(id).map(Party::Group));
        add("roles", |id| RoleId::parse(id).map(Party::Role));
        add("mapping-rules", |id| MappingRuleId::parse(id).map(Party::MappingRule));
        for (pointer, member) in members {
            match Membership::new(container.clone(), member) {
                Ok(membership) if self.memberships.contains(&membership) => {
                    from.refuse(&pointer, "occurs twice");
                }
                Ok(membership) => {
                    self.places.0.insert(Fact::Member(membership.clone()), pointer);
                    self.memberships.insert(membership);
                }
                Err(unsupported) => from.refuse(&pointer, format!("is not possible: {unsupported}")),
            }
        }
    }

    fn permissions(&mut self, from: &Object<'_, '_>, role: &RoleId) -> BTreeSet<Permission> {
        let mut permissions = BTreeSet::new();
        for one in from.objects("permissions", shape::PERMISSION) {
            let audience = one.required("audience", Audience::parse);
            let definition = one.required("permission", PermissionName::parse);
            if let (Some(audience), Some(definition)) = (audience, definition) {
                let permission = Permission { audience, definition };
                let fact = Fact::RolePermission(role.clone(), permission.clone());
                self.places.0.insert(fact, one.pointer.clone());
                permissions.insert(permission);
            }
        }
        permissions
    }
}

/// Ids of the entities read so far, in lower case.
#[derive(Default)]
struct Ids(BTreeMap<(EntityKind, String), String>);

impl Ids {
    /// Notes the place of an entity. Ids that differ at most in case are findings: readers would confuse them.
    fn note(&mut self, from: &Object<'_, '_>, name: &str, kind: EntityKind, id: &str, document: &mut PolicyDocument) {
        match self.0.insert((kind, id.to_lowercase()), id.to_owned()) {
            None => {}
            Some(other) if other == id => from.add(name, "is defined twice"),
            Some(_) => from.add(name, "differs only in case from that of another entry"),
        }
        document.places.0.insert(Fact::Entity(kind, id.to_owned()), from.pointer.clone());
    }
}

fn name_and_description(from: &Object<'_, '_>) -> (Option<Name>, Description) {
    (from.required("name", Name::parse), from.text("description", Description::parse).unwrap_or_default())
}

fn mapping_rule(from: &Object<'_, '_>, id: MappingRuleId) -> Option<MappingRule> {
    let name = if from.has("name") { from.text("name", Name::parse) } else { Name::parse(id.as_str()).ok() };
    let selector = from.required("claim-name", ClaimSelector::parse);
    let value = from.required("claim-value", ClaimValue::parse);
    let operator = if from.has("operator") { from.text("operator", operator) } else { Some(Operator::Equals) };
    let kind = if from.has("type") { from.text("type", rule_kind) } else { Some(RuleKind::Any) };
    let issuer = from.text("issuer", Issuer::parse);
    Some(MappingRule { operator: operator?, kind: kind?, issuer, ..MappingRule::new(id, name?, selector?, value?) })
}

fn operator(text: &str) -> Result<Operator, &'static str> {
    Operator::parse(text).ok_or("must be `EQUALS` or `CONTAINS`")
}

fn rule_kind(text: &str) -> Result<RuleKind, &'static str> {
    RuleKind::parse(text).ok_or("must be `ANY`, `ROLE`, `TENANT` or `GROUP`")
}

fn authorization(from: &Object<'_, '_>) -> Option<NewAuthorization> {
    let kind = from.required("owner-type", |kind| Ok::<_, InvalidValue>(kind.to_owned()));
    let owner = kind.and_then(|kind| match Party::parse(&kind, "x") {
        Err(error) => {
            from.add("owner-type", error);
            None
        }
        Ok(_) => from.required("owner-id", |id| Party::parse(&kind, id)),
    });
    if let Some(Party::Role(role)) = &owner
        && preset::is_protected_role(role)
    {
        from.add("owner-id", "is a default role, whose authorizations are fixed");
    }
    let resource_type = from.required("resource-type", ResourceTypeName::parse);
    let scope = match (from.has("resource-id"), from.has("resource-property-name")) {
        (true, false) => from.text("resource-id", Scope::from_resource_id),
        (false, true) => from.text("resource-property-name", PropertyName::parse).map(Scope::Property),
        _ => {
            from.add("resource-id", "or `resource-property-name` is required, but not both");
            None
        }
    };
    let permissions: BTreeSet<_> =
        from.texts("permissions", PermissionName::parse).into_iter().map(|(_, name)| name).collect();
    if permissions.is_empty() {
        from.add("permissions", "must contain at least one permission");
    }
    let condition = from.given("condition").map(|value| match value {
        // As in configuration files, whose values are texts.
        Value::String(text) => text.parse::<Condition>().map_err(|error| from.add("condition", error)),
        value => Condition::deserialize(value).map_err(|error| from.add("condition", error)),
    });
    let condition = condition.transpose().ok()?;
    Some(NewAuthorization { owner: owner?, resource_type: resource_type?, scope: scope?, permissions, condition })
}

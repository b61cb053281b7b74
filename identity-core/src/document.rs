//! Policies as a document: custom resource types, mapping rules, groups, roles and tenants with their members, and
//! authorizations.
//!
//! A document has the words of the configuration section `initialization`, which the server applies at its start. Any
//! format of serde can be read; [`PolicyDocument::from_json`] reads JSON.
//!
//! ```
//! use identity_core::decide::{Question, decide};
//! use identity_core::document::PolicyDocument;
//! use identity_core::entity::Principal;
//! use identity_core::resolve::{ResolveInput, resolve};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let document = r#"{
//!     "roles": [{"role-id": "clerk", "name": "Clerk", "users": ["ann"]}],
//!     "authorizations": [{
//!         "owner-type": "ROLE", "owner-id": "clerk",
//!         "resource-type": "PROCESS_DEFINITION", "resource-id": "order", "permissions": ["CREATE_PROCESS_INSTANCE"]
//!     }]
//! }"#;
//! let world = PolicyDocument::from_json(document)?.world()?;
//! let ann = resolve(&world, ResolveInput::from(&Principal::user("ann")?));
//! let question = Question::resource(world.catalog(), "PROCESS_DEFINITION", "CREATE_PROCESS_INSTANCE", "order")?;
//! assert!(decide(&world, &ann, &question).allowed());
//! # Ok(())
//! # }
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::apply::{Command, NewAuthorization, Refusal, apply, missing_defaults};
use crate::catalog::ResourceCatalog;
use crate::decide::Authority;
use crate::entity::{
    Condition, Container, CustomType, Group, MappingRule, Membership, Party, Role, Scope, Tenant, UnsupportedMember,
};
use crate::value::{
    ClaimSelector, ClaimValue, ClientId, Description, GroupId, InvalidValue, MappingRuleId, Name, PermissionName,
    PropertyName, ResourceTypeName, RoleId, TenantId, Username,
};
use crate::world::{Sources, World};

/// Policies to create. Members and owners of authorizations refer to entities by id, and users and clients need not be
/// defined.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct PolicyDocument {
    resource_types: Vec<Entry<ResourceTypeEntry>>,
    mapping_rules: Vec<Entry<MappingRuleEntry>>,
    groups: Vec<Entry<GroupEntry>>,
    roles: Vec<Entry<RoleEntry>>,
    tenants: Vec<Entry<TenantEntry>>,
    default_roles: BTreeMap<RoleId, Entry<MembersEntry>>,
    authorizations: Vec<Entry<AuthorizationEntry>>,
}

/// Reason why a document cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// The text is not JSON, or an entry has an unknown, missing or invalid member. Contains the reason and the line.
    #[error("the document cannot be read: {0}")]
    Unreadable(String),
    /// An id of an owner or a resource is invalid.
    #[error(transparent)]
    Value(#[from] InvalidValue),
    /// A group, role or tenant cannot have a member of this kind.
    #[error(transparent)]
    Member(#[from] UnsupportedMember),
    /// An authorization has both or neither of `resource-id` and `resource-property-name`.
    #[error("an authorization must have either `resource-id` or `resource-property-name`")]
    Resource,
    /// The policies contradict each other, or refer to something that does not exist.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl PolicyDocument {
    /// Reads a JSON document.
    ///
    /// # Errors
    /// If the text is not JSON, or an entry has an unknown, missing or invalid member.
    pub fn from_json(text: &str) -> Result<Self, DocumentError> {
        let unreadable = |error: serde_json::Error| DocumentError::Unreadable(error.to_string());
        serde_json::from_str(text).map(|Entry(document)| document).map_err(unreadable)
    }

    /// Returns the commands that create the policies. Entities precede the commands that refer to them.
    ///
    /// # Errors
    /// If an id is invalid, or a group, role or tenant cannot have a member of a kind.
    pub fn commands(&self) -> Result<Vec<Command>, DocumentError> {
        let mut commands = Vec::new();
        let mut members = Vec::new();
        commands
            .extend(self.resource_types.iter().map(|Entry(entry)| Command::CreateResourceType(entry.resource_type())));
        for Entry(entry) in &self.mapping_rules {
            commands.push(Command::CreateMappingRule(entry.rule()?));
        }
        for Entry(entry) in &self.groups {
            let group = Group {
                description: entry.description.clone(),
                ..Group::new(entry.group_id.clone(), entry.name.clone())
            };
            members.extend(entry.members().of(&Container::Group(group.id.clone()))?);
            commands.push(Command::CreateGroup(group));
        }
        for Entry(entry) in &self.roles {
            let role =
                Role { description: entry.description.clone(), ..Role::new(entry.role_id.clone(), entry.name.clone()) };
            members.extend(entry.members().of(&Container::Role(role.id.clone()))?);
            commands.push(Command::CreateRole(role));
        }
        for Entry(entry) in &self.tenants {
            let tenant = Tenant {
                description: entry.description.clone(),
                ..Tenant::new(entry.tenant_id.clone(), entry.name.clone())
            };
            members.extend(entry.members().of(&Container::Tenant(tenant.id.clone()))?);
            if !tenant.id.is_default() {
                commands.push(Command::CreateTenant(tenant));
            }
        }
        for (role, Entry(entry)) in &self.default_roles {
            members.extend(entry.of(&Container::Role(role.clone()))?);
        }
        commands.extend(members.into_iter().map(Command::AddMember));
        for Entry(entry) in &self.authorizations {
            commands.push(Command::CreateAuthorization(entry.authorization()?));
        }
        Ok(commands)
    }

    /// Creates a world with the default roles, the default tenant and the policies of this document. Users and clients
    /// come from an identity provider, and are not stored.
    ///
    /// # Errors
    /// As [`Self::commands`], or if the policies are refused.
    pub fn world(&self) -> Result<World, DocumentError> {
        let empty = World::new(Sources::Provider { groups_claimed: false }, ResourceCatalog::standard());
        let with_defaults = apply(&empty, &missing_defaults(&empty), Authority::Server)?.world;
        Ok(apply(&with_defaults, &self.commands()?, Authority::Administrator)?.world)
    }
}

/// An entry that is written as an object. A derived reader would also accept a list of its members in order.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entry<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_map(Object(PhantomData)).map(Self)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ResourceTypeEntry {
    resource_type: ResourceTypeName,
    permissions: Vec<PermissionName>,
    #[serde(default)]
    properties: Vec<PropertyName>,
}

impl ResourceTypeEntry {
    fn resource_type(&self) -> CustomType {
        CustomType {
            name: self.resource_type.clone(),
            permissions: self.permissions.iter().cloned().collect(),
            properties: self.properties.iter().cloned().collect(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct MappingRuleEntry {
    mapping_rule_id: MappingRuleId,
    claim_name: String,
    claim_value: String,
}

impl MappingRuleEntry {
    fn rule(&self) -> Result<MappingRule, InvalidValue> {
        let name = Name::parse(self.mapping_rule_id.as_str())?;
        let selector = ClaimSelector::parse(&self.claim_name)?;
        Ok(MappingRule::new(self.mapping_rule_id.clone(), name, selector, ClaimValue::parse(&self.claim_value)?))
    }
}

/// Members of a default role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct MembersEntry {
    users: Vec<Username>,
    clients: Vec<ClientId>,
    groups: Vec<GroupId>,
    roles: Vec<RoleId>,
    mapping_rules: Vec<MappingRuleId>,
}

impl MembersEntry {
    fn of(&self, container: &Container) -> Result<Vec<Membership>, UnsupportedMember> {
        let users = self.users.iter().cloned().map(Party::User);
        let clients = self.clients.iter().cloned().map(Party::Client);
        let groups = self.groups.iter().cloned().map(Party::Group);
        let roles = self.roles.iter().cloned().map(Party::Role);
        let rules = self.mapping_rules.iter().cloned().map(Party::MappingRule);
        let parties = users.chain(clients).chain(groups).chain(roles).chain(rules);
        parties.map(|party| Membership::new(container.clone(), party)).collect()
    }
}

/// Defines the entry of a group, role or tenant, with its members.
macro_rules! container_entry {
    ($name:ident { $id:ident: $type:ty }) => {
        #[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        struct $name {
            $id: $type,
            name: Name,
            #[serde(default)]
            description: Description,
            #[serde(default)]
            users: Vec<Username>,
            #[serde(default)]
            clients: Vec<ClientId>,
            #[serde(default)]
            groups: Vec<GroupId>,
            #[serde(default)]
            roles: Vec<RoleId>,
            #[serde(default)]
            mapping_rules: Vec<MappingRuleId>,
        }

        impl $name {
            fn members(&self) -> MembersEntry {
                MembersEntry {
                    users: self.users.clone(),
                    clients: self.clients.clone(),
                    groups: self.groups.clone(),
                    roles: self.roles.clone(),
                    mapping_rules: self.mapping_rules.clone(),
                }
            }
        }
    };
}

container_entry!(GroupEntry { group_id: GroupId });
container_entry!(RoleEntry { role_id: RoleId });
container_entry!(TenantEntry { tenant_id: TenantId });

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct AuthorizationEntry {
    owner_type: String,
    owner_id: String,
    resource_type: ResourceTypeName,
    resource_id: Option<String>,
    resource_property_name: Option<PropertyName>,
    permissions: Vec<PermissionName>,
    condition: Option<Condition>,
}

impl AuthorizationEntry {
    fn authorization(&self) -> Result<NewAuthorization, DocumentError> {
        let scope = match (&self.resource_id, &self.resource_property_name) {
            (Some(id), None) => Scope::from_resource_id(id)?,
            (None, Some(name)) => Scope::Property(name.clone()),
            (Some(_), Some(_)) | (None, None) => return Err(DocumentError::Resource),
        };
        Ok(NewAuthorization {
            owner: Party::parse(&self.owner_type, &self.owner_id)?,
            resource_type: self.resource_type.clone(),
            scope,
            permissions: self.permissions.iter().cloned().collect(),
            condition: self.condition.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_entries_that_are_not_objects_and_unknown_members() {
        for text in [
            "[]",
            r#"{"roles": [["clerk", "Clerk"]]}"#,
            r#"{"roles": [{"role-id": "clerk", "name": "Clerk", "colour": "red"}]}"#,
            r#"{"roles": [{"role-id": "clerk"}]}"#,
            r#"{"roles": [{"role-id": "clerk", "role-id": "clerk", "name": "Clerk"}]}"#,
            r#"{"rolls": []}"#,
        ] {
            assert!(matches!(PolicyDocument::from_json(text), Err(DocumentError::Unreadable(_))), "{text}");
        }
    }

    #[test]
    fn refuses_policies_that_contradict_each_other() {
        let refused = |text: &str| PolicyDocument::from_json(text).unwrap().world().err().unwrap();
        let authorization = |rest: &str| {
            format!(
                r#"{{"authorizations": [{{"owner-type": "USER", "owner-id": "ann", "permissions": ["READ"], {rest}}}]}}"#
            )
        };
        assert!(matches!(refused(&authorization(r#""resource-type": "ROLE""#)), DocumentError::Resource));
        let unknown = refused(&authorization(r#""resource-type": "INVOICE", "resource-id": "7""#));
        assert!(matches!(unknown, DocumentError::Refused(_)), "{unknown}");
        let nested = r#"{"groups": [{"group-id": "a", "name": "A", "groups": ["b"]}]}"#;
        assert!(matches!(refused(nested), DocumentError::Member(_)));
    }
}

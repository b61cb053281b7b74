//! JSON format of bulk commands: an object with one member, such as `{"deleteUser": {"username": "ann"}}`.

use identity_core::apply::{Command, NewAuthorization};
use identity_core::entity::{Container, Group, Membership, Role, Scope, Tenant};
use identity_core::service::bulk::{Bulk, Item, NewPassword};
use identity_core::service::cluster::NewUser;
use identity_core::value::{
    BrokenRule, Description, Email, GroupId, InvalidValue, Name, PermissionName, ResourceTypeName, RoleId, Secret,
    TenantId, Username,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::authorizations::EntityType;
use super::super::roles::PermissionView;
use crate::body::null_as_default;
use crate::condition::{ComparisonBody, condition};
use crate::findings::Findings;
use crate::ids::IdRules;
use crate::problem::Problem;
use crate::schema;
use crate::shape::push;

/// A command with exactly one member.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum BulkCommand {
    CreateUser(BulkUser),
    DeleteUser(UserRef),
    CreateGroup(BulkGroup),
    DeleteGroup(GroupRef),
    CreateRole(BulkRole),
    DeleteRole(RoleRef),
    CreateTenant(BulkTenant),
    DeleteTenant(TenantRef),
    AddMember(MemberRef),
    RemoveMember(MemberRef),
    CreateAuthorization(BulkAuthorization),
}

impl BulkCommand {
    /// Returns the name of the command's only member in JSON.
    fn name(&self) -> &'static str {
        match self {
            Self::CreateUser(_) => "createUser",
            Self::DeleteUser(_) => "deleteUser",
            Self::CreateGroup(_) => "createGroup",
            Self::DeleteGroup(_) => "deleteGroup",
            Self::CreateRole(_) => "createRole",
            Self::DeleteRole(_) => "deleteRole",
            Self::CreateTenant(_) => "createTenant",
            Self::DeleteTenant(_) => "deleteTenant",
            Self::AddMember(_) => "addMember",
            Self::RemoveMember(_) => "removeMember",
            Self::CreateAuthorization(_) => "createAuthorization",
        }
    }
}

/// A user to create, in the profile `builtin`. `password` and `passwordHash` are optional and mutually exclusive.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct BulkUser {
    #[schema(schema_with = schema::id)]
    username: String,
    #[schema(schema_with = schema::name_or_blank)]
    name: Option<String>,
    email: Option<String>,
    /// 15 to 256 characters, and not easy to guess. Without `password` and `passwordHash`, the user cannot sign in until
    /// a password is set.
    #[schema(format = Password, min_length = 15, max_length = 256)]
    password: Option<String>,
    /// Argon2 hash as PHC string (`$argon2id$…`; at most 256 MiB and 10 passes), or bcrypt hash (`$2a$…`, `$2b$…`,
    /// `$2y$…`, optionally prefixed with `{bcrypt}`; cost 4 to 14).
    password_hash: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UserRef {
    #[schema(schema_with = schema::id)]
    username: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct BulkGroup {
    #[schema(schema_with = schema::id)]
    group_id: String,
    #[schema(schema_with = schema::name)]
    name: String,
    #[serde(default, deserialize_with = "null_as_default")]
    #[schema(schema_with = schema::description)]
    description: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GroupRef {
    #[schema(schema_with = schema::id)]
    group_id: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct BulkRole {
    /// Key of the role.
    #[schema(schema_with = schema::name)]
    name: String,
    /// Display name. Defaults to the key.
    #[schema(schema_with = schema::name)]
    display_name: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    #[schema(schema_with = schema::description)]
    description: String,
    #[serde(default, deserialize_with = "null_as_default")]
    permissions: Vec<PermissionView>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RoleRef {
    #[schema(schema_with = schema::id)]
    name: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct BulkTenant {
    #[schema(schema_with = schema::tenant_id)]
    tenant_id: String,
    #[schema(schema_with = schema::name)]
    name: String,
    #[serde(default, deserialize_with = "null_as_default")]
    #[schema(schema_with = schema::description)]
    description: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TenantRef {
    #[schema(schema_with = schema::tenant_id)]
    tenant_id: String,
}

/// Type of an entity that has members.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ContainerType {
    Group,
    Role,
    Tenant,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct MemberRef {
    container_type: ContainerType,
    #[schema(schema_with = schema::id)]
    container_id: String,
    member_type: EntityType,
    #[schema(schema_with = schema::id)]
    member_id: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct BulkAuthorization {
    #[schema(schema_with = schema::id)]
    entity_id: String,
    entity_type: EntityType,
    /// Exact resource key, or `*` for all resources.
    #[schema(schema_with = schema::id)]
    resource_key: String,
    #[schema(schema_with = schema::resource_type)]
    resource_type: String,
    #[schema(schema_with = schema::ids)]
    permissions: Vec<String>,
    /// Additional condition; all comparisons must hold. Only allowed on custom resource types.
    condition: Option<Vec<ComparisonBody>>,
}

/// Validates bulk commands and converts them to commands of the model.
pub(super) struct Reader<'r> {
    pub(super) bulk: &'r Bulk,
    pub(super) ids: &'r IdRules,
}

impl Reader<'_> {
    /// Validates the command that is located at `pointer` in the body, and converts it.
    ///
    /// # Errors
    /// If values are invalid: one 400 problem that reports all of them.
    pub(super) fn item(&self, command: BulkCommand, mut pointer: String) -> Result<Item, Problem> {
        push(&mut pointer, command.name());
        let mut findings = Findings::of_object(pointer);
        let all = &mut findings;
        let command = match command {
            BulkCommand::CreateUser(body) => return self.user(body, all).ok_or_else(|| findings.problem()),
            BulkCommand::DeleteUser(body) => {
                all.take("username", Username::parse(&body.username)).map(Command::DeleteUser)
            }
            BulkCommand::CreateGroup(body) => self.group(&body, all),
            BulkCommand::DeleteGroup(body) => {
                all.take("groupId", GroupId::parse(&body.group_id)).map(Command::DeleteGroup)
            }
            BulkCommand::CreateRole(body) => role(body, all),
            BulkCommand::DeleteRole(body) => all.take("name", RoleId::parse(&body.name)).map(Command::DeleteRole),
            BulkCommand::CreateTenant(body) => tenant(&body, all),
            BulkCommand::DeleteTenant(body) => {
                all.take("tenantId", TenantId::parse(&body.tenant_id)).map(Command::DeleteTenant)
            }
            BulkCommand::AddMember(body) => membership(&body, all).map(Command::AddMember),
            BulkCommand::RemoveMember(body) => membership(&body, all).map(Command::RemoveMember),
            BulkCommand::CreateAuthorization(body) => authorization(&body, all),
        };
        command.map(Item::Command).ok_or_else(|| findings.problem())
    }

    fn user(&self, body: BulkUser, findings: &mut Findings) -> Option<Item> {
        let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let username = findings.take("username", self.ids.username(&body.username));
        let name = filled(body.name.clone()).map(|name| findings.take("name", Name::parse(name.trim())));
        let email = filled(body.email.clone()).map(|email| findings.take("email", Email::parse(&email)));
        let password = match (body.password, body.password_hash) {
            (None, None) => Some(NewPassword::Absent),
            (Some(text), None) => {
                let known = [Some(body.username.as_str()), body.name.as_deref(), body.email.as_deref()];
                let known: Vec<&str> = known.into_iter().flatten().collect();
                findings.take("password", Secret::new_password(text, &known)).map(NewPassword::Plain)
            }
            (None, Some(hash)) => {
                let hash = self.bulk.import(&hash).ok_or_else(|| form("a hash of Argon2 or bcrypt within the bounds"));
                findings.take("passwordHash", hash).map(NewPassword::Imported)
            }
            (Some(_), Some(_)) => findings.take("passwordHash", Err(form("absent if `password` is set"))),
        };
        let optional = |value: &Option<Option<_>>| value.as_ref().is_none_or(Option::is_some);
        if !optional(&name) || email.as_ref().is_some_and(Option::is_none) {
            return None;
        }
        let user = NewUser { username: username?, name: name.flatten(), email: email.flatten() };
        Some(Item::CreateUser(user, password?))
    }

    fn group(&self, body: &BulkGroup, findings: &mut Findings) -> Option<Command> {
        let id = findings.take("groupId", self.ids.group(&body.group_id));
        let name = findings.take("name", Name::parse(body.name.trim()));
        let description = findings.take("description", Description::parse(&body.description));
        Some(Command::CreateGroup(Group { description: description?, ..Group::new(id?, name?) }))
    }
}

fn role(body: BulkRole, findings: &mut Findings) -> Option<Command> {
    let id = findings.take("name", RoleId::parse(body.name.trim()));
    let display_name = body.display_name.map(|name| findings.take("displayName", Name::parse(name.trim())));
    let description = findings.take("description", Description::parse(&body.description));
    let permissions = PermissionView::parse_all(&body.permissions, findings);
    let id = id?;
    let name = display_name.unwrap_or_else(|| Some(Name::from(&id)))?;
    Some(Command::CreateRole(Role { description: description?, permissions: permissions?, ..Role::new(id, name) }))
}

fn tenant(body: &BulkTenant, findings: &mut Findings) -> Option<Command> {
    let id = findings.take("tenantId", TenantId::parse(&body.tenant_id));
    let name = findings.take("name", Name::parse(body.name.trim()));
    let description = findings.take("description", Description::parse(&body.description));
    Some(Command::CreateTenant(Tenant { description: description?, ..Tenant::new(id?, name?) }))
}

fn membership(body: &MemberRef, findings: &mut Findings) -> Option<Membership> {
    let id = body.container_id.as_str();
    let container = match body.container_type {
        ContainerType::Group => GroupId::parse(id).map(Container::Group),
        ContainerType::Role => RoleId::parse(id).map(Container::Role),
        ContainerType::Tenant => TenantId::parse(id).map(Container::Tenant),
    };
    let container = findings.take("containerId", container);
    let member = findings.take("memberId", body.member_type.party(&body.member_id));
    let membership = Membership::new(container?, member?);
    findings.take("memberType", membership.map_err(|_| form("a type that the container accepts as members")))
}

fn authorization(body: &BulkAuthorization, findings: &mut Findings) -> Option<Command> {
    let owner = findings.take("entityId", body.entity_type.party(&body.entity_id));
    let resource_type = findings.take("resourceType", ResourceTypeName::parse(&body.resource_type));
    let scope = findings.take("resourceKey", Scope::from_resource_id(&body.resource_key));
    let permissions = findings.all("permissions", body.permissions.iter().map(|text| PermissionName::parse(text)));
    let condition = condition(body.condition.as_deref(), findings);
    Some(Command::CreateAuthorization(NewAuthorization {
        owner: owner?,
        resource_type: resource_type?,
        scope: scope?,
        permissions: permissions?.into_iter().collect(),
        condition: condition?,
    }))
}

fn form(wanted: &'static str) -> InvalidValue {
    InvalidValue { what: "value", rule: BrokenRule::Form(wanted, String::new()) }
}

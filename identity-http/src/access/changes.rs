//! Request bodies of the changes to simulate with `/access/v1/simulate`.

use identity_core::apply::{Command, NewAuthorization};
use identity_core::entity::{
    Container, Group, MappingRule, Membership, Operator, Party, Permission, Role, RuleKind, Scope,
};
use identity_core::value::{
    Audience, AuthorizationKey, BrokenRule, ClaimSelector, ClaimValue, GroupId, InvalidValue, Issuer, MappingRuleId,
    Name, PermissionName, ResourceTypeName, RoleId, TenantId, Username,
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::condition::{ComparisonBody, condition};
use crate::findings::Findings;

/// A change to simulate.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum ChangeBody {
    CreateMappingRule(RuleBody),
    UpdateMappingRule(RuleBody),
    /// Id of the mapping rule.
    DeleteMappingRule(String),
    CreateRole(RoleBody),
    UpdateRole(RoleBody),
    /// Id of the role.
    DeleteRole(String),
    CreateGroup(GroupBody),
    /// Id of the group.
    DeleteGroup(String),
    /// Id of the tenant.
    DeleteTenant(String),
    /// Username.
    DeactivateUser(String),
    /// Username.
    ReactivateUser(String),
    /// Username.
    DeleteUser(String),
    AddMember(MemberBody),
    RemoveMember(MemberBody),
    CreateAuthorization(GrantBody),
    /// Key of the authorization.
    DeleteAuthorization(String),
}

/// A mapping rule.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = access::MappingRule)]
pub(crate) struct RuleBody {
    id: String,
    name: Option<String>,
    claim_name: String,
    claim_value: String,
    /// `EQUALS` or `CONTAINS`. Default `EQUALS`.
    operator: Option<String>,
    /// Issuer whose tokens the rule applies to. Default: every issuer.
    issuer: Option<String>,
}

/// A role.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = access::Role)]
pub(crate) struct RoleBody {
    id: String,
    name: Option<String>,
    #[serde(default)]
    permissions: Vec<PermissionBody>,
}

/// A permission of an API.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = access::Permission)]
pub(crate) struct PermissionBody {
    audience: String,
    definition: String,
}

/// A group.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = access::Group)]
pub(crate) struct GroupBody {
    id: String,
    name: Option<String>,
}

/// A membership: one member of one group, role or tenant.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = access::Member)]
pub(crate) struct MemberBody {
    /// `GROUP`, `ROLE` or `TENANT`.
    container_type: String,
    container_id: String,
    /// `USER`, `CLIENT`, `GROUP`, `ROLE` or `MAPPING_RULE`.
    member_type: String,
    member_id: String,
}

/// An authorization.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = access::Authorization)]
pub(crate) struct GrantBody {
    /// `USER`, `CLIENT`, `GROUP`, `ROLE` or `MAPPING_RULE`.
    owner_type: String,
    owner_id: String,
    resource_type: String,
    /// Resource id, or `*` for all resources.
    resource_id: String,
    permissions: Vec<String>,
    condition: Option<Vec<ComparisonBody>>,
}

impl ChangeBody {
    /// Converts the change to a command of the model. Invalid values are recorded in `findings`.
    pub(crate) fn command(self, findings: &mut Findings) -> Option<Command> {
        match self {
            Self::CreateMappingRule(body) => {
                findings.within("createMappingRule", |at| body.rule(at)).map(Command::CreateMappingRule)
            }
            Self::UpdateMappingRule(body) => {
                findings.within("updateMappingRule", |at| body.rule(at)).map(Command::UpdateMappingRule)
            }
            Self::DeleteMappingRule(id) => {
                findings.take("deleteMappingRule", MappingRuleId::parse(&id)).map(Command::DeleteMappingRule)
            }
            Self::CreateRole(body) => findings.within("createRole", |at| body.role(at)).map(Command::CreateRole),
            Self::UpdateRole(body) => findings.within("updateRole", |at| body.role(at)).map(Command::UpdateRole),
            Self::DeleteRole(id) => findings.take("deleteRole", RoleId::parse(&id)).map(Command::DeleteRole),
            Self::CreateGroup(body) => findings.within("createGroup", |at| body.group(at)).map(Command::CreateGroup),
            Self::DeleteGroup(id) => findings.take("deleteGroup", GroupId::parse(&id)).map(Command::DeleteGroup),
            Self::DeleteTenant(id) => findings.take("deleteTenant", TenantId::parse(&id)).map(Command::DeleteTenant),
            Self::DeactivateUser(name) => {
                findings.take("deactivateUser", Username::parse(&name)).map(Command::DeactivateUser)
            }
            Self::ReactivateUser(name) => {
                findings.take("reactivateUser", Username::parse(&name)).map(Command::ReactivateUser)
            }
            Self::DeleteUser(name) => findings.take("deleteUser", Username::parse(&name)).map(Command::DeleteUser),
            Self::AddMember(body) => findings.within("addMember", |at| body.membership(at)).map(Command::AddMember),
            Self::RemoveMember(body) => {
                findings.within("removeMember", |at| body.membership(at)).map(Command::RemoveMember)
            }
            Self::CreateAuthorization(body) => {
                findings.within("createAuthorization", |at| body.authorization(at)).map(Command::CreateAuthorization)
            }
            Self::DeleteAuthorization(key) => {
                let key = key.parse().map_err(|_| wrong("authorization key", "a number"));
                findings.take("deleteAuthorization", key).map(AuthorizationKey).map(Command::DeleteAuthorization)
            }
        }
    }
}

/// Parses the optional display name of an entity. It defaults to the entity's id.
fn named(name: Option<&str>, id: &str, findings: &mut Findings) -> Option<Name> {
    findings.take("name", Name::parse(name.unwrap_or(id)))
}

impl RuleBody {
    fn rule(&self, findings: &mut Findings) -> Option<MappingRule> {
        let name = named(self.name.as_deref(), &self.id, findings);
        let id = findings.take("id", MappingRuleId::parse(&self.id));
        let selector = findings.take("claimName", ClaimSelector::parse(&self.claim_name));
        let operator = self.operator.as_deref().map_or(Some(Operator::default()), Operator::parse);
        let operator = findings.take("operator", operator.ok_or_else(|| wrong("operator", "EQUALS or CONTAINS")));
        let value = findings.take("claimValue", ClaimValue::parse(&self.claim_value));
        let issuer = self.issuer.as_deref().map(Issuer::parse).transpose();
        let issuer = findings.take("issuer", issuer)?;
        Some(MappingRule {
            id: id?,
            name: name?,
            selector: selector?,
            operator: operator?,
            value: value?,
            kind: RuleKind::Any,
            issuer,
        })
    }
}

impl RoleBody {
    fn role(&self, findings: &mut Findings) -> Option<Role> {
        let name = named(self.name.as_deref(), &self.id, findings);
        let id = findings.take("id", RoleId::parse(&self.id));
        let permissions: Vec<Option<Permission>> = findings.within("permissions", |findings| {
            let items = self.permissions.iter().enumerate();
            items.map(|(index, item)| findings.within(&index.to_string(), |at| item.permission(at))).collect()
        });
        let permissions = permissions.into_iter().collect::<Option<_>>();
        Some(Role { permissions: permissions?, ..Role::new(id?, name?) })
    }
}

impl PermissionBody {
    fn permission(&self, findings: &mut Findings) -> Option<Permission> {
        let audience = findings.take("audience", Audience::parse(&self.audience));
        let definition = findings.take("definition", PermissionName::parse(&self.definition));
        Some(Permission { audience: audience?, definition: definition? })
    }
}

impl GroupBody {
    fn group(&self, findings: &mut Findings) -> Option<Group> {
        let name = named(self.name.as_deref(), &self.id, findings);
        let id = findings.take("id", GroupId::parse(&self.id));
        Some(Group::new(id?, name?))
    }
}

impl MemberBody {
    fn membership(&self, findings: &mut Findings) -> Option<Membership> {
        let container = findings.take("containerId", Container::parse(&self.container_type, &self.container_id));
        let member = findings.take("memberId", Party::parse(&self.member_type, &self.member_id));
        let membership = Membership::new(container?, member?);
        let form = "a type that the container accepts as members";
        findings.take("memberType", membership.map_err(|_| wrong("membership", form)))
    }
}

impl GrantBody {
    fn authorization(&self, findings: &mut Findings) -> Option<NewAuthorization> {
        let owner = findings.take("ownerId", Party::parse(&self.owner_type, &self.owner_id));
        let resource_type = findings.take("resourceType", ResourceTypeName::parse(&self.resource_type));
        let scope = findings.take("resourceId", Scope::from_resource_id(&self.resource_id));
        let permissions = self.permissions.iter().map(|text| PermissionName::parse(text));
        let permissions = findings.all("permissions", permissions);
        let condition = condition(self.condition.as_deref(), findings);
        Some(NewAuthorization {
            owner: owner?,
            resource_type: resource_type?,
            scope: scope?,
            permissions: permissions?.into_iter().collect(),
            condition: condition?,
        })
    }
}

fn wrong(what: &'static str, form: &'static str) -> InvalidValue {
    InvalidValue { what, rule: BrokenRule::Form(form, String::new()) }
}

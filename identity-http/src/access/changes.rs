//! Changes to try, on the wire.

use identity_core::apply::{Command, NewAuthorization};
use identity_core::entity::{
    Condition, Container, Group, MappingRule, Membership, Operator, Party, Permission, Role, RuleKind, Scope,
};
use identity_core::value::{
    Audience, AuthorizationKey, BrokenRule, ClaimSelector, ClaimValue, Description, GroupId, InvalidValue, Issuer,
    MappingRuleId, Name, PermissionName, ResourceTypeName, RoleId, TenantId, Username,
};
use serde::Deserialize;
use utoipa::ToSchema;

/// A change to try.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum ChangeBody {
    CreateMappingRule(RuleBody),
    UpdateMappingRule(RuleBody),
    /// By id.
    DeleteMappingRule(String),
    CreateRole(RoleBody),
    UpdateRole(RoleBody),
    /// By id.
    DeleteRole(String),
    CreateGroup(GroupBody),
    /// By id.
    DeleteGroup(String),
    /// By id.
    DeleteTenant(String),
    /// By username.
    DeleteUser(String),
    AddMember(MemberBody),
    RemoveMember(MemberBody),
    CreateAuthorization(GrantBody),
    /// By key.
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
    /// `EQUALS` or `CONTAINS`; `EQUALS` when not given.
    operator: Option<String>,
    /// Whose tokens the rule looks at; those of every issuer when not given.
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

/// Somebody in something.
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
    /// `*` for all.
    resource_id: String,
    permissions: Vec<String>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<crate::management::authorizations::ComparisonView>>)]
    condition: Option<Condition>,
}

impl ChangeBody {
    pub(crate) fn command(self) -> Result<Command, InvalidValue> {
        Ok(match self {
            Self::CreateMappingRule(body) => Command::CreateMappingRule(body.rule()?),
            Self::UpdateMappingRule(body) => Command::UpdateMappingRule(body.rule()?),
            Self::DeleteMappingRule(id) => Command::DeleteMappingRule(MappingRuleId::parse(&id)?),
            Self::CreateRole(body) => Command::CreateRole(body.role()?),
            Self::UpdateRole(body) => Command::UpdateRole(body.role()?),
            Self::DeleteRole(id) => Command::DeleteRole(RoleId::parse(&id)?),
            Self::CreateGroup(body) => {
                let (id, name) = (GroupId::parse(&body.id)?, Name::parse(body.name.as_deref().unwrap_or(&body.id))?);
                Command::CreateGroup(Group { id, name, description: Description::default() })
            }
            Self::DeleteGroup(id) => Command::DeleteGroup(GroupId::parse(&id)?),
            Self::DeleteTenant(id) => Command::DeleteTenant(TenantId::parse(&id)?),
            Self::DeleteUser(username) => Command::DeleteUser(Username::parse(&username)?),
            Self::AddMember(body) => Command::AddMember(body.membership()?),
            Self::RemoveMember(body) => Command::RemoveMember(body.membership()?),
            Self::CreateAuthorization(body) => Command::CreateAuthorization(body.authorization()?),
            Self::DeleteAuthorization(key) => {
                let key = key.parse().map_err(|_| wrong("authorization key", "a number"))?;
                Command::DeleteAuthorization(AuthorizationKey(key))
            }
        })
    }
}

impl RuleBody {
    fn rule(self) -> Result<MappingRule, InvalidValue> {
        let operator = self.operator.as_deref().map_or(Some(Operator::default()), Operator::parse);
        Ok(MappingRule {
            name: Name::parse(self.name.as_deref().unwrap_or(&self.id))?,
            id: MappingRuleId::parse(&self.id)?,
            selector: ClaimSelector::parse(&self.claim_name)?,
            operator: operator.ok_or_else(|| wrong("operator", "EQUALS or CONTAINS"))?,
            value: ClaimValue::parse(&self.claim_value)?,
            kind: RuleKind::Any,
            issuer: self.issuer.as_deref().map(Issuer::parse).transpose()?,
        })
    }
}

impl RoleBody {
    fn role(self) -> Result<Role, InvalidValue> {
        let permission = |body: PermissionBody| {
            let (audience, definition) = (Audience::parse(&body.audience)?, PermissionName::parse(&body.definition)?);
            Ok(Permission { audience, definition })
        };
        Ok(Role {
            name: Name::parse(self.name.as_deref().unwrap_or(&self.id))?,
            id: RoleId::parse(&self.id)?,
            description: Description::default(),
            permissions: self.permissions.into_iter().map(permission).collect::<Result<_, InvalidValue>>()?,
        })
    }
}

impl MemberBody {
    fn membership(self) -> Result<Membership, InvalidValue> {
        let container = Container::parse(&self.container_type, &self.container_id)?;
        let member = Party::parse(&self.member_type, &self.member_id)?;
        Membership::new(container, member)
            .map_err(|_| wrong("membership", "one of a group, role or tenant that there can be"))
    }
}

impl GrantBody {
    fn authorization(self) -> Result<NewAuthorization, InvalidValue> {
        Ok(NewAuthorization {
            owner: Party::parse(&self.owner_type, &self.owner_id)?,
            resource_type: ResourceTypeName::parse(&self.resource_type)?,
            scope: Scope::from_resource_id(&self.resource_id)?,
            permissions: self.permissions.iter().map(|text| PermissionName::parse(text)).collect::<Result<_, _>>()?,
            condition: self.condition,
        })
    }
}

fn wrong(what: &'static str, form: &'static str) -> InvalidValue {
    InvalidValue { what, rule: BrokenRule::Form(form, String::new()) }
}

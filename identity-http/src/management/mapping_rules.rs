//! `/api/mapping-rules`: mapping rules with their targets (docs/reference/management-api.md §1.10, §6).

use actix_web::web::{Data, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use identity_core::entity::{AuditOperation, Container, EntityKind, MappingRule, Operator, RuleKind};
use identity_core::service::{MappingRules, RuleTargets, RuleWithTargets};
use identity_core::value::{
    BrokenRule, ClaimSelector, ClaimValue, GroupId, Issuer, MappingRuleId, Name, RoleId, TenantId,
};
use identity_core::world::World;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::Failures;
use super::creation::CreationQuery;
use super::view::{GroupReference, RoleView, TenantView};
use crate::authentication::Authenticated;
use crate::body::{Body, null_as_default};
use crate::findings::{Findings, one};
use crate::page::{self, ListQuery};
use crate::precondition::{self, stored_version};
use crate::problem::Problem;
use crate::revision::written;
use crate::route::resource;
use crate::schema;

pub(super) fn mount(api: &mut ServiceConfig) {
    api.service(resource("/mapping-rules").get(list).post(create))
        .service(resource("/mapping-rules/{id}").get(find).put(replace).delete(delete));
}

/// Comparison operator of a mapping rule.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum OperatorView {
    /// The claim equals the value or is a list that contains it.
    Equals,
    /// The claim is a list that contains the value.
    Contains,
}

/// Type of a mapping rule's targets.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum RuleType {
    Role,
    Tenant,
    Group,
}

/// A mapping rule.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RuleView {
    /// Id of the rule: the name it was created with.
    id: String,
    name: String,
    /// Name of a top-level claim, or a JSONPath query (RFC 9535) if it begins with `$`. Queries support names, indexes,
    /// `*`, at most one `..` and at most one filter.
    claim_name: String,
    claim_value: String,
    /// Reason why the rule never matches: its stored claim name is no longer supported. Replace the claim name to
    /// enable the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled: Option<String>,
    operator: OperatorView,
    /// Null for a rule created with the Orchestration Cluster API, which may have targets of any type.
    #[serde(rename = "type")]
    kind: Option<RuleType>,
    /// Issuer whose tokens the rule applies to. Absent: every issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    applied_roles: Vec<RoleView>,
    applied_tenants: Vec<TenantView>,
    applied_groups: Vec<GroupReference>,
}

/// A mapping rule to create or replace.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "Staff", "claimName": "department", "claimValue": "sales", "operator": "EQUALS", "type": "ROLE"}))]
pub(crate) struct RuleBody {
    #[schema(schema_with = schema::name)]
    name: String,
    #[schema(schema_with = schema::claim_name)]
    claim_name: String,
    #[schema(schema_with = schema::claim_value)]
    claim_value: String,
    operator: OperatorView,
    /// Required for a new rule. Cannot be changed.
    #[serde(rename = "type")]
    kind: Option<RuleType>,
    /// Older name of `type`. If both are given, they must be the same.
    rule_type: Option<RuleType>,
    /// Issuer whose tokens the rule applies to, as in the claim `iss`. Null means every issuer. If absent, a new rule
    /// applies to every issuer, and an existing rule keeps its issuer.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 2048)]
    issuer: Option<Option<String>>,
    #[serde(default, deserialize_with = "null_as_default")]
    #[schema(schema_with = schema::ids)]
    applied_role_names: Vec<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    #[schema(schema_with = schema::tenant_ids)]
    applied_tenant_ids: Vec<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    #[schema(schema_with = schema::ids)]
    applied_group_ids: Vec<String>,
}

/// Lists mapping rules, ordered by id.
///
/// `X-Total-Count` is the total number of rules.
#[utoipa::path(get, path = "/api/mapping-rules", tag = "mapping-rules", params(ListQuery),
    responses((status = 200, body = Vec<RuleView>), Failures))]
pub(crate) async fn list(
    rules: Data<MappingRules>,
    Authenticated(caller): Authenticated,
    query: Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    let list = query.into_inner().parse()?;
    let found = rules.list(&caller, &list).await?;
    page::answer(found, move |rule| RuleView::new(&caller.world, rule)).await
}

/// Creates a mapping rule.
///
/// It applies from the next request on.
#[utoipa::path(post, path = "/api/mapping-rules", tag = "mapping-rules", params(CreationQuery), request_body = RuleBody,
    responses((status = 201, body = RuleView), Failures))]
pub(crate) async fn create(
    request: HttpRequest,
    rules: Data<MappingRules>,
    Authenticated(caller): Authenticated,
    query: Query<CreationQuery>,
    Body(body): Body<RuleBody>,
) -> Result<HttpResponse, Problem> {
    let mut findings = Findings::of_body();
    let id = findings.take("name", MappingRuleId::parse(body.name.trim()));
    rules.require(&caller, AuditOperation::Create, id.as_ref()).await?;
    if body.kind.or(body.rule_type).is_none() {
        findings.note("type", BrokenRule::Form("ROLE, TENANT or GROUP", String::new()));
    }
    let parsed = body.parse(&mut findings);
    let complete = id.zip(parsed).and_then(|(id, parsed)| Some((id, parsed.kind?, parsed)));
    let Some((id, kind, parsed)) = complete else { return Err(findings.problem()) };
    let rule = parsed.rule(id, kind);
    let view = RuleView::new(&caller.world, RuleWithTargets { rule: rule.clone(), targets: parsed.targets.clone() });
    written(&request, rules.create(&caller, rule, parsed.targets, query.leftovers()).await?);
    Ok(HttpResponse::Created().json(view))
}

/// Returns a mapping rule.
#[utoipa::path(get, path = "/api/mapping-rules/{id}", tag = "mapping-rules", params(("id" = String, Path)),
    responses((status = 200, body = RuleView), Failures))]
pub(crate) async fn find(
    rules: Data<MappingRules>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let rule = rules.find(&caller, &id).await?;
    let version = stored_version(&caller, EntityKind::MappingRule, &id);
    Ok(precondition::respond(version, &RuleView::new(&caller.world, rule)))
}

/// Replaces a mapping rule and its targets.
#[utoipa::path(put, path = "/api/mapping-rules/{id}", tag = "mapping-rules", params(("id" = String, Path)),
    request_body = RuleBody, responses((status = 204), Failures))]
pub(crate) async fn replace(
    request: HttpRequest,
    rules: Data<MappingRules>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
    Body(body): Body<RuleBody>,
) -> Result<HttpResponse, Problem> {
    let mut findings = Findings::of_body();
    let id = findings.parameter("id", MappingRuleId::parse(&id));
    rules.require(&caller, AuditOperation::Update, id.as_ref()).await?;
    let parsed = body.parse(&mut findings);
    let (Some(id), Some(parsed)) = (id, parsed) else { return Err(findings.problem()) };
    let targets = parsed.targets.clone();
    let change = |old: &MappingRule| {
        let rule = parsed.rule(id.clone(), parsed.kind.unwrap_or(old.kind));
        // A client that does not send `issuer` must not extend the rule to every issuer.
        let issuer = parsed.issuer.clone().unwrap_or_else(|| old.issuer.clone());
        MappingRule { issuer, ..rule }
    };
    written(&request, rules.replace(&caller, &id, targets, change).await?);
    Ok(crate::done())
}

/// Deletes a mapping rule.
#[utoipa::path(delete, path = "/api/mapping-rules/{id}", tag = "mapping-rules", params(("id" = String, Path)),
    responses((status = 204), Failures))]
pub(crate) async fn delete(
    request: HttpRequest,
    rules: Data<MappingRules>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = one("id", MappingRuleId::parse(&id))?;
    written(&request, rules.delete(&caller, id).await?);
    Ok(crate::done())
}

/// Deserializes a member that is present: null becomes `Some(None)`. With `#[serde(default)]`, an absent member is
/// `None`.
fn given<'de, D: Deserializer<'de>>(member: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(member).map(Some)
}

struct Parsed {
    kind: Option<RuleKind>,
    name: Name,
    selector: ClaimSelector,
    value: ClaimValue,
    operator: Operator,
    issuer: Option<Option<Issuer>>,
    targets: RuleTargets,
}

impl RuleBody {
    fn parse(&self, findings: &mut Findings) -> Option<Parsed> {
        let name = findings.take("name", Name::parse(self.name.trim()));
        let selector = findings.take("claimName", ClaimSelector::parse(&self.claim_name));
        let value = findings.take("claimValue", ClaimValue::parse(&self.claim_value));
        let issuer = match &self.issuer {
            Some(Some(issuer)) => Some(Some(findings.take("issuer", Issuer::parse(issuer))?)),
            Some(None) => Some(None),
            None => None,
        };
        if self.rule_type.is_some_and(|rule_type| self.kind.is_some_and(|kind| kind != rule_type)) {
            findings.note("ruleType", BrokenRule::Form("the same as `type`", String::new()));
            return None;
        }
        let kind = self.kind.or(self.rule_type).map(RuleKind::from);
        let mut targets = RuleTargets::new();
        let roles = self.applied_role_names.iter().map(|id| RoleId::parse(id).map(Container::Role));
        targets.extend(findings.all("appliedRoleNames", roles)?);
        let tenants = self.applied_tenant_ids.iter().map(|id| TenantId::parse(id).map(Container::Tenant));
        targets.extend(findings.all("appliedTenantIds", tenants)?);
        let groups = self.applied_group_ids.iter().map(|id| GroupId::parse(id).map(Container::Group));
        targets.extend(findings.all("appliedGroupIds", groups)?);
        let operator = match self.operator {
            OperatorView::Equals => Operator::Equals,
            OperatorView::Contains => Operator::Contains,
        };
        Some(Parsed { kind, name: name?, selector: selector?, value: value?, operator, issuer, targets })
    }
}

impl Parsed {
    fn rule(&self, id: MappingRuleId, kind: RuleKind) -> MappingRule {
        MappingRule {
            id,
            name: self.name.clone(),
            selector: self.selector.clone(),
            operator: self.operator,
            value: self.value.clone(),
            kind,
            issuer: self.issuer.clone().flatten(),
        }
    }
}

impl From<RuleType> for RuleKind {
    fn from(kind: RuleType) -> Self {
        match kind {
            RuleType::Role => Self::Role,
            RuleType::Tenant => Self::Tenant,
            RuleType::Group => Self::Group,
        }
    }
}

impl RuleView {
    fn new(world: &World, RuleWithTargets { rule, targets }: RuleWithTargets) -> Self {
        let mut view = Self {
            id: rule.id.to_string(),
            name: rule.name.to_string(),
            claim_name: rule.selector.to_string(),
            disabled: rule.selector.disabled().map(ToString::to_string),
            claim_value: rule.value.to_string(),
            operator: match rule.operator {
                Operator::Equals => OperatorView::Equals,
                Operator::Contains => OperatorView::Contains,
            },
            kind: match rule.kind {
                RuleKind::Any => None,
                RuleKind::Role => Some(RuleType::Role),
                RuleKind::Tenant => Some(RuleType::Tenant),
                RuleKind::Group => Some(RuleType::Group),
            },
            issuer: rule.issuer.map(String::from),
            applied_roles: Vec::new(),
            applied_tenants: Vec::new(),
            applied_groups: Vec::new(),
        };
        for target in targets {
            match target {
                Container::Role(id) => {
                    view.applied_roles.extend(world.role(id.as_str()).cloned().map(RoleView::from));
                }
                Container::Tenant(id) => {
                    view.applied_tenants.extend(world.tenant(id.as_str()).cloned().map(TenantView::from));
                }
                Container::Group(id) => {
                    view.applied_groups.extend(world.group(id.as_str()).cloned().map(GroupReference::from));
                }
            }
        }
        view
    }
}

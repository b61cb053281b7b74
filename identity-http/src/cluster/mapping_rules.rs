//! `/v2/mapping-rules`: rules that compare one claim with one value (docs/reference/orchestration-cluster.md §1.5).

use actix_web::web::{Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use identity_core::entity::{AuditOperation, EntityKind, MappingRule, Operator, RuleKind};
use identity_core::search::TextFilter;
use identity_core::search::entities::{Filter, RuleField, RuleFilter};
use identity_core::service::cluster::ClusterMappingRules;
use identity_core::value::{ClaimSelector, ClaimValue, Name};
use serde::Serialize;
use utoipa::ToSchema;

use super::fields::{Fields, Report};
use super::path::in_path;
use super::search;
use crate::authentication::Authenticated;
use crate::body::JsonBytes;
use crate::ids::IdRules;
use crate::precondition::{self, stored_version};
use crate::problem::Problem;
use crate::revision::written;
use crate::route::resource;

pub(super) fn mount(v2: &mut ServiceConfig) {
    v2.service(resource("/mapping-rules").post(create))
        .service(resource("/mapping-rules/search").post(search))
        .service(resource("/mapping-rules/{id}").get(find).put(update).delete(delete));
}

pub(super) const SORT: &[(&str, RuleField)] = &[
    ("mappingRuleId", RuleField::MappingRuleId),
    ("claimName", RuleField::ClaimName),
    ("claimValue", RuleField::ClaimValue),
    ("name", RuleField::Name),
];

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = cluster::MappingRule)]
pub(super) struct RuleView {
    mapping_rule_id: String,
    claim_name: String,
    claim_value: String,
    name: String,
}

impl From<&MappingRule> for RuleView {
    fn from(rule: &MappingRule) -> Self {
        Self {
            mapping_rule_id: rule.id.to_string(),
            claim_name: rule.selector.to_string(),
            claim_value: rule.value.to_string(),
            name: rule.name.to_string(),
        }
    }
}

pub(super) fn filter(filter: &mut Fields, report: &mut Report) -> Option<Filter<RuleFilter>> {
    search::with_alternatives(filter, report, |filter, report| {
        let claim_name = filter.text("claimName").map(TextFilter::equals);
        let claim_value = filter.text("claimValue").map(TextFilter::equals);
        let (id, name) = (filter.text_filter("mappingRuleId", report), filter.text_filter("name", report));
        RuleFilter { id, claim_name, claim_value, name }
    })
}

fn predicate(body: &mut Fields, report: &mut Report) -> Option<(Name, ClaimSelector, ClaimValue)> {
    let name = body.filled_text("name", report);
    let name = name.and_then(|text| report.take("/name", Name::parse(text.trim())));
    let selector = body.filled_text("claimName", report);
    let selector = selector.and_then(|text| report.take("/claimName", ClaimSelector::parse(&text)));
    let value = body.filled_text("claimValue", report);
    let value = value.and_then(|text| report.take("/claimValue", ClaimValue::parse(&text)));
    Some((name?, selector?, value?))
}

async fn create(
    request: HttpRequest,
    rules: Data<ClusterMappingRules>,
    ids: Data<IdRules>,
    Authenticated(caller): Authenticated,
    JsonBytes(body): JsonBytes,
) -> Result<HttpResponse, Problem> {
    let (mut body, mut report) = Fields::body(&body, "cluster.MappingRuleNew")?;
    let id = body.filled_text("mappingRuleId", &mut report);
    let id = id.and_then(|text| report.take("/mappingRuleId", ids.mapping_rule(&text)));
    rules.require(&caller, AuditOperation::Create, id.as_ref()).await?;
    let predicate = predicate(&mut body, &mut report);
    let (id, (name, selector, value)) = report.finish(id.zip(predicate))?;
    let rule = MappingRule { id, name, selector, operator: Operator::Equals, value, kind: RuleKind::Any, issuer: None };
    let rule = written(&request, rules.create(&caller, rule).await?);
    Ok(HttpResponse::Created().json(RuleView::from(&rule)))
}

async fn search(
    rules: Data<ClusterMappingRules>,
    Authenticated(caller): Authenticated,
    JsonBytes(body): JsonBytes,
) -> Result<HttpResponse, Problem> {
    let request = search::parse(&body, "cluster.MappingRuleSearch", SORT, filter)?;
    search::answer(move |budget| Ok(search::Answer::new(rules.search(&caller, &request, budget)?, RuleView::from)))
        .await
}

async fn find(
    rules: Data<ClusterMappingRules>,
    ids: Data<IdRules>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = in_path("mappingRuleId", ids.references(&caller.world).mapping_rule(&id))?;
    let rule = rules.find(&caller, id.as_str()).await?;
    let version = stored_version(&caller, EntityKind::MappingRule, id.as_str());
    Ok(precondition::respond(version, &RuleView::from(&rule)))
}

async fn update(
    request: HttpRequest,
    rules: Data<ClusterMappingRules>,
    ids: Data<IdRules>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
    JsonBytes(body): JsonBytes,
) -> Result<HttpResponse, Problem> {
    let (mut body, mut report) = Fields::body(&body, "cluster.MappingRuleChange")?;
    let id = report.take("mappingRuleId", ids.references(&caller.world).mapping_rule(&id));
    rules.require(&caller, AuditOperation::Update, id.as_ref()).await?;
    let predicate = predicate(&mut body, &mut report);
    let (id, predicate) = report.finish(id.zip(predicate))?;
    let rule = written(&request, rules.update(&caller, &id, predicate).await?);
    Ok(HttpResponse::Ok().json(RuleView::from(&rule)))
}

async fn delete(
    request: HttpRequest,
    rules: Data<ClusterMappingRules>,
    ids: Data<IdRules>,
    Authenticated(caller): Authenticated,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = in_path("mappingRuleId", ids.references(&caller.world).mapping_rule(&id))?;
    written(&request, rules.delete(&caller, id).await?);
    Ok(crate::done())
}

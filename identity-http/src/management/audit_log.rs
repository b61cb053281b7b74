//! `/api/audit-log`: changes and denied requests, newest first. The audit log of `/v2` does not include denials.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query, ServiceConfig};
use identity_core::entity::{AuditEntity, AuditEvent, AuditOperation, AuditResult, EntityKind};
use identity_core::port::{AuditField, AuditFilter, AuditQuery, AuditText, TimeFilter};
use identity_core::search::{LikePattern, Order, Page, SortBy, Start, TextFilter, Window};
use identity_core::service::AuditLogs;
use identity_core::value::{BrokenRule, InvalidValue};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use super::Failures;
use crate::authentication::Authenticated;
use crate::findings::{Findings, one};
use crate::page::{self, PageQuery};
use crate::problem::Problem;
use crate::route::resource;
use crate::timestamp;

pub(super) fn mount(api: &mut ServiceConfig) {
    api.service(resource("/audit-log").get(list)).service(resource("/audit-log/{key}").get(find));
}

/// Filters and pages the audit log.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditLogQuery {
    /// Only entries whose actor's username or client id contains this text.
    actor: Option<String>,
    /// Only entries of the actor with exactly this username or client id.
    actor_id: Option<String>,
    /// Only entries about entities of this type: `USER`, `CLIENT`, `GROUP`, `ROLE`, `TENANT`, `MAPPING_RULE`,
    /// `AUTHORIZATION`, `RESOURCE`, `AUDIT_LOG` or `SESSION`.
    entity_type: Option<String>,
    /// Only entries about entities whose key contains this text.
    entity_key: Option<String>,
    /// Only entries with this operation: `CREATE`, `UPDATE`, `DELETE`, `ASSIGN`, `UNASSIGN` or `READ`.
    operation: Option<String>,
    /// Only entries with this result: `SUCCESS`, `FAIL` or `DENIED`.
    result: Option<String>,
    /// Only entries at or after this time (RFC 3339).
    from: Option<String>,
    /// Only entries before this time (RFC 3339).
    to: Option<String>,
    /// Page number, starting at 0. Default: the first page.
    #[param(maximum = 4294967295.0)]
    page: Option<u32>,
    /// Page size, 1 to 10 000. Default 50 if `page` is given, otherwise 10 000.
    #[param(minimum = 1, maximum = 10000)]
    result_size: Option<usize>,
}

/// An entry of the audit log.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditLogEntry)]
pub(crate) struct EntryView {
    /// Key of the entry. Keys ascend in the order of writing.
    key: String,
    /// Time of the event (RFC 3339), with six fractional digits.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = DateTime)]
    timestamp: OffsetDateTime,
    /// `USER`, `CLIENT`, `ANONYMOUS`, or `SYSTEM` for the server itself.
    actor_type: &'static str,
    /// Username or client id of the actor.
    #[schema(required)]
    actor_id: Option<String>,
    /// Issuer that authenticated the actor, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    actor_issuer: Option<String>,
    #[schema(example = "ASSIGN")]
    operation: &'static str,
    /// Entity that the operation applies to.
    entity: ThingView,
    /// Related entity: the member of a membership, the owner of an authorization, or the actor that requested an
    /// operation which the server completed.
    #[schema(required)]
    related: Option<ThingView>,
    /// `SUCCESS`, `FAIL` or `DENIED`.
    #[schema(example = "SUCCESS")]
    result: &'static str,
    /// Reason for a failure or denial. `reconciled` if the server determined the outcome of a deletion afterwards.
    #[schema(required)]
    reason: Option<String>,
    /// Revision that the change created.
    #[schema(required)]
    revision: Option<u64>,
    /// Id of the request.
    #[schema(required)]
    request_id: Option<String>,
}

/// An entity in an audit log entry.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditLogThing)]
pub(crate) struct ThingView {
    #[serde(rename = "type")]
    #[schema(example = "ROLE")]
    kind: &'static str,
    /// Key of the entity. Empty if the entry concerns all entities of the type.
    key: String,
}

impl From<&AuditEntity> for ThingView {
    fn from(entity: &AuditEntity) -> Self {
        Self { kind: entity.kind.as_str(), key: entity.key.clone() }
    }
}

impl From<AuditEvent> for EntryView {
    fn from(event: AuditEvent) -> Self {
        Self {
            key: event.key.to_string(),
            timestamp: event.at,
            actor_type: event.actor.kind_name(),
            actor_id: event.actor.id().map(str::to_owned),
            actor_issuer: event.issuer.as_deref().map(str::to_owned),
            operation: event.operation.as_str(),
            entity: (&event.entity).into(),
            related: event.related.as_ref().map(ThingView::from),
            result: event.result.as_str(),
            reason: event.reason,
            revision: event.revision.map(|revision| revision.0),
            request_id: event.request_id,
        }
    }
}

/// Creates a filter for values that contain `text` literally: wildcards in it are escaped.
fn containing(text: &str) -> Result<TextFilter, InvalidValue> {
    let literal: String = text.chars().flat_map(|c| if "*?\\".contains(c) { vec!['\\', c] } else { vec![c] }).collect();
    Ok(TextFilter { like: Some(LikePattern::parse(&format!("*{literal}*"))?), ..TextFilter::default() })
}

/// Creates a filter for a value of an enumeration. Fails if `parse` does not accept `text`.
fn word<T>(text: &str, parse: impl Fn(&str) -> Option<T>) -> Result<TextFilter, InvalidValue> {
    let refuse = || InvalidValue { what: "word", rule: BrokenRule::Form("one of the documented words", String::new()) };
    parse(text).map(|_| TextFilter::equals(text)).ok_or_else(refuse)
}

fn time(text: &str) -> Result<OffsetDateTime, InvalidValue> {
    let rule = BrokenRule::Form("a time such as 2026-01-31T12:00:00Z", String::new());
    timestamp::parse(text).ok_or(InvalidValue { what: "time", rule })
}

impl AuditLogQuery {
    fn parse(self) -> Result<AuditQuery, Problem> {
        let page = PageQuery { page: self.page, result_size: self.result_size }.parse()?;
        let mut findings = Findings::of_parameters();
        let mut filter = AuditFilter::default();
        let conditions = [
            ("actor", AuditText::ActorId, self.actor.as_deref().map(containing)),
            ("actorId", AuditText::ActorId, self.actor_id.as_deref().map(|id| Ok(TextFilter::equals(id)))),
            ("entityKey", AuditText::EntityKey, self.entity_key.as_deref().map(containing)),
            (
                "entityType",
                AuditText::EntityType,
                self.entity_type.as_deref().map(|text| word(text, EntityKind::parse)),
            ),
            (
                "operation",
                AuditText::Operation,
                self.operation.as_deref().map(|text| word(text, AuditOperation::parse)),
            ),
            ("result", AuditText::Result, self.result.as_deref().map(|text| word(text, AuditResult::parse))),
        ];
        for (name, field, condition) in conditions {
            if let Some(condition) = condition.and_then(|condition| findings.take(name, condition)) {
                filter = filter.and(field, condition);
            }
        }
        let gte = self.from.as_deref().and_then(|text| findings.take("from", time(text)));
        let lt = self.to.as_deref().and_then(|text| findings.take("to", time(text)));
        if !findings.is_empty() {
            return Err(findings.problem());
        }
        let newest_first = [SortBy { field: AuditField::Timestamp, order: Order::Descending }];
        let window = Window { start: Start::Offset(page.offset), limit: page.limit };
        let filter = filter.at(TimeFilter { gte, lt, ..TimeFilter::default() });
        one("page", AuditQuery::new(filter, &newest_first, &window))
    }
}

/// Lists changes and denied requests, newest first.
///
/// `X-Total-Count` is the total number of matching entries.
#[utoipa::path(get, path = "/api/audit-log", tag = "audit-log", params(AuditLogQuery),
    responses((status = 200, body = Vec<EntryView>), Failures))]
pub(crate) async fn list(
    logs: Data<AuditLogs>,
    Authenticated(caller): Authenticated,
    query: Query<AuditLogQuery>,
) -> Result<HttpResponse, Problem> {
    let query = query.into_inner().parse()?;
    let found = logs.list(&caller, &query).await?;
    Ok(page::respond(Page { items: found.items, total: found.total }, EntryView::from))
}

/// Returns an audit log entry.
#[utoipa::path(get, path = "/api/audit-log/{key}", tag = "audit-log", params(("key" = String, Path)),
    responses((status = 200, body = EntryView), Failures))]
pub(crate) async fn find(
    logs: Data<AuditLogs>,
    Authenticated(caller): Authenticated,
    key: Path<String>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(EntryView::from(logs.find(&caller, &key).await?)))
}

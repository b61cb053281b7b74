//! `/api/audit-log`: changes and denied requests, newest first. The audit log of `/v2` does not include denials.

mod stream;

use actix_web::web::{Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use identity_core::entity::{Actor, AuditEntity, AuditEvent, AuditOperation, AuditResult, EntityKind, FieldChange};
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
    api.service(resource("/audit-log").get(list))
        .service(resource("/audit-log/export").get(export))
        .service(resource("/audit-log/{key}").get(find));
}

/// Filters the audit log.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FilterQuery {
    /// Only entries whose actor's username or client id contains this text.
    actor: Option<String>,
    /// Only entries of the actor with exactly this username or client id.
    actor_id: Option<String>,
    /// If `true`, only entries whose actor is not the server itself (`SYSTEM`).
    exclude_system: Option<bool>,
    /// Only entries about entities of this type: `USER`, `CLIENT`, `GROUP`, `ROLE`, `TENANT`, `MAPPING_RULE`,
    /// `AUTHORIZATION`, `RESOURCE`, `AUDIT_LOG`, `SESSION`, `RESOURCE_TYPE` or `DECISION`.
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
}

/// Names of the parameters in [`FilterQuery`].
const FILTERS: &[&str] =
    &["actor", "actorId", "excludeSystem", "entityType", "entityKey", "operation", "result", "from", "to"];
/// Names of the parameters in [`PageQuery`].
const PAGE: &[&str] = &["page", "resultSize"];

/// Format of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    Csv,
    Jsonl,
}

/// Selects the format of the export.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FormatQuery {
    /// `csv` (RFC 4180), or `jsonl` for one entry in JSON per line.
    #[param(inline)]
    format: Format,
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
    /// Fields that a successful change changed, at most 32. Empty for members and assignments, which `entity` and
    /// `related` describe, and for entries of versions that did not record changes.
    changes: Vec<FieldChangeView>,
    /// Number of further changes that are not recorded.
    #[serde(skip_serializing_if = "is_zero")]
    #[schema(required = false)]
    omitted_changes: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde requires")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Change of a field. A change of a set has one of these for each removed and for each added element.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditLogChange)]
pub(crate) struct FieldChangeView {
    /// Name of the field.
    #[schema(example = "name")]
    field: String,
    /// Value before the change, or the removed element of a set. Null if there was none, or if it is secret or unknown.
    /// A value of more than 256 characters is cut and ends with `…`.
    #[schema(required, example = "Sales")]
    before: Option<Box<str>>,
    /// Value after the change, or the added element of a set. Null if there is none, or if it is secret. Cut as
    /// `before`.
    #[schema(required, example = "Sales EU")]
    after: Option<Box<str>>,
}

impl From<&FieldChange> for FieldChangeView {
    fn from(change: &FieldChange) -> Self {
        let FieldChange { field, before, after } = change.clone();
        Self { field: field.into_owned(), before, after }
    }
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
            changes: event.changes.fields().iter().map(FieldChangeView::from).collect(),
            omitted_changes: event.changes.omitted(),
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

impl FilterQuery {
    fn parse(self) -> Result<AuditFilter, Problem> {
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
        if self.exclude_system == Some(true) {
            let neq = Some(Actor::System.kind_name().to_owned());
            filter = filter.and(AuditText::ActorType, TextFilter { neq, ..TextFilter::default() });
        }
        Ok(filter.at(TimeFilter { gte, lt, ..TimeFilter::default() }))
    }
}

/// Lists changes and denied requests, newest first.
///
/// `X-Total-Count` is the total number of matching entries.
#[utoipa::path(get, path = "/api/audit-log", tag = "audit-log", params(FilterQuery, PageQuery),
    responses((status = 200, body = Vec<EntryView>), Failures))]
pub(crate) async fn list(
    logs: Data<AuditLogs>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let filter = page::query_without::<FilterQuery>(&request, PAGE)?.parse()?;
    let window = page::query_without::<PageQuery>(&request, FILTERS)?.parse()?;
    let window = Window { start: Start::Offset(window.offset), limit: window.limit };
    let newest_first = [SortBy { field: AuditField::Timestamp, order: Order::Descending }];
    let query = one("page", AuditQuery::new(filter, &newest_first, &window))?;
    let found = logs.list(&caller, &query).await?;
    Ok(page::respond(Page { items: found.items, total: found.total }, EntryView::from))
}

/// Exports changes and denied requests, newest first.
///
/// The result has all matching entries that exist when the export begins; `X-Total-Count` is their number. If an export
/// fails after it has begun, the connection is closed before the end of the body. A server runs two exports at a time;
/// further ones are rejected with 503.
#[utoipa::path(get, path = "/api/audit-log/export", tag = "audit-log", params(FilterQuery, FormatQuery),
    responses((status = 200, content((String = "text/csv"), (String = "application/x-ndjson"))), Failures))]
pub(crate) async fn export(
    logs: Data<AuditLogs>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let FormatQuery { format } = page::query_without(&request, FILTERS)?;
    let filter = page::query_without::<FilterQuery>(&request, &["format"])?.parse()?;
    let running = stream::admit()?;
    let export = logs.export(&caller, filter).await?;
    Ok(stream::respond(export, format, running))
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

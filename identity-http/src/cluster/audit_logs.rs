//! The audit log (orchestration reference §1.9). Of what was denied nothing is shown here: strict clients know no third result.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, ServiceConfig};
use identity_core::entity::{Actor, AuditEvent, AuditResult};
use identity_core::port::{AuditField, AuditFilter, AuditQuery, AuditText, TimeFilter};
use identity_core::search::TextFilter;
use identity_core::service::AuditLogs;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::fields::{Fields, Report};
use super::search;
use crate::authentication::Authenticated;
use crate::body::JsonBytes;
use crate::problem::Problem;
use crate::route::resource;
use crate::timestamp;

pub(super) fn mount(v2: &mut ServiceConfig) {
    v2.service(resource("/audit-logs/search").post(search)).service(resource("/audit-logs/{key}").get(find));
}

/// The fields of an entry, in the order of the wire, each with what it is here.
pub(super) const FIELDS: &[(&str, AuditField)] = &[
    ("auditLogKey", AuditField::Text(AuditText::Key)),
    ("entityKey", AuditField::Text(AuditText::EntityKey)),
    ("entityType", AuditField::Text(AuditText::EntityType)),
    ("operationType", AuditField::Text(AuditText::Operation)),
    ("batchOperationKey", ABSENT),
    ("batchOperationType", ABSENT),
    ("timestamp", AuditField::Timestamp),
    ("actorId", AuditField::Text(AuditText::ActorId)),
    ("actorType", AuditField::Text(AuditText::ActorType)),
    ("agentElementId", ABSENT),
    ("tenantId", ABSENT),
    ("result", AuditField::Text(AuditText::Result)),
    ("category", AuditField::Text(AuditText::Category)),
    ("processDefinitionId", ABSENT),
    ("processDefinitionKey", ABSENT),
    ("processInstanceKey", ABSENT),
    ("rootProcessInstanceKey", ABSENT),
    ("elementInstanceKey", ABSENT),
    ("jobKey", ABSENT),
    ("userTaskKey", ABSENT),
    ("decisionRequirementsId", ABSENT),
    ("decisionRequirementsKey", ABSENT),
    ("decisionDefinitionId", ABSENT),
    ("decisionDefinitionKey", ABSENT),
    ("decisionEvaluationKey", ABSENT),
    ("deploymentKey", ABSENT),
    ("formKey", ABSENT),
    ("resourceKey", ABSENT),
    ("relatedEntityKey", AuditField::Text(AuditText::RelatedEntityKey)),
    ("relatedEntityType", AuditField::Text(AuditText::RelatedEntityType)),
    ("entityDescription", ABSENT),
    ("inboundChannelType", ABSENT),
    ("inboundChannelToolName", ABSENT),
];
const ABSENT: AuditField = AuditField::Text(AuditText::Absent);

/// The fields that entries cannot be sorted by.
pub(super) const UNSORTED: &[&str] = &[
    "agentElementId",
    "rootProcessInstanceKey",
    "deploymentKey",
    "formKey",
    "resourceKey",
    "relatedEntityKey",
    "relatedEntityType",
    "entityDescription",
];

fn filter(fields: &mut Fields, report: &mut Report) -> Option<AuditFilter> {
    let denied = TextFilter { neq: Some(AuditResult::Denied.as_str().to_owned()), ..TextFilter::default() };
    let mut filter = AuditFilter::default().and(AuditText::Result, denied);
    for (name, field) in FIELDS {
        filter = match field {
            AuditField::Timestamp => match time_filter(fields, name, report) {
                Some(times) => filter.at(times),
                None => filter,
            },
            AuditField::Text(text) => match fields.text_filter(name, report) {
                Some(texts) => filter.and(*text, in_our_words(*text, texts)),
                None => filter,
            },
        };
    }
    Some(filter)
}

/// The wire's words are in any case, and know the server itself as somebody unknown.
fn in_our_words(text: AuditText, mut filter: TextFilter) -> TextFilter {
    let word = |word: &mut String| {
        word.make_ascii_uppercase();
        if text == AuditText::ActorType && word == "UNKNOWN" {
            "SYSTEM".clone_into(word);
        }
    };
    if matches!(
        text,
        AuditText::EntityType
            | AuditText::RelatedEntityType
            | AuditText::Operation
            | AuditText::ActorType
            | AuditText::Result
            | AuditText::Category
    ) {
        filter.eq.as_mut().into_iter().chain(&mut filter.neq).for_each(word);
        filter.is_in.iter_mut().chain(&mut filter.not_in).flatten().for_each(word);
    }
    filter
}

fn time_filter(fields: &mut Fields, name: &str, report: &mut Report) -> Option<TimeFilter> {
    let malformed =
        |report: &mut Report| report.value(format!("`filter.{name}` takes times such as 2026-01-31T12:00:00Z."));
    let mut operators = match fields.optional(name)? {
        Value::String(text) => {
            let eq = timestamp::parse(&text);
            if eq.is_none() {
                malformed(report);
            }
            return eq.map(|eq| TimeFilter { eq: Some(eq), ..TimeFilter::default() });
        }
        Value::Object(map) => Fields::nested(map, &format!("filter.{name}")),
        _ => {
            malformed(report);
            return None;
        }
    };
    let exists = operators.optional_flag("$exists", report);
    let list = operators.alternatives("$in", report);
    let is_in = list.and_then(|texts| {
        let times: Option<Vec<OffsetDateTime>> = texts.iter().map(|text| timestamp::parse(text)).collect();
        if times.is_none() {
            malformed(report);
        }
        times
    });
    let mut one = |operator: &str| {
        let text = operators.optional_text(operator, report)?;
        let time = timestamp::parse(&text);
        if time.is_none() {
            malformed(report);
        }
        time
    };
    let filter = TimeFilter {
        eq: one("$eq"),
        neq: one("$neq"),
        gt: one("$gt"),
        gte: one("$gte"),
        lt: one("$lt"),
        lte: one("$lte"),
        exists,
        is_in,
    };
    operators.end(report);
    Some(filter)
}

/// All fields are always there; those that entries about identity never have are null.
fn view(event: &AuditEvent) -> Value {
    use identity_core::search::Row as _;
    let mut entry = Map::new();
    for (name, field) in FIELDS {
        let value = match field {
            AuditField::Timestamp => json!(timestamp::format(event.at)),
            AuditField::Text(AuditText::ActorType) if event.actor == Actor::System => json!("UNKNOWN"),
            AuditField::Text(_) => json!(event.text(*field)),
        };
        entry.insert((*name).to_owned(), value);
    }
    Value::Object(entry)
}

async fn search(
    logs: Data<AuditLogs>,
    Authenticated(caller): Authenticated,
    JsonBytes(body): JsonBytes,
) -> Result<HttpResponse, Problem> {
    let sortable: Vec<(&str, AuditField)> =
        FIELDS.iter().filter(|(name, _)| !UNSORTED.contains(name)).copied().collect();
    let request = search::parse(&body, &sortable, filter)?;
    let query = AuditQuery::new(request.filter, &request.sort, &request.window);
    let query = super::ids::in_path("page", query)?;
    Ok(search::respond(logs.search(&caller, &query).await?, |event| view(&event)))
}

async fn find(
    logs: Data<AuditLogs>,
    Authenticated(caller): Authenticated,
    key: Path<String>,
) -> Result<HttpResponse, Problem> {
    let event = logs.find(&caller, &key).await?;
    if event.result == AuditResult::Denied {
        return Err(Problem::no_such_entry(&key));
    }
    Ok(HttpResponse::Ok().json(view(&event)))
}

//! `/v2/audit-logs` (docs/reference/orchestration-cluster.md §1.9): the audit log, limited to enum values of the public
//! API.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, ServiceConfig};
use identity_core::entity::{Actor, AuditEvent};
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

/// Response fields of an entry in wire order, each with the audit field that contains its value.
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

/// Response fields that clients cannot sort by.
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

/// Allowed values of the enum fields. Strict clients reject a response with any other value.
///
/// This API therefore omits denied requests, and entries with other entity types or operations. `/api/audit-log`
/// returns all entries.
const WORDS: &[(AuditText, &[&str])] = &[
    (AuditText::EntityType, ENTITY_TYPES),
    (AuditText::RelatedEntityType, ENTITY_TYPES),
    (AuditText::Operation, OPERATION_TYPES),
    (AuditText::ActorType, &["ANONYMOUS", "CLIENT", "UNKNOWN", "USER"]),
    (AuditText::Result, &["FAIL", "SUCCESS"]),
    (AuditText::Category, &["ADMIN", "DEPLOYED_RESOURCES", "USER_TASKS"]),
];
#[rustfmt::skip]
const ENTITY_TYPES: &[&str] = &[
    "AUTHORIZATION", "BATCH", "CLIENT", "DECISION", "GROUP", "INCIDENT", "JOB", "MAPPING_RULE", "PROCESS_INSTANCE", "RESOURCE",
    "ROLE", "TENANT", "USER", "USER_TASK", "VARIABLE",
];
#[rustfmt::skip]
const OPERATION_TYPES: &[&str] = &[
    "ASSIGN", "CANCEL", "COMPLETE", "CREATE", "DELETE", "EVALUATE", "MIGRATE", "MODIFY", "RESOLVE", "RESUME", "SUSPEND",
    "UNASSIGN", "UNKNOWN", "UPDATE",
];

/// Returns the allowed values of a field; `None` if the field is not an enum.
pub(super) fn words_of(field: AuditField) -> Option<&'static [&'static str]> {
    WORDS.iter().find(|(text, _)| AuditField::Text(*text) == field).map(|(_, words)| *words)
}

fn filter(fields: &mut Fields, report: &mut Report) -> Option<AuditFilter> {
    let one_of = |words: &[&str]| {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        TextFilter { is_in: Some(words), ..TextFilter::default() }
    };
    let mut filter = AuditFilter::default()
        .and(AuditText::Result, one_of(&["FAIL", "SUCCESS"]))
        .and(AuditText::EntityType, one_of(ENTITY_TYPES))
        .and(AuditText::Operation, one_of(OPERATION_TYPES));
    for (name, field) in FIELDS {
        filter = match field {
            AuditField::Timestamp => match time_filter(fields, name, report) {
                Some(times) => filter.at(times),
                None => filter,
            },
            AuditField::Text(text) => match fields.text_filter(name, report) {
                Some(texts) => filter.and(*text, in_our_words(name, *text, texts, report)),
                None => filter,
            },
        };
    }
    Some(filter)
}

/// Normalizes the enum values of a filter: converts them to upper case, and `UNKNOWN` as actor type to `SYSTEM`.
fn in_our_words(name: &str, text: AuditText, mut filter: TextFilter, report: &mut Report) -> TextFilter {
    let Some(words) = words_of(AuditField::Text(text)) else { return filter };
    let mut word = |word: &mut String| {
        word.make_ascii_uppercase();
        if !words.contains(&word.as_str()) {
            report.shape(format!("`/filter/{name}` must be one of {}.", words.join(", ")));
        }
        if text == AuditText::ActorType && word == "UNKNOWN" {
            "SYSTEM".clone_into(word);
        }
    };
    filter.eq.as_mut().into_iter().chain(&mut filter.neq).for_each(&mut word);
    filter.is_in.iter_mut().chain(&mut filter.not_in).flatten().for_each(&mut word);
    filter
}

fn time_filter(fields: &mut Fields, name: &str, report: &mut Report) -> Option<TimeFilter> {
    let malformed = |report: &mut Report| {
        report.value(format!("`/filter/{name}` must contain times such as 2026-01-31T12:00:00Z."));
    };
    let mut operators = match fields.value(name)? {
        Value::String(text) => {
            let eq = timestamp::parse(&text);
            if eq.is_none() {
                malformed(report);
            }
            return eq.map(|eq| TimeFilter { eq: Some(eq), ..TimeFilter::default() });
        }
        operators => fields.nested(name, operators)?,
    };
    let exists = operators.flag("$exists");
    let list = operators.alternatives("$in");
    let is_in = list.and_then(|texts| {
        let times: Option<Vec<OffsetDateTime>> = texts.iter().map(|text| timestamp::parse(text)).collect();
        if times.is_none() {
            malformed(report);
        }
        times
    });
    let mut one = |operator: &str| {
        let text = operators.text(operator)?;
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
    Some(filter)
}

const RELATED: AuditField = AuditField::Text(AuditText::RelatedEntityType);

/// Whether the entry's value in an enum field is one of the allowed values. An absent value is allowed.
fn is_known(event: &AuditEvent, field: AuditField) -> bool {
    use identity_core::search::Row as _;
    let words = words_of(field).unwrap_or_default();
    event.text(field).is_none_or(|word| words.contains(&word.as_ref()))
}

/// Renders an entry with all fields of the public API. Fields that never apply to identity entries are null.
fn view(event: &AuditEvent) -> Value {
    use identity_core::search::Row as _;
    let mut entry = Map::new();
    for (name, field) in FIELDS {
        let value = match field {
            AuditField::Timestamp => json!(timestamp::format(event.at)),
            AuditField::Text(AuditText::ActorType) if event.actor == Actor::System => json!("UNKNOWN"),
            // Omits a related entity whose type strict clients do not accept.
            AuditField::Text(AuditText::RelatedEntityKey | AuditText::RelatedEntityType)
                if !is_known(event, RELATED) =>
            {
                Value::Null
            }
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
    let request = search::parse(&body, "cluster.AuditLogSearch", &sortable, filter)?;
    let query = AuditQuery::new(request.filter, &request.sort, &request.window);
    let query = super::path::in_path("page", query)?;
    Ok(search::respond(logs.search(&caller, &query).await?, |event| view(&event)))
}

async fn find(
    logs: Data<AuditLogs>,
    Authenticated(caller): Authenticated,
    key: Path<String>,
) -> Result<HttpResponse, Problem> {
    let event = logs.find(&caller, &key).await?;
    let known = [AuditText::Result, AuditText::EntityType, AuditText::Operation].map(AuditField::Text);
    if !known.into_iter().all(|field| is_known(&event, field)) {
        return Err(Problem::no_such_entry(&key));
    }
    Ok(HttpResponse::Ok().json(view(&event)))
}

//! `/api/policies`: the stored policies as one document, and changes by a document.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use identity_core::document::{DocumentFinding, PolicyDocument};
use identity_core::entity::{AuditDraft, AuditEntity, EntityKind};
use identity_core::port::AppliedDocument;
use identity_core::search::SearchBudget;
use identity_core::service::Written;
use identity_core::service::access::{Access, NotEvaluated, Simulation, SimulationFailed};
use identity_core::service::bulk::{DocumentChange, DocumentPlan, Extent, NotPlanned, Removal, documents_about};
use identity_core::value::{BrokenRule, DocumentName, InvalidValue, Secret, Username, Version};
use identity_core::world::World;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use super::Failures;
use super::audit_log::{FieldChangeView, ThingView};
use super::bulk::BulkChanges;
use crate::access::simulate::SimulationView;
use crate::authentication::Authenticated;
use crate::body::{JsonBytes, deserialize, parse_object};
use crate::findings::Findings;
use crate::ids::IdRules;
use crate::offload::off_the_worker;
use crate::problem::Problem;
use crate::revision::written;
use crate::route::resource;
use crate::rule::Rule;
use crate::timestamp;

/// Maximum number of changes that a response lists.
const MAX_CHANGES: usize = 10_000;
/// Maximum number of findings that the detail of a problem repeats in words.
const MAX_SENTENCES: usize = 10;
/// Number of recent callers for which a plan compares access.
const RECENT_CALLERS: usize = 1000;

pub(super) fn mount(access: Arc<Access>, api: &mut ServiceConfig) {
    api.app_data(Data::from(access))
        .service(resource("/policies").get(export))
        .service(resource("/policies/plan").post(plan))
        .service(resource("/policies/apply").post(apply))
        .service(resource("/policies/documents").get(documents));
}

/// What is removed: `NOTHING`; `MANAGED`, what the last applied document of the same name stated and this one does not,
/// unless a document of another name states it; or `EVERYTHING` that the document does not state.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = PolicyRemoval)]
pub(crate) enum RemovalName {
    #[default]
    Nothing,
    Managed,
    Everything,
}

impl From<RemovalName> for Removal {
    fn from(name: RemovalName) -> Self {
        match name {
            RemovalName::Nothing => Self::Nothing,
            RemovalName::Managed => Self::Managed,
            RemovalName::Everything => Self::Everything,
        }
    }
}

fn default_name() -> String {
    "policies".to_owned()
}

/// A document to compare with the stored policies.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PolicyPlanRequest)]
pub(crate) struct PlanBody {
    /// The document. Its members are those of the configuration section `initialization`.
    #[schema(value_type = Object)]
    document: Value,
    #[serde(default)]
    removal: RemovalName,
    /// Name under which the document is applied: 1 to 64 ASCII letters, digits, `_`, `-` or `.`.
    #[serde(default = "default_name")]
    #[schema(default = "policies", max_length = 64)]
    name: String,
    /// Usernames of users that will have a password, if the document creates them. Others cannot sign in.
    #[serde(default)]
    passwords: Vec<String>,
}

/// A document to apply.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PolicyApplyRequest)]
pub(crate) struct ApplyBody {
    /// The document. Its members are those of the configuration section `initialization`.
    #[schema(value_type = Object)]
    document: Value,
    #[serde(default)]
    removal: RemovalName,
    /// Name under which the document is applied: 1 to 64 ASCII letters, digits, `_`, `-` or `.`.
    #[serde(default = "default_name")]
    #[schema(default = "policies", max_length = 64)]
    name: String,
    /// Passwords of users that the document creates, by username. Those of existing users are not changed.
    #[serde(default)]
    #[schema(value_type = Object)]
    passwords: BTreeMap<String, String>,
    /// The member `plan` of the plan that was reviewed. If the document would change something else by now, nothing is
    /// changed, and the response is 409.
    plan: Option<String>,
    /// Origin of the document for the audit log, such as a commit and its author. At most 256 characters are recorded.
    #[schema(max_length = 1000)]
    source: Option<String>,
}

/// What a document changes.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PolicyPlan)]
pub(crate) struct PlanView {
    /// Revision of the policies that the document was compared with or, if it was applied, that contains it.
    revision: u64,
    /// Digest of all changes, for the member `plan` of a request that applies the document.
    #[schema(example = "5f1d0c2b9a4e7f36")]
    plan: String,
    /// Changes in the order in which they are made, at most 10000. Empty if the policies are established.
    changes: Vec<PolicyChangeView>,
    /// Number of further changes.
    more_changes: usize,
    /// Effect of the changes on access. Missing if the document was applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    effect: Option<SimulationView>,
}

/// Change of an entity, a membership or an authorization.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PolicyChange)]
pub(crate) struct PolicyChangeView {
    /// `CREATE`, `UPDATE`, `DELETE`, `ASSIGN` or `UNASSIGN`.
    operation: &'static str,
    entity: ThingView,
    /// The member of a membership, the owner of a new authorization, or the entity whose deletion removes this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    related: Option<ThingView>,
    /// Changed fields, at most 32.
    changes: Vec<FieldChangeView>,
    /// Number of further changed fields.
    omitted_changes: u32,
}

/// The last document that was applied under a name.
#[derive(Serialize, ToSchema)]
#[schema(as = AppliedDocument)]
pub(crate) struct AppliedView {
    name: String,
    /// Revision of the policies that contains the document.
    revision: u64,
    /// Time of the application.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(value_type = String, format = DateTime)]
    at: OffsetDateTime,
    /// Origin of the document. Missing if it was not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}

impl From<AppliedDocument> for AppliedView {
    fn from(AppliedDocument { name, revision, at, source, document: _ }: AppliedDocument) -> Self {
        Self { name: name.to_string(), revision: revision.0, at, source }
    }
}

impl PlanView {
    fn of(plan: &DocumentPlan, effect: Option<SimulationView>) -> Self {
        let changes: Vec<PolicyChangeView> =
            plan.changes.iter().take(MAX_CHANGES).map(PolicyChangeView::from).collect();
        Self {
            revision: plan.revision.0,
            plan: plan.digest.to_string(),
            more_changes: plan.changes.len() - changes.len(),
            changes,
            effect,
        }
    }
}

impl From<&AuditDraft> for PolicyChangeView {
    fn from(AuditDraft { operation, entity, related, changes }: &AuditDraft) -> Self {
        Self {
            operation: operation.as_str(),
            entity: entity.into(),
            related: related.as_ref().map(ThingView::from),
            changes: changes.fields().iter().map(FieldChangeView::from).collect(),
            omitted_changes: changes.omitted(),
        }
    }
}

/// Returns the stored policies as a document.
///
/// The order depends on nothing but the content. Passwords are omitted, and so are the authorizations of default roles,
/// which are fixed.
#[utoipa::path(get, path = "/api/policies", operation_id = "export_policies", tag = "policies",
    responses((status = 200, body = Object, description = "The document."), Failures))]
pub(crate) async fn export(
    changes: Data<BulkChanges>,
    Authenticated(caller): Authenticated,
) -> Result<HttpResponse, Problem> {
    let document = changes.bulk.export(&caller).await?;
    Ok(HttpResponse::Ok().json(document))
}

/// Narrows the list of applied documents.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AboutQuery {
    /// Only documents that define an entity of this type, or that state its members, memberships or authorizations:
    /// `USER`, `CLIENT`, `GROUP`, `ROLE`, `TENANT`, `MAPPING_RULE` or `RESOURCE_TYPE`. Requires `entityId`.
    entity_type: Option<String>,
    /// Id of the entity. Requires `entityType`.
    entity_id: Option<String>,
}

impl AboutQuery {
    fn entity(self) -> Result<Option<AuditEntity>, Problem> {
        let (kind, key) = match (self.entity_type, self.entity_id) {
            (None, None) => return Ok(None),
            (Some(kind), Some(key)) => (kind, key),
            _ => return Err(Problem::bad_request("entity", "entityId and entityType must be given together.")),
        };
        let mut findings = Findings::of_parameters();
        let rule = BrokenRule::Form("a type of entity, such as GROUP", String::new());
        let kind = EntityKind::parse(&kind).ok_or(InvalidValue { what: "type", rule });
        let kind = findings.take("entityType", kind).ok_or_else(|| findings.problem())?;
        Ok(Some(AuditEntity { kind, key }))
    }
}

/// Returns the names, times and origins of the documents that were last applied, by name.
#[utoipa::path(get, path = "/api/policies/documents", operation_id = "list_applied_documents", tag = "policies",
    params(AboutQuery), responses((status = 200, body = Vec<AppliedView>), Failures))]
pub(crate) async fn documents(
    changes: Data<BulkChanges>,
    Authenticated(caller): Authenticated,
    query: Query<AboutQuery>,
) -> Result<HttpResponse, Problem> {
    let about = query.into_inner().entity()?;
    let mut documents = changes.bulk.applied_documents(&caller).await?;
    if let Some(entity) = about {
        // Documents are read for it, which can be large.
        documents = off_the_worker(move |_| Ok(documents_about(&entity, documents))).await??;
    }
    Ok(HttpResponse::Ok().json(documents.into_iter().map(AppliedView::from).collect::<Vec<_>>()))
}

/// Compares a document with the stored policies: what it would change, and the effect on access.
///
/// Nothing is written. Requires the permission `read`.
#[utoipa::path(post, path = "/api/policies/plan", operation_id = "plan_policies", tag = "policies",
    request_body = PlanBody, responses((status = 200, body = PlanView), Failures))]
pub(crate) async fn plan(
    request: HttpRequest,
    changes: Data<BulkChanges>,
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    changes.bulk.require_plan(&caller).await?;
    let JsonBytes(bytes) = JsonBytes::receive(&request, &mut payload.into_inner()).await?;
    let PlanBody { document, removal, name, passwords } =
        parse_object(&bytes).and_then(|object| deserialize(object, "").map_err(Problem::from))?;
    let mut findings = Findings::of_body();
    let passwords = findings.all("passwords", passwords.iter().map(|name| Username::parse(name)));
    let name = findings.take("name", DocumentName::parse(&name));
    let (Some(passwords), Some(name)) = (passwords, name) else { return Err(findings.problem()) };
    let passwords: BTreeSet<Username> = passwords.into_iter().collect();
    let applied = changes.bulk.applied_documents(&caller).await?;
    let work = move |budget: &SearchBudget| {
        let planned = read(&document, &changes.ids, &caller.world).and_then(|document| {
            let extent = Extent::new(&name, removal.into(), &applied)?;
            changes.bulk.plan(&caller, &document, &extent, passwords).map_err(Problem::from)
        });
        let plan = match planned {
            Ok(plan) => plan,
            Err(problem) => return Ok(Err(problem)),
        };
        let simulation = Simulation { commands: plan.commands.clone(), question: None, logins: RECENT_CALLERS };
        match access.simulate(&caller, &simulation, &Err(NotEvaluated::NoSuchSubject), budget) {
            Ok(simulated) => Ok(Ok(PlanView::of(&plan, Some(simulated.into())))),
            Err(SimulationFailed::Refused(refusal)) => Ok(Err(refusal.into())),
            Err(SimulationFailed::Stopped(stopped)) => Err(stopped),
        }
    };
    Ok(HttpResponse::Ok().json(off_the_worker(work).await??))
}

/// Applies a document as one atomic change: all of its changes or none.
///
/// The audit log has an entry for the document, with its `source`, and one for each change. Requires the permission
/// `write` and, for entities of the Orchestration Cluster, its authorizations.
#[utoipa::path(post, path = "/api/policies/apply", operation_id = "apply_policies", tag = "policies",
    request_body = ApplyBody, responses((status = 200, body = PlanView), Failures))]
pub(crate) async fn apply(
    request: HttpRequest,
    changes: Data<BulkChanges>,
    Authenticated(caller): Authenticated,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    changes.bulk.require(&caller).await?;
    let JsonBytes(bytes) = JsonBytes::receive(&request, &mut payload.into_inner()).await?;
    let body: ApplyBody = parse_object(&bytes).and_then(|object| deserialize(object, "").map_err(Problem::from))?;
    let mut findings = Findings::of_body();
    let passwords = findings.within("passwords", |findings| {
        let password = |(name, password): (String, String)| {
            let username = findings.here("username", Username::parse(&name))?;
            Some((username, Secret::new(password)))
        };
        body.passwords.into_iter().map(password).collect::<Option<BTreeMap<_, _>>>()
    });
    let reviewed = body.plan.map(|plan| {
        let rule = BrokenRule::Form("the member `plan` of a plan", String::new());
        findings.take("plan", Version::parse(&plan).ok_or(InvalidValue { what: "plan", rule }))
    });
    let name = findings.take("name", DocumentName::parse(&body.name));
    let (Some(passwords), Some(name), true) = (passwords, name, findings.is_empty()) else {
        return Err(findings.problem());
    };
    let document = read(&body.document, &changes.ids, &caller.world)?;
    let reviewed = reviewed.flatten();
    let (removal, source) = (body.removal.into(), body.source);
    let change = DocumentChange { document, name, removal, passwords, reviewed, source };
    let (plan, revision) = changes.bulk.apply_document(&caller, &change).await?;
    written(&request, Written { value: (), revision });
    Ok(HttpResponse::Ok().json(PlanView { revision: revision.0, ..PlanView::of(&plan, None) }))
}

/// Reads a document. The ids of entities that `world` lacks must match the configured pattern.
fn read(document: &Value, ids: &IdRules, world: &World) -> Result<PolicyDocument, Problem> {
    let document = PolicyDocument::read(document).map_err(|findings| refused(StatusCode::BAD_REQUEST, findings))?;
    let ids = ids.references(world);
    let mut findings = Vec::new();
    let mut check = |kind: EntityKind, key: &str, checked: Result<(), InvalidValue>| {
        if let Err(InvalidValue { rule, .. }) = checked {
            let pointer = document.place_of(&AuditEntity { kind, key: key.to_owned() }).unwrap_or_default();
            findings.push(DocumentFinding { pointer, rule: format!("has an id that {rule}") });
        }
    };
    for user in &document.users {
        check(EntityKind::User, user.username.as_str(), ids.username(user.username.as_str()).map(drop));
    }
    for group in &document.groups {
        check(EntityKind::Group, group.id.as_str(), ids.group(group.id.as_str()).map(drop));
    }
    for role in &document.roles {
        check(EntityKind::Role, role.id.as_str(), ids.role(role.id.as_str()).map(drop));
    }
    for tenant in &document.tenants {
        check(EntityKind::Tenant, tenant.id.as_str(), ids.tenant(tenant.id.as_str()).map(drop));
    }
    for rule in &document.mapping_rules {
        check(EntityKind::MappingRule, rule.id.as_str(), ids.mapping_rule(rule.id.as_str()).map(drop));
    }
    if findings.is_empty() { Ok(document) } else { Err(refused(StatusCode::BAD_REQUEST, findings)) }
}

/// Converts findings to a problem with a JSON pointer for each.
fn refused(status: StatusCode, findings: Vec<DocumentFinding>) -> Problem {
    let sentence = |DocumentFinding { pointer, rule }: &DocumentFinding| format!("`{pointer}` {rule}.");
    let detail: Vec<String> = findings.iter().take(MAX_SENTENCES).map(sentence).collect();
    let pointed = findings.into_iter().map(|one| (format!("/document{}", one.pointer), Rule::from(one.rule)));
    Problem::new(status, "document", detail.join(" ")).codes(["document.invalid".to_owned()]).pointing_at(pointed)
}

impl From<NotPlanned> for Problem {
    fn from(why: NotPlanned) -> Self {
        match why {
            NotPlanned::Findings(findings) => refused(StatusCode::CONFLICT, findings),
            NotPlanned::Failed(error) => error.into(),
        }
    }
}

//! `/access/v1/simulate`: simulation of changes and their effect on access.

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig};
use identity_core::apply::Command;
use identity_core::diff::{AccessItem, Effect};
use identity_core::search::SearchBudget;
use identity_core::service::access::{
    Access, LoginChange, NotEvaluated, RequestKind, Simulated, Simulation, SimulationFailed,
};
use identity_core::world::Change;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Failures;
use super::administration::AdministratorsView;
use super::changes::ChangeBody;
use super::evaluation::Decision;
use super::wire::{EvaluationBody, ObjectBody};
use crate::authentication::Authenticated;
use crate::body::Unfit;
use crate::findings::Findings;
use crate::offload::off_the_worker;
use crate::problem::Problem;
use crate::route::resource;

/// Maximum number of changes in one simulation.
const MAX_CHANGES: usize = 1000;
/// Maximum number of effects, and of recent callers with changed access, in one response.
const MAX_NAMED: usize = 1000;
/// Maximum number of gained and lost items in one response.
const MAX_ITEMS: usize = 20_000;

pub(super) fn mount(v1: &mut ServiceConfig) {
    v1.service(resource("/simulate").post(simulate));
}

/// Changes to simulate, and the callers to evaluate them for.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SimulationRequest {
    /// Changes, applied in this order. If one is rejected, the simulation fails.
    #[serde(default)]
    #[schema(max_items = 1000)]
    changes: Vec<ChangeBody>,
    /// A request to evaluate before and after the changes.
    question: Option<EvaluationBody>,
    /// Number of recent callers to evaluate the changes for.
    #[serde(default)]
    #[schema(maximum = 100_000)]
    recent_callers: usize,
}

/// Result of a simulation.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SimulationView {
    /// Access gained and lost according to stored data: `party`, `gained`, `lost`. At most 1000 effects, and at most 20
    /// 000 gained and lost items in the whole response.
    #[schema(value_type = Vec<Object>)]
    effects: Vec<Effect>,
    /// Whether effects were omitted because of these limits.
    more_effects: bool,
    /// Decision on the question before and after the changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    question: Option<BeforeAfter>,
    /// Access that the subject of the question gains and loses.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<ChangeView>,
    recent_callers: CallersView,
    /// Parties that become or can become administrators, and parties that no longer can.
    administrators: AdministratorsView,
    /// Number of authorizations that the changes delete, including those deleted along with their owner or resource.
    deleted_authorizations: usize,
}

/// A decision before and after the changes.
#[derive(Serialize, ToSchema)]
pub(crate) struct BeforeAfter {
    before: Decision,
    after: Decision,
}

/// Access that a user or client gains and loses.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChangeView {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
    #[schema(value_type = Vec<Object>)]
    gained: Vec<AccessItem>,
    #[schema(value_type = Vec<Object>)]
    lost: Vec<AccessItem>,
    /// Whether items were omitted because the response reached its limit of 20 000 items.
    more: bool,
}

/// Access that recent callers gain and lose.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallersView {
    looked_at: usize,
    /// Callers whose access changes, at most 1000.
    changed: Vec<ChangeView>,
    more_changed: bool,
    /// Number of callers that cannot be evaluated because their claim values are not stored.
    unknown: usize,
}

impl ChangeView {
    /// Creates the view of a change with at most `left` gained and lost items. Subtracts their number from `left`.
    fn new(change: LoginChange, left: &mut usize) -> Self {
        let LoginChange { principal, mut gained, mut lost } = change;
        let all = gained.len() + lost.len();
        for list in [&mut gained, &mut lost] {
            list.truncate(*left);
            *left -= list.len();
        }
        let more = gained.len() + lost.len() < all;
        Self { kind: principal.kind_name(), id: principal.id().to_owned(), gained, lost, more }
    }
}

impl From<Simulated> for SimulationView {
    fn from(simulated: Simulated) -> Self {
        let is_deleted = |row: &&Change| matches!(row, Change::AuthorizationRemoved(_));
        let deleted_authorizations = simulated.diff.changes.iter().filter(is_deleted).count();
        let mut left = MAX_ITEMS;
        let subject = simulated.subject.map(|change| ChangeView::new(change, &mut left));
        let all = simulated.diff.effects.len();
        let fits = |effect: &Effect| match left.checked_sub(effect.gained.len() + effect.lost.len()) {
            Some(less) => {
                left = less;
                true
            }
            None => false,
        };
        let effects: Vec<Effect> = simulated.diff.effects.into_iter().take(MAX_NAMED).filter(fits).collect();
        let more_effects = effects.len() < all;
        let more_changed = simulated.logins.changed.len() > MAX_NAMED;
        let changed = simulated.logins.changed.into_iter().take(MAX_NAMED);
        let changed = changed.map(|change| ChangeView::new(change, &mut left)).collect();
        Self {
            effects,
            more_effects,
            question: simulated
                .answers
                .map(|(before, after)| BeforeAfter { before: before.into(), after: after.into() }),
            subject,
            administrators: simulated.administration.into(),
            deleted_authorizations,
            recent_callers: CallersView {
                looked_at: simulated.logins.looked_at,
                changed,
                more_changed,
                unknown: simulated.logins.unknown.len(),
            },
        }
    }
}

/// Simulates changes and returns their effect on access.
///
/// Nothing is written.
#[utoipa::path(post, path = "/access/v1/simulate", tag = "access", request_body = SimulationRequest,
    responses((status = 200, body = SimulationView),
        (status = 409, description = "The change would be rejected.", body = crate::problem::ProblemDocument), Failures))]
pub(crate) async fn simulate(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    body: ObjectBody,
) -> Result<HttpResponse, Problem> {
    access.permit(&caller, RequestKind::Simulate, None, 1).await?;
    let SimulationRequest { changes, question, recent_callers } = body.read()?;
    if changes.len() > MAX_CHANGES {
        return Err(Unfit::of("/changes", format!("must not have more than {MAX_CHANGES} items")).into());
    }
    let question = question.map(EvaluationBody::parse).transpose()?;
    let mut findings = Findings::of_body();
    let commands: Vec<Option<Command>> = findings.within("changes", |findings| {
        let items = changes.into_iter().enumerate();
        items.map(|(index, change)| findings.within(&index.to_string(), |at| change.command(at))).collect()
    });
    let commands = commands.into_iter().collect::<Option<_>>().ok_or_else(|| findings.problem())?;
    let subject = match &question {
        Some(asked) => access.identify(&caller.world, &asked.subject, Some(&asked.resource)).await?,
        None => Err(NotEvaluated::NoSuchSubject),
    };
    let simulation = Simulation { commands, question, logins: recent_callers };
    let simulate = move |budget: &SearchBudget| match access.simulate(&caller, &simulation, &subject, budget) {
        Ok(simulated) => Ok(Ok(SimulationView::from(simulated))),
        Err(SimulationFailed::Refused(refusal)) => Ok(Err(refusal)),
        Err(SimulationFailed::Stopped(stopped)) => Err(stopped),
    };
    Ok(HttpResponse::Ok().json(off_the_worker(simulate).await??))
}

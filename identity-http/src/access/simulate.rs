//! What would be.

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig};
use identity_core::diff::{AccessItem, Effect};
use identity_core::search::SearchBudget;
use identity_core::service::access::{Access, Ask, LoginChange, Simulated, Simulation, SimulationFailed, WhyNot};
use identity_core::world::Change;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::Failures;
use super::administration::AdministratorsView;
use super::changes::ChangeBody;
use super::evaluation::{Decision, EvaluationRequest};
use super::wire::{ObjectBody, Unfit, asked, object};
use crate::authentication::Authenticated;
use crate::offload::off_the_worker;
use crate::problem::Problem;
use crate::route::resource;

/// The most changes of one try.
const MOST_CHANGES: usize = 1000;
/// The most people and rules that are named.
const MOST_NAMED: usize = 1000;
/// The most things that are said to be gained or lost, by all of them together.
const MOST_ITEMS: usize = 20_000;
/// The most callers that it is tried on.
const MOST_CALLERS: usize = 100_000;

pub(super) fn mount(v1: &mut ServiceConfig) {
    v1.service(resource("/simulate").post(simulate));
}

/// A change to try, and on whom.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "only described, never built")]
pub(crate) struct SimulationRequest {
    /// All of it, in this order, or nothing.
    changes: Vec<ChangeBody>,
    /// A question to ask before and after.
    question: Option<EvaluationRequest>,
    /// On how many of the last callers' tokens to try it: none when not given.
    recent_callers: Option<usize>,
}

/// What the change would come to.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SimulationView {
    /// Who gains and loses what by what is stored: `party`, `gained`, `lost`. At most 1000, with at most 20 000 things gained
    /// and lost in the whole answer.
    #[schema(value_type = Vec<Object>)]
    effects: Vec<Effect>,
    /// Whether effects were left out there.
    more_effects: bool,
    /// The answer to the question, before and after.
    #[serde(skip_serializing_if = "Option::is_none")]
    question: Option<BeforeAfter>,
    /// What the subject of the question gains and loses.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<ChangeView>,
    recent_callers: CallersView,
    /// Who comes to administer or can come to, and who no longer does.
    administrators: AdministratorsView,
    /// How many authorizations the changes delete, those with their owner or resource included.
    deleted_authorizations: usize,
}

/// The answer to a question, before and after.
#[derive(Serialize, ToSchema)]
pub(crate) struct BeforeAfter {
    before: Decision,
    after: Decision,
}

/// What somebody gains and loses.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChangeView {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
    #[schema(value_type = Vec<Object>)]
    gained: Vec<AccessItem>,
    #[schema(value_type = Vec<Object>)]
    lost: Vec<AccessItem>,
    /// Whether more is gained or lost, which was left out because the answer has 20 000 of them already.
    more: bool,
}

/// What the last callers gain and lose.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallersView {
    looked_at: usize,
    /// Those for whom something changes, at most 1000.
    changed: Vec<ChangeView>,
    more_changed: bool,
    /// For how many it cannot be said, since the values of their claims are not kept.
    unknown: usize,
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Changes(Vec<ChangeBody>);

impl ChangeView {
    /// As much of a change as `left` allows.
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
        let mut left = MOST_ITEMS;
        let subject = simulated.subject.map(|change| ChangeView::new(change, &mut left));
        let all = simulated.diff.effects.len();
        let fits = |effect: &Effect| match left.checked_sub(effect.gained.len() + effect.lost.len()) {
            Some(less) => {
                left = less;
                true
            }
            None => false,
        };
        let effects: Vec<Effect> = simulated.diff.effects.into_iter().take(MOST_NAMED).filter(fits).collect();
        let more_effects = effects.len() < all;
        let more_changed = simulated.logins.changed.len() > MOST_NAMED;
        let changed = simulated.logins.changed.into_iter().take(MOST_NAMED);
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

/// Tries a change that nobody has made, and says what it would mean for whom. Nothing is written.
#[utoipa::path(post, path = "/access/v1/simulate", tag = "access", request_body = SimulationRequest,
    responses((status = 200, body = SimulationView),
        (status = 409, description = "The change would be refused.", body = crate::problem::ProblemDocument), Failures))]
pub(crate) async fn simulate(
    access: Data<Access>,
    Authenticated(caller): Authenticated,
    ObjectBody(mut body): ObjectBody,
) -> Result<HttpResponse, Problem> {
    access.permit(&caller, Ask::Simulate, None, 1).await?;
    let question = object(&body, "question")?.map(asked).transpose()?;
    let logins = match body.get("recentCallers") {
        None => 0,
        Some(number) => number
            .as_u64()
            .and_then(|number| usize::try_from(number).ok())
            .filter(|number| *number <= MOST_CALLERS)
            .ok_or_else(|| Unfit("`recentCallers` must be a whole number up to 100000.".to_owned()))?,
    };
    let changes = body.remove("changes").unwrap_or_else(|| Value::Array(Vec::new()));
    let Changes(changes) =
        serde_json::from_value(changes).map_err(|error| Unfit(format!("`changes` do not fit: {error}.")))?;
    if changes.len() > MOST_CHANGES {
        return Err(Unfit(format!("`changes` must not hold more than {MOST_CHANGES}.")).into());
    }
    let commands = changes.into_iter().map(ChangeBody::command).collect::<Result<_, _>>();
    let commands = commands.map_err(|error| Unfit(format!("`changes`: {error}.")))?;
    let subject = match &question {
        Some(asked) => access.identify(&asked.subject).await?,
        None => Err(WhyNot::NoSuchSubject),
    };
    let simulation = Simulation { commands, question, logins };
    let simulate = move |budget: &SearchBudget| match access.simulate(&caller, &simulation, &subject, budget) {
        Ok(simulated) => Ok(Ok(SimulationView::from(simulated))),
        Err(SimulationFailed::Refused(refusal)) => Ok(Err(refusal)),
        Err(SimulationFailed::Stopped(stopped)) => Err(stopped),
    };
    Ok(HttpResponse::Ok().json(off_the_worker(simulate).await??))
}

//! `/api/bulk`: many changes in one request. A JSON body is applied as one atomic change. The lines of an NDJSON body
//! are applied in atomic batches while they arrive.

mod command;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{Data, Payload, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use identity_core::service::Caller;
use identity_core::service::bulk::{Bulk, BulkError, IfExists, MAX_ITEMS};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use utoipa::{IntoParams, ToSchema};

use super::Failures;
use crate::authentication::Authenticated;
use crate::body::{JsonBytes, Unfit, deserialize, parse_object};
use crate::ids::IdRules;
use crate::load::lines::{Lines, is_ndjson};
use crate::problem::Problem;
use crate::revision::written;
use crate::route::resource;
use command::{BulkCommand, Reader};

/// Maximum number of concurrent bulk requests. They share the password hasher and the writer with other changes.
const MAX_RUNNING: usize = 4;
/// Value of `Retry-After` if [`MAX_RUNNING`] bulk requests are running.
const RETRY: Duration = Duration::from_secs(5);

static RUNNING: Semaphore = Semaphore::const_new(MAX_RUNNING);

/// Dependencies of the endpoint `/api/bulk`.
#[derive(Clone)]
pub struct BulkChanges {
    /// Authorizes and applies the commands.
    pub bulk: Arc<Bulk>,
    /// Validation rules for the ids of new users and groups.
    pub ids: IdRules,
}

pub(super) fn mount(api: &mut ServiceConfig) {
    api.service(resource("/bulk").post(apply));
}

/// Options of a bulk change.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BulkQuery {
    /// Handling of existing entities. `FAIL` (default) rejects commands that create an existing entity; `SKIP` leaves
    /// the entity unchanged.
    #[serde(default)]
    #[param(inline, required = false)]
    if_exists: Existing,
}

#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Existing {
    #[default]
    Fail,
    Skip,
}

impl From<Existing> for IfExists {
    fn from(existing: Existing) -> Self {
        match existing {
            Existing::Fail => Self::Fail,
            Existing::Skip => Self::Skip,
        }
    }
}

/// Commands, applied in this order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BulkBody {
    #[schema(min_items = 1, max_items = 1000)]
    commands: Vec<BulkCommand>,
}

/// Result of a bulk change.
#[derive(Serialize, ToSchema)]
#[schema(as = BulkResult)]
pub(crate) struct BulkView {
    /// Number of applied commands.
    applied: usize,
    /// Number of commands skipped because the entity exists.
    skipped: usize,
    /// Revision that contains all changes.
    revision: u64,
}

/// Applies up to 1000 commands as one atomic change.
///
/// `index` in an error response is the position of the failed command.
///
/// With `Content-Type: application/x-ndjson`, the body is any number of commands, one per line. The response is a
/// progress line for each batch and a final line with the outcome.
#[utoipa::path(post, path = "/api/bulk", tag = "bulk", params(BulkQuery), request_body = BulkBody,
    responses((status = 200, body = BulkView), Failures))]
pub(crate) async fn apply(
    request: HttpRequest,
    changes: Data<BulkChanges>,
    Authenticated(caller): Authenticated,
    query: Query<BulkQuery>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    changes.bulk.require(&caller).await?;
    let if_exists = query.if_exists.into();
    let busy = |_| Problem::unavailable("busy", "The server is busy with other bulk changes; try again later.", RETRY);
    let running = RUNNING.try_acquire().map_err(busy)?;
    let mut payload = payload.into_inner();
    if is_ndjson(&request) {
        let lines = Lines::start(&request, payload)?;
        return Ok(stream::respond(
            lines,
            stream::Work { changes, caller: Caller::clone(&caller), if_exists, _running: running },
        ));
    }
    let JsonBytes(bytes) = JsonBytes::receive(&request, &mut payload).await?;
    let body: BulkBody = parse_object(&bytes).and_then(|object| deserialize(object, "").map_err(misfit))?;
    if body.commands.is_empty() || body.commands.len() > MAX_ITEMS {
        return Err(Problem::bad_request("commands", format!("A request must have 1 to {MAX_ITEMS} commands.")));
    }
    let reader = Reader { bulk: &changes.bulk, ids: &changes.ids };
    let count = body.commands.len();
    let items = body.commands.into_iter().enumerate();
    let items = items.map(|(index, command)| {
        reader.item(command, format!("/commands/{index}")).map_err(|problem| problem.of_command(index))
    });
    let done = changes.bulk.apply(&caller, items.collect::<Result<_, _>>()?, if_exists).await?;
    let revision = identity_core::service::Written { value: (), revision: done.revision };
    written(&request, revision);
    let (applied, skipped) = (count - done.skipped, done.skipped);
    Ok(HttpResponse::Ok().json(BulkView { applied, skipped, revision: done.revision.0 }))
}

/// Converts deviations from the schema to a problem. Its index is that of the first deviating command.
fn misfit(unfit: Unfit) -> Problem {
    let index =
        unfit.pointers().find_map(|pointer| pointer.strip_prefix("/commands/")?.split('/').next()?.parse().ok());
    let problem = unfit.problem("body_shape");
    match index {
        Some(index) => problem.of_command(index),
        None => problem,
    }
}

impl From<BulkError> for Problem {
    fn from(BulkError { index, error }: BulkError) -> Self {
        let problem = Self::from(error);
        match index {
            // Only errors about authorizations have findings, so their pointers are relative to `createAuthorization`.
            Some(index) => problem.below(&format!("/commands/{index}/createAuthorization")).of_command(index),
            None => problem,
        }
    }
}

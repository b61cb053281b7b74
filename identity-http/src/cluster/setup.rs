//! `/v2/setup/user`: creates the first administrator (docs/reference/orchestration-cluster.md §1.8). Requires no
//! credentials, but is rejected before the body is read once an administrator exists.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload, ServiceConfig};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse};
use identity_core::apply::Refusal;
use identity_core::service::ServiceError;
use identity_core::service::cluster::Setup;

use super::users::{UserView, new_user};
use crate::address;
use crate::body::JsonBytes;
use crate::ids::IdRules;
use crate::problem::Problem;
use crate::request::RequestId;
use crate::route::resource;

pub(super) fn mount(v2: &mut ServiceConfig) {
    v2.service(resource("/setup/user").post(create));
}

async fn create(
    request: HttpRequest,
    setup: Data<Setup>,
    ids: Data<IdRules>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let request_id = request.extensions().get::<RequestId>().map(|id| id.0.to_string());
    let (address, request_id) = (address::of(&request), request_id.as_deref());
    // Checked before the body is parsed, so that the response to a rejected client reveals nothing else
    // (docs/reference/orchestration-cluster.md §1.8).
    setup.require_open(address, request_id).await.map_err(refused)?;
    let JsonBytes(body) = JsonBytes::from_request(&request, &mut payload.into_inner()).await?;
    let (user, password) = new_user(&body, &ids)?;
    let created = setup.create(user, &password, address, request_id).await.map_err(refused)?;
    Ok(HttpResponse::Created().json(UserView::of(&created.value)))
}

/// Replaces the error about the protected role by the actual reason: an administrator already exists.
fn refused(error: ServiceError) -> Problem {
    match error {
        ServiceError::Refused(Refusal::Protected(_)) => {
            let detail = "An administrator already exists; sign in as one, and create users with `POST /v2/users`.";
            Problem::new(StatusCode::FORBIDDEN, "protected", detail).titled("FORBIDDEN")
        }
        other => other.into(),
    }
}

//! The first administrator (orchestration reference §1.8). Open to any client while the installation has none; closed, it refuses
//! before it reads a body.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload, ServiceConfig};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse};
use identity_core::apply::Refusal;
use identity_core::service::ServiceError;
use identity_core::service::cluster::Setup;

use super::ids::IdRules;
use super::users::{UserView, new_user};
use crate::address;
use crate::body::JsonBytes;
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
    // A client that is refused learns no more than that (orchestration reference §13.2).
    setup.require_open(address, request_id).await.map_err(refused)?;
    let JsonBytes(body) = JsonBytes::from_request(&request, &mut payload.into_inner()).await?;
    let (user, password) = new_user(&body, &ids)?;
    let created = setup.create(user, &password, address, request_id).await.map_err(refused)?;
    Ok(HttpResponse::Created().json(UserView::of(&created.value)))
}

/// What is protected is the role; what whoever asks wants to know is why.
fn refused(error: ServiceError) -> Problem {
    match error {
        ServiceError::Refused(Refusal::Protected(_)) => {
            let detail = "There is an administrator already: sign in as one, and create users with `POST /v2/users`.";
            Problem::new(StatusCode::FORBIDDEN, "protected", detail).titled("FORBIDDEN")
        }
        other => other.into(),
    }
}

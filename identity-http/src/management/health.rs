//! `/api/health`: the health of this server and its dependencies, for the admin UI. The management port exposes the same
//! components without authentication.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig};
use identity_core::engine::Engine;
use identity_core::entity::EntityKind;
use identity_core::service::Authorizer;
use serde::Serialize;
use utoipa::ToSchema;

use super::Failures;
use crate::actuator::{Component, Operations, Status};
use crate::authentication::Authenticated;
use crate::problem::Problem;
use crate::route::resource;

pub(super) fn mount(api: &mut ServiceConfig) {
    api.service(resource("/health").get(health));
}

/// Health of the server or of one of its dependencies, such as the store or an identity provider.
#[derive(Serialize, ToSchema)]
#[schema(as = HealthComponent)]
pub(crate) struct ComponentView {
    #[schema(example = "store")]
    name: String,
    /// `UP`, `DOWN`, or `DEGRADED` if the server works without the dependency for now.
    #[schema(value_type = String, example = "UP")]
    status: Status,
    /// Reason of the status, or other details.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl From<Component> for ComponentView {
    fn from(Component { name, status, detail }: Component) -> Self {
        Self { name, status, detail }
    }
}

/// Returns the health of this replica and of its dependencies.
#[utoipa::path(get, path = "/api/health", tag = "me", responses((status = 200, body = Vec<ComponentView>), Failures))]
pub(crate) async fn health(
    operations: Data<dyn Operations>,
    engine: Data<Engine>,
    Authenticated(caller): Authenticated,
) -> Result<HttpResponse, Problem> {
    let authorizer = Authorizer::management(Arc::clone(&engine));
    authorizer.read(&caller, EntityKind::Resource, "health", |_| ()).await?;
    let components = operations.components().into_iter().map(ComponentView::from);
    Ok(HttpResponse::Ok().json(components.collect::<Vec<_>>()))
}

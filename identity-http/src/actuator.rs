//! Health and metrics endpoints of the management port.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Serialize;

/// Health of a dependency of the server.
#[derive(Clone, Debug, Serialize)]
pub struct Component {
    /// Name of the dependency.
    #[serde(skip)]
    pub name: String,
    /// Current status.
    pub status: Status,
    /// Reason for the status, or other details. Contains no secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Status of a dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// Available.
    Up,
    /// Unavailable; the server cannot work without it.
    Down,
    /// Unavailable; the server can work without it for now.
    Degraded,
}

/// Source of the data that the management port exposes.
pub trait Operations: Send + Sync {
    /// Current health of all dependencies.
    fn components(&self) -> Vec<Component>;

    /// Metrics in the Prometheus text format.
    fn metrics(&self) -> String;
}

#[derive(Serialize)]
struct Health {
    status: Status,
    components: std::collections::BTreeMap<String, Component>,
}

/// Mounts `/actuator`.
pub fn mount(operations: &Arc<dyn Operations>, config: &mut web::ServiceConfig) {
    config
        .app_data(web::Data::from(Arc::clone(operations)))
        .route("/actuator/health", web::get().to(health))
        .route("/actuator/health/liveness", web::get().to(liveness))
        .route("/actuator/health/readiness", web::get().to(readiness))
        .route("/actuator/prometheus", web::get().to(prometheus));
}

/// Liveness probe: always `UP`, since a restart does not repair a dependency.
async fn liveness() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: Status::Up, components: std::collections::BTreeMap::new() })
}

/// Readiness probe: 503 while a dependency that every request needs is down.
async fn readiness(operations: web::Data<dyn Operations>) -> HttpResponse {
    respond(&operations)
}

async fn health(operations: web::Data<dyn Operations>) -> HttpResponse {
    respond(&operations)
}

fn respond(operations: &web::Data<dyn Operations>) -> HttpResponse {
    let components = operations.components();
    let status = if components.iter().any(|component| component.status == Status::Down) {
        Status::Down
    } else if components.iter().any(|component| component.status == Status::Degraded) {
        Status::Degraded
    } else {
        Status::Up
    };
    let code = if status == Status::Down { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    let components = components.into_iter().map(|component| (component.name.clone(), component)).collect();
    HttpResponse::build(code).json(Health { status, components })
}

async fn prometheus(operations: web::Data<dyn Operations>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(operations.metrics())
}

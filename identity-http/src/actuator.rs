//! Health and metrics, on the management port.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Serialize;

/// Something that the server needs.
#[derive(Clone, Debug, Serialize)]
pub struct Component {
    /// Its name.
    #[serde(skip)]
    pub name: String,
    /// Whether it is there.
    pub status: Status,
    /// Why not, or what of it. Holds no secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Whether something is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// It is.
    Up,
    /// It is not, and the server can do nothing without it.
    Down,
    /// It is not, and the server can do without it for now.
    Degraded,
}

/// What the management port knows of the server.
pub trait Operations: Send + Sync {
    /// Everything that the server needs, now.
    fn components(&self) -> Vec<Component>;

    /// The metrics, in the Prometheus text format.
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

/// Alive, whatever the rest of the world does: a restart would not help.
async fn liveness() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: Status::Up, components: std::collections::BTreeMap::new() })
}

/// 503 while something is missing that every request needs.
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

//! Health, readiness, liveness and metrics endpoints (`/actuator`) of the management port.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::middleware::from_fn;
use actix_web::{HttpResponse, web};
use serde::Serialize;

use crate::hosts::{Hosts, check_host};

/// Health of one dependency of the server, such as the store or an identity provider.
#[derive(Clone, Debug, Serialize)]
pub struct Component {
    /// Name of the dependency: its key in the member `components` of the response.
    #[serde(skip)]
    pub name: String,
    /// Whether the dependency is available, and whether the server needs it.
    pub status: Status,
    /// Human-readable reason for the status, or other details. Contains no secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Status of a dependency, serialized in upper case. [`Status::Down`] makes the health endpoints respond with 503.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum Status {
    /// The dependency is available.
    Up,
    /// The dependency is unavailable, and the server cannot serve requests without it.
    Down,
    /// The dependency is unavailable, but the server can serve requests without it for now. Responses keep status 200.
    Degraded,
}

/// Source of the health and metrics data that the management port exposes.
pub trait Operations: Send + Sync {
    /// Returns the current health of all dependencies.
    fn components(&self) -> Vec<Component>;

    /// Renders all metrics in the Prometheus text format, version 0.0.4.
    fn metrics(&self) -> String;
}

#[derive(Serialize)]
struct Health {
    status: Status,
    components: std::collections::BTreeMap<String, Component>,
}

/// Mounts the endpoints below `/actuator`. They require no credentials, and respond to requests for `hosts` only.
pub fn mount(operations: &Arc<dyn Operations>, hosts: &Hosts, config: &mut web::ServiceConfig) {
    let hosts = hosts.clone();
    let endpoints = web::scope("/actuator")
        .app_data(web::Data::from(Arc::clone(operations)))
        .route("/health", web::get().to(health))
        .route("/health/liveness", web::get().to(liveness))
        .route("/health/readiness", web::get().to(readiness))
        .route("/prometheus", web::get().to(prometheus));
    config.service(endpoints.wrap(from_fn(move |request, next| check_host(hosts.clone(), request, next))));
}

/// Liveness probe: always 200 and `UP`, because restarting the process does not repair a dependency.
async fn liveness() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: Status::Up, components: std::collections::BTreeMap::new() })
}

/// Readiness probe: 503 while a dependency that the server needs is down.
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

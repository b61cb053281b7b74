//! HTTP APIs of Identity, with one handler file per resource. A handler parses the request, calls one service method
//! and renders the response.
//!
//! APIs that the profile lacks are not mounted. Each caller is authenticated before anything else of the request is
//! evaluated, and authorized in the service.

mod abandoned;
mod access;
pub mod actuator;
mod address;
mod authentication;
mod body;
mod cluster;
mod condition;
mod endpoints;
mod findings;
mod headers;
mod hosts;
mod ids;
mod json_array;
mod line_limit;
mod load;
mod login;
mod management;
mod offload;
mod openapi;
mod overload;
mod page;
mod problem;
mod refused_rules;
mod request;
mod request_metrics;
mod revision;
mod route;
mod schema;
mod session;
mod shape;
mod timestamp;
#[cfg(feature = "ui")]
mod ui;

use std::sync::Arc;
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::{HttpResponse, web};
use identity_core::engine::Engine;
use identity_core::port::Ids;
use identity_core::service::{
    Apis, AuditLogs, Authentication, Authorizations, Clients, Groups, MappingRules, Memberships, People, Roles, Tenants,
};

pub use abandoned::outlive_client;
pub use access::Decisions;
pub use address::{Network, TrustedProxies};
pub use cluster::{About, Cluster};
pub use headers::Https;
pub use hosts::{Hosts, check_host};
pub use ids::IdRules;
pub use load::{BodyLimits, ConnectionLimits, Quota, serve};
pub use management::bulk::BulkChanges;
pub use openapi::openapi_document;
pub use problem::no_such_path;
pub use request::observe;
pub use session::{FirstAdministrator, SignIn};

/// The APIs to serve. Those that are `None` are not mounted.
#[derive(Clone)]
pub struct Surfaces {
    /// Engine that holds the current world.
    pub engine: Arc<Engine>,
    /// Authenticates callers.
    pub authentication: Arc<Authentication>,
    /// `/api/users`, for users managed in a directory.
    pub people: Option<Arc<People>>,
    /// `/api/clients`.
    pub clients: Option<Arc<Clients>>,
    /// `/api/resource-servers`.
    pub apis: Option<Arc<Apis>>,
    /// `/api/groups`.
    pub groups: Option<Arc<dyn Groups>>,
    /// `/api/roles`.
    pub roles: Option<Arc<dyn Roles>>,
    /// `/api/memberships`, and members of stored roles.
    pub memberships: Option<Arc<Memberships>>,
    /// `/api/bulk`.
    pub bulk: Option<BulkChanges>,
    /// `/api/tenants`, and tenants of a token's bearer.
    pub tenants: Option<Arc<Tenants>>,
    /// `/api/mapping-rules`.
    pub mapping_rules: Option<Arc<MappingRules>>,
    /// `/api/authorizations`, `/api/resources`, `/api/resource-types`, and authorizations of a token's bearer.
    pub authorizations: Option<Arc<Authorizations>>,
    /// `/access/v1`.
    pub decisions: Option<Decisions>,
    /// `/api/audit-log`.
    pub audit_logs: Option<Arc<AuditLogs>>,
    /// `/v2`.
    pub cluster: Option<Cluster>,
    /// `/auth`, and authentication by session in all other APIs.
    pub sign_in: Option<SignIn>,
    /// Path prefix of all endpoints: empty, or with a leading and without a trailing slash. The admin UI is directly
    /// below it, in builds with the feature `ui`.
    pub base_path: String,
    /// Whether browsers reach this server by HTTPS.
    pub https: Https,
    /// Generates request ids.
    pub ids: Arc<dyn Ids>,
    /// Limits of a request.
    pub limits: Limits,
    /// Host names that requests may be addressed to.
    pub hosts: Hosts,
    /// Proxies whose forwarding headers are trusted.
    pub proxies: TrustedProxies,
}

/// Limits of a request.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Limits of request bodies.
    pub bodies: BodyLimits,
    /// Maximum time that a request waits for the revision it demands.
    pub revision_wait: Duration,
}

impl Surfaces {
    /// Mounts all APIs under the current scope.
    pub fn mount(&self, config: &mut web::ServiceConfig) {
        shape::describe_by(openapi_document);
        config
            .app_data(web::Data::from(Arc::clone(&self.engine)))
            .app_data(web::Data::from(Arc::clone(&self.authentication)))
            .app_data(web::Data::new(self.limits.clone()))
            .app_data(web::Data::new(self.limits.bodies.clone()))
            .app_data(web::Data::new(self.proxies.clone()))
            .app_data(web::PathConfig::default().error_handler(|_, _| problem::unreadable_path().into()))
            .app_data(web::QueryConfig::default().error_handler(|error, _| page::unfit(&error).into()))
            .app_data(web::Data::new(openapi::Mounted::of(self)))
            .route("/api/openapi.json", web::get().to(openapi::serve))
            .configure(|config| {
                if let Some(sign_in) = &self.sign_in {
                    login::mount(sign_in, config);
                }
            })
            .service(
                web::scope("/api")
                    .configure(|api| management::mount(self, api))
                    .default_service(web::to(problem::no_such_path))
                    .wrap(from_fn(authentication::authenticate)),
            )
            .configure(|config| {
                if let Some(decisions) = &self.decisions {
                    decisions.mount(config);
                }
            })
            .configure(|config| {
                if let Some(cluster) = &self.cluster {
                    cluster.mount(config);
                }
            })
            .configure(|config| self.mount_the_rest(config));
    }

    #[cfg(feature = "ui")]
    fn mount_the_rest(&self, config: &mut web::ServiceConfig) {
        ui::mount(&self.base_path, self.sign_in.is_some(), config);
        config.default_service(web::to(ui::page_or_nothing));
    }

    #[cfg(not(feature = "ui"))]
    #[expect(clippy::unused_self, reason = "with the feature `ui` it is needed")]
    fn mount_the_rest(&self, config: &mut web::ServiceConfig) {
        config.default_service(web::to(problem::no_such_path));
    }
}

/// Empty response with status 204.
fn done() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

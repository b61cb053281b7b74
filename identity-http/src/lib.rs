//! The HTTP surfaces of Identity: one handler file for each resource. A handler parses, calls one service method, renders.
//!
//! What a profile does not have is not mounted. Whoever calls is authenticated before anything else of the request is looked
//! at, and allowed or denied in the service.

mod abandoned;
mod access;
pub mod actuator;
mod address;
mod authentication;
mod body;
mod cluster;
mod headers;
mod hosts;
mod load;
mod login;
mod management;
mod offload;
mod openapi;
mod page;
mod problem;
mod refused_rules;
mod request;
mod revision;
mod route;
mod schema;
mod strict;
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
pub use cluster::{About, Cluster, IdRules};
pub use headers::Https;
pub use hosts::{Hosts, check_host};
pub use load::{BodyLimits, ConnectionLimits, Quota, serve};
pub use login::{FirstAdministrator, SignIn};
pub use openapi::openapi_document;
pub use problem::no_such_path;
pub use request::observe;

/// What there is to serve. What is `None` is not mounted.
#[derive(Clone)]
pub struct Surfaces {
    /// Holds the world.
    pub engine: Arc<Engine>,
    /// Says who calls.
    pub authentication: Arc<Authentication>,
    /// `/api/users`, of users who live in a directory
    pub people: Option<Arc<People>>,
    /// `/api/clients`
    pub clients: Option<Arc<Clients>>,
    /// `/api/resource-servers`
    pub apis: Option<Arc<Apis>>,
    /// `/api/groups`
    pub groups: Option<Arc<Groups>>,
    /// `/api/roles`
    pub roles: Option<Arc<Roles>>,
    /// `/api/memberships`, and the members of roles that live here
    pub memberships: Option<Arc<Memberships>>,
    /// `/api/tenants`, and tenants by token
    pub tenants: Option<Arc<Tenants>>,
    /// `/api/mapping-rules`
    pub mapping_rules: Option<Arc<MappingRules>>,
    /// `/api/authorizations`, `/api/resources`, `/api/resource-types`, and authorizations by token
    pub authorizations: Option<Arc<Authorizations>>,
    /// `/access/v1`
    pub decisions: Option<Decisions>,
    /// `/api/audit-log`
    pub audit_logs: Option<Arc<AuditLogs>>,
    /// `/v2`
    pub cluster: Option<Cluster>,
    /// `/auth`, and sessions everywhere else.
    pub sign_in: Option<SignIn>,
    /// The path under which everything is: empty, or with a slash at its beginning and none at its end. The admin UI is right
    /// below it, in builds with the feature `ui`.
    pub base_path: String,
    /// Whether browsers reach this server by HTTPS.
    pub https: Https,
    /// Makes request ids.
    pub ids: Arc<dyn Ids>,
    /// The limits of a request.
    pub limits: Limits,
    /// The names that requests may be for.
    pub hosts: Hosts,
    /// Whose word about the addresses of clients is taken.
    pub proxies: TrustedProxies,
}

/// The limits of a request.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Of bodies.
    pub bodies: BodyLimits,
    /// How long a request may wait for a revision that it demands.
    pub revision_wait: Duration,
}

impl Surfaces {
    /// Mounts everything under the current scope.
    pub fn mount(&self, config: &mut web::ServiceConfig) {
        config
            .app_data(web::Data::from(Arc::clone(&self.engine)))
            .app_data(web::Data::from(Arc::clone(&self.authentication)))
            .app_data(web::Data::new(self.limits.clone()))
            .app_data(web::Data::new(self.limits.bodies.clone()))
            .app_data(web::Data::new(self.proxies.clone()))
            .app_data(web::PathConfig::default().error_handler(|_, _| problem::unreadable_path().into()))
            .app_data(web::QueryConfig::default().error_handler(|error, _| page::unfit(&error).into()))
            .app_data(web::Data::new(openapi::Written::of(self)))
            .route("/api/openapi.json", web::get().to(openapi::serve))
            .configure(|config| {
                if let Some(sign_in) = &self.sign_in {
                    sign_in.mount(config);
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

/// An empty success.
fn done() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

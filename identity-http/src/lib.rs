//! HTTP APIs of Identity, with one handler file per resource. A handler parses the request, calls one service method
//! and renders the response.
//!
//! An API that is not part of the deployment profile is not mounted. Callers are authenticated before the query and
//! body of their request are parsed; the services in `identity_core` authorize them.

mod abandoned;
mod access;
pub mod actuator;
mod address;
mod authentication;
mod bearer;
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
mod precondition;
mod problem;
mod refused_rules;
mod request;
mod request_metrics;
mod revision;
mod route;
mod rule;
mod schema;
mod session;
mod shape;
mod spreadsheet;
mod timestamp;
#[cfg(feature = "ui")]
mod ui;
mod unfinished;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::HttpServiceFactory;
use actix_web::middleware::from_fn;
use actix_web::{HttpResponse, Scope, web};
use identity_core::engine::Engine;
use identity_core::port::Ids;
use identity_core::service::{
    Apis, AuditLogs, Authentication, Authorizations, Clients, Groups, MappingRules, Memberships, Names, People, Roles,
    Tenants,
};

pub use access::Decisions;
pub use address::{Network, TrustedProxies};
pub use bearer::BearerCaller;
pub use cluster::{About, Cluster};
pub use headers::Https;
pub use hosts::Hosts;
pub use ids::IdRules;
pub use load::{BodyLimits, ConnectionLimits, Quota, serve};
pub use management::bulk::BulkChanges;
pub use openapi::openapi_document;
pub use session::{FirstAdministrator, SignIn};

use actuator::Operations;
use request::Processing;

/// The HTTP APIs of a server, with their shared settings. An API whose service is `None` is not mounted.
#[derive(Clone)]
pub struct Surfaces {
    /// Holds the current world, the in-memory snapshot of all policy data, and commits changes to it.
    pub engine: Arc<Engine>,
    /// Resolves the credentials of a request to a caller, by the schemes that the profile offers.
    pub authentication: Arc<Authentication>,
    /// Serves `/api/users`. Set only if users are managed in an external directory.
    pub people: Option<Arc<People>>,
    /// Serves `/api/clients`: applications, their secrets and their permissions.
    pub clients: Option<Arc<Clients>>,
    /// Serves `/api/resource-servers`: APIs and the permissions that they define.
    pub apis: Option<Arc<Apis>>,
    /// Serves `/api/groups`: groups, their members, roles and authorizations.
    pub groups: Option<Arc<dyn Groups>>,
    /// Serves `/api/roles`: roles and their permissions.
    pub roles: Option<Arc<dyn Roles>>,
    /// Serves `/api/memberships`, and `/api/roles/{id}/members` for roles that are stored in this server.
    pub memberships: Option<Arc<Memberships>>,
    /// Serves `/api/names`: the display names of references.
    pub names: Option<Arc<Names>>,
    /// Serves `/api/bulk`, which applies a list of changes.
    pub bulk: Option<BulkChanges>,
    /// Serves `/api/tenants`, and `/api/tenants/for-token` for the tenants of a token's bearer.
    pub tenants: Option<Arc<Tenants>>,
    /// Serves `/api/mapping-rules`: rules that assign entities to callers by the claims of their tokens.
    pub mapping_rules: Option<Arc<MappingRules>>,
    /// Serves `/api/authorizations`, `/api/resources`, `/api/resource-types`, and the authorizations of a token's
    /// bearer.
    pub authorizations: Option<Arc<Authorizations>>,
    /// Serves `/access/v1`, the access decisions for other services.
    pub decisions: Option<Decisions>,
    /// Serves `/api/audit-log`: records of changes and of denied requests.
    pub audit_logs: Option<Arc<AuditLogs>>,
    /// Serves `/api/health`, the health of this server and its dependencies, for the admin UI.
    pub operations: Option<Arc<dyn Operations>>,
    /// Serves `/v2`, the identity part of the Orchestration Cluster API.
    pub cluster: Option<Cluster>,
    /// Serves `/auth` (browser sign-in), and enables authentication by session cookie in all other APIs.
    pub sign_in: Option<SignIn>,
    /// Path prefix of all endpoints: empty, or with a leading and without a trailing slash, such as `/identity`. Builds
    /// with the feature `ui` serve the admin UI at this path.
    pub base_path: String,
    /// Whether browsers reach this server by HTTPS. If so, responses carry `Strict-Transport-Security`.
    pub https: Https,
    /// Generates a request id for each request whose client sends none.
    pub ids: Arc<dyn Ids>,
    /// Size, rate and time limits of each request.
    pub limits: Limits,
    /// Allowed values of the `Host` header, which protect against DNS rebinding.
    pub hosts: Hosts,
    /// Proxies from which `X-Forwarded-For` and `Forwarded` are accepted.
    pub proxies: TrustedProxies,
}

/// Limits of a single request.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Maximum size, minimum rate and timeout of request bodies.
    pub bodies: BodyLimits,
    /// Maximum time that a request waits until this replica reaches the revision in `X-Identity-Min-Revision`. After
    /// that, the response is 503.
    pub revision_wait: Duration,
}

impl Default for Limits {
    /// Returns the limits of [`BodyLimits::default`], and a wait of 2 seconds for a revision.
    fn default() -> Self {
        Self { bodies: BodyLimits::default(), revision_wait: Duration::from_secs(2) }
    }
}

impl Surfaces {
    /// Creates surfaces at the root of the host that serve only `/api/me` and the rights of a token's bearer. Set further
    /// fields to mount further APIs, with `Surfaces { tenants: …, ..Surfaces::new(…) }`.
    ///
    /// Browsers are expected to use plain HTTP, all host names are allowed, and no proxy is trusted.
    #[must_use]
    pub fn new(engine: Arc<Engine>, authentication: Arc<Authentication>, ids: Arc<dyn Ids>) -> Self {
        Self {
            engine,
            authentication,
            people: None,
            clients: None,
            apis: None,
            groups: None,
            roles: None,
            memberships: None,
            names: None,
            bulk: None,
            tenants: None,
            mapping_rules: None,
            authorizations: None,
            decisions: None,
            audit_logs: None,
            operations: None,
            cluster: None,
            sign_in: None,
            base_path: String::new(),
            https: Https(false),
            ids,
            limits: Limits::default(),
            hosts: Hosts::any(),
            proxies: TrustedProxies::default(),
        }
    }

    /// Mounts everything that this service consists of: the configured APIs and `/api/openapi.json` below
    /// [`Surfaces::base_path`], the metadata of access decisions at the root of the host, and the middleware around them,
    /// which adds request ids, security headers, problem documents, metrics and limits.
    ///
    /// All paths below the base path belong to this service. With an empty base path, register other services before it.
    pub fn mount(&self, config: &mut web::ServiceConfig) {
        shape::describe_by(openapi_document);
        if let Some(decisions) = &self.decisions {
            config.service(self.processed(decisions.metadata()));
        }
        let endpoints = web::scope(&self.base_path).configure(|config| self.mount_endpoints(config));
        config.service(self.processed(endpoints));
    }

    /// Mounts the response to all paths that no service is registered for: 404, with the same middleware as
    /// [`Surfaces::mount`]. Call it last.
    pub fn mount_not_found(&self, config: &mut web::ServiceConfig) {
        config.service(self.processed(web::scope("").default_service(web::to(problem::no_such_path))));
    }

    /// Adds the middleware of all endpoints.
    fn processed(&self, endpoints: Scope) -> impl HttpServiceFactory + 'static {
        let processing = Processing { ids: Arc::clone(&self.ids), https: self.https, hosts: self.hosts.clone() };
        let processing = Rc::new(processing);
        endpoints.wrap(from_fn(move |request, next| request::process(Rc::clone(&processing), request, next)))
    }

    fn mount_endpoints(&self, config: &mut web::ServiceConfig) {
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

/// Builds the response of a successful operation without content: 204.
fn done() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

//! `/v2`: the identity part of the Orchestration Cluster API (docs/reference/orchestration-cluster.md §1).

mod audit_logs;
mod authorizations;
mod entities;
mod fields;
mod mapping_rules;
mod me;
mod members;
mod neighbours;
mod openapi;
mod path;
mod search;
mod setup;
mod users;
mod words;

use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Error, HttpMessage};
use identity_core::service::cluster::{
    ClusterAuthorizations, ClusterGroups, ClusterMappingRules, ClusterRoles, ClusterTenants, ClusterUsers, Members,
    Setup,
};

use identity_core::service::AuditLogs;
pub(crate) use openapi::Describe;

use crate::authentication::authenticate;
use crate::ids::IdRules;
use crate::problem::{self, Style};

/// The services behind `/v2`. If an optional service is `None`, its paths respond with 403 and the reason.
#[derive(Clone)]
pub struct Cluster {
    /// Serves `/v2/users`. `None` if an identity provider manages the users.
    pub users: Option<Arc<ClusterUsers>>,
    /// Serves `/v2/setup`, the creation of the first administrator. `None` if an identity provider manages the users.
    pub setup: Option<Arc<Setup>>,
    /// Serves `/v2/groups`. `None` if groups come from token claims.
    pub groups: Option<Arc<ClusterGroups>>,
    /// Serves `/v2/roles`. Available in all profiles.
    pub roles: Arc<ClusterRoles>,
    /// Serves `/v2/tenants`. `None` if the API is disabled by `multi-tenancy.api-enabled`.
    pub tenants: Option<Arc<ClusterTenants>>,
    /// Serves `/v2/mapping-rules`: rules that match callers by the claims of their tokens.
    pub mapping_rules: Arc<ClusterMappingRules>,
    /// Serves the members of groups, roles and tenants, such as `/v2/groups/{id}/users`.
    pub members: Arc<Members>,
    /// Serves `/v2/authorizations`: permissions of an owner on resources.
    pub authorizations: Arc<ClusterAuthorizations>,
    /// Serves `/v2/audit-logs`: records of changes, without denied requests.
    pub audit_logs: Arc<AuditLogs>,
    /// Validation rules for the ids of new entities and in references to entities.
    pub ids: IdRules,
    /// Data about the installation, for endpoints such as `/v2/topology`.
    pub about: neighbours::About,
}

pub use neighbours::About;

impl Cluster {
    pub(crate) fn mount(&self, config: &mut ServiceConfig) {
        let public = web::scope("/v2")
            .app_data(Data::new(self.ids.clone()))
            .app_data(Data::new(self.about.clone()))
            .configure(|v2| {
                neighbours::mount_public(v2);
                match &self.setup {
                    Some(setup) => setup::mount(v2.app_data(Data::from(Arc::clone(setup)))),
                    None => switched_off(v2, "/setup", "users are managed in the identity provider"),
                }
            })
            .service(
                web::scope("")
                    .configure(|v2| self.mount_protected(v2))
                    .default_service(web::to(problem::no_such_path))
                    .wrap(from_fn(authenticate)),
            )
            .wrap(from_fn(in_cluster_style));
        config.service(public);
    }

    fn mount_protected(&self, v2: &mut ServiceConfig) {
        v2.app_data(Data::from(Arc::clone(&self.members)));
        neighbours::mount(v2);
        me::mount(v2);
        match &self.users {
            Some(users) => users::mount(v2.app_data(Data::from(Arc::clone(users)))),
            None => switched_off(v2, "/users", "users are managed in the identity provider"),
        }
        match &self.groups {
            Some(groups) => {
                members::mount_below(v2, "/groups");
                members::mount_roles_of_groups(v2);
                entities::groups::mount(v2.app_data(Data::from(Arc::clone(groups))));
            }
            None => {
                switched_off(v2, "/groups", "groups are read from tokens, as configured by the property `groups-claim`")
            }
        }
        members::mount_below(v2, "/roles");
        entities::roles::mount(v2.app_data(Data::from(Arc::clone(&self.roles))));
        match &self.tenants {
            Some(tenants) => {
                members::mount_below(v2, "/tenants");
                entities::tenants::mount(v2.app_data(Data::from(Arc::clone(tenants))));
            }
            None => switched_off(v2, "/tenants", "the property `multi-tenancy.api-enabled` is false"),
        }
        audit_logs::mount(v2.app_data(Data::from(Arc::clone(&self.audit_logs))));
        mapping_rules::mount(v2.app_data(Data::from(Arc::clone(&self.mapping_rules))));
        authorizations::mount(v2.app_data(Data::from(Arc::clone(&self.authorizations))));
    }
}

/// Mounts a handler for all requests below `path` that responds with 403 and the reason why the API is disabled
/// (docs/reference/orchestration-cluster.md §8.4).
fn switched_off(v2: &mut ServiceConfig, path: &'static str, why: &'static str) {
    let answer = move || async move { problem::switched_off(why) };
    v2.service(web::resource([path.to_owned(), format!("{path}/{{rest:.*}}")]).to(answer));
}

/// Header of a request that asks for the members of problem documents below `/api` in addition. Any value has this effect.
const FULL_PROBLEMS: &str = "x-identity-full-problems";

/// Middleware: renders problems of this scope with exactly the five members of the Orchestration Cluster API, unless the
/// request asks for more.
async fn in_cluster_style<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    if !request.headers().contains_key(FULL_PROBLEMS) {
        request.extensions_mut().insert(Style::Cluster);
    }
    next.call(request).await
}

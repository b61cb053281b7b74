//! `/api/capabilities`: what there is to manage, and who asks. For user interfaces, which are the same in every profile.

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig};
use identity_core::entity::Actor;
use identity_core::matrix::Family;
use serde::Serialize;
use utoipa::ToSchema;

use super::Failures;
use crate::Surfaces;
use crate::authentication::Authenticated;
use crate::route::resource;

pub(super) fn mount(surfaces: &Surfaces, api: &mut ServiceConfig) {
    api.app_data(Data::new(Mounted::of(surfaces))).service(resource("/capabilities").get(show));
}

/// Something that there is to manage or to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Surface {
    /// `/api/users`, of users who live in a directory.
    Users,
    /// `/v2/users`, of users who live here.
    ClusterUsers,
    /// `/api/clients`
    Clients,
    /// `/api/resource-servers`
    ResourceServers,
    /// `/api/groups`
    Groups,
    /// `/api/roles`
    Roles,
    /// `/api/memberships`, and the members of roles.
    Memberships,
    /// `/api/tenants`
    Tenants,
    /// `/api/mapping-rules`
    MappingRules,
    /// `/api/authorizations`
    Authorizations,
    /// `/api/sessions`
    Sessions,
    /// `/api/audit-log`
    AuditLog,
    /// `/access/v1`, without what needs tokens.
    Decisions,
    /// `/access/v1/inspect` and `/access/v1/recent-callers`.
    Inspection,
    /// `/v2`
    Cluster,
}

/// What is mounted.
#[derive(Clone)]
pub(crate) struct Mounted(Vec<Surface>);

impl Mounted {
    fn of(surfaces: &Surfaces) -> Self {
        let cluster = surfaces.cluster.as_ref();
        let parts = [
            (Surface::Users, surfaces.people.is_some()),
            (Surface::Clients, surfaces.clients.is_some()),
            (Surface::ResourceServers, surfaces.apis.is_some()),
            (Surface::Memberships, surfaces.memberships.is_some()),
            (Surface::ClusterUsers, cluster.is_some_and(|cluster| cluster.users.is_some())),
            (Surface::Groups, surfaces.groups.is_some()),
            (Surface::Roles, surfaces.roles.is_some()),
            (Surface::Tenants, surfaces.tenants.is_some()),
            (Surface::MappingRules, surfaces.mapping_rules.is_some()),
            (Surface::Authorizations, surfaces.authorizations.is_some()),
            (Surface::Sessions, surfaces.sign_in.is_some()),
            (Surface::AuditLog, surfaces.audit_logs.is_some()),
            (Surface::Decisions, surfaces.decisions.is_some()),
            (Surface::Inspection, surfaces.decisions.as_ref().is_some_and(|decisions| decisions.access.has_tokens())),
            (Surface::Cluster, cluster.is_some()),
        ];
        Self(parts.into_iter().filter_map(|(surface, is_there)| is_there.then_some(surface)).collect())
    }
}

/// What there is, for whoever asks.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Capabilities {
    /// The server's version.
    version: &'static str,
    caller: CallerView,
    /// What is mounted; what is not answers 404.
    surfaces: Vec<Surface>,
    /// What can be granted on which resources.
    resource_types: Vec<GrantableView>,
}

/// Who asks.
#[derive(Serialize, ToSchema)]
#[schema(as = CapabilitiesCaller)]
pub(crate) struct CallerView {
    /// `USER` or `CLIENT`; `ANONYMOUS` where nobody has to authenticate.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The username or the client's id.
    id: String,
    /// What to call them.
    name: String,
    /// Their permissions on this service's API: `read`, `read:secrets`, `read:users`, `write`.
    permissions: Vec<String>,
}

/// A resource type, with what can be granted on it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = GrantableType)]
pub(crate) struct GrantableView {
    #[serde(rename = "type")]
    kind: String,
    permissions: Vec<String>,
    /// The properties that an authorization may name in place of an id; of the operator's types, those that conditions may
    /// look at.
    properties: Vec<String>,
    family: FamilyView,
}

/// Whose a resource type is, and so over which API it is granted: all but `MANAGEMENT` over `/v2/authorizations`, all but
/// `CLUSTER` over `/api/authorizations`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = TypeFamily)]
pub(crate) enum FamilyView {
    /// The Orchestration Cluster's.
    Cluster,
    /// Management Identity's.
    Management,
    /// This service's.
    Identity,
    /// The operator's, on which authorizations can have conditions.
    Own,
}

impl From<Family> for FamilyView {
    fn from(family: Family) -> Self {
        match family {
            Family::Cluster => Self::Cluster,
            Family::Management => Self::Management,
            Family::Identity => Self::Identity,
            Family::Custom => Self::Own,
        }
    }
}

/// Shows what there is to manage, and who asks.
#[utoipa::path(get, path = "/api/capabilities", tag = "me", responses((status = 200, body = Capabilities), Failures))]
pub(crate) async fn show(mounted: Data<Mounted>, Authenticated(caller): Authenticated) -> HttpResponse {
    let types = caller.world.matrix().types().map(|kind| GrantableView {
        kind: kind.name.to_string(),
        permissions: kind.permissions.iter().map(ToString::to_string).collect(),
        properties: kind.properties.iter().map(ToString::to_string).collect(),
        family: kind.family.into(),
    });
    HttpResponse::Ok().json(Capabilities {
        version: env!("CARGO_PKG_VERSION"),
        surfaces: mounted.0.clone(),
        resource_types: types.collect(),
        caller: CallerView {
            kind: caller.actor.kind_name(),
            id: match &caller.actor {
                Actor::Principal(principal) => principal.id().to_owned(),
                Actor::Anonymous | Actor::System => String::new(),
            },
            name: caller.name().to_owned(),
            permissions: caller.permissions(None).iter().map(ToString::to_string).collect(),
        },
    })
}

//! `/api/capabilities`: the mounted APIs and the caller, so that a user interface can adapt to the profile.

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig};
use identity_core::catalog::Family;
use identity_core::entity::Actor;
use identity_core::preset::{IDENTITY_AUDIENCE, protected_roles};
use identity_core::value::TenantId;
use serde::Serialize;
use utoipa::ToSchema;

use super::Failures;
use crate::Surfaces;
use crate::authentication::Authenticated;
use crate::route::resource;

pub(super) fn mount(surfaces: &Surfaces, api: &mut ServiceConfig) {
    api.app_data(Data::new(Mounted::of(surfaces))).service(resource("/capabilities").get(show));
}

/// An API that may be available.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Surface {
    /// `/api/users`, for users managed in a directory.
    Users,
    /// `/v2/users`, for built-in users.
    ClusterUsers,
    /// `/v2/groups`, for stored groups.
    ClusterGroups,
    /// `/v2/tenants`
    ClusterTenants,
    /// `/api/clients`
    Clients,
    /// `/api/resource-servers`
    ResourceServers,
    /// `/api/groups`
    Groups,
    /// `/api/roles`
    Roles,
    /// `/api/memberships`, and the members of groups, roles and tenants.
    Memberships,
    /// `/api/names`
    Names,
    /// `/api/bulk`
    Bulk,
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
    /// `/api/health`
    Health,
    /// `/access/v1`, without the endpoints that need tokens.
    Decisions,
    /// `/access/v1/inspect` and `/access/v1/recent-callers`.
    Inspection,
    /// `/v2`
    Cluster,
}

/// The mounted APIs, in the order of the response.
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
            (Surface::Names, surfaces.names.is_some()),
            (Surface::Bulk, surfaces.bulk.is_some()),
            (Surface::ClusterUsers, cluster.is_some_and(|cluster| cluster.users.is_some())),
            (Surface::ClusterGroups, cluster.is_some_and(|cluster| cluster.groups.is_some())),
            (Surface::ClusterTenants, cluster.is_some_and(|cluster| cluster.tenants.is_some())),
            (Surface::Groups, surfaces.groups.is_some()),
            (Surface::Roles, surfaces.roles.is_some()),
            (Surface::Tenants, surfaces.tenants.is_some()),
            (Surface::MappingRules, surfaces.mapping_rules.is_some()),
            (Surface::Authorizations, surfaces.authorizations.is_some()),
            (Surface::Sessions, surfaces.sign_in.is_some()),
            (Surface::AuditLog, surfaces.audit_logs.is_some()),
            (Surface::Health, surfaces.operations.is_some()),
            (Surface::Decisions, surfaces.decisions.is_some()),
            (Surface::Inspection, surfaces.decisions.as_ref().is_some_and(|decisions| decisions.access.has_tokens())),
            (Surface::Cluster, cluster.is_some()),
        ];
        Self(parts.into_iter().filter_map(|(surface, is_there)| is_there.then_some(surface)).collect())
    }

    /// Protected defaults of the entities that these APIs manage. Roles in a directory have none.
    fn protected(&self) -> impl Iterator<Item = ProtectedView> {
        let roles = protected_roles().map(|key| (Surface::Memberships, ProtectedView { kind: "ROLE", key }));
        let tenant = (Surface::Tenants, ProtectedView { kind: "TENANT", key: TenantId::DEFAULT });
        let api = (Surface::ResourceServers, ProtectedView { kind: "RESOURCE_SERVER", key: IDENTITY_AUDIENCE });
        roles.chain([tenant, api]).filter(|(surface, _)| self.0.contains(surface)).map(|(_, entity)| entity)
    }
}

/// The available APIs and the caller.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Capabilities {
    /// Version of the server.
    version: &'static str,
    caller: CallerView,
    /// Available APIs. All others respond with 404.
    surfaces: Vec<Surface>,
    /// Resource types and the permissions that can be granted on them.
    resource_types: Vec<GrantableView>,
    /// Defaults of the installation, which cannot be changed or deleted.
    protected: Vec<ProtectedView>,
}

/// An entity that cannot be changed or deleted.
#[derive(Serialize, ToSchema)]
#[schema(as = ProtectedEntity)]
pub(crate) struct ProtectedView {
    /// `ROLE`, `TENANT`, or `RESOURCE_SERVER`, which cannot be deleted.
    #[serde(rename = "type")]
    #[schema(example = "ROLE")]
    kind: &'static str,
    /// Key of the entity; the audience of an API.
    #[schema(example = "admin")]
    key: &'static str,
}

/// The authenticated caller.
#[derive(Serialize, ToSchema)]
#[schema(as = CapabilitiesCaller)]
pub(crate) struct CallerView {
    /// `USER` or `CLIENT`; `ANONYMOUS` if authentication is not required.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Username or client id.
    id: String,
    /// Display name.
    name: String,
    /// Permissions on this service's API: `read`, `read:secrets`, `read:users`, `write`.
    permissions: Vec<String>,
}

/// A resource type and the permissions that can be granted on it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = GrantableType)]
pub(crate) struct GrantableView {
    #[serde(rename = "type")]
    kind: String,
    permissions: Vec<String>,
    /// Properties that an authorization may name instead of an id. For custom types: properties that conditions may
    /// use.
    properties: Vec<String>,
    family: FamilyView,
}

/// Origin of a resource type, which determines the API for its authorizations: all except `MANAGEMENT` can be granted
/// with `/v2/authorizations`, all except `CLUSTER` with `/api/authorizations`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = TypeFamily)]
pub(crate) enum FamilyView {
    /// Types of the Orchestration Cluster.
    Cluster,
    /// Types of Management Identity.
    Management,
    /// Types of this service.
    Identity,
    /// Custom types of the operator. Their authorizations can have conditions.
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

/// Returns the available APIs and the caller.
#[utoipa::path(get, path = "/api/capabilities", tag = "me", responses((status = 200, body = Capabilities), Failures))]
pub(crate) async fn show(mounted: Data<Mounted>, Authenticated(caller): Authenticated) -> HttpResponse {
    let types = caller.world.catalog().types().map(|kind| GrantableView {
        kind: kind.name.to_string(),
        permissions: kind.permissions.iter().map(ToString::to_string).collect(),
        properties: kind.properties.iter().map(ToString::to_string).collect(),
        family: kind.family.into(),
    });
    HttpResponse::Ok().json(Capabilities {
        version: env!("CARGO_PKG_VERSION"),
        surfaces: mounted.0.clone(),
        resource_types: types.collect(),
        protected: mounted.protected().collect(),
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

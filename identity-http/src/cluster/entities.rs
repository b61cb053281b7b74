//! Groups, roles and tenants in `/v2`: id, name, description (docs/reference/orchestration-cluster.md §1.2 to §1.4).

use actix_web::web::{Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use identity_core::entity::{Group, Role, Tenant};
use identity_core::search::TextFilter;
use identity_core::search::entities::{Filter, GroupField, NamedFilter, RoleField, TenantField};
use identity_core::service::cluster::{ClusterGroups, ClusterRoles, ClusterTenants, Naming};
use identity_core::value::{Description, InvalidValue, Name};
use serde::Serialize;
use utoipa::ToSchema;

use super::fields::{Fields, Report};
use super::path::in_path;
use super::search;
use crate::authentication::Authenticated;
use crate::body::JsonBytes;
use crate::ids::IdRules;
use crate::precondition;
use crate::problem::Problem;
use crate::revision::written;
use crate::route::resource;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = cluster::Group)]
pub(super) struct GroupView {
    group_id: String,
    name: String,
    #[schema(nullable)]
    description: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = cluster::Role)]
pub(super) struct RoleView {
    role_id: String,
    name: String,
    #[schema(nullable)]
    description: String,
}

/// A tenant. The members are in the order `name`, `tenantId`, `description`, since some clients compare lists of
/// tenants as text.
// docs/reference/orchestration-cluster.md §1.7
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = cluster::Tenant)]
pub(super) struct TenantView {
    name: String,
    tenant_id: String,
    #[schema(nullable)]
    description: String,
}

impl From<&Group> for GroupView {
    fn from(group: &Group) -> Self {
        Self {
            group_id: group.id.to_string(),
            name: group.name.to_string(),
            description: group.description.to_string(),
        }
    }
}

impl From<&Role> for RoleView {
    fn from(role: &Role) -> Self {
        Self { role_id: role.id.to_string(), name: role.name.to_string(), description: role.description.to_string() }
    }
}

impl From<&Tenant> for TenantView {
    fn from(tenant: &Tenant) -> Self {
        Self {
            name: tenant.name.to_string(),
            tenant_id: tenant.id.to_string(),
            description: tenant.description.to_string(),
        }
    }
}

fn naming(body: &mut Fields, report: &mut Report) -> Option<Naming> {
    let name = body.filled_text("name", report).and_then(|name| report.take("/name", Name::parse(name.trim())));
    let description = body.text("description").unwrap_or_default();
    let description = report.take("/description", Description::parse(&description));
    Some(Naming { name: name?, description: description? })
}

/// Parses the body of a request that creates an entity. `make` builds the entity from its id, name and description.
fn creation<I, E>(
    bytes: &[u8],
    schema: &str,
    id_name: &str,
    parse: impl FnOnce(&str) -> Result<I, InvalidValue>,
    make: impl FnOnce(I, Naming) -> E,
) -> Result<E, Problem> {
    let (mut body, mut report) = Fields::body(bytes, schema)?;
    let id = body.filled_text(id_name, &mut report);
    let id = id.and_then(|id| report.take(&body.pointer(id_name), parse(&id)));
    let naming = naming(&mut body, &mut report);
    report.finish(id.zip(naming).map(|(id, naming)| make(id, naming)))
}

/// Reads a filter by id and name. Without `operators`, values are compared for equality, and `$or` is not supported.
pub(super) fn named_filter(
    filter: &mut Fields,
    report: &mut Report,
    id_name: &str,
    operators: bool,
) -> Option<Filter<NamedFilter>> {
    if operators {
        return search::with_alternatives(filter, report, |filter, report| NamedFilter {
            id: filter.text_filter(id_name, report),
            name: filter.text_filter("name", report),
        });
    }
    let mut exact = |name| filter.text(name).map(TextFilter::equals);
    Some(NamedFilter { id: exact(id_name), name: exact("name") }.into())
}

macro_rules! resource_of {
    (
        $module:ident, $path:literal, $service:ty, $entity:ident, $view:ident, $id_name:literal, $parse:ident,
        filter operators $operators:literal, sort $sort:expr, make $make:expr
    ) => {
        pub(in crate::cluster) mod $module {
            use super::*;

            pub(in crate::cluster) fn mount(v2: &mut ServiceConfig) {
                v2.service(resource($path).post(create))
                    .service(resource(concat!($path, "/search")).post(search))
                    .service(resource(concat!($path, "/{id}")).get(find).put(update).delete(delete));
            }

            async fn create(
                request: HttpRequest,
                service: Data<$service>,
                ids: Data<IdRules>,
                Authenticated(caller): Authenticated,
                JsonBytes(body): JsonBytes,
            ) -> Result<HttpResponse, Problem> {
                let schema = concat!("cluster.", stringify!($entity), "New");
                let entity = creation(&body, schema, $id_name, |id| ids.$parse(id), $make)?;
                let entity = written(&request, service.create(&caller, entity).await?);
                Ok(HttpResponse::Created().json($view::from(&entity)))
            }

            async fn search(
                service: Data<$service>,
                Authenticated(caller): Authenticated,
                JsonBytes(body): JsonBytes,
            ) -> Result<HttpResponse, Problem> {
                let schema = concat!("cluster.", stringify!($entity), "Search");
                let request = search::parse(&body, schema, $sort, |filter, report| {
                    named_filter(filter, report, $id_name, $operators)
                })?;
                search::answer(move |budget| {
                    Ok(search::Answer::new(service.search(&caller, &request, budget)?, $view::from))
                })
                .await
            }

            async fn find(
                service: Data<$service>,
                ids: Data<IdRules>,
                Authenticated(caller): Authenticated,
                id: Path<String>,
            ) -> Result<HttpResponse, Problem> {
                let id = in_path($id_name, ids.references(&caller.world).$parse(&id))?;
                let entity = service.find(&caller, id.as_str()).await?;
                Ok(precondition::respond(Some(entity.version()), &$view::from(&entity)))
            }

            async fn update(
                request: HttpRequest,
                service: Data<$service>,
                ids: Data<IdRules>,
                Authenticated(caller): Authenticated,
                id: Path<String>,
                JsonBytes(body): JsonBytes,
            ) -> Result<HttpResponse, Problem> {
                let schema = concat!("cluster.", stringify!($entity), "Change");
                let (mut body, mut report) = Fields::body(&body, schema)?;
                let id = report.take($id_name, ids.references(&caller.world).$parse(&id));
                let naming = naming(&mut body, &mut report);
                let (id, naming) = report.finish(id.zip(naming))?;
                let entity = written(&request, service.update(&caller, &id, naming).await?);
                Ok(HttpResponse::Ok().json($view::from(&entity)))
            }

            async fn delete(
                request: HttpRequest,
                service: Data<$service>,
                ids: Data<IdRules>,
                Authenticated(caller): Authenticated,
                id: Path<String>,
            ) -> Result<HttpResponse, Problem> {
                let id = in_path($id_name, ids.references(&caller.world).$parse(&id))?;
                written(&request, service.delete(&caller, id).await?);
                Ok(crate::done())
            }
        }
    };
}

resource_of!(
    groups, "/groups", ClusterGroups, Group, GroupView, "groupId", group,
    filter operators true,
    sort GROUP_SORT,
    make |id, Naming { name, description }| Group { description, ..Group::new(id, name) }
);
resource_of!(
    roles, "/roles", ClusterRoles, Role, RoleView, "roleId", role,
    filter operators true,
    sort ROLE_SORT,
    make |id, Naming { name, description }| Role { description, ..Role::new(id, name) }
);
resource_of!(
    tenants, "/tenants", ClusterTenants, Tenant, TenantView, "tenantId", tenant,
    filter operators false,
    sort TENANT_SORT,
    make |id, Naming { name, description }| Tenant { description, ..Tenant::new(id, name) }
);

pub(super) const GROUP_SORT: &[(&str, GroupField)] = &[("groupId", GroupField::GroupId), ("name", GroupField::Name)];
pub(super) const TENANT_SORT: &[(&str, TenantField)] =
    &[("key", TenantField::TenantId), ("tenantId", TenantField::TenantId), ("name", TenantField::Name)];
pub(super) const ROLE_SORT: &[(&str, RoleField)] = &[("roleId", RoleField::RoleId), ("name", RoleField::Name)];

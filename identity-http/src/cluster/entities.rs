//! Groups, roles and tenants (orchestration reference §1.2-1.4): an id, a name, a description.

use std::collections::BTreeSet;

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
use super::ids::{IdRules, in_path};
use super::search;
use crate::authentication::Authenticated;
use crate::body::JsonBytes;
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

/// Clients compare the text of lists of these: the members' order matters (orchestration reference §1.7).
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
    let name = body.required_text("name", report).and_then(|name| report.take("name", Name::parse(name.trim())));
    let description = body.optional_text("description", report).unwrap_or_default();
    let description = report.take("description", Description::parse(&description));
    Some(Naming { name: name?, description: description? })
}

/// An entity to create.
fn creation<I, E>(
    bytes: &[u8],
    id_name: &str,
    parse: impl FnOnce(&str) -> Result<I, InvalidValue>,
    make: impl FnOnce(I, Naming) -> E,
) -> Result<E, Problem> {
    let mut body = Fields::body(bytes, false)?;
    let mut report = Report::default();
    let id = body.required_text(id_name, &mut report).and_then(|id| report.take(id_name, parse(&id)));
    let naming = naming(&mut body, &mut report);
    body.end(&mut report);
    report.finish(id.zip(naming).map(|(id, naming)| make(id, naming)))
}

/// The filter of a search by id and name: with operators and alternatives, or exactly.
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
    let mut exact = |name| filter.optional_text(name, report).map(TextFilter::equals);
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
                let entity = creation(&body, $id_name, |id| ids.$parse(id), $make)?;
                let entity = written(&request, service.create(&caller, entity).await?);
                Ok(HttpResponse::Created().json($view::from(&entity)))
            }

            async fn search(
                service: Data<$service>,
                Authenticated(caller): Authenticated,
                JsonBytes(body): JsonBytes,
            ) -> Result<HttpResponse, Problem> {
                let request =
                    search::parse(&body, $sort, |filter, report| named_filter(filter, report, $id_name, $operators))?;
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
                Ok(HttpResponse::Ok().json($view::from(&entity)))
            }

            async fn update(
                request: HttpRequest,
                service: Data<$service>,
                ids: Data<IdRules>,
                Authenticated(caller): Authenticated,
                id: Path<String>,
                JsonBytes(body): JsonBytes,
            ) -> Result<HttpResponse, Problem> {
                let mut body = Fields::body(&body, false)?;
                let mut report = Report::default();
                let id = report.take($id_name, ids.references(&caller.world).$parse(&id));
                let naming = naming(&mut body, &mut report);
                body.end(&mut report);
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
    make |id, Naming { name, description }| Group { id, name, description }
);
resource_of!(
    roles, "/roles", ClusterRoles, Role, RoleView, "roleId", role,
    filter operators true,
    sort ROLE_SORT,
    make |id, Naming { name, description }| Role { id, name, description, permissions: BTreeSet::new() }
);
resource_of!(
    tenants, "/tenants", ClusterTenants, Tenant, TenantView, "tenantId", tenant,
    filter operators false,
    sort TENANT_SORT,
    make |id, Naming { name, description }| Tenant { id, name, description }
);

pub(super) const GROUP_SORT: &[(&str, GroupField)] = &[("groupId", GroupField::GroupId), ("name", GroupField::Name)];
pub(super) const TENANT_SORT: &[(&str, TenantField)] =
    &[("key", TenantField::TenantId), ("tenantId", TenantField::TenantId), ("name", TenantField::Name)];
pub(super) const ROLE_SORT: &[(&str, RoleField)] = &[("roleId", RoleField::RoleId), ("name", RoleField::Name)];

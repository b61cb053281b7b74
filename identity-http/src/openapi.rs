//! The OpenAPI document, made from the handlers.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder, Schema};
use utoipa::{Modify, OpenApi};

use crate::Surfaces;
use crate::access::{administration, evaluation, explain, inspect, look_alikes, orphans, review, search, simulate};
use crate::cluster::Describe;
use crate::management::{
    audit_log, authorizations, capabilities, clients, for_token, groups, mapping_rules, me, memberships,
    resource_servers, resource_types, roles, sessions, tenants, users,
};
use crate::problem::ProblemDocument;
use crate::schema;

#[derive(OpenApi)]
#[openapi(
    info(title = "Identity", description = "Who may do what, for a platform of applications."),
    paths(
        me::me,
        me::permissions,
        capabilities::show,
        memberships::of,
        memberships::of_role,
        memberships::add,
        memberships::remove,
        sessions::own_session,
        sessions::own,
        sessions::end_own,
        sessions::end_others,
        sessions::list,
        sessions::end_one,
        sessions::end_all_of,
        for_token::groups,
        for_token::permissions,
        for_token::tenants,
        for_token::authorizations,
        users::list,
        users::create,
        users::find,
        users::update,
        users::roles,
        users::add_role,
        users::remove_role,
        users::groups,
        users::authorizations,
        clients::list,
        clients::create,
        clients::find,
        clients::update,
        clients::delete,
        clients::secret,
        clients::renew_secret,
        clients::permissions,
        clients::grant,
        clients::revoke,
        resource_servers::list,
        resource_servers::create,
        resource_servers::find,
        resource_servers::rename,
        resource_servers::delete,
        resource_servers::permissions,
        resource_servers::add_permission,
        resource_servers::remove_permission,
        groups::list,
        groups::create,
        groups::find,
        groups::rename,
        groups::delete,
        groups::users,
        groups::add_user,
        groups::remove_user,
        groups::roles,
        groups::add_role,
        groups::remove_role,
        groups::authorizations,
        roles::list,
        roles::create,
        roles::find,
        roles::describe,
        roles::delete,
        roles::permissions,
        roles::grant,
        roles::revoke,
        tenants::list,
        tenants::create,
        tenants::find,
        tenants::rename,
        tenants::delete,
        tenants::users,
        tenants::add_users,
        tenants::remove_user,
        tenants::groups,
        tenants::add_groups,
        tenants::remove_group,
        tenants::applications,
        tenants::add_applications,
        tenants::remove_application,
        mapping_rules::list,
        mapping_rules::create,
        mapping_rules::find,
        mapping_rules::replace,
        mapping_rules::delete,
        authorizations::list,
        authorizations::add,
        authorizations::replace,
        authorizations::resources,
        authorizations::register,
        resource_types::list,
        resource_types::create,
        resource_types::find,
        resource_types::replace,
        resource_types::delete,
        evaluation::evaluation,
        evaluation::evaluations,
        search::subject,
        search::resource_search,
        search::action_search,
        explain::explain,
        explain::denial,
        inspect::inspect,
        inspect::recent,
        simulate::simulate,
        review::of_resource,
        review::of_subject,
        review::of_administrators,
        look_alikes::similar,
        orphans::list,
        administration::of_right,
        administration::of_rights,
        audit_log::list,
        audit_log::find,
    ),
    components(schemas(ProblemDocument)),
    modifiers(&Schemes, &Describe, &Bodies, &OptionalMembers, &PathIds, &OperationIds),
    security(("bearer" = []), ("basic" = [])),
)]
struct Document;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        for (name, scheme) in [("bearer", HttpAuthScheme::Bearer), ("basic", HttpAuthScheme::Basic)] {
            let scheme = HttpBuilder::new().scheme(scheme).build();
            components.add_security_scheme(name, SecurityScheme::Http(scheme));
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch].into_iter().flatten()
}

/// Whatever takes a body may be given one that is too large, or something else than JSON.
struct Bodies;

impl Modify for Bodies {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut document.paths.paths {
            let problem = if path.starts_with("/v2/") { "cluster.Problem" } else { "ProblemDocument" };
            for operation in operations(item).filter(|operation| operation.request_body.is_some()) {
                for (status, text) in [("413", "The body is too large."), ("415", "The body is not JSON.")] {
                    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(problem))).build();
                    let response =
                        ResponseBuilder::new().description(text).content("application/problem+json", content);
                    operation.responses.responses.insert(status.to_owned(), response.build().into());
                }
            }
        }
    }
}

/// What may be absent from a body of the management API may be null, which means the same.
struct OptionalMembers;

impl Modify for OptionalMembers {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let api = document.paths.paths.iter_mut().filter(|(path, _)| path.starts_with("/api/"));
        let bodies = api.flat_map(|(_, item)| operations(item)).filter_map(|operation| operation.request_body.as_ref());
        let contents = bodies.filter_map(in_place).flat_map(|body| body.content.values()).filter_map(in_place);
        let contents = contents.filter_map(|content| content.schema.as_ref());
        let names: Vec<String> = contents.filter_map(name_of).collect();
        let schemas = &mut document.components.get_or_insert_default().schemas;
        for name in names {
            let Some(RefOr::T(Schema::Object(object))) = schemas.get_mut(&name) else { continue };
            for (member, schema) in &mut object.properties {
                if !object.required.contains(member) && !schema::takes_null(schema) {
                    *schema = schema::or_null(schema.clone());
                }
            }
        }
    }
}

fn in_place<T>(item: &RefOr<T>) -> Option<&T> {
    match item {
        RefOr::T(item) => Some(item),
        RefOr::Ref(_) => None,
    }
}

fn name_of(schema: &RefOr<Schema>) -> Option<String> {
    match schema {
        RefOr::Ref(reference) => reference.ref_location.rsplit('/').next().map(str::to_owned),
        RefOr::T(_) => None,
    }
}

/// The ids in the management API's paths all look alike.
struct PathIds;

impl Modify for PathIds {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let api = document.paths.paths.iter_mut().filter(|(path, _)| path.starts_with("/api/"));
        for operation in api.flat_map(|(_, item)| operations(item)) {
            for parameter in operation.parameters.iter_mut().flatten() {
                if let RefOr::T(parameter) = parameter
                    && parameter.parameter_in == ParameterIn::Path
                {
                    let of_tenant = parameter.name == "tenantId";
                    parameter.schema = Some(if of_tenant { schema::tenant_id() } else { schema::id() });
                }
            }
        }
    }
}

/// Handlers of different resources have the same names; operations may not (OpenAPI 3.1.0 §4.8.10). Those below `/v2` have the
/// ids of the public document.
struct OperationIds;

impl Modify for OperationIds {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let own = document.paths.paths.iter_mut().filter(|(path, _)| !path.starts_with("/v2/"));
        for (_, item) in own {
            for operation in operations(item) {
                let tag = operation.tags.iter().flatten().next();
                let parts = tag.into_iter().chain(&operation.operation_id).map(|part| part.replace('-', "_"));
                operation.operation_id = Some(parts.collect::<Vec<_>>().join("_"));
            }
        }
    }
}

fn is_mounted(surfaces: &Surfaces, path: &str) -> bool {
    let mut segments = path.split('/').skip(1);
    match (segments.next(), segments.next(), segments.next()) {
        (Some("v2"), ..) => surfaces.cluster.is_some(),
        (_, Some("groups"), Some("for-token")) => true,
        (Some("access"), ..) => surfaces.decisions.as_ref().is_some_and(|decisions| {
            let of_tokens = path.ends_with("/inspect") || path.ends_with("/recent-callers");
            !of_tokens || decisions.access.has_tokens()
        }),
        (_, Some("users"), _) => surfaces.people.is_some(),
        (_, Some("clients"), _) => surfaces.clients.is_some(),
        (_, Some("resource-servers"), _) => surfaces.apis.is_some(),
        (_, Some("groups"), _) => surfaces.groups.is_some(),
        (_, Some("memberships"), _) => surfaces.memberships.is_some(),
        (_, Some("roles"), _) if path.contains("/members") => surfaces.memberships.is_some(),
        (_, Some("roles"), _) => surfaces.roles.is_some(),
        (_, Some("tenants"), _) => surfaces.tenants.is_some(),
        (_, Some("mapping-rules"), _) => surfaces.mapping_rules.is_some(),
        (_, Some("audit-log"), _) => surfaces.audit_logs.is_some(),
        (_, Some("sessions"), _) | (_, Some("me"), Some("session" | "sessions")) => surfaces.sign_in.is_some(),
        (_, Some("authorizations" | "resources" | "resource-types"), _) => surfaces.authorizations.is_some(),
        _ => true,
    }
}

/// The OpenAPI document of everything there is in any profile.
#[must_use]
pub fn openapi_document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// The OpenAPI document, as it is served.
pub(crate) struct Written(Bytes);

impl Written {
    /// Describes what is mounted.
    pub(crate) fn of(surfaces: &Surfaces) -> Self {
        let mut document = Document::openapi();
        document.paths.paths.retain(|path, _| is_mounted(surfaces, path));
        Self(serde_json::to_vec(&document).unwrap_or_default().into())
    }
}

/// Serves the document; needs no credentials, as it says nothing about anybody.
pub(crate) async fn serve(document: Data<Written>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(document.0.clone())
}

//! OpenAPI document, generated from the handlers of all APIs.

mod responses;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use serde_json::Value;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{Modify, OpenApi};

use crate::Surfaces;
use crate::access::{administration, evaluation, explain, inspect, look_alikes, orphans, review, search, simulate};
use crate::cluster::Describe;
use crate::management::{
    audit_log, authorizations, bulk, capabilities, clients, for_token, groups, health, mapping_rules, me, memberships,
    names, password, policies, resource_servers, resource_types, roles, sessions, tenants, users,
};
use crate::problem::ProblemDocument;
use crate::schema;
use responses::{Bodies, Preconditions};

#[derive(OpenApi)]
#[openapi(
    info(title = "Identity", description = "Identity and access service for application platforms"),
    paths(
        me::me,
        me::memberships,
        me::permissions,
        password::change,
        capabilities::show,
        health::health,
        bulk::apply,
        policies::export,
        policies::plan,
        policies::apply,
        policies::documents,
        memberships::of,
        memberships::groups::members,
        memberships::groups::add_member,
        memberships::groups::remove_member,
        memberships::roles::members,
        memberships::roles::add_member,
        memberships::roles::remove_member,
        memberships::tenants::members,
        memberships::tenants::add_member,
        memberships::tenants::remove_member,
        names::names,
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
        authorizations::extend,
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
        review::of_caller,
        review::of_administrators,
        look_alikes::similar,
        orphans::list,
        administration::of_right,
        administration::of_rights,
        audit_log::list,
        audit_log::export,
        audit_log::find,
    ),
    components(schemas(ProblemDocument)),
    modifiers(&Schemes, &Describe, &Bodies, &Preconditions, &OptionalMembers, &PathIds, &OperationIds),
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

/// Makes optional members in request bodies of the management API nullable, because null means absent there.
struct OptionalMembers;

impl Modify for OptionalMembers {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let api = document.paths.paths.iter_mut().filter(|(path, _)| path.starts_with("/api/"));
        let bodies = api.flat_map(|(_, item)| operations(item)).filter_map(|operation| operation.request_body.as_ref());
        let contents = bodies.filter_map(in_place).flat_map(|body| body.content.values()).filter_map(in_place);
        let contents = contents.filter_map(|content| content.schema.as_ref());
        let mut names: Vec<String> = contents.filter_map(name_of).collect();
        let schemas = &mut document.components.get_or_insert_default().schemas;
        let mut seen = BTreeSet::new();
        while let Some(name) = names.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            let written = schemas.get(&name).and_then(|schema| serde_json::to_value(schema).ok());
            names.extend(written.iter().flat_map(references));
            let Some(RefOr::T(Schema::Object(object))) = schemas.get_mut(&name) else { continue };
            for (member, schema) in &mut object.properties {
                if !object.required.contains(member) && !schema::takes_null(schema) {
                    *schema = schema::or_null(schema.clone());
                }
            }
        }
    }
}

/// Returns the names of all schemas that a serialized schema refers to with `$ref`, at any depth.
fn references(schema: &Value) -> Vec<String> {
    match schema {
        Value::Object(members) => {
            let own = members.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
            own.map(str::to_owned).into_iter().chain(members.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
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

/// Sets the schema of ids in the paths of the management API.
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

/// Prefixes operation ids with their tag, so that they are unique in the document (OpenAPI 3.1.0 §4.8.10). Operations
/// below `/v2` keep the ids of the public Orchestration Cluster API.
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

/// The APIs that this server mounts. Determines which paths its OpenAPI document contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mounted {
    cluster: bool,
    decisions: bool,
    tokens: bool,
    people: bool,
    stored_users: bool,
    clients: bool,
    apis: bool,
    groups: bool,
    bulk: bool,
    memberships: bool,
    names: bool,
    roles: bool,
    tenants: bool,
    mapping_rules: bool,
    audit_logs: bool,
    operations: bool,
    sign_in: bool,
    authorizations: bool,
}

impl Mounted {
    pub(crate) fn of(surfaces: &Surfaces) -> Self {
        Self {
            cluster: surfaces.cluster.is_some(),
            decisions: surfaces.decisions.is_some(),
            tokens: surfaces.decisions.as_ref().is_some_and(|decisions| decisions.access.has_tokens()),
            people: surfaces.people.is_some(),
            stored_users: surfaces.cluster.as_ref().is_some_and(|cluster| cluster.users.is_some()),
            clients: surfaces.clients.is_some(),
            apis: surfaces.apis.is_some(),
            groups: surfaces.groups.is_some(),
            bulk: surfaces.bulk.is_some(),
            memberships: surfaces.memberships.is_some(),
            names: surfaces.names.is_some(),
            roles: surfaces.roles.is_some(),
            tenants: surfaces.tenants.is_some(),
            mapping_rules: surfaces.mapping_rules.is_some(),
            audit_logs: surfaces.audit_logs.is_some(),
            operations: surfaces.operations.is_some(),
            sign_in: surfaces.sign_in.is_some(),
            authorizations: surfaces.authorizations.is_some(),
        }
    }

    /// Whether the operations at `path` are mounted.
    fn has(self, path: &str) -> bool {
        let mut segments = path.split('/').skip(1);
        match (segments.next(), segments.next(), segments.next()) {
            (Some("v2"), ..) => self.cluster,
            (_, Some("groups"), Some("for-token")) => true,
            (Some("access"), ..) => {
                let of_tokens = path.ends_with("/inspect") || path.ends_with("/recent-callers");
                self.decisions && (!of_tokens || self.tokens)
            }
            (_, Some("users"), _) if matches!(path, "/api/users" | "/api/users/{id}") => {
                self.people || self.stored_users
            }
            (_, Some("users"), _) => self.people,
            (_, Some("me"), Some("password")) => self.stored_users,
            (_, Some("clients"), _) => self.clients,
            (_, Some("resource-servers"), _) => self.apis,
            (_, Some("tenants"), _) if path.contains("/members") => self.memberships && self.tenants,
            (_, Some("groups" | "roles"), _) if path.contains("/members") => self.memberships,
            (_, Some("names"), _) => self.names,
            (_, Some("groups"), _) => self.groups,
            (_, Some("bulk"), _) => self.bulk,
            (_, Some("policies"), _) => self.bulk && self.decisions,
            (_, Some("memberships"), _) => self.memberships,
            (_, Some("roles"), _) => self.roles,
            (_, Some("tenants"), _) => self.tenants,
            (_, Some("mapping-rules"), _) => self.mapping_rules,
            (_, Some("audit-log"), _) => self.audit_logs,
            (_, Some("health"), _) => self.operations,
            (_, Some("sessions"), _) | (_, Some("me"), Some("session" | "sessions")) => self.sign_in,
            (_, Some("authorizations" | "resources" | "resource-types"), _) => self.authorizations,
            _ => true,
        }
    }

    /// Returns the serialized document of the mounted APIs. It is built at the first request and cached for the
    /// process.
    fn document(self) -> Bytes {
        static DOCUMENTS: Mutex<BTreeMap<Mounted, Bytes>> = Mutex::new(BTreeMap::new());
        let mut documents = DOCUMENTS.lock().unwrap_or_else(PoisonError::into_inner);
        let document = documents.entry(self).or_insert_with(|| {
            let mut document = Document::openapi();
            document.paths.paths.retain(|path, _| self.has(path));
            if !self.people
                && let Some(users) = document.paths.paths.get_mut("/api/users")
            {
                users.post = None;
            }
            serde_json::to_vec(&document).unwrap_or_default().into()
        });
        document.clone()
    }
}

/// Returns the OpenAPI document of all APIs, including those that a profile does not mount.
#[must_use]
pub fn openapi_document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// Handler of `GET /api/openapi.json`. The document contains no user data, so no credentials are required.
pub(crate) async fn serve(mounted: Data<Mounted>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(mounted.document())
}

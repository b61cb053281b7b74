//! OpenAPI description of `/v2`, built from a table of operations that must match the mounted routes.

mod schemas;

use serde_json::{Value, json};
use utoipa::Modify;
use utoipa::openapi::path::{OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Content, ContentBuilder, HttpMethod, OpenApi, Ref, Required, ResponseBuilder};

use super::members::MEMBERS;
use super::words;

/// Adds the operations and schemas of `/v2` to the OpenAPI document.
pub(crate) struct Describe;

/// Description of one operation of `/v2`.
struct Operation {
    method: HttpMethod,
    path: String,
    tag: &'static str,
    /// Operation id, as in the public document of the Orchestration Cluster API.
    name: String,
    summary: String,
    /// Name of the request body's schema, and whether the body is required.
    request: Option<(String, Required)>,
    success: &'static str,
    /// Name of the schema of a successful response; `None` for responses without a body.
    answer: Option<String>,
    problems: &'static [u16],
}

const SEARCH: &[u16] = &[400, 401, 429, 503];
const FIND: &[u16] = &[400, 401, 403, 404, 429, 503];
const CHANGE: &[u16] = &[400, 401, 403, 404, 409, 429, 503];
const OPEN: &[u16] = &[401, 429, 503];
const SETUP: &[u16] = &[400, 403, 429, 503];

impl Operation {
    fn new(method: HttpMethod, path: impl Into<String>, tag: &'static str, name: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            tag,
            name: name.into(),
            summary: String::new(),
            request: None,
            success: "204",
            answer: None,
            problems: &[],
        }
    }

    fn search(path: impl Into<String>, tag: &'static str, name: impl Into<String>, searched: &str) -> Self {
        Self::new(HttpMethod::Post, path, tag, name)
            .takes(format!("cluster.{searched}Search"), Required::False)
            .answers("200", format!("cluster.{searched}sFound"))
            .fails(SEARCH)
    }

    fn says(mut self, summary: impl Into<String>) -> Self {
        self.summary = summary.into();
        self
    }

    fn takes(mut self, schema: impl Into<String>, required: Required) -> Self {
        self.request = Some((schema.into(), required));
        self
    }

    fn answers(mut self, status: &'static str, schema: impl Into<String>) -> Self {
        (self.success, self.answer) = (status, Some(schema.into()));
        self
    }

    fn fails(mut self, problems: &'static [u16]) -> Self {
        self.problems = problems;
        self
    }

    /// Whether the response contains authorizations, and therefore depends on the query parameter `resourceTypes`.
    fn shows_authorizations(&self) -> bool {
        const SHOWN: [&str; 3] =
            ["cluster.Authorization", "cluster.AuthorizationsFound", "cluster.OwnAuthorizationsFound"];
        self.answer.as_deref().is_some_and(|answer| SHOWN.contains(&answer))
    }

    fn is_public(&self) -> bool {
        !self.problems.contains(&401)
    }
}

/// Entities with a common set of operations: path segment, id parameter, schema name and noun for summaries.
const ENTITIES: [(&str, &str, &str, &str); 6] = [
    ("users", "username", "User", "a user"),
    ("groups", "groupId", "Group", "a group"),
    ("roles", "roleId", "Role", "a role"),
    ("tenants", "tenantId", "Tenant", "a tenant"),
    ("mapping-rules", "mappingRuleId", "MappingRule", "a mapping rule"),
    ("authorizations", "authorizationKey", "Authorization", "an authorization"),
];

fn table() -> Vec<Operation> {
    let mut table = neighbours();
    for (path, id, schema, words) in ENTITIES {
        table.extend(entity(path, id, schema, words));
    }
    for (holder, kinds) in MEMBERS {
        let tag = tag(holder.path.trim_start_matches('/'));
        let one = holder.id_name;
        for kind in kinds {
            let below = format!("/v2{}/{{{one}}}/{}", holder.path, kind.path);
            let member = format!("{below}/{{{}}}", kind.id_name);
            let plural = kind.path.replace('-', " ");
            let (schema, member_name) = match kind.id_name {
                "username" => ("Username", "User"),
                "clientId" => ("ClientId", "Client"),
                "groupId" => ("GroupId", "Group"),
                "roleId" => ("Role", "Role"),
                _ => ("MappingRule", "MappingRule"),
            };
            let holder_name = match one {
                "groupId" => "Group",
                "roleId" => "Role",
                _ => "Tenant",
            };
            // The API assigns a role to a member, but assigns a member to a group or a tenant.
            let (given, taker) = if one == "roleId" { (holder_name, member_name) } else { (member_name, holder_name) };
            let holder_words = holder_name.to_lowercase();
            let searched = match (one, member_name) {
                ("tenantId", "Group") => "GroupId",
                _ => member_name,
            };
            table.extend([
                Operation::new(HttpMethod::Put, &member, tag, format!("assign{given}To{taker}"))
                    .says(format!("Adds a member to the {plural} of a {holder_words}."))
                    .fails(CHANGE),
                Operation::new(HttpMethod::Delete, &member, tag, format!("unassign{given}From{taker}"))
                    .says(format!("Removes a member from the {plural} of a {holder_words}."))
                    .fails(CHANGE),
                Operation::search(format!("{below}/search"), tag, format!("search{searched}sFor{holder_name}"), schema)
                    .says(format!("Searches the {plural} of a {holder_words}, which need not exist.")),
            ]);
        }
    }
    table.push(
        Operation::search("/v2/groups/{groupId}/roles/search", tag("groups"), "searchRolesForGroup", "Role")
            .says("Searches the roles of a group, which need not exist."),
    );
    table
}

fn entity(path: &'static str, id: &str, schema: &str, words: &str) -> [Operation; 5] {
    let (all, one) = (format!("/v2/{path}"), format!("/v2/{path}/{{{id}}}"));
    let tag = tag(path);
    let shown = format!("cluster.{schema}");
    let named = |what: &str| format!("{what}{schema}");
    // The public document uses the singular for mapping rules.
    let searched = if schema == "MappingRule" { named("search") } else { named("search") + "s" };
    let create =
        Operation::new(HttpMethod::Post, &all, tag, named("create")).says(format!("Creates {words}.")).fails(CHANGE);
    let update =
        Operation::new(HttpMethod::Put, &one, tag, named("update")).says(format!("Replaces {words}.")).fails(CHANGE);
    let (create, update) = if schema == "Authorization" {
        let request = "cluster.AuthorizationRequest";
        (
            create.takes(request, Required::True).answers("201", "cluster.AuthorizationKey"),
            update.takes(request, Required::True),
        )
    } else {
        (
            create.takes(format!("{shown}New"), Required::True).answers("201", &shown),
            update.takes(format!("{shown}Change"), Required::True).answers("200", &shown),
        )
    };
    [
        create,
        Operation::search(format!("{all}/search"), tag, searched, schema)
            .says(format!("Searches the {} that the caller may see.", path.replace('-', " "))),
        Operation::new(HttpMethod::Get, &one, tag, named("get"))
            .says(format!("Returns {words}."))
            .answers("200", &shown)
            .fails(FIND),
        update,
        Operation::new(HttpMethod::Delete, &one, tag, named("delete"))
            .says(format!("Deletes {words} and all data that depends on it."))
            .fails(CHANGE),
    ]
}

fn neighbours() -> Vec<Operation> {
    let get = |path, tag, name| Operation::new(HttpMethod::Get, path, tag, name);
    vec![
        get("/v2/authentication/me", "cluster-authentication", "getAuthentication")
            .says("Returns the authenticated caller.")
            .answers("200", "cluster.Me")
            .fails(OPEN),
        Operation::search(
            "/v2/authentication/me/authorizations/search",
            "cluster-authentication",
            "searchOwnAuthorizations",
            "Authorization",
        )
        .says("Searches the authorizations of the caller and of its groups, roles and mapping rules.")
        .answers("200", "cluster.OwnAuthorizationsFound"),
        Operation::search("/v2/audit-logs/search", "cluster-audit-logs", "searchAuditLogs", "AuditLog")
            .says("Searches the audit log. Denied operations are excluded."),
        get("/v2/audit-logs/{auditLogKey}", "cluster-audit-logs", "getAuditLog")
            .says("Returns an entry of the audit log.")
            .answers("200", "cluster.AuditLog")
            .fails(FIND),
        Operation::new(HttpMethod::Post, "/v2/setup/user", "cluster-setup", "createAdminUser")
            .says("Creates the first administrator. Rejected once an administrator exists.")
            .takes("cluster.UserNew", Required::True)
            .answers("201", "cluster.User")
            .fails(SETUP),
        get("/v2/license", "cluster-about", "getLicense")
            .says("Returns the license status. No license is required.")
            .answers("200", "cluster.License"),
        get("/v2/status", "cluster-about", "getStatus").says("Reports whether the server accepts requests."),
        get("/v2/topology", "cluster-about", "getTopology")
            .says("Returns the topology, which has exactly one node.")
            .answers("200", "cluster.Topology")
            .fails(OPEN),
        get("/v2/system/configuration", "cluster-about", "getSystemConfiguration")
            .says("Returns the configuration of the installation that clients need.")
            .answers("200", "cluster.Configuration")
            .fails(OPEN),
    ]
}

fn tag(path: &str) -> &'static str {
    match path {
        "users" => "cluster-users",
        "groups" => "cluster-groups",
        "roles" => "cluster-roles",
        "tenants" => "cluster-tenants",
        "mapping-rules" => "cluster-mapping-rules",
        _ => "cluster-authorizations",
    }
}

fn described(status: u16) -> &'static str {
    match status {
        400 => "The body or a path id is invalid; `detail` lists all findings.",
        401 => "The credentials are missing or invalid.",
        403 => "The caller lacks the permission, the entity is protected, or this API is disabled.",
        404 => "The entity, or an entity that the request refers to, does not exist.",
        409 => "The entity already exists, or the change would remove the last administrator.",
        429 => "Too many sign-in attempts failed; `Retry-After` contains the seconds to wait.",
        _ => "The store or the token's issuer is unavailable; try again later.",
    }
}

impl Modify for Describe {
    fn modify(&self, document: &mut OpenApi) {
        document.components.get_or_insert_default().schemas.extend(schemas::all());
        for operation in table() {
            let mut built = OperationBuilder::new()
                .tag(operation.tag)
                .operation_id(Some(&operation.name))
                .summary(Some(&operation.summary))
                .response(operation.success, {
                    let response = ResponseBuilder::new().description("Success.");
                    match &operation.answer {
                        Some(schema) => response.content("application/json", content(schema)),
                        None => response,
                    }
                });
            for name in operation.path.split(['{', '}']).skip(1).step_by(2) {
                let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path);
                let schema = if name == "groupId" && !operation.path.starts_with("/v2/groups/") {
                    // A group that is a member may come from a token claim, so its id need not match the configured
                    // pattern.
                    crate::schema::id()
                } else {
                    words::id(name)
                };
                built = built.parameter(parameter.required(Required::True).schema(Some(schema)));
            }
            if operation.shows_authorizations() {
                built = built.description(Some(SHOWN_TYPES));
            }
            if let Some((schema, required)) = &operation.request {
                let body = RequestBodyBuilder::new().required(Some(required.clone()));
                let content = ContentBuilder::from(content(schema)).example(example(schema)).build();
                built = built.request_body(Some(body.content("application/json", content).build()));
            }
            for status in operation.problems {
                let response = ResponseBuilder::new().description(described(*status));
                let response = response.content("application/problem+json", content("cluster.Problem"));
                built = built.response(status.to_string(), response);
            }
            if operation.is_public() {
                built = built.security(SecurityRequirement::default());
            }
            document.paths.add_path_operation(&operation.path, vec![operation.method], built);
        }
    }
}

/// Description of the query parameter `resourceTypes`. It is not declared as a parameter: with it, responses contain
/// resource types that the schema does not enumerate.
const SHOWN_TYPES: &str = "Covers authorizations on the resource types that the schema enumerates. \
    With `?resourceTypes=all`, it also covers those on resource types of `/api`, on `POLICY_DECISION` and on custom \
    resource types.";

/// Returns an example of a request body; `None` for schemas without one.
fn example(schema: &str) -> Option<Value> {
    Some(match schema {
        "cluster.UserNew" => {
            json!({"username": "ann", "password": "change-me", "name": "Ann", "email": "ann@example.org"})
        }
        "cluster.GroupNew" => json!({"groupId": "sales", "name": "Sales", "description": "Sales team"}),
        "cluster.RoleNew" => json!({"roleId": "clerk", "name": "Clerk"}),
        "cluster.TenantNew" => json!({"tenantId": "acme", "name": "Acme"}),
        "cluster.MappingRuleNew" => json!({
            "mappingRuleId": "staff", "name": "Staff", "claimName": "department", "claimValue": "sales"
        }),
        "cluster.AuthorizationRequest" => json!({
            "ownerType": "ROLE", "ownerId": "clerk", "resourceType": "PROCESS_DEFINITION", "resourceId": "order",
            "permissionTypes": ["CREATE_PROCESS_INSTANCE"]
        }),
        _ => return None,
    })
}

fn content(schema: &str) -> Content {
    Content::new(Some(Ref::from_schema_name(schema)))
}

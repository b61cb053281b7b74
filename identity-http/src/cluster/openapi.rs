//! What the OpenAPI document says about `/v2`: a table of operations, as the paths are tables too.

mod schemas;

pub(super) use schemas::{authorization_key, owner_types, permission_lists, resource_types};

use serde_json::{Value, json};
use utoipa::Modify;
use utoipa::openapi::path::{OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Content, ContentBuilder, HttpMethod, OpenApi, Ref, Required, ResponseBuilder};

use super::members::MEMBERS;

/// Adds `/v2` to the document.
pub(crate) struct Describe;

/// One row of the table.
struct Operation {
    method: HttpMethod,
    path: String,
    tag: &'static str,
    /// The operation's id, as in the public document of the Orchestration Cluster API.
    name: String,
    summary: String,
    /// The schema of the body, and whether there must be one.
    request: Option<(String, Required)>,
    success: &'static str,
    /// The schema of a success.
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

    /// Whether authorizations are shown.
    fn shows_authorizations(&self) -> bool {
        const SHOWN: [&str; 3] =
            ["cluster.Authorization", "cluster.AuthorizationsFound", "cluster.OwnAuthorizationsFound"];
        self.answer.as_deref().is_some_and(|answer| SHOWN.contains(&answer))
    }

    fn is_public(&self) -> bool {
        !self.problems.contains(&401)
    }
}

/// What has an id and a name: path, id, schema, in words.
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
            // Roles are assigned; to groups and tenants others are.
            let (given, taker) = if one == "roleId" { (holder_name, member_name) } else { (member_name, holder_name) };
            let searched = match (one, member_name) {
                ("tenantId", "Group") => "GroupId",
                _ => member_name,
            };
            table.extend([
                Operation::new(HttpMethod::Put, &member, tag, format!("assign{given}To{taker}"))
                    .says(format!("Adds one to the {plural}."))
                    .fails(CHANGE),
                Operation::new(HttpMethod::Delete, &member, tag, format!("unassign{given}From{taker}"))
                    .says(format!("Removes one of the {plural}."))
                    .fails(CHANGE),
                Operation::search(format!("{below}/search"), tag, format!("search{searched}sFor{holder_name}"), schema)
                    .says(format!("Searches the {plural} of one that need not exist.")),
            ]);
        }
    }
    table.push(
        Operation::search("/v2/groups/{groupId}/roles/search", tag("groups"), "searchRolesForGroup", "Role")
            .says("Searches the roles of one that need not exist."),
    );
    table
}

fn entity(path: &'static str, id: &str, schema: &str, words: &str) -> [Operation; 5] {
    let (all, one) = (format!("/v2/{path}"), format!("/v2/{path}/{{{id}}}"));
    let tag = tag(path);
    let shown = format!("cluster.{schema}");
    let named = |what: &str| format!("{what}{schema}");
    // The public document has the singular for these.
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
            .says(format!("Shows {words}."))
            .answers("200", &shown)
            .fails(FIND),
        update,
        Operation::new(HttpMethod::Delete, &one, tag, named("delete"))
            .says(format!("Deletes {words}, with what hangs on it."))
            .fails(CHANGE),
    ]
}

fn neighbours() -> Vec<Operation> {
    let get = |path, tag, name| Operation::new(HttpMethod::Get, path, tag, name);
    vec![
        get("/v2/authentication/me", "cluster-authentication", "getAuthentication")
            .says("Shows the caller.")
            .answers("200", "cluster.Me")
            .fails(OPEN),
        Operation::search(
            "/v2/authentication/me/authorizations/search",
            "cluster-authentication",
            "searchOwnAuthorizations",
            "Authorization",
        )
        .says("Searches the authorizations that apply to the caller, through any owner.")
        .answers("200", "cluster.OwnAuthorizationsFound"),
        Operation::search("/v2/audit-logs/search", "cluster-audit-logs", "searchAuditLogs", "AuditLog")
            .says("Searches the audit log, without what was denied."),
        get("/v2/audit-logs/{auditLogKey}", "cluster-audit-logs", "getAuditLog")
            .says("Shows an entry of the audit log.")
            .answers("200", "cluster.AuditLog")
            .fails(FIND),
        Operation::new(HttpMethod::Post, "/v2/setup/user", "cluster-setup", "createAdminUser")
            .says("Creates the first administrator; refused as soon as there is one.")
            .takes("cluster.UserNew", Required::True)
            .answers("201", "cluster.User")
            .fails(SETUP),
        get("/v2/license", "cluster-about", "getLicense")
            .says("Says that no license is needed.")
            .answers("200", "cluster.License"),
        get("/v2/status", "cluster-about", "getStatus").says("Says that requests are answered."),
        get("/v2/topology", "cluster-about", "getTopology")
            .says("Shows the one node that there is.")
            .answers("200", "cluster.Topology")
            .fails(OPEN),
        get("/v2/system/configuration", "cluster-about", "getSystemConfiguration")
            .says("Shows what clients have to know about the installation.")
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
        400 => "The body or a path id is not what it should be; all findings are named.",
        401 => "Nobody is authenticated.",
        403 => "The caller may not do this, it is protected, or this API is switched off.",
        404 => "It does not exist, or something that was named does not.",
        409 => "It is there already, or nobody could administer after it.",
        429 => "Too many attempts to sign in have failed; `Retry-After` says when to try again.",
        _ => "The store or the token's issuer cannot be reached now.",
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
                    let response = ResponseBuilder::new().description("Done.");
                    match &operation.answer {
                        Some(schema) => response.content("application/json", content(schema)),
                        None => response,
                    }
                });
            for name in operation.path.split(['{', '}']).skip(1).step_by(2) {
                let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path);
                let schema = if name == "groupId" && !operation.path.starts_with("/v2/groups/") {
                    // As members, groups may be what tokens call them.
                    crate::schema::id()
                } else {
                    schemas::id(name)
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

/// No parameter of the operation: with it, answers hold types that the schema does not enumerate.
const SHOWN_TYPES: &str = "Authorizations on the resource types that are enumerated here. With `?resourceTypes=all` also on those of \
    `/api`, on `POLICY_DECISION` and on the operator's own.";

/// What somebody might send to try it.
fn example(schema: &str) -> Option<Value> {
    Some(match schema {
        "cluster.UserNew" => {
            json!({"username": "ann", "password": "change-me", "name": "Ann", "email": "ann@example.org"})
        }
        "cluster.GroupNew" => json!({"groupId": "sales", "name": "Sales", "description": "Who sells"}),
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

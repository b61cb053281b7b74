//! OpenAPI schemas of `/v2`. Response schemas derive from the view types; request schemas follow the parsers.

use identity_core::port::AuditField;
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::{ArrayBuilder, Object, ObjectBuilder, OneOfBuilder, Ref, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::cluster::audit_logs::{FIELDS, UNSORTED, words_of};
use crate::cluster::authorizations::{self, AuthorizationView};
use crate::cluster::entities::{GROUP_SORT, GroupView, ROLE_SORT, RoleView, TENANT_SORT, TenantView};
use crate::cluster::mapping_rules::{self, RuleView};
use crate::cluster::me::MeView;
use crate::cluster::search::PageAnswer;
use crate::cluster::users::{self, UserView};
use crate::cluster::words::{authorization_key, id, list, owner_types, permission_types, resource_types, words};
use crate::condition::ComparisonBody;
use crate::schema::{self, or_null};

type Named = (String, RefOr<Schema>);

/// Returns all schemas of `/v2`, with their names.
pub(super) fn all() -> Vec<Named> {
    let mut all = vec![
        view::<UserView>(),
        view::<GroupView>(),
        view::<RoleView>(),
        view::<TenantView>(),
        view::<RuleView>(),
        view::<AuthorizationView>(),
        view::<MeView>(),
        view::<PageAnswer>(),
    ];
    all.extend(requests());
    all.extend(searches());
    all.extend(about());
    all
}

fn view<V: ToSchema + PartialSchema>() -> Named {
    (V::name().into_owned(), V::schema())
}

fn named(name: &str, schema: impl Into<RefOr<Schema>>) -> Named {
    (format!("cluster.{name}"), schema.into())
}

fn reference(name: &str) -> RefOr<Schema> {
    Ref::from_schema_name(format!("cluster.{name}")).into()
}

fn plain(kind: Type) -> RefOr<Schema> {
    Object::with_type(kind).into()
}

/// Builds the schema of an object without additional members. Optional members may also be null.
fn object(required: Vec<(&str, RefOr<Schema>)>, optional: Vec<(&str, RefOr<Schema>)>) -> Object {
    let mut object = ObjectBuilder::new().additional_properties(Some(AdditionalProperties::FreeForm(false)));
    for (name, schema) in required {
        object = object.property(name, schema).required(name);
    }
    for (name, schema) in optional {
        object = object.property(name, or_null(schema));
    }
    object.build()
}

fn texts(names: &[&'static str]) -> Vec<(&'static str, RefOr<Schema>)> {
    names.iter().map(|name| (*name, plain(Type::String))).collect()
}

fn nullable_texts(names: &[&'static str]) -> Vec<(&'static str, RefOr<Schema>)> {
    names.iter().map(|name| (*name, or_null(plain(Type::String)))).collect()
}

fn requests() -> Vec<Named> {
    let name = || ("name", schema::name());
    let person = || vec![("name", schema::name_or_blank()), ("email", schema::email_or_blank())];
    let predicate = || vec![("claimName", schema::claim_name()), ("claimValue", schema::claim_value()), name()];
    let new_user = vec![("username", id("username")), ("password", schema::not_blank())];
    let mut requests = vec![
        named("UserNew", object(new_user, person())),
        named("UserChange", object(Vec::new(), [texts(&["password"]), person()].concat())),
        named(
            "MappingRuleNew",
            object([vec![("mappingRuleId", id("mappingRuleId"))], predicate()].concat(), Vec::new()),
        ),
        named("MappingRuleChange", object(predicate(), Vec::new())),
        named("AuthorizationRequest", {
            let shape = |resource| {
                let permissions = ArrayBuilder::new().items(permission_types()).min_items(Some(1));
                let members = vec![
                    ("ownerId", schema::id()),
                    ("ownerType", owner_types()),
                    (resource, schema::id()),
                    ("resourceType", resource_types()),
                    ("permissionTypes", permissions.into()),
                ];
                let condition = Ref::from_schema_name(ComparisonBody::name());
                object(members, vec![("condition", list(condition))])
            };
            OneOfBuilder::new().item(shape("resourceId")).item(shape("resourcePropertyName"))
        }),
        named("AuthorizationKey", object(vec![("authorizationKey", authorization_key())], Vec::new())),
    ];
    for (entity, id_name) in [("Group", "groupId"), ("Role", "roleId"), ("Tenant", "tenantId")] {
        let description = || vec![("description", schema::description())];
        requests.push(named(&format!("{entity}New"), object(vec![(id_name, id(id_name)), name()], description())));
        requests.push(named(&format!("{entity}Change"), object(vec![name()], description())));
    }
    requests
}

/// Builds the schemas of search requests and responses: items, sort fields and filters.
fn searches() -> Vec<Named> {
    fn fields<S>(sort: &[(&'static str, S)]) -> Vec<&'static str> {
        sort.iter().map(|(name, _)| *name).collect()
    }
    let with_operators = |name| (name, reference("TextFilter"));
    let mut all = vec![
        named("Page", {
            let number = |least: i32, most| {
                let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(least)).maximum(most);
                RefOr::from(number)
            };
            let mut members = ["after", "before"].map(|name| (name, schema::cursor())).to_vec();
            members.insert(0, ("limit", number(1, Some(10_000))));
            members.insert(1, ("from", number(0, None)));
            object(Vec::new(), members)
        }),
        named("TextFilter", {
            let mut operators = texts(&["$eq", "$neq"]);
            operators.push(("$like", schema::like_pattern()));
            operators.push(("$exists", plain(Type::Boolean)));
            operators.extend(["$in", "$notIn"].map(|name| (name, list(plain(Type::String)))));
            OneOfBuilder::new().item(plain(Type::String)).item(object(Vec::new(), operators))
        }),
    ];
    let with_alternatives = |conditions: Vec<(&'static str, RefOr<Schema>)>| {
        let alternatives = list(object(Vec::new(), conditions.clone()));
        [conditions, vec![("$or", alternatives)]].concat()
    };
    let id_and_name = |id| with_alternatives(vec![with_operators(id), with_operators("name")]);
    let user_filter = ["username", "name", "email"].map(with_operators).to_vec();
    all.extend(search("User", reference("User"), fields(users::SORT), with_alternatives(user_filter)));
    all.extend(search("Group", reference("Group"), fields(GROUP_SORT), id_and_name("groupId")));
    all.extend(search("Role", reference("Role"), fields(ROLE_SORT), id_and_name("roleId")));
    all.extend(search("Tenant", reference("Tenant"), fields(TENANT_SORT), texts(&["tenantId", "name"])));
    let mut rule_filter = texts(&["claimName", "claimValue"]);
    rule_filter.extend(["mappingRuleId", "name"].map(with_operators));
    let sort = fields(mapping_rules::SORT);
    all.extend(search("MappingRule", reference("MappingRule"), sort, with_alternatives(rule_filter)));
    let mut authorization_filter = texts(&["ownerId"]);
    authorization_filter.push(("ownerType", owner_types()));
    authorization_filter.push(("resourceType", resource_types()));
    authorization_filter.extend(["resourceIds", "resourcePropertyNames"].map(|name| (name, list(plain(Type::String)))));
    let sort = fields(authorizations::SORT);
    all.extend(search("Authorization", reference("Authorization"), sort, authorization_filter));
    all.extend(audit_log());
    all.push(named("OwnAuthorizationsFound", {
        let enabled = ("authorizationsEnabled", plain(Type::Boolean));
        object([found(reference("Authorization")), vec![enabled]].concat(), Vec::new())
    }));
    for (name, id) in [("Username", "username"), ("ClientId", "clientId"), ("GroupId", "groupId")] {
        all.extend(search(name, object(texts(&[id]), Vec::new()), vec![id], Vec::new()));
    }
    all
}

/// Members of an audit log entry that are never null according to the public document. It allows null for the actor's
/// type, although this server never returns null there.
const ALWAYS: [&str; 7] =
    ["auditLogKey", "entityKey", "entityType", "operationType", "timestamp", "result", "category"];

/// Batch operation types that the public document lists. Identity entries have no batch operation.
const BATCH_OPERATIONS: [&str; 10] = [
    "ADD_VARIABLE",
    "CANCEL_PROCESS_INSTANCE",
    "DELETE_DECISION_DEFINITION",
    "DELETE_DECISION_INSTANCE",
    "DELETE_PROCESS_DEFINITION",
    "DELETE_PROCESS_INSTANCE",
    "MIGRATE_PROCESS_INSTANCE",
    "MODIFY_PROCESS_INSTANCE",
    "RESOLVE_INCIDENT",
    "UPDATE_VARIABLE",
];

/// Builds the schema of a member of an audit log entry that is not an enumeration.
fn entry_value(name: &str) -> RefOr<Schema> {
    match name {
        "batchOperationType" => words(BATCH_OPERATIONS),
        "entityKey" | "relatedEntityKey" | "resourceKey" | "batchOperationKey" => plain(Type::String),
        key if key.ends_with("Key") => schema::matching(25, "^-?[0-9]+$"),
        _ => plain(Type::String),
    }
}

fn audit_log() -> Vec<Named> {
    let names = || FIELDS.iter().map(|(name, _)| *name);
    let condition = |name| (name, reference(if name == "timestamp" { "TimeFilter" } else { "TextFilter" }));
    let sorted = names().filter(|name| !UNSORTED.contains(name)).collect();
    let [request, found] = search("AuditLog", reference("AuditLog"), sorted, names().map(condition).collect());
    let mut operators: Vec<_> = ["$eq", "$neq", "$gt", "$gte", "$lt", "$lte"].map(|name| (name, schema::time())).into();
    operators.push(("$exists", plain(Type::Boolean)));
    operators.push(("$in", list(schema::time())));
    let member = |(name, field): &(&'static str, AuditField)| {
        let schema = words_of(*field).map_or_else(|| entry_value(name), |known| words(known.iter().copied()));
        (*name, if ALWAYS.contains(name) { schema } else { or_null(schema) })
    };
    let entry = object(FIELDS.iter().map(member).collect(), Vec::new());
    let times = OneOfBuilder::new().item(schema::time()).item(object(Vec::new(), operators));
    vec![request, found, named("AuditLog", entry), named("TimeFilter", times)]
}

fn search(
    name: &str,
    item: impl Into<RefOr<Schema>>,
    fields: Vec<&str>,
    filter: Vec<(&str, RefOr<Schema>)>,
) -> [Named; 2] {
    let order = ("order", words(["ASC", "DESC"]));
    let sort = list(object(vec![("field", words(fields))], vec![order]));
    let request = vec![("filter", object(Vec::new(), filter).into()), ("sort", sort), ("page", reference("Page"))];
    [
        named(&format!("{name}Search"), object(Vec::new(), request)),
        named(&format!("{name}sFound"), object(found(item.into()), Vec::new())),
    ]
}

fn found(item: RefOr<Schema>) -> Vec<(&'static str, RefOr<Schema>)> {
    vec![("items", list(item)), ("page", reference("FoundPage"))]
}

fn about() -> Vec<Named> {
    let number = || plain(Type::Integer);
    let flag = || plain(Type::Boolean);
    let inner = |members| RefOr::from(object(members, Vec::new()));
    let partition = vec![
        ("partitionId", number()),
        ("role", words(["leader", "follower", "inactive"])),
        ("health", words(["healthy", "unhealthy", "dead"])),
    ];
    let mut broker = texts(&["brokerId", "host", "version"]);
    broker.extend([("nodeId", number()), ("port", number()), ("partitions", list(inner(partition)))]);
    let mut topology = texts(&["gatewayVersion", "lastCompletedChangeId"]);
    topology.extend(nullable_texts(&["clusterId"]));
    topology.extend(["clusterSize", "partitionsCount", "replicationFactor"].map(|name| (name, number())));
    topology.push(("brokers", list(inner(broker))));
    let mut job_metrics = vec![("enabled", flag()), ("exportInterval", plain(Type::String))];
    job_metrics.extend(
        ["maxWorkerNameLength", "maxJobTypeLength", "maxTenantIdLength", "maxUniqueKeys"].map(|name| (name, number())),
    );
    let configuration = vec![
        ("jobMetrics", inner(job_metrics)),
        ("components", inner(vec![("active", list(plain(Type::String)))])),
        ("deployment", inner(vec![("isMultiTenancyEnabled", flag()), ("maxRequestSize", number())])),
        ("authentication", inner(vec![("canLogout", flag()), ("isLoginDelegated", flag())])),
        ("cloud", inner(nullable_texts(&["stage"]))),
    ];
    let mut license = texts(&["licenseType"]);
    license.extend(nullable_texts(&["expiresAt"]));
    license.extend([("validLicense", flag()), ("isCommercial", flag())]);
    let mut problem = texts(&["type", "title", "detail", "instance"]);
    problem.push(("status", number()));
    vec![
        named("License", object(license, Vec::new())),
        named("Topology", object(topology, Vec::new())),
        named("Configuration", object(configuration, Vec::new())),
        named("Problem", object(problem, Vec::new())),
    ]
}

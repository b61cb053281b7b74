"""Calls every identity operation with the published Python client of the Orchestration Cluster API.

The client parses each response into its own types and fails if they do not match. Prints `done` at the end; any failure
terminates the program with an error. The client is configured through the environment: CAMUNDA_REST_ADDRESS,
CAMUNDA_BASIC_AUTH_USERNAME and so on.
"""

import inspect
import json
import os
import re
import sys
import typing
import urllib.request

import camunda_orchestration_sdk as sdk
from camunda_orchestration_sdk.client import CamundaClient

client = CamundaClient()


def operations():
    """Operation IDs of `/v2` in the server's OpenAPI document, converted to this client's method names."""
    with urllib.request.urlopen(os.environ["CAMUNDA_REST_ADDRESS"] + "/api/openapi.json") as answer:
        paths = json.load(answer)["paths"]
    below = [methods for path, methods in paths.items() if path.startswith("/v2/")]
    named = [method["operationId"] for methods in below for method in methods.values() if "operationId" in method]
    return [re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower() for name in named]


def call(operation, *path, body=None):
    """Calls an operation by name; a body is first parsed into the client's type."""
    method = getattr(client, operation)
    parameters = inspect.signature(method).parameters
    given = {}
    if body is not None:
        given["data"] = model(operation, method, body)
    if "consistency" in parameters:
        given["consistency"] = sdk.ConsistencyOptions(wait_up_to_ms=0) if hasattr(sdk, "ConsistencyOptions") else None
    return method(*path, **given)


def model(operation, method, body):
    names = inspect.signature(method).parameters["data"].annotation
    hint = typing.get_type_hints(method, vars(sdk) | vars(sys.modules[method.__module__]))["data"] if isinstance(names, str) else names
    kinds = [kind for kind in (typing.get_args(hint) or (hint,)) if hasattr(kind, "from_dict")]
    faults = []
    for kind in kinds:
        try:
            return kind.from_dict(body)
        except (KeyError, TypeError, ValueError) as fault:
            faults.append(fault)
    raise AssertionError(f"{operation} takes no {body}: {faults}")


def found(operation, *path, body=None, has=None):
    """Calls a search and returns its items; asserts that one of them has the given properties."""
    answer = call(operation, *path, body=body or {})
    items = [item.to_dict() for item in answer.items]
    assert answer.page.total_items >= len(items)
    if has is not None:
        assert any(has.items() <= item.items() for item in items), f"{operation}: no {has} in {items}"
    return items


def refused(status, operation, *path, body=None):
    try:
        call(operation, *path, body=body)
    except sdk.errors.ApiError as error:
        assert error.status_code == status, f"{operation}: {error}"
        return
    raise AssertionError(f"{operation} was not refused")


known = operations()
assert len(known) > 70
assert [name for name in known if not hasattr(client, name)] == []

me = call("get_authentication")
assert me.username == "demo" and me.roles == ["admin"], me
assert call("get_topology").cluster_size == 1
assert call("get_license").valid_license
call("get_status")
call("get_system_configuration")

user = {"username": "py-user", "password": "secret", "name": "Py", "email": "py@example.org"}
assert call("create_user", body=user).username == "py-user"
assert call("update_user", "py-user", body={"name": "User", "email": "user@example.org"}).name == "User"
assert call("get_user", "py-user").email == "user@example.org"
found("search_users", body={"filter": {"username": {"$like": "py*", "$in": [], "$notIn": []}}}, has={"username": "py-user"})
found("search_users", has={"username": "py-user"})

for kind, key in (("group", "groupId"), ("role", "roleId"), ("tenant", "tenantId")):
    name = f"py-{kind}"
    created = call(f"create_{kind}", body={key: name, "name": kind, "description": ""})
    assert created.to_dict()[key] == name
    assert call(f"update_{kind}", name, body={"name": "Renamed", "description": "new"}).name == "Renamed"
    assert call(f"get_{kind}", name).description == "new"
    search = {"filter": {"name": "Renamed"}, "sort": [{"field": "name", "order": "DESC"}], "page": {"limit": 10}}
    found(f"search_{kind}s", body=search, has={key: name})

rule = {"mappingRuleId": "py-rule", "claimName": "py", "claimValue": "yes", "name": "Rule"}
call("create_mapping_rule", body=rule)
changed = {"claimName": "py", "claimValue": "no", "name": "Rule"}
assert call("update_mapping_rule", "py-rule", body=changed).claim_value == "no"
assert call("get_mapping_rule", "py-rule").claim_value == "no"
found("search_mapping_rule", body={"filter": {"claimName": "py"}}, has={"mappingRuleId": "py-rule"})

MEMBERS = {
    "user": ("username", "py-user"),
    "client": ("clientId", "py-client"),
    "mapping_rule": ("mappingRuleId", "py-rule"),
    "group": ("groupId", "py-group"),
    "role": ("roleId", "py-role"),
}
GIVEN = [
    *((kind, "group", f"search_{kind}s_for_group") for kind in ("user", "client", "mapping_rule")),
    *((kind, "tenant", f"search_{kind}s_for_tenant") for kind in ("user", "client", "mapping_rule", "role")),
    ("group", "tenant", "search_group_ids_for_tenant"),
]
for kind, holder, search in GIVEN:
    key, member = MEMBERS[kind]
    into = f"py-{holder}"
    path = inspect.signature(getattr(client, f"assign_{kind}_to_{holder}")).parameters
    first = next(name for name in path)
    ids = (into, member) if first == f"{holder}_id" else (member, into)
    call(f"assign_{kind}_to_{holder}", *ids)
    found(search, into, has={key: member})
    call(f"unassign_{kind}_from_{holder}", *ids)
    assert found(search, into) == []
for kind in ("user", "client", "mapping_rule", "group"):
    key, member = MEMBERS[kind]
    call(f"assign_role_to_{kind}", "py-role", member)
    found(f"search_{kind}s_for_role", "py-role", has={key: member})
call("search_roles_for_group", "py-group", body={})
found("search_roles_for_group", "py-group", has={"roleId": "py-role"})
for kind in ("user", "client", "mapping_rule", "group"):
    call(f"unassign_role_from_{kind}", "py-role", MEMBERS[kind][1])

grant = {
    "ownerId": "py-role",
    "ownerType": "ROLE",
    "resourceId": "*",
    "resourceType": "PROCESS_DEFINITION",
    "permissionTypes": ["READ_PROCESS_DEFINITION"],
}
key = call("create_authorization", body=grant).authorization_key
call("update_authorization", key, body=grant | {"permissionTypes": ["READ_PROCESS_INSTANCE"]})
assert call("get_authorization", key).owner_id == "py-role"
property_based = {
    "ownerId": "py-role",
    "ownerType": "ROLE",
    "resourcePropertyName": "assignee",
    "resourceType": "USER_TASK",
    "permissionTypes": ["READ"],
}
by_property = call("create_authorization", body=property_based).authorization_key
narrowed = {"filter": {"ownerId": "py-role", "resourceIds": [], "resourcePropertyNames": []}}
found("search_authorizations", body=narrowed, has={"authorizationKey": key})
found("search_authorizations", body={"page": {"limit": 1000}}, has={"authorizationKey": by_property})

entries = found("search_audit_logs", body={"filter": {"entityType": "AUTHORIZATION", "relatedEntityKey": "py-role"}})
assert len(entries) == 3, entries
assert call("get_audit_log", entries[0]["auditLogKey"]).entity_type == "AUTHORIZATION"
found("search_audit_logs", body={"page": {"limit": 1000}})

refused(409, "create_group", body={"groupId": "py-group", "name": "Again"})
refused(403, "create_admin_user", body=user)
call("delete_authorization", key)
call("delete_authorization", by_property)
call("delete_mapping_rule", "py-rule")
for kind in ("tenant", "role", "group"):
    call(f"delete_{kind}", f"py-{kind}")
call("delete_user", "py-user")
refused(404, "get_user", "py-user")
print("done")
sys.exit(0)

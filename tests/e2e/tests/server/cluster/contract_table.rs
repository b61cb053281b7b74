//! Rows of [`contract`](super::contract).

/// Action of an operation and its entity kinds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Way {
    Public(&'static str),
    Open(&'static str),
    SetUp,
    OwnAuthorizations,
    Create(Kind),
    Search(Kind),
    Find(Kind),
    FindEntry,
    Update(Kind),
    Delete(Kind),
    /// Searches the members of a kind in a container.
    Members(Kind, Kind),
    Add(Kind, Kind),
    Remove(Kind, Kind),
}

/// Entity kind: its path, the name of its ID, and its resource type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    pub path: &'static str,
    pub id: &'static str,
    pub resource: &'static str,
}

impl Kind {
    const fn new(path: &'static str, id: &'static str, resource: &'static str) -> Self {
        Self { path, id, resource }
    }

    /// Returns the path segment below a container.
    pub fn below(self) -> &'static str {
        self.path.trim_start_matches("/v2/")
    }
}

impl Way {
    /// Returns the resource type of the required permission.
    pub fn resource(self) -> &'static str {
        match self {
            Self::Public(_) | Self::Open(_) => "",
            Self::SetUp => USER.resource,
            Self::OwnAuthorizations => AUTHORIZATION.resource,
            Self::FindEntry => AUDIT_LOG.resource,
            // Members of these kinds are returned with more than their IDs.
            Self::Members(_, kind) if [ROLE, MAPPING_RULE].contains(&kind) => kind.resource,
            Self::Create(kind) | Self::Search(kind) | Self::Find(kind) | Self::Update(kind) | Self::Delete(kind) => {
                kind.resource
            }
            Self::Members(holder, _) | Self::Add(holder, _) | Self::Remove(holder, _) => holder.resource,
        }
    }

    pub fn is_search(self) -> bool {
        matches!(self, Self::Search(_) | Self::Members(..) | Self::OwnAuthorizations)
    }
}

pub const USER: Kind = Kind::new("/v2/users", "username", "USER");
pub const CLIENT: Kind = Kind::new("/v2/clients", "clientId", "");
const GROUP: Kind = Kind::new("/v2/groups", "groupId", "GROUP");
const ROLE: Kind = Kind::new("/v2/roles", "roleId", "ROLE");
const TENANT: Kind = Kind::new("/v2/tenants", "tenantId", "TENANT");
pub const MAPPING_RULE: Kind = Kind::new("/v2/mapping-rules", "mappingRuleId", "MAPPING_RULE");
pub const AUTHORIZATION: Kind = Kind::new("/v2/authorizations", "authorizationKey", "AUTHORIZATION");
const AUDIT_LOG: Kind = Kind::new("/v2/audit-logs", "auditLogKey", "AUDIT_LOG");

use Way::{
    Add, Create, Delete, Find, FindEntry, Members, Open, OwnAuthorizations, Public, Remove, Search, SetUp, Update,
};

/// Combination that cannot occur.
const ___: u16 = 0;

/// Columns: no credentials, no grant, READ, all permissions on the type, missing entity, existing entity, invalid
/// input.
#[rustfmt::skip]
pub const TABLE: &[(&str, Way, [u16; 7])] = &[
    ("GET /v2/authentication/me", Open("/v2/authentication/me"), [401, 200, 200, 200, ___, ___, ___]),
    ("POST /v2/authentication/me/authorizations/search", OwnAuthorizations, [401, 200, 200, 200, ___, ___, 400]),
    ("POST /v2/setup/user", SetUp, [403, 403, 403, 403, ___, 403, 403]),
    ("GET /v2/license", Public("/v2/license"), [200, 200, 200, 200, ___, ___, ___]),
    ("GET /v2/status", Public("/v2/status"), [204, 204, 204, 204, ___, ___, ___]),
    ("GET /v2/topology", Open("/v2/topology"), [401, 200, 200, 200, ___, ___, ___]),
    ("GET /v2/system/configuration", Open("/v2/system/configuration"), [401, 200, 200, 200, ___, ___, ___]),
    ("POST /v2/users", Create(USER), [401, 403, 403, 201, ___, 409, 400]),
    ("POST /v2/users/search", Search(USER), [401, 200, 200, 200, ___, ___, 400]),
    ("GET /v2/users/{username}", Find(USER), [401, 403, 200, 200, 404, ___, 400]),
    ("PUT /v2/users/{username}", Update(USER), [401, 403, 403, 200, 404, ___, 400]),
    ("DELETE /v2/users/{username}", Delete(USER), [401, 403, 403, 204, 404, ___, 400]),
    ("POST /v2/groups", Create(GROUP), [401, 403, 403, 201, ___, 409, 400]),
    ("POST /v2/groups/search", Search(GROUP), [401, 200, 200, 200, ___, ___, 400]),
    ("GET /v2/groups/{groupId}", Find(GROUP), [401, 403, 200, 200, 404, ___, 400]),
    ("PUT /v2/groups/{groupId}", Update(GROUP), [401, 403, 403, 200, 404, ___, 400]),
    ("DELETE /v2/groups/{groupId}", Delete(GROUP), [401, 403, 403, 204, 404, ___, 400]),
    ("POST /v2/groups/{groupId}/clients/search", Members(GROUP, CLIENT), [401, 200, 200, 200, 200, ___, 400]),
    ("PUT /v2/groups/{groupId}/clients/{clientId}", Add(GROUP, CLIENT), [401, 403, 403, 204, 404, 409, 400]),
    ("DELETE /v2/groups/{groupId}/clients/{clientId}", Remove(GROUP, CLIENT), [401, 403, 403, 204, 404, ___, 400]),
    ("POST /v2/groups/{groupId}/mapping-rules/search", Members(GROUP, MAPPING_RULE), [401, 200, 200, 200, 200, ___, 400]),
    ("PUT /v2/groups/{groupId}/mapping-rules/{mappingRuleId}", Add(GROUP, MAPPING_RULE), [401, 403, 403, 204, 404, 409, 400]),
    ("DELETE /v2/groups/{groupId}/mapping-rules/{mappingRuleId}", Remove(GROUP, MAPPING_RULE), [401, 403, 403, 204, 404, ___, 400]),
    ("POST /v2/groups/{groupId}/roles/search", Members(GROUP, ROLE), [401, 200, 200, 200, 200, ___, 400]),
    ("POST /v2/groups/{groupId}/users/search", Members(GROUP, USER), [401, 200, 200, 200, 200, ___, 400]),
    ("PUT /v2/groups/{groupId}/users/{username}", Add(GROUP, USER), [401, 403, 403, 204, 404, 409, 400]),
    ("DELETE /v2/groups/{groupId}/users/{username}", Remove(GROUP, USER), [401, 403, 403, 204, 404, ___, 400]),
    ("POST /v2/roles", Create(ROLE), [401, 403, 403, 201, ___, 409, 400]),
    ("POST /v2/roles/search", Search(ROLE), [401, 200, 200, 200, ___, ___, 400]),
    ("GET /v2/roles/{roleId}", Find(ROLE), [401, 403, 200, 200, 404, ___, 400]),
    ("PUT /v2/roles/{roleId}", Update(ROLE), [401, 403, 403, 200, 404, ___, 400]),
    ("DELETE /v2/roles/{roleId}", Delete(ROLE), [401, 403, 403, 204, 404, ___, 400]),
    ("POST /v2/roles/{roleId}/clients/search", Members(ROLE, CLIENT), [401, 200, 200, 200, 200, ___, 400]),
    ("PUT /v2/roles/{roleId}/clients/{clientId}", Add(ROLE, CLIENT), [401, 403, 403, 204, 404, 409, 400]),
    ("DELETE /v2/roles/{roleId}/clients/{clientId}", Remove(ROLE, CLIENT), [401, 403, 403, 204, 404, ___, 400]),
    ("POST /v2/roles/{roleId}/groups/search", Members(ROLE, GROUP), [401, 200, 200, 200, 200, ___, 400]),
    ("PUT /v2/roles/{roleId}/groups/{groupId}", Add(ROLE, GROUP), [401, 403, 403, 204, 404, 409, 400]),
    ("DELETE /v2/roles/{roleId}/groups/{groupId}", Remove(ROLE, GROUP), [401, 403, 403, 204, 404, ___, 400]),
    ("POST /v2/roles/{roleId}/mapping-rules/search", Members(ROLE, MAPPING_RULE), [401, 200, 200, 200, 200, ___, 400]),
    ("PUT /v2/roles/{roleId}/mapping-rules/{mappingRuleId}", Add(ROLE, MAPPING_RULE), [401, 403, 403, 204, 404, 409, 400]),
    ("DELETE /v2/roles/{roleId}/mapping-rules/{mappingRuleId}", Remove(ROLE, MAPPING_RULE), [401, 403, 403, 204, 404, ___, 400]),
    ("POST /v2/roles/{roleId}/users/search", Members(ROLE, USER), [401, 200, 200, 200, 200, ___, 400]),
    ("PUT /v2/roles/{roleId}/users/{username}", Add(ROLE, USER), [401, 403, 403, 204, 404, 409, 400]),
    ("DELETE /v2/roles/{roleId}/users/{username}", Remove(ROLE, USER), [401, 403, 403, 204, 404, ___, 400]),
    ("POST /v2/tenants", Create(TENANT), [401, 403, 403, 201, ___, 409, 400]),
    ("POST /v2/tenants/search", Search(TENANT), [401, 200, 200, 200, ___, ___, 400]),
    ("GET /v2/tenants/{tenantId}", Find(TENANT), [401, 403, 200, 200, 404, ___, 400]),
    ("PUT /v2/tenants/{tenantId}", Update(TENANT), [401, 403, 403, 200, 404, ___, 400]),
    ("DELETE /v2/tenants/{tenantId}", Delete(TENANT), [401, 403, 403, 204, 404, ___, 400]),
    ("POST /v2/tenants/{tenantId}/clients/search", Members(TENANT, CLIENT), [401, 200, 200, 200, 200, ___, 400]),
    ("PUT /v2/tenants/{tenantId}/clients/{clientId}", Add(TENANT, CLIENT), [401, 403, 403, 204, 404, 409, 400]),
    ("DELETE /v2/tenants/{tenantId}/clients/{clientId}", Remove(TENANT, CLIENT), [401, 403, 403, 204, 404, ___, 400]),
    ("POST /v2/tenants/{tenantId}/groups/search", Members(TENANT, GROUP), [401, 200, 200, 200, 200, ___, 400]),
    ("PUT /v2/tenants/{tenantId}/groups/{groupId}", Add(TENANT, GROUP), [401, 403, 403, 204, 404, 409, 400]),
    ("DELETE /v2/tenants/{tenantId}/groups/{groupId}", Remove(TENANT, GROUP), [401, 403, 403, 204, 404, ___, 400]),
    ("POST /v2/tenants/{tenantId}/mapping-rules/search", Members(TENANT, MAPPING_RULE), [401, 200, 200, 200, 200, ___, 400]),
    ("PUT /v2/tenants/{tenantId}/mapping-rules/{mappingRuleId}", Add(TENANT, MAPPING_RULE), [401, 403, 403, 204, 404, 409, 400]),
    ("DELETE /v2/tenants/{tenantId}/mapping-rules/{mappingRuleId}", Remove(TENANT, MAPPING_RULE), [401, 403, 403, 204, 404, ___, 400]),
    ("POST /v2/tenants/{tenantId}/roles/search", Members(TENANT, ROLE), [401, 200, 200, 200, 200, ___, 400]),
    ("PUT /v2/tenants/{tenantId}/roles/{roleId}", Add(TENANT, ROLE), [401, 403, 403, 204, 404, 409, 400]),
    ("DELETE /v2/tenants/{tenantId}/roles/{roleId}", Remove(TENANT, ROLE), [401, 403, 403, 204, 404, ___, 400]),
    ("POST /v2/tenants/{tenantId}/users/search", Members(TENANT, USER), [401, 200, 200, 200, 200, ___, 400]),
    ("PUT /v2/tenants/{tenantId}/users/{username}", Add(TENANT, USER), [401, 403, 403, 204, 404, 409, 400]),
    ("DELETE /v2/tenants/{tenantId}/users/{username}", Remove(TENANT, USER), [401, 403, 403, 204, 404, ___, 400]),
    ("POST /v2/mapping-rules", Create(MAPPING_RULE), [401, 403, 403, 201, ___, 409, 400]),
    ("POST /v2/mapping-rules/search", Search(MAPPING_RULE), [401, 200, 200, 200, ___, ___, 400]),
    ("GET /v2/mapping-rules/{mappingRuleId}", Find(MAPPING_RULE), [401, 403, 200, 200, 404, ___, 400]),
    ("PUT /v2/mapping-rules/{mappingRuleId}", Update(MAPPING_RULE), [401, 403, 403, 200, 404, 409, 400]),
    ("DELETE /v2/mapping-rules/{mappingRuleId}", Delete(MAPPING_RULE), [401, 403, 403, 204, 404, ___, 400]),
    ("POST /v2/authorizations", Create(AUTHORIZATION), [401, 403, 403, 201, 404, 409, 400]),
    ("POST /v2/authorizations/search", Search(AUTHORIZATION), [401, 200, 200, 200, ___, ___, 400]),
    ("GET /v2/authorizations/{authorizationKey}", Find(AUTHORIZATION), [401, 403, 200, 200, 404, ___, 400]),
    ("PUT /v2/authorizations/{authorizationKey}", Update(AUTHORIZATION), [401, 403, 403, 204, 404, 409, 400]),
    ("DELETE /v2/authorizations/{authorizationKey}", Delete(AUTHORIZATION), [401, 403, 403, 204, 404, ___, 400]),
    ("POST /v2/audit-logs/search", Search(AUDIT_LOG), [401, 200, 200, 200, ___, ___, 400]),
    ("GET /v2/audit-logs/{auditLogKey}", FindEntry, [401, 403, 200, 200, 404, ___, 404]),
];

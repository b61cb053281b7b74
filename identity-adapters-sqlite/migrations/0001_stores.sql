-- The same tables and columns as on PostgreSQL. Times are RFC 3339 in UTC with six decimals, so that they sort as text.
-- Memberships and owners have no foreign keys: they may name users and clients that only an identity provider knows.

CREATE TABLE users (
    username TEXT NOT NULL PRIMARY KEY,
    name TEXT,
    email TEXT,
    password TEXT NOT NULL
) STRICT;

CREATE TABLE groups (
    group_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT NOT NULL
) STRICT;

CREATE TABLE roles (
    role_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT NOT NULL
) STRICT;

CREATE TABLE role_permissions (
    role_id TEXT NOT NULL REFERENCES roles (role_id) ON DELETE CASCADE,
    audience TEXT NOT NULL,
    definition TEXT NOT NULL
) STRICT;

-- Loading and replacing a role's permissions.
CREATE INDEX role_permissions_by_role ON role_permissions (role_id);

CREATE TABLE tenants (
    tenant_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT NOT NULL
) STRICT;

CREATE TABLE mapping_rules (
    mapping_rule_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    claim_name TEXT NOT NULL,
    operator TEXT NOT NULL,
    claim_value TEXT NOT NULL,
    kind TEXT NOT NULL
) STRICT;

CREATE TABLE memberships (
    container_type TEXT NOT NULL,
    container_id TEXT NOT NULL,
    member_type TEXT NOT NULL,
    member_id TEXT NOT NULL,
    PRIMARY KEY (container_type, container_id, member_type, member_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE authorizations (
    authorization_key INTEGER PRIMARY KEY,
    owner_type TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    resource_match TEXT NOT NULL,
    resource_value TEXT
) STRICT;

CREATE TABLE authorization_permissions (
    authorization_key INTEGER NOT NULL REFERENCES authorizations (authorization_key) ON DELETE CASCADE,
    permission TEXT NOT NULL,
    PRIMARY KEY (authorization_key, permission)
) STRICT, WITHOUT ROWID;

CREATE TABLE policy_revision (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL
) STRICT;

INSERT INTO policy_revision (id, revision) VALUES (1, 0);

CREATE TABLE change_log (
    revision INTEGER PRIMARY KEY,
    committed_at TEXT NOT NULL,
    changes TEXT NOT NULL CHECK (json_valid(changes))
) STRICT;

CREATE TABLE audit_log (
    audit_key INTEGER PRIMARY KEY AUTOINCREMENT,
    occurred_at TEXT NOT NULL,
    actor_type TEXT NOT NULL,
    actor_id TEXT,
    operation TEXT NOT NULL,
    entity_type TEXT NOT NULL,
    entity_key TEXT NOT NULL,
    related_type TEXT,
    related_key TEXT,
    result TEXT NOT NULL,
    reason TEXT,
    revision INTEGER,
    request_id TEXT
) STRICT;

-- The audit log's filters.
CREATE INDEX audit_log_by_actor ON audit_log (actor_id);
CREATE INDEX audit_log_by_entity ON audit_log (entity_key);

CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY,
    principal_type TEXT NOT NULL,
    principal_id TEXT NOT NULL,
    issuer TEXT,
    provider_session TEXT,
    created_at TEXT NOT NULL,
    last_active_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    sealed BLOB NOT NULL,
    version INTEGER NOT NULL
) STRICT;

-- Listing and ending somebody's sessions.
CREATE INDEX sessions_by_principal ON sessions (principal_id);
-- Back-channel logout.
CREATE INDEX sessions_by_provider_session ON sessions (provider_session);
-- Sweeping.
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

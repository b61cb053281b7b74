-- The same tables and columns as on SQLite.
-- Memberships and owners have no foreign keys: they may name users and clients that only an identity provider knows.

CREATE TABLE users (
    username TEXT NOT NULL PRIMARY KEY,
    name TEXT,
    email TEXT,
    password TEXT NOT NULL
);

CREATE TABLE groups (
    group_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT NOT NULL
);

CREATE TABLE roles (
    role_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT NOT NULL
);

CREATE TABLE role_permissions (
    role_id TEXT NOT NULL REFERENCES roles (role_id) ON DELETE CASCADE,
    audience TEXT NOT NULL,
    definition TEXT NOT NULL
);

-- Loading and replacing a role's permissions.
CREATE INDEX role_permissions_by_role ON role_permissions (role_id);

CREATE TABLE tenants (
    tenant_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT NOT NULL
);

CREATE TABLE mapping_rules (
    mapping_rule_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    claim_name TEXT NOT NULL,
    operator TEXT NOT NULL,
    claim_value TEXT NOT NULL,
    kind TEXT NOT NULL
);

CREATE TABLE memberships (
    container_type TEXT NOT NULL,
    container_id TEXT NOT NULL,
    member_type TEXT NOT NULL,
    member_id TEXT NOT NULL,
    PRIMARY KEY (container_type, container_id, member_type, member_id)
);

CREATE TABLE authorizations (
    authorization_key BIGINT PRIMARY KEY,
    owner_type TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    resource_match TEXT NOT NULL,
    resource_value TEXT
);

CREATE TABLE authorization_permissions (
    authorization_key BIGINT NOT NULL REFERENCES authorizations (authorization_key) ON DELETE CASCADE,
    permission TEXT NOT NULL,
    PRIMARY KEY (authorization_key, permission)
);

CREATE TABLE policy_revision (
    id SMALLINT PRIMARY KEY CHECK (id = 1),
    revision BIGINT NOT NULL
);

INSERT INTO policy_revision (id, revision) VALUES (1, 0);

CREATE TABLE change_log (
    revision BIGINT PRIMARY KEY,
    committed_at TIMESTAMPTZ NOT NULL,
    changes JSONB NOT NULL
);

CREATE TABLE audit_log (
    audit_key BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    occurred_at TIMESTAMPTZ NOT NULL,
    actor_type TEXT NOT NULL,
    actor_id TEXT,
    operation TEXT NOT NULL,
    entity_type TEXT NOT NULL,
    entity_key TEXT NOT NULL,
    related_type TEXT,
    related_key TEXT,
    result TEXT NOT NULL,
    reason TEXT,
    revision BIGINT,
    request_id TEXT
);

-- The audit log's filters. Hashed, because keys of refused attempts can be longer than a btree entry.
CREATE INDEX audit_log_by_actor ON audit_log USING hash (actor_id);
CREATE INDEX audit_log_by_entity ON audit_log USING hash (entity_key);

CREATE TABLE sessions (
    id BYTEA NOT NULL PRIMARY KEY,
    principal_type TEXT NOT NULL,
    principal_id TEXT NOT NULL,
    issuer TEXT,
    provider_session TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    last_active_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    sealed BYTEA NOT NULL,
    version BIGINT NOT NULL
);

-- Listing and ending somebody's sessions.
CREATE INDEX sessions_by_principal ON sessions (principal_id);
-- Back-channel logout. Hashed, because the provider chooses the length.
CREATE INDEX sessions_by_provider_session ON sessions USING hash (provider_session);
-- Sweeping.
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

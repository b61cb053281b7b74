-- The last policy document that was applied under each name.

CREATE TABLE applied_documents (
    name TEXT PRIMARY KEY,
    revision BIGINT NOT NULL,
    applied_at TIMESTAMPTZ NOT NULL,
    source TEXT,
    document TEXT NOT NULL
);

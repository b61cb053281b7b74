-- The last policy document that was applied under each name.

CREATE TABLE applied_documents (
    name TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    applied_at TEXT NOT NULL,
    source TEXT,
    document TEXT NOT NULL
) STRICT;

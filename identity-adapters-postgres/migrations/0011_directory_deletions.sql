-- Deletions in a directory of which nobody knows yet what came of them. There are as many as are under way or were interrupted.

CREATE TABLE directory_deletions (
    deletion_id TEXT NOT NULL PRIMARY KEY,
    party_type TEXT NOT NULL,
    party_id TEXT NOT NULL,
    directory_key TEXT NOT NULL,
    actor_type TEXT NOT NULL,
    actor_id TEXT,
    request_id TEXT,
    attempted_at TIMESTAMPTZ NOT NULL
);

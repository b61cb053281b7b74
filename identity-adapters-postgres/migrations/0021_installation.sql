-- The id of this installation: one row. A directory that it manages is marked with it.

CREATE TABLE installation (
    installation_id TEXT NOT NULL,
    only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1)
);

-- Moments before which tokens of a principal are not believed, as its rights were taken away since. A row per principal whose
-- rights changed within the lifetime of a token.

CREATE TABLE token_cutoffs (
    principal_type TEXT NOT NULL,
    principal_id TEXT NOT NULL,
    not_before TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (principal_type, principal_id)
);

-- What sign-in needs of sessions, and keys that count once: states of sign-ins, ids of logout tokens.

ALTER TABLE sessions ADD COLUMN subject TEXT;
ALTER TABLE sessions ADD COLUMN credential BLOB;
ALTER TABLE sessions ADD COLUMN user_agent TEXT;

-- Back-channel logout.
CREATE INDEX sessions_by_subject ON sessions (subject);
-- Listing everybody's sessions.
CREATE INDEX sessions_by_creation ON sessions (created_at DESC, id);

CREATE TABLE used_keys (
    key BLOB NOT NULL PRIMARY KEY,
    expires_at TEXT NOT NULL
) STRICT;

-- Sweeping.
CREATE INDEX used_keys_by_expiry ON used_keys (expires_at);

-- Encrypted claims of the last token or sign-in of each principal.

CREATE TABLE last_sign_ins (
    principal_type TEXT NOT NULL,
    principal_id TEXT NOT NULL,
    signed_in_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (principal_type, principal_id)
) STRICT;

-- Sweeping.
CREATE INDEX last_sign_ins_by_expiry ON last_sign_ins (expires_at);

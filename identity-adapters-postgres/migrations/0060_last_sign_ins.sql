-- Encrypted claims of the last token or sign-in of each principal.

CREATE TABLE last_sign_ins (
    principal_type TEXT NOT NULL,
    principal_id TEXT NOT NULL,
    signed_in_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (principal_type, principal_id)
);

-- Sweeping.
CREATE INDEX last_sign_ins_by_expiry ON last_sign_ins (expires_at);

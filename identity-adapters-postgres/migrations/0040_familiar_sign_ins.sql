-- At which addresses users have signed in, as digests.

CREATE TABLE familiar_sign_ins (
    pair BYTEA NOT NULL PRIMARY KEY,
    expires_at TIMESTAMPTZ NOT NULL
);

-- Reading the latest, and sweeping.
CREATE INDEX familiar_sign_ins_by_expiry ON familiar_sign_ins (expires_at);

-- The issuer whose tokens a mapping rule looks at, and the issuer that authenticated the actor of an audit entry. None: any.

ALTER TABLE mapping_rules ADD COLUMN issuer TEXT;

ALTER TABLE audit_log ADD COLUMN actor_issuer TEXT;

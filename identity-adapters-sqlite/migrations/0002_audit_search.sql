-- Searches of the audit log, newest first. Each index ends in the result, because most readers leave denials out and want the
-- exact number of the rest: it is counted without reading the entries.

-- WHERE occurred_at <= ? ORDER BY occurred_at DESC, audit_key: all entries, those of some time, the next page.
CREATE INDEX audit_log_by_time ON audit_log (occurred_at DESC, audit_key, result);

-- WHERE actor_id = ? ORDER BY occurred_at DESC, audit_key: what somebody did.
DROP INDEX audit_log_by_actor;
CREATE INDEX audit_log_by_actor ON audit_log (actor_id, occurred_at DESC, audit_key, result);

-- WHERE entity_key = ? ORDER BY occurred_at DESC, audit_key: what was done to something.
DROP INDEX audit_log_by_entity;
CREATE INDEX audit_log_by_entity ON audit_log (entity_key, occurred_at DESC, audit_key, result);

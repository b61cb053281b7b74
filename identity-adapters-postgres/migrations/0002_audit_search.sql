-- Searches of the audit log, newest first.

-- WHERE occurred_at <= $1 ORDER BY occurred_at DESC, audit_key: all entries, those of some time, the next page.
CREATE INDEX audit_log_by_time ON audit_log (occurred_at DESC, audit_key);

-- WHERE actor_id = $1 ORDER BY occurred_at DESC, audit_key: what somebody did. With the result, because most readers leave
-- denials out and want the exact number of the rest. Ids of actors are short enough for a btree.
DROP INDEX audit_log_by_actor;
CREATE INDEX audit_log_by_actor ON audit_log (actor_id, occurred_at DESC, audit_key) INCLUDE (result);

-- WHERE entity_key = $1: what was done to something, is served by the hashed audit_log_by_entity. Keys of refused attempts can
-- be too long for a btree, and what happened to one thing is sorted fast.

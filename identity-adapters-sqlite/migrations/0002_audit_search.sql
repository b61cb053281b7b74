-- Searches of the audit log by time, newest first, and by the range of a time.
CREATE INDEX audit_log_by_time ON audit_log (occurred_at DESC, audit_key);

-- Changed fields of the entity of an audit entry, as JSON text. None: no field changed, or an older server wrote the entry.

ALTER TABLE audit_log ADD COLUMN changes TEXT;

-- Resource types of the operator's own, and conditions of authorizations on them. Lists and conditions are JSON: nothing looks
-- into them but the server that has loaded them.

CREATE TABLE resource_types (
    resource_type TEXT NOT NULL PRIMARY KEY,
    permissions TEXT NOT NULL,
    properties TEXT NOT NULL
) STRICT;

ALTER TABLE authorizations ADD COLUMN condition TEXT;

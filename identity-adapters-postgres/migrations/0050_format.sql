-- Format of the policy data. A server that reads only older formats stops deciding (docs/adr/0021-format-of-the-data.md).

ALTER TABLE policy_revision ADD COLUMN format BIGINT NOT NULL DEFAULT 1;

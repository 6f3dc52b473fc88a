-- name: registry_version
-- index: tenant
SELECT registry_version FROM slowwave.tenant WHERE tenant_id = $1

-- The lock of the tenant's slots.
-- name: registry_lock
-- index: tenant
SELECT registry_version FROM slowwave.tenant WHERE tenant_id = $1 FOR UPDATE

-- name: registry_bump
-- index: tenant
UPDATE slowwave.tenant SET registry_version = registry_version + 1 WHERE tenant_id = $1

-- name: slot_list
-- index: slot
SELECT pattern, category, value_type, many, temporal, aliases, description
FROM slowwave.slot WHERE tenant_id = $1 ORDER BY pattern

-- name: slot_put
-- index: slot
INSERT INTO slowwave.slot(tenant_id, pattern, category, value_type, many, temporal, aliases, description)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (tenant_id, pattern) DO UPDATE SET category = excluded.category, value_type = excluded.value_type,
  many = excluded.many, temporal = excluded.temporal, aliases = excluded.aliases, description = excluded.description

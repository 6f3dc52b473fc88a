-- name: registry_version
-- index: tenant
SELECT registry_version FROM tenant WHERE tenant_id = ?1;

-- name: registry_bump
-- index: tenant
INSERT INTO tenant(tenant_id, registry_version) VALUES (?1, 1)
ON CONFLICT(tenant_id) DO UPDATE SET registry_version = registry_version + 1;

-- name: slot_list
-- index: slot
SELECT pattern, category, value_type, many, temporal, aliases, description
FROM slot WHERE tenant_id = ?1 ORDER BY pattern;

-- name: slot_get
-- index: slot
SELECT pattern, category, value_type, many, temporal, aliases, description
FROM slot WHERE tenant_id = ?1 AND pattern = ?2;

-- name: slot_put
-- index: slot
INSERT OR REPLACE INTO slot(tenant_id, pattern, category, value_type, many, temporal, aliases, description)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);

-- Spreads the tables over the nodes of a Citus cluster, by tenant. Run it on the coordinator and as the owner of the
-- tables, after `CREATE EXTENSION citus` and `slowwave migrate up`, and again after an upgrade: what is spread already
-- stays as it is. Best while the tables are empty (what they hold is moved, and nobody can write meanwhile). roles.sql
-- works before it and after it.
--
-- A tenant's rows of all tables lie on one node, so that whatever names its tenant runs there, as on one server.
-- schema_migration stays on the coordinator, where daemons connect. More shards than nodes are of no use but to nodes
-- that are still to come, and looking for tenants with work asks each of them; alter_distributed_table() makes more.
SELECT create_distributed_table('slowwave.tenant', 'tenant_id', shard_count => 4)
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = 'slowwave.tenant'::regclass);
SELECT create_distributed_table(format('slowwave.%I', name)::regclass, 'tenant_id', colocate_with => 'slowwave.tenant')
FROM unnest(ARRAY['slot', 'user_state', 'trig', 'episode', 'erased', 'pending', 'review', 'task', 'plan', 'request',
                  'assertion', 'fact', 'quarantine', 'run', 'exchange', 'budget']) AS name
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = format('slowwave.%I', name)::regclass);

-- What the ingester's checkpoint vouches for has to survive a failure of the machine as the checkpoint does: the parts of
-- inserts, and those of merges and mutations, which take the place of durable ones. The embedded engine removes these
-- within half a minute, or at its next start (its old_parts_lifetime is 0).
ALTER TABLE tollgate.usage MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

ALTER TABLE tollgate.usage_hourly MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

ALTER TABLE tollgate.store_facts MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

ALTER TABLE tollgate.schema_migrations MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

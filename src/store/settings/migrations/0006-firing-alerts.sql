-- An event of status resolved has no resolved_at_ms of its own: by the fingerprint alone, each resolution looked through
-- all those before it.
DROP INDEX alert_events_by_fingerprint;

CREATE INDEX alert_events_by_fingerprint ON alert_events (fingerprint, status, resolved_at_ms, at_ms);

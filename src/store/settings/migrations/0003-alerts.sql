-- What follows from the journal's entries, and who was told. An event, the state of what made it and the place in the
-- journal are written in one transaction.

CREATE TABLE alert_state (
  part TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

-- told: 0 for what was over before anybody had asked to be told.
CREATE TABLE alert_events (
  id TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  status TEXT NOT NULL,
  type TEXT NOT NULL,
  severity TEXT NOT NULL,
  at_ms BIGINT NOT NULL,
  labels TEXT NOT NULL,
  facts TEXT NOT NULL,
  told INTEGER NOT NULL,
  resolved_at_ms BIGINT,
  resolved_by TEXT
);

CREATE INDEX alert_events_by_time ON alert_events (at_ms, id);

CREATE INDEX alert_events_by_fingerprint ON alert_events (fingerprint, resolved_at_ms);

CREATE INDEX alert_events_by_resolution ON alert_events (resolved_by);

CREATE TABLE alert_labels (
  event_id TEXT NOT NULL REFERENCES alert_events (id),
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (event_id, name)
);

-- The outbox. place: the order in which a receiver is told.
CREATE TABLE notifications (
  id TEXT PRIMARY KEY,
  place BIGINT NOT NULL UNIQUE,
  receiver TEXT NOT NULL,
  state TEXT NOT NULL,
  body TEXT NOT NULL,
  made_at_ms BIGINT NOT NULL,
  next_try_at_ms BIGINT NOT NULL,
  give_up_at_ms BIGINT NOT NULL,
  tries INTEGER NOT NULL,
  ended_at_ms BIGINT
);

CREATE INDEX notifications_to_send ON notifications (state, receiver, place);

CREATE TABLE notification_events (
  notification_id TEXT NOT NULL REFERENCES notifications (id),
  event_id TEXT NOT NULL,
  PRIMARY KEY (notification_id, event_id)
);

CREATE INDEX notification_events_by_event ON notification_events (event_id);

CREATE TABLE attempts (
  notification_id TEXT NOT NULL REFERENCES notifications (id),
  number INTEGER NOT NULL,
  started_at_ms BIGINT NOT NULL,
  duration_ms INTEGER NOT NULL,
  ok INTEGER NOT NULL,
  status INTEGER,
  detail TEXT NOT NULL,
  PRIMARY KEY (notification_id, number)
);

CREATE TABLE silences (
  id TEXT PRIMARY KEY,
  match TEXT NOT NULL,
  starts_at_ms BIGINT NOT NULL,
  ends_at_ms BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  comment TEXT NOT NULL,
  created_at_ms BIGINT NOT NULL
);

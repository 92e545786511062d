-- Costs metered elsewhere that are in the ledger: what tells a redelivery from a new one. An index of the journal, from
-- which it can be made again; external_events_read says up to which of its segments that has been done.

CREATE TABLE external_events (
  call_id TEXT PRIMARY KEY,
  source TEXT NOT NULL,
  event_id TEXT NOT NULL,
  amount_usd TEXT NOT NULL,
  recorded_at_ms BIGINT NOT NULL
);

CREATE TABLE external_events_read (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  segment TEXT NOT NULL
);

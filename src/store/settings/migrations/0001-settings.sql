-- Runs on SQLite and on PostgreSQL alike: plain types, JSON as text, instants as milliseconds.

CREATE TABLE instance (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  id TEXT NOT NULL,
  prompt_hash_secret TEXT NOT NULL,
  created_at_ms BIGINT NOT NULL
);

CREATE TABLE virtual_keys (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  department TEXT NOT NULL,
  project TEXT NOT NULL,
  cost_center TEXT NOT NULL,
  user_id TEXT NOT NULL,
  session_id TEXT NOT NULL,
  feature_flag TEXT NOT NULL,
  request_path TEXT NOT NULL,
  tags TEXT NOT NULL,
  may_override TEXT NOT NULL,
  models TEXT,
  expires_at_ms BIGINT,
  created_at_ms BIGINT NOT NULL,
  revoked_at_ms BIGINT
);

-- A key has several secrets while a rotation's grace lasts.
CREATE TABLE key_secrets (
  sha256 TEXT PRIMARY KEY,
  key_id TEXT NOT NULL REFERENCES virtual_keys (id),
  prefix TEXT NOT NULL,
  number INTEGER NOT NULL,
  created_at_ms BIGINT NOT NULL,
  expires_at_ms BIGINT,
  UNIQUE (key_id, number)
);

CREATE TABLE admin_tokens (
  sha256 TEXT PRIMARY KEY,
  created_at_ms BIGINT NOT NULL
);

-- One row per settled call. journal_id, journal_block and journal_entry say which line of which journal it came from.
--
-- The key is the hour, by which everything is restricted, then the order in which rows arrive: parts then follow each
-- other instead of interleaving, so a merge copies long runs and costs a third of what it costs in the order of
-- department and project. Call ids sort by time, so the smallest and largest of a granule are filter enough. Small
-- parts, of which most are merged soon, are kept in one file each: half the work again.
CREATE TABLE IF NOT EXISTS tollgate.usage
(
    timestamp DateTime64(3, 'UTC'),
    ended_at DateTime64(3, 'UTC'),
    call_id String,
    request_id String,
    department LowCardinality(String),
    project LowCardinality(String),
    cost_center LowCardinality(String),
    user_id String,
    session_id String,
    feature_flag LowCardinality(String),
    request_path String,
    tags Map(LowCardinality(String), String),
    api_key_id LowCardinality(String),
    provider LowCardinality(String),
    upstream LowCardinality(String),
    model LowCardinality(String),
    model_requested LowCardinality(String),
    model_served LowCardinality(String),
    endpoint LowCardinality(String),
    stream Bool,
    outcome LowCardinality(String),
    status_code UInt16,
    error Bool,
    error_code LowCardinality(String),
    error_message String,
    input_tokens UInt64,
    cached_input_tokens UInt64,
    cache_write_tokens UInt64,
    cache_write_5m_tokens UInt64,
    cache_write_1h_tokens UInt64,
    output_tokens UInt64,
    reasoning_tokens UInt64,
    input_audio_tokens UInt64,
    output_audio_tokens UInt64,
    input_image_tokens UInt64,
    output_image_tokens UInt64,
    total_tokens UInt64,
    units Map(LowCardinality(String), Float64),
    cost_usd Decimal(38, 12),
    cost_input_usd Decimal(38, 12),
    cost_cached_input_usd Decimal(38, 12),
    cost_cache_write_usd Decimal(38, 12),
    cost_output_usd Decimal(38, 12),
    cost_other_usd Decimal(38, 12),
    provider_stated_cost_usd Nullable(Decimal(38, 12)),
    billing_currency LowCardinality(String),
    billing_amount Decimal(38, 12),
    price_version LowCardinality(String),
    unpriced Bool,
    usage_source LowCardinality(String),
    marks Array(LowCardinality(String)),
    latency_ms Float64,
    time_to_first_token_ms Nullable(Float64),
    overhead_ms Float64,
    attempts String,
    retries UInt16,
    cache_hit Bool,
    prompt_hash String,
    journal_id LowCardinality(String),
    journal_block UInt64,
    journal_entry UInt32,
    INDEX timestamp_range timestamp TYPE minmax GRANULARITY 1,
    INDEX call_id_range call_id TYPE minmax GRANULARITY 1,
    INDEX request_id_filter request_id TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX journal_block_range journal_block TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (toStartOfHour(timestamp), journal_id, journal_block, journal_entry)
SETTINGS non_replicated_deduplication_window = 1000, min_bytes_for_wide_part = 134217728;

-- Sums by the hour, kept when the rows above are gone. Only fields with a bounded number of values. Sums, a mean and a
-- t-digest are states that merge; journal_block is the newest block of the journal that a row holds.
CREATE TABLE IF NOT EXISTS tollgate.usage_hourly
(
    hour DateTime('UTC'),
    department LowCardinality(String),
    project LowCardinality(String),
    cost_center LowCardinality(String),
    feature_flag LowCardinality(String),
    api_key_id LowCardinality(String),
    provider LowCardinality(String),
    upstream LowCardinality(String),
    model LowCardinality(String),
    endpoint LowCardinality(String),
    outcome LowCardinality(String),
    status_code UInt16,
    usage_source LowCardinality(String),
    billing_currency LowCardinality(String),
    journal_id LowCardinality(String),
    requests SimpleAggregateFunction(sum, UInt64),
    errors SimpleAggregateFunction(sum, UInt64),
    unpriced_requests SimpleAggregateFunction(sum, UInt64),
    input_tokens SimpleAggregateFunction(sum, UInt64),
    cached_input_tokens SimpleAggregateFunction(sum, UInt64),
    cache_write_tokens SimpleAggregateFunction(sum, UInt64),
    cache_write_5m_tokens SimpleAggregateFunction(sum, UInt64),
    cache_write_1h_tokens SimpleAggregateFunction(sum, UInt64),
    output_tokens SimpleAggregateFunction(sum, UInt64),
    reasoning_tokens SimpleAggregateFunction(sum, UInt64),
    input_audio_tokens SimpleAggregateFunction(sum, UInt64),
    output_audio_tokens SimpleAggregateFunction(sum, UInt64),
    input_image_tokens SimpleAggregateFunction(sum, UInt64),
    output_image_tokens SimpleAggregateFunction(sum, UInt64),
    total_tokens SimpleAggregateFunction(sum, UInt64),
    cost_usd SimpleAggregateFunction(sum, Decimal(38, 12)),
    cost_input_usd SimpleAggregateFunction(sum, Decimal(38, 12)),
    cost_cached_input_usd SimpleAggregateFunction(sum, Decimal(38, 12)),
    cost_cache_write_usd SimpleAggregateFunction(sum, Decimal(38, 12)),
    cost_output_usd SimpleAggregateFunction(sum, Decimal(38, 12)),
    cost_other_usd SimpleAggregateFunction(sum, Decimal(38, 12)),
    billing_amount SimpleAggregateFunction(sum, Decimal(38, 12)),
    latency_mean AggregateFunction(avg, Float64),
    latency_quantiles AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), Float64),
    journal_block SimpleAggregateFunction(max, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (hour, department, project, cost_center, feature_flag, api_key_id, provider, upstream, model, endpoint, outcome, status_code, usage_source, billing_currency, journal_id)
SETTINGS non_replicated_deduplication_window = 1000;

-- Where rows enter. These tables keep nothing: usage_intake feeds both tables above, hourly_intake only the roll-up,
-- and usage itself can be written alone, so that either half of an interrupted insert can be made good by itself.
-- Their columns have the types in which the ingester writes them.
CREATE TABLE IF NOT EXISTS tollgate.usage_intake
(
    timestamp DateTime64(3, 'UTC'),
    ended_at DateTime64(3, 'UTC'),
    call_id String,
    request_id String,
    department LowCardinality(String),
    project LowCardinality(String),
    cost_center LowCardinality(String),
    user_id String,
    session_id String,
    feature_flag LowCardinality(String),
    request_path String,
    tags Map(String, String),
    api_key_id LowCardinality(String),
    provider LowCardinality(String),
    upstream LowCardinality(String),
    model LowCardinality(String),
    model_requested LowCardinality(String),
    model_served LowCardinality(String),
    endpoint LowCardinality(String),
    stream Bool,
    outcome LowCardinality(String),
    status_code UInt16,
    error Bool,
    error_code LowCardinality(String),
    error_message String,
    input_tokens UInt64,
    cached_input_tokens UInt64,
    cache_write_tokens UInt64,
    cache_write_5m_tokens UInt64,
    cache_write_1h_tokens UInt64,
    output_tokens UInt64,
    reasoning_tokens UInt64,
    input_audio_tokens UInt64,
    output_audio_tokens UInt64,
    input_image_tokens UInt64,
    output_image_tokens UInt64,
    total_tokens UInt64,
    units Map(String, Float64),
    cost_usd Decimal(38, 12),
    cost_input_usd Decimal(38, 12),
    cost_cached_input_usd Decimal(38, 12),
    cost_cache_write_usd Decimal(38, 12),
    cost_output_usd Decimal(38, 12),
    cost_other_usd Decimal(38, 12),
    provider_stated_cost_usd Nullable(Decimal(38, 12)),
    billing_currency LowCardinality(String),
    billing_amount Decimal(38, 12),
    price_version LowCardinality(String),
    unpriced Bool,
    usage_source LowCardinality(String),
    marks Array(String),
    latency_ms Float64,
    time_to_first_token_ms Nullable(Float64),
    overhead_ms Float64,
    attempts String,
    retries UInt16,
    cache_hit Bool,
    prompt_hash String,
    journal_id LowCardinality(String),
    journal_block UInt64,
    journal_entry UInt32
)
ENGINE = Null;

CREATE TABLE IF NOT EXISTS tollgate.hourly_intake AS tollgate.usage_intake ENGINE = Null;

CREATE MATERIALIZED VIEW IF NOT EXISTS tollgate.hourly_from_intake TO tollgate.usage_hourly AS
SELECT
    toStartOfHour(u.timestamp) AS hour,
    u.department AS department,
    u.project AS project,
    u.cost_center AS cost_center,
    u.feature_flag AS feature_flag,
    u.api_key_id AS api_key_id,
    u.provider AS provider,
    u.upstream AS upstream,
    u.model AS model,
    u.endpoint AS endpoint,
    u.outcome AS outcome,
    u.status_code AS status_code,
    u.usage_source AS usage_source,
    u.billing_currency AS billing_currency,
    u.journal_id AS journal_id,
    count() AS requests,
    countIf(u.error) AS errors,
    countIf(u.unpriced) AS unpriced_requests,
    sum(u.input_tokens) AS input_tokens,
    sum(u.cached_input_tokens) AS cached_input_tokens,
    sum(u.cache_write_tokens) AS cache_write_tokens,
    sum(u.cache_write_5m_tokens) AS cache_write_5m_tokens,
    sum(u.cache_write_1h_tokens) AS cache_write_1h_tokens,
    sum(u.output_tokens) AS output_tokens,
    sum(u.reasoning_tokens) AS reasoning_tokens,
    sum(u.input_audio_tokens) AS input_audio_tokens,
    sum(u.output_audio_tokens) AS output_audio_tokens,
    sum(u.input_image_tokens) AS input_image_tokens,
    sum(u.output_image_tokens) AS output_image_tokens,
    sum(u.total_tokens) AS total_tokens,
    sum(u.cost_usd) AS cost_usd,
    sum(u.cost_input_usd) AS cost_input_usd,
    sum(u.cost_cached_input_usd) AS cost_cached_input_usd,
    sum(u.cost_cache_write_usd) AS cost_cache_write_usd,
    sum(u.cost_output_usd) AS cost_output_usd,
    sum(u.cost_other_usd) AS cost_other_usd,
    sum(u.billing_amount) AS billing_amount,
    avgState(u.latency_ms) AS latency_mean,
    quantilesTDigestState(0.5, 0.95, 0.99)(u.latency_ms) AS latency_quantiles,
    max(u.journal_block) AS journal_block
FROM tollgate.hourly_intake AS u
GROUP BY hour, department, project, cost_center, feature_flag, api_key_id, provider, upstream, model, endpoint, outcome, status_code, usage_source, billing_currency, journal_id;

CREATE MATERIALIZED VIEW IF NOT EXISTS tollgate.usage_from_intake TO tollgate.usage AS
SELECT * FROM tollgate.usage_intake;

CREATE MATERIALIZED VIEW IF NOT EXISTS tollgate.usage_to_hourly TO tollgate.hourly_intake AS
SELECT * FROM tollgate.usage_intake;

-- Facts about the store itself.
CREATE TABLE IF NOT EXISTS tollgate.store_facts
(
    name String,
    value String,
    written_at DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree(written_at)
ORDER BY name;

INSERT INTO tollgate.store_facts (name, value)
SELECT 'store_id', toString(generateUUIDv4()) WHERE (SELECT count() FROM tollgate.store_facts WHERE name = 'store_id') = 0;

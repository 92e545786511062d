-- Nor is it that of background jobs and batches, which last until somebody fetches their results. No row enters meanwhile, since
-- whoever ingests has the schema brought up to date first.
DROP VIEW IF EXISTS tollgate.hourly_from_intake;

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
    avgStateIf(u.latency_ms, NOT hasAny(u.marks, ['external', 'background_job', 'batch'])) AS latency_mean,
    quantilesTDigestStateIf(0.5, 0.95, 0.99)(u.latency_ms, NOT hasAny(u.marks, ['external', 'background_job', 'batch'])) AS latency_quantiles,
    max(u.journal_block) AS journal_block
FROM tollgate.hourly_intake AS u
GROUP BY hour, department, project, cost_center, feature_flag, api_key_id, provider, upstream, model, endpoint, outcome, status_code, usage_source, billing_currency, journal_id;

import { z } from 'zod'
import { payerFields } from '#core/attribution/payer.ts'
import { maxTags } from '#core/attribution/tags.ts'
import { serviceTiers } from '#core/pricing/catalog.ts'
import { overrideRateNames } from '#core/pricing/overrides.ts'
import { budget } from './budget-schema.ts'
import { says } from './faults.ts'
import { metrics } from './metrics-schema.ts'
import * as is from './scalars.ts'
import { each, list, mappingOf, shape } from './shapes.ts'
import { telemetry } from './telemetry-schema.ts'

/*
 * The configuration file as it is written. One schema for each top-level setting, so that the faults of one do not
 * hide those of another.
 */

const providerKinds = ['openai', 'anthropic', 'google', 'deepseek', 'openai-compatible', 'simulated'] as const

const day = 24 * 60 * 60 * 1000

const provider = shape({
  name: is.name(),
  kind: is.oneOf(providerKinds),
  base_url: is.httpUrl().optional(),
  api_key: is.word('the key that the provider issued', 4096).optional(),
  models: list(is.glob(), 'model patterns', 1).optional(),
  timeout_ms: shape({
    connect: is.wholeNumber(1, day).optional(),
    first_byte: is.wholeNumber(1, day).optional(),
    idle: is.wholeNumber(1, day).optional(),
  }).optional(),
  retries: shape({
    max: is.wholeNumber(0, 10).optional(),
    base_ms: is.wholeNumber(1, 60_000).optional(),
  }).optional(),
  billing: shape({
    currency: is.currency().optional(),
    discount_percent: is.decimal('a percentage from 0 to 100', { most: 100 }).optional(),
    discounts: list(
      shape({ since: is.instant(), percent: is.decimal('a percentage from 0 to 100', { most: 100 }) }),
      'discounts: {since, percent}',
    ).optional(),
  }).optional(),
  keep_metadata: is.trueOrFalse().optional(),
  ask_stream_usage: is.trueOrFalse().optional(),
  max_connections: is.wholeNumber(1, 100_000).optional(),
})

const alias = shape({ name: is.glob(), target: is.glob() })

const attributionText = is.word('text of at most 256 characters')
const attribution = shape({
  ...each(payerFields, attributionText.optional()),
  tags: mappingOf(is.tagName(), attributionText, 'a mapping of tag to text; no quotation mark or backslash in a tag')
    .refine(
      (tags) => Object.keys(tags).length <= maxTags,
      says('has too many tags', `at most ${maxTags}, as a call may set`),
    )
    .optional(),
})

const key = shape({
  name: is.name(),
  key: is.word('the secret that callers send', 4096).optional(),
  key_sha256: is.sha256Hex().optional(),
  attribution: attribution.optional(),
  may_override: list(is.oneOf([...payerFields, 'tags'] as const), 'attribution fields').optional(),
  models: list(is.glob(), 'model patterns', 1).optional(),
  may_bill: is.trueOrFalse().optional(),
  expires: is.instant().optional(),
})

const jwtAlgorithms = [
  ...['HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
] as const

const jwt = shape({
  header: is.word('the name of a header').optional(),
  jwks_url: is.httpUrl().optional(),
  jwks_file: is.word('the path of a file').optional(),
  secret: is.word('the shared secret', 4096).optional(),
  issuer: is.word('the issuer that tokens must name').optional(),
  audience: is.word('the audience that tokens must name').optional(),
  algorithms: list(is.oneOf(jwtAlgorithms), 'signature algorithms', 1).optional(),
  claims: z.record(z.string(), is.oneOf(payerFields), {
    error: () => says('is not a mapping', 'a mapping of claim to attribution field'),
  }),
  required: is.trueOrFalse().optional(),
})

const rate = is.decimal('a decimal number such as "8.00"')
const price = shape({
  provider: is.name(),
  model: is.glob(),
  from: is.instant(),
  tier: is.oneOf(serviceTiers).optional(),
  currency: is.currency().optional(),
  ...each(overrideRateNames, rate.optional()),
})

const exchangeRate = shape({
  from: is.currency(),
  to: is.currency(),
  rate: is.decimal('a decimal number above 0', { above: true }),
  since: is.instant(),
})

/** Usage that is metered elsewhere and arrives at `POST /webhook/{source}`. */
const incoming = shape({
  source: is.slug(),
  secret: is.word('the shared secret of the signature', 4096).optional(),
  attribution: attribution.optional(),
})

/** Settings that stand once, each with its schema. */
export const singles = {
  listen: is.listenAddress().optional(),
  data_dir: is.word('the path of a folder', 4096).optional(),
  cost_source: is.oneOf(['computed', 'provider'] as const).optional(),
  unpriced: is.oneOf(['allow', 'block'] as const).optional(),
  drain_ms: is.wholeNumber(0, day).optional(),
  jwt: jwt.optional(),
  fiscal_month_start: is.wholeNumber(1, 28).optional(),
  budgets_refusal_status: is.oneOf(['402', '429'] as const).optional(),
  budgets_hold_wait_ms: is.wholeNumber(0, 10 * 60 * 1000).optional(),
  journal: shape({
    fsync: is.oneOf(['group', 'each', 'none'] as const).optional(),
    group_ms: is.wholeNumber(1, 1_000).optional(),
    segment_bytes: is.wholeNumber(64 * 1024, 4 * 1024 ** 3).optional(),
    min_free_bytes: is.wholeNumber(0, 2 ** 50).optional(),
  }).optional(),
  limits: shape({
    request_body_bytes: is.wholeNumber(1024, 2 * 1024 ** 3).optional(),
    held_requests_bytes: is.wholeNumber(1024 ** 2, 1024 ** 4).optional(),
    held_answers_bytes: is.wholeNumber(1024 ** 2, 1024 ** 4).optional(),
    answer_body_bytes: is.wholeNumber(1024, 2 * 1024 ** 3).optional(),
    connections: is.wholeNumber(1, 1_000_000).optional(),
    write_timeout_ms: is.wholeNumber(100, 86_400_000).optional(),
    read_after_disconnect_ms: is.wholeNumber(0, day).optional(),
    read_after_disconnect_bytes: is.wholeNumber(0, 2 * 1024 ** 3).optional(),
  }).optional(),
  metrics: metrics.optional(),
  store: shape({ clickhouse_url: is.clickhouseUrl().optional() }).optional(),
  retention: shape({
    records_days: is.wholeNumber(1, 36_500).optional(),
    journal_days: is.wholeNumber(1, 36_500).optional(),
  }).optional(),
  telemetry: telemetry.optional(),
  log: shape({
    level: is.oneOf(['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const).optional(),
    format: is.oneOf(['json', 'pretty'] as const).optional(),
  }).optional(),
}

/** Settings that are lists, with the schema of one entry: entries are checked one by one. */
export const lists = {
  providers: provider,
  aliases: alias,
  keys: key,
  prices: price,
  exchange_rates: exchangeRate,
  budgets: budget,
  incoming,
}

export type ProviderEntry = z.output<typeof provider>
export type AliasEntry = z.output<typeof alias>
export type KeyEntry = z.output<typeof key>
export type JwtEntry = z.output<typeof jwt>
export type PriceEntry = z.output<typeof price>
export type ExchangeRateEntry = z.output<typeof exchangeRate>
export type IncomingEntry = z.output<typeof incoming>
export type AttributionEntry = z.output<typeof attribution>
export type Singles = { readonly [K in keyof typeof singles]: z.output<(typeof singles)[K]> }

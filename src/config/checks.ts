import { globMatcher, isLiteral } from '#lib/glob.ts'
import { sha256Hex } from '#lib/secret.ts'
import { checkAlerts } from './check-alerts.ts'
import { checkBudgets } from './check-budgets.ts'
import { defaultPort, kindDefaults } from './defaults.ts'
import type { Entries, Report } from './entries.ts'
import type { JwtEntry, ProviderEntry } from './file-schema.ts'
import { repeated, uniqueNames } from './repeated.ts'

/**
 * What no single value shows: names given twice, references to nothing, aliases in a circle, prices that contradict
 * each other, settings that exclude each other. Looks only at entries that are right in themselves.
 */
export function crossCheck(entries: Entries, report: Report): void {
  uniqueNames(['providers'], entries.providers, report)
  uniqueNames(['aliases'], entries.aliases, report)
  uniqueNames(['keys'], entries.keys, report)
  uniqueNames(['budgets'], entries.budgets, report)
  for (const { index, entry } of entries.providers) checkProvider(index, entry, report)
  checkAliases(entries, report)
  checkKeys(entries, report)
  checkPrices(entries, report)
  checkExchangeRates(entries, report)
  checkCurrencies(entries, report)
  checkBudgets(entries, report)
  checkAlerts(entries.alerts, report)
  checkIncoming(entries, report)
  checkMetrics(entries, report)
  if (entries.singles.jwt !== undefined) checkJwt(entries.singles.jwt, report)
}

function checkMetrics({ singles: { metrics, listen } }: Entries, report: Report): void {
  const own = metrics?.listen
  if (own === undefined || own.port === 0 || own.port !== (listen?.port ?? defaultPort)) return
  const main = listen?.host ?? '127.0.0.1'
  const every = ['0.0.0.0', '::']
  if (own.host === main || every.includes(own.host) || every.includes(main))
    report(['metrics', 'listen'], 'is the address of everything else', 'another port; /metrics is there anyway')
}

function checkProvider(index: number, provider: ProviderEntry, report: Report): void {
  const at = ['providers', index]
  if (provider.base_url === undefined && provider.kind === 'openai-compatible') {
    report([...at, 'base_url'], 'is missing', 'the address of the API: openai-compatible has no usual one')
  }
  if (
    provider.api_key === undefined &&
    kindDefaults[provider.kind].baseUrl !== null &&
    provider.base_url === undefined
  ) {
    report([...at, 'api_key'], 'is missing', `the key that ${provider.kind} issued`)
  }
  const billing = provider.billing
  if (billing?.discount_percent !== undefined && billing.discounts !== undefined) {
    report([...at, 'billing', 'discount_percent'], 'stands beside discounts', 'one of the two')
  }
  repeated(
    (billing?.discounts ?? []).map((entry, position) => ({ index: position, entry })),
    (discount) => String(discount.since),
    (position) =>
      report(
        [...at, 'billing', 'discounts', position, 'since'],
        'is the date of another discount',
        'one discount a date',
      ),
  )
}

function checkAliases(entries: Entries, report: Report): void {
  const targets = new Map(entries.aliases.map(({ entry }) => [entry.name.toLowerCase(), entry.target.toLowerCase()]))
  const served = globMatcher(entries.providers.flatMap(({ entry }) => entry.models ?? kindDefaults[entry.kind].models))
  for (const { index, entry } of entries.aliases) {
    if (!isLiteral(entry.name)) report(['aliases', index, 'name'], 'is a pattern', 'one plain name')
    if (!isLiteral(entry.target)) {
      report(['aliases', index, 'target'], 'is a pattern', 'the name of one model')
      continue
    }
    const visited = new Set<string>()
    let name: string | undefined = entry.name.toLowerCase()
    let last = name
    while (name !== undefined && !visited.has(name)) {
      visited.add(name)
      last = name
      name = targets.get(name)
    }
    if (name !== undefined) {
      report(
        ['aliases', index, 'target'],
        `leads in a circle (${[...visited, name].join(' → ')})`,
        'a chain that ends at a model',
      )
    } else if (entries.providersComplete && !served(last)) {
      report(['aliases', index, 'target'], 'is served by no provider', "a model that matches some provider's models")
    }
  }
}

function checkKeys(entries: Entries, report: Report): void {
  for (const { index, entry } of entries.keys) {
    if (entry.key === undefined && entry.key_sha256 === undefined) {
      report(['keys', index], 'has no secret', 'key, or key_sha256 with its SHA-256')
    }
    if (entry.key !== undefined && entry.key_sha256 !== undefined) {
      report(['keys', index, 'key_sha256'], 'stands beside key', 'one of the two')
    }
  }
  repeated(
    entries.keys.filter(({ entry }) => entry.key !== undefined || entry.key_sha256 !== undefined),
    (entry) => entry.key_sha256 ?? sha256Hex(entry.key ?? ''),
    (index, first) => report(['keys', index], `has the same secret as keys[${first}]`, 'a secret of its own'),
  )
}

function checkPrices(entries: Entries, report: Report): void {
  for (const { index, entry } of entries.prices) {
    if (!entries.providerNames.has(entry.provider)) {
      const known = [...entries.providerNames].join(', ')
      report(
        ['prices', index, 'provider'],
        'names no provider',
        known === '' ? 'a provider of this file' : `one of ${known}`,
      )
    }
    const { provider, model, from, tier, currency, ...rates } = entry
    if (Object.values(rates).every((rate) => rate === undefined)) {
      report(['prices', index], 'sets no rate', 'at least one rate such as input_per_mtok')
    }
  }
  repeated(
    entries.prices,
    (entry) => [entry.provider, entry.model.toLowerCase(), entry.tier ?? 'standard', entry.from].join('\n'),
    (index, first) =>
      report(
        ['prices', index],
        `overlaps prices[${first}]: same provider, model, tier and date`,
        'another date, or one of the two',
      ),
  )
}

function checkExchangeRates(entries: Entries, report: Report): void {
  for (const { index, entry } of entries.exchangeRates) {
    if (entry.from === entry.to) report(['exchange_rates', index, 'to'], 'is the same as from', 'another currency')
  }
  repeated(
    entries.exchangeRates,
    (entry) => [entry.from, entry.to, entry.since].join('\n'),
    (index, first) =>
      report(
        ['exchange_rates', index],
        `overlaps exchange_rates[${first}]: same currencies and date`,
        'another date, or one of the two',
      ),
  )
}

/** Amounts are booked in USD: a currency without a rate to it could never be added up. */
function checkCurrencies(entries: Entries, report: Report): void {
  const convertible = new Set([
    'USD',
    ...entries.exchangeRates.filter(({ entry }) => entry.to === 'USD').map(({ entry }) => entry.from),
  ])
  const check = (path: readonly (string | number)[], currency: string | undefined) => {
    if (currency === undefined || convertible.has(currency)) return
    report(path, `has no exchange rate to USD`, `an entry {from: ${currency}, to: USD, …} under exchange_rates`)
  }
  for (const { index, entry } of entries.providers)
    check(['providers', index, 'billing', 'currency'], entry.billing?.currency)
  for (const { index, entry } of entries.prices) check(['prices', index, 'currency'], entry.currency)
}

function checkIncoming({ incoming }: Entries, report: Report): void {
  repeated(
    incoming,
    (entry) => entry.source,
    (index, first) =>
      report(['incoming', index, 'source'], `is the same as incoming[${first}].source`, 'a source given once'),
  )
}

function checkJwt(jwt: JwtEntry, report: Report): void {
  const sources = (['jwks_url', 'jwks_file', 'secret'] as const).filter((source) => jwt[source] !== undefined)
  if (sources.length !== 1) {
    const wrong = sources.length === 0 ? 'has nothing to check tokens with' : `has ${sources.join(' and ')}`
    report(['jwt'], wrong, 'exactly one of jwks_url, jwks_file, secret')
    return
  }
  // A public key taken for a shared secret lets anyone sign.
  const symmetric = sources[0] === 'secret'
  jwt.algorithms?.forEach((algorithm, index) => {
    if (algorithm.startsWith('HS') !== symmetric) {
      const fitting = symmetric ? 'HS256, HS384 or HS512 with a secret' : 'RS…, PS…, ES… or EdDSA with a key set'
      report(['jwt', 'algorithms', index], `does not fit ${sources[0]}`, fitting)
    }
  })
}

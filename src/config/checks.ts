import { overrideRateNames } from '#core/pricing/overrides.ts'
import { globMatcher, isLiteral } from '#lib/glob.ts'
import { sha256Hex } from '#lib/secret.ts'
import { checkAlerts } from './check-alerts.ts'
import { checkBudgets } from './check-budgets.ts'
import { defaultPort, kindDefaults, modelsOf } from './defaults.ts'
import { type Entries, type EntryParts, mayHave, type Part, type Report } from './entries.ts'
import type { JwtEntry, ProviderEntry } from './file-schema.ts'
import { repeated, uniqueNames } from './repeated.ts'

/**
 * What no single value shows: names given twice, references to nothing, aliases in a circle, prices that contradict
 * each other, settings that exclude each other. Of an entry with faults it looks at what is right of it, so that nobody
 * has to put those right before they are told of these.
 */
export function crossCheck(entries: Entries, report: Report): void {
  const { parts } = entries
  uniqueNames(['providers'], parts.providers, report)
  uniqueNames(['aliases'], parts.aliases, report)
  uniqueNames(['keys'], parts.keys, report)
  uniqueNames(['budgets'], parts.budgets, report)
  for (const provider of parts.providers) checkProvider(provider, report)
  checkAliases(entries, report)
  checkKeys(entries, report)
  checkPrices(entries, report)
  checkExchangeRates(parts, report)
  checkCurrencies(parts, report)
  checkBudgets(entries, report)
  checkAlerts(entries.alerts, report)
  checkIncoming(parts, report)
  checkMetrics(entries, report)
  if (parts.jwt !== null) checkJwt(parts.jwt, report)
}

function checkMetrics({ singles }: Entries, report: Report): void {
  const { metrics, listen } = singles
  // An address that cannot be read is not the usual one.
  if (listen === undefined && 'listen' in singles) return
  const own = metrics?.listen
  if (own === undefined || own.port === 0 || own.port !== (listen?.port ?? defaultPort)) return
  const main = listen?.host ?? '127.0.0.1'
  const every = ['0.0.0.0', '::']
  if (own.host === main || every.includes(own.host) || every.includes(main))
    report(['metrics', 'listen'], 'is the address of everything else', 'another port; /metrics is there anyway')
}

function checkProvider(part: Part<ProviderEntry>, report: Report): void {
  const { entry: provider } = part
  const at = ['providers', part.index]
  const { kind } = provider
  const hasAddress = mayHave(part, 'base_url')
  if (!hasAddress && kind === 'openai-compatible') {
    report([...at, 'base_url'], 'is missing', 'the address of the API: openai-compatible has no usual one')
  }
  if (!mayHave(part, 'api_key') && !hasAddress && kind !== undefined && kindDefaults[kind].baseUrl !== null) {
    report([...at, 'api_key'], 'is missing', `the key that ${kind} issued`)
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

function checkAliases({ parts, modelsComplete }: Entries, report: Report): void {
  const targets = new Map(
    parts.aliases.flatMap(({ entry: { name, target } }) =>
      name === undefined ? [] : [[name.toLowerCase(), target?.toLowerCase()] as const],
    ),
  )
  const served = globMatcher(parts.providers.flatMap(({ entry }) => modelsOf(entry)))
  for (const { index, entry } of parts.aliases) {
    const at = ['aliases', index]
    if (entry.name !== undefined && !isLiteral(entry.name)) report([...at, 'name'], 'is a pattern', 'one plain name')
    if (entry.target === undefined) continue
    if (!isLiteral(entry.target)) {
      report([...at, 'target'], 'is a pattern', 'the name of one model')
      continue
    }
    const visited = new Set<string>(entry.name === undefined ? [] : [entry.name.toLowerCase()])
    let last = entry.target.toLowerCase()
    while (!visited.has(last) && targets.has(last)) {
      visited.add(last)
      const next = targets.get(last)
      // An alias whose target cannot be read may lead anywhere.
      if (next === undefined) break
      last = next
    }
    if (visited.has(last) && targets.get(last) !== undefined) {
      report([...at, 'target'], `leads in a circle (${[...visited, last].join(' → ')})`, 'a chain that ends at a model')
    } else if (modelsComplete && !targets.has(last) && !served(last)) {
      report([...at, 'target'], 'is served by no provider', "a model that matches some provider's models")
    }
  }
}

function checkKeys({ parts }: Entries, report: Report): void {
  for (const key of parts.keys) {
    const at = ['keys', key.index]
    if (!mayHave(key, 'key') && !mayHave(key, 'key_sha256')) {
      report(at, 'has no secret', 'key, or key_sha256 with its SHA-256')
    }
    if (key.entry.key !== undefined && key.entry.key_sha256 !== undefined) {
      report([...at, 'key_sha256'], 'stands beside key', 'one of the two')
    }
  }
  repeated(
    parts.keys,
    (entry) => entry.key_sha256 ?? (entry.key === undefined ? undefined : sha256Hex(entry.key)),
    (index, first) => report(['keys', index], `has the same secret as keys[${first}]`, 'a secret of its own'),
  )
}

function checkPrices({ parts, providerNames, toldNames }: Entries, report: Report): void {
  for (const price of parts.prices) {
    const { index, entry } = price
    const { provider } = entry
    if (provider !== undefined && !providerNames.has(provider)) {
      const known = toldNames.join(', ')
      report(
        ['prices', index, 'provider'],
        'names no provider',
        known === '' ? 'a provider of this file' : `one of ${known}`,
      )
    }
    if (!overrideRateNames.some((rate) => mayHave(price, rate)))
      report(['prices', index], 'sets no rate', 'at least one rate such as input_per_mtok')
  }
  repeated(
    parts.prices.filter((price) => price.entry.tier !== undefined || !mayHave(price, 'tier')),
    ({ provider, model, from, tier = 'standard' }) =>
      provider === undefined || model === undefined || from === undefined
        ? undefined
        : [provider, model.toLowerCase(), tier, from].join('\n'),
    (index, first) =>
      report(
        ['prices', index],
        `overlaps prices[${first}]: same provider, model, tier and date`,
        'another date, or one of the two',
      ),
  )
}

function checkExchangeRates({ exchangeRates }: EntryParts, report: Report): void {
  for (const { index, entry } of exchangeRates) {
    if (entry.from !== undefined && entry.from === entry.to)
      report(['exchange_rates', index, 'to'], 'is the same as from', 'another currency')
  }
  repeated(
    exchangeRates,
    ({ from, to, since }) =>
      from === undefined || to === undefined || since === undefined ? undefined : [from, to, since].join('\n'),
    (index, first) =>
      report(
        ['exchange_rates', index],
        `overlaps exchange_rates[${first}]: same currencies and date`,
        'another date, or one of the two',
      ),
  )
}

/** Amounts are booked in USD: a currency without a rate to it could never be added up. */
function checkCurrencies({ exchangeRates, providers, prices }: EntryParts, report: Report): void {
  const toUsd = exchangeRates.filter(({ entry: { to } }) => to === 'USD' || to === undefined)
  const convertible = new Set<string | undefined>(['USD', ...toUsd.map(({ entry }) => entry.from)])
  // A rate whose currency cannot be read may be that of any.
  if (toUsd.some(({ entry }) => entry.from === undefined)) return
  const check = (path: readonly (string | number)[], currency: string | undefined) => {
    if (currency === undefined || convertible.has(currency)) return
    report(path, `has no exchange rate to USD`, `an entry {from: ${currency}, to: USD, …} under exchange_rates`)
  }
  for (const { index, entry } of providers) check(['providers', index, 'billing', 'currency'], entry.billing?.currency)
  for (const { index, entry } of prices) check(['prices', index, 'currency'], entry.currency)
}

function checkIncoming({ incoming }: EntryParts, report: Report): void {
  repeated(
    incoming,
    (entry) => entry.source,
    (index, first) =>
      report(['incoming', index, 'source'], `is the same as incoming[${first}].source`, 'a source given once'),
  )
}

function checkJwt(part: Part<JwtEntry>, report: Report): void {
  const { entry: jwt, wrong: faulty } = part
  const sources = (['jwks_url', 'jwks_file', 'secret'] as const).filter(
    (source) => jwt[source] !== undefined || faulty.has(source),
  )
  if (sources.length === 0 && part.misnamed) return
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
